"""The search: take the copies of a few accelerators out, fill them again together with copies that are out.

With the machines given, what is minimised is the worth of the copies that are out: the consistent neighbourhood search
for bin packing (Buljubasic and Vasquez 2016, Comput. Oper. Res. 76), with accelerators as bins, each filled by a subset
sum. Two things steer it where as much is out as before: copies should stand where they take what is not scarce
(`Way.cost`), and free room should be in few places. A little worse is accepted too, as in threshold accepting (Dueck
and Scheuer 1990, J. Comput. Phys. 90). Copies that stay out for long weigh ever more (guided local search, Voudouris
and Tsang 1999, Eur. J. Oper. Res. 113).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from placement.compiled.machine_state import Copy, tightest
from placement.local_search.state import Boxes
from placement.local_search.subset_sum import fullest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from placement.compiled.fleet import Fleet
    from placement.compiled.machine_state import Box, Way
    from placement.compiled.packing import Packing
    from placement.heuristics import Missing

    Chosen = dict[int, list[int]]  # box -> accelerators

_UNITS = 14  # bits: accelerators are filled on a grid of at most so many units
_WHOLE_CHANCE = 0.15  # of a step that empties whole machines
_MACHINES = (1, 2, 2, 3)  # emptied by such a step
_ACCELERATORS = (1, 2, 2, 3, 3, 4)  # emptied by any other
_FOCUS_CHANCE = 0.5  # of such a step that one of them is where a copy that is out may stand
_REZONE_CHANCE = 0.3  # of a copy that is out to change its zone for one of those emptied, if it may
_MOST_OUT = 24  # kinds of copies that are out, looked at in a step
_EVERY = 200  # steps without gain between two rises of the weights
_RISE = 0.05
_STEERING = 0.3  # what a dollar of cost on machines counts, against one that is out
_GATHERING = 0.3  # what an empty accelerator counts, in mean copies
_HEAT = 0.02  # mean worsening that is accepted, in mean copies
_LOOK = 16  # steps between two looks at the clock


class Refill:
    """The search on one mix; `fleet` has finite quotas, which are the machines there are.

    `steps` counts neighbourhoods, `idle` those since the least was out.
    """

    def __init__(
        self,
        fleet: Fleet,
        packing: Packing,
        missing: Missing,
        seed: int,
        *,
        idle: bool = True,
        worths: Sequence[float] | None = None,
    ) -> None:
        """O(copies + items x pools); `idle` and `worths` as in `Boxes`."""
        self.boxes = Boxes(fleet, packing, missing, idle=idle, worths=worths)
        self.steps = self.idle = 0
        self._random = random.Random(seed)
        self._components = fleet.components
        largest = max((pool.shape.memory_mib for pool in fleet.pools), default=0)
        self._shift = max(0, largest.bit_length() - _UNITS)
        self._zones = [pool.zone for pool in fleet.pools] if len(fleet.zones) > 1 else []
        self._mean = sum(item.worth for item in self.boxes.items) / max(1, len(self.boxes.items))
        self.begin()

    def begin(self) -> None:
        """Look at the boxes anew, after machines came or went; forget what was hard to place."""
        boxes = self.boxes.boxes
        self._weight = [1.0] * len(self.boxes.items)
        self._free = [b for b, box in enumerate(boxes) if not box.frozen]
        self._free_of: dict[int, list[int]] = {}
        for b in self._free:
            self._free_of.setdefault(boxes[b].pool, []).append(b)
        self._places = [(b, k) for b in self._free for k in range(len(boxes[b].room))]
        self._least, self.idle = self._worth_out(), 0

    @property
    def complete(self) -> bool:
        """Whether nothing is out."""
        return not self.boxes.missing

    def run(self, patience: int, is_over: Callable[[], bool], *, back: bool = False) -> bool:
        """Stop at zero unassigned, after `patience` non-improving steps, or when `is_over`; True at zero unassigned.

        With `back` it ends where least was out: the search goes through worse, for which it has to remember the best.
        """
        best, least = (self.boxes.save() if back else None), self._least
        while self.boxes.missing and self._free and self.idle < patience:
            if self.steps % _LOOK == 0 and is_over():
                break
            self._step()
            if best is not None and self._least < least:
                best, least = self.boxes.save(), self._least
        if best is not None and self._worth_out() > least:
            self.boxes.restore(best)
        return self.complete

    def _step(self) -> None:
        """One neighbourhood, kept or undone."""
        self.steps += 1
        self.idle += 1
        if self.steps % _EVERY == 0:
            for i in self.boxes.missing:
                self._weight[i] += _RISE
        whole = not self._places or self._random.random() < _WHOLE_CHANCE
        chosen = self._choose_machines() if whole else self._choose_accelerators()
        boxes = self.boxes
        missing, saved = boxes.missing.copy(), [(b, boxes.boxes[b].save()) for b in chosen]
        before = self._out() + self._disorder(chosen)
        for b, accelerators in chosen.items():
            self._empty(boxes.boxes[b], accelerators, whole=whole)
        moved = self._rezone(chosen)
        self._fill(chosen, whole=whole)
        after = self._out() + self._disorder(chosen)
        if after > before + _HEAT * self._mean * self._random.expovariate(1.0):
            for i, zone in reversed(moved):
                boxes.count_back(i, zone)
            boxes.missing = missing
            for b, state in saved:
                boxes.boxes[b].restore(state)
        elif (worth := self._worth_out()) < self._least:
            self._least, self.idle = worth, 0

    # -- what it is worth

    def _worth_out(self) -> float:
        items = self.boxes.items
        return sum(n * items[i].worth for i, n in self.boxes.missing.items())

    def _out(self) -> float:
        items, weight = self.boxes.items, self._weight
        return sum(n * items[i].worth * weight[i] for i, n in self.boxes.missing.items())

    def _disorder(self, chosen: Chosen) -> float:
        """What copies cost where they stand, less what large free rooms are good for."""
        cost, room = 0.0, 0.0
        for b in chosen:
            box = self.boxes.boxes[b]
            for copy in box.copies:
                cost += copy.way.cost
            for free in box.room:
                if free > 0:
                    room += (free / box.memory) ** 2
        return _STEERING * cost - _GATHERING * self._mean * room

    # -- what is emptied

    def _choose_machines(self) -> Chosen:
        """One where a copy that is out may stand, and any others."""
        drawn = self._random.sample(self._free, min(len(self._free), self._random.choice(_MACHINES)))
        drawn[:1] = [self._focus()]
        return {b: list(range(len(self.boxes.boxes[b].room))) for b in drawn}

    def _choose_accelerators(self) -> Chosen:
        """Any, the better of two by free room each time; half the time one where a copy that is out may stand."""
        boxes: list[Box] = self.boxes.boxes
        chosen: Chosen = {}
        for n in range(self._random.choice(_ACCELERATORS)):
            pair = self._random.choices(self._places, k=2)
            if n == 0 and self._random.random() < _FOCUS_CHANCE:
                pair = [(b, k) for b in (self._focus(), self._focus()) for k in range(len(boxes[b].room))] or pair
            b, k = max(pair, key=lambda place: boxes[place[0]].room[place[1]])
            if k not in chosen.setdefault(b, []):
                chosen[b].append(k)
        return chosen

    def _focus(self) -> int:
        """A box where some copy that is out may stand, or any."""
        item = self.boxes.items[self._random.choice(list(self.boxes.missing))]
        pools = [p for p in item.ways if p in self._free_of]
        return self._random.choice(self._free_of[self._random.choice(pools)] if pools else self._free)

    def _empty(self, box: Box, accelerators: list[int], *, whole: bool) -> None:
        """Take out the copies that stand on one of these accelerators alone; with `whole`, all."""
        for copy in box.copies[:]:
            if whole or (len(copy.on) == 1 and copy.on[0] in accelerators):
                self.boxes.take(box, copy)

    # -- how it is filled

    def _rezone(self, chosen: Chosen) -> list[tuple[int, int]]:
        """Let some copies that are out go to the zones of the chosen boxes; returns how to undo it, in order."""
        if not self._zones:
            return []
        moved = []
        zones = sorted({self._zones[self.boxes.boxes[b].pool] for b in chosen})
        for i in list(self.boxes.missing):
            old, new = self.boxes.items[i].key[1], self._random.choice(zones)
            if old is not None and old != new and self._random.random() < _REZONE_CHANCE:
                j = self.boxes.rezone(i, new)
                if j is not None:
                    moved.append((j, old))
        return moved

    def _fill(self, chosen: Chosen, *, whole: bool) -> None:
        out = sorted(self.boxes.missing, key=lambda _: self._random.random())
        if whole:
            worth = {i: self.boxes.items[i].worth * self._random.uniform(0.7, 1.3) for i in out}
            for i in sorted(out, key=worth.__getitem__, reverse=True):
                self._place_wide(i, chosen)
        places = [(b, k) for b, accelerators in chosen.items() for k in accelerators]
        self._random.shuffle(places)
        for b, k in places:
            self._fill_one(self.boxes.boxes[b], k, out)

    def _place_wide(self, i: int, chosen: Chosen) -> None:
        """Place copies of an item that do not share one accelerator: on several, on owned ones, or on none."""
        boxes, item = self.boxes, self.boxes.items[i]
        order = list(chosen)
        self._random.shuffle(order)
        for box in map(boxes.boxes.__getitem__, order):
            for way in item.ways.get(box.pool, ()):
                if way.accelerators == 1 and not way.owned:
                    continue
                while i in boxes.missing and box.takes(way) and box.welcomes(item.component, self._components):
                    on = tightest(box, way)
                    if on is None:
                        break
                    boxes.put(box, Copy(i, way, on))

    def _fill_one(self, box: Box, k: int, out: list[int]) -> None:
        """Fill one accelerator as full as can be; where it's equal, with few copies that are cheap here."""
        boxes, items, missing = self.boxes, self.boxes.items, self.boxes.missing
        room, share, vcpus, host, vacant = box.room[k], box.share[k], box.vcpus, box.host, not box.users[k]
        if room < 0:
            return
        found: list[tuple[float, int, Way]] = []
        looked = 0
        for i in out:
            left = missing.get(i)
            ways = items[i].ways.get(box.pool) if left else None
            if not left or ways is None:
                continue
            for way in ways:
                if way.accelerators != 1 or way.vcpus > vcpus or way.host > host:
                    continue
                if way.owned:
                    if vacant and box.welcomes(items[i].component, self._components):
                        boxes.put(box, Copy(i, way, (k,)))
                        return
                elif way.memory <= room and way.share <= share:
                    looked += 1
                    preference = items[i].worth * self._weight[i] * (0.6 + 0.8 * self._random.random())
                    found += [(preference, i, way)] * (min(left, room // way.memory) if way.memory else left)
            if looked >= _MOST_OUT:
                break
        if not found:
            return
        found.sort(key=_preference, reverse=True)
        for n in fullest([-(-way.memory >> self._shift) for _, _, way in found], box.room[k] >> self._shift):
            _, i, way = found[n]
            fits = i in boxes.missing and box.fits_on(way, k) and box.takes(way)
            if fits and box.welcomes(boxes.items[i].component, self._components):
                boxes.put(box, Copy(i, way, (k,)))


def _preference(entry: tuple[float, int, Way]) -> float:
    return entry[0]
