"""Small instances: the statement's example, and random ones whose initial assignment keeps every rule."""

from __future__ import annotations

from itertools import product

import numpy as np

from placement_bench.machine_reassignment import Balance, Reassignment, check_assignment, price

# Section 2 of the challenge's statement: 4200 as it is, 3510 with `0 2 0`, 2411 with `0 2 1`, the optimum.
EXAMPLE = (
    "2\n1 100\n0 10\n"
    "4\n0 0 30 400 16 80 0 1 4 5\n0 0 10 240 8 160 1 0 3 4\n1 1 15 100 12 80 4 3 0 2\n1 2 10 100 8 80 5 4 2 0\n"
    "2\n2 0\n1 1 0\n"
    "3\n0 12 10 1000\n0 10 20 100\n1 6 200 1\n"
    "1\n0 1 20\n10\n"
    "1 10 100\n"
)
EXAMPLE_INITIAL = "0 3 0"


def random_instance(seed: int, processes: int = 12, machines: int = 5) -> Reassignment:
    """Random sizes and rules; what the initial assignment would break is loosened until it keeps all."""
    draw = np.random.default_rng(seed)
    resources = int(draw.integers(1, 4))
    services = int(draw.integers(min(3, processes), processes + 1))
    service = draw.integers(0, services, processes)
    service[:services] = np.arange(services)
    demand = draw.integers(0, 20, (processes, resources))
    initial = np.zeros(processes, dtype=np.int64)
    for process in range(processes):  # no two of a service on one machine
        taken = initial[:process][service[:process] == service[process]]
        free = np.setdiff1d(np.arange(machines), taken)
        if not len(free):
            service[process] = services
            services += 1
            free = np.arange(machines)
        initial[process] = draw.choice(free)
    used = np.zeros((machines, resources), dtype=np.int64)
    np.add.at(used, initial, demand)
    neighbourhood, location = (draw.integers(0, min(most, machines), machines) for most in (2, 3))
    wanted = [(a, b) for a, b in draw.integers(0, services, (4, 2)).tolist() if a != b]
    depends_on: list[list[int]] = [[] for _ in range(services)]
    for one, other in wanted:
        places = set(neighbourhood[initial[service == one]].tolist())
        if places <= set(neighbourhood[initial[service == other]].tolist()):
            depends_on[one].append(other)
    spread = [len(set(location[initial[service == one]].tolist())) for one in range(services)]
    balances = [Balance(0, resources - 1, int(draw.integers(1, 4)), 10)] if draw.random() < 0.5 else []
    capacity = used + draw.integers(0, 25, used.shape)
    return Reassignment(
        transient=draw.random(resources) < 0.5,
        load_weight=draw.integers(0, 20, resources),
        neighbourhood=neighbourhood,
        location=location,
        capacity=capacity,
        safety=capacity * draw.integers(20, 100, used.shape) // 100,
        machine_move=draw.integers(0, 3, (machines, machines)) * (1 - np.eye(machines, dtype=np.int64)),
        spread=np.array([int(draw.integers(0, most + 1)) for most in spread]),
        depends_on=depends_on,
        service=service,
        demand=demand,
        process_move=draw.integers(0, 30, processes),
        balances=balances,
        process_weight=1,
        service_weight=10,
        machine_weight=int(draw.integers(0, 20)),
        initial=initial,
    )


def optimum(problem: Reassignment) -> int:
    """The least cost of all assignments that keep the rules. O(M^P)."""
    every = product(range(problem.machines), repeat=problem.processes)
    return min(price(problem, each).total for each in every if not check_assignment(problem, each))
