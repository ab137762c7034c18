"""Rollouts of small fleets against trying everything: the fewest extra machines, and that there is none."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from placement.documents import Option, Problem
from placement.rollout import BatchSize, plan_rollout
from placement.rollout.batch_size import legal
from tests.corpus import seeds
from tests.rollout.every_rollout import EveryRollout
from tests.transition.every_fleet import ACCELERATORS, dealt, limit, shape
from tests.transition.small_fleet import SmallFleet

if TYPE_CHECKING:
    from tests.reading import Doc


class Wish(NamedTuple):
    """A fleet, the new options of `chat`, copies of one batch if that is asked for, and the most extra machines."""

    doc: Doc
    new: list[Doc]
    batch: int | None
    most: int


def drawn(rng: random.Random) -> Wish | None:
    """Copies of `chat`, perhaps others beside them, on machines of which some drain or must stay."""
    types = {"m": shape(rng.choice((1, 2))), "n": shape(rng.choice((1, 2)), rng.choice((1, 3))) | {"accelerator": "B"}}
    pools: list[Doc] = [{"name": "p", "instance_type": "m", "zone": "a"}]
    if rng.random() < 0.6:
        pools.append({"name": "q", "instance_type": "n", "zone": rng.choice("ab")})
    copies = rng.randint(2, 4)
    chat: Doc = {"name": "chat", "copies": copies, "options": [_option(rng) for _ in range(rng.choice((1, 1, 2)))]}
    chat |= _rules(copies, rng)
    components = [chat]
    if rng.random() < 0.5:
        other: Doc = {"name": "other", "copies": rng.randint(1, 2), "accelerator_memory_gib": 40, "shared": True}
        components.append(other | ({"avoid": ["chat"]} if rng.random() < 0.15 else {}))
    doc: Doc = {"accelerators": ACCELERATORS | {"B": {"memory_gib": 80}}, "components": components, "pools": pools}
    doc["instance_types"] = {row["instance_type"]: types[row["instance_type"]] for row in pools}
    machines = {f"i-{k}": rng.choice(pools)["name"] for k in range(rng.randint(2, 4))}
    placements = dealt(doc, machines, rng)
    if placements is None:
        return None
    doc["placements"] = placements
    doc["instances"] = [
        {"id": name, "pool": pool, "state": rng.choice((*["active"] * 9, "cordoned", "draining"))}
        | {"removable": rng.random() < 0.85}
        for name, pool in machines.items()
    ]
    count = Counter(machines.values())
    for row in pools:
        if rng.random() < 0.7:
            row["max_instances"] = count[row["name"]] + rng.choice((0, 0, 1, 2))
    limit(doc, len(machines), rng)
    new = [_option(rng) for _ in range(rng.choice((1, 1, 2)))] if rng.random() < 0.7 else [dict(chat["options"][0])]
    return Wish(doc, new, rng.choice((None, 1)), rng.choice((0, 1, 100, 100)))


def _option(rng: random.Random) -> Doc:
    row: Doc = {"accelerator_memory_gib": rng.choice((30, 40, 50)), "shared": True}
    if rng.random() < 0.3:
        row = {"accelerator_memory_gib": 70}
    more: tuple[Doc, ...] = ({"accelerators": 2}, {"vcpus": rng.choice((2, 4))}, {"on": [rng.choice("AB")]})
    for keys in more:
        if rng.random() < 0.2:
            row |= keys
    return row


def _rules(copies: int, rng: random.Random) -> Doc:
    if rng.random() < 0.5:
        return {}
    rules: tuple[Doc, ...] = (
        {"spread": {"max_per_instance": rng.choice((1, 2))}},
        {"spread": {"max_skew": rng.choice((1, 2))}},
        {"spread": {"min_zones": 2}},
        {"min_available_on_instance_loss": rng.randint(1, copies - 1)},
        {"min_available_on_zone_loss": 1},
    )
    return rng.choice(rules)


def fewest_extra(wish: Wish) -> int | None:
    """Machines beyond as many as before at once, with batches of any legal size; None where there is no rollout."""
    row = wish.doc["components"][0]
    both = row | {"options": [*row["options"], *wish.new]}
    doc = wish.doc | {"components": [both, *wish.doc["components"][1:]]}
    fleet = SmallFleet(doc, SmallFleet(doc, Counter()).now)
    every = EveryRollout(fleet, "chat", len(row["options"]))
    sizes = legal(row["copies"]) if wish.batch is None else (wish.batch,)
    for extra in range(min(wish.most, row["copies"]) + 1):
        if any(every.exists(size, extra) for size in sizes):
            return extra
    return None


@seeds(range(600), 15)
def test_the_fewest_extra_machines_are_those_of_trying_everything(seeds: range) -> None:
    """What is called optimal is, what is called infeasible has no rollout; by the program alone every second time."""
    seen: Counter[Any] = Counter()
    for seed in seeds:
        wish = drawn(random.Random(seed))
        if wish is None:
            continue
        try:
            fewest = fewest_extra(wish)
        except OverflowError:
            continue
        batch = None if wish.batch is None else BatchSize(wish.batch)
        options = [Option(**row) for row in wish.new]
        found = plan_rollout(
            Problem(**wish.doc), "chat", options, batch=batch, extra_instances=wish.most, attempts=3 * (seed % 2)
        )

        seen[found.status] += 1
        if found.rolling is not None:
            assert fewest is not None, seed
            assert found.rolling.instances >= fewest, seed
            assert found.rolling.instances == fewest or found.status != "optimal", seed
            seen["extra"] += fewest > 0
            seen["closes early"] += any(s.action == "close" and s.batch != found.batches for s in found.steps)
        else:
            assert found.status == "unknown" or fewest is None, seed

    assert seen["optimal"] > len(seeds) // 4
    assert seen["infeasible"] > len(seeds) // 20
    assert seen["extra"] > len(seeds) // 30
    assert seen["closes early"] > len(seeds) // 60
