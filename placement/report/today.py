"""What runs now, as a plan: so that it can be counted and drawn like one, though it may break rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.documents.plan import Assignment, Plan, PlanInstance

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet, FleetOption
    from placement.documents import Problem


def plan_of_today(problem: Problem, fleet: Fleet) -> Plan:
    """A plan with the machines and copies of today.

    A copy whose accelerators are not known is put on those of its machine with the most memory left, first come first
    served: some place must be drawn, and this is as good as another.
    """
    components = {component.name: component for component in fleet.components}
    names = {
        row.name: {mode.name: o for o, mode in enumerate(row.modes) if mode.name is not None}
        for row in problem.components
    }
    pools = {pool.name: pool.shape for pool in fleet.pools}
    shapes = {row.id: pools[row.pool] for row in problem.instances}
    free = {name: [shape.memory_mib] * shape.accelerators for name, shape in shapes.items()}
    rows: list[Assignment] = []
    # Those with known accelerators first: the others get what they leave.
    for row in sorted(problem.placements, key=lambda row: row.accelerators is None):
        o = names[row.component][row.option] if isinstance(row.option, str) else row.option
        option = components[row.component].options[o]
        room = free[row.instance]
        chosen = _roomiest(room, option) if row.accelerators is None else row.accelerators
        for k in chosen:
            room[k] -= option.memory_mib if option.shared else shapes[row.instance].memory_mib
        rows.append(Assignment.trusted(row.component, o, row.instance, tuple(chosen)))
    order = {row.name: c for c, row in enumerate(problem.components)}
    rows.sort(key=lambda row: order[row.component])
    machines = tuple(PlanInstance.trusted(row.id, row.pool, False) for row in problem.instances)
    return Plan.model_construct(problem=problem.name, instances=machines, assignments=tuple(rows))


def _roomiest(room: list[int], option: FleetOption) -> list[int]:
    """Accelerators with the most memory left, as many as a copy takes, or all of a machine that has fewer."""
    return sorted(sorted(range(len(room)), key=lambda k: (-room[k], k))[: option.accelerators])
