"""Demand fleets are what they say, and never change; llm-d's greedy is priced as it was published."""

from __future__ import annotations

import hashlib
import json

import pytest

from placement import Problem
from placement_bench.cases import Limits
from placement_bench.generators.demand_fleets import FAMILIES, fleet
from placement_bench.places import data_folder
from placement_bench.sets.demand import FOLDER, GREEDY, InfernoTask, inferno


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fleet_is_a_problem(family: str) -> None:
    """Every component has a demand and three options or more, but for models that run on fewer accelerators."""
    document = fleet(family, 40, 1)
    problem = Problem(**document)
    assert len(problem.components) == 40
    assert all(component.demand for component in problem.components)
    options = [len(component.options or ()) for component in problem.components]
    assert min(options) >= 1
    assert max(options) <= 8
    assert sum(n >= 3 for n in options) >= 36


def test_a_fleet_never_changes() -> None:
    """The same arguments, the same text; other ones, another."""
    texts = [json.dumps(fleet(family, 5, seed), sort_keys=True) for family in FAMILIES for seed in (1, 2)]
    assert len(set(texts)) == len(texts)
    assert texts == [json.dumps(fleet(family, 5, seed), sort_keys=True) for family in FAMILIES for seed in (1, 2)]
    assert hashlib.sha256(texts[0].encode()).hexdigest()[:16] == "25352620c71e4a88"


@pytest.mark.parametrize(("name", "dollars"), [("small", 258.72), ("large", 219.20), ("small-cap60", None)])
def test_the_greedy_of_llm_d(name: str, dollars: float | None) -> None:
    """On whole hosts; where it starves a service it has no answer."""
    data = data_folder()
    if not (data / FOLDER / f"{name}.json").is_file():
        pytest.skip(f"the set {FOLDER} is not here")
    (case,) = (case for case in inferno(data) if case.name == name)
    task = case.load()
    assert isinstance(task, InfernoTask)
    assert GREEDY in task.solvers()
    answer = task.run(GREEDY, Limits())
    assert answer.value == dollars
    assert task.check(answer).faults == ()
