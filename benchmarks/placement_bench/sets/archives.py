"""The folder of published sets: case files in ZIP archives, one a family, beside a table of best-known values."""

from __future__ import annotations

import csv
import zipfile
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement_bench.cases import BestKnown, Case
from placement_bench.sets.packing_task import packing_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from placement_bench.cases import Task
    from placement_bench.sets.native import BinPacking

    Reader = Callable[[str, str], BinPacking]  # from a file's text and a name for messages
    Row = dict[str, str]


def members(archive: Path) -> list[str]:
    """The names of the case files, sorted, without their folders.

    Raises
    ------
    UsageError
        The archive is not there, or is no ZIP archive.
    """
    return sorted(name for name in _open(archive).namelist() if not name.endswith("/"))


def read_member(archive: Path, name: str) -> str:
    """One case file."""
    return _open(archive).read(name).decode()


def stem(name: str) -> str:
    """A case's name: its file's, without folder and ending. Dots inside a name, as in ``BPP_50_50_0.1_0.7_1``, stay."""
    return name.rpartition("/")[2].rpartition(".")[0]


def best_known_rows(folder: Path, family: str) -> Iterator[Row]:
    """The rows of one family in the table of best-known values; none when there is no table.

    The table belongs to the published folder; `placement-bench fetch` gets cases only, as most values have no public
    address.
    """
    table = folder / "best_known.csv"
    if not table.is_file():
        return
    with table.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["family"] == family:
                yield row


def best_known(row: Row, bound_column: str) -> BestKnown:
    """A row as a value; ``infeasible`` in place of one, and ``yes`` or ``yes_by_construction`` when proven."""
    proven = row["proven"].startswith("yes")
    if row["best_known"] == "infeasible":
        return BestKnown(None, proven=proven, infeasible=True)
    value = int(row["best_known"])
    bound = value if proven else int(row[bound_column]) if row[bound_column] else None
    return BestKnown(value, proven=proven, bound=bound)


def archive_cases(set_name: str, archive: Path, read: Reader, bound_column: str, by: str) -> Iterator[Case]:
    """The cases of an archive in the order of their names; only the list of files and the table are read here."""
    known = {row["instance"]: best_known(row, bound_column) for row in best_known_rows(archive.parent, archive.stem)}
    for member in members(archive):
        name = stem(member)
        yield Case(set_name, name, known.get(name), partial(_load, archive, member, read, by))


def _load(archive: Path, member: str, read: Reader, by: str) -> Task:
    name = stem(member)
    return packing_task(read(read_member(archive, member), name), name, by)


def _open(archive: Path) -> zipfile.ZipFile:
    if not archive.is_file():
        raise UsageError(
            f"there is no {archive}; --data names a folder laid out as the published sets, "
            f"and `placement-bench fetch {archive.parent.name}` gets the files where they may be had"
        )
    return _opened(archive, archive.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _opened(archive: Path, changed: int) -> zipfile.ZipFile:
    """Kept open for the next case: to read the list of thousands of members takes longer than to read one of them."""
    del changed  # an archive that was replaced is another
    try:
        return zipfile.ZipFile(archive)
    except zipfile.BadZipFile:
        raise UsageError(f"{archive} is no ZIP archive") from None
