"""What a copy lacks on the machines that run: why it does not fit as things are, machine by machine.

It has what stands there taken off, accelerator by accelerator, and rules of company. Whether a copy fits on an empty
machine of any pool at all is another question, of pools that nobody runs, too: `bounds.lacking` answers that.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from placement.compiled.fleet import Fleet, FleetComponent, FleetOption, Shape
from placement.running_state import running_plan
from placement.transition.difference import Stand
from placement.transition.moment import PresentLoad
from placement.units import MIB_PER_GIB, MILLI, WHOLE_SHARE


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What one more copy lacks on one machine, with everything where it runs now."""

    instance: str  # its id
    option: int  # index of the component's option
    lacks: tuple[str, ...]  # in words, resource by resource; empty where it fits
    part: float  # of what it needs, the largest part that is missing, 0 to 1
    beside: tuple[str, ...]  # names of components that stand there


def shortfalls(fleet: Fleet, c: int) -> list[Shortfall]:
    """Machines that run and may take copies of c, by how little is missing; the best option of each. O(copies)."""
    components, own = {component.name: component for component in fleet.components}, fleet.components[c]
    stands = defaultdict(list)
    for row in running_plan(fleet.problem).plan.assignments:
        stands[row.instance].append(Stand(row.component, row.option, row.instance, tuple(row.accelerators)))
    found = []
    for instance in fleet.instances:
        options = [option for option in own.options if instance.pool in option.pools]
        if instance.cordoned or not options:
            continue
        shape = fleet.pools[instance.pool].shape
        load = PresentLoad(shape.accelerators)
        for stand in stands[instance.id]:
            load.add(stand, components[stand.component].options[stand.option], 1)
        others = [components[name] for name in load.by_component if name != own.name]
        tried = []
        for option in options:
            lacks = [
                *_lacks(own, option, shape, load, others),
                *_lacks_accelerators(option, shape, load),
            ]
            part = max((part for part, _ in lacks), default=0.0)
            told, beside = tuple(text for _, text in lacks), tuple(load.by_component)
            tried.append(Shortfall(instance.id, option.index, told, part, beside))
        found.append(min(tried, key=lambda row: (row.part, row.option)))
    return sorted(found, key=lambda row: (row.part, len(row.lacks), row.instance))


def _lacks(
    component: FleetComponent, option: FleetOption, shape: Shape, load: PresentLoad, others: list[FleetComponent]
) -> Iterator[tuple[float, str]]:
    """What is missing of the host, and rules of company."""
    for need, room, unit, scale in (
        (option.vcpus, max(0, shape.vcpus - load.vcpus), "vCPU", MILLI),
        (option.host_mib, max(0, shape.host_mib - load.host), "GiB of host memory", MIB_PER_GIB),
    ):
        if need > room:
            yield _missing(need, room, unit, scale)
    most = component.max_per_instance
    if most is not None and load.by_component[component.name] >= most:
        yield 1.0, f"max_per_instance {most} is reached"
    apart = [other.name for other in others if other.index in component.avoids]
    if apart:
        yield 1.0, f"it avoids {', '.join(apart)}"
    if others and (component.dedicated or any(other.dedicated for other in others)):
        yield 1.0, "one of them is dedicated"


def _missing(need: int, room: int, unit: str, scale: int) -> tuple[float, str]:
    short, free, wanted = (_figure(amount, scale) for amount in (need - room, room, need))
    return (need - room) / need, f"{short} {unit} missing ({free} free of {wanted} needed)"


def _figure(amount: int, scale: int) -> str:
    """Two decimals, and none that say nothing; what is there is not shown as nothing."""
    text = f"{amount / scale:.2f}".rstrip("0").rstrip(".")
    return f"{amount / scale:g}" if amount and text == "0" else text


def _lacks_accelerators(option: FleetOption, shape: Shape, load: PresentLoad) -> Iterator[tuple[float, str]]:
    """What is missing on the accelerators with most free."""
    if not option.shared:
        empty = sum(not users for users in load.users)
        if empty < option.accelerators:
            short = option.accelerators - empty
            what = f"{short} accelerator{'s' if short > 1 else ''} missing"
            yield short / option.accelerators, f"{what} ({empty} free of {option.accelerators} needed)"
        return
    order = sorted(range(shape.accelerators), key=lambda a: (load.owners[a] > 0, load.memory[a], a))
    for a in sorted(order[: option.accelerators]):
        room, share = max(0, shape.memory_mib - load.memory[a]), WHOLE_SHARE - load.share[a]
        if load.owners[a]:
            yield 1.0, f"accelerator {a} belongs to another copy"
        elif option.memory_mib > room:
            part, text = _missing(option.memory_mib, room, "GiB", MIB_PER_GIB)
            yield part, f"accelerator {a}: {text}"
        elif option.share > share:
            yield (option.share - share) / option.share, f"accelerator {a}: {share / WHOLE_SHARE:g} of it is free"
