"""Diving for a packing: one machine after the other is filled as the pattern LP has it, and the LP is solved again.

A rounding heuristic for column generation (Sadykov, Vanderbeck, Pessoa, Tahiri and Uchoa 2019, *Primal heuristics for
branch and price: the assets of diving methods*, INFORMS J. Comput. 31). The machine counts are given; the LP says how
many accelerators get which pattern. One machine of each pool is filled on paper (`drafts`), and the one where the LP
is closest to whole is fixed first. What is left asks for fewer copies and machines: new patterns are priced for it.

Copies for which no room is found are left out, for `exact.fill` to bring in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from placement.bounds.patterns.pricing import Knapsack
from placement.bounds.patterns.program import PatternProgram
from placement.exact.drafts import SOME, Drafts, Drawing, State
from placement.exact.rounding import item_limits
from placement.heuristics import Sketch, sketch_of
from placement.heuristics.workspace import Workspace
from placement.packing import Seat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.bounds.patterns.program import Pattern
    from placement.bounds.patterns.relaxation import Relaxation
    from placement.budget import Budget
    from placement.exact.drafts import Draft
    from placement.exact.mixes import Mix
    from placement.fleet import Fleet

_ROUNDS = 4  # of pricing after each step
_STEPS = 60  # solutions of the LP, about: more machines are fixed at once where there are more
_NOISE = 0.01
_PAID = 0.1  # of its price, that a machine counts in the LP: what is left free should be cheap to do without


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
        """O(patterns)."""
        self._relaxation = relaxation
        self._fleet = relaxation.fleet
        self._rng = np.random.default_rng(seed)
        self._program = PatternProgram(relaxation, paid=_PAID)
        self._program.add_patterns((q, dict(pattern)) for q, pattern in patterns)
        self._drafts = Drafts(relaxation)

    def run(self, mix: Mix, budget: Budget) -> Sketch | None:
        """Pack on a mix; whatever is left out is in the sketch's missing copies."""
        self._left = list(mix.machines)
        most = mix.most or [math.inf] * len(self._relaxation.ways)
        self._state = State([c.required for c in self._fleet.components], [], [], self._drafts.zones.start(), most)
        done: list[Draft] = []
        steps, first, began = 0, -(-sum(mix.machines) // _STEPS), budget.elapsed()
        while any(self._state.out) and any(self._left):
            solved = not budget.over() and self._solve(budget)
            if not solved and not steps:
                break
            steps += 1
            # What is left of the time may be too little for small steps; when it is over, the last solution has to do.
            more = budget.left() * steps / max(SOME, budget.elapsed() - began)
            at_once = sum(self._left) if not solved else max(first, math.ceil(sum(self._left) / max(1.0, more)))
            for _ in range(at_once):
                draft = self._next()
                if draft is None:
                    break
                self._state = draft.after
                self._left[draft.box.pool] -= 1
                done.append(draft)
            if draft is None:
                break
        return self._to_sketch(done)

    def _solve(self, budget: Budget) -> bool:
        """The LP of what is left, with some more patterns for it."""
        program = self._program
        program.limit(self._left)
        program.ask_for(self._state.out, self._state.zoned)
        program.limit_copies([0.0] * len(self._state.most), self._state.most)
        limits = item_limits(self._relaxation, self._state.out, self._state.most)
        program.allow(limits)
        for _ in range(_ROUNDS):
            if not program.solve(budget.left()):
                return False
            duals = program.duals()
            prices = program.prices(duals)
            found = []
            for kind in self._relaxation.kinds:
                if any(self._left[p] for p in kind.pools):
                    q = kind.index
                    knapsack = Knapsack(kind.knapsack.room, kind.knapsack.needs, limits[q])
                    found.append((q, knapsack.best_pattern(prices.touch[q])[1]))
            if not program.add_patterns((q, pattern) for q, pattern in found if program.saves(duals, q, pattern)):
                break
        else:
            if not program.solve(budget.left()):
                return False
        self._read()
        return True

    def _read(self) -> None:
        """Take over the LP's solution."""
        self._worth, self._price = self._program.worths(self._program.duals())
        self._state.by_way, self._state.mass = self._program.amounts()
        patterns = [(q, dict(pattern)) for q, pattern in self._program.known()]
        of_kind: list[list[int]] = [[] for _ in self._relaxation.kinds]
        for k, (q, _) in enumerate(patterns):
            if self._state.mass[k] > SOME:
                of_kind[q].append(k)
        self._drawing = Drawing(patterns, of_kind, self._widths())

    def _widths(self) -> list[list[int]]:
        """On how many accelerators the copies stand that items are; where several are alike, most of them by the LP."""
        state = self._state
        most = [[0.0] * len(kind.items) for kind in self._relaxation.kinds]
        widths = [[1] * len(kind.items) for kind in self._relaxation.kinds]
        for way, copies in zip(self._relaxation.ways, state.by_way, strict=True):
            if way.kind is None or way.item is None or not state.out[way.component]:
                continue
            if copies * way.touches > most[way.kind][way.item]:
                most[way.kind][way.item] = copies * way.touches
                widths[way.kind][way.item] = way.touches
        return widths

    def _next(self) -> Draft | None:
        """Of one machine a pool, filled on paper, the one nearest to what the LP has."""
        best: Draft | None = None
        for p, n in enumerate(self._left):
            if n and p in self._relaxation.kind_of and self._fleet.pools[p].shape.accelerators:
                draft = self._drafts.of_pool(p, n, self._state, self._drawing)
                self._rate(draft)
                if best is None or draft.score > best.score:
                    best = draft
        return best

    def _rate(self, draft: Draft) -> None:
        """What stands there is worth by the LP's prices, against the machine's; copies on many accelerators first."""
        box = draft.box
        worth = sum(self._worth[self._component(copy.item)] for copy in box.copies) / max(SOME, self._price[box.pool])
        draft.score = worth + draft.score / max(1, len(box.room)) + _NOISE * float(self._rng.random())

    def _component(self, way: int) -> int:
        return self._relaxation.ways[way].component

    def _to_sketch(self, done: Sequence[Draft]) -> Sketch | None:
        """What was fixed; None when copies that are out can't complete it."""
        ws = Workspace(self._fleet)
        for box in (draft.box for draft in done):
            if box.copies:
                m = ws.rent(box.pool)
                for copy in box.copies:
                    ws.place(Seat(self._component(copy.item), copy.way.option, copy.on), m)
        return sketch_of(ws)
