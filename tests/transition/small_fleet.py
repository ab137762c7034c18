"""The rules of small fleets at one moment, for orders found by trying everything; from the format's page alone.

Copies are tuples of component, option, machine and accelerators, as many as there are in a `Counter`. Only some of the
format's keys are known: memory of accelerators, vCPUs, owners, caps, `avoid`, `dedicated`, spread, losses of a zone or
an instance, quotas, and limits on machines.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from placement.documents.transition import TransitionStep
    from tests.reading import Doc


class Copy(NamedTuple):
    """A copy at its place."""

    component: str
    option: int
    machine: str
    accelerators: tuple[int, ...]


Copies = Counter[Copy]
ByZone = Counter[tuple[str, str]]


def copies_of(rows: Iterable[Doc]) -> Copies:
    """Rows of `placements` or of `assignments`."""
    return Counter(
        Copy(row["component"], row.get("option", 0), row["instance"], tuple(row["accelerators"])) for row in rows
    )


class SmallFleet:
    """A problem that runs; `floors` are what each component must keep on the way to `then`."""

    def __init__(self, doc: Doc, then: Copies, pool_of: dict[str, str] | None = None, missing: int = 0) -> None:
        self.doc = doc
        self.pools: dict[str, Doc] = {row["name"]: row for row in doc["pools"]}
        self.rows: dict[str, Doc] = {row["name"]: row for row in doc["components"]}
        self.instances: dict[str, Doc] = {row["id"]: row for row in doc["instances"]}
        self.pool_of = {name: row["pool"] for name, row in self.instances.items()} | (pool_of or {})
        self.now = copies_of(doc["placements"])
        self.then, self.missing = then, missing
        self.floors = {name: self._floor(name) for name in self.rows}

    def options(self, name: str) -> list[Doc]:
        """The ways to run a copy."""
        row = self.rows[name]
        found: list[Doc] = row.get("options") or [row]
        return found

    def need(self, copy: Copy) -> Doc:
        """What a copy takes."""
        return self.options(copy.component)[copy.option]

    def shape(self, machine: str) -> Doc:
        """The type of a machine."""
        found: Doc = self.doc["instance_types"][self.pools[self.pool_of[machine]]["instance_type"]]
        return found

    def memory(self, machine: str) -> float:
        """Of each of its accelerators."""
        found: float = self.doc["accelerators"][self.shape(machine)["accelerator"]]["memory_gib"]
        return found

    def zone(self, machine: str) -> str:
        """Where it is."""
        return str(self.pools[self.pool_of[machine]]["zone"])

    # --- figures of the copies of one component

    def counts(self, copies: Copies, name: str, key: Callable[[str], str]) -> Counter[str]:
        """Copies by what a machine is in."""
        found: Counter[str] = Counter()
        for copy, count in copies.items():
            if copy.component == name:
                found[key(copy.machine)] += count
        return found

    def left(self, copies: Copies, name: str, key: Callable[[str], str]) -> int:
        """Copies that are left when the fullest of these is lost."""
        found = self.counts(copies, name, key)
        return found.total() - max(found.values(), default=0)

    def skew(self, copies: Copies, name: str) -> int:
        """Between the zone with most and the one with fewest, of those that are eligible or in use."""
        found = self.counts(copies, name, self.zone)
        every = [found[zone] for zone in self.eligible(name) | set(found)]
        return max(every) - min(every) if found else 0

    def eligible(self, name: str) -> set[str]:
        """Zones with a pool that may be used and whose machine holds a copy."""
        return {
            pool["zone"]
            for pool in self.pools.values()
            if pool.get("max_instances") != 0 and any(self.runs_in(o, pool) for o in self.options(name))
        }

    def _floor(self, name: str) -> dict[str, Any]:
        row, spread = self.rows[name], self.rows[name].get("spread", {})
        now, then = (self.counts(copies, name, str).total() for copies in (self.now, self.then))
        zones = len(self.counts(self.now, name, self.zone))
        wanted = spread.get("min_zones", 1)
        most = spread.get("max_skew")
        return {
            "copies": max(0, min(now, then - self.missing)),
            "zone": min(row.get("min_available_on_zone_loss", 0), self.left(self.now, name, self.zone)) if then else 0,
            "machine": min(row.get("min_available_on_instance_loss", 0), self.left(self.now, name, str)) if then else 0,
            "skew": None if most is None else max(most, self.skew(self.now, name)),
            "zones": wanted if zones >= min(wanted, now) else zones,
            "held": now > 0 and then > 0,  # inside of a batch, too
        }

    # --- rules

    def runs_in(self, option: Doc, pool: Doc) -> bool:
        """Whether an empty machine of the pool holds a copy."""
        shape = self.doc["instance_types"][pool["instance_type"]]
        memory = self.doc["accelerators"][shape["accelerator"]]["memory_gib"]
        return (
            shape["accelerator"] in option.get("on", [shape["accelerator"]])
            and option.get("accelerators", 1) <= shape["accelerator_count"]
            and option.get("accelerator_memory_gib", 0) <= memory
            and option.get("vcpus", 0) <= shape["vcpus"]
        )

    def fits(self, copies: Copies, copy: Copy) -> bool:
        """Whether a copy may start beside these, on a machine that is open."""
        here = [(other, count) for other, count in copies.items() if other.machine == copy.machine]
        option, pool = self.need(copy), self.pools[self.pool_of[copy.machine]]
        vcpus = sum(self.need(other).get("vcpus", 0) * count for other, count in here)
        return (
            self.runs_in(option, pool)
            and vcpus + option.get("vcpus", 0) <= self.shape(copy.machine)["vcpus"]
            and self._may_take(copies, copy)
            and all(self._goes_with(copy.component, other.component) for other, _ in here)
            and all(self._has_room(here, option, copy.machine, k) for k in copy.accelerators)
        )

    def _may_take(self, copies: Copies, copy: Copy) -> bool:
        name, spread = copy.component, self.rows[copy.component].get("spread", {})
        there, zones = self.counts(copies, name, str), self.counts(copies, name, self.zone)
        state = self.instances.get(copy.machine, {}).get("state")
        today = self.counts(self.now, name, str)[copy.machine]
        return (
            state != "draining"
            and not (state == "cordoned" and there[copy.machine] >= today)
            and there[copy.machine] < spread.get("max_per_instance", 99)
            and zones[self.zone(copy.machine)] < spread.get("max_per_zone", 99)
        )

    def _goes_with(self, one: str, other: str) -> bool:
        first, second = self.rows[one], self.rows[other]
        apart = first.get("dedicated") or second.get("dedicated")
        return one == other or not (apart or other in first.get("avoid", ()) or one in second.get("avoid", ()))

    def _has_room(self, here: list[tuple[Copy, int]], option: Doc, machine: str, k: int) -> bool:
        there = [(self.need(other), count) for other, count in here if k in other.accelerators]
        if there and not (option.get("shared") and all(need.get("shared") for need, _ in there)):
            return False
        used = sum(need.get("accelerator_memory_gib", 0) * count for need, count in there)
        return bool(used + option.get("accelerator_memory_gib", 0) <= self.memory(machine))

    def may_open(self, machines: Iterable[str], pool: str) -> bool:
        """Whether quota and limits let one more machine be open."""
        paid = Counter(self.pool_of[machine] for machine in machines)
        if paid[pool] >= self.pools[pool].get("max_instances", 99):
            return False
        limits = (row for row in self.doc.get("limits", ()) if pool in row["pools"])
        return all(sum(paid[name] for name in row["pools"]) < row["max_instances"] for row in limits)

    def is_enough(self, copies: Copies, name: str) -> bool:
        """Whether what serves of a component keeps its floors."""
        floor = self.floors[name]
        return (
            self.counts(copies, name, str).total() >= floor["copies"]
            and (not floor["zone"] or self.left(copies, name, self.zone) >= floor["zone"])
            and (not floor["machine"] or self.left(copies, name, str) >= floor["machine"])
        )

    def may_end(self, copies: Copies) -> bool:
        """Whether a batch may end like this: skew and number of zones."""
        for name, floor in self.floors.items():
            counts = self.counts(copies, name, self.zone)
            if floor["skew"] is not None and self.skew(copies, name) > floor["skew"]:
                return False
            if len(counts) < min(floor["zones"], counts.total()):
                return False
        return True

    def may_pass(self, began: ByZone, after: Copies) -> bool:
        """Whether a batch that began so may end so: skew and number of zones at its end, and at every moment."""
        if not self.may_end(after):
            return False
        ends = began, self.by_zone(after)
        for name in {name for end in ends for name, _ in end}:
            before, then = (Counter({z: n for (other, z), n in end.items() if other == name}) for end in ends)
            if before != then and not all(self._is_spread(name, zones) for zones in every_moment(before, then)):
                return False
        return True

    def by_zone(self, copies: Copies) -> ByZone:
        """Copies by component and zone, of components whose spread has to hold inside of batches."""
        found: ByZone = Counter()
        for copy, count in copies.items():
            floor = self.floors[copy.component]
            if floor["held"] and (floor["skew"] is not None or floor["zones"] > 1):
                found[copy.component, self.zone(copy.machine)] += count
        return found

    def _is_spread(self, name: str, zones: dict[str, int]) -> bool:
        """Whether copies by zone keep the rules; a zone that is not eligible is never the one with fewest."""
        floor, eligible = self.floors[name], self.eligible(name)
        if floor["skew"] is not None and any(
            zones[z] - zones.get(y, 0) > floor["skew"] for z in zones for y in eligible
        ):
            return False
        return sum(count > 0 for count in zones.values()) >= min(int(floor["zones"]), sum(zones.values()))

    def places(self, name: str, machines: Iterable[str]) -> list[Copy]:
        """Every place of a copy on these machines, rules of company and room aside."""
        return [
            Copy(name, o, machine, on)
            for machine in machines
            for o, option in enumerate(self.options(name))
            if self.runs_in(option, self.pools[self.pool_of[machine]])
            for on in combinations(range(self.shape(machine)["accelerator_count"]), option.get("accelerators", 1))
        ]


class Walk:
    """What runs while the steps of an order are taken one by one."""

    def __init__(self, fleet: SmallFleet) -> None:
        self.fleet, self.machines, self.starting = fleet, set(fleet.instances), 0
        self.copies: Copies = Counter(fleet.now)

    def breaks(self, step: TransitionStep) -> bool:
        """Take a step; says whether it breaks a rule."""
        fleet, copy = self.fleet, copy_of(step)
        if step.action == "open":
            fleet.pool_of[copy.machine] = step.pool or ""
            wrong = not fleet.may_open(self.machines, step.pool or "")
            self.machines.add(copy.machine)
        elif step.action == "close":
            wrong = any(other.machine == copy.machine for other in self.copies)
            self.machines.remove(copy.machine)
        elif step.action == "start":
            wrong = copy.machine not in self.machines or not fleet.fits(self.copies, copy)
            self.copies[copy] += 1
            self.starting += 1
        elif step.action == "wait":
            wrong, self.starting = False, 0
        else:
            wrong = self.starting > 0 or not self.copies[copy]
            self.copies -= Counter([copy])
            wrong = wrong or not fleet.is_enough(self.copies, copy.component)
        return wrong


def every_moment(before: Counter[str], after: Counter[str]) -> Iterator[dict[str, int]]:
    """Copies by zone at each moment of a batch: any of them are ready, then any of those to go are gone.

    Where a new copy stands in a zone with an old one to go, the two are one.
    """
    zones = sorted({*before, *after})
    gain = [range(max(0, after[z] - before[z]) + 1) for z in zones]
    for more in product(*gain):
        yield {z: before[z] + n for z, n in zip(zones, more, strict=True)}
    loss = [range(max(0, before[z] - after[z]) + 1) for z in zones]
    for less in product(*loss):
        yield {z: max(before[z], after[z]) - n for z, n in zip(zones, less, strict=True)}


def copy_of(step: TransitionStep) -> Copy:
    """The copy of a step; nonsense where it has none."""
    return Copy(step.component or "", step.option or 0, step.instance or "", tuple(step.accelerators or ()))
