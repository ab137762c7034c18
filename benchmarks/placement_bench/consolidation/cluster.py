"""A cluster as its scheduler sees it: copies stand on machines, start where the most is allocated, and are evicted.

What is known here is what a Kubernetes cluster can be told: the needs of a copy, accelerators with their memory (as
HAMi or dynamic resource allocation have it), labels that say where it may run, the most of its like on a node, pods
that keep each other away, taints of dedicated nodes, topology spread over zones, pinned pods. Not known is what is
left when a zone is lost: no rule of a scheduler says that.

Where the documentation leaves a choice, the one that costs less is taken, so that nobody is made to look bad:

- a copy may run by any of its options, the cheapest first, as a list of alternatives would have it;
- required copies start before optional ones, and a copy that is one too many goes where its rules hold without it;
- a new machine is the one that costs least per copy of those that wait.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.packing import Seat
from placement.compiled.spread import keeps_zone_rules
from placement.errors import UsageError
from placement.heuristics.best_fit import BestFit
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.running_state.as_plan import running_plan
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt

    from placement.compiled.fleet import Fleet

    Floats = npt.NDArray[np.float64]
    Rows = npt.NDArray[np.int64]

ANY = -1  # zone


class Cluster:
    """Copies on machines, as `Workspace` keeps them, and the scheduler.

    Attributes
    ----------
    moved : evictions of copies that started again elsewhere.
    keeps_option : an evicted copy starts again by the option it ran by, as a pod's specification is fixed.
    """

    def __init__(self, fleet: Fleet, *, keeps_option: bool = False) -> None:
        """Nothing runs. O(components x options x pools).

        Raises
        ------
        UsageError
            Components follow a demand: a platform is told copies.
        """
        if any(component.demand for component in fleet.components):
            raise UsageError("baselines are told how many copies run; this problem has a demand")
        self.fleet, self.keeps_option = fleet, keeps_option
        self.ws = Workspace(fleet)
        self.policy = BestFit(self.ws, Shares(fleet))
        self.moved = 0
        shapes = [pool.shape for pool in fleet.pools]
        self._room = np.array([(s.vcpus, s.host_mib, s.accelerators) for s in shapes], dtype=np.float64).reshape(-1, 3)
        self._memory = np.array([s.memory_mib for s in shapes], dtype=np.float64)
        self._spare: dict[int, int] = {}

    # -- what runs now

    def load_running(self) -> None:
        """Put every copy where it runs, but for those on draining machines and those that no machine can hold."""
        index = {component.name: component.index for component in self.fleet.components}
        rows = {instance.id: instance.index for instance in self.fleet.instances}
        for copy in running_plan(self.fleet.problem).plan.assignments:
            m = rows.get(copy.instance)
            if m is None:
                continue
            seat = Seat(index[copy.component], copy.option, tuple(sorted(copy.accelerators)))
            if self.ws.can_stand(seat, m):
                self.ws.place(seat, m)

    def settle(self) -> None:
        """Stop copies that are too many, start those that are missing: what happens before anything is consolidated."""
        for component in self.fleet.components:
            while self.ws.placed[component.index] > component.copies and self._stop_one(component.index):
                pass
        components = self.fleet.components
        first = [c.index for c in components for _ in range(max(0, c.required - self.ws.placed[c.index]))]
        self.start(first)
        self.start([c.index for c in components for _ in range(max(0, c.copies - self.ws.placed[c.index]))])
        self.ws.forget()

    def _stop_one(self, c: int) -> bool:
        """Stop one copy of c, on the machine with the fewest copies among those that its spread lets go."""
        ws, component = self.ws, self.fleet.components[c]
        found: list[tuple[bool, int, int, Seat]] = []
        for m in ws.where[c]:
            counts = list(ws.zoned[c])
            counts[ws.zone_of[int(ws.pool[m])]] -= 1
            spread = keeps_zone_rules(component, counts)
            found += [(not spread, len(ws.seats[m]), m, s) for s in set(ws.seats[m]) if s.component == c]
        found.sort()
        seat_of = next(((m, seat) for *_, m, seat in found if ws.is_movable(seat, m)), None)
        if seat_of is None:
            return False
        ws.remove(seat_of[1], seat_of[0])
        return True

    # -- the scheduler

    def start(self, components: Sequence[int]) -> list[int]:
        """Start a copy for each entry, most urgent and biggest first, on new machines too; those that found no room."""
        left = Counter(components)
        priority = [row.priority for row in self.fleet.problem.components]
        out = []
        for c in sorted(components, key=lambda c: (-priority[c], *self.size(c, 0), c)):
            if not self.place(c) and not self._rent_for(c, left[c]):
                out.append(c)
            left[c] -= 1
        return out

    def size(self, c: int, o: int) -> tuple[int, int]:
        """By what pods are sorted: processors, then memory, most first; accelerators are no key."""
        option = self.fleet.components[c].options[o]
        return -option.vcpus, -option.host_mib

    def options(self, c: int, o: int) -> Sequence[int]:
        """By which options a copy that ran by `o` may start again."""
        return [o] if self.keeps_option else self.policy.options_of[c]

    def place(self, c: int, options: Sequence[int] | None = None, among: Collection[int] | None = None) -> bool:
        """Start a copy of c on a machine that is in use, the one of which the most is allocated then; False: no room.

        `among`: only machines of these rows.
        """
        for o in self.policy.options_of[c] if options is None else options:
            rows = self.fitting(c, o)
            if among is not None:
                rows = np.array([m for m in rows.tolist() if m in among], dtype=np.int64)
            if len(rows):
                m = int(rows[int(np.argmax(self.score(c, o, rows)))])
                return self.put(c, o, m)
        return False

    def fitting(self, c: int, o: int) -> Rows:
        """Rows in use where a copy can start now: its needs, the rules of the machine, and its spread over zones."""
        ok = self.ws.fits(c, o)
        zones = self.open_zones(c)
        if zones is not None:
            ok &= np.isin(self.ws.zone_of_pool[self.ws.pool[: self.ws.rows]], zones)
        rows: Rows = np.flatnonzero(ok)
        return rows

    def put(self, c: int, o: int, m: int) -> bool:
        """Start a copy on row m, if it can stand there."""
        accelerators = self.ws.seat_on(c, o, m)
        if accelerators is None:
            return False
        self.ws.place(Seat(c, o, accelerators), m)
        return True

    def open_zones(self, c: int) -> list[int] | None:
        """Zones that topology spread lets one more copy of c start in; None for all.

        As `whenUnsatisfiable: DoNotSchedule` has it, the skew is looked at as a pod starts, and only then. A component
        that wants several zones gets a new one with each copy until it has as many.
        """
        component, counts = self.fleet.components[c], self.ws.zoned[c]
        if component.max_skew is None and component.min_zones <= 1 and component.max_per_zone is None:
            return None
        zones = component.eligible_zones
        least = min((counts[z] for z in zones), default=0)
        few = sum(n > 0 for n in counts) < component.min_zones
        return [
            z
            for z in zones
            if (component.max_skew is None or counts[z] + 1 - least <= component.max_skew)
            and (component.max_per_zone is None or counts[z] < component.max_per_zone)
            and not (few and counts[z])
        ]

    def used(self, rows: Rows) -> Floats:
        """(rows, 3) parts of processors, memory and accelerators that are asked for; 0 where a machine has none."""
        ws, pools = self.ws, self.ws.pool[rows]
        room, memory = self._room[pools], self._memory[pools, None]
        free = np.empty((len(rows), 3))
        free[:, 0], free[:, 1] = ws.vcpus[rows], ws.host[rows]
        by_memory = np.divide(ws.free_memory[rows], memory, out=np.ones((len(rows), ws.width)), where=memory > 0)
        by_share = ws.share[rows] / WHOLE_SHARE
        there = np.arange(ws.width) < room[:, 2:]
        owned = (ws.free_memory[rows] < 0) & there
        free[:, 2] = np.where(there & ~owned, np.minimum(by_memory, by_share), 0.0).sum(axis=1)
        return np.divide(room - free, room, out=np.zeros_like(room), where=room > 0)

    def score(self, c: int, o: int, rows: Rows) -> Floats:
        """(rows,) mean part that is allocated once the copy stands there: the scheduler's `MostAllocated`."""
        option, pools = self.fleet.components[c].options[o], self.ws.pool[rows]
        room, memory = self._room[pools], self._memory[pools]
        takes = np.empty((len(rows), 3))
        takes[:, 0], takes[:, 1] = option.vcpus, option.host_mib
        part = np.divide(option.memory_mib, memory, out=np.zeros(len(rows)), where=memory > 0)
        takes[:, 2] = option.accelerators * (np.maximum(part, option.share / WHOLE_SHARE) if option.shared else 1.0)
        after = self.used(rows) + np.divide(takes, room, out=np.zeros_like(room), where=room > 0)
        mean: Floats = after.mean(axis=1)
        return mean

    def _rent_for(self, c: int, left: int) -> bool:
        """Start a copy of c on one more machine, in a zone with the fewest of its like."""
        zones = self.open_zones(c)
        for zone in [ANY] if zones is None else sorted(zones, key=lambda z: self.ws.zoned[c][z]):
            choice = self.policy.rental(self.ws, c, left, zone)
            if choice is not None and self.put(c, choice[0], self.ws.rent(choice[1])):
                return True
        return False

    # -- machines go and come

    def new_row(self, p: int) -> int:
        """A machine of pool p that does not run yet; it counts once something stands there."""
        m = self._spare.get(p)
        if m is None or self.ws.busy[m] or self.ws.cordoned[m]:
            m = self._spare[p] = self.ws.open_row(p)
        return m

    def evict_all(self, rows: Collection[int]) -> list[Seat]:
        """Take every copy off these machines, which take no others from now on; the copies, biggest first."""
        found = []
        for m in rows:
            self.ws.cordoned[m] = True
            for seat in list(self.ws.seats[m]):
                self.ws.remove(seat, m)
                found.append(seat)
        return sorted(found, key=lambda seat: (*self.size(seat.component, seat.option), seat))
