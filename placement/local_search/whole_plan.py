"""A plan made cheaper where rules look at the whole of it: ruin and recreate, then large neighbourhoods, in turns.

Where machines run, plans are made first that close some of them and keep most of what the others hold (`closing`). All
keep every rule at each step: limits over groups of pools, what commitments pay, losses of a pool or an instance,
and the limit on moves. Closing machines (`variable_neighbourhood`) knows none of these.
"""

import math

from placement.heuristics import improve
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.local_search.parameters import WholePlanParameters as _PARAMS
from placement.local_search.set_covering import SetCovering
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

NAME = "ruin-and-recreate"


def improve_whole_plan(solve: Solve, covering: SetCovering | None = None, *, steps: int | None = None) -> int:
    """Turns from the best plan until the budget is over or both are stuck; says how many neighbourhoods were tried.

    `covering` knows packings of searches before this one. With `steps` there is one turn, of so many neighbourhoods.
    """
    done = 0
    covering = covering or SetCovering(solve)
    if solve.fleet.places:
        _close(solve)
    while solve.packing is not None and not solve.ended:
        seed = solve.seed + done
        improve(SCHEDULE.whole_plan.recreate.within(solve, seed=seed), NAME, None if steps is None else 1)
        search = LargeNeighbourhood(solve.within(solve.budget, seed=seed))
        search.run(solve.budget, covering, _PARAMS.steps, math.inf if steps is None else steps)
        covering.run(solve.budget)
        done += search.steps
        if steps is not None or not search.steps:
            break
    return done


def _close(solve: Solve) -> None:
    """Plans that close some of the machines that run, where the program says anything of the fleet."""
    from placement.local_search.closing import Closing, may_close  # loads an engine

    if not may_close(solve.fleet):
        return
    # Each turn tries others: what was found so far tells them apart, and is the same again under a limit on work.
    closing = Closing(solve.within(solve.budget, seed=solve.seed + len(solve.incumbent.events)))
    part = SCHEDULE.whole_plan.close.within(solve)
    while closing.tried < _PARAMS.closings:
        turn = solve if solve.packing is None else part  # without a plan nothing else makes use of the time
        if turn.ended:
            break
        closing.step(turn.budget)
