"""`placement export kserve`, `placement export keda` and `placement export ray`."""

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli.platforms import shared
from placement.errors import UsageError


def export_kserve_command(
    problem_file: shared.ProblemArgument,
    plan_file: shared.PlanArgument,
    out: shared.OutOption,
    pin: Annotated[str, typer.Option(help="What each copy is held to: pool, or machine where that runs now.")] = "pool",
    sharing: Annotated[
        str, typer.Option(help="What lets pods share an accelerator: time-slicing, kai or hami.")
    ] = "time-slicing",
    autoscaler: Annotated[
        str,
        typer.Option(
            help="hpa holds each service at its number of copies; external leaves that to another "
            "autoscaler, such as KEDA."
        ),
    ] = "hpa",
    gpu: Annotated[
        str, typer.Option(metavar="RESOURCE", help="The Kubernetes resource that stands for an accelerator.")
    ] = "nvidia.com/gpu",
    queue: Annotated[str, typer.Option(help="The queue of the scheduler KAI.")] = "default",
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="What kubectl get nodes,pods,inferenceservices -A -o json prints, or of inferenceservices alone: "
            "what serves now, and beside whom; may be repeated; - is stdin.",
        ),
    ] = None,
    force: shared.ForceOption = False,
    full: shared.AllNotesOption = False,
) -> None:
    """Write a plan as InferenceServices of KServe: one for each component, option and pool, with the plan's copies.

    Exit codes: 0 done, 1 the plan breaks a rule, 2 bad input.
    """
    from placement.integrations.kserve import KServeWish, export_kserve

    wish = KServeWish(
        common.one_of("--pin", pin, ("pool", "machine")),
        common.one_of("--sharing", sharing, ("time-slicing", "kai", "hami")),
        common.one_of("--autoscaler", autoscaler, ("hpa", "external")),
        gpu,
        queue,
        tuple(cluster or ()),
    )
    problem, plan = shared.read_both(problem_file, plan_file, out, force=force)
    shared.write_exported(export_kserve(problem, plan, wish), out, force=force, full=full)


def export_keda_command(
    problem_file: shared.ProblemArgument,
    plan_file: shared.PlanArgument,
    out: shared.OutOption,
    peak: Annotated[
        str | None, typer.Option(metavar="PLAN", help="A plan for the peak; its numbers of copies are the maximum.")
    ] = None,
    server: Annotated[
        str, typer.Option(metavar="URL", help="The address of Prometheus.")
    ] = "http://prometheus-operated.monitoring:9090",
    query: Annotated[
        str | None,
        typer.Option(
            metavar="PROMQL", help="The query for the load of a component; $NAME stands for its name, in quotes."
        ),
    ] = None,
    target: Annotated[
        float | None, typer.Option(min=0, help="The load for one copy. Default: the throughput of its option.")
    ] = None,
    workload: Annotated[
        str, typer.Option(help="What is scaled: what export kserve writes, or export kubernetes.")
    ] = "kserve",
    policy: shared.PolicyOption = None,
    force: shared.ForceOption = False,
    full: shared.AllNotesOption = False,
) -> None:
    """Write a plan as ScaledObjects of KEDA, with its copies as the minimum and those of a peak plan as the maximum.

    With a policy, limits, targets, waits and schedules come from the policy, and the plans say which part of the copies
    is on which hardware.

    Exit codes: 0 done, 1 a plan breaks a rule, 2 bad input.
    """
    from placement.cli.streams import check_one_stdin
    from placement.integrations.keda import KedaWish, export_keda

    chosen = common.one_of("--workload", workload, ("kserve", "kubernetes"))
    problem, plan = shared.read_both(problem_file, plan_file, out, force=force)
    check_one_stdin({"PROBLEM": problem_file, "PLAN": plan_file, "--peak": peak})
    most = None if peak is None else shared.read_peak(problem, peak)
    if policy is not None and target is not None:
        raise UsageError("--target or --policy, which has targets of its own")
    rules = shared.read_policy(policy, problem, problem_file, plan_file)
    wish = KedaWish(server, query, target, chosen, rules)
    shared.write_exported(export_keda(problem, plan, most, wish), out, force=force, full=full)


def export_ray_command(
    problem_file: shared.ProblemArgument,
    plan_file: shared.PlanArgument,
    out: shared.OutOption,
    import_path: Annotated[
        str,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="The function that builds an application from its args; the label ray.import_path of a "
            "component goes before it.",
        ),
    ] = "serve_app:build",
    pin: Annotated[str, typer.Option(help="What each copy is held to: accelerator, machine or pool.")] = "accelerator",
    visible_devices: Annotated[
        str,
        typer.Option(
            metavar="VARIABLE", help="The environment variable that tells an engine which accelerators it has."
        ),
    ] = "CUDA_VISIBLE_DEVICES",
    force: shared.ForceOption = False,
    full: shared.AllNotesOption = False,
) -> None:
    """Write a plan for Ray Serve: serve.yaml for `serve deploy`, and nodes.json with how to start the nodes.

    Exit codes: 0 done, 1 the plan breaks a rule, 2 bad input.
    """
    from placement.integrations.ray import RayWish, export_ray

    chosen = common.one_of("--pin", pin, ("accelerator", "machine", "pool"))
    problem, plan = shared.read_both(problem_file, plan_file, out, force=force)
    wish = RayWish(import_path, chosen, visible_devices)
    shared.write_exported(export_ray(problem, plan, wish), out, force=force, full=full)
