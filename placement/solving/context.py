"""What every search is handed: the problem, its best plan and bounds, how long it may go on, and a seed.

A search that solves the same problem with a part of the time is handed a `share`; one that solves a smaller problem
for this one is handed what `reduced` makes. A context never changes: whoever has one knows its limits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing, Value
from placement.solving.budget import Budget
from placement.solving.incumbent import Incumbent
from placement.solving.result import Stop


@dataclass(frozen=True, slots=True)
class Solve:
    """One solve, or a part of one.

    `incumbent`: where plans and bounds of this fleet are reported, and the best of them are read. Thread-safe.
    """

    fleet: Fleet  # the compiled problem
    incumbent: Incumbent
    budget: Budget  # limits on time and work, and the gap that is good enough
    seed: int = 0  # of all random choices

    @classmethod
    def of(cls, fleet: Fleet, budget: Budget | None = None, seed: int = 0, hint: Packing | None = None) -> Solve:
        """A solve that begins: with the plan `hint` if there is one; without a budget there are no limits."""
        limits = Budget() if budget is None else budget
        made = cls(fleet, Incumbent(fleet, limits), limits, seed)
        if hint is not None:
            made.incumbent.offer(hint, "hint")
        return made

    # -- parts of it

    def within(self, budget: Budget, *, seed: int | None = None) -> Solve:
        """The same problem within another budget, as a rule a part of this one's."""
        return replace(self, budget=budget, seed=self.seed if seed is None else seed)

    def share(self, fraction: float = 1.0, *, work: float | None = None) -> Solve:
        """The same problem with a part of the budget, as `Budget.share` takes it."""
        return self.within(self.budget.share(fraction, work=work))

    def reduced(
        self, fleet: Fleet, fraction: float = 1.0, *, work: float | None = None, seed: int | None = None
    ) -> Solve:
        """A smaller problem that is solved for this one with a part of the budget. It begins with nothing known.

        Plans and bounds of the smaller problem are not those of this one: whoever asks lifts them. Only faults that
        show there are noted here too.
        """
        budget = self.budget.share(fraction, work=work)
        return Solve(fleet, self.incumbent.inner(fleet, budget), budget, self.seed if seed is None else seed)

    # -- how it stands

    @property
    def packing(self) -> Packing | None:
        """The best plan so far."""
        best = self.incumbent.best
        return None if best is None else best[0]

    @property
    def value(self) -> Value | None:
        """What the best plan so far leaves out and costs."""
        best = self.incumbent.best
        return None if best is None else best[1]

    @property
    def left_out(self) -> tuple[int, ...] | None:
        """Limits on copies left out, per level, within which bounds are of use: those of the best plan.

        None for no limits: there is no plan yet, or nothing may be left out.
        """
        value = self.value
        return value.left_out if value is not None and self.fleet.levels else None

    @property
    def ended(self) -> bool:
        """Whether to stop now: the best plan is good enough, or the budget is over."""
        return self.incumbent.good_enough or self.budget.over()

    def cut_short(self) -> bool:
        """Whether what an engine is doing is to be stopped: as `ended`, but not for steps (`Budget.cut_short`)."""
        return self.incumbent.good_enough or self.budget.cut_short()

    def why_stop(self) -> Stop | None:
        """Why the solve should end now, or None to go on."""
        if self.incumbent.proved:
            return Stop.PROVED
        if self.incumbent.good_enough:
            return Stop.GAP
        if self.budget.interrupted:
            return Stop.INTERRUPTED
        if not self.budget.over():
            return None
        return Stop.TIME if self.budget.cut_short() else Stop.DONE
