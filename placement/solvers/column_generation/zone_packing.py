"""Packing a large fleet zone by zone: the pattern LP says how many copies go where, each zone is then packed alone.

A dive over a whole fleet with zones takes most of a minute, one over a zone a few seconds, and leaves less out. What
the split costs is little where zones are large: the rounding of the LP's copies to whole ones (`zone_counts`).

Zones are tasks that this process and a second one take from the same list, the largest first. While this process still
works at the bound, the second one splits the fleet by an LP of its own, and begins to pack.
"""

from __future__ import annotations

import threading
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
    from collections.abc import Iterator, Sequence

    from placement.compiled.fleet import Fleet
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
        if solve.ended or sum(c.copies > 0 for c in solve.fleet.components) < _PARAMS.components_from:
            return  # to group so many takes seconds
        groups = RestrictingAggregation.of(solve.fleet, _PARAMS.groups)
        coarse = Solve.of(groups.fleet, _TIME.groups.of(solve.budget), self.seed)
        first_plan(coarse)
        search(coarse, _ALONE, SetCovering(coarse))
        solve.incumbent.note_faults(coarse.incumbent.faults)
        if coarse.packing is not None:
            solve.incumbent.offer(groups.lift(coarse.packing), NAME)


@dataclass(frozen=True, slots=True)
class SplitAnswer(TaskAnswer):
    """`counts`: whole copies, (zones, components); empty when none were found in time."""

    counts: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class SplitFleet:
    """Decide how many copies each zone has, by an LP that begins with the patterns of a packing.

    Its bound does not matter, so a few rounds of pricing are enough.
    """

    fleet: Fleet
    packing: Packing
    seed: int

    def run(self, budget: Budget) -> SplitAnswer:
        """The LP first, then whole numbers near it."""
        counts = round_by_zone(self.fleet, budget, self.seed, packing=self.packing, rounds=_PARAMS.rounds)
        return SplitAnswer(counts=tuple(map(tuple, counts or ())))


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
        self._splits = False  # whether the second process is at it
        self._joined = False  # whether all zones had a packing
        self._deadline: Budget | None = None  # of the zones that are open; none before there are any

    def run(self, bound: PatternBound, budget: Budget) -> bool:
        """Split as an LP says, and pack all zones; says whether that made a plan, better or not.

        The LP is that of the second process, if it has one in time, or else of the bound. Where the bound's LP is far
        from its optimum the bound is raised by groups first.
        """
        if bound.lacks > _PARAMS.lacks:
            coarse = RelaxingAggregation.of(self._solve.fleet, _PARAMS.coarse)
            raise_coarse_bound(self._solve, coarse, _TIME.coarse.of(budget))
        if not self._is_split(_TIME.counts.of(budget)):
            self._split(self._counts(bound, _TIME.counts.of(budget)) or (), budget)
        return self._pack_all(budget)

    def _counts(self, bound: PatternBound, budget: Budget) -> Sequence[Sequence[int]] | None:
        """Copies in each zone, (zones, components), by the patterns of the bound; None when there was no time."""
        if not bound.rounds or self._solve.ended:  # the LP is written down without a look at the clock
            return None
        return round_by_zone(self.required, budget, self._solve.seed, patterns=bound.useful_patterns())

    def pack(self, counts: Sequence[Sequence[int]], budget: Budget) -> bool:
        """Pack all zones, each with so many copies, (zones, components); says whether that made a plan."""
        self._split(counts, budget)
        return self._pack_all(budget)

    def _is_split(self, budget: Budget) -> bool:
        """Whether it is decided what is in each zone, once the second process has decided or takes too long."""
        with self._change:
            while self._splits and not (budget.over() or self._incumbent.good_enough):
                self._change.wait(POLL)
            self._splits = False
            return self._deadline is not None

    def _split(self, counts: Sequence[Sequence[int]], budget: Budget) -> None:
        """Open the zones, each with so many copies."""
        zones = [OneZone.of(self.required, zone, here) for zone, here in enumerate(counts)]
        tasks = [PackZone(zone, self._solve.seed + zone.zone) for zone in zones if zone.fleet.copies]
        with self._change:
            self._open, self._deadline = sorted(tasks, key=_copies, reverse=True), budget
            self._change.notify_all()

    def _pack_all(self, budget: Budget) -> bool:
        """Pack open zones until there are none, and join all."""
        while (taken := self._take(budget) or self._given_back(budget)) is not None:
            task, part = taken
            answer = task.run(part)
            self._incumbent.note_faults(answer.faults)
            self._put(task, answer)
        return self._joined

    def jobs(self, first: Budget, budget: Budget) -> Iterator[HelperJob]:
        """What a second process does: split the fleet, unless that is done first, and pack zones."""
        best = self._incumbent.best
        assert best is not None
        self._splits = True
        split = SplitFleet(self.required, best[0], self._solve.seed)
        return self.jobs_after(HelperJob(split, first, NAME, partial(self._take_split, budget)), budget)

    def jobs_after(self, job: HelperJob, budget: Budget) -> Iterator[HelperJob]:
        """That job, and then zones. One that it fails at leaves this process alone with them."""
        try:
            yield job
        except GeneratorExit:
            self._lose_worker()
            raise
        yield from self.open_jobs(budget)

    def _take_split(self, budget: Budget, answer: TaskAnswer) -> None:
        """Open the zones of the second process, if it found any and this one did not do so first."""
        assert isinstance(answer, SplitAnswer)
        with self._change:
            if self._splits and answer.counts:
                self._split(answer.counts, _TIME.of(budget))
            self._splits = False
            self._change.notify_all()

    def _lose_worker(self) -> None:
        """The second process has ended: nothing more comes of it."""
        with self._change:
            self._workers, self._splits = 1, False
            self._change.notify_all()

    def open_jobs(self, budget: Budget) -> Iterator[HelperJob]:
        """Zones, once it is decided what is in each."""
        while self._deadline is None and not (budget.over() or self._incumbent.good_enough):
            with self._change:
                self._change.wait(POLL)
        while self._deadline is not None and (taken := self._take(self._deadline)) is not None:
            task, part = taken
            try:
                yield HelperJob(task, part, NAME, partial(self._put, task))
            except GeneratorExit:  # the second process has ended, perhaps without an answer
                self._lose_worker()
                self._give_back(task)
                raise

    def _take(self, budget: Budget) -> tuple[PackZone, Budget] | None:
        """The largest zone that is open, and its time; both at once, as the time depends on who is at what."""
        with self._change:
            if not self._open or self._solve.ended:
                return None
            task = self._open.pop(0)
            self._begun.add(task.zone.zone)
            return task, budget.share(self._part(task))

    def _part(self, task: PackZone) -> float:
        """The part of the time left that a zone has: by its copies, of all zones that the same worker will pack.

        Each zone goes to the free worker with the fewest copies so far, the largest zone first.
        """
        busy = len(self._begun) - len(self._found) - 1
        copies = [_copies(task)] + [0] * max(0, self._workers - busy - 1)
        for other in self._open:
            worker = min(reversed(range(len(copies))), key=copies.__getitem__)
            copies[worker] += _copies(other)
        return _copies(task) / copies[0]

    def _put(self, task: PackZone, answer: TaskAnswer) -> None:
        """Take the packing of a zone; the last one is offered together with those of all others."""
        with self._change:
            self._found[task.zone.zone] = answer.packing
            packings = [packing for packing in self._found.values() if packing is not None]
            if not self._open and len(packings) == len(self._begun):
                self._joined = True
                whole = Packing(tuple(machine for packing in packings for machine in packing.machines))
                self._incumbent.offer(self._fresh.lift(whole), NAME)
            self._change.notify_all()

    def _give_back(self, task: PackZone) -> None:
        """Open a zone again that nobody has packed."""
        with self._change:
            if task.zone.zone not in self._found:
                self._begun.remove(task.zone.zone)
                self._open.append(task)
                self._change.notify_all()

    def _given_back(self, budget: Budget) -> tuple[PackZone, Budget] | None:
        """Wait for the zones that the second process packs; one that it gives back, or None when there is none."""
        with self._change:
            while not self._open and self._found.keys() < self._begun:
                if self._solve.ended:  # what comes later is joined all the same
                    return None
                self._change.wait(POLL)
            return self._take(budget)


def _copies(task: PackZone) -> int:
    return task.zone.fleet.copies
