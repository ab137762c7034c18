"""``placement size``: memory of a copy of a model on each of its GPUs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.common_options import one_of
from placement.cli.endings import say, tell, told_together
from placement.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.sizing import Launch, Model, Sizing, StartupLog

FORMATS = ("table", "options", "json")
DEGREES = (1, 2, 4, 8)
_NEAR = 0.01  # of the memory that a log reports, for the accelerator to be one of those it can be


def size(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A folder with config.json, a config.json, or a public model's name, such as Llama-3.1-8B-Instruct.",
        ),
    ],
    accelerator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An accelerator, such as H100; may be repeated. Default: all NVIDIA accelerators of the catalogue.",
        ),
    ] = None,
    tensor_parallel: Annotated[
        list[int] | None,
        typer.Option(
            "--tensor-parallel",
            "--tensor-parallel-size",
            min=1,
            metavar="N",
            help="How many GPUs share each layer; may be repeated. Default: 1, 2, 4 and 8.",
        ),
    ] = None,
    pipeline_parallel: Annotated[
        int | None,
        typer.Option(
            "--pipeline-parallel",
            "--pipeline-parallel-size",
            min=1,
            metavar="N",
            help="How many groups of GPUs have the layers one after another. Default: that of the startup log, else 1.",
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="ENGINE[=VERSION]", help="The engine that serves the model, such as vllm=0.19.")
    ] = "vllm",
    context_length: Annotated[
        int | None,
        typer.Option(
            "--context-length",
            "--max-model-len",
            min=1,
            metavar="TOKENS",
            help="The largest length of a sequence, prompt and answer together.",
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="How many sequences of that length the KV cache must hold at a time."),
    ] = None,
    max_num_seqs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The largest number of sequences in a batch. Default: the engine's."),
    ] = None,
    max_num_batched_tokens: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The largest number of new tokens in a batch. Default: the engine's."),
    ] = None,
    utilization: Annotated[
        float | None,
        typer.Option(
            "--utilization",
            "--gpu-memory-utilization",
            min=0,
            max=1,
            metavar="PART",
            help="The part of a GPU's memory that the engine may take.",
        ),
    ] = None,
    kv_dtype: Annotated[
        str,
        typer.Option(
            "--kv-dtype",
            "--kv-cache-dtype",
            metavar="TYPE",
            help="The number type of the KV cache: auto, fp8, bfloat16, ...",
        ),
    ] = "auto",
    dtype: Annotated[
        str, typer.Option(metavar="TYPE", help="The number type of the model: auto, bfloat16, float16 or float32.")
    ] = "auto",
    enforce_eager: Annotated[bool, typer.Option("--enforce-eager", help="Size the copy without CUDA graphs.")] = False,
    expert_parallel: Annotated[
        bool,
        typer.Option(
            "--expert-parallel",
            "--enable-expert-parallel",
            help="Keep each expert whole on one of the GPUs of a layer.",
        ),
    ] = False,
    weights_gib: Annotated[
        float | None,
        typer.Option(min=0, metavar="GIB", help="The size of the weights on each GPU, in place of what the files say."),
    ] = None,
    checkpoint_gib: Annotated[
        float | None,
        typer.Option(min=0, metavar="GIB", help="The size of all weights together, in place of what the files say."),
    ] = None,
    memory_gib: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="GIB",
            help="The memory of the accelerator that programs can use, in place of the catalogue's figure.",
        ),
    ] = None,
    startup_log: Annotated[
        str | None, typer.Option(metavar="FILE", help="A vLLM startup log: its measurements replace estimates.")
    ] = None,
    output_format: Annotated[
        str,
        typer.Option("--format", help="table, options (rows for a problem) or json.", autocompletion=lambda: FORMATS),
    ] = "table",
) -> None:
    """Say how much memory a copy of a model takes on each of its GPUs, part by part, and whether it fits.

    With --concurrency the KV cache has the size that this many sequences of --context-length need. With --utilization,
    or neither, it has the size that the engine gives it. --format options prints the copies that fit, as rows for
    `options:` of a problem, each with the engine's flags.

    Exit codes: 0 sized, whether or not it fits; 2 bad input.
    """
    from placement.sizing import Launch, read_model, read_startup_log

    one_of("--format", output_format, FORMATS)
    log = None if startup_log is None else read_startup_log(startup_log)
    launch = Launch(
        engine=engine,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        utilization=utilization,
        context_length=context_length,
        concurrency=concurrency,
        kv_dtype=kv_dtype,
        dtype=dtype,
        enforce_eager=enforce_eager,
        expert_parallel=expert_parallel,
        pipeline_parallel=pipeline_parallel or (log and log.pipeline_parallel) or 1,
        weights_gib=weights_gib,
        checkpoint_gib=checkpoint_gib,
        memory_gib=memory_gib,
    )
    degrees = list(dict.fromkeys(tensor_parallel or _degrees(log)))
    if weights_gib is not None and len(degrees) > 1:
        raise UsageError("--weights-gib is on each GPU, so it is of one degree: add --tensor-parallel N")
    rows = _rows(read_model(model, with_files=not launch.has_weights), accelerator, degrees, launch, log)
    _show(rows, output_format)


def _degrees(log: StartupLog | None) -> Sequence[int]:
    return DEGREES if log is None or log.tensor_parallel is None else (log.tensor_parallel,)


def _rows(
    model: Model, names: list[str] | None, degrees: list[int], launch: Launch, log: StartupLog | None
) -> list[Sizing]:
    from placement.sizing import size as size_copy

    chosen = _known(names or _accelerators(log))
    found: list[Sizing] = []
    refused: list[UsageError] = []
    for name in chosen:
        try:
            found += [size_copy(model, name, degree, launch, log=log) for degree in degrees]
        except UsageError as error:
            if names or log is None:
                raise
            refused.append(error)  # by a log of another accelerator
    if not found:
        nearest = "no accelerator of the catalogue has the memory that the log reports; add --accelerator NAME"
        raise refused[0] if refused else UsageError(nearest)
    return found


def _known(names: Sequence[str]) -> list[str]:
    """The catalogue's names of accelerators, each once; those that are none are refused, all of them at once."""
    from placement.catalogue import accelerator

    known = []
    with told_together() as one:
        for name in names:
            with one():
                known.append(accelerator(name).name)
    return list(dict.fromkeys(known))


def _accelerators(log: StartupLog | None) -> list[str]:
    """Those that vLLM's constants were measured on the like of: NVIDIA's, of known memory, and the log's."""
    from placement.catalogue import accelerators

    known = [facts for facts in accelerators().values() if facts.vendor == "NVIDIA" and facts.usable_gib is not None]
    if log is not None and log.total_gib is not None:
        away = {facts.name: abs((facts.usable_gib or 0) / log.total_gib - 1) for facts in known}
        known = [facts for facts in known if away[facts.name] == min(away.values()) <= _NEAR]
    return [facts.name for facts in known]


def _show(rows: list[Sizing], output_format: str) -> None:
    if output_format == "json":
        typer.echo(json.dumps([row.to_row() for row in rows], indent=1))
    elif output_format == "options":
        fitting = [row for row in rows if row.fits]
        if not fitting:
            raise UsageError(
                f"no copy fits: {rows[0].accelerator} at degree {rows[0].tensor_parallel}: {rows[0].reason}"
            )
        from placement.report.options import sized_options
        from placement.report.sizing import misfit_lines

        for line in sized_options(fitting):
            typer.echo(line)
        for line in misfit_lines([row for row in rows if row.refused]):
            say(f"note: left out: {line}")
    else:
        from placement.cli.streams import console
        from placement.report.sizing import flag_lines, sizing_table

        console(sys.stdout).print(sizing_table(rows))
        if len(rows) == 1 and rows[0].fits:
            tell(rows[0].command)
        elif lines := list(flag_lines(rows)):
            typer.echo("What to start the engine with:")
            for line in lines:
                tell(line)
    for note in dict.fromkeys(note for row in rows for note in row.notes):
        say(f"note: {note}")
