"""`placement export ray`."""

from __future__ import annotations

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli.platforms import shared


def export_command(
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
