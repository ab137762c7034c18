"""A plan as what runs now: the problem as it is once the plan has been carried out."""

from collections import Counter
from typing import Any

from placement.documents import Component, Problem
from placement.documents.plan import Assignment, Plan
from placement.documents.problem import revised
from placement.errors import UsageError, printable


def as_running(problem: Problem, plan: Plan) -> Problem:
    """The problem with the plan's machines and copies in place of those that run by it.

    A machine keeps its state and whether it may be removed, a pinned copy stays pinned where the plan has one like it.
    Rows that name something that the problem does not have are left out, and accelerators that the machine does not
    have count as unknown: `verify` tells of them.
    Raises UsageError: the plan lists one machine twice, so it is not known which of the two holds its copies.
    """
    check_listed_once(plan)
    pools = {row.name: problem.instance_types[row.instance_type].accelerator_count for row in problem.pools}
    before = {row.id: row for row in problem.instances}
    counts = {row.id: pools[row.pool] for row in plan.instances if row.pool in pools}
    instances = []
    for row in plan.instances:
        if row.pool in pools:
            old = before.get(row.id)
            kept = {} if old is None else {"state": old.state, "removable": old.removable}
            instances.append({"id": row.id, "pool": row.pool, **kept})
    components = {row.name: row for row in problem.components}
    pinned = _pinned(problem, components)
    placements = []
    for copy in plan.assignments:
        component = components.get(copy.component)
        if component is not None and copy.option < len(component.modes) and copy.instance in counts:
            placements.append(_placement(copy, component, counts[copy.instance], pinned))
    return revised(problem, instances=instances, placements=placements)


def check_listed_once(plan: Plan, name: str = "plan") -> None:
    """Refuse a plan that lists a machine twice; `name` is the argument that it is.

    Raises UsageError: it does: with the place of the second row.
    """
    seen: set[str] = set()
    for index, row in enumerate(plan.instances):
        if row.id in seen:
            rule = f"lists instance {printable(row.id)} a second time; list each once"
            raise UsageError(f"{name} at $.instances[{index}].id: {rule}", name)
        seen.add(row.id)


_Pins = Counter[tuple[str, int, str]]


def _pinned(problem: Problem, components: dict[str, Component]) -> _Pins:
    found: _Pins = Counter()
    for row in problem.placements:
        if row.pinned:
            found[row.component, components[row.component].option_index(row.option), row.instance] += 1
    return found


def _placement(copy: Assignment, component: Component, devices: int, pinned: _Pins) -> dict[str, Any]:
    row: dict[str, Any] = {"component": copy.component, "instance": copy.instance, "option": copy.option}
    named = sorted(set(copy.accelerators))
    sound = len(named) == len(copy.accelerators) == component.modes[copy.option].accelerators
    if sound and all(k < devices for k in named):
        row["accelerators"] = named
    place = copy.component, copy.option, copy.instance
    if pinned[place]:
        pinned[place] -= 1
        row["pinned"] = True
    return row
