"""The solver `decomposition`: a plan of the whole, cut into parts that are packed anew all at once, over and over.

1. A first plan of the whole by heuristics; where they are stuck, copies are filled in by searches on a few machines.
   Where it leaves optional copies out, a search for plans that leave out fewer, of the whole.
2. The whole at once: zone by zone where rules look at zones (`zones`); else in ever finer groups of alike components
   (see `reductions.restricting_aggregation`), where groups are few enough.
3. Rounds. A few machines of the whole plan at a time are taken apart and packed anew by heuristics, as long as that
   gains. Then its machines are dealt into parts (see `reductions.partition`), every part is solved by another solver,
   and what got cheaper is put back. Each round cuts the plan in another way: by zone, across zones, and the machines
   that waste most together, so what one cut could not do the next one can.
4. The bound is that of the whole, never a sum over parts. It is one more task of step 2, or of the first round.

The tasks run on the budget's executor. Under a limit on work each has its part of that, as it stands when the first of
them begins, so the answer does not depend on where they run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from placement.bounds import raise_instant_bounds
from placement.bounds.infeasible import why_infeasible
from placement.compiled.fleet_rules import broken_fleet_rule, named_fleet_rules
from placement.compiled.packing import Machine, Packing, Value, evaluate
from placement.heuristics import improve, partial_packing, relabel
from placement.heuristics.first_plan import first_plan
from placement.local_search.refill import bring_in
from placement.parallel.job import TaskAnswer
from placement.reductions.greenfield import Greenfield
from placement.reductions.partition import Part, deal, gather, make_parts, merged
from placement.reductions.restricting_aggregation import RestrictingAggregation
from placement.solvers.column_generation.scarce import bring_in_optional
from placement.solvers.column_generation.zone_packing import may_pack_zones
from placement.solvers.decomposition.parameters import DECOMPOSITION
from placement.solvers.decomposition.parameters import DecompositionSolveParameters as _PARAMS
from placement.solvers.decomposition.tasks import Bound, Pack, Task, run_tasks
from placement.solvers.decomposition.zones import pack_by_zone
from placement.solvers.registry import find_solver
from placement.solving.context import Solve
from placement.solving.parameters import option
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

NAME = "decomposition"
_WHOLE_SOLVER = "column-generation"  # whose program grows with groups, not with copies
_TIME = SCHEDULE.decomposition
_ALONE: dict[str, dict[str, Any]] = {"auto": {"decompose_from": 2**60}}  # a part is not decomposed again


@dataclass(frozen=True, slots=True)
class DecompositionOptions:
    """How a problem is split into parts."""

    copies: int = option(
        250, "number of copies of one part, about. A problem of at most one and a half parts is solved as a whole."
    )
    solver: str = option("auto", "the solver of the parts.")
    groups: int = option(
        400,
        "number of groups of alike components. The whole problem is first packed with each group as one component; "
        "later with twice and four times as many groups. With 0 this step is left out.",
    )
    rounds: int = option(
        1000, "most rounds. In each round the best plan is split into parts anew, and the parts are solved."
    )

    def __post_init__(self) -> None:
        if self.copies < 1:
            raise ValueError(f"copies must be at least 1, got {self.copies}")
        if self.solver == NAME:
            raise ValueError(f"the parts can't be solved by {NAME} again")


def solve_decomposition(solve: Solve, *, options: DecompositionOptions = DecompositionOptions()) -> Outcome:
    """Solve in parts, bound as a whole; see the module's text."""
    if solve.fleet.copies <= 1.5 * options.copies:
        return find_solver(options.solver).run(solve, **_ALONE.get(options.solver, {}))
    if (reason := why_infeasible(solve.fleet, solve.budget)) is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    _first_plan(solve)
    raise_instant_bounds(solve)
    bring_in_optional(solve)
    search = _Decomposition(solve, options)
    if not search.pack_zones():
        search.pack_whole()
    if solve.packing is None:
        if not search.bounded:
            search.bound_alone()
        return Outcome(NAME, solve.why_stop() or Stop.STUCK, stats=search.stats)
    search.run()
    return Outcome(NAME, solve.why_stop() or Stop.DONE, stats=search.stats)


def _first_plan(solve: Solve) -> None:
    first_plan(solve)
    if solve.packing is not None or solve.budget.over():
        return
    part = _TIME.start.within(solve)
    start = partial_packing(part.fleet, part.budget, part.seed)
    filled = None if start is None else bring_in(part.fleet, start, part)
    if filled is not None and not filled.missing:
        solve.incumbent.offer(relabel(solve.fleet, filled.packing), NAME)


class _Decomposition:
    """The tasks of one solve, and what they count."""

    def __init__(self, solve: Solve, options: DecompositionOptions) -> None:
        self._solve, self._options = solve, options
        self._fleet, self._incumbent, self._budget = solve.fleet, solve.incumbent, solve.budget
        self._rng = np.random.default_rng(solve.seed)
        self.bounded = False  # by the whole, within what the best plan leaves out
        self.stats: dict[str, int | float | str] = {"rounds": 0, "parts": 0, "improved": 0}

    def bound_alone(self) -> None:
        """Without a plan there is nothing to cut: the bound has what time is left."""
        for _, answer in run_tasks([self._bound_task(1.0)], self._budget):
            self._hear(answer)

    def pack_zones(self) -> bool:
        """A plan and a bound of the whole zone by zone, where rules look at zones; says whether there was a plan."""
        if named_fleet_rules(self._fleet) or not may_pack_zones(self._solve):
            return False
        self.bounded = pack_by_zone(self._solve, self._hear)
        return self.bounded

    def pack_whole(self) -> None:
        """Plans of the whole in groups of alike components, and its bound beside; not where that merges little."""
        fresh = Greenfield.of(self._fleet, self._solve.value)
        if fresh is None or not self._options.groups or self._solve.why_stop():
            return
        finer = (_TIME.whole.coarse, _TIME.whole.middle, _TIME.whole.fine)
        phases = finer if math.isfinite(self._budget.remaining()) else finer[:1]
        sizes = [(2**times * self._options.groups, phase.part) for times, phase in enumerate(phases)]
        some = [(most, weight) for most, weight in sizes if most < len(fresh.fleet.components)]
        smaller: list[RestrictingAggregation] = []
        tasks: list[Task] = []
        for most, weight in some:
            if self._budget.over():  # groups of a large fleet take seconds
                return
            groups = RestrictingAggregation.of(fresh.fleet, most)
            if groups.pays:
                smaller.append(groups)
                seed = int(self._rng.integers(2**30))
                tasks.append(Pack(groups.fleet, None, _WHOLE_SOLVER, {}, seed, weight))
        if not tasks:
            return
        bound = self._bound_task(sum(task.weight for task in tasks))
        within = None
        for index, answer in run_tasks([bound, *tasks], _TIME.whole.of(self._budget)):
            self._hear(answer)
            within = bound if answer.bounds else within
            if answer.packing is not None:
                self._incumbent.offer(fresh.lift(smaller[index - 1].lift(answer.packing)), NAME)
            if self._solve.why_stop():
                break
        self.bounded = within is not None and within.given == self._solve.left_out

    def run(self) -> None:
        """Round after round until nothing is to be gained, or the budget is over."""
        idle = 0
        for turn in range(self._options.rounds):
            if self._solve.why_stop() or idle >= _PARAMS.patience:
                return
            gained = self._improve_whole()
            idle = 0 if self._round(turn) or gained else idle + 1

    def _improve_whole(self) -> bool:
        """Take machines of the whole plan apart, a few at a time: no part has the room that is in another."""
        seed = int(self._rng.integers(2**30))
        return improve(_TIME.improve.within(self._solve, seed=seed), NAME)

    def _round(self, turn: int) -> bool:
        """Cut, solve, put back; says whether the plan got better."""
        best = self._incumbent.best
        assert best is not None
        packing, value = best
        parts: list[Part] = []
        for part in make_parts(self._fleet, packing, self._cut(packing, turn)):
            if self._budget.over():  # with many machines it may end before there is a part to solve
                return False
            parts.append(part)
        tasks: list[Task] = [self._pack_task(part) for part in parts]
        first = not self.bounded
        if first:
            self.bounded = True
            tasks.insert(0, self._bound_task(max(1, len(parts))))
        found: dict[int, tuple[Machine, ...]] = {}
        every = max(1, -(-len(parts) // _PARAMS.offers))
        for index, answer in run_tasks(tasks, _TIME.round.of(self._budget)):
            self._hear(answer)
            if answer.packing is not None:
                found[index - first] = parts[index - first].put_back(answer.packing)
                if self._adds_up and len(found) % every == 0:
                    self._incumbent.offer(merged(packing, parts, found), NAME)
        self.stats["rounds"] = turn + 1
        self.stats["parts"] = int(self.stats["parts"]) + len(parts)
        better = self._accept(packing, value, parts, found)
        self.stats["improved"] = int(self.stats["improved"]) + better
        return better > 0

    @property
    def _adds_up(self) -> bool:
        """Whether the gains of parts are the gain of the whole, in any order: no shared minima, no shared moves."""
        fleet = self._fleet
        return not fleet.places and not any(p.min_instances for p in fleet.pools) and not named_fleet_rules(fleet)

    def _cut(self, packing: Packing, turn: int) -> list[list[int]]:
        copies = self._options.copies
        several = len({self._fleet.pools[machine.pool].zone for machine in packing.machines}) > 1
        if turn % 3 == 2:
            return gather(self._fleet, packing, copies, self._rng)
        return deal(self._fleet, packing, copies, self._rng, by_zone=several and turn % 3 == 0)

    def _pack_task(self, part: Part) -> Pack:
        seed = int(self._rng.integers(2**30))
        solver = self._options.solver
        return Pack(part.fleet, part.packing, solver, _ALONE.get(solver, {}), seed)

    def _bound_task(self, others: float) -> Bound:
        """The bound of the whole, with its part of the time beside tasks of such a weight together."""
        weight = _TIME.bound.part / (1 - _TIME.bound.part) * others
        seed = int(self._rng.integers(2**30))
        return Bound(self._fleet, self._solve.left_out, seed, weight, DECOMPOSITION.tasks.groups)

    def _hear(self, answer: TaskAnswer) -> None:
        self._incumbent.note_faults(answer.faults)
        for ticks, by, given, relaxes in answer.bounds:
            self._incumbent.raise_bound(ticks, by, given, relaxes)

    def _accept(
        self, packing: Packing, value: Value, parts: Sequence[Part], found: dict[int, tuple[Machine, ...]]
    ) -> int:
        """Put back what was found, all of it or, where that is no gain, part by part; returns how many were."""
        whole = merged(packing, parts, found)
        if self._gains(whole, value):
            self._incumbent.offer(relabel(self._fleet, whole), NAME)
            return len(found)
        if self._adds_up:
            return 0
        kept: dict[int, tuple[Machine, ...]] = {}
        gains = 0
        for index in sorted(found):
            trial = {**kept, index: found[index]}
            whole = merged(packing, parts, trial)
            if self._gains(whole, value):
                kept, value, gains = trial, evaluate(self._fleet, whole), gains + 1
        if gains:
            self._incumbent.offer(relabel(self._fleet, merged(packing, parts, kept)), NAME)
        return gains

    def _gains(self, packing: Packing, value: Value) -> bool:
        """Whether a plan is worth more, and keeps the rules that parts can't keep each by itself."""
        return evaluate(self._fleet, packing) < value and not broken_fleet_rule(self._fleet, packing)
