"""Small running fleets with a plan: full machines whose copies change places, looser ones under many rules, and copies
spread over zones that move, grow and shrink.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import placement
from placement.documents import Problem
from placement.documents.plan import Plan
from placement.errors import DocumentError
from tests.transition.small_fleet import Copies, SmallFleet, copies_of

if TYPE_CHECKING:
    import random

    from tests.reading import Doc

ACCELERATORS = {"A": {"memory_gib": 80}}


class Case(NamedTuple):
    """The documents, as written and as read."""

    doc: Doc
    problem: Problem
    plan: Plan
    then: Copies
    planned: dict[str, str]


def shape(accelerators: int, price: int = 2) -> Doc:
    """A machine's type."""
    return {
        "accelerator": "A",
        "accelerator_count": accelerators,
        "vcpus": 8,
        "memory_gib": 64,
        "price_per_hour": price,
    }


def full_fleet(rng: random.Random) -> Case | None:
    """Machines full of copies that own their accelerators, and a plan in which they have changed places."""
    accelerators, machines = rng.choice(((1, 2), (1, 3), (2, 2)))
    spots = [(f"i-{m}", k) for m in range(machines) for k in range(accelerators)]
    names: list[str | None] = [f"c{rng.randrange(len(spots))}" for _ in spots]
    if rng.random() < 0.3:
        names[-1] = None
    if rng.random() < 0.3:
        spots.append(("i-empty", 0))
        names.append(None)
    after = rng.sample(names, len(names))
    doc: Doc = {"accelerators": ACCELERATORS, "instance_types": {"m": shape(accelerators)}}
    ids = sorted({machine for machine, _ in spots})
    doc["pools"] = [{"name": "p", "instance_type": "m", "zone": "a", "max_instances": len(ids) + (rng.random() < 0.3)}]
    if rng.random() < 0.4:
        doc["instance_types"]["n"] = shape(rng.choice((1, 2)), rng.choice((1, 3)))
        doc["pools"].append(
            {"name": "q", "instance_type": "n", "zone": rng.choice("ab"), "max_instances": rng.choice((0, 1, 2))}
        )
    doc["components"] = [
        {"name": name, "copies": names.count(name), "accelerator_memory_gib": 70} | _few_rules(rng)
        for name in sorted({name for name in names if name})
    ]
    doc["instances"] = [{"id": name, "pool": "p", "removable": rng.random() < 0.8} for name in ids]
    rows = [
        [
            {"component": name, "option": 0, "instance": machine, "accelerators": [k]}
            for name, (machine, k) in zip(order, spots, strict=True)
            if name
        ]
        for order in (names, after)
    ]
    doc["placements"] = rows[0]
    limit(doc, len(ids), rng)
    stays = {row["id"] for row in doc["instances"] if not row["removable"]}
    held = stays | {str(row["instance"]) for row in rows[1]}
    return _case(doc, rows[1], dict.fromkeys(sorted(held), "p"))


def emptied_fleet(rng: random.Random) -> Case | None:
    """Machines without copies that have to close before others may open, and copies that change places."""
    machines, coming = (
        [f"i-{k}" for k in range(rng.choice((2, 3)))],
        [f"q/new-{k}" for k in range(rng.choice((1, 1, 2)))],
    )
    empty = [f"e-{k}" for k in range(rng.choice((1, 1, 2)))]
    accelerators = rng.choice((1, 1, 2))
    spots = [(machine, k) for machine in machines for k in range(accelerators)]
    names: list[str | None] = [f"c{rng.randrange(3)}" for _ in spots]
    if rng.random() < 0.5:
        names[-1] = None
    then = spots + [(machine, k) for machine in coming for k in range(accelerators)]
    after = names + [None] * (len(then) - len(spots))
    rng.shuffle(after)
    doc: Doc = {"accelerators": ACCELERATORS, "instance_types": {"m": shape(accelerators)}}
    doc["pools"] = [
        {"name": name, "instance_type": "m", "zone": zone} for name, zone in (("p", "a"), ("q", rng.choice("ab")))
    ]
    doc["components"] = [_owner(name, names.count(name), rng) for name in sorted({name for name in names if name})]
    doc["instances"] = [{"id": machine, "pool": "p"} for machine in machines]
    doc["instances"] += [
        {"id": machine, "pool": "p", "state": rng.choice(("draining", "cordoned"))} for machine in empty
    ]
    most = len(machines) + max(len(empty), len(coming))
    doc["limits"] = [{"name": "team", "pools": ["p", "q"], "max_instances": most}]
    rows = [
        [_owned(name, machine, k) for name, (machine, k) in zip(here, where, strict=True) if name]
        for here, where in ((names, spots), (after, then))
    ]
    doc["placements"] = rows[0]
    return _case(doc, rows[1], dict.fromkeys(machines, "p") | dict.fromkeys(coming, "q"))


def _owner(name: str, copies: int, rng: random.Random) -> Doc:
    """A component that fills an accelerator, with a rule over zones now and then."""
    rules = rng.choice(({}, {}, {"spread": {"max_skew": 1}}, {"spread": {"min_zones": 2}}))
    return {"name": name, "copies": copies, "accelerator_memory_gib": 70, **rules}


def _owned(name: str, machine: str, accelerator: int) -> Doc:
    return {"component": name, "option": 0, "instance": machine, "accelerators": [accelerator]}


def _few_rules(rng: random.Random) -> Doc:
    if rng.random() < 0.7:
        return {}
    rules: tuple[Doc, ...] = (
        {"min_available_on_instance_loss": 1},
        {"spread": {"max_skew": 1}},
        {"spread": {"max_per_instance": 1}},
    )
    return rng.choice(rules)


def ruled_fleet(rng: random.Random) -> Case | None:
    """Copies dealt out at random twice, some of them shared and under rules; machines come, go and drain."""
    doc: Doc = {"accelerators": ACCELERATORS, "instance_types": {"m": shape(rng.choice((1, 2)))}}
    doc["pools"] = [{"name": "p", "instance_type": "m", "zone": "a"}]
    if rng.random() < 0.5:
        doc["instance_types"]["n"] = shape(rng.choice((1, 2)), rng.choice((1, 3)))
        doc["pools"].append({"name": "q", "instance_type": "n", "zone": rng.choice("ab")})
    doc["components"] = [_component(f"c{k}", rng) for k in range(rng.randint(2, 3))]
    now = {f"i-{k}": rng.choice(doc["pools"])["name"] for k in range(rng.randint(2, 3))}
    after = {name: pool for name, pool in now.items() if rng.random() < 0.75}
    for number in range(rng.randint(0, 2)):
        pool = rng.choice(doc["pools"])["name"]
        after[f"{pool}/new-{number + 1}"] = pool
    doc["instances"] = [{"id": name, "pool": pool} for name, pool in now.items()]
    before, then = dealt(doc, now, rng), dealt(doc, after, rng)
    if before is None or then is None:
        return None
    doc["placements"] = before
    listed = {name: pool for name, pool in after.items() if any(row["instance"] == name for row in then)}
    for row in doc["instances"]:
        if row["id"] not in listed and rng.random() < 0.2:
            row |= {"state": "draining", "removable": rng.random() < 0.7}
        elif row["id"] in listed and rng.random() < 0.2:
            row |= rng.choice(({"removable": False}, {"state": "cordoned"}))
    counts = [Counter(pools.values()) for pools in (now, listed)]
    for row in doc["pools"]:
        if rng.random() < 0.75:
            row["max_instances"] = max(count[row["name"]] for count in counts) + (rng.random() < 0.3)
    limit(doc, max(len(now), len(listed)), rng)
    return _case(doc, then, listed)


def zoned_fleet(rng: random.Random) -> Case | None:
    """Copies under rules over two or three zones that grow, shrink, or move on full machines; perhaps others beside."""
    zones = rng.choice(("ab", "abc", "abc"))
    doc: Doc = {"accelerators": ACCELERATORS, "instance_types": {"m": shape(rng.choice((1, 2, 3)))}}
    doc["pools"] = [{"name": zone, "instance_type": "m", "zone": zone} for zone in zones]
    rules: tuple[Doc, ...] = ({"max_skew": 1}, {"max_skew": 1}, {"max_skew": 2}, {"min_zones": 2}, {"min_zones": 3})
    machines = {f"i-{k}": zone for k, zone in enumerate([*zones, *rng.choices(zones, k=rng.randint(0, 2))])}
    room = len(machines) * int(doc["instance_types"]["m"]["accelerator_count"])
    names = ["c0", *(["c1"] if rng.random() < 0.5 else [])]
    doc["components"] = [
        {"name": name, "copies": 0, "accelerator_memory_gib": 70}
        | ({"spread": rng.choice(rules)} if name == "c0" or rng.random() < 0.4 else {})
        for name in names
    ]
    grows = rng.random() < 0.6
    few, many = (rng.randint(1, 2), rng.randint(3, 6)) if grows else [min(room - len(names) + 1, rng.randint(2, 4))] * 2
    counts = rng.sample((few, many), 2)
    for _ in range(30):
        rows: list[list[Doc] | None] = []
        for count in counts:
            for row in doc["components"]:
                row["copies"] = count if row["name"] == "c0" else 1
            rows.append(dealt(doc, machines, rng))
        if rows[0] is None or rows[1] is None:
            continue
        doc["instances"] = [{"id": name, "pool": pool, "removable": False} for name, pool in machines.items()]
        doc["placements"] = rows[0]
        case = _case(doc, rows[1], machines)
        if case is not None:
            return case
    return None


def _component(name: str, rng: random.Random) -> Doc:
    row: Doc = {"name": name, "copies": rng.randint(1, 2)}
    row |= rng.choice(
        ({"accelerator_memory_gib": 70}, *({"accelerator_memory_gib": gib, "shared": True} for gib in (30, 40, 50)))
    )
    rules: tuple[Doc, ...] = (
        {"vcpus": rng.choice((2, 4))},
        {"accelerators": 2},
        {"spread": rng.choice(({"max_per_instance": 1}, {"max_skew": 1}, {"min_zones": 2}, {"max_per_zone": 2}))},
        {"min_available_on_instance_loss": 1},
        {"min_available_on_zone_loss": 1},
        {"dedicated": True},
        {"avoid": ["c0"]} if name != "c0" else {},
    )
    for rule in rules:
        if rng.random() < 0.13:
            row |= rule
    return row


def dealt(doc: Doc, machines: dict[str, str], rng: random.Random) -> list[Doc] | None:
    """Rows of all copies on these machines, one after the other where it fits; None where one does not."""
    fleet = SmallFleet(doc | {"instances": [], "placements": []}, Counter(), machines)
    names = [row["name"] for row in doc["components"] for _ in range(row["copies"])]
    for _ in range(20):
        copies: Copies = Counter()
        for name in rng.sample(names, len(names)):
            fitting = [copy for copy in fleet.places(name, machines) if fleet.fits(copies, copy)]
            if not fitting:
                break
            copies[rng.choice(fitting)] += 1
        if copies.total() == len(names):
            return [
                {"component": c.component, "option": c.option, "instance": c.machine, "accelerators": [*c.accelerators]}
                for c in copies.elements()
            ]
    return None


def limit(doc: Doc, machines: int, rng: random.Random) -> None:
    """Now and then at most so many machines of all pools together, or one more."""
    if rng.random() < 0.3:
        pools = [row["name"] for row in doc["pools"]]
        doc["limits"] = [{"name": "team", "pools": pools, "max_instances": machines + (rng.random() < 0.5)}]


def _case(doc: Doc, then: list[Doc], planned: dict[str, str]) -> Case | None:
    """Read what was drawn; None where it is no problem, or the plan breaks a rule."""
    running = {row["id"] for row in doc["instances"]}
    listed = [{"id": name, "pool": pool, "new": name not in running} for name, pool in planned.items()]
    try:
        problem, plan = Problem(**doc), Plan(instances=listed, assignments=then)
    except DocumentError:
        return None
    return Case(doc, problem, plan, copies_of(then), planned) if placement.verify(problem, plan).ok else None
