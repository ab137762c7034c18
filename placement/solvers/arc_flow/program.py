r"""The program: machines, copies and flow in whole numbers, priced by machines.

Columns: :math:`n_{bs}` machines of supply s in block b; :math:`x_{cob}` copies of component c by option o on block b;
:math:`f_a` flow on arc a of a kind's graph. Rows:

- [balance k,v] what enters a node is at least what leaves it; machines enter at the top,
- [link k,s] copies of a size on blocks of a kind are at most the flow on the arcs of that size,
- [volume b,r] vCPUs, host memory, grid units (and share, where the grid does not hold it) of a block in aggregate,
- [cap c,b] with a cap per instance, copies are at most the cap times the machines,
- [cover c], [demand c], [level l] required copies, throughput, optional copies,
- [zone c,z], [spread c,z], [zones c] rules over zones: totals between a least and the least plus the skew, and how many
  zones are in use,
- [quota s] where several blocks draw on a supply.

It leaves out, for `decode` and `completion` to mend: which block of its kind an arc is on, vCPUs and host memory of
each single machine, `avoid`, and the caps of single machines.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import highspy
import numpy as np

from placement.solvers.arc_flow.graph import SPLIT
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from placement.compiled.fleet import Component, Option
    from placement.solvers.arc_flow.blocks import Block, Blocks
    from placement.solvers.arc_flow.graph import FlowGraph
    from placement.solvers.arc_flow.grid import Grid

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_INF = highspy.kHighsInf
MICRO = 1e6  # money is in dollars here


@dataclass(frozen=True, slots=True)
class Copies:
    """A column of copies: which way of which block it is, and its number among the columns."""

    column: int
    block: int
    way: int


class FlowProgram:
    """The program of a fleet on given grids.

    Attributes
    ----------
    machines : (block, supply) -> column. copies : all columns of copies. arcs : per kind, the column of its first arc.
    columns, rows : how many there are; flow_columns, flow_rows: of the graphs alone.
    """

    def __init__(self, blocks: Blocks, grids: Sequence[Grid]) -> None:
        """Write all columns, then all rows. O(columns + entries)."""
        self.blocks, self.grids = blocks, grids
        self._low: list[Floats] = []
        self._high: list[Floats] = []
        self.columns = 0
        self.flow_columns = sum(grid.arcs for grid in grids)
        self.flow_rows = sum(len(g.graph.nodes) + len(g.graph.sizes) for g in grids if g.graph is not None)
        self._row_low: list[float] = []
        self._row_high: list[float] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._single: list[tuple[int, int, float]] = []
        self.machines: dict[tuple[int, int], int] = {}
        self.copies: list[Copies] = []
        self.of_component: list[list[Copies]] = [[] for _ in blocks.fleet.components]
        self.arcs: list[int] = []
        self.spread: dict[int, int] = {}
        self.zone_used: dict[tuple[int, int], int] = {}
        self.level_rows: dict[int, int] = {}
        self._add_columns()
        self._add_machine_rows()
        self._add_component_rows()
        self.low, self.high = np.concatenate(self._low), np.concatenate(self._high)
        self.matrix = self._to_matrix()

    # -- writing

    def _column(self, low: float, high: float) -> int:
        return self._block_of_columns(np.array([low]), np.array([high]))

    def _block_of_columns(self, low: Floats, high: Floats) -> int:
        first = self.columns
        self._low.append(low)
        self._high.append(high)
        self.columns += len(low)
        return first

    def _row(self, low: float, high: float, terms: Iterable[tuple[int, float]] = ()) -> int:
        row = len(self._row_low)
        self._row_low.append(low)
        self._row_high.append(high)
        self._single.extend((row, column, value) for column, value in terms)
        return row

    def _add_columns(self) -> None:
        fleet = self.blocks.fleet
        for block in self.blocks.blocks:
            for s in block.supplies:
                most = self.blocks.supplies[s].most
                self.machines[block.index, s] = self._column(0.0, _INF if most is None else float(most))
            for w, way in enumerate(block.ways):
                found = Copies(self._column(0.0, float(fleet.components[way.component].copies)), block.index, w)
                self.copies.append(found)
                self.of_component[way.component].append(found)
        for kind, grid in zip(self.blocks.kinds, self.grids, strict=True):
            self.arcs.append(self.columns)
            if grid.graph is not None:
                self._block_of_columns(np.zeros(grid.graph.arcs), self._most_flow(kind, grid, grid.graph))

    def _most_flow(self, kind: Sequence[Block], grid: Grid, graph: FlowGraph) -> Floats:
        """(A,) no arc needs more flow than there are copies of its size."""
        number = {size: s for s, size in enumerate(graph.sizes)}
        options = {(way.component, way.option.index): way.option for block in kind for way in block.ways}
        most = np.zeros(len(graph.sizes) + 1)
        for (c, _), option in options.items():
            size = grid.size(option)
            if size is not None:
                most[number[size]] += self.blocks.fleet.components[c].copies
        most[SPLIT] = _INF
        found: Floats = most[graph.kinds]
        return found

    def _add_machine_rows(self) -> None:
        copies: list[list[Copies]] = [[] for _ in self.blocks.blocks]
        for c in self.copies:
            copies[c.block].append(c)
        for kind, grid in zip(self.blocks.kinds, self.grids, strict=True):
            if grid.graph is not None:
                self._add_flow(kind, grid, grid.graph, [c for block in kind for c in copies[block.index]])
            for block in kind:
                self._add_volumes(block, grid, copies[block.index])
                for c in copies[block.index]:
                    cap = self._component(c).max_per_instance
                    if cap is not None:
                        self._row(-_INF, 0.0, [(c.column, 1.0), *((n, -float(cap)) for n in self._machines(block))])
        for supply in self.blocks.supplies:
            columns = [column for (_, s), column in self.machines.items() if s == supply.index]
            most = _INF if supply.most is None else float(supply.most)
            if len(columns) > 1 or supply.fewest:
                self._row(float(supply.fewest), most, [(column, 1.0) for column in columns])

    def _machines(self, block: Block) -> list[int]:
        return [self.machines[block.index, s] for s in block.supplies]

    def _component(self, copies: Copies) -> Component:
        return self.blocks.fleet.components[self.blocks.blocks[copies.block].ways[copies.way].component]

    def _add_flow(self, kind: Sequence[Block], grid: Grid, graph: FlowGraph, copies: Sequence[Copies]) -> None:
        """Balance of each node, and a link for each size."""
        first_row, first_arc = len(self._row_low), self.arcs[kind[0].kind]
        self._row_low += [0.0] * len(graph.nodes)
        self._row_high += [_INF] * len(graph.nodes)
        for block in kind:
            row = first_row + graph.entry[block.shape.accelerators]
            self._single.extend((row, column, 1.0) for column in self._machines(block))
        arcs = first_arc + np.arange(graph.arcs)
        self._entries.append((first_row + graph.tails, arcs, np.full(graph.arcs, -1.0)))
        self._entries.append((first_row + graph.heads, first_arc + graph.head_arcs, np.ones(len(graph.heads))))
        links = len(self._row_low)
        self._row_low += [0.0] * len(graph.sizes)
        self._row_high += [_INF] * len(graph.sizes)
        on = np.flatnonzero(graph.kinds != SPLIT)
        self._entries.append((links + graph.kinds[on], arcs[on], np.ones(len(on))))
        number = {size: s for s, size in enumerate(graph.sizes)}
        for c in copies:
            size = grid.size(self._option(c))
            if size is not None:
                self._single.append((links + number[size], c.column, -1.0))

    def _add_volumes(self, block: Block, grid: Grid, copies: Sequence[Copies]) -> None:
        shape = block.shape
        options = [(c.column, self._option(c)) for c in copies]
        needs = [
            (shape.vcpus, [(column, o.vcpus) for column, o in options]),
            (shape.host_mib, [(column, o.host_mib) for column, o in options]),
        ]
        if not grid.shares_inside:
            shares = [(column, o.accelerators * (o.share if o.shared else WHOLE_SHARE)) for column, o in options]
            needs.append((shape.accelerators * WHOLE_SHARE, shares))
        if len(self.blocks.kinds[block.kind]) > 1:
            units = [(column, size.accelerators * size.weight) for column, o in options if (size := grid.size(o))]
            needs.append((shape.accelerators * grid.capacity, units))
        for room, terms in needs:
            if room > 0 and any(need for _, need in terms):
                used = [(column, -need / room) for column, need in terms if need]
                self._row(0.0, _INF, [*used, *((column, 1.0) for column in self._machines(block))])

    def _add_component_rows(self) -> None:
        fleet = self.blocks.fleet
        for component in fleet.components:
            mine = self.of_component[component.index]
            most = _INF if component.demand else float(component.copies)
            ones = [(c.column, 1.0) for c in mine]
            self._row(float(component.required), most, ones)
            if component.demand:
                rates = [(c.column, self._option(c).throughput / component.demand) for c in mine]
                self._row(1.0, _INF, rates)
            if component.has_zone_rules:
                self._add_zones(component, mine)
        for level in range(len(fleet.levels)):
            optional = [c for c in fleet.components if c.level == level]
            columns = [(c.column, 1.0) for component in optional for c in self.of_component[component.index]]
            self.level_rows[level] = self._row(-_INF, _INF, columns)

    def _option(self, copies: Copies) -> Option:
        return self.blocks.blocks[copies.block].ways[copies.way].option

    def _add_zones(self, component: Component, mine: Sequence[Copies]) -> None:
        """Rules over zone totals; those that depend on whether anything is placed at all are left to the completion."""
        in_zone = {
            z: [(c.column, 1.0) for c in mine if self.blocks.blocks[c.block].zone == z]
            for z in component.eligible_zones
        }
        certain = bool(component.required or component.demand)
        if component.max_skew is not None:
            least = self.spread[component.index] = self._column(0.0, float(component.copies))
            for terms in in_zone.values():
                self._row(0.0, float(component.max_skew), [*terms, (least, -1.0)])
        if component.max_per_zone is not None:
            for terms in in_zone.values():
                self._row(-_INF, float(component.max_per_zone), terms)
        if component.zone_loss_floor and certain:
            for z in in_zone:
                others = [term for other, terms in in_zone.items() if other != z for term in terms]
                self._row(float(component.zone_loss_floor), _INF, others)
        wanted = min(component.min_zones, max(component.required, int(bool(component.demand))))
        if wanted > 1:
            used = []
            for z, terms in in_zone.items():
                column = self.zone_used[component.index, z] = self._column(0.0, 1.0)
                self._row(0.0, _INF, [*terms, (column, -1.0)])
                used.append((column, 1.0))
            self._row(float(wanted), _INF, used)

    def _to_matrix(self) -> tuple[Ints, Ints, Floats]:
        """All entries, column by column: starts, rows, values."""
        single = np.array(self._single, dtype=np.float64).reshape(-1, 3)
        rows = np.concatenate([single[:, 0].astype(np.int64), *(entry[0] for entry in self._entries)])
        columns = np.concatenate([single[:, 1].astype(np.int64), *(entry[1] for entry in self._entries)])
        values = np.concatenate([single[:, 2], *(entry[2] for entry in self._entries)])
        height = len(self._row_low)
        key, place = np.unique(columns * height + rows, return_inverse=True)  # two heads of an arc may be one node
        summed: Floats = np.bincount(place, weights=values, minlength=len(key)).astype(np.float64)
        starts: Ints = np.searchsorted(key // height, np.arange(self.columns + 1)).astype(np.int64)
        within: Ints = (key % height).astype(np.int64)
        return starts, within, summed

    # -- handing over

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._row_low)

    def prices(self) -> Floats:
        """(columns,) dollars per hour."""
        cost = np.zeros(self.columns)
        for (_, s), column in self.machines.items():
            cost[column] = self.blocks.supplies[s].price / MICRO
        return cost

    def left_out(self, level: int) -> Floats:
        """(columns,) an objective that is least where most optional copies of a level are placed."""
        cost = np.zeros(self.columns)
        for component in self.blocks.fleet.components:
            if component.level == level:
                for c in self.of_component[component.index]:
                    cost[c.column] = -1.0
        return cost

    def to_lp(self, cost: Floats, placed: dict[int, int]) -> highspy.HighsLp:
        """The program for HiGHS; `placed` are the fewest copies of components with optional copies, by level."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.columns, self.rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, self.low, self.high
        low = np.array(self._row_low)
        for level, count in placed.items():
            low[self.level_rows[level]] = count
        lp.row_lower_, lp.row_upper_ = low, np.array(self._row_high)
        starts, rows, values = self.matrix
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = starts.astype(np.int32)
        lp.a_matrix_.index_ = rows.astype(np.int32)
        lp.a_matrix_.value_ = values
        lp.integrality_ = [highspy.HighsVarType.kInteger] * self.columns
        return lp

    def placed(self, values: Floats) -> Counter[int]:
        """Copies of each component in column values."""
        found: Counter[int] = Counter()
        for c, mine in enumerate(self.of_component):
            found[c] = sum(round(values[copies.column]) for copies in mine)
        return found

    def keeps_rows(self, values: Floats) -> bool:
        """Whether column values keep all bounds and rows but those of levels, to within a hair."""
        starts, rows, entries = self.matrix
        column = np.repeat(np.arange(self.columns), np.diff(starts))
        activity = np.bincount(rows, weights=entries * values[column], minlength=self.rows)
        inside = (activity >= np.array(self._row_low) - 1e-7) & (activity <= np.array(self._row_high) + 1e-7)
        return bool(inside.all() and (values >= self.low - 1e-9).all() and (values <= self.high + 1e-9).all())
