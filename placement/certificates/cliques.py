"""Inequalities on machine counts from components that never share a machine (`bounds.cliques`), by prices of members.

A machine holds copies of one member of a clique at most. So with any price :math:`v_c \\ge 0` for each machine that
member c needs, of which there are at least :math:`k_c`, every plan has

.. math:: \\sum_p \\max_{c \\text{ may run on } p} v_c \\; n_p \\ \\ge\\ \\sum_c v_c k_c .

The prices that prove most are the dual values of sending the members' machines to pools as cheaply as may be, a linear
program; they are rounded to integers, of which any will do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from placement.bounds.cliques import Clique, cliques
from placement.compiled.fleet import Fleet
from placement.engines.highs import linear_program, solved
from placement.patterns.certificate import UNIT, Cut, NodeDomain
from placement.solving.budget import Budget

_MOST_PAIRS = 50_000  # of a member and a pool it may use, up to which prices are looked for
_LACK = 10.0  # times the dearest machine's price: what a machine costs that no pool has


@dataclass(frozen=True, slots=True)
class CliquePrices:
    """Prices of the machines of the members of a clique, (component, price), in 1 / UNIT micro-dollars."""

    values: tuple[tuple[int, int], ...]
    group: tuple[int, ...] = ()  # as prices of patterns have: none
    limits: tuple[int, ...] = ()
    committed: tuple[int, ...] = ()


def clique_cuts(fleet: Fleet, domain: NodeDomain, budget: Budget) -> Iterator[tuple[Cut, CliquePrices]]:
    """The inequalities of a few cliques, each by the prices that prove most within a node of machine counts."""
    for clique in cliques(fleet, budget):
        pools = [sorted(frozenset().union(*(o.pools for o in fleet.components[c].options))) for c in clique]
        if sum(map(len, pools)) > _MOST_PAIRS or budget.over():
            return
        prices = _prices(fleet, clique, pools, domain)
        machine = [0] * len(fleet.pools)
        for price, used in zip(prices, pools, strict=True):
            for p in used:
                machine[p] = max(machine[p], price)
        least = sum(price * n for price, n in zip(prices, clique.values(), strict=True))
        if least:
            values = zip(clique, prices, strict=True)
            yield Cut(tuple(machine), least), CliquePrices(tuple((c, price) for c, price in values if price))


def _prices(fleet: Fleet, clique: Clique, pools: list[list[int]], domain: NodeDomain) -> list[int]:
    """The dual values of the members' needs, in 1 / UNIT micro-dollars; 0 where the engine fails."""
    members, unit = len(clique), max(1, *(pool.price for pool in fleet.pools))
    used = sorted({p for some in pools for p in some})
    row = {p: members + k for k, p in enumerate(used)}
    # Columns: machines of pools, machines that no pool has, machines of members on pools.
    columns = [[(row[p], 1.0)] for p in used] + [[(k, 1.0)] for k in range(members)]
    columns += [[(k, 1.0), (row[p], -1.0)] for k, some in enumerate(pools) for p in some]
    others = len(columns) - len(used)
    lp = linear_program(
        columns,
        cost=[fleet.pools[p].price / unit for p in used] + [_LACK] * members + [0.0] * (others - members),
        within=(
            [domain.fewest[p] for p in used] + [0] * others,
            [*(float(domain.most[p]) for p in used), *[inf] * others],
        ),
        rows=([*clique.values(), *[0] * len(used)], inf),
    )
    solver = solved(lp)
    if solver is None:
        return [0] * members
    # Prices are those of machines of a pool or nothing, so whole micro-dollars say all of it.
    return [max(0, round(dual * unit)) * UNIT for dual in list(solver.getSolution().row_dual)[:members]]
