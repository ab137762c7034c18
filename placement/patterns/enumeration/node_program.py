"""The program of one node of the tree: what plans in it may be that cost less than the best one, over all patterns.

Device classes that have few patterns have them all, others have inequalities in their place (`class_cuts`), at the
prices of the node and of those around it. So a node whose patterns are a hundred thousand is a program of some thousand
columns: no solution is a proof. A solution may break further inequalities; `separate` finds those.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement.engines.parameters import ENGINE_PARAMETERS
from placement.patterns.certificate import capacity_values
from placement.patterns.enumeration.class_cuts import ClassCut, broken_cut, cut_at
from placement.patterns.enumeration.listing import list_patterns
from placement.patterns.enumeration.program import WholeProgram
from placement.patterns.enumeration.reduced_costs import Reduced, reduce_domain
from placement.patterns.parameters import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from placement.patterns.certificate import Groups, Prices
    from placement.patterns.enumeration.program import Forbidden, ProgramAnswer
    from placement.patterns.formulation import DeviceClass, Relaxation
    from placement.patterns.history import NodeCase
    from placement.patterns.master import Pattern
    from placement.solving.budget import Budget

    KnownCuts = dict[int, list[ClassCut]]  # by device class

_PARAMS = PATTERNS.node_program


class NodeProgram:
    """Plans in a node that pay at most `cutoff` micro-dollars per hour for machines."""

    def __init__(
        self,
        relaxation: Relaxation,
        groups: Groups,
        case: NodeCase,
        cutoff: int,
        known: KnownCuts,
    ) -> None:
        """`known` inequalities are in the program; those that `separate` finds are added to them.

        O(found patterns + prices x knapsacks).
        """
        self._relaxation, self._groups, self._domain, self._cutoff = relaxation, groups, case.domain, cutoff
        prices = [node.prices for node in case.chain() if node.prices is not None]
        self._reduced = self._within(prices[0]) if prices else Reduced.anything(relaxation, self._domain)
        self._patterns: list[Pattern] = []
        self.cuts: dict[int, list[ClassCut]] = {}
        self._known = known
        for device_class in relaxation.device_classes:
            self._list(device_class.index, prices)

    def solve(self, forbidden: Iterable[Forbidden], budget: Budget) -> ProgramAnswer:
        """Any solution without what is `forbidden`; its bound is None: there is none."""
        # Costs are not negative, so any solution is within all of its own cost of a bound.
        return self._program(forbidden).solve(self._cutoff, budget, ENGINE_PARAMETERS.integer_program.nodes, gap=1.0)

    def written(self, forbidden: Iterable[Forbidden]) -> Callable[[], str]:
        """What writes the program down, as it is now."""
        return partial(self._program(forbidden).to_mps, self._cutoff)

    def separate(self, answer: ProgramAnswer) -> bool:
        """Add inequalities that a solution breaks, in place of patterns; whether there were any."""
        broken = [cut for cut in map(partial(self._broken, answer), self.cuts) if cut is not None]
        for device_class, cut in broken:
            self._learn(device_class, cut)
        return bool(broken)

    def _broken(self, answer: ProgramAnswer, q: int) -> tuple[DeviceClass, ClassCut] | None:
        """One that a device class lacks and a solution breaks."""
        device_class = self._relaxation.device_classes[q]
        touches: dict[int, int] = {}
        accelerators = sum(self._relaxation.devices(p) * answer.machines[p] for p in device_class.pools)
        for mode, n in zip(self._relaxation.modes, answer.copies, strict=True):
            if n and mode.device_class == q:
                accelerators -= n * mode.owns
                if mode.item is not None:
                    touches[mode.item] = touches.get(mode.item, 0) + n * mode.touches
        cut = broken_cut(device_class, touches, accelerators) if touches else None
        return None if cut is None or cut in self.cuts[q] else (device_class, cut)

    def _learn(self, found_in: DeviceClass, cut: ClassCut) -> None:
        """Add its values to all device classes of the same contents, each with its own most valuable pattern."""
        for device_class in self._relaxation.device_classes:
            if device_class.contents == found_in.contents:
                alike = cut_at(device_class, cut.items)
                for cuts in (self._known.setdefault(device_class.index, []), self.cuts.get(device_class.index)):
                    if alike is not None and cuts is not None and alike not in cuts:
                        cuts.append(alike)

    def _program(self, forbidden: Iterable[Forbidden]) -> WholeProgram:
        program = WholeProgram(self._relaxation, self._groups, self._domain, self._reduced, self._patterns, self.cuts)
        for some in forbidden:
            program.forbid(some)
        return program

    def _within(self, prices: Prices) -> Reduced:
        """What plans of so little rent can have, at these prices."""
        relaxation = self._relaxation
        capacity = capacity_values(relaxation, prices)
        reduced = reduce_domain(relaxation, self._groups, prices, capacity, self._domain, self._cutoff)
        return Reduced.anything(relaxation, self._domain) if reduced is None else reduced

    def _list(self, q: int, prices: Iterable[Prices]) -> None:
        """The patterns of a device class, or inequalities."""
        device_class, least = self._relaxation.device_classes[q], self._reduced.least[q]
        if least is None:
            return
        found = list_patterns(device_class, device_class.knapsack, self._reduced.items[q], least, _PARAMS.listed)
        if found is None:
            cuts = (cut_at(device_class, each.coverage[q]) for each in prices)
            at_prices = (cut for cut in cuts if cut is not None)
            self.cuts[q] = list(dict.fromkeys((*at_prices, *self._known.get(q, ()))))
        else:
            self._patterns += [(q, tuple(sorted(pattern.items()))) for pattern in found]
