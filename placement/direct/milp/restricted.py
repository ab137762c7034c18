"""A cheap solution soon: the program restricted to what its linear relaxation uses.

Relaxation enforced neighbourhood search (Berthold 2014, *RENS: the optimal rounding*, Math. Program. Comput. 6), of
some variables alone: those of them that are 0 in the relaxation stay 0, and branch and cut solves what is left. It
proves nothing of the whole program.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from placement.direct.levels import SolutionsAlone
from placement.direct.milp.engines import End, EngineLimits, HighsListener, load_highs
from placement.direct.milp.program import PulpProgram
from placement.direct.parameters import RestrictedParameters as _PARAMS
from placement.direct.program import LinearObjective, Values, Watcher
from placement.engines.parameters import ENGINE_PARAMETERS


def run_restricted(
    program: PulpProgram,
    objective: LinearObjective,
    choices: Iterable[Sequence[int]],
    limits: EngineLimits,
    watcher: Watcher,
) -> Values | None:
    """The best solution found with variables at 0 that the relaxation has there; None where there is none in time.

    `choices`: variables that are at least 0, by index: where those of the first allow no solution, those of the next.
    `watcher`: hears of solutions and of no bound.
    """
    import highspy

    solver = load_highs(program, objective, limits)
    if isinstance(solver, End):
        return None
    every = np.arange(solver.getNumCol(), dtype=np.int32)
    solver.changeColsIntegrality(every.size, every, np.full(every.size, highspy.HighsVarType.kContinuous))
    heard = SolutionsAlone(watcher)
    listener = HighsListener(program, 1.0, heard, highspy)
    listener.listen(solver)
    solver.run()
    if listener.error is not None:
        raise listener.error
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    unused = np.array(solver.getSolution().col_value) < _PARAMS.unused
    lp = solver.getLp()
    most = np.array(lp.col_upper_)
    solver.changeColsIntegrality(every.size, every, np.full(every.size, highspy.HighsVarType.kInteger))
    solver.setOptionValue("mip_rel_gap", ENGINE_PARAMETERS.integer_program.gap)
    solver.setOptionValue("mip_heuristic_effort", _PARAMS.effort)
    for chosen in choices:
        flags = np.zeros(len(program.ranges), dtype=np.int64)
        flags[list(chosen)] = 1
        kept_out = unused & (np.array(program.in_order(flags.tolist())) > 0)
        solver.changeColsBounds(every.size, every, np.array(lp.col_lower_), np.where(kept_out, 0.0, most))
        solver.run()
        if listener.error is not None:
            raise listener.error
        if heard.last is not None or limits.budget.over() or watcher.enough():
            break
    return heard.last
