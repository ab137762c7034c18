"""Which machine each running copy may be on: worked out from counts, since the API tells no more than counts.

Rule: copies in order of accelerators, then memory, then vCPUs, the largest first; each on the first machine of its type
with room. That is first-fit decreasing: it finds a place for every copy most of the time, not always. Where it fails a
`Solver`, which the caller gives, is asked for an arrangement of the same machines and copies; integrations know none.
Where that fails as well, the copies left stand on the machines with most room, and break a rule there, as they must.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from placement.documents import Plan, Problem
from placement.units import MIB_PER_GIB, MILLI, need, room

if TYPE_CHECKING:
    from placement.integrations.notes import Notes
    from placement.integrations.sagemaker.inference_components import InferenceComponent
    from placement.integrations.sagemaker.variant_pools import VariantPool

Solver = Callable[[Problem], Plan | None]  # a plan that places every copy; None when none was found
ComponentRow = tuple["InferenceComponent", dict[str, Any]]


class Amounts(NamedTuple):
    """What a machine has or a copy takes: accelerators, thousandths of a vCPU, MiB of the host's memory."""

    accelerators: int
    milli_vcpus: int
    memory_mib: int

    @property
    def by_weight(self) -> tuple[int, int, int]:
        """What is short first: accelerators, memory, vCPUs."""
        return self.accelerators, self.memory_mib, self.milli_vcpus

    def fit_in(self, free: Amounts) -> bool:
        """Whether each of them is there."""
        return all(need <= room for need, room in zip(self, free, strict=True))

    def less(self, other: Amounts) -> Amounts:
        return Amounts(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class RunningMachine:
    """A machine: its id, its row of instance types, what it has."""

    id: str
    kind: str
    room: Amounts


@dataclass(frozen=True, slots=True)
class RunningCopies:
    """Copies of one component, which are alike: on which kinds of machines they may be, with what they take there."""

    component: str
    count: int
    needs: Mapping[str, Amounts]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Rows of component and machine, one a copy; how it was found; and how many copies have no room."""

    rows: tuple[tuple[str, str], ...]
    found_by: str
    crowded: int = 0


def arrange(
    machines: Sequence[RunningMachine], copies: Sequence[RunningCopies], solver: Solver | None = None
) -> Arrangement:
    """A machine for each copy, with room for all that stands there if such an arrangement is found.

    O(copies x machines) without the solver. Copies that may be on no machine at all are left out.
    """
    rows, left = _first_fit(machines, copies)
    if not left:
        return Arrangement(tuple(rows), "first-fit decreasing")
    solved = _solved(machines, copies, solver) if solver is not None else None
    if solved is not None:
        return Arrangement(solved, "the solver")
    crowded = _crowd(machines, rows, left)
    return Arrangement((*rows, *crowded), "first-fit decreasing", len(crowded))


def _first_fit(
    machines: Sequence[RunningMachine], copies: Sequence[RunningCopies]
) -> tuple[list[tuple[str, str]], list[RunningCopies]]:
    """Copies with a machine, and one row for each copy without."""
    free = [machine.room for machine in machines]
    rows: list[tuple[str, str]] = []
    left: list[RunningCopies] = []
    none = Amounts(0, 0, 0)
    for each in sorted(copies, key=lambda row: max(row.needs.values(), default=none).by_weight, reverse=True):
        start = 0  # alike copies: what had no room for one has none for the next
        for _ in range(each.count):
            while start < len(machines) and not _fits(each, machines[start], free[start]):
                start += 1
            if start == len(machines):
                left.append(RunningCopies(each.component, 1, each.needs))
                continue
            free[start] = free[start].less(each.needs[machines[start].kind])
            rows.append((each.component, machines[start].id))
    return rows, left


def _fits(copies: RunningCopies, machine: RunningMachine, free: Amounts) -> bool:
    return machine.kind in copies.needs and copies.needs[machine.kind].fit_in(free)


def _crowd(
    machines: Sequence[RunningMachine], rows: Iterable[tuple[str, str]], left: Iterable[RunningCopies]
) -> list[tuple[str, str]]:
    """Each copy on the machine that has fewest of all copies, of those that it may be on."""
    load: dict[str, int] = defaultdict(int)
    for _, machine in rows:
        load[machine] += 1
    crowded = []
    for each in left:
        allowed = [machine for machine in machines if machine.kind in each.needs]
        if allowed:
            chosen = min(allowed, key=lambda machine: load[machine.id])
            load[chosen.id] += 1
            crowded.append((each.component, chosen.id))
    return crowded


def _solved(
    machines: Sequence[RunningMachine], copies: Sequence[RunningCopies], solver: Solver
) -> tuple[tuple[str, str], ...] | None:
    plan = solver(Problem(**_as_problem(machines, copies)))
    if plan is None or len(plan.assignments) != sum(each.count for each in copies):
        return None
    # A machine that the solver calls new is one of those that it left empty: alike machines are the same to it.
    used = {row.instance for row in plan.assignments}
    pools = {row.id: row.pool for row in plan.instances}
    spare = defaultdict(list)
    for machine in machines:
        if machine.id not in used:
            spare[machine.kind].append(machine.id)
    known = {machine.id for machine in machines}
    own = {name: name if name in known else spare[pools[name]].pop() for name in dict.fromkeys(used)}
    return tuple((copies[int(row.component)].component, own[row.instance]) for row in plan.assignments)


def _as_problem(machines: Sequence[RunningMachine], copies: Sequence[RunningCopies]) -> dict[str, Any]:
    """The same machines and copies as a problem: all machines are paid for, so any arrangement is optimal."""
    counts: dict[str, int] = defaultdict(int)
    rooms = {machine.kind: machine.room for machine in machines}
    for machine in machines:
        counts[machine.kind] += 1
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
            components.append({"name": str(index), "copies": each.count, "options": options})
    return {
        "accelerators": {kind: {"memory_gib": 1} for kind, room in rooms.items() if room.accelerators},
        "instance_types": kinds,
        "pools": [
            {"name": kind, "instance_type": kind, "zone": "any", "min_instances": count, "max_instances": count}
            for kind, count in counts.items()
        ],
        "components": components,
        "instances": [{"id": machine.id, "pool": machine.kind} for machine in machines],
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
    machines = [
        RunningMachine(name, pool.name, _room(instance_types[pool.row])) for pool in pools for name in pool.machines
    ]
    copies = [each for component, row in rows for each in _copies(component, row, pools)]
    arranged = arrange(machines, copies, solver)
    placed = len(arranged.rows)
    place = f"endpoint {pools[0].endpoint.name} placements"
    if placed:
        notes.reconstructed(
            place,
            f"the API tells counts alone, never a machine or an accelerator: {placed} copies were put on "
            f"{len(machines)} machines by {arranged.found_by}; moves counted from there are an estimate",
        )
    if arranged.crowded:
        notes.broken(
            place,
            f"{arranged.crowded} copies have no room by the sizes known here: they stand where they break a rule"
            if arranged.crowded > 1
            else "1 copy has no room by the sizes known here: it stands where it breaks a rule",
        )
    lost = sum(each.count for each in copies) - placed
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


def _copies(component: InferenceComponent, row: Mapping[str, Any], pools: Iterable[VariantPool]) -> list[RunningCopies]:
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
        return [RunningCopies(component.name, component.current, {name: taken for name, (_, taken) in needs.items()})]
    return [
        RunningCopies(component.name, count, {name: taken for name, (of, taken) in needs.items() if of == kind})
        for kind, count in component.by_type.items()
    ]
