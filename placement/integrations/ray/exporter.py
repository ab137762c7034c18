"""A plan as a config of Ray Serve, an application for each component and a deployment for each place, and its nodes.

Ray has no way to ask for GPU 3 of a node: it gives a replica any GPU with enough of it free, and shares them best fit.
So a replica that has to be on the accelerators of the plan asks for a resource of its own for each of them, which its
node declares, and is shown just these by the variable that its engine reads. That is exact, also for copies that share.
"""

import json
from math import ceil
from typing import Any, NamedTuple

from placement.documents import Plan, Problem, Spread
from placement.errors import UsageError
from placement.integrations.exported import Exported
from placement.integrations.labels import ObjectNames, label_value
from placement.integrations.manifests import manifest_text
from placement.integrations.notes import Notes
from placement.integrations.serving import command_of
from placement.integrations.variants import Pin, PlanVariant, variants
from placement.referee.standing import copy_need, machine_room
from placement.units import BYTES_PER_MIB, MILLI, WHOLE_SHARE, listed

_IMPORT_PATH = "ray.import_path"  # label of a component with the builder of its application
_PARTS = 10_000  # Ray counts resources in ten-thousandths
_KEEP = "RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES"  # Ray leaves the variable below as it is
_MACHINE, _POOL = "placement/machine", "placement/pool"  # keys of labels; Ray keeps `ray.io/` to itself
_ADDRESS = "HEAD:6379"


class RayWish(NamedTuple):
    """What the plan does not say.

    `import_path`: ``module:function``, of a function that makes an application of a dictionary; a component may have
        its own as the label ``ray.import_path``.
    `pin`: what a copy is held to: the accelerators of the plan, its machine, or any machine of its pool.
    `visible_devices`: the variable that tells an engine which accelerators are its own.
    """

    import_path: str = "serve_app:build"
    pin: Pin = "accelerator"
    visible_devices: str = "CUDA_VISIBLE_DEVICES"


def export_ray(problem: Problem, plan: Plan, wish: RayWish = RayWish()) -> Exported:  # noqa: B008
    """The files for Ray Serve: ``nodes.json``, then ``serve.yaml`` for ``serve deploy``.

    The plan keeps every rule of the problem.
    Raises UsageError: a name of a function is not ``module:function``.
    """
    notes = Notes()
    config = _serve_config(problem, plan, wish, notes)
    rows = _nodes(problem, plan)
    _tell(problem, plan, wish, notes)
    return Exported(
        {
            "nodes.json": json.dumps({"format": "placement-ray-nodes/v1", "nodes": rows}, indent=1) + "\n",
            "serve.yaml": manifest_text([config], map(str, notes)),
        },
        tuple(notes),
    )


def _serve_config(problem: Problem, plan: Plan, wish: RayWish, notes: Notes) -> dict[str, Any]:
    """The config as `ray.serve.schema.ServeDeploySchema` takes it."""
    found = variants(problem, plan, wish.pin)
    applications, names = [], ObjectNames()
    for component in problem.components:
        mine = [row for row in found if row.component.name == component.name]
        if not mine:
            continue
        path = component.labels.get(_IMPORT_PATH, wish.import_path)
        if path.count(":") != 1 or not all(path.split(":")):
            raise UsageError(f'component {component.name}: "{path}" is no import path; write module:function')
        name = names.of(component.name)
        deployments = [_deployment(problem, row, f"{name}-{k}", wish, notes) for k, row in enumerate(mine, 1)]
        told = {
            row["name"]: {"option": variant.mode.name or str(variant.option), "machine": variant.machine}
            | ({"command": words} if (words := command_of(component, variant.option)) else {})
            for row, variant in zip(deployments, mine, strict=True)
        }
        applications.append(
            {
                "name": name,
                "route_prefix": f"/{name}",
                "import_path": path,
                "args": {"component": component.name, "deployments": told},
                "deployments": deployments,
            }
        )
    return {"proxy_location": "EveryNode", "applications": applications}


def _deployment(problem: Problem, row: PlanVariant, name: str, wish: RayWish, notes: Notes) -> dict[str, Any]:
    mode = row.mode
    selector = {_POOL: label_value(row.pool.name)} if row.machine is None else {_MACHINE: label_value(row.machine)}
    takes = copy_need(mode)
    options: dict[str, Any] = {
        "num_cpus": takes.vcpus / MILLI,
        "memory": takes.host * BYTES_PER_MIB,
        "label_selector": selector,
    }
    deployment: dict[str, Any] = {"name": name, "num_replicas": row.copies, "ray_actor_options": options}
    part = _part(problem, row)
    if row.accelerators:
        options["num_gpus"] = 0
        options["resources"] = _resources(problem, row)
        shown = ",".join(map(str, row.accelerators))
        options["runtime_env"] = {"env_vars": {wish.visible_devices: shown, _KEEP: "1"}}
    elif mode.accelerators == 1 or part == 1:
        options["num_gpus"] = mode.accelerators * part
    elif mode.accelerators:
        # Above one GPU an actor takes whole ones, so each part is a bundle, all of them on one node.
        whole = {"CPU": options["num_cpus"], "memory": options["memory"], "GPU": part}
        bundles = [{key: value for key, value in whole.items() if value}]
        deployment["placement_group_bundles"] = [*bundles, *({"GPU": part} for _ in range(mode.accelerators - 1))]
        deployment["placement_group_strategy"] = "STRICT_PACK"
        deployment["placement_group_bundle_label_selector"] = [selector]
        options["num_gpus"] = part
        del options["label_selector"]
        notes.inexact(
            f"deployment {name}",
            f"a copy takes part of {mode.accelerators} GPUs; Ray may give it two of one GPU: use --pin accelerator",
        )
    else:
        options["num_gpus"] = 0
    return deployment


def _resources(problem: Problem, row: PlanVariant) -> dict[str, float]:
    """Share and memory of each accelerator of the plan, as the problem counts: one that is owned is taken whole."""
    takes = copy_need(row.mode)
    memory, share = takes.memory, takes.share / WHOLE_SHARE
    if not takes.shared:
        memory, share = machine_room(problem, problem.instance_types[row.pool.instance_type]).memory, 1.0
    found: dict[str, float] = {_share_name(k): share for k in row.accelerators or () if share}
    return found | {_memory_name(k): memory for k in row.accelerators or () if memory}


def _part(problem: Problem, row: PlanVariant) -> float:
    """The part of a GPU that a copy takes, where Ray knows nothing else of GPUs: of memory or by share, the larger.

    Rounded down to what Ray counts, since by the plan it fits; never nothing, or the copy would see no GPU.
    """
    takes = copy_need(row.mode)
    if not takes.shared:
        return 1
    has = machine_room(problem, problem.instance_types[row.pool.instance_type]).memory
    parts = max(takes.memory * _PARTS // has if has else 0, takes.share * _PARTS // WHOLE_SHARE, 1)
    return parts / _PARTS if parts < _PARTS else 1


def _tell(problem: Problem, plan: Plan, wish: RayWish, notes: Notes) -> None:
    modes = {row.name: row.modes for row in problem.components}
    shared = any(modes[row.component][row.option].shared for row in plan.assignments)
    if wish.pin == "pool":
        notes.inexact("label_selector", "a copy starts on any machine of its pool: Ray spreads replicas over them")
    if wish.pin != "accelerator" and shared:
        notes.inexact(
            "num_gpus",
            "Ray chooses the GPUs that copies share, best fit, in the order in which they start; it may so find no "
            "room for one that the plan has room for: use --pin accelerator",
        )
    if wish.pin == "accelerator":
        notes.inexact(
            "num_gpus",
            f"is 0, and {wish.visible_devices} has the accelerators of the plan: Ray cannot be asked for one of them. "
            "Nodes have to be started with the resources in nodes.json; other work there must not ask for GPUs",
        )
    if shared:
        notes.inexact("memory of a GPU", "is not held to what a copy needs by Ray: set the limit of the engine itself")
    notes.assumed(
        "import_path", f"the application is made by the function {wish.import_path}, or by the component's own"
    )
    kept = [row.name for row in problem.components if row.spread != Spread() or row.dedicated or row.avoid]
    if kept:
        notes.ignored(
            f"components {listed(kept)}",
            "rules of spread and company hold as long as replicas stay where this config has them; Ray knows none",
        )


def _share_name(accelerator: int) -> str:
    """The logical resource that stands for one accelerator of a node: 1 of it, in shares."""
    return f"placement-gpu-{accelerator}"


def _memory_name(accelerator: int) -> str:
    """The logical resource that stands for the memory of one accelerator of a node, in MiB."""
    return f"placement-gpu-{accelerator}-mib"


def _nodes(problem: Problem, plan: Plan) -> list[dict[str, Any]]:
    """One row a machine of the plan: where it is, and the command that joins it to the cluster, word by word."""
    pools = {row.name: row for row in problem.pools}
    running = {row.id for row in problem.instances}
    found = []
    for row in plan.instances:
        pool = pools[row.pool]
        has = machine_room(problem, problem.instance_types[pool.instance_type])
        resources = {_share_name(k): 1 for k in range(has.accelerators)}
        resources |= {_memory_name(k): has.memory for k in range(has.accelerators) if has.memory}
        node: dict[str, Any] = {
            "machine": row.id,
            "runs_now": row.id in running,
            "pool": row.pool,
            "instance_type": pool.instance_type,
            "zone": pool.zone,
            "labels": {_MACHINE: label_value(row.id), _POOL: label_value(row.pool)},
            "num_cpus": has.vcpus / MILLI,
            "num_gpus": has.accelerators,
            "memory": has.host * BYTES_PER_MIB,
            "resources": resources,
        }
        found.append({**node, "command": _command(node)})
    return found


def _command(node: dict[str, Any]) -> list[str]:
    # The command takes whole vCPUs alone. Rounded down, copies of the plan would wait for the rest of one.
    return [
        *("ray", "start", f"--address={_ADDRESS}"),
        f"--num-cpus={ceil(node['num_cpus'])}",
        f"--num-gpus={node['num_gpus']}",
        f"--memory={node['memory']}",
        f"--resources={json.dumps(node['resources'])}",
        f"--labels={','.join(f'{key}={value}' for key, value in node['labels'].items())}",
    ]
