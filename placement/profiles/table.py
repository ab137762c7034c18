"""`placement-profile/v1`: one CSV, a row a measurement, the format's name in the first column."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from placement.catalogue.readers.fields import CsvRow, FieldError, check_columns, each
from placement.profiles.profile import COLUMNS, FORMAT, TEXTS, WHOLE, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.errors import Fault

_NEEDED = ("model", "accelerator", "accelerators", "requests_per_second")


def read_rows(rows: Sequence[CsvRow], source: str, damaged: Sequence[Fault] = ()) -> list[Profile]:
    """The measurements in the rows of a CSV of this format.

    Raises DocumentError: a column is missing or not known, or a cell is damaged: row and column of each that is, and
    the rows that were `damaged` before.
    """
    check_columns(rows, ("format", *_NEEDED), source, COLUMNS)
    return each(rows, _profile, source, damaged)


def _profile(row: CsvRow) -> Profile:
    if row.required("format") != FORMAT:
        raise FieldError(row.place("format"), f"must be {FORMAT}", row.text("format"))
    for name in _NEEDED:
        row.required(name)
    cells: dict[str, Any] = {name: row.text(name) for name in TEXTS}
    for name in COLUMNS:
        if name != "format" and name not in TEXTS:
            cells[name] = _number(row, name)
    return Profile(**cells)


def _number(row: CsvRow, name: str) -> float | int | None:
    found = row.value(name)
    if found is None:
        if name in _NEEDED:
            raise FieldError(row.place(name), "must be a number", row.text(name))
        return None
    if name in ("accelerators", "requests_per_second") and found <= 0:
        raise FieldError(row.place(name), "must be above 0", found)
    if name in ("ttft_ms", "tpot_ms") and found == 0:
        return None  # not measured: no token takes no time
    if name not in WHOLE:
        return found
    if found != int(found):
        raise FieldError(row.place(name), "must be a whole number", found)
    return int(found)


def to_csv(profiles: Iterable[Profile]) -> str:
    """The measurements as text of this format.

    >>> row = Profile("m", "H100", 1, "vllm", "0.19", "bf16", 512, 128, 80.5, 9.25, 12.0, None, "bench.json, mean")
    >>> print(to_csv([row]).splitlines()[1])
    placement-profile/v1,m,H100,1,vllm,0.19,bf16,512,128,80.5,9.25,12,,"bench.json, mean"
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for profile in profiles:
        writer.writerow([FORMAT, *(_cell(getattr(profile, name)) for name in COLUMNS[1:])])
    return stream.getvalue()


def _cell(value: object) -> str:
    """A number in six digits, which is more than any benchmark means; nothing for None."""
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
