"""Enumerate a node of the tree: list all patterns within its gap and solve the integer program over them.

The smaller the gap of a node, the fewer patterns can stand in a better plan; where they are few, that is quicker than
branching, and it knows of whole copies and whole accelerators, which the tree does not branch on (in routing such nodes
are called enumerated: Pessoa, Sadykov, Uchoa and Vanderbeck 2020, *A generic exact solver for vehicle routing and
related problems*, Math. Prog. 183).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from placement.bounds.moves import least_move_ticks
from placement.patterns.branch_and_price import Relaxed
from placement.patterns.certificate import Groups, NodeDomain, capacity_values
from placement.patterns.enumeration.listing import list_patterns
from placement.patterns.enumeration.program import WholeProgram
from placement.patterns.enumeration.reduced_costs import Reduced, reduce_domain
from placement.patterns.formulation import Relaxation
from placement.patterns.history import EngineVerdict
from placement.patterns.master import Pattern
from placement.patterns.multiplicity import Multiplicity
from placement.patterns.parameters import EnumerationParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE
from placement.vector_packing.knapsack import Knapsack

_ABOUT = "machines, copies and patterns of this node, with every pattern that a plan of so little rent can have"


class NodeEnumeration:
    """Decides nodes of one relaxation by enumerating patterns."""

    def __init__(self, relaxation: Relaxation, groups: Groups, multiplicity: Multiplicity) -> None:
        self._relaxation = relaxation
        self._groups = groups
        self._multiplicity = multiplicity
        self._widest: int | None = None  # the gap, about, within which patterns are few enough; None: not known yet
        self.programs = 0  # solved so far

    def enumerate_node(
        self, domain: NodeDomain, relaxed: Relaxed, knapsacks: Sequence[Knapsack], cutoff: int, budget: Budget
    ) -> Relaxed | None:
        """What is known of a node when plans do not count whose machines cost more than `cutoff` (`bounds.cutoff`).

        None when no more than before. `knapsacks`, (device classes,), have the limits that hold in the node. Where no
        plan with machines of at most `cutoff` is left the answer has nothing to branch on.
        """
        gap, prices = cutoff - relaxed.bound, relaxed.prices
        if prices is None or not self._may_list(gap):
            return None
        capacity = capacity_values(self._relaxation, prices, knapsacks)
        reduced = reduce_domain(self._relaxation, self._groups, prices, capacity, domain, cutoff)
        if reduced is None:
            return Relaxed(cutoff + 1, (), feasible=False)
        patterns = self._list(reduced, knapsacks, budget)
        if patterns is None:
            self._widest = int(_PARAMS.narrower * gap)
            return None
        return self._solve(domain, reduced, patterns, cutoff, relaxed, budget)

    def _may_list(self, gap: int) -> bool:
        """Whether patterns may be few enough within the gap, as far as earlier nodes tell."""
        if self._widest is None or gap < self._widest:
            return True
        self._widest = int(self._widest * _PARAMS.wider) + 1
        return False

    def _list(self, reduced: Reduced, knapsacks: Sequence[Knapsack], budget: Budget) -> list[Pattern] | None:
        """All patterns that may stand in a plan; None when there are too many."""
        found: list[Pattern] = []
        for device_class, knapsack in zip(self._relaxation.device_classes, knapsacks, strict=True):
            values, least = reduced.items[device_class.index], reduced.least[device_class.index]
            if least is None:
                continue
            here = list_patterns(device_class, knapsack, values, least, _PARAMS.most_patterns - len(found))
            if here is None or budget.over():
                return None
            found += [(device_class.index, tuple(sorted(pattern.items()))) for pattern in here]
        return found

    def _solve(
        self,
        domain: NodeDomain,
        reduced: Reduced,
        patterns: list[Pattern],
        cutoff: int,
        relaxed: Relaxed,
        budget: Budget,
    ) -> Relaxed:
        """What the program over these patterns says."""
        self.programs += 1
        program = WholeProgram(self._relaxation, self._groups, domain, reduced, patterns)
        answer = program.solve(cutoff, SCHEDULE.column_generation.bound.listed.of(budget), _PARAMS.nodes)
        if answer.bound is None:
            return Relaxed(cutoff + 1, (), feasible=False, verdict=self._verdict(program, cutoff + 1))
        verdict = self._verdict(program, answer.bound)
        if not answer.machines or answer.bound < self._relaxation.fleet.rent(answer.machines):
            return replace(relaxed, bound=max(relaxed.bound, answer.bound), verdict=verdict)
        counts = (*answer.machines, *(sum(answer.machines[p] for p in group) for group in self._groups))
        aggregates = tuple(float(sum(answer.copies[w] for w in modes)) for modes in self._relaxation.aggregates)
        most = self._multiplicity.limits(domain.aggregates)
        repeated = self._multiplicity.repeated(aggregates, most, zip(patterns, answer.amounts, strict=True))
        whole = tuple(map(float, counts))
        return Relaxed(answer.bound, whole, feasible=True, aggregates=aggregates, repeated=repeated, verdict=verdict)

    def _verdict(self, program: WholeProgram, rent: int) -> EngineVerdict:
        """That no plan in the node pays less than `rent` for machines, as the program of less has no solution."""
        fleet = self._relaxation.fleet
        ticks = fleet.tick_price * rent + least_move_ticks(fleet)
        return EngineVerdict("HiGHS", ticks, partial(program.to_mps, rent - 1), _ABOUT)
