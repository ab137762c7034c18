"""One machine on paper, filled top down as a pattern LP has it.

Copies on several accelerators need patterns that agree, so a machine is filled from the top: the copies on all its
accelerators that the LP has most of, then for each half those on half of them that it has most of beside these, and so
on down to one accelerator, whose pattern is then known. Copies that own their accelerators stand beside the patterns:
they are taken where the LP has more of them than of any pattern.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from placement.exact.refill.boxes import Box, Copy, way_of
from placement.exact.refill.subset_sum import fullest
from placement.heuristics.zones import has_zone_rules, targets

if TYPE_CHECKING:
    from placement.bounds.patterns.relaxation import Relaxation
    from placement.fleet import Component

    Part = tuple[tuple[int, int], ...]  # (item, times)

SOME = 1e-6  # of a pattern
_HALF = 0.9  # of a copy on several accelerators, in the LP: then it comes before smaller ones
_URGENT = 0.5  # of the most copies on all machines that are left, in the LP
_WIDE = 0.2  # what copies on several accelerators count for, when the next machine is chosen
_GRID = 3  # bits of a MiB that are not looked at when an accelerator is filled up


@dataclass(slots=True)
class State:
    """What is left: copies by component, copies by way in the LP's solution, accelerators by pattern in it.

    `zoned` are the copies that stand in each zone, of components with rules over zones; `most` how many more may stand
    by each way.
    """

    out: list[int]
    by_way: list[float]
    mass: list[float]
    zoned: dict[int, tuple[int, ...]]
    most: list[float]

    def copy(self) -> State:
        """One that may be changed."""
        return State(self.out[:], self.by_way[:], self.mass[:], self.zoned.copy(), self.most[:])


@dataclass(slots=True)
class Draft:
    """A machine on paper, how near it is to what the LP has, and what is left after it."""

    box: Box
    after: State
    left: int  # machines of its pool, this one too
    score: float = 0.0


class Zones:
    """Whether a copy may go to a zone: whether others can then complete its component. Answers are kept."""

    def __init__(self, components: tuple[Component, ...], zones: int) -> None:
        self._components = components
        self._free = (sum(c.required for c in components),) * zones
        self._known: dict[tuple[int, tuple[int, ...]], bool] = {}

    def start(self) -> dict[int, tuple[int, ...]]:
        """No copies yet of the components with rules."""
        return {c.index: (0,) * len(self._free) for c in self._components if has_zone_rules(c)}

    def may_stand(self, c: int, counts: tuple[int, ...]) -> bool:
        """Whether component c can be completed with so many copies in each zone."""
        if (c, counts) not in self._known:
            component = self._components[c]
            goal = targets(component, counts, component.required, self._free, [1.0] * len(counts))
            self._known[c, counts] = goal is not None
        return self._known[c, counts]


@dataclass(slots=True)
class Drawing:
    """The LP's solution, as drafts read it. `widths` are the accelerators that copies stand on that an item is."""

    patterns: list[tuple[int, dict[int, int]]]
    of_kind: list[list[int]]
    widths: list[list[int]] = field(default_factory=list)


class Drafts:
    """Machines on paper of one relaxation whose copies are all required, none of them dedicated."""

    def __init__(self, relaxation: Relaxation) -> None:
        """O(ways)."""
        self._relaxation = relaxation
        self._fleet = relaxation.fleet
        self.zones = Zones(self._fleet.components, len(self._fleet.zones))
        self._ways: dict[tuple[int, int], list[int]] = {}  # (pool, item) -> ways, by number
        self._own: dict[tuple[int, int], list[int]] = {}  # (pool, accelerators) -> ways that own them
        self._narrow = [[set[int]() for _ in kind.items] for kind in relaxation.kinds]
        self._taken = []  # what a copy by each way takes
        for w, way in enumerate(relaxation.ways):
            component = self._fleet.components[way.component]
            self._taken.append(way_of(component.options[way.option], self._fleet.pools[way.pool].shape.memory_mib))
            if way.kind is not None and way.item is not None:
                self._ways.setdefault((way.pool, way.item), []).append(w)
                if way.touches == 1:
                    self._narrow[way.kind][way.item].add(way.component)
            elif way.owns:
                self._own.setdefault((way.pool, way.owns), []).append(w)

    def of_pool(self, p: int, left: int, state: State, drawing: Drawing) -> Draft:
        """One of `left` machines of pool p, filled."""
        draft = Draft(Box(self._fleet, p, None), state.copy(), left)
        self._descend(draft, range(len(draft.box.room)), drawing, drawing.of_kind[self._relaxation.kind_of[p]])
        return draft

    def _descend(self, draft: Draft, on: range, drawing: Drawing, patterns: list[int]) -> None:
        """Fill the accelerators `on` from patterns, all of which agree on what touches more than these."""
        p, g, mass = draft.box.pool, len(on), draft.after.mass
        width = drawing.widths[self._relaxation.kind_of[p]]
        weight: dict[Part, float] = defaultdict(float)
        same: dict[Part, list[int]] = {}
        for n in patterns:
            part = tuple(sorted((i, times) for i, times in drawing.patterns[n][1].items() if width[i] == g))
            if mass[n] > SOME or g == 1:
                weight[part] += max(0.0, mass[n])
                same.setdefault(part, []).append(n)
        if not same:
            same = {(): []}
        whole: dict[int, float] = defaultdict(float)  # what the LP has of an item, in whatever company
        for part, held in weight.items():
            for i, _ in part:
                whole[i] += held
        rank = {
            part: (
                *self._fitness(draft, part, g),
                sum(whole[i] >= _HALF * g for i, _ in part) if g > 1 else weight[part] >= _HALF,
                weight[part],
            )
            for part in same
        }
        part = max(same, key=rank.__getitem__)
        if self._owned(draft, on, weight[part], is_narrow=not part):
            return
        for i, times in part:
            for _ in range(times):
                self._place_item(draft, on, i)
        if g == 1:
            k: int | None = max(same[part], key=mass.__getitem__, default=None)
            if k is not None:
                mass[k] -= 1
            if k is None or draft.box.users[on[0]] < sum(drawing.patterns[k][1].values()):
                self._top_up(draft, on)
            return
        if part:
            draft.score += _WIDE * g
        half = g // 2
        for some in (on[:half], on[half:]) if g % 2 == 0 else [on[j : j + 1] for j in range(g)]:
            self._descend(draft, some, drawing, same[part])

    def _fitness(self, draft: Draft, part: Part, g: int) -> tuple[bool, bool]:
        """Whether all of a part may stand beside what stands; whether some of it must stand on about every machine.

        That is so for few copies on one machine (max_per_instance) of which the LP has as many on most machines.
        """
        p, by_way, urgent = draft.box.pool, draft.after.by_way, False
        for i, times in part:
            most = 0
            for w in self._ways.get((p, i), ()):
                way = self._relaxation.ways[w]
                component = self._fleet.components[way.component]
                out, cap = draft.after.out[way.component], component.max_per_instance
                if way.touches != g or not out or not draft.box.welcomes(component, self._fleet.components):
                    continue
                if cap is not None:
                    out = min(out, cap - draft.box.counts.get(way.component, 0))
                    urgent = urgent or by_way[w] > _URGENT * cap * draft.left
                most += out
            if most < times:
                return False, False
        return True, urgent

    def _owned(self, draft: Draft, on: range, rival: float, *, is_narrow: bool) -> bool:
        """Give the accelerators `on` to one copy that owns them, if the LP has more of it than of its `rival`."""
        g, by_way = len(on), draft.after.by_way
        ways = self._own.get((draft.box.pool, g), ())
        for w in sorted((w for w in ways if by_way[w] > SOME), key=by_way.__getitem__, reverse=True):
            if by_way[w] * g <= rival and not (is_narrow and by_way[w] >= _HALF):
                return False
            if self._place(draft, w, tuple(on)):
                draft.score += _WIDE * g if g > 1 else 0.0
                return True
        return False

    def _place_item(self, draft: Draft, on: range, i: int) -> bool:
        """Seat one copy of item i, of the component that the LP has most of there; False when none fits."""
        by_way = draft.after.by_way
        ways = self._ways.get((draft.box.pool, i), ())
        here = [w for w in ways if self._relaxation.ways[w].touches == len(on)]
        return any(self._place(draft, w, tuple(on)) for w in sorted(here, key=lambda w: -by_way[w]))

    def _place(self, draft: Draft, w: int, on: tuple[int, ...]) -> bool:
        """Seat one copy by way w, if it is out and every rule lets it stand there."""
        way, taken, state, box = self._relaxation.ways[w], self._taken[w], draft.after, draft.box
        component = self._fleet.components[way.component]
        if (
            not state.out[way.component]
            or state.most[w] < 1
            or not box.takes(taken)
            or not box.welcomes(component, self._fleet.components)
        ):
            return False
        if not all(box.fits_on(taken, k) for k in on):
            return False
        counts = state.zoned.get(way.component)
        if counts is not None:
            counts = (*counts[: way.zone], counts[way.zone] + 1, *counts[way.zone + 1 :])
            if not self.zones.may_stand(way.component, counts):
                return False
            state.zoned[way.component] = counts
        state.by_way[w] -= 1
        state.most[w] -= 1
        state.out[way.component] -= 1
        box.put(Copy(w, taken, on), way.component)
        return True

    def _top_up(self, draft: Draft, on: range) -> None:
        """Fill what is free on one accelerator as full as can be, large items first."""
        q, room, out = self._relaxation.kind_of[draft.box.pool], draft.box.room[on[0]], draft.after.out
        items = self._relaxation.kinds[q].items
        found = []
        for i, need in enumerate(items):  # largest first
            if 0 < need.memory_mib <= room:
                copies = sum(out[c] for c in self._narrow[q][i])
                found += [i] * min(copies, room // need.memory_mib)
        for n in fullest([-(-items[i].memory_mib >> _GRID) for i in found], room >> _GRID):
            self._place_item(draft, on, found[n])
