"""Few moves, or dear ones: whole solutions of the pattern program with what runs, packed part by part.

1. The linear relaxation of `patterns.running.whole_program`, by column generation: a bound that knows moves.
2. The integer program over the columns found, a narrow one (`NarrowProgram.narrow`), as wide as each number of
   `narrow` in turn: which machines stay with which of their copies, and which pools have the others.
3. Each device class is packed by itself, around the copies that stay (`solution_parts`), and what does not fit is
   placed elsewhere (`local_search.completion`). Where a part was not packed, copies take less room there from then on.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.running import Place
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.heuristics import partial_packing_of, relabel
from placement.heuristics.workspace import Workspace
from placement.local_search.completion import Completion
from placement.local_search.refill import bring_in
from placement.patterns.running.whole_bound import WholeRunningBound, raise_running_bound
from placement.patterns.running.whole_program import RunningAnswer
from placement.reductions.base import Chain
from placement.reductions.capped import CappedInstances
from placement.reductions.greenfield import Greenfield
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAtLeast
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.parameters import RunningSolutionsParameters as _PARAMS
from placement.solvers.column_generation.penalties import left_out_penalties
from placement.solvers.column_generation.solution_parts import SolutionParts
from placement.solving.context import Solve
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

NAME = "running-solutions"
_TIME = SCHEDULE.running_solutions


def solve_running(solve: Solve) -> Outcome:
    """Raise the bound, and look for plans in the time that is left. It never proves that there is no plan."""
    stuck = Outcome(NAME, Stop.STUCK)
    bound = raise_running_bound(solve)
    if bound is None:
        return stuck
    greenfield = partial(Greenfield.of, best=solve.value, dear=True)
    reduction = Chain.of(solve.fleet, greenfield, CappedInstances.of)
    if reduction is None:
        return stuck
    search = RunningSolutions(solve, bound, reduction)
    search.run()
    return Outcome(NAME, solve.why_stop() or Stop.DONE, stats={"solutions": search.solutions})


class RunningSolutions:
    """The search for plans of one fleet; `solutions` counts those of the integer program."""

    def __init__(self, solve: Solve, bound: WholeRunningBound, reduction: Chain) -> None:
        """What all solutions share: `reduction` is the fleet as if nothing ran. O(modes x pools)."""
        self._solve, self._fleet, self._bound, self._reduction = solve, solve.fleet, bound, reduction
        self._parts = SolutionParts(solve, reduction.fleet, bound.state.relaxation, large=True, search=True)
        self._capped = CappedInstances.of(solve.fleet).fleet
        self._completion = Completion(self._capped, solve.seed)
        self._penalties = [_PARAMS.missing * penalty for penalty in left_out_penalties(reduction.fleet)]
        self._spare = 0  # moves that are left to packing
        self.solutions = 0

    def run(self) -> None:
        """Solution after solution, each packed, until the budget is over or a few in a row brought nothing."""
        idle = 0
        while idle < _PARAMS.idle and not self._solve.ended:
            answer = self._cheapest()
            if answer is not None and not self._is_dear(answer) and self._pack(answer):
                idle = 0
                continue
            idle += 1
            self._spare += -(-(self._fleet.max_moves or 0) // _PARAMS.spare)

    def _cheapest(self) -> RunningAnswer | None:
        """A cheap solution within what is known of parts."""
        program, budget = self._bound.program(), self._solve.budget
        self._parts.restrict(program)
        program.spare_moves(self._spare)
        narrow = COLUMN_GENERATION.whole_solutions.narrow
        program.narrow(narrow[self.solutions % len(narrow)], budget)
        self.solutions += 1
        nodes = ENGINE_PARAMETERS.integer_program.nodes
        return program.cheapest(_TIME.program.of(budget), nodes, ENGINE_PARAMETERS.integer_program.gap, self._penalties)

    def _is_dear(self, answer: RunningAnswer) -> bool:
        """Whether the best plan costs no more than a solution, and leaves out as little."""
        best = self._solve.value
        return (
            best is not None
            and best.left_out <= (self._bound.given or ())
            and best.ticks <= self._fleet.tick_price * answer.cost
        )

    def _pack(self, answer: RunningAnswer) -> bool:
        """Pack a solution and offer a plan of it, completed where parts were not; says whether it is the best."""
        solve, held = self._solve, list(self._held(answer))
        closed = [machine for machine in held if self._is_closed(machine)]
        joined = [machine for machine in held if not self._is_closed(machine)]
        nameless = [replace(machine, instance=None) for machine in joined]
        packed = self._parts.pack_all(self._without(answer, closed), solve.budget, nameless)
        for part, partly in packed.undecided:  # too full for that
            beside = [machine for machine in closed if machine.pool in part.pools]
            room = self._parts.room(answer, part, Packing((*partly.machines, *beside)))
            self._parts.loosen(part.pools, sum(part.machines.values()) + len(beside), room)
        named = Packing((*closed, *_named(packed.machines, joined)))
        complete = packed.complete and not answer.missing
        return any(
            solve.incumbent.offer(plan, NAME)
            for plan in ([relabel(self._fleet, named)] if complete else self._completed(answer, named, held))
            if not broken_rule(self._fleet, plan)
        )

    def _completed(self, answer: RunningAnswer, packed: Packing, held: Sequence[Machine]) -> Iterator[Packing]:
        """Plans of a solution that was packed in part: once more copies are brought in on its machines, and without."""
        wanted, budget = self._parts.wanted(answer), _TIME.complete.of(self._solve.budget)
        narrow = AtFleetMix.of(RequiredAtLeast.of(self._capped, wanted).fleet, answer.machines).fleet
        start = partial_packing_of(self._completion.load(narrow, packed))
        starts = [packed]
        if start is not None:
            part = self._solve.within(_TIME.fill.of(budget))
            starts.insert(0, bring_in(narrow, start, part, left_out_penalties(self._capped), held).packing)
        for one in starts:
            plan = self._completion.run(one, wanted, budget)
            if plan is not None:
                yield relabel(self._fleet, plan)

    def _is_closed(self, machine: Machine) -> bool:
        """Whether nothing may join what a machine holds."""
        return machine.instance is not None and self._fleet.instances[machine.instance].cordoned

    def _without(self, answer: RunningAnswer, closed: Iterable[Machine]) -> RunningAnswer:
        """A solution but for some machines and what they hold."""
        machines = Counter(machine.pool for machine in closed)
        copies = Counter((seat.component, seat.option, machine.pool) for machine in closed for seat in machine.seats)
        modes = self._bound.state.relaxation.modes
        return answer._replace(
            machines=tuple(n - machines[p] for p, n in enumerate(answer.machines)),
            copies=tuple(
                n - copies[mode.component, mode.option, mode.pool] for mode, n in zip(modes, answer.copies, strict=True)
            ),
        )

    def _held(self, answer: RunningAnswer) -> Iterator[Machine]:
        """Machines that stay in a solution, with their copies, as far as these keep the rules of their machine."""
        seats: dict[int, list[Seat]] = defaultdict(list)
        for k, n in answer.kept.items():
            place = self._fleet.places[k]
            on = kept_accelerators(self._fleet, place)
            if on is not None:
                seats[place.instance] += [Seat(place.component, place.option, on)] * n
        ws = Workspace(self._reduction.fleet)
        for instance, stays in zip(self._fleet.instances, answer.stays, strict=True):
            if not stays or not ws.can_rent(instance.pool):
                continue
            m, kept = ws.open_row(instance.pool), list[Seat]()
            for seat in seats[instance.index]:
                if ws.can_stand(seat, m):
                    ws.place(seat, m)
                    kept.append(seat)
            if kept:
                yield Machine(instance.pool, instance.index, tuple(sorted(kept)))


def kept_accelerators(fleet: Fleet, place: Place) -> tuple[int, ...] | None:
    """The accelerators of a copy that may stay, where these are known or there is but one; None: it can't be held.

    What runs today may break rules: a copy on more or fewer accelerators than its option takes can't stay.
    """
    shape = fleet.pools[fleet.instances[place.instance].pool].shape
    on = (0,) if place.accelerators is None and shape.accelerators == 1 else place.accelerators
    takes = fleet.components[place.component].options[place.option].accelerators
    return on if on is not None and len(on) == takes else None


def _named(machines: Iterable[Machine], held: Iterable[Machine]) -> list[Machine]:
    """Machines, some of which are named as those that run: those that hold copies which stay there."""
    found = list(machines)
    for there in held:
        seats = Counter(there.seats)
        for k, machine in enumerate(found):
            if machine.pool == there.pool and machine.instance is None and seats <= Counter(machine.seats):
                found[k] = replace(machine, instance=there.instance)
                break
    return found
