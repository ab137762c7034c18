"""Problem documents as integers, for the tests alone: written from the format's page, without the package.

Units: MiB, milli-vCPU, thousandths of an accelerator, micro-dollars. The brute force, the plan maker and the damages
read problems through this one module, so that a mistake of the package's own reader is not repeated by its judges.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Doc = dict[str, Any]
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


def whole(value: float, scale: int, *, up: bool) -> int:
    """Whole units of ``value``: snapped when within 1e-6 (relative above 1) of one, else rounded up or down."""
    scaled = value * scale
    near = round(scaled)
    if abs(scaled - near) < 1e-6 * max(1.0, abs(scaled)):
        return near
    return math.ceil(scaled) if up else math.floor(scaled)


def need(value: float, scale: int) -> int:
    """What a copy needs, rounded up."""
    return whole(value, scale, up=True)


def room(value: float, scale: int) -> int:
    """What a machine has, rounded down."""
    return whole(value, scale, up=False)


def micro(dollars: float) -> int:
    """Micro-dollars, to the nearest."""
    return round(dollars * 1_000_000)


@dataclass(frozen=True, slots=True)
class Option:
    """One way to run a copy; memory on each accelerator, host needs per copy."""

    accelerators: int
    shared: bool
    memory: int
    share: int
    vcpus: int
    host: int
    on: frozenset[str] | None
    types: frozenset[str] | None
    throughput: float | None


Load = tuple[int, int, int]  # on one accelerator: copies (OWNED when one has it alone), MiB, thousandths
OWNED = -1
EMPTY: Load = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Machine:
    """An empty machine of a type: what is left once the reserved part is off."""

    type: str
    accelerator: str | None
    count: int
    memory: int
    vcpus: int
    host: int

    def allows(self, option: Option) -> bool:
        """Say whether the option's allow-lists admit this type, room aside."""
        return (option.on is None or self.accelerator in option.on) and (
            option.types is None or self.type in option.types
        )

    def holds(self, option: Option) -> bool:
        """Say whether one copy fits on the machine while it is empty."""
        fits = option.accelerators == 0 or option.memory <= self.memory
        host = option.vcpus <= self.vcpus and option.host <= self.host
        return self.allows(option) and option.accelerators <= self.count and fits and host and option.share <= 1000


class Reading:
    """A problem document in integers, with the look-ups every judge needs."""

    def __init__(self, problem: Doc) -> None:
        self.problem = problem
        self.pools: dict[str, Doc] = {pool["name"]: pool for pool in problem["pools"]}
        self.components: dict[str, Doc] = {component["name"]: component for component in problem["components"]}
        self.instances: dict[str, Doc] = {row["id"]: row for row in problem.get("instances", [])}
        self.placements: list[Doc] = problem.get("placements", [])
        self.zones = sorted({pool["zone"] for pool in problem["pools"]})
        self.options = {name: [read_option(raw) for raw in raw_options(c)] for name, c in self.components.items()}
        self.machine = {name: self._machine(pool["instance_type"]) for name, pool in self.pools.items()}
        self.running = Counter(row["component"] for row in self.placements)
        objective = problem.get("objective", {})
        self.horizon = Fraction(str(objective.get("horizon_hours", 1)))
        self.move_cost = {
            name: micro(c.get("move_cost", objective.get("move_cost", 0))) for name, c in self.components.items()
        }

    def _machine(self, kind: str) -> Machine:
        raw = self.problem["instance_types"][kind]
        reserved = raw.get("reserved", {})
        accelerator = raw.get("accelerator")
        memory = 0
        if accelerator is not None:
            memory = room(self.problem["accelerators"][accelerator]["memory_gib"], 1024)
            memory -= need(reserved.get("accelerator_memory_gib", 0), 1024)
        return Machine(
            type=kind,
            accelerator=accelerator,
            count=raw["accelerator_count"] if accelerator is not None else 0,
            memory=memory,
            vcpus=room(raw["vcpus"], 1000) - need(reserved.get("vcpus", 0), 1000),
            host=room(raw["memory_gib"], 1024) - need(reserved.get("memory_gib", 0), 1024),
        )

    def price(self, pool: str) -> int:
        """Micro-dollars per hour of one machine of the pool."""
        raw = self.pools[pool]
        own = raw.get("price_per_hour")
        return micro(self.problem["instance_types"][raw["instance_type"]]["price_per_hour"] if own is None else own)

    def committed(self, paid: dict[str, int]) -> int:
        """Micro-dollars per hour that commitments pay of so many machines by pool."""
        total = 0
        for row in self.problem.get("commitments", []):
            prices = sorted((self.price(pool) for pool in row["pools"] for _ in range(paid[pool])), reverse=True)
            if "instances" in row:
                total += sum(prices[: row["instances"]])
            else:
                total += min(sum(prices), micro(row["price_per_hour"]))
        return total

    def within_limits(self, paid: dict[str, int]) -> bool:
        """Say whether so many machines by pool, paid for, keep every limit."""
        for row in self.problem.get("limits", []):
            types = [(paid[p], self.price(p), self.problem["instance_types"][self.pools[p]["instance_type"]])
                     for p in row["pools"]]  # fmt: skip
            sums = {
                "max_instances": (sum(n for n, _, _ in types), 1),
                "max_accelerators": (sum(n * t.get("accelerator_count", 0) for n, _, t in types), 1),
                "max_vcpus": (sum(n * room(t["vcpus"], 1000) for n, _, t in types), 1000),
                "max_price_per_hour": (sum(n * price for n, price, _ in types), 1_000_000),
            }
            if any(row.get(key) is not None and n > round(row[key] * scale) for key, (n, scale) in sums.items()):
                return False
        return True

    @property
    def max_moves(self) -> int | None:
        """The most copies that may move."""
        most: int | None = self.problem.get("objective", {}).get("max_moves")
        return most

    def required(self, name: str) -> int:
        """Copies that must be placed whatever the demand."""
        component = self.components[name]
        if "min_copies" in component:
            return int(component["min_copies"])
        return 1 if "demand" in component else int(component["copies"])

    def in_zones(self, name: str, zone: str) -> bool:
        """Say whether the component's allow-list admits the zone."""
        allowed = self.components[name].get("zones")
        return allowed is None or zone in allowed

    def eligible(self, name: str) -> set[str]:
        """Zones that count for the component's spread."""
        return {
            pool["zone"]
            for key, pool in self.pools.items()
            if pool.get("max_instances") != 0
            and self.in_zones(name, pool["zone"])
            and any(self.machine[key].holds(option) for option in self.options[name])
        }

    def enemies(self, name: str) -> set[str]:
        """Components that may not share a machine with this one, whichever of the two says so."""
        others = self.components.keys() - {name}
        return {other for other in others if self._shuns(name, other) or self._shuns(other, name)}

    def _shuns(self, name: str, other: str) -> bool:
        groups = self.components[other].get("groups", [])
        avoid = self.components[name].get("avoid", [])
        return other in avoid or any(f"group:{label}" in avoid for label in groups)

    def option_index(self, row: Doc) -> int:
        """Index of the option a running copy uses; rows may name it."""
        option = row.get("option", 0)
        if isinstance(option, int):
            return option
        names = [raw.get("name") for raw in self.components[row["component"]]["options"]]
        return names.index(option)


def raw_options(component: Doc) -> list[Doc]:
    """Return the option documents of a component; a component without ``options`` is its own only one."""
    options: list[Doc] | None = component.get("options")
    return options if options else [component]


def read_option(raw: Doc) -> Option:
    """Option of one document, in integers."""
    on, types = raw.get("on"), raw.get("instance_types")
    return Option(
        accelerators=raw.get("accelerators", 1),
        shared=raw.get("shared", False),
        memory=need(raw.get("accelerator_memory_gib", 0), 1024),
        share=need(raw.get("accelerator_share", 0), 1000),
        vcpus=need(raw.get("vcpus", 0), 1000),
        host=need(raw.get("memory_gib", 0), 1024),
        on=None if on is None else frozenset(on),
        types=None if types is None else frozenset(types),
        throughput=raw.get("throughput"),
    )


def add_to(loads: tuple[Load, ...], chosen: Iterable[int], option: Option, memory: int) -> tuple[Load, ...] | None:
    """Return the loads with one more copy on the chosen accelerators, or None when it does not fit."""
    after = list(loads)
    for k in chosen:
        copies, filled, share = loads[k]
        if copies == OWNED or (copies and not option.shared):
            return None
        after[k] = (copies + 1 if option.shared else OWNED, filled + option.memory, share + option.share)
        if after[k][1] > memory or after[k][2] > 1000:
            return None
    return tuple(after)


def serves(demand: float, served: float) -> bool:
    """Say whether the demand is met, a hair of float noise forgiven."""
    return served + 1e-9 * max(1.0, demand) >= demand


@dataclass(frozen=True, slots=True)
class Account:
    """What a plan costs: micro-dollars per hour, micro-dollars over the horizon with moves, moves."""

    price: int
    cost: int
    moves: int


def account(reading: Reading, plan: Doc) -> Account:
    """Price a plan from its rows; rules are not looked at."""
    used = Counter(row["pool"] for row in plan["instances"])
    paid_for = {key: max(used[key], pool.get("min_instances", 0)) for key, pool in reading.pools.items()}
    price = sum(number * reading.price(key) for key, number in paid_for.items()) - reading.committed(paid_for)
    planned = Counter(row["component"] for row in plan["assignments"])
    kept = _kept(reading, plan)
    moves = {name: min(reading.running[name], planned[name]) - kept[name] for name in reading.components}
    paid = sum(reading.move_cost[name] * number for name, number in moves.items())
    return Account(price, round(price * reading.horizon) + paid, sum(moves.values()))


def left_out(reading: Reading, plan: Doc) -> Counter[str]:
    """Wanted copies that the plan does not place, by component; only components that lack some."""
    placed = Counter(row["component"] for row in plan["assignments"])
    return Counter(
        {n: c["copies"] - placed[n] for n, c in reading.components.items() if c.get("copies", 0) > placed[n]}
    )


def by_priority(reading: Reading, copies: Counter[str]) -> dict[int, int]:
    """Copies of components summed by priority, highest first."""
    found: Counter[int] = Counter()
    for name, number in copies.items():
        found[reading.components[name].get("priority", 0)] += number
    return dict(sorted(found.items(), reverse=True))


def _kept(reading: Reading, plan: Doc) -> Counter[str]:
    """Copies that stay, by component: rows with known accelerators are matched first, the others take what is left."""
    standing: dict[tuple[str, int, str], list[tuple[int, ...]]] = {}
    for row in plan["assignments"]:
        key = (row["component"], row.get("option", 0), row["instance"])
        standing.setdefault(key, []).append(tuple(sorted(row["accelerators"])))
    kept: Counter[str] = Counter()
    for row in sorted(reading.placements, key=lambda row: row.get("accelerators") is None):
        there = standing.get((row["component"], reading.option_index(row), row["instance"]), [])
        known = row.get("accelerators")
        place = tuple(sorted(known)) if known is not None else (there[0] if there else None)
        if place in there:
            there.remove(place)
            kept[row["component"]] += 1
    return kept
