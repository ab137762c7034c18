"""What a certificate says of itself, and what its search is handed: for the claim, then for each level of copies."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.certificates import Certificate, build
from placement.certificates.search import ArgumentSearch
from placement.check_certificate import NO_PLAN, Problem, check
from placement.compiled.fleet import compile_fleet
from placement.heuristics import solve_ffd
from placement.patterns.group_bound import raise_group_bound
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.certificates.cases import component, machine, problem

if TYPE_CHECKING:
    from placement.certificates.nodes import Nodes

Doc = dict[str, Any]
PRICES, ENGINE, EMPTY = ({"leaf": leaf} for leaf in ("prices", "engine", "empty"))
DOLLAR = Fraction(1_000_000)


def made(claim: Fraction | None, proven: Fraction | None, *nodes: Doc, certain: bool = True, **more: Any) -> str:
    return str(Certificate({"nodes": list(nodes), **more}, claim, proven, certain, complete=True))


def test_one_line_says_what_is_proven_and_by_what() -> None:
    """Money is rounded down, leaves without plans do not count, and what rests on a word is told apart."""
    assert made(DOLLAR * 3 / 2, DOLLAR, PRICES) == "no plan costs less than $1.50, by prices (1 leaf)"
    assert made(Fraction("1999999.5"), DOLLAR, PRICES, PRICES, EMPTY) == (
        "no plan costs less than $1.99, by prices (2 leaves)"
    )
    assert made(None, None, {"leaf": "counting"}) == "no plan exists, by counting (1 leaf)"
    assert made(2 * DOLLAR, DOLLAR, PRICES, ENGINE) == (
        "no plan costs less than $2.00, by prices (1 leaf), 1 leaf on an engine's word; "
        "without that word no plan costs less than $1.00"
    )
    word = {"left_out": [{"nodes": [ENGINE]}]}
    assert made(2 * DOLLAR, DOLLAR, ENGINE, certain=False, **word) == (
        "no plan costs less than $2.00, 2 leaves on an engine's word; without that word "
        "no plan costs less than $1.00 and nothing is known of how many optional copies can be placed"
    )
    assert made(DOLLAR, DOLLAR, PRICES, certain=False, **word) == (
        "no plan costs less than $1.00, by prices (1 leaf), 1 leaf on an engine's word; without that word "
        "nothing is known of how many optional copies can be placed"
    )


def levels() -> Doc:
    """Room for two copies of five: one of the three important ones stays out, and both others."""
    rows = [component("high", 3, min_copies=0, priority=2), component("low", 2, min_copies=0, priority=1)]
    pools = [{"name": "a", "instance_type": "a", "zone": "z", "max_instances": 1}]
    return problem("levels", {"a": machine(1)}, rows, pools)


def certified(document: Doc, solver: str = "auto") -> Certificate:
    result = placement.solve(placement.Problem(**document), solver, work=10, time_limit=None, certificate=True)
    return placement.certify(result, time_limit=None)


def test_each_level_has_a_tree_of_its_own() -> None:
    """One fewer of the first; then of the second, with as many of the first as the plan leaves out."""
    certificate = certified(levels())
    assert certificate.document["within"] == {"2": 1, "1": 2}
    assert [part["within"] for part in certificate.document["left_out"]] == [{"2": 0, "1": 2}, {"2": 1, "1": 1}]
    assert (certificate.complete, certificate.certain, certificate.claim) == (True, True, DOLLAR)
    proof, *others = check(Problem(levels()), json.loads(json.dumps(certificate.document)))
    assert [proof.checked, *(one.checked for one in others)] == [DOLLAR, NO_PLAN, NO_PLAN]
    assert not any(one.weak for one in (proof, *others))


@pytest.mark.slow
def test_levels_that_are_not_proven_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument that fails is not written, and the certificate says that something is missing."""
    strongest = ArgumentSearch.strongest
    cases: list[tuple[float, float, bool]] = [(0, 0, False), (math.inf, 0, False), (math.inf, math.inf, True)]
    for believed, proven, certain in cases:

        def weaker(self: ArgumentSearch, *what: Any, told: Any = (believed, proven), **more: Any) -> Nodes:
            found = strongest(self, *what, **more)
            if what[1] is None:  # of a level
                found.believed, found.proven = told
            return found

        monkeypatch.setattr(ArgumentSearch, "strongest", weaker)
        certificate = certified(levels())
        assert len(certificate.document.get("left_out", ())) == (2 if believed else 0)
        assert (certificate.complete, certificate.certain) == (bool(believed), certain)


def test_a_level_of_which_nothing_is_left_out_needs_no_tree() -> None:
    document = levels()
    document["components"][0]["copies"] = 2
    certificate = certified(document)
    assert certificate.document["within"] == {"2": 0, "1": 2}
    assert [part["within"] for part in certificate.document["left_out"]] == [{"2": 0, "1": 1}]


def test_of_an_open_level_as_much_as_is_proven() -> None:
    """A plan that leaves out one more than need be: the bound is in the certificate, and nothing of the level after."""
    document = levels()
    fewer = placement.solve(placement.Problem(**document), "greedy", work=1, options={"restarts": 1})
    rows = {"instances": fewer.plan.instances, "assignments": fewer.plan.assignments[:1]}
    plan = placement.Plan(**{key: [row.model_dump() for row in part] for key, part in rows.items()})
    result = placement.bound(placement.Problem(**document), plan, work=10, certificate=True)
    assert (result.left_out, result.left_out_bound[2]) == ({2: 2, 1: 2}, 1)
    certificate = placement.certify(result, time_limit=None)
    assert [part["within"] for part in certificate.document["left_out"]] == [{"2": 0, "1": 2}]
    assert (certificate.complete, certificate.certain) == (True, True)
    _, proof = check(Problem(document), json.loads(json.dumps(certificate.document)))
    assert (proof.checked, proof.weak) == (NO_PLAN, [])


@pytest.mark.parametrize(("solver", "by"), [("column-generation", "patterns"), ("cp-sat", "cp-sat")])
def test_the_search_is_handed_what_the_solve_has_found(solver: str, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pattern bounds, its best plan, and who proved the bound; for a level who proved that, and prices."""
    made, asked, levels_priced = [], [], list[int]()

    class Noted(ArgumentSearch):
        def __init__(self, fleet: Any, budget: Budget, seed: int, given: Any, target: float) -> None:
            made.append((fleet, budget, seed, given, target))
            super().__init__(fleet, budget, seed, given, target)

        def strongest(self, known: Any, incumbent: Any, by: str, counted: Any = (), prices: Any = ()) -> Nodes:
            asked.append((list(known), incumbent, by, counted))
            levels_priced.append(len(prices))
            return super().strongest(known, incumbent, by, counted, prices)

    monkeypatch.setattr(build, "ArgumentSearch", Noted)
    work = {"column-generation": 1, "cp-sat": 100}[solver]
    result = placement.solve(
        placement.Problem(**levels()), solver, work=work, time_limit=None, seed=7, certificate=True
    )
    placement.certify(result, time_limit=None)
    solve = getattr(result.evidence, "solve")  # noqa: B009 - of the planner alone
    proven = 2  # levels
    assert [(fleet is solve.fleet, seed, given) for fleet, _, seed, given, _ in made] == [
        (True, 7, (1, 2)),
        *[(True, 7, (0, 2)), (True, 7, (1, 1))],
    ]
    assert [target for *_, target in made] == [solve.incumbent.ticks_bound, *[math.inf] * proven]
    assert all(budget is not None for _, budget, *_ in made)
    (known, packing, word, counted), *others = asked
    assert bool(known) is (solver == "column-generation")
    assert all(one.fleet is solve.fleet for one in known)
    assert packing is result.packing
    assert word == result.plan.model_dump()["bound_by"]
    assert word.startswith(by)
    assert counted == []
    assert others == [([], None, by, ())] * proven
    assert [n > 0 for n in levels_priced[1:]] == [solver == "column-generation"] * proven


def test_counts_of_demands_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    strongest = ArgumentSearch.strongest

    def noted(self: ArgumentSearch, known: Any, incumbent: Any, by: str, counted: Any = (), prices: Any = ()) -> Nodes:
        counts.append(len(counted))
        return strongest(self, known, incumbent, by, counted)

    monkeypatch.setattr(ArgumentSearch, "strongest", noted)
    options = [{"accelerators": 1, "throughput": 3}, {"accelerators": 2, "throughput": 7}]
    rows = [{"name": name, "demand": demand, "options": options} for name, demand in (("m", 20), ("n", 11))]
    certificate = certified(problem("demands", {"a": machine(1), "b": machine(1.7, 3)}, rows), "demand")
    assert counts == [1]
    assert certificate.complete


def test_a_claim_of_nothing_is_complete() -> None:
    """First-fit proves nothing, and machines that cost nothing need no argument."""
    for price, solver in ((1, "ffd"), (0, "ffd"), (0, "auto")):
        certificate = certified(problem("free", {"a": machine(price)}, [component("m", 3)]), solver)
        assert certificate.complete
        assert certificate.claim == (2 * DOLLAR if price else 0)


def test_that_there_is_no_plan_is_claimed_as_that() -> None:
    document = problem("none", {"a": machine(1)}, [component("m", 1, accelerators=3)])
    certificate = certified(document)
    assert certificate.document["claim"] == {"infeasible": True}
    assert (certificate.claim, certificate.proven, certificate.complete) == (None, None, True)
    assert certified(problem("some", {"a": machine(1)}, [component("m", 1)])).document["claim"] == {
        "cost": [1_000_000, 1]
    }


def paid(**more: Any) -> Doc:
    """Four of five copies, two on a machine, of which one is free: three machines, two dollars for all five."""
    rows = [{"name": "k", "pools": ["a"], "instances": 1}]
    return problem("paid", {"a": machine(1)}, [component("m", 5, min_copies=4)], commitments=rows, **more)


def test_bug_a_bound_from_before_there_was_a_plan_is_no_part_of_it() -> None:
    """Its prices know no optional copies, which those of plans that leave out so many do: an index was out of range."""
    document = paid()
    solve = Solve.of(compile_fleet(placement.Problem(**document)), Budget(work=10))
    raise_group_bound(solve)
    solve_ffd(solve)
    raise_group_bound(solve)
    certificate = build.write_certificate(solve, infeasible_by=None)
    assert certificate.claim == 2 * DOLLAR
    (proof,) = check(Problem(document), json.loads(json.dumps(certificate.document)))
    assert (proof.weak, proof.checked) == ([], 2 * DOLLAR)


RUNNING: Doc = {
    "instances": [{"id": "i", "pool": "a"}],
    "placements": [{"component": "m", "instance": "i", "accelerators": [0]}],
    "objective": {"max_moves": 0},
}


@pytest.mark.parametrize("running", [{}, RUNNING])
@pytest.mark.parametrize("missing", [0, 1])
def test_rules_are_in_the_leaves_then_at_prices_then_an_engines_word(
    monkeypatch: pytest.MonkeyPatch, running: Doc, missing: int
) -> None:
    """Each where the one before does not do; prices of all leaves alone know more only of what runs."""
    searches, words = [], []

    class Noted(ArgumentSearch):
        def __init__(self, fleet: Any, budget: Budget, seed: int, given: Any, target: float) -> None:
            searches.append((fleet is solve.fleet, budget is not None, seed, given, target))
            super().__init__(fleet, budget, seed, given, target)

        def strongest(self, known: Any, incumbent: Any, by: str, counted: Any = (), prices: Any = ()) -> Nodes:
            found = super().strongest(known, incumbent, by, counted, prices)
            words.append(by)
            found.believed -= missing
            return found

        def add_word(self, nodes: Nodes, by: str) -> None:
            words.append(f"beside, {by}")
            super().add_word(nodes, by)

    monkeypatch.setattr(build, "ArgumentSearch", Noted)
    document = paid(**running)
    result = placement.solve(
        placement.Problem(**document), "cp-sat", work=10, time_limit=None, seed=7, certificate=True
    )
    solve = getattr(result.evidence, "solve")  # noqa: B009 - of the planner alone
    bound, dollar = solve.incumbent.ticks_bound, DOLLAR * solve.fleet.tick_move
    assert bound == 2 * dollar
    certificate = placement.certify(result, time_limit=None)
    again = missing and running
    assert searches == [
        (True, True, 7, (0,), bound),
        *([(False, True, 7, (0,), bound + dollar), (True, True, 7, (0,), bound)] if again else []),
    ]
    assert words == ["cp-sat", *(["", "beside, cp-sat"] if again else [])]
    assert certificate.document.get("rules") == ({"prices": [["k", 1_000_000, 1]]} if again else None)
    assert certificate.claim == (
        2 * DOLLAR if again or not missing else 2 * DOLLAR - Fraction(missing, solve.fleet.tick_move)
    )
    assert certificate.leaves == {"engine" if again else "prices": 1}
    (proof,) = check(Problem(document), json.loads(json.dumps(certificate.document)))
    assert (proof.weak, proof.checked) == ([], 2 * DOLLAR)
