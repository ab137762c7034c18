"""Whether a packing keeps every rule, recounted in integers: of packings by floats, and of those made of parts.

An engine that computes in floats may return a plan that breaks a rule by a rounding error. A plan that is put together
from parts may break a rule that looks at all parts, such as a rule over zones. The referee (`placement.verify`) checks
the same rules in code of its own, from the documents.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.fleet_rules import broken_fleet_rules
from placement.compiled.packing import Machine, Packing, Seat, machines_held
from placement.units import WHOLE_SHARE


def broken_rule(fleet: Fleet, packing: Packing) -> str:
    """The first rule that a packing breaks, in words; empty when it keeps all. O(copies + pools + places)."""
    return next(_broken(fleet, packing), "")


def broken_machine_rule(fleet: Fleet, machine: Machine) -> str:
    """The first rule of a single machine that its copies break; empty when they keep all. O(copies x accelerators)."""
    return next(_machine(fleet, machine), "")


def _broken(fleet: Fleet, packing: Packing) -> Iterator[str]:
    zones: dict[int, Counter[int]] = defaultdict(Counter)
    served: Counter[int] = Counter()
    for machine, seat in packing.seats():
        zones[seat.component][fleet.pools[machine.pool].zone] += 1
        served[seat.component] += fleet.components[seat.component].options[seat.option].throughput
    for machine in packing.machines:
        yield from _machine(fleet, machine)
    for component in fleet.components:
        yield from _component(component, zones[component.index], served[component.index])
    yield from _pools(fleet, packing)
    yield from _pins(fleet, packing)
    yield from broken_fleet_rules(fleet, packing)


def _machine(fleet: Fleet, machine: Machine) -> Iterator[str]:
    shape, name = fleet.pools[machine.pool].shape, f"a machine of {fleet.pools[machine.pool].name}"
    modes = [(seat, fleet.components[seat.component].options[seat.option]) for seat in machine.seats]
    here = Counter(seat.component for seat in machine.seats)
    for seat, option in modes:
        distinct = set(seat.accelerators)
        if len(distinct) != len(seat.accelerators) or len(distinct) != option.accelerators:
            yield f"{name}: a copy has accelerators {seat.accelerators}, it needs {option.accelerators}"
        if not distinct <= set(range(shape.accelerators)) or machine.pool not in option.pools:
            yield f"{name}: a copy of {fleet.components[seat.component].name} may not stand there"
    if sum(o.vcpus for _, o in modes) > shape.vcpus or sum(o.host_mib for _, o in modes) > shape.host_mib:
        yield f"{name}: host vCPUs or memory"
    for k in range(shape.accelerators):
        users = [option for seat, option in modes if k in seat.accelerators]
        if not users:  # where more memory is reserved than there is
            continue
        alone = len(users) == 1 or all(option.shared for option in users)
        share = sum(option.share for option in users)
        if not alone or share > WHOLE_SHARE or sum(option.memory_mib for option in users) > shape.memory_mib:
            yield f"{name}: accelerator {k}"
    instance = None if machine.instance is None else fleet.instances[machine.instance]
    for c, copies in here.items():
        component = fleet.components[c]
        if component.max_per_instance is not None and copies > component.max_per_instance:
            yield f"{name}: {copies} copies of {component.name}"
        if (component.dedicated and len(here) > 1) or not component.avoids.isdisjoint(here):
            yield f"{name}: company of {component.name}"
        if instance is not None and instance.cordoned and copies > instance.residents.get(c, 0):
            yield f"{name} is cordoned: new copies of {component.name}"


def _component(component: FleetComponent, zones: Counter[int], served: int) -> Iterator[str]:
    name, placed = component.name, zones.total()
    largest = max(zones.values(), default=0)
    if placed < component.required or served < component.demand or (not component.demand and placed > component.copies):
        yield f"{name}: {placed} copies placed"
    counts = [zones[z] for z in component.eligible_zones]
    if component.max_skew is not None and placed and max(counts) - min(counts) > component.max_skew:
        yield f"{name}: zone skew"
    if sum(1 for n in counts if n) < min(component.min_zones, placed):
        yield f"{name}: number of zones"
    if component.max_per_zone is not None and largest > component.max_per_zone:
        yield f"{name}: copies in one zone"
    if (placed or component.required) and placed - largest < component.zone_loss_floor:
        yield f"{name}: zone loss"


def _pools(fleet: Fleet, packing: Packing) -> Iterator[str]:
    running = [machine.instance for machine in packing.machines if machine.instance is not None]
    if len(running) != len(set(running)):
        yield "a running instance is used twice"
    held = machines_held(fleet, packing)
    for pool in fleet.pools:
        if pool.max_instances is not None and held[pool.index] > pool.max_instances:
            yield f"pool {pool.name}: {held[pool.index]} machines"


def _pins(fleet: Fleet, packing: Packing) -> Iterator[str]:
    exactly: Counter[tuple[int | None, Seat]] = Counter()
    anywhere: Counter[tuple[int | None, int, int]] = Counter()
    for machine, seat in packing.seats():
        exactly[machine.instance, seat] += 1
        anywhere[machine.instance, seat.component, seat.option] += 1
    wanted: Counter[tuple[int | None, int, int]] = Counter()
    for place in fleet.places:
        wanted[place.instance, place.component, place.option] += place.pinned
        if place.accelerators is not None:
            seat = Seat(place.component, place.option, place.accelerators)
            if exactly[place.instance, seat] < place.pinned:
                yield f"{fleet.components[place.component].name}: a pinned copy moved"
    for key, number in wanted.items():
        if anywhere[key] < number:
            yield f"{fleet.components[key[1]].name}: a pinned copy left its instance"
