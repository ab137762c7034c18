"""What must serve at every moment: copies of each component, throughput of those with a demand, and their spread.

Skew and number of zones hold at every moment of a batch, whichever copies get ready first, and drain last: held against
the rules are the moments at which one zone alone is ahead of all others, or behind them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from placement.documents import Instance, Problem
from placement.documents.plan import Plan, PlanInstance
from placement.fleet_simulator.fleet import SimulatedCopy
from placement.referee.standing import Standing
from placement.units import count, exact

_CopiesOn = tuple[Counter[SimulatedCopy], Iterable["Instance | PlanInstance"]]


class SpreadJudge:
    """Skew and number of zones at every moment of a batch, from the copies by zone at its begin and its end."""

    def __init__(self, problem: Problem, planned: _CopiesOn, now: _CopiesOn) -> None:
        """`planned`, `now`: copies in the end and at the beginning, with the machines there are."""
        self._zone_of_pool = {row.name: row.zone for row in problem.pools}
        before, after = self.zones(*now), self.zones(*planned)
        standing = Standing(problem, Plan())
        self._rules: dict[str, tuple[set[str], int | None, int]] = {}  # eligible zones, most skew, fewest zones
        for row in problem.components:
            held = before[row.name], after[row.name]
            if not all(held):
                continue
            eligible, skew, zones = standing.eligible_zones(row.name), row.spread.max_skew, row.spread.min_zones or 0
            if skew is not None:
                skew = max(skew, _skew(held[0], eligible))
            if len(held[0]) < min(zones, held[0].total()):
                zones = len(held[0])
            self._rules[row.name] = eligible, skew, zones

    def zones(
        self, copies: Counter[SimulatedCopy], machines: Iterable[Instance | PlanInstance]
    ) -> dict[str, Counter[str]]:
        """Copies by zone, of each component."""
        zone_of = {row.id: self._zone_of_pool[row.pool] for row in machines if row.pool in self._zone_of_pool}
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for copy, n in copies.items():
            if copy.instance in zone_of:
                found[copy.component][zone_of[copy.instance]] += n
        return found

    def broken(self, before: dict[str, Counter[str]], after: dict[str, Counter[str]]) -> Iterator[tuple[str, str]]:
        """Rule and sentence of what breaks at some moment, whichever copies get ready first, and drain last."""
        for name, (eligible, most, wanted) in self._rules.items():
            for first, moment in _worst(before[name], after[name]):
                low = min((moment[zone] for zone in eligible - {first}), default=moment[first])
                skew = moment[first] - low
                if most is not None and skew > most:
                    apart = count(skew, "copy", "copies")
                    yield "max-skew", f"{name}: zones may differ by {apart} inside of a batch, at most {most}"
                    break
                used = len(+moment)
                if used < min(wanted, moment.total()):
                    may = f"{name}: may serve in {count(used, 'zone')} inside of a batch"
                    yield "min-zones", f"{may}, at least {wanted}"
                    break


def _worst(before: Counter[str], after: Counter[str]) -> Iterator[tuple[str, Counter[str]]]:
    """A zone, and copies by zone when its copies were ready before all others, or drain after all others.

    A new copy in a zone with an old one to go is that one over again, so no zone has more than at the begin or the end.
    """
    peak = before | after
    for zone, n in peak.items():
        for end in (before, after):
            yield zone, end | Counter({zone: n})


def _skew(zones: Counter[str], eligible: set[str]) -> int:
    return max(zones.values()) - min(zones[zone] for zone in {*eligible, *zones})


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
        for copy, n in copies.items():
            number, rate = found[copy.component]
            found[copy.component] = number + n, rate + n * self._rate[copy.component, copy.option]
        return found

    def broken(self, serving: Counter[SimulatedCopy]) -> Iterator[tuple[str, str]]:
        """Rule and sentence of each floor that does not hold."""
        found = self._count(serving)
        for name, (copies, rate) in self._least.items():
            if found[name][0] < copies:
                yield "available", f"{count(found[name][0], 'copy', 'copies')} of {name} serve, at least {copies} must"
            if found[name][1] < rate:
                yield "served", f"{name} serves {float(found[name][1]):.12g}, at least {float(rate):.12g} is needed"
