"""The last digits of a bound: where prices are finer than an engine in floats is sharp, CP-SAT decides them."""

from placement.direct.levels import Levels
from placement.direct.parameters import MilpParameters as _PARAMS
from placement.direct.slots import most_new_machines
from placement.solving.context import Solve


def decide_last_digits(solve: Solve, levels: Levels, name: str, given: tuple[int, ...]) -> None:
    """Find a plan between the bound and the best plan, or prove that there is none; nothing where the gap is wider."""
    best, incumbent = solve.incumbent.best, solve.incumbent
    gap, bound = incumbent.gap(), incumbent.ticks_bound
    if best is None or best[1].left_out != given or bound is None or not gap or gap > _PARAMS.last_digits:
        return
    from placement.direct.cp_sat import find_plan  # loads an engine

    ticks = best[1].ticks
    asked = solve.reduced(solve.fleet)
    found = find_plan(asked, most_new_machines(solve.fleet, ticks - 1), ticks - 1, least=bound, left_out=given)
    if found.impossible:
        levels.report(None, ticks, given)
    elif found.packing is not None:
        incumbent.offer(found.packing, name)
