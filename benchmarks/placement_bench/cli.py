"""The command `placement-bench`: arguments to calls.

0   done
1   run: a run failed, or an answer has faults; with --quick: worse than what is stored
2   bad input: a wrong argument, files that are missing, a folder that can't be written
130 interrupted; --resume goes on
141 nobody reads the output any more
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.commands import Commands
from placement.cli.endings import NO_NAME, Code, hush
from placement.errors import UsageError
from placement_bench import places
from placement_bench.consolidation.command import consolidation
from placement_bench.process import GRACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement_bench.campaign import Execute
    from placement_bench.rows import Row

app = Commands(
    help="Run solvers on published sets of packing problems, have every answer checked, and compare.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help=f"Folder of the published sets; else {places.DATA_VARIABLE}, else ../shared/published."
    ),
]


def main() -> None:
    """Run the command line."""
    app(prog_name="placement-bench")


def say(line: str) -> None:
    """One line on standard error."""
    typer.echo(f"placement-bench: {line}", err=True)


def tell(text: str, *, nl: bool = True) -> None:
    """A line, or a page without `nl`, on standard output; where that takes no more, the command ends."""
    try:
        typer.echo(text, nl=nl)
    except BrokenPipeError:
        hush()
        raise typer.Exit(Code.CLOSED_PIPE) from None
    except OSError as error:
        say(f"standard output can't be written: {error.strerror}")
        raise typer.Exit(Code.BAD_INPUT) from None


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what the user can mend into a line on standard error and an exit code."""
    try:
        yield
    except UsageError as error:
        say(str(error))
        raise typer.Exit(2) from None
    except OSError as error:
        if error.errno not in NO_NAME or error.filename is None:
            raise
        say(f"{error.filename}: can't be read or written: {error.strerror}")
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        say("interrupted; what has ended is kept, and --resume goes on")
        raise typer.Exit(130) from None


@app.command("list")
def list_sets(
    sets: Annotated[list[str] | None, typer.Argument(help="Sets whose cases to list; none for the sets.")] = None,
    data: Data = None,
) -> None:
    """List the sets, or the cases of some sets with their best-known values."""
    from placement_bench.listing import case_lines, set_lines

    with in_words():
        folder = places.data_folder(data)
        for line in case_lines(_split(sets or []), folder) if sets else set_lines(folder):
            tell(line)


@app.command()
def run(
    sets: Annotated[list[str] | None, typer.Option("--set", help="Sets, by name; see `list`.")] = None,
    solvers: Annotated[
        list[str] | None, typer.Option("--solver", help="Solvers: --solver ffd,auto; else auto, or the set's own.")
    ] = None,
    cases: Annotated[
        list[str] | None, typer.Option("--case", help="Only cases of such names: --case 'u120_*'.")
    ] = None,
    peers: Annotated[
        list[str] | None, typer.Option("--peer", help="Packing codes of others, beside the solvers.")
    ] = None,
    peer_python: Annotated[
        list[str] | None, typer.Option(help="The interpreter a peer runs in: scip=/path/to/python.")
    ] = None,
    time_limit: Annotated[float, typer.Option(min=0.001, help="Seconds for each run.")] = 60.0,
    work: Annotated[
        int | None, typer.Option(min=1, help="Work for each run, in the solver's unit: the same on any machine.")
    ] = None,
    gap: Annotated[float, typer.Option(min=0.0, max=1.0, help="Relative gap at which a run may end.")] = 0.0,
    threads: Annotated[int | None, typer.Option(min=1, help="Most threads a run may use.")] = None,
    seed: Annotated[list[str] | None, typer.Option(help="Seeds; one run for each: --seed 0,1,2.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="A solver's own option: milp.engine=cbc.")] = None,
    certify: Annotated[
        bool, typer.Option("--certify", help="Write down why each bound holds, and have that checked too.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at a time.")] = 1,
    grace: Annotated[float, typer.Option(min=0.0, help="Seconds past the limit until a run is killed.")] = GRACE,
    memory: Annotated[float | None, typer.Option(min=0.1, help="GiB of address space for each run.")] = None,
    executor: Annotated[str, typer.Option(help="local, or dask for the workers of a cluster.")] = "local",
    scheduler: Annotated[str | None, typer.Option(help="Address of the Dask scheduler.")] = None,
    data: Data = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("results"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the runs that --out lacks.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="The quick cases with fixed work; ends with 1 if worse than what is stored.")
    ] = False,
    slow: Annotated[bool, typer.Option("--slow", help="With --quick: also what takes a minute or more a run.")] = False,
    store: Annotated[bool, typer.Option("--store", help="With --quick: store what comes out.")] = False,
) -> None:
    """Run solvers on cases; one JSON line for each run, written as it ends."""
    from placement_bench.campaign import run_campaign
    from placement_bench.choose import Choice, choose, read_options
    from placement_bench.peers.run import interpreter_of, interpreters
    from placement_bench.quick import quick_runs
    from placement_bench.runner import jobs_for, together

    with in_words():
        folder = places.data_folder(data)
        execute = _executor(executor, scheduler, jobs)
        if quick:
            if solvers or cases or peers or option or seed or work:
                raise UsageError("--quick has its own cases, solvers and work; it goes with --set, --jobs and --out")
            asked = quick_runs(_split(sets or []), folder, say, slow=slow)
            make = partial(jobs_for, data=folder, interpreters={}, memory_gib=memory, grace=grace)
            few = partial(together, width=jobs) if executor == "local" else execute
            rows = run_campaign(asked, out, resume=resume, jobs=make, execute=few, say=say)
            raise typer.Exit(_hold(rows, store=store))
        if store or slow:
            raise UsageError(f"{'--store' if store else '--slow'} goes with --quick")
        named = interpreters(_split(peer_python or []))
        choice = Choice(
            sets=_needed(_split(sets or []), "--set"),
            solvers=_split(solvers or []),
            peers=_split(peers or []),
            patterns=cases or [],
            seeds=_seeds(_split(seed or ["0"])),
            options=read_options(option or []),
            limits={"seconds": time_limit, "work": work, "gap": gap, "threads": threads, "certify": certify},
        )
        asked = choose(choice, folder)
        of_peers = {name: interpreter_of(name, named) for name in choice.peers}
        make = partial(jobs_for, data=folder, interpreters=of_peers, memory_gib=memory, grace=grace)
        rows = run_campaign(asked, out, resume=resume, jobs=make, execute=execute, say=say)
        bad = sum(row.wrong for row in rows)
        say(f"{len(rows)} runs in {out}, {bad} failed or faulty; `placement-bench report {out}` shows them")
        raise typer.Exit(1 if bad else 0)


app.command()(consolidation)


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="Folders, or files of rows, of one or more campaigns.")],
    html: Annotated[Path | None, typer.Option(help="Write a self-contained page with plots there too.")] = None,
    every_run: Annotated[bool, typer.Option("--every-run", help="List each run of every set.")] = False,
) -> None:
    """Print what came out as Markdown, and write the page with the plots."""
    from placement_bench.markdown import to_markdown
    from placement_bench.rows import read_rows

    with in_words():
        rows = [row for path in results for row in read_rows(path)]
        if html is not None:
            from placement_bench.page import write_page

            write_page(rows, html)
            say(f"wrote {html}")
        tell(to_markdown(rows, every_run=every_run), nl=False)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="A campaign: the folder or its file.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
    tolerance: Annotated[float, typer.Option(min=0.0, help="Relative change in time that counts as none.")] = 0.1,
) -> None:
    """Say what got better or worse from one campaign to another, paired, with a sign test."""
    from placement_bench.compare import compare_rows
    from placement_bench.rows import read_rows

    with in_words():
        tell(compare_rows(read_rows(before), read_rows(after), tolerance), nl=False)


@app.command()
def fetch(
    data: Annotated[Path, typer.Option("--data", help="Folder to write to; made when it is not there.")],
    sets: Annotated[list[str] | None, typer.Argument(help="Sets, or folders of sets; none for all there are.")] = None,
) -> None:
    """Download the original files of published sets from their public addresses; checksums are pinned."""
    from placement_bench.fetch import fetch as fetch_files

    with in_words():
        fetch_files(_split(sets or []), data, say=say)


def _executor(name: str, scheduler: str | None, width: int) -> Execute:
    from placement_bench.runner import dask, local

    if name == "local":
        return partial(local, width=width)
    if name != "dask":
        raise UsageError(f'no executor "{name}"; there are local and dask')
    if scheduler is None:
        raise UsageError("--executor dask needs --scheduler ADDRESS, as in tcp://127.0.0.1:8786")
    return partial(dask, scheduler=scheduler)


def _hold(rows: list[Row], *, store: bool) -> int:
    """Hold quick runs against what is stored, or store them; the exit code."""
    from placement_bench import quick

    if store:
        quick.store(rows, quick.STORED)
        say(f"stored {len(rows)} runs in {quick.STORED}")
        return 0
    found = quick.hold(rows, quick.read_stored(quick.STORED))
    for line in found.lines():
        say(line)
    say(f"{len(rows)} quick runs: {len(found.worse)} worse, {len(found.better)} better, {len(found.new)} not stored")
    return 1 if found.worse else 0


def _split(words: list[str]) -> list[str]:
    """Words given one by one or with commas."""
    return [part.strip() for word in words for part in word.split(",") if part.strip()]


def _needed(names: list[str], flag: str) -> list[str]:
    if not names:
        raise UsageError(f"{flag} is needed; `placement-bench list` has the names")
    return names


def _seeds(words: list[str]) -> list[int]:
    try:
        return [int(word) for word in words]
    except ValueError:
        raise UsageError(f"a seed is a whole number; got {', '.join(words)}") from None
