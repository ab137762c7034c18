"""Small fleets to a proof: nodes of the pattern bound's tree, each decided over all patterns (branch and check).

1. The tree grows by a few nodes, with the best plan so far. Once a node is decided, those under it often take a moment
   each, where programs take seconds.
2. The node with the least bound is a program of machines, copies and patterns that plans in it may have which are
   better than the best one and little dearer than the bound (`patterns.enumeration.node_program`). No solution: no such
   plan, and the bound rises, or the node is left out.
3. A solution is packed part by part (`solution_parts`). A plan that comes of it is the best one from now on. What does
   not fit is forbidden in all nodes, and the program asked again (Thorsteinsson 2001, *Branch-and-check: a hybrid
   framework integrating mixed integer programming and constraint logic programming*, CP 2001).
4. A node that is not decided in its part of the time is branched on.

When no node is left the best plan is an optimum. That rests on the word of HiGHS for the programs, and on that of HiGHS
or CP-SAT for each part that was forbidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.bounds.cutoff import cutoff_below
from placement.bounds.moves import least_move_ticks
from placement.compiled.broken_rule import broken_rule
from placement.patterns.enumeration.node_program import NodeProgram
from placement.patterns.history import EngineVerdict
from placement.patterns.open_nodes import OpenNodes, may_decide
from placement.reductions.capped import CappedInstances
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.solution_parts import SolutionParts
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.compiled.packing import Packing
    from placement.patterns.bound import PatternBound
    from placement.patterns.enumeration.node_program import KnownCuts
    from placement.patterns.enumeration.program import ProgramAnswer
    from placement.patterns.history import NodeCase
    from placement.solving.budget import Budget
    from placement.solving.context import Solve

_PARAMS = COLUMN_GENERATION.branch_and_check
_TIME = SCHEDULE.column_generation.check
ENGINE = "HiGHS"
ABOUT = (
    "machines, copies and patterns of plans in this node that cost less than that, without what HiGHS or CP-SAT found "
    "to fit on no such machines"
)


def decide_nodes(solve: Solve, bound: PatternBound, name: str) -> int:
    """Decide node after node, where the fleet is one to be tried, in its part of the budget; says how many were.

    Plans are offered to the solve under `name`.
    """
    if solve.ended or not _may_decide(solve, bound):
        return 0
    search = BranchAndCheck(solve, bound, name)
    search.run((_TIME if is_near(solve, bound) else _TIME.far).of(solve.budget))
    return search.fathomed


def _may_decide(solve: Solve, bound: PatternBound) -> bool:
    """Whether counts of copies say enough, too."""
    return may_decide(solve, bound) and not solve.fleet.has_demand


def is_near(solve: Solve, bound: PatternBound) -> bool:
    """Whether nodes may be decided, and a program asks for all plans better than the best one, as none is much dearer.

    Before that the cheapest solution of the whole program makes plans better by more at a time.
    """
    if not _may_decide(solve, bound):
        return False
    cutoff = cutoff_below(solve.fleet, solve.value, bound.given)
    return cutoff is not None and cutoff.rent is not None and cutoff.rent <= _most_rent(bound, cutoff.rent)


def _most_rent(bound: PatternBound, rent: int) -> int:
    """What machines may cost that a program asks for, where plans of that `rent` would be better than the best one."""
    return min(rent, bound.bound + int(_PARAMS.dearer * rent))


class BranchAndCheck:
    """The search for one fleet; `fathomed` counts nodes."""

    def __init__(self, solve: Solve, bound: PatternBound, name: str) -> None:
        """`solve` has a plan that leaves out no copy."""
        self._solve, self._bound, self._name = solve, bound, name
        self._nodes = OpenNodes(solve, bound)
        assert solve.packing is not None
        fleet = CappedInstances.of(RequiredAsPlaced.of(solve.fleet, solve.packing).fleet).fleet
        self._parts = SolutionParts(solve, fleet, bound.relaxation)
        self._cuts: KnownCuts = {}  # of any node, as they hold in all
        self.fathomed = 0

    def run(self, budget: Budget) -> None:
        """All nodes, the least bound first, until one can neither be decided nor branched on, or the budget is over."""
        while True:
            self._bound.resume(_TIME.tree.of(budget), _PARAMS.tree_nodes)
            case, cutoff = self._nodes.least, cutoff_below(self._solve.fleet, self._solve.value, self._bound.given)
            if self._solve.within(budget).ended or case is None or cutoff is None or cutoff.rent is None:
                return
            rent = _most_rent(self._bound, cutoff.rent)
            packing, word = self._decide(case, rent, _TIME.node.of(budget))
            if packing is not None:
                self._solve.incumbent.offer(packing, self._name)
            elif word is not None and rent == cutoff.rent:
                self._nodes.fathom(EngineVerdict(ENGINE, cutoff.ticks, word, ABOUT))
                self.fathomed += 1
            elif word is not None:
                self._nodes.raise_least(rent + 1, EngineVerdict(ENGINE, self._ticks(rent + 1), word, ABOUT))
            elif not self._nodes.split(budget):
                return

    def _ticks(self, rent: int) -> int:
        """What plans that pay so much for machines cost at least."""
        return self._solve.fleet.tick_price * rent + least_move_ticks(self._solve.fleet)

    def _decide(self, case: NodeCase, rent: int, budget: Budget) -> tuple[Packing | None, Callable[[], str] | None]:
        """A plan in a node with machines of at most this rent; or what writes down the program that has no solution.

        Neither where that is not known.
        """
        program = NodeProgram(self._bound.relaxation, self._bound.groups, case, rent, self._cuts)
        for _ in range(COLUMN_GENERATION.whole_solutions.solutions):
            if self._solve.within(budget).ended:
                break
            answer = program.solve(self._parts.forbidden, budget)
            if answer.bound is None:
                return None, program.written(tuple(self._parts.forbidden))
            if not answer.machines:
                break
            if program.separate(answer):
                continue
            packing, goes_on = self._pack(answer, budget)
            if packing is not None or not goes_on:
                return packing, None
        return None, None

    def _pack(self, answer: ProgramAnswer, budget: Budget) -> tuple[Packing | None, bool]:
        """A plan of a solution, of which what does not fit is forbidden from now on; and whether something was."""
        parts = self._parts.pack_all(answer, budget)
        if not parts.complete:
            return None, bool(parts.forbidden)
        fair = not broken_rule(self._solve.fleet, parts.packing)  # the program knows some rules in part
        return (parts.packing if fair else None), False
