"""aiconfigurator's `pareto.csv` and `best_config_topn.csv`: modelled, not measured, a row a configuration.

Times are averages in milliseconds, `seq/s` is of all GPUs of a row, `memory` GiB on each (aiconfigurator 0.12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.catalogue.readers.fields import CsvRow, FieldError, each
from placement.profiles.profile import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.errors import Fault

COLUMN = "seq/s/gpu"


def read(rows: Sequence[CsvRow], source: str, damaged: Sequence[Fault] = ()) -> list[Found]:
    """Every row in which something is served.

    Raises
    ------
    DocumentError
        A cell is damaged: row and column of each that is, and the rows that were `damaged` before.
    """
    return [found for found in each(rows, _found, source, damaged) if found.requests_per_second > 0]


def _found(row: CsvRow) -> Found:
    rate = _needed(row, "seq/s")
    return Found(
        requests_per_second=rate,
        model=row.required("model"),
        accelerator=row.required("system"),
        accelerators=_count(row, "num_total_gpus"),
        engine=row.text("backend"),
        version=row.text("version"),
        precision=row.text("gemm"),
        input_tokens=_count(row, "isl"),
        output_tokens=_count(row, "osl"),
        ttft_ms=_needed(row, "ttft"),
        tpot_ms=_needed(row, "tpot"),
        memory_gib=row.value("memory"),
        remark=f"modelled, concurrency {row.text('concurrency') or 'unknown'}",
    )


def _needed(row: CsvRow, column: str) -> float:
    row.required(column)
    found = row.value(column)
    if found is None:
        raise FieldError(row.place(column), "must be a number", row.text(column))
    return found


def _count(row: CsvRow, column: str) -> int:
    found = _needed(row, column)
    if found != int(found) or found < 1:
        raise FieldError(row.place(column), "must be a whole number of at least 1", found)
    return int(found)
