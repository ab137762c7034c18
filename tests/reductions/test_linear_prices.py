"""Rules over groups of pools at a price: no plan costs less than it does there, less the constant."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction

from placement.compiled.groups import FleetCommitment
from placement.compiled.packing import Packing, evaluate, machines_paid, moves
from placement.reductions.linear_prices import LinearPrices, Multipliers
from tests.corpus import plans


def test_a_plan_that_uses_all_it_may_costs_the_same_and_no_plan_less() -> None:
    """Limits and moves at any price cost such a plan what the constant gives back, but for what is rounded."""
    seen: Counter[str] = Counter()
    for seed, _, fleet, packing in plans(range(12), rules=40):
        rng = random.Random(seed)
        for plan in (packing, Packing(tuple(replace(m, instance=None) for m in packing.machines))):  # where all moves
            used = machines_paid(fleet, plan)
            every = tuple(pool.index for pool in sorted(fleet.pools, key=lambda pool: -pool.price))
            paid, part = rng.choice((None, 1_000_001)), rng.choice((1, Fraction(3, 7)))
            worth = Fraction(part * (fleet.pools[every[0]].price if paid is None else 1))
            tight = replace(
                fleet,
                limits=tuple(replace(limit, most=limit.sum(used)) for limit in fleet.limits),
                commitments=(),
                max_moves=sum(moves(fleet, plan)),
                tick_price=3,
                tick_move=7,
            )
            committed = replace(tight, commitments=(FleetCommitment("k", every, rng.choice((0, 2)), paid),))
            for case, move, less in ((tight, 0, 0), (tight, 500_000, 0), (committed, 1, Fraction(1, 3))):
                units = tuple(rng.choice((1, 50_000)) - Fraction(less) for _ in tight.limits)
                linear = LinearPrices.of(case, Multipliers((worth,) * len(case.commitments), units, move))
                assert not linear.fleet.limits + linear.fleet.commitments
                assert linear.fleet.max_moves is None
                said = evaluate(linear.fleet, plan).ticks - linear.keeps_bound.less
                cost = evaluate(case, plan).ticks
                assert said <= cost
                assert said == cost or less
                seen += Counter(limits=bool(units), moves=linear.moves > 0)
                seen["machines" if paid is None else "money"] += 1
    assert len(seen) == 4
    assert min(seen.values()) > 3
