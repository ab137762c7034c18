"""Every reduction, and chains of them: lifted packings keep every rule and cost what was said, bounds carry over.

`CASES` has an entry for each class of the package that is a `Reduction`; one that is missing is named.
"""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import placement.reductions
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Packing, Value, evaluate
from placement.direct.cp_sat import CpSatOptions, solve_cp_sat
from placement.heuristics.solve import GreedyOptions, solve_greedy
from placement.reductions.base import EXACT, CarriedBound, Chain, Reduction, RelaxingReduction, Restriction
from placement.reductions.capped import CappedInstances
from placement.reductions.counted import Counted
from placement.reductions.free_machines import FreeMachines
from placement.reductions.given_counts import GivenCounts, OneZone, SomePools
from placement.reductions.greenfield import Greenfield
from placement.reductions.limits import AtFleetMix
from placement.reductions.linear_prices import LinearPrices, Multipliers
from placement.reductions.partition import Part, deal, make_parts
from placement.reductions.preassigned import Preassigned
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.reductions.required import RequiredAsPlaced, RequiredAtLeast
from placement.reductions.restricting_aggregation import RestrictingAggregation
from placement.reductions.subproblem import Subproblem, may_be_freed
from placement.reductions.vector_packing import FleetBins
from placement.reductions.volume_aggregation import VolumeAggregation
from placement.reductions.without_rules import WithoutRules
from placement.reductions.zone_floors import ZoneFloors
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.vector_packing import solve_vector_packing
from tests import brute
from tests.corpus import FEW, broken_rules, plans, seeds
from tests.heuristics.fleets import component, fleet_of
from tests.reductions.lifted_value import lifted_value
from tests.reductions.zones import plan_by_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from placement import Problem
    from placement.compiled.fleet import Fleet

    Make = Callable[[Fleet, Packing, int], Iterator[Reduction]]  # of a fleet with a plan, from a seed

DEAR = Value((), 2**62)
PLAIN = {"state": False, "demand": False, "optional": False}  # problems that may be vector packing
WORK = 10  # of CP-SAT on a reduced fleet
MOST = (FreeMachines, Greenfield, RestrictingAggregation, Subproblem)  # what they say is the most that it may be


def greenfield(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Whatever moves cost; and the fleet itself, whose machines are matched."""
    del packing, seed
    found = Greenfield.of(fleet, DEAR, dear=True)
    if found is not None:
        yield found
    yield Greenfield.matched(fleet)


def as_placed(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """What the plan places; and every copy."""
    del seed
    yield RequiredAsPlaced.of(fleet, packing)
    yield RequiredAsPlaced.all_copies(fleet)


def at_least(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """What the plan places, or less."""
    placed = Counter(seat.component for _, seat in packing.seats())
    yield RequiredAtLeast.of(fleet, {c: n - seed % 2 for c, n in placed.items()})


def at_mix(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """The plan's machines, those paid for in any case, and some more within the quotas."""
    count, rng = Counter(machine.pool for machine in packing.machines), random.Random(seed)
    mix = [max(count[p.index], fleet.fewest(p.index)) + rng.choice((0, 0, 1)) for p in fleet.pools]
    quotas = [p.max_instances for p in fleet.pools]
    yield AtFleetMix.of(fleet, [n if most is None else min(n, most) for n, most in zip(mix, quotas, strict=True)])


def capped(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Copies that must outlive an instance, here and there."""
    del packing, seed
    yield CappedInstances.of(fleet)


def preassigned(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Machines are worth their price, give or take."""
    firm, rng = RequiredAsPlaced.of(fleet, packing), random.Random(seed)
    found = Chain.of(
        fleet, lambda _: firm, lambda firm: Preassigned.of(firm, [p.price * rng.uniform(1, 2) for p in firm.pools])
    )
    if found is not None:
        yield found
        if firm.fleet is fleet:
            yield found.steps[1]


def relaxing(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Few groups, or as many as there are components."""
    del packing, seed
    for most in (1, 3, len(fleet.components)):
        yield RelaxingAggregation.of(fleet, most)


def restricting(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """As few groups as may be."""
    del packing, seed
    if not fleet.instances:
        yield RestrictingAggregation.of(fleet, 1)


def volumes(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """All that adds up."""
    del packing, seed
    yield VolumeAggregation.of(fleet)


def subproblem(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Some machines of the plan."""
    free = [m for m, machine in enumerate(packing.machines) if may_be_freed(fleet, machine)]
    rng = random.Random(seed)
    if free:
        yield Subproblem.of(fleet, packing, rng.sample(free, min(len(free), rng.randint(1, 4))))


def part(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Every part of the plan, one at a time."""
    yield from make_parts(fleet, packing, deal(fleet, packing, 3, np.random.default_rng(seed), by_zone=False))


def zone(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Each zone with the copies that the plan has there."""
    if not fleet.instances and not fleet.levels and not any(c.demand for c in fleet.components):
        yield from plan_by_zone(fleet, packing)


def bins(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Where it is vector packing."""
    del packing, seed
    found = FleetBins.of(fleet)
    if found is not None:
        yield found


def linear(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """At the machines' own prices, and at random multipliers."""
    del packing
    rng = random.Random(seed)
    yield LinearPrices.of(fleet, Multipliers.none(fleet))
    worth = [
        Fraction(rng.randint(0, 10), 10) * (1 if k.money is not None else fleet.pools[k.pools[0]].price)
        for k in fleet.commitments
    ]
    units = [Fraction(rng.choice((0, 1, 50_000, 333_333)), rng.choice((1, 3))) for _ in fleet.limits]
    yield LinearPrices.of(fleet, Multipliers(tuple(worth), tuple(units)))


def free_machines(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Where machines are committed; the plan itself costs the same there and back."""
    del seed
    found = FreeMachines.of(fleet)
    if found is not None:
        assert evaluate(found.fleet, found.dealt_out(packing)) == evaluate(fleet, packing)
        assert found.lift(found.dealt_out(packing)) == packing
        yield found


def counted(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """As many copies by each option and in each zone as the plan has."""
    del seed
    copies = Counter((seat.component, seat.option, fleet.pools[machine.pool].zone) for machine, seat in packing.seats())
    found = Counted.of(fleet, copies)
    if found is not None:
        yield found


def zone_floors(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Where a component is put in parts."""
    del packing, seed
    found = ZoneFloors.of(fleet)
    if found is not None and found.fleet is not fleet:
        yield found


def without_rules(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """All rules over the whole plan left out, and some of them."""
    del packing
    yield WithoutRules.of(fleet, limits=fleet.limits, pools=True, instances=True, moves=True)
    rng = random.Random(seed)
    yield WithoutRules.of(fleet, limits=fleet.limits[:1], pools=rng.random() < 0.5, moves=rng.random() < 0.5)


def some_pools(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """All that the plan has, where it leaves out no rule: its machines in one zone, and no rule over pools."""
    del seed
    plain = not (fleet.instances or fleet.levels or fleet.limits or fleet.commitments)
    plain = plain and len({fleet.pools[machine.pool].zone for machine in packing.machines}) == 1
    plain = plain and not any(p.min_instances for p in fleet.pools)
    if plain and not any(c.demand or c.pool_loss_floor or c.instance_loss_floor for c in fleet.components):
        machines = Counter(machine.pool for machine in packing.machines)
        yield SomePools.of(fleet, machines, Counter(seat.component for _, seat in packing.seats()))


SIMPLE: dict[type[Reduction], Make] = {
    Greenfield: greenfield,
    LinearPrices: linear,
    FreeMachines: free_machines,
    RequiredAsPlaced: as_placed,
    RequiredAtLeast: at_least,
    AtFleetMix: at_mix,
    CappedInstances: capped,
    Counted: counted,
    ZoneFloors: zone_floors,
    Preassigned: preassigned,
    RelaxingAggregation: relaxing,
    RestrictingAggregation: restricting,
    VolumeAggregation: volumes,
    Subproblem: subproblem,
    Part: part,
    OneZone: zone,
    FleetBins: bins,
    SomePools: some_pools,
    WithoutRules: without_rules,
}


def chains(fleet: Fleet, packing: Packing, seed: int) -> Iterator[Reduction]:
    """Three reductions in a random order, each of the fleet and a packing of it that the one before left."""
    rng = random.Random(seed)
    steps: list[Reduction] = []
    for make in rng.sample([*SIMPLE.values()], 3):
        here, plan = (steps[-1].fleet, greedy(steps[-1].fleet)) if steps else (fleet, packing)
        if plan is not None:
            steps += list(make(here, plan, seed))[:1]
    if steps:
        yield Chain(fleet, steps[-1].fleet, tuple(steps))


CASES: dict[type[Reduction], Make] = SIMPLE | {Chain: chains}
KNOBS: dict[type[Reduction], dict[str, Any]] = {  # of problems where a case is not rare
    CappedInstances: {"rules": 60},
    FleetBins: PLAIN,
    Counted: {"state": False, "optional": False},
    LinearPrices: {"rules": 40},
    RelaxingAggregation: {"rules": 40},
    VolumeAggregation: {"rules": 40},
    FreeMachines: {"rules": 60, "state": False},
    SomePools: {"state": False, "optional": False, "demand": False},
    WithoutRules: {"rules": 60},
    ZoneFloors: {"state": False},
    OneZone: {"state": False, "optional": False, "demand": False, "rules": 40},
    RestrictingAggregation: {"state": False, "max_components": 12, "rules": 40},
}


BASES = (Reduction, RelaxingReduction, Restriction, GivenCounts)


def every_reduction() -> set[type[Reduction]]:
    """All classes of the package that are one."""
    found = set()
    for module in pkgutil.walk_packages(placement.__path__, "placement."):
        if ".reductions" in module.name:
            for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if issubclass(member, Reduction) and member not in BASES:
                    found.add(member)
    return found


def test_every_reduction_has_a_case() -> None:
    """A new one is tested like the others, or this fails."""
    assert set(CASES) == every_reduction()


def greedy(fleet: Fleet) -> Packing | None:
    """A packing by heuristics, begun twice and not much improved."""
    incumbent = Incumbent(fleet, Budget(work=2))
    solve_greedy(Solve(fleet, incumbent, Budget(work=2)), options=GreedyOptions(restarts=2, rounds=20))
    return None if incumbent.best is None else incumbent.best[0]


def exactly(fleet: Fleet, hint: Packing | None, seed: int) -> tuple[Incumbent, bool]:
    """What CP-SAT finds and proves with some work, from a packing or none; and whether it proves that there is none."""
    budget = Budget(work=WORK, threads=1)
    solve = Solve.of(fleet, budget, seed, hint)
    outcome = solve_cp_sat(solve, options=CpSatOptions(start=False))
    return solve.incumbent, outcome.infeasible


def says_too_little(reduction: Reduction) -> bool:
    """Whether `lifted_value` may be more than what the lifted packing is worth."""
    steps = reduction.steps if isinstance(reduction, Chain) else (reduction,)
    return any(type(step) in MOST for step in steps)


def check_lift(problem: Problem, fleet: Fleet, reduction: Reduction, packing: Packing) -> bool:
    """A lifted packing keeps every rule and costs what was said, also after a journey to another process."""
    lifted = reduction.lift(packing)
    if lifted is None:
        return False
    assert broken_rules(problem, fleet, lifted) == []
    said, value = lifted_value(reduction, evaluate(reduction.fleet, packing)), evaluate(fleet, lifted)
    if said is not None:
        assert value <= said
        assert value == said or says_too_little(reduction)
    assert pickle.loads(pickle.dumps(reduction)).lift(packing) == lifted
    return True


def check_bound(problem: Problem, fleet: Fleet, reduction: Reduction, incumbent: Incumbent, infeasible: bool) -> bool:
    """What CP-SAT proves of the reduced fleet is true of the whole, where that is claimed."""
    carried = reduction.keeps_bound
    document = problem.model_dump(mode="json", exclude_unset=True)
    if carried is None or brute.too_big(document, 50_000):
        return False
    truth = brute.survey(document)
    if infeasible:
        assert truth.least_cost(carried.given) is None
        return True
    if incumbent.best is None or not incumbent.proved:
        return False
    value = replace(incumbent.best[1], ticks=incumbent.best[1].ticks - carried.less)
    if reduction.fleet.levels and truth.best is not None:
        assert (value.left_out, fleet.least_cost(value.ticks)) <= truth.best.key
    elif truth.best is not None:
        least = truth.least_cost(carried.given)
        assert least is None or fleet.least_cost(value.ticks) <= least
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@seeds(range(300), 12)
def test_packings_and_bounds_of_reduced_fleets(case: type[Reduction], seeds: range) -> None:
    """Random problems under every rule, running machines, optional copies and demands among them."""
    made = lifted = bounded = solved = 0
    for seed, problem, fleet, packing in plans(seeds, **KNOBS.get(case, {})):
        for reduction in CASES[case](fleet, packing, seed):
            assert reduction.whole == fleet
            made += 1
            found = greedy(reduction.fleet)
            lifted += found is not None and check_lift(problem, fleet, reduction, found)
            if len(seeds) <= FEW and solved >= (4 if bounded or reduction.keeps_bound is None else FEW):
                continue  # CP-SAT is most of the cost: by day a few are enough
            solved += 1
            incumbent, infeasible = exactly(reduction.fleet, found, seed)
            if incumbent.best is not None:
                lifted += check_lift(problem, fleet, reduction, incumbent.best[0])
            bounded += check_bound(problem, fleet, reduction, incumbent, infeasible)
    assert made > 0
    assert lifted > 0 or case in (VolumeAggregation, LinearPrices, WithoutRules)
    assert bounded > 0 or case in (Counted, Subproblem, Part, OneZone, SomePools)


@pytest.mark.parametrize("case", [FreeMachines, Greenfield, LinearPrices, WithoutRules], ids=lambda case: case.__name__)
@seeds(range(300), 12)
def test_every_plan_is_one_where_no_more_is_asked(case: type[Reduction], seeds: range) -> None:
    """It keeps every rule that is left, and costs no more there: whatever forbids a plan makes bounds too high."""
    seen = 0
    for seed, _, fleet, packing in plans(seeds, **KNOBS.get(case, {})):
        for reduction in CASES[case](fleet, packing, seed):
            plan = reduction.dealt_out(packing) if isinstance(reduction, FreeMachines) else packing
            if fleet.instances and not reduction.fleet.instances:
                plan = Packing(tuple(replace(machine, instance=None) for machine in plan.machines))
            assert broken_rule(reduction.fleet, plan) == ""
            assert broken_fleet_rule(reduction.fleet, plan) == ""
            carried = reduction.keeps_bound
            assert carried is not None
            assert evaluate(reduction.fleet, plan).ticks - carried.less <= evaluate(fleet, packing).ticks
            seen += reduction.fleet != fleet
    assert seen > 0


def test_bins_are_packings_of_the_fleet() -> None:
    """The packing core's bins and bounds, by the same measure."""
    seen = 0
    for _, problem, fleet, _ in plans(range(80), **PLAIN):
        form = FleetBins.of(fleet)
        found = None if form is None else solve_vector_packing(form.problem, budget=Budget(work=10))
        if form is None or found is None or found.bins is None:
            continue
        assert check_lift(problem, fleet, form, form.packing(found.bins))
        truth = brute.cheapest(problem.model_dump(mode="json", exclude_unset=True))
        assert truth is not None
        assert fleet.least_cost(fleet.tick_price * found.bound) <= truth.account.cost
        seen += 1
    assert seen > 5


@pytest.mark.parametrize(
    "more",
    [
        {"limits": [{"name": "account", "pools": ["small-a"], "max_instances": 1}]},
        {"commitments": [{"name": "paid", "pools": ["small-a"], "instances": 1}]},
        {"components": [component("a", 2, 40, min_available_on_pool_loss=1)]},
        {"components": [component("a", 2, 40, min_available_on_instance_loss=1)]},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_fleet_with_rules_over_the_whole_plan_is_not_vector_packing(more: dict[str, Any]) -> None:
    """The packing core knows none of them; beside a commitment its bound would be too high."""
    plain = [component(name, 2, 40, accelerators=1, shared=False) for name in "ab"]
    assert FleetBins.of(fleet_of(plain)) is not None
    rows = more.get("components", plain)
    others = {key: value for key, value in more.items() if key != "components"}
    assert FleetBins.of(fleet_of([{**row, "shared": False} for row in rows], **others)) is None


def test_some_pools_have_just_the_machines_that_are_given() -> None:
    """So many of one pool, none of any other, and none that is paid for in any case."""
    fleet = fleet_of([component("a", 2, 40)])
    fleet = replace(fleet, pools=tuple(replace(pool, min_instances=2, max_instances=3) for pool in fleet.pools))
    pools = SomePools.of(fleet, {0: 1}, {0: 2}).fleet.pools
    assert [(p.min_instances, p.max_instances) for p in pools] == [(0, 1), *[(0, 0)] * (len(pools) - 1)]


class Said(Greenfield):
    """A reduction that says something of bounds."""

    said: CarriedBound | None = EXACT

    @property
    def keeps_bound(self) -> CarriedBound:
        """What the test wants."""
        return self.said  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("said", "all_of_them"),
    [
        ([], EXACT),
        ([EXACT, EXACT], EXACT),
        ([EXACT, None], None),
        ([CarriedBound("a"), EXACT, CarriedBound("b"), CarriedBound("a")], CarriedBound("a; b")),
        ([CarriedBound(given=(1, 0)), CarriedBound("a", (0, 2))], CarriedBound("a", (0, 0))),
        ([CarriedBound(given=(1, 0)), EXACT], CarriedBound(given=(1, 0))),
        ([CarriedBound(less=2), CarriedBound(less=3)], CarriedBound(less=5)),
    ],
)
def test_a_chain_claims_what_all_of_its_steps_do(
    said: Sequence[CarriedBound | None], all_of_them: CarriedBound | None
) -> None:
    """Rules left out by any of them; of plans within what each of them says."""
    _, _, fleet, _ = next(plans(range(150)))
    steps = []
    for bound in said:
        step = Said(fleet, fleet)
        object.__setattr__(step, "said", bound)
        steps.append(step)
    assert Chain(fleet, fleet, tuple(steps)).keeps_bound == all_of_them


def test_a_bound_given_levels_that_the_whole_does_not_have_is_none_of_it() -> None:
    """What a step says of plans that leave out so much means nothing where the whole counts in other levels."""
    _, _, fleet, _ = next(plans(range(150)))
    one = Said(fleet, fleet)
    for levels, kept in ((fleet.levels, True), ((*fleet.levels, 99), False)):
        other = replace(fleet, levels=levels)
        step = Said(other, other)
        object.__setattr__(step, "said", CarriedBound(given=(0,) * len(levels)))
        assert (Chain(fleet, other, (one, step)).keeps_bound is not None) == kept


def test_steps_are_lifted_in_reverse_order() -> None:
    """Dedicated machines come before what is left, and are matched with what runs after that."""
    for seed, _, fleet, packing in plans(range(300), state=False):
        chain = next(iter(preassigned(fleet, packing, seed)), None)
        if not isinstance(chain, Chain) or not chain.steps[1].whole.components:
            continue
        step = chain.steps[1]
        assert isinstance(step, Preassigned)
        found = greedy(chain.fleet)
        if found is not None and step.machines:
            assert chain.lift(found) == Packing((*step.machines, *found.machines))
            first = Preassigned(fleet, fleet, fleet, packing.machines, ())
            twice = Chain(fleet, chain.fleet, (first, step))
            assert twice.lift(found) == Packing((*packing.machines, *step.machines, *found.machines))
            return
    pytest.fail("no dedicated component in any of the problems")
