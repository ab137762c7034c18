"""Generated fleets under the rules that operators ask for: commitments, budgets, spot pools, few moves, few machines.

Each is a fleet of `fleets.py`, changed as its family says. What a family needs to know of a cheap plan (which machines
it rents) comes from the greedy heuristic within a limit on work, so that a case is the same on every machine.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import placement
from placement_bench.cases import Case, CaseSet
from placement_bench.sets.fleets import make, maker
from placement_bench.tasks import ProblemTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Change = Callable[[dict[str, Any], random.Random], None]

SIZES = (20, 100)  # components
SEEDS = (1, 2, 3, 4, 5, 6)
_WORK = 3  # restarts of the heuristic that says which machines a cheap plan rents
_TEAMS = 3
_SLACK = 1.1  # of what the cheap plan uses, that a budget allows
_SPOT = 0.3  # of the price on demand
_SPOT_QUOTA = 6  # machines that one spot pool has
MOST_MOVES = (0, 10, 50)
_SCARCE = 70  # % of the machines that the cheap plan rents, that there are
_OPTIONAL = 0.6  # of the components may have no copy
_PRIORITIES = (0, 0, 1, 2)


def committed(document: dict[str, Any], r: random.Random) -> None:
    """Half of the machines that a cheap plan rents are committed, each in another pool that costs no more."""
    rented = _rented(document)
    amount: Counter[str] = Counter()
    names = [pool["name"] for pool in document["pools"]]
    quota = {pool["name"]: pool.get("max_instances", math.inf) for pool in document["pools"]}
    price = {pool["name"]: _price(document, pool) for pool in document["pools"]}
    for pool in sorted(rented):
        for _ in range(math.ceil(rented[pool] / 2)):
            others = [n for n in names if n != pool and amount[n] < quota[n] and price[n] <= price[pool]]
            if others:
                amount[r.choice(others)] += 1
    document["commitments"] = [
        {"name": f"committed-{name}", "pools": [name], "instances": n} for name, n in sorted(amount.items())
    ]


def budgeted(document: dict[str, Any], r: random.Random) -> None:
    """Three teams share the pools; each may use a tenth more accelerators and money than a cheap plan does."""
    rented = _rented(document)
    types = document["instance_types"]
    pools = r.sample(document["pools"], len(document["pools"]))
    document["limits"] = []
    for team in range(_TEAMS):
        mine = pools[team::_TEAMS]
        paid = {pool["name"]: max(rented[pool["name"]], pool.get("min_instances", 0)) for pool in mine}
        accelerators = sum(paid[pool["name"]] * types[pool["instance_type"]]["accelerator_count"] for pool in mine)
        price = sum(paid[pool["name"]] * _price(document, pool) for pool in mine)
        row = {"max_accelerators": math.ceil(_SLACK * accelerators), "max_price_per_hour": round(_SLACK * price, 4)}
        document["limits"].append({"name": f"team-{team}", "pools": [pool["name"] for pool in mine], **row})


def spot(document: dict[str, Any], r: random.Random) -> None:
    """Two pools in three have a spot twin that may be lost; half of each component's copies outlive any pool."""
    for pool in list(document["pools"]):
        if r.random() < 2 / 3:
            price = round(_SPOT * _price(document, pool), 4)
            twin = {key: pool[key] for key in ("instance_type", "zone")}
            document["pools"].append(
                {"name": f"{pool['name']}-spot", **twin, "price_per_hour": price, "max_instances": _SPOT_QUOTA}
            )
    for component in document["components"]:
        required = component.get("min_copies", component["copies"])
        if required > 1:
            component["min_available_on_pool_loss"] = required // 2


def few_moves(most: int, document: dict[str, Any], r: random.Random) -> None:
    """At most so many moves. No machine has to be left, as that alone would take more."""
    del r
    for instance in document["instances"]:
        if instance.get("state") == "draining":
            instance["state"] = "cordoned"
    document.setdefault("objective", {})["max_moves"] = most


def scarce(document: dict[str, Any], r: random.Random) -> None:
    """Of each pool 70 % of the machines of a cheap plan, rounded up; copies are optional, at three priorities.

    Most components may have none; the others need one copy, or as many as their rules ask of any.
    """
    rented = _rented(document)
    for pool in document["pools"]:
        pool["max_instances"] = max(pool.pop("min_instances", 0), -(-_SCARCE * rented[pool["name"]] // 100))
    for component in document["components"]:
        component["min_copies"] = 0 if r.random() < _OPTIONAL else min(1, component["copies"])
        component["priority"] = r.choice(_PRIORITIES)


def _rented(document: dict[str, Any]) -> Counter[str]:
    """Machines by pool of a cheap plan."""
    problem = placement.Problem(**document)
    plan = placement.solve(problem, "greedy", time_limit=None, work=_WORK, threads=1).plan
    return Counter(row.pool for row in plan.instances)


def _price(document: dict[str, Any], pool: dict[str, Any]) -> float:
    own = pool.get("price_per_hour")
    price: float = document["instance_types"][pool["instance_type"]]["price_per_hour"] if own is None else own
    return price


def made(base: str, change: Change, components: int, seed: int) -> dict[str, Any]:
    """The problem document of one case; the same for the same arguments."""
    document = make(base, components, seed)
    change(document, random.Random(f"{base}:{components}:{seed}"))
    return document


def _cases(name: str, base: str, changes: dict[str, Change], data: Path) -> Iterator[Case]:
    del data  # fleets are made, not read
    maker()
    for components in SIZES:
        for label, change in changes.items():
            for seed in SEEDS:
                load = partial(_load, base, change, components, seed)
                yield Case(name, f"{name}{label}-{components}-{seed}", None, load)


def _load(base: str, change: Change, components: int, seed: int) -> ProblemTask:
    return ProblemTask(made(base, change, components, seed))


_FAMILIES: dict[str, tuple[str, str, dict[str, Change]]] = {
    "committed": ("mixed", "half of a cheap plan's machines committed, in other types and zones", {"": committed}),
    "budgeted": ("mixed", "three teams, each with a tenth more than a cheap plan uses", {"": budgeted}),
    "spot": ("mixed", "spot pools at 30 % of the price, any one of which may be lost", {"": spot}),
    "few-moves": (
        "replan",
        "a running fleet, at most 0, 10 or 50 moves",
        {f"-{most}": partial(few_moves, most) for most in MOST_MOVES},
    ),
    **{
        f"scarce-{base}": (base, "70 % of a cheap plan's machines, optional copies at three priorities", {"": scarce})
        for base in ("mixed", "shared", "exclusive")
    },
}

SETS = tuple(
    CaseSet(
        name=name,
        title=f"generated fleets, {name}: {what}",
        objective="least price on top, plus moves; optional copies first",
        unit="$",
        source="make_fleet.py, changed by placement_bench/sets/operators.py",
        cases=partial(_cases, name, base, changes),
        quick=(),
    )
    for name, (base, what, changes) in _FAMILIES.items()
)
