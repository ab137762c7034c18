"""Few moves that save money: the copies of a machine that is little used go elsewhere, and the machine goes.

Each machine in turn, emptiest first: its copies are placed on other machines in use, else on cheaper ones that are
rented for them. That is done when the rent that is saved within the payback time is more than the moves cost.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from placement.compiled.packing import Seat
from placement.compiled.spread import keeps_zone_rules

if TYPE_CHECKING:
    from placement.demand.rows import Replanning
    from placement.simulation.cluster import Cluster

_MICRO_HOURS = 1_000_000  # payback hours are kept in so many parts


class Consolidation:
    """What may be moved in a cluster, and for what."""

    def __init__(self, cluster: Cluster, replanning: Replanning, *, rent: bool = True, tries: int = 12) -> None:
        """With `rent`, a machine may also give way to cheaper ones; `tries` machines are looked at each time."""
        self._cluster = cluster
        self._payback = round(replanning.payback_hours * _MICRO_HOURS)
        self._most = replanning.max_moves
        self._rent, self._tries = rent, tries

    def run(self, now: int) -> int:
        """Close what can be closed for its price; the copies that move. O(tries x copies x machines)."""
        moved = tried = 0
        for m in self._candidates():
            if tried >= self._tries or moved >= self._most:
                break
            count = len(self._cluster.ws.seats[m])
            if moved + count > self._most or not self._is_free(m):  # an earlier one may have moved copies there
                continue
            tried += 1
            if self._close(m, now):
                moved += count
        return moved

    def _candidates(self) -> list[int]:
        """Machines in use, the one that is paid most for what is left unused first."""
        cluster, ws = self._cluster, self._cluster.ws
        found = []
        for m, machine in cluster.ledger.rented.items():
            pool = cluster.fleet.pools[machine.pool]
            if ws.seats[m] and pool.price and not ws.cordoned[m]:
                found.append((-pool.price * (1.0 - self._fullness(m)), m))
        return [m for _, m in sorted(found)]

    def _fullness(self, m: int) -> float:
        """The largest part of a resource of row m that is taken, accelerators before the host's."""
        ws, pool = self._cluster.ws, self._cluster.fleet.pools[int(self._cluster.ws.pool[m])]
        shape = pool.shape
        if not shape.accelerators or not shape.memory_mib:
            return 1.0 - int(ws.vcpus[m]) / max(1, shape.vcpus)
        free: int = sum(max(0, room) for room in ws.free_memory[m].tolist()[: shape.accelerators])
        return 1.0 - free / (shape.accelerators * shape.memory_mib)

    def _is_free(self, m: int) -> bool:
        """Whether every copy of row m is loaded and on no way."""
        cluster = self._cluster
        if cluster.held(m) or cluster.ledger.rented[m].release is not None:
            return False
        return not any((m, seat) in cluster.loading for seat in cluster.ws.seats[m])

    def _close(self, m: int, now: int) -> bool:
        """Move the copies of row m elsewhere, if that pays for itself."""
        cluster, ws = self._cluster, self._cluster.ws
        old = list(ws.seats[m])
        moves = sum(cluster.fleet.components[seat.component].move_cost for seat in old)
        price = cluster.fleet.pools[int(ws.pool[m])].price
        mark, before = ws.mark(), ws.rented.price
        ws.cordoned[m] = True  # it takes nothing new, and keeps what is there until it has gone
        if self._place_all(m, old) and self._keeps_rules(m, old):
            saved = price - (ws.rented.price - before)
            if saved > 0 and saved * self._payback >= moves * _MICRO_HOURS:
                cluster.move([(m, seat) for seat in old], cluster.commit(mark, now, 0))
                return True
        ws.rollback(mark)
        ws.cordoned[m] = False
        return False

    def _place_all(self, m: int, old: list[Seat]) -> bool:
        """A second place for each copy, biggest first."""
        ws = self._cluster.ws
        modes = ws.modes
        order = sorted(old, key=lambda seat: (-modes[seat[0]][seat[1]].accelerators, -modes[seat[0]][seat[1]].memory))
        zone = ws.zone_of[int(ws.pool[m])]
        left = Counter(seat.component for seat in old)
        for seat in order:
            c = seat.component
            where = zone if self._cluster.fleet.components[c].has_zone_rules else -1
            if not self._place(c, where, left[c]):
                return False
            left[c] -= 1
        return True

    def _place(self, c: int, zone: int, left: int) -> bool:
        cluster, ws = self._cluster, self._cluster.ws
        for o, m in cluster.policy.machines(ws, c, zone):
            accelerators = ws.seat_on(c, o, m)
            if accelerators is not None:
                ws.place(Seat(c, o, accelerators), m)
                return True
        choice = cluster.policy.rental(ws, c, left, zone) if self._rent else None
        if choice is None:
            return False
        m = ws.rent(choice[1])
        accelerators = ws.seat_on(c, choice[0], m)
        if accelerators is None:
            return False
        ws.place(Seat(c, choice[0], accelerators), m)
        return True

    def _keeps_rules(self, m: int, old: list[Seat]) -> bool:
        """Whether rules over zones and losses hold, both while copies stand twice and once the old ones are gone."""
        cluster, ws = self._cluster, self._cluster.ws
        for c, count in Counter(seat.component for seat in old).items():
            component = cluster.fleet.components[c]
            if not cluster.keeps(c):
                return False
            counts = list(ws.zoned[c])
            counts[ws.zone_of[int(ws.pool[m])]] -= count
            if not keeps_zone_rules(component, counts):
                return False
            if (component.pool_loss_floor or component.instance_loss_floor) and not self._keeps_after(m, c, old):
                return False
        return True

    def _keeps_after(self, m: int, c: int, old: list[Seat]) -> bool:
        ws, mark = self._cluster.ws, self._cluster.ws.mark()
        for seat in old:
            if seat.component == c:
                ws.remove(seat, m)
        kept = self._cluster.keeps(c)
        ws.rollback(mark)
        return kept
