"""Packing a large fleet zone by zone: the pattern LP says how many copies go where, each zone is then packed alone.

A dive over a whole fleet with zones takes most of a minute, one over a zone a few seconds, and leaves less out. What
the split costs is little where zones are large: the rounding of the LP's copies to whole ones (`zone_counts`).

Zones are tasks that this process and a second one take from the same list, the largest first. While this process still
works at the bound, the second one packs the zones of the best plan again, each with the copies that it has.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from placement.compiled.packing import Packing
from placement.compiled.spread import is_zoned
from placement.heuristics.first_plan import first_plan
from placement.local_search.set_covering import SetCovering
from placement.parallel.helper import HelperJob
from placement.parallel.job import TaskAnswer, answer_of
from placement.reductions.greenfield import Greenfield
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.reductions.required import RequiredAsPlaced
from placement.reductions.restricting_aggregation import RestrictingAggregation
from placement.reductions.zone import OneZone
from placement.solvers.coarse_bound import raise_coarse_bound
from placement.solvers.column_generation.diving import may_dive
from placement.solvers.column_generation.pack import NAME
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.search import ColumnGenerationOptions, search
from placement.solvers.column_generation.zone_counts import round_by_zone
from placement.solving.budget import POLL
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from placement.patterns.bound import PatternBound
    from placement.solving.budget import Budget

_PARAMS = COLUMN_GENERATION.zone_packing
_TIME = SCHEDULE.column_generation.zones
_ALONE = ColumnGenerationOptions(second=False)


def may_pack_zones(solve: Solve) -> bool:
    """Whether a fleet is large enough, has rules over zones, and may be packed as if nothing ran."""
    fleet, best = solve.fleet, solve.value
    return (
        best is not None
        and fleet.copies >= _PARAMS.copies_from
        and is_zoned(fleet)
        and may_dive(fleet)
        and len({pool.zone for pool in fleet.pools if pool.max_instances != 0}) > 1
        and Greenfield.of(fleet, best) is not None
    )


@dataclass(frozen=True, slots=True)
class PackZone:
    """Pack one zone."""

    zone: OneZone
    seed: int

    def run(self, budget: Budget) -> TaskAnswer:
        """Until time is over, or its bound is met."""
        solve = Solve.of(self.zone.fleet, budget, self.seed)
        first_plan(solve)
        self._in_groups(solve)
        search(solve, _ALONE, SetCovering(solve))
        return answer_of(solve)

    def _in_groups(self, solve: Solve) -> None:
        """A plan of groups of alike components, where the LP of all of them would not converge in time."""
        if sum(c.copies > 0 for c in solve.fleet.components) < _PARAMS.components_from:
            return
        groups = RestrictingAggregation.of(solve.fleet, _PARAMS.groups)
        coarse = Solve.of(groups.fleet, _TIME.groups.of(solve.budget), self.seed)
        first_plan(coarse)
        search(coarse, _ALONE, SetCovering(coarse))
        solve.incumbent.note_faults(coarse.incumbent.faults)
        if coarse.packing is not None:
            solve.incumbent.offer(groups.lift(coarse.packing), NAME)


class ZonePacking:
    """One packing of a fleet, zone by zone; for fleets that `may_pack_zones`.

    `required` is the fleet that is packed: as if nothing ran, and with the optional copies of the best plan.

    Parameters
    ----------
    workers : processes that take zones, this one included.
    """

    def __init__(self, solve: Solve, workers: int) -> None:
        """O(copies + components)."""
        best = solve.incumbent.best
        assert best is not None
        fresh = Greenfield.of(solve.fleet, best[1])
        assert fresh is not None
        self._solve, self._incumbent, self._workers = solve, solve.incumbent, workers
        self._fresh = fresh
        self.required = RequiredAsPlaced.of(fresh.fleet, best[0]).fleet
        self._change = threading.Condition()
        self._open: list[PackZone] = []
        self._found: dict[int, Packing | None] = {}
        self._begun: set[int] = set()  # zones that somebody packs, or has packed
        self._deadline: Budget | None = None  # of the zones that are open; none before there are any

    def run(self, bound: PatternBound, budget: Budget) -> bool:
        """Split as the LP of a bound says, and pack all zones; says whether that made a plan, better or not.

        Where that LP is far from its optimum the bound is raised by groups first; its solution is a good split anyway.
        """
        if bound.lacks > _PARAMS.lacks:
            coarse = RelaxingAggregation.of(self._solve.fleet, _PARAMS.coarse)
            raise_coarse_bound(self._solve, coarse, _TIME.coarse.of(budget))
        counting = _TIME.counts.of(budget)
        counts = (
            round_by_zone(self.required, bound.useful_patterns(), counting, self._solve.seed) if bound.rounds else None
        )
        return self.pack(counts or (), budget)

    def pack(self, counts: Sequence[Sequence[int]], budget: Budget) -> bool:
        """Pack all zones, each with so many copies, (zones, components); says whether that made a plan."""
        tasks = self._tasks(OneZone.of(self.required, zone, here) for zone, here in enumerate(counts))
        with self._change:
            self._open, self._deadline = list(tasks), budget
        if not tasks:
            return False
        while (task := self._take() or self._given_back(budget)) is not None:
            answer = task.run(self._share(task, budget))
            self._incumbent.note_faults(answer.faults)
            self._put(task, answer)
        return self._joined({task.zone.zone for task in tasks})

    def jobs(self, first: Budget, budget: Budget) -> Iterator[HelperJob]:
        """What a second process does: zones of the best plan until there are others, then those."""
        best = self._incumbent.best
        if best is not None:
            yield from self._again(best[0], first)
        yield from self.open_jobs(budget)

    def open_jobs(self, budget: Budget) -> Iterator[HelperJob]:
        """Zones, once it is decided what is in each."""
        while not budget.over() and self._deadline is None:
            with self._change:
                self._change.wait(POLL)
        while self._deadline is not None and (task := self._take()) is not None:
            try:
                yield HelperJob(task, self._share(task, self._deadline), NAME, partial(self._put, task))
            except GeneratorExit:  # the second process has ended, perhaps without an answer
                self._give_back(task)
                raise

    def _again(self, packing: Packing, budget: Budget) -> Iterator[HelperJob]:
        """The zones of a plan, each with the copies that it has there."""
        tasks = self._tasks(OneZone.in_plan(self.required, packing, zone) for zone in range(len(self.required.zones)))
        for k, task in enumerate(tasks):
            if self._deadline is not None or self._incumbent.good_enough:
                return
            part = budget.share(task.zone.fleet.copies / sum(other.zone.fleet.copies for other in tasks[k:]))
            yield HelperJob(task, part, NAME, partial(self._exchange, task.zone.zone))

    def _exchange(self, zone: int, answer: TaskAnswer) -> None:
        """Offer the best plan with another packing of one of its zones, if it still has the same copies there."""
        best = self._incumbent.best
        if best is None or answer.packing is None:
            return
        now = OneZone.in_plan(self.required, best[0], zone)
        placed = Counter(seat.component for _, seat in answer.packing.seats())
        if all(placed[c.index] == c.copies for c in now.fleet.components):
            self._offer(now.lift(answer.packing))

    def _tasks(self, zones: Iterable[OneZone]) -> list[PackZone]:
        """Those with copies, largest first."""
        tasks = [PackZone(zone, self._solve.seed + zone.zone) for zone in zones if zone.fleet.copies]
        return sorted(tasks, key=lambda task: -task.zone.fleet.copies)

    def _take(self) -> PackZone | None:
        with self._change:
            if not self._open or self._incumbent.good_enough:
                return None
            task = self._open.pop(0)
            self._begun.add(task.zone.zone)
            return task

    def _share(self, task: PackZone, budget: Budget) -> Budget:
        """The time of a task: what is left, by its part of what is open, for all who have nothing else to pack."""
        left = task.zone.fleet.copies + sum(other.zone.fleet.copies for other in self._open)
        busy = len(self._begun) - len(self._found) - 1
        free = max(1, self._workers - busy)
        return budget.share(min(1.0, free * task.zone.fleet.copies / left))

    def _put(self, task: PackZone, answer: TaskAnswer) -> None:
        with self._change:
            self._found[task.zone.zone] = answer.packing
            self._change.notify_all()

    def _give_back(self, task: PackZone) -> None:
        """Open a zone again that nobody has packed."""
        with self._change:
            if task.zone.zone not in self._found:
                self._begun.remove(task.zone.zone)
                self._open.append(task)
                self._change.notify_all()

    def _given_back(self, budget: Budget) -> PackZone | None:
        """Wait for the zones that the second process packs; one that it gives back, or None when there is none."""
        with self._change:
            while not self._open and self._found.keys() < self._begun:
                if budget.over() or self._incumbent.good_enough:
                    return None
                self._change.wait(POLL)
            return self._take()

    def _joined(self, zones: set[int]) -> bool:
        """Offer all zones together."""
        with self._change:
            found = [packing for zone in zones if (packing := self._found.get(zone)) is not None]
        if len(found) < len(zones):
            return False
        self._offer(Packing(tuple(machine for packing in found for machine in packing.machines)))
        return True

    def _offer(self, packing: Packing) -> None:
        self._incumbent.offer(self._fresh.lift(packing), NAME)
