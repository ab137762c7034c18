"""Small transitions to the proof: the least temporary machine-hours, then the fewest batches with as many.

An order in the sense of the proof: copies that the plan keeps are never stopped, and each copy that has to go may stop
over once. `program` has the formulation. Fewest batches are found by asking for ever more of them, from the bound on.
"""

import math
import time
from typing import Any

from ortools.sat.python import cp_model

from placement.engines.cp_sat import cp_sat_solver
from placement.transition.answer import SearchResult, TransitionAsk
from placement.transition.batches import Batch, Order
from placement.transition.difference import Difference, Stand
from placement.transition.moment import Moment
from placement.transition.program import (
    MOST_VARIABLES,
    ProgramSize,
    Starter,
    TransitionProgram,
    all_places,
    fits_program,
    machines_for_hire,
    most_batches,
)

MOST_STOPS = 12  # copies that have to go, beyond which nothing is tried
WORK = 2.0  # of one program, in CP-SAT's deterministic seconds: some seconds of one core
FEW = 4  # batches that are tried first
_FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)
_BOTH = "list scheduling, CP-SAT"  # the methods by which a result was found
_MONEY = 10**6  # batches count before money


def prove(ask: TransitionAsk, result: SearchResult) -> None:
    """Better the result of a search, or prove it, where the transition is small; else leave it as it is."""
    sites, due = ask.sites, ask.due
    small = max(len(due.leaving), len(due.arriving)) <= MOST_STOPS
    some = due.leaving or (due.arriving and sites.spread)  # else one batch does
    if small and some and fits_program(sites, due):
        _Proof(ask, result).run()


class _Proof:
    """The programs of one transition, and what they make of the result of a search."""

    def __init__(self, ask: TransitionAsk, result: SearchResult) -> None:
        self.ask, self.sites, self.due, self.result = ask, ask.sites, ask.due, result
        self._deadline = math.inf if ask.seconds is None else time.monotonic() + ask.seconds

    def starters(self, temporary: dict[str, int]) -> list[Starter]:
        """Copies of the plan, each at its place, and one that may stop over for each that has to go."""
        arriving = [Starter((stand,)) for stand in self.due.arriving]
        machines = [*self.due.running, *self.due.opening, *temporary]
        places: dict[str, tuple[Stand, ...]] = {}
        empty = Moment(self.sites, (), self.due.kept)
        for component in dict.fromkeys(stand.component for stand in self.due.leaving):
            found = all_places(self.sites, component, machines)
            places[component] = tuple(place for place in found if empty.fits(place))
        hops = [Starter(places[stand.component], optional=True, leaves=True) for stand in self.due.leaving]
        return [*arriving, *(hop for hop in hops if hop.places)]

    def run(self) -> None:
        """Less temporary machine-hours where that can be, then fewer batches, as far as the programs say."""
        result, most = self.result, most_batches(self.sites, self.due)
        if result.value is None or result.value.temporary_seconds:
            status, order = self._without(min(most, FEW))  # sooner found where there is one
            if order is None:
                status, order = self._without(most)
            if order is not None:
                self._take(order)
                result.batches_bound, result.temporary_bound = 0, 0
            elif status == cp_model.INFEASIBLE and not self.ask.temporary:
                result.impossible, result.method = True, _BOTH
                return
            elif status == cp_model.INFEASIBLE:
                self._least_hours(most)
                return
            else:
                return
        self._fewest()

    def _fewest(self) -> None:
        """The fewest batches without a temporary machine: one more each time, until there is an order."""
        result = self.result
        while result.value is not None and result.batches_bound < result.value.batches:
            least = max(1, result.batches_bound)
            status, order = self._without(least)
            if order is not None:
                self._take(order)
                result.batches_bound = least
            elif status == cp_model.INFEASIBLE:
                result.batches_bound, result.method = least + 1, _BOTH
            else:
                return

    def _without(self, batches: int) -> tuple[Any, Order | None]:
        """An order without temporary machines in so many batches; or that there is none, or that it is not known."""
        starters = self.starters({})
        if _variables(starters, self.due, batches) > MOST_VARIABLES:
            return cp_model.UNKNOWN, None
        program = TransitionProgram(self.sites, self.due, starters, ProgramSize(batches, {}))
        program.model.minimize(_stopovers(program))
        return self._solved(program)[:2]

    def _least_hours(self, most: int) -> None:
        """Where temporary machines are needed: their fewest seconds, then the fewest batches with as many."""
        result, copies = self.result, len(self.due.leaving)
        options = [option for stand in self.due.leaving for option in self.sites.components[stand.component].options]
        temporary = machines_for_hire(self.sites, options, "temp", min(self.ask.temporary, copies))
        starters = self.starters(temporary)
        if _variables(starters, self.due, most) > MOST_VARIABLES:
            return
        program = TransitionProgram(self.sites, self.due, starters, ProgramSize(most, temporary))
        seconds, batches, money = _hours(self.ask, program)
        if self.ask.temporary < len(temporary):
            program.model.add(sum(_ever(program, machine) for machine in temporary) <= self.ask.temporary)
        _alike_in_turn(program)
        program.model.minimize(seconds)
        status, order, least = self._solved(program)
        if order is not None:
            self._take(order)
        if status == cp_model.INFEASIBLE and result.value is None:
            result.impossible, result.method = True, _BOTH
        if status != cp_model.OPTIMAL or result.value is None:
            return
        result.temporary_bound, result.method = min(least, result.value.temporary_seconds), _BOTH
        program.model.add(seconds <= result.temporary_bound)
        program.model.minimize((_MONEY * batches + money) * (1 + copies) + _stopovers(program))
        status, order, least = self._solved(program)
        if order is not None:
            self._take(order)
        if status == cp_model.OPTIMAL:
            result.batches_bound = min(least // (_MONEY * (1 + copies)), result.value.batches)

    def _solved(self, program: TransitionProgram) -> tuple[Any, Order | None, int]:
        """CP-SAT's word, the order that it found, and the least that the program says there is of what is minimised."""
        solver = cp_sat_solver(self.ask.seed)
        left = self._deadline - time.monotonic()
        if left <= 0:
            return cp_model.UNKNOWN, None, 0
        if left < math.inf:
            solver.parameters.max_time_in_seconds = left
        solver.parameters.max_deterministic_time = WORK
        status = solver.solve(program.model)
        found = status in _FOUND
        return status, _read(program, solver) if found else None, round(solver.best_objective_bound) if found else 0

    def _take(self, order: Order) -> None:
        if self.result.take(self.ask, order):
            self.result.method = _BOTH


def _alike_in_turn(program: TransitionProgram) -> None:
    """Of two temporary machines of a pool the second is rented only when the first is."""
    last: dict[int, Any] = {}
    for machine, pool in program.size.temporary.items():
        ever = _ever(program, machine)
        program.model.add(ever <= sum(program.is_open[machine]))
        if pool in last:
            program.model.add(ever <= last[pool])
        last[pool] = ever


def _hours(ask: TransitionAsk, program: TransitionProgram) -> tuple[Any, Any, Any]:
    """Seconds of temporary machines, batches in use, and a whole number that grows with their price."""
    model, times, fleet = program.model, ask.durations, program.sites.fleet
    slowest = max(times.until_ready(stand.component) for stand in (*ask.due.now, *ask.due.planned))
    longest = times.open + times.drain + slowest
    seconds: Any = 0
    money: Any = 0
    prices = {p.index: rank for rank, p in enumerate(sorted(fleet.pools, key=lambda p: p.price))}
    uses = [model.new_bool_var("") for _ in program.batches]
    for k, used in enumerate(uses):
        ready = model.new_int_var(0, longest, "")
        drains = model.new_bool_var("")
        starts = sum(row[k] for rows in program.start for row in rows)
        for starter, rows in zip(program.starters, program.start, strict=True):
            for stand, row in zip(starter.places, rows, strict=True):
                model.add(used >= row[k])
                model.add(ready >= times.until_ready(stand.component) * row[k])
                if times.open and stand.instance in program.is_open:
                    opens = _opens(program, stand.instance, k)
                    both = times.until_ready(stand.component) + times.open
                    model.add(ready >= both * (row[k] + opens - 1))
        for stop in (*program.stop, *(row for rows in program.leave for row in rows)):
            model.add(drains >= stop[k])
            model.add(used >= stop[k])
        for machine in program.due.opening:
            model.add(used >= _opens(program, machine, k))
            model.add(ready >= times.open * _opens(program, machine, k) - longest * starts)
        for machine in program.due.closing if k else ():
            model.add(uses[k - 1] >= -_opens(program, machine, k))
        for machine in program.size.temporary:
            here = model.new_int_var(0, longest, "")
            there = program.is_open[machine][k]
            model.add(here >= ready + times.drain * drains - longest * (1 - there))
            seconds += here
            money += (1 + prices[program.sites.pool_of[machine]]) * there
    return seconds, sum(uses), money


def _stopovers(program: TransitionProgram) -> Any:
    found: Any = 0
    for starter, rows in zip(program.starters, program.start, strict=True):
        if starter.leaves:
            found += sum(variable for row in rows for variable in row)
    return found


def _opens(program: TransitionProgram, machine: str, k: int) -> Any:
    rows = program.is_open[machine]
    if k:
        return rows[k] - rows[k - 1]
    return 0 if machine in program.due.closing else rows[0]


def _ever(program: TransitionProgram, machine: str) -> Any:
    flag = program.model.new_bool_var("")
    for there in program.is_open[machine]:
        program.model.add(flag >= there)
    return flag


def _variables(starters: list[Starter], due: Difference, batches: int) -> int:
    places = sum(len(starter.places) * (1 + starter.leaves) for starter in starters)
    return batches * (places + len(due.leaving))


def _read(program: TransitionProgram, solver: cp_model.CpSolver) -> Order:
    """The batches of a solution: machines open as late and close as early as its copies let them.

    A machine of the plan that no copy starts on opens when the program has it, perhaps in a batch of its own: only then
    may quotas and limits have room for it. One that is empty today closes in the first batch.
    """
    batches, stopovers = copies_by_batch(program, solver)
    used = {stand.instance for batch in batches for stand in batch.starts}
    temporary = {name: pool for name, pool in program.size.temporary.items() if name in used}
    for machine in (*program.due.opening, *temporary):
        first = next((k for k, b in enumerate(batches) if any(s.instance == machine for s in b.starts)), -1)
        batches[first if first >= 0 else _when(solver, program.is_open[machine])].opens.append(machine)
    for machine in (*program.due.closing, *temporary):
        touched = [k for k, b in enumerate(batches) if any(s.instance == machine for s in (*b.starts, *b.stops))]
        batches[max(touched, default=0)].closes.append(machine)
    batches = [batch for batch in batches if batch]
    return Order(tuple(batches), temporary, tuple(stopovers))


def copies_by_batch(program: TransitionProgram, solver: cp_model.CpSolver) -> tuple[list[Batch], list[Stand]]:
    """What starts and stops in each batch of a solution, and which of the copies that start stop over."""
    batches = [Batch() for _ in program.batches]
    stopovers = []
    for stand, row in zip(program.due.leaving, program.stop, strict=True):
        batches[_when(solver, row)].stops.append(stand)
    for starter, starts, leaves in zip(program.starters, program.start, program.leave, strict=True):
        for p, stand in enumerate(starter.places):
            k = _when(solver, starts[p])
            if k < 0:
                continue
            batches[k].starts.append(stand)
            if leaves:
                stopovers.append(stand)
                batches[_when(solver, leaves[p])].stops.append(stand)
    return batches, stopovers


def _when(solver: cp_model.CpSolver, row: list[Any]) -> int:
    return next((k for k, variable in enumerate(row) if solver.boolean_value(variable)), -1)
