r"""The pattern bound of a fleet with rules over groups of pools: limits and commitments.

The patterns know neither. They give inequalities on machine counts that hold whatever machines cost, and the cheapest
counts that keep these and every limit, at what is paid on top of commitments, are a bound: a small program that CP-SAT
solves exactly (`covering.cheapest_mix`). Which inequalities matter depends on the prices, so both are found in turns:

1. The pattern bound at linear prices (`reductions.linear_prices`), at first those of the machines themselves. It is a
   bound by itself, less a constant.
2. The cheapest counts that keep all inequalities so far, the limits too.
3. The linear program of step 2 has the multipliers for the next prices: what one more committed machine, or one more
   unit of a limit, is worth (Kelley 1960, *The cutting-plane method for solving convex programs*, J. SIAM 8).

Where machines have a price each, or committed ones can be written as pools where they cost nothing
(`reductions.free_machines`), the pattern bound by itself then goes on: limits are rows of its linear program. Where
moves are limited the whole program with what runs comes first, which knows the limit, too (`running.whole_bound`), and
last moves have a price (`raise_bound_by_move_prices`): its tree may say more, and certificates rest on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf

import highspy
import numpy as np

from placement.bounds.moves import least_move_ticks
from placement.compiled.fleet import Fleet
from placement.compiled.groups import SCALE, FleetLimit
from placement.compiled.packing import Packing
from placement.engines.highs import linear_program, load_lp, run
from placement.patterns.bound import BOUND, TOO_SMALL, PatternBound, after_instant_bounds, raise_bounds
from placement.patterns.certificate import Cut
from placement.patterns.covering import cheapest_mix, least_of_limit, machine_limits
from placement.patterns.formulation import RELAXES, RELAXES_KEPT
from placement.patterns.group_rows import add_group_rows
from placement.patterns.parameters import GroupParameters as _PARAMS
from placement.patterns.running.whole_bound import raise_running_bound
from placement.patterns.size import may_build
from placement.reductions.free_machines import FreeMachines
from placement.reductions.linear_prices import RELAXES as LINEAR_RELAXES
from placement.reductions.linear_prices import LinearPrices, Multipliers
from placement.solving.context import Solve
from placement.solving.handing_on import handing_on
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE
from placement.units import MICRO

NAME = "patterns-groups"
MEANING = (
    "a guide, not a saving: the rate, per unit more, at which a linear program under the bound gets cheaper, which may "
    "rent parts of machines; one whole unit may save more or less, and never more than the plan's price_per_hour"
)
_DENOMINATOR = 10**6  # of a multiplier
_NAMED = 3  # limits


@dataclass(frozen=True, slots=True)
class LinearBound:
    """A pattern bound at linear prices, for whoever tells afterwards why the bound holds."""

    linear: LinearPrices
    multipliers: Multipliers
    patterns: PatternBound

    @property
    def ticks(self) -> int:
        """What it says of the whole."""
        return self.patterns.ticks - self.linear.keeps_bound.less


def linear_bounds(solve: Solve) -> list[LinearBound]:
    """All that a solve has found of its fleet. O(evidence)."""
    return [one for one in solve.incumbent.evidence if isinstance(one, LinearBound) and one.linear.whole is solve.fleet]


def raise_bounds_by_rules(solve: Solve, *, hint: Packing | None = None) -> Outcome:
    """Bounds alone, by those of the two that know what the fleet asks for."""
    if not needs_group_bound(solve.fleet):
        return raise_bounds(solve, hint=hint)
    if solve.fleet.has_few_moves:
        return after_instant_bounds(solve, hint, lambda solve, _: _raise_bound_of_few_moves(solve))
    free = FreeMachines.of(solve.fleet)
    if not has_linear_prices(solve.fleet if free is None else free.fleet):
        return raise_bounds_of_groups(solve, hint=hint)
    found = raise_bounds_of_groups(SCHEDULE.prices.within(solve), hint=hint)
    if not found.infeasible and not solve.ended and may_build(solve.fleet, solve.budget):
        priced = solve if free is None else handing_on(solve, free)
        given = priced.left_out
        patterns = PatternBound(priced, given)
        patterns.run()
        if patterns.infeasible and given is None and hint is None:
            reason = _why_too_small(priced.fleet, patterns.cuts, solve.seed)
            return Outcome(BOUND, Stop.PROVED, infeasible=True, reason=reason)
        return Outcome(BOUND, solve.why_stop() or Stop.DONE)
    return found


def needs_group_bound(fleet: Fleet) -> bool:
    """Whether the pattern bound by itself would leave out a commitment, a limit or the limit on moves."""
    return bool(fleet.limits or fleet.commitments) or fleet.has_few_moves


def has_linear_prices(fleet: Fleet) -> bool:
    """Whether machines have a price each, and moves no limit: then the pattern bound knows all other rules itself."""
    return not fleet.commitments and not fleet.has_few_moves


def raise_bounds_of_groups(solve: Solve, *, hint: Packing | None = None) -> Outcome:
    """Bounds alone, as `bound.raise_bounds`, of a fleet with limits or commitments."""
    return after_instant_bounds(solve, hint, lambda solve, _: raise_group_bound(solve))


def _raise_bound_of_few_moves(solve: Solve) -> str | None:
    """By what proves most soonest: what runs as it is, then as if nothing ran, then at prices of moves."""
    raise_running_bound(solve)
    reason = raise_group_bound(SCHEDULE.prices.within(solve))
    return reason or raise_bound_by_move_prices(solve)


def raise_group_bound(solve: Solve) -> str | None:
    """Raise the bound as far as it goes; says why no machine counts can hold the copies, where that is so: a proof.

    It is one of plans in general, so nothing is said where optional copies that the best plan leaves out may be why.
    """
    fleet, incumbent, budget, given = solve.fleet, solve.incumbent, solve.budget, solve.left_out
    cuts: list[Cut] = []
    seen: set[Multipliers] = set()
    multipliers: Multipliers | None = Multipliers.none(fleet)
    while multipliers is not None and multipliers not in seen and len(seen) < _PARAMS.rounds and not solve.ended:
        seen.add(multipliers)
        priced = _at_prices(solve, multipliers, given)
        if priced.patterns.infeasible:
            return None if given is not None else TOO_SMALL
        incumbent.raise_bound(priced.ticks, NAME, given, f"{RELAXES}; {priced.linear.keeps_bound.relaxes}")
        cuts += priced.patterns.cuts
        seconds, effort = budget.left(), _PARAMS.mix_effort
        mix = cheapest_mix(fleet, cuts, gap=0.0, seconds=seconds, effort=effort, seed=solve.seed)
        if mix is None:
            return None if given is not None else _why_too_small(fleet, cuts, solve.seed)
        least = fleet.tick_price * mix.bound + least_move_ticks(fleet)
        incumbent.raise_bound(least, NAME, given, f"{RELAXES}; {LINEAR_RELAXES}")
        if not (fleet.limits or fleet.commitments):
            break
        multipliers = _multipliers(fleet, cuts)
        incumbent.marginal = {} if multipliers is None else _marginal(fleet, multipliers)
    return None


def raise_bound_by_move_prices(solve: Solve) -> str | None:
    """Raise the bound where moves are limited: each has a price, for as long as a higher one raises it.

    The bound is concave in that price, which begins at a part of what a running copy pays of its machine's rent. Other
    rules have the multipliers of the best bound so far. It says why there is no plan, as `raise_group_bound` does.
    """
    fleet = solve.fleet
    if not fleet.has_few_moves or not fleet.tick_price:
        return None
    running = sum(fleet.running)
    known = linear_bounds(solve)
    multipliers = max(known, key=lambda one: one.ticks).multipliers if known else Multipliers.none(fleet)
    rent = sum(fleet.pools[instance.pool].price for instance in fleet.instances)
    price, best = _PARAMS.first_price * rent * fleet.tick_price / (fleet.tick_move * running), 0
    for _ in range(_PARAMS.prices):
        if solve.ended:
            return None
        priced = _at_prices(solve, replace(multipliers, move=round(price)), solve.left_out)
        if priced.patterns.infeasible:
            return None if solve.left_out is not None else TOO_SMALL
        ticks = priced.ticks
        solve.incumbent.raise_bound(ticks, NAME, solve.left_out, f"{RELAXES_KEPT}; {LINEAR_RELAXES}")
        if ticks < best:
            return None
        price, best = _PARAMS.dearer * price, ticks
    return None


def _at_prices(solve: Solve, multipliers: Multipliers, given: tuple[int, ...] | None) -> LinearBound:
    """The pattern bound at linear prices, without engines; it is kept for certificates."""
    linear = LinearPrices.of(solve.fleet, multipliers)
    patterns = PatternBound(solve.reduced(linear.fleet, SCHEDULE.groups.part), given, engines=False)
    patterns.run(nodes=_PARAMS.nodes)
    found = LinearBound(linear, multipliers, patterns)
    solve.incumbent.evidence.append(found)
    return found


def _why_too_small(fleet: Fleet, cuts: list[Cut], seed: int) -> str:
    """Names a limit that stands in the way, by itself or beside the others, with what the copies need at least."""
    others = [tuple(one for one in fleet.limits if one is not limit) for limit in fleet.limits]
    for limit, kept in (*((limit, ()) for limit in fleet.limits), *zip(fleet.limits, others, strict=True)):
        least = least_of_limit(fleet, cuts, limit, kept, effort=_PARAMS.mix_effort, seed=seed)
        if least is not None and least > limit.most:
            return limit.too_small(least) + _beside(kept)
    return TOO_SMALL


def _beside(limits: Sequence[FleetLimit]) -> str:
    """The limits that are kept too, the first few by name."""
    some = [f"limit {limit.name} ({limit.what} {limit.in_words(limit.most)})" for limit in limits[:_NAMED]]
    some += [f"{len(limits) - _NAMED} more"] * (len(limits) > _NAMED)
    return f" beside {', '.join(some)}" if some else ""


def _marginal(fleet: Fleet, multipliers: Multipliers) -> dict[str, object]:
    """The multipliers as a plan tells them, in dollars per hour."""
    limits = [
        {"name": limit.name, "of": limit.what, "dollars_per_hour": float(multiplier) * SCALE[limit.what] / MICRO}
        for limit, multiplier in zip(fleet.limits, multipliers.limits, strict=True)
    ]
    commitments = [
        {
            "name": commitment.name,
            "of": "instances" if commitment.money is None else "price_per_hour",
            "dollars_per_hour": float(multiplier) / MICRO if commitment.money is None else float(multiplier),
        }
        for commitment, multiplier in zip(fleet.commitments, multipliers.committed, strict=True)
    ]
    return {"meaning": MEANING, "limits": limits, "commitments": commitments}


def _multipliers(fleet: Fleet, cuts: Sequence[Cut]) -> Multipliers | None:
    """The dual prices of commitments and limits where machine counts keep all cuts; None when there are none."""
    asking = [cut for cut in cuts if cut.least > 0]
    lower, upper = machine_limits(fleet)
    lp = linear_program(
        [
            [(r, min(1.0, cut.coefficients[p] / cut.least)) for r, cut in enumerate(asking) if cut.coefficients[p]]
            for p in range(len(fleet.pools))
        ],
        cost=[pool.price / MICRO for pool in fleet.pools],
        within=(lower, [inf if n is None else n for n in upper]),
        rows=(np.ones(len(asking)), inf),
    )
    solver = load_lp(lp)
    limits, committed = add_group_rows(solver, fleet)
    if run(solver) != highspy.HighsModelStatus.kOptimal:
        return None
    price = [max(0.0, -price) for price in solver.getSolution().row_dual]  # of one more unit of the most
    of_commitments = [
        min(price[row], 1.0) if commitment.money is not None else price[row] * MICRO
        for row, commitment in zip(committed, fleet.commitments, strict=True)
    ]
    of_limits = [
        price[row] * MICRO / max(limit.weight.values(), default=1)
        for row, limit in zip(limits, fleet.limits, strict=True)
    ]
    return Multipliers(tuple(map(_fraction, of_commitments)), tuple(map(_fraction, of_limits)))


def _fraction(value: float) -> Fraction:
    return Fraction(value).limit_denominator(_DENOMINATOR)
