"""Which machine each running copy may be on: worked out from counts, since the API tells no more than counts.

Rule: copies in order of accelerators, then memory, then vCPUs, the largest first; each on the first machine of its type
with room. That is first-fit decreasing: it finds a place for every copy most of the time, not always. Where it fails a
`Solver`, which the caller gives, is asked for an arrangement of the same machines and copies; integrations know none.
Where that fails as well, the copies left stand on the machines with most room, and break a rule there, as they must.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from placement.documents import Plan, Problem
from placement.grouping import grouped
from placement.integrations.notes import Notes
from placement.integrations.sagemaker.inference_components import InferenceComponent
from placement.integrations.sagemaker.packing import Amounts, Demand, PackedMachine, empty_machines
from placement.integrations.sagemaker.variant_pools import VariantPool
from placement.units import MIB_PER_GIB, MILLI, count, need, room

Solver = Callable[[Problem], Plan | None]  # a plan that places every copy; None when none was found
ComponentRow = tuple["InferenceComponent", dict[str, Any]]
Row = tuple[str, str]  # a component, and the machine of one copy of it


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Rows of component and machine, one a copy; how it was found; and how many copies have no room."""

    rows: tuple[Row, ...]
    found_by: str
    crowded: int = 0


def arrange(
    machines: Mapping[str, tuple[str, Amounts]], copies: Sequence[Demand], solver: Solver | None = None
) -> Arrangement:
    """A machine for each copy, with room for all that stands there if such an arrangement is found.

    `machines`: by id the kind and the room of each.
    O(copies x machines) without the solver. Copies that may be on no machine at all are left out.
    """
    state = empty_machines(tuple(machines.values()))
    placed, left = _first_fit(state, copies)
    found_by, crowded = "first-fit decreasing", 0
    if left:
        solved = _solved(machines, copies, solver) if solver is not None else None
        if solved is not None:
            return Arrangement(solved, "the solver")
        crowd = _crowd(state, left)
        placed, crowded = [*placed, *crowd], len(crowd)
    names = list(machines)
    return Arrangement(tuple((component, names[index]) for component, index in placed), found_by, crowded)


def _first_fit(state: Sequence[PackedMachine], copies: Sequence[Demand]) -> tuple[list[tuple[str, int]], list[Demand]]:
    """Copies with the index of their machine, and those without one."""
    placed: list[tuple[str, int]] = []
    left: list[Demand] = []
    none = Amounts(0, 0, 0)
    for each in sorted(copies, key=lambda row: max(row.needs.values(), default=none).by_weight, reverse=True):
        others = iter(state)  # alike copies: what had no room for one has none for the next
        machine = next(others, None)
        for number in range(each.copies):
            while machine is not None and not machine.has_room(each):
                machine = next(others, None)
            if machine is None:
                left.append(replace(each, copies=each.copies - number))
                break
            machine.take(each)
            placed.append((each.component, machine.index))
    return placed, left


def _crowd(state: Sequence[PackedMachine], left: Iterable[Demand]) -> list[tuple[str, int]]:
    """Each copy on the machine that has fewest of all copies, of those that it may be on."""
    crowded = []
    for each in left:
        allowed = [machine for machine in state if machine.kind in each.needs]
        for _ in range(each.copies if allowed else 0):
            chosen = min(allowed, key=lambda machine: machine.holds.total())
            chosen.take(each)
            crowded.append((each.component, chosen.index))
    return crowded


def _solved(
    machines: Mapping[str, tuple[str, Amounts]], copies: Sequence[Demand], solver: Solver
) -> tuple[Row, ...] | None:
    plan = solver(Problem(**_as_problem(machines, copies)))
    if plan is None or len(plan.assignments) != sum(each.copies for each in copies):
        return None
    # A machine that the solver calls new is one of those that it left empty: alike machines are the same to it.
    used = dict.fromkeys(row.instance for row in plan.assignments)
    pools = {row.id: row.pool for row in plan.instances}
    spare = grouped((kind, name) for name, (kind, _) in machines.items() if name not in used)
    own = {name: name if name in machines else spare[pools[name]].pop() for name in used}
    return tuple((copies[int(row.component)].component, own[row.instance]) for row in plan.assignments)


def _as_problem(machines: Mapping[str, tuple[str, Amounts]], copies: Sequence[Demand]) -> dict[str, Any]:
    """The same machines and copies as a problem: all machines are paid for, so any arrangement is optimal."""
    rooms = dict(machines.values())
    counts = Counter(kind for kind, _ in machines.values())
    kinds = {
        kind: {"vcpus": room.milli_vcpus / 1000, "memory_gib": room.memory_mib / 1024, "price_per_hour": 1}
        | ({"accelerator": kind, "accelerator_count": room.accelerators} if room.accelerators else {})
        for kind, room in rooms.items()
    }
    components: list[dict[str, Any]] = []  # named by their number: copies of one component may stand in several rows
    for index, each in enumerate(copies):
        options = [
            {
                "accelerators": need.accelerators,
                "vcpus": need.milli_vcpus / 1000,
                "memory_gib": need.memory_mib / 1024,
                "instance_types": [kind],
            }
            for kind, need in each.needs.items()
            if kind in kinds
        ]
        if options:
            components.append({"name": str(index), "copies": each.copies, "options": options})
    return {
        "accelerators": {kind: {"memory_gib": 1} for kind, room in rooms.items() if room.accelerators},
        "instance_types": kinds,
        "pools": [
            {"name": kind, "instance_type": kind, "zone": "any", "min_instances": count, "max_instances": count}
            for kind, count in counts.items()
        ],
        "components": components,
        "instances": [{"id": name, "pool": kind} for name, (kind, _) in machines.items()],
    }


def placements(
    pools: Sequence[VariantPool],
    instance_types: Mapping[str, Mapping[str, Any]],
    rows: Sequence[ComponentRow],
    notes: Notes,
    solver: Solver | None,
) -> list[dict[str, Any]]:
    """The placements of one endpoint: its pools, all rows of instance types, its components with their rows.

    No accelerators are given: the API never tells them.
    """
    machines = {name: (pool.name, _room(instance_types[pool.row])) for pool in pools for name in pool.machines}
    copies = [each for component, row in rows for each in _copies(component, row, pools)]
    arranged = arrange(machines, copies, solver)
    placed = len(arranged.rows)
    place = f"endpoint {pools[0].endpoint.name} placements"
    if placed:
        put = "1 copy was" if placed == 1 else f"{placed} copies were"
        notes.reconstructed(
            place,
            f"the API tells counts alone, never a machine or an accelerator: {put} put on "
            f"{count(len(machines), 'machine')} by {arranged.found_by}; moves counted from there are an estimate",
        )
    if arranged.crowded:
        notes.broken(
            place,
            f"{arranged.crowded} copies have no room by the sizes known here: they stand where they break a rule"
            if arranged.crowded > 1
            else "1 copy has no room by the sizes known here: it stands where it breaks a rule",
        )
    lost = sum(each.copies for each in copies) - placed
    if lost:
        notes.ignored(place, f"{lost} copies are said to run on types of which no machine runs")
    row_of = {name: pool.row for pool in pools for name in pool.machines}
    option_of = {
        (row["name"], kind): index
        for _, row in rows
        for index, option in enumerate(row["options"])
        for kind in option["instance_types"]
    }
    return [
        {"component": name, "instance": machine, "option": option_of[name, row_of[machine]]}
        for name, machine in arranged.rows
    ]


def _room(row: Mapping[str, Any]) -> Amounts:
    memory = row["memory_gib"] - row.get("reserved", {}).get("memory_gib", 0)
    return Amounts(row.get("accelerator_count", 0), room(row["vcpus"], MILLI), room(memory, MIB_PER_GIB))


def _copies(component: InferenceComponent, row: Mapping[str, Any], pools: Iterable[VariantPool]) -> list[Demand]:
    """Copies with their needs by pool; where the API tells types, a row for each."""
    needs: dict[str, tuple[str, Amounts]] = {}
    for pool in pools:
        bound = component.variant is None or component.variant == pool.variant.name
        for option in row["options"] if bound else ():
            if pool.row in option["instance_types"]:
                memory = need(option["memory_gib"], MIB_PER_GIB)
                amounts = Amounts(option["accelerators"], need(option.get("vcpus", 0), MILLI), memory)
                needs[pool.name] = (pool.state.instance_type, amounts)
    if component.by_type is None:
        return [Demand(component.name, component.current, {name: taken for name, (_, taken) in needs.items()})]
    return [
        Demand(component.name, count, {name: taken for name, (of, taken) in needs.items() if of == kind})
        for kind, count in component.by_type.items()
    ]
