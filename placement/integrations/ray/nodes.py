"""The nodes of a plan as Ray has to start them: logical resources, and the labels that replicas ask for."""

from __future__ import annotations

import json
from math import ceil
from typing import TYPE_CHECKING, Any

from placement.integrations.labels import label_value
from placement.referee.standing import machine_room
from placement.units import MILLI

if TYPE_CHECKING:
    from placement.documents import Problem
    from placement.documents.plan import Plan

MACHINE, POOL = "placement/machine", "placement/pool"  # keys of labels; Ray keeps `ray.io/` to itself
BYTES_PER_MIB = 2**20
_ADDRESS = "HEAD:6379"


def share_name(accelerator: int) -> str:
    """The logical resource that stands for one accelerator of a node: 1 of it, in shares."""
    return f"placement-gpu-{accelerator}"


def memory_name(accelerator: int) -> str:
    """The logical resource that stands for the memory of one accelerator of a node, in MiB."""
    return f"placement-gpu-{accelerator}-mib"


def nodes(problem: Problem, plan: Plan) -> list[dict[str, Any]]:
    """One row a machine of the plan: where it is, and the command that joins it to the cluster, word by word."""
    pools = {row.name: row for row in problem.pools}
    running = {row.id for row in problem.instances}
    found = []
    for row in plan.instances:
        pool = pools[row.pool]
        has = machine_room(problem, problem.instance_types[pool.instance_type])
        resources = {share_name(k): 1 for k in range(has.accelerators)}
        resources |= {memory_name(k): has.memory for k in range(has.accelerators) if has.memory}
        node: dict[str, Any] = {
            "machine": row.id,
            "runs_now": row.id in running,
            "pool": row.pool,
            "instance_type": pool.instance_type,
            "zone": pool.zone,
            "labels": {MACHINE: label_value(row.id), POOL: label_value(row.pool)},
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
