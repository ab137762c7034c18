"""Which arguments a certificate tries, in which order, and what each is made of: part by part, the others played."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from placement.bounds.moves import least_move_ticks
from placement.certificates import search
from placement.certificates.nodes import Nodes
from placement.certificates.reasons import Reason
from placement.certificates.search import ArgumentSearch
from placement.errors import SolverBugError
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import FINE, UNIT, Prices
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.history import EngineVerdict, NodeCase, Subject
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.certificates.cases import component, machine, problem
from tests.certificates.test_search import DOLLAR, compiled, over
from tests.patterns.test_enumeration import prices_of_nothing

Doc = dict[str, Any]


def some(**more: Any) -> Any:
    """Five copies, two on a machine of a dollar, for some hours."""
    return compiled(problem("some", {"a": machine(1)}, [component("m", 5)], **more))


def search_of(target: float = 100, budget: Budget | None = None, given: tuple[int, ...] | None = None) -> Any:
    """A search whose private parts can be asked and replaced."""
    return ArgumentSearch(some(), budget or Budget(), 7, given, target)


def part(asked: Any, name: str) -> Any:
    """One of its parts."""
    return getattr(asked, name)


def tree(asked: Any, proven: float, believed: float) -> Nodes:
    """An argument that proves so much."""
    nodes = Nodes(asked.names, 1)
    nodes.proven, nodes.believed = proven, believed
    return nodes


def nothing() -> Prices:
    """Prices of the fleet that are all 0."""
    return prices_of_nothing(relax(some(), None), ())


# -- the strongest


@pytest.mark.parametrize(
    ("offered", "chosen", "looked_at"),
    [
        ([(5, 5), (7, 7)], 1, 2),
        ([(7, 7), (5, 5)], 0, 2),
        ([(7, 7), (5, 9)], 1, 2),  # with the word of an engine
        ([(7, 9), (8, 9)], 1, 2),
        ([(7, 9), (7, 9)], 0, 2),  # of two alike the first
        ([(5, 5), (10, 10), (12, 12)], 1, 2),  # the claim is proven: no more is looked for
        ([(9, 10), (9, 12)], 1, 2),  # an engine's word does not end it
        ([(9, 20), (12, 12)], 1, 2),  # a plan costs 15: the word of more is not taken
        ([(9, 15), (9, 9)], 0, 2),
    ],
)
def test_the_strongest_is_what_most_is_believed_of_then_what_proves_most(
    monkeypatch: pytest.MonkeyPatch, offered: list[tuple[int, int]], chosen: int, looked_at: int
) -> None:
    asked = search_of(10)
    trees = [tree(asked, *pair) for pair in offered]
    left, plan, told = iter(trees), object(), list[Any]()

    def attempts(*what: Any) -> Any:
        told.append(what)
        return left

    monkeypatch.setattr(asked, "_attempts", attempts)
    monkeypatch.setattr(search, "evaluate", lambda *_: SimpleNamespace(ticks=15))
    assert asked.strongest(("bound",), plan, "milp", ("count",)) is trees[chosen]
    assert len(list(left)) == len(offered) - looked_at
    assert told == [(("bound",), plan, "milp", ("count",))]


def test_prices_may_prove_what_a_plan_costs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = search_of(10)
    monkeypatch.setattr(search, "evaluate", lambda *_: SimpleNamespace(ticks=15))
    monkeypatch.setattr(asked, "_attempts", lambda *_: iter([tree(asked, 15, 15)]))
    assert asked.strongest((), object(), "").proven == 15
    monkeypatch.setattr(asked, "_attempts", lambda *_: iter([tree(asked, 16, 16)]))
    with pytest.raises(SolverBugError, match="prices prove 16 ticks, and a plan costs 15"):
        asked.strongest((), object(), "")
    assert asked.strongest((), None, "").proven == 16  # without a plan nothing is in its way


# -- the order


def played(monkeypatch: pytest.MonkeyPatch, asked: Any, told: list[Any]) -> None:
    """Every kind of argument notes what it was asked with, and gives nothing."""

    def note(name: str, *, more: object = None) -> Any:
        def noted(*what: Any, **named: Any) -> Any:
            told.append((name, *(list(one) if isinstance(one, list) else one for one in what)))
            if more is not None and "more" in named:
                told[-1] = (name, *what, named["engines"], list(named["more"]))
                named["more"].append(more)
            return iter([name])

        return noted

    monkeypatch.setattr(asked, "_by_counting", note("counting"))
    monkeypatch.setattr(asked, "_of_bound", note("bound"))
    monkeypatch.setattr(asked, "_of_counts", note("counts"))
    monkeypatch.setattr(asked, "_anew", note("anew", more="new"))
    monkeypatch.setattr(asked, "_by_engine", note("engine"))


def bound_of(ticks: int, given: tuple[int, ...] | None = None, prices: tuple[Any, ...] = ()) -> Any:
    """A pattern bound of the solve, as far as the order of arguments is concerned."""
    return SimpleNamespace(ticks=ticks, given=given, cuts=[SimpleNamespace(prices=p) for p in prices])


def test_arguments_come_from_the_cheapest_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known, the best first; counts; a bound anew by prices, then with engines; the word of who proved it."""
    told: list[Any] = []
    asked = search_of(100)
    played(monkeypatch, asked, told)
    weak, strong, other = bound_of(3, prices=("a", None)), bound_of(5, prices=("b",)), bound_of(9, (1,), ("c",))
    count = SimpleNamespace(given=None, ticks=99)
    plan: Any = object()
    kinds = list(part(asked, "_attempts")([weak, other, strong], plan, "milp", [count]))
    assert kinds == ["bound", "bound", "counts", "anew", "anew", "engine"]
    assert told == [
        ("bound", strong),
        ("bound", weak),
        ("counts", count, ["a", "b"]),
        ("anew", plan, False, ["a", "b"]),
        ("anew", plan, True, ["a", "b", "new"]),
        ("engine", "milp"),
    ]


@pytest.mark.parametrize(
    ("ticks", "given", "kinds"),
    [
        (100, None, ["counts", "anew", "counts"]),  # an engine's word is there: beside better prices once more
        (101, None, ["counts", "anew", "counts"]),
        (99, None, ["counts", "anew", "anew", "engine"]),
        (100, (1,), ["counts", "anew", "anew", "engine"]),  # of plans that leave out more
    ],
)
def test_where_counts_prove_the_claim_no_other_engine_is_asked(
    monkeypatch: pytest.MonkeyPatch, ticks: int, given: tuple[int, ...] | None, kinds: list[str]
) -> None:
    told: list[Any] = []
    asked = search_of(100)
    played(monkeypatch, asked, told)
    count: Any = SimpleNamespace(given=given, ticks=ticks)
    assert list(part(asked, "_attempts")([], None, "cp-sat", [count])) == kinds
    assert told[:2] == [("counts", count, []), ("anew", None, False, [])]
    assert kinds[-1] != "counts" or told[-1] == ("counts", count, ["new"])


def test_without_time_no_bound_is_made_anew_and_that_there_is_no_plan_is_counted_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    asked = search_of(math.inf, over())
    played(monkeypatch, asked, told)
    assert list(part(asked, "_attempts")([], None, "cp-sat", [])) == ["counting", "engine"]


# -- what a pattern bound knows


def test_a_bound_gives_what_runs_its_tree_and_all_its_inequalities_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last only where the tree proves too little."""
    asked = search_of(100)
    prices = nothing()
    domain = any_domain(some())
    root = NodeCase(domain, prices=prices)
    few, many = NodeCase(domain), NodeCase(domain)
    found = SimpleNamespace(
        root=NodeCase(domain, splits=[(Subject(copies=False, number=0), 1)], above=[many], below=few)
    )
    found.reasons = {id(few): Reason(50, ()), id(many): Reason(60, ())}
    covered: list[Any] = []

    def cover(*what: Any) -> Any:
        covered.append(what)
        return found

    monkeypatch.setattr(search, "cover", cover)
    monkeypatch.setattr(asked, "_cliques", lambda: ["clique"])
    cut = SimpleNamespace(prices=prices)
    kept = SimpleNamespace(prices=prices, root=NodeCase(domain, prices=prices, rent=7))
    bound: Any = SimpleNamespace(root=root, kept_copies=kept, cuts=[cut, SimpleNamespace(prices=None)])
    running, of_tree, together = part(asked, "_of_bound")(bound)
    assert (running.nodes[0]["leaf"], running.proven, running.weak) == ("running", 7, [])
    assert (of_tree.nodes, of_tree.proven) == ([{"leaf": "prices", "use": [[0, 1, 1]]}], 0)
    assert [node.get("leaf", "split") for node in together.nodes] == ["split", "prices", "prices"]
    assert together.proven == 50
    assert [case for case, _ in of_tree.weak] == [root]
    assert together.weak == []  # its leaves are no nodes that the bound could ask an engine about
    ((reasons, every, over_domain, target, budget),) = covered
    assert reasons is part(asked, "_reasons")
    assert budget is part(asked, "_budget")
    assert (every, over_domain, target) == ([(cut, prices), "clique"], domain, 100)
    covered.clear()
    asked = search_of(0)  # the tree proves the claim
    bound.kept_copies = SimpleNamespace(prices=None)
    assert len(list(part(asked, "_of_bound")(bound))) == 1
    assert not covered
    monkeypatch.setattr(search, "cover", lambda *_: None)
    bound.kept_copies, bound.root = None, None  # no tree: its root is everything
    (alone,) = part(search_of(100), "_of_bound")(bound)
    assert alone.nodes == [{"leaf": "prices", "use": [[0, 1, 1]]}]
    assert list(part(search_of(100, over()), "_of_bound")(bound)) == []  # no time for the tree


def test_cliques_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def cuts(*what: Any) -> list[str]:
        told.append(what)
        return ["cut"]

    monkeypatch.setattr(search, "clique_cuts", cuts)
    asked = search_of()
    domain = any_domain(some())
    assert [part(asked, "_cliques")() for _ in range(2)] == [["cut"], ["cut"]]
    ((fleet, there, budget),) = told
    assert (fleet, there, budget) == (part(asked, "_fleet"), domain, part(asked, "_budget"))


def test_a_case_is_enough_where_it_or_one_around_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the tick."""
    rents: list[Any] = []
    asked = search_of(1000)
    monkeypatch.setattr(
        part(asked, "_reasons"),
        "ticks",
        lambda rent: rents.append(rent) or int(rent / UNIT),  # type: ignore[func-returns-value]
    )
    domain = any_domain(some())
    outer, weak = NodeCase(domain, rent=1000), NodeCase(domain, rent=999)
    assert part(asked, "_is_enough")(NodeCase(domain, outer, rent=3))
    assert part(asked, "_is_enough")(outer)
    assert not part(asked, "_is_enough")(NodeCase(domain, weak, rent=3))
    assert rents == [3 * UNIT, 1000 * UNIT, 1000 * UNIT, 3 * UNIT, 999 * UNIT]


def test_a_case_is_proven_by_the_best_prices_around_it_then_by_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the root, where that is too little, by all prices of the root, scaled."""
    told: list[Any] = []

    def best(prices: Any, domain: object, target: float, *, scaled: bool = False) -> Reason:
        told.append((list(prices), domain, target, scaled))
        return Reason(99 if not scaled else 100, ())

    asked = search_of(100)
    monkeypatch.setattr(part(asked, "_reasons"), "best", best)
    a, b, c = (SimpleNamespace(name=name) for name in "abc")
    domain = any_domain(some())
    root: Any = NodeCase(domain, prices=a, rent=5)  # type: ignore[arg-type]
    middle: Any = NodeCase(domain, root, prices=b, rent=9)  # type: ignore[arg-type]
    leaf: Any = NodeCase(domain, NodeCase(domain, middle, rent=50), prices=c, rent=9)  # type: ignore[arg-type]
    assert part(asked, "_reason")(leaf, [a]).ticks == 99
    leaf.rent = 8
    assert part(asked, "_reason")(leaf, [a]).ticks == 99
    assert part(asked, "_reason")(root, [b, c]).ticks == 100
    assert told == [
        ([c, c], domain, 100, False),
        ([b, c], domain, 100, False),
        ([a, a], domain, 100, False),
        ([a, a, b, c], domain, 100, True),
    ]
    told.clear()
    asked = search_of(99)
    monkeypatch.setattr(part(asked, "_reasons"), "best", best)
    assert part(asked, "_reason")(root, [b]).ticks == 99  # enough
    assert len(told) == 1


def test_copies_that_are_kept_have_rewards_by_name_and_a_tree_of_their_own() -> None:
    fleet = compiled(problem("two", {"a": machine(1)}, [component("m", 5), component("n", 1)]))
    domain, nothing_paid = any_domain(fleet), prices_of_nothing(relax(fleet, None), ())
    first, second = replace(nothing_paid, rewards=[0, 3]), replace(nothing_paid, rewards=[4, 0])
    root = NodeCase(domain, prices=first, rent=60)
    root.splits, root.above = [(Subject(copies=False, number=0), 2)], [None]
    root.below = NodeCase(domain, root, prices=second, rent=50)
    kept: Any = SimpleNamespace(root=root)
    by_n, by_m = ({"leaf": "running", "prices": 0, "rewards": [row]} for row in (["n", 3 * FINE], ["m", 4 * FINE]))
    for target, rent, leaf, nodes in ((60, 50, by_n, 1), (61, 50, by_n, 3), (61, 70, by_m, 3)):
        root.below.rent = rent
        (found,) = part(ArgumentSearch(fleet, Budget(), 0, None, target), "_of_running")(kept)
        assert [node for node in found.nodes if node.get("leaf") == "running"] == [leaf]
        assert (len(found.nodes), len(found.prices)) == (nodes, 1)
        assert found.proven == found.believed == max(60, rent)
    assert list(part(ArgumentSearch(fleet, over(), 0, None, 61), "_of_running")(kept)) == []


# -- counts


def test_the_word_on_counts_stands_beside_what_prices_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    fleet = some(objective={"horizon_hours": 0.333333})
    asked: Any = ArgumentSearch(fleet, Budget(), 0, None, 100)
    domain = any_domain(fleet)
    prices = nothing()

    def best(known: Any, there: object, target: float, *, scaled: bool) -> Reason:
        told.append((list(known), there, target, scaled))
        return Reason(40, ())

    reasons = part(asked, "_reasons")
    monkeypatch.setattr(reasons, "best", best)
    monkeypatch.setattr(reasons, "counted", lambda one, sums: (one, sums))
    verdict = EngineVerdict("HiGHS", 90, lambda: "NAME p", "counts")
    counting: Any = SimpleNamespace(verdict=verdict, given=None)
    (nodes,) = part(asked, "_of_counts")(counting, [prices])
    assert (nodes.proven, nodes.believed, nodes.nodes[0]["leaf"]) == (40, 90, "engine")
    least = Fraction(90, fleet.tick_move)  # micro-dollars
    assert least.denominator > 1
    assert nodes.nodes[0]["at_least"] == [least.numerator, least.denominator]
    assert told == [([(prices, ())], domain, 100, True)]  # none of the sums of copies is limited
    for word, given in ((None, None), (verdict, (1,))):
        assert list(part(asked, "_of_counts")(SimpleNamespace(verdict=word, given=given), [])) == []


# -- a bound made anew


@pytest.mark.parametrize("engines", [False, True])
@pytest.mark.parametrize(("reached", "costs"), [(99, 200), (100, 200), (99, None), (99, 50)])
def test_a_bound_made_anew(monkeypatch: pytest.MonkeyPatch, engines: bool, reached: int, costs: int | None) -> None:
    """For the gap that the claim leaves; with engines mixes are decided where it is too little, else leaves are."""
    told: list[Any] = []

    class Bound:
        ticks, cuts = reached, (SimpleNamespace(prices="new"), SimpleNamespace(prices=None))

        def __init__(self, solve: Any, given: object, *, engines: bool) -> None:
            told.append(("bound", solve.budget.gap, solve.seed, given, engines))

        def run(self, nodes: int) -> None:
            told.append(("run", nodes))

    class Mixes:
        def __init__(self, solve: object, bound: object, name: str) -> None:
            told.append(("mixes", type(bound), name))

        def run(self, budget: Budget) -> None:
            assert isinstance(budget, Budget)

    asked = search_of(100)
    made: list[Nodes] = [tree(asked, 1, 1), tree(asked, 2, 2)]
    decided: list[Any] = []

    def decide(bound: object, nodes: object) -> bool:
        decided.append((type(bound), nodes))
        return reached == 99

    monkeypatch.setattr(search, "PatternBound", Bound)
    monkeypatch.setattr(search, "CombinatorialBenders", Mixes)
    monkeypatch.setattr(search, "evaluate", lambda *_: SimpleNamespace(ticks=costs))
    monkeypatch.setattr(Solve, "of", staticmethod(solved(told)))
    made[0].weak.append(leaf_of(0, None))
    monkeypatch.setattr(asked, "_of_bound", lambda bound: iter(made if isinstance(bound, Bound) else ()))
    monkeypatch.setattr(asked, "_decide_leaves", decide)
    more = ["old"]
    plan: Any = None if costs is None else object()
    found = list(part(asked, "_anew")(plan, engines=engines, more=more))
    gap = {200: 0.5, None: 0.0, 50: 0.0}[costs]
    assert told[:3] == [("solve", plan), ("bound", gap, 7, None, engines), ("run", 10_000)]
    assert more == ["old", "new"]
    assert told[3:] == ([("mixes", Bound, "certificate")] if engines and reached < 100 else [])
    assert decided == ([] if engines else [(Bound, made[0])])  # the tree of the bound, not what all inequalities prove
    assert found == (made * 2 if not engines and reached == 99 else made)


def test_a_bound_made_anew_may_have_no_time_for_its_tree_and_its_faults_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nothing is to be proven and there is no plan, nothing may be left open."""
    told: list[Any] = []
    faults: list[str] = []

    def of(_: object, budget: Budget, *__: object) -> Any:
        told.append(budget.gap)
        return SimpleNamespace(budget=budget, incumbent=SimpleNamespace(faults=faults))

    asked = search_of(0)
    bound = SimpleNamespace(ticks=0, cuts=[], run=lambda nodes: told.append(nodes))
    monkeypatch.setattr(search, "PatternBound", lambda *_, **__: bound)
    monkeypatch.setattr(Solve, "of", staticmethod(of))
    monkeypatch.setattr(asked, "_of_bound", lambda _: iter(()))
    assert list(part(asked, "_anew")(None, engines=False, more=[])) == []
    assert told == [0.0, 10_000]
    faults += ["the first", "the second"]
    with pytest.raises(SolverBugError, match="the first"):
        list(part(asked, "_anew")(None, engines=False, more=[]))


def solved(told: list[Any]) -> Any:
    """A solve, as far as a bound asks."""

    def of(fleet: object, budget: Budget, seed: int, incumbent: object) -> Any:
        del fleet
        told.append(("solve", incumbent))
        return SimpleNamespace(budget=budget, seed=seed, incumbent=SimpleNamespace(faults=[]))

    return of


# -- groups of pools


def test_arguments_hold_within_the_limits_of_groups_of_pools_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pools of one type are a group, whose machines a tree may split on."""
    pools = [{"name": name, "instance_type": "a", "zone": name, "min_instances": 1} for name in "yz"]
    fleet = some(pools=pools)
    groups = groups_of(fleet)
    domain = any_domain(fleet, groups)
    assert domain != any_domain(fleet)
    asked: Any = ArgumentSearch(fleet, Budget(), 0, None, 10**12)
    assert part(asked, "_of_what_is_paid")().proven == 2 * DOLLAR * fleet.tick_price
    found: list[Any] = []
    monkeypatch.setattr(search, "cover", lambda *what: found.append(what[2]))
    monkeypatch.setattr(asked, "_cliques", list)
    list(part(asked, "_of_bound")(SimpleNamespace(root=None, kept_copies=None, cuts=[])))
    assert found == [domain]


# -- leaves that an engine decides


def leaf_of(ticks: float, prices: object) -> tuple[NodeCase, Reason]:
    use = () if prices is None else ((prices, Fraction(1)),)
    return NodeCase(any_domain(some())), Reason(ticks, use)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdicts", "decided", "asked_for"),
    [
        ([100, 200], True, 2),
        ([None, 200], False, 1),
        ([99, 200], False, 1),  # too little
        ([100, 99], False, 2),
        ([], False, 0),  # there is no leaf
    ],
)
def test_an_engine_decides_every_leaf_or_none_counts(verdicts: list[int | None], decided: bool, asked_for: int) -> None:
    asked = search_of(100)
    fleet, prices = some(), nothing()
    told: list[Any] = []

    def enumerate_patterns(domain: object, rent: int, there: object, budget: Budget) -> Any:
        assert isinstance(budget, Budget)
        told.append((domain, rent, there))
        ticks = verdicts[len(told) - 1]
        return None if ticks is None else EngineVerdict("HiGHS", ticks, str, "")

    nodes = tree(asked, 0, 0)
    nodes.weak = [leaf_of(7 * fleet.tick_price, prices) for _ in verdicts]
    bound = SimpleNamespace(enumerate_patterns=enumerate_patterns)
    assert part(asked, "_decide_leaves")(bound, nodes) is decided
    assert told == [(any_domain(fleet), 7, prices)] * asked_for
    assert [case.verdict is not None for case, _ in nodes.weak] == [
        k < asked_for and ticks is not None for k, ticks in enumerate(verdicts)
    ]


def test_an_engine_is_asked_for_the_rent_alone_without_moves_that_none_avoids() -> None:
    """In whole micro-dollars an hour."""
    running: Doc = {
        "instances": [{"id": "i", "pool": "a", "state": "draining"}],
        "placements": [{"component": "m", "instance": "i", "accelerators": [0]}],
        "objective": {"move_cost": 0.25, "horizon_hours": 2},
    }
    fleet = some(**running)
    assert least_move_ticks(fleet) > 0
    asked: Any = ArgumentSearch(fleet, Budget(), 0, None, 100)
    rents: list[Any] = []
    bound = SimpleNamespace(enumerate_patterns=lambda _, rent, *__: rents.append(rent))
    nodes = tree(asked, 0, 0)
    nodes.weak = [leaf_of(7 * fleet.tick_price + least_move_ticks(fleet), nothing())]
    assert part(asked, "_decide_leaves")(bound, nodes) is False
    assert rents == [7]
    assert type(rents[0]) is int


def test_an_engine_is_not_asked_without_prices_without_time_or_of_too_many_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def decided(asked: Any, weak: list[Any]) -> tuple[bool, int]:
        told: list[Any] = []
        bound = SimpleNamespace(enumerate_patterns=lambda *what: told.append(what) or EngineVerdict("H", 100, str, ""))  # type: ignore[func-returns-value]
        nodes = tree(asked, 0, 0)
        nodes.weak = weak
        return part(asked, "_decide_leaves")(bound, nodes), len(told)

    assert decided(search_of(100), [leaf_of(0, nothing())] * 3) == (True, 3)
    assert decided(search_of(100), [leaf_of(0, None)]) == (False, 0)
    assert decided(search_of(100), [leaf_of(0, object())]) == (False, 0)  # prices of cliques
    assert decided(search_of(100, over()), [leaf_of(0, nothing())]) == (False, 0)
    monkeypatch.setattr(search, "_MOST_DECIDED", 3)
    assert decided(search_of(100), [leaf_of(0, nothing())] * 3) == (True, 3)
    assert decided(search_of(100), [leaf_of(0, nothing())] * 4)[1] == 0
