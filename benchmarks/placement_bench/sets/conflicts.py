"""Variable-sized bins with conflicts: Ekici's cases, each with the bin configurations of its set.

A conflict is an `avoid` between two components. Items that conflict are separate components; equal items with the same
conflicts are copies of one, since copies of a component never conflict. The files have no bin types: a case is a file
and a configuration, and its name is both, as in ``HS_Random_1_0_1@7types_linear``.

.. [1] Ekici, A. (2023). A large neighborhood search algorithm and lower bounds for the variable-sized bin packing
   problem with conflicts. European Journal of Operational Research 308(3), 1007-1020.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from placement_bench.cases import Case, CaseSet
from placement_bench.sets.archives import best_known, best_known_rows, members, read_member, stem
from placement_bench.sets.formats import read_vsbppc
from placement_bench.sets.native import BinType
from placement_bench.sets.packing_task import packing_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from placement_bench.cases import Task

FOLDER = "vsbppc_ekici"


def linear(capacity: int) -> int:
    """The capacity itself."""
    return capacity


def convex(capacity: int) -> int:
    """``ceil(0.1 * capacity ** 1.5)``, in whole numbers: the least c with ``(10 c)^2 >= capacity^3``."""
    return _ceil_div(_ceil_sqrt(capacity**3), 10)


def concave(capacity: int) -> int:
    """``ceil(10 * sqrt(capacity))``, in whole numbers."""
    return _ceil_sqrt(100 * capacity)


def _ceil_sqrt(square: int) -> int:
    root = math.isqrt(square)
    return root if root * root == square else root + 1


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def bin_types(capacities: tuple[int, ...], cost: Callable[[int], int]) -> tuple[BinType, ...]:
    """Bins without limit on their number."""
    return tuple(BinType((capacity,), cost(capacity)) for capacity in capacities)


THREE, FIVE, SEVEN = (100, 120, 150), (60, 80, 100, 120, 150), (70, 100, 130, 160, 190, 220, 250)

# By the name in the table of best-known values. It begins with the set, which a case's name leaves out.
CONFIGURATIONS = {
    "set1_3types_linear": bin_types(THREE, linear),
    "set1_5types_linear": bin_types(FIVE, linear),
    "set2_7types_linear": bin_types(SEVEN, linear),
    "set2_7types_convex": bin_types(SEVEN, convex),
    "set2_7types_concave": bin_types(SEVEN, concave),
}

# Set, family, title, patterns of the quick cases.
_FAMILIES = (
    ("ekici-1-100", "set1_n100", "Conflicts, 3 or 5 bin types, 100 items", ("Correia_Random_1_1_[05]_1@3types*",)),
    ("ekici-1-200", "set1_n200", "Conflicts, 3 or 5 bin types, 200 items", ("Correia_Random_2_1_[05]_1@3types*",)),
    ("ekici-2-100", "set2_n100", "Conflicts, 7 bin types, three cost functions", ("HS_Random_1_5_[12]@*",)),
)


def _cases(name: str, family: str, data: Path) -> Iterator[Case]:
    archive = data / FOLDER / f"{family}.zip"
    known = {
        (row["instance"], row["bin_config"]): best_known(row, "weight_lower_bound")
        for row in best_known_rows(archive.parent, family)
    }
    series = family.partition("_")[0]
    for member in members(archive):
        for configuration in (key for key in CONFIGURATIONS if key.startswith(f"{series}_")):
            case = f"{stem(member)}@{configuration.removeprefix(f'{series}_')}"
            best = known.get((stem(member), configuration))
            yield Case(name, case, best, partial(_load, archive, member, configuration, case))


def _load(archive: Path, member: str, configuration: str, case: str) -> Task:
    packing = read_vsbppc(read_member(archive, member), case, CONFIGURATIONS[configuration])
    return packing_task(packing, case, "VSBPPC recount")


SETS = tuple(
    CaseSet(
        name=name,
        title=title,
        objective="least cost of bins",
        unit="cost",
        source="Ekici 2022, 2023",
        cases=partial(_cases, name, family),
        quick=quick,
    )
    for name, family, title, quick in _FAMILIES
)
