"""Machine counts that are left out of the pattern bound's tree by whoever knows more of their plans than prices say.

Each decision rests on the word of an engine, which its `EngineVerdict` writes down. The bound follows.
"""

from collections.abc import Mapping

from placement.patterns.bound import PatternBound
from placement.patterns.history import EngineVerdict
from placement.patterns.parameters import OpenNodeParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.context import Solve


def may_decide(solve: Solve, bound: PatternBound) -> bool:
    """Whether engines may decide parts of the bound's tree: the fleet is small and nothing runs.

    And the best plan leaves out no copy, and the bound is of such plans.
    """
    fleet, best = solve.fleet, solve.value
    if best is None or any(best.left_out) or fleet.instances or fleet.copies > _PARAMS.most_copies:
        return False
    return not fleet.levels or bound.given == best.left_out


def exclude(bound: PatternBound, limits: Mapping[int, int], verdict: EngineVerdict, budget: Budget) -> bool:
    """Leave out all counts of pools and groups within these limits, the bound's `mix` among them.

    There must be no plan there of fewer ticks than those of the `verdict`, all that it costs counted. Then go on
    with the tree; False when the time is up before.
    """
    tree = bound.tree
    if tree is None or not tree.exclude(limits, verdict, budget):
        return False
    bound.say_nothing_from(verdict.ticks)
    bound.resume(budget)
    return True
