"""The cheapest fleet mix (machines per pool, whole) that keeps every cut and every limit: a small exact program.

Solved by CP-SAT, whose arithmetic is exact. Cuts are scaled so that their right side is `_RIGHT` and coefficients
rounded up, which only weakens them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.bounds.fractional_cover import cheapest_cover
from placement.patterns.certificate import Cut, Groups, NodeDomain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ortools.sat.python.cp_model import CpModel, IntVar, LinearExprT

    from placement.compiled.fleet import Fleet
    from placement.compiled.groups import FleetLimit

_RIGHT = 10**9


@dataclass(frozen=True, slots=True)
class CoveringMix:
    """Machines per pool and a bound on the price of any mix that keeps the cuts, micro-dollars per hour."""

    machines: tuple[int, ...]
    bound: int


def machine_limits(fleet: Fleet) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """The fewest and the most machines of each pool that any plan pays for."""
    fewest = tuple(fleet.fewest(pool.index) for pool in fleet.pools)
    return fewest, tuple(pool.max_instances for pool in fleet.pools)


def any_domain(fleet: Fleet, groups: Groups = ()) -> NodeDomain:
    """Machine counts that any plan worth having pays for, per pool and group.

    A machine in use holds a copy; beyond those in use, only what can't be released or `min_instances` asks for is paid.
    """
    fewest, quotas = machine_limits(fleet)
    most = []
    for pool, low, quota in zip(fleet.pools, fewest, quotas, strict=True):
        copies = sum(c.copies for c in fleet.components if any(pool.index in o.pools for o in c.options))
        most.append(max(low, copies + low if quota is None else min(quota, copies + low)))
    return NodeDomain(
        (*fewest, *(sum(fewest[p] for p in group) for group in groups)),
        (*most, *(sum(most[p] for p in group) for group in groups)),
    )


def covering_bound(fleet: Fleet, cut: Cut) -> int | None:
    """The least price of machine counts that keep one cut, parts of machines allowed; None when none do: a proof.

    Exact, micro-dollars per hour, rounded up, as whole machines have whole prices. O(pools log pools).
    """
    fewest, most = machine_limits(fleet)
    paid = sum(pool.price * n for pool, n in zip(fleet.pools, fewest, strict=True))
    pools = zip(fleet.pools, cut.coefficients, fewest, most, strict=True)
    offers = [(pool.price, each, None if high is None else max(0, high - low)) for pool, each, low, high in pools]
    total, lacking = cheapest_cover(-cut.slack(fewest), offers)
    return math.ceil(paid + total) if lacking <= 0 else None


def cheapest_mix(
    fleet: Fleet, cuts: list[Cut], *, gap: float, seconds: float, effort: float, seed: int
) -> CoveringMix | None:
    """A mix that keeps all cuts, at most `gap` (relative) above the cheapest; None when there is none: a proof.

    `seconds` and `effort`, in deterministic ones, bound the search; then the mix is the best found and `bound` proven.
    """
    from ortools.sat.python import cp_model

    from placement.engines.cp_sat import cp_sat_solver, run

    model, count = _counts(fleet, cuts, fleet.limits)
    rent: list[LinearExprT] = [pool.price * n for pool, n in zip(fleet.pools, count, strict=True)]
    model.minimize(cp_model.LinearExpr.sum(rent) - cp_model.LinearExpr.sum(_committed(model, fleet, count)))
    solver = cp_sat_solver(seed, seconds=seconds, effort=effort, gap=gap)
    status = run(solver, model)
    if status == cp_model.INFEASIBLE:
        return None
    bound = max(0, solver.response_proto.inner_objective_lower_bound)  # its own integer rather than its float
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return CoveringMix((), bound)
    return CoveringMix(tuple(solver.value(n) for n in count), bound)


def least_of_limit(
    fleet: Fleet, cuts: list[Cut], limit: FleetLimit, others: tuple[FleetLimit, ...] = (), *, effort: float, seed: int
) -> int | None:
    """The least that machine counts which keep all cuts count against a limit, or less, as far as `effort` reaches.

    None when the cuts can't be kept at all within the quotas and the `others`.
    """
    from ortools.sat.python import cp_model

    from placement.engines.cp_sat import cp_sat_solver, run

    model, count = _counts(fleet, cuts, others)
    model.minimize(cp_model.LinearExpr.sum([weight * count[p] for p, weight in limit.weight.items()]))
    solver = cp_sat_solver(seed, effort=effort)
    if run(solver, model) == cp_model.INFEASIBLE:
        return None
    return max(0, solver.response_proto.inner_objective_lower_bound)


def _counts(fleet: Fleet, cuts: list[Cut], limits: tuple[FleetLimit, ...]) -> tuple[CpModel, list[IntVar]]:
    """The program of machine counts of each pool that keep all cuts and some limits."""
    from ortools.sat.python import cp_model

    fewest, most = machine_limits(fleet)
    of_interest = any_domain(fleet).most
    enough = [min(_enough(cuts, p), of_interest[p]) for p in range(len(fleet.pools))]
    model = cp_model.CpModel()
    count = [
        model.new_int_var(low, max(low, limit if high is None else min(high, limit)), f"n{p}")
        for p, (low, high, limit) in enumerate(zip(fewest, most, enough, strict=True))
    ]
    keep_cuts(model, count, cuts)
    for limit in limits:
        model.add(sum(weight * count[p] for p, weight in limit.weight.items()) <= limit.most)
    return model, count


def keep_cuts(model: CpModel, count: Sequence[IntVar], cuts: Iterable[Cut]) -> None:
    """Add a row for each cut over the machines of each pool (P,)."""
    for cut in cuts:
        if cut.least > 0:
            scaled = [-(-coefficient * _RIGHT // cut.least) for coefficient in cut.coefficients]
            model.add(sum(min(s, _RIGHT) * n for s, n in zip(scaled, count, strict=True)) >= _RIGHT)


def _committed(model: CpModel, fleet: Fleet, count: list[IntVar]) -> list[LinearExprT]:
    """What commitments pay of the machines, micro-dollars per hour.

    Money is what machine counts make it: where it might be less, CP-SAT came to the least cost in steps of one of it.
    """
    from placement.engines.cp_sat import least_of

    gains: list[LinearExprT] = []
    for commitment in fleet.commitments:
        price = {p: fleet.pools[p].price for p in commitment.pools}
        if commitment.money is not None:
            gains.append(least_of(model, sum(price[p] * count[p] for p in commitment.pools), commitment.money))
            continue
        free = {p: model.new_int_var(0, commitment.instances, f"free_{p}") for p in commitment.pools}
        model.add(sum(free.values()) <= commitment.instances)
        for p, n in free.items():
            model.add(n <= count[p])
            gains.append(price[p] * n)
    return gains


def _enough(cuts: list[Cut], p: int) -> int:
    """Machines of pool p with which any single cut is kept: more are never needed."""
    return max(
        (-(-cut.least // cut.coefficients[p]) for cut in cuts if cut.coefficients[p] > 0 and cut.least > 0), default=0
    )
