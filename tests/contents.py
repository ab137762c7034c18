"""Everything one machine can hold, for the brute force: copies of components and options, and their accelerators."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

from tests.reading import EMPTY, Load, Machine, Option, Reading, add_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Counts = tuple[int, ...]
Item = tuple[str, int]  # component, index of its option
Content = tuple[Item, ...]  # sorted: copies of a component are alike


def deal(
    options: Sequence[Option], loads: tuple[Load, ...], memory: int, failed: set[tuple[int | Load, ...]] | None = None
) -> list[tuple[int, ...]] | None:
    """Give each copy its accelerators beside what stands there already, or None when there is no way.

    Every choice is tried but those that meet the same loads as one tried before, in the same order of copies:
    relabelling the accelerators turns one into the other. `failed` are loads from which the last copies found no way.
    """
    if not options:
        return []
    failed = set() if failed is None else failed
    here: tuple[int | Load, ...] = (len(options), *sorted(loads))
    if here in failed:
        return None
    option, rest = options[0], options[1:]
    tried = set()
    for chosen in combinations(range(len(loads)), option.accelerators):
        before = tuple(sorted(loads[k] for k in chosen))
        if before in tried:
            continue
        tried.add(before)
        after = add_to(loads, chosen, option, memory)
        if after is not None and (tail := deal(rest, after, memory, failed)) is not None:
            return [chosen, *tail]
    failed.add(here)
    return None


class Contents:
    """What machines can hold, given the most copies of each component.

    `cells` are what a content is counted by: components, split by throughput where there is a demand.
    """

    def __init__(self, reading: Reading, most: dict[str, int]) -> None:
        self.reading = reading
        self.most = most
        self.names = list(reading.components)
        self.enemies = {name: reading.enemies(name) for name in self.names}
        self.items = [(name, o) for name in self.names for o in range(len(reading.options[name]))]
        self.cell_of = {item: self._cell(item) for item in self.items}
        self.cells = sorted(set(self.cell_of.values()), key=lambda cell: (self.names.index(cell[0]), cell[1]))
        self._known: dict[tuple[Machine, tuple[int, ...]], dict[Counts, list[Content]]] = {}

    def _cell(self, item: Item) -> tuple[str, float]:
        name, o = item
        by_throughput = "demand" in self.reading.components[name]
        return name, (self.reading.options[name][o].throughput or 0.0) if by_throughput else 0.0

    def option(self, item: Item) -> Option:
        return self.reading.options[item[0]][item[1]]

    def caps(self, pool: str, instance: str | None) -> tuple[int, ...]:
        """Most copies of each component on one machine: zones, cap per instance, and a cordon's head count."""
        zone = self.reading.pools[pool]["zone"]
        row = self.reading.instances.get(instance or "", {})
        had = Counter(r["component"] for r in self.reading.placements if r["instance"] == instance)
        caps = []
        for name in self.names:
            cap = self.most[name] if self.reading.in_zones(name, zone) else 0
            cap = min(cap, self.reading.components[name].get("spread", {}).get("max_per_instance", cap))
            caps.append(min(cap, had[name]) if row.get("state") == "cordoned" else cap)
        return tuple(caps)

    def of(self, machine: Machine, caps: tuple[int, ...]) -> dict[Counts, list[Content]]:
        """Everything one machine can hold, by counts per cell; each content is a sorted tuple of items."""
        key = (machine, caps)
        if key not in self._known:
            usable = [item for item in self.items if machine.holds(self.option(item))]
            found: dict[Counts, list[Content]] = {}
            for content in self._extend((), usable, machine, dict(zip(self.names, caps, strict=True))):
                found.setdefault(self.counts(content), []).append(content)
            self._known[key] = found
        return self._known[key]

    def _extend(
        self, content: Content, usable: list[Item], machine: Machine, caps: dict[str, int]
    ) -> Iterator[Content]:
        for position, item in enumerate(usable):
            larger = (*content, item)
            if self._stands(larger, machine, caps):
                yield larger
                yield from self._extend(larger, usable[position:], machine, caps)

    def _stands(self, content: Content, machine: Machine, caps: dict[str, int]) -> bool:
        here = Counter(name for name, _ in content)
        last = content[-1][0]
        if here[last] > caps[last] or self.enemies[last] & set(here):
            return False
        if len(here) > 1 and any(self.reading.components[name].get("dedicated") for name in here):
            return False
        options = [self.option(item) for item in content]
        if sum(o.vcpus for o in options) > machine.vcpus or sum(o.host for o in options) > machine.host:
            return False
        return self.devices(content, (), machine) is not None

    def devices(
        self, content: Content, staying: tuple[int, ...], machine: Machine
    ) -> list[tuple[Item, tuple[int, ...]]] | None:
        """Accelerators of each copy while the `staying` rows keep theirs, or None; widest copies are dealt first."""
        rows = [self.reading.placements[r] for r in staying]
        rest = Counter(content)
        rest.subtract((row["component"], self.reading.option_index(row)) for row in rows)
        if any(n < 0 for n in rest.values()):
            return None
        loads: tuple[Load, ...] | None = (EMPTY,) * machine.count
        placed = []
        for row in rows:
            item = (row["component"], self.reading.option_index(row))
            chosen = row.get("accelerators")
            if chosen is None:  # any set on the instance is the same place
                rest[item] += 1
                continue
            option = self.option(item)
            if len(set(chosen)) != option.accelerators or len(chosen) != option.accelerators:
                return None
            if any(k >= machine.count for k in chosen) or loads is None:
                return None
            loads = add_to(loads, chosen, option, machine.memory)
            placed.append((item, tuple(chosen)))
        if loads is None:
            return None
        others = sorted(rest.elements(), key=lambda i: (-self.option(i).accelerators, self.option(i).shared, i))
        dealt = deal([self.option(item) for item in others], loads, machine.memory)
        return None if dealt is None else placed + list(zip(others, dealt, strict=True))

    def counts(self, content: Iterable[Item]) -> Counts:
        tally = Counter(self.cell_of[item] for item in content)
        return tuple(tally[cell] for cell in self.cells)
