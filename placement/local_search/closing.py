r"""Plans that keep most of what runs: which machines close is chosen by a small program, the rest is packed.

The program has one 0-1 variable for each machine that runs, and the number of copies that stay at each place. It knows
what machines cost, what moves cost and how many are allowed, how many copies each component needs, and how many of them
a zone may hold at most. What it does not know is where the others go: each copy that does not stay is charged its share
of the cheapest machine, times a factor. With a small one many machines close, with a large one few; a Lagrangian
heuristic (Beasley 1993, *Lagrangian relaxation*, in Modern Heuristic Techniques for Combinatorial Problems). Limits
over groups of pools count machines that stay, and such shares of the other copies. The copies that stay are a partial
plan, and best fit places the unassigned copies.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model
from ortools.sat.python.cp_model import IntVar, LinearExprT

from placement.arrays import Floats
from placement.compiled.capacity import RESOURCES, capacity, usage
from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.groups import FleetLimit
from placement.compiled.packing import Packing
from placement.engines.cp_sat import cp_sat_solver, run
from placement.grouping import grouped
from placement.heuristics import keep
from placement.heuristics.best_fit_completion import BestFitCompletion
from placement.heuristics.shares import Shares
from placement.local_search.parameters import ClosingParameters as _PARAMS
from placement.reductions.required import RequiredAsPlaced
from placement.solving.budget import Budget
from placement.solving.context import Solve

NAME = "closing"
_LARGEST = 2**61  # of the goal, in ticks


def may_close(fleet: Fleet) -> bool:
    """Whether the program says anything of this fleet."""
    return 0 < len(fleet.places) <= _PARAMS.most_places and bool(fleet.instances)


class Closing:
    """Tries of one fleet; `tried` counts them."""

    def __init__(self, solve: Solve) -> None:
        """O(components x pools)."""
        self._solve, self._fleet = solve, solve.fleet
        shares = Shares(solve.fleet)
        self._share = _least_share(shares, shares.price)  # (C,) of the cheapest machine, micro-dollars per hour
        weights = ([float(limit.weight.get(p, 0)) for p in range(len(shares.price))] for limit in solve.fleet.limits)
        self._counted = [_least_share(shares, np.array(row)) for row in weights]  # (C,) of each limit, in its unit
        self._rng = np.random.default_rng(solve.seed)
        self._best_fit = BestFitCompletion(solve.fleet, self._rng, shares)
        self.tried = 0

    def step(self, budget: Budget) -> bool:
        """One more factor; says whether the plan got better."""
        factor = _PARAMS.factors[self.tried % len(_PARAMS.factors)]
        bent = 1.0 + _PARAMS.noise * self._rng.standard_normal(len(self._share)) * (self.tried >= len(_PARAMS.factors))
        self.tried += 1
        times = np.maximum(0.0, factor * bent)
        choice = self._choose(times, budget)
        if choice is None or budget.over():
            return False
        packing = self._complete(*choice, budget)
        return packing is not None and self._solve.incumbent.offer(packing, NAME)

    def _choose(self, times: Floats, budget: Budget) -> tuple[dict[int, int], dict[int, int]] | None:
        """Copies that stay, by place, and how many of each component with optional ones are placed in all.

        None where there is no such choice, or none was found. Shares of copies count `times` (C,).
        """
        costs = _Costs.of(self._fleet, _rounded(times * self._share))
        if costs.largest_goal(self._fleet) >= _LARGEST:
            return None
        program = _ClosingProgram(self._fleet, costs, [_rounded(times * counted) for counted in self._counted])
        seed = int(self._rng.integers(2**30))
        solver = cp_sat_solver(seed, seconds=budget.left(), effort=_PARAMS.effort)
        if run(solver, program.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        stay = {k: solver.value(var) for k, var in program.stay.items()}
        return stay, {c: solver.value(var) for c, var in program.placed.items()}

    def _complete(self, stay: dict[int, int], placed: dict[int, int], budget: Budget) -> Packing | None:
        """A plan with these copies where they are, as far as they fit together; None where a copy stays unassigned.

        It places as many copies of each component as the program did: a copy more may be a move more.
        """
        fixed = RequiredAsPlaced.placing(self._fleet, Counter(placed))
        ws = self._best_fit.workspace(fixed.fleet)
        for k in sorted(stay, key=lambda k: self._fleet.places[k].accelerators is None):
            keep.stay(ws, self._fleet.places[k], stay[k])
        found = self._best_fit.run(ws, budget)
        return None if found is None else fixed.lift(found)


@dataclass(frozen=True, slots=True)
class _Costs:
    """Ticks by component, (C,): of a copy placed anew, of one left out, and of a move."""

    share: list[int]
    left_out: list[int]
    move: list[int]

    @classmethod
    def of(cls, fleet: Fleet, shares: Sequence[int]) -> _Costs:
        """From shares (C,) in micro-dollars per hour; a copy left out is dearer than any machine, by its priority."""
        dearest = fleet.tick_price * max((pool.price for pool in fleet.pools), default=0) + 1
        lost = [_PARAMS.left_out * (len(fleet.levels) - level) * dearest for level in range(len(fleet.levels))]
        return cls(
            [fleet.tick_price * share for share in shares],
            [0 if c.level is None else lost[c.level] for c in fleet.components],
            [fleet.tick_move * c.move_cost for c in fleet.components],
        )

    def largest_goal(self, fleet: Fleet) -> int:
        """No solution costs more: the engine counts in 64 bits."""
        machines = sum(fleet.tick_price * fleet.pools[instance.pool].price for instance in fleet.instances)
        return machines + sum(
            (self.share[c.index] + self.left_out[c.index]) * _wanted(c) + self.move[c.index] * fleet.running[c.index]
            for c in fleet.components
        )


class _ClosingProgram:
    """The model; `stay` are copies that stay, by place, `placed` copies of components with optional ones."""

    def __init__(self, fleet: Fleet, costs: _Costs, counted: Sequence[Sequence[int]]) -> None:
        """O(places + (1 + limits) x (instances + components)).

        `counted`: by limit, (C,) what a copy that is placed anew counts against it.
        """
        self._fleet, self._costs, self.model = fleet, costs, cp_model.CpModel()
        self._out: list[IntVar] = []  # (C,) copies that are placed anew
        self._use: list[LinearExprT] = [self.model.new_bool_var("") if i.removable else 1 for i in fleet.instances]
        self.stay: dict[int, IntVar] = {}
        self.placed: dict[int, IntVar] = {}
        self._here: dict[int, list[int]] = defaultdict(list)
        on: dict[int, list[int]] = defaultdict(list)
        for k, place in enumerate(fleet.places):
            option = fleet.components[place.component].options[place.option]
            if fleet.instances[place.instance].pool not in option.pools:
                continue
            self.stay[k] = self.model.new_int_var(0, place.count, "")
            self.model.add(self.stay[k] <= place.count * self._use[place.instance])
            self.model.add(self.stay[k] >= place.pinned)
            self._here[place.component].append(k)
            on[place.instance].append(k)
        for places in on.values():
            self._fit(places)
        for component in fleet.components:
            self._limit(component)
        moves: list[LinearExprT] = []
        goal: list[LinearExprT] = [
            fleet.tick_price * fleet.pools[instance.pool].price * self._use[instance.index]
            for instance in fleet.instances
        ]
        for component in fleet.components:
            goal += self._count(component, moves)
        if fleet.max_moves is not None:
            self.model.add(cp_model.LinearExpr.sum(moves) <= fleet.max_moves)
        for limit, row in zip(fleet.limits, counted, strict=True):
            self._keep_limit(limit, row)
        self.model.minimize(cp_model.LinearExpr.sum(goal))

    def _count(self, component: FleetComponent, moves: list[LinearExprT]) -> list[LinearExprT]:
        """What copies of a component cost that are placed anew, left out or moved; its moves join the others."""
        fleet, model, c, wanted = self._fleet, self.model, component.index, _wanted(component)
        least = wanted if component.level is None else component.required
        stays = cp_model.LinearExpr.sum([self.stay[k] for k in self._here[c]])
        placed, out = model.new_int_var(least, wanted, ""), model.new_int_var(0, wanted, "")
        model.add(out >= placed - stays)
        self._out.append(out)
        if component.has_zone_rules and not component.demand:
            self._zones(component, placed)
        costs: list[LinearExprT] = [self._costs.share[c] * out]
        if component.level is not None:
            self.placed[c] = placed
            costs.append(self._costs.left_out[c] * (wanted - placed))
        runs, cost = fleet.running[c], self._costs.move[c]
        if runs and (cost or fleet.max_moves is not None):
            moved = model.new_int_var(0, runs, "")
            model.add(moved >= min(runs, least) - stays)
            model.add(moved >= placed - max(0, wanted - runs) - stays)
            moves.append(moved)
            costs.append(cost * moved)
        return costs

    def _fit(self, places: Sequence[int]) -> None:
        """Where a machine holds more than fits, what stays fits its host and its accelerators together."""
        fleet = self._fleet
        p = fleet.instances[fleet.places[places[0]].instance].pool
        options = [fleet.components[fleet.places[k].component].options[fleet.places[k].option] for k in places]
        for resource, _, _ in RESOURCES:
            needs, room = [usage(fleet, p, option, resource) for option in options], capacity(fleet, p, resource)
            if sum(n * fleet.places[k].count for n, k in zip(needs, places, strict=True)) > room:
                taken = [n * self.stay[k] for n, k in zip(needs, places, strict=True)]
                self.model.add(cp_model.LinearExpr.sum(taken) <= max(0, room))

    def _keep_limit(self, limit: FleetLimit, counted: Sequence[int]) -> None:
        """Machines that stay leave room within a limit for the shares of the copies that are placed anew."""
        fleet = self._fleet
        weight = [limit.weight.get(i.pool, 0) for i in fleet.instances]
        largest = sum(weight) + sum(n * _wanted(c) for n, c in zip(counted, fleet.components, strict=True))
        if largest < _LARGEST:  # the engine counts in 64 bits
            terms = [n * use for n, use in zip(weight, self._use, strict=True)]
            terms += [n * out for n, out in zip(counted, self._out, strict=True)]
            self.model.add(cp_model.LinearExpr.sum(terms) <= limit.most)

    def _limit(self, component: FleetComponent) -> None:
        """No more copies stay than are wanted, nor more on a machine than `max_per_instance`."""
        fleet, here = self._fleet, self._here[component.index]
        if not here:
            return
        self._at_most(here, component.copies)
        if component.max_per_instance is not None:
            groups = grouped((fleet.places[k].instance, k) for k in here)
            for places in groups.values():
                self._at_most(places, component.max_per_instance)

    def _zones(self, component: FleetComponent, placed: IntVar) -> None:
        """Copies that stay and those that are placed anew keep the rules over zones together."""
        fleet, model, most = self._fleet, self.model, component.copies
        stays: dict[int, list[LinearExprT]] = {z: [] for z in component.eligible_zones}
        for k in self._here[component.index]:
            stays[fleet.pools[fleet.instances[fleet.places[k].instance].pool].zone].append(self.stay[k])
        counts = []
        for here in stays.values():
            count = model.new_int_var(0, most if component.max_per_zone is None else component.max_per_zone, "")
            model.add(count >= cp_model.LinearExpr.sum(here))
            counts.append(count)
        model.add(cp_model.LinearExpr.sum(counts) == placed)
        if component.max_skew is not None:
            least = model.new_int_var(0, most, "")
            for count in counts:
                model.add(count >= least)
                model.add(count <= least + component.max_skew)
        if component.zone_loss_floor:
            any_placed = model.new_bool_var("")
            model.add(placed <= 2**30 * any_placed)
            for count in counts:
                model.add(count <= placed - component.zone_loss_floor).only_enforce_if(any_placed)
        if component.min_zones > 1:
            used = [model.new_bool_var("") for _ in counts]
            for count, there in zip(counts, used, strict=True):
                model.add(count >= there)
            enough = model.new_int_var(0, component.min_zones, "")
            model.add_min_equality(enough, [placed, component.min_zones])
            model.add(cp_model.LinearExpr.sum(used) >= enough)

    def _at_most(self, places: Sequence[int], most: int) -> None:
        """Pinned copies stay whatever the rest may."""
        places_now = [self._fleet.places[k] for k in places]
        if sum(place.count for place in places_now) > most:
            pinned = sum(place.pinned for place in places_now)
            self.model.add(cp_model.LinearExpr.sum([self.stay[k] for k in places]) <= max(most, pinned))


def _wanted(component: FleetComponent) -> int:
    """Copies of a component at most; those of a demand alone that it must have."""
    return component.required if component.demand else component.copies


def _least_share(shares: Shares, price: Floats) -> Floats:
    """(C,) a copy's share of the machine of which it takes least, at such prices, (P,)."""
    cost = shares.cost(likeness=0.5, scarcity=price - shares.price)
    least = shares.least_of_each(cost.min(axis=1, initial=np.inf))
    return np.where(np.isfinite(least), least, 0.0)


def _rounded(shares: Floats) -> list[int]:
    return [round(share) for share in shares.tolist()]
