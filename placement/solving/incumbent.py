"""The best plan and the best bounds of a solve while it runs, and the story of how they were found.

Every solver reports here, from any thread; the planner, the progress display and the trace read here. A plan that is
not better and a bound that is not higher change nothing, so a solver may report whatever it has.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Packing, Value, evaluate, optional_copies
from placement.errors import SolverBugError
from placement.solving.budget import Budget
from placement.solving.result import Event, SolverFault, relative_gap
from placement.units import dollars

Listener = Callable[[Event], None]
Check = Callable[[Packing], str]
Hear = Callable[[Packing, str], object]
Given = tuple[int, ...] | None

PART = " (in a part of the search)"
SEARCH = "placement-search"  # names of threads that search begin so
_ZERO = "zero"  # who proves that no plan costs less than nothing
PROVED_GAP = 1e-9  # relative; the gap at which the format calls a plan optimal
STRICT = "PLACEMENT_STRICT"  # set in the environment: a contradiction is raised, also where there is a plan to keep


class Incumbent:
    """Incumbent and bounds of one solve. Thread-safe.

    Bounds come in two kinds, as the objective has two parts:

    - on *left out*: no plan that leaves out at most ``given`` at the levels before it leaves out fewer than `value` at
      this level;
    - on *ticks* (money): no plan that leaves out at most ``given`` at each level costs fewer than `value` ticks.

    ``given`` None means any plan at all. A bound counts for the incumbent only when the incumbent is within its
    `given`.

    A bound above what a plan at hand costs is a contradiction: one of the two is wrong. A plan that keeps every rule
    is believed, and nothing that its contradictor said or will say is; `faults` tells of it. Who is not believed any
    more is told by a `SolverBugError`, so that its turn ends.
    """

    def __init__(
        self,
        fleet: Fleet,
        budget: Budget,
        listener: Listener | None = None,
        *,
        check: Check | None = None,
        strict: bool | None = None,
        hear: Hear | None = None,
    ) -> None:
        """Start with nothing known but that nothing costs less than zero.

        `check` says which rule a packing breaks, in words ("" for none): asked when a plan and a bound contradict each
        other. `strict` (by default, whether `STRICT` is set) raises every contradiction. `hear` is told of each packing
        that is taken, and by whom it was found.
        """
        self._fleet = fleet
        self._budget = budget
        self._listener = listener
        self._check = check
        self._hear = hear
        self.strict = os.environ.get(STRICT, "0") not in ("", "0") if strict is None else strict
        self._lock = threading.RLock()
        self._packing: Packing | None = None
        self._value: Value | None = None
        self.found_by = ""  # who found the best packing
        self._plans: dict[str, tuple[Packing, Value]] = {}  # the last of each finder
        self._ticks: dict[tuple[Given, str], list[_Bound]] = {}  # those of one prover rise
        self._levels: list[dict[tuple[Given, str], list[_Bound]]] = [{} for _ in fleet.levels]
        self._optional = optional_copies(fleet)
        self.reports = 0  # bounds that were taken so far: what `withdraw` goes back to
        self._distrusted: dict[str, str] = {}  # who contradicted a plan, and how
        self._closed = False
        self.events: list[Event] = []
        self.heuristics_failed = False  # they have looked for a first plan, and found none
        self.evidence: list[object] = []  # what can tell afterwards why bounds hold
        self.marginal: dict[str, object] = {}  # what one more unit of a limit or a commitment is worth, for the plan
        self.faults: list[SolverFault] = []
        self._outer: Incumbent | None = None

    def inner(self, fleet: Fleet, budget: Budget) -> Incumbent:
        """That of a smaller problem that is solved for this one: as strict, and its faults are noted here too."""
        found = Incumbent(fleet, budget, strict=self.strict)
        found._outer = self
        return found

    def close(self) -> None:
        """Take nothing from now on: the answer is being written."""
        with self._lock:
            self._closed = True

    def offer(self, packing: Packing, by: str) -> bool:
        """Take a packing that keeps every rule if it is better than the best so far; says whether it was.

        A packing that breaks a rule of the whole plan (`fleet_rules`) is not taken: not every search knows these.
        Raises SolverBugError: it contradicts a bound, and breaks a rule; or it contradicts one, and the incumbent is
        strict.
        """
        value = evaluate(self._fleet, packing)
        with self._lock:
            if self._closed or (self._value is not None and value >= self._value):
                return False
            if broken_fleet_rule(self._fleet, packing):
                return False
            against = self._contradicting(value)
            broken = self._check(packing) if against and self._check is not None else ""
            if broken:
                raise SolverBugError(self._blame(by, f"found a plan that breaks a rule: {broken}"))
            for prover, said in against.items():
                self._distrust(prover, f"{said}, and {by} found one that does")
            self._packing, self._value, self.found_by = packing, value, by
            self._plans[by] = packing, value
            self._note(by)
            if not value.ticks:
                self.raise_bound(0, _ZERO)
        if self._hear is not None:
            self._hear(packing, by)
        return True

    def raise_bound(self, ticks: int, by: str, given: tuple[int, ...] | None = None, relaxes: str = "") -> None:
        """Report that no plan within `given` costs fewer than `ticks`.

        No plan costs less than nothing: an engine's bound below 0 says just that. `relaxes` says in words which rules
        the argument leaves out; nothing for a search that keeps them all.
        Raises SolverBugError: the plan at hand keeps every rule and costs less, or another one did before: `by` is not
        believed.
        """
        with self._lock:
            if self._closed:
                return
            before = self.ticks_bound
            self._raise(self._ticks, _Bound(max(0, ticks), by, relaxes, self.reports), given)
            if self.ticks_bound != before:
                self._note(by)

    def raise_left_out(self, level: int, value: int, by: str, given: tuple[int, ...] | None = None) -> None:
        """Report that no plan within `given` (of the levels before) leaves out fewer than `value` at `level`.

        No plan leaves out less than nothing: an engine that is stopped early may report a bound below 0, as for money.
        Raises SolverBugError: as in `raise_bound`.
        """
        with self._lock:
            if self._closed:
                return
            before = self.left_out_bound()
            self._raise(self._levels[level], _Bound(max(0, value), by, "", self.reports), given)
            if self.left_out_bound() != before:
                self._note(by)

    def _raise(self, bounds: dict[tuple[Given, str], list[_Bound]], bound: _Bound, given: Given) -> None:
        """Take a bound, unless its prover is not believed."""
        known = bounds.setdefault((given, bound.by), [])
        if bound.by in self._distrusted:
            raise SolverBugError(self._distrusted[bound.by])
        if known and bound.value <= known[-1].value:
            return
        self.reports += 1
        known.append(bound)
        while self._packing is not None and self._value is not None:
            said = self._contradicting(self._value).get(bound.by)
            if said is None:
                return
            broken = self._check(self._packing) if self._check is not None else ""
            if not broken:
                raise SolverBugError(self._distrust(bound.by, f"{said}, and {self.found_by} has found one that does"))
            self.drop_plans(self.found_by, broken)

    # -- contradictions

    def withdraw(self, reports: int) -> None:
        """Forget all bounds that were taken since there were so many reports: who reported them failed."""
        with self._lock:
            for bounds in (self._ticks, *self._levels):
                for known in bounds.values():
                    known[:] = [bound for bound in known if bound.report < reports]

    def blame(self, solver: str, said: str) -> None:
        """Note a fault of a solver: a claim that a plan contradicts, or an error.

        Raises SolverBugError: the incumbent is strict.
        """
        with self._lock:
            if not any(str(fault) in said for fault in self.faults):  # of what was raised when it was noted
                self._blame(solver, said)

    def note_faults(self, faults: Iterable[SolverFault]) -> None:
        """Note what showed where a part was solved on an incumbent that could not reach this one.

        Raises SolverBugError: the incumbent is strict.
        """
        for fault in faults:
            self.blame(fault.solver, f"{fault.said.removesuffix(PART)}{PART}")

    def drop_plans(self, by: str, broken: str) -> None:
        """Forget what one finder found, as a plan of its breaks a rule; the best of the others is the best again.

        Raises SolverBugError: the incumbent is strict.
        """
        with self._lock:
            self._plans.pop(by, None)
            self.found_by = min(self._plans, key=lambda finder: self._plans[finder][1], default="")
            self._packing, self._value = self._plans.get(self.found_by, (None, None))
            self._blame(by, f"found a plan that breaks a rule: {broken}")

    def _contradicting(self, value: Value) -> dict[str, str]:
        """Who says that there is no plan of such a value, and what they say."""
        found = {}
        for (given, by), known in self._ticks.items():
            if known and _within(value.left_out, given) and known[-1].value > value.ticks:
                least = dollars(self._fleet.cost(known[-1].value))
                found[by] = f"said that no plan costs less than {least}"
        for level, bounds in enumerate(self._levels):
            for (given, by), known in bounds.items():
                if known and _within(value.left_out[:level], given) and known[-1].value > value.left_out[level]:
                    priority = self._fleet.levels[level]
                    found[by] = (
                        f"said that no plan leaves out less than {known[-1].value} copies of priority {priority}"
                    )
        return found

    def _distrust(self, by: str, said: str) -> str:
        """Forget all that `by` proved and take nothing more."""
        for bounds in (self._ticks, *self._levels):
            for (_, prover), known in bounds.items():
                if prover == by:
                    known.clear()
        self._distrusted[by] = f"{by} {said}"
        return self._blame(by, said)

    def _blame(self, solver: str, said: str) -> str:
        if self._outer is not None:
            said = f"{said.removesuffix(PART)}{PART}"
        fault = SolverFault(solver, said)
        if fault not in self.faults:
            self.faults.append(fault)
        if self._outer is not None:
            self._outer.blame(solver, said)
        if self.strict:
            raise SolverBugError(str(fault))
        return str(fault)

    # -- what is known

    @property
    def best(self) -> tuple[Packing, Value] | None:
        """The best packing so far and its value."""
        with self._lock:
            return None if self._packing is None or self._value is None else (self._packing, self._value)

    @property
    def ticks_bound(self) -> int | None:
        """The best bound on ticks that counts for the incumbent (for any plan, when there is none yet)."""
        found = self._bound()
        return None if found is None else found.value

    @property
    def bound_by(self) -> str:
        """Who proved that bound."""
        found = self._bound()
        return "" if found is None else found.by

    @property
    def bound_relaxes(self) -> str:
        """Which rules that bound leaves out, in words; nothing when none."""
        found = self._bound()
        return "" if found is None else found.relaxes

    def left_out_bound(self) -> tuple[int, ...]:
        """Per level, the proven least number left out, given the incumbent's numbers at the levels before.

        No more than are optional there: an argument says more where there is no such plan at all.
        """
        found = zip(self._left_out_bounds(), self._optional, strict=True)
        return tuple(0 if bound is None else min(bound.value, optional) for bound, optional in found)

    @property
    def left_out_by(self) -> tuple[str, ...]:
        """Per level, who proved that; "" where nothing is proven."""
        return tuple("" if bound is None else bound.by for bound in self._left_out_bounds())

    def _left_out_bounds(self) -> list[_Bound | None]:
        with self._lock:
            found: list[_Bound | None] = []
            for level, bounds in enumerate(self._levels):
                before = None if self._value is None else self._value.left_out[:level]
                known = (k[-1] for (given, _), k in bounds.items() if k and _within(before, given))
                found.append(max(known, key=lambda bound: (bound.value, -bound.report), default=None))
            return found

    @property
    def proved(self) -> bool:
        """Whether the incumbent is proven optimal: both levels of the objective meet their bounds."""
        return self._within_gap(PROVED_GAP)

    @property
    def good_enough(self) -> bool:
        """Whether the incumbent is within the budget's gap of its bound, and leaves out no more than need be."""
        return self._within_gap(max(self._budget.gap, PROVED_GAP))

    def gap(self) -> float | None:
        """Relative gap of the incumbent's ticks, None when unknown; not of money, which is rounded."""
        with self._lock:
            return relative_gap(None if self._value is None else self._value.ticks, self.ticks_bound)

    def _within_gap(self, limit: float) -> bool:
        with self._lock:
            if self._value is None or self._value.left_out != self.left_out_bound():
                return False
            gap = self.gap()
            return gap is not None and gap <= limit

    def _bound(self) -> _Bound | None:
        with self._lock:
            left_out = None if self._value is None else self._value.left_out
            known = (k[-1] for (given, _), k in self._ticks.items() if k and _within(left_out, given))
            return max(known, key=lambda bound: (bound.value, -bound.report), default=None)  # of equals the first

    def _note(self, by: str) -> None:
        cost = None if self._value is None else self._fleet.cost(self._value.ticks)
        ticks = self.ticks_bound
        bound = None if ticks is None else self._fleet.cost(ticks)
        levels, left_out = self._fleet.levels, () if self._value is None else self._value.left_out
        event = Event(
            self._budget.elapsed(),
            cost,
            bound,
            by,
            dict(zip(levels, left_out, strict=False)),
            dict(zip(levels, self.left_out_bound(), strict=True)),
        )
        self.events.append(event)
        if self._listener is not None:
            self._listener(event)


class _Bound(NamedTuple):
    """A bound, who proved it, what its argument leaves out, and how many reports came before."""

    value: int
    by: str
    relaxes: str
    report: int


def _within(left_out: tuple[int, ...] | None, given: tuple[int, ...] | None) -> bool:
    """Whether a bound that holds within `given` holds for every plan that leaves out no more than `left_out`."""
    if given is None:
        return True
    return left_out is not None and all(n <= limit for n, limit in zip(left_out, given, strict=True))
