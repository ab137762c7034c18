"""Rollouts of one component in batches of a size, by trying everything: all moments between batches, level by level."""

from __future__ import annotations

from collections import Counter
from itertools import chain, combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.transition.small_fleet import Copies, Copy, SmallFleet

Bag = tuple[tuple["Copy", int], ...]


class Between(NamedTuple):
    """Old and new copies, and the machines that are open."""

    old: Bag
    new: Bag
    machines: tuple[str, ...]


class EveryRollout:
    """All rollouts of a component to its options from `first` on."""

    def __init__(self, fleet: SmallFleet, component: str, first: int) -> None:
        self._fleet, self._name = fleet, component
        self._old: Copies = Counter({c: n for c, n in fleet.now.items() if c.component == component})
        self._others = fleet.now - self._old
        held = {copy.machine for copy in self._others}
        self._may_close = {
            copy.machine
            for copy in self._old
            if copy.machine not in held and fleet.instances[copy.machine].get("removable", True)
        }
        self._for_hire = [f"{pool}/hired-{k}" for pool in fleet.pools for k in range(self._old.total())]
        fleet.pool_of |= {name: name.rpartition("/")[0] for name in self._for_hire}
        self._places = {
            machine: [copy for copy in fleet.places(component, [machine]) if copy.option >= first]
            for machine in (*fleet.instances, *self._for_hire)
        }

    def exists(self, size: int, extra: int, most: int = 30_000) -> bool:
        """Whether batches of this size do with so many machines beyond as many as before at once.

        Raises
        ------
        OverflowError
            More than `most` moments.
        """
        level = {Between(_bag(self._old), (), tuple(sorted(self._fleet.instances)))}
        seen = set(level)
        while level:
            if any(not between.old for between in level):
                return True
            level = {after for between in level for after in self._batch(between, size, extra)} - seen
            seen |= level
            if len(seen) > most:
                raise OverflowError(most)
        return False

    def _batch(self, before: Between, size: int, extra: int) -> Iterator[Between]:
        """All moments that one batch leads to."""
        old = Counter(dict(before.old))
        began = self._fleet.by_zone(old + Counter(dict(before.new)) + self._others)
        count = min(size, old.total())
        peaks = {before}
        for _ in range(count):
            peaks = {after for peak in peaks for after in self._starts(peak, extra)}
        for chosen in set(combinations(sorted(old.elements()), count)):
            left = old - Counter(chosen)
            for peak in peaks:
                copies = left + Counter(dict(peak.new)) + self._others
                if self._fleet.is_enough(copies, self._name) and self._fleet.may_pass(began, copies):
                    yield from self._closed(peak._replace(old=_bag(left)), copies)

    def _starts(self, peak: Between, extra: int) -> Iterator[Between]:
        """One copy more, perhaps on one machine more."""
        fleet, new = self._fleet, Counter(dict(peak.new))
        copies = Counter(dict(peak.old)) + new + self._others
        coming: Iterable[str] = ()
        if len(peak.machines) < len(fleet.instances) + extra:  # those of a pool are alike
            closed = {fleet.pool_of[m]: m for m in reversed(self._for_hire) if m not in peak.machines}
            coming = (m for pool, m in closed.items() if fleet.may_open(peak.machines, pool))
        for machine in chain(peak.machines, coming):
            for copy in self._places[machine]:
                if fleet.fits(copies, copy):
                    machines = tuple(sorted({*peak.machines, machine}))
                    yield peak._replace(new=_bag(new + Counter([copy])), machines=machines)

    def _closed(self, end: Between, copies: Copies) -> Iterator[Between]:
        """The same with any of the machines given back that are empty."""
        there = {copy.machine for copy in copies}
        empty = [machine for machine in end.machines if machine in self._may_close - there]
        for count in range(len(empty) + 1):
            for gone in combinations(empty, count):
                yield end._replace(machines=tuple(m for m in end.machines if m not in gone))


def _bag(copies: Copies) -> Bag:
    return tuple(sorted(copies.items()))
