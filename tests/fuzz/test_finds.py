"""The fuzzer finds what is planted, cuts it down, and writes it as a test; and finds nothing where there is nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from placement.errors import DocumentError
from tests.fuzz import planted
from tests.fuzz.campaign import Campaign, Plan
from tests.fuzz.examine import examine, faults_of, key_of
from tests.fuzz.families import problem_of
from tests.fuzz.shrinking import shrink
from tests.fuzz.writing import report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reading import Doc

SECTIONS = ("pools", "components", "instances", "placements")
OF_RULES = [  # the problem to begin with, a bug, the key of the rule, a path that shows it, and how
    (0, planted.limit_counts_one_too_many, "limits", "cp-sat-blind", "called infeasible"),
    (0, planted.limit_allows_one_less, "limits", "bound", "called infeasible"),
    (20, planted.commitment_lacks_a_machine, "commitments", "bound", "bound too high"),
    (90, planted.free_machines_cost, "commitments", "cg", "raised SolverBugError: cliques said"),
    (20, planted.pool_loss_leaves_one_less, "pool_loss", "cp-sat", "raised SolverBugError: cp-sat calls infeasible"),
    (50, planted.instance_loss_forgotten, "instance_loss", "cg", "raised SolverBugError: ffd found a plan that breaks"),
    (20, planted.instance_loss_leaves_one_less, "instance_loss", "bound", "called infeasible"),
    (30, planted.move_not_counted, "max_moves", "cp-sat-blind", "raised SolverBugError: cp-sat found a plan that"),
    (0, planted.move_counted_that_is_none, "max_moves", "cp-sat-blind", "called infeasible"),
]


def rows(doc: Doc) -> int:
    """Rows of all lists of a problem."""
    return sum(len(doc.get(section, ())) for section in SECTIONS)


@pytest.mark.parametrize(
    ("plant", "family", "path", "rule", "most"),
    [
        (planted.bound_too_high, "prices", "bound", "bound too high", 3),
        (planted.rule_dropped, "caps", "ffd", "raised SolverBugError", 4),
        (planted.proof_lies, "zones", "cp-sat", "called infeasible", 6),
    ],
    ids=["a bound one too high", "a rule dropped", "a proof that lies"],
)
def test_a_planted_bug_is_found_and_cut_down(
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[..., None],
    family: str,
    path: str,
    rule: str,
    most: int,
) -> None:
    """Within a hundred problems of a family, to a few rows; without the bug those rows are as they should be."""
    with monkeypatch.context() as patched:
        plant(patched.setattr)
        index = next(
            k for k in range(100) if any(fault.rule.startswith(rule) for _, fault in examine(4, k, family, path).faults)
        )
        key = key_of(4, index, path)

        def fails(doc: Doc) -> bool:
            try:
                return any(fault.rule.startswith(rule) for fault in faults_of(path, doc, key))
            except DocumentError:
                return False

        small = shrink(problem_of(4, index, family)[1], fails, seconds=60)
        assert fails(small)
        assert rows(small) <= most, small
    assert faults_of(path, small, key) == []


@pytest.mark.parametrize(("begin", "plant", "key", "path", "rule"), OF_RULES, ids=[row[1].__name__ for row in OF_RULES])
def test_a_planted_bug_in_rules_of_the_whole_plan_is_found(
    monkeypatch: pytest.MonkeyPatch, begin: int, plant: Callable[..., None], key: str, path: str, rule: str
) -> None:
    """Within a hundred problems, of which those without the rule are passed over; nothing is found without the bug.

    The search begins a few problems before the one that shows it: those before took seconds, and showed nothing.
    """

    def shows(k: int) -> bool:
        if key not in str(problem_of(4, k, "rules")[1]):
            return False
        return any(fault.rule.startswith(rule) for _, fault in examine(4, k, "rules", path).faults)

    with monkeypatch.context() as patched:
        plant(patched.setattr)
        index = next(k for k in range(begin, 100) if shows(k))
    assert examine(4, index, "rules", path).faults == []


def test_a_lie_about_scenarios_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that knows of no commitment: found within forty problems, and nothing is found without the bug."""
    path = "scenarios-short"

    def lies(k: int) -> bool:
        return any(fault.rule.endswith("bound too high") for _, fault in examine(4, k, "caps", path).faults)

    with monkeypatch.context() as patched:
        planted.commits_nothing(patched.setattr)
        index = next(k for k in range(40) if lies(k))
    record = examine(4, index, "caps", path)
    assert [taken.status for taken in record.taken] == ["optimal"]
    assert record.faults == []


def test_prices_that_prove_too_much_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checker that looks at too few pools: where nearly all is alike, a few problems before the one that shows it."""
    path, rule = "any-prices", "an inequality of the checker breaks a plan"
    with monkeypatch.context() as patched:
        planted.pools_held_apart(patched.setattr)
        index = next(
            k for k in range(18, 40) if any(fault.rule == rule for _, fault in examine(4, k, "same", path).faults)
        )
    assert examine(4, index, "same", path).faults == []


@pytest.mark.slow
def test_a_campaign_writes_a_test_that_fails_until_the_bug_is_mended(tmp_path: Path) -> None:
    """With the problem beside it; its index shows the same again."""
    plan = Plan(4, problems=20, family="prices", path="bound", jobs=1, out=tmp_path)
    plan = Plan(**{**vars(plan), "plant": "tests.fuzz.planted:bound_too_high", "shrink_seconds": 20.0})
    campaign = Campaign(plan)
    found = campaign.run()
    assert {one.fault.rule for one in found} == {"bound too high"}
    written = [one for one in found if one.document is not None]
    assert written
    (test,) = list(tmp_path.glob(f"test_*_{written[0].index}.py"))
    scope: dict[str, object] = {}
    exec(compile(test.read_text(), str(test), "exec"), scope)
    (name,) = [name for name in scope if name.startswith("test_")]
    scope[name]()  # type: ignore[operator]  # here the bug is not planted
    assert json.loads((tmp_path / f"{test.stem[5:]}.json").read_text()) == scope["DOCUMENT"]
    assert any("bound: bound too high" in line for line in report(campaign.tally, found))


@pytest.mark.slow
@pytest.mark.parametrize(("plant", "said"), [("hangs", "hangs"), ("spins", "hangs"), ("dies", "crashed")])
def test_a_hang_and_a_crash_are_faults_and_the_campaign_goes_on(tmp_path: Path, plant: str, said: str) -> None:
    """With a new worker; what is left of the document is the component that does it."""
    plan = Plan(
        8,
        problems=6,
        family="avoid",
        path="ffd",
        jobs=1,
        out=tmp_path,
        plant=f"tests.fuzz.planted:{plant}",
        hang=2.0,
        shrink_seconds=2.0,
    )
    campaign = Campaign(plan)
    found = campaign.run()
    assert found
    assert all(one.fault.rule.startswith(said) for one in found)
    assert sum(campaign.tally.problems.values()) == 6
    documents = [one.document for one in found if one.document is not None]
    assert all(any(component.get("dedicated") for component in doc["components"]) for doc in documents)


@pytest.mark.slow
def test_nothing_is_found_where_nothing_is_planted(tmp_path: Path) -> None:
    """Forty problems on the cheap paths."""
    campaign = Campaign(Plan(5, problems=40, family="tight", path="cp-sat", jobs=1, out=tmp_path))
    assert campaign.run() == []
    assert campaign.tally.runs["cp-sat"] == 40
    assert not list(tmp_path.iterdir())
