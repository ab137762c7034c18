"""Tight problem documents: cut from a hidden plan that fits to the MiB, shrunk a little or given a spare, shuffled.

Plain random sizes rarely meet a rule at its edge. Here a hidden fleet and a hidden plan come first; needs are chosen
so that the fullest accelerator and host are filled exactly, rules so that the hidden plan just keeps them, quotas so
that its machines are just allowed. A spoiled unit then makes a share of the problems infeasible.

One builder serves both doors: :func:`random_problem` throws dice of a seeded generator, fast; :func:`problems` lets
Hypothesis draw every throw, so failures shrink towards few parts, first choices and absent rules.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.hidden import Dice, DrawnDice, Hidden, HiddenCopy, Knobs, draw_copies, draw_fleet, draw_needs, trim
from tests.plans import random_plan
from tests.reading import Doc, Machine, Reading, need, raw_options, room

if TYPE_CHECKING:
    import random

__all__ = ["Dice", "Knobs", "problems", "random_plan", "random_problem", "shuffle"]

THROUGHPUTS = (1, 2.5, 0.1, 0.7, 3)
HORIZONS = (1, 1, 24, 0.5, 730)
UNITS = {"accelerator_memory_gib": 1024, "accelerator_share": 1000, "vcpus": 1000, "memory_gib": 1024}


@st.composite
def problems(draw: st.DrawFn, /, **knobs: Any) -> Doc:
    """Problems of `Knobs` drawn by Hypothesis: ``problems(max_copies=5, state=False)``."""
    return build(DrawnDice(draw), Knobs(**knobs))


def random_problem(rng: random.Random, **knobs: Any) -> Doc:
    """Return one tight problem; the same generator state and `Knobs` give the same problem."""
    return build(Dice(rng), Knobs(**knobs))


def build(dice: Dice, knobs: Knobs) -> Doc:
    """Draw the hidden plan, cut a problem from it, then spoil, spare and shuffle."""
    hidden = draw_fleet(dice, knobs)
    draw_copies(dice, knobs, hidden)
    if dice.chance(70):
        trim(hidden)
    needs = draw_needs(dice, hidden)
    doc = hidden.doc
    doc["components"] = [draw_component(dice, hidden, c, needs[c]) for c in range(len(hidden.shapes))]
    draw_copies_wanted(dice, knobs, hidden)
    for c in range(len(doc["components"])):
        draw_spread(dice, hidden, c)
    draw_company(dice, hidden)
    if dice.chance(50) if knobs.state is None else knobs.state:
        draw_state(dice, hidden)
    draw_quotas(dice, hidden)
    draw_groups(dice, knobs, hidden)
    if dice.chance(70):
        doc["objective"] = {"horizon_hours": dice.pick(HORIZONS)}
        if dice.chance(70):
            doc["objective"]["move_cost"] = dice.pick((0.5, 0.01, 2, 0.25))
    if knobs.rules and dice.chance(knobs.rules) and doc.get("placements"):
        doc.setdefault("objective", {})["max_moves"] = dice.pick((0, 1, 2))
    if dice.chance(knobs.spare):
        give_spare(dice, doc)
    if dice.chance(knobs.spoil):
        spoil(dice, doc)
    return shuffle(dice, doc)


def draw_component(dice: Dice, hidden: Hidden, c: int, needs: Doc) -> Doc:
    """A component with the hidden copies' option, perhaps others, and allow-lists that admit the hidden plan."""
    rooms = [hidden.rooms[copy.machine] for copy in hidden.of(c)]
    if dice.chance(20) and all(room.accelerator for room in rooms):
        needs["on"] = sorted({str(room.accelerator) for room in rooms})
    if dice.chance(15):
        needs["instance_types"] = sorted({room.type for room in rooms})
    component: Doc = {"name": f"c{c}"}
    hidden.main.append(0)
    if dice.chance(35):
        options = [_variant(dice, hidden, needs) for _ in range(1 + dice.chance(20))]
        hidden.main[c] = dice.integer(0, len(options))
        options.insert(hidden.main[c], needs)
        if dice.chance(50):
            options = [option | {"name": f"o{index}"} for index, option in enumerate(options)]
        component["options"] = options
    elif dice.chance(40):
        component["options"] = [needs]
    else:
        component |= needs
    return component


def _variant(dice: Dice, hidden: Hidden, needs: Doc) -> Doc:
    """Another way to run a copy: wider, alone, elsewhere, or a MiB apart."""
    variant = {key: value for key, value in needs.items() if key not in ("on", "instance_types")}
    width = variant.get("accelerators", 1)
    memory = need(variant.get("accelerator_memory_gib", 0), 1024)
    kind = dice.pick(("alone", "wider", "elsewhere", "apart"))
    if kind == "wider" and width:
        variant |= {"accelerators": 2 * width, "accelerator_memory_gib": (memory // 2) / 1024}
    elif kind == "alone" and width:
        variant.pop("accelerator_share", None)
        variant["shared"] = not variant.get("shared", False)
    elif kind == "elsewhere":
        variant["instance_types"] = [dice.pick(list(hidden.doc["instance_types"]))]
    elif width:
        variant["accelerator_memory_gib"] = (memory + dice.integer(0, 1)) / 1024
    if dice.chance(30):
        variant["vcpus"] = dice.pick((1, 0.5, 2))
    return variant


def draw_copies_wanted(dice: Dice, knobs: Knobs, hidden: Hidden) -> None:
    """Copies as hidden; or a demand the hidden copies just serve; or a few more, optional, by priority."""
    spare = knobs.max_copies - len(hidden.copies)
    for c, component in enumerate(hidden.doc["components"]):
        copies = len(hidden.of(c))
        if knobs.demand and dice.chance(20):
            options = raw_options(component)
            for option in options:
                option["throughput"] = dice.pick(THROUGHPUTS)
            main = options[hidden.main[c]]["throughput"]
            least = min(option["throughput"] for option in options)
            short = dice.pick((0.0, 0.0, 0.05, -0.01))  # served to the hair, with slack, or one copy too few
            demand = round(min(copies * main, knobs.max_copies * least) - short, 6)
            component["demand"] = demand if demand > 0 else main
            if dice.chance(30):
                component["min_copies"] = dice.integer(0, copies)
            continue
        component["copies"] = copies
        if dice.chance(6):
            component["copies"] = 0
        elif knobs.optional and dice.chance(20):
            extra = dice.integer(0, min(2, spare))
            spare -= extra
            component |= {"copies": copies + extra, "min_copies": dice.pick((copies, 0, copies, copies - 1))}
            if dice.chance(70):
                component["priority"] = dice.integer(0, 3)
        if dice.chance(12):
            component["labels"] = {"team": "serving"}


def draw_spread(dice: Dice, hidden: Hidden, c: int) -> None:
    """Spread rules that the hidden plan just keeps."""
    component, copies = hidden.doc["components"][c], hidden.of(c)
    zones = Counter(hidden.zone(copy) for copy in copies)
    everywhere = {pool["zone"] for pool in hidden.doc["pools"]}
    eager = hidden.theme.zoned if len(everywhere) > 1 else 8
    spread: Doc = {}
    if dice.chance(eager):
        spread["max_skew"] = max(1, max(zones.values()) - (min(zones.values()) if len(zones) == len(everywhere) else 0))
    if dice.chance(eager) and (len(zones) > 1 or dice.chance(15)):
        spread["min_zones"] = len(zones)
    if dice.chance(5 + eager // 2):
        spread["max_per_zone"] = max(zones.values())
    if dice.chance(8 + hidden.theme.company):
        spread["max_per_instance"] = max(Counter(copy.machine for copy in copies).values())
    if spread:
        component["spread"] = spread
    if dice.chance(eager) and len(copies) > max(zones.values()):
        component["min_available_on_zone_loss"] = len(copies) - max(zones.values())
    if dice.chance(8 + eager // 2):
        component["zones"] = sorted(set(zones) | ({min(everywhere)} if dice.chance(30) else set()))
    if dice.chance(15):
        component["move_cost"] = dice.pick((1, 0.05, 0, 3))


def draw_company(dice: Dice, hidden: Hidden) -> None:
    """`dedicated`, `avoid` and `groups` among components that the hidden plan keeps apart."""
    components, eager = hidden.doc["components"], hidden.theme.company
    stands = [{copy.machine for copy in hidden.of(c)} for c in range(len(components))]
    for c, component in enumerate(components):
        apart = [d for d in range(len(components)) if d != c and not stands[c] & stands[d]]
        if len(apart) == len(components) - 1 and len(components) > 1 and dice.chance(eager):
            component["dedicated"] = True
        if apart and dice.chance(eager):
            component.setdefault("avoid", []).append(f"c{dice.pick(apart)}")
        if apart and dice.chance(eager):
            for other in {dice.pick(apart), dice.pick(apart)} | ({c} if dice.chance(40) else set()):
                components[other].setdefault("groups", []).append(f"g{c}")
            component.setdefault("avoid", []).append(f"group:g{c}")


def draw_state(dice: Dice, hidden: Hidden) -> None:
    """Machines of the hidden plan that run now, with copies at home or astray, and perhaps one from before."""
    doc = hidden.doc
    instances: list[Doc] = []
    rows: list[Doc] = []
    names: dict[int, str] = {}
    for machine, pool in enumerate(hidden.machines):
        if dice.chance(60):
            names[machine] = f"i-{machine}"
            instances.append({"id": f"i-{machine}", "pool": doc["pools"][pool]["name"]})
            if dice.chance(15):
                instances[-1]["removable"] = False
    cordoned = {machine for machine in names if dice.chance(15)}
    for copy in hidden.copies:
        if copy.machine in cordoned or (copy.machine in names and dice.chance(65)):
            rows.append(_row(dice, hidden, copy, names[copy.machine], hidden.rooms[copy.machine], at_home=True))
        elif names and dice.chance(30):
            astray = dice.pick(sorted(names))
            rows.append(_row(dice, hidden, copy, names[astray], hidden.rooms[astray], at_home=False))
    for machine, name in names.items():
        state = "cordoned" if machine in cordoned else "active"
        if state == "cordoned" or dice.chance(15):
            next(row for row in instances if row["id"] == name)["state"] = state
    if dice.chance(45):
        pool = dice.pick(doc["pools"])
        instances.append({"id": "i-old", "pool": pool["name"], "state": dice.pick(("active", "draining", "cordoned"))})
        empty = Reading(doc | {"components": []}).machine[pool["name"]]
        leaving = dice.shuffled(hidden.copies)[: dice.integer(0, 2)]
        rows += [_row(dice, hidden, copy, "i-old", empty, at_home=False) for copy in leaving]
    if instances:
        doc["instances"] = instances
        doc["placements"] = [row for row in rows if row]


def _row(dice: Dice, hidden: Hidden, copy: HiddenCopy, instance: str, machine: Machine, *, at_home: bool) -> Doc:
    """One running copy; empty when the machine hasn't accelerators enough for it."""
    component = hidden.doc["components"][copy.component]
    option = raw_options(component)[hidden.main[copy.component]]
    row: Doc = {"component": component["name"], "instance": instance}
    if len(copy.devices) > machine.count:
        return {}
    how = dice.pick(("known", "known", "unknown", "shifted")) if at_home else dice.pick(("any", "unknown"))
    if how == "known":
        row["accelerators"] = list(copy.devices)
    elif how != "unknown":
        row["accelerators"] = sorted(dice.shuffled(range(machine.count))[: len(copy.devices)])
    if "options" in component and "name" in option and dice.chance(60):
        row["option"] = option["name"]
    elif hidden.main[copy.component] or dice.chance(20):
        row["option"] = hidden.main[copy.component]
    if at_home and how != "shifted" and dice.chance(22):
        row["pinned"] = True
    return row


def draw_quotas(dice: Dice, hidden: Hidden) -> None:
    """Quotas that just allow the hidden machines, or a little less or more."""
    busy = {copy.machine for copy in hidden.copies}
    used = Counter(pool for machine, pool in enumerate(hidden.machines) if machine in busy)
    for index, pool in enumerate(hidden.doc["pools"]):
        if used[index]:
            exact = used[index]
            quota = dice.pick((None, None, exact + 1, exact) if hidden.theme.loose else (exact, None, exact + 1, exact))
        else:
            quota = dice.pick((0, 1, None, 0, 1))
        if quota is not None:
            pool["max_instances"] = quota
        if quota != 0 and dice.chance(12):
            pool["min_instances"] = 1
        if dice.chance(8):
            pool["labels"] = {"market": "spot"}


def draw_groups(dice: Dice, knobs: Knobs, hidden: Hidden) -> None:
    """Limits that the hidden machines just keep, commitments of fewer or more machines, losses that it survives."""
    if not knobs.rules:
        return
    doc, reading = hidden.doc, Reading(hidden.doc)
    busy = {copy.machine for copy in hidden.copies}
    used = Counter(doc["pools"][pool]["name"] for machine, pool in enumerate(hidden.machines) if machine in busy)
    paid = {name: max(used[name], pool.get("min_instances", 0)) for name, pool in reading.pools.items()}
    names = list(paid)
    for label in ("account", "team"):
        if dice.chance(knobs.rules):
            pools = dice.shuffled(names)[: dice.integer(1, len(names))]
            row: Doc = {"name": label, "pools": pools}
            types = [doc["instance_types"][reading.pools[name]["instance_type"]] for name in pools]
            spare = dice.pick((0, 0, 1))
            key = dice.pick(("max_instances", "max_accelerators", "max_vcpus", "max_price_per_hour"))
            if key == "max_instances":
                row[key] = sum(paid[name] for name in pools) + spare
            elif key == "max_accelerators":
                counts = [kind.get("accelerator_count", 0) for kind in types]
                row[key] = sum(paid[n] * k for n, k in zip(pools, counts, strict=True)) + spare
            elif key == "max_vcpus":
                row[key] = sum(paid[n] * kind["vcpus"] for n, kind in zip(pools, types, strict=True)) + spare
            else:
                row[key] = sum(paid[name] * reading.price(name) for name in pools) / 1e6 + spare
            doc.setdefault("limits", []).append(row)
    free = dice.shuffled(names)
    while free and dice.chance(knobs.rules):
        first = free.pop()
        kind = reading.pools[first]["instance_type"]
        if dice.chance(50):
            others = [name for name in free if reading.pools[name]["instance_type"] == kind and dice.chance(50)]
            row = {"instances": dice.integer(0, sum(paid[name] for name in (first, *others)) + 1)}
        else:
            others = [name for name in free if dice.chance(50)]
            row = {"price_per_hour": dice.pick((0.5, 2, 1.33, 30))}
        free = [name for name in free if name not in others]
        label = f"k{len(doc.get('commitments', []))}"
        doc.setdefault("commitments", []).append({"name": label, "pools": [first, *others], **row})
    for c, component in enumerate(doc["components"]):
        stands = {
            "pool": Counter(hidden.machines[copy.machine] for copy in hidden.of(c)),
            "instance": Counter(copy.machine for copy in hidden.of(c)),
        }
        for what, there in stands.items():
            remain = there.total() - max(there.values(), default=0)
            if remain and dice.chance(knobs.rules // 2):
                component[f"min_available_on_{what}_loss"] = remain


def give_spare(dice: Dice, doc: Doc) -> None:
    """One machine more than the hidden plan needs."""
    pool = dice.pick(doc["pools"])
    if dice.chance(50) and "max_instances" in pool:
        pool["max_instances"] += 1
    else:
        doc["pools"].append({**pool, "name": "spare", "max_instances": 1, "min_instances": 0})


def spoil(dice: Dice, doc: Doc) -> None:
    """Take one unit away somewhere: a MiB, a milli-vCPU, a machine of a quota, or a step off a rule."""
    component = dice.pick(doc["components"])
    what = dice.pick(("need", "need", "accelerator", "quota", "need", "host", "need", "rule", "need", "vcpus", "rule"))
    if what == "quota":
        rented = [pool for pool in doc["pools"] if pool.get("max_instances", 0) > pool.get("min_instances", 0)]
        for pool in rented[:1]:
            pool["max_instances"] -= 1
    elif what == "rule":
        _tighten(dice, doc, component)
    elif what == "need":
        option = dice.pick(raw_options(component))
        key = dice.pick([key for key in UNITS if option.get(key)] or ["memory_gib"])
        units = need(option.get(key, 0), UNITS[key]) + 1
        option[key] = min(units, 1000) / 1000 if key == "accelerator_share" else units / UNITS[key]
    elif what == "accelerator":
        _shrink(dice.pick(list(doc["accelerators"].values())), "memory_gib", 1024)
    else:
        key, scale = ("memory_gib", 1024) if what == "host" else ("vcpus", 1000)
        _shrink(dice.pick(list(doc["instance_types"].values())), key, scale)


def _shrink(raw: Doc, key: str, scale: int) -> None:
    raw[key] = (room(raw[key], scale) - 1) / scale


def _tighten(dice: Dice, doc: Doc, component: Doc) -> None:
    """One step more of a rule than the hidden plan keeps, perhaps."""
    spread = component.setdefault("spread", {})
    others = [other["name"] for other in doc["components"] if other is not component]
    rule = dice.pick(("min_zones", "max_per_zone", "max_per_instance", "loss", "max_skew", "avoid", "dedicated"))
    if rule == "min_zones":
        spread["min_zones"] = len({pool["zone"] for pool in doc["pools"]})
    elif rule == "max_skew":
        spread["max_skew"] = 1
    elif rule == "loss":
        component["min_available_on_zone_loss"] = component.get("min_available_on_zone_loss", 0) + 1
    elif rule == "dedicated":
        component["dedicated"] = True
    elif rule == "avoid" and others:
        component["avoid"] = [dice.pick(others)]
    elif rule in ("max_per_zone", "max_per_instance"):
        spread[rule] = max(1, spread.get(rule, 3) - 1)
    if not spread:
        del component["spread"]


def rename(doc: Doc, components: dict[str, str], pools: dict[str, str]) -> None:
    """Give components and pools other names, wherever they are named."""
    for component in doc["components"]:
        component["name"] = components[component["name"]]
        if "avoid" in component:
            component["avoid"] = [components.get(entry, entry) for entry in component["avoid"]]
    for row in doc.get("placements", []):
        row["component"] = components[row["component"]]
    for pool in doc["pools"]:
        pool["name"] = pools[pool["name"]]
    for row in doc.get("instances", []):
        row["pool"] = pools[row["pool"]]
    for row in (*doc.get("limits", []), *doc.get("commitments", [])):
        row["pools"] = [pools[name] for name in row["pools"]]


def shuffle(dice: Dice, doc: Doc) -> Doc:
    """Shuffle names, lists and maps in place: no answer may lean on their order."""
    names = [[row["name"] for row in doc[key]] for key in ("components", "pools")]
    rename(doc, *(dict(zip(those, dice.shuffled(those), strict=True)) for those in names))
    for key in ("pools", "components", "instances", "placements"):
        if key in doc:
            doc[key] = dice.shuffled(doc[key])
    for key in ("accelerators", "instance_types"):
        doc[key] = {name: doc[key][name] for name in dice.shuffled(doc[key])}
    return doc
