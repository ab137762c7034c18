"""Paired comparison of two campaigns."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from placement.errors import UsageError
from placement_bench.compare import bound_change, compare_rows, sign_test, time_change, value_change
from tests.bench.rows import row


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_the_sign_test_counts_every_sequence_of_coins(count: int) -> None:
    """All equally likely outcomes at least as uneven, over all outcomes."""
    for heads in range(count + 1):
        uneven = abs(2 * heads - count)
        extreme = sum(abs(2 * sum(coins) - count) >= uneven for coins in product((0, 1), repeat=count))
        assert sign_test(heads, count - heads) == Fraction(extreme, 2**count)


def test_what_is_better() -> None:
    """Of values, bounds and times, with either sense, and with answers missing or faulty."""
    assert value_change(row(value=10), row(value=9)) > 0 > value_change(row(value=9), row(value=10))
    assert value_change(row(value=10, higher_is_better=True), row(value=9, higher_is_better=True)) < 0
    assert value_change(row(value=10), row(value=9, faults=("x",))) < 0
    assert value_change(row(status="crash", value=None), row(value=9)) > 0
    assert value_change(row(value=10), row(value=9, metrics={"left_out": 1})) < 0
    assert value_change(row(value=10), row(value=10 + 1e-9)) == 0
    assert bound_change(row(bound=8), row(bound=9)) > 0
    assert bound_change(row(bound=8), row()) < 0
    assert bound_change(row(higher_is_better=True, bound=12), row(higher_is_better=True, bound=11)) > 0
    assert bound_change(row(bound=8), row(bound=9, faults=("x",))) < 0
    assert time_change(row(took=1.0), row(took=0.8), 0.1) > 0
    assert time_change(row(took=1.0), row(took=0.95), 0.1) == 0
    assert time_change(row(took=1.0), row(took=0.5, status="crash"), 0.1) < 0


def test_the_table_counts_pairs() -> None:
    """Six cases: five better and one the same in value; one run without a partner is passed over."""
    before = [row(name, value=10, bound=5) for name in "abcdef"]
    after = [row(name, value=9, bound=5) for name in "abcde"] + [row("f", value=10, bound=5), row("g")]

    text = compare_rows(before, after, 0.1)

    assert "# 6 runs of both" in text
    assert "| set | s | value | 5 | 0 | 1 | 0.062 |" in text
    assert "| set | s | bound | 0 | 0 | 6 | - |" in text
    assert "1 runs of one of them only" in text


def test_seeds_and_options_are_not_mixed_up() -> None:
    """Only what was asked the same is a pair; nothing in common is an error."""
    with pytest.raises(UsageError, match="no run in common"):
        compare_rows([row(seed=1), row()], [row(seed=2), row(options={"x": "1"}), row(solver="t"), row(peer=True)], 0.1)
