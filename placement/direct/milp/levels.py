"""What the searches by branch and cut share: objective levels in turn, nodes counted, bounds and plans reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.direct.program import LinearObjective, Values
    from placement.solving.budget import Budget
    from placement.solving.context import Solve


class Levels:
    """The levels of a search: those of left-out copies that are open, then money (None), within its nodes.

    Attributes
    ----------
    nodes : of branch and bound so far; a work limit counts them.
    """

    def __init__(self, solve: Solve, name: str, relaxes: str = "") -> None:
        """`relaxes` is what the program leaves out, as in `Incumbent.raise_bound`."""
        self._fleet, self._incumbent, self._budget = solve.fleet, solve.incumbent, solve.budget
        self._name, self._relaxes = name, relaxes
        self.nodes = 0

    @property
    def finished(self) -> bool:
        """Whether nothing more is asked for, or time or nodes are used up."""
        return self._incumbent.good_enough or self._budget.over() or self.nodes_left(1.0) == 0

    def nodes_left(self, fraction: float) -> int | None:
        """A part of the nodes that are left, at least one where there is one; None without a limit."""
        if self._budget.work is None:
            return None
        left = self._budget.work - self.nodes
        return max(1, int(left * fraction)) if left > 0 else 0

    def decided(self, level: int) -> bool:
        """Whether the best plan leaves out no more at this level than was proved."""
        best = self._incumbent.best
        return best is not None and best[1].left_out[level] <= self._incumbent.left_out_bound()[level]

    def given(self, level: int | None) -> tuple[int, ...]:
        """What the best plan leaves out at the levels before."""
        best = self._incumbent.best
        return () if best is None else best[1].left_out[: len(self._fleet.levels) if level is None else level]

    def report(self, level: int | None, value: int, given: tuple[int, ...]) -> None:
        """Report a bound."""
        if level is None:
            self._incumbent.raise_bound(value, self._name, given or None, self._relaxes)
        else:
            self._incumbent.raise_left_out(level, value, self._name, given or None)

    def enough(self, level: int | None) -> bool:
        """Whether a stage has nothing more to give."""
        return self._incumbent.good_enough or (level is not None and self.decided(level))


@dataclass(frozen=True, slots=True)
class Stage:
    """What one run of an engine reports to: `take` gets its solutions, `levels` its bounds on `goal`."""

    levels: Levels
    take: Callable[[Values], None]
    goal: LinearObjective
    level: int | None
    given: tuple[int, ...]
    budget: Budget

    def solution(self, values: Values) -> None:
        """A solution."""
        self.take(values)

    def bound(self, reduced: int) -> None:
        """A bound on the goal, without its constant."""
        self.levels.report(self.level, self.goal.value(reduced), self.given)

    def enough(self) -> bool:
        """Whether the engine may end."""
        return self.budget.over() or self.levels.enough(self.level)
