"""Vector bin packing in 3, 5 and 10 dimensions: the three families of Mommessin, Erlebach and Shakhlevich.

A machine of the library has three resources, so cases of three dimensions are problem documents for every solver
(accelerator memory, vCPU, host memory). Cases of five and ten dimensions are for the exact core alone, with a recount
of this package; the referee reads problem documents and can say nothing of them.

.. [1] Mommessin, C., Erlebach, T., Shakhlevich, N. V. (2025). Classification and evaluation of the algorithms for
   vector bin packing. Computers & Operations Research 173, 106860. https://doi.org/10.1016/j.cor.2024.106860
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement_bench.cases import CaseSet
from placement_bench.sets.archives import archive_cases
from placement_bench.sets.formats import read_vbp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Case

FOLDER = "vbp_mommessin"

# Set, family, title, patterns of the quick cases. The table has names once in each family, so both are the key.
_FAMILIES = (
    ("vbp-panigrahy", "panigrahy", "Vector packing, Panigrahy's classes", ("class[167]_20_3_1", "class9_20_5_1")),
    ("vbp-new", "new", "Vector packing, new classes", ("class[124]_20_3_1", "class1_20_5_1")),
    ("vbp-triplet", "triplet", "Vector packing, triplets", ("classF_60_3_0", "classC_60_3_0")),
)


def _cases(name: str, family: str, data: Path) -> Iterator[Case]:
    yield from archive_cases(name, data / FOLDER / f"{family}.zip", read_vbp, "lower_bound", "vector packing recount")


SETS = tuple(
    CaseSet(
        name=name,
        title=title,
        objective="fewest bins",
        unit="bins",
        source="Mommessin, Erlebach, Shakhlevich 2025",
        cases=partial(_cases, name, family),
        quick=quick,
    )
    for name, family, title, quick in _FAMILIES
)
