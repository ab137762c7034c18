r"""The integer program over patterns with what runs: which machines stay, which of their copies, and what joins them.

To `enumeration.program` it adds, for each running machine m of pool p, whether it stays, :math:`s_m \le 1`, with
:math:`n_p \ge \sum_m s_m`, and for each place k where copies run how many stay there, :math:`k_k`. An accelerator that
is in use is a row of its own: while its machine stays it holds a content, some of the copies that run there with other
items (`seat_contents`), or it counts as one of its class, with nothing kept. What does not stay is moved:

.. math:: moved_c + \sum_{k \in c} k_k + loose \ge needed_c,

at the price of a move, and within `max_moves`. What commitments pay is a gain: that of free machines, as many as there
are in the pool and no more than are committed, or of dollars, no more than the machines cost.

The linear relaxation knows whole machines of dedicated components, rules over zones, limits and losses beside all that
`kept_copies` knows. Its prices prove a bound in integers (`exact_bound`), as those of accelerators are raised to the
most that any pattern or content is worth.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from math import inf
from typing import NamedTuple

from placement.compiled.fleet import FleetComponent
from placement.engines.highs import LARGEST
from placement.patterns.certificate import SCALE, Groups, Prices
from placement.patterns.covering import any_domain
from placement.patterns.enumeration.exact_bound import price_bound
from placement.patterns.enumeration.narrow_program import ColumnValues, NarrowProgram
from placement.patterns.enumeration.reduced_costs import Reduced
from placement.patterns.master import Pattern
from placement.patterns.parameters import RunningStateParameters as _PARAMS
from placement.patterns.running.seat_contents import Content, fill_seats
from placement.patterns.running.state import RunningState
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE
from placement.units import MICRO

_TIME = SCHEDULE.running_solutions


class RunningAnswer(NamedTuple):
    """A solution: machines per pool, copies by each mode, which machines stay, copies that stay at each place.

    And whether copies are `missing`, and what it costs, micro-dollars per hour, moves and penalties among it.
    """

    machines: tuple[int, ...]
    copies: tuple[int, ...]
    stays: tuple[bool, ...]
    kept: dict[int, int]
    missing: bool
    cost: float


class PricedProgram(NamedTuple):
    """What some prices prove, micro-dollars per hour, and the columns that are worth more than they cost there."""

    bound: Fraction
    prices: list[int]
    patterns: list[Pattern]
    contents: list[Content]


class RunningProgram(NarrowProgram):
    """The program of a fleet that runs, over patterns and contents that are known."""

    def __init__(
        self, state: RunningState, groups: Groups, patterns: Sequence[Pattern], contents: Collection[Content]
    ) -> None:
        """O(modes + places + size of the patterns)."""
        self._state = state
        self._patterns = patterns
        self._contents = [*contents, *_running_contents(state)]
        self._content_columns: dict[Content, int] = {}
        self._stays: list[int] = []
        self._closed = {s for machine in state.machines if machine.closed for s in machine.seats}
        self._kept: dict[int, int] = {}  # columns, by place
        self._missing: dict[int, int] = {}  # by component, the column of its missing copies: none but in `cheapest`
        self._holds: list[int] = []  # columns of what accelerators in use hold
        self._seat_rows: list[int] = []
        self._place_rows: dict[int, tuple[int, int]] = {}  # by place: its row, and what a copy counts there
        self._on_seat: dict[int, dict[int, float]] = defaultdict(dict)  # by device class, what seats take of it
        self._moves_row: int | None = None
        self._money: dict[int, int] = {}  # of moves and commitments, 1 / SCALE micro-dollars, by column
        self._beside: list[tuple[int, int, Mapping[int, int]]] = []  # (column, device class, items) of contents
        domain = any_domain(state.relaxation.fleet, groups)
        super().__init__(state.relaxation, groups, domain, Reduced.anything(state.relaxation, domain), patterns)

    def missing_columns(self, component: FleetComponent) -> dict[int, float]:
        """Required copies that a solution may do without."""
        if not component.required:
            return {}
        self._missing[component.index] = self.rows.column(0.0)
        return {self._missing[component.index]: 1.0}

    def content_rows(self, patterns: Sequence[Pattern]) -> None:
        """The rows of what runs, then those of patterns, in which contents and seats count too."""
        state, rows = self._state, self.rows
        self._stays = [rows.column(1.0, 0.0 if machine.removable else 1.0) for machine in state.machines]
        kept_machines: dict[int, dict[int, float]] = defaultdict(dict)
        for machine, column in zip(state.machines, self._stays, strict=True):
            kept_machines[machine.pool][column] = -1.0
        for p, columns in kept_machines.items():
            rows.row(0.0, inf, {self.machine_columns[p]: 1.0} | columns)
        kept = self._seat_columns()
        self._place_columns(kept)
        self._commitment_columns()
        super().content_rows(patterns)

    def _seat_columns(self) -> dict[int, dict[int, float]]:
        """Columns of contents and a row for each seat; by place, what each column keeps of a copy's accelerators."""
        state, rows = self._state, self.rows
        of = {s: column for machine, column in zip(state.machines, self._stays, strict=True) for s in machine.seats}
        contents: dict[int, list[Content]] = defaultdict(list)
        for content in dict.fromkeys(self._contents):
            contents[content.seat].append(content)
        kept: dict[int, dict[int, float]] = defaultdict(dict)
        for s, seat in enumerate(state.seats):
            holds = [rows.column(1.0)]
            for resident in seat.residents:
                if resident.item is None:
                    holds.append(rows.column(1.0))
                    kept[resident.place][holds[-1]] = 1.0
            freed = dict.fromkeys(holds, 1.0)  # an accelerator of its class; so is one that its owners keep
            if s in self._closed:
                del freed[holds[0]]
            for content in contents[s]:
                holds.append(column := rows.column(1.0))
                self._content_columns[content] = column
                items = defaultdict[int, int](int, content.others)
                for k, times in content.kept:
                    resident = seat.residents[k]
                    assert resident.item is not None
                    items[resident.item] += times
                    kept[resident.place][column] = kept[resident.place].get(column, 0.0) + times
                self._beside.append((column, seat.device_class, items))
            taken = self._on_seat[seat.device_class]
            taken |= freed
            taken[of[s]] = taken.get(of[s], 0.0) - 1.0
            self._seat_rows.append(rows.row(-inf, 0.0, dict.fromkeys(holds, 1.0) | {of[s]: -1.0}))
            self._holds += holds
        for machine, column in zip(state.machines, self._stays, strict=True):
            vacant = self.relaxation.devices(machine.pool) - len(machine.seats)
            if machine.closed and vacant:  # nobody comes there
                taken = self._on_seat[self.relaxation.class_of[machine.pool]]
                taken[column] = taken.get(column, 0.0) - vacant
        return kept

    def _place_columns(self, kept: Mapping[int, dict[int, float]]) -> None:
        """Copies that stay at each place, those of a mode among its copies there, and what is moved of the others."""
        state, rows, fleet = self._state, self.rows, self.relaxation.fleet
        widths = {r.place: r.width for seat in state.seats for r in seat.residents}
        modes = {(mode.component, mode.option, mode.pool): w for w, mode in enumerate(self.relaxation.modes)}
        by_mode: dict[int, dict[int, float]] = defaultdict(dict)
        by_component: dict[int, dict[int, float]] = defaultdict(dict)
        for k, columns in sorted(kept.items()):
            place = fleet.places[k]
            self._kept[k] = column = rows.column(float(place.count), float(place.pinned))
            self._place_rows[k] = rows.row(0.0, inf, {column: -float(widths[k])} | columns), widths[k]
            by_component[place.component][column] = 1.0
            by_mode[modes[place.component, place.option, fleet.instances[place.instance].pool]][column] = -1.0
        for w, columns in by_mode.items():
            if w in self.mode_columns:
                rows.row(0.0, inf, {self.mode_columns[w]: 1.0} | columns)
        for machine, column in zip(state.machines, self._stays, strict=True):
            for c, n in machine.loose.items():
                by_component[c][column] = float(n)
        moved: dict[int, float] = {}
        for c, (money, n) in enumerate(zip(state.money, state.needed, strict=True)):
            if n and (money or fleet.max_moves is not None):
                moved[column := rows.column(float(n), 0.0, float(money) / MICRO)] = 1.0
                self._money[column] = math.floor(money * SCALE)
                rows.row(float(n), inf, {column: 1.0} | by_component[c])
        if fleet.max_moves is not None:
            self._moves_row = rows.row(-inf, fleet.max_moves, moved)

    def _commitment_columns(self) -> None:
        """What commitments pay, and that it is no more than there is."""
        rows, fleet = self.rows, self.relaxation.fleet
        for commitment in fleet.commitments:
            there = {self.machine_columns[p]: fleet.pools[p].price for p in commitment.pools}
            if commitment.money is None:
                free: dict[int, float] = {}
                for machines, price in there.items():
                    column = self._gain(min(commitment.instances, rows.upper[machines]), price)
                    rows.row(0.0, inf, {machines: 1.0, column: -1.0})
                    free[column] = 1.0
                rows.row(-inf, commitment.instances, free)
                continue
            unit = -(-max(there.values(), default=1) // LARGEST) or 1  # whole steps that HiGHS takes, rounded up
            column = self._gain(-(-commitment.money // unit), unit)
            rows.row(0.0, inf, {k: float(-(-price // unit)) for k, price in there.items()} | {column: -1.0})

    def _gain(self, most: float, price: int) -> int:
        """A column of so many steps at most, each of which takes its price, micro-dollars, off the cost."""
        column = self.rows.column(most, 0.0, -price / MICRO)
        self._money[column] = -price * SCALE
        return column

    def spare_moves(self, n: int) -> None:
        """Leave so many of the moves that are allowed to whoever packs a solution."""
        if self._moves_row is not None:
            self.rows.high[self._moves_row] = max(0.0, self.rows.high[self._moves_row] - n)

    def devices_of(self, q: int) -> dict[int, float]:
        """The accelerators of a device class, by column: those of seats count as one while nothing is kept there."""
        return super().devices_of(q) | self._on_seat.get(q, {})

    def beside(self) -> Iterator[tuple[int, int, Mapping[int, int]]]:
        """Contents, which are on accelerators of their own."""
        yield from self._beside

    @property
    def grown(self) -> dict[Pattern | Content, int]:
        """The columns of patterns and contents: those that a program with more of them has more of."""
        return dict(zip(self._patterns, self.pattern_columns, strict=True)) | self._content_columns

    def price(self, given: Sequence[int]) -> PricedProgram:
        """Price all columns at such prices, (rows,), and prove what they do.

        Those of accelerators are raised until no pattern and no content is worth more than it costs.
        """
        prices = list(given)
        state, classes = self._state, self.relaxation.device_classes
        coverage = [[0] * len(device_class.items) for device_class in classes]
        most = _PARAMS.dear * max((pool.price for pool in self.relaxation.fleet.pools), default=0) * SCALE
        for (q, i), row in self.coverage_rows.items():
            prices[row] = coverage[q][i] = min(max(0, prices[row]), most)
        best = [device_class.knapsack.best_pattern(coverage[device_class.index]) for device_class in classes]
        capacity = [max(0, value, prices[row]) for (value, _), row in zip(best, self.device_rows, strict=True)]
        patterns: list[Pattern] = [
            (q, tuple(sorted(pattern.items())))
            for q, ((_, pattern), highest, row) in enumerate(zip(best, capacity, self.device_rows, strict=True))
            if pattern and highest > prices[row]
        ]
        rewards = [0] * len(self.relaxation.fleet.places)
        for k, (row, width) in self._place_rows.items():
            prices[row] = min(max(0, prices[row]), most)
            rewards[k] = prices[row] * width
        on_seats, contents = fill_seats(state, Prices(coverage, capacity), rewards, capacity, self._closed)
        better = [content for content in contents if on_seats[content.seat] > -prices[self._seat_rows[content.seat]]]
        for row, highest in zip(self.device_rows, capacity, strict=True):
            prices[row] = highest
        for row, highest in zip(self._seat_rows, on_seats, strict=True):
            prices[row] = -highest
        bound = Fraction(price_bound(self.rows, self._costs(), prices), SCALE)
        return PricedProgram(bound, prices, patterns, better)

    def _costs(self) -> list[int]:
        """(columns,) of the objective, in 1 / SCALE micro-dollars, rounded down."""
        costs = [0] * len(self.rows.cost)
        for pool, column in zip(self.relaxation.fleet.pools, self.machine_columns, strict=True):
            costs[column] = pool.price * SCALE
        for column, money in self._money.items():
            costs[column] = money
        return costs

    def cheapest(self, budget: Budget, nodes: int, gap: float, penalties: Sequence[float]) -> RunningAnswer | None:
        """A cheap solution, as far as `nodes` and the budget reach, within the relative `gap` in each of its steps.

        First machines are whole, those that stay and new ones, and copies may be parts; then copies are whole on these
        machines, too, and where that can't be, or costs more by `_PARAMS.dearer`, on any. There some may be missing, at
        `penalties` by component, dollars an hour: else a solution is found late.
        """
        rows, parts, within = self.rows, self.rows.parts, (self.rows.lower[:], self.rows.upper[:])
        machines, options = {*self.machine_columns, *self._stays}, {"mip_heuristic_effort": _PARAMS.effort}
        rows.parts = parts | {*self.mode_columns.values(), *self._kept.values(), *self._holds}
        first = self.found(_TIME.machines.of(budget), nodes, gap, options)
        rows.parts, found = parts, None
        self._price_missing(penalties)
        if first is not None:
            for k in machines:
                rows.lower[k] = rows.upper[k] = float(first.values[k])
            found = self.found(_TIME.copies.of(budget), nodes, gap, options)
            for k in machines:
                rows.lower[k], rows.upper[k] = within[0][k], within[1][k]
        if first is None or found is None or found.cost > (1 + _PARAMS.dearer) * first.cost:
            others = self.found(budget, nodes, gap, options)
            found = min(
                (some for some in (found, others) if some is not None), key=lambda some: some.cost, default=None
            )
        return None if found is None else self._running(found)

    def _price_missing(self, penalties: Sequence[float]) -> None:
        """Let required copies be missing, at prices by component, dollars an hour."""
        for c, k in self._missing.items():
            self.rows.upper[k] = float(self.relaxation.fleet.components[c].required)
            self.rows.cost[k] = penalties[c]

    def _running(self, found: ColumnValues) -> RunningAnswer:
        values, answer = found.values, self.answer(0, found.values)
        return RunningAnswer(
            answer.machines,
            answer.copies,
            tuple(values[k] > 0 for k in self._stays),
            {k: values[column] for k, column in self._kept.items() if values[column]},
            any(values[k] for k in self._missing.values()),
            found.cost,
        )


def _running_contents(state: RunningState) -> Iterator[Content]:
    """All that shares an accelerator today, and nothing else."""
    for s, seat in enumerate(state.seats):
        kept = tuple((k, resident.count) for k, resident in enumerate(seat.residents) if resident.item is not None)
        if kept:
            yield Content(s, kept, ())
