"""The pattern LP with what runs now: which machines had better stay, and with which of their copies.

Beside the columns of `master` there is one for each running machine, in place of one of its pool's, and one for the
moves of each component. A running machine's accelerators that are in use are rows of their own: residual patterns with
some of the copies that run there, which count as kept, are columns that pricing finds. `state` has the inequality that
prices prove.
"""

from __future__ import annotations

import math
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING

from placement.patterns.certificate import SCALE
from placement.patterns.master import ENOUGH, PatternProgram, to_price
from placement.patterns.parameters import PATTERNS
from placement.patterns.running.seat_contents import by_place, fill_seats
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.patterns.certificate import NodeDomain, Prices
    from placement.patterns.master import Duals, Pattern
    from placement.patterns.running.seat_contents import Content
    from placement.patterns.running.state import Resident, RunningState
    from placement.solving.budget import Budget

_PARAMS = PATTERNS.kept_copies


class KeptCopiesProgram(PatternProgram):
    """The pattern program of a relaxation with what runs today."""

    def __init__(self, running_state: RunningState, patterns: Iterable[Pattern], domain: NodeDomain) -> None:
        """O(modes + places + patterns)."""
        super().__init__(running_state.relaxation)
        self._running_state = running_state
        self.add_patterns(patterns)
        self._keep: dict[int, int] = {}  # rows: copies of a component that are kept, or moved
        for c, (money, n) in enumerate(zip(running_state.money, running_state.needed, strict=True)):
            if n and money:
                self._keep[c] = self.solver.add_row(float(n), inf)
                self.solver.add_column(float(money) / MICRO, inf, {self._keep[c]: 1.0})
        self._seats = [self.solver.add_row(0.0, inf) for _ in running_state.seats]
        self._residual_patterns: dict[Content, int] = {}  # their columns
        self._add_machines(domain)
        for s, seat in enumerate(running_state.seats):
            free = {self._seats[s]: -1.0, self.rows.capacity[seat.device_class]: 1.0}  # nothing is kept there
            self.solver.add_column(0.0, inf, free)
            for resident in seat.residents:
                if resident.item is None:
                    self.solver.add_column(0.0, inf, free | self._kept(resident, 1))

    def _add_machines(self, domain: NodeDomain) -> None:
        """The columns of running machines; those of pools are for others, in the node without these."""
        relaxation = self.relaxation
        most, fewest = ([*ends[: len(relaxation.fleet.pools)]] for ends in (domain.most, domain.fewest))
        for machine in self._running_state.machines:
            p = machine.pool
            most[p], fewest[p] = max(0, most[p] - 1), max(0, fewest[p] - 1)
            column = dict(self.rows.machine_column(p)) | {self._seats[s]: 1.0 for s in machine.seats}
            if machine.seats:
                column[self.rows.capacity[relaxation.class_of[p]]] -= len(machine.seats)
            column |= {self._keep[c]: float(n) for c, n in machine.loose.items() if c in self._keep}
            price, low = relaxation.fleet.pools[p].price / MICRO, 0.0 if machine.removable else 1.0
            self.solver.add_column(price, 1.0, column, low=low)
        self.limit(most, fewest)

    def _kept(self, resident: Resident, times: int) -> dict[int, float]:
        """What copies kept on one of their accelerators count for."""
        row = self._keep.get(resident.component)
        return {} if row is None else {row: times / resident.width}

    def prices(self, duals: Duals) -> Prices:
        """Duals as integer prices. Copies that patterns are may be worth less than nothing, if not for a reward."""
        prices = super().prices(duals)
        for (q, i), w in self.rows.mode_of_item.items():
            component = self.relaxation.fleet.components[self.relaxation.modes[w].component]
            if duals.items[q][i] < 0 and not component.demand:
                prices.coverage[q][i] = math.floor(duals.items[q][i] * MICRO * SCALE)
        return prices

    def rewards(self, duals: Duals) -> list[int]:
        """For each copy kept, per component, in 1 / SCALE micro-dollars per hour."""
        found = [0] * len(self._running_state.money)
        for c, row in self._keep.items():
            found[c] = min(to_price(float(duals.rows[row])), math.floor(self._running_state.money[c] * SCALE))
        return found

    def add_residual_patterns(self, found: Iterable[Content], duals: Duals) -> int:
        """Add the residual patterns that make the LP's solution with these duals better; says how many."""
        added = 0
        for residual_pattern in found:
            if residual_pattern in self._residual_patterns:
                continue
            holder, q = (
                self._seats[residual_pattern.seat],
                self._running_state.seats[residual_pattern.seat].device_class,
            )
            items, kept = self._of(residual_pattern)
            dual_value = sum(times * duals.items[q][i] for i, times in items.items())
            if self.beats(duals, holder, dual_value + sum(part * duals.rows[row] for row, part in kept.items())):
                self._residual_patterns[residual_pattern] = self.solver.add_column(
                    0.0, inf, kept | self.pattern_column(holder, q, items)
                )
                added += 1
        self.primal_feasible = True
        return added

    def _of(self, residual_pattern: Content) -> tuple[dict[int, int], dict[int, float]]:
        """All items of a content, the kept ones too, and what these count for."""
        items, kept = dict(residual_pattern.others), dict[int, float]()
        for k, times in residual_pattern.kept:
            resident = self._running_state.seats[residual_pattern.seat].residents[k]
            assert resident.item is not None
            items[resident.item] = items.get(resident.item, 0) + times
            for row, part in self._kept(resident, times).items():
                kept[row] = kept.get(row, 0.0) + part
        return items, kept


class KeptCopiesBound:
    """The bound with what runs now, while it grows: `bound`, micro-dollars per hour of machines and moves."""

    def __init__(self, running_state: RunningState) -> None:
        """Nothing is known yet; O(seats)."""
        self.running_state = running_state
        self.bound = Fraction(0)
        self.proof: tuple[Prices, Sequence[int]] | None = None  # prices and rewards that prove it
        self.rounds = 0
        self.program: KeptCopiesProgram | None = None

    def try_prices(self, prices: Prices) -> None:
        """Take what prices prove that know nothing of moves, with all that these cost as rewards."""
        rewards = [math.floor(money * SCALE) for money in self.running_state.money]
        bound = self._prove(prices, rewards)[0]
        if bound > self.bound:
            self.bound, self.proof = bound, (prices, rewards)

    def run(self, budget: Budget, patterns: Iterable[Pattern], domain: NodeDomain) -> None:
        """Column generation, from patterns that are known, until nothing improves the LP or time is over.

        Prices are smoothed (Wentges 1997).
        """
        program, centre = KeptCopiesProgram(self.running_state, patterns, domain), None
        self.program = program
        while self.rounds < _PARAMS.rounds and not budget.over() and program.solve(budget.left()):
            self.rounds += 1
            duals, value, found = program.duals(), program.value() * MICRO, 0
            for point in program.smoothed(centre, duals):
                bound, found = self._price(program, point, duals)
                if bound > self.bound:
                    self.bound, centre = bound, point
                    self.proof = program.prices(point), program.rewards(point)
                if found:
                    break
            if (not found or value <= self.bound * (1 + ENOUGH)) and not (
                program.uses_artificials() and program.raise_penalty()
            ):
                break

    def _price(self, program: KeptCopiesProgram, point: Duals, duals: Duals) -> tuple[Fraction, int]:
        """The bound at some prices, and how many columns were added that improve the LP with these `duals`."""
        prices, rewards = program.prices(point), program.rewards(point)
        bound, patterns, residual_patterns = self._prove(prices, rewards)
        new = [(q, pattern) for q, pattern in enumerate(patterns) if pattern and program.saves(duals, q, pattern)]
        return bound, program.add_patterns(new) + program.add_residual_patterns(residual_patterns, duals)

    def _prove(self, prices: Prices, rewards: Sequence[int]) -> tuple[Fraction, list[dict[int, int]], list[Content]]:
        """The bound that prices and rewards prove, and the best patterns and residual patterns at them."""
        device_classes = self.running_state.relaxation.device_classes
        best = [
            device_class.knapsack.best_pattern(prices.coverage[device_class.index]) for device_class in device_classes
        ]
        capacity = [max(value, own) for (value, _), own in zip(best, prices.capacity, strict=True)]
        state = self.running_state
        seats, residual_patterns = fill_seats(state, prices, by_place(state.relaxation.fleet, rewards), capacity)
        return (
            state.bound(prices, rewards, capacity, seats),
            [pattern for _, pattern in best],
            residual_patterns,
        )
