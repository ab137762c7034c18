"""A simulation before it runs: what is wanted when, and the parts it is played in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from placement.arrays import Bools, Ints
from placement.demand import ScalingPolicy, ScalingRules, compile_rules, follow
from placement.documents import Problem
from placement.simulation.chunk import StrategyTask
from placement.simulation.fleets import of_one, one_type_each
from placement.simulation.hours import HourTask
from placement.simulation.machines import HOUR
from placement.simulation.strategies import Strategy
from placement.simulation.traffic import Traffic

_PART = 86_400  # seconds that are played at a time; a part has at least one step


@dataclass(frozen=True, slots=True)
class SimulationSetup:
    """What all strategies share.

    `rates`, `wanted`: (N, C) micro-requests a second, and copies.
    """

    problem: Problem
    policy: ScalingPolicy
    rules: ScalingRules
    traffic: Traffic
    every: int  # seconds of a step
    seed: int
    rates: Ints
    wanted: Ints
    woken: Bools  # (N, C) left zero

    @classmethod
    def of(
        cls, problem: Problem, policy: ScalingPolicy, traffic: Traffic, *, every: int, until: int | None, seed: int
    ) -> SimulationSetup:
        """Let the policies follow the traffic. O(steps x components)."""
        rules = compile_rules(problem, policy)
        names = [component.name for component in problem.components]
        traffic.check(names)
        traffic = traffic.of(names)
        rates = traffic.steps(every, until)
        wanted, woken = follow(rules, rates, every, traffic.week_second)
        return cls(problem, policy, rules, traffic, every, seed, rates, wanted, woken)

    @property
    def steps(self) -> int:
        return len(self.rates)

    @property
    def part(self) -> int:
        """Steps of a part: a day, and whole hours."""
        hour = max(1, HOUR // self.every)
        return max(1, _PART // self.every // hour) * hour

    @property
    def parts(self) -> int:
        return -(-self.steps // self.part)

    def _played(self, part: int) -> slice:
        return slice(part * self.part, (part + 1) * self.part)

    def copies(self, strategy: Strategy) -> Ints:
        """(N, C) copies that a strategy wants."""
        if strategy.copies == "peak":
            return np.broadcast_to(self.wanted.max(axis=0, initial=0), self.wanted.shape)
        return np.maximum(self.wanted, 1) if strategy.copies == "running" else self.wanted

    def task(self, strategy: Strategy, part: int) -> StrategyTask:
        copies, played = self.copies(strategy), self._played(part)
        return StrategyTask(
            problem=self.problem,
            strategy=strategy,
            rules=self.rules,
            times=self.policy.machines,
            replanning=self.policy.replanning,
            every=self.every,
            first=played.start,
            most=copies.max(axis=0, initial=0),
            wanted=copies[played],
            rates=self.rates[played],
            woken=self.woken[played],
        )

    def tasks(self, strategy: Strategy) -> list[StrategyTask]:
        """All parts of a strategy, in their order."""
        return [self.task(strategy, part) for part in range(self.parts)]

    def only(self, c: int) -> SimulationSetup:
        """The same with one of the components."""
        name, columns = self.problem.components[c].name, slice(c, c + 1)
        problem, policy = of_one(self.problem, c), self.policy.only(name)
        return SimulationSetup(
            problem,
            policy,
            compile_rules(problem, policy),
            self.traffic.of([name]),
            self.every,
            self.seed,
            self.rates[:, columns],
            self.wanted[:, columns],
            self.woken[:, columns],
        )

    def on_one_type_each(self) -> SimulationSetup:
        """The same with each component held to the instance type on which its most copies cost least alone."""
        most = self.wanted.max(axis=0, initial=0).tolist()
        return SimulationSetup(
            one_type_each(self.problem, self.rules, self.policy.machines, most),
            self.policy,
            self.rules,
            self.traffic,
            self.every,
            self.seed,
            self.rates,
            self.wanted,
            self.woken,
        )

    def hours(self, part: int) -> HourTask:
        return HourTask(self.problem, self.every, self.seed, self.wanted[self._played(part)])

    def digest(self) -> str:
        """What a checkpoint knows its inputs by."""
        documents = [self.problem.to_document(), self.policy.to_document(), self.every, self.steps, self.seed]
        found = hashlib.sha256(json.dumps(documents, sort_keys=True).encode())
        found.update(self.traffic.digest().encode())
        return found.hexdigest()
