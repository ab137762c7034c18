"""Which lines of the package no run of a campaign came to."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import coverage

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a solve or a plan for scenarios comes to.
ROOMS = (
    *("bounds", "certificates", "compiled", "direct", "engines", "heuristics", "local_search", "parallel", "patterns"),
    *("planner.py", "reductions", "referee", "scenarios", "solvers", "solving", "vector_packing", "writing.py"),
)
EXCLUDED = (r"if TYPE_CHECKING:", r"^\s+\.\.\.$", r"assert False")


def unreached(data: str) -> Iterator[str]:
    """Per module, how many lines were missed and which; all files beside `data` are put together."""
    cover = coverage.Coverage(data_file=data, config_file=False, source=["placement"])
    cover.config.exclude_list += EXCLUDED
    with contextlib.redirect_stdout(io.StringIO()):
        cover.combine([str(Path(data).parent)], keep=True)
    total = missed = 0
    yield ""
    yield "lines that no run came to:"
    for file in sorted(cover.get_data().measured_files()):
        name = file.rpartition("/placement/")[2]
        if name.partition("/")[0] not in ROOMS or "/placement/" not in file:
            continue
        _, statements, _, missing, shown = cover.analysis2(file)
        total, missed = total + len(statements), missed + len(missing)
        if missing:
            yield f"  {name}: {len(missing)} of {len(statements)}: {shown}"
    yield f"{total - missed} of {total} lines reached, {100 * (total - missed) / max(1, total):.1f} %"
