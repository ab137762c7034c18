r"""The master program: machines to commit, and machine counts of every scenario that keep all that is proven of them.

.. math::

    \min \sum_j c_j x_j + \sum_s w_s \sum_p \pi_p o_{sp}, \qquad
    o_{sp} \ge m_{sp} - f_{sp}, \quad \sum_{p \in P_j} f_{sp} \le x_j, \quad f, o \ge 0,

over whole numbers: committed machines :math:`x_j`, and of each scenario machines paid for :math:`m_{sp}`, those of them
that are committed :math:`f_{sp}` and those rented on demand :math:`o_{sp}`. The counts keep the cuts of the scenario's
patterns, its limits and quotas, and its floors: what a solve proved at some prices and commitments :math:`\hat x`,

.. math:: \sum_p q_p m_{sp} - \sum_j \mathrm{pays}_j(m_s, \hat x_j) \ge \mathrm{least}.

Every plan's counts keep all of these, so the least value is a bound on what any commitments and plans cost. CP-SAT
solves it, in exact arithmetic, and its bound is an integer. Where weights times prices would not fit 62 bits, prices
are divided and rounded down, which only lowers the bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ortools.sat.python import cp_model

from placement.engines.cp_sat import cp_sat_solver, least_of
from placement.patterns.covering import any_domain, keep_cuts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ortools.sat.python.cp_model import IntVar, LinearExprT

    from placement.scenarios.recourse import Floor, Recourse
    from placement.scenarios.terms import Term

_LARGEST = 2**60  # of the objective


@dataclass(frozen=True, slots=True)
class MasterAnswer:
    """Committed machines (J,), machine counts by scenario (S, P), and what nothing costs less than.

    `bound` is in micro-dollars per hour times the sum of the weights. Both are empty where no counts were found in
    time; `exact` says that they cost just the bound, `infeasible` that there are none: a proof.
    """

    machines: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]
    bound: int
    exact: bool
    infeasible: bool = False


def most_machines(terms: Sequence[Term], recourses: Sequence[Recourse]) -> tuple[int, ...]:
    """(J,) committed machines beyond which one more is used in no scenario."""
    domains = [any_domain(recourse.fleet).most for recourse in recourses]
    found = []
    for term in terms:
        used = max((sum(most[p] for p in term.pools) for most in domains), default=0)
        found.append(used if term.most is None else min(used, term.most))
    return tuple(found)


class MasterProgram:
    """The program of some scenarios; made anew each time, from what is known of them."""

    def __init__(
        self, terms: Sequence[Term], recourses: Sequence[Recourse], fixed: Sequence[int] | None = None
    ) -> None:
        """With `fixed` (J,) so many machines are committed; O(scenarios x (pools x cuts + floors))."""
        self.model = cp_model.CpModel()
        self._terms = terms
        self._costs: list[tuple[int, LinearExprT, int]] = []  # factor, expression, the most that it can be
        total = sum(recourse.weight for recourse in recourses)
        most = most_machines(terms, recourses) if fixed is None else tuple(fixed)
        self.machines = [self.model.new_int_var(0 if fixed is None else n, n, f"x{j}") for j, n in enumerate(most)]
        for term, n, high in zip(terms, self.machines, most, strict=True):
            self._costs.append((total * term.price, n, high))
        self.counts = [self._scenario(recourse, f"_{s}") for s, recourse in enumerate(recourses)]
        size = sum(factor * high for factor, _, high in self._costs)
        self._divisor = -(-size // _LARGEST) or 1
        self.model.minimize(cp_model.LinearExpr.sum([(f // self._divisor) * e for f, e, _ in self._costs]))

    def hint(self, machines: Sequence[int], counts: Sequence[Sequence[int]]) -> None:
        """Begin the search with these: machines (J,), and counts of each scenario (S, P)."""
        for variables, values in zip([self.machines, *self.counts], [machines, *counts], strict=True):
            for variable, value in zip(variables, values, strict=True):
                self.model.add_hint(variable, value)

    def solve(self, *, seconds: float, work: float | None, seed: int) -> MasterAnswer:
        """Within so many seconds; with `work` within so many deterministic ones."""
        solver = cp_sat_solver(seed, seconds=seconds, effort=math.inf if work is None else work)
        status = solver.solve(self.model)
        if status == cp_model.INFEASIBLE:
            return MasterAnswer((), (), 0, exact=True, infeasible=True)
        bound = max(0, solver.response_proto.inner_objective_lower_bound)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return MasterAnswer((), (), bound * self._divisor, exact=False)
        exact = status == cp_model.OPTIMAL and self._divisor == 1
        machines = tuple(solver.value(n) for n in self.machines)
        counts = tuple(tuple(solver.value(n) for n in row) for row in self.counts)
        return MasterAnswer(machines, counts, bound * self._divisor, exact=exact)

    # -- one scenario

    def _scenario(self, recourse: Recourse, mark: str) -> list[IntVar]:
        model, fleet = self.model, recourse.fleet
        domain = any_domain(fleet)
        count = [
            model.new_int_var(low, high, f"m{p}{mark}")
            for p, (low, high) in enumerate(zip(domain.fewest, domain.most, strict=True))
        ]
        keep_cuts(model, count, recourse.cuts)
        for limit in fleet.limits:
            model.add(sum(weight * count[p] for p, weight in limit.weight.items()) <= limit.most)
        price = [pool.price for pool in fleet.pools]
        free: dict[int, IntVar] = {}
        for term, n in zip(self._terms, self.machines, strict=True):
            free |= self._free(term.pools, count, domain.most, n, mark)
        paid_with_money: set[int] = set()
        for commitment in fleet.commitments:
            if commitment.money is None:
                free |= self._free(commitment.pools, count, domain.most, commitment.instances, mark)
                continue
            paid_with_money |= set(commitment.pools)
            high = sum(price[p] * domain.most[p] for p in commitment.pools)
            rest = model.new_int_var(0, high, f"t_{commitment.pools[0]}{mark}")
            spent = cp_model.LinearExpr.sum([price[p] * count[p] for p in commitment.pools])
            model.add(rest >= spent - commitment.money)
            self._costs.append((recourse.weight, rest, high))
        for p, n in enumerate(count):
            if price[p] and p not in paid_with_money:
                rented = n
                if p in free:
                    rented = model.new_int_var(0, domain.most[p], f"o{p}{mark}")
                    model.add(rented + free[p] >= n)
                self._costs.append((recourse.weight * price[p], rented, domain.most[p]))
        cache: dict[tuple[tuple[int, ...], int], IntVar] = {}
        for floor in recourse.floors:
            self._floor(recourse, floor, count, domain.most, cache)
        return count

    def _free(
        self, pools: Sequence[int], count: list[IntVar], most: Sequence[int], machines: LinearExprT, mark: str
    ) -> Mapping[int, IntVar]:
        """Machines of each pool that are committed ones: at most those, all together."""
        free = {p: self.model.new_int_var(0, most[p], f"f{p}{mark}") for p in pools}
        for p, n in free.items():
            self.model.add(n <= count[p])
        self.model.add(cp_model.LinearExpr.sum(list(free.values())) <= machines)
        return free

    def _floor(
        self,
        recourse: Recourse,
        floor: Floor,
        count: list[IntVar],
        most: Sequence[int],
        cache: dict[tuple[tuple[int, ...], int], IntVar],
    ) -> None:
        """The row of a floor; what commitments pay is exact, as a larger payment would make the row false."""
        model, terms = self.model, [cp_model.LinearExpr.weighted_sum(count, list(floor.prices))]
        groups = [(k.pools, k.instances) for k in recourse.fleet.commitments if k.money is None]
        groups += [(term.pools, n) for term, n in zip(self._terms, floor.machines, strict=True)]
        for pools, machines in groups:
            if not machines:
                continue
            before: IntVar | None = None
            for k, p in enumerate(pools):  # dearest first
                first = tuple(pools[: k + 1])
                if (first, machines) not in cache:
                    high = min(machines, sum(most[q] for q in first))
                    least = model.new_int_var(0, high, "")
                    model.add_min_equality(least, [cp_model.LinearExpr.sum([count[q] for q in first]), machines])
                    cache[first, machines] = least
                upto = cache[first, machines]
                terms.append(-floor.prices[p] * (upto if before is None else upto - before))
                before = upto
        for commitment in recourse.fleet.commitments:
            if commitment.money is not None:
                spent = cp_model.LinearExpr.sum([floor.prices[p] * count[p] for p in commitment.pools])
                high = sum(floor.prices[p] * most[p] for p in commitment.pools)
                terms.append(-least_of(model, spent, commitment.money, high))
        model.add(cp_model.LinearExpr.sum(terms) >= floor.least)
