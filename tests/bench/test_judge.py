"""Gaps, and claims that can't be true."""

from __future__ import annotations

import pytest

from placement_bench.cases import Answer, BestKnown, CaseSet, Check
from placement_bench.judge import judge

FEWEST = CaseSet("set", "", "", "bins", "", lambda _: iter(()))
MOST = CaseSet("set", "", "", "%", "", lambda _: iter(()), higher_is_better=True)
FINE = Check(None, (), "checker")


def answer(status: str, value: float | None, bound: float | None) -> Answer:
    return Answer(status, value, bound, {}, 1.0)


@pytest.mark.parametrize(
    ("one", "best", "given", "gap", "to_best"),
    [
        (FEWEST, BestKnown(10), answer("feasible", 12, 9), 3 / 12, 0.2),
        (FEWEST, BestKnown(10), answer("feasible", 9, 9), 0.0, -0.1),
        (FEWEST, None, answer("feasible", 9, None), None, None),
        (FEWEST, BestKnown(0), answer("feasible", 0, 0), 0.0, 0.0),
        (MOST, BestKnown(80), answer("feasible", 60, 90), 30 / 90, 0.25),
        (MOST, BestKnown(80), answer("feasible", 88, 90), 2 / 90, -0.1),
    ],
)
def test_gaps_are_relative_and_know_the_sense(
    one: CaseSet, best: BestKnown | None, given: Answer, gap: float | None, to_best: float | None
) -> None:
    """To the own bound relative to the larger, to the best known relative to that; negative is better."""
    fields = judge(one, best, given, FINE)

    assert fields["gap"] == pytest.approx(gap)
    assert fields["gap_to_best_known"] == pytest.approx(to_best)
    assert fields["faults"] == ()


@pytest.mark.parametrize(
    ("one", "best", "given", "fault"),
    [
        (FEWEST, None, answer("feasible", 10, 11), "beyond the value"),
        (MOST, None, answer("feasible", 10, 9), "beyond the value"),
        (FEWEST, None, answer("optimal", 10, 9), "called optimal"),
        (FEWEST, None, answer("optimal", 10, None), "called optimal"),
        (MOST, None, answer("optimal", 9, 10), "called optimal"),
        (FEWEST, BestKnown(10), answer("infeasible", None, None), "called infeasible"),
        (FEWEST, BestKnown(None, proven=True, infeasible=True), answer("feasible", 3, None), "proven infeasible"),
        (FEWEST, BestKnown(10, proven=True), answer("feasible", 9, None), "better than the proven optimum"),
        (MOST, BestKnown(10, proven=True), answer("feasible", 11, None), "better than the proven optimum"),
        (FEWEST, BestKnown(10, bound=8), answer("feasible", 7, None), "better than the published bound"),
        (MOST, BestKnown(10, bound=12), answer("feasible", 13, None), "better than the published bound"),
        (FEWEST, BestKnown(10), answer("feasible", 12, 11), "refuted by the best-known value"),
        (MOST, BestKnown(10), answer("feasible", 8, 9), "refuted by the best-known value"),
    ],
)
def test_a_claim_that_cannot_be_true_is_a_fault(
    one: CaseSet, best: BestKnown | None, given: Answer, fault: str
) -> None:
    """Against the answer itself and against what is published; a gap is never below 0."""
    fields = judge(one, best, given, FINE)

    assert any(fault in told for told in fields["faults"])
    assert fields["gap"] is None or fields["gap"] >= 0
    assert fault != "beyond the value" or fields["gap"] == 0


def test_the_recounted_value_is_the_one_that_stands() -> None:
    """Not the one that the answer tells of itself."""
    fields = judge(FEWEST, BestKnown(10), answer("feasible", 10, None), Check(11, ("it counts 11",), "checker"))

    assert fields["value"] == 11
    assert fields["gap_to_best_known"] == pytest.approx(0.1)
    assert fields["faults"] == ("it counts 11",)
