"""Runs a simulation part by part, here or on an executor, and keeps what is done in a checkpoint."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.compiled.fleet import compile_fleet
from placement.parallel.executors import workers_of
from placement.simulation.checkpoint import SimulationCheckpoint
from placement.simulation.chunk import SERIES, StrategyPart, play
from placement.simulation.hours import HourPart, plan_hours
from placement.simulation.machines import HOUR
from placement.simulation.outcome import HourlyOutcome, Simulation, StrategyOutcome
from placement.simulation.setup import SimulationSetup
from placement.simulation.strategies import find_strategies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from placement.demand import ScalingPolicy
    from placement.documents import Problem
    from placement.simulation.strategies import Strategy
    from placement.simulation.traffic import Traffic

HOURLY = "hourly"  # the job that plans each hour anew


@dataclass(frozen=True, slots=True)
class SimulationProgress:
    """Where a simulation is: the job that has just done a part, its parts done and in all, and its dollars so far.

    `done` and `parts` count the parts of all jobs.
    """

    job: str
    job_done: int
    job_parts: int
    cost: float | None
    done: int
    parts: int


def simulate(
    problem: Problem,
    policy: ScalingPolicy,
    traffic: Traffic,
    *,
    every: int = 600,
    until: int | None = None,
    strategies: Sequence[str] | None = None,
    hourly: bool = True,
    seed: int = 0,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    listener: Callable[[SimulationProgress], None] | None = None,
) -> Simulation:
    """Play traffic through policies, in several ways to place the copies.

    Parameters
    ----------
    problem : what may be rented, and the components; their copies and what runs now do not count.
    policy : how copies follow traffic.
    traffic : rates of the components.
    every : seconds of a step: rates are averaged over it, and copies change at its beginning.
    until : seconds to play; None for all of the traffic.
    strategies : names in `placement.simulation.STRATEGIES`; None for all.
    hourly : plan each hour anew too, and prove the floor that all are measured by.
    seed : of the hourly plans. Nothing else is random, and nothing depends on the clock or on the executor.
    executor : where parts of different strategies are played beside one another; None for this process.
    checkpoint : a file that keeps what is done, written after each part, beside it first.
    resume : go on from the checkpoint, if there is one.
    listener : called after each part.

    Raises
    ------
    DocumentError
        The policy does not fit the problem, or the checkpoint can't be read.
    UsageError
        The traffic does not fit the problem or is shorter than a step, there is no such strategy, or the checkpoint is
        of other inputs.
    """
    setup = SimulationSetup.of(problem, policy, traffic, every=every, until=until, seed=seed)
    chosen = find_strategies(None if strategies is None else list(strategies))
    state = SimulationCheckpoint.open(checkpoint, setup.digest(), resume=resume)
    held = setup.on_one_type_each() if any(strategy.one_type for strategy in chosen) else setup
    jobs = {row.name: _StrategyJob(held if row.one_type else setup, row, state) for row in chosen}
    every_job: dict[str, _StrategyJob | _HourJob] = dict(jobs)
    if hourly:
        every_job[HOURLY] = _HourJob(setup, state)
    _run_all(list(every_job.values()), setup, state, executor, listener)
    hours = every_job.get(HOURLY)
    return Simulation.of(
        setup,
        [job.outcome() for job in jobs.values()],
        hours.outcome() if isinstance(hours, _HourJob) else None,
    )


class _StrategyJob:
    """The parts of one strategy, each of which needs the one before."""

    def __init__(self, setup: SimulationSetup, strategy: Strategy, state: SimulationCheckpoint) -> None:
        self.name = strategy.name
        self._setup, self._strategy = setup, strategy
        self._prices = [pool.price for pool in compile_fleet(setup.problem).pools]
        self.kept: dict[str, Any] = state.job(self.name) or {
            "done": 0, "document": None, "series": {name: [] for name in SERIES},
            "unserved": [], "short": [], "pools": [],
        }  # fmt: skip

    @property
    def done(self) -> int:
        return int(self.kept["done"])

    def next(self) -> tuple[Callable[..., StrategyPart], tuple[Any, ...]]:
        return play, (self._setup.task(self._strategy, self.done), self.kept["document"])

    def take(self, part: StrategyPart) -> None:
        kept = self.kept
        kept["done"] += 1
        kept["document"] = part.document
        kept["pools"] += part.pools
        for name, values in part.series.items():
            kept["series"][name] += values
        for key, values in (("unserved", part.unserved), ("short", part.short)):
            kept[key] = [a + b for a, b in zip(kept[key] or [0] * len(values), values, strict=True)]

    @property
    def cost(self) -> float:
        return float(sum(self.kept["series"]["cost"]) / HOUR / 1e6)

    def outcome(self) -> StrategyOutcome:
        kept = self.kept
        ledger = (kept["document"] or {}).get("ledger", {})
        return StrategyOutcome(
            strategy=self._strategy,
            series=kept["series"],
            unserved=kept["unserved"],
            short=kept["short"],
            pools=kept["pools"],
            prices=self._prices,
            machine_seconds=ledger.get("seconds", []),
            started=ledger.get("started", 0),
        )


class _HourJob:
    """The hours, planned a part at a time; no part needs another."""

    def __init__(self, setup: SimulationSetup, state: SimulationCheckpoint) -> None:
        self.name = HOURLY
        self._setup = setup
        self.kept: dict[str, Any] = state.job(self.name) or {"done": 0, "floor": [], "planned": []}

    @property
    def done(self) -> int:
        return int(self.kept["done"])

    def next(self) -> tuple[Callable[..., HourPart], tuple[Any, ...]]:
        return plan_hours, (self._setup.hours(self.done),)

    def take(self, part: HourPart) -> None:
        self.kept["done"] += 1
        self.kept["floor"] += part.floor
        self.kept["planned"] += part.planned

    @property
    def cost(self) -> float | None:
        return None

    def outcome(self) -> HourlyOutcome:
        return HourlyOutcome(self.kept["floor"], self.kept["planned"])


def _run_all(
    jobs: Sequence[_StrategyJob | _HourJob],
    setup: SimulationSetup,
    state: SimulationCheckpoint,
    executor: Executor | None,
    listener: Callable[[SimulationProgress], None] | None,
) -> None:
    """Play what is left of all jobs, and keep each part as it comes."""
    total = setup.parts * len(jobs)
    for job, part in _parts(jobs, setup.parts, executor):
        job.take(part)
        state.keep(job.name, job.kept)
        if listener is not None:
            done = sum(other.done for other in jobs)
            listener(SimulationProgress(job.name, job.done, setup.parts, job.cost, done, total))


def _parts(jobs: Sequence[_StrategyJob | _HourJob], parts: int, executor: Executor | None) -> Iterator[tuple[Any, Any]]:
    """What is left of each job, part by part: here one after the other, on an executor as many as it runs at once."""
    if executor is None:
        for job in jobs:
            while job.done < parts:
                call, given = job.next()
                yield job, call(*given)
        return
    waiting = [job for job in jobs if job.done < parts]
    running: dict[Future[Any], Any] = {}
    most = workers_of(executor)
    try:
        while waiting or running:
            while waiting and len(running) < most:
                # Who has most left goes first, so that no worker is left alone with a long job at the end.
                job = min(waiting, key=lambda job: job.done)
                waiting.remove(job)
                call, given = job.next()
                running[executor.submit(call, *given)] = job
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(ended, key=lambda future: running[future].name):
                job = running.pop(future)
                yield job, future.result()
                if job.done < parts:
                    waiting.append(job)
    finally:
        for future in running:
            future.cancel()
