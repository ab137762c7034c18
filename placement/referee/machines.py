"""Rules of one machine: where a copy may stand, and what stands together."""

from collections import Counter
from collections.abc import Iterator

from placement.documents import Component, Pool
from placement.documents.references import GROUP
from placement.grouping import grouped
from placement.referee.standing import MachineRoom, Standing, StandingCopy
from placement.referee.verdict import Figures, Spot, Violation
from placement.units import WHOLE_SHARE, count


def copies_at_their_places(stand: Standing) -> Iterator[Violation]:
    """What each copy must keep by itself, whatever else stands there; in the order of the plan."""
    places = dict.fromkeys((pool, kind) for pool, held in stand.contents for kind in held)
    if not any(_where_it_stands(stand, "", pool, stand.kinds[kind]) for pool, kind in places):
        return
    for row in stand.plan.assignments:
        if row.instance in stand.machines and stand.can_read(row.component, row.option):
            copy = StandingCopy(row.component, row.option, tuple(sorted(row.accelerators)))
            yield from _where_it_stands(stand, row.instance, stand.machines[row.instance], copy)


def _where_it_stands(stand: Standing, machine: str, pool: str, copy: StandingCopy) -> list[Violation]:
    return [*_where_allowed(stand, machine, stand.pools[pool], copy), *_accelerators_named(stand, machine, pool, copy)]


def _where_allowed(stand: Standing, machine: str, pool: Pool, copy: StandingCopy) -> Iterator[Violation]:
    """A copy stands on a type that its option allows, in a zone that its component allows."""
    where, spot = f"{copy.component} on {machine}", Spot(machine, copy.component)
    if not stand.allows(stand.modes[copy.component][copy.option], pool.instance_type):
        accelerator = stand.problem.instance_types[pool.instance_type].accelerator or "no accelerator"
        message = f"option {copy.option} may not run on {pool.instance_type} ({accelerator})"
        yield Violation("allowed-type", where, message, spot=spot)
    allowed = stand.components[copy.component].zones
    if allowed is not None and pool.zone not in allowed:
        message = f"stands in zone {pool.zone}, allowed: {', '.join(allowed) or 'none'}"
        yield Violation("allowed-zone", where, message, spot=spot)


def _accelerators_named(stand: Standing, machine: str, pool: str, copy: StandingCopy) -> Iterator[Violation]:
    """A copy names as many distinct accelerators as its option takes, all of them on its machine."""
    where, named = f"{copy.component} on {machine}", list(copy.accelerators)
    spot = Spot(machine, copy.component)
    wanted, there = stand.need(copy).accelerators, stand.rooms[pool].accelerators
    if len(named) != wanted or len(set(named)) != wanted:
        message = f"needs {count(wanted, 'distinct accelerator')}, has {named}"
        figures = Figures(len(set(named)), wanted, "accelerators")
        yield Violation("accelerator-set", where, message, figures, spot)
    if named and named[-1] >= there:
        message = f"the machine has {count(there, 'accelerator')} from 0, the copy {named}"
        yield Violation("accelerator-range", where, message, spot=spot)


def machines(stand: Standing) -> Iterator[Violation]:
    """What the copies of each machine must keep together. Alike machines that hold the same are looked at once."""
    sizes = {(stand.rooms[pool], held) for pool, held in stand.contents}
    broken = {size for size in sizes if _on_one_machine(stand, "", *size)}
    for machine in stand.on if broken else ():
        pool, held = stand.content(machine)
        if (stand.rooms[pool], held) in broken:
            yield from _on_one_machine(stand, machine, stand.rooms[pool], held)


def _on_one_machine(stand: Standing, machine: str, has: MachineRoom, held: tuple[int, ...]) -> list[Violation]:
    copies = [stand.kinds[kind] for kind in held]
    return [
        *_host_room(stand, machine, has, copies),
        *_accelerator_room(stand, machine, has, copies),
        *_company(stand, machine, copies),
    ]


def _host_room(stand: Standing, machine: str, has: MachineRoom, copies: list[StandingCopy]) -> Iterator[Violation]:
    """vCPUs and host memory of a machine hold what its copies need."""
    vcpus = sum(stand.need(copy).vcpus for copy in copies)
    host = sum(stand.need(copy).host for copy in copies)
    if vcpus > has.vcpus:
        message = f"needs {vcpus} milli-vCPU, has {has.vcpus}"
        yield Violation("vcpus", machine, message, Figures(vcpus, has.vcpus, "milli-vCPU"), Spot(machine))
    if host > has.host:
        message = f"needs {host} MiB of host memory, has {has.host}"
        yield Violation("host-memory", machine, message, Figures(host, has.host, "MiB"), Spot(machine))


def _accelerator_room(
    stand: Standing, machine: str, has: MachineRoom, copies: list[StandingCopy]
) -> Iterator[Violation]:
    """An accelerator holds one copy that owns it, or shared ones within its memory and one whole share."""
    users = grouped((accelerator, stand.need(copy)) for copy in copies for accelerator in copy.accelerators)
    for accelerator, needs in sorted(users.items()):
        where, spot = f"{machine} accelerator {accelerator}", Spot(machine, accelerator=accelerator)
        owners = sum(not takes.shared for takes in needs)
        if owners and len(needs) > 1:
            message = f"holds {len(needs)} copies, {owners} of which must own it alone"
            yield Violation("accelerator-owner", where, message, Figures(len(needs), 1, "copies"), spot)
        memory = sum(takes.memory for takes in needs)
        if memory > has.memory:
            figures = Figures(memory, has.memory, "MiB")
            yield Violation("accelerator-memory", where, f"needs {memory} MiB, has {has.memory}", figures, spot)
        share = sum(takes.share for takes in needs)
        if share > WHOLE_SHARE:
            message = f"shares sum to {share} thousandths, at most {WHOLE_SHARE}"
            yield Violation("accelerator-share", where, message, Figures(share, WHOLE_SHARE, "thousandths"), spot)


def _company(stand: Standing, machine: str, copies: list[StandingCopy]) -> Iterator[Violation]:
    """Who may stand on one machine: caps per instance, dedicated components, and those that avoid each other."""
    here = Counter(copy.component for copy in copies)
    for name, copies_here in here.items():
        component, spot = stand.components[name], Spot(machine, name)
        most = component.spread.max_per_instance
        if most is not None and copies_here > most:
            message = f"holds {count(copies_here, 'copy', 'copies')} of {name}, at most {most}"
            yield Violation("max-per-instance", machine, message, Figures(copies_here, most, "copies"), spot)
        if component.dedicated and len(here) > 1:
            message = f"{name} is dedicated, but {len(here)} components stand here"
            yield Violation("dedicated", machine, message, Figures(len(here), 1, "components"), spot)
        for other in here:
            if other != name and _avoids(component, stand.components[other]):
                yield Violation("avoid", machine, f"{name} avoids {other}, but both stand here", spot=spot)


def _avoids(component: Component, other: Component) -> bool:
    """Whether the component's own list names the other, or a group it is in."""
    return any(
        entry.removeprefix(GROUP) in other.groups if entry.startswith(GROUP) else entry == other.name
        for entry in component.avoid
    )
