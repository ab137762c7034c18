"""The dive: machines with their wide copies, one after the other, then what is left on their accelerators.

One machine of each pool is filled on paper, and the one where the LP is closest to whole is taken first. What is left
asks for fewer copies and machines. Copies for which no room is found are left out, for `exact.fill` to bring in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from placement.exact.diving.contents import Contents
from placement.exact.diving.drafts import SOME, Drafts
from placement.exact.diving.guide import Guide
from placement.exact.diving.seating import Seating
from placement.exact.diving.spaces import Spaces
from placement.heuristics import Sketch, sketch_of
from placement.heuristics.workspace import Workspace
from placement.packing import Seat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.bounds.patterns.program import Pattern
    from placement.bounds.patterns.relaxation import Relaxation
    from placement.budget import Budget
    from placement.exact.diving.drafts import Draft
    from placement.exact.mixes import Mix
    from placement.fleet import Fleet

_ROUNDS = 4  # of pricing after each step
_STEPS = 15  # solutions of the LP, about, for all machines
_WIDE_SHARE = 0.5  # of the time, for machines
_NOISE = 0.01


def may_dive(fleet: Fleet) -> bool:
    """Whether a dive knows the rules of all copies: they stand on accelerators, and their number is given.

    Before it, optional copies must be made required or dropped, and dedicated components settled (`settle`).
    """
    return not any(c.demand for c in fleet.components) and all(
        option.accelerators for c in fleet.components for option in c.options
    )


class Dive:
    """Dives on one relaxation, of a fleet that `may_dive`, from all patterns known to its bound."""

    def __init__(self, relaxation: Relaxation, patterns: Iterable[Pattern], seed: int) -> None:
        """O(ways + patterns)."""
        self._relaxation = relaxation
        self._fleet = relaxation.fleet
        self._rng = np.random.default_rng(seed)
        self._guide = Guide(relaxation, patterns)
        self._seating = Seating(relaxation)
        self._drafts = Drafts(self._seating)
        self._spaces = Spaces(relaxation)

    def run(self, mix: Mix, budget: Budget) -> Sketch | None:
        """Pack on a mix; whatever is left out is in the sketch's missing copies."""
        self._state = self._seating.start(mix.most or [math.inf] * len(self._relaxation.ways))
        self._left = [n if p in self._relaxation.kind_of else 0 for p, n in enumerate(mix.machines)]
        self._spaces.clear()
        self._take_machines(budget.share(_WIDE_SHARE))
        Contents(self._seating, self._guide, self._spaces, self._state).run(budget)
        return self._to_sketch()

    def _take_machines(self, budget: Budget) -> None:
        """Fill machines with wide copies as long as the LP has any; the others, and all when time is over, at once."""
        steps, first, began = 0, -(-sum(self._left) // _STEPS), budget.elapsed()
        while any(self._left) and not budget.over() and self._solve(budget):
            steps += 1
            # What is left of the time may be too little for small steps.
            more = max(1.0, budget.left() * steps / max(SOME, budget.elapsed() - began))
            drafts = [self._take_next() for _ in range(max(first, math.ceil(sum(self._left) / more)))]
            if not any(draft is not None and draft.box.copies for draft in drafts):
                break
        while steps and self._take_next() is not None:
            pass
        if steps:
            self._take_in()

    def _take_in(self) -> None:
        """Seat wide copies that no machine was filled for, where the LP had but parts of them: the largest first."""
        relaxation, state = self._relaxation, self._state
        ways: dict[int, list[int]] = {}
        narrow = [0.0] * len(self._fleet.components)
        for w, way in enumerate(relaxation.ways):
            if way.touches == 1 or way.owns == 1:
                narrow[way.component] += state.by_way[w]
            elif state.out[way.component]:
                ways.setdefault(way.component, []).append(w)
        for c in sorted(ways, key=lambda c: -max(relaxation.ways[w].usage[0] for w in ways[c])):
            wide = sorted(ways[c], key=lambda w: -state.by_way[w])
            for _ in range(state.out[c] - round(narrow[c])):
                if not any(self._seat(w) for w in wide):
                    break
        self._spaces.reopen()

    def _seat(self, w: int) -> bool:
        """Seat a wide copy on the machine where it leaves least free on its accelerators."""
        way = self._relaxation.ways[w]
        found = []
        for n, box in enumerate(self._spaces.boxes):
            on = self._seating.tightest(box, w) if box.pool == way.pool else None
            if on is not None:
                found.append((sum(box.room[k] for k in on), n, on))
        return any(self._seating.place(self._spaces.boxes[n], self._state, w, on) for _, n, on in sorted(found))

    def _solve(self, budget: Budget) -> bool:
        """The LP of what is left."""
        if not self._guide.solve(self._state, self._spaces, budget, machines=self._left, least=_ROUNDS):
            return False
        self._worth, self._price = self._guide.worths()
        return True

    def _take_next(self) -> Draft | None:
        """One machine a pool is filled on paper; the one nearest to what the LP has is taken."""
        patterns, best = self._guide.last, None
        assert patterns is not None
        for p, n in enumerate(self._left):
            if n and self._fleet.pools[p].shape.accelerators:
                draft = self._drafts.of_pool(p, n, self._state, patterns)
                self._rate(draft)
                if best is None or draft.score > best.score:
                    best = draft
        if best is not None:
            self._state, patterns.mass = best.state, best.mass
            self._left[best.box.pool] -= 1
            self._spaces.add(best.box, best.wanted)
        return best

    def _rate(self, draft: Draft) -> None:
        """What stands there is worth by the LP's prices, against the machine's; copies on many accelerators first."""
        box = draft.box
        worth = sum(self._worth[self._component(copy.item)] for copy in box.copies) / max(SOME, self._price[box.pool])
        draft.score += worth + _NOISE * float(self._rng.random())

    def _component(self, way: int) -> int:
        return self._relaxation.ways[way].component

    def _to_sketch(self) -> Sketch | None:
        """What stands; None when copies that are out can't complete it."""
        ws = Workspace(self._fleet)
        for box in self._spaces.boxes:
            if box.copies:
                m = ws.rent(box.pool)
                for copy in box.copies:
                    ws.place(Seat(self._component(copy.item), copy.way.option, copy.on), m)
        return sketch_of(ws)
