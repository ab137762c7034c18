"""Fleets of a thousand components that are proven: nobody would see from smaller ones that they are not any more."""

from __future__ import annotations

import pytest

import placement
from placement import Problem
from placement.solving.result import Status
from tests.heuristics.fleets import suite

WORK = 60  # seconds, about


@pytest.mark.long
@pytest.mark.parametrize(("seed", "cost"), [(1, 9_285_333_186), (2, 6_725_162_348), (3, 6_484_480_630)])
def test_a_thousand_components_on_whole_machines_are_proven(seed: int, cost: int) -> None:
    """By bin packing, whose plan meets the bound, or by the tree of the pattern bound to its end."""
    result = placement.solve(Problem(**suite("exclusive", 1_000, seed)), work=WORK, threads=1)
    assert result.status is Status.OPTIMAL
    assert result.cost == cost
