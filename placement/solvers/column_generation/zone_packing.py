"""Packing a large fleet zone by zone: the pattern LP says how many copies go where, each zone is then packed alone.

A dive over a whole fleet with zones takes most of a minute, one over a zone a few seconds, and leaves less out. What
the split costs is little where zones are large: whole copies and machines in each (`zone_split`).

Zones are tasks (`zone_tasks`) that this process and a second one take from the same list, the largest first. While this
process still works at the bound, the second one splits the fleet by an LP of its own, and begins to pack. The best
packings of all zones so far are a plan (`zone_plans`).
"""

import threading
from collections.abc import Iterator, Sequence
from functools import partial

from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.spread import is_zoned
from placement.parallel.helper import HelperJob
from placement.parallel.job import TaskAnswer
from placement.patterns.bound import PatternBound
from placement.reductions.greenfield import Greenfield
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.coarse_bound import raise_coarse_bound
from placement.solvers.column_generation.diving import may_dive
from placement.solvers.column_generation.pack import NAME
from placement.solvers.column_generation.parameters import ZonePackingParameters as _PARAMS
from placement.solvers.column_generation.zone_plans import ZonePlans
from placement.solvers.column_generation.zone_tasks import PackZone, SplitAnswer, SplitFleet, zone_tasks
from placement.solving.budget import POLL, Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.column_generation.zones


def may_pack_zones(solve: Solve) -> bool:
    """Whether a fleet is large enough, has rules over zones, and may be packed as if nothing ran.

    Rules over the whole plan are dealt out: losses as caps on what pools and instances may hold, limits and commitments
    by what machines the split has in each zone.
    """
    fleet, best = solve.fleet, solve.value
    return (
        best is not None
        and fleet.copies >= _PARAMS.copies_from
        and is_zoned(fleet)
        and may_dive(fleet)
        and len({pool.zone for pool in fleet.pools if pool.max_instances != 0}) > 1
        and Greenfield.of(fleet, best) is not None
    )


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
        self.required = RequiredAsPlaced.of(fresh.fleet, best[0]).fleet
        self._change = threading.Condition()
        self._plans = ZonePlans(solve.incumbent, fresh, self.required)
        self._open: list[PackZone] = []
        self._begun: set[int] = set()  # zones that somebody packs, or has packed
        self._packed: set[int] = set()
        self._splits = False  # whether the second process is at it
        self._deadline: Budget | None = None  # of the zones that are open; none before there are any

    def run(self, bound: PatternBound, budget: Budget) -> bool:
        """Split as an LP says, and pack all zones; says whether that made a plan, better or not.

        The LP is that of the second process, if it has one in time, or else of the bound, which goes on until then.
        Where the bound's LP is far from its optimum it goes on first, or the bound is raised by groups.
        """
        fleet = self._solve.fleet
        if len(fleet.components) < _PARAMS.coarse_from:
            bound.go_on_while(lambda: bound.lacks > _PARAMS.lacks and not self._solve.ended, _TIME.bound.of(budget))
        elif bound.lacks > _PARAMS.lacks and not (fleet.limits or fleet.commitments):
            coarse = RelaxingAggregation.of(fleet, _PARAMS.coarse)
            raise_coarse_bound(self._solve, coarse, _TIME.coarse.of(budget))
        counts = _TIME.counts.of(budget)
        bound.go_on_while(lambda: self._splits and not self._solve.ended, counts)
        if not self._is_split(counts):
            self._split(bound, budget)
        return self._pack_all(budget)

    def _split(self, bound: PatternBound, budget: Budget) -> None:
        """Split as the LP of the bound says, if it was ever solved."""
        answer = SplitAnswer()
        if bound.rounds and not self._solve.ended:  # the LP is written down without a look at the clock
            split = SplitFleet(self.required, self._solve.seed, bound.useful_patterns())
            answer = split.run(_TIME.counts.of(budget))
            self._incumbent.note_faults(answer.faults)
        self._open_zones(answer.tasks, budget)

    def pack(self, counts: Sequence[Sequence[int]], budget: Budget) -> bool:
        """Pack all zones, each with so many copies, (zones, components); says whether that made a plan."""
        self._open_zones(zone_tasks(self.required, counts, self._solve.seed), budget)
        return self._pack_all(budget)

    def _is_split(self, budget: Budget) -> bool:
        """Whether it is decided what is in each zone, once the second process has decided or takes too long."""
        with self._change:
            while self._splits and not (budget.over() or self._incumbent.good_enough):
                self._change.wait(POLL)
            self._splits = False
            return self._deadline is not None

    def _open_zones(self, tasks: Sequence[PackZone], budget: Budget) -> None:
        with self._change:
            self._open, self._deadline = list(tasks), budget
            self._plans.begin(tasks)
            self._change.notify_all()

    def _pack_all(self, budget: Budget) -> bool:
        """Pack open zones until there are none; says whether all have a packing."""
        while (taken := self._take(budget) or self._given_back(budget)) is not None:
            task, part = taken
            answer = task.pack(part, partial(self._plans.improve, task.zone.zone))
            self._incumbent.note_faults(answer.faults)
            self._put(task, answer)
        return self._plans.joined

    def jobs(self, first: Budget, budget: Budget) -> Iterator[HelperJob]:
        """What a second process does: split the fleet, unless that is done first, and pack zones.

        Where rules look at the whole plan its LP may be slow, as losses are rows. With spot pools a split that was
        hurried made plans 3 % dearer than that by the bound's LP, later (docs/notes/2026-12-fleets.md).
        """
        best = self._incumbent.best
        assert best is not None
        self._splits = True
        hurried = not named_fleet_rules(self._solve.fleet)
        split = SplitFleet(self.required, self._solve.seed, packing=best[0], rounds=_PARAMS.rounds, hurried=hurried)
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
            if self._splits and answer.tasks:
                self._open_zones(answer.tasks, _TIME.of(budget))
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
        busy = len(self._begun) - len(self._packed) - 1
        copies = [task.copies] + [0] * max(0, self._workers - busy - 1)
        for other in self._open:
            worker = min(reversed(range(len(copies))), key=copies.__getitem__)
            copies[worker] += other.copies
        return task.copies / copies[0]

    def _put(self, task: PackZone, answer: TaskAnswer) -> None:
        with self._change:
            self._packed.add(task.zone.zone)
            self._plans.end(task.zone.zone, answer.packing)
            self._change.notify_all()

    def _give_back(self, task: PackZone) -> None:
        """Open a zone again that nobody has packed."""
        with self._change:
            if task.zone.zone not in self._packed:
                self._begun.remove(task.zone.zone)
                self._open.append(task)
                self._change.notify_all()

    def _given_back(self, budget: Budget) -> tuple[PackZone, Budget] | None:
        """Wait for the zones that the second process packs; one that it gives back, or None when there is none."""
        with self._change:
            while not self._open and self._packed < self._begun:
                if self._solve.ended:  # what comes later counts all the same
                    return None
                self._change.wait(POLL)
            return self._take(budget)
