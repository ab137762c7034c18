"""Few moves, or dear ones: whole solutions of the pattern program with what runs, packed part by part.

1. The linear relaxation of `patterns.running.whole_program`, by column generation: a bound that knows moves.
2. The integer program over the columns found, a narrow one (`NarrowProgram.narrow`), as wide as each number of
   `narrow` in turn: which machines stay with which of their copies, and which pools have the others.
3. Each device class is packed by itself, around the copies that stay (`solution_parts`), and what does not fit is
   brought in elsewhere (`solution_completion`). Where a part was not packed, copies take less room there from then on.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING

from placement.compiled.broken_rule import broken_rule
from placement.compiled.packing import Machine, Packing, Seat
from placement.heuristics.workspace import Workspace
from placement.patterns.bound import PatternBound
from placement.patterns.running.state import RunningState
from placement.patterns.running.whole_program import RunningProgram
from placement.patterns.size import may_build
from placement.reductions.base import Chain
from placement.reductions.capped import CappedInstances
from placement.reductions.greenfield import Greenfield
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.solution_completion import SolutionCompletion
from placement.solvers.column_generation.solution_parts import SolutionParts
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from placement.compiled.fleet import Fleet
    from placement.patterns.enumeration.program import Forbidden
    from placement.patterns.running.seat_contents import Content
    from placement.patterns.running.whole_program import PricedProgram, RunningAnswer
    from placement.solvers.column_generation.solution_parts import PackedParts
    from placement.solving.context import Solve

NAME = "running-solutions"
RELAXES = "how copies of a pool share its machines"
_PARAMS = COLUMN_GENERATION.running_solutions
_TIME = SCHEDULE.running_solutions


def may_solve_running(fleet: Fleet) -> bool:
    """Whether machines run, and nothing is asked that the program does not know: demands, or commitments."""
    copies = sum(component.copies for component in fleet.components)
    asked = fleet.commitments or any(component.demand for component in fleet.components)
    return bool(fleet.places) and not asked and copies <= _PARAMS.most_copies


def solve_running(solve: Solve) -> Outcome:
    """Raise the bound, and look for plans in the time that is left. It never proves that there is no plan."""
    stuck = Outcome(NAME, Stop.STUCK)
    if not may_solve_running(solve.fleet) or not may_build(solve.fleet, solve.budget) or solve.ended:
        return stuck
    search = _RunningSolutions(solve)
    if not search.bound():
        return stuck
    search.run()
    stats: dict[str, int | float | str] = {"solutions": search.solutions, "contents": len(search.contents)}
    return Outcome(NAME, solve.why_stop() or Stop.DONE, stats=stats)


class _RunningSolutions:
    """The search for one fleet; `solutions` counts those of the integer program."""

    def __init__(self, solve: Solve) -> None:
        self._solve, self._fleet = solve, solve.fleet
        self._patterns = PatternBound(_TIME.patterns.within(solve, solve.budget.work), solve.left_out)
        self._state = RunningState(self._patterns.relaxation)
        self._known = list(self._patterns.patterns)
        self.contents: dict[Content, None] = {}
        self.solutions = 0

    def bound(self) -> bool:
        """Column generation with what runs, and its bound; False where there is no time for any."""
        bound = self._patterns
        if bound.running_prices() is None or bound.infeasible:
            return False
        self._known = list(bound.patterns)
        best: PricedProgram | None = None
        for done in range(_PARAMS.rounds):
            program = self._program()
            duals = program.duals(self._solve.budget)
            if duals is None or self._solve.ended:
                return done > 0
            points = [duals] if best is None else [_between(best.prices, duals), duals]
            found = [program.price(point) for point in points]
            best = max((best, *found) if best else found, key=lambda priced: priced.bound)
            ticks = math.ceil(self._fleet.tick_price * best.bound)
            self._solve.incumbent.raise_bound(ticks, NAME, bound.given, RELAXES)
            if not self._learn(found) or program.value * 1e6 <= float(best.bound) * (1 + _PARAMS.rise):
                break
        return True

    def _learn(self, found: Sequence[PricedProgram]) -> bool:
        """Keep columns that are new; says whether there were any."""
        patterns, contents = set(self._known), len(self.contents)
        new = {pattern for priced in found for pattern in priced.patterns} - patterns
        self._known += sorted(new)
        self.contents |= dict.fromkeys(content for priced in found for content in priced.contents)
        return bool(new) or len(self.contents) > contents

    def run(self) -> None:
        """Solution after solution, each packed, until the budget is over or a few in a row brought nothing."""
        reduction = self._reduction()
        if reduction is None:
            return
        solve, idle = self._solve, 0
        parts = SolutionParts(solve, reduction.fleet, self._patterns.relaxation, large=True)
        completion = SolutionCompletion(solve, reduction)
        tight: dict[tuple[tuple[int, ...], int], int] = {}  # by pools and machines, the memory that copies may take
        while idle < _PARAMS.idle and not solve.ended:
            answer = self._cheapest(parts.forbidden, tight)
            idle += 1
            if answer is None or self._is_dear(answer):
                continue
            held = list(self._held(answer, reduction.fleet))
            packed = parts.pack_all(answer, solve.budget, held)
            for left, partly in packed.undecided:  # too full for that
                tight[left.pools, sum(left.machines.values())] = parts.room(answer, left, partly)
            solve.incumbent.outlines.append(_outline(answer, held, packed))
            if self._offer(answer, packed, held, completion, reduction):
                idle = 0

    def _cheapest(
        self, forbidden: Sequence[Forbidden], tight: Mapping[tuple[tuple[int, ...], int], int]
    ) -> RunningAnswer | None:
        """A cheap solution within what is known of parts."""
        program, budget = self._program(), self._solve.budget
        for some in forbidden:
            program.forbid(some)
        for (pools, machines), most in tight.items():
            program.loosen(pools, most, machines)
        program.narrow(_PARAMS.narrow[self.solutions % len(_PARAMS.narrow)], budget)
        self.solutions += 1
        if budget.work is not None:
            return program.cheapest(budget, _PARAMS.fewer_nodes, _PARAMS.gap)
        return program.cheapest(_TIME.program.of(budget), _PARAMS.nodes, _PARAMS.gap)

    def _is_dear(self, answer: RunningAnswer) -> bool:
        """Whether the best plan costs no more than a solution, and leaves out as little."""
        best, given = self._solve.value, self._patterns.given or ()
        return best is not None and best.left_out <= given and best.ticks <= self._fleet.tick_price * answer.cost

    def _program(self) -> RunningProgram:
        return RunningProgram(self._state, self._patterns.groups, self._known, self.contents)

    def _reduction(self) -> Chain | None:
        """The fleet as if nothing ran, in which solutions are packed."""
        fleet, best = self._fleet, self._solve.value
        return Chain.of(fleet, partial(Greenfield.of, best=best, dear=True), CappedInstances.of)

    def _held(self, answer: RunningAnswer, fleet: Fleet) -> Iterator[Machine]:
        """Machines that stay in a solution, with their copies, as far as these keep the rules of their machine."""
        seats: dict[int, list[Seat]] = defaultdict(list)
        for k, n in answer.kept.items():
            place = self._fleet.places[k]
            seats[place.instance] += [Seat(place.component, place.option, place.accelerators or (0,))] * n
        ws = Workspace(fleet)
        for instance, stays in zip(self._fleet.instances, answer.stays, strict=True):
            if not stays or not seats[instance.index] or not ws.can_rent(instance.pool):
                continue
            m, standing = ws.open_row(instance.pool), list[Seat]()
            for seat in seats[instance.index]:
                if ws.can_stand(seat, m):
                    ws.place(seat, m)
                    standing.append(seat)
            if standing:
                yield Machine(instance.pool, None, tuple(sorted(standing)))

    def _offer(
        self,
        answer: RunningAnswer,
        packed: PackedParts,
        held: Sequence[Machine],
        completion: SolutionCompletion,
        reduction: Chain,
    ) -> bool:
        """Offer a plan of a solution, completed where parts of it were not packed; says whether it is the best."""
        solve = self._solve
        if packed.complete:
            plan = reduction.lift(packed.packing)
        else:
            wanted: Counter[int] = Counter()
            for mode, n in zip(self._patterns.relaxation.modes, answer.copies, strict=True):
                wanted[mode.component] += n
            budget = _TIME.complete.of(solve.budget)
            plan = completion.run(answer.machines, Packing(packed.machines), wanted, budget, held)
        return plan is not None and not broken_rule(self._fleet, plan) and solve.incumbent.offer(plan, NAME)


def _outline(answer: RunningAnswer, held: Sequence[Machine], packed: PackedParts) -> Packing:
    """Machines that hold copies that stay, with what joins them where that was packed, and new ones, empty."""
    staying = Counter(machine.pool for machine in held)
    there: Counter[int] = Counter()
    machines: list[Machine] = []
    done = {machine.pool for machine in packed.packing.machines}
    for machine in packed.packing.machines:  # those held come first
        if there[machine.pool] < staying[machine.pool]:
            there[machine.pool] += 1
            machines.append(machine)
    machines += [machine for machine in held if machine.pool not in done]
    new = (Machine(p, None, ()) for p, n in enumerate(answer.machines) for _ in range(n - staying[p]))
    return Packing((*machines, *new))


def _between(best: Sequence[int], duals: Sequence[int]) -> list[int]:
    """Smoothed prices (Wentges 1997)."""
    return [round(_PARAMS.smoothing * a + (1 - _PARAMS.smoothing) * b) for a, b in zip(best, duals, strict=True)]
