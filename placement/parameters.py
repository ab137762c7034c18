"""All parameters of the solvers, room by room: the tree that `placement solvers --parameters` prints."""

from placement.bounds.parameters import BoundsParameters
from placement.direct.parameters import DirectParameters
from placement.engines.parameters import EnginesParameters
from placement.heuristics.parameters import HeuristicsParameters
from placement.local_search.parameters import LocalSearchParameters
from placement.parallel.parameters import ParallelParameters
from placement.patterns.parameters import PatternsParameters
from placement.reductions.parameters import ReductionParameters
from placement.solvers.column_generation.parameters import ColumnGenerationParameters
from placement.solvers.decomposition.parameters import DecompositionParameters
from placement.solvers.parameters import SolverParameters
from placement.solving.parameters import MethodParameters
from placement.vector_packing.parameters import VectorPackingParameters


class SolvingParameters(MethodParameters):
    """A class a room; each has one for every module of it that has parameters."""

    engines = EnginesParameters
    bounds = BoundsParameters
    vector_packing = VectorPackingParameters
    patterns = PatternsParameters
    heuristics = HeuristicsParameters
    reductions = ReductionParameters
    direct = DirectParameters
    local_search = LocalSearchParameters
    column_generation = ColumnGenerationParameters
    decomposition = DecompositionParameters
    solvers = SolverParameters
    parallel = ParallelParameters


PARAMETERS = SolvingParameters
