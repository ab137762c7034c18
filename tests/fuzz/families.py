"""Families of random small problems, each made to hurt in one way; a second way is mixed in by chance.

Problem k of a seed is the same whenever it is asked for, and alone: every throw comes from a generator seeded with
seed, index and purpose. Plain `random.Random`, since speed decides how many problems a campaign sees.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.reading import Doc, Reading, raw_options
from tests.strategies import random_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Twist = Callable[["Draw", Doc], None]

ZONES = ("a", "b", "c", "d")
DEVICE_GIB = (16, 22.5, 24, 40, 79.6, 80)
PRICES = (1, 2.5, 0.7, 3, 5.67, 6, 9.99, 0.333333, 25.25)
ODD_PRICES = (0.000001, 0.1, 0.30000000000000004, 1e-7, 0.0000015, 1 / 3, 999_999.999999, 12.3456785)
HORIZONS = (1, 1, 24, 0.5, 730, 0.333333)
MOST_COPIES = 1_000
SERVES = (1, 2.5, 0.1, 0.7, 3, 40, 101)


class Draw(random.Random):
    """A generator with the words that families are written in."""

    def chance(self, percent: float) -> bool:
        """True so often of a hundred times."""
        return self.random() * 100 < percent

    def some(self, values: Sequence[Any], least: int = 1) -> list[Any]:
        """At least so many of the values, in any order."""
        return self.sample(values, self.randint(min(least, len(values)), len(values)))


def problem_of(seed: int, index: int, only: str = "") -> tuple[str, Doc]:
    """Name of the family and document of one problem of a seed; `only` chooses the family."""
    family = only or Draw(f"{seed}:{index}:family").choices(list(FAMILIES), weights=list(WEIGHTS.values()))[0]
    return family, make_problem(family, Draw(f"{seed}:{index}:{family}"))


def make_problem(family: str, draw: Draw) -> Doc:
    """A problem of a family: a tight or a loose base, the family's own twist, and perhaps another one."""
    doc = BASES.get(family, base)(draw)
    others = [name for name in TWISTS if name != family]
    while draw.chance(10 if family in ("bins", "hard-bins", "same") else 45):
        TWISTS[draw.choice(others)](draw, doc)
    if family in TWISTS:
        TWISTS[family](draw, doc)
    for component in doc["components"]:  # small problems: no demand that the slowest option serves by a million copies
        for option in raw_options(component) if "demand" in component else ():
            option["throughput"] = max(option["throughput"], component["demand"] / MOST_COPIES)
    doc["name"] = family
    return doc


# --- bases


def base(draw: Draw) -> Doc:
    """Cut from a hidden plan that fits to the unit, or put together without one."""
    if draw.chance(40):
        return random_problem(draw, max_copies=draw.choice((4, 6, 8)), max_components=draw.choice((2, 3, 5)))
    return loose(draw)


def loose(draw: Draw, *, copies: int = 8, types: Sequence[str] = ("s1", "s4", "l2", "l4", "cpu")) -> Doc:
    """A few machines of a few types, components whose needs are round parts of an accelerator, and what runs."""
    doc: Doc = {"format": "placement/v1", "name": "loose"}
    doc["accelerators"] = {
        "S": {"memory_gib": draw.choice(DEVICE_GIB[:3])},
        "L": {"memory_gib": draw.choice(DEVICE_GIB[3:])},
    }
    shapes = {"s1": ("S", 1, 8, 32), "s4": ("S", 4, 48, 192), "l2": ("L", 2, 24, 256), "l4": ("L", 4, 24, 256)}
    doc["instance_types"] = {}
    for name in draw.some(types)[:3]:
        kind: Doc = {"vcpus": 16, "memory_gib": 64, "price_per_hour": draw.choice(PRICES)}
        if name in shapes:
            accelerator, count, vcpus, memory = shapes[name]
            kind |= {"accelerator": accelerator, "accelerator_count": count, "vcpus": vcpus, "memory_gib": memory}
        if draw.chance(20):
            kind["reserved"] = {"vcpus": 2.5, "memory_gib": draw.choice((0, 4)), "accelerator_memory_gib": 0.6}
        doc["instance_types"][name] = kind
    zones = ZONES[: draw.choice((1, 1, 2, 3))]
    doc["pools"] = []
    for name in doc["instance_types"]:
        for zone in draw.some(zones)[:2]:
            pool: Doc = {"name": f"{name}-{zone}", "instance_type": name, "zone": zone}
            if draw.chance(30):
                pool["max_instances"] = draw.choice((1, 1, 2, 3, 4))
            if draw.chance(15):
                pool["price_per_hour"] = draw.choice(PRICES)
            doc["pools"].append(pool)
    left = draw.randint(1, copies)
    doc["components"] = []
    for c in range(draw.randint(1, 4)):
        wanted = min(left, draw.choice((1, 1, 2, 3, 4)))
        left -= wanted
        component: Doc = {"name": f"m{c}", "copies": wanted}
        options = [draw_option(draw, doc) for _ in range(draw.choice((1, 1, 1, 2, 3)))]
        if len(options) > 1 or draw.chance(30):
            component["options"] = options
        else:
            component |= options[0]
        doc["components"].append(component)
    if draw.chance(40):
        add_state(draw, doc)
    if draw.chance(60):
        doc["objective"] = {"horizon_hours": draw.choice(HORIZONS), "move_cost": draw.choice((0, 0.01, 0.5, 2, 40))}
    return doc


def draw_option(draw: Draw, doc: Doc) -> Doc:
    """One way to run a copy."""
    option: Doc = {"accelerators": draw.choice((1, 1, 1, 1, 2, 2, 4, 0))}
    if option["accelerators"]:
        gib = draw.choice([row["memory_gib"] for row in doc["accelerators"].values()])
        part = draw.choice((1, 1, 2, 2, 3, 4, 8))
        option["accelerator_memory_gib"] = draw.choice((gib / part, gib / part, 5, 10.1, 20, 38))
        if draw.chance(60):
            option["shared"] = True
            if draw.chance(40):
                option["accelerator_share"] = draw.choice((0.1, 0.25, 0.333, 0.334, 0.5, 0.501, 1))
        if draw.chance(12):
            option["on"] = draw.some(list(doc["accelerators"]))
    if draw.chance(30):
        option["vcpus"] = draw.choice((0.5, 1, 2, 4, 7.5, 16))
    if draw.chance(30):
        option["memory_gib"] = draw.choice((4, 24, 30, 64))
    if draw.chance(8):
        option["instance_types"] = draw.some(list(doc["instance_types"]))
    return option


def add_state(draw: Draw, doc: Doc, *, machines: int = 3, copies: int = 5) -> None:
    """Machines that run and copies on them, in whatever state; what stands there need keep no rule."""
    doc.setdefault("instances", [])
    doc.setdefault("placements", [])
    for _ in range(draw.randint(1, machines)):
        add_instance(draw, doc)
    for _ in range(draw.randint(0, copies)):
        add_placement(draw, doc)


def add_instance(draw: Draw, doc: Doc) -> None:
    """One more machine that runs."""
    row: Doc = {"id": f"n{len(doc['instances'])}", "pool": draw.choice(doc["pools"])["name"]}
    if draw.chance(25):
        row["state"] = draw.choice(("cordoned", "draining"))
    if draw.chance(12):
        row["removable"] = False
    doc["instances"].append(row)


def add_placement(draw: Draw, doc: Doc) -> None:
    """One more copy that runs."""
    if not doc["instances"] or not doc["components"]:
        return
    instance, component = draw.choice(doc["instances"]), draw.choice(doc["components"])
    options = raw_options(component)
    o = draw.randrange(len(options))
    row: Doc = {"component": component["name"], "instance": instance["id"]}
    if o:
        row["option"] = o
    devices = range(devices_of(doc, instance))
    if draw.chance(65):
        width = options[o].get("accelerators", 1)
        row["accelerators"] = sorted(draw.sample(devices, min(width, len(devices))))
    if draw.chance(8) and instance.get("state") != "draining":
        row["pinned"] = True
    doc["placements"].append(row)


def devices_of(doc: Doc, instance: Doc) -> int:
    """Accelerators of a machine that runs."""
    pool = next(pool for pool in doc["pools"] if pool["name"] == instance["pool"])
    return int(doc["instance_types"][pool["instance_type"]].get("accelerator_count", 0))


def every_option(doc: Doc) -> list[Doc]:
    """The options of all components, to be changed in place."""
    return [option for component in doc["components"] for option in raw_options(component)]


# --- twists


def all_drain(draw: Draw, doc: Doc) -> None:
    """Every machine that runs must be left, whatever its copies cost to move."""
    if not doc.get("instances"):
        add_state(draw, doc)
    for _ in range(2 - len(doc["placements"])):
        add_placement(draw, doc)
    for row in doc["instances"]:
        row["state"] = "draining"
    for row in doc["placements"]:
        row.pop("pinned", None)
    doc["objective"] = {"horizon_hours": draw.choice(HORIZONS), "move_cost": draw.choice((0.01, 2, 2, 40))}


def held(draw: Draw, doc: Doc) -> None:
    """Cordoned machines, machines that must stay, pinned copies, more copies than are wanted."""
    add_state(draw, doc)
    for row in doc["instances"]:
        if draw.chance(40):
            row["state"] = draw.choice(("cordoned", "cordoned", "draining", "active"))
        if draw.chance(30):
            row["removable"] = False
    states = {row["id"]: row.get("state") for row in doc["instances"]}
    for row in doc["placements"]:
        if states[row["instance"]] == "draining":
            row.pop("pinned", None)
        elif draw.chance(30):
            row["pinned"] = True


def moves(draw: Draw, doc: Doc) -> None:
    """Moves free, cheap, dear; different for each component; a horizon that makes them so."""
    if not doc.get("placements"):
        add_state(draw, doc)
    doc["objective"] = {
        "horizon_hours": draw.choice((*HORIZONS, 8760, 0.000001, 0)),
        "move_cost": draw.choice((0, 0.000001, 0.01, 1, 1, 50, 1e6)),
    }
    for component in doc["components"]:
        if draw.chance(35):
            component["move_cost"] = draw.choice((0, 0.05, 1, 3, 0.333333, 1e-7, 100))


def bare(draw: Draw, doc: Doc) -> None:
    """Options without memory, without share, shared with neither; some without an accelerator."""
    for option in every_option(doc):
        if draw.chance(50):
            option.pop("accelerator_memory_gib", None)
        if draw.chance(15):
            option["accelerator_memory_gib"] = 0
        if draw.chance(50):
            option.pop("accelerator_share", None)
        if draw.chance(50):
            option["shared"] = True
        if draw.chance(15):
            option["accelerators"] = 0


def hosts(draw: Draw, doc: Doc) -> None:
    """Copies that touch no accelerator beside those that do, bound by vCPU or host memory; machines without any."""
    if "cpu" not in doc["instance_types"] and draw.chance(60):
        doc["instance_types"]["cpu"] = {"vcpus": 8, "memory_gib": 32, "price_per_hour": draw.choice(PRICES)}
        doc["pools"].append({"name": "cpu-x", "instance_type": "cpu", "zone": draw.choice(doc["pools"])["zone"]})
    for option in every_option(doc):
        if draw.chance(40):
            option["accelerators"] = 0
        if draw.chance(60):
            option["vcpus"] = draw.choice((0.001, 0.5, 2, 3.9, 4, 8))
        if draw.chance(40):
            option["memory_gib"] = draw.choice((0.001, 8, 15.9, 16, 32))


def prices(draw: Draw, doc: Doc) -> None:
    """Machines that cost nothing, next to nothing, an odd number of micro-dollars, or a fortune."""
    for pool in doc["pools"]:
        if draw.chance(50):
            pool["price_per_hour"] = draw.choice((0, 0, *ODD_PRICES, *PRICES))
    for kind in doc["instance_types"].values():
        if draw.chance(40):
            kind["price_per_hour"] = draw.choice((0, *ODD_PRICES))


def reserved(draw: Draw, doc: Doc) -> None:
    """Memory taken off, to the last MiB, to nothing, and beyond."""
    for kind in doc["instance_types"].values():
        row: Doc = {"vcpus": draw.choice((0, 1, 2.5)), "memory_gib": draw.choice((0, 2, 0.3, kind["memory_gib"]))}
        row["vcpus"] = min(row["vcpus"], kind["vcpus"])
        row["memory_gib"] = min(row["memory_gib"], kind["memory_gib"])
        if kind.get("accelerator"):
            gib = doc["accelerators"][kind["accelerator"]]["memory_gib"]
            row["accelerator_memory_gib"] = draw.choice((0, 0.6, 1, 1 / 1024, gib / 2, gib, gib - 1 / 1024, gib + 1))
        if draw.chance(70):
            kind["reserved"] = row


def demand(draw: Draw, doc: Doc) -> None:
    """So much to serve in place of so many copies, to the hair, with floors."""
    for component in doc["components"]:
        if draw.chance(70):
            for option in raw_options(component):
                option["throughput"] = draw.choice(SERVES)
            least = min(option["throughput"] for option in raw_options(component))
            most = max(option["throughput"] for option in raw_options(component))
            copies = component.pop("copies", 1)
            for key in ("min_copies", "priority"):
                component.pop(key, None)
            times = draw.choice((least, most, least * max(1, min(copies, 3)), min(most, 4 * least)))
            hairs = (times * (1 + 1e-10), times * (1 + 0.8e-9), times / (1 - 0.9e-9), 1e-9, 1e-12)
            component["demand"] = draw.choice((times, times, times + 0.01, times * 0.999999, times / 2, *hairs))
            if draw.chance(35):
                component["min_copies"] = draw.choice((0, 1, 2, 3))


def levels(draw: Draw, doc: Doc) -> None:
    """Optional copies by priority, on little room."""
    for component in doc["components"]:
        if "copies" in component and draw.chance(75):
            component["copies"] = min(4, component["copies"] + draw.choice((0, 1, 1, 2)))
            component["min_copies"] = draw.choice((0, 0, component["copies"] // 2, component["copies"]))
            if draw.chance(60):
                component["priority"] = draw.choice((0, 1, -3, 7))
    for pool in doc["pools"]:
        if draw.chance(50):
            pool["max_instances"] = max(pool.get("min_instances", 0), draw.choice((0, 1, 1, 2)))


def avoid(draw: Draw, doc: Doc) -> None:
    """Components that keep apart: cliques, groups, pairs named from one side only; some stand alone."""
    names = [component["name"] for component in doc["components"]]
    how = draw.choice(("clique", "groups", "pairs", "star"))
    for c, component in enumerate(doc["components"]):
        others = names[c + 1 :] if how == "clique" else [name for name in names if name != component["name"]]
        if how in ("clique", "star") and (how == "clique" or c == 0):
            component["avoid"] = others
        elif how == "pairs" and others and draw.chance(50):
            component["avoid"] = [draw.choice(others)]
        if how == "groups":
            component["groups"] = draw.some(("g", "h"))
    if how == "groups":
        labels = sorted({label for component in doc["components"] for label in component["groups"]})
        for component in doc["components"]:
            component["avoid"] = [f"group:{draw.choice(labels)}"] if draw.chance(70) else []
    else:  # labels may be gone that others name
        for component in doc["components"]:
            component["avoid"] = [e for e in component.get("avoid", []) if not e.startswith("group:")]
    if draw.chance(35) and doc["components"]:
        draw.choice(doc["components"])["dedicated"] = True


def caps(draw: Draw, doc: Doc) -> None:
    """At most one on a machine or in a zone; a skew of one; copies that outlive a zone."""
    for component in doc["components"]:
        spread: Doc = component.get("spread", {})
        if draw.chance(50):
            spread["max_per_instance"] = draw.choice((1, 1, 2))
        if draw.chance(25):
            spread["max_per_zone"] = draw.choice((1, 1, 2, 3))
        if draw.chance(25):
            spread["max_skew"] = draw.choice((1, 1, 2))
        if draw.chance(25):
            spread["min_zones"] = draw.choice((1, 2, 3))
        if draw.chance(20):
            component["min_available_on_zone_loss"] = draw.choice((1, 1, 2))
        if spread:
            component["spread"] = spread


def zones(draw: Draw, doc: Doc) -> None:
    """One zone, or each pool in one of four; components that may use some of them."""
    names = ("a",) if draw.chance(25) else ZONES
    for pool in doc["pools"]:
        pool["zone"] = draw.choice(names)
    if len(names) > 1 and len(doc["pools"]) < 5:
        for pool in list(doc["pools"])[:2]:
            zone = draw.choice([zone for zone in names if zone != pool["zone"]])
            name = f"{pool['name']}-{len(doc['pools'])}"
            doc["pools"].append({**pool, "name": name, "zone": zone, "min_instances": 0})
    for component in doc["components"]:
        component.pop("zones", None)
        if draw.chance(25):
            component["zones"] = draw.some(names)
        if draw.chance(30):
            component["spread"] = component.get("spread", {}) | draw.choice(
                ({"max_skew": 1}, {"min_zones": 2}, {"min_zones": 3}, {"max_per_zone": 1}, {"max_skew": 2})
            )
        if draw.chance(15):
            component["min_available_on_zone_loss"] = draw.choice((1, 2))


def minimum(draw: Draw, doc: Doc) -> None:
    """Machines that are paid for whatever they hold, up to all of the quota; quotas of none."""
    for pool in doc["pools"]:
        if draw.chance(55):
            pool["min_instances"] = draw.choice((1, 1, 2, 3))
            pool.pop("max_instances", None)
            if draw.chance(50):
                pool["max_instances"] = pool["min_instances"] + draw.choice((0, 0, 1))
        elif draw.chance(25):
            pool["max_instances"] = 0
            pool.pop("min_instances", None)


def edges(draw: Draw, doc: Doc) -> None:
    """Numbers a hair from a whole unit, on either side; parts that add up to one, or to a unit more."""
    hair = (0, 1e-9, -1e-9, 5e-10, 1 / 1024, -1 / 1024, 1e-4)
    for option in every_option(doc):
        if option.get("accelerator_memory_gib"):
            option["accelerator_memory_gib"] = max(0.0, option["accelerator_memory_gib"] + draw.choice(hair))
        if option.get("accelerators", 1) and option.get("shared") and draw.chance(50):
            share = draw.choice((1 / 3, 0.3333, 0.333, 0.334, 0.25, 0.2501, 0.1, 0.30000000000000004, 0.5, 1))
            option["accelerator_share"] = share
        for key in ("vcpus", "memory_gib"):
            if option.get(key):
                option[key] = max(0.0, option[key] + draw.choice(hair))
    for row in doc["accelerators"].values():
        if draw.chance(40):
            row["memory_gib"] += draw.choice(hair)


def wide(draw: Draw, doc: Doc) -> None:
    """Copies on several accelerators at once, whole and in part, on machines with as many, or one more."""
    for kind in doc["instance_types"].values():
        if kind.get("accelerator") and draw.chance(50):
            kind["accelerator_count"] = draw.choice((2, 3, 4, 5, 8))
    for option in every_option(doc):
        if draw.chance(60):
            option["accelerators"] = draw.choice((2, 2, 3, 4, 8))
            option["shared"] = draw.chance(50)
    for row in doc.get("placements", []):
        row.pop("accelerators", None)


def choices(draw: Draw, doc: Doc) -> None:
    """Many options for each copy: alike, dominated, impossible, on one type only, with names."""
    for component in doc["components"]:
        options = [dict(option) for option in raw_options(component)]
        if "options" not in component:
            keys = {*OPTION_KEYS}
            options = [{key: component.pop(key) for key in list(component) if key in keys}]
        while len(options) < 2 or (len(options) < 5 and draw.chance(50)):
            one = dict(draw.choice(options)) if draw.chance(50) else draw_option(draw, doc)
            one.pop("name", None)
            if draw.chance(40):
                one["accelerators"] = draw.choice((1, 2, 0, 4))
            if draw.chance(15):
                one["vcpus"] = 1000
            if "demand" in component:
                one["throughput"] = draw.choice(SERVES)
            options.append(one)
        component["options"] = options
    for row in doc.get("placements", []):
        component = next(c for c in doc["components"] if c["name"] == row["component"])
        if draw.chance(40):
            row["option"] = draw.randrange(len(component["options"]))
            row.pop("accelerators", None)


def large(draw: Draw, doc: Doc) -> None:
    """Numbers as large, and as small, as the documents take."""
    for kind in doc["instance_types"].values():
        if draw.chance(40):
            kind["memory_gib"] = draw.choice((1e9, 1e6, kind["memory_gib"]))
        if draw.chance(30):
            kind["price_per_hour"] = draw.choice((1e9, 1e6, 1e-6, kind["price_per_hour"]))
    if draw.chance(40):
        doc["objective"] = {"horizon_hours": draw.choice((8760, 1e6, 1e-6)), "move_cost": draw.choice((0, 1e6, 1e-6))}
    for component in doc["components"]:
        if "demand" in component and draw.chance(70):
            times = draw.choice((1e9, 1e-6, 1e15))
            component["demand"] *= times
            for option in raw_options(component):
                option["throughput"] *= times


def nothing(draw: Draw, doc: Doc) -> None:
    """Components scaled to zero, no components, quotas of none, no machine that fits."""
    for component in doc["components"]:
        if "copies" in component and draw.chance(40):
            component["copies"] = 0
            component.pop("min_copies", None)
    if draw.chance(15):
        doc["components"], doc["placements"] = [], []
    if draw.chance(15):
        for pool in doc["pools"]:
            pool["max_instances"] = 0
            pool.pop("min_instances", None)


def twins(draw: Draw, doc: Doc) -> None:
    """Pools that differ in name alone, in one zone, and copies that outlive any of them, some on machines alone."""
    for pool in list(doc["pools"])[: draw.choice((1, 1, 2))]:
        for _ in range(draw.choice((1, 2, 2, 3))):
            twin = {**pool, "name": f"{pool['name']}={len(doc['pools'])}", "min_instances": 0}
            if draw.chance(20):
                twin["max_instances"] = draw.choice((1, 2))
            doc["pools"].append(twin)
    for component in doc["components"]:
        copies = component.get("copies", 4)
        if copies < 4 and draw.chance(60):
            copies += draw.choice((1, 2, 3))
            if "copies" in component:
                component["copies"] = copies
        for what in ("pool", "instance"):
            if draw.chance(55 if what == "pool" else 20):
                component[f"min_available_on_{what}_loss"] = draw.randint(1, max(1, copies // 2))
        if draw.chance(40):
            component["dedicated"] = True


def groups(draw: Draw, doc: Doc) -> None:
    """Limits over groups of pools that a few machines just keep, or are a unit over; machines that are paid for."""
    reading, names = Reading(doc), [pool["name"] for pool in doc["pools"]]
    kinds = {pool["name"]: doc["instance_types"][pool["instance_type"]] for pool in doc["pools"]}
    for _ in range(draw.choice((0, 1, 1, 2))):
        pools = draw.some(names)
        some = draw.choices(pools, k=draw.choice((1, 1, 2, 2, 3)))
        most = {
            "max_instances": (len(some), 1),
            "max_accelerators": (sum(kinds[name].get("accelerator_count", 0) for name in some), 1),
            "max_vcpus": (sum(kinds[name]["vcpus"] for name in some), 0.001),
            "max_price_per_hour": (sum(reading.price(name) for name in some) / 1e6, 1e-6),
        }
        row: Doc = {"name": f"limit-{len(doc.get('limits', []))}", "pools": pools}
        for key in draw.sample(list(most), draw.choice((1, 1, 2))):
            amount, unit = most[key]
            row[key] = min(1e9, max(0, amount + draw.choice((0, 0, unit, -unit))))
        doc.setdefault("limits", []).append(row)
    taken = {name for row in doc.get("commitments", []) for name in row["pools"]}
    free = [name for name in draw.some(names) if name not in taken]
    while free and draw.chance(60):
        first = free.pop()
        paid = reading.price(first) / 1e6
        if draw.chance(50):
            kind = reading.pools[first]["instance_type"]
            others = [name for name in free if reading.pools[name]["instance_type"] == kind]
            row = {"instances": draw.choice((0, 1, 1, 2))}
        else:
            others = [name for name in free if draw.chance(50)]
            row = {"price_per_hour": draw.choice((paid, paid / 2, min(1e9, 2 * paid), max(0, paid - 1e-6)))}
        free = [name for name in free if name not in others]
        label = f"paid-{len(doc.get('commitments', []))}"
        doc.setdefault("commitments", []).append({"name": label, "pools": [first, *others], **row})
    if doc.get("placements") and draw.chance(50):
        doc.setdefault("objective", {})["max_moves"] = draw.choice((0, 1, 1, 2, 3))


# --- bases of families that need their own


def bins(draw: Draw) -> Doc:
    """A fleet that is vector packing: one type of machine or two, one accelerator each, or copies on whole ones."""
    whole = draw.chance(50)
    types = ("one", "two")[: draw.choice((1, 1, 2))]
    doc: Doc = {"format": "placement/v1", "name": "bins", "accelerators": {"S": {"memory_gib": 24}}}
    doc["instance_types"] = {
        name: {
            "accelerator": "S",
            "accelerator_count": draw.choice((4, 8)) if whole else 1,
            "vcpus": draw.choice((8, 16, 10.5)),
            "memory_gib": draw.choice((32, 64)),
            "price_per_hour": draw.choice(PRICES),
        }
        for name in types
    }
    doc["pools"] = [{"name": f"p-{name}", "instance_type": name, "zone": "a"} for name in types]
    for pool in doc["pools"]:
        if draw.chance(25):
            pool["max_instances"] = draw.choice((1, 2, 3, 5))
    doc["components"] = []
    left = draw.randint(2, 9)
    for c in range(draw.randint(2, 5)):
        copies = min(left, draw.choice((1, 1, 2, 3)))
        left -= copies
        one: Doc = {"name": f"m{c}", "copies": copies}
        if whole:
            one |= {"accelerators": draw.choice((1, 1, 2, 3, 4)), "accelerator_memory_gib": draw.choice((5, 20, 24))}
        else:
            one |= {"shared": True, "accelerator_memory_gib": draw.choice((5, 8, 8, 10.1, 11.9, 12, 12.1, 16))}
            if draw.chance(40):
                one["accelerator_share"] = draw.choice((0.2, 0.25, 0.334, 0.5, 0.6))
        if draw.chance(40):
            one["vcpus"] = draw.choice((1, 2, 3.5, 4))
        if draw.chance(25):
            one["memory_gib"] = draw.choice((4, 10, 16))
        doc["components"].append(one)
    return doc


def hard_bins(draw: Draw) -> Doc:
    """Bins that are packed full, or nearly: sizes near a half, a third and a fourth that add up to the unit."""
    gib = draw.choice((24, 25, 30))
    kinds: Doc = {}
    for k in range(draw.choice((1, 1, 2))):
        kinds[f"t{k}"] = {"accelerator": "S", "accelerator_count": 1, "vcpus": 12, "memory_gib": 60}
        kinds[f"t{k}"]["price_per_hour"] = draw.choice((*PRICES, 0.000001, 0.000001, 0.000001, 0.000002))
    doc: Doc = {"format": "placement/v1", "name": "bins", "accelerators": {"S": {"memory_gib": gib}}}
    doc |= {"instance_types": kinds, "pools": []}
    for kind in kinds:
        doc["pools"].append({"name": f"p-{kind}", "instance_type": kind, "zone": "a"})
        if len(kinds) > 1 and draw.chance(60):
            kinds[kind]["vcpus"] = draw.choice((6, 9, 12))
    both = draw.chance(50)
    sizes: list[tuple[int, int]] = []
    for _ in range(draw.randint(2, 3)):  # bins cut into parts that fill them
        parts = [_cut(draw, gib), _cut(draw, 12) if both else (0, 0, 0)]
        sizes += zip(*parts, strict=True)
    if draw.chance(50):
        k = draw.randrange(len(sizes))
        sizes[k] = (sizes[k][0] + draw.choice((1, -1)), sizes[k][1])
    doc["components"] = []
    for c, (size, vcpus) in enumerate(sorted(set(sizes))):
        one: Doc = {"name": f"m{c}", "copies": sizes.count((size, vcpus)), "shared": True}
        one["accelerator_memory_gib"] = size
        if both:
            one["vcpus"] = vcpus
        if draw.chance(20):
            one["memory_gib"] = draw.choice((15, 20, 25))
        doc["components"].append(one)
    return doc


def _cut(draw: Draw, whole: int) -> tuple[int, int, int]:
    """Three parts that add up, none much smaller than the others."""
    first = draw.randint(whole // 4, whole // 2)
    second = draw.randint(whole // 5, max(whole // 5, (whole - first) // 2))
    return first, second, whole - first - second


def alike(draw: Draw) -> Doc:
    """Many components that differ by little, on machines of a type or two: what is solved in groups."""
    doc = loose(draw, copies=1, types=("s1", "s4", "l2"))
    doc.pop("instances", None)
    doc.pop("placements", None)
    option: Doc = {"accelerators": 1, "shared": True}
    gib = draw.choice([row["memory_gib"] for row in doc["accelerators"].values()])
    sizes = [gib * part for part in (0.2, 0.21, 0.22, 0.3, 0.45, 0.5)]
    doc["components"] = [
        {"name": f"m{c}", "copies": 1, **option, "accelerator_memory_gib": draw.choice(sizes)}
        for c in range(draw.randint(4, 9))
    ]
    if draw.chance(25):
        draw.choice(doc["components"])["dedicated"] = True
    if draw.chance(30):
        add_state(draw, doc)
    return doc


def rules(draw: Draw) -> Doc:
    """Limits and commitments over groups of pools, losses of a pool or an instance, a limit on moves."""
    most = draw.choice((4, 6, 8))
    return random_problem(draw, max_copies=most, max_components=draw.choice((2, 3, 5)), rules=draw.choice((20, 40, 70)))


def fleets(draw: Draw) -> Doc:
    """More copies than can be enumerated: what the direct models decide, and what is dived for."""
    doc = loose(draw, copies=1, types=("s4", "l2", "l4"))
    doc.pop("instances", None)
    doc.pop("placements", None)
    doc["components"] = []
    for c in range(draw.randint(3, 9)):
        gib = draw.choice([row["memory_gib"] for row in doc["accelerators"].values()])
        one: Doc = {"name": f"m{c}", "copies": draw.choice((1, 2, 3, 4, 6))}
        one |= {"accelerators": draw.choice((1, 1, 1, 2, 4)), "shared": draw.chance(75)}
        one["accelerator_memory_gib"] = round(gib * draw.uniform(0.15, 0.9), 1)
        if draw.chance(20):
            one["accelerator_share"] = draw.choice((0.2, 0.25, 0.4))
        if draw.chance(20):
            one["vcpus"] = draw.choice((1, 2, 4))
        doc["components"].append(one)
    for component in doc["components"] if draw.chance(30) else ():
        if draw.chance(40):
            component["dedicated"] = True
    if draw.chance(40):
        zones(draw, doc)
    if draw.chance(35):
        add_state(draw, doc, machines=5, copies=10)
        doc["objective"] = {"move_cost": draw.choice((0, 0.05, 1, 20))}
    return doc


def zoned(draw: Draw) -> Doc:
    """Copies on accelerators, as many as are asked for, with rules over the zones of each component."""
    doc = loose(draw, types=("s1", "s4", "l2", "l4"))
    if draw.chance(60):
        doc.pop("instances", None)
        doc.pop("placements", None)
    names = ZONES[: draw.choice((2, 2, 3))]
    kinds = [(pool["instance_type"], pool.get("max_instances")) for pool in doc["pools"]]
    doc["pools"] = [
        {"name": f"{kind}-{k}-{zone}", "instance_type": kind, "zone": zone}
        | ({} if most is None else {"max_instances": most})
        for k, (kind, most) in enumerate(kinds[:2])
        for zone in names
    ]
    pools = [pool["name"] for pool in doc["pools"]]
    for row in doc.get("instances", []):
        row["pool"] = draw.choice(pools)
    for row in doc.get("placements", []):
        row.pop("accelerators", None)
    for option in every_option(doc):
        option["accelerators"] = option.get("accelerators", 1) or 1
    for component in doc["components"]:
        component["spread"] = draw.choice(({"max_skew": 1}, {"max_skew": 2}, {"min_zones": 2}, {"max_per_zone": 2}))
    return doc


def same(draw: Draw) -> Doc:
    """Machines of one type in alike pools, copies that need the same, a rule or two, and few differences.

    Sums come out even there: what counts one machine too many is not hidden by prices and sizes.
    """
    kind: Doc = {"accelerator": "S", "accelerator_count": draw.choice((1, 2, 2, 3, 4)), "vcpus": 8, "memory_gib": 8}
    doc: Doc = {"format": "placement/v1", "name": "same", "accelerators": {"S": {"memory_gib": 4}}}
    doc["instance_types"] = {"t": kind | {"price_per_hour": draw.choice((1, 2, 0.1))}}
    zones, quota = ZONES[: draw.choice((1, 1, 2, 2, 3))], draw.choice((None, None, None, 1, 2, 3))
    doc["pools"] = [
        {"name": f"p{p}", "instance_type": "t", "zone": zones[p % len(zones)]}
        | ({} if quota is None else {"max_instances": quota})
        for p in range(draw.choice((2, 3, 3, 4, 4, 5)))
    ]
    number = draw.choice((1, 1, 1, 2, 2, 3))
    copies = draw.randint(3, 10) if number == 1 else draw.randint(2, 5)
    option: Doc = {"accelerators": draw.choice((1, 1, 1, 2)), "shared": draw.chance(50)}
    option["accelerator_memory_gib"] = draw.choice((1, 2, 2, 3, 4))
    if draw.chance(20):
        option = {"accelerators": 0, "vcpus": draw.choice((2, 3, 4, 5))}
    doc["components"] = [{"name": f"m{c}", "copies": copies, **option} for c in range(number)]
    rules = [draw_rule(draw, copies) for _ in range(draw.choice((1, 1, 2, 2, 3)))]
    for rule in [{"dedicated": True}, *rules] if draw.chance(50) else rules:
        for component in doc["components"]:
            if draw.chance(85):
                component |= {**rule, "spread": component.get("spread", {}) | rule.get("spread", {})}
    if draw.chance(25):
        add_state(draw, doc)
        doc["objective"] = {"move_cost": draw.choice((0, 0.5, 1, 2))}
    return doc


def draw_rule(draw: Draw, copies: int) -> Doc:
    """One rule of a component, at an amount where it matters to so many copies."""
    loss = draw.choice(("pool", "pool", "pool", "zone", "instance"))
    rules: tuple[Doc, ...] = (
        {f"min_available_on_{loss}_loss": max(1, copies - draw.choice((1, 2, 3, 3, 4, 5)))},
        {"spread": {"max_skew": draw.choice((1, 1, 2))}},
        {"spread": {"min_zones": draw.choice((2, 2, 3))}},
        {"spread": {"max_per_zone": draw.choice((2, 3, 4))}},
        {"spread": {"max_per_instance": draw.choice((1, 2, 3))}},
    )
    return draw.choice((rules[0], rules[0], *rules))


OPTION_KEYS = (
    "accelerators",
    "accelerator_memory_gib",
    "accelerator_share",
    "shared",
    "vcpus",
    "memory_gib",
    "on",
    "instance_types",
    "throughput",
)
TWISTS: dict[str, Twist] = {
    "all-drain": all_drain,
    "held": held,
    "moves": moves,
    "bare": bare,
    "hosts": hosts,
    "prices": prices,
    "reserved": reserved,
    "demand": demand,
    "levels": levels,
    "avoid": avoid,
    "caps": caps,
    "zones": zones,
    "minimum": minimum,
    "edges": edges,
    "wide": wide,
    "choices": choices,
    "large": large,
    "nothing": nothing,
    "twins": twins,
    "groups": groups,
}
BASES: dict[str, Callable[[Draw], Doc]] = {
    "tight": random_problem,
    "bins": bins,
    "hard-bins": hard_bins,
    "alike": alike,
    "fleets": fleets,
    "rules": rules,
    "zoned": zoned,
    "same": same,
}
FAMILIES = (*TWISTS, *BASES)
WEIGHTS = dict.fromkeys(FAMILIES, 10) | {
    "nothing": 3,
    "twins": 15,
    "groups": 15,
    "large": 5,
    "fleets": 1.5,
    "bins": 8,
    "hard-bins": 8,
    "alike": 8,
    "zoned": 6,
    "same": 15,
}
