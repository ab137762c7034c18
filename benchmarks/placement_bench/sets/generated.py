"""The classical distributions, from our own generators: cases for whoever has no files. Named ``gen-...``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement_bench.cases import BestKnown, Case, CaseSet
from placement_bench.generators import DISTRIBUTIONS
from placement_bench.sets.packing_task import packing_task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Task
    from placement_bench.generators import Distribution, Recipe

_OBJECTIVE = {"bins": "fewest bins", "cost": "least cost of bins"}


def _cases(distribution: Distribution, data: Path) -> Iterator[Case]:
    """Nothing is drawn here, nor read: `data` is for sets that have files."""
    del data
    for recipe in distribution.recipes():
        best = recipe.optimum and BestKnown(recipe.optimum, proven=True, bound=recipe.optimum)
        parameters, at, configuration = recipe.label.partition("@")
        for index in range(distribution.count):
            name = f"{parameters}_{index:02}{at}{configuration}"
            yield Case(distribution.name, name, best or None, partial(_load, distribution, recipe, index, name))


def _load(distribution: Distribution, recipe: Recipe, index: int, name: str) -> Task:
    return packing_task(distribution.case(recipe, index), name, "recount")


def _first(distribution: Distribution) -> tuple[str, ...]:
    """Patterns of the quick cases: the first two of the first recipe, which has the fewest items."""
    parameters, at, configuration = next(distribution.recipes()).label.partition("@")
    return tuple(f"{parameters}_0{index}{at}{configuration}" for index in (0, 1))


SETS = tuple(
    CaseSet(
        name=one.name,
        title=f"{one.title}, generated",
        objective=_OBJECTIVE[one.unit],
        unit=one.unit,
        source=f"the distribution of {one.source}; our own generator",
        cases=partial(_cases, one),
        quick=_first(one),
    )
    for one in DISTRIBUTIONS
)
