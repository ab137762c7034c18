r"""A bound from components that never share a machine: `avoid`, and `dedicated`, which keeps all others away.

**Cliques.** Let K be a set of components of which no two may share a machine. The machines that hold copies of one
member hold none of another, so the members' machines are distinct and their numbers add up. A member c needs at least
:math:`k_c = \lceil n_c / m_c \rceil` machines, for the :math:`n_c` copies that must be placed (those that its demand
takes at its fastest option among them) and at most :math:`m_c` on any one machine. It also needs as many as it needs
zones: `min_zones`, what `max_per_zone` asks for, two for a zone-loss floor.

**Prices.** Of pool p, :math:`f_p` machines are paid for whatever the plan (`Fleet.fewest`), and :math:`u_p` may be used
at most. Any plan costs :math:`\sum_p \pi_p f_p` and :math:`\pi_p` for each machine in use beyond :math:`f_p`. So the
:math:`K = \sum_c k_c` machines take *slots*: :math:`f_p` of pool p at price 0, :math:`u_p - f_p` at price
:math:`\pi_p`, each usable by the members that may run on p. Sort the prices, :math:`0 = q_0 < q_1 < \dots < q_J`,
and let :math:`R_j` be an upper bound on how many of the K machines can stand on slots of price at most :math:`q_j`,
with :math:`R_J = K`. A plan with :math:`r_j \le R_j` of them there pays, by summation by parts,

.. math::
    \sum_j q_j (r_j - r_{j-1}) = q_J K - \sum_{j < J} (q_{j+1} - q_j) \, r_j
    \ \ge\ q_J K - \sum_{j < J} (q_{j+1} - q_j) \, R_j .

**Reach.** :math:`R_j` is the least of two. Each member stands on no more of these slots than it needs or may use:
:math:`\sum_c \min(k_c, \text{slots of } c)`. All stand on no more than there are. When even all slots are too few for K
machines, no plan exists. That members compete for the slots that some of them share is left to other bounds.

All numbers are integers. What is relaxed: that a pool may hold fewer copies a machine than the best one does, all else
that copies need beside each other, limits over groups of pools, the loss of a pool, and the most moves. The loss of an
instance says how many stand on one at most, and no more. The fleet has no commitments.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from placement.bounds.moves import least_move_ticks
from placement.bounds.parameters import CliqueParameters as _PARAMS
from placement.compiled.alike_pools import PoolsOf
from placement.compiled.capacity import most_on_one
from placement.compiled.fleet import Fleet, FleetComponent
from placement.grouping import grouped
from placement.solving.budget import Budget

# A rule, or a few, between semicolons; of every fleet. `instant` adds moves, and the rules over the whole plan.
RELAXES = (
    "how many copies a machine holds, but for the most on any; components that may share machines; "
    "rules over zones, but for the number of zones; optional copies; pins, and machines that run now but for those "
    "that can't be released"
)
Clique = dict[int, int]  # of components of which no two share a machine, ascending: the machines that each needs
_NAMED = 3  # components, or pools, in a sentence


def clique_bound(fleet: Fleet, budget: Budget | None = None) -> int:
    """Ticks that no plan can beat, from the best of a few cliques; what must be paid for empty without any.

    When the budget is over, no further clique is looked at.
    """
    price = max((least_price(fleet, clique) or 0 for clique in cliques(fleet, budget)), default=0)
    paid = sum(pool.price * fleet.fewest(pool.index) for pool in fleet.pools)
    return fleet.tick_price * (paid + price) + least_move_ticks(fleet)


def why_too_many(fleet: Fleet, budget: Budget | None = None) -> Iterator[str]:
    """Cliques that need more machines than the quotas allow, each with a sentence."""
    for clique in cliques(fleet, budget):
        *_, (_, most) = _reaches(fleet, clique)
        total = sum(clique.values())
        if most < total:
            who = some_named([fleet.components[c].name for c in clique])
            yield (
                f"{who} never share an instance (avoid, dedicated) and need at least {total} of them, "
                f"but the quotas of the pools that they may use allow {most}"
            )


def some_named(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


# --- Cliques


def cliques(fleet: Fleet, budget: Budget | None = None) -> Iterator[Clique]:
    """A few cliques of the conflict graph, each greedy from one component, those that need most machines first.

    Dedicated components are members of each, as they keep all others away. Where many components have very many
    conflicts there are fewer cliques: the work is bounded. Deterministic: ties are broken by index.
    """
    needs = _needs(fleet, budget)
    always = [c for c in needs if fleet.components[c].dedicated]
    weight = {c: n * len(fleet.components[c].avoids) for c, n in needs.items() if not fleet.components[c].dedicated}
    ranked = sorted(weight, key=lambda c: (-weight[c], -needs[c], c))
    place = {c: k for k, c in enumerate(ranked)}
    found: set[tuple[int, ...]] = set()
    work = 0
    for start in ranked[: _PARAMS.starts] or always[:1]:
        members, open_ = list(always), list[int]()
        if start in place:
            open_ = [start, *sorted(place.keys() & fleet.components[start].avoids, key=place.__getitem__)]
        while open_ and work < _PARAMS.work and not (budget is not None and budget.over()):
            work += len(open_)
            neighbours = fleet.components[open_[0]].avoids
            members.append(open_[0])
            open_ = [c for c in open_[1:] if c in neighbours]
        key = tuple(sorted(members))
        if key and key not in found:
            found.add(key)
            yield {c: needs[c] for c in key}
        if work >= _PARAMS.work:
            return


def _needs(fleet: Fleet, budget: Budget | None) -> dict[int, int]:
    """Machines that components with conflicts need at least, of those that need any.

    Of those without an `avoid` the one with most required copies is looked at, beside dedicated ones.
    """
    dedicated = [c for c in fleet.components if c.dedicated]
    others = [c for c in fleet.components if c.avoids and not c.dedicated]
    if dedicated and not others:
        others = sorted((c for c in fleet.components if not c.dedicated), key=lambda c: -c.required)[:1]
    pools, needs = PoolsOf(fleet), dict[int, int]()
    for component in (*dedicated, *others):
        if budget is not None and budget.over():
            break
        machines = fewest_machines(fleet, component, pools)
        if machines:
            needs[component.index] = machines
    return needs


def fewest_machines(fleet: Fleet, component: FleetComponent, pools: PoolsOf) -> int:
    """Machines that hold copies of the component in any plan, at least; 0 where it needs none or fits nowhere."""
    copies, machines = component.required, pools.of(component).machines
    if component.demand:
        fastest = max((component.options[o].throughput for alike in machines for o in alike.options), default=0)
        copies = max(copies, -(-component.demand // fastest) if fastest else 0)
    if not copies or not machines:
        return 0
    least = max(
        min(component.min_zones, copies),
        2 if component.zone_loss_floor else 1,
        -(-copies // component.max_per_zone) if component.max_per_zone else 1,
    )
    if copies == 1:
        return least
    return max(least, -(-copies // max(most_on_one(fleet, component, alike.first) for alike in machines)))


# --- Prices


def least_price(fleet: Fleet, clique: Clique) -> int | None:
    """What the machines of a clique cost beyond those paid for anyway, at least; None when the quotas are too small."""
    total, saved, before = sum(clique.values()), 0, (0, 0)
    for price, reach in _reaches(fleet, clique):
        saved += (price - before[0]) * before[1]
        if reach == total:  # and so it is for all that are dearer
            return price * total - saved
        before = price, reach
    return None


@dataclass(slots=True)
class _Slots:
    """Machines of pools that the same members may use, at one price; `free` of them are paid for anyway."""

    users: tuple[int, ...]
    price: int
    free: int
    most: int


def _reaches(fleet: Fleet, clique: Clique) -> Iterator[tuple[int, int]]:
    """(price, most machines of the clique that can stand on slots up to that price), the price ascending from 0.

    O(members + pools x distinct sets of pools).
    """
    total = sum(clique.values())
    needed: dict[frozenset[int], int] = defaultdict(int)  # members that may use the same pools are one
    for c, machines in clique.items():
        needed[frozenset().union(*(option.pools for option in fleet.components[c].options))] += machines
    wanted, classes = list(needed.values()), _classes(fleet, list(needed), total)
    own = [0] * len(wanted)  # slots that each may use, up to the price
    for slots in classes:
        for k in slots.users:
            own[k] += slots.free
    there = sum(slots.free for slots in classes)
    by_price: dict[int, list[_Slots]] = {0: []}
    for slots in classes:
        by_price.setdefault(slots.price, []).append(slots)
    for price in sorted(by_price):
        for slots in by_price[price]:
            there += slots.most - slots.free
            for k in slots.users:
                own[k] += slots.most - slots.free
        yield price, min(total, there, sum(map(min, wanted, own)))


def _classes(fleet: Fleet, sets: list[frozenset[int]], total: int) -> list[_Slots]:
    """The slots of all pools, alike pools as one; no more than `total` matter of any.

    Of very many prices some are taken for others that are lower: what is bounded from below only falls.
    """
    prices = sorted({fleet.pools[p].price for pools in sets for p in pools})
    kept = prices[:: 1 + len(prices) // _PARAMS.prices]
    users = grouped((p, k) for k, pools in enumerate(sets) for p in pools)
    found: dict[tuple[int, tuple[int, ...]], _Slots] = {}
    for p in sorted(users):
        pool = fleet.pools[p]
        key = kept[bisect_right(kept, pool.price) - 1], tuple(users[p])
        slots = found.setdefault(key, _Slots(key[1], key[0], 0, 0))
        slots.free = min(total, slots.free + fleet.fewest(p))
        slots.most = min(total, slots.most + (total if pool.max_instances is None else pool.max_instances))
    return list(found.values())
