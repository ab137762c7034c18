"""A plan made cheaper by turns: ruin and recreate, then large neighbourhoods, then set covering, and so on.

Each search goes on where the other is stuck: ruin and recreate is quick, but ends in a plan whose room is in the wrong
places; large-neighbourhood search is slow, but moves that room. As in variable neighbourhood search (Mladenovic and
Hansen 1997, Comput. Oper. Res. 24), a turn starts from the best plan so far. All of them keep every rule at each step,
those over the whole plan too: limits over groups of pools, what commitments pay, losses of a pool or an instance, and
the limit on moves. Where machines run, plans are made first that close some of them and keep most of what the others
hold (`closing`).
"""

import math

from placement.heuristics import improve
from placement.local_search.large_neighbourhood import LargeNeighbourhood
from placement.local_search.parameters import WholePlanParameters as _PARAMS
from placement.local_search.set_covering import SetCovering
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

NAME = "ruin-and-recreate"


def improve_whole_plan(
    solve: Solve, covering: SetCovering | None = None, *, steps: float = math.inf, once: bool = False
) -> int:
    """Turns from the best plan until the budget is over, both are stuck, or it is proven that none is better.

    Says how many neighbourhoods were tried, of at most so many `steps`. `covering` knows packings of searches before
    this one. There is one short turn where it is asked for `once`.
    """
    done = 0
    covering = covering or SetCovering(solve)
    if solve.fleet.places:
        _close(solve)
    while solve.packing is not None and not solve.ended:
        seed = solve.seed + done
        improve(SCHEDULE.whole_plan.recreate.within(solve, seed=seed), NAME, 1 if once else None)
        search = LargeNeighbourhood(solve.within(solve.budget, seed=seed))
        search.run(solve.budget, covering, _PARAMS.steps, steps - done)
        covering.run(solve.budget)
        done += search.steps
        if once or not search.steps or search.decided or done >= steps:
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
    while closing.tried < _PARAMS.closings and not part.ended:
        closing.step(part.budget)
