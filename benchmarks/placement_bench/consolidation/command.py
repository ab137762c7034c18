"""`placement-bench consolidation`: run every strategy on the same states, and print them side by side."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement_bench import places

if TYPE_CHECKING:
    from placement_bench.rows import Asked

OUT = Path("results/consolidation")
MONTH_SECONDS = 14_400.0  # until a run of hours is ended; its plans have limits of their own


def consolidation(
    cases: Annotated[
        list[str] | None, typer.Option("--case", help="Only states of such names: --case 'replan-100-*'.")
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="consolidation, consolidation-month, or both.")
    ] = None,
    time_limit: Annotated[float, typer.Option(min=0.001, help="Seconds for each plan of this library.")] = 60.0,
    work: Annotated[int | None, typer.Option(min=1, help="Work for each of these plans: the same anywhere.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Most threads a run may use.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of this library's plans.")] = 0,
    option: Annotated[list[str] | None, typer.Option(help="A strategy's own option: descheduler.threshold=40.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the rows.")] = OUT,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the runs that --out lacks.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the published sets.")] = None,
) -> None:
    """Karpenter's rule, the descheduler's, planning from scratch, few moves and none, on the same running fleets."""
    from placement_bench.campaign import run_campaign
    from placement_bench.choose import Choice, choose, read_options
    from placement_bench.cli import in_words, say, tell
    from placement_bench.consolidation.strategies import OURS, PLATFORMS
    from placement_bench.consolidation.table import consolidation_table
    from placement_bench.runner import jobs_for, local
    from placement_bench.sets import find_set
    from placement_bench.sets.consolidation import HOURLY, STATES

    with in_words():
        folder = places.data_folder(data)
        asked: list[Asked] = []
        for name in sets or [STATES]:
            there = next(find_set(name).cases(folder)).load().solvers()
            choice = Choice(
                sets=[name],
                solvers=[strategy for strategy in (*PLATFORMS, *OURS) if strategy in there],
                patterns=cases or [],
                seeds=[seed],
                options=read_options(option or []),
                limits={
                    "seconds": MONTH_SECONDS if name == HOURLY else time_limit, "work": work, "threads": threads
                },
            )  # fmt: skip
            asked += choose(choice, folder)
        make = partial(jobs_for, data=folder, interpreters={})
        rows = run_campaign(asked, out, resume=resume, jobs=make, execute=partial(local, width=1), say=say)
        tell(consolidation_table(rows), nl=False)
        bad = sum(row.wrong for row in rows)
        say(f"{len(rows)} runs in {out}, {bad} failed or faulty")
        raise typer.Exit(1 if bad else 0)
