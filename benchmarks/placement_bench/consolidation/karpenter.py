"""Karpenter's consolidation (`WhenEmptyOrUnderutilized`), written from its documentation.

Again and again until nothing is found: machines without copies go; then several machines at once, then one. What goes
must be empty of pinned copies, every copy on it must find room on other machines and at most one new one, and that one
must be cheaper than what goes. Machines are looked at by what their disruption costs, least first.

- Several at once: of at most 100 candidates the longest prefix that can go, by binary search. So no subset that is not
  a prefix is seen, no two new machines, and no copy changes places with another.
- The new machine in place of several is of none of their types, unless it costs less: else it were enough to keep one.
- Spot for spot, one for one, only where 15 cheaper instance types could take the copies.
- A copy that must stay (`karpenter.sh/do-not-disrupt`) or a component at its least (a PodDisruptionBudget that allows
  no disruption) holds its machine.
- Budgets bound how many machines go at once; here, as many as are found.

What differs, all in Karpenter's favour: copies are placed where the most is allocated and not where room is first met;
after something was found, single machines are looked at from there on, and not from the first again, until a whole
round finds nothing; no time limit ends a round.

.. [1] https://karpenter.sh/docs/concepts/disruption/ (consolidation, spot consolidation, budgets, pod-level controls).
.. [2] kubernetes-sigs/karpenter, designs/consolidation.md, designs/balanced-consolidation.md (disruption cost).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from placement.compiled.fleet import FleetOption
    from placement.compiled.packing import Seat
    from placement_bench.consolidation.cluster import Cluster

Action = TypeVar("Action")
Turn = tuple[float, int]  # what disrupting a single machine costs, and the machine: single ones are looked at in order

FIRST: Turn = (-1.0, -1)  # before all machines
MOST_CANDIDATES = 100
SPOT_TYPES = 15  # cheaper instance types without which spot is not replaced by spot
SPOT_LABELS = ("karpenter.sh/capacity-type", "capacity_type", "purchase")
_PRIORITY = 2**25  # priorities that weigh as much as one copy
_COST = 10.0  # most and least that one copy's disruption costs, the latter negative


@dataclass(frozen=True, slots=True)
class Disruption:
    """What may be disrupted.

    Attributes
    ----------
    at_once : the most machines that go in one action, None for no limit beside that of candidates.
    floors : by component, copies that must run at any time; one that has no more than these holds its machines.
    """

    at_once: int | None = None
    floors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConsolidationAction:
    """Machines that went, by row, the copies that moved, and the pool of the machine that came in their place."""

    gone: tuple[int, ...]
    moved: int
    new_pool: int | None


def longest_prefix(most: int, goes: Callable[[int], bool]) -> int:
    """How many of the first candidates, at least two, can go at once, as binary search finds it; 0 for none."""
    low, high, best = 2, most, 0
    while low <= high:
        count = (low + high) // 2
        if goes(count):
            best, low = count, count + 1
        else:
            high = count - 1
    return best


def in_turns(
    several: Callable[[], Action | None], single: Callable[[Turn], tuple[Action, Turn] | None]
) -> Iterator[Action]:
    """What is done until nothing is found: several machines at once, else the first single one after the last.

    A whole round of single machines has to find nothing; after several went at once, the next round begins anew.
    """
    after = FIRST
    while True:
        action = several()
        if action is not None:
            after = FIRST
            yield action
            continue
        found = single(after)
        if found is None and after != FIRST:
            found = single(FIRST)
        if found is None:
            return
        action, after = found
        yield action


def _least(options: Sequence[FleetOption]) -> tuple[int, int, int]:
    """Processors, memory and whole accelerators that a copy takes at least, whichever option it runs by."""
    return (
        min(option.vcpus for option in options),
        min(option.host_mib for option in options),
        min(0 if option.shared else option.accelerators for option in options),
    )


class Karpenter:
    """Consolidation of one cluster."""

    def __init__(self, cluster: Cluster, limits: Disruption | None = None) -> None:
        """Nothing is looked at yet; machines without copies go as they become empty."""
        self.cluster, self.ws = cluster, cluster.ws
        limits = Disruption() if limits is None else limits
        self._at_once = limits.at_once
        names = {component.name: component.index for component in cluster.fleet.components}
        self._floor = {names[name]: least for name, least in limits.floors.items()}
        self._priority = [row.priority for row in cluster.fleet.problem.components]
        self._spot = [
            any(pool.labels.get(label) == "spot" for label in SPOT_LABELS) for pool in cluster.fleet.problem.pools
        ]
        self._type = [pool.instance_type for pool in cluster.fleet.problem.pools]
        self._least = [_least(component.options) for component in cluster.fleet.components]
        self._held = {place.instance for place in cluster.fleet.places if place.pinned}

    def run(self) -> list[ConsolidationAction]:
        """Consolidate until nothing is found; what was done, in order."""
        return list(in_turns(self._several, self._single))

    # -- which

    def candidates(self) -> list[int]:
        """Machines that may go, least disruption first, the dearer of equals first."""
        price = [pool.price for pool in self.cluster.fleet.pools]
        rows = [m for m in range(self.ws.rows) if self.ws.seats[m] and self._may_go(m)]
        return sorted(rows, key=lambda m: (self.disruption(m), -price[int(self.ws.pool[m])], m))

    def disruption(self, m: int) -> float:
        """What it costs to disrupt row m: about one for each copy, more for those of high priority."""
        return sum(max(-_COST, min(_COST, 1 + self._priority[seat.component] / _PRIORITY)) for seat in self.ws.seats[m])

    def _may_go(self, m: int) -> bool:
        ws = self.ws
        if ws.is_forced(m) or (ws.instance[m] >= 0 and int(ws.instance[m]) in self._held):
            return False
        return all(ws.placed[c] > self._floor.get(c, 0) for c in ws.kinds[m])

    def _several(self) -> ConsolidationAction | None:
        """The longest prefix of the candidates that can go, of two at least, as binary search finds it."""
        rows = self.candidates()[:MOST_CANDIDATES]
        if self._at_once is not None:
            rows = rows[: self._at_once]
        best = longest_prefix(len(rows), lambda count: self._remove(rows[:count], keep=False) is not None)
        return self._remove(rows[:best], keep=True) if best else None

    def _single(self, after: Turn) -> tuple[ConsolidationAction, Turn] | None:
        """The first machine after the given one that can go."""
        if self._at_once == 0:
            return None
        for m in self.candidates():
            place = self.disruption(m), m
            if place > after:
                action = self._remove([m], keep=True)
                if action is not None:
                    return action, place
        return None

    # -- whether, and how

    def _remove(self, rows: Sequence[int], *, keep: bool) -> ConsolidationAction | None:
        """What happens when these machines go; None when they can't. Done where `keep` says so, else undone."""
        ws, mark, before = self.ws, self.ws.mark(), self.ws.rented.price
        was = [bool(ws.cordoned[m]) for m in rows]
        seats = self.cluster.evict_all(rows)
        left = self._unplaced(rows, seats)
        pool = self._replace(rows, left) if left else None
        paid = ws.rented.price
        found = None
        if (paid < before and pool is not None) or (paid <= before and not left):
            found = ConsolidationAction(tuple(rows), len(seats), pool)
        if found is None or not keep:
            ws.rollback(mark)
            for m, cordoned in zip(rows, was, strict=True):
                ws.cordoned[m] = cordoned
        else:
            self.cluster.moved += len(seats)
            ws.forget()
        return found

    def _unplaced(self, rows: Collection[int], seats: Sequence[Seat]) -> list[Seat]:
        """Place what fits on other machines; the others, or the first ones of them that no one machine can hold."""
        pools = self.cluster.fleet.pools
        most = sum(pools[int(self.ws.pool[m])].price for m in rows)
        shapes = [pool.shape for pool in pools if pool.price < most]
        room = [
            max((getattr(shape, name) for shape in shapes), default=0) for name in ("vcpus", "host_mib", "accelerators")
        ]
        left: list[Seat] = []
        for seat in seats:
            if self.cluster.place(seat.component, self._options(seat)):
                continue
            left.append(seat)
            room = [has - takes for has, takes in zip(room, self._least[seat.component], strict=True)]
            if not shapes or min(room) < 0:
                break
        return left

    def _options(self, seat: Seat) -> Sequence[int]:
        return self.cluster.options(seat.component, seat.option)

    def _replace(self, rows: Collection[int], left: Sequence[Seat]) -> int | None:
        """Put what is left on one new machine, the cheapest that holds it all and costs less than what goes."""
        ws, pools = self.ws, self.cluster.fleet.pools
        most = sum(pools[int(ws.pool[m])].price for m in rows)
        cheaper = [pool for pool in pools if pool.price < most and ws.can_rent(pool.index)]
        spot = all(self._spot[int(ws.pool[m])] for m in rows)
        types = {self._type[pool.index] for pool in cheaper}
        for pool in sorted(cheaper, key=lambda pool: (pool.price, pool.index)):
            if spot and self._spot[pool.index] and len(rows) == 1 and len(types) < SPOT_TYPES:
                continue
            mark, m = ws.mark(), self.cluster.new_row(pool.index)
            if all(self._start_on(seat, m) for seat in left):
                return None if len(rows) > 1 and self._is_one_of(rows, pool.index) else pool.index
            ws.rollback(mark)
        return None

    def _is_one_of(self, rows: Collection[int], p: int) -> bool:
        """Whether a machine that goes is like one of pool p, and no dearer."""
        pools = self.cluster.fleet.pools
        gone = [int(self.ws.pool[m]) for m in rows]
        return any(self._type[q] == self._type[p] and pools[q].price <= pools[p].price for q in gone)

    def _start_on(self, seat: Seat, m: int) -> bool:
        c = seat.component
        zones = self.cluster.open_zones(c)
        if zones is not None and self.ws.zone_of[int(self.ws.pool[m])] not in zones:
            return False
        return any(self.cluster.put(c, o, m) for o in self._options(seat))
