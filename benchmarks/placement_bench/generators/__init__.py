"""Generators of the classical distributions of bin packing, so that nobody needs a file to have the same kind of cases.

Parameters are those of the papers and of measurements on published files. The cases are not the published ones: only
their distribution is. What could not be found out is chosen here, and said at the generator. Each case is drawn from a
stream seeded by its distribution, parameters and index (`placement_bench.draws`), so it never changes.
"""

from __future__ import annotations

from placement_bench.generators import one_dimensional, variable, vectors
from placement_bench.generators.recipe import Distribution, Recipe

__all__ = ["DISTRIBUTIONS", "Distribution", "Recipe"]

DISTRIBUTIONS = (*one_dimensional.DISTRIBUTIONS, *vectors.DISTRIBUTIONS, *variable.DISTRIBUTIONS)
