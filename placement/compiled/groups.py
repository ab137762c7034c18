"""Groups of pools: limits on the machines that are paid for in several pools, and capacity that is paid for already.

Both look at `paid`, (P,) machines paid for of each pool: those in use, or as many as `min_instances` asks for. A limit
is a linear row over them. What is paid on top of a commitment never falls when a machine is added, and is convex in
`paid`: by `instances` it is the least sum over all choices of at most N machines that are free, by `money` what is left
of the sum, at least nothing. So a program that minimises cost needs no binary variable for either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from placement.documents import Problem
from placement.documents.quantities import limiting
from placement.documents.rows import Limit as LimitRow
from placement.units import MICRO, MILLI, count, micro_dollars, room

SCALE = {"max_instances": 1, "max_accelerators": 1, "max_vcpus": MILLI, "max_price_per_hour": MICRO}  # of a unit


@dataclass(frozen=True, slots=True)
class FleetLimit:
    """One number of a row of `limits`: the sum of `weight` over the machines paid for is at most `most`.

    `what` is its key in the document; `weight` of one machine by pool, in the unit of `most`, only those above 0.
    """

    name: str
    what: str
    weight: Mapping[int, int]
    most: int

    def sum(self, paid: Sequence[int]) -> int:
        """What the machines paid for count against it. O(its pools)."""
        return sum(weight * paid[p] for p, weight in self.weight.items())

    def plain(self, amount: int) -> int | float:
        """An amount in the unit of the document: machines, accelerators, vCPUs, dollars per hour."""
        scale = SCALE[self.what]
        return amount if scale == 1 else amount / scale

    def in_words(self, amount: int) -> str:
        """The same for a sentence."""
        return f"{self.plain(amount):,.10g}"

    def too_small(self, least: int) -> str:
        """A sentence for whoever needs more than it allows."""
        return (
            f"limit {self.name} allows {self.what} {self.in_words(self.most)} over {count(len(self.weight), 'pool')}, "
            f"but the copies need at least {self.in_words(least)} there"
        )


@dataclass(frozen=True, slots=True)
class FleetCommitment:
    """Capacity that is paid for already in some pools: `instances` machines, or `money` micro-dollars per hour.

    `pools` are dearest first, then by index. `money` is None for a commitment by `instances`, which is then 0 or more.
    """

    name: str
    pools: tuple[int, ...]
    instances: int
    money: int | None

    def pays(self, paid: Sequence[int], price: Sequence[int]) -> int:
        """Micro-dollars per hour of the machines paid for that cost nothing on top. O(its pools)."""
        if self.money is not None:
            return min(self.money, sum(paid[p] * price[p] for p in self.pools))
        left, total = self.instances, 0
        for p in self.pools:
            free = min(left, paid[p])
            left, total = left - free, total + free * price[p]
            if not left:
                break
        return total


def compile_limits(problem: Problem, prices: Sequence[int]) -> tuple[FleetLimit, ...]:
    """The limits of a problem, one for each number that is given; `prices` (P,) are micro-dollars per hour."""
    index = {pool.name: p for p, pool in enumerate(problem.pools)}
    return tuple(limit for row in problem.limits for limit in _limits_of(problem, row, index, prices))


def _limits_of(problem: Problem, row: LimitRow, index: Mapping[str, int], prices: Sequence[int]) -> list[FleetLimit]:
    pools = [index[name] for name in row.pools]
    types = {p: problem.instance_types[problem.pools[p].instance_type] for p in pools}
    weights: dict[str, tuple[float | None, int, dict[int, int]]] = {
        "max_instances": (limiting(row.max_instances), 1, dict.fromkeys(pools, 1)),
        "max_accelerators": (limiting(row.max_accelerators), 1, {p: types[p].accelerator_count for p in pools}),
        "max_vcpus": (row.max_vcpus, MILLI, {p: room(types[p].vcpus, MILLI) for p in pools}),
        "max_price_per_hour": (row.max_price_per_hour, MICRO, {p: prices[p] for p in pools}),
    }
    return [
        FleetLimit(row.name, what, {p: n for p, n in weight.items() if n}, round(most * scale))
        for what, (most, scale, weight) in weights.items()
        if most is not None
    ]


def compile_commitments(problem: Problem, prices: Sequence[int]) -> tuple[FleetCommitment, ...]:
    """The commitments of a problem; `prices` (P,) are micro-dollars per hour."""
    index = {pool.name: p for p, pool in enumerate(problem.pools)}
    return tuple(
        FleetCommitment(
            name=row.name,
            pools=tuple(sorted((index[name] for name in row.pools), key=lambda p: (-prices[p], p))),
            instances=row.instances or 0,
            money=None if row.price_per_hour is None else micro_dollars(row.price_per_hour),
        )
        for row in problem.commitments
    )
