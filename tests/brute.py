"""The true optimum of a tiny problem, by trying everything that can differ; it imports nothing of the package.

What can differ is less than it seems, and each cut below keeps an optimal plan:

* Price depends on how many machines each pool rents and moves on which copies stay; since kept copies never
  outnumber min(running, planned), a component's moves are that minimum less its kept copies, so kept copies add up
  machine by machine and the rest is known from the totals.
* New machines of a pool are alike, and so is a running one with no copies on it that may go and may take any: such
  an instance is left out and a new machine stands for it. For new machines only the *fewest* that hold a given count
  of copies matters, as price and quota only grow with machines. Running copies, cordons and machines that must stay
  make a machine special: those are tried one by one.
* A machine's content matters by its counts. Copies of a component are alike, and so are its options here unless
  throughput tells them apart: `cells` are pairs of component and throughput. Removing a copy never makes a content
  unfit (needs are >= 0 and conflicts only disappear), so unfit contents are not extended.
* Fewest machines are enough for limits and commitments too: limits only grow with machines, and so does what is paid
  on top of a commitment. Entries carry the machines paid for of the pools that these name, and one entry beats another
  when it pays for no more of any of them.
* A floor on what is left when a pool or an instance is lost caps the copies there: with n copies placed, at most n less
  the floor. Where n is not known before, each cap is tried in turn.
* Zones that are done matter to spread rules only by their sorted counts, and only for components that have such rules.

Components with `demand` have no largest count of copies of their own; `most_copies` argues one. Sums of rounded
money do not add up under half-even rounding of price x horizon, so price and kept money are carried side by side and
tables hold what no other entry beats in both.

`pinned` is read by counts: two pinned rows at one place need two copies there.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, product
from operator import add, gt
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.contents import Content, Contents, Counts
from tests.reading import Account, Doc, Reading, account, serves

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Best", "Survey", "cheapest", "most_copies", "size", "survey", "too_big"]

ZONE_RULES = ("max_skew", "min_zones")


@dataclass(frozen=True, slots=True)
class Best:
    """The optimum: optional copies left out by priority (highest first), the account, and a plan that attains it."""

    left_out: dict[int, int]
    account: Account
    plan: Doc

    @property
    def key(self) -> tuple[Counts, int]:
        """What plans are compared by: left-out counts, highest priority first, then micro-dollars."""
        return tuple(self.left_out.values()), self.account.cost


@dataclass(frozen=True, slots=True)
class Survey:
    """What is true of all plans of a problem: the optimum, and the least cost of those that leave out just so much.

    `costs` has micro-dollars by left-out counts, priorities as in `priorities`, highest first; empty without a plan.
    """

    best: Best | None
    costs: dict[Counts, int]
    priorities: tuple[int, ...]

    def least_cost(self, within: Counts | None) -> int | None:
        """The least cost of a plan that leaves out no more than so much at each priority; None: of any plan."""
        return min(
            (cost for out, cost in self.costs.items() if within is None or _all_within(out, within)), default=None
        )

    def least_left_out(self, level: int, before: Counts) -> int | None:
        """The least left out at a level by a plan that leaves out no more than so much at each level before it."""
        return min((out[level] for out in self.costs if _all_within(out[:level], before)), default=None)


def _all_within(out: Counts, most: Counts) -> bool:
    return all(n <= limit for n, limit in zip(out, most, strict=True))


class Placed(NamedTuple):
    """One machine of a witness: items are (component, option) names and index; `staying` rows keep their place."""

    pool: str
    instance: str | None
    items: Content
    staying: tuple[int, ...]


class Entry(NamedTuple):
    """A way to reach a state: micro-dollars per hour, micro-dollars of moves saved by kept copies, how.

    `stays` are the copies kept, counted where moves are limited; `paid` the machines paid for of each pool that a limit
    or a commitment names. `price` leaves out the pools of commitments.
    """

    price: int
    kept: int
    stays: int
    paid: Counts
    trail: Any  # nested pairs with Placed at the leaves; flattened once, for the winner


def cheapest(problem: Doc) -> Best | None:
    """Return the lexicographic optimum with a witness, or None when no plan keeps every rule.

    Time grows with :func:`size`; see :func:`too_big`.
    """
    return survey(problem).best


def survey(problem: Doc) -> Survey:
    """Return the optimum and the least costs of all plans; as long as :func:`cheapest`.

    Ten solvers are held to the same problems, so answers are kept; nobody may change one.
    """
    return _survey(json.dumps(problem))


@lru_cache(maxsize=4096)
def _survey(problem: str) -> Survey:
    return _Search(Reading(json.loads(problem))).survey()


def most_copies(reading: Reading, name: str) -> int:
    """Return a number of copies that some optimal plan does not exceed.

    With `copies` it is that. With `demand`, let a plan run n copies, more than each of: those that serve the demand
    at the least throughput, `min_copies`, 2a + 1 for zone loss a > 0, and Z x R for Z zones and R copies that matter
    where they run (all when moves cost or are limited, else the pinned); and of loss floors over pools and instances, R
    + a and 2a + 1. Drop one copy from a fullest zone: one that is not kept,
    which is there as more than R copies are. Demand and `min_copies` hold; moves do not grow, as min(R, n) and kept
    stay; price does not grow. Skew: if that zone alone was fullest, the largest falls; otherwise the smallest falls
    only when all zones were even, to a skew of 1 <= k. `min_zones`: a zone empties only when its count was 1, so all
    were, and n - 1 zones for n - 1 copies are enough. Zone loss: with one fullest zone, n less the largest is
    unchanged; with two, the largest is at most n / 2, and n >= 2a + 2 leaves a + 1 before the drop. So n falls.
    A floor a on pools or instances that is just kept has n - a > n / 2 copies on one of them, which is the fullest and
    stands in the fullest pool and zone: one of its copies that is not kept, of more than R, is dropped instead.
    Without such zone rules any copy that is not kept may go, and Z is 1.
    """
    component = reading.components[name]
    if "demand" not in component:
        return int(component["copies"])
    usable = [o for o in reading.options[name] if any(m.holds(o) for m in reading.machine.values())]
    least = min((o.throughput or 0.0 for o in usable), default=0.0)
    if least <= 0:
        return 0
    serving = math.ceil(component["demand"] / least)
    while not serves(component["demand"], least * serving):
        serving += 1
    rows = [row for row in reading.placements if row["component"] == name]
    matter = reading.move_cost[name] or reading.max_moves is not None
    fixed = len(rows) if matter else sum(bool(row.get("pinned")) for row in rows)
    losses = [component.get(f"min_available_on_{what}_loss", 0) for what in ("zone", "pool", "instance")]
    zones = len(reading.zones) if _zoned(component) else 1
    floors = [max(2 * loss + 1, fixed + loss) for loss in losses if loss]
    return int(max([serving, reading.required(name), zones * fixed, *floors]))


def size(problem: Doc) -> int:
    """Rough number of steps :func:`cheapest` takes: contents of machines, and states joined over zones."""
    reading = Reading(problem)
    counts = contents = states = 1
    for name, component in reading.components.items():
        most: int = most_copies(reading, name)
        options = reading.options[name]
        cells = len({o.throughput for o in options}) if "demand" in component else 1
        counts *= math.comb(most + cells, cells)
        contents *= math.comb(most + len(options), len(options))
        states *= math.comb(most + cells, cells) * (max(1, most) if _zoned(component) else 1)
    kinds = len({pool["instance_type"] for pool in reading.pools.values()}) + len(reading.instances)
    rounds = math.prod(len(caps) for _, _, caps in _caps(reading))
    grouped = 4 ** len(_grouped(reading)) * (3 if reading.max_moves is not None else 1)
    return int(rounds * grouped * (10 * contents * kinds + counts * states))


def _grouped(reading: Reading) -> list[str]:
    """The pools that a limit or a commitment names."""
    rows = [*reading.problem.get("limits", []), *reading.problem.get("commitments", [])]
    return sorted({pool for row in rows for pool in row["pools"]})


def _caps(reading: Reading) -> list[tuple[str, str, list[int]]]:
    """Component, "pool" or "instance", and the caps to try there, one of which any plan keeps."""
    found = []
    for name, component in reading.components.items():
        most = most_copies(reading, name)
        for what in ("pool", "instance"):
            floor = component.get(f"min_available_on_{what}_loss", 0)
            if floor:
                fixed = "demand" not in component and reading.required(name) == most
                found.append((name, what, [max(0, most - floor)] if fixed else list(range(max(0, most - floor) + 1))))
    return found


def too_big(problem: Doc, limit: int = 1_000_000) -> bool:
    """Say whether the brute force would take more than about a second (see :func:`size`)."""
    return size(problem) > limit


def _zoned(component: Doc) -> bool:
    spread = component.get("spread", {})
    return bool(component.get("min_available_on_zone_loss", 0)) or any(rule in spread for rule in ZONE_RULES)


class _Search:
    """Tables from machines to pools, zones and the fleet; see the module's page."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.names = list(reading.components)
        self.most = {name: most_copies(reading, name) for name in self.names}
        self.contents = Contents(reading, self.most)
        self.cells = self.contents.cells
        self.of_component = {name: [i for i, c in enumerate(self.cells) if c[0] == name] for name in self.names}
        self.mixed = [name for name, cells in self.of_component.items() if len(cells) > 1]
        self.ceiling = tuple(self.most[name] for name, _ in self.cells)
        self.nothing: Counts = (0,) * len(self.cells)
        self.grouped = _grouped(reading)
        self.committed = {pool for row in reading.problem.get("commitments", []) for pool in row["pools"]}
        self.cap: dict[tuple[str, str], int] = {}  # by component and "pool" or "instance": what this round tries

    def total(self, name: str, counts: Counts) -> int:
        return sum(counts[i] for i in self.of_component[name])

    # -- pools, zones, the fleet

    def start(self) -> Entry:
        """Nothing placed, nothing paid for."""
        return Entry(0, 0, 0, (0,) * len(self.grouped), ())

    def on_one(self, pool: str, instance: str | None) -> Counts:
        """Most copies of each component on one machine, by its own rules and by what this round tries."""
        caps = zip(self.names, self.contents.caps(pool, instance), strict=True)
        return tuple(min(cap, self.cap.get((name, "instance"), cap)) for name, cap in caps)

    def running(self, instance: str) -> dict[Counts, list[Entry]]:
        """What a special instance can hold, with the most move money its kept copies save; pinned rows always stay."""
        pool = self.reading.instances[instance]["pool"]
        machine, limited = self.reading.machine[pool], self.reading.max_moves is not None
        rows = [r for r, row in enumerate(self.reading.placements) if row["instance"] == instance]
        pinned = {r for r in rows if self.reading.placements[r].get("pinned")}
        keeps = [set(keep) for n in range(len(rows) + 1) for keep in combinations(rows, n) if pinned <= set(keep)]
        worth = [sum(self.reading.move_cost[self.reading.placements[r]["component"]] for r in keep) for keep in keeps]
        dearest_first = sorted(zip(keeps, worth, strict=True), key=lambda pair: -pair[1])
        table: dict[Counts, list[Entry]] = {}
        for counts, contents in self.contents.of(machine, self.on_one(pool, instance)).items():
            for content in contents:
                for keep, saved in dearest_first:
                    staying = tuple(sorted(keep))
                    placed = Placed(pool, instance, content, staying)
                    entry = Entry(0, saved, len(keep) if limited else 0, self.start().paid, placed)
                    entries = table.setdefault(counts, [])
                    if not _beaten(entries, entry) and self.contents.devices(content, staying, machine) is not None:
                        _keep(entries, entry)
        if not pinned:
            table[self.nothing] = [self.start()._replace(trail=Placed(pool, instance, (), ()))]
        return {counts: entries for counts, entries in table.items() if entries}

    def plus(self, left: Counts, right: Counts) -> Counts | None:
        """Sum of counts, or None when a component has more than it may."""
        both = tuple(map(add, left, right))
        if any(map(gt, both, self.ceiling)) or any(self.total(name, both) > self.most[name] for name in self.mixed):
            return None
        return both

    def fewest(self, pool: str, quota: int | None) -> Iterator[tuple[int, Counts, Any]]:
        """Each count of copies with the fewest new machines that hold it, found in layers of one machine more."""
        contents = self.contents.of(self.reading.machine[pool], self.on_one(pool, None))
        layer: dict[Counts, Any] = {self.nothing: ()}
        seen = {self.nothing}
        machines = 0
        while layer:
            for counts, trail in layer.items():
                yield machines, counts, trail
            if machines == quota:
                return
            following: dict[Counts, Any] = {}
            for counts, trail in layer.items():
                for more, modes in contents.items():
                    both = self.plus(counts, more)
                    if both is not None and both not in seen:
                        seen.add(both)
                        following[both] = (trail, Placed(pool, None, modes[0], ()))
            layer, machines = following, machines + 1

    def pool(self, pool: str) -> dict[Counts, list[Entry]]:
        """What a pool can hold: special instances one by one, then new machines, within the quota."""
        raw = self.reading.pools[pool]
        quota = raw.get("max_instances")
        table: dict[tuple[Counts, int], list[Entry]] = {(self.nothing, 0): [self.start()]}
        for instance, row in self.reading.instances.items():
            if row["pool"] == pool and row.get("state") != "draining" and self._special(instance):
                table = self._with_instance(table, instance)
        out: dict[Counts, list[Entry]] = {}
        for machines, more, new in list(self.fewest(pool, quota)):
            for (counts, used), entries in table.items():
                both = self.plus(counts, more)
                if both is None or (quota is not None and used + machines > quota) or not self._within_pool(both):
                    continue
                paid = max(used + machines, raw.get("min_instances", 0))
                price = 0 if pool in self.committed else paid * self.reading.price(pool)
                of_groups = tuple(paid if name == pool else 0 for name in self.grouped)
                for entry in entries:
                    trail = (entry.trail, new)
                    _keep(out.setdefault(both, []), Entry(price, entry.kept, entry.stays, of_groups, trail))
        return out

    def _within_pool(self, counts: Counts) -> bool:
        """Whether the copies in one pool are within the caps that this round tries."""
        return all(self.total(name, counts) <= cap for (name, what), cap in self.cap.items() if what == "pool")

    def _special(self, instance: str) -> bool:
        row = self.reading.instances[instance]
        rows = any(r["instance"] == instance for r in self.reading.placements)
        return rows or row.get("state") == "cordoned" or row.get("removable") is False

    def _with_instance(
        self, table: dict[tuple[Counts, int], list[Entry]], instance: str
    ) -> dict[tuple[Counts, int], list[Entry]]:
        stays = self.reading.instances[instance].get("removable") is False
        out: dict[tuple[Counts, int], list[Entry]] = {}
        for more, held in self.running(instance).items():
            uses = 1 if stays or any(more) else 0
            for (counts, used), entries in table.items():
                both = self.plus(counts, more)
                if both is not None:
                    modes = held if uses else [entry._replace(trail=()) for entry in held]
                    _join(out.setdefault((both, used + uses), []), entries, modes)
        return out

    def zone(self, zone: str) -> dict[Counts, list[Entry]]:
        """What a zone can hold: its pools together, within each component's cap per zone."""
        table: dict[Counts, list[Entry]] = {self.nothing: [self.start()]}
        for pool in (key for key, raw in self.reading.pools.items() if raw["zone"] == zone):
            out: dict[Counts, list[Entry]] = {}
            for more, right in self.pool(pool).items():
                for counts, left in table.items():
                    both = self.plus(counts, more)
                    if both is not None and self._within_zone(both):
                        _join(out.setdefault(both, []), left, right)
            table = out
        return table

    def _within_zone(self, counts: Counts) -> bool:
        caps = {name: self.reading.components[name].get("spread", {}).get("max_per_zone") for name in self.names}
        return all(cap is None or self.total(name, counts) <= cap for name, cap in caps.items())

    def fleet(self) -> dict[tuple[Counts, tuple[Counts, ...]], list[Entry]]:
        """What all zones can hold: counts, and for components with zone rules their sorted counts over zones."""
        shapes: tuple[Counts, ...] = ((),) * len(self.names)
        table: dict[tuple[Counts, tuple[Counts, ...]], list[Entry]] = {(self.nothing, shapes): [self.start()]}
        for zone in self.reading.zones:
            out: dict[tuple[Counts, tuple[Counts, ...]], list[Entry]] = {}
            for more, right in self.zone(zone).items():
                here = [self.total(name, more) if name in self.zoned else 0 for name in self.names]
                for (counts, shape), left in table.items():
                    both = self.plus(counts, more)
                    if both is not None:
                        grown = tuple(tuple(sorted((*s, n))) if n else s for s, n in zip(shape, here, strict=True))
                        _join(out.setdefault((both, grown), []), left, right)
            table = out
        return table

    @cached_property
    def zoned(self) -> set[str]:
        return {name for name in self.names if _zoned(self.reading.components[name])}

    @cached_property
    def eligible(self) -> dict[str, int]:
        return {name: len(self.reading.eligible(name)) for name in self.names}

    def accepts(self, counts: Counts, shapes: tuple[Counts, ...]) -> bool:
        """Say whether totals and zone counts keep each component's rules."""
        return all(
            self._enough(name, counts) and (name not in self.zoned or self._spread(name, shape))
            for name, shape in zip(self.names, shapes, strict=True)
        )

    def _enough(self, name: str, counts: Counts) -> bool:
        component = self.reading.components[name]
        if self.total(name, counts) < self.reading.required(name):
            return False
        served = math.fsum(counts[i] * self.cells[i][1] for i in self.of_component[name])
        return self._survives(name, counts) and ("demand" not in component or serves(component["demand"], served))

    def _survives(self, name: str, counts: Counts) -> bool:
        """Whether losing a pool or an instance with as many copies as this round tries leaves enough."""
        placed, component = self.total(name, counts), self.reading.components[name]
        return not (placed or self.reading.required(name)) or all(
            placed - cap >= component[f"min_available_on_{what}_loss"]
            for (other, what), cap in self.cap.items()
            if other == name
        )

    def _spread(self, name: str, shape: Counts) -> bool:
        component = self.reading.components[name]
        spread, loss = component.get("spread", {}), component.get("min_available_on_zone_loss", 0)
        copies, largest = sum(shape), max(shape, default=0)
        if loss and (copies or self.reading.required(name)) and copies - largest < loss:
            return False
        smallest = min(shape, default=0) if len(shape) >= self.eligible[name] else 0
        even = not copies or "max_skew" not in spread or largest - smallest <= spread["max_skew"]
        return even and bool(len(shape) >= min(spread.get("min_zones", 0), copies))

    # -- the answer

    def survey(self) -> Survey:
        """Return the best state by left-out counts, then money, and the least cost at each left-out count."""
        found: dict[Counts, tuple[int, Entry]] = {}
        caps = _caps(self.reading)
        for tried in product(*(values for _, _, values in caps)):
            self.cap = {(name, what): cap for (name, what, _), cap in zip(caps, tried, strict=True)}
            self._round(found)
        priorities = tuple(self.left_out(self.nothing))
        best = min(found, default=None)
        witness = None if best is None else self.witness((best, found[best][0]), found[best][1])
        return Survey(witness, {left_out: cost for left_out, (cost, _) in found.items()}, priorities)

    def _round(self, found: dict[Counts, tuple[int, Entry]]) -> None:
        """Look at all states within one choice of caps."""
        for (counts, shapes), entries in self.fleet().items():
            if not self.accepts(counts, shapes):
                continue
            left_out = tuple(self.left_out(counts).values())
            run_on = {name: min(self.reading.running[name], self.total(name, counts)) for name in self.names}
            moves = sum(self.reading.move_cost[name] * copies for name, copies in run_on.items())
            for entry in entries:
                price = self._price_within(entry, sum(run_on.values()))
                if price is None:
                    continue
                cost = round(price * self.reading.horizon) + moves - entry.kept
                if left_out not in found or cost < found[left_out][0]:
                    found[left_out] = (cost, entry)

    def _price_within(self, entry: Entry, run_on: int) -> int | None:
        """Micro-dollars per hour of all machines; None when a limit, or the one on moves, is not kept."""
        paid = dict(zip(self.grouped, entry.paid, strict=True))
        most = self.reading.max_moves
        if not self.reading.within_limits(paid) or (most is not None and run_on - entry.stays > most):
            return None
        rent = sum(paid[pool] * self.reading.price(pool) for pool in self.committed)
        return entry.price + rent - self.reading.committed(paid)

    def left_out(self, counts: Counts) -> dict[int, int]:
        """Optional copies not placed, by priority, highest first."""
        out: Counter[int] = Counter()
        for name, component in self.reading.components.items():
            if self.reading.required(name) < component.get("copies", 0):
                out[component.get("priority", 0)] += component["copies"] - self.total(name, counts)
        return dict(sorted(out.items(), reverse=True))

    def witness(self, key: tuple[Counts, int], entry: Entry) -> Best:
        """Write the winning trail down as a plan; its account is counted afresh and must agree."""
        instances: list[Doc] = []
        assignments: list[Doc] = []
        fresh: Counter[str] = Counter()
        for placed in _leaves(entry.trail):
            if placed.instance is None:
                fresh[placed.pool] += 1
                while f"{placed.pool}/new-{fresh[placed.pool]}" in self.reading.instances:
                    fresh[placed.pool] += 1
            identity = placed.instance or f"{placed.pool}/new-{fresh[placed.pool]}"
            instances.append({"id": identity, "pool": placed.pool, "new": placed.instance is None})
            dealt = self.contents.devices(placed.items, placed.staying, self.reading.machine[placed.pool])
            for (name, option), chosen in dealt or ():
                where = {"instance": identity, "accelerators": list(chosen)}
                assignments.append({"component": name, "option": option, **where})
        plan: Doc = {"format": "placement-plan/v1", "problem": self.reading.problem.get("name", "")}
        plan |= {"status": "optimal", "stop": "proved", "solver": "brute", "seed": 0}
        plan |= {"instances": instances, "assignments": assignments, "unplaced": self._unplaced(assignments)}
        counted = account(self.reading, plan)
        if counted.cost != key[1]:
            raise AssertionError(f"the search says {key[1]} micro-dollars, its plan costs {counted.cost}")
        dollars = {"cost": counted.cost / 1e6, "lower_bound": counted.cost / 1e6, "gap": 0.0}
        plan |= {"price_per_hour": counted.price / 1e6, "moves": counted.moves, **dollars}
        placed_counts = self.contents.counts((str(row["component"]), int(row["option"])) for row in assignments)
        proven = self.left_out(placed_counts)
        if proven:
            plan["left_out_bound"] = {str(priority): copies for priority, copies in proven.items()}
        return Best(proven, counted, plan)

    def _unplaced(self, assignments: list[Doc]) -> list[Doc]:
        placed = Counter(row["component"] for row in assignments)
        short = {name: c.get("copies", 0) - placed[name] for name, c in self.reading.components.items()}
        return [{"component": name, "copies": n, "reason": "it may be left out"} for name, n in short.items() if n > 0]


def _beats(one: Entry, other: Entry) -> bool:
    """Whether whatever can be made of the other can be made of the one at no more cost."""
    fewer = all(a <= b for a, b in zip(one.paid, other.paid, strict=True))
    return one.price <= other.price and one.kept >= other.kept and one.stays >= other.stays and fewer


def _beaten(entries: list[Entry], new: Entry) -> bool:
    return any(_beats(entry, new) for entry in entries)


def _keep(entries: list[Entry], new: Entry) -> None:
    """Add an entry unless another is at least as good in all that counts; drop those it beats."""
    if not _beaten(entries, new):
        entries[:] = [entry for entry in entries if not _beats(new, entry)]
        entries.append(new)


def _join(into: list[Entry], left: list[Entry], right: list[Entry]) -> None:
    for a in left:
        for b in right:
            paid = tuple(map(add, a.paid, b.paid))
            trail = (a.trail, b.trail)
            _keep(into, Entry(a.price + b.price, a.kept + b.kept, a.stays + b.stays, paid, trail))


def _leaves(trail: Any) -> Iterator[Placed]:
    if isinstance(trail, Placed):
        yield trail
    else:
        for part in trail:
            yield from _leaves(part)
