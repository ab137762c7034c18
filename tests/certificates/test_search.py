"""The arguments of a certificate one by one: what is paid in any case, counting, what runs, and an engine's word."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

import placement
from placement.certificates import search
from placement.certificates.names import PRICE_UNIT
from placement.certificates.nodes import Nodes
from placement.certificates.search import ArgumentSearch
from placement.check_certificate import NO_PLAN, Problem, check
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.translate import from_plan
from placement.direct.slots import direct_terms, most_new_machines
from placement.errors import SolverBugError
from placement.solving.budget import Budget
from tests.certificates.cases import CASES, component, machine, problem

Doc = dict[str, Any]
DOLLAR = 1_000_000


def compiled(document: Doc) -> Fleet:
    return compile_fleet(placement.Problem(**document))


def over() -> Budget:
    """A budget that has ended."""
    budget = Budget()
    budget.interrupt()
    return budget


def of(document: Doc, target: float, budget: Budget | None = None, given: tuple[int, ...] | None = None) -> Any:
    fleet = compiled(document)
    return ArgumentSearch(
        fleet, budget or Budget(), 0, given, target if math.isinf(target) else fleet.tick_move * target
    )


def words(asked: Any, by: str) -> list[Any]:
    """The word of an engine, where there is one."""
    return list(getattr(asked, "_by_engine")(by))  # noqa: B009 - one argument alone


def small(**more: Any) -> Doc:
    """Five copies, two on a machine: three machines of a dollar."""
    return problem("small", {"a": machine(1)}, [component("m", 5)], **more)


def test_without_time_machines_that_are_paid_for_and_moves_that_none_avoids_count() -> None:
    pools = [{"name": "a", "instance_type": "a", "zone": "z", "min_instances": 1}]
    running: Doc = {
        "instances": [{"id": "i", "pool": "a", "state": "draining"}],
        "placements": [{"component": "m", "instance": "i", "accelerators": [0]}],
        "objective": {"move_cost": 0.25, "horizon_hours": 2},
    }
    asked = of(small(pools=pools, **running), 3 * DOLLAR, over())
    found = asked.strongest((), None, "")
    assert found.nodes == [{"leaf": "prices", "use": []}]
    assert found.prices == []
    tick = compiled(small(pools=pools, **running)).tick_move
    assert (found.proven, found.believed) == (2.25 * DOLLAR * tick, 2.25 * DOLLAR * tick)


def test_the_word_of_an_engine_is_written_with_its_program() -> None:
    """For a dollar more than prices prove, as if an engine had proven it; of solvers that are no engine nothing."""
    for by, engine in (("cp-sat", "CP-SAT"), ("milp", "HiGHS")):
        (word,) = words(of(small(), 4 * DOLLAR), by)
        program = word.nodes[0].pop("program")
        assert word.nodes == [
            {
                "leaf": "engine",
                "engine": engine,
                "says": "infeasible",
                "at_least": [4 * DOLLAR, 1],
                "about": "all rules of the problem, for plans that cost less",
            }
        ]
        assert program.startswith("NAME")
        assert (word.proven, word.believed) == (0, 4 * DOLLAR * compiled(small()).tick_move)
    assert words(of(small(), 4 * DOLLAR), "column-generation") == []
    (word,) = words(of(small(), math.inf), "cp-sat")
    assert "at_least" not in word.nodes[0]
    assert word.nodes[0]["about"] == "all rules of the problem"
    assert (word.proven, word.believed) == (0, math.inf)


def test_what_an_engine_proved_is_told_in_micro_dollars() -> None:
    """Of which a tick is a part, where the horizon is not whole."""
    document = small(objective={"horizon_hours": 0.333333})
    tick_move = compiled(document).tick_move
    assert tick_move > 1
    (word,) = words(of(document, DOLLAR), "cp-sat")
    assert word.nodes[0]["at_least"] == [DOLLAR, 1]
    assert word.believed == DOLLAR * tick_move


def test_programs_that_are_too_long_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    terms = direct_terms(compiled(small()), most_new_machines(compiled(small()), None))
    for most, written in ((terms, 1), (terms - 1, 0)):
        monkeypatch.setattr(search, "_MOST_TERMS", most)
        assert len(words(of(small(), math.inf), "cp-sat")) == written
    fewer = direct_terms(compiled(small()), most_new_machines(compiled(small()), 2 * DOLLAR))
    assert fewer < terms  # plans that cost less have fewer machines
    monkeypatch.setattr(search, "_MOST_TERMS", fewer)
    assert len(words(of(small(), 2 * DOLLAR), "cp-sat")) == 1
    monkeypatch.setattr(search, "to_standard_form", lambda *_: None)
    monkeypatch.setattr(search, "_MOST_TERMS", terms)
    assert words(of(small(), math.inf), "cp-sat") == []


def test_an_engine_is_asked_for_plans_that_cost_less_and_leave_out_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def noted(*what: Any) -> str:
        asked.append(what[1:])
        return "NAME p"

    monkeypatch.setattr(search, "to_standard_form", noted)
    document = problem("some", {"a": machine(1)}, [component("m", 5, min_copies=2)])
    words(of(document, 2 * DOLLAR, given=(1,)), "cp-sat")
    words(of(document, math.inf), "cp-sat")
    assert asked == [(2 * DOLLAR * compiled(document).tick_move - 1, (1,)), (None, ())]


def test_a_word_stands_beside_what_prices_prove_of_one_leaf() -> None:
    """The prices stay where they were; an argument of several leaves, or without a claim, is left as it is."""
    target = 4 * DOLLAR * compiled(small()).tick_move
    asked = of(small(), 4 * DOLLAR)
    found = of(small(), 3 * DOLLAR).strongest((), None, "")
    before = found.nodes[0]["use"]
    assert found.believed < target
    asked.add_word(found, "cp-sat")
    assert (found.nodes[0]["leaf"], found.nodes[0]["use"], len(found.nodes)) == ("engine", before, 1)
    assert found.believed == target
    made = {"nodes": found.nodes, "prices": found.prices, "unit": PRICE_UNIT}
    made = {**CASES["one class"].claiming(4 * DOLLAR), "problem": "small", **made}
    (proof,) = check(Problem(small()), made)
    assert (proof.weak, proof.words, proof.told) == ([], ["node 0"], 4 * DOLLAR)
    for by, nodes in (("ffd", [{"leaf": "prices", "use": []}]), ("cp-sat", [{"leaf": "prices", "use": []}] * 2)):
        found.nodes[:], found.believed = list(nodes), 0
        asked.add_word(found, by)
        assert (found.nodes, found.believed) == (nodes, 0)
    for leaf in ({"leaf": "running"}, {"leaf": "prices", "use": [], "infeasible": True}):
        found.nodes[:] = [leaf]
        asked.add_word(found, "cp-sat")
        assert found.nodes == [leaf]


def test_counting_names_the_component_or_the_pool() -> None:
    alone = problem("none", {"a": machine(1)}, [component("m", 1, accelerators=3)])
    found = of(alone, math.inf).strongest((), None, "")
    assert found.nodes == [{"leaf": "counting", "component": "m"}]
    assert (found.proven, found.believed) == (math.inf, math.inf)
    pools = [{"name": "a", "instance_type": "a", "zone": "z", "max_instances": 1}]
    kept = [{"id": name, "pool": "a", "removable": False} for name in "ij"]
    found = of(small(pools=pools, instances=kept), math.inf).strongest((), None, "")
    assert found.nodes == [{"leaf": "counting", "pool": "a"}]
    assert of(small(), 3 * DOLLAR).strongest((), None, "").nodes[0]["leaf"] == "prices"


def test_an_argument_above_a_plan_at_hand_is_a_fault_and_a_word_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    document = small()
    result = placement.solve(placement.Problem(**document), work=10, time_limit=None)
    fleet = compiled(document)
    packing = from_plan(fleet, result.plan)
    asked = ArgumentSearch(fleet, over(), 0, None, 9 * DOLLAR * fleet.tick_move)
    found = asked.strongest((), packing, "cp-sat")  # that 9 dollars are needed
    assert found.believed < 3 * DOLLAR * fleet.tick_move
    wrong = Nodes(asked.names, fleet.tick_move)
    wrong.proven = wrong.believed = 3 * DOLLAR * fleet.tick_move + 1
    monkeypatch.setattr(asked, "_attempts", lambda *_: iter([wrong]))
    with pytest.raises(SolverBugError, match="prices prove"):
        asked.strongest((), packing, "")


def test_what_runs_is_proven_by_rewards_for_copies_that_are_kept() -> None:
    """Moves are dear: three copies stay on three machines, where two machines would do."""
    running: Doc = {
        "instances": [{"id": name, "pool": "a"} for name in "ijk"],
        "placements": [{"component": "m", "instance": name, "accelerators": [0]} for name in "ijk"],
        "objective": {"move_cost": 5},
    }
    document = problem("runs", {"a": machine(1)}, [component("m", 3)], **running)
    result = placement.solve(
        placement.Problem(**document), "column-generation", work=10, time_limit=None, certificate=True
    )
    certificate = placement.certify(result, time_limit=None)
    assert certificate.claim == certificate.proven == 3 * DOLLAR
    (leaf,) = certificate.document["nodes"]
    assert leaf["leaf"] == "running"
    assert [name for name, _ in leaf["rewards"]] == ["m"]
    (proof,) = check(Problem(document), certificate.document)
    assert (proof.checked, proof.weak) == (Fraction(3 * DOLLAR), [])
    assert proof.checked != NO_PLAN
