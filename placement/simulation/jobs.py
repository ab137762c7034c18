"""The jobs of simulations: each strategy and the hours of each policy, part by part, here or on an executor.

What is done stands on disk: written beside the file and renamed, so that a kill never leaves half.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from pathlib import Path
from typing import Any

from placement.compiled.fleet import compile_fleet
from placement.documents import write_document
from placement.documents.read import read_mapping
from placement.errors import DocumentError, Fault, UsageError
from placement.parallel.executors import workers_of
from placement.simulation.chunk import SERIES, StrategyPart, play
from placement.simulation.hours import HourPart, plan_hours
from placement.simulation.machines import HOUR
from placement.simulation.outcome import HourlyOutcome, StrategyOutcome
from placement.simulation.setup import SimulationSetup
from placement.simulation.strategies import Strategy

HOURLY = "hourly"  # the job that plans each hour anew


class SimulationJob(ABC):
    """Parts that are played one after the other; what they have come to is kept in a checkpoint.

    Attributes
    ----------
    policy : whose job it is, where several are compared. name : of the job. parts : in all. kept : what came of those
        that are done.
    """

    def __init__(self, policy: str, name: str, parts: int, state: SimulationCheckpoint, empty: dict[str, Any]) -> None:
        self.policy, self.name, self.parts, self._state = policy, name, parts, state
        self.kept: dict[str, Any] = state.job(name) or empty

    @property
    def done(self) -> int:
        return int(self.kept["done"])

    @property
    def cost(self) -> float | None:
        """Dollars so far; None where there is no bill."""
        return None

    @abstractmethod
    def next(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """The call that plays the next part, and what it is given."""

    def take(self, part: Any) -> None:
        self.kept["done"] += 1
        self._add(part)
        self._state.keep(self.name, self.kept)

    @abstractmethod
    def _add(self, part: Any) -> None:
        """Add what came of a part to what is kept."""


class StrategyJob(SimulationJob):
    """The parts of one strategy, each of which needs the one before."""

    def __init__(self, policy: str, setup: SimulationSetup, strategy: Strategy, state: SimulationCheckpoint) -> None:
        empty: dict[str, Any] = {
            "done": 0, "document": None, "series": {name: [] for name in SERIES},
            "unserved": [], "short": [], "pools": [],
        }  # fmt: skip
        super().__init__(policy, strategy.name, setup.parts, state, empty)
        self._setup, self._strategy = setup, strategy
        self._prices = [pool.price for pool in compile_fleet(setup.problem).pools]

    def next(self) -> tuple[Callable[..., StrategyPart], tuple[Any, ...]]:
        """Play on from where the part before ended."""
        return play, (self._setup.task(self._strategy, self.done), self.kept["document"])

    def _add(self, part: StrategyPart) -> None:
        kept = self.kept
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


class HourJob(SimulationJob):
    """The hours, planned a part at a time; no part needs another."""

    def __init__(self, policy: str, setup: SimulationSetup, state: SimulationCheckpoint) -> None:
        super().__init__(policy, HOURLY, setup.parts, state, {"done": 0, "floor": [], "planned": []})
        self._setup = setup

    def next(self) -> tuple[Callable[..., HourPart], tuple[Any, ...]]:
        return plan_hours, (self._setup.hours(self.done),)

    def _add(self, part: HourPart) -> None:
        self.kept["floor"] += part.floor
        self.kept["planned"] += part.planned

    def outcome(self) -> HourlyOutcome:
        return HourlyOutcome(self.kept["floor"], self.kept["planned"])


def play_jobs(jobs: Sequence[SimulationJob], executor: Executor | None) -> Iterator[SimulationJob]:
    """Play what is left of all jobs; yields a job after each of its parts."""
    for job, part in _parts(jobs, executor):
        job.take(part)
        yield job


def _parts(jobs: Sequence[SimulationJob], executor: Executor | None) -> Iterator[tuple[SimulationJob, Any]]:
    """What is left of each job, part by part: here one after the other, on an executor as many as it runs at once."""
    if executor is None:
        for job in jobs:
            while job.done < job.parts:
                call, given = job.next()
                yield job, call(*given)
        return
    waiting = [job for job in jobs if job.done < job.parts]
    running: dict[Future[Any], SimulationJob] = {}
    most = workers_of(executor)
    try:
        while waiting or running:
            while waiting and len(running) < most:
                # Who has most left goes first, so that no worker is left alone with a long job at the end.
                job = max(waiting, key=lambda job: job.parts - job.done)
                waiting.remove(job)
                call, given = job.next()
                running[executor.submit(call, *given)] = job
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(ended, key=lambda future: (running[future].policy, running[future].name)):
                job = running.pop(future)
                yield job, future.result()
                if job.done < job.parts:
                    waiting.append(job)
    finally:
        for future in running:
            future.cancel()


FORMAT = "placement-simulation-checkpoint/v1"


class SimulationCheckpoint:
    """The parts that are done, by job; without a file they are kept nowhere."""

    def __init__(self, path: Path | None, digest: str, jobs: dict[str, Any]) -> None:
        """`digest` is of the inputs, which a checkpoint is good for alone."""
        self._path, self._digest, self._jobs = path, digest, jobs

    @classmethod
    def open(cls, path: str | Path | None, digest: str, *, resume: bool) -> SimulationCheckpoint:
        """The checkpoint to go on from, or a new one.

        Raises UsageError: there is one, and nobody said that it is to be used; or it is of other inputs.
        Raises DocumentError: it can't be read.
        """
        if path is None:
            if resume:
                raise UsageError("there is nothing to resume from: name the checkpoint")
            return cls(None, digest, {})
        file = Path(path)
        if not file.exists():
            return cls(file, digest, {})
        if not resume:
            raise UsageError(
                f"{file}: is the checkpoint of a simulation that did not end: go on from it with --resume, or delete it"
            )
        source, found = read_mapping(file)
        if found.get("format") != FORMAT or not isinstance(found.get("jobs"), dict):
            raise DocumentError([Fault("$.format", f'must be "{FORMAT}"', found.get("format"))], source)
        if found.get("digest") != digest:
            raise UsageError(
                f"{file}: is of another problem, policy, traffic or step; run with those again, or delete the file"
            )
        return cls(file, digest, found["jobs"])

    def job(self, name: str) -> dict[str, Any] | None:
        """What a job has done; None for nothing yet."""
        found = self._jobs.get(name)
        return found if isinstance(found, dict) else None

    def keep(self, name: str, kept: dict[str, Any]) -> None:
        """Note what a job has done, and write all of it."""
        self._jobs[name] = kept
        if self._path is not None:
            write_document({"format": FORMAT, "digest": self._digest, "jobs": self._jobs}, self._path)


def checkpoints_of(path: str | Path | None, policies: int) -> list[Path] | list[None]:
    """A file for each policy: the one that was named, or with a number where there are several.

    >>> [str(file) for file in checkpoints_of("run.json", 2)]
    ['run-1.json', 'run-2.json']
    """
    if path is None:
        return [None] * policies
    file = Path(path)
    if policies == 1:
        return [file]
    return [file.with_name(f"{file.stem}-{number}{file.suffix}") for number in range(1, policies + 1)]
