"""``placement hybrid``: which components should share machines, and which have machines of their own."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli import traffic as played
from placement.cli.endings import is_terminal


def hybrid(
    file: common.FileArgument,
    policy: played.PolicyArgument,
    traffic: played.TrafficOption,
    every: played.EveryOption = "10m",
    until: played.UntilOption = None,
    alone: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A component that must have machines of its own; may be repeated."),
    ] = None,
    share: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A component that must share machines; may be repeated.")
    ] = None,
    plays: Annotated[
        int,
        typer.Option(
            min=1, help="The largest number of fleets to play, each with other components on machines of their own."
        ),
    ] = 12,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed for the least cost that is proven; nothing else is random.")
    ] = 0,
    name: played.NameOption = None,
    component: played.ComponentOption = None,
    gaps: played.GapsOption = "error",
    times: played.TimesOption = 1.0,
    executor: Annotated[str, common.executor_option("the fleets are played")] = "local",
    workers: common.WorkersOption = None,
    scheduler: common.SchedulerOption = None,
    output: Annotated[
        str | None, common.file_option("Write the answer to this file (placement-hybrid/v1); - is standard output.")
    ] = None,
    full: common.FullOption = False,
) -> None:
    """Say for each component what it costs on an endpoint of its own and in a shared fleet, and which should share.

    Both are played over the traffic. Then fleets are played in which some components have machines of their own. The
    cheapest of them that keeps to --alone and --share is the answer.

    Exit codes: 0 played to its end, 2 bad input, 130 interrupted.
    """
    from placement.cli.answers import Output, write_or_keep
    from placement.cli.streams import DOCUMENTS, check_suffix, console
    from placement.documents import check_outputs
    from placement.parallel.executors import open_executor
    from placement.report.scaling import hybrid_table
    from placement.simulation.hybrid import HybridRules, find_hybrid
    from placement.simulation.setup import SimulationSetup

    words = played.TrafficWords(file, [policy], traffic, every, until, name, component, gaps, times)
    check_outputs({} if output is None else {"--output": output}, words.inputs, "name another file")
    check_suffix(output or "", DOCUMENTS)
    case = words.read(full=full)
    for option, names in (("--alone", alone), ("--share", share)):
        for named in names or ():
            common.component_of(case.problem, named, file, option)
    (rules,) = case.policies.values()
    setup = SimulationSetup.of(case.problem, rules, case.traffic, every=case.every, until=case.until, seed=seed)
    given = HybridRules(frozenset(alone or ()), frozenset(share or ()), plays)
    with (
        open_executor(executor, workers=workers, scheduler=scheduler) as place,
        _status() as listener,
    ):
        result = find_hybrid(setup, given, place, listener)
    if output is not None:
        write_or_keep([Output(output, result.to_document)])
    console(sys.stderr if output == "-" else sys.stdout).print(hybrid_table(result, full=full))


@contextmanager
def _status() -> Iterator[Callable[[str], None] | None]:
    if not is_terminal("stderr"):
        yield None
        return
    from placement.cli.streams import console

    with console(sys.stderr).status("starting") as status:
        yield status.update
