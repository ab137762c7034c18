"""Fill machines one by one, each accelerator with the copies of most value, and open all machines of that kind at once.

A construction for copies that share accelerators. `construct` chooses a machine for each copy; here the copies are
chosen for each machine. The biggest unplaced copy comes first, on the pool where a machine gets most value per dollar;
then pairs of copies that use the free memory beside it best. It is a shallow minimum bin slack search (Gupta and
Ho 1999, *A new heuristic algorithm for the one-dimensional bin-packing problem*, Prod. Plan. Control 10) around the
biggest item left (Fleszar and Hindi 2002, *New heuristics for one-dimensional bin-packing*, Comput. Oper. Res. 29).
The value of a copy is its price in the volume relaxation. A machine whose copies have too little value for its price is
not opened; its copies are left to the construction that follows.

Only copies without rules on zones are placed, by options that share accelerators; the workspace checks each seat.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from placement.arrays import Bools, Floats, Ints
from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.packing import Seat
from placement.heuristics.construct import supply
from placement.heuristics.greedy import Greedy
from placement.heuristics.parameters import BinFillingParameters as _PARAMS
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace


def fill_bins(ws: Workspace, policy: Greedy, shares: Shares) -> None:
    """Fill machines; components with zone rules, demand or machines of their own come first, by `policy`.

    What can't be placed, and copies of too little value for a machine, are left to `construct`.
    """
    for c in policy.order(ws, range(len(ws.fleet.components))):
        if not is_unrestricted(ws.fleet.components[c]):
            supply(ws, policy, c)
    filling = BinFilling(ws, policy, shares)
    filling.top_up()
    filling.open()


def may_fill_bins(fleet: Fleet) -> bool:
    """Whether any component can be placed here."""
    return any(is_unrestricted(component) for component in fleet.components)


def is_unrestricted(component: FleetComponent) -> bool:
    """Whether copies of the component are counted, free to stand in any zone, and may share accelerators."""
    return (
        not component.demand
        and not component.dedicated
        and not component.has_zone_rules
        and any(option.shared and option.accelerators for option in component.options)
    )


@dataclass(frozen=True, slots=True)
class _Range:
    """What may stand on a pool by options of one width, the least memory first; all arrays (N,)."""

    component: Ints
    option: Ints
    memory: Ints
    vcpus: Ints
    host: Ints
    dual_values: Floats


class BinFilling:
    """One filling of a workspace; `left` (C,) counts the copies that it may still place."""

    def __init__(self, ws: Workspace, policy: Greedy, shares: Shares) -> None:
        """Count what is missing. O(components)."""
        self.ws, self.policy = ws, policy
        self.left: Ints = np.array(
            [max(0, c.required - ws.placed[c.index]) if is_unrestricted(c) else 0 for c in ws.fleet.components],
            dtype=np.int64,
        )
        self._dual_values = np.array(policy.dual_values)
        self._first = shares.first
        self._ranges: dict[int, dict[int, _Range]] = {}  # by pool
        self._ranged = 0  # components that they are of
        self._lasting = self.left
        self._keep_for_good()

    def _keep_for_good(self) -> None:
        """Keep the copies placed so far, as no trial; drop arrays once most of their components have no copies left."""
        self._lasting = self.left.copy()
        some = int(np.count_nonzero(self._lasting))
        if not self._ranges or some < _PARAMS.thin * self._ranged:
            self._ranges, self._ranged = {}, some

    def top_up(self) -> None:
        """Fill the room on machines in use."""
        ws = self.ws
        n = ws.rows
        for m in np.flatnonzero(ws.busy[:n] & ~ws.cordoned[:n] & (ws.owner[:n] == -1)).tolist():
            if not self.left.any() or ws.out_of_time():
                return
            self._fill_rest(m, range(self._accelerators(int(ws.pool[m]))))

    def open(self) -> None:
        """Open machines, each for a copy of the biggest component left, as long as the copies have enough value."""
        for c in sorted(np.flatnonzero(self.left).tolist(), key=lambda c: -self.policy.size[c]):
            while self.left[c] > 0 and not self.ws.out_of_time():
                if not self._open_for(c):
                    break

    def _pools(self, c: int, most: int) -> list[tuple[int, int]]:
        """(option, pool) with quota left, one for each pool, the least share of the price first; at most `most`."""
        found: dict[int, tuple[float, int]] = {}
        for o, mode in enumerate(self.ws.modes[c]):
            pools = self.ws.rentals(c, o) if mode.shared and mode.accelerators else ()
            if len(pools):
                cost = self.policy.cost[self._first[c] + o, pools]
                # More than `most` pools of one option are needed only where pools are equally cheap.
                for k in np.flatnonzero(cost <= np.partition(cost, min(most, len(cost)) - 1)[min(most, len(cost)) - 1]):
                    p = int(pools[k])
                    if p not in found or cost[k] < found[p][0]:
                        found[p] = float(cost[k]), o
        return [(o, p) for p, (_, o) in sorted(found.items(), key=lambda item: item[1])[:most]]

    def _accelerators(self, p: int) -> int:
        return self.ws.fleet.pools[p].shape.accelerators

    # -- one machine

    def _open_for(self, c: int) -> bool:
        """Open the machine with most value per dollar around copies of c, and others like it; False if none pays."""
        self._keep_for_good()
        ws, mark, before = self.ws, self.ws.mark(), self._lasting
        best: tuple[float, int, int, list[Seat]] | None = None  # value per dollar, pool, row, what is on it
        stands = False  # whether the best is what stands there now
        for o, p in self._pools(c, _PARAMS.pools):
            ws.rollback(mark)
            self.left[:] = before
            price = int(ws.rented.next_price[p])
            m = ws.rent(p)
            seats = self._filling(c, o, m)
            gain = float(self._dual_values @ (before - self.left)) / max(1, price)
            stands = bool(seats) and gain >= _PARAMS.least and (best is None or gain > best[0])
            if stands:
                best = gain, p, m, seats
        self.left[:] = before
        if best is None:
            ws.rollback(mark)
            return False
        _, p, m, seats = best
        if not stands:
            ws.rollback(mark)
            m = ws.rent(p)
            for seat in seats:
                ws.place(seat, m)
        used = Counter(seat.component for seat in seats)
        times = ws.alike(m, min((int(self.left[c]) - n) // n for c, n in used.items()))
        if times:
            ws.open_alike(m, times)
        for c, n in used.items():
            self.left[c] -= (1 + times) * n
        return True

    def _filling(self, c: int, o: int, m: int) -> list[Seat]:
        """Fill the empty row m around copies of c; returns what is on it, nothing if no copy of c can be."""
        ws = self.ws
        width, count = ws.modes[c][o].accelerators, self._accelerators(int(ws.pool[m]))
        first = 0
        while first + width <= count:
            group = range(first, first + width)
            if not self._put(Seat(c, o, tuple(group)), m):
                break
            self._fill_rest(m, group)
            first += width
        if first:
            self._fill_rest(m, range(first, count))
        return list(ws.seats[m])

    def _fill_rest(self, m: int, span: range) -> None:
        """Fill a span of accelerators, by the widest copies first."""
        ranges = self._ranges_of(int(self.ws.pool[m]))
        for width in sorted(ranges, reverse=True):
            for first in range(span.start, span.stop - width + 1, width):
                self._fill_group(ranges[width], m, tuple(range(first, first + width)))

    def _fill_group(self, range_: _Range, m: int, group: tuple[int, ...]) -> None:
        """Fill accelerators with copies that take all of them, within their part of what else is free."""
        ws = self.ws
        part = len(group) / (self._accelerators(int(ws.pool[m])) - group[0])
        vcpus, host = int(ws.vcpus[m] * part), int(ws.host[m] * part)
        open_ = self._welcome(range_, m)
        while True:
            free_memory = min(int(ws.free_memory[m, k]) for k in group)
            fits = (range_.memory <= free_memory) & (range_.vcpus <= vcpus) & (range_.host <= host) & open_
            index = np.flatnonzero(fits)
            if not len(index):
                return
            n = self._best_of_pairs(range_, index, free_memory, vcpus, host)
            c = int(range_.component[n])
            if not self._put(Seat(c, int(range_.option[n]), group), m):
                open_[n] = False
                continue
            vcpus -= int(range_.vcpus[n])
            host -= int(range_.host[n])
            open_[n] = self.left[c] > 0

    def _welcome(self, range_: _Range, m: int) -> Bools:
        """(N,) which components have copies left and are not kept away by those that stand on row m."""
        open_: Bools = self.left[range_.component] > 0
        components = self.ws.fleet.components
        kept_away = {other for c in self.ws.kinds[m] for other in components[c].avoids}
        if kept_away:
            away = np.zeros(len(components), dtype=np.bool_)
            away[list(kept_away)] = True
            open_ &= ~away[range_.component]
        return open_

    def _best_of_pairs(self, range_: _Range, index: Ints, free_memory: int, vcpus: int, host: int) -> int:
        """The more valuable copy of the pair that has most value together, of those at `index`. O(n log n).

        The partner looked at is the most valuable that fits by memory; when it needs too much else there is none.
        """
        memory, dual_values = range_.memory[index], range_.dual_values[index]
        own = np.arange(len(index))
        last = np.searchsorted(memory, free_memory - memory, side="right") - 1
        most_valuable = np.maximum.accumulate(np.where(dual_values >= np.maximum.accumulate(dual_values), own, 0))
        partner = most_valuable[np.maximum(last, 0)]
        needs, hosts = range_.vcpus[index], range_.host[index]
        paired = (last >= 0) & (needs + needs[partner] <= vcpus) & (hosts + hosts[partner] <= host)
        paired &= (partner != own) | (self.left[range_.component[index]] > 1)
        first = int((dual_values + np.where(paired, dual_values[partner], 0.0)).argmax())
        second = int(partner[first])
        return int(index[second if paired[first] and dual_values[second] > dual_values[first] else first])

    def _put(self, seat: Seat, m: int) -> bool:
        if self.left[seat.component] <= 0 or not self.ws.can_stand(seat, m):
            return False
        self.ws.place(seat, m)
        self.left[seat.component] -= 1
        return True

    # -- what there is

    def _ranges_of(self, p: int) -> dict[int, _Range]:
        """Per width what may stand on pool p, each component by its cheapest option there."""
        if p not in self._ranges:
            rows: dict[int, list[tuple[int, ...]]] = {}
            for c in np.flatnonzero(self._lasting).tolist():
                modes = [
                    (float(self.policy.cost[self._first[c] + o, p]), o)
                    for o, mode in enumerate(self.ws.modes[c])
                    if mode.shared and mode.accelerators and self.ws.reach[c][o].allowed[p]
                ]
                if modes:
                    o = min(modes)[1]
                    mode = self.ws.modes[c][o]
                    rows.setdefault(mode.accelerators, []).append((mode.memory_mib, c, o, mode.vcpus, mode.host_mib))
            self._ranges[p] = {width: self._range(sorted(found)) for width, found in rows.items()}
        return self._ranges[p]

    def _range(self, rows: list[tuple[int, ...]]) -> _Range:
        memory, component, option, vcpus, host = np.array(rows, dtype=np.int64).T.copy()
        return _Range(component, option, memory, vcpus, host, self._dual_values[component])
