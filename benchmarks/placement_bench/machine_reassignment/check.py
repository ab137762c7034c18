"""An assignment held against every rule and priced, in plain Python, from the problem alone.

It shares nothing with the search but the problem: no array that the search keeps is believed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement_bench.machine_reassignment.parameters import ReassignmentCheckParameters as _PARAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement_bench.machine_reassignment.problem import Reassignment


@dataclass(frozen=True, slots=True)
class ReassignmentCost:
    """The parts of what an assignment costs, each with its weight."""

    load: int
    balance: int
    process_moves: int
    service_moves: int
    machine_moves: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.load + self.balance + self.process_moves + self.service_moves + self.machine_moves


def price(problem: Reassignment, assignment: Sequence[int]) -> ReassignmentCost:
    """What an assignment costs, whether it keeps the rules or not. O(P R + M R)."""
    used = _usage(problem, assignment)
    capacity, safety = problem.capacity.tolist(), problem.safety.tolist()
    weights = problem.load_weight.tolist()
    load = sum(
        weight * max(0, have - safe)
        for machine, row in enumerate(used)
        for weight, have, safe in zip(weights, row, safety[machine], strict=True)
    )
    balance = 0
    for row in problem.balances:
        for machine, have in enumerate(used):
            first = capacity[machine][row.first] - have[row.first]
            second = capacity[machine][row.second] - have[row.second]
            balance += row.weight * max(0, row.target * first - second)
    initial, services, costs = problem.initial.tolist(), problem.service.tolist(), problem.process_move.tolist()
    moved = [process for process, machine in enumerate(assignment) if machine != initial[process]]
    of_service = Counter(services[process] for process in moved)
    between = sum(int(problem.machine_move[initial[process], machine]) for process, machine in enumerate(assignment))
    return ReassignmentCost(
        load,
        balance,
        problem.process_weight * sum(costs[process] for process in moved),
        problem.service_weight * max(of_service.values(), default=0),
        problem.machine_weight * between,
    )


def check_assignment(problem: Reassignment, assignment: Sequence[int]) -> list[str]:
    """Every rule that an assignment breaks, in words; empty when it keeps all. O(P R + M R + dependencies).

    At most `_PARAMS.told` are told, and how many more there are.
    """
    found = list(broken_rules(problem, assignment))
    if len(found) > _PARAMS.told:
        return [*found[: _PARAMS.told], f"and {len(found) - _PARAMS.told} more"]
    return found


def broken_rules(problem: Reassignment, assignment: Sequence[int]) -> Iterator[str]:
    """All that an assignment breaks, one sentence each, which begins with the rule's name and a colon.

    An assignment of the wrong length, or with a machine that there is not, has that one fault.
    """
    machines = problem.machines
    if len(assignment) != problem.processes:
        yield f"assignment: {len(assignment)} machines are given for {problem.processes} processes"
        return
    for process, machine in enumerate(assignment):
        if not 0 <= machine < machines:
            yield f"assignment: process {process} is on machine {machine}; machines are 0 to {machines - 1}"
            return
    for rule in (_capacity, _conflicts, _spread, _dependencies):
        yield from rule(problem, assignment)


def _usage(problem: Reassignment, assignment: Sequence[int]) -> list[list[int]]:
    """What of each resource the processes on each machine take, moved ones on their new machine alone."""
    used = [[0] * problem.resources for _ in range(problem.machines)]
    for machine, demand in zip(assignment, problem.demand.tolist(), strict=True):
        row = used[machine]
        for resource, amount in enumerate(demand):
            row[resource] += amount
    return used


def _capacity(problem: Reassignment, assignment: Sequence[int]) -> Iterator[str]:
    """Capacity, and transient usage: a moved process is on its old machine, too."""
    used = _usage(problem, assignment)
    lasting = [resource for resource in range(problem.resources) if problem.transient[resource]]
    for machine, initial, demand in zip(assignment, problem.initial.tolist(), problem.demand.tolist(), strict=True):
        if machine != initial:
            for resource in lasting:
                used[initial][resource] += demand[resource]
    for machine, (row, limits) in enumerate(zip(used, problem.capacity.tolist(), strict=True)):
        for resource, (have, most) in enumerate(zip(row, limits, strict=True)):
            if have > most:
                what = "with what moved off, " if resource in lasting else ""
                yield f"capacity: machine {machine} has {most} of resource {resource}, {what}{have} is taken"


def _conflicts(problem: Reassignment, assignment: Sequence[int]) -> Iterator[str]:
    together = Counter(zip(problem.service.tolist(), assignment, strict=True))
    for (service, machine), count in together.items():
        if count > 1:
            yield f"conflict: {count} processes of service {service} are on machine {machine}"


def _spread(problem: Reassignment, assignment: Sequence[int]) -> Iterator[str]:
    location = problem.location.tolist()
    places: dict[int, set[int]] = defaultdict(set)
    for service, machine in zip(problem.service.tolist(), assignment, strict=True):
        places[service].add(location[machine])
    for service, least in enumerate(problem.spread.tolist()):
        if len(places[service]) < least:
            yield f"spread: service {service} is in {len(places[service])} locations, at least {least} are wanted"


def _dependencies(problem: Reassignment, assignment: Sequence[int]) -> Iterator[str]:
    neighbourhood = problem.neighbourhood.tolist()
    places: dict[int, set[int]] = defaultdict(set)
    for service, machine in zip(problem.service.tolist(), assignment, strict=True):
        places[service].add(neighbourhood[machine])
    for service, needs in enumerate(problem.depends_on):
        for need in needs:
            for place in sorted(places[service] - places[need]):
                yield f"dependency: service {service} is in neighbourhood {place} without service {need}"
