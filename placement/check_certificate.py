#!/usr/bin/env python3
r"""Check why a bound holds: reads a problem and a certificate (JSON), and perhaps a plan. Standard library only.

    python -m placement.check_certificate PROBLEM CERTIFICATE [PLAN] [--recheck] [--strict]

A certificate (`placement-certificate/v1`, docs/certificates.md) claims that no plan of the problem costs less than so
much, or that there is none. It is a tree: each inner node splits the plans into two cases by a whole number, each leaf
has a reason for its case. Nothing that it says is believed. The problem is compiled here anew; the certificate's
numbers are used as *prices*, of which any prove something, and all sums are in whole numbers and fractions. So the
worst that a certificate can do is to prove less than it claims. To check this program, read it in its order:

1. documents, 2. the problem, 3. one component, 4. a leaf's case, 5. the best pattern, 6. prices, 7. what runs now,
8. counting, 9. the tree, 10. the command.

Exit status: 0, every leaf proves the claim, or an engine's word does, which is said; 1, refused, with --strict also
when a leaf rests on the word of one engine alone; 2, a document can't be read.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter, defaultdict, namedtuple
from fractions import Fraction
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Need = tuple[int, ...]  # of RESOURCES: MiB, thousandths, thousandths, MiB
Range = tuple[int, int]  # the least and the most of a count
Cost = Fraction | float  # micro-dollars, or NO_PLAN
RESOURCES = ("accelerator_memory", "accelerator_share", "vcpus", "memory")
SHARE = 1000  # thousandths of an accelerator
MOST_WHOLE = 64  # copies of a dedicated component whose machines are counted whole
MOST_STATES = 100_000  # of a knapsack's table; beyond that its units are made coarser
NO_LIMIT = 10**400  # above any count
NO_PLAN: Cost = math.inf  # what the cheapest of no plans costs: the only float that takes part in a comparison


# 1. Documents --------------------------------------------------------------------------------------------------------
class Refused(Exception):
    """A sentence: what is wrong."""


REQUIRED: Any = object()
KINDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "true or false": lambda value: isinstance(value, bool),
    "a list": lambda value: isinstance(value, list),
    "an object": lambda value: isinstance(value, dict),
    "a number": lambda value: type(value) in (int, float) and 0 <= value <= 1e18,  # of a problem; NaN is none
    "a count": lambda value: type(value) in (int, float) and 0 <= value <= 1e9 and value == int(value),
    "a whole number": lambda value: type(value) is int,  # of a certificate: no float, no boolean
    "a whole number >= 0": lambda value: type(value) is int and value >= 0,
    "a whole number > 0": lambda value: type(value) is int and value > 0,
}


def insist(suits: bool, sentence: str) -> None:
    if not suits:
        raise Refused(sentence)


def expect(value: Any, what: str, kind: str) -> Any:
    insist(KINDS[kind](value), f"{what} must be {kind}, not {show(value)}")
    return int(value) if kind == "a count" else value


def take(row: Mapping[str, Any], key: str, kind: str, default: Any = REQUIRED) -> Any:
    """The value of a key; null is as good as absent."""
    value = row.get(key)
    return default if value is None and default is not REQUIRED else expect(value, key, kind)


def only(value: object, keys: str, what: str) -> dict[str, Any]:
    """An object without keys that are not known here: they might mean something."""
    row: dict[str, Any] = expect(value, what, "an object")
    unknown = sorted(set(row) - set(keys.split()))
    insist(not unknown, f"{what} has keys that are not known here: {show(', '.join(unknown))}")
    return row


def rows(row: Mapping[str, Any], key: str, keys: str, default: Any = REQUIRED) -> list[dict[str, Any]]:
    return [only(value, keys, f"a row of {key}") for value in take(row, key, "a list", default)]


def parts(value: Any, what: str, size: int) -> list[Any]:
    insist(isinstance(value, list) and len(value) == size, f"{what} must be a list of {size}, not {show(value)}")
    return list(value)


def known(name: Any, names: Iterable[str], what: str) -> str:
    insist(isinstance(name, str) and name in names, f"the problem has no {what} {show(name)}")
    return str(name)


def distinct(pairs: Iterable[tuple[Any, Any]], what: str) -> dict[Any, Any]:
    pairs = list(pairs)
    insist(len(dict(pairs)) == len(pairs), f"{what}: the same thing stands there twice")
    return dict(pairs)


def show(value: Any) -> str:
    """Any value, short, and without signs that a terminal obeys."""
    if type(value) in (int, Fraction) and abs(value) >= 10**40:
        return "a number of more than 40 digits"
    shown = f"{len(value)} values" if isinstance(value, list | dict) else json.dumps(value, default=str)
    return shown if len(shown) <= 70 else f"{shown[:67]}..."


# 2. The problem ------------------------------------------------------------------------------------------------------
PROBLEM = "format name accelerators instance_types pools components instances placements objective limits commitments"
POOL = "name instance_type zone min_instances max_instances price_per_hour labels"
OPTION = "accelerators accelerator_memory_gib accelerator_share shared vcpus memory_gib on instance_types throughput"
COMPONENT = (
    f"{OPTION} name copies demand min_copies priority options zones spread dedicated avoid groups move_cost labels "
    "min_available_on_zone_loss min_available_on_pool_loss min_available_on_instance_loss"
)
SPREAD = "max_skew min_zones max_per_zone max_per_instance"
Option = namedtuple("Option", "name shared devices memory share vcpus host on types rate")  # needs of one copy
# A component by an option on a pool: its `need` in patterns of `touches` accelerators, or else it owns `owned` of them.
Way = namedtuple("Way", "component option pool zone need touches owned usage rate")
Place = namedtuple("Place", "component option machine accelerators")  # where copies run


def units(row: Mapping[str, Any], key: str, scale: int, rounded: Callable[[float], int] = math.ceil) -> int:
    """A need in whole units, rounded up (room: down); what is within 1e-6 of a whole number is that number."""
    value = take(row, key, "a number", 0.0 if rounded is math.ceil else REQUIRED) * scale
    return round(value) if abs(value - round(value)) < 1e-6 * max(1.0, value) else rounded(value)


def decimal(value: float) -> Fraction:
    """The decimal that was written: 0.1 is a tenth, not the binary number next to it."""
    return Fraction(str(float(value)))


class Pool:
    """Machines that are alike. On a *whole* one a pattern is all that stands there; else what one accelerator holds."""

    def __init__(
        self, row: dict[str, Any], types: dict[str, Any], memory: dict[Any, int], forced: Counter[str]
    ) -> None:
        self.name, self.zone, self.type = (take(row, key, "text") for key in ("name", "zone", "instance_type"))
        keys = "accelerator accelerator_count vcpus memory_gib price_per_hour reserved"
        kind = only(types.get(self.type), keys, f"the instance type {show(self.type)}")
        less = only(take(kind, "reserved", "an object", {}), "vcpus memory_gib accelerator_memory_gib", "reserved")
        self.accelerator = take(kind, "accelerator", "text", None)
        insist(self.accelerator is None or self.accelerator in memory, f"no accelerator {show(self.accelerator)}")
        self.devices = 0 if self.accelerator is None else int(take(kind, "accelerator_count", "a count", 0))
        self.memory = memory.get(self.accelerator, 0) - units(less, "accelerator_memory_gib", 1024)  # of each
        self.vcpus = units(kind, "vcpus", 1000, math.floor) - units(less, "vcpus", 1000)
        self.host = units(kind, "memory_gib", 1024, math.floor) - units(less, "memory_gib", 1024)
        price = take(row, "price_per_hour", "a number", take(kind, "price_per_hour", "a number"))
        self.price = round(price * 1_000_000)  # micro-dollars
        self.quota: int = take(row, "max_instances", "a count", NO_LIMIT)
        self.fewest = max(take(row, "min_instances", "a count", 0), forced[self.name])  # any plan pays for these
        self.whole = self.devices <= 1
        one, self.room = (
            (n * max(0, self.memory), n * SHARE, max(0, self.vcpus), max(0, self.host)) for n in (1, self.devices)
        )
        self.unit: Need = self.room if self.whole else (*one[:2], 0, 0)  # what a pattern may fill


def read_option(row: dict[str, Any], *, rated: bool) -> Option:
    allowed = (take(row, key, "a list", None) for key in ("on", "instance_types"))
    keys = (("accelerator_memory_gib", 1024), ("accelerator_share", SHARE), ("vcpus", 1000), ("memory_gib", 1024))
    needs = [units(row, key, scale) for key, scale in keys]
    rate = decimal(take(row, "throughput", "a number", REQUIRED if rated else 1))
    insist(rate > 0, "throughput must be above 0")
    shared, devices = take(row, "shared", "true or false", False), take(row, "accelerators", "a count", 1)
    return Option._make((take(row, "name", "text", None), shared, devices, *needs, *allowed, rate))


def runs_on(option: Option, pool: Pool) -> bool:
    """Whether an empty machine of the pool may run one copy."""
    named = option.on is None or pool.accelerator in option.on
    fits = not option.devices or (option.devices <= pool.devices and option.memory <= pool.memory)
    fits = fits and option.vcpus <= pool.vcpus and option.host <= pool.host and pool.quota > 0
    return bool(named and fits and (option.types is None or pool.type in option.types))


def usage(option: Option, pool: Pool) -> Need:
    """What a copy takes of a machine; an accelerator that is not shared is taken whole."""
    memory, share = (option.memory, option.share) if option.shared else (pool.memory, SHARE)
    return (option.devices * memory, option.devices * share, option.vcpus, option.host)


class Problem:
    """A compiled document. What only forbids more plans (`avoid`, `limits`, ...) is not read: bounds hold without.

    `commitments` make plans cheaper: problems with these are refused. `machines`: those that run and may stay, by id
    their pool; `places`: the copies on these, how many run and how many are pinned. `ranges`: see `Leaf`.
    """

    def __init__(self, document: object) -> None:
        top = only(document, PROBLEM, "the problem")
        insist(top.get("format") == "placement/v1", 'the problem must have "format": "placement/v1"')
        insist(not top.get("commitments"), "the problem has commitments, which lower costs: this is not covered")
        objective = only(take(top, "objective", "an object", {}), "horizon_hours move_cost max_moves", "the objective")
        self.name: str = take(top, "name", "text", "")
        self.horizon = decimal(take(objective, "horizon_hours", "a number", 1)).limit_denominator(10**6)
        listed = [(take(row, "id", "text"), row) for row in rows(top, "instances", "id pool state removable", [])]
        ids = distinct(listed, "instances")
        staying = {m: row for m, row in ids.items() if take(row, "state", "text", "active") != "draining"}
        kept = [row for row in staying.values() if not take(row, "removable", "true or false", True)]
        forced = Counter(take(row, "pool", "text") for row in kept)
        accelerators = take(top, "accelerators", "an object", {}).items()
        of_one = {a: only(row, "memory_gib", "an accelerator") for a, row in accelerators}
        memory = {a: units(row, "memory_gib", 1024, math.floor) for a, row in of_one.items()}
        pools = [
            Pool(row, take(top, "instance_types", "an object"), memory, forced) for row in rows(top, "pools", POOL)
        ]
        self.pools: dict[str, Pool] = distinct(((pool.name, pool) for pool in pools), "pools")
        self.machines = {m: known(row.get("pool"), self.pools, "pool") for m, row in staying.items()}
        named = distinct(((take(row, "name", "text"), row) for row in rows(top, "components", COMPONENT)), "components")
        placements = rows(top, "placements", "component instance accelerators option pinned", [])
        self.running = Counter(known(row.get("component"), named, "component") for row in placements)
        move_cost = take(objective, "move_cost", "a number", 0)
        self.components = {n: Component(row, move_cost, self.pools, self.running[n]) for n, row in named.items()}
        self.places: dict[Place, list[int]] = defaultdict(lambda: [0, 0])
        for row in placements:
            c, machine = self.components[row["component"]], known(row.get("instance"), ids, "instance")
            seats = take(row, "accelerators", "a list", None)
            on = None if seats is None else frozenset(expect(seat, "an accelerator", "a count") for seat in seats)
            place = Place(c.name, c.index(row.get("option") or 0), machine, on)
            if machine in self.machines:
                self.places[place][0] += 1
                self.places[place][1] += take(row, "pinned", "true or false", False)
        copies = {p: sum(c.copies for c in self.components.values() if p in c.on_one) for p in self.pools}
        self.ranges = {p: (pool.fewest, min(pool.quota, pool.fewest + copies[p])) for p, pool in self.pools.items()}


# 3. One component ----------------------------------------------------------------------------------------------------
class Component:
    """A model to serve by `required` to `copies` copies, and what its rules and the pools say of these.

    `in_zone`: the range of its copies in each of its `zones`; `on_one`: by pool, the most copies on one machine.
    A dedicated component puts nothing into patterns: it has machines alone.
    """

    def __init__(self, row: dict[str, Any], move_cost: float, pools: Mapping[str, Pool], running: int) -> None:
        self.name: str = row["name"]
        copies, self.demand = take(row, "copies", "a count", None), decimal(take(row, "demand", "a number", 0))
        insist((copies is None) == (self.demand > 0), f"{show(self.name)} must have either copies or a demand")
        loss = row.get("min_available_on_pool_loss") or row.get("min_available_on_instance_loss")
        insist(not (loss and self.demand), "a demand beside a loss floor over pools or instances is not covered")
        direct = {key: row[key] for key in OPTION.split() if row.get(key) is not None}
        listed = rows(row, "options", f"{OPTION} name", [direct])
        insist(bool(listed) and (listed == [direct] or not direct), f"the options of {show(self.name)} are not clear")
        self.options = [read_option(option, rated=self.demand > 0) for option in listed]
        self.required: int = take(row, "min_copies", "a count", 1 if copies is None else copies)
        self.priority = (
            take(row, "priority", "a count", 0) if (copies or 0) > self.required else None
        )  # of optional ones
        self.move_cost = round(take(row, "move_cost", "a number", move_cost) * 1_000_000)
        spread = only(take(row, "spread", "an object", {}), SPREAD, "spread")
        self.skew, _, self.per_zone, self.per_instance = (take(spread, k, "a count", NO_LIMIT) for k in SPREAD.split())
        insist(self.skew > 0, "max_skew must be at least 1")
        self.min_zones: int = take(spread, "min_zones", "a count", 0)
        self.floor: int = take(row, "min_available_on_zone_loss", "a count", 0)
        self.dedicated, allowed = take(row, "dedicated", "true or false", False), take(row, "zones", "a list", None)
        self.ways: list[Way] = []
        for (o, option), pool in product(enumerate(self.options), pools.values()):
            if runs_on(option, pool) and (allowed is None or pool.zone in allowed):
                taken, need, touches = usage(option, pool), None, 0
                if not self.dedicated and (pool.whole or (option.shared and option.devices)):
                    need = taken if pool.whole else (option.memory, option.share, 0, 0)
                    touches = 1 if pool.whole else option.devices
                owned = 0 if self.dedicated or touches else option.devices
                self.ways.append(Way(self.name, o, pool.name, pool.zone, need, touches, owned, taken, option.rate))
        self.zones = sorted({way.zone for way in self.ways})
        self.way_of = {(way.option, way.pool): way for way in self.ways}
        self.copies: int = self.serve(running) if self.demand else copies
        self.in_zone = self.zone_range()
        self.on_one = {way.pool: self.most_on_one(pools[way.pool]) for way in self.ways}
        self.counted_whole = self.dedicated and not self.demand and self.copies <= MOST_WHOLE

    def index(self, option: Any) -> int:
        """The option of a placement, by name or number."""
        found = next((o for o, one in enumerate(self.options) if one.name == option), option)
        insist(found in range(len(self.options)), f"{show(self.name)} has no option {show(option)}")
        return int(found)

    def serve(self, running: int) -> int:
        """Set the demand; the copies beyond which one can be dropped from any plan at no cost.

        Throughput may miss a demand by 1e-9 of it. Served sums are multiples of 1 / scale, so what they must reach may
        be rounded up to one; and no copy serves more than that. With more copies than that, `min_copies` and 2a + 1
        (a: the zone-loss floor) ask for, drop one of a fullest zone. Skew: if that zone alone was fullest, the largest
        count falls; else the least falls only when all zones were even, to a skew of 1. Zones in use: one empties only
        when it had one copy, so all had, and fewer copies need fewer. Floor: with one fullest zone nothing changes;
        with two, at least n/2 - 1 >= a stand elsewhere. With more than zones x running copies a fullest zone has one
        that does not run there now, so no kept or pinned copy is lost.
        """
        scale = math.lcm(self.demand.denominator, *(option.rate.denominator for option in self.options))
        least = self.demand - max(self.demand, Fraction(1)) / 10**9
        self.demand = Fraction(max(1, math.ceil(least * scale)), scale)
        self.ways = [way._replace(rate=min(way.rate, self.demand)) for way in self.ways]
        enough: int = math.ceil(self.demand / min(option.rate for option in self.options))
        return max(enough, self.required, 2 * self.floor + 1, len(self.zones) * running, running)

    def zone_range(self) -> Range:
        """With n copies over Z zones and skew k, a zone has from (n - (Z-1) k) / Z to (n + (Z-1) k) / Z of them.

        A zone whose loss must leave a copies has at most n - a, one of m in use at most n - m + 1. The least is taken
        at the required copies and the most at all copies, so they hold whatever n is.
        """
        zones = max(1, len(self.zones))
        others = (zones - 1) * self.skew
        elsewhere = max(self.floor, min(self.min_zones, self.copies) - 1)
        high = min(self.copies - elsewhere, (self.copies + others) // zones, self.per_zone)
        return max(0, -(-(self.required - others) // zones)), max(0, high)

    def most_on_one(self, pool: Pool) -> int:
        """No machine of the pool holds more copies: the least that any option takes of each resource counts."""
        ways = [way for way in self.ways if way.pool == pool.name]
        options = [self.options[way.option] for way in ways]
        most: list[int] = [self.copies, self.per_instance]
        for has, taken in zip(pool.room, zip(*(way.usage for way in ways), strict=True), strict=True):
            most += [has // min(taken)] if min(taken) else []
        width = min(option.devices for option in options)
        if width:  # a copy stands on so many accelerators, each of which holds so many copies
            beside = [self.copies if any(option.shared for option in options) else 1]
            memory, share = min(option.memory for option in options), min(option.share for option in options)
            beside += [pool.memory // memory] if memory else []
            beside += [SHARE // share] if share else []
            most.append(pool.devices * min(beside) // width)
        return max(1, min(most))


# 4. A leaf's case ----------------------------------------------------------------------------------------------------
class Leaf:
    """The plans of a leaf: ranges of machines paid for, by pool and by set of pools, and of copies.

    Plans *worth having* count: with at most `Component.copies`, and no machine paid for that holds nothing unless the
    document makes it be paid. Any plan can be made one at no cost, in money or in copies left out. Such a plan pays in
    a pool for at most the machines that any plan pays for, and one for each copy that may run there. `path` has, by set
    of pools or of copies, what the splits above allow; `within`, by priority, the most optional copies left out.
    """

    def __init__(self, problem: Problem, path: Mapping[Any, Range], within: Mapping[Any, int]) -> None:
        def meet(key: Any, low: int, high: int) -> Range:
            least, most = path.get(key, (0, NO_LIMIT))
            return max(low, least), min(high, most)

        self.within = within
        self.pools = {p: meet(frozenset([p]), *ends) for p, ends in problem.ranges.items()}
        self.sets = {key: meet(key, *self.sums(key)) for key in path if isinstance(key, frozenset)}
        self.copies = {k: meet(k, 0, problem.components[k[0]].copies) for k in path if isinstance(k, tuple)}
        ranges = [*self.pools.values(), *self.sets.values(), *self.copies.values()]
        self.empty = any(low > high for low, high in ranges)

    def most_copies(self, c: Component, o: int, pools: set[str]) -> int:
        """Of the component by the option on some pools: what is known of sets that have all of these."""
        limits = (
            high for (name, i, some), (_, high) in self.copies.items() if (name, i) == (c.name, o) and pools <= some
        )
        return min(c.copies, *limits, c.copies)

    def sums(self, pools: frozenset[str]) -> Range:
        """The range of a set of pools by those of its pools."""
        return sum(self.pools[p][0] for p in pools), sum(self.pools[p][1] for p in pools)


# 5. The best pattern -------------------------------------------------------------------------------------------------
@lru_cache(maxsize=1000)
class Knapsack:
    """What may stand on one accelerator (or whole machine), by dynamic programming over the room that is filled.

    Martello and Toth 1990, *Knapsack Problems*, section 3.4 (multiplicities in parts 1, 2, 4, ...); in several
    dimensions Kellerer, Pferschy and Pisinger 2004, section 9.3.2. Needs and room are rounded down to units of a
    `grid`, or dimensions are left out of it: what fits still fits then, so the most that it is worth only grows.
    """

    def __init__(self, room: Need, needs: frozenset[Need], grid: tuple[tuple[int, int, int], ...]) -> None:
        sizes = {need: [need[d] * den // num for d, num, den in grid] for need in needs}
        rooms = [room[d] * den // num for d, num, den in grid]
        kept = [d for d in range(len(grid)) if any(size[d] for size in sizes.values())]
        for d in reversed(kept.copy()):  # a dimension is implied by one of which each need takes no smaller part
            implied = (all(s[d] * rooms[e] <= s[e] * rooms[d] for s in sizes.values()) for e in kept if e != d)
            kept = [e for e in kept if e != d] if any(implied) else kept
        unit = {d: math.gcd(*(size[d] for size in sizes.values())) for d in kept}
        while kept and math.prod(rooms[d] // unit[d] + 1 for d in kept) > MOST_STATES:
            unit[max(kept, key=lambda d: rooms[d] // unit[d])] *= 2
        kept.sort(key=lambda d: rooms[d] // unit[d])  # the longest last, as rows of it are gone through at once
        self.room = [rooms[d] // unit[d] for d in kept]
        self.sizes = {need: [size[d] // unit[d] for d in kept] for need, size in sizes.items()}
        self.strides = [math.prod(have + 1 for have in self.room[i + 1 :]) for i in range(len(kept))]
        self.values: dict[tuple[tuple[Need, int, int], ...], int] = {}

    def table(self, priced: Iterable[tuple[Need, int, int]], best: list[int] | None = None) -> list[int]:
        """By room up to all of it, the most that items are worth: (need, price, how many at most).

        What is priced below 0 may stay away. `best` is such a table of other items.
        """
        best = [0] * math.prod(have + 1 for have in self.room) if best is None else best
        for need, price, limit in priced:
            size, times = self.sizes[need], 1
            left = min([limit, *(have // each for each, have in zip(size, self.room, strict=True) if each)])
            if price > 0 and left > 0 and not any(size):
                best, left = [value + price * left for value in best], 0
            while price > 0 and left > 0:
                part, times = min(times, left), 2 * times
                left, steps, more, after = left - part, [part * each for each in size], price * part, best.copy()
                back = sum(step * stride for step, stride in zip(steps, self.strides, strict=True))
                outer = [range(step, have + 1) for step, have in zip(steps[:-1], self.room[:-1], strict=True)]
                for row in product(*outer):
                    start = sum(at * stride for at, stride in zip(row, self.strides, strict=False))
                    first, last = start + steps[-1], start + self.room[-1] + 1
                    after[first:last] = map(max, best[first:last], map(more.__add__, best[first - back : last - back]))
                best = after
        return best

    def value(self, priced: tuple[tuple[Need, int, int], ...]) -> int:
        """The most that a pattern can be worth."""
        if priced not in self.values:
            self.values[priced] = self.table(priced)[-1]
        return self.values[priced]


# 6. Prices -----------------------------------------------------------------------------------------------------------
def pool_set(value: Any, problem: Problem) -> frozenset[str]:
    names = [known(name, problem.pools, "pool") for name in expect(value, "pools", "a list")]
    insist(len(set(names)) == len(names) > 0, "a set of pools must have some, each but once")
    return frozenset(names)


def copy_set(value: Any, problem: Problem) -> tuple[str, int, frozenset[str]]:
    """Copies of a component, by an option, on some pools."""
    row = only(value, "component option pools", "a set of copies")
    c = problem.components[known(row.get("component"), problem.components, "component")]
    insist(take(row, "option", "a whole number >= 0") < len(c.options), f"{show(c.name)} has not so many options")
    return c.name, row["option"], pool_set(row.get("pools"), problem)


def priced(row: Mapping[str, Any], key: str, size: int, read: Callable[..., Any], kind: str) -> dict[Any, int]:
    """Prices by what they are of: the last part of each entry is the price."""
    entries = [parts(entry, f"an entry of {key}", size) for entry in take(row, key, "a list", [])]
    return distinct(((read(*entry[:-1]), expect(entry[-1], f"a price of {key}", kind)) for entry in entries), key)


class DeviceClass:
    """Pools with accelerators (or whole machines) of equal room; prices of *items*, what copies put on one of these."""

    def __init__(self, row: dict[str, Any], problem: Problem) -> None:
        self.pools = pool_set(row.get("pools"), problem)
        rooms = {(problem.pools[p].whole, problem.pools[p].unit) for p in self.pools}
        insist(len(rooms) == 1, "the pools of a class must be alike")
        self.own: int = take(row, "own", "a whole number >= 0", 0)
        self.users: dict[Need, dict[Component, dict[int, set[str]]]] = {}  # by component and option, on which pools
        for c in problem.components.values():
            for way in c.ways:
                if way.need is not None and way.pool in self.pools:
                    self.users.setdefault(way.need, {}).setdefault(c, {}).setdefault(way.option, set()).add(way.pool)
        self.price: dict[Need, int] = priced(row, "copies", 2, self.item, "a whole number")
        signed = (need for need, price in self.price.items() if price < 0 and any(c.demand for c in self.users[need]))
        insist(not any(signed), "what copies with a demand take must not have a price below 0")
        grid = [parts(unit, "a unit", 3) for unit in take(row, "grid", "a list", [[d, 1, 1] for d in range(4)])]
        suits = (type(d) is type(num) is type(den) is int and 0 <= d < 4 and num > 0 < den for d, num, den in grid)
        insist(all(suits), "the grid must be of [dimension 0 to 3, num, den]")
        self.knapsack = Knapsack(rooms.pop()[1], frozenset(self.users), tuple((d, num, den) for d, num, den in grid))

    def item(self, value: Any) -> Need:
        need = tuple(expect(amount, "a need", "a whole number") for amount in parts(value, "a need", 4))
        insist(need in self.users, f"no copy on these pools has the need {show(str(need))}")
        return need

    def items(self, leaf: Leaf) -> tuple[tuple[Need, int, int], ...]:
        """(need, price, how often it stands on one accelerator at most), of items with a price above 0.

        What stands on an accelerator is in one zone and on one machine; a copy stands there but once, so it may stand
        there no more often than there are copies of the components that have it, in the leaf.
        """
        found = []
        for need, price in sorted(self.price.items()):
            most = 0
            for c, options in self.users[need].items() if price > 0 else ():
                copies = sum(leaf.most_copies(c, o, pools) for o, pools in options.items())
                most += min(copies, c.copies, c.in_zone[1], c.per_instance)
            found += [(need, price, most)] if most > 0 else []
        return tuple(found)


class Prices:
    r"""Prices of what plans use and machines offer, in 1 / unit micro-dollars per hour; at least 0 but where said.

    `inequality` is Lagrangian relaxation (Geoffrion 1974), read as a cut on machine counts (Benders 1962): price what
    copies take. What stands on an accelerator is a pattern or one copy that owns it, so it is worth at most alpha, the
    best pattern (Gilmore and Gomory 1961). With what volumes and copies per machine are worth, a machine of pool p is
    worth at most :math:`W_p`. All copies of a plan are worth at least D, each component's cheapest choice. So
    :math:`\sum_p W_p n_p \ge D` for the machines of any plan, whatever the prices. A set of copies with a price (any
    sign): each copy pays it less, and their number, within its range, pays it.
    """

    def __init__(self, row: dict[str, Any], problem: Problem) -> None:
        self.problem, self.alpha, least = problem, dict[DeviceClass, int](), "a whole number >= 0"
        components, pools = problem.components, problem.pools
        self.machines = priced(row, "machines", 2, lambda some: pool_set(some, problem), "a whole number")
        self.classes = [DeviceClass(value, problem) for value in rows(row, "accelerators", "pools own copies grid", [])]
        self.class_of: dict[str, DeviceClass] = distinct(
            ((p, k) for k in self.classes for p in k.pools), "accelerators"
        )

        def volume(p: Any, r: Any) -> tuple[str, str]:
            return known(p, pools, "pool"), known(r, RESOURCES, "resource")

        def on_machine(c: Any, p: Any) -> tuple[str, str]:
            return known(c, components, "component"), known(p, components[c].on_one, "pool for it,")

        self.volumes = priced(row, "volumes", 3, volume, least)
        self.per_instance = priced(row, "per_instance", 3, on_machine, least)
        self.copies = priced(row, "copies", 2, lambda some: copy_set(some, problem), "a whole number")
        insist(
            not any(components[c].demand or components[c].counted_whole for c, _, _ in self.copies),
            "copies with a demand, or counted whole, can have no price as a set",
        )
        optional = take(row, "optional", "an object", {})
        self.optional: dict[str, int] = {p: take(optional, p, least) for p in optional}

    def inequality(self, leaf: Leaf) -> tuple[dict[str, int], int]:
        """W by pool, and D, for the plans of a leaf."""
        components, pools = self.problem.components, self.problem.pools
        self.alpha = {kind: max(kind.own, kind.knapsack.value(kind.items(leaf))) for kind in self.classes}
        worth = dict.fromkeys(pools, 0)
        for p, kind in self.class_of.items():
            worth[p] += max(1, pools[p].devices) * self.alpha[kind]
        for (p, r), price in self.volumes.items():
            worth[p] += price * pools[p].room[RESOURCES.index(r)]
        for (name, p), price in self.per_instance.items():
            worth[p] += price * components[name].on_one[p]
        total = sum(self.least(c, worth, leaf) for c in components.values() if c.ways)
        for key, price in self.copies.items():
            total += min(price * end for end in leaf.copies.get(key, (0, components[key[0]].copies)))
        for priority, limit in leaf.within.items():  # so many copies are placed at least, and bring their price each
            wanted = sum(c.copies for c in components.values() if c.priority == priority)
            total += self.optional.get(str(priority), 0) * (wanted - limit)
        return worth, total

    def of_copy(self, c: Component, way: Way, worth: Mapping[str, int]) -> int:
        """The least that one copy is worth: a part of a machine of its own, or what it takes at its prices."""
        if c.dedicated:
            return worth[way.pool] // c.on_one[way.pool]
        total: int = self.per_instance.get((c.name, way.pool), 0)
        total += sum(self.volumes.get((way.pool, r), 0) * used for r, used in zip(RESOURCES, way.usage, strict=True))
        kind = self.class_of.get(way.pool)
        return total + (0 if kind is None else way.owned * self.alpha[kind] + way.touches * kind.price.get(way.need, 0))

    def least(self, c: Component, worth: Mapping[str, int], leaf: Leaf) -> int:
        """The least that the placed copies of a component are worth; optional ones bring their priority's price."""
        reward = self.optional.get(str(c.priority), 0) if c.priority in leaf.within else 0
        if c.counted_whole:
            return self.least_whole(c, worth, reward)
        sets = [(o, pools, price) for (name, o, pools), price in self.copies.items() if name == c.name]
        in_zone, rates = dict[str, int](), list[Fraction]()
        for way in c.ways:
            value = self.of_copy(c, way, worth) - reward
            value -= sum(price for o, pools, price in sets if o == way.option and way.pool in pools)
            in_zone[way.zone] = min(value, in_zone.get(way.zone, value))
            rates.append(value / way.rate)
        if c.demand:  # nothing is worth less than 0 here
            return max(c.required * min(in_zone.values()), math.ceil(c.demand * min(rates)))
        low, high = c.in_zone  # first the least in every zone, then the cheapest, then more only where that pays
        placed, total = low * len(in_zone), low * sum(in_zone.values())
        for value in sorted(in_zone.values()):
            more = max(0, min(high - low, (c.copies if value < 0 else c.required) - placed))
            placed, total = placed + more, total + more * value
        return total + max(0, c.required - placed) * min(in_zone.values())  # there is no plan when copies are left

    def least_whole(self, c: Component, worth: Mapping[str, int], reward: int) -> int:
        """The same where its machines are its alone: covering knapsacks, one in each zone, then one over zones."""
        best = {0: 0}  # copies so far -> the least that their machines are worth
        for zone in c.zones:
            offers = {(c.on_one[way.pool], worth[way.pool]) for way in c.ways if way.zone == zone}
            here, after = [0], dict[int, int]()
            for n in range(1, c.in_zone[1] + 1):
                here.append(min(value + here[max(0, n - many)] for many, value in offers))
            for before, paid in best.items():
                for n in range(c.in_zone[0], min(c.in_zone[1], c.copies - before) + 1):
                    after[before + n] = min(paid + here[n], after.get(before + n, paid + here[n]))
            best = after
        return min((paid - reward * n for n, paid in best.items() if n >= c.required), default=0)  # none: no plan


def least_rent(leaf: Leaf, problem: Problem, used: Iterable[tuple[Prices, Fraction]], *, paid: bool = True) -> Fraction:
    """The least rent of a leaf, micro-dollars per hour, from inequalities with factors f > 0.

    rent = sum price n >= sum price n - f (sum W n - D) + g (sum over pools in S of n - N), for any g where N is the
    number of machines in S. That is a sum over counts: each is least at an end of its range. A rent is a multiple of
    the prices' gcd. With prices of 0 (not `paid`) a sum above 0 is a contradiction: no plan is in the leaf (Farkas).
    """
    total, cost = Fraction(0), {p: Fraction(pool.price if paid else 0) for p, pool in problem.pools.items()}
    sets: dict[frozenset[str], Fraction] = defaultdict(Fraction)
    for prices, factor in used:
        worth, least = prices.inequality(leaf)
        total += factor * least
        for p, value in worth.items():
            cost[p] -= factor * value
        for pools, g in prices.machines.items():
            sets[pools] -= factor * g
            for p in pools:
                cost[p] += factor * g
    total += sum(min(value * end for end in leaf.pools[p]) for p, value in cost.items())
    total += sum(min(value * end for end in leaf.sets.get(some, leaf.sums(some))) for some, value in sets.items())
    step = math.gcd(*(pool.price for p, pool in problem.pools.items() if leaf.pools[p][1] > 0))
    return Fraction(math.ceil(total / step) * step) if paid and step else total


# 7. What runs now ----------------------------------------------------------------------------------------------------
def least_moves(problem: Problem) -> dict[str, int]:
    """Moves that no plan avoids: `required` copies are placed, and of those that run only so many may stay."""
    stay: Counter[tuple[Component, str]] = Counter()
    for place, (number, _) in problem.places.items():
        c = problem.components[place.component]
        stay[c, place.machine] += number if (place.option, problem.machines[place.machine]) in c.way_of else 0
    kept: Counter[str] = Counter()
    for (c, _), number in stay.items():
        kept[c.name] += min(number, c.per_instance)
    return {n: max(0, min(problem.running[n], c.required) - kept[n]) for n, c in problem.components.items()}


def running_cost(problem: Problem, prices: Prices, rewards: Mapping[str, int], unit: int, leaf: Leaf) -> Fraction:
    r"""The least cost of machines and moves, micro-dollars, when a copy that is kept is worth a reward too.

    Of r copies that run and are needed, a plan that keeps k moves at least r - k. With rewards of at most the money of
    a move, :math:`\sum_p W_p n_p + \sum_m (W_m - W_p) + \sum_c reward_c moves_c \ge D + \sum_c reward_c r_c`, where
    a running machine m of pool p that stays is worth at most W_m: on each accelerator the best pattern of any items
    and of the copies that run there, which bring their part of the reward, or one that owns it. What keeps this at
    least money is a fractional covering knapsack (Dantzig 1957) of machines, and of moves, worth what they cost.
    """
    hours, (worth, missing), forced, cost = problem.horizon, prices.inequality(leaf), least_moves(problem), Fraction(0)
    insist(hours > 0, 'a leaf "running" needs a horizon above 0')
    for name, c in problem.components.items():
        reward, all_placed = rewards.get(name, 0), leaf.within.get(c.priority, 1) == 0
        insist(reward * hours <= c.move_cost * unit, f"the reward of {show(name)} is more than the money of a move")
        needed = min(problem.running[name], c.copies if all_placed else c.required)
        missing += reward * max(0, needed - forced[name])
        cost += c.move_cost * min(needed, forced[name])
    more = dict.fromkeys(problem.machines, 0)  # W_m - W_p
    seats: dict[tuple[str, int], list[Any]] = defaultdict(list)  # by machine and accelerator, who runs there
    for place, (number, _) in problem.places.items():
        pool, reward = problem.pools[problem.machines[place.machine]], rewards.get(place.component, 0)
        way = problem.components[place.component].way_of.get((place.option, pool.name))
        on = {0} if pool.whole else place.accelerators
        if way is not None and (way.touches or way.owned) and on and pool.name in prices.class_of:
            for a in on:
                seats[place.machine, a].append((way.need, number, -(-reward // len(on))))
        elif way is not None:  # where it stands is not known, or nothing
            more[place.machine] += reward * number
    tables = {kind: kind.knapsack.table(kind.items(leaf)) for kind in prices.classes}
    for (m, _), some in seats.items():
        kind = prices.class_of[problem.machines[m]]
        owner = max((part for need, _, part in some if need is None), default=0)
        kept = [(need, kind.price.get(need, 0) + part, n) for need, n, part in some if need is not None]
        more[m] += max(kind.knapsack.table(kept, tables[kind])[-1] - prices.alpha[kind], owner)
    offers = [(1, 1, NO_LIMIT)]  # price, worth, how many: of moves first
    for p, pool in problem.pools.items():
        running = sorted((worth[p] + more[m] for m, of in problem.machines.items() if of == p), reverse=True)
        new = max(0, pool.fewest - len(running))  # any plan pays for the fewest: at best for the best
        cost += hours * pool.fewest * pool.price
        missing -= sum(running[: pool.fewest]) + new * worth[p]
        offers += [(pool.price * unit, value, 1) for value in running[pool.fewest :]]
        offers.append((pool.price * unit, worth[p], max(0, pool.quota - max(pool.fewest, len(running)))))
    left = Fraction(missing)
    for price, value, most in sorted((o for o in offers if o[1] > 0), key=lambda offer: Fraction(offer[0], offer[1])):
        taken = min(max(Fraction(0), left / value), Fraction(most))
        cost, left = cost + hours * taken * price / unit, left - taken * value
    return cost


# 8. Counting ---------------------------------------------------------------------------------------------------------
def impossible(problem: Problem, leaf: Leaf, c: Component) -> bool:
    """Whether the rules of one component alone leave no plan in the leaf: pins, zones, or room in its pools."""
    pinned = 0
    for place, (_, pins) in problem.places.items():
        if pins and place.component == c.name:
            there = (place.option, problem.machines[place.machine]) in c.way_of
            fits = place.accelerators is None or len(place.accelerators) == c.options[place.option].devices
            pinned += pins if there and fits else c.copies + 1
    placed, zones = max(c.required, 1 if c.demand else 0), len(c.zones)
    if pinned > c.copies or not placed:
        return pinned > c.copies
    if not zones or min(c.min_zones, placed) > zones or (c.floor and c.copies + -c.copies // zones < c.floor):
        return True
    room = dict.fromkeys(c.zones, 0)
    for p, most in c.on_one.items():
        room[problem.pools[p].zone] += leaf.pools[p][1] * most
    top = min(c.copies, c.per_zone, min(room.values()) + c.skew)
    return bool(sum(min(most, top) for most in room.values()) < placed)


# 9. The tree ---------------------------------------------------------------------------------------------------------
LEAF = "leaf use infeasible component pool prices rewards engine says program about at_least"


class Proof:
    """What a tree proves of the plans `within` some limits on copies left out.

    `checked` is the least cost of its leaves without any engine, `told` with engines' words. Each node but the first is
    a child of one node before it, and each split is by a whole number, so each plan is in the case of one leaf.
    """

    def __init__(self, problem: Problem, tree: dict[str, Any], claim: Cost, prices: list[Prices], unit: int) -> None:
        within, nodes = take(tree, "within", "an object", {}), take(tree, "nodes", "a list")
        insist(all(p.isdecimal() and len(p) < 12 for p in within), "within must name priorities")
        self.within = {int(p): take(within, p, "a whole number >= 0") for p in within}
        self.claim, self.checked, self.told = claim, NO_PLAN, NO_PLAN
        self.reasons: Counter[str] = Counter()
        self.weak: list[str] = []  # leaves that do not prove the claim
        self.words: list[tuple[int, dict[str, Any]]] = []  # nodes that rest on an engine's word
        paths: dict[int, dict[Any, Range]] = {0: {}}
        insist(bool(nodes), "there are no nodes")
        for k, node in enumerate(nodes):
            try:
                insist(k in paths, "it is the child of no node before it")
                path = paths.pop(k)
                if isinstance(node, dict) and "split" in node:
                    for child, known_there in split(problem, only(node, "split at_most below above", "a split"), path):
                        insist(k < child < len(nodes) and child not in paths, f"{child} is no node of its own after it")
                        paths[child] = known_there
                else:
                    self.close(k, Leaf(problem, path, self.within), only(node, LEAF, "a leaf"), problem, prices, unit)
            except Refused as error:
                raise Refused(f"node {k}: {error}") from None

    def close(
        self, k: int, leaf: Leaf, node: dict[str, Any], problem: Problem, prices: list[Prices], unit: int
    ) -> None:
        """Count a leaf with what it proves; an engine's word is taken for it where that is not enough."""
        cost = leaf_cost(problem, leaf, node, prices, unit)
        reason = "empty" if leaf.empty else node["leaf"]
        self.checked = min(self.checked, cost)
        if reason == "engine" and cost < self.claim:
            insist(node.get("says") == "infeasible", "an engine must say infeasible")
            self.words.append((k, node))
            cost = max(cost, fraction(node["at_least"]) if node.get("at_least") is not None else self.claim)
        self.reasons[reason] += 1
        self.told = min(self.told, cost)
        if cost < self.claim:
            self.weak.append(f"node {k} ({reason}) proves {dollars(cost)}, which is less than the claim")


def split(problem: Problem, node: dict[str, Any], path: dict[Any, Range]) -> Iterator[tuple[int, dict[Any, Range]]]:
    """The two children of a node, and what is known of the plans there."""
    what, most = only(node["split"], "machines copies", "a split"), take(node, "at_most", "a whole number")
    insist(len(what) == 1, "a split is on machines or on copies")
    key: Any = pool_set(what["machines"], problem) if "machines" in what else copy_set(what["copies"], problem)
    low, high = path.get(key, (0, NO_LIMIT))
    yield take(node, "below", "a whole number"), {**path, key: (low, min(high, most))}
    yield take(node, "above", "a whole number"), {**path, key: (max(low, most + 1), high)}


def leaf_cost(problem: Problem, leaf: Leaf, node: dict[str, Any], prices: list[Prices], unit: int) -> Cost:
    """What a leaf's reason proves that its plans cost, at least."""

    def numbered(i: Any) -> Prices:
        insist(type(i) is int and 0 <= i < len(prices), f"there are no prices {show(i)}")
        return prices[int(i)]

    reason, entries = take(node, "leaf", "text"), take(node, "use", "a list", [])
    insist(reason in ("prices", "counting", "running", "engine", "empty"), f"no reason is called {show(reason)}")
    used = [(numbered(i), fraction(factor) / unit) for i, *factor in (parts(entry, "a use", 3) for entry in entries)]
    insist(all(factor > 0 for _, factor in used), "a factor must be above 0")
    if leaf.empty:
        return NO_PLAN
    if reason == "counting" and node.get("component") is not None:
        name = known(node["component"], problem.components, "component")
        if impossible(problem, leaf, problem.components[name]):
            return NO_PLAN
    if reason == "running":
        rewards = priced(node, "rewards", 2, lambda c: known(c, problem.components, "component"), "a whole number >= 0")
        return running_cost(problem, numbered(node.get("prices")), rewards, unit, Leaf(problem, {}, leaf.within))
    if take(node, "infeasible", "true or false", False) and least_rent(leaf, problem, used, paid=False) > 0:
        return NO_PLAN
    moves = sum(n * problem.components[c].move_cost for c, n in least_moves(problem).items())
    rent = max(Fraction(0), least_rent(leaf, problem, used))
    return Fraction(problem.horizon * rent + moves)


def fraction(value: Any) -> Fraction:
    num, den = parts(value, "a fraction", 2)
    return Fraction(expect(num, "a numerator", "a whole number"), expect(den, "a denominator", "a whole number > 0"))


def check(problem: Problem, document: object) -> list[Proof]:
    """The proof of the claim, then those of `left_out`: that no plan leaves out fewer optional copies."""
    top = only(document, "format problem claim within unit prices nodes left_out", "the certificate")
    insist(top.get("format") == "placement-certificate/v1", "this is no placement-certificate/v1")
    insist(top.get("problem") == problem.name, f"the certificate is not of the problem {show(problem.name)}")
    said, unit = only(top.get("claim"), "cost infeasible", "the claim"), take(top, "unit", "a whole number > 0")
    insist(len(said) == 1 and said.get("infeasible", True) is True, "the claim must be a cost, or infeasible: true")
    claim = fraction(said["cost"]) if "cost" in said else NO_PLAN
    keys = "machines accelerators volumes per_instance copies optional"
    prices = [Prices(row, problem) for row in rows(top, "prices", keys, [])]
    others = rows(top, "left_out", "within nodes", [])
    return [Proof(problem, top, claim, prices, unit), *(Proof(problem, tree, NO_PLAN, prices, unit) for tree in others)]


# 10. The command -----------------------------------------------------------------------------------------------------
def dollars(cost: Cost) -> str:
    """A cost in dollars; what is less than a micro-dollar is cut off."""
    if isinstance(cost, float):
        return "no plan"
    return f"{cost // 10**6}.{math.floor(cost) % 10**6:06d} dollars" if abs(cost) < 10**40 else show(cost)


def load(path: str) -> Any:
    return json.loads(Path(path).read_text("utf-8"), object_pairs_hook=lambda pairs: distinct(pairs, "an object"))


def second_opinions(proofs: Iterable[Proof]) -> Iterator[str]:
    """What another engine says of each program, asked in a process of its own by the file beside this one."""
    script = str(Path(__file__).with_name("recheck_program.py"))
    for k, node in (pair for proof in proofs for pair in proof.words):
        engine, text = (take(node, key, "text") for key in ("engine", "program"))
        done = subprocess.run([sys.executable, script, engine], input=text.encode(), capture_output=True, check=False)
        answer = done.stdout.decode("utf-8", "replace").splitlines() or ["not decided: no answer"]
        yield f"node {k}: {answer[-1]}"


def compare(problem: Problem, proof: Proof, plan: Any) -> tuple[str, bool]:
    """A plan's own cost beside the bound, and whether both can be true."""
    cost = decimal(take(expect(plan, "the plan", "an object"), "cost", "a number")) * 10**6
    assigned = [expect(row, "an assignment", "an object") for row in take(plan, "assignments", "a list")]
    placed = Counter(known(row.get("component"), problem.components, "component") for row in assigned)
    out = Counter[Any]()
    for c in problem.components.values():
        out[c.priority] += c.copies - placed[c.name]
    said = f"plan: {dollars(cost)} by its own account, which `placement verify` checks"
    if any(out[priority] > most for priority, most in proof.within.items()):
        return f"{said}; it leaves out more copies than the plans that this is of", True
    if proof.told > cost + 1:
        return f"{said}: less than any plan costs, so it or the certificate is wrong", False
    gap = (cost - proof.told) / cost if cost and proof.told < cost else Fraction(0)
    return f"{said}; {'no plan is cheaper' if gap <= Fraction(1, 10**9) else f'gap {float(gap):.4%}'}", True


def main(arguments: Sequence[str]) -> int:
    """See the top of this file."""
    files = [word for word in arguments if not word.startswith("--")]
    flags = set(arguments) - set(files)
    if len(files) not in (2, 3) or flags - {"--recheck", "--strict"}:
        print(__doc__)
        return 2
    try:
        document, certificate, *plans = map(load, files)
        problem = Problem(document)
    except (OSError, ValueError, RecursionError, Refused) as error:
        print(f"can't be read (JSON only; `placement convert` makes it of YAML): {error}", file=sys.stderr)
        return 2
    try:
        proof, *others = proofs = check(problem, certificate)
        answers = list(second_opinions(proofs)) if "--recheck" in flags else []
        compared = [compare(problem, proof, plan) for plan in plans]
    except Refused as error:
        print(f"refused: {error}")
        return 1
    faults = [line for one in proofs for line in one.weak] + [line for line in answers if ": contradicted" in line]
    alone = sum(len(one.words) for one in proofs) - sum(": confirmed" in line for line in answers)
    faults += [f"{alone} leaves rest on the word of one engine"] if alone and "--strict" in flags else []
    faults += [line for line, true in compared if not true]
    print(f"claim: {dollars(proof.claim)} at least{f', leaving out at most {proof.within}' if proof.within else ''}")
    print(f"checked without any engine: {dollars(proof.checked)}")
    print(f"with the word of engines: {dollars(proof.told)}")
    print("leaves:", ", ".join(f"{n} {reason}" for one in proofs for reason, n in sorted(one.reasons.items())))
    for other in others:
        print(f"no plan leaves out at most {other.within}{'' if other.checked == NO_PLAN else ', by an engine'}")
    print("\n".join([*answers, *(line for line, _ in compared), *(f"refused: {fault}" for fault in faults[:20])]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
