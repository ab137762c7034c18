"""A classical set as a list of recipes, each a choice of parameters with so many cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement_bench.draws import Draws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement_bench.sets.native import BinPacking


@dataclass(frozen=True, slots=True)
class Recipe:
    """Cases of one choice of parameters.

    Attributes
    ----------
    label : the parameters, as in a case's name. What stands behind an ``@`` does not seed the stream: cases that differ
        in it alone have the same items.
    optimum : where it is known by construction.
    """

    label: str
    make: Callable[[Draws], BinPacking]
    optimum: int | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """A classical set: its recipes, and how many cases each has.

    `unit` is what a value counts, ``bins`` or ``cost``.
    """

    name: str
    title: str
    source: str
    recipes: Callable[[], Iterator[Recipe]]
    count: int
    unit: str = "bins"

    def case(self, recipe: Recipe, index: int) -> BinPacking:
        """Case `index`, from 0, of a recipe of this distribution."""
        seed = recipe.label.partition("@")[0]
        return recipe.make(Draws(f"{self.name}/{seed}/{index}"))
