"""Diving for a packing: one machine after the other is filled as the pattern LP has it, and the LP is solved again.

A rounding heuristic for column generation (Sadykov, Vanderbeck, Pessoa, Tahiri and Uchoa 2019, *Primal heuristics for
branch and price: the assets of diving methods*, INFORMS J. Comput. 31). The machine counts are given; the LP says how
many accelerators get which pattern. Copies on several accelerators need patterns that agree, so a machine is filled
top down: the copies on all its accelerators that the LP has most of, then for each half those on half of them that it
has most of beside these, and so on down to one accelerator, whose pattern is then known. The machine where the LP is
closest to whole is fixed first. What is left asks for fewer copies and machines: new patterns are priced for it.

Copies for which no room is found are left out, for `exact.fill` to bring in.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from placement.bounds.patterns.certificate import Box
from placement.bounds.patterns.pricing import Knapsack
from placement.bounds.patterns.program import PatternProgram
from placement.exact.neighbourhood import bound_to_zones
from placement.exact.refill.subset_sum import fullest
from placement.heuristics import Missing, Sketch
from placement.packing import Machine, Packing, Seat
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.bounds.patterns.program import Pattern
    from placement.bounds.patterns.relaxation import Relaxation, Way
    from placement.budget import Budget
    from placement.fleet import Fleet

_ROUNDS = 4  # of pricing after each step
_SOME = 1e-6  # of a pattern
_STEPS = 60  # solutions of the LP, about: more machines are fixed at once where there are more
_WIDE = 0.2  # what copies on several accelerators count for, when the next machine is chosen
_NOISE = 0.01
_DEARER = 1.3  # times its price, of a machine that is not there
_HALF = 0.9  # of a copy on several accelerators, in the LP: then it comes before smaller ones
_GRID = 3  # bits of a MiB that are not looked at when an accelerator is filled up


def may_dive(fleet: Fleet) -> bool:
    """Whether copies have no rules but those of accelerators and hosts, and share accelerators."""
    return (
        not fleet.levels
        and not fleet.instances
        and all(option.shared and option.accelerators for c in fleet.components for option in c.options)
        and not any(
            bound_to_zones(c) or c.demand or c.dedicated or c.avoids or c.max_per_instance is not None
            for c in fleet.components
        )
    )


@dataclass(slots=True)
class _State:
    """What is left: copies by component, copies by way in the LP's solution, accelerators by pattern in it."""

    out: list[int]
    by_way: list[float]
    mass: list[float]

    def copy(self) -> _State:
        return _State(self.out[:], self.by_way[:], self.mass[:])


@dataclass(slots=True)
class _Draft:
    """A machine on paper: its seats, what is free, how near it is to what the LP has, and what is left after it."""

    pool: int
    room: list[int]
    share: list[int]
    vcpus: int
    host: int
    seats: list[Seat] = field(default_factory=list)
    score: float = 0.0
    after: _State | None = None


class Dive:
    """Dives on one relaxation, from all patterns known to its bound."""

    def __init__(self, relaxation: Relaxation, patterns: Iterable[Pattern], seed: int) -> None:
        """O(patterns)."""
        self._relaxation = relaxation
        self._fleet = relaxation.fleet
        self._rng = np.random.default_rng(seed)
        self._program = PatternProgram(relaxation, dearer=_DEARER)
        self._program.add_patterns((q, dict(pattern)) for q, pattern in patterns)
        self._ways: dict[tuple[int, int], list[int]] = {}  # (pool, item) -> ways, by number
        self._users: list[list[set[int]]] = [[set() for _ in kind.items] for kind in relaxation.kinds]
        self._narrow: list[list[set[int]]] = [[set() for _ in kind.items] for kind in relaxation.kinds]
        for w, way in enumerate(relaxation.ways):
            if way.kind is not None and way.item is not None:
                self._ways.setdefault((way.pool, way.item), []).append(w)
                self._users[way.kind][way.item].add(way.component)
                if way.touches == 1:
                    self._narrow[way.kind][way.item].add(way.component)

    def run(self, machines: Sequence[int], budget: Budget) -> Sketch:
        """Pack on these machine counts; whatever time leaves out is in the sketch's missing copies."""
        self._left = list(machines)
        self._state = _State([c.required for c in self._fleet.components], [], [])
        done: list[Machine] = []
        steps, first, began = 0, -(-sum(machines) // _STEPS), budget.elapsed()
        while any(self._state.out) and any(self._left):
            solved = not budget.over() and self._solve(budget)
            if not solved and not steps:
                break
            steps += 1
            # What is left of the time may be too little for small steps; when it is over, the last solution has to do.
            more = budget.left() * steps / max(_SOME, budget.elapsed() - began)
            at_once = sum(self._left) if not solved else max(first, math.ceil(sum(self._left) / max(1.0, more)))
            for _ in range(at_once):
                draft = self._next()
                if draft is not None:
                    done.append(self._fix(draft))
        missing: Missing = Counter({(c, None, None): n for c, n in enumerate(self._state.out) if n})
        return Sketch(Packing(tuple(m for m in done if m.seats)), missing)

    def _solve(self, budget: Budget) -> bool:
        """The LP of what is left, with some more patterns for it."""
        program, left = self._program, tuple(self._left)
        program.set_box(Box((0,) * len(left), left))
        program.ask_for(self._state.out)
        self._limits = [[sum(self._state.out[c] for c in users) for users in kind] for kind in self._users]
        program.forbid(
            k
            for k, (q, pattern) in enumerate(program.known())
            if any(times > self._limits[q][i] for i, times in pattern)
        )
        program.add_patterns(  # so that each copy has one
            (kind.index, {i: min(limit, self._limits[kind.index][i])})
            for kind in self._relaxation.kinds
            for i, limit in enumerate(kind.knapsack.limits)
            if limit and self._limits[kind.index][i]
        )
        for _ in range(_ROUNDS):
            if not program.solve(budget.left()):
                return False
            duals = program.duals()
            prices = program.prices(duals)
            found = []
            for kind in self._relaxation.kinds:
                if any(self._left[p] for p in kind.pools):
                    q = kind.index
                    knapsack = Knapsack(kind.knapsack.room, kind.knapsack.needs, self._limits[q])
                    found.append((q, knapsack.best_pattern(prices.touch[q])[1]))
            if not program.add_patterns((q, pattern) for q, pattern in found if program.saves(duals, q, pattern)):
                break
        else:
            if not program.solve(budget.left()):
                return False
        self._worth, self._price = program.worths(program.duals())
        self._state = _State(self._state.out, *program.amounts())
        self._widths()
        self._of_kind: list[list[int]] = [[] for _ in self._relaxation.kinds]
        self._pattern = [(q, dict(pattern)) for q, pattern in program.known()]
        for k, (q, _) in enumerate(self._pattern):
            if self._state.mass[k] > _SOME:
                self._of_kind[q].append(k)
        return True

    def _widths(self) -> None:
        """On how many accelerators the copies stand that items are; where several are alike, most of them by the LP."""
        state = self._state
        most = [[0.0] * len(kind.items) for kind in self._relaxation.kinds]
        self._width = [[1] * len(kind.items) for kind in self._relaxation.kinds]
        for way, copies in zip(self._relaxation.ways, state.by_way, strict=True):
            if way.kind is None or way.item is None or not state.out[way.component]:
                continue
            if copies * way.touches > most[way.kind][way.item]:
                most[way.kind][way.item] = copies * way.touches
                self._width[way.kind][way.item] = way.touches

    def _next(self) -> _Draft | None:
        """Of one machine a pool, filled on paper, the one nearest to what the LP has."""
        best: tuple[_Draft, _State] | None = None
        before = self._state
        for p, n in enumerate(self._left):
            if n and p in self._relaxation.kind_of:
                self._state = before.copy()
                draft = self._draft(p)
                if best is None or draft.score > best[0].score:
                    best = draft, self._state
        self._state = before
        if best is None:
            return None
        best[0].after = best[1]
        return best[0]

    def _draft(self, p: int) -> _Draft:
        shape = self._fleet.pools[p].shape
        n = shape.accelerators
        draft = _Draft(p, [shape.memory_mib] * n, [WHOLE_SHARE] * n, shape.vcpus, shape.host_mib)
        self._descend(draft, range(n), self._of_kind[self._relaxation.kind_of[p]])
        worth = sum(self._worth[seat.component] for seat in draft.seats) / max(_SOME, self._price[p])
        draft.score = worth + draft.score / max(1, n) + _NOISE * float(self._rng.random())
        return draft

    def _descend(self, draft: _Draft, on: range, patterns: list[int]) -> None:
        """Fill the accelerators `on` from patterns, all of which agree on what touches more than these."""
        q, g = self._relaxation.kind_of[draft.pool], len(on)
        width = self._width[q]
        mass: dict[tuple[tuple[int, int], ...], float] = defaultdict(float)
        same: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for n in patterns:
            part = tuple(sorted((i, times) for i, times in self._pattern[n][1].items() if width[i] == g))
            if self._state.mass[n] > _SOME or g == 1:
                mass[part] += max(0.0, self._state.mass[n])
                same.setdefault(part, []).append(n)
        if not same:
            same = {(): []}
        part = max(same, key=lambda part: (bool(part) and mass[part] >= _HALF * g, mass[part]))
        for i, times in part:
            for _ in range(times):
                self._place(draft, on, i)
        if g == 1:
            k: int | None = max(same[part], key=self._state.mass.__getitem__, default=None)
            here = sum(on[0] in seat.accelerators for seat in draft.seats)
            if k is not None:
                self._state.mass[k] -= 1
            if k is None or here < sum(self._pattern[k][1].values()):
                self._top_up(draft, on)
            return
        if part:
            draft.score += _WIDE * g
        half = g // 2
        for some in (on[:half], on[half:]) if g % 2 == 0 else [on[j : j + 1] for j in range(g)]:
            self._descend(draft, some, same[part])

    def _place(self, draft: _Draft, on: range, i: int) -> bool:
        """Seat one copy of item i, of the component that the LP has most of there; False when none fits."""
        best: int | None = None
        for w in self._ways.get((draft.pool, i), ()):
            way = self._relaxation.ways[w]
            better = best is None or self._state.by_way[w] > self._state.by_way[best]
            if better and self._state.out[way.component] and way.touches == len(on) and self._fits(draft, on, way):
                best = w
        if best is None:
            return False
        way = self._relaxation.ways[best]
        option = self._fleet.components[way.component].options[way.option]
        self._state.by_way[best] -= 1
        self._state.out[way.component] -= 1
        for a in on:
            draft.room[a] -= option.memory_mib
            draft.share[a] -= option.share
        draft.vcpus -= option.vcpus
        draft.host -= option.host_mib
        draft.seats.append(Seat(way.component, way.option, tuple(on)))
        return True

    def _fits(self, draft: _Draft, on: range, way: Way) -> bool:
        option = self._fleet.components[way.component].options[way.option]
        return (
            option.vcpus <= draft.vcpus
            and option.host_mib <= draft.host
            and all(option.memory_mib <= draft.room[a] and option.share <= draft.share[a] for a in on)
        )

    def _top_up(self, draft: _Draft, on: range) -> None:
        """Fill what is free on one accelerator as full as can be, large items first."""
        q, a = self._relaxation.kind_of[draft.pool], on[0]
        items = self._relaxation.kinds[q].items
        found = []
        for i, need in enumerate(items):  # largest first
            if 0 < need.memory_mib <= draft.room[a]:
                copies = sum(self._state.out[c] for c in self._narrow[q][i])
                found += [i] * min(copies, draft.room[a] // need.memory_mib)
        for n in fullest([-(-items[i].memory_mib >> _GRID) for i in found], draft.room[a] >> _GRID):
            self._place(draft, on, found[n])

    def _fix(self, draft: _Draft) -> Machine:
        """Take a machine out of what is left."""
        assert draft.after is not None
        self._state = draft.after
        self._left[draft.pool] -= 1
        return Machine(draft.pool, None, tuple(sorted(draft.seats)))
