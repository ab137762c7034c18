r"""How few optional copies plans leave out, by the pattern program with copies in place of money.

The levels of optional copies come before money. So the bound of one level is that of the same rows with another
objective: machines are free within their quotas, and each copy that is missing at the level counts one. Levels before
it leave out no more than is given; those after it do not matter. For any prices, with :math:`\lambda` that of a copy
placed at the level,

.. math:: \text{missing} \ge \Big( D - \max_{n} \sum_p W_p n_p \Big) / \lambda,

where D is what the copies are worth if none is missing, and n are counts within quotas and limits (`certificate`). All
of it is in whole numbers. So the bound holds whenever the search is stopped.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.packing import optional_copies
from placement.compiled.spread import least_total
from placement.patterns.certificate import Cut, NodeDomain, Prices, allowed, certify, charge_limits, domain_total
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.formulation import Relaxation, relax
from placement.patterns.master import Duals, Pattern, PatternProgram, PatternSolution
from placement.patterns.parameters import LeftOutParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.context import Solve

NAME = "patterns"
_SOME = 1e-6  # of a copy


def raise_left_out_bounds(
    solve: Solve, *, at_best: bool = False, before: LeftOutBound | None = None
) -> LeftOutBound | None:
    """Bound what plans leave out at each level, given what the best plan leaves out before it.

    Levels at which the best plan is known to leave out as few as any are passed over. With `at_best` each level is
    bounded given the bounds of those before it: plans that leave out so few may be found yet. Without a plan each is
    bounded as if it were the first. Returns the bound of the last level, whose linear program has all levels so;
    `before`, or None, where no level was open.
    """
    value, found = solve.value, before
    given: tuple[int, ...] | None = None if value is None else ()
    for level, optional in enumerate(optional_copies(solve.fleet)):
        if solve.ended:
            break
        missing = optional if value is None else value.left_out[level]
        known = solve.incumbent.left_out_bound()[level]
        better = at_best and value is not None and given != value.left_out[:level]
        if missing > known or better:
            found = LeftOutBound(solve, level, given, found)
            solve.incumbent.evidence.append(found)
            found.run(solve.budget, missing)
            known = found.least
        if given is not None:
            given = (*given, known if at_best else missing)
    return found


class LeftOutBound:
    """The bound of one level: no plan that leaves out no more than `given` before it leaves out fewer than `least`.

    With `given` None no plan at all does. `prices` are those that prove it, None before there are any.
    """

    def __init__(
        self, solve: Solve, level: int, given: tuple[int, ...] | None, before: LeftOutBound | None = None
    ) -> None:
        """Build the program. `before` is the bound of another level of the fleet, whose patterns are good here, too."""
        fleet = solve.fleet
        self._solve, self.level, self.given = solve, level, given
        optional = optional_copies(fleet)
        within = (*(optional[:level] if given is None else given), 0, *optional[level + 1 :])
        self.relaxation: Relaxation = (
            relax(fleet, within) if before is None else replace(before.relaxation, given=within)
        )
        self._domain = any_domain(fleet)
        self._program = PatternProgram(self.relaxation, rules=True, level=level)
        self._columns = PatternColumns(self.relaxation, self._program, solve.seed)
        self._program.add_patterns([] if before is None else before.patterns)
        if solve.packing is not None:
            self._columns.add_packing(solve.packing)
        self.least = 0
        self.prices: Prices | None = None
        self.rounds = 0
        # In the last solution of the linear program: copies, machines of each pool, and copies that one is worth.
        self.copies = [float(c.copies) for c in fleet.components]
        self.machines = [0.0] * len(fleet.pools)
        self.machine_values = [0.0] * len(fleet.pools)

    @property
    def wanted(self) -> dict[int, int]:
        """By component, the copies that the linear program places, rounded up to what rules over zones allow."""
        fleet = self.relaxation.fleet
        wanted = zip(fleet.components, self.copies, strict=True)
        return {c.index: _fewest_from(math.ceil(n - _SOME), c, len(fleet.zones)) for c, n in wanted}

    @property
    def patterns(self) -> list[Pattern]:
        """All that are known."""
        return list(self._program.patterns)

    def run(self, budget: Budget, most: int) -> None:
        """Column generation until the bound is that of the linear program in whole copies, or meets `most`.

        Nearly that is enough where it does not come to `most`.
        """
        program, centre, best = self._program, None, Fraction(-1)
        program.set_domain(self._domain)
        while self.least < most and not budget.over() and (solution := program.solve(budget.left())) is not None:
            self.rounds += 1
            duals, value, found = solution.duals(), solution.value, 0
            self._read(solution, duals)
            for point in program.smoothed(centre, duals):
                prices = program.prices(point)
                found, capacity = self._columns.price(prices, duals)
                cut = certify(self.relaxation, prices, capacity)
                missing = least_left_out(self.relaxation.fleet, cut, self.level, self._domain)
                if centre is None or missing > best:
                    best, centre = missing, point
                    self._raise(math.ceil(missing), prices)
                if found:
                    break
            least = math.ceil(value - _SOME)
            near = self.least >= (least if least >= most else (1 - _PARAMS.near) * value)
            if (not found or near) and not program.raise_penalty(solution):
                break

    def want(self, spare: float, budget: Budget) -> None:
        """Have `wanted` be what is placed where so much of each machine is spare, a part, after some rounds of pricing.

        It stays as it is where that is not known in time.
        """
        program, domain = self._program, self._domain
        part, pools = 1 - spare, len(self.machines)
        program.set_domain(domain)
        program.limit([part * n for n in domain.most[:pools]], [part * n for n in domain.fewest[:pools]])
        solution = self._columns.solve(_PARAMS.rounds, budget)
        if solution is not None:
            self._read(solution, solution.duals())
            self.machines = [n / part for n in self.machines]

    def _read(self, solution: PatternSolution, duals: Duals) -> None:
        self.copies = [0.0] * len(self.relaxation.fleet.components)
        for mode, copies in zip(self.relaxation.modes, solution.copies, strict=True):
            self.copies[mode.component] += copies
        self.machines = solution.counts[: len(self.machines)]
        self.machine_values = self._program.dual_values(duals).machines

    def _raise(self, least: int, prices: Prices) -> None:
        self.prices = prices
        if least > self.least:
            self.least = least
            self._solve.incumbent.raise_left_out(self.level, least, NAME, self.given or None)


def least_left_out(fleet: Fleet, cut: Cut, level: int, domain: NodeDomain) -> Fraction:
    """The fewest copies that plans in the node leave out at a level, by an inequality that asks for all of them.

    `cut` has prices, and is of a relaxation that leaves out none at the level. Exact, perhaps below 0. O(pools
    x limits).
    """
    prices = cut.prices
    each = 0 if prices is None or not prices.level else prices.level[level]
    if prices is None or not each:
        return Fraction(0)
    offered = [-coefficient for coefficient in cut.coefficients]
    charge_limits(fleet, offered, prices.limits)
    lacking = domain_total(cut, offered, domain) - allowed(fleet, prices.limits)
    return Fraction(lacking, each)


def _fewest_from(least: int, component: FleetComponent, zones: int) -> int:
    """So many copies, or the next number that rules over zones allow; those required where they allow none."""
    least = min(component.copies, max(component.required, least))
    total = least_total(component, [0] * zones, least) if component.has_zone_rules else least
    return component.required if total is None else total
