"""`placement import sagemaker`, `export sagemaker` and `apply sagemaker`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli import common_options as common
from placement.cli.catalogue import read_market
from placement.cli.endings import say, tell
from placement.cli.platforms import shared
from placement.errors import DocumentError, UsageError
from placement.units import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.catalogue.market import Market
    from placement.documents import Plan, Problem
    from placement.integrations.sagemaker.answers import ApiAnswer

RegionOption = Annotated[str, typer.Option(help="The region. Default: the one that boto3 is set to.")]
EndpointUrlOption = Annotated[str, typer.Option(metavar="URL", help="The address of the API, in place of AWS's own.")]
_SECONDS = 10.0  # for an arrangement of what runs, where first-fit finds none


def import_endpoints(
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="An endpoint to read; may be repeated. Default with --from-json: all of them."
        ),
    ] = None,
    from_json: Annotated[
        str | None,
        typer.Option(
            "--from-json",
            metavar="DIR",
            help="Read a folder of JSON files that the AWS command line wrote, in place of asking the API.",
        ),
    ] = None,
    region: RegionOption = "",
    endpoint_url: EndpointUrlOption = "",
    consolidate: Annotated[
        bool, typer.Option("--consolidate", help="Let components move to another endpoint that is read.")
    ] = False,
    price: common.PriceOption = None,
    headroom: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[TYPE=]GIB",
            help="Host memory that components can't reserve, on the type named or on all; may be repeated.",
        ),
    ] = None,
    facts: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="Prices, quotas, savings plans, budgets, as for placement catalogue; may be repeated."
        ),
    ] = None,
    output: shared.OutputOption = "-",
    force: shared.ForceOption = False,
    full: shared.AllNotesOption = False,
) -> None:
    """Read endpoints with inference components, and what runs on them.

    It makes seven kinds of calls, which only read: DescribeEndpoint, DescribeEndpointConfig,
    ListInferenceComponents, DescribeInferenceComponent, and of Application Auto Scaling DescribeScalableTargets,
    DescribeScheduledActions and DescribeScalingPolicies. SageMaker tells only how many copies run, so which machine
    a copy is on is reconstructed. All that was ignored, assumed or reconstructed is noted on stderr, and in the
    comments of a YAML file.

    Exit codes: 0 written, 2 bad input, or a call that is refused.
    """
    from placement.cli.exporting import check_new_file, prices_of
    from placement.cli.streams import DOCUMENTS
    from placement.integrations import Notes
    from placement.integrations.sagemaker.answers import of_endpoints, read_live, read_live_scaling, read_saved
    from placement.integrations.sagemaker.around import all_that_scales
    from placement.integrations.sagemaker.endpoints import read_endpoint
    from placement.integrations.sagemaker.problem import ImportWish
    from placement.integrations.sagemaker.problem import import_endpoints as as_problem
    from placement.integrations.sagemaker.variant_pools import with_hosted_types

    saved_files = [] if from_json is None else list(Path(from_json).glob("*"))
    check_new_file(output, [*saved_files, *(facts or ())], known=DOCUMENTS, force=force)
    notes = Notes()
    targets: Sequence[ApiAnswer] = ()
    scaling: Sequence[ApiAnswer] = ()
    files = list(facts or ())
    if from_json is not None:
        saved = read_saved(from_json, notes)
        answers = of_endpoints(saved, endpoint or (), notes)
        targets, scaling = saved.targets, saved.scaling
        files = [*saved.facts, *files]
    elif endpoint:
        answers = read_live(endpoint, region, endpoint_url)
        targets, scaling = read_live_scaling(answers, notes, region, endpoint_url)
    else:
        raise UsageError("name an endpoint with --endpoint NAME, or a folder of saved answers with --from-json DIR")
    endpoints = [read_endpoint(each, notes) for each in answers]
    scaled = all_that_scales(targets, scaling, notes, asked=from_json is None)
    market = with_hosted_types(read_market(files), endpoints, notes)
    kept = _headroom(headroom or [], market)
    wish = ImportWish(region, prices_of(price or (), market), kept, consolidate, scaled)
    imported = as_problem(endpoints, market, wish, notes, _arranged)
    shared.write_imported(imported, output, full=full)


def export_plan(
    problem: shared.ProblemArgument,
    plan: shared.PlanArgument,
    out: shared.OutOption,
    role: Annotated[
        str,
        typer.Option(
            metavar="ARN", help="The IAM role that new endpoints run as. Default: that of the endpoint that was read."
        ),
    ] = "",
    name: Annotated[
        str, typer.Option(help="How the names of new endpoints begin. Default: with the name of the problem.")
    ] = "",
    exact: Annotated[
        bool, typer.Option("--exact", help="Make an endpoint for each set of machines that hold the same copies.")
    ] = False,
    pin: Annotated[
        bool, typer.Option("--pin", help="Fix the number of machines at that of the plan, also where it may vary now.")
    ] = False,
    fallback: Annotated[
        bool,
        typer.Option(
            "--fallback",
            help="Add other instance types that could hold a new endpoint, for when its own is not to be had.",
        ),
    ] = False,
    as_new: Annotated[
        bool,
        typer.Option(
            "--as-new", help="Write calls that make everything, also what runs already: for another region or account."
        ),
    ] = False,
    target_version: Annotated[
        str,
        typer.Option(
            metavar="VERSION",
            help="The version of botocore that will send the calls; fields that it does not know are left out.",
        ),
    ] = "",
    target_requests: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="The number of concurrent requests of a copy above which autoscaling adds another. Default: 5.",
        ),
    ] = None,
    policy: shared.PolicyOption = None,
    force: shared.ForceOption = False,
    full: shared.AllNotesOption = False,
) -> None:
    """Write a plan as calls of SageMaker, in order, with a CloudFormation template and a page of advice.

    Endpoints and components that were imported are changed, and new ones are made. A line for each variant says which
    components share it, on how many machines, and whether SageMaker's own packing is sure to fit them.

    Exit codes: 0 written, 1 the plan breaks a rule, 2 bad input, or SageMaker can't express the plan.
    """
    from placement.integrations.sagemaker.export import export_plan as as_files
    from placement.integrations.sagemaker.wish import ExportWish, parse_version

    target = parse_version(target_version) if target_version else None
    if policy is not None and target_requests is not None:
        raise UsageError("--target-requests or --policy, which has targets of its own")
    given, planned = shared.read_both(problem, plan, out, force=force)
    rules = shared.read_policy(policy, given, problem, plan)
    requests = 5.0 if target_requests is None else target_requests
    wish = ExportWish(name, role, exact, pin, fallback, as_new, target, requests, rules)
    try:
        made = as_files(given, planned, wish)
    except DocumentError as error:
        raise error.of(problem) from None
    shared.write_exported(made.exported, out, force=force, full=full)
    for line in made.lines:
        tell(line)
    calls = count(len(made.steps), "call")
    tell(calls + (f"; now: placement apply sagemaker {out}" if made.steps else ""))


def apply_steps(
    directory: Annotated[str, typer.Argument(metavar="DIR", help="A folder that placement export sagemaker wrote.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--send", help="Print the calls without sending them, or send them.")
    ] = True,
    region: RegionOption = "",
    endpoint_url: EndpointUrlOption = "",
    first: Annotated[
        int | None, typer.Option("--from", min=1, metavar="N", help="Begin with call N, as those before it are done.")
    ] = None,
    wait_minutes: Annotated[
        float, typer.Option(min=0, help="The longest wait for each endpoint or component to be in service, in minutes.")
    ] = 60.0,
) -> None:
    """Send the calls of an export, in order; without --send only print them.

    Each call is first checked against the model of the service that botocore has. The command stops at the first call
    that is refused, and before calls that remove what clients may still use, and says how to go on.

    Exit codes: 0 all are sent, or printed; 2 a file is damaged, or a call is refused.
    """
    from placement.integrations.sagemaker.apply import Sender, read_steps
    from placement.integrations.sagemaker.steps import command

    steps = read_steps(directory)
    if first is not None and first > len(steps) and steps:
        raise UsageError(f"--from {first}: there {'is' if len(steps) == 1 else 'are'} {count(len(steps), 'call')}")
    if dry_run:
        for number, step in enumerate(steps, 1):
            if number >= (first or 1):
                if step.before and not (number > 1 and steps[number - 2].before == step.before):
                    tell(f"before call {number}: {step.before}")
                tell(f"{number}. aws {step.service} {command(step.operation)} {step.subject}: {step.purpose}")
        tell(f"{count(max(0, len(steps) - (first or 1) + 1), 'call')}, none sent; send them with --send")
        return
    if Sender(region, endpoint_url, tell, most_seconds=wait_minutes * 60).send(steps, first or 0):
        tell("all calls are sent, and what they made is in service")


def _arranged(problem: Problem) -> Plan | None:
    """A plan for copies that run and that first-fit found no place for."""
    from placement.planner import solve

    say("placement: first-fit finds no place for every running copy; looking for an arrangement")
    result = solve(problem, time_limit=_SECONDS)
    return result.plan if result.plan is not None and result.plan.assignments else None


def _headroom(words: list[str], market: Market) -> dict[str, float]:
    """`TYPE=GIB` or `GIB` of each word."""
    found = {}
    for word in words:
        form = "TYPE=GIB or GIB, such as ml.g5.12xlarge=8"
        name, gib = common.number_of_type("--headroom", form, word, 1e6, may_be_bare=True)
        found[market.instance_type(name).name if name else ""] = gib
    return found
