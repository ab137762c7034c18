"""Which machine each running copy may be on: worked out from counts, since the API tells no more than counts.

Rule: copies in order of accelerators, then memory, then vCPUs, the largest first; each on the first machine of its type
with room. That is first-fit decreasing: it finds a place for every copy most of the time, not always. Where it fails a
`Solver`, which the caller gives, is asked for an arrangement of the same machines and copies; integrations know none.
Where that fails as well, the copies left stand on the machines with most room, and break a rule there, as they must.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from placement.documents import Plan, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Solver = Callable[[Problem], Plan | None]  # a plan that places every copy; None when none was found


class Amounts(NamedTuple):
    """What a machine has or a copy takes: accelerators, thousandths of a vCPU, MiB of the host's memory."""

    accelerators: int
    milli_vcpus: int
    memory_mib: int

    def fit_in(self, free: Amounts) -> bool:
        """Whether each of them is there."""
        return all(need <= room for need, room in zip(self, free, strict=True))

    def less(self, other: Amounts) -> Amounts:
        """What remains."""
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
    for each in sorted(copies, key=lambda row: _size(row.needs.values()), reverse=True):
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


def _size(needs: Iterable[Amounts]) -> tuple[int, int, int]:
    most = max(needs, default=Amounts(0, 0, 0))
    return most.accelerators, most.memory_mib, most.milli_vcpus


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
