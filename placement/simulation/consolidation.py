"""Few moves that save money: the copies of machines that are little used go elsewhere, and the machines go.

Each machine in turn, the most wasteful first, then each two of the most wasteful: their copies are placed on other
machines in use, else on cheaper ones that are rented for them. That is done when the rent that is saved within the
payback time is more than the moves cost.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from placement.compiled.packing import Seat
from placement.demand.rows import Replanning
from placement.grouping import grouped
from placement.simulation.cluster import Cluster, Spot

_MICRO_HOURS = 1_000_000  # payback hours are kept in so many parts
_SINGLE, _PAIRED = 16, 6  # machines that are looked at one by one and more and more together, and two by two


class Consolidation:
    """What may be moved in a cluster, and for what."""

    def __init__(self, cluster: Cluster, replanning: Replanning, *, rent: bool = True) -> None:
        """With `rent`, machines may also give way to cheaper ones, and two are looked at together."""
        self._cluster = cluster
        self._payback = round(replanning.payback_hours * _MICRO_HOURS)
        self._most = replanning.max_moves
        self._rent = rent
        self._least = cluster.policy.least_cost

    def run(self, now: int) -> int:
        """Close what can be closed for its price; the copies that move. O(machines tried x copies x machines)."""
        moved = 0
        for rows in self._groups():
            count = sum(len(self._cluster.ws.seats[m]) for m in rows)
            if moved >= self._most:
                break
            if moved + count > self._most or not all(map(self._is_free, rows)):  # an earlier one may have moved there
                continue
            if self._close(rows, now):
                moved += count
        return moved

    def _groups(self) -> Iterator[tuple[int, ...]]:
        """Machines to look at together: those that cost most beyond what their copies cost where they are cheapest."""
        cluster, ws = self._cluster, self._cluster.ws
        waste = []
        for m, machine in cluster.ledger.rented.items():
            price = cluster.fleet.pools[machine.pool].price
            if price and self._is_free(m):
                waste.append((sum(self._least[seat.component] for seat in ws.seats[m]) - price, m))
        rows = [m for lost, m in sorted(waste)[:_SINGLE] if lost < 0]
        yield from ((m,) for m in rows)
        if self._rent:
            yield from combinations(rows[:_PAIRED], 2)
            yield from (tuple(rows[:size]) for size in range(3, len(rows) + 1))

    def _is_free(self, m: int) -> bool:
        """Whether every copy of row m is loaded and on no way."""
        cluster = self._cluster
        if not cluster.ws.seats[m] or cluster.ws.cordoned[m] or cluster.held(m):
            return False
        return not any((m, seat) in cluster.loading for seat in cluster.ws.seats[m])

    def _close(self, rows: tuple[int, ...], now: int) -> bool:
        """Move the copies of these rows elsewhere, if that pays for itself."""
        cluster, ws = self._cluster, self._cluster.ws
        old = [(m, seat) for m in rows for seat in ws.seats[m]]
        moves = sum(cluster.fleet.components[seat.component].move_cost for _, seat in old)
        price = sum(cluster.fleet.pools[int(ws.pool[m])].price for m in rows)
        mark, before = ws.mark(), ws.rented.price
        for m in rows:
            ws.cordoned[m] = True  # it takes nothing new, and keeps what is there until it has gone
        if self._place_all(old) and self._keeps_rules(old):
            saved = price - (ws.rented.price - before)
            if saved > 0 and saved * self._payback >= moves * _MICRO_HOURS:
                cluster.move(old, cluster.commit(mark, now, 0))
                return True
        ws.rollback(mark)
        for m in rows:
            ws.cordoned[m] = False
        return False

    def _place_all(self, old: Sequence[Spot]) -> bool:
        """A second place for each copy, biggest first."""
        ws = self._cluster.ws
        modes = ws.modes

        def size(spot: Spot) -> tuple[int, int]:
            mode = modes[spot[1].component][spot[1].option]
            return -mode.accelerators, -mode.memory_mib

        rows = grouped((seat.component, m) for m, seat in old)
        left = {c: len(found) for c, found in rows.items()}
        for m, seat in sorted(old, key=size):
            c = seat.component
            zone = ws.zone_of[int(ws.pool[m])] if self._cluster.fleet.components[c].has_zone_rules else -1
            if not self._place(c, zone, left[c], rows[c]):
                return False
            left[c] -= 1
        return True

    def _place(self, c: int, zone: int, left: int, leaving: list[int]) -> bool:
        """A second place for one of the `left` copies of c that have none yet, of those that leave the rows `leaving`.

        One with rules over zones goes where they are kept: its own zone first, then the others, and on a machine that
        is rented for it in its own zone alone.
        """
        cluster, ws = self._cluster, self._cluster.ws
        zones = [zone] if zone < 0 else [zone, *(z for z in range(len(cluster.fleet.zones)) if z != zone)]
        for z in zones:
            mark = ws.mark()
            for o, m in cluster.policy.machines(ws, c, z):
                accelerators = ws.seat_on(c, o, m)
                if accelerators is not None:
                    ws.place(Seat(c, o, accelerators), m)
                    break
            else:
                continue
            # Once the last one has its place, what is left without the old ones must keep the rules as well.
            if zone < 0 or cluster.keeps(c, leaving if left == 1 else ()):
                return True
            ws.rollback(mark)
        return self._rent_for(c, zone, left)

    def _rent_for(self, c: int, zone: int, left: int) -> bool:
        """A place for a copy on a new machine."""
        cluster, ws = self._cluster, self._cluster.ws
        choice = cluster.policy.rental(ws, c, left, zone) if self._rent else None
        if choice is None:
            return False
        m = ws.rent(choice[1])
        accelerators = ws.seat_on(c, choice[0], m)
        if accelerators is None:
            return False
        ws.place(Seat(c, choice[0], accelerators), m)
        return True

    def _keeps_rules(self, old: Sequence[Spot]) -> bool:
        """Whether rules over zones and losses hold, both while copies stand twice and once the old ones are gone.

        A component with such rules moves one group at a time, since others could leave before or after.
        """
        cluster = self._cluster
        return all(
            not cluster.has_rules(c)
            or (not cluster.is_moving(c) and cluster.keeps(c, [m for m, seat in old if seat.component == c]))
            for c in {seat.component for _, seat in old}
        )
