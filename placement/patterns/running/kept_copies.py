"""The pattern LP with what runs now: which machines had better stay, and with which of their copies; and its tree.

Beside the columns of `master` there is one for each running machine, which says that one of its pool's is this one, and
one for the moves of each component. A running machine's accelerators that are in use are rows of their own: residual
patterns with some of the copies that run there, which count as kept, are columns that pricing finds. `state` has the
inequality that prices prove.

Branching is that of `branch_and_price`: a node's bound is the least money of machines and moves, by its own prices.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from math import inf

from placement.patterns.branch_and_price import Relaxed, Tree
from placement.patterns.certificate import SCALE, Groups, NodeDomain, Prices, capacity_values
from placement.patterns.columns import PatternColumns
from placement.patterns.history import NodeCase
from placement.patterns.master import ENOUGH, Duals, Pattern, PatternProgram, PatternSolution, to_price
from placement.patterns.parameters import PATTERNS
from placement.patterns.parameters import KeptCopiesParameters as _PARAMS
from placement.patterns.running.seat_contents import Content, by_place, fill_seats
from placement.patterns.running.state import Resident, RunningState
from placement.solving.budget import Budget
from placement.units import MICRO
from placement.vector_packing.knapsack import Knapsack


class KeptCopiesProgram(PatternProgram):
    """The pattern program of a relaxation with what runs today."""

    def __init__(self, running_state: RunningState, groups: Groups, patterns: Iterable[Pattern]) -> None:
        """O(modes + places + patterns)."""
        super().__init__(running_state.relaxation, groups)
        self._running_state = running_state
        self.add_patterns(patterns)
        self._keep: dict[int, int] = {}  # rows: copies of a component that are kept, or moved
        for c, (money, n) in enumerate(zip(running_state.money, running_state.needed, strict=True)):
            if n and money:
                self._keep[c] = self.solver.add_row(float(n), inf)
                self.solver.add_column(float(money) / MICRO, inf, {self._keep[c]: 1.0})
        self._seats = [self.solver.add_row(0.0, inf) for _ in running_state.seats]
        self._residual_patterns: dict[Content, int] = {}  # their columns
        self._add_machines()
        for s, seat in enumerate(running_state.seats):
            free = {self._seats[s]: -1.0, self.rows.capacity[seat.device_class]: 1.0}  # nothing is kept there
            self.solver.add_column(0.0, inf, free)
            for resident in seat.residents:
                if resident.item is None:
                    self.solver.add_column(0.0, inf, free | self._kept(resident, 1))

    def _add_machines(self) -> None:
        """The columns of running machines, no more of a pool than it has machines."""
        class_of = self.relaxation.class_of
        pools = {m.pool for m in self._running_state.machines}
        there = {p: self.solver.add_row(0.0, inf, {p: 1.0}) for p in sorted(pools)}
        for machine in self._running_state.machines:
            column = {there[machine.pool]: -1.0} | {self._seats[s]: 1.0 for s in machine.seats}
            if machine.seats:
                column[self.rows.capacity[class_of[machine.pool]]] = -float(len(machine.seats))
            column |= {self._keep[c]: float(n) for c, n in machine.loose.items() if c in self._keep}
            self.solver.add_column(0.0, 1.0, column)

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
        prices.rewards = self._rewards(duals)
        return prices

    def _rewards(self, duals: Duals) -> list[int]:
        """For each copy kept, per component, in 1 / SCALE micro-dollars per hour."""
        found = [0] * len(self._running_state.money)
        for c, row in self._keep.items():
            found[c] = min(to_price(float(duals.rows[row])), math.floor(self._running_state.money[c] * SCALE))
        return found

    def add_residual_patterns(self, found: Iterable[Content], duals: Duals) -> int:
        """Add the residual patterns that make the LP's solution with these duals better; says how many."""
        added = 0
        for content in found:
            if content in self._residual_patterns:
                continue
            holder, q = self._seats[content.seat], self._running_state.seats[content.seat].device_class
            items, kept = self._of(content)
            value_there = sum(times * duals.items[q][i] for i, times in items.items())
            if self.beats(duals, holder, value_there + sum(part * duals.rows[row] for row, part in kept.items())):
                column = kept | self.pattern_column(holder, q, items)
                self._residual_patterns[content] = self.solver.add_column(0.0, inf, column)
                added += 1
        self.primal_feasible = True
        return added

    def allow(self, limits: Sequence[Sequence[int]]) -> None:
        """As in any pattern program; of residual patterns, those that put more beside what is kept are ruled out."""
        super().allow(limits)
        for content, column in self._residual_patterns.items():
            most = limits[self._running_state.seats[content.seat].device_class]
            ruled_out = any(times > most[i] for i, times in content.others)
            self.solver.changeColBounds(column, 0.0, 0.0 if ruled_out else inf)

    def used(self, solution: PatternSolution) -> Iterator[tuple[Pattern, float]]:
        """All patterns, residual ones with what is kept, and the accelerators by each in a solution."""
        yield from solution.patterns
        for content, column in self._residual_patterns.items():
            if column < len(solution.columns):
                items, _ = self._of(content)
                pattern = self._running_state.seats[content.seat].device_class, tuple(sorted(items.items()))
                yield pattern, solution.columns[column]

    def _of(self, content: Content) -> tuple[dict[int, int], dict[int, float]]:
        """All items of a content, the kept ones too, and what these count for."""
        items, kept = dict(content.others), dict[int, float]()
        for k, times in content.kept:
            resident = self._running_state.seats[content.seat].residents[k]
            assert resident.item is not None
            items[resident.item] = items.get(resident.item, 0) + times
            for row, part in self._kept(resident, times).items():
                kept[row] = kept.get(row, 0.0) + part
        return items, kept


class KeptCopiesBound:
    """The bound with what runs now, while it grows: `ticks` of machines and moves."""

    def __init__(self, running_state: RunningState, groups: Groups, domain: NodeDomain) -> None:
        """Nothing is known yet; `domain` is the root's. O(seats)."""
        self.running_state = running_state
        self._groups, self._domain = groups, domain
        self.bound = Fraction(0)  # of the root, micro-dollars per hour
        self.prices: Prices | None = None  # that prove it, with rewards
        self.rounds = 0
        self.program: KeptCopiesProgram | None = None
        self.tree: Tree | None = None

    @property
    def ticks(self) -> int:
        """No plan costs fewer."""
        return max(self._ticks(self.bound), 0 if self.tree is None else self.tree.bound)

    @property
    def root(self) -> NodeCase:
        """How the bound came about; `rent` in it is ticks."""
        if self.tree is not None:
            return self.tree.root
        return NodeCase(self._domain, prices=self.prices, rent=self._ticks(self.bound))

    def try_prices(self, prices: Prices) -> None:
        """Take what prices prove that know nothing of moves, with all that these cost as rewards."""
        prices = replace(prices, rewards=[math.floor(money * SCALE) for money in self.running_state.money])
        state = self.running_state
        self._raise(self._prove(prices, capacity_values(state.relaxation, prices), self._domain)[0], prices)

    def run(self, budget: Budget, patterns: Iterable[Pattern], seed: int) -> None:
        """Column generation at the root, from patterns that are known, until the LP is solved or time is over."""
        if budget.over():
            return
        state = self.running_state
        program = self.program = KeptCopiesProgram(state, self._groups, patterns)
        columns = PatternColumns(state.relaxation, program, seed)
        root = self._converge(program, columns, self._domain, budget)
        if root is not None:
            root = replace(root, bound=self._ticks(self.bound), prices=self.prices)
            branch = partial(self._converge, program, columns)
            self.tree = Tree(branch, lambda *_: None, state.relaxation, self._groups, self._domain, root)

    def _converge(
        self, program: KeptCopiesProgram, columns: PatternColumns, domain: NodeDomain, budget: Budget
    ) -> Relaxed | None:
        """Column generation in one node, until its bound is near the LP's value; None when out of time.

        Prices are smoothed (Wentges 1997).
        """
        is_root = domain is self._domain
        rounds, near = (_PARAMS.rounds, ENOUGH) if is_root else (PATTERNS.bound.node_rounds, PATTERNS.bound.near)
        program.set_domain(domain)
        columns.allow(domain.aggregates)
        best, best_prices, centre, solution = Fraction(0), None, None, None
        for _ in range(rounds):
            solution = program.solve(budget.left())
            if budget.over():
                return None
            if solution is None:
                # Ranges of pools and groups contradict each other: there are no counts to branch on.
                return Relaxed(self._ticks(best), (), feasible=False, prices=best_prices)
            self.rounds += 1
            duals, value, found = solution.duals(), solution.value * MICRO, 0
            for point in program.smoothed(centre, duals):
                prices = program.prices(point)
                prices.aggregates = {s: prices.aggregates[s] for s in domain.aggregates}
                found, capacity = columns.price(prices, duals, extra=0)
                bound, contents = self._prove(prices, capacity, domain, columns.knapsacks)
                found += program.add_residual_patterns(contents, duals)
                if best_prices is None or bound > best:
                    best, best_prices, centre = bound, prices, point
                if found:
                    break
            if is_root and best_prices is not None:
                self._raise(best, best_prices)
            if (not found or value <= best * (1 + near)) and not program.raise_penalty(solution):
                break
        if solution is None:
            return None
        aggregates = tuple(solution.aggregates)
        repeated = columns.multiplicity.repeated(aggregates, columns.most, program.used(solution))
        feasible = not solution.uses_artificials
        return Relaxed(self._ticks(best), tuple(solution.counts), feasible, aggregates, repeated, best_prices)

    def _prove(
        self, prices: Prices, capacity: Sequence[int], domain: NodeDomain, knapsacks: Sequence[Knapsack] | None = None
    ) -> tuple[Fraction, list[Content]]:
        """The bound that prices prove of a node, and the best residual patterns at them."""
        state = self.running_state
        rewards = by_place(state.relaxation.fleet, prices.rewards)
        seats, contents = fill_seats(state, prices, rewards, capacity, knapsacks=knapsacks)
        if domain is self._domain:
            return state.bound(prices, capacity, seats, domain), contents
        return state.node_bound(prices, capacity, seats, self._groups, domain), contents

    def _raise(self, bound: Fraction, prices: Prices) -> None:
        if bound > self.bound:
            self.bound, self.prices = bound, prices

    def _ticks(self, bound: Fraction) -> int:
        return math.ceil(self.running_state.relaxation.fleet.tick_price * bound)
