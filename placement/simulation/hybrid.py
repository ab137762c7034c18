"""Which components should share machines, and which have machines of their own.

Alone, each component is played by itself: that is what its endpoint costs. In the shared fleet a machine is paid for as
a whole, so a component's part of the bill is a matter of judgement: here the bill is split by what copies are worth at
the prices of the floor, which is what the cheapest fleet would save without them, at the margin.

Those that cost least alone, against their part, are candidates. The sets of the first of them, more and more, are
played, the best one is kept, and then changed by one component at a time as long as plays are left. Every figure of a
set is one that was played, so the best set is the best of those that were tried, and no more is said of it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np

from placement.compiled.capacity import most_by_one_option
from placement.compiled.fleet import compile_fleet
from placement.compiled.survival import cap_per_instance
from placement.documents import Problem
from placement.errors import UsageError, nearest
from placement.patterns.dedicated import least_values
from placement.simulation.chunk import StrategyTask, play
from placement.simulation.fleets import simulated
from placement.simulation.hours import plan_hours
from placement.simulation.machines import HOUR
from placement.simulation.setup import SimulationSetup
from placement.simulation.strategies import SHARED, STRATEGIES
from placement.units import MICRO

FORMAT: Literal["placement-hybrid/v1"] = "placement-hybrid/v1"
MOST_COPIES = 64  # up to which the break-even is looked for, and on how many further ones it must hold
_NEAR = 0.05  # a component whose endpoint costs so little more than its part of the shared bill is a candidate too
_BATCH = 16  # components that are played alone in one task


@dataclass(frozen=True, slots=True)
class HybridRules:
    """What the user has decided: components that must be alone, and that must share; plays at most."""

    alone: frozenset[str] = frozenset()
    share: frozenset[str] = frozenset()
    plays: int = 12

    def check(self, known: Sequence[str]) -> None:
        """Every name is one of the problem's, and in one of the two sets at most."""
        for name in sorted(self.alone | self.share):
            if name not in known:
                raise UsageError(f'"{name}" is no component of the problem; {nearest(name, known)}')
        both = sorted(self.alone & self.share)
        if both:
            raise UsageError(f'"{both[0]}" is to be alone and to share; say one of the two')


@dataclass(frozen=True, slots=True)
class SharingComponent:
    """One component, micro-dollars over all of the time.

    `break_even`: micro-requests a second from which on a steady rate costs no more alone; None: there is none.
    `mean`, `most`: micro-requests a second.
    """

    name: str
    alone: int  # on machines of its own
    shared: int | None  # its part of the bill of a fleet in which all share, None without prices
    break_even: int | None
    mean: int
    most: int
    apart: bool  # whether the best set has it alone
    lost: float  # part of its requests not served alone


@dataclass(frozen=True, slots=True)
class Hybrid:
    """Side by side: all alone, all shared, and the best set that was found; micro-dollars over all of the time.

    `lost` has the part of all requests that is not served by each of the three: a fleet that loses more is not cheaper.
    """

    setup: SimulationSetup
    components: list[SharingComponent]
    all_alone: int
    all_shared: int
    best: int
    floor: int
    plays: list[tuple[tuple[str, ...], int]]
    lost: tuple[float, float, float]

    @property
    def apart(self) -> tuple[str, ...]:
        """Components that the best set has on machines of their own."""
        return tuple(row.name for row in self.components if row.apart)

    def to_document(self) -> dict[str, Any]:
        """The document `placement-hybrid/v1`: dollars, requests a second."""
        return {
            "format": FORMAT,
            "problem": self.setup.problem.name,
            "every_seconds": self.setup.every,
            "steps": self.setup.steps,
            "all_alone": self.all_alone / MICRO,
            "all_shared": self.all_shared / MICRO,
            "hybrid": self.best / MICRO,
            "floor": self.floor / MICRO,
            "unserved_share": dict(zip(("all_alone", "all_shared", "hybrid"), self.lost, strict=True)),
            "alone": list(self.apart),
            "components": [
                {
                    "name": row.name,
                    "alone": row.alone / MICRO,
                    "shared": None if row.shared is None else row.shared / MICRO,
                    "break_even_requests_per_second": None if row.break_even is None else row.break_even / MICRO,
                    "mean_requests_per_second": row.mean / MICRO,
                    "most_requests_per_second": row.most / MICRO,
                    "placement": "alone" if row.apart else "shared",
                    "unserved_share_alone": row.lost,
                }
                for row in self.components
            ],
            "plays": [{"alone": list(names), "cost": cost / MICRO} for names, cost in self.plays],
        }


def find_hybrid(
    setup: SimulationSetup,
    rules: HybridRules,
    executor: Executor | None = None,
    listener: Callable[[str], None] | None = None,
) -> Hybrid:
    """Compare endpoints with a shared fleet, component by component, and look for the set that costs least.

    O(plays x a simulation), beside one of each component alone and the bounds of all hours. The answer does not depend
    on the executor.
    Raises UsageError: a name of the rules is none of the problem's.
    """
    names = [component.name for component in setup.problem.components]
    rules.check(names)
    search = HybridSearch(setup, rules, executor, listener or (lambda _: None))
    alone, lost = search.endpoints()
    worth, floor = search.worth()
    shared = search.play([frozenset()])[0]
    parts = _parts_of(shared, worth)
    best = search.best_set(alone, parts)
    evens = _break_evens(setup, shared, floor, worth)
    means, most = setup.rates.mean(axis=0).tolist(), setup.rates.max(axis=0, initial=0).tolist()
    rows = [
        SharingComponent(
            name=name,
            alone=alone[c],
            shared=None if parts is None else parts[c],
            break_even=evens[c],
            mean=round(means[c]),
            most=most[c],
            apart=name in best,
            lost=lost[c],
        )
        for c, name in enumerate(names)
    ]
    plays = [(tuple(sorted(apart)), cost) for apart, cost in search.costs.items()]
    plays.sort(key=lambda play: (play[1], play[0]))
    asked = (setup.rates.sum(axis=0) * setup.every).tolist()
    all_lost = sum(part * n for part, n in zip(lost, asked, strict=True))
    losses = [n / (sum(asked) or 1) for n in (all_lost, search.lost[frozenset()], search.lost[best])]
    return Hybrid(setup, rows, sum(alone), shared, search.costs[best], floor, plays, (losses[0], losses[1], losses[2]))


def _parts_of(bill: int, worth: Sequence[int]) -> list[int] | None:
    """The bill split by what copies are worth, to the last micro-dollar; None where they have no prices."""
    total = sum(worth)
    if not total:
        return None
    ends = [bill * upto // total for upto in np.cumsum([0, *worth], dtype=object).tolist()]
    return [b - a for a, b in pairwise(ends)]


def _break_evens(setup: SimulationSetup, bill: int, floor: int, worth: Sequence[int]) -> list[int | None]:
    """(C,) the steady rate from which on an endpoint costs no more than its copies in the shared fleet.

    The waste of the last machine comes again with each machine more: a number that is even only because the list ends
    there is none. As many further numbers, a whole machine's, have to keep it.
    """
    copies = setup.wanted.sum(axis=0).tolist()
    dearer = bill / floor if floor else 1.0
    found: list[int | None] = []
    for c, least in enumerate(rents(setup.problem, 2 * MOST_COPIES)):
        count = None
        if least is not None and copies[c] and worth and worth[c]:
            count = break_even(least, dearer * worth[c] / copies[c])
        # So many copies are wanted above what one fewer is meant to serve.
        found.append(None if count is None or count > MOST_COPIES else (count - 1) * int(setup.rules.target[c]))
    return found


class Played(NamedTuple):
    """A simulation: micro-dollars, and micro-requests that were not served."""

    cost: int
    lost: int


class HybridSearch:
    """Plays sets of components that are alone, each once."""

    def __init__(
        self, setup: SimulationSetup, rules: HybridRules, executor: Executor | None, tell: Callable[[str], None]
    ) -> None:
        self._setup, self._rules, self._executor, self._tell = setup, rules, executor, tell
        self._names = [component.name for component in setup.problem.components]
        self.costs: dict[frozenset[str], int] = {}
        self.lost: dict[frozenset[str], int] = {}

    def _map(self, call: Callable[[Any], Any], given: Sequence[Any], what: str) -> Iterator[Any]:
        """The answers in the order of what is given, wherever they are found."""
        answers = map(call, given) if self._executor is None else self._executor.map(call, given)
        for number, answer in enumerate(answers, 1):
            self._tell(f"{what} {number} of {len(given)}")
            yield answer

    def endpoints(self) -> tuple[list[int], list[float]]:
        """(C,) micro-dollars of each component by itself, and the part of its requests that was lost."""
        setup = self._setup
        tasks = [setup.only(c).tasks(STRATEGIES[SHARED]) for c in range(len(self._names))]
        batches = [tasks[k : k + _BATCH] for k in range(0, len(tasks), _BATCH)]
        played = [one for batch in self._map(_play_each, batches, "endpoints, batch") for one in batch]
        asked = (setup.rates.sum(axis=0) * setup.every).tolist()
        lost = [one.lost / n if n else 0.0 for one, n in zip(played, asked, strict=True)]
        return [one.cost for one in played], lost

    def worth(self) -> tuple[list[int], int]:
        """(C,) what copies are worth at the floor's prices, and the floor, micro-dollars."""
        setup = self._setup
        tasks = [setup.hours(part) for part in range(setup.parts)]
        total, floor = [0] * len(self._names), 0
        for part in self._map(plan_hours, tasks, "floor, day"):
            floor += sum(part.floor)
            if part.worth:  # else the fleet of that day has no prices
                total = [a + b for a, b in zip(total, part.worth, strict=True)]
        return total, floor * setup.every // HOUR

    def play(self, sets: Sequence[frozenset[str]]) -> list[int]:
        """Micro-dollars of a fleet with these components alone, for each set; those played before are known."""
        new = [apart for apart in dict.fromkeys(sets) if apart not in self.costs]
        shared = STRATEGIES[SHARED]
        tasks = [[self._setup.tasks(replace(shared, name="hybrid", alone=apart))] for apart in new]
        for apart, (played,) in zip(new, self._map(_play_each, tasks, "fleet"), strict=True):
            self.costs[apart], self.lost[apart] = played.cost, played.lost
        return [self.costs[apart] for apart in sets]

    def best_set(self, alone: Sequence[int], parts: Sequence[int] | None) -> frozenset[str]:
        """The cheapest set played that keeps the rules: prefixes of the candidates, then changes of one."""
        must, may_not = self._rules.alone, self._rules.share
        order = sorted(range(len(alone)), key=lambda c: (alone[c] / max(1, parts[c]) if parts else 1.0, c))
        candidates = [
            self._names[c]
            for c in order
            if self._names[c] not in must | may_not and parts and alone[c] <= (1 + _NEAR) * parts[c] and alone[c]
        ]
        plays = self._rules.plays
        sizes = sorted({len(candidates) * k // 4 for k in range(5)})
        sets = [must | frozenset(candidates[:size]) for size in sizes][: max(1, plays)]
        self.play(sets)
        best = min(sets, key=lambda apart: (self.costs[apart], len(apart)))
        plays -= len(sets)
        for name in candidates:
            if plays <= 0:
                break
            other = best ^ {name}
            if other in self.costs:
                continue
            self.play([other])
            plays -= 1
            if self.costs[other] < self.costs[best]:
                best = other
        return best


def _play_each(runs: Sequence[Sequence[StrategyTask]]) -> list[Played]:
    """Several simulations from their beginning to their end."""
    return [_play_all(tasks) for tasks in runs]


def _play_all(tasks: Sequence[StrategyTask]) -> Played:
    """One simulation, part after part."""
    document, cost, lost = None, 0, 0
    for task in tasks:
        part = play(task, document)
        document, cost, lost = part.document, cost + sum(part.series["cost"]), lost + sum(part.unserved)
    return Played(round(cost / HOUR), lost)


def rents(problem: Problem, most: int) -> list[list[int] | None]:
    """Per component, the least micro-dollars an hour for 0 to `most` copies alone; None where no machine holds one.

    Machines then differ by price and by how many copies they hold, so it is a knapsack that must be filled (Gilmore and
    Gomory 1966, *The theory and computation of knapsack functions*, Oper. Res. 14(6)). Quotas, and rules over zones and
    losses, are not looked at: they only make it dearer. O(components x pools x most).
    """
    fleet = compile_fleet(simulated(problem, [most] * len(problem.components)))
    found: list[list[int] | None] = []
    for component in fleet.components:
        cap = cap_per_instance(component)
        limit = most if cap is None else min(cap, most)
        machines: dict[int, int] = {}  # copies on one machine -> least price
        for pool in fleet.pools:
            options = [option for option in component.options if pool.index in option.pools]
            held = max((most_by_one_option(pool.shape, option, limit) for option in options), default=0)
            if held:
                machines[held] = min(pool.price, machines.get(held, pool.price))
        found.append(least_values(machines.items(), most) if machines else None)
    return found


def break_even(least: Sequence[int], each: float) -> int | None:
    """The fewest copies from which on every number of them costs no more alone than `each` micro-dollars a copy.

    None when there is no such number within those that are listed.

    >>> break_even([0, 10, 10, 20, 20], 5.0), break_even([0, 10, 20], 9.0), break_even([0, 4, 8], 4.0)
    (4, None, 1)
    """
    found = None
    for copies in range(len(least) - 1, 0, -1):
        if least[copies] > each * copies * (1 + 1e-9):
            break
        found = copies
    return found
