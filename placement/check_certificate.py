r"""Check why a bound holds, from a problem and a certificate (JSON), with the standard library alone.

    python -m placement.check_certificate PROBLEM CERTIFICATE [PLAN] [--recheck] [--strict]

A certificate (docs/maths/certificates.md) claims that no plan costs less than so much, or that there is none. It is a
tree: inner nodes split the plans into two cases by a whole number, each leaf has a reason for its case. Nothing is
believed: the problem is compiled anew, numbers are *prices*, of which any prove something, and all sums are exact.

Exit status: 0, every leaf proves the claim, or an engine's word does, which is said; 1, refused, with --strict also
when a leaf rests on the word of one engine alone; 2, a document can't be read.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter, defaultdict, namedtuple
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, groupby, product
from pathlib import Path
from typing import Any

Row = dict[str, Any]  # an object of a document
Need = tuple[int, ...]  # of RESOURCES: MiB, thousandths, thousandths, MiB
Item = tuple[Need, str]  # and the component, "" for any
Cost = Fraction | float  # micro-dollars, or NO_PLAN
RESOURCES = ("accelerator_memory", "accelerator_share", "vcpus", "memory")
SHARE = 1000  # thousandths of an accelerator
MOST_WHOLE = 64  # copies of a dedicated component whose machines are counted whole
MOST_STATES = 100_000  # of a knapsack's table; beyond that its units are made coarser
NO_LIMIT = 10**400  # above any count
NO_PLAN: Cost = math.inf  # what the cheapest of no plans costs: the only float that takes part in a comparison
EXACT = [[d, 1, 1] for d in range(4)]  # the grid of a knapsack that rounds nothing
MALFORMED = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)


# 1. Documents --------------------------------------------------------------------------------------------------------
class Refused(ValueError):
    __repr__ = ValueError.__str__  # a sentence: what is wrong. Any error (`MALFORMED`) is as much a refusal


def insist(suits: bool, sentence: str) -> None:
    if not suits:
        raise Refused(sentence)


def integer(value: Any, least: float = -math.inf) -> int:
    """A number of a certificate: no float, no boolean."""
    insist(type(value) is int and value >= least, f"{value!a:.90} should be a whole number, at least {least}")
    return int(value)


class Named(dict[Any, Any]):
    """What has distinct names, such as pools or keys: no name stands there twice, and no other may be asked for."""

    def __init__(self, pairs: Any, what: str) -> None:
        listed, self.what = list(pairs), what
        super().__init__(listed)
        insist(len(self) == len(listed), f"the same {what} stands there twice")

    def __missing__(self, name: Any) -> Any:
        raise Refused(f"there is no {self.what} {name!a:.90}")


# 2. The problem ------------------------------------------------------------------------------------------------------
OPTION = "accelerators accelerator_memory_gib accelerator_share shared vcpus memory_gib on instance_types throughput"
LOST, ON = ("zone", "pool", "instance"), ("per_instance", "elsewhere")
LIMITS = {"max_instances": 1, "max_accelerators": 1, "max_vcpus": 1000, "max_price_per_hour": 1_000_000}  # units
KEYS = f"""format name accelerators instance_types pools components instances placements objective limits id {OPTION}
    accelerator accelerator_count price_per_hour reserved instance_type zone min_instances max_instances labels copies
    demand min_copies priority options zones spread dedicated avoid groups move_cost max_unavailable startup_seconds
    min_available_on_zone_loss min_available_on_pool_loss min_available_on_instance_loss max_skew min_zones max_per_zone
    max_per_instance pool state removable component instance option pinned horizon_hours max_moves commitments
    {" ".join(LIMITS)}""".split()
NEEDS = (("accelerator_memory_gib", 1024), ("accelerator_share", SHARE), ("vcpus", 1000), ("memory_gib", 1024))
# A component by an option on a pool: it puts a `need` into patterns of `touches` of its `devices`, or it owns these.
Mode = namedtuple("Mode", "component option pool zone devices shared memory share need touches owned usage rate")
# Prices of rules: a machine's rent, and how much more it costs, by pool; what is taken off for commitments and limits;
# (machines, pools) that are free; dollars that are paid for; the price of a move, and what is taken off for moves.
Charges = namedtuple("Charges", "rent more paid allowed free money move moved")


def clean(value: Any, *, names: bool = False) -> Any:
    """A document without nulls, which are as good as absent. Unknown keys are refused: they might mean something."""
    if not isinstance(value, dict):
        return [clean(one) for one in value] if isinstance(value, list) else value
    insist(names or not value.keys() - KEYS, f"the problem has keys not covered: {sorted(value.keys() - KEYS)!a:.90}")
    free = ("accelerators", "instance_types")  # whose keys are names
    return {k: clean(v, names=k in free) for k, v in value.items() if v is not None and (names or k != "labels")}


def number(row: Row, key: str, default: Any = None, least: float = 0) -> Any:
    value = row[key] if default is None else row.get(key, default)
    known = value is default or (type(value) in (int, float) and least <= value <= 1e19)
    insist(known, f"{key} can't be {value!a:.90}")
    return value


def count(row: Row, key: str, default: int, least: float = 0) -> int:
    insist(number(row, key, default, least) % 1 == 0, f"{key} must be a whole number")
    return int(row.get(key, default))


def units(row: Row, key: str, scale: int, *, room: bool = False) -> int:
    """A need in whole units, rounded up, or room, rounded down; what is within 1e-6 of a whole number is that."""
    near: int = round(value := number(row, key, None if room else 0) * scale)
    return near if abs(value - near) < 1e-6 * max(1.0, value) else math.floor(value) if room else math.ceil(value)


def decimal(value: float) -> Fraction:
    return Fraction(str(float(value)))  # 0.1 is a tenth, not the binary number next to it


class Pool:
    """Machines that are alike. On a *single* one a pattern is all that stands there; else what an accelerator holds."""

    def __init__(self, row: Row, top: Row, forced: dict[str, int]) -> None:
        self.name, self.zone, self.type = row["name"], str(row["zone"]), str(row["instance_type"])
        kind = top["instance_types"][self.type]
        less, self.accelerator, self.devices, self.memory = kind.get("reserved", {}), kind.get("accelerator"), 0, 0
        if self.accelerator is not None:
            self.devices = count(kind, "accelerator_count", 0)
            self.memory = units(top["accelerators"][self.accelerator], "memory_gib", 1024, room=True)  # of each
            self.memory -= units(less, "accelerator_memory_gib", 1024)
        self.vcpus, self.host = (units(kind, k, n, room=True) - units(less, k, n) for k, n in NEEDS[2:])
        self.price = round(number(row, "price_per_hour", number(kind, "price_per_hour")) * 1_000_000)  # micro-dollars
        self.counts = (1, self.devices, units(kind, "vcpus", 1000, room=True), self.price)  # against each of LIMITS
        self.quota = count(row, "max_instances", NO_LIMIT)
        self.fewest = max(count(row, "min_instances", 0), forced[self.name])  # any plan pays for these
        of_one, self.single = max(0, self.memory), self.devices <= 1
        self.room: Need = (self.devices * of_one, self.devices * SHARE, max(0, self.vcpus), max(0, self.host))
        self.unit: Need = self.room if self.single else (of_one, SHARE, 0, 0)  # what a pattern may fill

    def mode(self, component: str, o: int, option: Row, *, dedicated: bool) -> list[Mode]:
        """How a copy runs on an empty machine; []: it may not, or does not fit. Dedicated ones are in no pattern."""
        devices, shared = count(option, "accelerators", 1), bool(option.get("shared"))
        memory, share, vcpus, host = (units(option, key, scale) for key, scale in NEEDS)
        allowed = self.accelerator in option.get("on", [self.accelerator]) and self.quota > 0
        allowed = allowed and self.type in option.get("instance_types", [self.type])
        fits = not devices or (devices <= self.devices and memory <= self.memory)
        if not (allowed and fits and vcpus <= self.vcpus and host <= self.host):
            return []
        memory_taken, share_taken = (memory, share) if shared else (self.memory, SHARE)  # what is owned is taken whole
        usage = (devices * memory_taken, devices * share_taken, vcpus, host)
        need = None if dedicated else usage if self.single else (memory, share, 0, 0) if shared and devices else None
        touches, owned = (0, 0 if dedicated else devices) if need is None else (1 if self.single else devices, 0)
        where, rate = (component, o, self.name, self.zone), decimal(number(option, "throughput", 0))
        return [Mode._make((*where, devices, shared, memory, share, need, touches, owned, usage, rate))]


class Problem:
    """A compiled document. What only forbids more plans (`avoid`, loss floors, ...) may stay unused.

    `machines` may stay, by id their pool; `places` have, by component, option, machine and accelerators, how many
    copies run and are pinned. `ranges`: see `Leaf`.
    """

    def __init__(self, document: Any) -> None:
        top: Row = clean(document)
        insist(top.get("format") == "placement/v1", "the problem is no placement/v1")
        self.top, self.objective, self.name = top, top.get("objective", {}), str(top.get("name", ""))
        self.horizon = decimal(number(self.objective, "horizon_hours", 1)).limit_denominator(10**6)
        ids = Named(((row["id"], row) for row in top.get("instances", [])), "instance")
        staying = {m: row for m, row in ids.items() if row.get("state") != "draining"}
        forced = Counter(row["pool"] for row in staying.values() if row.get("removable") is False)
        self.pools: dict[str, Pool] = Named(((row["name"], Pool(row, top, forced)) for row in top["pools"]), "pool")
        self.machines = {m: self.pools[row["pool"]].name for m, row in staying.items()}
        placements, cost = top.get("placements", []), number(self.objective, "move_cost", 0)
        self.running = Counter(row["component"] for row in placements)  # copies, on machines that must go too
        pins = Counter(row["component"] for row in placements if row.get("pinned"))
        components = [Component(row, cost, self.pools, self.running, pins) for row in top["components"]]
        self.components: dict[str, Component] = Named(((c.name, c) for c in components), "component")
        self.places: dict[tuple[str, int, str, frozenset[int] | None], list[int]] = defaultdict(lambda: [0, 0])
        for row in placements:
            c, machine = self.components[row["component"]], ids[row["instance"]]["id"]
            seats = frozenset(row["accelerators"]) if "accelerators" in row else None
            if machine in self.machines:
                counts = self.places[c.name, c.index[row.get("option", 0)], machine, seats]
                counts[:] = counts[0] + 1, counts[1] + bool(row.get("pinned"))
        copies = {p: sum(c.copies for c in components if p in c.on_one) for p in self.pools}
        self.ranges = {p: (pool.fewest, min(pool.quota, pool.fewest + copies[p])) for p, pool in self.pools.items()}
        # Moves that no plan avoids: `required` copies are placed, and of those that run only so many may stay.
        stay, kept = Counter[tuple[str, str]](), Counter[str]()
        for (name, o, machine, _), (many, _) in self.places.items():
            stay[name, machine] += many if (o, self.machines[machine]) in self.components[name].mode_of else 0
        for (name, _), many in stay.items():
            kept[name] += min(many, self.components[name].per_instance)
        self.moves = {n: max(0, min(self.running[n], c.required) - kept[n]) for n, c in self.components.items()}

    def charges(self, rules: Row) -> Charges:
        """What machines and moves cost at prices m of rules, at least 0 (Geoffrion 1974).

        Of N free machines each costs at most m, less m N; without a price they are counted one by one (`Leaf.freed`).
        Of X dollars, with m <= 1: m of each price, less m X; without a price that is 0. A unit of a limit: so much
        dearer, less m of what it allows.
        """
        prices = {tuple(of): Fraction(integer(num, 0), integer(den, 1)) for *of, num, den in rules.get("prices", [])}
        rent, more = {p: Fraction(pool.price) for p, pool in self.pools.items()}, dict.fromkeys(self.pools, Fraction(0))
        paid, allowed, free, money = Fraction(0), Fraction(0), list[tuple[int, frozenset[str]]](), list[int]()
        Named(((p, 0) for row in self.top.get("commitments", []) for p in row["pools"]), "pool of commitments")
        for row in self.top.get("commitments", []):
            of, by_number = self.pool_set(row["pools"]), "instances" in row
            n = count(row, "instances", 0) if by_number else round(number(row, "price_per_hour") * 1_000_000)
            if by_number and (row["name"],) not in prices:
                free.append((n, of))
                continue
            m, money = prices.get((row["name"],), Fraction(0)), money if by_number else [*money, n]
            insist(by_number or m <= 1, "no more than all of a dollar is paid for")
            rent |= {p: min(rent[p], m) if by_number else rent[p] * m for p in of}
            paid += m * n
        for row, (i, key) in product(self.top.get("limits", []), enumerate(LIMITS)):
            m = prices.get((row["name"], key), Fraction(0)) * (key in row)  # limits only forbid plans
            more |= {p: more[p] + m * self.pools[p].counts[i] for p in self.pool_set(row["pools"])}
            allowed += m * units(row, key, LIMITS[key])
        move = integer(rules.get("move", 0), 0)
        moved = move * count(self.objective, "max_moves", NO_LIMIT)
        return Charges(rent, more, paid, allowed, free, money, move, moved)

    def pool_set(self, names: Any) -> frozenset[str]:
        pools = frozenset(self.pools[name].name for name in names)
        insist(len(pools) == len(names) > 0, "a set of pools must have some, each but once")
        return pools

    def copy_set(self, row: Row) -> tuple[str, int, frozenset[str]]:
        c = self.components[row["component"]]
        return c.name, c.index[integer(row["option"])], self.pool_set(row["pools"])


class Component:
    """A model to serve, by `required` to `copies` copies: `in_zone` in a zone, at most `on_one` on a pool's machine."""

    def __init__(self, row: Row, move_cost: float, pools: dict[str, Pool], *today: Counter[str]) -> None:
        self.name, self.demand = str(row["name"]), decimal(number(row, "demand", 0))  # 0: none
        insist(("copies" in row) == (not self.demand), f"{self.name!a:.90} must have either copies or a demand")
        self.options: list[Row] = row.get("options", [{key: row[key] for key in OPTION.split() if key in row}])
        self.index = Named(((k, o) for o, one in enumerate(self.options) for k in {o, one.get("name", o)}), "option")
        self.copies = count(row, "copies", 0)  # with a demand, see `serve`
        self.required = count(row, "min_copies", 1 if self.demand else self.copies)
        self.priority = count(row, "priority", 0, -1e9) if self.copies > self.required else None  # of optional ones
        self.move_cost = round(number(row, "move_cost", move_cost) * 1_000_000)
        spread, limits = row.get("spread", {}), ("max_skew", "max_per_zone", "max_per_instance")
        self.skew, self.per_zone, self.per_instance = (count(spread, key, NO_LIMIT) for key in limits)
        insist(self.skew > 0, "max_skew must be at least 1")
        self.min_zones = count(spread, "min_zones", 0)
        self.floors = [count(row, f"min_available_on_{one}_loss", 0) for one in LOST]
        self.dedicated, self.modes = bool(row.get("dedicated")), list[Mode]()
        for pool, (o, option) in product(pools.values(), enumerate(self.options)):
            if pool.zone in row.get("zones", [pool.zone]):
                self.modes += pool.mode(self.name, o, option, dedicated=self.dedicated)
        self.zones = sorted({mode.zone for mode in self.modes})
        if self.demand:
            self.serve(*(count[self.name] for count in today))
        # If a must be left of n copies when a pool or a machine is lost, that holds n - a of them at most.
        self.outlive, one = (a * bool(self.required or self.demand) for a in self.floors[1:])
        self.in_pool, one = (max(0, self.copies - a) for a in (self.outlive, one))
        self.per_instance = min(self.per_instance, one)
        self.mode_of = {(mode.option, mode.pool): mode for mode in self.modes}
        self.in_zone = self.zone_range()
        by_pool = groupby(self.modes, key=lambda mode: mode.pool)
        self.on_one = Named(((p, self.most_on_one(pools[p], list(modes))) for p, modes in by_pool), "pool")
        # Machines that hold copies of it in any plan, at least: by their number, by zones, and two if one may be lost.
        n = max(self.required, math.ceil(self.demand / (max((mode.rate for mode in self.modes), default=0) or 1)))
        by_zones = max(min(self.min_zones, n), -(-n // max(1, self.per_zone)), 2 if self.floors[0] and n else 0)
        self.machines = max(by_zones, -(-n // max(self.on_one.values()))) if self.modes else 0
        self.avoid = set(row.get("avoid", []))
        self.called = {f"group:{one}" for one in row.get("groups", [])} | ({self.name} - {"group:" + self.name[6:]})
        self.counted_whole = self.dedicated and not self.demand and self.copies <= MOST_WHOLE

    def serve(self, running: int, pinned: int) -> None:
        """Set the demand, and the copies beyond which one of a fullest zone can be dropped from any plan at no cost.

        Throughput may miss a demand by 1e-9; its sums are multiples of a step. Skew: the largest count falls, or the
        least, when all were even. With two fullest zones n/2 - 1 >= a (the loss floor) stand elsewhere, if n > 2a + 1.
        With more than zones x running copies one there does not run: no kept one is lost. Of more than 2a + 1 and a +
        running copies, a pool or machine whose loss just leaves a has most, and one of them does not run.
        """
        rates = [decimal(number(option, "throughput")) for option in self.options]
        insist(min(rates) > 0, "with a demand, throughput must be above 0")
        scale = math.lcm(*(rate.denominator for rate in rates))
        step = Fraction(math.gcd(*(int(r * scale) for r in rates)) ** (max(self.demand, *rates) * scale > 2**44), scale)
        parts = math.ceil((self.demand - max(self.demand, Fraction(1)) / 10**9) / step)
        self.demand = max(parts * step, min(rates) * bool(self.required or pinned))
        self.modes = [mode._replace(rate=min(mode.rate, self.demand)) for mode in self.modes]
        enough, a = max(self.required, math.ceil(self.demand / min(rates))), max(self.floors)
        self.copies = max(enough, 2 * a + 1, a + running, len(self.zones) * running) if self.demand else 0

    def zone_range(self) -> tuple[int, int]:
        """With n copies over Z zones and skew k, a zone has from (n - (Z-1) k) / Z to (n + (Z-1) k) / Z of them."""
        zones = max(1, len(self.zones))
        others, elsewhere = (zones - 1) * self.skew, max(self.floors[0], min(self.min_zones, self.copies) - 1)
        # If a must be left when it is lost, at most n - a; if m are in use, at most n - m + 1. They hold whatever n is.
        high = min(self.copies - elsewhere, (self.copies + others) // zones, self.per_zone)
        return max(0, -(-(self.required - others) // zones)), max(0, high)

    def most_on_one(self, pool: Pool, modes: list[Mode]) -> int:
        """No machine of the pool holds more copies: the least that any way takes of each resource counts."""
        most: list[int] = [self.copies, self.per_instance]
        for has, taken in zip(pool.room, zip(*(mode.usage for mode in modes), strict=True), strict=True):
            most += [has // min(taken)] if min(taken) else []
        width, memory, share = (min(getattr(mode, key) for mode in modes) for key in ("devices", "memory", "share"))
        if width:  # a copy stands on so many accelerators, each of which holds so many copies
            beside = [self.copies, *(has // each for has, each in ((pool.memory, memory), (SHARE, share)) if each)]
            most.append(pool.devices * min(beside) // width)
        return max(1, min(most))

    def impossible(self, leaf: Leaf) -> bool:
        """Whether its rules alone leave no plan in a leaf: pins, zones, or the room in its pools."""
        problem, placed, zones, pinned = leaf.problem, max(self.required, 1 if self.demand else 0), len(self.zones), 0
        for (name, o, machine, seats), (_, pins) in problem.places.items():
            if pins and name == self.name:
                mode = self.mode_of.get((o, problem.machines[machine]))
                fits = mode is not None and (seats is None or len(seats) == mode.devices)
                pinned += pins if fits else self.copies + 1
        if pinned > self.copies or not placed:
            return pinned > self.copies
        room = dict.fromkeys(self.zones, 0)
        for p, most in self.on_one.items():
            room[problem.pools[p].zone] += leaf.pools[p][1] * most
        top = min(self.copies, self.per_zone, min(room.values(), default=0) + self.skew)
        few = sum(min(most, top) for most in room.values()) < placed or min(self.min_zones, placed) > zones
        n, parts = self.copies, (zones, len(self.on_one), self.copies)  # spread evenly, what is left when one is lost
        return few or any(0 < a > n + -n // k for a, k in zip(self.floors, parts, strict=True))


class Leaf:
    """The plans of a leaf: ranges of machines paid for, by pool and by set of pools, and of copies; `path`: of splits.

    Plans *worth having* count: with at most `Component.copies`, and no machine that holds nothing unless it must be
    paid: any plan can be made one at no cost. Then a pool pays at most for those and one for each copy it may run.
    """

    def __init__(self, problem: Problem, path: dict[Any, Any], within: dict[Any, int], rules: Any = None) -> None:
        def meet(key: Any, low: int, high: int) -> tuple[int, int]:
            least, most = path.get(key, (0, NO_LIMIT))
            return max(low, least), min(high, most)

        self.problem, self.within, self.rules = problem, within, rules or {}
        self.charges = problem.charges(self.rules)
        self.pools = {p: meet(frozenset([p]), *ends) for p, ends in problem.ranges.items()}
        self.sets = {key: meet(key, *self.sums(key)) for key in path if isinstance(key, frozenset)}
        self.copies = {k: meet(k, 0, problem.components[k[0]].copies) for k in path if isinstance(k, tuple)}
        self.empty = any(low > high for of in (self.pools, self.sets, self.copies) for low, high in of.values())

    def sums(self, pools: frozenset[str]) -> tuple[int, int]:
        return sum(self.pools[p][0] for p in pools), sum(self.pools[p][1] for p in pools)

    def least(self, cost: dict[Any, Fraction], more: dict[str, list[int]] | None = None) -> Fraction:
        """The least of counts of pools and sets at a cost each; the n-th machine of a pool saves the n-th of `more`."""
        total = Fraction(0)
        for key, each in cost.items():
            low, high = self.pools[key] if isinstance(key, str) else self.sets.get(key, self.sums(key))
            saved = (more or {}).get(key, [])  # the largest first
            n = high if each < 0 else max(low, min(high, sum(value > each for value in saved)))
            total += n * each - sum(saved[:n])
        return total

    def least_rent(self, used: list[tuple[Prices | Clique, Fraction]], *, paid: bool = True) -> Fraction:
        """The least that is paid on top, micro-dollars per hour, by inequalities on machine counts (3.), factors f > 0.

        rent = sum price n >= sum price n - f (sum W n - D) + g (sum over S of n - N), any g, N the machines of a set S:
        each count is least at an end of its range. With prices of 0 (not `paid`) a sum above 0 is a contradiction.
        """
        charges, pools = self.charges, [p for p, (_, most) in self.pools.items() if most > 0]
        total, rent = Fraction(0), {p: more + charges.rent[p] * paid for p, more in charges.more.items()}
        cost: dict[Any, Fraction] = {**rent}
        for prices, factor in used:
            worth, least = prices.inequality(self)
            total += factor * least
            cost |= {p: cost[p] - factor * value for p, value in worth.items()}
            for some, g in prices.machines.items():
                cost[some] = cost.get(some, Fraction(0)) - factor * g
                cost |= {p: cost[p] + factor * g for p in some}
        total += self.least(cost)
        if not paid:
            return Fraction(total - charges.allowed)
        if not charges.free:
            total = whole(total, [rent[p] for p in pools])
        total -= charges.allowed + charges.paid + sum(self.freed(n, some, cost) for n, some in charges.free)
        return whole(total, [*charges.money, *(self.problem.pools[p].price for p in pools)])

    def freed(self, n: int, some: frozenset[str], cost: dict[Any, Fraction]) -> Fraction:
        """The most that n free machines of some pools save, where one costs `cost`, its price in it: the best first.

        Its price for one that is there at that cost; one more, which is there as it is free, saves what that leaves.
        """
        offers, saved = list[tuple[Fraction, int]](), Fraction(0)
        for p in some:
            (low, high), price = self.pools[p], Fraction(self.problem.pools[p].price)
            offers += [(price, low), (price - max(Fraction(0), cost[p]), high - low)]
        for value, most in sorted(offers, reverse=True):
            taken = min(n, most) if value > 0 else 0
            n, saved = n - taken, saved + taken * value
        return saved


def whole(total: Fraction, parts: Sequence[Fraction | int]) -> Fraction:
    """A total rounded up, as it is a sum of so many of each of some parts, and a part may be taken off."""
    scale = math.lcm(*(Fraction(part).denominator for part in parts))
    step = Fraction(math.gcd(*(int(part * scale) for part in parts)), scale)
    return math.ceil(total / step) * step if step else total


@lru_cache(maxsize=1000)
class Knapsack:
    """What may stand on one accelerator (or whole machine), by dynamic programming over the room that is filled.

    Martello and Toth 1990, *Knapsack Problems*, section 3.4 (numbers in parts 1, 2, 4, ...). Needs and room are rounded
    down to units of a `grid`, or dimensions left out: what fits still fits, and may be worth more.
    """

    def __init__(self, room: Need, needs: frozenset[Need], grid: tuple[tuple[int, int, int], ...]) -> None:
        sizes = {need: [need[d] * den // num for d, num, den in grid] for need in needs}
        rooms = [room[d] * den // num for d, num, den in grid]
        kept = [d for d in range(len(grid)) if any(size[d] for size in sizes.values())]
        unit = {d: math.gcd(*(size[d] for size in sizes.values())) for d in kept}
        while kept and math.prod(rooms[d] // unit[d] + 1 for d in kept) > MOST_STATES:
            unit[max(kept, key=lambda d: rooms[d] // unit[d])] *= 2
        kept.sort(key=lambda d: rooms[d] // unit[d])  # the longest last, as rows of it are gone through at once
        self.room = [rooms[d] // unit[d] for d in kept]
        self.sizes = {need: [size[d] // unit[d] for d in kept] for need, size in sizes.items()}
        self.strides = [math.prod(have + 1 for have in self.room[i + 1 :]) for i in range(len(kept))]

    def table(self, priced: Any, best: list[int] | None = None) -> list[int]:
        """By room, the most that items (need, price, how many at most) are worth, beside those of the table `best`."""
        best = [0] * math.prod(have + 1 for have in self.room) if best is None else best
        for need, price, limit in priced:
            size, times = self.sizes[need], 1
            left = min([limit, *(have // each for each, have in zip(size, self.room, strict=True) if each)])
            if price > 0 and not any(size):
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

    @lru_cache(maxsize=10_000)  # noqa: B019 - knapsacks are few, and kept
    def value(self, priced: tuple[tuple[Need, int, int], ...]) -> int:
        return self.table(priced)[-1]


# 3. Prices -----------------------------------------------------------------------------------------------------------
def priced(row: Row, key: str, read: Any, least: float = 0) -> dict[Any, int]:
    """Prices by what they are of: the last part of each entry is the price."""
    return Named(((read(*what), integer(price, least)) for *what, price in row.get(key, [])), f"entry of {key}")


class DeviceClass:
    """Pools with accelerators (or whole machines) of equal room; prices of *items*, what copies put on one of these."""

    def __init__(self, row: Row, problem: Problem) -> None:
        self.pools, self.own = problem.pool_set(row["pools"]), integer(row.get("own", 0), 0)
        rooms = {(problem.pools[p].single, problem.pools[p].unit) for p in self.pools}
        insist(len(rooms) == 1, "the pools of a class must be alike")
        self.price = priced(row, "copies", lambda need, name="": (tuple(need), name), -math.inf)
        self.users: dict[Item, dict[Component, dict[int, set[str]]]] = {}  # by component and option, on which pools
        for one, m in ((c, m) for c in problem.components.values() for m in c.modes if m.pool in self.pools and m.need):
            item = self.item(m.need, one)
            self.users.setdefault(item, {}).setdefault(one, {}).setdefault(m.option, set()).add(m.pool)
        for item, price in self.price.items():
            insist(item in self.users, f"no copy on these pools has the need {item!a:.90}")
            insist(price >= 0 or not any(c.demand for c in self.users[item]), "a demand is met at a price below 0")
        grid = [(integer(d, 0), integer(n, 1), integer(den, 1)) for d, n, den in row.get("grid", EXACT)[:4]]
        self.knapsack = Knapsack(rooms.pop()[1], frozenset(need for need, _ in self.users), tuple(grid))

    def item(self, need: Need, c: Component) -> Item:
        """What a copy is in patterns: one of a need, or of a need and its component, where that has a price."""
        return need, c.name if (need, c.name) in self.price else ""

    def items(self, leaf: Leaf) -> tuple[tuple[Need, int, int], ...]:
        """(need, price, how often at most: it is in one zone, on one machine, and a copy stands there but once)."""
        most: Counter[Item] = Counter()
        for item, c in ((item, c) for item, users in self.users.items() for c in users if self.price.get(item, 0) > 0):
            copies = dict.fromkeys(self.users[item][c], c.copies)
            for (name, o, pools), (_, high) in leaf.copies.items():
                if name == c.name and o in copies and self.users[item][c][o] <= pools:
                    copies[o] = min(copies[o], high)
            most[item] += min(sum(copies.values()), c.copies, c.in_zone[1], c.per_instance)
        return tuple((item[0], self.price[item], most[item]) for item in sorted(most))


class Prices:
    """Prices of what plans use and machines offer, in 1 / unit micro-dollars per hour; at least 0 but where said.

    What stands on an accelerator is a pattern or one copy that owns it: worth at most alpha, the best pattern (Gilmore
    and Gomory 1961); with volumes and copies per machine, a machine of pool p at most W. The copies of a plan are worth
    at least D, each component's cheapest choice: sum W n >= D for the machines of any plan (Benders 1962). A copy pays
    the price (any sign) of a set less, and their number, in its range, pays it.
    """

    def __init__(self, row: Row, problem: Problem) -> None:
        self.problem, self.alpha = problem, dict[DeviceClass, int]()
        self.machines = priced(row, "machines", problem.pool_set, -math.inf)
        self.classes = [DeviceClass(value, problem) for value in row.get("accelerators", [])]
        self.class_of: dict[str, DeviceClass] = Named(((p, q) for q in self.classes for p in q.pools), "pool")
        self.volumes = priced(row, "volumes", lambda p, r: (problem.pools[p].name, RESOURCES.index(r)))
        self.per_instance, self.elsewhere = (priced(row, k, lambda c, p: (problem.components[c].name, p)) for k in ON)
        self.copies = priced(row, "copies", problem.copy_set, -math.inf)
        for c in (problem.components[name] for name, _, _ in self.copies):
            insist(not (c.demand or c.counted_whole), "copies with a demand, or counted whole, have no price as a set")
        self.optional = {p: integer(price, 0) for p, price in row.get("optional", {}).items()}

    def inequality(self, leaf: Leaf) -> tuple[dict[str, int], int]:
        """W by pool, and D, for the plans of a leaf."""
        components, pools = self.problem.components, self.problem.pools
        alpha = self.alpha = {kind: max(kind.own, kind.knapsack.value(kind.items(leaf))) for kind in self.classes}
        worth = dict.fromkeys(pools, 0) | {p: max(1, pools[p].devices) * alpha[q] for p, q in self.class_of.items()}
        for (p, r), price in self.volumes.items():
            worth[p] += price * pools[p].room[r]
        for (name, p), price in self.per_instance.items():
            worth[p] += price * components[name].on_one[p]
        total = sum(self.least(c, worth, leaf) for c in components.values() if c.modes)
        for key, price in self.copies.items():
            total += min(price * end for end in leaf.copies.get(key, (0, components[key[0]].copies)))
        for priority, limit in leaf.within.items():  # so many copies are placed at least, and bring their price each
            wanted = sum(c.copies for c in components.values() if c.priority == priority)
            total += self.optional.get(str(priority), 0) * (wanted - limit)
        return worth, total

    def least(self, c: Component, worth: dict[str, int], leaf: Leaf) -> int:
        """The least that the placed copies of a component are worth; optional ones bring their priority's price."""
        reward = self.optional.get(str(c.priority), 0) if c.priority in leaf.within else 0
        if c.counted_whole:
            return self.least_whole(c, worth, reward)
        sets = [(o, pools, price) for (name, o, pools), price in self.copies.items() if name == c.name]
        lost = {p: price for (name, p), price in self.elsewhere.items() if name == c.name}
        in_pool, rates, kept = dict[tuple[str, str], int](), list[Fraction](), sum(lost.values())
        for mode in c.modes:  # what a copy takes, at its prices, or a part of a machine of its own
            kind, value = self.class_of.get(mode.pool), self.per_instance.get((c.name, mode.pool), 0) - reward
            if c.dedicated:
                value = worth[mode.pool] // c.on_one[mode.pool] - reward
            elif kind is not None:
                value += mode.owned * self.alpha[kind] + mode.touches * kind.price.get(kind.item(mode.need, c), 0)
            value += sum(self.volumes.get((mode.pool, r), 0) * n for r, n in enumerate(mode.usage) if not c.dedicated)
            value -= sum(v for o, on, v in sets if o == mode.option and mode.pool in on) + kept - lost.get(mode.pool, 0)
            in_pool[mode.zone, mode.pool] = min(value, in_pool.get((mode.zone, mode.pool), value))
            rates += [Fraction(value) / mode.rate] if c.demand else []
        least, kept = min(in_pool.values()), c.outlive * kept  # so many stand elsewhere, whichever pool is lost
        if c.demand:
            return kept + (c.copies * least if least < 0 else max(c.required * least, math.ceil(c.demand * min(rates))))
        # First the least in every zone, then the cheapest, more only where that pays; no pool has more than it may.
        cheapest = sorted(in_pool.items(), key=lambda pair: pair[1])
        placed, total, stand, zoned = 0, 0, dict.fromkeys(in_pool, 0), dict.fromkeys(c.zones, 0)
        for last, most in enumerate(c.in_zone):
            for (zone, p), value in cheapest:
                wanted = (c.copies if value < 0 else c.required) - placed if last else most
                more = max(0, min(most - zoned[zone], c.in_pool - stand[zone, p], wanted))
                zoned[zone], stand[zone, p] = zoned[zone] + more, stand[zone, p] + more
                placed, total = placed + more, total + more * value
        return kept + total + max(0, c.required - placed) * least  # there is no plan when copies are left

    def least_whole(self, c: Component, worth: dict[str, int], reward: int) -> int:
        """The same where its machines are its alone: covering knapsacks, one in each zone, then one over zones."""
        best = {0: 0}  # copies so far -> the least that their machines are worth
        for zone in c.zones:
            (low, top), here = c.in_zone, {0: 0}
            offers = Counter((c.on_one[p], worth[p]) for p in {mode.pool for mode in c.modes if mode.zone == zone})
            for (many, value), pools in offers.items():
                alone = {n: -(-n // many) * value for n in range(c.in_pool + 1)}
                for _ in range(min(pools, top if c.outlive else 1)):  # one holds all, unless it may be lost
                    here = together(here, alone, top)
            best = together(best, {n: here[n] for n in range(low, len(here))}, c.copies)
        return min((paid - reward * n for n, paid in best.items() if n >= c.required), default=0)  # none: no plan


def together(here: dict[int, int], there: dict[int, int], most: int) -> dict[int, int]:
    sums = [(n + k, a + b) for (n, a), (k, b) in product(here.items(), there.items()) if n + k <= most]
    return dict(sorted(sums, reverse=True))  # of each number of copies the last one stays, which is the least


class Clique:
    """Components of which no two share a machine, with prices of their machines: each holds copies of one at most."""

    def __init__(self, row: Row, problem: Problem) -> None:
        price = priced(row, "clique", problem.components.__getitem__)
        for a, b in combinations(price, 2):
            apart = a.dedicated or b.dedicated or a.avoid & b.called or b.avoid & a.called
            insist(bool(apart), f"{a.name!a:.90} and {b.name!a:.90} may share a machine")
        self.machines: dict[frozenset[str], int] = {}
        self.worth = {p: max((v for c, v in price.items() if p in c.on_one), default=0) for p in problem.pools}
        self.least = sum(v * c.machines for c, v in price.items())

    def inequality(self, leaf: Leaf) -> tuple[dict[str, int], int]:
        return self.worth, self.least


def running_cost(problem: Problem, prices: Prices, rewards: dict[str, int], unit: int, leaf: Leaf) -> Fraction:
    """The least cost of machines and moves, micro-dollars, when a copy that is kept is worth a reward, too.

    Of r copies that run and are needed, a plan that keeps k moves r - k or more. Machine m, which runs, is worth W_m at
    most: on each accelerator the best of items and copies that run there, with their part of the reward, or an owner.
    """
    hours, (worth, least), forced, cost = problem.horizon, prices.inequality(leaf), problem.moves, Fraction(0)
    charges = leaf.charges
    insist(not charges.free, "beside what runs now each commitment must have a price")
    rent = {p: charges.rent[p] + charges.more[p] for p in problem.pools}
    missing = Fraction(least)
    for name, c in problem.components.items():
        reward, all_placed = rewards.get(name, 0), leaf.within.get(c.priority, 1) == 0
        move = c.move_cost + charges.move
        insist(reward * hours <= move * unit, f"the reward of {name!a:.90} is more than the money of a move")
        needed = min(problem.running[name], c.copies if all_placed else c.required)
        missing += reward * (needed - forced[name])
        cost += move * forced[name]
    more = dict.fromkeys(problem.machines, 0)  # W_m - W_p
    seats: dict[tuple[str, int], list[Any]] = defaultdict(list)  # by machine and accelerator, who runs there
    for (name, o, m, places), (many, _) in problem.places.items():
        pool, reward = problem.pools[problem.machines[m]], rewards.get(name, 0)
        mode, on = problem.components[name].mode_of.get((o, pool.name)), {0} if pool.single else places
        if mode is not None and (mode.touches or mode.owned) and on and pool.name in prices.class_of:
            for a in on:
                seats[m, a].append((problem.components[name], mode.need, many, -(-reward // len(on))))
        elif mode is not None:  # where it stands is not known, or nothing
            more[m] += reward * many
    tables = {kind: kind.knapsack.table(kind.items(leaf)) for kind in prices.classes}
    for (m, _), some in seats.items():
        kind = prices.class_of[problem.machines[m]]
        owner = max((part for _, need, _, part in some if need is None), default=0)
        kept = [(need, kind.price.get(kind.item(need, c), 0) + part, n) for c, need, n, part in some if need]
        more[m] += max(kind.knapsack.table(kept, tables[kind])[-1] - prices.alpha[kind], owner)
    best = {p: sorted((more[m] for m, of in problem.machines.items() if of == p), reverse=True) for p in problem.pools}
    cost_of: dict[Any, Fraction] = {p: rent[p] * unit - worth[p] for p in problem.pools}
    for some, g in prices.machines.items():
        cost_of[some] = cost_of.get(some, Fraction(0)) - g
        cost_of |= {p: cost_of[p] + g for p in some}
    by_counts = missing + leaf.least(cost_of, best)
    by_money = cheapest_cover(leaf, {p: price * unit for p, price in rent.items()}, worth, best, missing)
    cost += hours * (max(by_counts, by_money) / unit - charges.paid - charges.allowed) - charges.moved
    return Fraction(math.ceil(cost * hours.denominator), hours.denominator)  # rents and moves are whole micro-dollars


def cheapest_cover(leaf: Leaf, rent: Row, worth: Row, more: dict[str, list[int]], missing: Fraction) -> Fraction:
    """The least money of machines and moves that are worth what is missing, in parts; of a pool as many as may be."""
    offers, paid = [(Fraction(1), 1, NO_LIMIT)], Fraction(0)  # price, worth, how many: of moves first
    for p, price in rent.items():
        (low, high), running = leaf.pools[p], [worth[p] + value for value in more[p]]
        paid += low * price  # any plan pays for the fewest: at best for the best
        missing -= sum(running[:low]) + max(0, low - len(running)) * worth[p]
        offers += [(price, value, 1) for value in running[low:high]]
        offers += [(price, worth[p], max(0, high - max(low, len(running))))]
    for price, value, most in sorted((o for o in offers if o[1] > 0), key=lambda offer: offer[0] / offer[1]):
        taken = min(max(Fraction(0), missing / value), Fraction(most))
        paid, missing = paid + taken * price, missing - taken * value
    return paid


# 4. The tree ---------------------------------------------------------------------------------------------------------
class Proof:
    """What a tree proves of plans `within` limits on copies left out: `checked` without, `told` with engines' words."""

    def __init__(self, problem: Problem, top: Row, tree: Row, claim: Cost, prices: list[Any], name: str) -> None:
        nodes, self.within = tree["nodes"], {int(p): integer(n, 0) for p, n in tree.get("within", {}).items()}
        rules, unit = top.get("rules", {}), integer(top["unit"], 1)
        self.problem, self.prices, self.unit, self.claim = problem, prices, unit, claim
        self.checked, self.told = NO_PLAN, NO_PLAN
        self.reasons, self.weak, self.words = Counter[str](), list[str](), list[str]()
        paths: dict[int, dict[Any, Any]] = {0: {}}  # each but the first is a child, once: so each plan is in one leaf
        insist(len(nodes) > 0, "there are no nodes")
        for k, node in enumerate(nodes):
            try:
                insist(k in paths, "it is the child of no node before it")
                path = paths.pop(k)
                if "split" not in node:
                    self.close(node, Leaf(problem, path, self.within, node.get("rules", rules)), f"{name}node {k}")
                    continue
                ((what, value),), most = node["split"].items(), integer(node["at_most"])
                key = {"machines": problem.pool_set, "copies": problem.copy_set}[what](value)
                low, high = path.get(key, (0, NO_LIMIT))
                for side, ends in (("below", (low, min(high, most))), ("above", (max(low, most + 1), high))):
                    child = integer(node[side])
                    insist(k < child < len(nodes) and child not in paths, f"{child} is no node of its own after it")
                    paths[child] = {**path, key: ends}
            except MALFORMED as error:
                raise Refused(f"{name}node {k} can't be followed: {error!r}") from None

    def close(self, node: Row, leaf: Leaf, name: str) -> None:
        """Count a leaf with what it proves; an engine's word is taken for it where that is not enough."""
        cost, reason = max(Fraction(0), self.cost(node, leaf)), "empty" if leaf.empty else node["leaf"]
        self.reasons[reason] += 1
        self.checked = min(self.checked, cost)
        if reason == "engine" and cost < self.claim and node["says"] == "infeasible":
            self.words.append(name)
            cost = max(cost, Fraction(*map(integer, node["at_least"])) if "at_least" in node else NO_PLAN)
        self.told = min(self.told, cost)
        if cost < self.claim:
            self.weak.append(f"{name} ({reason}) proves {dollars(cost)}, which is less than the claim")

    def cost(self, node: Row, leaf: Leaf) -> Cost:
        """What a leaf's reason proves that its plans cost, at least."""
        reason, problem = node["leaf"], self.problem
        insist(reason in ("prices", "counting", "running", "engine", "empty"), f"no reason is called {reason!a:.90}")
        factors = ((i, Fraction(integer(num, 1), integer(den, 1))) for i, num, den in node.get("use", []))
        used = [(self.prices[integer(i, 0)], factor / self.unit) for i, factor in factors]
        if reason == "running":
            rewards = priced(node, "rewards", lambda name: problem.components[name].name)
            prices = self.prices[integer(node["prices"], 0)]
            return NO_PLAN if leaf.empty else running_cost(problem, prices, rewards, self.unit, leaf)
        counted = reason == "counting" and not leaf.empty and problem.components[node["component"]].impossible(leaf)
        if leaf.empty or counted or (node.get("infeasible") is True and leaf.least_rent(used, paid=False) > 0):
            return NO_PLAN
        moves = sum(n * (problem.components[c].move_cost + leaf.charges.move) for c, n in problem.moves.items())
        rent = max(Fraction(0), leaf.least_rent(used))  # what is paid for already pays for nothing else
        return Fraction(problem.horizon * rent + max(0, moves - leaf.charges.moved))


def check(problem: Problem, document: Any) -> list[Proof]:
    """The proof of the claim, then those of `left_out`: that no plan leaves out fewer optional copies."""
    insist(document["format"] == "placement-certificate/v1", "this is no placement-certificate/v1")
    insist(document["problem"] == problem.name, f"the certificate is not of the problem {problem.name!a:.90}")
    ((what, said),) = document["claim"].items()
    insist(what == "cost" or (what, said) == ("infeasible", True), "the claim must be a cost, or infeasible: true")
    prices = [(Clique if "clique" in row else Prices)(row, problem) for row in document.get("prices", [])]
    trees = [(document, Fraction(*map(integer, said)) if what == "cost" else NO_PLAN, "")]
    trees += [(tree, NO_PLAN, f"left_out {i}, ") for i, tree in enumerate(document.get("left_out", []))]
    return [Proof(problem, document, tree, claim, prices, name) for tree, claim, name in trees]


def dollars(cost: Cost) -> str:
    if isinstance(cost, float) or abs(cost) >= 10**40:
        return "no plan" if cost == NO_PLAN else "more dollars than there are"
    return f"{cost // 10**6}.{math.floor(cost) % 10**6:06d} dollars"


def compare(problem: Problem, proof: Proof, plan: Row) -> str:
    cost, placed = decimal(number(plan, "cost")) * 10**6, Counter(row["component"] for row in plan["assignments"])
    out = {p: sum(c.copies - placed[n] for n, c in problem.components.items() if c.priority == p) for p in proof.within}
    if any(out[p] > most for p, most in proof.within.items()):
        return f"the plan costs {dollars(cost)}, but leaves out more copies than the plans that this is of"
    if cost < proof.told - 1:
        return f"refused: the plan's cost of {dollars(cost)} is below that of any plan: verify it, and the certificate"
    gap = cost and (cost - proof.told) / cost
    return f"the plan costs {dollars(cost)}: {f'a gap of {float(gap):.4%}' if gap > 1e-9 else 'no plan is cheaper'}"


def main(arguments: list[str]) -> int:
    files, status = [word for word in arguments if not word.startswith("--")], 2
    strict, again = "--strict" in arguments, "--recheck" in arguments
    if len(files) not in (2, 3) or len(files) + strict + again < len(arguments):
        print(__doc__)
        return status
    try:
        read = [json.loads(Path(p).read_text("utf-8"), object_pairs_hook=lambda o: Named(o, "key")) for p in files]
        problem, status = Problem(read[0]), 1
        proof, *others = proofs = check(problem, read[1])
        compared = ["the file holds no plan" if p.get("cost") is None else compare(problem, proof, p) for p in read[2:]]
    except (OSError, *MALFORMED) as error:
        said = str(error) if isinstance(error, OSError) else repr(error)  # such as KeyError('pools'): there are none
        print(f"{('refused', 'can not be read, as JSON')[status - 1]}: {said}")
        return status
    script = Path(__file__).with_name("recheck_program.py")  # it asks another engine, in a process of its own
    asked = subprocess.run([sys.executable, script, files[1]], capture_output=True, check=False) if again else None
    answers = asked.stdout.decode("ascii", "replace").splitlines() if asked else []
    alone = [n for one in proofs for n in one.words if not any(line.startswith(f"{n}: confirmed") for line in answers)]
    faults = [line for one in proofs for line in one.weak] + [line for line in answers if ": contradicted" in line]
    faults += [f"{name} rests on the word of one engine" for name in alone if strict]
    print(f"claim: {dollars(proof.claim)} at least{f', leaving out at most {proof.within}' if proof.within else ''}")
    print(f"checked without any engine: {dollars(proof.checked)}\nwith the word of engines: {dollars(proof.told)}")
    print("leaves:", ", ".join(f"{n} {reason}" for one in proofs for reason, n in sorted(one.reasons.items())))
    least = [f"no plan leaves out at most {one.within}{', an engine says' * (one.checked < NO_PLAN)}" for one in others]
    print("\n".join([*(() if faults else least), *answers, *compared, *(f"refused: {f}" for f in faults[:20])]))
    return 1 if faults or any(line.startswith("refused") for line in compared) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
