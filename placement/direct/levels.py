"""What the direct searches share: objective levels in turn, bounds and plans reported."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from placement.direct.program import LinearObjective, Values, Watcher
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE


class DirectStuckError(Exception):
    """A model can't be written or solved; the text says why."""

    @classmethod
    def too_large(cls, terms: int, most: int) -> Self:
        return cls(
            f"the direct model would have about {terms:,} terms, the limit is {most:,}; "
            "give a plan to start from, set quotas, raise max_terms, or use another solver"
        )


class Levels:
    """The levels of a search: those of left-out copies that are open, then money (None)."""

    def __init__(self, solve: Solve, name: str, relaxes: str = "") -> None:
        """`relaxes` is what the program leaves out, as in `Incumbent.raise_bound`."""
        self._fleet, self._incumbent, self._solve = solve.fleet, solve.incumbent, solve
        self._name, self._relaxes = name, relaxes

    def open(self, *, without_plan: bool = False) -> Iterator[int | None]:
        """The levels that are to be decided, then money, until the solve has ended.

        They end early where there is no plan to count the next level against, but for searches `without_plan`.
        """
        for level in range(len(self._fleet.levels)):
            if self._solve.ended:
                return
            if not self.decided(level):
                yield level
                if self._incumbent.best is None and not without_plan:
                    return
        if not self._solve.ended:
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
        self.take(values)

    def bound(self, reduced: int) -> None:
        self.levels.report(self.level, self.goal.value(reduced), self.given)

    def enough(self) -> bool:
        return self.budget.cut_short() or self.levels.enough(self.level)


class SolutionsAlone:
    """Hands on solutions and no bound, as those are of a program with fewer solutions."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def solution(self, values: Values) -> None:
        self._watcher.solution(values)

    def bound(self, reduced: int) -> None:
        """Says nothing of the whole program."""

    def enough(self) -> bool:
        return self._watcher.enough()
