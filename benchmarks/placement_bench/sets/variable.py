"""Variable-sized bins with costs and availabilities: the classical families, in the files of Delorme and Martinovic.

A bin type is a pool whose quota is the number available and whose price is the cost. Best-known values are not the
collection's, which has none: they were computed for the published folder, as its SOURCE.md tells. One case, belov-4
number 22, is infeasible. `random-x1` has no best-known values; of its 3456 cases here at least 492 are infeasible, as
they have more items above some size than bins that hold one.

.. [1] Delorme, M., Martinovic, J. Extending the reflect flow formulation to variable-sized one-dimensional cutting
   and skiving stock problems.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement_bench.cases import CaseSet
from placement_bench.sets.archives import archive_cases
from placement_bench.sets.formats import read_vsbpp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Case

FOLDER = "vsbpp_classic"
_CRAINIC = "Monaci 2002; Crainic, Perboli, Rei, Tadei 2011"
_HEMMELMAYR = "Haouari, Serairi 2009; Hemmelmayr, Schmid, Blum 2012"
_BELOV = "Belov, Scheithauer 2002, 2006"

# Set, family, title, paper, patterns of the quick cases.
_FAMILIES = (
    ("crainic-1", "crainic1", "Monaci's variable-sized bins", _CRAINIC, ("Crainic1_1_[AB]_0_0",)),
    ("crainic-2", "crainic2", "Bins of concave cost, availability binds", _CRAINIC, ("Crainic2_100_*_1",)),
    (
        "crainic-3",
        "crainic3",
        "Three sizes of bins, three structures of costs",
        "Correia, Gouveia, Saldanha-da-Gama 2008; Crainic, Perboli, Rei, Tadei 2011",
        ("Crainic3_100_[012]_0_001",),
    ),
    ("hemmelmayr-1", "hemmelmayr1", "Linear, concave and convex costs", _HEMMELMAYR, ("Hemmelmayr1_100_7_[123]_1",)),
    ("hemmelmayr-2", "hemmelmayr2", "Three sizes, linear cost", _HEMMELMAYR, ("Hemmelmayr2_25_3_1_[12]",)),
    ("belov-1", "belov1", "Cutting stock, 2 stock lengths", _BELOV, ("Belov1_1",)),
    ("belov-2", "belov2", "Cutting stock, 4 stock lengths", _BELOV, ("Belov2_1",)),
    ("belov-3", "belov3", "Cutting stock, 7 stock lengths", _BELOV, ("Belov3_1",)),
    ("belov-4", "belov4", "Cutting stock, 10 stock lengths", _BELOV, ("Belov4_22",)),
    (
        "random-x1",
        "random_x1",
        "Many bin types, few of each",
        "Delorme, Martinovic",
        ("random10_100_0_0_0", "random10_60_0_2_0"),
    ),
)


def _cases(name: str, family: str, data: Path) -> Iterator[Case]:
    yield from archive_cases(name, data / FOLDER / f"{family}.zip", read_vsbpp, "lower_bound", "VSBPP recount")


SETS = tuple(
    CaseSet(
        name=name,
        title=title,
        objective="least cost of bins",
        unit="cost",
        source=f"{paper}; files of Delorme, Martinovic",
        cases=partial(_cases, name, family),
        quick=quick,
    )
    for name, family, title, paper, quick in _FAMILIES
)
