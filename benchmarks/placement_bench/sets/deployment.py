"""Deployment problems of other solvers' own studies, which the published folder holds as problem documents.

- ``sage-deployment``: the cheapest virtual machines for applications made of components that conflict, of which some
  stand on every machine, and whose counts depend on each other [1]_. Every optimum is proven.
- ``optaplanner-cloudbalance``: processes on computers of many kinds, few of each [2]_. The best values known are those
  of Timefold in two minutes; where they equal the published lower bound they are proven.

A case is a file ``<application>-<offers>.json.gz`` or ``<name>.json``, and a row of ``answers.csv``. The folder may
hold fewer cases than its table.

.. [1] Eraşcu, M., Micota, F., Zaharie, D. (2021). Scalable optimal deployment in the cloud of component-based
   applications using optimization modulo theory, mathematical programming and symmetry breaking. Journal of Logical
   and Algebraic Methods in Programming 121. https://doi.org/10.1016/j.jlamp.2021.100664
.. [2] OptaPlanner, example "cloud balancing", apache/incubator-kie-optaplanner, data/cloudbalancing/unsolved.
"""

from __future__ import annotations

import csv
import gzip
import json
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement_bench.cases import BestKnown, Case, CaseSet
from placement_bench.tasks import ProblemTask, Scale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.cases import Document

    Row = dict[str, str]

SAGE, CLOUD = "sage-deployment", "optaplanner-cloudbalance"
_SCALES = {
    SAGE: Scale(Fraction(1000), whole=True),  # prices are whole thousandths of a dollar
    CLOUD: Scale(whole=True),
}


def sage_cases(data: Path) -> Iterator[Case]:
    """An application and a number of offers each, in the order of the table."""
    for row in _answers(data / SAGE):
        path = data / SAGE / f"{row['app'].lower()}-{row['offers']}.json.gz"
        optimum = int(row["optimum_millis"])
        yield from _case(SAGE, path, BestKnown(optimum, proven=True, bound=optimum))


def cloud_cases(data: Path) -> Iterator[Case]:
    """The published data sets, smallest first as in the table."""
    for row in _answers(data / CLOUD):
        value, bound = int(row["timefold_120s"]), int(float(row["bound_aggregated"]))
        best = BestKnown(value, proven=value == bound, bound=bound)
        yield from _case(CLOUD, data / CLOUD / f"{row['case']}.json", best)


def read_document(path: Path) -> Document:
    """The problem of a file, packed or plain.

    Raises
    ------
    UsageError
        It is no such file.
    """
    try:
        content = path.read_bytes()
        document: Document = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    except (OSError, EOFError, ValueError) as error:
        raise UsageError(f"{path}: can't be read as a problem document: {error}") from None
    return document


def _case(name: str, path: Path, best: BestKnown) -> Iterator[Case]:
    if path.is_file():  # the table names more than the folder has to hold
        yield Case(name, path.name.removesuffix(".gz").removesuffix(".json"), best, partial(_load, name, path))


def _load(name: str, path: Path) -> ProblemTask:
    return ProblemTask(read_document(path), _SCALES[name])


def _answers(folder: Path) -> Iterator[Row]:
    table = folder / "answers.csv"
    if not table.is_file():
        raise UsageError(
            f"there is no {table}; --data names a folder laid out as the published sets, "
            f"and the set {folder.name} has no address to fetch it from"
        )
    with table.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


SETS = (
    CaseSet(
        name=SAGE,
        title="Applications of conflicting components on virtual machines, 52 cases",
        objective="least price of the machines",
        unit="thousandths of a dollar an hour",
        source="Eraşcu, Micota, Zaharie 2021; data of Maneuver-PED/RecommendationEngine, optima computed anew",
        cases=sage_cases,
        quick=("securebillingemail-20", "wordpress3-40"),
    ),
    CaseSet(
        name=CLOUD,
        title="Cloud balancing: processes on computers of many kinds, few of each",
        objective="least cost of the computers used",
        unit="cost",
        source="OptaPlanner's example data; best known by Timefold 1.24, 120 s",
        cases=cloud_cases,
        quick=("*computers-[69]processes",),
    ),
)
