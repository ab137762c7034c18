"""What a person sees while a campaign runs: a bar with the running tally, or in a log a line for each run."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement_bench.rows import Row


class Tally:
    """How many runs came out how."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.counts: Counter[str] = Counter()

    def add(self, row: Row) -> None:
        """Count one row; faults count before anything else."""
        self.counts["wrong" if row.faults else row.status] += 1

    def __str__(self) -> str:
        """In words, the most frequent first."""
        return ", ".join(f"{count} {name}" for name, count in self.counts.most_common()) or "nothing yet"


def line(row: Row) -> str:
    """One run in one line."""
    asked, told = row.asked, [row.status]
    if row.value is not None:
        told.append(f"{row.value:g} {row.unit}")
    if row.bound is not None:
        told.append(f"bound {row.bound:g}")
    if row.seconds is not None:
        told.append(f"{row.seconds:.2f} s")
    if row.error:
        told.append(row.error.strip().splitlines()[-1][:160])
    told += [f"WRONG: {fault}" for fault in row.faults]
    return f"{asked.set} {asked.case} {row.label}: {', '.join(told)}"


@contextmanager
def watching(rows: Iterator[Row], total: int, done: int, tally: Tally) -> Iterator[Iterator[Row]]:
    """The same rows, shown on standard error as they pass: `done` of `total` were there before."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _told(rows, total, done, tally, console)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(str(tally), total=total, completed=done)

        def passed() -> Iterator[Row]:
            for row in rows:
                tally.add(row)
                if row.wrong:
                    progress.console.print(line(row), style="red", markup=False, highlight=False)
                progress.update(task, advance=1, description=str(tally))
                yield row

        yield passed()


def _told(rows: Iterator[Row], total: int, done: int, tally: Tally, console: Console) -> Iterator[Row]:
    for number, row in enumerate(rows, done + 1):
        tally.add(row)
        console.print(f"{number}/{total} {line(row)}", markup=False, highlight=False, soft_wrap=True)
        yield row
