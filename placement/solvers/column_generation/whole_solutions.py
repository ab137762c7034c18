"""Whole solutions of the pattern program, packed device class by device class.

1. The integer program over the patterns that are known: the cheapest machines, and copies by component and pool, that
   it takes for a plan. With those counts given, what each device class has can be packed by itself.
2. Each is packed by itself (`solution_parts`).
3. What does not fit there becomes a row: one of these copies fewer, or one machine more. Then the program again.
4. From what was packed a plan is completed, be it a dearer one.

Where the tree's bound is that of whole solutions, the first that is packed meets it: what is left to find is which
copies share a machine, and the direct model of the whole fleet finds that much later. It proves nothing by itself, as
other patterns may be cheaper.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from placement.bounds.cutoff import cutoff_below
from placement.compiled.broken_rule import broken_rule
from placement.local_search.completion import Completion
from placement.patterns.covering import any_domain
from placement.patterns.enumeration.program import WholeProgram
from placement.patterns.enumeration.reduced_costs import Reduced
from placement.reductions.capped import CappedInstances
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.solution_parts import SolutionParts
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Collection

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from placement.patterns.bound import PatternBound
    from placement.patterns.enumeration.program import ProgramAnswer
    from placement.solving.budget import Budget
    from placement.solving.context import Solve


_PARAMS = COLUMN_GENERATION.whole_solutions
_TIME = SCHEDULE.column_generation.whole_solutions


def may_pack_solutions(fleet: Fleet) -> bool:
    """Whether the fleet is small, and counts of copies say enough: nothing runs, and there are no demands."""
    components = fleet.components
    few = sum(component.copies for component in components) <= _PARAMS.most_copies
    return few and not fleet.instances and not any(component.demand for component in components)


def pack_solutions(solve: Solve, bound: PatternBound, name: str) -> int:
    """Look for plans as this module does, where it may, in its part of the budget; says how many solutions it tried."""
    if solve.ended or not may_pack_solutions(solve.fleet):
        return 0
    search = WholeSolutions(solve, bound, name)
    search.run(_TIME.of(solve.budget))
    return search.solutions


class WholeSolutions:
    """The search for one fleet, from its pattern bound; `solutions` counts those that were tried to be packed."""

    def __init__(self, solve: Solve, bound: PatternBound, name: str) -> None:
        """Plans are offered to the solve under `name`. O(components)."""
        self._solve, self._bound, self._name = solve, bound, name
        self._fleet = CappedInstances.of(solve.fleet).fleet
        self._completion = Completion(self._fleet, solve.seed)
        self._parts = SolutionParts(solve, self._fleet, bound.relaxation)
        self._tight: dict[
            tuple[tuple[int, ...], int], int
        ] = {}  # by pools and machines, the memory that copies may take
        self.solutions = 0

    def run(self, budget: Budget) -> None:
        """Solution after solution, until the program has none that is cheaper, or the budget is over."""
        self._bound.add_patterns(self._solve.packing, _PARAMS.bent)
        rounds = _PARAMS.rounds if budget.work is None else min(_PARAMS.rounds, budget.work)
        for _ in range(rounds):
            if self._solve.within(budget).ended:
                return
            answer = self._cheapest(budget)
            if answer is None or not answer.machines:
                return
            self.solutions += 1
            if self._pack(answer, budget):
                self._bound.resume(budget, _PARAMS.tree_nodes)  # with a better plan it decides more

    def _cheapest(self, budget: Budget) -> ProgramAnswer | None:
        """A solution of the program cheaper than the best plan, nearly the cheapest; None where none is asked for."""
        best, relaxation = self._solve.value, self._bound.relaxation
        domain = any_domain(self._fleet, self._bound.groups)
        copies = tuple(self._fleet.components[mode.component].copies for mode in relaxation.modes)
        anything = Reduced(domain.fewest, domain.most, copies, (), ())
        program = WholeProgram(relaxation, self._bound.groups, domain, anything, self._bound.patterns)
        for forbidden in self._parts.forbidden:
            program.forbid(forbidden)
        for (pools, machines), most in self._tight.items():
            program.loosen(pools, most, machines)
        cutoff = program.most_rent
        if best is not None:
            below = cutoff_below(self._solve.fleet, best, self._bound.given)
            if below is None or below.rent is None:
                return None
            cutoff = below.rent
        if budget.work is not None:  # the same everywhere
            return program.solve(cutoff, budget, _PARAMS.fewer_nodes, gap=_PARAMS.gap)
        return program.solve(cutoff, _TIME.program.of(budget), _PARAMS.nodes, gap=_PARAMS.gap)

    def _pack(self, answer: ProgramAnswer, budget: Budget) -> bool:
        """Pack a solution part by part, forbid what does not fit; says whether a better plan came of it."""
        parts = self._parts.pack_all(answer, budget)
        for part in parts.undecided:  # too full for that
            most = int((1 - _PARAMS.looser) * self._taken(answer, part.pools))
            self._tight[part.pools, sum(part.machines.values())] = most
        whole: Packing | None = parts.packing
        if not parts.complete:
            wanted = Counter({c.index: c.required for c in self._fleet.components})
            whole = self._completion.run(parts.packing, wanted, budget)
        if whole is None or broken_rule(self._solve.fleet, whole):  # the program knows some rules in part
            return False
        return self._solve.incumbent.offer(whole, self._name)

    def _taken(self, answer: ProgramAnswer, pools: Collection[int]) -> int:
        """The memory of accelerators that the copies of a solution take on some pools."""
        modes = zip(self._bound.relaxation.modes, answer.copies, strict=True)
        return sum(n * mode.usage[0] for mode, n in modes if mode.pool in pools)
