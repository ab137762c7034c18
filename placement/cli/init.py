"""`placement init`: a first problem from a few answers, given as options or asked for at a terminal."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli import common_options as common
from placement.cli.catalogue import FactsOption, read_market, tell_unused_spot_prices
from placement.cli.endings import Attempts, is_terminal, say, told_together
from placement.cli.profile import StatisticOption, note, read_files
from placement.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from placement.catalogue.market import Market
    from placement.quickstart import Answers, Draft, ModelWish
    from placement.quickstart.answers import Measured


def init(
    output: Annotated[
        str,
        typer.Argument(
            metavar="[FILE]", help="The file to write, YAML with comments or JSON by the suffix; - is standard output."
        ),
    ] = "fleet.yaml",
    region: Annotated[str, typer.Option(help="A region, such as us-east-1.")] = "",
    provider: Annotated[
        str, typer.Option(help="aws, sagemaker, gcp or azure. Default: the provider that has the region, aws first.")
    ] = "",
    gpu: Annotated[list[str] | None, typer.Option(help="An accelerator, such as L40S; may be repeated.")] = None,
    instance_type: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="Machines by name, in place of --gpu; may be repeated.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=COPIES",
            help="A public model's name, a folder or a config.json; or MODEL,key=value,... with the keys copies, rate, "
            "throughput, context_length, concurrency, checkpoint_gib, name. May be repeated.",
        ),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option("--from", metavar="CSV", help="Models from a file: the column model, and those keys as columns."),
    ] = None,
    survive_zones: Annotated[
        int | None, typer.Option(min=0, max=10, help="Zones that may be lost while every model still runs.")
    ] = None,
    zones: Annotated[
        str, typer.Option(metavar="A,B", help="The zones to rent in. Default: those that offer the most types.")
    ] = "",
    share: Annotated[
        bool, typer.Option("--share", help="Let copies that take one accelerator share it with others.")
    ] = False,
    engine: Annotated[
        str, typer.Option(metavar="ENGINE[=VERSION]", help="The engine that serves the copies, such as vllm=0.19.")
    ] = "vllm",
    image: Annotated[
        str,
        typer.Option(help="The container image that exports start copies from. Default: vLLM's own, of that VERSION."),
    ] = "",
    spot: Annotated[
        bool, typer.Option("--spot", help="Also make pools at spot prices, where --facts tells these prices.")
    ] = False,
    price: common.PriceOption = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Measurements (placement profile) of what copies serve, requests a second; may be repeated.",
        ),
    ] = None,
    slo_ttft: common.FirstTokenOption = None,
    slo_tpot: common.NextTokenOption = None,
    input_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Prompt tokens of a request, for --profile.")
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Answer tokens of a request, for --profile.")
    ] = None,
    statistic: StatisticOption = None,
    facts: FactsOption = None,
    name: Annotated[str, typer.Option(help="The problem's name.")] = "fleet",
    force: common.WriteOverOption = False,
) -> None:
    """Write a first problem: models on machines of a region, with comments, ready to be solved.

    At a terminal it asks for what no option gives. Elsewhere a missing option is an error.

    Exit codes: 0 written, 2 bad input or something missing.
    """
    from placement.cli.exporting import prices_of, refuse_over
    from placement.cli.streams import DOCUMENTS, check_suffix
    from placement.documents import check_outputs
    from placement.quickstart import Answers, draft, parse_models, read_models
    from placement.sizing.engines import find_engine

    asks = is_terminal("stdout") and sys.stdin is not None and sys.stdin.isatty() and output != "-"
    answers = Answers(
        models=(),
        region=region,
        provider=provider,
        gpus=tuple(gpu or ()),
        instance_types=tuple(instance_type or ()),
        zones=common.between_commas(zones),
        survive_zones=survive_zones or 0,
        share=share,
        engine=engine,
        image=image,
        spot=spot,
        name=name,
    )
    named = {"--facts": facts or (), "--profile": profile or (), "--from": (models,) if models else ()}
    inputs = {f"{option} {path}": path for option, paths in named.items() for path in paths}
    given: list[ModelWish] = []
    with told_together() as one:
        market, throughputs, check = None, None, None
        with one():
            check_suffix(output, DOCUMENTS, "FILE")
        with one():
            market = read_market(facts)
        with one():
            throughputs = _throughputs(profile or [], (slo_ttft, slo_tpot), (input_tokens, output_tokens), statistic)
        with one():
            find_engine(engine)
        if market is not None:  # else nobody knows which names are wrong
            with one():
                answers = replace(answers, prices=prices_of(price or (), market), throughputs=throughputs or {})
            _check_names(answers, market, one)
            if not one.wrong:
                with one():
                    check = _check_of_models(answers, market)
        with one():
            given += parse_models(model or (), check)
        if models:
            with one():
                given += read_models(models, throughputs, check)
        inputs |= {f"--model {wish.model}": wish.model for wish in given}
        if not asks:
            with one():
                refuse_over(output, force=force)
                check_outputs({"FILE": output}, inputs, "name another file")
            with one():
                has_nodes = market is None or bool(market.nodes)
                _check_complete(answers, output, has_nodes=has_nodes, has_models=bool(model or models))
    assert market is not None
    answers = replace(answers, models=tuple(given))
    if asks:
        from placement.cli.dialogue import ask

        answers, output, force = ask(answers, market, output, survive_given=survive_zones is not None, force=force)
        check_outputs({"FILE": output}, inputs, "name another file")
    made = draft(answers, market)
    _write(made, output, force=force)
    for sentence in made.notes:
        note(sentence)
    if not answers.spot:
        tell_unused_spot_prices(market, "--spot makes pools at them beside those on demand")


def _throughputs(
    files: list[str], slo: tuple[str | None, str | None], tokens: tuple[int | None, int | None], statistic: str | None
) -> Mapping[str, Measured]:
    """What copies of each model serve by its measurements, within limits on times; what can't be used is told."""
    from placement.profiles import Size
    from placement.profiles.options import parse_limits
    from placement.quickstart.answers import Measurements

    if not files:
        if slo != (None, None) or tokens != (None, None) or statistic is not None:
            raise UsageError("--slo-ttft, --slo-tpot, --statistic and tokens are of measurements: add --profile FILE")
        return {}
    read = read_files(files, None, statistic)
    return Measurements(read, parse_limits(*slo), Size(*tokens), note)


def _check_names(answers: Answers, market: Market, one: Attempts) -> None:
    from placement.catalogue.search import check_provider, check_region, devices_of

    with one():
        check_region(answers.region, market)
    with one():
        check_provider(answers.provider)
    with one():
        devices_of(answers.gpus, market)
    for name in answers.instance_types:
        with one():
            market.instance_type(name)


def _check_of_models(answers: Answers, market: Market) -> Callable[[ModelWish], None] | None:
    """What raises the error of a model that can't be served; None where nothing tells on which machines yet."""
    from placement.quickstart import FitsNowhereError, fitting
    from placement.quickstart.answers import missing_of_machines

    if missing_of_machines(answers, bool(market.nodes)):
        return None
    check = fitting(answers, market)
    way_out = "name other machines with --instance-type" if answers.instance_types else "choose other GPUs with --gpu"

    def check_with_way_out(wish: ModelWish) -> None:
        try:
            check(wish)
        except FitsNowhereError as error:
            raise UsageError(f"{error}; {way_out}") from None

    return check_with_way_out


def _check_complete(answers: Answers, output: str, *, has_nodes: bool, has_models: bool) -> None:
    """Refuse answers of which some are missing; each is named as an option."""
    from placement.quickstart.answers import missing

    needed = missing(answers, has_models=has_models, has_nodes=has_nodes)
    if needed:
        why = (
            "nothing is asked where standard output is the file" if output == "-" else "there is no terminal to ask at"
        )
        raise UsageError(f"{why}, and these are missing: {', '.join(needed)}")


def _write(made: Draft, output: str, *, force: bool) -> None:
    from placement.cli.exporting import refuse_over
    from placement.documents.write import write_document, write_file
    from placement.report.words import count

    refuse_over(output, force=force)
    if Path(output).suffix.lower() == ".json":  # which has no comments
        write_document(made.problem.to_document(), output)
    else:
        write_file(made.text, output)
    if output != "-":
        problem = made.problem
        zones = len({pool.zone for pool in problem.pools})
        size = f"{count(len(problem.components), 'model')}, {count(len(problem.instance_types), 'instance type')}"
        say(f"{output}: {size}, {count(zones, 'zone')}. Now: placement solve {output}")
