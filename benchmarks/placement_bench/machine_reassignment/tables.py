"""The arrays that the compiled loop of annealing reads and keeps up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from placement.arrays import Bools, Floats, Ints
    from placement_bench.machine_reassignment.state import SearchState

    Singles = NDArray[np.float32]
    Random = NDArray[np.uint64]


class FixedTables(NamedTuple):
    """What a search does not change: of processes (P, ...), machines (M, ...), services (S, ...) and resources (R,).

    `unit` is what one unit of a resource above a capacity weighs. The services that service s needs are
    ``needs[needs_from[s] : needs_from[s + 1]]``, and those that need it likewise.
    """

    service: Ints
    home: Ints
    demand: Ints
    lasting: Ints
    process_cost: Ints
    capacity: Ints
    safety: Ints
    between: Ints
    location: Ints
    neighbourhood: Ints
    load_weight: Ints
    balances: Ints
    unit: Floats
    spread: Ints
    needs: Ints
    needs_from: Ints
    needed: Ints
    needed_from: Ints


class KeptTables(NamedTuple):
    """What a search keeps up to date, as in `SearchState`; `above` (M,) is the weighed load above capacities.

    Processes of a machine are a ring: ``following`` and ``preceding`` (P,) are its neighbours in it, ``first`` (M,) is
    one of it, or -1.
    """

    machine_of: Ints
    used: Ints
    taken: Ints
    machine_cost: Ints
    above: Floats
    on: Bools
    in_location: Ints
    places: Ints
    in_neighbourhood: Ints
    lacking: Ints
    wanted_by: Ints
    moved: Ints
    following: Ints
    preceding: Ints
    first: Ints


class ScoreTables(NamedTuple):
    """What many moves are scored by at once, in numbers of 32 bits: what they leave is judged again, exactly.

    The cost of a machine is a sum of K pieces ``weight * max(0, load)``: of each resource above its safety capacity, of
    each balance, and of each resource above its capacity, whose weight the price sets. Loads count from where the piece
    begins to cost, and are linear in the processes.

    Attributes
    ----------
    demand : (K, P) what a process adds to a load.
    load : (K, M) of each machine.
    without : (K, P) of its machine without the process.
    weight : (K,).
    cost, above : (P,) of its machine.
    at_home : (P,) 1 or 0.
    """

    demand: Singles
    load: Singles
    without: Singles
    weight: Singles
    cost: Singles
    above: Singles
    at_home: Singles


class WorkTables(NamedTuple):
    """What the loop works in.

    Attributes
    ----------
    random : (1,) the state of the random numbers.
    score : of the moves that are scored.
    targets, others : of moves that look good: the machine, and the process that is swapped or -1.
    after : (4, R) what a move makes of its two machines.
    """

    random: Random
    score: Singles
    targets: Ints
    others: Ints
    after: Ints


def fixed_tables(state: SearchState) -> FixedTables:
    """What the loop reads. A mean demand above a capacity weighs 1, whatever the resource."""
    problem = state.problem
    balances = [(row.first, row.second, row.target, row.weight) for row in problem.balances]
    needs, needs_from = _joined(state.needs)
    needed, needed_from = _joined(state.needed_by)
    return FixedTables(
        service=problem.service,
        home=problem.initial,
        demand=problem.demand,
        lasting=state.lasting,
        process_cost=state.process_cost,
        capacity=problem.capacity,
        safety=problem.safety,
        between=state.between_cost,
        location=problem.location,
        neighbourhood=problem.neighbourhood,
        load_weight=problem.load_weight,
        balances=np.array(balances, dtype=np.int64).reshape(-1, 4),
        unit=1.0 / np.maximum(problem.demand.mean(axis=0), 1.0),
        spread=problem.spread,
        needs=needs,
        needs_from=needs_from,
        needed=needed,
        needed_from=needed_from,
    )


def kept_tables(state: SearchState) -> KeptTables:
    """What the loop keeps up to date: the state's own arrays, the load above capacities, of which there is none, and
    the processes of each machine.
    """
    following, preceding, first = _rings(state.machine_of, state.problem.machines)
    return KeptTables(
        machine_of=state.machine_of,
        used=state.used,
        taken=state.taken,
        machine_cost=state.machine_cost,
        above=np.zeros(state.problem.machines),
        on=state.on,
        in_location=state.in_location,
        places=state.places,
        in_neighbourhood=state.in_neighbourhood,
        lacking=state.lacking,
        wanted_by=state.wanted_by,
        moved=state.moved,
        following=following,
        preceding=preceding,
        first=first,
    )


def score_tables(state: SearchState) -> ScoreTables:
    """Rows and sizes; `scores.refresh` fills in what a machine has."""
    problem = state.problem
    processes, machines, resources = problem.processes, problem.machines, problem.resources
    demand = problem.demand.T
    balances = [demand[row.second] - row.target * demand[row.first] for row in problem.balances]
    pieces = np.concatenate([demand, *(row[None] for row in balances), demand]).astype(np.float32)
    weight = np.zeros(len(pieces), dtype=np.float32)
    weight[:resources] = problem.load_weight
    weight[resources : resources + len(balances)] = [row.weight for row in problem.balances]
    return ScoreTables(
        demand=np.ascontiguousarray(pieces),
        load=np.zeros((len(pieces), machines), dtype=np.float32),
        without=np.zeros_like(pieces, order="C"),
        weight=weight,
        cost=np.zeros(processes, dtype=np.float32),
        above=np.zeros(processes, dtype=np.float32),
        at_home=np.zeros(processes, dtype=np.float32),
    )


def work_tables(state: SearchState, seed: int) -> WorkTables:
    """Random numbers from a seed, and room."""
    problem = state.problem
    most = max(problem.processes, problem.machines, 2)
    return WorkTables(
        random=np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1),  # 0 would stay 0
        score=np.zeros(most, dtype=np.float32),
        targets=np.zeros(most, dtype=np.int64),
        others=np.zeros(most, dtype=np.int64),
        after=np.zeros((4, problem.resources), dtype=np.int64),
    )


def _rings(machine_of: Ints, machines: int) -> tuple[Ints, Ints, Ints]:
    """The processes of each machine one after the other, the last before the first."""
    following = np.arange(len(machine_of))
    preceding = following.copy()
    first = np.full(machines, -1)
    order = np.argsort(machine_of, kind="stable")
    for ring in np.split(order, np.flatnonzero(np.diff(machine_of[order])) + 1):
        if len(ring):
            following[ring], preceding[ring] = np.roll(ring, -1), np.roll(ring, 1)
            first[machine_of[ring[0]]] = ring[0]
    return following, preceding, first


def _joined(rows: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Rows one after the other, and where each begins and the last ends."""
    ends = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    return np.concatenate([np.zeros(0, dtype=np.int64), *rows]), ends
