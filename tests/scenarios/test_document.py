"""The document `placement-scenarios/v1`: what is refused and how it is told, and what scenarios make of a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from placement import DocumentError, Problem, ScenarioSet, UsageError, read_scenarios
from placement.scenarios.apply import scaled, scenario_problem
from placement.scenarios.document import Scenario
from placement.scenarios.terms import compile_terms, whole_weights

if TYPE_CHECKING:
    from pathlib import Path


def problem(**changed: Any) -> Problem:
    """Two types in two zones, a component by copies and one by demand."""
    shape = {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64}
    document: dict[str, Any] = {
        "accelerators": {"L40S": {"memory_gib": 48}},
        "instance_types": {"small": {**shape, "price_per_hour": 2}, "large": {**shape, "price_per_hour": 5}},
        "pools": [
            {"name": "s-a", "instance_type": "small", "zone": "za"},
            {"name": "s-b", "instance_type": "small", "zone": "zb", "price_per_hour": 3, "min_instances": 1},
            {"name": "l-a", "instance_type": "large", "zone": "za"},
        ],
        "components": [
            {"name": "chat", "copies": 10, "min_copies": 4, "accelerator_memory_gib": 20, "shared": True},
            {"name": "code", "demand": 7.5, "throughput": 2, "accelerator_memory_gib": 10, "shared": True},
        ],
    }
    return Problem(**{**document, **changed})


def scenario(**row: Any) -> Scenario:
    """One row, with the keys of the document."""
    return Scenario(**{"name": "s", "weight": 1, **row})


def one(**row: Any) -> dict[str, Any]:
    """A document of one scenario."""
    return {"scenarios": [{"name": "s", "weight": 1, **row}]}


@pytest.mark.parametrize(
    ("document", "path", "rule"),
    [
        ({"scenarios": []}, "$.scenarios", "must have at least 1 entry"),
        ({}, "$.scenarios", "is required"),
        (one(weight=0), "$.scenarios[0].weight", "must be more than 0"),
        (one(weight=-1), "$.scenarios[0].weight", "must be more than 0"),
        (one(weight=0.9), "$.scenarios", "the weights add up to 0.9, and must to 1"),
        ({**one(weight=8), "weights_total": 24}, "$.scenarios", "the weights add up to 8, and must to 24"),
        (one(wieght=1), "$.scenarios[0].wieght", 'unknown key; did you mean "weight"?'),
        (one(factor=-0.5), "$.scenarios[0].factor", "must be at least 0"),
        (one(components=[{"name": "chat"}]), "$.scenarios[0].components[0]", "give one of `copies`, `demand`"),
        (one(components=[{"name": "chat", "copies": 1, "factor": 2}]), "$.scenarios[0].components[0]", "only one"),
        (one(components=[{"name": "c", "copies": 1}] * 2), "$.scenarios[0].components[1].name", "has a row"),
        (one(waive=["avoid"]), "$.scenarios[0].waive[0]", "must be 'max_skew', 'min_zones'"),
        (
            {"scenarios": [{"name": "s", "weight": 0.5}, {"name": "s", "weight": 0.5}]},
            "$.scenarios[1].name",
            "is the name of another scenario already",
        ),
        ({**one(), "commitments": [{"name": "k", "pools": ["s-a"]}]}, "$.commitments[0]", "give either `price_per_"),
        (
            {**one(), "commitments": [{"name": "k", "pools": ["s-a"], "discount": 1.5}]},
            "$.commitments[0].discount",
            "must be at most 1",
        ),
        (
            {**one(), "commitments": [{"name": "k", "pools": ["s-a"], "discount": 0.5}] * 2},
            "$.commitments[1].name",
            "is the name of another commitment already",
        ),
        ({**one(), "moves": {"cost_per_move": 1, "order": "round"}}, "$.moves.order", "must be 'cycle' or 'sequence'"),
    ],
)
def test_faults_of_the_document_name_row_and_rule(document: dict[str, Any], path: str, rule: str) -> None:
    """By itself, before there is a problem."""
    with pytest.raises(DocumentError) as caught:
        ScenarioSet(**document)

    faults = {fault.path: str(fault) for fault in caught.value.faults}
    assert path in faults
    assert rule in faults[path]


@pytest.mark.parametrize(
    ("document", "path", "rule"),
    [
        (one(components=[{"name": "chta", "copies": 1}]), "$.scenarios[0].components[0].name", 'did you mean "chat"?'),
        (one(components=[{"name": "code", "copies": 1}]), "$.scenarios[0].components[0].copies", "has a demand"),
        (one(components=[{"name": "chat", "demand": 1}]), "$.scenarios[0].components[0].demand", "has copies"),
        (one(failed_zones=["zc"]), "$.scenarios[0].failed_zones[0]", "is no zone of a pool of the problem"),
        (one(failed_pools=["s-a", "s-c"]), "$.scenarios[0].failed_pools[1]", "is no pool of the problem"),
        (
            {**one(), "commitments": [{"name": "k", "pools": ["s-a", "nowhere"], "price_per_hour": 1}]},
            "$.commitments[0].pools[1]",
            "is no pool of the problem",
        ),
        (
            {**one(), "commitments": [{"name": "k", "pools": ["s-a", "l-a"], "price_per_hour": 1}]},
            "$.commitments[0].pools",
            "must be of one instance type, and are of large and small",
        ),
        (
            {**one(), "commitments": [{"name": "k", "pools": [], "price_per_hour": 1}]},
            "$.commitments[0].pools",
            "must name at least one pool",
        ),
        (
            {**one(), "commitments": [{"name": "k", "pools": ["s-a", "s-b"], "discount": 0.5}]},
            "$.commitments[0].discount",
            "these pools have several",
        ),
        (
            {**one(), "commitments": [{"name": k, "pools": ["s-a"], "price_per_hour": 1} for k in "jk"]},
            "$.commitments[1].pools[0]",
            "is in commitment j already",
        ),
        (
            {**one(), "commitments": [{"name": "old", "pools": ["s-a"], "price_per_hour": 1}]},
            "$.commitments[0].name",
            "is the name of a commitment of the problem",
        ),
        (
            {**one(), "commitments": [{"name": "new", "pools": ["l-a"], "price_per_hour": 1}]},
            "$.commitments[0].pools[0]",
            "is in commitment old of the problem already",
        ),
    ],
)
def test_faults_against_a_problem_name_row_and_rule(document: dict[str, Any], path: str, rule: str) -> None:
    """Names that it does not have, needs that a component can't have, pools that can't be committed."""
    owned = problem(commitments=[{"name": "old", "pools": ["l-a"], "instances": 1}])
    with pytest.raises(DocumentError) as caught:
        ScenarioSet(**document).check(owned)

    faults = {fault.path: str(fault) for fault in caught.value.faults}
    assert path in faults
    assert rule in faults[path]


@pytest.mark.parametrize("key", ["failed_zones", "failed_pools"])
def test_known_names_are_told_in_the_order_of_the_problem(key: str) -> None:
    """In the same one each time."""
    names = [f"{letter}-place" for letter in "hgfedcba"]
    pools = [{"name": name, "instance_type": "small", "zone": name} for name in names]
    with pytest.raises(DocumentError, match="known: " + ", ".join(names)):
        ScenarioSet(**one(**{key: ["zzzz"]})).check(problem(pools=pools))


def test_what_a_scenario_makes_of_a_problem() -> None:
    """Factors round copies up by what was written, rows stand before factors, what has failed has no machines."""
    row = scenario(
        factor=1.1,
        components=[{"name": "code", "factor": 0}],
        failed_zones=["zb"],
        failed_pools=["l-a"],
    )
    made = scenario_problem(problem(instances=[{"id": "i", "pool": "s-a"}]), row)

    chat, code = made.components
    assert (chat.copies, chat.min_copies) == (11, 5)  # 4.4 is rounded up too
    assert (code.copies, code.demand) == (0, None)
    assert [(pool.max_instances, pool.min_instances) for pool in made.pools] == [(None, 0), (0, 0), (0, 0)]
    assert not made.instances
    assert scaled(problem().components[1], 1.3).demand == 9.75
    many = problem().components[0].model_copy(update={"copies": 100})
    assert scaled(many, 1.1).copies == 110  # in binary 1.1 times 100 is a hair more
    assert scenario_problem(problem(), scenario()).components == problem().components
    few = scenario(components=[{"name": "chat", "copies": 2}])
    assert scenario_problem(problem(), few).components[0].min_copies == 2


def test_waived_rules_are_gone_and_others_stay() -> None:
    """In the scenario alone."""
    spread = {"min_zones": 2, "max_skew": 1}
    rows = [{"name": "chat", "copies": 4, "accelerator_memory_gib": 9, "shared": True, "spread": spread}]
    rows[0] |= {"min_available_on_zone_loss": 1, "min_available_on_pool_loss": 1}
    row = scenario(waive=["min_zones", "min_available_on_zone_loss"])
    (made,) = scenario_problem(problem(components=rows), row).components

    assert (made.spread.min_zones, made.spread.max_skew) == (None, 1)
    assert (made.min_available_on_zone_loss, made.min_available_on_pool_loss) == (0, 1)


def test_a_scenario_that_is_no_problem_is_named() -> None:
    """More copies than any document may have."""
    with pytest.raises(UsageError, match=r"scenario s is no problem: \$\.components\[0\]\.copies"):
        scenario_problem(problem(), scenario(factor=1e9))


def test_weights_and_terms_as_integers() -> None:
    """Thirds of six digits are thirds; a discount is of the pools' price; the dearest pools are counted first."""
    rows = [{"name": str(k), "weight": 0.333333} for k in range(3)]
    assert whole_weights(ScenarioSet(scenarios=rows)) == (1, 1, 1)
    hours = [{"name": "a", "weight": 22}, {"name": "b", "weight": 2}]
    assert whole_weights(ScenarioSet(weights_total=24, scenarios=hours)) == (11, 1)
    odd = [{"name": "a", "weight": 0.123457}, {"name": "b", "weight": 0.876543}]
    assert whole_weights(ScenarioSet(scenarios=odd)) == (123457, 876543)
    document = ScenarioSet(
        **one(),
        commitments=[
            {"name": "d", "pools": ["l-a"], "discount": 0.35},
            {"name": "p", "pools": ["s-a", "s-b"], "price_per_hour": 1.25, "max_instances": 2},
        ],
    )
    dear, cheap = compile_terms(problem(), document)
    prices = (2_000_000, 3_000_000, 5_000_000)
    assert (dear.price, dear.prices, dear.most) == (3_250_000, prices, None)
    assert (cheap.price, cheap.pools, cheap.prices, cheap.most) == (1_250_000, (1, 0), prices, 2)
    assert cheap.pays([5, 1, 0], 3) == 3_000_000 + 2 * 2_000_000


def test_files_are_read_with_their_format(tmp_path: Path) -> None:
    """Another format, or none, is told; the file's name stands before each fault."""
    path = tmp_path / "day.yaml"
    path.write_text("scenarios: [{name: s, weight: 1}]\n")
    with pytest.raises(DocumentError, match=r'\$\.format: is required; write "format: placement-scenarios/v1"'):
        read_scenarios(path)
    path.write_text("format: placement-scenarios/v1\nscenarios: [{name: s, weight: 0}]\n")
    with pytest.raises(DocumentError, match=r"day\.yaml at \$\.scenarios\[0\]\.weight: must be more than 0"):
        read_scenarios(path)
    path.write_text("format: placement-scenarios/v1\nscenarios: [{name: s, weight: 1.0}]\n")
    assert ScenarioSet(**read_scenarios(path).to_document()) == read_scenarios(path)
