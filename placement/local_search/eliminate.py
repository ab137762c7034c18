"""Fewer and cheaper machines: close some, perhaps open cheaper ones, and find room for what stood there.

As route elimination in vehicle routing (Nagata and Braysy 2009, Oper. Res. Lett. 37): a complete packing loses a few
machines, those that put least of their price to use most likely, and `Refill` tries to bring their copies in. Where it
can't, all is as before. The more tries in a row fail, the longer the next ones may take.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import TYPE_CHECKING

from placement.compiled.machine_state import Box
from placement.local_search.refill import Refill

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing

_CLOSED = (1, 1, 1, 2, 2, 3)  # machines closed at once
_OPENED = (0, 0, 1, 1, 1, 2)  # machines opened in their place
_FIRST_PATIENCE, _LAST_PATIENCE = 300, 20_000  # steps of the refill without gain
_MORE = 1.02  # times as much patience after a failure
_NOISE = 0.3  # of a gumbel variable, added to the part of its price that a machine puts to use
_DRAWS = 20  # of machines to open, until they are cheaper than those that close


class Elimination:
    """The search on one complete packing of a fleet whose copies are all required. `tries` and `gained` count."""

    def __init__(self, fleet: Fleet, packing: Packing, seed: int) -> None:
        """O(copies + items x pools)."""
        self._fleet = fleet
        self._refill = Refill(fleet, packing, Counter(), seed, idle=False)
        self._random = random.Random(seed)
        self._patience = float(_FIRST_PATIENCE)
        self._quota = [math.inf if p.max_instances is None else p.max_instances for p in fleet.pools]
        self.tries = self.gained = 0

    @property
    def possible(self) -> bool:
        """Whether there is a machine that may close, and one to take its copies or to open."""
        return any(self._may_close(box) for box in self._refill.boxes.boxes)

    @property
    def packing(self) -> Packing:
        """The packing as it is: complete."""
        return self._refill.boxes.to_packing()

    def step(self, is_over: Callable[[], bool]) -> bool:
        """One try; says whether the machines got cheaper."""
        self.tries += 1
        boxes = self._refill.boxes
        closed = self._choose()
        opened = self._replacements(closed)
        if not closed or opened is None:
            return False
        saved = boxes.save()
        for box in closed:
            for copy in box.copies[:]:
                boxes.take(box, copy)
        gone = {id(box) for box in closed}
        boxes.boxes = [box for box in boxes.boxes if id(box) not in gone]
        boxes.boxes += [Box(self._fleet, p, None) for p in opened]
        self._refill.begin()
        if self._refill.run(int(self._patience), is_over):
            self.gained += 1
            self._patience = max(_FIRST_PATIENCE, self._patience / _MORE**10)
            return True
        boxes.restore(saved)
        self._patience = min(_LAST_PATIENCE, self._patience * _MORE)
        return False

    def _choose(self) -> list[Box]:
        """Machines to close: those that put least of their price to use most likely, empty ones before all."""
        boxes = [box for box in self._refill.boxes.boxes if self._may_close(box)]
        use = {id(box): self._use(box) - _NOISE * math.log(self._random.expovariate(1.0)) for box in boxes}
        return sorted(boxes, key=lambda box: use[id(box)])[: self._random.choice(_CLOSED)]

    def _may_close(self, box: Box) -> bool:
        forced = box.instance is not None and not self._fleet.instances[box.instance].removable
        return not box.frozen and not box.fixed and not forced

    def _use(self, box: Box) -> float:
        items = self._refill.boxes.items
        return 1e6 * sum(items[copy.item].worth for copy in box.copies) / max(1, self._fleet.pools[box.pool].price)

    def _replacements(self, closed: list[Box]) -> list[int] | None:
        """Pools where machines open, so that all is cheaper than before; None when none are found."""
        used = [0] * len(self._quota)
        for box in self._refill.boxes.boxes:
            used[box.pool] += 1
        before = self._price(used)
        for box in closed:
            used[box.pool] -= 1
        for _ in range(_DRAWS):
            opened = self._random.choices(range(len(used)), k=self._random.choice(_OPENED))
            now = used[:]
            for p in opened:
                now[p] += 1
            if all(now[p] <= self._quota[p] for p in opened) and self._price(now) < before:
                return opened
        return None

    def _price(self, used: list[int]) -> int:
        return sum(max(n, pool.min_instances) * pool.price for n, pool in zip(used, self._fleet.pools, strict=True))
