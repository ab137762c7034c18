"""Few moves, or dear ones: whole solutions of the pattern program with what runs, packed part by part.

1. The linear relaxation of `patterns.running.whole_program`, by column generation: a bound that knows moves.
2. The integer program over the columns found, a narrow one (`NarrowProgram.narrow`), as wide as each number of
   `narrow` in turn: which machines stay with which of their copies, and which pools have the others.
3. Each device class is packed by itself, around the copies that stay (`solution_parts`), and what does not fit is
   brought in elsewhere (`solution_completion`). Where a part was not packed, copies take less room there from then on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from placement.compiled.broken_rule import broken_rule
from placement.compiled.packing import Machine, Packing, Seat
from placement.heuristics.workspace import Workspace
from placement.patterns.running.whole_bound import raise_running_bound
from placement.reductions.base import Chain
from placement.reductions.capped import CappedInstances
from placement.reductions.greenfield import Greenfield
from placement.solvers.column_generation.kept_machines import kept_accelerators
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.solution_completion import SolutionCompletion
from placement.solvers.column_generation.solution_parts import SolutionParts
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from placement.patterns.running.whole_bound import WholeRunningBound
    from placement.patterns.running.whole_program import RunningAnswer
    from placement.solving.context import Solve

NAME = "running-solutions"
_PARAMS = COLUMN_GENERATION.running_solutions
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
        self._tight: dict[tuple[tuple[int, ...], int], int] = {}  # by pools and machines, the room of copies there
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
        for some in self._parts.forbidden:
            program.forbid(some)
        for (pools, machines), most in self._tight.items():
            program.loosen(pools, most, machines)
        program.spare_moves(self._spare)
        program.narrow(_PARAMS.narrow[self.solutions % len(_PARAMS.narrow)], budget)
        self.solutions += 1
        if budget.work is not None:
            return program.cheapest(budget, _PARAMS.fewer_nodes, _PARAMS.gap)
        return program.cheapest(_TIME.program.of(budget), _PARAMS.nodes, _PARAMS.gap)

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
        nameless = [replace(machine, instance=None) for machine in held]
        packed = self._parts.pack_all(answer, solve.budget, nameless)
        for part, partly in packed.undecided:  # too full for that
            self._tight[part.pools, sum(part.machines.values())] = self._parts.room(answer, part, partly)
        solve.incumbent.outlines.append(_outline(answer, nameless, packed.packing))
        plan: Packing | None
        if packed.complete:
            plan = self._named(packed.packing, held)
        else:
            wanted = self._parts.wanted(answer)
            completion = SolutionCompletion(solve, self._reduction.fleet, partial(self._named, held=held))
            budget, start = _TIME.complete.of(solve.budget), Packing(packed.machines)
            plan = completion.run(answer.machines, start, wanted, budget, nameless)
        return plan is not None and not broken_rule(self._fleet, plan) and solve.incumbent.offer(plan, NAME)

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

    def _named(self, packing: Packing, held: Iterable[Machine]) -> Packing | None:
        """A packing on the machines that run: those that hold copies which stay, and what `relabel` finds."""
        machines = list(packing.machines)
        for there in held:
            seats = Counter(there.seats)
            for k, machine in enumerate(machines):
                if machine.pool == there.pool and machine.instance is None and seats <= Counter(machine.seats):
                    machines[k] = replace(machine, instance=there.instance)
                    break
        return self._reduction.lift(Packing(tuple(machines)))


def _outline(answer: RunningAnswer, held: Sequence[Machine], packed: Packing) -> Packing:
    """Machines that hold copies that stay, with what joins them where that was packed, and new ones, empty."""
    kept_machines = Counter(machine.pool for machine in held)
    there: Counter[int] = Counter()
    machines: list[Machine] = []
    done = {machine.pool for machine in packed.machines}
    for machine in packed.machines:  # those held come first
        if there[machine.pool] < kept_machines[machine.pool]:
            there[machine.pool] += 1
            machines.append(machine)
    machines += [machine for machine in held if machine.pool not in done]
    new = (Machine(p, None, ()) for p, n in enumerate(answer.machines) for _ in range(n - kept_machines[p]))
    return Packing((*machines, *new))
