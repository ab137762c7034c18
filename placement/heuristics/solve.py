"""The heuristic solvers behind the common signature: construct, repair, check, offer, and again; improve.

None of these proves anything, but a restart is not begun once the incumbent says that the plan is good enough.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, product

import numpy as np

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Value
from placement.engines.loading import NETWORKX, can_load
from placement.heuristics.best_fit import BestFit
from placement.heuristics.bin_filling import fill_bins
from placement.heuristics.check import is_complete
from placement.heuristics.consolidate import MachineConsolidation
from placement.heuristics.construct import Policy, construct, place_optional
from placement.heuristics.first_fit_decreasing import FirstFitDecreasing
from placement.heuristics.greedy import Greedy, GreedyParameters
from placement.heuristics.group_completion import GroupCompletion
from placement.heuristics.improve import Improvement, drop_superfluous
from placement.heuristics.keep import keep_pinned, keep_running
from placement.heuristics.parameter_sets import parameter_sets
from placement.heuristics.parameters import HeuristicSolveParameters as _PARAMS
from placement.heuristics.relabel import relabel
from placement.heuristics.repair import Repair
from placement.heuristics.shares import Shares
from placement.heuristics.stuck import why_stuck
from placement.heuristics.workspace import Workspace
from placement.solving.context import Solve
from placement.solving.parameters import option
from placement.solving.result import Outcome, Stop


@dataclass(frozen=True, slots=True)
class HeuristicOptions:
    """Limits of the heuristic solvers."""

    restarts: int = option(9, "most restarts. `ffd` and `best-fit` stop at the first complete plan.")
    ejections: int = option(
        400, "most ejections of one repair: so often a copy is taken off a machine to place another one there."
    )

    def __post_init__(self) -> None:
        if self.restarts < 1:
            raise ValueError(f"restarts must be at least 1, got {self.restarts}")


@dataclass(frozen=True, slots=True)
class GreedyOptions(HeuristicOptions):
    """Limits of the solver `greedy`."""

    restarts: int = option(9, "most restarts.")
    rounds: int = option(
        200,
        "how often a few machines of the best plan are emptied, and their copies packed again; less often where there "
        "are few copies.",
    )


class _HeuristicRun:
    """One solve: what all restarts share, and what they found."""

    def __init__(self, name: str, solve: Solve, options: HeuristicOptions, *, restarts_differ: bool = False) -> None:
        """Restarts that differ have other parameters: where one is stuck another may not be."""
        self.name, self.solve, self.options, self.restarts_differ = name, solve, options, restarts_differ
        self.rng = np.random.default_rng(solve.seed)
        self.blank, self.shares = Workspace(solve.fleet), Shares(solve.fleet)
        self.groups = GroupCompletion(self.blank, self.shares, solve.budget, self.rng, thorough=restarts_differ)
        self.best: Value | None = None  # of the plans that were offered
        self.stuck: tuple[Workspace, Policy] | None = None  # the first restart that was
        self.limits_bind = False  # whether a restart was stuck within limits
        self.stats: dict[str, int | float | str] = {"restarts": 0, "ejections": 0, "accepted": 0}

    @property
    def has_groups(self) -> bool:
        """Whether pools are limited or paid for by the group."""
        return bool(self.solve.fleet.limits or self.solve.fleet.commitments)

    def attempt(self, policy: Policy, *, keep: bool, parameters: GreedyParameters | None = None) -> Workspace | None:
        """One restart: from today's state or from the pins alone; None when it stays stuck, or is no use."""
        fleet = self.solve.fleet
        limits = bool(fleet.limits) and fleet.max_moves is None  # exchanges of machines move more copies than may
        ws = self._begin(keep=keep)
        if parameters is not None and parameters.fills_bins and isinstance(policy, Greedy):
            fill_bins(ws, policy, self.shares)
        stuck = construct(ws, policy, gives_up=limits)
        self.stats["restarts"] = int(self.stats["restarts"]) + 1
        if limits and (stuck or any(ws.left_out())):
            self.limits_bind = True
            ws, policy = self.groups.construct_again(lambda fleet: self._begin(fleet, keep=keep))
            stuck = self.groups.exchange(ws, policy)
        return self._complete(ws, policy, stuck)

    def _complete(self, ws: Workspace, policy: Policy, stuck: list[int]) -> Workspace | None:
        """Place what is missing by ejections, and optional copies that are left out; None when it stays stuck."""
        repair = Repair(ws, policy, self.rng)
        if stuck and not repair.run(stuck, self.options.ejections, self.solve.budget):
            place_optional(ws, policy)
        if any(ws.left_out()) and is_complete(ws):
            if not self.has_groups:
                repair.press_in(_PARAMS.pressed, self.options.ejections // 10, self.solve.budget)
            elif not self.restarts_differ:
                self.groups.bring_in_optional(ws, policy)
        self.stats["ejections"] = int(self.stats["ejections"]) + repair.steps
        drop_superfluous(ws)
        if not is_complete(ws):
            self.stuck = self.stuck or (ws, policy)
            return None
        return ws

    def _begin(self, fleet: Fleet | None = None, *, keep: bool) -> Workspace:
        """What stands before a construction; of this fleet where it is another one, with the same options and pools."""
        ws = Workspace(self.solve.fleet if fleet is None else fleet, like=self.blank, budget=self.solve.budget)
        if keep:
            keep_running(ws)
        else:
            keep_pinned(ws)
        return ws

    def tries(self, policy: Policy, parameters: GreedyParameters, best_fit: Policy | None) -> Iterator[Workspace]:
        """The plans of one restart; with `best_fit` today's too, its machines closed or replaced one by one."""
        beginnings = _beginnings(self.solve.fleet)
        for keep in beginnings:
            ws = self.attempt(policy, keep=keep, parameters=parameters)
            if ws is not None:
                yield ws
        ws = self.attempt(best_fit, keep=True) if best_fit is not None and True in beginnings else None
        if ws is not None:
            MachineConsolidation(ws, self.shares).run(lambda: self.solve.ended)
            yield ws

    def offer(self, ws: Workspace) -> None:
        """Hand a complete plan on; first as it is where machines run, as it takes time to find out which is which."""
        self.best = ws.value() if self.best is None else min(self.best, ws.value())
        fleet, incumbent = self.solve.fleet, self.solve.incumbent
        packing = ws.to_packing()
        if fleet.instances:
            incumbent.offer(packing, self.name)
            if self.solve.budget.over() or not can_load(NETWORKX, self.solve.budget):
                return
        other = relabel(fleet, packing)
        if other is not packing or not fleet.instances:
            incumbent.offer(other, self.name)

    def outcome(self, stop: Stop | None) -> Outcome:
        """The end: good enough, done, or stuck when nothing was complete."""
        if stop is None and self.solve.incumbent.good_enough:
            stop = self.solve.why_stop()
        if stop is None:
            stop = Stop.DONE if self.best is not None or self.solve.packing is not None else Stop.STUCK
        if self.has_groups:
            self.stats["exchanges"] = self.groups.rounds
        reason = why_stuck(*self.stuck) if self.best is None and self.stuck is not None else ""
        return Outcome(self.name, stop, reason=reason, stats=self.stats)


def solve_ffd(solve: Solve, *, options: HeuristicOptions = HeuristicOptions()) -> Outcome:
    """First-fit decreasing; restarts, with sizes bent at random, only while it is stuck."""
    return _solve_plain("ffd", FirstFitDecreasing, solve, options)


def solve_best_fit(solve: Solve, *, options: HeuristicOptions = HeuristicOptions()) -> Outcome:
    """Best-fit decreasing; restarts, with sizes bent at random, only while it is stuck."""
    return _solve_plain("best-fit", BestFit, solve, options)


def _solve_plain(
    name: str,
    policy_of: Callable[[Workspace, Shares, np.random.Generator | None], Policy],
    solve: Solve,
    options: HeuristicOptions,
) -> Outcome:
    run = _HeuristicRun(name, solve, options)
    stop = None
    for turn in range(options.restarts):
        stop = solve.why_stop()
        if stop is not None or run.best is not None:
            break
        policy = policy_of(run.blank, run.shares, run.rng if turn else None)
        modes = _beginnings(solve.fleet)
        ws = run.attempt(policy, keep=modes[turn % len(modes)])
        if ws is not None:
            run.offer(ws)
    return run.outcome(stop)


def solve_greedy(solve: Solve, *, options: GreedyOptions = GreedyOptions()) -> Outcome:
    """Price-guided greedy: a few restarts of other parameters, each repaired when stuck and improved when complete."""
    fleet = solve.fleet
    run = _HeuristicRun("greedy", solve, options, restarts_differ=True)
    sets = run.groups.parameter_sets
    policies: list[Policy] = [BestFit(run.blank, run.shares)]
    best: Workspace | None = None
    stop = None
    for turn in range(options.restarts):
        stop = solve.why_stop()
        if stop is not None:
            break
        parameters = sets[turn % len(sets)]
        policy = Greedy(run.blank, run.shares, parameters, run.rng if turn >= len(sets) else None)
        if not parameters.fills_bins:
            policies.append(policy)
        for ws in run.tries(policy, parameters, None if turn else policies[0]):
            run.offer(ws)
            if best is None or ws.value() < best.value():
                best, dual_values = ws, policy.dual_values
        if run.limits_bind and best is not None:
            break  # others would end in the same constructions
    if best is not None and stop is None and options.rounds:
        policies.extend(
            Greedy(run.blank, run.shares, parameters, run.rng) for parameters in sets if not parameters.fills_bins
        )
        improvement = Improvement(best, policies, dual_values, run.rng)
        rounds = min(options.rounds, _PARAMS.rounds * fleet.copies)
        improvement.run(rounds, lambda: solve.ended)
        if run.has_groups:
            run.groups.rounds += improvement.bring_in_optional(rounds, lambda: solve.ended)
        solve.incumbent.offer(relabel(fleet, improvement.best), "greedy")
        run.stats["accepted"] = improvement.accepted
        stop = solve.why_stop()
    return run.outcome(stop)


def _beginnings(fleet: Fleet) -> tuple[bool, ...]:
    """Whether to begin with what runs: both ways, if anything does; where moves are limited, with what runs alone."""
    if not fleet.places:
        return (False,)
    return (True,) if fleet.max_moves is not None else (True, False)


def improve(solve: Solve, by: str, turns: int | None = None) -> bool:
    """Machines closed one by one, then ruin and recreate from the best plan, for as long as that gains.

    Says whether it gained. Nothing dearer is accepted: even a small part of the cost of a large fleet is more than a
    round can gain. `turns` of rounds are the most; None for no limit.
    """
    best = solve.packing
    if best is None:
        return False
    fleet, budget = solve.fleet, solve.budget
    rng, blank, shares = np.random.default_rng(solve.seed), Workspace(fleet), Shares(fleet)
    sets = [one for one in parameter_sets(fleet, shares, budget.over) if not one.fills_bins]
    greedy: list[Greedy] = []
    for noise, parameters in product((None, rng), sets):
        if budget.over():  # each has tables of all options and pools
            return False
        greedy.append(Greedy(blank, shares, parameters, noise))
    ws = Workspace(fleet, like=blank, budget=budget)
    if not ws.load(best):
        return False
    gained = MachineConsolidation(ws, shares).run(lambda: solve.ended)
    if gained:
        solve.incumbent.offer(relabel(fleet, ws.to_packing()), by)
    improvement = Improvement(ws, [BestFit(blank, shares), *greedy], greedy[0].dual_values, rng)
    for _ in count() if turns is None else range(turns):
        better = improvement.run(_PARAMS.turn, lambda: solve.ended)
        if not solve.incumbent.offer(relabel(fleet, better), by):
            break
        gained = True
    return gained
