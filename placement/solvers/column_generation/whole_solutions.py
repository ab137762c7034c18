"""Whole solutions of the pattern program, packed device class by device class.

1. The integer program over the patterns that are known: the cheapest machines, and copies by component and pool, that
   it takes for a plan. With those counts given, what each device class has can be packed by itself.
2. Each is packed by itself (`solution_parts`).
3. What does not fit there becomes a row: one of these copies fewer, or one machine more. Then the program again.
4. From what was packed a plan is completed, be it a dearer one (`local_search.completion`).

The program of a large fleet is a narrow one (`narrow_program`), as wide as each number of `narrow` in turn.

Where the tree's bound is that of whole solutions, the first that is packed meets it: what is left to find is which
copies share a machine, and the direct model of the whole fleet finds that much later. It proves nothing by itself, as
other patterns may be cheaper.
"""

from placement.bounds.cutoff import cutoff_below
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.local_search.completion import Completion
from placement.local_search.set_covering import SetCovering
from placement.patterns.bound import PatternBound
from placement.patterns.covering import any_domain
from placement.patterns.enumeration.narrow_program import NarrowProgram
from placement.patterns.enumeration.program import ProgramAnswer
from placement.patterns.enumeration.reduced_costs import Reduced
from placement.patterns.parameters import PATTERNS
from placement.reductions.capped import CappedInstances
from placement.solvers.column_generation.parameters import WholeSolutionsParameters as _PARAMS
from placement.solvers.column_generation.solution_parts import PackedParts, SolutionParts
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.column_generation.whole_solutions


def may_pack_solutions(fleet: Fleet) -> bool:
    """Whether the fleet is small, and counts of copies say enough: nothing runs, and there are no demands."""
    return fleet.copies <= PATTERNS.whole_bound.most_copies and not fleet.instances and not fleet.has_demand


def is_large(fleet: Fleet) -> bool:
    """Whether programs of the fleet are narrow ones, which leave little for dives to find."""
    return fleet.copies > PATTERNS.open_nodes.most_copies


def pack_solutions(
    solve: Solve, bound: PatternBound, name: str, covering: SetCovering, *, before_dives: bool = False
) -> int:
    """Look for plans as this module does, where it may, in its part of the budget; says how many solutions it tried.

    `covering` sees all that is packed. The part is smaller with `before_dives`: dives then follow, and they keep all
    rules of such a fleet.
    """
    if solve.ended or not may_pack_solutions(solve.fleet):
        return 0
    search = WholeSolutions(solve, bound, name, covering)
    phase = _TIME.before_dives if before_dives else _TIME.large if search.large else _TIME
    search.run(phase.of(solve.budget))
    return search.solutions


class WholeSolutions:
    """The search for one fleet, from its pattern bound; `solutions` counts those that were tried to be packed.

    `large` fleets have narrow programs.
    """

    def __init__(self, solve: Solve, bound: PatternBound, name: str, covering: SetCovering) -> None:
        """Plans are offered to the solve under `name`. O(components)."""
        self._solve, self._bound, self._name, self._covering = solve, bound, name, covering
        capped = CappedInstances.of(solve.fleet)
        self._fleet = capped.fleet
        self.large = is_large(self._fleet)
        self._parts = SolutionParts(solve, self._fleet, bound.relaxation, large=self.large)
        self._capped, self._completion = capped, Completion(capped.fleet, solve.seed)
        self.solutions = 0

    def run(self, budget: Budget) -> None:
        """Solution after solution, until the program has none that is cheaper, or the budget is over."""
        self._bound.add_patterns(self._solve.packing, _PARAMS.bent)
        failed, programs = 0, len(_PARAMS.narrow) if self.large else 1
        for turn in range(_PARAMS.solutions):
            if failed == programs or self._solve.within(budget).ended:
                return
            answer = self._cheapest(budget, turn)
            if answer is None:
                return
            failed = 0 if answer.machines else failed + 1
            if failed:
                continue
            self.solutions += 1
            better = self._pack(answer, budget)
            better = self._covering.run(budget) or better
            if better and not self.large:
                self._bound.resume(budget, _PARAMS.tree_nodes)  # with a better plan it decides more

    def _cheapest(self, budget: Budget, turn: int) -> ProgramAnswer | None:
        """A solution of the program cheaper than the best plan, nearly the cheapest; None where none is asked for."""
        program = self._program()
        cutoff = self._most_rent(program)
        if cutoff is None:
            return None
        if self.large:
            program.narrow(_PARAMS.narrow[turn % len(_PARAMS.narrow)], budget)
        within = (_TIME.narrow if self.large else _TIME.program).of(budget)
        find = program.solution if self.large else program.solve
        return find(cutoff, within, _PARAMS.nodes, gap=ENGINE_PARAMETERS.integer_program.gap)

    def _program(self) -> NarrowProgram:
        """Of all copies, machines and patterns that are known, without what was seen not to fit."""
        relaxation, domain = self._bound.relaxation, any_domain(self._fleet, self._bound.groups)
        anything = Reduced.anything(relaxation, domain)
        program = NarrowProgram(relaxation, self._bound.groups, domain, anything, self._bound.patterns)
        self._parts.restrict(program)
        return program

    def _most_rent(self, program: NarrowProgram) -> int | None:
        """What machines may cost for a plan better than the best one; None where no rent makes one."""
        best, given = self._solve.value, self._bound.given
        if best is None or best.left_out > (given or ()):  # a dearer plan may be a better one
            return program.most_rent
        below = cutoff_below(self._solve.fleet, best, given)
        return None if below is None else below.rent

    def _pack(self, answer: ProgramAnswer, budget: Budget) -> bool:
        """Pack a solution part by part, forbid what does not fit; says whether a better plan came of it."""
        parts = self._parts.pack_all(answer, budget)
        self._covering.add(Packing(parts.machines))
        self._parts.loosen_undecided(answer, parts)
        plan = parts.packing if parts.complete else self._completed(answer, parts, budget)
        if plan is None or broken_rule(self._solve.fleet, plan):  # the program knows some rules in part
            return False
        return self._solve.incumbent.offer(plan, self._name)

    def _completed(self, answer: ProgramAnswer, parts: PackedParts, budget: Budget) -> Packing | None:
        """A plan of a solution, be it a dearer one, of which some parts were not packed."""
        budget = _TIME.complete.of(budget)
        packing = self._completion.run(Packing(parts.machines), self._parts.wanted(answer), budget)
        return None if packing is None else self._capped.lift(packing)
