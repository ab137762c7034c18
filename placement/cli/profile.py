"""``placement profile``: what a copy of a model serves, from benchmarks' files to options with `throughput`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.commands import Commands
from placement.cli.endings import in_words, say, told_together
from placement.cli.parameters import WriteOverOption

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
ModelOption = Annotated[str, typer.Option(metavar="NAME", help="The model, where files do not say which.")]
AcceleratorOption = Annotated[str, typer.Option(metavar="NAME", help="The accelerator, where files do not say which.")]
CountOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Accelerators of a copy, where files do not say.")
]
TokensOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Of a request; larger ones that were measured count too.")
]
StatisticOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Of times: mean, p50, p90, p95, p99; without it the mean where a file has several. Rows of a CSV that "
        "have another are not used.",
    ),
]


@app.command("import")
def import_files(
    files: FilesArgument,
    model: ModelOption = "",
    accelerator: AcceleratorOption = "",
    accelerators: CountOption = None,
    engine: Annotated[str, typer.Option(metavar="ENGINE[=VERSION]", help="Where files do not say.")] = "",
    precision: Annotated[str, typer.Option(metavar="NAME", help="Such as bf16 or fp8, where files do not say.")] = "",
    memory_gib: Annotated[
        float | None, typer.Option(min=0, metavar="GIB", help="On each accelerator, where files do not say.")
    ] = None,
    statistic: StatisticOption = None,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="The CSV; - is stdout.")] = "-",
    force: WriteOverOption = False,
) -> None:
    """Write the measurements of files as one CSV, placement-profile/v1.

    Exit codes: 0 written, 2 bad input.
    """
    with in_words():
        from placement.cli.exporting import check_new_file
        from placement.documents.write import write_file
        from placement.profiles import Given, to_csv

        check_new_file(output, files, force=force)
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
    slo_ttft: Annotated[
        str | None, typer.Option(metavar="TIME", help="Most time to the first token, such as 500ms.")
    ] = None,
    slo_tpot: Annotated[
        str | None, typer.Option(metavar="TIME", help="Most time for each token after it, such as 50ms.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Of these models alone; may be repeated.")
    ] = None,
    accelerator: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="On these accelerators alone; may be repeated.")
    ] = None,
    input_tokens: TokensOption = None,
    output_tokens: TokensOption = None,
    statistic: StatisticOption = None,
) -> None:
    """Print `options:` with the throughput of a model on each accelerator, requests a second within the limits.

    Of several models they are printed as `components:`, each with its options. What has no measurement, or none within
    the limits, is told on stderr.

    Exit codes: 0 there are options, 2 bad input or none within the limits.
    """
    with in_words():
        from placement.errors import UsageError
        from placement.profiles import Size, choose
        from placement.profiles.importing import canonical
        from placement.profiles.limits import parse_limits
        from placement.report.profiles import option_lines

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
        for line in option_lines(choices):
            typer.echo(line)


def read_files(files: list[str], given: Given | None, statistic: str | None) -> list[Profile]:
    """The measurements of files; on stderr which rows are not used, and which accelerators are not known.

    Raises
    ------
    PlacementError
        Of the last file that can't be used, once the faults of all others are told.
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
    """A remark on stderr."""
    say(f"note: {sentence}")


def _asked_for(profiles: list[Profile], models: list[str], kinds: list[str]) -> list[Profile]:
    """The measurements of the models and accelerators that are asked for; of all where none is."""
    from placement.errors import UsageError, nearest, printable

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
