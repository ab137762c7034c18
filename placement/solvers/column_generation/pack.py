"""Packing at fleet mixes: machine counts near the bound's, and a packing of all copies looked for on them.

A mix with nothing to spare can hardly be packed, one with much to spare costs it. So the spare part shrinks after each
mix that could be packed and grows after each that could not, for as long as there is time, since results vary.

At a mix the pattern LP is dived for (`diving`), after dedicated components got their machines (`Preassigned`); where
copies have rules that the dive does not know, the heuristics start. What is out is brought in by `local_search.refill`,
and when that fails, on machines beyond the mix. Where moves are dear, mixes hold machines that run; the dive begins on
these (`kept_machines`).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import evaluate, machine_price
from placement.compiled.spread import is_zoned
from placement.compiled.survival import most_in_pool
from placement.heuristics import partial_packing
from placement.local_search.completion import Completion
from placement.local_search.eliminate import BinElimination
from placement.local_search.refill import bring_in
from placement.patterns.certificate import Cut
from placement.patterns.formulation import relax
from placement.reductions.base import Chain
from placement.reductions.capped import CappedInstances
from placement.reductions.greenfield import Greenfield, Matched
from placement.reductions.limits import AtFleetMix
from placement.reductions.preassigned import Preassigned
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.augmentation import FleetAugmentation
from placement.solvers.column_generation.diving import Dive, may_dive
from placement.solvers.column_generation.kept_machines import KeptMachineMixes, may_hold
from placement.solvers.column_generation.mixes import FleetMix, FleetMixes
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.penalties import left_out_penalties
from placement.solvers.column_generation.separation import SpareCapacity
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from placement.heuristics import PartialPacking
    from placement.patterns.running.kept_copies import KeptCopiesBound
    from placement.solvers.column_generation.ground import Ground
    from placement.solving.budget import Budget
    from placement.solving.context import Solve

    Machines = tuple[int, ...]

NAME = "column-generation"
_TIME = SCHEDULE.column_generation.mixes
_PARAMS = COLUMN_GENERATION.pack


@dataclass(slots=True)
class _Arm:
    """One kind of mixes: how much they have to spare next, and the least of each pool that they must have."""

    offer: Callable[[float, list[int], Budget], FleetMix | None]
    least: list[int]
    spare: float = 0.0


class FleetMixPacking:
    """The search for one fleet, from the best plan of a solve and a bound. `tried` counts mixes."""

    def __init__(self, solve: Solve, bound: Ground) -> None:
        """O(modes x pools + patterns)."""
        fleet, seed = solve.fleet, solve.seed
        self._solve, self._fleet, self._seed = solve, fleet, seed
        kept_copies = (
            bound.kept_copies
            if bound.kept_copies is not None and bound.kept_copies.stays() and may_hold(fleet)
            else None
        )
        self._reduction = _reduction(solve, bound, hold=kept_copies is not None)
        self._rest = self._reduction.fleet
        last = self._reduction.steps[-1]
        alone = last if isinstance(last, Preassigned) else None
        self._used: Machines = (0,) * len(fleet.pools) if alone is None else alone.used
        self._completion = Completion(self._rest, seed)
        costs = left_out_penalties(self._rest)
        self._growth = FleetAugmentation(self._rest, costs)
        # Without zones copies may go to any machine with room: then what is scarce in the mix says what they are worth.
        self._penalties = costs if alone is not None and is_zoned(self._rest) else None
        self._relaxation = relax(self._rest if alone is None else alone.at_quotas)
        self._patterns = bound.useful_patterns()
        self._dive = None if alone is None else Dive(self._relaxation, self._patterns, seed)
        self._arms: list[_Arm] = []
        if self.dives and kept_copies is not None:
            self._arms.append(self._kept_mixes(bound, kept_copies))
        if not self._arms or Greenfield.of(fleet, solve.value) is not None:  # moves are cheap
            self._arms += self._anew(bound)
        self._patience = _PARAMS.idle if len(self._arms) > 1 or kept_copies is None else _PARAMS.idle_held
        self._somewhere = {place.component for place in fleet.places if place.accelerators is None}
        caps = {c.index: most_in_pool(c) for c in self._rest.components}
        self._in_pool = {c: most for c, most in caps.items() if most is not None}
        self.tried = 0
        self._took = 0.0  # seconds, by the last mix

    def _kept_mixes(self, bound: Ground, kept_copies: KeptCopiesBound) -> _Arm:
        """Mixes that hold some of what runs."""
        kept_mixes = KeptMachineMixes(
            self._fleet, self._rest, self._relaxation, self._patterns, kept_copies, self._seed
        )
        return self._arm(kept_mixes.offer)

    def _anew(self, bound: Ground) -> Iterator[_Arm]:
        """Mixes of machines that are all empty: the bound's own, and cheap ones with something to spare."""
        exactly = tuple(n - used for n, used in zip(bound.machines, self._used, strict=False))
        enough = all(n >= low for n, low in zip(exactly, self._fewest(), strict=bool(exactly)))
        if exactly and enough and not is_zoned(self._rest):
            yield self._arm(lambda *_: FleetMix(exactly))  # nothing to spare: a packing there is a proof
        cuts = [Cut(cut.coefficients, -cut.slack(self._used)) for cut in bound.cuts]
        separation = SpareCapacity(self._relaxation, self._patterns, self._rest)
        yield self._arm(FleetMixes(self._rest, cuts, self._seed, separation).offer)

    def _arm(self, offer: Callable[[float, list[int], Budget], FleetMix | None]) -> _Arm:
        return _Arm(offer, self._fewest())

    def _fewest(self) -> list[int]:
        return [self._rest.fewest(pool.index) for pool in self._rest.pools]

    @property
    def dives(self) -> bool:
        """Whether mixes are packed by diving."""
        return self._dive is not None

    def run(self, budget: Budget, first: int = 0) -> None:
        """Mix after mix, of each kind in turn, until the budget is over or nothing pays; under a work limit, a few.

        The `first` kinds come last: searches side by side should begin with others.
        """
        gap, arms = self._solve.incumbent.gap() or _PARAMS.most_spare, self._arms[first:] + self._arms[:first]
        for arm in arms:
            arm.spare = min(_PARAMS.dive_spare, gap / 2) if self.dives else gap / 2
        idle = 0
        while self._goes_on(budget) and idle < self._patience:
            began = budget.elapsed()
            arm = arms[(self.tried + idle) % len(arms)]
            mix = arm.offer(arm.spare, arm.least, _TIME.offer.of(budget))
            if mix is None or not self.pays(mix):
                arm.least = self._fewest()
                arm.spare *= _PARAMS.less
                idle += 1
                continue
            idle = 0
            self.tried += 1
            arm.spare *= _PARAMS.less if self._pack(arm, mix, budget) else _PARAMS.more
            self._took = budget.elapsed() - began

    def _goes_on(self, budget: Budget) -> bool:
        """Whether there is time, or work, for another mix."""
        if (budget.work is not None or math.isinf(budget.left())) and self.tried >= _PARAMS.tries:
            return False
        return not self._ended(budget) and budget.left() >= _PARAMS.worthwhile * self._took

    def _ended(self, budget: Budget) -> bool:
        return self._solve.within(budget).ended

    def pays(self, mix: FleetMix) -> bool:
        """Whether the mix's machines, the dedicated machines and the implied moves cost less than the incumbent.

        Moves are counted of copies that a mix could hold. One that holds nothing is taken to move nothing: how much of
        what runs it will meet is not known.
        """
        fleet, best = self._fleet, self._solve.value
        ticks = fleet.tick_price * fleet.rent([n + more for n, more in zip(mix.machines, self._used, strict=True)])
        if mix.held or fleet.max_moves is not None:
            held = Counter(seat.component for machine in mix.held for seat in machine.seats)
            moved = {
                c.index: max(0, min(fleet.running[c.index], c.required) - held[c.index])
                for c, left in zip(fleet.components, self._rest.components, strict=True)
                if left.copies and c.index not in self._somewhere
            }
            if fleet.max_moves is not None and sum(moved.values()) > fleet.max_moves:
                return False
            ticks += fleet.tick_move * sum(n * fleet.components[c].move_cost for c, n in moved.items())
        return best is None or ticks < best.ticks

    def _pack(self, arm: _Arm, mix: FleetMix, budget: Budget) -> bool:
        """Pack a mix; says whether all copies found room there."""
        seed = self._seed + self.tried
        began = budget.elapsed()
        start = self._dive.run(self._capped(mix), _TIME.dive.of(budget)) if self._dive is not None else None
        took = budget.elapsed() - began
        wide = None if start is None else self._widen(start, budget)
        _learn(arm, mix.machines, wide)
        narrow = AtFleetMix.of(self._rest, mix.machines).fleet
        first = start or partial_packing(narrow, budget, seed, _PARAMS.ejections)
        if first is None:
            return False
        part = self._solve.within((_TIME.refill if self.dives else _TIME.fill).of(budget), seed=seed)
        filled = bring_in(narrow, first, part, self._penalties, self._effort(budget))
        if not filled.missing and self._offer(filled.packing):
            return True
        if self.dives:
            wide = self._cheaper(wide, self._widen(filled, budget))
            left = self._growth.least_out((start, filled))
            if left is not None and self._is_dear(wide, mix):
                wide = self._cheaper(wide, self._grow(mix, left, budget, took, seed))
            if wide is not None:
                self._close(wide, budget, seed)
        return False

    def _is_dear(self, wide: Packing | None, mix: FleetMix) -> bool:
        """Whether a packing's machines cost so much more than a mix that it is worth the time to grow that."""
        return wide is None or machine_price(self._rest, wide) > (1 + _PARAMS.grow_from) * self._rest.rent(mix.machines)

    def _grow(self, mix: FleetMix, start: PartialPacking, budget: Budget, took: float, seed: int) -> Packing | None:
        """What is out on a few more machines, as cheap as may be.

        That has not much longer than the dive took, as another mix may do better.
        """
        by_clock = budget.work is None and not math.isinf(budget.left())
        part = _TIME.augment.of(budget).share(seconds=max(_PARAMS.grow_seconds, took)) if by_clock else budget
        grown = self._growth.run(
            mix.machines,
            start,
            self._solve.within(part, seed=seed),
            lambda machines: self.pays(mix._replace(machines=machines)),
            effort=min(_PARAMS.grow_effort, self._effort(budget)),
        )
        return self._widen(grown, budget)

    def _effort(self, budget: Budget) -> float:
        return 1.0 if budget.work is None else min(1.0, _PARAMS.effort * budget.work)

    def _cheaper(self, one: Packing | None, other: Packing | None) -> Packing | None:
        found = [packing for packing in (one, other) if packing is not None]
        return min(found, key=lambda packing: evaluate(self._rest, packing), default=None)

    def _close(self, packing: Packing, budget: Budget, seed: int) -> None:
        """Close machines of a widened packing: those beyond the mix are put to little use."""
        search = BinElimination(self._rest, packing, seed)
        failed = 0
        while search.possible and failed < _PARAMS.close_tries and not self._ended(budget):
            failed += 1
            if search.step(budget.over):
                failed = 0
                self._offer(search.packing)

    def _capped(self, mix: FleetMix) -> FleetMix:
        """The mix with no more copies by a mode than the loss of its pool leaves room for."""
        if not self._in_pool:
            return mix
        modes = self._relaxation.modes
        most = mix.most or [math.inf] * len(modes)
        return mix._replace(
            most=[min(n, self._in_pool.get(mode.component, n)) for n, mode in zip(most, modes, strict=True)]
        )

    def _offer(self, packing: Packing) -> bool:
        """Hand on a packing of what is packed at mixes, as one of the whole; says whether it keeps every rule."""
        whole = self._reduction.lift(packing)
        assert whole is not None
        if broken_fleet_rule(self._fleet, whole):
            return False
        self._solve.incumbent.offer(whole, NAME)
        return True

    def _widen(self, start: PartialPacking, budget: Budget) -> Packing | None:
        """What is out on the next machines: a plan at once, if not a cheap one."""
        wanted = Counter({c.index: c.required for c in self._rest.components})
        packing = self._completion.run(start.packing, wanted, budget)
        if packing is not None:
            self._offer(packing)
        return packing


def _learn(arm: _Arm, machines: Machines, widened: Packing | None) -> None:
    """Mixes shall have the machines of pools that they left out, and that copies needed all the same.

    The LP has parts of such a machine, which cost next to nothing; where it is whole, others can be left out.
    """
    used = Counter(machine.pool for machine in widened.machines) if widened is not None else Counter[int]()
    for p, n in used.items():
        if not machines[p]:
            arm.least[p] = max(arm.least[p], n)


def firm_fleet(solve: Solve) -> Fleet:
    """The fleet with as many optional copies as the best plan places, now required: a mix must hold them too."""
    return RequiredAsPlaced.of(solve.fleet, solve.packing).fleet


def _reduction(solve: Solve, bound: Ground, *, hold: bool) -> Chain:
    """What is packed at fleet mixes: the first of three chains that applies.

    1. As if nothing ran; optional copies as the best plan places them; dedicated components on machines of their own.
       That is dived for. To `hold` some of what runs, it is taken where moves are dear, too.
    2. As if nothing ran, where moves are cheap; optional copies.
    3. With what runs; optional copies.
    """
    fleet = solve.fleet
    greenfield = partial(Greenfield.of, best=solve.value)
    required = partial(RequiredAsPlaced.of, packing=solve.packing)
    return (
        Chain.of(
            fleet, partial(greenfield, dear=hold), required, CappedInstances.of, partial(_preassigned, bound=bound)
        )
        or Chain.of(fleet, greenfield, required, CappedInstances.of)
        or Chain.of(fleet, Matched.of, required, CappedInstances.of)
    )


def _preassigned(firm: Fleet, bound: Ground) -> Preassigned | None:
    """A fleet without its dedicated components, if it can be dived for."""
    if not may_dive(firm) or _copies(firm) < _PARAMS.dive_from:
        return None
    return Preassigned.of(firm, bound.machine_values or [pool.price for pool in firm.pools])


def _copies(fleet: Fleet) -> int:
    return sum(component.copies for component in fleet.components)
