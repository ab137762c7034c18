"""Scenarios of a problem, planned by `plan_scenarios`, judged by all commitments there are (`tests.scenarios.oracle`).

All copies are required here: which optional ones are left out is decided scenario by scenario, and what others would
decide is no measure of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from placement import Problem, ScenarioSet, Status, plan_scenarios, verify
from placement.errors import DocumentError, UsageError
from tests.fuzz.judges import Fault, signature
from tests.fuzz.runs import arguments_of, describe, taken
from tests.referee import referee_check, referee_is_here
from tests.scenarios.oracle import Optimum, World, is_too_big, optimum, scenario, world_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.documents.plan import Plan
    from placement.scenarios import ScenarioOutcome, ScenarioPlan
    from tests.fuzz.families import Draw
    from tests.fuzz.paths import Path
    from tests.reading import Doc

MOST_STEPS = 4_000  # of enumeration, of one scenario; there is one for each number of commitments


@dataclass
class ScenarioRun:
    """What came of it."""

    status: str  # of the answer; or "not asked", "refused", "raised"
    reached: bool
    faults: list[Fault]


def run_scenarios(path: Path, doc: Doc, draw: Draw) -> ScenarioRun:
    """Draw scenarios of a problem, plan them on a path, and judge the answer."""
    world = world_of(draw, _all_required(doc)) if doc["pools"] else None
    if world is None or is_too_big(world, MOST_STEPS):
        return ScenarioRun("not asked", False, [])
    readable = _is_readable(world)
    asked = arguments_of(path, draw)
    if asked["options"].get("moves"):
        world.scenarios["moves"] = _move_terms(draw)
    reached: set[str] = set()
    try:
        found = _plan(path, world, asked, reached)
    except UsageError as error:
        lies = [Fault("scenarios refused", str(error))] if readable else []
        return ScenarioRun("refused", False, lies)
    except Exception as error:
        told = describe(error)
        return ScenarioRun("raised", False, [Fault(f"raised {signature(told)}", told)])
    came = not path.reaches or bool(reached & set(path.reaches))
    faults = [*_by_referees(found), *_by_truth(found, optimum(world)), *_by_moves(found)]
    return ScenarioRun(found.status.value, came, faults)


def _all_required(doc: Doc) -> Doc:
    components = [
        {key: value for key, value in component.items() if key != "min_copies" or "demand" in component}
        for component in doc["components"]
    ]
    return {**doc, "components": components}


def _move_terms(draw: Draw) -> Doc:
    """Moves that cost nothing, little, or more than machines do."""
    return {
        "cost_per_move": draw.choice([0, 0.01, 1, 2.4, 500]),
        "order": draw.choice(["cycle", "sequence"]),
        "round_hours": draw.choice([0.5, 24]),
    }


def _is_readable(world: World) -> bool:
    """Whether the numbers of each scenario are a problem."""
    try:
        for row in world.scenarios["scenarios"]:
            Problem(**scenario(world, row))
    except DocumentError:
        return False
    return True


def _plan(path: Path, world: World, asked: dict[str, Any], reached: set[str]) -> ScenarioPlan:
    with taken(path, asked, reached) as seconds:
        return plan_scenarios(
            Problem(**world.problem),
            ScenarioSet(**world.scenarios),
            time_limit=seconds,
            seed=asked["seed"],
            work=asked["work"],
            threads=path.threads,
        )


def _by_referees(found: ScenarioPlan) -> Iterator[Fault]:
    """Plans keep every rule and cost what is said; what is said of all of them adds up."""
    for fault in found.faults:
        yield Fault(f"told fault of {fault.solver}", fault.said)
    if (found.cost is None) != (found.status not in (Status.OPTIMAL, Status.FEASIBLE)):
        yield Fault("cost against status", f"{found.status.value} at {found.cost}")
    if found.cost is not None and found.bound is not None and found.bound.exact > found.cost.exact:
        yield Fault("bound against cost", f"bound {found.bound}, cost {found.cost}")
    on_top = 0
    for row in found.scenarios:
        yield from _of_scenario(row)
        on_top += row.weight * (row.cost or 0)
    for committed in found.committed:
        if committed.term.most is not None and committed.machines > committed.term.most:
            yield Fault("more committed than may be", f"{committed.machines} of {committed.term.name}")
    if found.cost is not None and found.cost.total != on_top + found.cost.weights * found.committed_cost:
        yield Fault("costs do not add up", f"{found.cost}, plans {on_top}, committed {found.committed_cost}")


def _of_scenario(row: ScenarioOutcome) -> Iterator[Fault]:
    """The plan of one scenario, by both referees."""
    if row.plan is None or row.cost is None:
        return
    for violation in verify(row.problem, row.plan).violations[:3]:
        yield Fault(f"verify {violation.rule}", f"{row.name}: {violation.message}")
    if row.bound is not None and row.bound > row.cost:
        yield Fault("bound against cost", f"{row.name}: bound {row.bound}, cost {row.cost}")
    if referee_is_here():
        broken, counted = referee_check(row.problem.to_document(), row.plan.to_document())
        yield from (Fault(f"referee {signature(sentence)}", f"{row.name}: {sentence}") for sentence in broken[:3])
        if abs(counted["cost"] * 1e6 - row.cost) > 1 + 1e-9 * row.cost:
            yield Fault("cost by referee", f"{row.name}: says {row.cost}, the referee counts {counted['cost']}")


def _by_truth(found: ScenarioPlan, best: Optimum | None) -> Iterator[Fault]:
    """Every claim against all commitments and all plans there are."""
    if best is None:
        if found.cost is not None:
            yield Fault("plans where enumeration finds none", f"at {found.cost}")
        return
    if found.status is Status.INFEASIBLE:
        yield Fault("called infeasible", f"{found.reason}; the least cost is {best.cost}")
        return
    if found.cost is not None and found.cost.exact < best.cost:
        yield Fault("better than enumeration", f"{found.cost}, enumeration finds {best.cost}")
    if found.cost is not None and found.status is Status.OPTIMAL and found.cost.exact != best.cost:
        yield Fault("called optimal", f"at {found.cost}; the least cost is {best.cost}")
    if found.bound is not None and found.bound.exact > best.cost:
        yield Fault("bound too high", f"{found.bound}; the least cost is {best.cost}")
    if found.wait_and_see is not None and found.wait_and_see.exact > best.wait_and_see:
        yield Fault("wait-and-see bound too high", f"{found.wait_and_see}; it is {best.wait_and_see}")
    for policy in found.policies:
        least = best.by_machines.get(policy.machines)
        if least is not None and not policy.bound.exact <= least <= policy.cost.exact:
            said = f"{policy.name}: {policy.bound} to {policy.cost}; the least cost is {least}"
            yield Fault("policy with the wrong cost", said)


def _by_moves(found: ScenarioPlan) -> Iterator[Fault]:
    """No step moves fewer copies than leave each pool and option, nor more than there are; and what they cost."""
    terms = found.document.moves
    if found.moves is None:
        if terms is not None and found.cost is not None and len(found.scenarios) > 1:
            yield Fault("moves not told", "the document prices them")
        return
    rows = {row.name: row for row in found.scenarios}
    for step in found.moves.steps:
        low, high = _moves_between(rows[step.before], rows[step.after])
        if not low <= step.moved <= high:
            said = f"{step.moved} from {step.before} to {step.after}, and {low} to {high} are possible"
            yield Fault("moves that can not be", said)
    per_hour = Fraction(found.moves.moved * found.moves.per_move) / Fraction(str(found.moves.round_hours))
    if found.moves.per_hour != per_hour:
        yield Fault("price of moves", f"{found.moves.per_hour}, is {per_hour}")


def _moves_between(before: ScenarioOutcome, after: ScenarioOutcome) -> tuple[int, int]:
    """The least and the most copies that may move; what stood in pools that have failed since is gone."""
    assert before.plan is not None
    assert after.plan is not None
    failed = {pool.name for pool in after.problem.pools if pool.max_instances == 0}
    old, new = _standing(before.plan), _standing(after.plan)
    low = high = 0
    for component in old.keys() & new.keys():
        here = Counter({place: n for place, n in old[component].items() if place[0] not in failed})
        both = min(here.total(), new[component].total())
        low += max(0, both - (here & new[component]).total())
        high += both
    return low, high


def _standing(plan: Plan) -> dict[str, Counter[tuple[str, int | None]]]:
    """Copies of each component by pool and option."""
    pool_of = {row.id: row.pool for row in plan.instances}
    found: dict[str, Counter[tuple[str, int | None]]] = {}
    for row in plan.assignments:
        found.setdefault(row.component, Counter())[pool_of[row.instance], row.option] += 1
    return found
