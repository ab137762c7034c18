"""From a packing to the plan document, and back."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.documents.plan import Assignment, Plan, PlanInstance


def to_plan(fleet: Fleet, packing: Packing | None, **facts: Any) -> Plan:
    """The plan document of a packing, with `facts` (status, cost, bound and so on) as further fields.

    Instances are those in use, those that can't be released, and those that `min_instances` pays for; new ones are
    named ``POOL/new-N``. Assignments are ordered by component, then machine, so equal packings give equal documents.
    The plan of a problem without a name names none.
    """
    if fleet.problem.name:
        facts = {"problem": fleet.problem.name, **facts}
    if packing is None:
        return Plan(instances=[], assignments=[], unplaced=[], **facts)
    names = _Names(fleet)
    instances: list[PlanInstance] = []
    rows: list[list[Assignment]] = [[] for _ in fleet.components]  # machines come in order, so those of each are too
    component_names = [component.name for component in fleet.components]
    for machine in packing.machines:
        name = names.of(machine.pool, machine.instance)
        instances.append(PlanInstance.trusted(name, fleet.pools[machine.pool].name, machine.instance is None))
        for c, option, accelerators in sorted(machine.seats):
            rows[c].append(Assignment.trusted(component_names[c], option, name, accelerators))
    instances.extend(_paid_while_empty(fleet, packing, names))
    return Plan(instances=tuple(instances), assignments=tuple(chain.from_iterable(rows)), **facts)


def from_plan(fleet: Fleet, plan: Plan) -> Packing:
    """The packing of a plan that keeps every rule of the fleet's problem; machines without copies are left out."""
    pools = {pool.name: pool.index for pool in fleet.pools}
    running = {instance.id: instance.index for instance in fleet.instances}
    components = {component.name: component.index for component in fleet.components}
    seats: dict[str, list[Seat]] = defaultdict(list)
    for row in plan.assignments:
        seats[row.instance].append(Seat(components[row.component], row.option, tuple(sorted(row.accelerators))))
    return Packing(
        tuple(
            Machine(pools[row.pool], running.get(row.id), tuple(sorted(seats[row.id])))
            for row in plan.instances
            if row.id in seats
        )
    )


class _Names:
    """Names of machines: a running one keeps its id, a new one counts up within its pool past ids already taken."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._taken = {row.id for row in fleet.problem.instances}
        self._next: Counter[int] = Counter()

    def of(self, pool: int, instance: int | None) -> str:
        if instance is not None:
            return self._fleet.instances[instance].id
        while True:
            self._next[pool] += 1
            name = f"{self._fleet.pools[pool].name}/new-{self._next[pool]}"
            if name not in self._taken:
                return name


def _paid_while_empty(fleet: Fleet, packing: Packing, names: _Names) -> Iterator[PlanInstance]:
    """Machines without copies that are paid for all the same; running ones stay rather than new ones start."""
    used = Counter(machine.pool for machine in packing.machines)
    busy = {machine.instance for machine in packing.machines}
    idle = [instance for instance in fleet.instances if instance.index not in busy]
    for instance in sorted(idle, key=lambda i: (i.removable, i.index)):
        if not instance.removable or used[instance.pool] < fleet.pools[instance.pool].min_instances:
            used[instance.pool] += 1
            yield PlanInstance.trusted(instance.id, fleet.pools[instance.pool].name, new=False)
    for pool in fleet.pools:
        for _ in range(pool.min_instances - used[pool.index]):
            yield PlanInstance.trusted(names.of(pool.index, None), pool.name, new=True)
