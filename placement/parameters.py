"""All parameters of the solvers, room by room: the tree that `placement solvers --parameters` prints."""

from __future__ import annotations

from placement.bounds.parameters import BOUNDS, BoundsParameters
from placement.direct.parameters import DIRECT, DirectParameters
from placement.engines.parameters import ENGINE_PARAMETERS, EnginesParameters
from placement.heuristics.parameters import HEURISTICS, HeuristicsParameters
from placement.local_search.parameters import LOCAL_SEARCH, LocalSearchParameters
from placement.parallel.parameters import PARALLEL, ParallelParameters
from placement.patterns.parameters import PATTERNS, PatternsParameters
from placement.reductions.parameters import REDUCTIONS, ReductionParameters
from placement.solvers.column_generation.parameters import COLUMN_GENERATION, ColumnGenerationParameters
from placement.solvers.decomposition.parameters import DECOMPOSITION, DecompositionParameters
from placement.solvers.parameters import SOLVER_PARAMETERS, SolverParameters
from placement.solving.parameters import MethodParameters
from placement.vector_packing.parameters import VECTOR_PACKING, VectorPackingParameters


class SolvingParameters(MethodParameters):
    """A field a room; each has one for every module of it that has parameters."""

    engines: EnginesParameters = ENGINE_PARAMETERS
    bounds: BoundsParameters = BOUNDS
    vector_packing: VectorPackingParameters = VECTOR_PACKING
    patterns: PatternsParameters = PATTERNS
    heuristics: HeuristicsParameters = HEURISTICS
    reductions: ReductionParameters = REDUCTIONS
    direct: DirectParameters = DIRECT
    local_search: LocalSearchParameters = LOCAL_SEARCH
    column_generation: ColumnGenerationParameters = COLUMN_GENERATION
    decomposition: DecompositionParameters = DECOMPOSITION
    solvers: SolverParameters = SOLVER_PARAMETERS
    parallel: ParallelParameters = PARALLEL


PARAMETERS = SolvingParameters()
