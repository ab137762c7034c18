"""The extensive form of tiny problems, by trying all commitments: each scenario's optimum comes from `tests.brute`.

It makes its scenarios itself, from the documents alone.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

from tests import brute
from tests.reading import Doc, Reading
from tests.strategies import random_problem

MOST_PRICE = 1e9  # dollars an hour, that a document may name


class World(NamedTuple):
    """A problem and its scenarios, as documents."""

    problem: Doc
    scenarios: Doc


class Optimum(NamedTuple):
    """Micro-dollars per hour: the least average, the average by commitments, and that of waiting and seeing."""

    cost: Fraction
    by_machines: dict[tuple[int, ...], Fraction]
    wait_and_see: Fraction


def random_world(seed: int, **knobs: Any) -> World | None:
    """A small problem, two or three scenarios and one or two terms; None where it is too large to try everything."""
    rng = random.Random(seed)
    sizes: Doc = {"max_copies": 4, "max_components": 3, "max_machines": 3, "spoil": 5, "optional": False}
    world = world_of(rng, random_problem(rng, **{**sizes, **knobs}))
    return None if is_too_big(world, 20_000) else world


def world_of(rng: random.Random, problem: Doc) -> World:
    """Two or three scenarios of a problem, and one or two terms."""
    zones = sorted({pool["zone"] for pool in problem["pools"]})
    rows = []
    for k in range(rng.randint(2, 3)):
        row: Doc = {"name": f"s{k}", "weight": rng.choice([1, 2, 5])}
        if rng.random() < 0.5:
            row["factor"] = rng.choice([0.5, 0.7, 1, 1.2])
        for component in problem["components"]:
            if rng.random() < 0.3:
                given: Doc = {"factor": rng.choice([0, 0.5, 1])}
                if "copies" in component and rng.random() < 0.5:
                    given = {"copies": rng.randint(0, component["copies"])}
                elif "demand" in component and rng.random() < 0.5:
                    given = {"demand": rng.choice([0, 1, 2.5])}
                row.setdefault("components", []).append({"name": component["name"], **given})
        if rng.random() < 0.12:
            row["failed_zones"] = [rng.choice(zones)]
        if rng.random() < 0.12:
            row["failed_pools"] = [rng.choice(problem["pools"])["name"]]
        if rng.random() < 0.5:
            row["waive"] = ["min_zones", "min_available_on_zone_loss"]
        rows.append(row)
    scenarios = {"weights_total": sum(row["weight"] for row in rows), "scenarios": rows}
    return World(problem, scenarios | {"commitments": _terms(rng, problem)})


def is_too_big(world: World, limit: int) -> bool:
    """Whether trying everything would take more than so many steps in one of the scenarios."""
    return any(brute.too_big(scenario(world, row), limit) for row in world.scenarios["scenarios"])


def _terms(rng: random.Random, problem: Doc) -> list[Doc]:
    taken = {pool for row in problem.get("commitments", []) for pool in row["pools"]}
    free = [pool for pool in problem["pools"] if pool["name"] not in taken]
    rng.shuffle(free)
    found: list[Doc] = []
    while free and len(found) < 2:
        first = free.pop()
        alike = [p for p in free if p["instance_type"] == first["instance_type"]]
        others = alike[: rng.randint(0, 1)]
        free = [p for p in free if p not in others]
        price = _price(problem, first) * rng.choice([0.3, 0.6, 0.9, 1.2])
        row: Doc = {"name": f"t{len(found)}", "pools": [p["name"] for p in (first, *others)]}
        row["price_per_hour"] = min(round(price, 6), MOST_PRICE)
        if rng.random() < 0.3:
            row["max_instances"] = 1
        found.append(row)
    return found


def _price(problem: Doc, pool: Doc) -> float:
    own = pool.get("price_per_hour")
    return float(problem["instance_types"][pool["instance_type"]]["price_per_hour"] if own is None else own)


def scenario(world: World, row: Doc) -> Doc:
    """The problem of one scenario, with nothing committed."""
    problem = {k: v for k, v in world.problem.items() if k not in ("instances", "placements", "objective")}
    rows = {given["name"]: given for given in row.get("components", [])}
    components = []
    for component in problem["components"]:
        given, made = rows.get(component["name"], {"factor": row.get("factor", 1)}), dict(component)
        if "copies" in given:
            made["copies"] = given["copies"]
        elif "demand" in given:
            made["demand"] = given["demand"]
        else:
            factor = Fraction(str(given["factor"]))
            for key in ("copies", "min_copies"):
                if key in made and "demand" not in made:
                    made[key] = math.ceil(factor * made[key])
            if "demand" in made:
                made["demand"] = float(factor * Fraction(str(made["demand"])))
        if made.get("demand") == 0:
            made = {k: v for k, v in made.items() if k not in ("demand", "min_copies")} | {"copies": 0}
        if "min_copies" in made and "copies" in made:
            made["min_copies"] = min(made["min_copies"], made["copies"])
        for rule in row.get("waive", []):
            made.pop(rule, None)
            made["spread"] = {k: v for k, v in made.get("spread", {}).items() if k != rule}
        components.append(made)
    failed = set(row.get("failed_pools", []))
    pools = [
        {**pool, "max_instances": 0, "min_instances": 0}
        if pool["name"] in failed or pool["zone"] in row.get("failed_zones", [])
        else pool
        for pool in problem["pools"]
    ]
    return {**problem, "components": components, "pools": pools}


def optimum(world: World) -> Optimum | None:
    """By all commitments; None where a scenario has no plan. More machines than copies, and floors, are never used."""
    terms, rows = world.scenarios["commitments"], world.scenarios["scenarios"]
    weights = [Fraction(str(row["weight"])) for row in rows]
    documents = [scenario(world, row) for row in rows]
    ranges = []
    for term in terms:
        most = max(_most_used(document, term["pools"]) for document in documents)
        ranges.append(range(min(most, term.get("max_instances", most)) + 1))
    table: dict[tuple[int, ...], Fraction] = {}
    seen = [Fraction(10**30)] * len(rows)
    for machines in product(*ranges):
        paid = sum(round(term["price_per_hour"] * 10**6) * n for term, n in zip(terms, machines, strict=True))
        total = Fraction(0)
        for s, document in enumerate(documents):
            best = brute.cheapest(_committed(document, terms, machines))
            if best is None:
                return None
            total += weights[s] * best.account.cost
            seen[s] = min(seen[s], Fraction(paid + best.account.cost))
        table[machines] = paid + total / sum(weights)
    wait = sum((w * c for w, c in zip(weights, seen, strict=True)), Fraction(0)) / sum(weights)
    return Optimum(min(table.values()), table, wait)


def _most_used(document: Doc, pools: list[str]) -> int:
    reading = Reading(document)
    copies = sum(brute.most_copies(reading, name) for name in reading.components)
    rows = [pool for pool in document["pools"] if pool["name"] in pools]
    floored = [(copies + pool.get("min_instances", 0), pool.get("max_instances")) for pool in rows]
    return sum(most if limit is None else min(most, limit) for most, limit in floored)


def _committed(document: Doc, terms: list[Doc], machines: tuple[int, ...]) -> Doc:
    rows = [
        {"name": f"{term['name']}!", "pools": term["pools"], "instances": n}
        for term, n in zip(terms, machines, strict=True)
        if n
    ]
    return {**document, "commitments": [*document.get("commitments", []), *rows]} if rows else document
