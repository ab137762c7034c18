"""The best plan and the best bounds of a solve while it runs, and the story of how they were found.

Every solver reports here, from any thread; the planner, the progress display and the trace read here. A plan that is
not better and a bound that is not higher change nothing, so a solver may report whatever it has.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from placement.packing import Packing, Value, evaluate
from placement.result import Event, Stop, relative_gap

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.budget import Budget
    from placement.fleet import Fleet

    Listener = Callable[[Event], None]

SEARCH = "placement-search"  # names of threads that search begin so
_ZERO = "zero"  # who proves that no plan costs less than nothing
PROVED_GAP = 1e-9  # relative; the gap at which the format calls a plan optimal


class Track:
    """Incumbent and bounds of one solve. Thread-safe.

    Bounds come in two kinds, as the objective has two parts:

    - on *left out*: no plan that leaves out at most ``given`` at the levels before it leaves out fewer than `value` at
      this level;
    - on *ticks* (money): no plan that leaves out at most ``given`` at each level costs fewer than `value` ticks.

    ``given`` None means any plan at all. A bound counts for the incumbent only when the incumbent is within its
    `given`.
    """

    def __init__(self, fleet: Fleet, budget: Budget, listener: Listener | None = None) -> None:
        """Start with nothing known but that nothing costs less than zero."""
        self._fleet = fleet
        self._budget = budget
        self._listener = listener
        self._lock = threading.RLock()
        self._packing: Packing | None = None
        self._value: Value | None = None
        self._found_by = ""
        self._ticks: dict[tuple[int, ...] | None, _Bound] = {}
        self._levels: list[dict[tuple[int, ...] | None, tuple[int, str]]] = [{} for _ in fleet.levels]
        self._closed = False
        self.events: list[Event] = []
        self.evidence: list[object] = []  # what can tell afterwards why bounds hold

    def close(self) -> None:
        """Take nothing from now on: the answer is being written."""
        with self._lock:
            self._closed = True

    def offer(self, packing: Packing, by: str) -> bool:
        """Take a packing that keeps every rule if it is better than the best so far; says whether it was."""
        value = evaluate(self._fleet, packing)
        with self._lock:
            if self._closed or (self._value is not None and value >= self._value):
                return False
            self._packing, self._value, self._found_by = packing, value, by
            self._note(by)
            if not value.ticks:
                self.raise_bound(0, _ZERO)
        return True

    def raise_bound(self, ticks: int, by: str, given: tuple[int, ...] | None = None, relaxes: str = "") -> None:
        """Report that no plan within `given` costs fewer than `ticks`.

        No plan costs less than nothing: an engine's bound below 0 says just that. `relaxes` says in words which rules
        the argument leaves out; nothing for a search that keeps them all.
        """
        ticks = max(0, ticks)
        with self._lock:
            if self._closed:
                return
            before = self.ticks_bound
            if given not in self._ticks or ticks > self._ticks[given].ticks:
                self._ticks[given] = _Bound(ticks, by, relaxes)
            if self.ticks_bound != before:
                self._note(by)

    def raise_left_out(self, level: int, value: int, by: str, given: tuple[int, ...] | None = None) -> None:
        """Report that no plan within `given` (of the levels before) leaves out fewer than `value` at `level`."""
        with self._lock:
            if not self._closed and value > self._levels[level].get(given, (-1, ""))[0]:
                self._levels[level][given] = (value, by)

    @property
    def best(self) -> tuple[Packing, Value] | None:
        """The best packing so far and its value."""
        with self._lock:
            return None if self._packing is None or self._value is None else (self._packing, self._value)

    @property
    def found_by(self) -> str:
        """Who found the best packing."""
        return self._found_by

    @property
    def ticks_bound(self) -> int | None:
        """The best bound on ticks that counts for the incumbent (for any plan, when there is none yet)."""
        found = self._bound()
        return None if found is None else found.ticks

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
        """Per level, the proven least number left out, given the incumbent's numbers at the levels before."""
        with self._lock:
            found = []
            for level, bounds in enumerate(self._levels):
                before = None if self._value is None else self._value.left_out[:level]
                found.append(max((n for given, (n, _) in bounds.items() if _within(before, given)), default=0))
            return tuple(found)

    @property
    def proved(self) -> bool:
        """Whether the incumbent is proven optimal: both levels of the objective meet their bounds."""
        return self._within_gap(PROVED_GAP)

    @property
    def good_enough(self) -> bool:
        """Whether the incumbent is within the budget's gap of its bound, and leaves out no more than need be."""
        return self._within_gap(max(self._budget.gap, PROVED_GAP))

    def gap(self) -> float | None:
        """Relative gap of the incumbent's cost, None when unknown."""
        with self._lock:
            cost = None if self._value is None else self._fleet.cost(self._value.ticks)
            ticks = self.ticks_bound
            return relative_gap(cost, None if ticks is None else self._fleet.cost(ticks))

    def _within_gap(self, limit: float) -> bool:
        with self._lock:
            if self._value is None or self._value.left_out != self.left_out_bound():
                return False
            gap = self.gap()
            return gap is not None and gap <= limit

    def _bound(self) -> _Bound | None:
        with self._lock:
            left_out = None if self._value is None else self._value.left_out
            return max((b for given, b in self._ticks.items() if _within(left_out, given)), default=None)

    def _note(self, by: str) -> None:
        cost = None if self._value is None else self._fleet.cost(self._value.ticks)
        ticks = self.ticks_bound
        event = Event(self._budget.elapsed(), cost, None if ticks is None else self._fleet.cost(ticks), by)
        self.events.append(event)
        if self._listener is not None:
            self._listener(event)


class _Bound(NamedTuple):
    """A bound on ticks, who proved it, and what its argument leaves out."""

    ticks: int
    by: str
    relaxes: str


def why_stop(track: Track, budget: Budget) -> Stop | None:
    """Why a solve should end now, or None to go on."""
    if track.proved:
        return Stop.PROVED
    if track.good_enough:
        return Stop.GAP
    if budget.interrupted:
        return Stop.INTERRUPTED
    return Stop.TIME if budget.over() else None


def _within(left_out: tuple[int, ...] | None, given: tuple[int, ...] | None) -> bool:
    """Whether a bound that holds within `given` holds for every plan that leaves out no more than `left_out`."""
    if given is None:
        return True
    return left_out is not None and all(n <= limit for n, limit in zip(left_out, given, strict=True))
