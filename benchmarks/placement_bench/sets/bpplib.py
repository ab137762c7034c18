"""BPPLIB: one-dimensional bin packing, every family of the library.

A bin is a machine with one accelerator of the bin's capacity in MiB, at one dollar; see `placement_bench.sets.mapping`.

.. [1] Delorme, M., Iori, M., Martello, S. (2018). BPPLIB: a library for bin packing and cutting stock problems.
   Optimization Letters 12(2), 235-250. https://doi.org/10.1007/s11590-017-1192-z
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement_bench.cases import CaseSet
from placement_bench.sets.archives import archive_cases
from placement_bench.sets.formats import read_bpp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Case

FOLDER = "bpplib"

# Set, family (its archive), title, paper, patterns of the quick cases.
_FAMILIES = (
    ("falkenauer-u", "falkenauer_u", "Falkenauer, uniform sizes", "Falkenauer 1996", ("Falkenauer_u120_0[0-3]",)),
    ("falkenauer-t", "falkenauer_t", "Falkenauer, triplets", "Falkenauer 1996", ("Falkenauer_t60_0[0-3]",)),
    ("scholl-1", "scholl_1", "Scholl 1, small capacities", "Scholl, Klein, Juergens 1997", ("N1C?W1_A", "N2C1W2_A")),
    ("scholl-2", "scholl_2", "Scholl 2, capacity 1000", "Scholl, Klein, Juergens 1997", ("N1W[12]B1R0", "N2W1B2R0")),
    ("scholl-3", "scholl_3", "Scholl 3, large capacity", "Scholl, Klein, Juergens 1997", ("HARD[0-2]",)),
    ("waescher", "waescher", "Waescher, hard cutting stock cases", "Waescher, Gau 1996", ("*TEST0005", "*TEST0014")),
    ("schwerin-1", "schwerin_1", "Schwerin 1, 100 items", "Schwerin, Waescher 1997", ("Schwerin1_BPP1", "*_BPP10")),
    ("schwerin-2", "schwerin_2", "Schwerin 2, 120 items", "Schwerin, Waescher 1997", ("Schwerin2_BPP1", "*_BPP10")),
    ("hard28", "hard28", "Hard28, no round-up or hard to prove", "Schoenfield 2002", ("*BPP119", "*BPP144")),
    (
        "randomly-generated",
        "randomly_generated",
        "Random sizes, 50 to 1000 items",
        "Delorme, Iori, Martello 2016",
        ("BPP_50_100_0.1_0.7_1", "BPP_100_150_0.2_0.8_1"),
    ),
    ("ai", "ai", "Augmented, integer round-up", "Delorme, Iori, Martello 2016", ("201_2500_DI_0",)),
    ("ani", "ani", "Augmented, no integer round-up", "Delorme, Iori, Martello 2016", ("201_2500_NR_0",)),
    ("gi", "gi", "Many large distinct sizes", "Gschwind, Irnich 2016", ("csAA125_1",)),
)


def _cases(name: str, family: str, data: Path) -> Iterator[Case]:
    archive = data / FOLDER / f"{family}.zip"
    yield from archive_cases(name, archive, read_bpp, "lower_bound_listed", "BPPLIB recount")


SETS = tuple(
    CaseSet(
        name=name,
        title=title,
        objective="fewest bins",
        unit="bins",
        source=f"{paper}; BPPLIB (Delorme, Iori, Martello 2018)",
        cases=partial(_cases, name, family),
        quick=quick,
    )
    for name, family, title, paper, quick in _FAMILIES
)
