"""The tables of the fuzzer fit the package: names that exist, options that are all tried, problems that are valid."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from placement import SOLVERS, Problem
from placement.parameters import PARAMETERS
from tests import brute
from tests.fuzz import patching
from tests.fuzz.examine import choose
from tests.fuzz.families import FAMILIES, Draw, problem_of
from tests.fuzz.paths import ANY_PRICES, HEADROOM, OPTION_VALUES, PATHS, SCENARIOS


def test_what_a_path_lowers_and_enters_exists() -> None:
    """A threshold that is renamed would be lowered in vain, and a function never entered."""
    for path in PATHS:
        assert [place for place in path.values if not patching.homes(place)] == [], path.name
        for place in path.reaches:
            patching.watch(place)
        assert path.solver in ("bound", SCENARIOS, HEADROOM, ANY_PRICES, *SOLVERS), path.name


def test_every_option_of_every_solver_is_tried() -> None:
    """A new option is missing here until it has values."""
    known = {name: {f.name for f in dataclasses.fields(solver.default_options())} for name, solver in SOLVERS.items()}
    assert {name: set(values) for name, values in OPTION_VALUES.items()} == known


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_draws_problems(family: str) -> None:
    """Valid ones, most of them small enough to enumerate (but for the family that is not to be), and different."""
    docs = [problem_of(3, index, family)[1] for index in range(40)]
    for doc in docs:
        Problem(**doc)
    assert len({repr(doc) for doc in docs}) > 30
    small = sum(brute.size(doc) < 60_000 for doc in docs)
    assert small > (0 if family == "fleets" else 15)


def test_a_problem_is_the_same_alone() -> None:
    """Whatever was drawn before it."""
    assert [problem_of(9, k) for k in range(20)] == [problem_of(9, k) for k in reversed(range(20))][::-1]


def test_each_path_is_drawn() -> None:
    """In some family, and as often as its weight says."""
    drawn = Counter(
        path.name
        for family in FAMILIES
        for k in range(150)
        for path in choose(Draw(f"{family}{k}"), family, {"components": []}, enumerated=k % 5 > 0)
    )
    rare = {path.name for path in PATHS if path.weight < 1}
    assert {path.name for path in PATHS} - drawn.keys() <= rare


def test_lowered_thresholds_come_back() -> None:
    """In every module that imported the name; parameters in their group."""
    from placement.solvers import portfolio
    from placement.solving import schedule

    pack, before = PARAMETERS.column_generation.pack, schedule.TURNS
    with patching.lowered({"parameters:column_generation.pack.dive_from": 1, "placement.solving.schedule:TURNS": {}}):
        assert pack.dive_from == 1
        assert (schedule.TURNS, vars(portfolio)["TURNS"]) == ({}, {})
    assert pack.dive_from == 50
    assert schedule.TURNS is vars(portfolio)["TURNS"] is before


def test_a_name_that_is_gone_is_told() -> None:
    """With its module."""
    with pytest.raises(LookupError, match=r"no GONE in placement\.solvers\.portfolio"):
        patching.homes("placement.solvers.portfolio:GONE")
    with pytest.raises(LookupError, match=r"no parameters:patterns\.grid\.gone"):
        patching.homes("parameters:patterns.grid.gone")
