"""Prices of groups for the whole: every plan keeps what they prove, and no machine is worth more once they rise."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import evaluate
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import certify
from placement.patterns.coarse_prices import WholeBound, whole_cut, with_grids_of
from placement.patterns.formulation import relax
from placement.patterns.parameters import PATTERNS
from placement.patterns.running.kept_copies import KeptCopiesBound
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.corpus import seeds
from tests.heuristics.fleets import component, fleet_of, suite
from tests.strategies import random_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from placement.patterns.certificate import Cut, Prices
    from tests.parameters import Change


def fleets(seeds: range) -> Iterator[tuple[int, Fleet, Packing | None]]:
    """Random fleets, with a plan if one was found; of each component there are three, two of which need less."""
    for seed in seeds:
        rng = random.Random(seed)
        document = random_problem(rng, max_components=4, max_copies=3)
        for row in document["components"].copy():
            document["components"] += [{**smaller(row, rng), "name": f"{row['name']}-{k}"} for k in range(2)]
        document.pop("current", None)
        for pool in document["pools"]:
            pool.pop("max_instances", None)
        problem = Problem(**document)
        result = placement.solve(problem, "best-fit", time_limit=None, work=3)
        yield seed, compile_fleet(problem), result.packing


def smaller(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A component that needs a part of the memory, in each option."""
    row = dict(row)
    if "options" in row:
        row["options"] = [smaller(option, rng) for option in row["options"]]
    for key in row.keys() & {"memory_gib", "accelerator_memory_gib"}:
        row[key] = round(row[key] * rng.uniform(0.5, 1), 3)
    return row


def merged(fleet: Fleet, given: tuple[int, ...] | None = None) -> Iterator[tuple[RelaxingAggregation, PatternBound]]:
    """Groups of a fleet, coarse and fine, with the bound at their root."""
    for most in (1, 4):
        coarse = RelaxingAggregation.of(fleet, most)
        if coarse.fleet is not fleet:
            bound = PatternBound(Solve.of(coarse.fleet), given)
            bound.root_prices()
            yield coarse, bound


def cut_of(fleet: Fleet, coarse: RelaxingAggregation, bound: PatternBound, given: tuple[int, ...] | None) -> Cut:
    """What the prices of some groups prove of a fleet."""
    assert bound.prices is not None
    whole = relax(fleet, given, classes_of=bound.relaxation)
    return whole_cut(with_grids_of(whole, bound.relaxation), bound.relaxation, coarse.groups, bound.prices, Budget())


@seeds(range(400), 60)
def test_every_plan_keeps_what_they_prove(seeds: range) -> None:
    """Of plans that leave out as many copies as one, too."""
    tried = more = 0
    for seed, fleet, packing in fleets(seeds):
        if packing is None:
            continue
        counts = tuple(sum(machine.pool == pool.index for machine in packing.machines) for pool in fleet.pools)
        given = Solve.of(fleet, hint=packing).left_out
        for coarse, bound in merged(fleet, given):
            if bound.prices is None or bound.infeasible:
                continue
            cut = cut_of(fleet, coarse, bound, given)
            assert cut.slack(counts) >= 0, f"seed {seed}"
            least = WholeBound(fleet, given).by(coarse.groups, bound, Budget())[0]
            assert fleet.tick_price * least <= evaluate(fleet, packing).ticks, f"seed {seed}"
            tried += 1
            more += cut.least > certify(bound.relaxation, bound.prices.alone()).least
    assert tried > 20
    assert more > 2


@seeds(range(200), 20)
def test_raised_prices_make_no_machine_worth_more(parameters: Change, seeds: range) -> None:
    """Nor is one worth more than to the groups; copies are worth as much at least, and often more."""
    tried = more = 0
    for seed in seeds:
        rng = random.Random(seed)
        rules: list[dict[str, Any]] = [{}, {}, {}, {"spread": {"max_skew": 1}}, {"min_available_on_zone_loss": 1}]
        rows = [component(f"c{k}", rng.randint(2, 5), rng.randint(8, 60), **rng.choice(rules)) for k in range(12)]
        fleet = fleet_of(rows)
        for coarse, bound in merged(fleet):
            if bound.prices is None or bound.infeasible:
                continue
            cuts = []
            for rounds in (0, 1, 8):
                parameters(PATTERNS.coarse_prices, rounds=rounds)
                cuts.append(cut_of(fleet, coarse, bound, None))
            lifted, once, raised = cuts
            assert lifted.coefficients == once.coefficients == raised.coefficients, f"seed {seed}"
            assert lifted.least <= once.least <= raised.least, f"seed {seed}"
            groups = certify(bound.relaxation, bound.prices.alone())
            assert all(mine <= theirs for mine, theirs in zip(lifted.coefficients, groups.coefficients, strict=True))
            tried, more = tried + 1, more + (lifted.least < raised.least)
    assert tried > 1.5 * len(seeds)
    assert more > 0.75 * len(seeds)


@pytest.mark.parametrize(("family", "size", "gain"), [("mixed", 100, 1.035), ("shared", 60, 1.018)])
def test_a_bound_of_the_whole_is_above_that_of_its_groups(family: str, size: int, gain: float) -> None:
    """And below the whole's own, whose linear program has the best prices there are."""
    fleet = compile_fleet(Problem(**suite(family, size, 1)))
    coarse = RelaxingAggregation.of(fleet, 15)
    bound, own = (PatternBound(Solve.of(some)) for some in (coarse.fleet, fleet))
    bound.root_prices()
    own.root_prices()
    lifted = WholeBound(fleet, None).by(coarse.groups, bound, Budget())[0]
    assert gain * bound.bound < lifted <= own.bound


def test_what_moves_cost_is_in_a_bound_of_the_whole() -> None:
    """Prices of groups know nothing of what runs; those of the whole are tried with it."""
    document = suite("replan", 20, 2)
    found = []
    for money in (0.0, 0.5, 50.0):
        document["objective"]["move_cost"] = money
        fleet = compile_fleet(Problem(**document))
        coarse = RelaxingAggregation.of(fleet, 15)
        bound = PatternBound(Solve.of(coarse.fleet))
        bound.root_prices()
        found.append(WholeBound(fleet, None).by(coarse.groups, bound, Budget())[0])
    assert found[0] < found[1] < found[2]


def test_what_is_proven_with_what_runs_is_rounded_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moves over three hours are parts of micro-dollars an hour; half of one more would be proven of no plan."""

    def try_prices(self: KeptCopiesBound, prices: Prices) -> None:
        self.bound = Fraction(2 * 10**12 + 1, 2)

    fleet = compile_fleet(Problem(**suite("replan", 20, 2)))
    coarse = RelaxingAggregation.of(fleet, 5)
    bound = PatternBound(Solve.of(coarse.fleet))
    bound.root_prices()
    monkeypatch.setattr(KeptCopiesBound, "try_prices", try_prices)
    assert WholeBound(fleet, None).by(coarse.groups, bound, Budget())[0] == 10**12


def test_prices_of_components_alone_are_their_own() -> None:
    """Nothing is lost where nothing is merged, though rows of copies on one machine are too many for the LP."""
    fleet = compile_fleet(Problem(**suite("mixed", 60, 1)))
    coarse = RelaxingAggregation.grouped(fleet, [[c.index] for c in fleet.components])
    bound = PatternBound(Solve.of(coarse.fleet))
    bound.root_prices()
    assert WholeBound(fleet, None).by(coarse.groups, bound, Budget())[0] >= bound.bound
    groups = RelaxingAggregation.of(fleet, 15)
    bound = PatternBound(Solve.of(groups.fleet))
    bound.root_prices()
    assert not relax(fleet).on_one
    assert any(bound.prices.on_one.values() if bound.prices else ())
    assert WholeBound(fleet, None).by(groups.groups, bound, Budget())[0] >= bound.bound


def test_without_prices_or_time_there_is_no_bound() -> None:
    fleet = compile_fleet(Problem(**suite("shared", 30, 1)))
    coarse = RelaxingAggregation.of(fleet, 5)
    bound = PatternBound(Solve.of(coarse.fleet))
    assert WholeBound(fleet, None).by(coarse.groups, bound, Budget())[0] == 0
    bound.root_prices()
    assert WholeBound(fleet, None).by(coarse.groups, bound, Budget(0.0))[0] == 0
    assert WholeBound(fleet, None).by(coarse.groups, bound, Budget())[0] > 0
