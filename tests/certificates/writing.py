"""Certificates for tests: written from prices of the pattern bound, or drawn at random, without the builder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from placement.patterns.certificate import FINE, UNIT, Prices
from placement.patterns.formulation import volumes

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from placement.compiled.fleet import Fleet
    from placement.patterns.formulation import DeviceClass, Relaxation
    from tests.brute import Best

Doc = dict[str, Any]
RESOURCES = ("accelerator_memory", "accelerator_share", "vcpus", "memory")


def certificate(problem: Doc, prices: list[Doc], nodes: list[Doc], claim: Doc, within: Doc) -> Doc:
    """A document around prices and nodes."""
    top = {"format": "placement-certificate/v1", "problem": problem.get("name", ""), "claim": claim, "unit": UNIT}
    return {**top, "within": within, "prices": prices, "nodes": nodes}


def prices_of(relaxation: Relaxation, prices: Prices, groups: tuple[tuple[int, ...], ...] = ()) -> Doc:
    """Prices of the package as they are written in a certificate."""
    fleet = relaxation.fleet
    names = [pool.name for pool in fleet.pools]
    classes = [class_of(relaxation, device_class, prices) for device_class in relaxation.device_classes]
    return {
        "machines": [[[names[p] for p in group], g] for group, g in zip(groups, prices.group, strict=False)],
        "accelerators": classes,
        "volumes": [[names[p], RESOURCES[r], price] for (p, r), price in prices.volume.items()],
        "per_instance": [[fleet.components[c].name, names[p], price] for (c, p), price in prices.on_one.items()],
        "elsewhere": [[fleet.components[c].name, names[p], price] for (c, p), price in prices.elsewhere.items()],
        "copies": [[copies_of(relaxation, s), price] for s, price in prices.aggregates.items()],
        "optional": {str(level): price for level, price in zip(fleet.levels, prices.level, strict=True)},
    }


def class_of(relaxation: Relaxation, device_class: DeviceClass, prices: Prices) -> Doc:
    """The prices of one device class of accelerators, on the grid of its knapsack."""
    copies = [
        [
            list(item.need),
            *([] if item.component is None else [relaxation.fleet.components[item.component].name]),
            price * FINE,
        ]
        for item, price in zip(device_class.items, prices.coverage[device_class.index], strict=True)
    ]
    return {
        "pools": [relaxation.fleet.pools[p].name for p in device_class.pools],
        "own": prices.capacity[device_class.index] * FINE,
        "copies": copies,
        "grid": [
            [d, u.numerator, u.denominator]
            for d, u in zip(device_class.grid.dimensions, device_class.grid.units, strict=True)
        ],
    }


def copies_of(relaxation: Relaxation, s: int) -> Doc:
    """A sum of the relaxation as a set of copies."""
    modes = [relaxation.modes[w] for w in relaxation.aggregates[s]]
    names = [relaxation.fleet.pools[mode.pool].name for mode in modes]
    component = relaxation.fleet.components[modes[0].component].name
    return {"component": component, "option": modes[0].option, "pools": names}


def random_prices(rng: random.Random, relaxation: Relaxation, groups: tuple[tuple[int, ...], ...]) -> Prices:
    """Any prices: mostly of the order of what machines cost, some absent, some absurd."""
    fleet: Fleet = relaxation.fleet
    dearest = max((pool.price for pool in fleet.pools), default=0) * UNIT + 1

    def some(parts: int, *, signed: bool = False) -> int:
        if rng.random() < 0.35:
            return 0
        price = rng.randint(0, max(1, dearest // max(1, parts) * rng.choice((1, 1, 1, 2, 10**6))))
        return -price if signed and rng.random() < 0.5 else price

    eager = rng.random() < 0.5  # about items alone, which binds more often
    coverage = []
    for device_class in relaxation.device_classes:
        wanted = {
            mode.item
            for mode in relaxation.modes
            if mode.device_class == device_class.index and fleet.components[mode.component].demand
        }
        devices = relaxation.devices(device_class.pools[0])
        coverage.append(
            [
                some(devices * FINE * rng.choice((1, 2, 4)), signed=i not in wanted and rng.random() < 0.1)
                for i in range(len(device_class.items))
            ]
        )
    prices = Prices(
        coverage,
        [
            some(relaxation.devices(device_class.pools[0]) * FINE) if rng.random() < 0.5 else 0
            for device_class in relaxation.device_classes
        ],
    )
    prices.level = [some(3) for _ in fleet.levels]
    if not eager:
        for pool in fleet.pools:
            for r, have in enumerate(volumes(fleet, pool.index)):
                if rng.random() < 0.3:
                    prices.volume[pool.index, r] = some(max(1, have))
        prices.on_one = {key: some(most) for key, most in relaxation.on_one.items()}
        outlived = {(mode.component, mode.pool) for mode in relaxation.modes if mode.component in relaxation.elsewhere}
        prices.elsewhere = {key: some(4) for key in sorted(outlived)}
    prices.group = [some(2, signed=True) if rng.random() < 0.5 else 0 for _ in groups]
    prices.aggregates = {s: some(4, signed=True) for s in range(len(relaxation.aggregates)) if rng.random() < 0.3}
    return prices


def random_clique(rng: random.Random, problem: Doc) -> Doc:
    """Prices of machines of some components that never share one, as the document says it."""
    components = rng.sample(problem["components"], len(problem["components"]))
    chosen: list[Doc] = []
    for one in components:
        if all(_apart(one, other) for other in chosen):
            chosen.append(one)
    dearest = max(row["price_per_hour"] for row in problem["instance_types"].values()) * 1e6 * UNIT
    return {"clique": [[row["name"], rng.randint(0, int(dearest * rng.choice((1, 1, 2))))] for row in chosen]}


def _apart(a: Doc, b: Doc) -> bool:
    called = [{row["name"], *(f"group:{label}" for label in row.get("groups", []))} for row in (a, b)]
    avoids = set(a.get("avoid", [])) & called[1] or set(b.get("avoid", [])) & called[0]
    return bool(a.get("dedicated") or b.get("dedicated") or avoids)


def withins(fleet: Fleet, best: Best | None) -> Iterator[tuple[tuple[int, ...] | None, Doc]]:
    """No limits on what is left out, and those of the optimum."""
    yield None, {}
    if best is not None and fleet.levels:
        given = tuple(best.left_out.get(level, 0) for level in fleet.levels)
        yield given, {str(level): n for level, n in zip(fleet.levels, given, strict=True)}


def random_tree(rng: random.Random, document: Doc, patterns: list[int], rewards: Doc | None = None) -> list[Doc]:
    """A tree of random splits, whose leaves use random prices with random factors, or claim anything else.

    Of three prices those of `patterns` know what runs. With `rewards`, by component, all leaves are of what runs.
    """
    pools = [row["name"] for row in document["pools"]]
    nodes: list[Doc] = [{}]
    todo = [0]
    while todo:
        k = todo.pop()
        if len(nodes) < 9 and rng.random() < 0.7:
            some = rng.sample(pools, rng.randint(1, len(pools)))
            c = rng.choice(document["components"])
            option = rng.randrange(len(c.get("options", [0])))
            of_copies = {"copies": {"component": c["name"], "option": option, "pools": some}}
            split: Doc = rng.choice(({"machines": some}, {"machines": some}, of_copies))
            children = [len(nodes), len(nodes) + 1]
            nodes += [{}, {}]
            rng.shuffle(children)
            nodes[k] = {"split": split, "at_most": rng.randint(0, 3), "below": children[0], "above": children[1]}
            todo += children
        else:
            use = [[rng.randrange(3), rng.randint(1, 5), rng.randint(1, 4)] for _ in range(rng.randint(0, 2))]
            name = rng.choice(document["components"])["name"]
            leaves: list[Doc] = [{"leaf": "prices", "use": use}] * 3
            leaves += [{"leaf": "prices", "use": use, "infeasible": True}, {"leaf": "empty"}]
            leaves += [{"leaf": "counting", "component": name}, {"leaf": "running", "prices": rng.choice(patterns)}]
            nodes[k] = rng.choice(leaves)
            if rewards is not None:
                parts = ((name, most * rng.choice((0, rng.random(), 1))) for name, most in rewards.items())
                named = [[name, math.floor(reward)] for name, reward in parts]
                nodes[k] = {"leaf": "running", "prices": rng.choice(patterns), "rewards": named}
    return nodes


def rules_of(rng: random.Random, document: Doc, dollar: int) -> Doc:
    """Prices of rules, and of moves where they are limited."""
    rules: Doc = {"prices": prices_of_rules(rng, document, dollar)}
    if rng.random() < 0.5 and "max_moves" in document.get("objective", {}):
        rules["move"] = rng.randint(0, dollar)
    return rules


def prices_of_rules(rng: random.Random, document: Doc, dollar: int) -> list[list[Any]]:
    """Any price for some of the commitments, and for some of the limits."""
    found: list[list[Any]] = []
    for row in document.get("commitments", []):
        most = dollar if "instances" in row else 7
        if rng.random() < 0.5:
            found.append([row["name"], rng.randint(0, most), 1 if "instances" in row else 7])
    for row in document.get("limits", []):
        found += [
            [row["name"], key, rng.randint(0, dollar), rng.choice((1, 3, 1000))]
            for key in row
            if key.startswith("max_") and rng.random() < 0.5
        ]
    return found
