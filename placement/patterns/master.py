"""The LP of the relaxation in HiGHS, grown by columns: one per pattern that pricing finds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import NamedTuple

import highspy
import numpy as np

from placement.arrays import Floats
from placement.engines.highs import EngineError, QuietHighs, limit_time, linear_program, load_lp, run
from placement.patterns.certificate import SCALE, UNIT, NodeDomain, Prices
from placement.patterns.formulation import Relaxation, volumes
from placement.patterns.master_rows import Column, ItemValues, MasterRows
from placement.patterns.parameters import MasterParameters as _PARAMS
from placement.units import MICRO
from placement.vector_packing.knapsack import Knapsack

Pattern = tuple[int, tuple[tuple[int, int], ...]]  # device class, (item, times) ascending

_WHOLE = 1e-6  # of a machine
_DUAL, _PRIMAL = 1, 4  # HiGHS's simplex strategies
ENOUGH = 1e-7  # relative: prices whose reduced costs are within this of zero are optimal prices


class Duals(NamedTuple):
    """Dual prices in dollars: `rows`, (rows,), and by device class what one more of each item in a pattern is worth.

    Those of what machines offer are at least 0. An item is worth less where its copies had better stand elsewhere.
    """

    rows: Floats
    items: list[list[float]]


class DualValues(NamedTuple):
    """What a copy of each component, (C,), and a machine of each pool, (P,), is worth, dollars per hour."""

    copies: list[float]
    machines: list[float]


class PatternSolution:
    """A solution of a `program`; it stays as it is when that gets other columns and limits, or is solved anew.

    `value` : dollars per hour.
    """

    def __init__(self, program: PatternProgram) -> None:
        """That of the last run of the solver. O(columns + rows)."""
        found = program.solver.getSolution()
        self._program = program
        self.columns: list[float] = list(found.col_value)
        self._row_duals = list(found.row_dual)
        self.value = float(program.solver.getObjectiveValue())

    @property
    def counts(self) -> list[float]:
        """Machines per pool, then per group."""
        return self.columns[: self._program.counted]

    @property
    def copies(self) -> list[float]:
        """By each mode."""
        columns, modes = self.columns, self._program.modes
        copies = columns[modes.start : modes.stop]
        for column, w, times in self._program.made:
            if column < len(columns):
                copies[w] += times * columns[column]
        return copies

    @property
    def aggregates(self) -> list[float]:
        """Copies per sum of the relaxation that nodes may limit."""
        first = self._program.modes.start
        return [sum(self.columns[first + w] for w in modes) for modes in self._program.relaxation.aggregates]

    @property
    def patterns(self) -> list[tuple[Pattern, float]]:
        """Those that were known, in the order of their columns, and the accelerators that hold each."""
        return [(pattern, self.columns[k]) for pattern, k in self._program.patterns.items() if k < len(self.columns)]

    @property
    def uses_artificials(self) -> bool:
        """Whether it has machines beyond the quotas, or misses limits on machines or copies: big M."""
        columns = self.columns
        return any(columns[k] > _WHOLE for k in self._program.artificial if k < len(columns))

    def duals(self) -> Duals:
        """Its dual prices. O(entries of items)."""
        return self._program.duals_at(np.array(self._row_duals))


class PatternProgram:
    """The restricted master program.

    Columns: machines per pool; machines per group of pools (`groups`, for branching); artificial variables, which are
    machines beyond the quotas, at a penalty (big M), so that there is a solution before the right patterns are there;
    modes; then patterns as they come.

    Attributes
    ----------
    rows : its rows (`master_rows`).
    counted : how many columns are of machines, per pool and per group: the first ones.
    modes : columns of copies by each mode.
    artificial : columns of machines beyond the quotas, of copies that a sum lacks or has too many, and of what is over
        a limit.
    patterns : the column of each, in order.
    made : (column, mode, times) of copies that patterns are.
    """

    def __init__(
        self,
        relaxation: Relaxation,
        groups: tuple[tuple[int, ...], ...] = (),
        paid: float | None = None,
        *,
        rules: bool = False,
        joined: bool = False,
        level: int | None = None,
    ) -> None:
        """Build rows and first columns; O(modes).

        With `paid` machines are there already: they cost that part of their price, and those beyond all of it. With
        `rules` machines keep the limits over groups of pools, but for those beyond the quotas, commitments pay for
        some, and copies that serve a demand outlive each pool. Pools are `joined` as in `MasterRows`. With a `level` of
        optional copies machines are free, and each copy that plans place less there than the relaxation asks for costs
        a dollar.
        """
        self._paid, self._level = paid, level
        self.relaxation = relaxation
        self.rows = MasterRows(relaxation, groups, rules=rules, joined=joined)
        self._penalty = _PARAMS.penalty
        self.primal_feasible = False
        self._solved = False
        self._items = self.rows.items()
        self._item_values = ItemValues(self._items)
        self._sum: dict[int, int] = {}  # rows of the sums of copies that some node limits
        self.patterns: dict[Pattern, int] = {}
        self.made: list[tuple[int, int, int]] = []
        first, modes = self.rows.first_columns(), self.rows.mode_columns()
        self.modes = range(len(first), len(first) + len(modes))
        self.counted = len(relaxation.fleet.pools) + len(groups)
        self.artificial = [*range(self.counted, self.counted + len(relaxation.fleet.pools))]
        self.solver = self._load([*first, *modes])
        for row in self.rows.limit:
            self._miss(row, -1.0)
        if level is not None:
            self.solver.add_column(1.0, inf, {self.rows.level[level]: 1.0})
            return
        for dollars, most, column in self.rows.paid_columns():
            self.solver.add_column(-dollars, most, dict(column))

    def _load(self, columns: Sequence[Column]) -> QuietHighs:
        scale = 0.0 if self._level is not None else 1.0 if self._paid is None else self._paid
        cost = [scale * pool.price / MICRO for pool in self.relaxation.fleet.pools]
        cost += [0.0] * len(self.rows.group) + self._penalties()
        low, high = [low for low, _ in self.rows.bounds], [high for _, high in self.rows.bounds]
        lp = linear_program(columns, cost + [0.0] * (len(columns) - len(cost)), within=(0.0, inf), rows=(low, high))
        return load_lp(lp, presolve="off", solver="simplex")

    def _penalties(self) -> list[float]:
        """Dollars per hour of a machine beyond the quota."""
        pools = self.relaxation.fleet.pools
        if self._level is not None:
            return [self._penalty * max(1, pool.shape.accelerators) for pool in pools]
        mean = sum(pool.price for pool in pools) / max(1, len(pools))
        if self._paid is not None:
            return [(pool.price or mean + 1) / MICRO for pool in pools]
        return [self._penalty * (pool.price + mean + 1) / MICRO for pool in pools]

    def add_patterns(self, found: Iterable[Pattern | tuple[int, Mapping[int, int]]]) -> int:
        """Add patterns of one accelerator each, (device class, times per item); says how many were new."""
        new: list[tuple[int, int, Mapping[int, int]]] = []
        for device_class, pattern in found:
            items = dict(pattern)
            key = (device_class, tuple(sorted(items.items())))
            if key not in self.patterns:
                self.patterns[key] = self.solver.getNumCol() + len(new)
                new.append((self.rows.capacity[device_class], device_class, items))
        self.add_columns(new)
        return len(new)

    def add_columns(self, found: Sequence[tuple[int, int, Mapping[int, int]]]) -> None:
        """Add columns (row of what holds it, device class, times by item) that cost nothing."""
        if not found:
            return
        self.primal_feasible = True
        n, first = len(found), self.solver.getNumCol()
        columns = [self.pattern_column(*each) for each in found]
        for k, (_, q, items) in enumerate(found):
            self.made += [
                (first + k, self.rows.mode_of_item[q, i], times)
                for i, times in items.items()
                if (q, i) in self.rows.mode_of_item
            ]
        self.solver.addCols(
            *(n, np.zeros(n), np.zeros(n), np.full(n, inf), sum(map(len, columns))),
            np.cumsum([0] + [len(column) for column in columns[:-1]], dtype=np.int32),
            np.array([row for column in columns for row in column], dtype=np.int32),
            np.array([value for column in columns for value in column.values()]),
        )

    def pattern_column(self, holder: int, q: int, items: Mapping[int, int]) -> dict[int, float]:
        """The entries of a column, by row, with so many of each item of device class q; `holder` is what holds it."""
        column: dict[int, float] = {holder: -1.0}
        for i, times in items.items():
            for row, value in self._items[q][i]:
                column[row] = column.get(row, 0.0) + times * value
        return column

    def improve(self, duals: Duals, prices: Prices, knapsacks: Mapping[int, Knapsack]) -> int:
        """Price some device classes, each with its knapsack; says how many patterns were added.

        Those are the best at `prices` that make the LP's solution with these `duals` better.
        """
        found = [(q, knapsack.best_pattern(prices.coverage[q])[1]) for q, knapsack in knapsacks.items()]
        return self.add_patterns(pair for pair in found if self.saves(duals, *pair))

    def ask_for(self, required: Sequence[float], zoned: Mapping[int, Sequence[int]], most: float = 1.0) -> None:
        """Ask for so many copies of each component from now on; `zoned` are those that stand already in each zone.

        Zones and pools may have `most` times as many as the rules say. What is asked of levels stays.
        """
        self.primal_feasible = False
        for c, row in self.rows.cover.items():
            high = self.rows.bounds[row][1]
            self.solver.changeRowBounds(row, float(required[c]), max(high, float(required[c])))
        for (c, z), row in self.rows.zone.items():
            low, high = self.rows.bounds[row]
            stands = zoned[c][z] if c in zoned else 0
            self.solver.changeRowBounds(row, max(0.0, low - stands), max(0.0, most * high - stands))
        self.cap_pools(most)

    def fix_zones(self, copies: Mapping[int, Sequence[float]]) -> None:
        """Have so many copies of these components in each zone, (zones,), from now on."""
        self.primal_feasible = False
        for c, by_zone in copies.items():
            for z, n in enumerate(by_zone):
                if (c, z) in self.rows.zone:
                    self.solver.changeRowBounds(self.rows.zone[c, z], n, n)

    def cap_pools(self, most: float) -> None:
        """Let pools have so many times as many copies as may be lost with one, from now on."""
        for (c, _), row in self.rows.pool.items():
            self.solver.changeRowBounds(row, -inf, most * self.relaxation.in_pool[c])

    def allow(self, limits: Sequence[Sequence[int]]) -> None:
        """Allow patterns of at most so many of each item, by device class; single items as often as allowed."""
        most = [0.0 if any(times > limits[q][i] for i, times in pattern) else inf for q, pattern in self.patterns]
        self.bound_columns([*self.patterns.values()], most)
        self.add_patterns(
            (device_class.index, {i: min(fits, limits[device_class.index][i])})
            for device_class in self.relaxation.device_classes
            for i, fits in enumerate(device_class.knapsack.limits)
            if fits and limits[device_class.index][i]
        )

    def set_domain(self, domain: NodeDomain) -> None:
        """Bound the machines of each pool and of each group, and sums of copies."""
        self.bound_columns(range(len(domain.most)), domain.most, domain.fewest)
        for s in domain.aggregates:
            if s not in self._sum:
                self._sum[s] = self._add_sum(s)
        for s, row in self._sum.items():
            low, high = domain.aggregates.get(s, (-inf, inf))
            self.solver.changeRowBounds(row, float(low), float(high))

    def limit(self, most: Sequence[float], fewest: Sequence[float] | None = None) -> None:
        """Allow so many machines of each pool, by default from none on."""
        self.bound_columns(range(len(most)), most, fewest)

    def limit_copies(self, most: Sequence[float]) -> None:
        """Allow so many copies by each mode; those that patterns are have no limits of their own."""
        self.bound_columns(self.modes, most)

    def bound_columns(
        self, columns: Sequence[int], most: Sequence[float], fewest: Sequence[float] | None = None
    ) -> None:
        """Bound columns, by default from 0 on."""
        self.primal_feasible = False
        low = np.zeros(len(columns)) if fewest is None else np.array(fewest, dtype=float)
        self.solver.changeColsBounds(len(columns), np.array(columns, dtype=np.int32), low, np.array(most, dtype=float))

    def _add_sum(self, s: int) -> int:
        """A row for a sum of copies, with columns that let it be missed at a penalty."""
        row = self.solver.add_row(
            -inf, inf, {self.modes[w]: 1.0 for w in self.relaxation.aggregates[s] if self.rows.takes(w)}
        )
        for sign in (1.0, -1.0):
            self._miss(row, sign)
        return row

    def _miss(self, row: int, sign: float) -> None:
        """A column that lets a row be missed at a penalty."""
        self.artificial.append(self.solver.add_column(self._penalty_of_copy(), inf, {row: sign}))

    def _penalty_of_copy(self) -> float:
        """Dollars per hour of a copy that a sum lacks or has too many."""
        if self._level is not None:
            return self._penalty
        return self._penalty * (max(pool.price for pool in self.relaxation.fleet.pools) + 1) / MICRO

    def raise_penalty(self, solution: PatternSolution) -> bool:
        """Make what is beyond the limits dearer; False when nothing is, or it is as dear as is numerically sound."""
        if not solution.uses_artificials or self._penalty >= _PARAMS.most_penalty:
            return False
        self._penalty *= _PARAMS.penalty
        costs = self._penalties()
        costs += [self._penalty_of_copy()] * (len(self.artificial) - len(costs))
        self.solver.changeColsCost(len(costs), np.array(self.artificial, dtype=np.int32), np.array(costs))
        return True

    def solve(self, seconds: float) -> PatternSolution | None:
        """Solve the LP; None when it has no solution, or none in time."""
        # New columns keep the last solution primal feasible, new limits keep it dual feasible, as no columns are.
        began = self.solver.getRunTime()
        for strategy in (_PRIMAL, _DUAL) if self.primal_feasible and self._solved else (_DUAL, _PRIMAL):
            self.solver.setOptionValue("simplex_strategy", strategy)
            limit_time(self.solver, began + seconds - self.solver.getRunTime())
            try:
                status = run(self.solver)
            except EngineError:
                continue
            if status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit):
                in_time = status == highspy.HighsModelStatus.kOptimal
                self._solved = self._solved or in_time
                return PatternSolution(self) if in_time else None
        return None

    def smoothed(self, best: Duals | None, duals: Duals) -> list[Duals]:
        """Dual points to price at, in turn until a column is found: Wentges-smoothed first, then the LP's own."""
        if best is None:
            return [duals]
        return [self.duals_at(_PARAMS.smoothing * best.rows + (1 - _PARAMS.smoothing) * duals.rows), duals]

    def duals_at(self, rows: Floats) -> Duals:
        """Dual prices by those of the rows, (rows,)."""
        return Duals(rows, self._item_values.at(rows))

    def dual_values(self, duals: Duals) -> DualValues:
        """Of copies and machines, at these duals."""
        fleet = self.relaxation.fleet
        copies = [
            float(duals.rows[self.rows.cover[c.index]]) if c.index in self.rows.cover else 0.0 for c in fleet.components
        ]
        columns = (self.rows.machine_column(pool.index) for pool in fleet.pools)
        machines = [sum(part * float(duals.rows[row]) for row, part in column) for column in columns]
        return DualValues(copies, machines)

    def saves(self, duals: Duals, q: int, items: Mapping[int, int], holder: int | None = None) -> bool:
        """Whether a pattern would make the LP's solution with these duals better; by default on empty accelerators."""
        value = sum(times * duals.items[q][i] for i, times in items.items())
        return self.beats(duals, self.rows.capacity[q] if holder is None else holder, value)

    def beats(self, duals: Duals, holder: int, value: float) -> bool:
        """Whether a column of such a value is worth more than the row of what holds it, to the LP's tolerance."""
        price = duals.rows[holder]
        return bool(value > price + ENOUGH * max(price, 1e-2))

    def prices(self, duals: Duals) -> Prices:
        """Duals as integer prices."""
        fleet, rows = self.relaxation.fleet, duals.rows
        size = {pool.index: volumes(fleet, pool.index) for pool in fleet.pools}
        return Prices(
            coverage=[[to_price(value) for value in items] for items in duals.items],
            capacity=[to_price(rows[row]) for row in self.rows.capacity],
            volume={(p, r): to_price(rows[row] / size[p][r], UNIT) for (p, r), row in self.rows.volume.items()},
            on_one={key: to_price(rows[row], UNIT) for key, row in self.rows.on_one.items()},
            level=[to_price(rows[self.rows.level[level]], UNIT) for level in sorted(self.rows.level)],
            group=[round(rows[row] * MICRO * UNIT) for row in self.rows.group],
            aggregates={s: round(rows[row] * MICRO * UNIT) for s, row in self._sum.items()},
            elsewhere={key: to_price(rows[row], UNIT) for key, row in self.rows.elsewhere.items()},
            limits=[
                to_price(-rows[row] / scale, UNIT)
                for row, (_, scale) in zip(self.rows.limit, self.rows.limits, strict=True)
            ],
            committed=[
                0 if commitment.money is None else min(UNIT, max(0, math.floor((1 + rows[row]) * UNIT)))
                for row, commitment in zip(self.rows.committed, fleet.commitments, strict=False)
            ],
        )


def to_price(dual: float, unit: int = SCALE) -> int:
    """Dollars as a whole number of 1 / unit micro-dollars, at least 0."""
    return max(0, math.floor(dual * MICRO * unit))
