"""Tight problem documents: cut from a hidden plan that fits to the MiB, then shrunk a little or given a spare, shuffled.

Plain random sizes rarely meet a rule at its edge. Here a hidden fleet and a hidden plan come first; needs are chosen
so that the fullest accelerator and host are filled exactly, rules so that the hidden plan just keeps them, quotas so
that its machines are just allowed. A spoiled unit then makes a share of the problems infeasible.

One builder serves both doors: :func:`random_problem` throws dice of a seeded generator, fast; :func:`problems` lets
Hypothesis draw every throw, so failures shrink towards few parts, first choices and absent rules.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.reading import Doc, Machine, Reading, need, room
from tests.reading import raw_options as _raw_options

T = TypeVar("T")
MEMORY_GIB = (16, 24, 40, 80, 10.1)
VCPUS = (8, 16, 4, 7.5, 96)
HOST_GIB = (32, 64, 48.5, 256)
PRICES = (1.0, 2.5, 0.33, 25.25, 4.1, 1.0)
THROUGHPUTS = (1, 2.5, 0.1, 0.7, 3)
HORIZONS = (1, 1, 24, 0.5, 730)


@dataclass(frozen=True)
class Knobs:
    """How large and how odd problems are; percents are chances."""

    max_copies: int = 6
    max_components: int = 5
    max_machines: int = 4
    state: bool | None = None  # running machines and copies: always, never, or drawn
    demand: bool = True
    optional: bool = True
    spoil: int = 35
    spare: int = 30


@dataclass(frozen=True)
class Theme:
    """What a problem is tight in; percents. Rules that all bind at once hide each other, so most problems have a theme."""

    hosted: int  # components that need vCPU, and as many host memory
    sharing: int  # shared components that need a share
    light: int  # of those, the ones without accelerator memory
    zoned: int  # each zone rule, and copies spread over zones
    company: int  # each rule about neighbours
    loose: int  # needs scaled down, so that only rules keep copies apart


THEMES = (
    Theme(hosted=35, sharing=35, light=50, zoned=30, company=20, loose=0),
    Theme(hosted=8, sharing=10, light=50, zoned=8, company=8, loose=0),
    Theme(hosted=10, sharing=90, light=80, zoned=8, company=8, loose=0),
    Theme(hosted=90, sharing=10, light=50, zoned=10, company=8, loose=0),
    Theme(hosted=20, sharing=10, light=50, zoned=75, company=8, loose=85),
    Theme(hosted=20, sharing=10, light=50, zoned=10, company=70, loose=85),
)


class Dice:
    """Throws of a seeded generator; the smallest throw is always the plainest choice."""

    def __init__(self, rng: random.Random) -> None:
        self._uniform = rng.random

    def integer(self, low: int, high: int) -> int:
        return low + int(self._uniform() * (high - low + 1))

    def chance(self, percent: int) -> bool:
        return self.integer(0, 99) >= 100 - percent

    def pick(self, values: Sequence[T]) -> T:
        return values[self.integer(0, len(values) - 1)]

    def shuffled(self, values: Iterable[T]) -> list[T]:
        """Fisher-Yates from the end; throws of the smallest number give some fixed order."""
        out = list(values)
        for i in range(len(out) - 1, 0, -1):
            j = self.integer(0, i)
            out[i], out[j] = out[j], out[i]
        return out


class DrawnDice(Dice):
    """The same throws, drawn by Hypothesis."""

    def __init__(self, draw: Callable[[st.SearchStrategy[int]], int]) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high)) if high > low else low


@dataclass
class HiddenCopy:
    """One copy of the hidden plan."""

    component: int
    machine: int
    devices: tuple[int, ...]


@dataclass
class Hidden:
    """The fleet and the plan that the problem is cut from."""

    doc: Doc
    machines: list[int]  # index of the pool of each
    theme: Theme
    rooms: list[Machine] = field(default_factory=list)
    shapes: list[tuple[int, bool]] = field(default_factory=list)  # accelerators per copy, shared
    copies: list[HiddenCopy] = field(default_factory=list)
    main: list[int] = field(default_factory=list)  # index of the option the hidden copies use

    def measure(self) -> None:
        """Read what the empty machines have from the document as it stands."""
        reading = Reading(self.doc | {"components": []})
        self.rooms = [reading.machine[self.doc["pools"][pool]["name"]] for pool in self.machines]

    def of(self, component: int) -> list[HiddenCopy]:
        return [copy for copy in self.copies if copy.component == component]

    def zone_of(self, machine: int) -> str:
        return str(self.doc["pools"][self.machines[machine]]["zone"])

    def zone(self, copy: HiddenCopy) -> str:
        return self.zone_of(copy.machine)


@st.composite
def problems(draw: Any, **knobs: Any) -> Doc:
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
    if dice.chance(70):
        doc["objective"] = {"horizon_hours": dice.pick(HORIZONS)}
        if dice.chance(70):
            doc["objective"]["move_cost"] = dice.pick((0.5, 0.01, 2, 0.25))
    if dice.chance(knobs.spare):
        give_spare(dice, doc)
    if dice.chance(knobs.spoil):
        spoil(dice, doc)
    return shuffle(dice, doc)


def draw_fleet(dice: Dice, knobs: Knobs) -> Hidden:
    """One to three types, pools in one to three zones, and the machines of the hidden plan."""
    accelerators = {name: {"memory_gib": dice.pick(MEMORY_GIB)} for name in ("A", "B")[: dice.integer(1, 2)]}
    types: Doc = {}
    for k in range(1 + dice.chance(55) + dice.chance(15)):
        count = dice.pick((1, 2, 2, 4, 3, 1)) if k == 0 else dice.pick((2, 1, 4, 0, 3))
        kind: Doc = {"vcpus": dice.pick(VCPUS), "memory_gib": dice.pick(HOST_GIB), "price_per_hour": dice.pick(PRICES)}
        if count:
            names = list(accelerators)
            kind |= {"accelerator": names[k % len(names)], "accelerator_count": count}
        elif dice.chance(50):
            kind |= {"accelerator": None, "accelerator_count": 0}
        if dice.chance(25):
            kind["reserved"] = {"vcpus": dice.pick((1, 0.5)), "memory_gib": dice.pick((2, 0.3))}
            if count and dice.chance(60):
                kind["reserved"]["accelerator_memory_gib"] = dice.pick((1, 0.7))
        types[f"t{k}"] = kind
    zones = [f"z{z}" for z in range(dice.pick((1, 2, 3, 2)))]
    pools = []
    for name in types:
        for zone in dice.shuffled(zones)[: 1 + (len(zones) > 1 and dice.chance(60)) + (len(zones) > 2)]:
            pool: Doc = {"name": f"p{len(pools)}", "instance_type": name, "zone": zone}
            if dice.chance(20):
                pool["price_per_hour"] = dice.pick(PRICES)
            pools.append(pool)
    doc = {"format": "placement/v1", "name": "tight", "accelerators": accelerators, "instance_types": types}
    doc["pools"] = pools[: knobs.max_machines + 1]
    machines = [dice.integer(0, len(doc["pools"]) - 1) for _ in range(dice.integer(1, knobs.max_machines))]
    hidden = Hidden(doc, machines, dice.pick(THEMES))
    hidden.measure()
    return hidden


def draw_copies(dice: Dice, knobs: Knobs, hidden: Hidden) -> None:
    """Shapes of components and where their hidden copies stand; a shape that finds no place becomes CPU-only."""
    left = max(dice.integer(1, knobs.max_copies), dice.integer(1, knobs.max_copies))
    taken: dict[tuple[int, int], bool] = {}  # accelerators in use: shared or not
    for c in range(max(dice.integer(1, knobs.max_components), dice.integer(1, 3))):
        wanted = min(left, dice.pick((1, 2, 3, 4, 2)))
        if not wanted:
            break
        shape = dice.pick(((1, True), (1, False), (2, True), (1, True), (2, False), (0, False), (4, False), (3, True)))
        spread = dice.chance(20 + hidden.theme.zoned // 2 + hidden.theme.company // 2)
        copies: list[HiddenCopy] = []
        for _ in range(wanted):
            copy = _place(dice, hidden, c, shape, taken, spread=spread)
            if copy is None:
                break
            copies.append(copy)
            hidden.copies.append(copy)
        if not copies:
            shape = (0, False)
            copies = [HiddenCopy(c, dice.integer(0, len(hidden.machines) - 1), ())]
            hidden.copies += copies
        hidden.shapes.append(shape)
        left -= len(copies)


def _place(
    dice: Dice, hidden: Hidden, c: int, shape: tuple[int, bool], taken: dict[tuple[int, int], bool], *, spread: bool
) -> HiddenCopy | None:
    """One more copy: in the zone with the fewest of its kind, or on the machines in use, accelerators crowded or not."""
    accelerators, shared = shape
    zones = Counter(hidden.zone(copy) for copy in hidden.of(c))
    used = {copy.machine for copy in hidden.copies}
    machines = dice.shuffled(range(len(hidden.machines)))
    machines.sort(key=lambda m: zones[hidden.zone_of(m)] if spread else m not in used)
    for machine in machines:
        slots = [(machine, k) for k in range(hidden.rooms[machine].count)]
        free = [slot for slot in slots if slot not in taken or (shared and taken[slot])]
        crowded = dice.chance(60)
        free.sort(key=lambda slot: (slot in taken) != crowded)
        if len(free) >= accelerators:
            taken.update(dict.fromkeys(free[:accelerators], shared))
            return HiddenCopy(c, machine, tuple(sorted(k for _, k in free[:accelerators])))
    return None


def trim(hidden: Hidden) -> None:
    """Leave no accelerator that no hidden copy uses on the fullest machine of its type."""
    for name, kind in hidden.doc["instance_types"].items():
        used = [k for copy in hidden.copies for k in copy.devices if hidden.rooms[copy.machine].type == name]
        if used:
            kind["accelerator_count"] = max(used) + 1
    hidden.measure()


def fill(dice: Dice, room_of: dict[Any, int], users: dict[Any, Counter[int]]) -> dict[int, int]:
    """Sizes that fit everywhere; the last component sized on a place fills it to the unit where it can."""
    sizes: dict[int, int] = {}
    left = dict(room_of)
    unsized = {place: len(here) for place, here in users.items()}
    for c in dice.shuffled(sorted({c for here in users.values() for c in here})):
        places = [place for place, here in users.items() if c in here]
        cuts = {place: 100 if unsized[place] == 1 else dice.integer(15, 70) for place in places}
        size = max(0, min(left[place] * cuts[place] // 100 // users[place][c] for place in places))
        sizes[c] = size * dice.integer(40, 99) // 100 if dice.chance(15) else size
        for place in places:
            left[place] -= sizes[c] * users[place][c]
            unsized[place] -= 1
    return sizes


def draw_needs(dice: Dice, hidden: Hidden) -> list[Doc]:
    """Needs of one copy of each component, in document units, cut from what the hidden machines have."""
    theme, number = hidden.theme, range(len(hidden.shapes))
    sharing = {c for c in number if hidden.shapes[c][1] and dice.chance(theme.sharing)}
    light = {c for c in sharing if dice.chance(theme.light)}
    cpu_only = {c for c in number if not hidden.shapes[c][0]}
    hosted = {kind: cpu_only | {c for c in number if dice.chance(theme.hosted)} for kind in ("vcpus", "host")}
    part = 3 if dice.chance(theme.loose) else 1
    memory, share = _on_devices(hidden, set(number) - light), _on_devices(hidden, sharing)
    sizes = {
        "accelerator_memory_gib": fill(dice, {p: hidden.rooms[p[0]].memory for p in memory}, memory),
        "accelerator_share": fill(dice, dict.fromkeys(share, 1000), share),
    }
    for key, kind in (("vcpus", "vcpus"), ("memory_gib", "host")):
        users = _on_machines(hidden, hosted[kind])
        sizes[key] = fill(dice, {m: max(0, getattr(hidden.rooms[m], kind)) for m in users}, users)
    needs = [{"accelerators": a} | ({"shared": True} if shared else {}) for a, shared in hidden.shapes]
    for key, by_component in sizes.items():
        for c, units in by_component.items():
            needs[c][key] = _written(dice, units // part, 1024 if key.endswith("gib") else 1000)
    for one in needs:
        if one["accelerators"] == 1 and dice.chance(50):
            del one["accelerators"]
    return needs


def _on_devices(hidden: Hidden, chosen: set[int]) -> dict[Any, Counter[int]]:
    users: dict[Any, Counter[int]] = {}
    for copy in hidden.copies:
        for k in copy.devices if copy.component in chosen else ():
            users.setdefault((copy.machine, k), Counter())[copy.component] += 1
    return users


def _on_machines(hidden: Hidden, chosen: set[int]) -> dict[Any, Counter[int]]:
    users: dict[Any, Counter[int]] = {}
    for copy in hidden.copies:
        if copy.component in chosen:
            users.setdefault(copy.machine, Counter())[copy.component] += 1
    return users


def _written(dice: Dice, units: int, scale: int) -> float:
    """Units as a person writes them: exact, or a round decimal below that is rounded up when read."""
    tenths = units * 10 // scale
    return tenths / 10 if tenths and dice.chance(15) else units / scale


def draw_component(dice: Dice, hidden: Hidden, c: int, needs: Doc) -> Doc:
    """A component with the hidden copies' option, perhaps others beside it, and allow-lists that admit the hidden plan."""
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
            options = _raw_options(component)
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
        elif knobs.optional and dice.chance(30):
            extra = dice.integer(0, min(2, spare))
            spare -= extra
            component |= {"copies": copies + extra, "min_copies": dice.integer(0, copies)}
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
    if dice.chance(35):
        pool = dice.pick(doc["pools"])
        instances.append({"id": "i-old", "pool": pool["name"], "state": dice.pick(("active", "draining", "cordoned"))})
        empty = Reading(doc | {"components": []}).machine[pool["name"]]
        for copy in dice.shuffled(hidden.copies)[: dice.integer(0, 2)]:
            rows.append(_row(dice, hidden, copy, "i-old", empty, at_home=False))
    if instances:
        doc["instances"] = instances
        doc["placements"] = [row for row in rows if row]


def _row(dice: Dice, hidden: Hidden, copy: HiddenCopy, instance: str, machine: Machine, *, at_home: bool) -> Doc:
    """One running copy; empty when the machine hasn't accelerators enough for it."""
    component = hidden.doc["components"][copy.component]
    option = _raw_options(component)[hidden.main[copy.component]]
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
            quota = dice.pick((used[index], None, used[index] + 1, used[index], used[index]))
        else:
            quota = dice.pick((0, 1, None, 0, 1))
        if quota is not None:
            pool["max_instances"] = quota
        if quota != 0 and dice.chance(12):
            pool["min_instances"] = 1
        if dice.chance(8):
            pool["labels"] = {"market": "spot"}


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
    what = dice.pick(("need", "accelerator", "quota", "rule", "need", "host", "vcpus", "quota", "rule"))
    if what == "quota":
        rented = [pool for pool in doc["pools"] if pool.get("max_instances", 0) > pool.get("min_instances", 0)]
        for pool in rented[:1]:
            pool["max_instances"] -= 1
    elif what == "rule":
        _tighten(dice, doc, component)
    elif what == "need":
        option = dice.pick(_raw_options(component))
        key = "accelerator_memory_gib" if option.get("accelerators", 1) else "memory_gib"
        option[key] = (need(option.get(key, 0), 1024) + 1) / 1024
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
    rule = dice.pick(("min_zones", "max_per_zone", "max_per_instance", "loss", "max_skew", "avoid"))
    if rule == "min_zones":
        spread["min_zones"] = len({pool["zone"] for pool in doc["pools"]})
    elif rule == "max_skew":
        spread["max_skew"] = 1
    elif rule == "loss":
        component["min_available_on_zone_loss"] = component.get("min_available_on_zone_loss", 0) + 1
    elif rule == "avoid" and others:
        component["avoid"] = [dice.pick(others)]
    elif rule in ("max_per_zone", "max_per_instance"):
        spread[rule] = max(1, spread.get(rule, 3) - 1)
    if not spread:
        del component["spread"]


def shuffle(dice: Dice, doc: Doc) -> Doc:
    """Shuffle lists and maps: no answer may lean on their order."""
    for key in ("pools", "components", "instances", "placements"):
        if key in doc:
            doc[key] = dice.shuffled(doc[key])
    for key in ("accelerators", "instance_types"):
        doc[key] = {name: doc[key][name] for name in dice.shuffled(doc[key])}
    return doc
