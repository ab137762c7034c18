"""Copies that move from one scenario to the next, and plans with fewer of them.

Scenarios follow one another as the document lists them. A copy is kept when the next plan has one of its component and
option on the same machine with the same accelerators; moves of a component are those of the file format: the fewer of
the copies before and after, less those kept. Copies that only start or stop are no moves, and what stood where pools
have failed starts anew. Which machine of the next plan is which of the one before is chosen so that little moves.

Commitments are chosen without regard to moves: a move is worth minutes of a machine, a commitment months. Moves are
then saved by solving each scenario once more from the plan before, with moves at their price; the cheaper of both is
taken. The bound on costs knows of no moves, and holds with them, as moves cost at least nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from itertools import pairwise

from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import moves
from placement.compiled.translate import from_plan, to_plan
from placement.documents import Plan, Problem
from placement.documents.problem import revised
from placement.heuristics.relabel import relabel
from placement.planner import solve
from placement.running_state import as_running
from placement.scenarios.document import MoveTerms
from placement.scenarios.recourse import Asking
from placement.scenarios.result import Moves, ScenarioOutcome, ScenarioStep
from placement.scenarios.written import written
from placement.units import micro_dollars

_FEWEST_SECONDS = 0.05  # in which plans with fewer moves are looked for
_FINEST = 10**6  # parts of an hour that a horizon is told in
_PAIRING = {"horizon_hours": 1.0, "move_cost": 1.0}  # when machines are paired, any price of a move will do


def few_moves(
    outcomes: Sequence[ScenarioOutcome], terms: MoveTerms, asking: Asking, seconds: float | None
) -> tuple[Moves, list[ScenarioOutcome]]:
    """The moves between these plans, or between others that cost less with their moves; and the plans.

    A solve for each scenario, none where `seconds` are too few.
    """
    follow = _Following(terms, sum(row.weight for row in outcomes))
    best = list(outcomes)
    found = follow.moves(best)
    if (seconds is None or seconds >= _FEWEST_SECONDS) and found.moved:
        other = follow.replanned(outcomes, asking, seconds)
        again = follow.moves(other)
        if follow.total(other, again) < follow.total(best, found):
            best, found = other, again
    return found, best


class _Following:
    """Plans one after the other."""

    def __init__(self, terms: MoveTerms, weights: int) -> None:
        self._terms, self._weights = terms, weights
        self._per_move = micro_dollars(terms.cost_per_move)
        self._hours = Fraction(str(terms.round_hours))

    def total(self, outcomes: Sequence[ScenarioOutcome], found: Moves) -> Fraction:
        """Machines on top and moves, micro-dollars per hour on average."""
        return Fraction(sum(row.weight * (row.cost or 0) for row in outcomes), self._weights) + found.per_hour

    def moves(self, outcomes: Sequence[ScenarioOutcome]) -> Moves:
        """Count the moves between plans, machines paired so that few move."""
        rows = list(pairwise(outcomes))
        if self._terms.order == "cycle":
            rows.append((outcomes[-1], outcomes[0]))
        steps = tuple(_step(before, after) for before, after in rows)
        cost = sum(step.moved for step in steps) * self._per_move
        return Moves(steps, self._per_move, self._terms.round_hours, Fraction(cost) / self._hours)

    def replanned(
        self, outcomes: Sequence[ScenarioOutcome], asking: Asking, seconds: float | None
    ) -> list[ScenarioOutcome]:
        """Each plan but the first from the one before it, with moves at their price; as it was after an interrupt."""
        found = [outcomes[0]]
        for row in outcomes[1:]:
            assert row.plan is not None
            assert found[-1].plan is not None
            problem = _running(row.problem, found[-1].plan, self._objective(row))
            fleet = compile_fleet(problem)
            start = relabel(fleet, from_plan(compile_fleet(row.problem), row.plan))
            part = None if seconds is None else seconds / (len(outcomes) - 1)
            hint = to_plan(fleet, start)
            answer = solve(problem, time_limit=part, hint=hint, **asdict(asking))
            found.append(row if answer.packing is None else _as_new(row, answer.plan, asking.seed))
            if answer.interrupted:
                break
        return [*found, *outcomes[len(found) :]]

    def _objective(self, row: ScenarioOutcome) -> dict[str, float]:
        """The time of a scenario in one round, and what a move costs."""
        hours = (self._hours * row.weight / self._weights).limit_denominator(_FINEST)
        return {"horizon_hours": max(float(hours), 1 / _FINEST), "move_cost": self._terms.cost_per_move}


def _running(problem: Problem, plan: Plan, objective: dict[str, float]) -> Problem:
    """A scenario's problem with what runs by the plan before; nothing runs in pools that have failed."""
    closed = {pool.name for pool in problem.pools if pool.max_instances == 0}
    left = plan.model_copy(update={"instances": tuple(row for row in plan.instances if row.pool not in closed)})
    # Moves between scenarios have the price of the scenarios, whatever a component's own is.
    components = [row.model_copy(update={"move_cost": None}) for row in problem.components]
    return revised(as_running(problem, left), components=components, objective=objective)


def _as_new(row: ScenarioOutcome, plan: Plan, seed: int) -> ScenarioOutcome:
    """The outcome with another plan, which is written as one of machines that are all new."""
    packing = from_plan(compile_fleet(row.problem), plan)
    document, cost, paid = written(row.problem, packing, row.bound, seed)
    return replace(row, plan=document, cost=cost, paid=paid)


def _step(before: ScenarioOutcome, after: ScenarioOutcome) -> ScenarioStep:
    assert before.plan is not None
    assert after.plan is not None
    problem = _running(after.problem, before.plan, _PAIRING)
    fleet = compile_fleet(problem)
    packing = relabel(fleet, from_plan(compile_fleet(after.problem), after.plan))
    running = Counter(row.component for row in problem.placements)
    planned = Counter(row.component for row in after.plan.assignments)
    return ScenarioStep(
        before.name, after.name, sum(moves(fleet, packing)), (planned - running).total(), (running - planned).total()
    )
