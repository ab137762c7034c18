"""Plausible plans: randomised first fit that mostly keeps the rules, sometimes forgets one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.reading import EMPTY, Doc, Load, Machine, Option, Reading, account, add_to, serves

if TYPE_CHECKING:
    import random


MOST_COPIES = 300  # of a component: with more a plan takes a minute, and looks no different


@dataclass
class Slot:
    """A machine that fills up."""

    id: str
    pool: str
    new: bool
    machine: Machine
    loads: tuple[Load, ...]
    cordoned: bool
    vcpus: int = 0
    host: int = 0
    here: Counter[str] = field(default_factory=Counter)
    rows: list[Doc] = field(default_factory=list)

    def place(self, name: str, index: int, option: Option, chosen: tuple[int, ...]) -> bool:
        """Put one copy on the chosen accelerators if machine and accelerators have room."""
        loads = add_to(self.loads, chosen, option, self.machine.memory)
        fits = self.vcpus + option.vcpus <= self.machine.vcpus and self.host + option.host <= self.machine.host
        if loads is None or not fits or not self.machine.allows(option):
            return False
        self.loads, self.vcpus, self.host = loads, self.vcpus + option.vcpus, self.host + option.host
        self.here[name] += 1
        row: Doc = {"component": name, "option": index, "instance": self.id, "accelerators": list(chosen)}
        self.rows.append(row)
        return True


def random_plan(rng: random.Random, problem: Doc) -> Doc:
    """Return a plan that usually keeps the rules, with its true price, cost and moves or with none.

    Running copies mostly stay; the others go to the zone with the fewest of their kind, on the first machine of a
    random order that takes them. About one plan in eight forgets the rules other than room, so that broken plans
    are not all damaged by hand. It never backtracks: tight problems end with copies missing.
    """
    maker = _Maker(rng, Reading(problem))
    maker.stay()
    for name in rng.sample(list(maker.reading.components), len(maker.reading.components)):
        maker.place_all(name)
    plan = maker.plan()
    if rng.random() < 0.7:
        counted = account(maker.reading, plan)
        plan |= {"price_per_hour": counted.price / 1e6, "cost": counted.cost / 1e6, "moves": counted.moves}
    return plan


class _Maker:
    def __init__(self, rng: random.Random, reading: Reading) -> None:
        self.rng = rng
        self.reading = reading
        self.careful = rng.random() < 0.88
        self.placed: Counter[str] = Counter()
        self.served = dict.fromkeys(reading.components, 0.0)
        self.zones: dict[str, Counter[str]] = {name: Counter() for name in reading.components}
        self.enemies = {name: reading.enemies(name) for name in reading.components}
        self.slots = [
            self._slot(row["id"], row["pool"], new=False)
            for row in reading.instances.values()
            if row.get("state") != "draining"
        ]

    def _slot(self, name: str, pool: str, *, new: bool) -> Slot:
        machine = self.reading.machine[pool]
        cordoned = self.reading.instances.get(name, {}).get("state") == "cordoned"
        return Slot(name, pool, new, machine, (EMPTY,) * machine.count, cordoned)

    def stay(self) -> None:
        """Leave most running copies where they are, the pinned ones first."""
        slots = {slot.id: slot for slot in self.slots}
        for row in sorted(self.reading.placements, key=lambda row: not row.get("pinned")):
            name, slot = row["component"], slots.get(row["instance"])
            if slot is None or self._done(name) or not (row.get("pinned") or self.rng.random() < 0.8):
                continue
            index = self.reading.option_index(row)
            known = row.get("accelerators")
            if known is not None and len(known) != self.reading.options[name][index].accelerators:
                continue
            self._try(slot, name, index, None if known is None else tuple(known))

    def place_all(self, name: str) -> None:
        """Place copies of a component until it has enough or finds no place, or there are `MOST_COPIES` more of it."""
        for _ in range(MOST_COPIES):
            if self._done(name) or not self._place(name):
                return

    def _done(self, name: str) -> bool:
        component = self.reading.components[name]
        if self.placed[name] < self.reading.required(name):
            return False
        if "demand" in component:
            return serves(component["demand"], self.served[name])
        return bool(self.placed[name] >= component["copies"])

    def _place(self, name: str) -> bool:
        options = list(range(len(self.reading.options[name])))
        self.rng.shuffle(options)
        slots = self.slots + self._rentable()
        self.rng.shuffle(slots)
        spread = self.zones[name]
        slots.sort(key=lambda slot: (spread[self.reading.pools[slot.pool]["zone"]], slot.new and not slot.rows))
        for slot in slots:
            for index in options:
                if self._try(slot, name, index, None):
                    if slot not in self.slots:
                        self.slots.append(slot)
                    return True
        return False

    def _rentable(self) -> list[Slot]:
        used = Counter(slot.pool for slot in self.slots if self._listed(slot))
        fresh = Counter(slot.pool for slot in self.slots if slot.new)
        return [
            self._slot(f"{pool}/new-{fresh[pool] + 1}", pool, new=True)
            for pool, raw in self.reading.pools.items()
            if raw.get("max_instances") is None or used[pool] < raw["max_instances"]
        ]

    def _try(self, slot: Slot, name: str, index: int, chosen: tuple[int, ...] | None) -> bool:
        option = self.reading.options[name][index]
        if self.careful and not self._welcome(slot, name):
            return False
        if chosen is None:
            order = self.rng.sample(range(slot.machine.count), slot.machine.count)
            free = [k for k in order if add_to(slot.loads, (k,), option, slot.machine.memory) is not None]
            chosen = tuple(sorted(free[: option.accelerators]))
        if len(chosen) != option.accelerators or any(k >= slot.machine.count for k in chosen):
            return False
        if not slot.place(name, index, option, chosen):
            return False
        self.placed[name] += 1
        self.served[name] += option.throughput or 0.0
        self.zones[name][self.reading.pools[slot.pool]["zone"]] += 1
        return True

    def _welcome(self, slot: Slot, name: str) -> bool:
        """Rules about neighbours, caps, zones, cordons and the quota of a machine not used so far."""
        component, spread = self.reading.components[name], self.reading.components[name].get("spread", {})
        zone, neighbours = self.reading.pools[slot.pool]["zone"], set(slot.here) - {name}
        had = sum(r["component"] == name and r["instance"] == slot.id for r in self.reading.placements)
        dedicated = any(self.reading.components[other].get("dedicated") for other in {name, *neighbours})
        quota = self.reading.pools[slot.pool].get("max_instances")
        used = sum(other.pool == slot.pool and self._listed(other) for other in self.slots if other is not slot)
        return (
            self.reading.in_zones(name, zone)
            and not (neighbours & self.enemies[name])
            and not (neighbours and dedicated)
            and slot.here[name] < spread.get("max_per_instance", slot.here[name] + 1)
            and self.zones[name][zone] < spread.get("max_per_zone", self.zones[name][zone] + 1)
            and not (slot.cordoned and slot.here[name] >= had)
            and (component.get("demand") is not None or self.placed[name] < component["copies"])
            and (quota is None or used < quota)
        )

    def _listed(self, slot: Slot) -> bool:
        return bool(slot.rows) or self.reading.instances.get(slot.id, {}).get("removable") is False

    def plan(self) -> Doc:
        """Write down the machines in use, or that must stay, and what stands on them."""
        listed = [slot for slot in self.slots if self._listed(slot)]
        self.rng.shuffle(listed)
        short = {name: c.get("copies", 0) - self.placed[name] for name, c in self.reading.components.items()}
        return {
            "format": "placement-plan/v1",
            "problem": self.reading.problem.get("name", ""),
            "status": "feasible",
            "stop": "done",
            "solver": "random",
            "seed": 0,
            "instances": [{"id": slot.id, "pool": slot.pool, "new": slot.new} for slot in listed],
            "assignments": [row for slot in listed for row in slot.rows],
            "unplaced": [{"component": c, "copies": n, "reason": "found no place"} for c, n in short.items() if n > 0],
        }
