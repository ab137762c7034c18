"""Mixes decided one by one: what CP-SAT says of them, what the tree leaves out, and the proofs that come of it."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from placement import Plan, Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.compiled.running import RunningInstance
from placement.direct.cp_sat import find_plan
from placement.direct.slots import most_new_machines
from placement.direct.standard_form import to_standard_form
from placement.heuristics import solve_greedy
from placement.patterns.bound import PatternBound
from placement.patterns.branch_and_price import Relaxed, Tree
from placement.patterns.certificate import NodeDomain
from placement.patterns.formulation import relax
from placement.patterns.history import EngineVerdict
from placement.patterns.parameters import PATTERNS
from placement.planner import _packing_of
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation import combinatorial_benders
from placement.solvers.column_generation.combinatorial_benders import CombinatorialBenders, anywhere
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.result import PackingAnswer
from tests import brute, strategies
from tests.corpus import one_by_one, seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

WORK = 10  # of CP-SAT for one decision


def small_fleets(seeds: range, *, levels: bool = True) -> Iterator[tuple[int, Fleet, int]]:
    """Random problems without running machines, small enough to enumerate, with the ticks of an optimal plan."""
    for seed in seeds:
        problem = strategies.random_problem(random.Random(seed))
        if problem.get("state") or brute.too_big(problem):
            continue
        fleet, best = compile_fleet(Problem(**problem)), brute.cheapest(problem)
        if best is not None and (levels or not fleet.levels) and not any(best.left_out.values()):
            yield seed, fleet, evaluate(fleet, _packing_of(fleet, Plan.model_validate(best.plan))).ticks


@seeds(range(300))
def test_a_plan_is_found_at_the_optimum_and_none_below(seeds: range) -> None:
    """Both are decided on random problems, by the plan itself and by a proof."""
    checked = 0
    for seed, fleet, ticks in small_fleets(seeds, levels=False):
        most, outer = most_new_machines(fleet), Incumbent(fleet, Budget())
        packing, none = find_plan(Solve(fleet, outer, Budget(work=WORK)).reduced(fleet), most, ticks)
        assert packing is not None, f"seed {seed}"
        assert evaluate(fleet, packing).ticks == ticks, f"seed {seed}"
        assert not none
        assert find_plan(Solve(fleet, outer, Budget(work=WORK)).reduced(fleet), most, ticks - 1) == (None, True), (
            f"seed {seed}"
        )
        checked += 1
    assert checked > 20 * len(seeds) / 300


@seeds(range(2000, 2120), 5)
def test_small_fleets_are_proven(seeds: range) -> None:
    """Bounds are never above the optimum, and with mixes one by one they nearly always meet it."""
    proven = tried = 0
    for seed, fleet, ticks in small_fleets(seeds):
        budget = Budget(work=10)
        incumbent = Incumbent(fleet, budget)
        solve_greedy(Solve(fleet, incumbent, budget))
        if incumbent.best is None:
            continue
        bound = PatternBound(Solve(fleet, incumbent, budget), incumbent.best[1].left_out if fleet.levels else None)
        bound.run()
        by_mix = CombinatorialBenders(Solve(fleet, incumbent, Budget()), bound, "test")
        by_mix.run(budget)
        if by_mix.possible:
            assert bound.ticks <= ticks <= incumbent.best[1].ticks, f"seed {seed}"
            tried += 1
            proven += incumbent.proved
    assert tried > 10 * len(seeds) / 120
    assert proven > 0.9 * tried


def apart(zones: tuple[str, ...]) -> Fleet:
    """Two small components that avoid each other, which patterns do not know: one machine for them, then two."""
    component = {"copies": 1, "options": [{"accelerators": 1, "accelerator_memory_gib": 4, "shared": True}]}
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 3}
        },
        pools=[{"name": zone, "instance_type": "t", "zone": zone} for zone in zones],
        components=[{"name": "a", "avoid": ["b"], **component}, {"name": "b", **component}],
    )
    return compile_fleet(problem)


@pytest.mark.parametrize("zones", [("x",), ("x", "y", "z")])
def test_a_mix_without_a_plan_is_ruled_out_wherever_its_machines_stand(zones: tuple[str, ...]) -> None:
    """One machine is ruled out once, not once a zone, and two are proven. Prices alone do not know who avoids whom."""
    fleet, budget = apart(zones), Budget()
    incumbent = Incumbent(fleet, budget)
    solve_greedy(Solve(fleet, incumbent, budget))
    bound = PatternBound(Solve(fleet, incumbent, budget), engines=False)
    bound.run()
    assert bound.bound == 3 * 10**6
    by_mix = CombinatorialBenders(Solve(fleet, incumbent, Budget()), bound, "test")
    by_mix.run(budget)
    assert incumbent.proved
    assert bound.bound == 6 * 10**6
    assert by_mix.ruled_out == 1


def test_bounds_of_plans_that_leave_copies_out_are_not_touched() -> None:
    """Mixes are decided with all copies placed, which says nothing of plans that leave some out."""
    fleet = apart(("x",))
    components = (fleet.components[0], replace(fleet.components[1], required=0, level=0))
    fleet = replace(fleet, components=components, levels=(0,))
    incumbent = Incumbent(fleet, Budget())
    solve_greedy(Solve(fleet, incumbent, Budget()))
    assert incumbent.best is not None
    assert incumbent.best[1].left_out == (0,)
    for given, possible in ((None, False), ((1,), False), ((0,), True)):
        bound = PatternBound(Solve(fleet, incumbent, Budget()), given, engines=False)
        bound.run()
        by_mix = CombinatorialBenders(Solve(fleet, incumbent, Budget()), bound, "test")
        assert by_mix.possible == possible
        by_mix.run(Budget())
        assert (by_mix.ruled_out, incumbent.proved) == (possible, possible)


def test_only_machines_of_one_price_may_stand_elsewhere() -> None:
    """A mix is not ruled out with others that cost more."""
    fleet = apart(("x", "y", "z"))
    assert anywhere(fleet, ((0, 1, 2),), (1, 0, 2)) == {3: 3}
    assert anywhere(fleet, ((0, 1), (2,)), (1, 0, 2)) == {3: 1, 4: 2}
    dearer = replace(fleet, pools=(*fleet.pools[:2], replace(fleet.pools[2], price=4 * 10**6)))
    assert anywhere(dearer, ((0, 1, 2),), (1, 0, 2)) == {0: 1, 1: 0, 2: 2}


@one_by_one(range(30), 10)
def test_boxes_after_a_mix_hold_all_but_what_is_ruled_out(seed: int) -> None:
    """Each vector of counts beyond the limits is in just one open node, and none within them is."""
    rng = random.Random(seed)
    relaxation = relax(apart(("x", "y", "z")))
    groups = ((0, 1, 2),) if rng.random() < 0.5 else ((0, 1),)
    fewest, most = (0, 0, 0), tuple(rng.randint(1, 3) for _ in range(3))
    root = NodeDomain((*fewest, 0), (*most, sum(most[p] for p in groups[0])))
    whole = Relaxed(0, tuple(float(rng.randint(0, n)) for n in root.most), feasible=True)
    domains: list[NodeDomain] = []

    def solve(domain: NodeDomain, _: Budget) -> Relaxed:
        domains.append(domain)
        return whole

    tree = Tree(solve, lambda *_: None, relaxation, groups, root, whole)
    tree.step(Budget())
    assert tree.done
    limits = {k: rng.randint(0, root.most[k]) for k in rng.sample(range(4), rng.randint(1, 4))}
    assert tree.exclude(limits, EngineVerdict("an engine", 0, lambda: None, "nothing"), Budget())
    for counts in itertools.product(*(range(n + 1) for n in most)):
        every = (*counts, sum(counts[p] for p in groups[0]))
        inside = [
            all(low <= n <= high for low, n, high in zip(domain.fewest, every, domain.most, strict=True))
            for domain in domains
        ]
        beyond = any(every[k] > n for k, n in limits.items())
        assert sum(inside) == beyond


def prepared(fleet: Fleet) -> tuple[Incumbent, PatternBound, CombinatorialBenders]:
    """First-fit's plan, the bound at its end, and nothing decided yet."""
    incumbent = Incumbent(fleet, Budget())
    solve_greedy(Solve(fleet, incumbent, Budget()))
    bound = PatternBound(Solve(fleet, incumbent, Budget()), engines=False)
    bound.run()
    return incumbent, bound, CombinatorialBenders(Solve(fleet, incumbent, Budget(), 7), bound, "test")


def quotas(fleet: Fleet, *most: int | None) -> Fleet:
    """The fleet with these quotas."""
    return replace(fleet, pools=tuple(replace(p, max_instances=n) for p, n in zip(fleet.pools, most, strict=True)))


@pytest.mark.slow
def test_which_fleets_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a plan to beat, no machine may stay, and copies are few; others are let be."""
    fleet = apart(("x",))
    _, bound, by_mix = prepared(fleet)
    assert by_mix.possible
    assert not CombinatorialBenders(Solve.of(fleet), bound, "test").possible
    stays = replace(fleet, instances=(RunningInstance(0, "i", 0, cordoned=False, removable=True, residents={}),))
    assert not prepared(stays)[2].possible
    most = PATTERNS.open_nodes.most_copies
    for copies, possible in ((most - 1, True), (most, False)):
        many = replace(fleet.components[0], copies=copies, required=copies)
        by_mix = prepared(replace(fleet, components=(many, fleet.components[1])))[2]
        assert by_mix.possible == possible
    calls: list[object] = []
    monkeypatch.setattr("placement.direct.cp_sat.find_plan", lambda *_, **__: calls.append(1))
    by_mix.run(Budget())
    assert not calls


def test_the_tree_goes_on_where_it_has_no_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some nodes of it, from one mix to the next; without one there is nothing to decide."""
    fleet, calls = apart(("x",)), []
    incumbent = prepared(fleet)[0]
    bound, budget = PatternBound(Solve(fleet, incumbent, Budget()), engines=False), Budget()
    monkeypatch.setattr(PatternBound, "resume", lambda _, *given: calls.append(given))
    by_mix = CombinatorialBenders(Solve(fleet, incumbent, Budget()), bound, "test")
    by_mix.run(budget)
    assert calls == [(budget, 2_000)]
    assert by_mix.ruled_out == 0


def test_what_is_asked_of_a_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cheaper plan on its machines, then on as many anywhere within quotas; what is undecided is not asked again."""
    fleet = quotas(apart(("x", "y", "z")), 1, 5, None)  # three copies of each fill a machine and a half
    fleet = replace(fleet, components=tuple(replace(c, copies=3, required=3) for c in fleet.components[:1] * 2))
    fleet = replace(fleet, components=tuple(replace(c, index=k) for k, c in enumerate(fleet.components)))
    third = replace(fleet.components[0], index=2, copies=2, required=2)
    rows = [replace(c, avoids=frozenset({0, 1, 2} - {c.index})) for c in (*fleet.components, third)]
    fleet = replace(fleet, components=tuple(rows), running=(0, 0, 0))
    incumbent, bound, by_mix = prepared(fleet)
    assert incumbent.best is not None
    assert (incumbent.best[1].ticks, bound.bound) == (9 * 10**6, 6 * 10**6)
    asked: list[tuple[list[int], int, float]] = []

    def undecided(solve: Solve, most: list[int], ticks: int) -> PackingAnswer:
        assert solve.seed == 7
        asked.append((list(most), ticks, solve.budget.steps_left()))
        return PackingAnswer(impossible=len(asked) % 2 == 1)  # none on these machines; elsewhere it is not known

    monkeypatch.setattr("placement.direct.cp_sat.find_plan", undecided)
    by_mix.run(Budget(), most=1)
    assert sum(asked[0][0]) == 2
    assert asked == [(asked[0][0], 9 * 10**6 - 1, math.inf), ([1, 2, 2], 9 * 10**6 - 1, math.inf)]
    assert by_mix.ruled_out == 1
    assert bound.bound == 6 * 10**6  # other mixes of two machines are not ruled out
    by_mix.run(Budget(work=9), most=1)
    assert sum(asked[2][0]) == 2
    assert asked[2][0] != asked[0][0]
    assert asked[2][1] == 9 * 10**6 - 1
    assert asked[2][2] == 4.5e9  # a half of its steps, as of the time
    assert by_mix.ruled_out == 2


def test_the_search_ends_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many mixes, when the budget is over, and when a mix is not decided."""
    calls = []

    def never(*_: object, **__: object) -> PackingAnswer:
        calls.append(1)
        return PackingAnswer()

    monkeypatch.setattr("placement.direct.cp_sat.find_plan", never)
    _, bound, by_mix = prepared(apart(("x", "y")))
    by_mix.run(Budget(), most=0)
    by_mix.run(Budget(seconds=0))
    assert not calls
    by_mix.run(Budget())
    by_mix.run(Budget())
    assert (len(calls), by_mix.ruled_out, bound.bound) == (1, 0, 3 * 10**6)


def test_a_better_plan_on_a_mix_is_taken() -> None:
    """From one machine in each zone to both copies on one, which may share it."""
    fleet = apart(("x", "y"))
    fleet = replace(fleet, components=tuple(replace(c, avoids=frozenset()) for c in fleet.components))
    incumbent = Incumbent(fleet, Budget())
    bound = PatternBound(Solve(fleet, incumbent, Budget()), engines=False)
    seats = [Seat(c, 0, (0,)) for c in range(2)]
    incumbent.offer(Packing(tuple(Machine(p, None, (seat,)) for p, seat in enumerate(seats))), "apart")
    bound.run()
    by_mix = CombinatorialBenders(Solve(fleet, incumbent, Budget()), bound, "by mix")
    by_mix.run(Budget())
    assert incumbent.best is not None
    assert incumbent.best[1].ticks == 3 * 10**6
    assert incumbent.proved
    assert [event.by for event in incumbent.events if event.cost == 3 * 10**6] == ["by mix"]
    assert by_mix.ruled_out == 0


def test_what_is_ruled_out_is_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """On no more than these machines CP-SAT knows no plan below the best one's cost; the program says the same."""
    fleet = apart(("x", "y"))
    incumbent, _, by_mix = prepared(fleet)
    assert incumbent.best is not None
    found: list[tuple[dict[int, int], EngineVerdict]] = []
    monkeypatch.setattr(
        combinatorial_benders, "exclude", lambda _, limits, verdict, *rest: found.append((limits, verdict))
    )
    by_mix.run(Budget(), most=1)
    ((limits, verdict),) = found
    assert limits == {2: 1}  # one machine of the group
    assert (verdict.engine, verdict.ticks) == ("CP-SAT", incumbent.best[1].ticks)
    narrow = AtFleetMix.of(RequiredAsPlaced.of(fleet, incumbent.best[0]).fleet, [1, 1]).fleet
    assert verdict.program() == to_standard_form(narrow, incumbent.best[1].ticks - 1)
