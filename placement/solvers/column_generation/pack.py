"""Packing at fleet mixes: machine counts a little above the bound's, and a search for a packing of all copies on them.

A *fleet mix* says how many machines of each pool are in use. A mix that costs no more than the bound has no spare
capacity, and can hardly be packed; more spare capacity costs more. So the spare part shrinks after each mix that was
packed and grows after each one that was not. This repeats while time is left, since results vary. A mix for which not
even a part of a plan was found is not tried again, nor is one that was packed.

A packing is built in three steps. Dedicated components get machines of their own (`Preassigned`), and a dive on the
pattern LP places the other copies (`diving`); where copies have rules that the dive does not know, the heuristics place
them. Local search assigns copies that are still unassigned (`local_search.refill`). What it can't assign goes on more
machines (`local_search.completion`). All of that is as if nothing ran, so there are no mixes where moves are dear.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Packing
from placement.compiled.spread import is_zoned
from placement.heuristics import PartialPacking, partial_packing
from placement.local_search.completion import Completion
from placement.local_search.refill import bring_in
from placement.local_search.set_covering import SetCovering
from placement.patterns.formulation import relax
from placement.reductions.base import Chain
from placement.reductions.capped import CappedInstances
from placement.reductions.greenfield import Greenfield, moves_are_cheap
from placement.reductions.limits import AtFleetMix
from placement.reductions.preassigned import Preassigned
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.diving import Dive, may_dive
from placement.solvers.column_generation.ground import Ground
from placement.solvers.column_generation.mixes import FleetMix, FleetMixes
from placement.solvers.column_generation.parameters import PackParameters as _PARAMS
from placement.solvers.column_generation.penalties import left_out_penalties
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE, Phase
from placement.solving.steps import count_steps

Machines = tuple[int, ...]

NAME = "column-generation"
_TIME = SCHEDULE.column_generation.mixes


@dataclass(slots=True)
class _Source:
    """One source of fleet mixes.

    `offer` takes the spare part, the fewest machines of each pool and a budget. `least` and `spare` are what the next
    mix is asked with.
    """

    offer: Callable[[float, list[int], Budget], FleetMix | None]
    least: list[int]
    spare: float = 0.0


class FleetMixPacking:
    """The search for one fleet, from the best plan of a solve and a bound. `tried` counts fleet mixes."""

    def __init__(self, solve: Solve, bound: Ground, covering: SetCovering | None = None) -> None:
        """O(modes x pools + patterns). `covering` sees all packings; without one there is a new one."""
        fleet, seed = solve.fleet, solve.seed
        self._solve, self._fleet, self._seed = solve, fleet, seed
        self._reduction = _reduction(solve, bound)
        self._rest = self._reduction.fleet
        last = self._reduction.steps[-1]
        alone = last if isinstance(last, Preassigned) else None
        self._used: Machines = (0,) * len(fleet.pools) if alone is None else alone.used
        self._completion = Completion(self._rest, seed)
        self._covering = covering or SetCovering(solve)
        # Without zones the mix itself says what is scarce, and refilling takes its penalties from that.
        zoned = alone is not None and is_zoned(self._rest)
        self._penalties = left_out_penalties(self._rest) if zoned else None
        self._relaxation = relax(self._rest if alone is None else alone.at_quotas)
        self._patterns = bound.useful_patterns()
        self._dive = None if alone is None else Dive(self._relaxation, self._patterns, seed)
        best = solve.value
        cheap = best is None or moves_are_cheap(fleet, best)
        self._sources = list(self._empty_mixes(bound)) if cheap else []
        self.tried = 0
        self._unpackable: set[Machines] = set()  # mixes for which not even a part of a plan was found: no proof
        self._packed: set[Machines] = set()  # they may seem to pay for ever, as moves are not counted there
        self._took = 0.0  # seconds, by the last mix

    def _empty_mixes(self, bound: Ground) -> Iterator[_Source]:
        """Mixes of empty machines: the bound's own counts, and cheap ones with some spare capacity."""
        counts = tuple(n - used for n, used in zip(bound.cheap_machines(), self._used, strict=False))
        enough = all(n >= low for n, low in zip(counts, self._fewest(), strict=bool(counts)))
        if counts and enough and not is_zoned(self._rest):
            yield _Source(lambda *_: FleetMix(counts), self._fewest())  # no spare capacity: a packing there is optimal
        mixes = FleetMixes(self._relaxation, self._patterns, self._seed, self._rest)
        yield _Source(mixes.offer, self._fewest())

    def _fewest(self) -> list[int]:
        return [self._rest.fewest(pool.index) for pool in self._rest.pools]

    @property
    def dives(self) -> bool:
        return self._dive is not None

    @property
    def phase(self) -> Phase:
        """The part of the time that is for this."""
        return _TIME if self.dives else SCHEDULE.column_generation.plain

    def run(self, budget: Budget, first: int = 0) -> None:
        """Try mixes of each source in turn, until the budget is over or no mix pays; without a limit, a few.

        The `first` sources come last, so that two processes begin with different ones.
        """
        gap, sources = self._solve.incumbent.gap() or _PARAMS.most_spare, self._sources[first:] + self._sources[:first]
        for source in sources:
            source.spare = min(_PARAMS.dive_spare, gap / 2) if self.dives else gap / 2
        idle = 0
        while sources and self._goes_on(budget) and idle < _PARAMS.tries:
            began = budget.clock()
            source = sources[(self.tried + idle) % len(sources)]
            mix = source.offer(source.spare, source.least, _TIME.offer.of(budget))
            nothing_fits = mix is not None and mix.machines in self._unpackable
            if mix is None or nothing_fits or mix.machines in self._packed or not self.pays(mix):
                source.least = self._fewest()
                source.spare *= _PARAMS.more if nothing_fits else _PARAMS.less
                idle += 1
                continue
            idle = 0
            self.tried += 1
            packed = self._pack(source, mix, budget)
            if packed:
                self._packed.add(mix.machines)
            source.spare *= _PARAMS.less if packed else _PARAMS.more
            self._covering.run(budget)
            self._took = budget.clock() - began

    def _goes_on(self, budget: Budget) -> bool:
        if math.isinf(budget.remaining()) and self.tried >= _PARAMS.tries:
            return False
        return not self._solve.within(budget).ended and budget.remaining() >= _PARAMS.worthwhile * self._took

    def pays(self, mix: FleetMix) -> bool:
        """Whether the mix's machines and the dedicated machines cost less than the incumbent.

        How much of what runs has to move is not known.
        """
        fleet, best = self._fleet, self._solve.value
        ticks = fleet.tick_price * fleet.rent([n + more for n, more in zip(mix.machines, self._used, strict=True)])
        return best is None or ticks < best.ticks

    def _pack(self, source: _Source, mix: FleetMix, budget: Budget) -> bool:
        """Pack a mix; says whether all copies found a place there."""
        count_steps(_PARAMS.counted)
        seed = self._seed + self.tried
        start = self._dive.run(mix, _TIME.dive.of(budget)) if self._dive is not None else None
        wide = None if start is None else self._widen(start, budget)
        _require_used_pools(source, mix.machines, wide)
        narrow = AtFleetMix.of(self._rest, mix.machines).fleet
        first = start or partial_packing(narrow, budget, seed)
        if first is None:
            if not budget.over():  # else it may be for want of time
                self._unpackable.add(mix.machines)
            return False
        part = self._solve.within((_TIME.refill if self.dives else _TIME.fill).of(budget), seed=seed)
        filled = bring_in(narrow, first, part, self._penalties)
        self._covering.add(first.packing)
        self._covering.add(filled.packing)
        if not filled.missing and self._offer(filled.packing):
            return True
        if self.dives:
            self._widen(filled, budget)
        return False

    def _offer(self, packing: Packing) -> bool:
        """Offer a packing of the reduced fleet as one of the whole fleet; says whether it keeps every rule."""
        whole = self._reduction.lift(packing)
        assert whole is not None
        if broken_fleet_rule(self._fleet, whole):
            return False
        self._solve.incumbent.offer(whole, NAME)
        return True

    def _widen(self, start: PartialPacking, budget: Budget) -> Packing | None:
        """Place missing copies on any further machines: a plan at once, if not a cheap one."""
        wanted = Counter({c.index: c.required for c in self._rest.components})
        packing = self._completion.run(start.packing, wanted, budget)
        if packing is not None:
            self._offer(packing)
            self._covering.add(packing)
        return packing


def _require_used_pools(source: _Source, machines: Machines, widened: Packing | None) -> None:
    """Ask for the machines of pools that a mix had none of and its packing needed all the same.

    The LP uses parts of such a machine, which cost next to nothing. Once a whole one is there, others can go.
    """
    used = Counter(machine.pool for machine in widened.machines) if widened is not None else Counter[int]()
    for p, n in used.items():
        if not machines[p]:
            source.least[p] = max(source.least[p], n)


def _reduction(solve: Solve, bound: Ground) -> Chain:
    """The fleet that is packed at fleet mixes, by the first of three chains that applies.

    All of them require the optional copies that the best plan places, and no others.

    1. As if nothing ran, and without the dedicated components, which get machines of their own. This fleet can be dived
       for.
    2. As if nothing ran, where moves are cheap.
    3. With what runs.
    """
    fleet = solve.fleet
    greenfield = partial(Greenfield.of, best=solve.value)
    required = partial(RequiredAsPlaced.of, packing=solve.packing)
    return (
        Chain.of(fleet, greenfield, required, CappedInstances.of, partial(_preassigned, bound=bound))
        or Chain.of(fleet, greenfield, required, CappedInstances.of)
        or Chain.of(fleet, Greenfield.matched, required, CappedInstances.of)
    )


def _preassigned(fleet: Fleet, bound: Ground) -> Preassigned | None:
    """A fleet without its dedicated components, if it can be dived for."""
    if not may_dive(fleet) or fleet.copies < _PARAMS.dive_from:
        return None
    return Preassigned.of(fleet, bound.machine_values or [pool.price for pool in fleet.pools])
