"""Fleet mixes that keep machines that run: where moves are dear, most of a plan is what runs now.

The LP of the bound with what runs (`patterns.running.kept_copies`) has, for each running machine, the part of it that
stays and the copies that it keeps. Machines of which a large part stays are held, with those copies. The counts of new
machines are rounded in the pattern LP of the other copies (`rounding`), where partly filled accelerators hold residual
patterns. A dive then begins on the held machines.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.packing import Machine, Seat
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.rounding import Rounding
from placement.solving.schedule import SCHEDULE
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from placement.compiled.fleet import Fleet
    from placement.compiled.running import Place
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Pattern
    from placement.patterns.running.kept_copies import KeptCopiesBound
    from placement.solvers.column_generation.mixes import FleetMix
    from placement.solving.budget import Budget

_PARAMS = COLUMN_GENERATION.kept_machines
_TIME = SCHEDULE.column_generation.mixes


def may_hold(fleet: Fleet) -> bool:
    """Whether it is known of any copy that runs on which accelerators."""
    return any(kept_accelerators(fleet, place) for place in fleet.places)


def kept_accelerators(fleet: Fleet, place: Place) -> tuple[int, ...] | None:
    """The accelerators of a copy that may stay, where these are known or there is but one; None: it can't be held.

    What runs today may break rules: a copy on more or fewer accelerators than its option takes can't stay.
    """
    shape = fleet.pools[fleet.instances[place.instance].pool].shape
    on = (0,) if place.accelerators is None and shape.accelerators == 1 else place.accelerators
    takes = fleet.components[place.component].options[place.option].accelerators
    return on if on is not None and len(on) == takes else None


class KeptMachineMixes:
    """Mixes of a fleet without what runs, `fleet`, that hold some of what runs in the `whole` fleet."""

    def __init__(
        self,
        whole: Fleet,
        fleet: Fleet,
        relaxation: Relaxation,
        patterns: Iterable[Pattern],
        kept_copies: KeptCopiesBound,
        seed: int,
    ) -> None:
        """O(places + residual patterns)."""
        self._whole, self._fleet, self._relaxation = whole, fleet, relaxation
        self._patterns = list(patterns)
        self._stays, self._kept = kept_copies.stays(), kept_copies.kept()
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._tries = 0
        self._money = kept_copies.running_state.money
        self._known: dict[Machine, bool] = {}  # whether holding it pays
        self._alone: float | None = None  # dollars an hour, where nothing is held
        self._offered: set[tuple[tuple[int, ...], tuple[Machine, ...]]] = set()

    def offer(self, spare: float, least: Sequence[int], budget: Budget) -> FleetMix | None:
        """Machines that are held, and cheap counts of new ones with room for `spare` (relative) more of the rest.

        None when nothing new is found: what is held hardly ever fails to be packed, so the same again is no use.
        """
        enough = float(self._rng.uniform(*_PARAMS.others)) if self._tries else _PARAMS.first
        self._tries += 1
        part = budget.share(_TIME.hold.part)
        held = tuple(machine for machine in self._hold(enough) if self._pays(machine, least, part))
        if not held:
            return None
        rounding = Rounding(self._fleet, self._relaxation, self._patterns, self._seed + self._tries, held)
        mix = rounding.offer(spare, least, budget)
        if mix is None or (mix.machines, held) in self._offered:
            return None
        self._offered.add((mix.machines, held))
        return mix

    def _pays(self, machine: Machine, least: Sequence[int], budget: Budget) -> bool:
        """Whether holding a machine, by itself, makes the others dearer by less than its copies' moves would cost.

        A machine may stay in parts in the LP, and its copies with it; where nothing else has room for what the other
        part holds there, whole copies cost more than they save. Each is asked once; one without an answer is held.
        """
        if machine not in self._known and not budget.over():
            if self._alone is None:
                self._alone = self._cost((), least, budget)
            cost = self._cost((machine,), least, budget)
            if self._alone is not None and (cost is not None or not budget.over()):
                saved = float(sum(self._money[seat.component] for seat in machine.seats)) / MICRO
                price = self._whole.pools[machine.pool].price / MICRO
                self._known[machine] = cost is not None and cost + price <= self._alone + saved
        return self._known.get(machine, True)

    def _cost(self, held: tuple[Machine, ...], least: Sequence[int], budget: Budget) -> float | None:
        """Dollars an hour of new machines beside these."""
        return Rounding(self._fleet, self._relaxation, self._patterns, self._seed, held).cost(least, budget)

    def _hold(self, enough: float) -> Iterator[Machine]:
        """Machines of which so much stays, with their copies as far as the LP keeps them; the surest first."""
        fleet = self._whole
        seats: dict[int, list[Seat]] = {}
        for place, kept in zip(fleet.places, self._kept, strict=True):
            stays, on = self._stays[place.instance], kept_accelerators(fleet, place)
            here = self._fleet.components[place.component].copies  # none of dedicated components: they have machines
            if stays >= enough and here and on:
                times = min(place.count, math.floor(kept / stays + 0.5))
                seats.setdefault(place.instance, []).extend([Seat(place.component, place.option, on)] * times)
        room = [math.inf if pool.max_instances is None else pool.max_instances for pool in self._fleet.pools]
        for m in sorted(seats, key=lambda m: -self._stays[m]):
            p = fleet.instances[m].pool
            room[p] -= 1  # machines of dedicated components have some of the quota
            if room[p] >= 0:
                yield Machine(p, None, tuple(seats[m]))
