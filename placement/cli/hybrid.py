"""``placement hybrid``: which components should share machines, and which have machines of their own."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.endings import in_words, warn
from placement.cli.parameters import FileArgument, FullOption
from placement.cli.simulate import (
    ComponentOption,
    EveryOption,
    GapsOption,
    NameOption,
    PolicyArgument,
    TimesOption,
    TrafficOption,
    UntilOption,
    fitting_policy,
    length,
    one_stdin,
    read_rates_over_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def hybrid(
    file: FileArgument,
    policy: PolicyArgument,
    traffic: TrafficOption,
    every: EveryOption = "10m",
    until: UntilOption = None,
    alone: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Must have machines of its own; may be repeated.")
    ] = None,
    share: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Must share machines; repeatable.")] = None,
    plays: Annotated[int, typer.Option(min=1, help="Fleets to play at most, each with other components alone.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Of the floor's programs; nothing else is random.")] = 0,
    name: NameOption = None,
    component: ComponentOption = None,
    gaps: GapsOption = "error",
    times: TimesOption = 1.0,
    executor: Annotated[str, typer.Option(help="Where fleets are played: local, processes, dask.")] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Most processes; one a core when absent.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of an existing Dask cluster.")] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="placement-hybrid/v1; - is stdout.")
    ] = None,
    full: FullOption = False,
) -> None:
    """Say for each component what it costs on an endpoint of its own and in a shared fleet, and which should share.

    Both are played over the traffic. Then fleets with some components alone are played, and the cheapest that keeps
    --alone and --share is the hybrid.

    Exit codes: 0 played to its end, 2 bad input, 130 interrupted.
    """
    with in_words(full=full):
        from placement.cli.streams import console
        from placement.documents import check_outputs, read_problem, write_document
        from placement.parallel.executors import open_executor
        from placement.report.scaling import hybrid_table
        from placement.simulation.hybrid import HybridRules, find_hybrid
        from placement.simulation.setup import SimulationSetup

        inputs = {"the problem": file, "the policy": policy, "the traffic": traffic}
        check_outputs({} if output is None else {"--output": output}, inputs, "name another file")
        one_stdin(file, policy, traffic)
        problem = read_problem(file)
        rules = fitting_policy(policy, problem)
        warn(problem, file, full=full)
        found = read_rates_over_time(traffic, name, component, gaps, times)
        step, end = length("--every", every), None if until is None else length("--until", until)
        setup = SimulationSetup.of(problem, rules, found, every=step, until=end, seed=seed)
        given = HybridRules(frozenset(alone or ()), frozenset(share or ()), plays)
        with (
            open_executor(executor, workers=workers, scheduler=scheduler) as place,
            _status() as listener,
        ):
            result = find_hybrid(setup, given, place, listener)
        if output is not None:
            write_document(result.to_document(), output)
        console(sys.stderr if output == "-" else sys.stdout).print(hybrid_table(result, full=full))


@contextmanager
def _status() -> Iterator[Callable[[str], None] | None]:
    """What is being played, on a terminal."""
    from placement.cli.endings import is_terminal

    if not is_terminal("stderr"):
        yield None
        return
    from placement.cli.streams import console

    with console(sys.stderr).status("starting") as status:
        yield status.update
