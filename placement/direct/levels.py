"""What the direct searches share: objective levels in turn, work counted, bounds and plans reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.direct.program import LinearObjective, Values
    from placement.solving.budget import Budget
    from placement.solving.context import Solve


class Levels:
    """The levels of a search: those of left-out copies that are open, then money (None), within its work.

    Attributes
    ----------
    spent : work so far: nodes of branch and bound, or deterministic seconds. A work limit counts it.
    """

    def __init__(self, solve: Solve, name: str, relaxes: str = "", units: int = 1) -> None:
        """`relaxes` is what the program leaves out, as in `Incumbent.raise_bound`; `units` of a limit make 1 spent."""
        self._fleet, self._incumbent, self._budget = solve.fleet, solve.incumbent, solve.budget
        self._name, self._relaxes, self._units = name, relaxes, units
        self.spent = 0.0

    @property
    def finished(self) -> bool:
        """Whether nothing more is asked for, or time or work is used up."""
        left = self.left(1.0)
        return self._incumbent.good_enough or self._budget.over() or (left is not None and left <= 0)

    def left(self, fraction: float) -> float | None:
        """A part of the work that is left; None without a limit."""
        return None if self._budget.work is None else (self._budget.work / self._units - self.spent) * fraction

    def nodes_left(self, fraction: float) -> int | None:
        """A part of the nodes that are left, at least one where there is one; None without a limit."""
        left = self.left(fraction)
        return None if left is None else max(1, int(left)) if left > 0 else 0

    def open(self, *, without_plan: bool = False) -> Iterator[int | None]:
        """The levels that are to be decided, then money, until the search is finished.

        They end early where there is no plan to count the next level against, but for searches `without_plan`.
        """
        for level in range(len(self._fleet.levels)):
            if self.finished:
                return
            if not self.decided(level):
                yield level
                if self._incumbent.best is None and not without_plan:
                    return
        if not self.finished:
            yield None

    @staticmethod
    def part(level: int | None) -> float:
        """The part of time and work that a level has."""
        return 1.0 if level is None else SCHEDULE.direct.level.part

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
        return self.budget.cut_short() or self.levels.enough(self.level)
