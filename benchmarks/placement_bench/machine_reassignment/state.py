"""The assignment under search as arrays that are kept up to date move by move, all in 64-bit integers.

A move takes one process to another machine, or swaps two. Whole arrays of moves are judged at once; those that are
made together touch different machines and different services, so what was found of each holds for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.arrays import Bools, Ints
    from placement_bench.machine_reassignment.problem import Reassignment


@dataclass(slots=True)
class MoveBatch:
    """n moves: ``process`` from ``source`` to ``target``; in a swap ``other`` goes from ``target`` to ``source``.

    ``after_source`` and ``after_target`` are what the two machines cost after the move, ``delta`` what it adds to the
    cost of the assignment, but for the service move cost.
    """

    process: Ints
    source: Ints
    target: Ints
    other: Ints | None = None

    def take(self, kept: Ints | Bools) -> MoveBatch:
        """Some of them."""
        other = None if self.other is None else self.other[kept]
        return MoveBatch(self.process[kept], self.source[kept], self.target[kept], other)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.process)


class SearchState:
    """An assignment that keeps all rules, and what is known of it.

    Attributes
    ----------
    machine_of : (P,) the assignment.
    used : (M, R) what the processes of each machine take.
    taken : (M, R) the same, with what transient resources processes that moved off still take.
    machine_cost : (M,) load and balance cost.
    on : (S, M) whether a process of the service is on the machine.
    in_location, in_neighbourhood : (S, places) processes of the service there.
    places : (S,) locations that the service stands in.
    lacking : (S, N) services that this one depends on and that are not in the neighbourhood.
    wanted_by : (S, N) services in the neighbourhood that depend on this one.
    moved : (S,) processes of the service that are not where they were.
    needs, needed_by : of each service, those that it depends on and those that depend on it.
    cost : of the assignment, the service move cost included.
    """

    def __init__(self, problem: Reassignment, assignment: Ints) -> None:
        """Count everything. O(P R + S M)."""
        self.problem = problem
        self.machine_of: Ints = np.array(assignment, dtype=np.int64)
        services, machines = problem.services, problem.machines
        self._locations = int(problem.location.max(initial=-1)) + 1
        self._neighbourhoods = int(problem.neighbourhood.max(initial=-1)) + 1
        self._safety, self._capacity = problem.safety, problem.capacity
        self.lasting: Ints = np.where(problem.transient, problem.demand, 0)
        self.process_cost: Ints = problem.process_move * problem.process_weight
        self.between_cost: Ints = problem.machine_move * problem.machine_weight
        self.used: Ints = np.zeros((machines, problem.resources), dtype=np.int64)
        np.add.at(self.used, self.machine_of, problem.demand)
        self.taken: Ints = self.used.copy()
        gone = self.machine_of != problem.initial
        np.add.at(self.taken, problem.initial[gone], self.lasting[gone])
        self.machine_cost: Ints = self.cost_of(np.arange(machines), self.used)
        self.on: Bools = np.zeros((services, machines), dtype=np.bool_)
        self.on[problem.service, self.machine_of] = True
        self.in_location = _counts(services, self._locations, problem.service, problem.location[self.machine_of])
        self.in_neighbourhood = _counts(
            services, self._neighbourhoods, problem.service, problem.neighbourhood[self.machine_of]
        )
        self.places: Ints = np.count_nonzero(self.in_location, axis=1)
        self.moved: Ints = np.bincount(problem.service[gone], minlength=services)
        self.lacking: Ints = np.zeros_like(self.in_neighbourhood)
        self.wanted_by: Ints = np.zeros_like(self.in_neighbourhood)
        self.depends: Bools = np.zeros(services, dtype=np.bool_)
        for service, needs in enumerate(problem.depends_on):
            for need in set(needs):
                self.lacking[service] += self.in_neighbourhood[need] == 0
                self.wanted_by[need] += self.in_neighbourhood[service] > 0
                self.depends[service] = self.depends[need] = True
        self.needs = [np.unique(np.array(needs, dtype=np.int64)) for needs in problem.depends_on]
        self.needed_by = [np.array(row, dtype=np.int64) for row in problem.needed_by]
        self.most_moved = int(self.moved.max(initial=0))
        self.cost = int(
            self.machine_cost.sum()
            + self.process_cost[gone].sum()
            + self.between_cost[problem.initial, self.machine_of].sum()
            + problem.service_weight * self.most_moved
        )

    def cost_of(self, machines: Ints, used: Ints) -> Ints:
        """Load and balance cost of machines with so much used. (n,), (n, R) to (n,)."""
        problem = self.problem
        over = np.maximum(used - self._safety[machines], 0)
        cost: Ints = over @ problem.load_weight
        for row in problem.balances:
            first = self._capacity[machines, row.first] - used[:, row.first]
            second = self._capacity[machines, row.second] - used[:, row.second]
            cost += row.weight * np.maximum(row.target * first - second, 0)
        return cost

    def feasible(self, moves: MoveBatch) -> MoveBatch:
        """Those that break no rule when made alone; cheap tests first, each on what the last one left."""
        moves = moves.take(self._no_conflict(moves))
        moves = moves.take(self._fits(moves))
        moves = moves.take(self._keep(self._spread_of, moves))
        return moves.take(self._keep(self._dependencies_of, moves))

    def _no_conflict(self, moves: MoveBatch) -> Bools:
        service = self.problem.service
        mine = service[moves.process]
        free: Bools = ~self.on[mine, moves.target]
        if moves.other is None:
            return free
        others = service[moves.other]
        swaps: Bools = (free & ~self.on[others, moves.source]) | (mine == others)
        return swaps

    def _fits(self, moves: MoveBatch) -> Bools:
        target = self.taken[moves.target] + self._arriving(moves.process, moves.target)
        if moves.other is None:
            return _each(target <= self._capacity[moves.target])
        target -= self._leaving(moves.other, moves.target)
        source = self.taken[moves.source] - self._leaving(moves.process, moves.source)
        source += self._arriving(moves.other, moves.source)
        return _each(target <= self._capacity[moves.target]) & _each(source <= self._capacity[moves.source])

    def _arriving(self, process: Ints, machine: Ints) -> Ints:
        """What more is taken on a machine when a process comes: it may never have given transient resources back."""
        home = (self.problem.initial[process] == machine)[:, None]
        taken: Ints = self.problem.demand[process] - home * self.lasting[process]
        return taken

    _leaving = _arriving  # and it gives back as much

    def _keep(self, rule: Callable[[Ints, Ints, Ints], Bools], moves: MoveBatch) -> Bools:
        """Which moves keep a rule of one process that moves; in an exchange both do, if they are of two services."""
        kept = rule(moves.process, moves.source, moves.target)
        if moves.other is None:
            return kept
        service = self.problem.service
        kept &= rule(moves.other, moves.target, moves.source)
        kept |= service[moves.process] == service[moves.other]
        return kept

    def _spread_of(self, process: Ints, source: Ints, target: Ints) -> Bools:
        service = self.problem.service[process]
        left, came = self.problem.location[source], self.problem.location[target]
        fewer = (self.in_location[service, left] == 1).astype(np.int64)
        more = self.in_location[service, came] == 0
        kept: Bools = (left == came) | (self.places[service] - fewer + more >= self.problem.spread[service])
        return kept

    def _dependencies_of(self, process: Ints, source: Ints, target: Ints) -> Bools:
        service = self.problem.service[process]
        left, came = self.problem.neighbourhood[source], self.problem.neighbourhood[target]
        free = (self.in_neighbourhood[service, left] > 1) | (self.wanted_by[service, left] == 0)
        kept: Bools = (left == came) | (free & (self.lacking[service, came] == 0))
        return kept

    def deltas(self, moves: MoveBatch) -> tuple[Ints, Ints, Ints]:
        """What each move adds to the cost, but for service moves; and what source and target cost after it."""
        problem = self.problem
        demand = problem.demand[moves.process]
        if moves.other is not None:
            demand = demand - problem.demand[moves.other]
        source = self.cost_of(moves.source, self.used[moves.source] - demand)
        target = self.cost_of(moves.target, self.used[moves.target] + demand)
        delta = source + target - self.machine_cost[moves.source] - self.machine_cost[moves.target]
        delta += self._move_cost(moves.process, moves.source, moves.target)
        if moves.other is not None:
            delta += self._move_cost(moves.other, moves.target, moves.source)
        return delta, source, target

    def _move_cost(self, process: Ints, source: Ints, target: Ints) -> Ints:
        initial = self.problem.initial[process]
        cost: Ints = self.between_cost[initial, target] - self.between_cost[initial, source]
        cost += self.process_cost[process] * ((target != initial).astype(np.int64) - (source != initial))
        return cost

    def moves_away(self, moves: MoveBatch) -> Ints:
        """How many processes more are away from where they were, after each move."""
        initial = self.problem.initial
        home = initial[moves.process]
        away: Ints = (moves.target != home).astype(np.int64) - (moves.source != home)
        if moves.other is not None:
            home = initial[moves.other]
            away += (moves.source != home).astype(np.int64) - (moves.target != home)
        return away

    def apart(self, moves: MoveBatch) -> Ints:
        """The first moves that share no machine and no service with an earlier one of them. O(n)."""
        order = np.arange(len(moves))
        service = self.problem.service
        first = np.ones(len(moves), dtype=np.bool_)
        pairs = [(moves.source, moves.target)]
        mine = service[moves.process]
        pairs.append((mine, mine if moves.other is None else service[moves.other]))
        for one, two in pairs:
            owner = np.empty(int(max(one.max(initial=0), two.max(initial=0))) + 1, dtype=np.int64)
            owner[np.stack([one, two], axis=1).ravel()[::-1]] = np.repeat(order, 2)[::-1]
            first &= (owner[one] == order) & (owner[two] == order)
        return np.flatnonzero(first)

    def make(self, moves: MoveBatch, deltas: tuple[Ints, Ints, Ints]) -> int:
        """Make moves that are feasible each by itself and `apart`; how many were made.

        Moves of services with dependencies are looked at again, one after the other, as one may take from another what
        it depends on: those that would break a rule now are left out. O(n R), and the dependencies of what moves.
        """
        between = self._between(moves)
        if between.any():
            stay = self._refused(moves, np.flatnonzero(between))
            if stay:
                kept = np.setdiff1d(np.arange(len(moves)), stay)
                moves, deltas = moves.take(kept), tuple(part[kept] for part in deltas)  # type: ignore[assignment]
        demand = self.problem.demand[moves.process]
        self.taken[moves.source] -= self._leaving(moves.process, moves.source)
        self.taken[moves.target] += self._arriving(moves.process, moves.target)
        if moves.other is not None:
            demand = demand - self.problem.demand[moves.other]
            self.taken[moves.target] -= self._leaving(moves.other, moves.target)
            self.taken[moves.source] += self._arriving(moves.other, moves.source)
        self.used[moves.source] -= demand
        self.used[moves.target] += demand
        delta, self.machine_cost[moves.source], self.machine_cost[moves.target] = deltas
        self._leave(moves.process, moves.source)
        if moves.other is not None:
            self._leave(moves.other, moves.target)
            self._arrive(moves.other, moves.source)
        self._arrive(moves.process, moves.target)
        most = int(self.moved.max(initial=0))
        self.cost += int(delta.sum()) + self.problem.service_weight * (most - self.most_moved)
        self.most_moved = most
        return len(moves)

    def _leave(self, process: Ints, source: Ints) -> None:
        problem = self.problem
        service, place = problem.service[process], problem.location[source]
        self.on[service, source] = False
        self.in_location[service, place] -= 1
        self.places[service] -= self.in_location[service, place] == 0
        self.moved[service] -= source != problem.initial[process]
        plain = ~self.depends[service]  # of the others, `_refused` counts
        self.in_neighbourhood[service[plain], problem.neighbourhood[source[plain]]] -= 1

    def _arrive(self, process: Ints, target: Ints) -> None:
        problem = self.problem
        service, place = problem.service[process], problem.location[target]
        self.on[service, target] = True
        self.places[service] += self.in_location[service, place] == 0
        self.in_location[service, place] += 1
        self.moved[service] += target != problem.initial[process]
        plain = ~self.depends[service]
        self.in_neighbourhood[service[plain], problem.neighbourhood[target[plain]]] += 1
        self.machine_of[process] = target

    def _between(self, moves: MoveBatch) -> Bools:
        """Moves of a service with dependencies: their neighbourhoods are counted one move after the other."""
        between: Bools = self.depends[self.problem.service[moves.process]]
        if moves.other is not None:
            between = between | self.depends[self.problem.service[moves.other]]
        return between

    def _refused(self, moves: MoveBatch, rows: Ints) -> list[int]:
        """Count neighbourhoods of these moves, one after the other; those that an earlier one made impossible."""
        neighbourhood, service = self.problem.neighbourhood, self.problem.service
        refused = []
        for row in rows.tolist():
            left, came = int(neighbourhood[moves.source[row]]), int(neighbourhood[moves.target[row]])
            steps = [(int(service[moves.process[row]]), left, came)]
            if moves.other is not None:
                steps.append((int(service[moves.other[row]]), came, left))
            steps = [step for step in steps if self.depends[step[0]]]
            if left == came or (len(steps) == 2 and steps[0][0] == steps[1][0]):
                continue
            for one, old, new in steps:
                self._shift(one, old, -1)
                self._shift(one, new, +1)
            if not all(self._content(one, old, new) for one, old, new in steps):
                refused.append(row)
                for one, old, new in steps:
                    self._shift(one, old, +1)
                    self._shift(one, new, -1)
        return refused

    def _content(self, service: int, left: int, came: int) -> bool:
        """Whether dependencies hold where a service has gone from one neighbourhood to another."""
        gone = self.in_neighbourhood[service, left] == 0
        there = self.in_neighbourhood[service, came] > 0
        return not (gone and self.wanted_by[service, left]) and not (there and self.lacking[service, came])

    def _shift(self, service: int, neighbourhood: int, by: int) -> None:
        """One process of a service more or less in a neighbourhood; the first and the last change what others see."""
        before = int(self.in_neighbourhood[service, neighbourhood])
        self.in_neighbourhood[service, neighbourhood] = before + by
        if (before == 0) != (before + by == 0):
            change = 1 if before == 0 else -1
            self.lacking[self.needed_by[service], neighbourhood] -= change
            self.wanted_by[self.needs[service], neighbourhood] += change


def _each(fits: Bools) -> Bools:
    """Whether all of a row hold."""
    found: Bools = np.logical_and.reduce(fits, axis=1)
    return found


def _counts(rows: int, columns: int, row: Ints, column: Ints) -> Ints:
    """How often each pair comes."""
    found: Ints = np.bincount(row * columns + column, minlength=rows * columns).reshape(rows, columns)
    return found
