"""A campaign: the runs asked for, less those that a folder has already, each written down as it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement_bench import machine
from placement_bench.progress import Tally, watching
from placement_bench.rows import RowFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from placement_bench.rows import Asked, Row
    from placement_bench.runner import Job

    MakeJobs = Callable[[Sequence[Asked]], list[Job]]
    Execute = Callable[[Sequence[Job]], AbstractContextManager[Iterator[Row]]]


def run_campaign(
    asked: Sequence[Asked], folder: Path, *, resume: bool, jobs: MakeJobs, execute: Execute, say: Callable[[str], None]
) -> list[Row]:
    """Make the runs that have no row yet; the rows of all that were asked for.

    A kill at any time loses only the runs under way: started again with `resume`, the campaign makes just those and
    the ones that had not begun.

    Raises
    ------
    UsageError
        The folder holds runs and `resume` was not said, or can't be written.
    """
    file = RowFile(folder, resume=resume)
    try:
        missing = file.missing(asked)
        others = {row.commit for row in file.rows} - {machine.commit()}
        if others and missing:
            say(f"{file.path} has runs of commit {', '.join(sorted(others))}, and this is {machine.commit()}")
        with execute(jobs(missing)) as rows, watching(rows, len(asked), len(asked) - len(missing), Tally()) as seen:
            for row in seen:
                file.add(row)
        wanted = {one.key for one in asked}
        return [row for row in file.rows if row.asked.key in wanted]
    finally:
        file.close()
