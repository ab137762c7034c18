"""Runs simulations of one policy or several part by part, here or on an executor, and keeps what is done."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from placement.demand import ScalingPolicy
from placement.documents import Problem
from placement.errors import UsageError
from placement.simulation.jobs import (
    HourJob,
    SimulationCheckpoint,
    SimulationJob,
    StrategyJob,
    checkpoints_of,
    play_jobs,
)
from placement.simulation.outcome import PolicyComparison, Simulation
from placement.simulation.setup import SimulationSetup
from placement.simulation.strategies import find_strategies
from placement.simulation.traffic import Traffic


@dataclass(frozen=True, slots=True)
class SimulationProgress:
    """Where a simulation is: the job that has just done a part, its parts done and in all, and its dollars so far.

    `policy` is empty where there is one alone. `done` and `parts` count the parts of all jobs.
    """

    policy: str
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
    """Play traffic through a policy, in several ways to place the copies.

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
    found = compare_policies(
        problem, {"": policy}, traffic, every=every, until=until, strategies=strategies, hourly=hourly, seed=seed,
        executor=executor, checkpoint=checkpoint, resume=resume, listener=listener,
    )  # fmt: skip
    return found.simulations[""]


def compare_policies(
    problem: Problem,
    policies: Mapping[str, ScalingPolicy],
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
) -> PolicyComparison:
    """Play the same traffic through several policies, each as `simulate` does, beside one another on an executor.

    Parameters
    ----------
    policies : by name; at least one.
    checkpoint : as in `simulate`; of several policies each has its own, numbered: `run.json` becomes `run-1.json`.

    Raises
    ------
    DocumentError, UsageError
        As in `simulate`.
    """
    if not policies:
        raise UsageError("there is no policy to play: name at least one")
    chosen = find_strategies(None if strategies is None else list(strategies))
    setups = {
        name: SimulationSetup.of(problem, policy, traffic, every=every, until=until, seed=seed)
        for name, policy in policies.items()
    }
    files = checkpoints_of(checkpoint, len(policies))
    played: dict[str, list[StrategyJob]] = {}
    hours: dict[str, HourJob] = {}
    jobs: list[SimulationJob] = []
    for (name, setup), file in zip(setups.items(), files, strict=True):
        state = SimulationCheckpoint.open(file, setup.digest(), resume=resume)
        held = setup.on_one_type_each() if any(row.one_type for row in chosen) else setup
        played[name] = [StrategyJob(name, held if row.one_type else setup, row, state) for row in chosen]
        jobs += played[name]
        if hourly:
            hours[name] = HourJob(name, setup, state)
            jobs.append(hours[name])
    total = sum(job.parts for job in jobs)
    for job in play_jobs(jobs, executor):
        if listener is not None:
            done = sum(other.done for other in jobs)
            listener(SimulationProgress(job.policy, job.name, job.done, job.parts, job.cost, done, total))
    found = {}
    for name, setup in setups.items():
        outcomes = [job.outcome() for job in played[name]]
        found[name] = Simulation(setup, outcomes, hours[name].outcome() if hourly else None)
    return PolicyComparison(found)
