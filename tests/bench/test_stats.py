"""The figures of a report, each against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from placement_bench.markdown import to_markdown
from placement_bench.stats import (
    Reference,
    Spread,
    first_time,
    references,
    spread,
    summarise,
    time_profile,
    time_to,
    value_profile,
)
from tests.bench.rows import row


def test_the_summary_of_a_solver() -> None:
    """Five runs: two proven, one of them faulty; one crashed; one optimum known and missed by a fifth."""
    rows = [
        row("a", status="optimal", value=10, bound=10, best_known=10, best_known_proven=True, took=1.0),
        row("b", status="optimal", value=10, bound=10, best_known=10, faults=("wrong",), took=1.0),
        row("c", value=12, bound=9, best_known=10, best_known_proven=True, took=4.0),
        row("d", status="crash", value=None, took=2.0, seconds=16.0, best_known=7),
        row("e", value=6, bound=3, took=1.0),
    ]

    (found,) = summarise(rows)

    assert (found.runs, found.failed, found.wrong, found.solved) == (5, 1, 1, 1)
    assert (found.published, found.matched) == (4, 1)
    assert found.gap_mean == pytest.approx(0.1)
    assert found.gap_max == pytest.approx(0.2)
    assert found.bound_gap_median == pytest.approx(0.5)  # 0, 1/4, 1/2, and two without: a crash and a fault
    assert found.seconds == pytest.approx(64 ** (1 / 5))  # 1, 1, 4, 16 (all it had), 1
    assert found.ratio == Spread(1.0, 1.0, 1.2, 1.2)
    assert found.proven_references == 2


def test_a_better_value_than_published_becomes_the_reference() -> None:
    """A faulty one does not; a proof by any sound run makes it proven."""
    rows = [
        row("a", best_known=10, value=9),
        row("a", "t", best_known=10, status="optimal", value=9, bound=9),
        row("a", "u", best_known=10, status="optimal", value=8, faults=("wrong",)),
        row("b", higher_is_better=True, best_known=10, value=11),
        row("c", best_known=10, best_known_proven=True, value=11),
    ]

    assert references(rows) == {
        ("set", "a"): Reference(9, True),
        ("set", "b"): Reference(11, False),
        ("set", "c"): Reference(10, True),
    }


def test_a_cheaper_plan_that_leaves_more_out_is_no_reference() -> None:
    """And gets no ratio: it is an answer to another question."""
    rows = [row("a", value=9, metrics={"left_out": 2}), row("a", "t", value=10, metrics={"left_out": 1})]

    assert references(rows) == references(rows[::-1]) == {("set", "a"): Reference(10, False, 1)}
    assert [one.ratio for one in summarise(rows)] == [None, Spread(1, 1, 1, 1)]


def test_ratios_are_at_least_one_whichever_way_is_better() -> None:
    """80 of 100 when more is better is a factor of 1.25."""
    (found,) = summarise([row("a", higher_is_better=True, best_known=100.0, value=80.0)])

    assert found.ratio is not None
    assert found.ratio.highest == pytest.approx(1.25)


def test_percentiles_by_nearest_rank() -> None:
    """Of ten numbers the 90th percentile is the ninth."""
    assert spread([float(n) for n in range(1, 11)]) == Spread(1, 5.5, 9, 10)


def test_times_are_read_off_the_trace() -> None:
    """To the first plan, and to a gap to the bound of the end."""
    plans = ((0.2, 200.0, 50.0, "h"), (3.0, 100.5, 99.0, "h"), (4.0, 100.05, 100.0, "h"))
    one = row(value=100.05, bound=100.0, trace=((0.1, None, 50.0, "b"), *plans))

    assert first_time(one) == 0.2
    assert time_to(one, 0.01) == 3.0
    assert time_to(one, 0.001) == 4.0
    assert time_to(row(trace=((0.2, 200.0, None, "h"),)), 0.01) is None


def test_the_performance_profile_of_times() -> None:
    """Solver s: 1 s, 4 s, unsolved; t: 2 s, 1 s, faulty. So s is best once of three, and within 4 times twice."""
    proven = {"status": "optimal", "value": 10, "bound": 10}
    rows = [
        row("a", "s", **proven, took=1.0),
        row("b", "s", **proven, took=4.0),
        row("c", "s", took=1.0),
        row("a", "t", **proven, took=2.0),
        row("b", "t", **proven, took=1.0),
        row("c", "t", **proven, took=1.0, faults=("wrong",)),
    ]

    profile = time_profile(rows)

    assert profile.factors == {"s": [1.0, 4.0], "t": [1.0, 2.0]}
    assert [profile.share("s", factor) for factor in (1, 3.9, 4)] == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert profile.share("t", math.inf) == pytest.approx(2 / 3)


def test_the_performance_profile_of_values() -> None:
    """A run without a checked value counts as never within reach."""
    rows = [row("a", "s", value=10), row("a", "t", value=15), row("b", "s", value=10), row("b", "t", faults=("x",))]

    assert value_profile(rows).factors == {"s": [1.0, 1.0], "t": [1.5]}


def test_the_report_names_what_went_wrong() -> None:
    """And does not count it."""
    text = to_markdown([row("a", status="crash", value=None, error="Trace\nit broke"), row("b", faults=("a lie",))])

    assert "- set a, s, seed 0: crash: it broke" in text
    assert "- set b, s, seed 0: feasible: a lie" in text
    refused = to_markdown([row(case, status="refused", value=None, error="too wide") for case in "abc"])
    assert "- set, s: 3 refused: too wide" in refused
    assert "FAULTS: a lie" in text


def test_a_report_shows_names_as_they_are() -> None:
    """Whatever a case, a solver or a message is called: no row is torn, no HTML, no link, no emphasis."""
    hostile = "a|b\n| forged | row |\n# head <script>x</script> [l](u) *s* `c`"
    text = to_markdown([row(hostile), row("b", status="crash", value=None, error=hostile)], every_run=True)

    assert not [line for line in text.splitlines() if line.startswith(("| forged", "# head"))]
    for raw in (" <script", " [l](", " *s*", " `c`"):
        assert raw not in text
    tables = [line for line in text.splitlines() if line.startswith("|") and "forged" in line]
    assert tables
    heads = {line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("| case ")}
    assert {line.count("|") - line.count("\\|") for line in tables} <= heads
