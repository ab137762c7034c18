"""``placement profile``: what a copy of a model serves, from benchmarks' files to options with `throughput`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli import common_options as common
from placement.cli.commands import Commands
from placement.cli.endings import say, told_together
from placement.errors import UsageError, nearest, printable

if TYPE_CHECKING:
    from placement.profiles import Given, Profile

app = Commands(
    name="profile",
    help="What a copy serves: read what benchmarks write, and make options with throughput of it.",
)

FilesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="placement-profile/v1, or of GuideLLM, llm-d, vllm bench, AIBrix, Mélange, SageMaker, aiconfigurator.",
    ),
]
ModelOption = Annotated[str, typer.Option(metavar="NAME", help="The model, where the files do not name it.")]
AcceleratorOption = Annotated[
    str, typer.Option(metavar="NAME", help="The accelerator, where the files do not name it.")
]
CountOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="How many accelerators a copy has, where the files do not say.")
]
TokensOption = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="How many of these a request has; measurements with more of them count too."),
]
StatisticOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Which statistic of the times counts: mean, p50, p90, p95 or p99. Default: the mean where a file has "
        "several. Rows of a CSV that have another one are left out.",
    ),
]


@app.command("import")
def import_files(
    files: FilesArgument,
    model: ModelOption = "",
    accelerator: AcceleratorOption = "",
    accelerators: CountOption = None,
    engine: Annotated[
        str, typer.Option(metavar="ENGINE[=VERSION]", help="The engine, where the files do not name it.")
    ] = "",
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="The precision, such as bf16 or fp8, where the files do not say.")
    ] = "",
    memory_gib: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="GIB", help="The memory that a copy takes on each accelerator, where the files do not say."
        ),
    ] = None,
    statistic: StatisticOption = None,
    output: Annotated[str, common.file_option("The CSV file to write; - is standard output.")] = "-",
    force: common.WriteOverOption = False,
) -> None:
    """Put the measurements of several files into one CSV file (placement-profile/v1).

    Exit codes: 0 written, 2 bad input.
    """
    from placement.cli.exporting import check_new_file
    from placement.documents.write import write_file
    from placement.profiles import Given, to_csv

    check_new_file(output, files, known=(".csv",), force=force)
    name, _, version = engine.partition("=")
    given = Given(
        model=model,
        accelerator=accelerator,
        accelerators=accelerators,
        engine=name,
        version=version,
        precision=precision,
        memory_gib=memory_gib,
    )
    text = to_csv(read_files(files, given, statistic))
    if output == "-":
        typer.echo(text, nl=False)
    else:
        write_file(text, output)


@app.command()
def options(
    files: FilesArgument,
    slo_ttft: common.FirstTokenOption = None,
    slo_tpot: common.NextTokenOption = None,
    model: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this model; may be repeated.")] = None,
    accelerator: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this accelerator; may be repeated.")
    ] = None,
    input_tokens: TokensOption = None,
    output_tokens: TokensOption = None,
    statistic: StatisticOption = None,
) -> None:
    """Print `options:` of a problem: the requests a second that a model serves on each accelerator within the limits.

    Of several models they are printed as `components:`, each with its options. Accelerators without a measurement, or
    without one within the limits, are listed on stderr.

    Exit codes: 0 there are options, 2 bad input or none within the limits.
    """
    from placement.profiles import Size, choose
    from placement.profiles.importing import canonical
    from placement.profiles.options import parse_limits
    from placement.report.options import profiled_options

    limits = parse_limits(slo_ttft, slo_tpot)
    kinds = [canonical(name) for name in accelerator or ()]
    read = read_files(files, None, statistic)
    profiles = _asked_for(read, model or [], kinds)
    models = model or dict.fromkeys(profile.model for profile in read)
    choices = choose(profiles, limits, Size(input_tokens, output_tokens), kinds, models)
    for sentence in choices.missing:
        note(sentence)
    if not any(choices.of_model.values()):
        raise UsageError(f"no measurement can be used within the limits: {limits}")
    for line in profiled_options(choices):
        typer.echo(line)


def read_files(files: list[str], given: Given | None, statistic: str | None) -> list[Profile]:
    """The measurements of files; on stderr which rows are not used, and which accelerators are not known.

    Raises PlacementError: of the last file that can't be used, once the faults of all others are told.
    """
    from placement.profiles import read_profiles
    from placement.profiles.importing import unknown_accelerators

    found: list[Profile] = []
    with told_together() as one:
        for file in files:
            with one():
                found += read_profiles(file, given, statistic=statistic, tell=note)
    for sentence in unknown_accelerators(found):
        note(sentence)
    return found


def note(sentence: str) -> None:
    say(f"note: {sentence}")


def _asked_for(profiles: list[Profile], models: list[str], kinds: list[str]) -> list[Profile]:
    """The measurements of the models and accelerators that are asked for; of all where none is."""
    known = list(dict.fromkeys(profile.model for profile in profiles))
    for name in models:
        if name not in known:
            raise UsageError(f'no measurement is of model "{printable(name)}"; {nearest(name, known)}')
    found = [
        profile
        for profile in profiles
        if (not models or profile.model in models) and (not kinds or profile.accelerator in kinds)
    ]
    if not found:
        there = list(dict.fromkeys(profile.accelerator for profile in profiles))
        raise UsageError(f"no measurement is on {' or '.join(kinds)}; {nearest(kinds[0], there)}")
    return found
