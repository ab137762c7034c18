"""aiconfigurator's `pareto.csv` and `best_config_topn.csv`: modelled, not measured, a row a configuration.

Times are averages in milliseconds, `seq/s` is of all GPUs of a row, `memory` GiB on each (aiconfigurator 0.12).
"""

from collections.abc import Sequence

from placement.catalogue.readers.fields import CsvRow, FieldError, check_columns, each
from placement.errors import Fault
from placement.profiles.profile import Found

COLUMN = "seq/s/gpu"
_NEEDED = ("model", "system", "num_total_gpus", "isl", "osl", "ttft", "tpot", "seq/s")


def read(rows: Sequence[CsvRow], source: str, damaged: Sequence[Fault] = ()) -> list[Found | str]:
    """Every row; one in which nothing is served is no measurement."""
    check_columns(rows, _NEEDED, source)
    return each(rows, _found, source, damaged)


def _found(row: CsvRow) -> Found | str:
    rate = row.required_number("seq/s")
    if not rate:
        return f"{row.place('seq/s')}: nothing is served"
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
        ttft_ms=row.required_number("ttft"),
        tpot_ms=row.required_number("tpot"),
        memory_gib=row.value("memory"),
        remark=f"modelled, concurrency {row.text('concurrency') or 'unknown'}",
    )


def _count(row: CsvRow, column: str) -> int:
    found = row.required_number(column)
    if found != int(found) or found < 1:
        raise FieldError(row.place(column), "must be a whole number of at least 1", found)
    return int(found)
