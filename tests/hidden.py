"""The hidden fleet and plan that tight problems are cut from: machines, copies on them, and needs that fill them.

Every throw goes through :class:`Dice`, so one builder serves a seeded generator and Hypothesis alike.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st

from tests.reading import Doc, Machine, Reading

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")
MEMORY_GIB = (16, 24, 40, 80, 10.1)
VCPUS = (8, 16, 4, 7.5, 96)
HOST_GIB = (32, 64, 48.5, 256)
PRICES = (1.0, 2.5, 0.33, 25.25, 4.1, 1.0)


@dataclass(frozen=True)
class Knobs:
    """How large and how odd problems are; percents are chances."""

    max_copies: int = 6
    max_components: int = 5
    max_machines: int = 4
    state: bool | None = None  # running machines and copies: always, never, or drawn
    demand: bool = True
    optional: bool = True
    spoil: int = 65
    spare: int = 30
    rules: int = 0  # limits, commitments, losses of a pool or an instance, moves that are limited: each of them


@dataclass(frozen=True)
class Theme:
    """What a problem is tight in, percents: rules that bind at once hide each other, so most problems have a theme."""

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
    theme = dice.pick(THEMES)
    zones = [f"z{z}" for z in range(dice.pick((2, 3) if theme.zoned > 50 else (1, 2, 3, 2)))]
    pools: list[Doc] = []
    for name in types:
        for zone in dice.shuffled(zones)[: 1 + (len(zones) > 1 and dice.chance(60)) + (len(zones) > 2)]:
            pool: Doc = {"name": f"p{len(pools)}", "instance_type": name, "zone": zone}
            if dice.chance(20):
                pool["price_per_hour"] = dice.pick(PRICES)
            pools.append(pool)
    doc: Doc = {"format": "placement/v1", "name": "tight", "accelerators": accelerators, "instance_types": types}
    doc["pools"] = pools[: knobs.max_machines + 1]
    machines = [dice.integer(0, len(doc["pools"]) - 1) for _ in range(dice.integer(1, knobs.max_machines))]
    if theme.zoned > 50:  # over as many zones as there are
        one_each = {doc["pools"][p]["zone"]: p for p in dice.shuffled(range(len(doc["pools"])))}
        machines = [*one_each.values(), *machines][: max(2, len(machines))]
    hidden = Hidden(doc, machines, theme)
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
        policy = "zones" if dice.chance(20 + hidden.theme.zoned) else "crowd"
        if dice.chance(hidden.theme.company):
            policy = "apart"
        copies: list[HiddenCopy] = []
        for _ in range(wanted):
            copy = _place(dice, hidden, c, shape, taken, policy)
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
    dice: Dice, hidden: Hidden, c: int, shape: tuple[int, bool], taken: dict[tuple[int, int], bool], policy: str
) -> HiddenCopy | None:
    """One more copy: where its zone has the fewest, apart from other components, or on machines in use."""
    accelerators, shared = shape
    zones = Counter(hidden.zone(copy) for copy in hidden.of(c))
    others = Counter(copy.machine for copy in hidden.copies if copy.component != c)
    machines = dice.shuffled(range(len(hidden.machines)))
    by = {"zones": lambda m: zones[hidden.zone_of(m)], "apart": lambda m: others[m], "crowd": lambda m: -others[m]}
    machines.sort(key=by[policy])
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
    needs: list[Doc] = [{"accelerators": a} | ({"shared": True} if shared else {}) for a, shared in hidden.shapes]
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
