"""What a copy lacks on the machines that run: why it does not fit as things are, machine by machine.

It has what stands there taken off, accelerator by accelerator, and rules of company. Whether a copy fits on an empty
machine of any pool at all is another question, of pools that nobody runs, too: `bounds.lacking` answers that.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.units import MIB_PER_GIB, MILLI, WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.compiled.fleet import Fleet, FleetOption
    from placement.compiled.running import Place, RunningInstance


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What one more copy lacks on one machine, with everything where it runs now."""

    instance: str  # its id
    option: int  # index of the component's option
    lacks: tuple[str, ...]  # in words, resource by resource; empty where it fits
    part: float  # of what it needs, the largest part that is missing, 0 to 1
    beside: tuple[str, ...]  # names of components that stand there


def shortfalls(fleet: Fleet, c: int) -> list[Shortfall]:
    """Machines that run and may take copies of c, by how little is missing; the best option of each. O(places)."""
    on: dict[int, list[Place]] = defaultdict(list)
    for place in fleet.places:
        on[place.instance].append(place)
    found = []
    for instance in fleet.instances:
        options = [option for option in fleet.components[c].options if instance.pool in option.pools]
        if instance.cordoned or not options:
            continue
        tried = [_of(fleet, c, instance, option, on[instance.index]) for option in options]
        found.append(min(tried, key=lambda row: (row.part, row.option)))
    return sorted(found, key=lambda row: (row.part, len(row.lacks), row.instance))


def _of(fleet: Fleet, c: int, instance: RunningInstance, option: FleetOption, places: Sequence[Place]) -> Shortfall:
    lacks = list(_lacks(fleet, c, instance, option, places))
    names = dict.fromkeys(fleet.components[place.component].name for place in places)
    part = max((part for part, _ in lacks), default=0.0)
    return Shortfall(instance.id, option.index, tuple(text for _, text in lacks), part, tuple(names))


def _lacks(
    fleet: Fleet, c: int, instance: RunningInstance, option: FleetOption, places: Sequence[Place]
) -> Iterator[tuple[float, str]]:
    shape = fleet.pools[instance.pool].shape
    taken = [(fleet.components[p.component].options[p.option], p) for p in places]
    vcpus = shape.vcpus - sum(o.vcpus * p.count for o, p in taken)
    host = shape.host_mib - sum(o.host_mib * p.count for o, p in taken)
    for need, room, unit, scale in (
        (option.vcpus, max(0, vcpus), "vCPU", MILLI),
        (option.host_mib, max(0, host), "GiB of host memory", MIB_PER_GIB),
    ):
        if need > room:
            yield _missing(need, room, unit, scale)
    component = fleet.components[c]
    here = sum(p.count for _, p in taken if p.component == c)
    if component.max_per_instance is not None and here >= component.max_per_instance:
        yield 1.0, f"max_per_instance {component.max_per_instance} is reached"
    others = {p.component for _, p in taken} - {c}
    apart = [fleet.components[d].name for d in sorted(others) if d in component.avoids]
    if apart:
        yield 1.0, f"it avoids {', '.join(apart)}"
    if others and (component.dedicated or any(fleet.components[d].dedicated for d in others)):
        yield 1.0, "one of them is dedicated"
    if option.accelerators:
        yield from _lacks_accelerators(fleet, instance, option, taken)


def _missing(need: int, room: int, unit: str, scale: int) -> tuple[float, str]:
    short, free, wanted = (_figure(amount, scale) for amount in (need - room, room, need))
    return (need - room) / need, f"{short} {unit} missing ({free} free of {wanted} needed)"


def _figure(amount: int, scale: int) -> str:
    """Two decimals, and none that say nothing; what is there is not shown as nothing."""
    text = f"{amount / scale:.2f}".rstrip("0").rstrip(".")
    return f"{amount / scale:g}" if amount and text == "0" else text


def _lacks_accelerators(
    fleet: Fleet, instance: RunningInstance, option: FleetOption, taken: Sequence[tuple[FleetOption, Place]]
) -> Iterator[tuple[float, str]]:
    """What is missing on the accelerators with most free; copies of unknown accelerators are taken to be spread out."""
    shape = fleet.pools[instance.pool].shape
    free, share = [shape.memory_mib] * shape.accelerators, [WHOLE_SHARE] * shape.accelerators
    used, owned = [False] * shape.accelerators, [False] * shape.accelerators
    for other, place in sorted(taken, key=lambda row: row[1].accelerators is None):
        for _ in range(place.count):
            known = place.accelerators
            if known is None:
                emptiest = sorted(range(len(free)), key=lambda a: (owned[a], -free[a], a))
                known = tuple(emptiest[: other.accelerators])
            for a in known:
                if a < len(free):
                    used[a] = True
                    owned[a] |= not other.shared
                    free[a] -= other.memory_mib if other.shared else free[a]
                    share[a] -= other.share if other.shared else WHOLE_SHARE
    if not option.shared:
        empty = sum(not there for there in used)
        if empty < option.accelerators:
            short = option.accelerators - empty
            yield (
                short / option.accelerators,
                f"{short} accelerator{'s' if short > 1 else ''} missing ({empty} free of {option.accelerators} needed)",
            )
        return
    order = sorted(range(len(free)), key=lambda a: (owned[a], -free[a], a))[: option.accelerators]
    for a in sorted(order):
        room = max(0, free[a])
        if owned[a]:
            yield 1.0, f"accelerator {a} belongs to another copy"
        elif option.memory_mib > room:
            part, text = _missing(option.memory_mib, room, "GiB", MIB_PER_GIB)
            yield part, f"accelerator {a}: {text}"
        elif option.share > share[a]:
            yield (option.share - share[a]) / option.share, f"accelerator {a}: {share[a] / WHOLE_SHARE:g} of it is free"
