"""What must serve at every moment: copies of each component, and throughput of those with a demand."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from placement.units import exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from placement.documents import Problem
    from placement.fleet_simulator.fleet import SimulatedCopy

_SLACK = Fraction(1, 10**9)  # of a demand, as the format has it


class FloorJudge:
    """What must serve at every moment: copies, and throughput of components with a demand."""

    def __init__(
        self,
        problem: Problem,
        planned: Counter[SimulatedCopy],
        now: Counter[SimulatedCopy],
        unavailable: Mapping[str, int],
    ) -> None:
        self._rows = {row.name: row for row in problem.components}
        self._rate = {
            (row.name, o): exact(mode.throughput or 0) for row in problem.components for o, mode in enumerate(row.modes)
        }
        self._least: dict[str, tuple[int, Fraction]] = {}
        before, after = self._count(now), self._count(planned)
        for name, row in self._rows.items():
            missing = unavailable.get(name, 0)
            copies, rate = min(before[name][0], after[name][0] - missing), Fraction(0)
            if row.demand is not None:
                best = max(self._rate[name, o] for o in range(len(row.modes)))
                copies = min(before[name][0], after[name][0], row.required_copies) - missing
                rate = min(before[name][1], after[name][1], exact(row.demand)) - missing * best
                rate -= _SLACK * max(Fraction(1), exact(row.demand))
            self._least[name] = copies, rate

    def _count(self, copies: Counter[SimulatedCopy]) -> dict[str, tuple[int, Fraction]]:
        found: dict[str, tuple[int, Fraction]] = defaultdict(lambda: (0, Fraction(0)))
        for copy, count in copies.items():
            number, rate = found[copy.component]
            found[copy.component] = number + count, rate + count * self._rate[copy.component, copy.option]
        return found

    def broken(self, serving: Counter[SimulatedCopy]) -> Iterator[tuple[str, str]]:
        """Rule and sentence of each floor that does not hold."""
        found = self._count(serving)
        for name, (copies, rate) in self._least.items():
            if found[name][0] < copies:
                yield "available", f"{found[name][0]} copies of {name} serve, at least {copies} must"
            if found[name][1] < rate:
                yield "served", f"{name} serves {float(found[name][1]):.12g}, at least {float(rate):.12g} is needed"
