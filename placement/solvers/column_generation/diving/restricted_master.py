"""The pattern LP of what is left in a dive: solved again after each step, with some more patterns for it."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from placement.patterns.formulation import Relaxation
from placement.patterns.master import Pattern, PatternSolution
from placement.solvers.column_generation.diving.assignment import DiveState
from placement.solvers.column_generation.diving.residual_capacity import (
    Residual,
    ResidualCapacity,
    ResidualPattern,
    ResidualsByClass,
)
from placement.solvers.column_generation.diving.residual_master import ResidualProgram
from placement.solvers.column_generation.parameters import RestrictedMasterParameters as _PARAMS
from placement.solving.budget import Budget
from placement.vector_packing.knapsack import Knapsack

SOME = 1e-6  # of a pattern


@dataclass(slots=True)
class Patterns:
    """The LP's patterns of whole accelerators.

    `of_class` are those that it has something of, `mass` how much; `wide` says whether any of a device class's holds a
    copy on several accelerators. `widths`, (device classes, items), says on how many accelerators a copy stands that is
    the item; where copies of several widths are, what most of them do.
    """

    known: list[tuple[int, dict[int, int]]]
    mass: list[float]
    of_class: list[list[int]]
    wide: list[bool]
    widths: list[list[int]]


class RestrictedMaster:
    """The LP of one relaxation, from all patterns known to its bound; it keeps those that it finds."""

    def __init__(self, relaxation: Relaxation, patterns: Iterable[Pattern]) -> None:
        """O(modes + patterns)."""
        self._relaxation = relaxation
        self._item_limits = ItemLimits(relaxation)
        self.program = ResidualProgram(relaxation, paid=_PARAMS.paid)
        self.program.add_patterns(patterns)
        self._known: list[tuple[int, dict[int, int]]] = []
        self.last: Patterns | None = None  # of the last solution with machines
        self._narrow = [mode.touches == 1 for mode in relaxation.modes]
        self.narrow = {mode.component for mode in relaxation.modes if mode.touches == 1}  # components
        self._narrow_zones = {(mode.component, mode.zone) for mode in relaxation.modes if mode.touches == 1}

    def solve(
        self,
        state: DiveState,
        residuals: ResidualCapacity,
        budget: Budget,
        *,
        machines: Sequence[int] | None = None,
        least: int = 0,
        banned: Collection[ResidualPattern] = (),
    ) -> PatternSolution | None:
        """Solve for what is left, on so many machines of each pool and on residuals; None if no answer comes in time.

        Without machines it is for copies on one accelerator alone; others stay unassigned, and zones have no least. No
        residual is offered a banned pattern. Patterns are priced as long as machines are lacking and that brings
        something, and `least` times in any case. `state` then has the copies by mode.
        """
        program = self.program
        on_one = [most if narrow else 0.0 for most, narrow in zip(state.most, self._narrow, strict=True)]
        small = self._item_limits.of(state.unassigned, on_one)
        if machines is None:
            self._ask_narrow(state, on_one)
            limits, device_classes = small, set()
        else:
            program.limit(machines)
            program.ask_for(state.unassigned, state.zoned)
            program.limit_copies(state.most)
            limits = self._item_limits.of(state.unassigned, state.most)
            device_classes = {
                self._relaxation.class_of[p] for p, n in enumerate(machines) if n and p in self._relaxation.class_of
            }
        program.allow(limits)
        program.add_residual_patterns(self._seeds(residuals, program.offer(residuals)))
        program.allow_residual_patterns(small, banned)
        knapsacks = {
            q: self._relaxation.device_classes[q].knapsack.with_limits(limits[q]) for q in sorted(device_classes)
        }
        solution = self._converge(knapsacks, residuals.knapsacks(small), least, budget)
        if solution is None:
            return None
        state.by_mode = self._within(solution.copies, state.unassigned)
        if machines is not None:
            self.last = self._patterns(state, solution)
        return solution

    def _ask_narrow(self, state: DiveState, on_one: list[float]) -> None:
        """Ask for copies on one accelerator, without machines, at most so many by each mode and in each zone."""
        program, caps = self.program, self._caps(state)
        out = [n if c in self.narrow else 0 for c, n in enumerate(state.unassigned)]
        program.limit([0] * len(self._relaxation.fleet.pools))
        program.ask_within([min(n, sum(caps[c])) if c in caps else n for c, n in enumerate(out)], state.zoned, caps)
        program.cap_pools(math.inf)  # copies on one accelerator may have no other pool left
        program.limit_copies(on_one)

    def _converge(
        self, knapsacks: Mapping[int, Knapsack], by_class: ResidualsByClass, least: int, budget: Budget
    ) -> PatternSolution | None:
        """Solve and price patterns and residual patterns in turns; None when a solution comes too late."""
        program = self.program
        values: list[float] = []
        began = budget.clock()
        while True:
            solution = program.solve(budget.left())
            if solution is None:
                return None
            took, began = budget.clock() - began, budget.clock()
            values.append(solution.value)
            stalls = len(values) > _PARAMS.stall and values[-1] > (1 - _PARAMS.little) * values[-1 - _PARAMS.stall]
            if len(values) > least and (stalls or not solution.uses_artificials or len(values) >= _PARAMS.most_rounds):
                return solution
            if budget.remaining() < _PARAMS.safe * took:  # a solution that comes too late would cost this one
                return solution
            duals = solution.duals()
            prices = program.prices(duals)
            if not program.improve(duals, prices, knapsacks) + program.improve_residual_patterns(
                duals, prices, by_class
            ):
                return solution

    def _within(self, by_mode: list[float], out: Sequence[int]) -> list[float]:
        """Copies by mode, no more of a component than are unassigned: patterns may hold more, as these cost nothing."""
        total = [0.0] * len(out)
        for mode, copies in zip(self._relaxation.modes, by_mode, strict=True):
            total[mode.component] += copies
        part = [min(1.0, n / max(n, all_, SOME)) for n, all_ in zip(out, total, strict=True)]
        return [copies * part[mode.component] for mode, copies in zip(self._relaxation.modes, by_mode, strict=True)]

    def _seeds(self, residuals: ResidualCapacity, new: Iterable[Residual]) -> Iterator[tuple[Residual, dict[int, int]]]:
        """What was wanted where machines were filled, and what the last solution's patterns have beside wide copies."""
        for residual, items in residuals.news():
            yield residual, dict(items)
        narrow = self._narrow_parts()
        for residual in new:
            q, free = residual
            yield from ((residual, items) for items in narrow[q] if residuals.grids[q].fits(free, items, _PARAMS.full))

    def _narrow_parts(self) -> list[list[dict[int, int]]]:
        """Of each device class, what the last solution's patterns have of copies on one accelerator."""
        if self.last is None:
            return [[] for _ in self._relaxation.device_classes]
        known, widths = self.last.known, self.last.widths
        return [
            [{i: n for i, n in known[k][1].items() if widths[q][i] == 1} for k in of_class]
            for q, of_class in enumerate(self.last.of_class)
        ]

    def _caps(self, state: DiveState) -> dict[int, list[int]]:
        """How many more copies on one accelerator zones may have, of components with rules over zones."""
        caps = {}
        for c, counts in state.zoned.items():
            limits, goal = self._relaxation.zones[c], state.goals.get(c)
            caps[c] = [0] * len(counts)
            for z, n in enumerate(counts):
                most = limits.most.get(z, 0) if limits is not None else n + state.unassigned[c]
                if (c, z) in self._narrow_zones:
                    caps[c][z] = max(0, (most if goal is None else goal[z]) - n)
        return caps

    def _patterns(self, state: DiveState, solution: PatternSolution) -> Patterns:
        known, amounts = self._known, solution.patterns
        known += [(q, dict(pattern)) for (q, pattern), _ in amounts[len(known) :]]
        mass = [n for _, n in amounts]
        of_class: list[list[int]] = [[] for _ in self._relaxation.device_classes]
        for n, (q, _) in enumerate(known):
            if mass[n] > SOME:
                of_class[q].append(n)
        widths = self._widths(state)
        wide = [any(widths[q][i] > 1 for n in some for i in known[n][1]) for q, some in enumerate(of_class)]
        return Patterns(known, mass, of_class, wide, widths)

    def _widths(self, state: DiveState) -> list[list[int]]:
        most = [[0.0] * len(device_class.items) for device_class in self._relaxation.device_classes]
        widths = [[1] * len(device_class.items) for device_class in self._relaxation.device_classes]
        for mode, copies in zip(self._relaxation.modes, state.by_mode, strict=True):
            if mode.device_class is None or mode.item is None or not state.unassigned[mode.component]:
                continue
            if copies * mode.touches > most[mode.device_class][mode.item]:
                most[mode.device_class][mode.item] = copies * mode.touches
                widths[mode.device_class][mode.item] = mode.touches
        return widths


class ItemLimits:
    """How many unassigned copies there can be of each item of a relaxation: no accelerator holds more.

    A copy on several accelerators touches each of them once. An item may be a copy of several components, each by
    several modes: its *users* here are pairs of item and component.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        """O(modes)."""
        sizes = [len(device_class.items) for device_class in relaxation.device_classes]
        self._ends = np.cumsum(sizes)
        first = self._ends - sizes
        users: dict[tuple[int, int], int] = {}
        self._modes, user_of = [], []
        for w, mode in enumerate(relaxation.modes):
            if mode.device_class is not None and mode.item is not None:
                self._modes.append(w)
                user_of.append(
                    users.setdefault((int(first[mode.device_class]) + mode.item, mode.component), len(users))
                )
        self._user_of = np.array(user_of, dtype=np.int64)
        self._item = np.array([item for item, _ in users], dtype=np.int64)
        self._component = np.array([c for _, c in users], dtype=np.int64)
        self._whole = np.array(
            [n for device_class in relaxation.device_classes for n in device_class.knapsack.limits], dtype=np.int64
        )

    def of(self, unassigned: Sequence[int], most: Sequence[float]) -> list[list[int]]:
        """By device class and item, when so many copies of each component are out and each mode may have so many."""
        may = np.bincount(self._user_of, np.asarray(most, dtype=float)[self._modes], len(self._item))
        copies = np.floor(np.minimum(np.asarray(unassigned, dtype=float)[self._component], may))
        limits = np.minimum(np.bincount(self._item, copies, len(self._whole)), self._whole).astype(np.int64)
        return [part.tolist() for part in np.split(limits, self._ends[:-1])]
