"""Fleets that run one plan and are to go to another: both are plans of real solvers for one tight problem.

Machines of the second plan are those of the first, dealt out anew within their pools, so copies change places in
circles; quotas are what the two plans just need. Some copies run at accelerators that nobody knows, some are pinned,
some machines drain.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import placement
from placement.documents import Problem
from placement.documents.plan import Plan
from tests.strategies import random_problem

if TYPE_CHECKING:
    from tests.reading import Doc


class Case(NamedTuple):
    """A problem with what runs, and the plan to go to."""

    problem: Problem
    plan: Plan


def random_case(seed: int) -> Case | None:
    """Return a running fleet and a plan; None where the draw has no plan."""
    rng = random.Random(seed)
    doc = random_problem(rng, state=False, max_copies=7, rules=20)
    for row in doc["pools"]:
        row.pop("max_instances", None)
    before, after = (_solved(doc, rng.randrange(10**6), rng) for _ in range(2))
    if before is None or after is None:
        return None
    ids = {row.id: f"i-{k}" for k, row in enumerate(before.instances)}
    pools = {ids[row.id]: row.pool for row in before.instances}
    renamed = _dealt(after, pools, rng)
    listed = set(renamed.values())
    pinned = _kept(before, after, ids, renamed, rng)
    doc["instances"] = [
        {"id": name, "pool": pool}
        | ({"state": "draining"} if name not in listed and rng.random() < 0.3 else {})
        | ({"removable": False} if name in listed and rng.random() < 0.1 else {})
        for name, pool in pools.items()
    ]
    doc["placements"] = []
    for row in before.assignments:
        copy: Doc = {"component": row.component, "instance": ids[row.instance], "option": row.option}
        key = (row.component, row.option, ids[row.instance], row.accelerators)
        if rng.random() > 0.1 or not row.accelerators:
            copy["accelerators"] = list(row.accelerators)
        if pinned[key]:
            pinned[key] -= 1
            copy["pinned"] = True
        doc["placements"].append(copy)
    _quotas(doc, Counter(pools.values()), Counter(row.pool for row in after.instances), rng)
    plan = Plan(
        instances=[
            {"id": renamed[row.id], "pool": row.pool, "new": renamed[row.id] not in pools} for row in after.instances
        ],
        assignments=[row.model_copy(update={"instance": renamed[row.instance]}) for row in after.assignments],
    )
    problem = Problem(**doc)
    return Case(problem, plan) if placement.verify(problem, plan).ok else None


def _solved(doc: Doc, seed: int, rng: random.Random) -> Plan | None:
    solver = rng.choice(("greedy", "best-fit"))
    result = placement.solve(Problem(**doc), solver, time_limit=None, work=3, seed=seed)
    return result.plan if result.packing is not None else None


def _dealt(after: Plan, pools: dict[str, str], rng: random.Random) -> dict[str, str]:
    """For each machine of the second plan, one of the first of its pool, or its own name."""
    free = list(pools)
    rng.shuffle(free)
    renamed = {}
    for row in after.instances:
        name = next((name for name in free if pools[name] == row.pool and rng.random() < 0.9), row.id)
        if name in free:
            free.remove(name)
        renamed[row.id] = name
    return renamed


def _kept(
    before: Plan, after: Plan, ids: dict[str, str], renamed: dict[str, str], rng: random.Random
) -> Counter[object]:
    now = Counter((row.component, row.option, ids[row.instance], row.accelerators) for row in before.assignments)
    then = Counter((row.component, row.option, renamed[row.instance], row.accelerators) for row in after.assignments)
    return Counter(key for key in (now & then).elements() if rng.random() < 0.2)


def _quotas(doc: Doc, before: Counter[str], after: Counter[str], rng: random.Random) -> None:
    """As many machines as the two plans need, or one more, or any number."""
    for row in doc["pools"]:
        if rng.random() < 0.8:
            most = max(before[row["name"]], after[row["name"]]) + rng.choice((0, 0, 0, 1))
            row["max_instances"] = max(most, row.get("min_instances", 0))
