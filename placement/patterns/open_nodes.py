"""Nodes of the pattern bound's tree, decided by whoever knows more of their plans than prices say.

Each decision rests on the word of an engine, which its `EngineVerdict` writes down. The bound follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.patterns.parameters import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.patterns.bound import PatternBound
    from placement.patterns.history import EngineVerdict, NodeCase
    from placement.solving.budget import Budget
    from placement.solving.context import Solve

_PARAMS = PATTERNS.open_nodes


def may_decide(solve: Solve, bound: PatternBound) -> bool:
    """Whether engines may decide parts of the bound's tree: the fleet is small and nothing runs.

    And the best plan leaves out no copy, and the bound is of such plans.
    """
    fleet, best = solve.fleet, solve.value
    if best is None or any(best.left_out) or fleet.instances or fleet.copies > _PARAMS.most_copies:
        return False
    return not fleet.levels or bound.given == best.left_out


class OpenNodes:
    """Those of one bound; before it has a tree there are none."""

    def __init__(self, solve: Solve, bound: PatternBound) -> None:
        """O(1)."""
        self._solve, self._bound = solve, bound

    @property
    def least(self) -> NodeCase | None:
        """The node that the tree's bound is of, while there is one."""
        tree = self._bound.tree
        return None if tree is None or tree.exhausted else tree.least_case

    def fathom(self, verdict: EngineVerdict) -> None:
        """Leave out the least node, in which no plan costs fewer ticks than those of the `verdict`."""
        assert self._bound.tree is not None
        self._bound.tree.fathom(verdict)
        self._bound.say_nothing_from(verdict.ticks)
        self._bound.follow_tree()

    def raise_least(self, bound: int, verdict: EngineVerdict) -> None:
        """No plan in the least node pays less than `bound` micro-dollars per hour for machines."""
        assert self._bound.tree is not None
        self._bound.tree.raise_least(bound, verdict)
        self._bound.follow_tree()

    def split(self, budget: Budget) -> bool:
        """Branch on the least node; False where that can't be, or the budget is over."""
        case, tree = self.least, self._bound.tree
        while tree is not None and self.least is case and not self._solve.within(budget).ended:
            if not tree.least_is_open or not tree.step(budget):
                return False
        return tree is not None and self.least is not case

    def exclude(self, limits: Mapping[int, int], verdict: EngineVerdict, budget: Budget) -> bool:
        """Leave out all counts of pools and groups within these limits, the bound's `mix` among them.

        There must be no plan there of fewer ticks than those of the `verdict`, all that it costs counted. Then go on
        with the tree; False when the time is up before.
        """
        tree = self._bound.tree
        if tree is None or not tree.exclude(limits, verdict, budget):
            return False
        self._bound.say_nothing_from(verdict.ticks)
        self._bound.resume(budget)
        return True
