"""Rules over the whole plan in words: what is used, what binds, what one unit more is worth."""

from __future__ import annotations

from typing import Any

import pytest

import placement
from placement.report.facts import gather
from placement.report.group_words import committed_lines, limit_lines, loss_lines, one_more_lines
from placement.report.page.groups import groups
from placement.report.page.page import render
from placement.report.tables import Report
from tests.report.plans import looked_at, named, planned, solved
from tests.report.test_tables import shown


def with_rules(**keys: Any) -> placement.Problem:
    """Three copies on two machines of one pool at 2.24 dollars, with rules over the whole plan."""
    document = named("chat").to_document()
    document["components"][0]["min_available_on_instance_loss"] = 1
    return placement.Problem(**document | keys)


def reserved(instances: int) -> placement.Problem:
    return with_rules(commitments=[{"name": "block", "pools": ["pool a"], "instances": instances}])


@pytest.mark.parametrize(
    ("instances", "line"),
    [
        (0, "block: 0 of 0 machines used"),
        (1, "block: 1 of 1 machine used; at list prices the same machines would cost $2.24 an hour more"),
        (3, "block: 2 of 3 machines used, 1 idle; at list prices the same machines would cost $4.48 an hour more"),
    ],
)
def test_what_is_committed(instances: int, line: str) -> None:
    """Used, idle, and the list price of what is used; nothing is said of a commitment of nothing."""
    problem = reserved(instances)
    assert [str(row) for row in committed_lines(gather(problem, planned(problem)))] == [line]


def test_limits_and_losses() -> None:
    """How much of how much, as a part too; a limit binds where no machine more is within it."""
    limits = [{"name": "team", "pools": ["pool a"], "max_instances": 2, "max_price_per_hour": 8.96}]
    problem = with_rules(limits=limits)
    facts = gather(problem, planned(problem))

    tight, loose = limit_lines(facts)
    assert str(tight) == "team: max_instances 2 of 2; no machine more is within it"
    assert (str(loose), loose.part, loose.binds) == ("team: max_price_per_hour $4.48 of $8.96", 0.5, False)
    (loss,) = loss_lines(facts)
    assert str(loss) == "chat without a machine of pool a: 1 of 3 copies left; 1 must be left"
    assert loss.binds


@pytest.mark.parametrize(
    "said",
    [None, 7, [], {"limits": 3}, {"limits": [None]}, {"limits": [{"name": "l", "of": "x", "dollars_per_hour": 1}]},
     {"limits": [{"name": 1, "of": "max_vcpus", "dollars_per_hour": 1}]},
     *({"limits": [{"name": "l", "of": "max_vcpus", "dollars_per_hour": x}]} for x in (True, "1", -1, float("inf")))],
)  # fmt: skip
def test_what_a_stranger_says_of_one_unit_more_is_read_with_care(said: Any) -> None:
    """What makes no sense is passed over."""
    plan = planned(named("chat")).model_copy(update={"marginal": said})
    assert list(one_more_lines(plan)) == []


def test_one_unit_more_is_told_on_the_terminal_and_the_page() -> None:
    """In the order of commitments and limits, with what that figure is."""
    limits = [{"name": "near", "pools": ["pool a"], "max_price_per_hour": 4.48}]
    problem = with_rules(limits=limits)
    row = {"name": "near", "of": "max_price_per_hour", "dollars_per_hour": 1.25}
    plan = planned(problem, marginal={"meaning": "a guide", "limits": [row]})
    line = "one dollar an hour more is worth about $1.25 an hour"

    assert [str(told) for told in one_more_lines(plan)] == [f"near: {line}"]
    page = render(problem, plan)
    assert line in page
    assert "one whole unit may save more or less" in page

    document = problem.to_document()
    document["pools"].append({"name": "far", "instance_type": "small", "zone": "a", "price_per_hour": 9})
    document["components"][0] |= {"copies": 4, "min_available_on_instance_loss": 0}
    document["limits"] = [{"name": "near", "pools": ["pool a"], "max_price_per_hour": 4}]
    problem = placement.Problem(**document)
    said = " ".join(shown(Report(problem, placement.solve(problem, time_limit=None, work=10))).split())
    assert "one more near: one dollar an hour more is worth about $" in said
    assert "one whole unit may save more or less" in said


def test_the_page_has_a_section_where_there_are_such_rules() -> None:
    """Bars of what is used and of what is left, with the words of the terminal; other problems have no such section."""
    problem, plan = solved("reserved-p5")
    given = groups(looked_at(problem, plan))
    assert given is not None
    facts = gather(problem, plan)
    lines = [*committed_lines(facts), *limit_lines(facts)]
    assert [(bar.name, bar.figure, bar.note) for kind in given["kinds"] for bar in kind.bars] == [
        (line.name, line.figure, line.note) for line in lines
    ]
    page = render(problem, plan)
    assert 'id="groups"' in page
    assert all(line.figure in page and line.note in page for line in lines)

    problem, plan = solved("spot-survives")
    given = groups(looked_at(problem, plan))
    assert given is not None
    (kind,) = given["kinds"]
    lines = list(loss_lines(gather(problem, plan)))
    assert [(bar.look == "open", bar.width) for bar in kind.bars] == [
        (line.binds, round(100 * line.part, 3)) for line in lines
    ]
    assert given["binds"]

    assert groups(looked_at(named("chat"), planned(named("chat")))) is None
