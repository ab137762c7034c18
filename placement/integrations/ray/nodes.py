"""The nodes of a plan as Ray has to start them: logical resources, and the labels that replicas ask for."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from placement.integrations.labels import label_value
from placement.units import MIB_PER_GIB, MILLI, need, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import InstanceType, Problem
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


def usable(kind: InstanceType) -> tuple[int, int]:
    """Milli-vCPU and MiB of host memory of a machine once what is reserved is off."""
    vcpus = room(kind.vcpus, MILLI) - need(kind.reserved.vcpus, MILLI)
    host = room(kind.memory_gib, MIB_PER_GIB) - need(kind.reserved.memory_gib, MIB_PER_GIB)
    return vcpus, host


def accelerator_memory(problem: Problem, kind: InstanceType) -> int:
    """MiB of each accelerator of a machine once what is reserved is off."""
    if kind.accelerator is None:
        return 0
    has = room(problem.accelerators[kind.accelerator].memory_gib, MIB_PER_GIB)
    return has - need(kind.reserved.accelerator_memory_gib, MIB_PER_GIB)


def nodes(problem: Problem, plan: Plan) -> list[dict[str, Any]]:
    """One row a machine of the plan: where it is, and the command that joins it to the cluster, word by word."""
    pools = {row.name: row for row in problem.pools}
    found = []
    for row in plan.instances:
        pool = pools[row.pool]
        kind = problem.instance_types[pool.instance_type]
        vcpus, host = usable(kind)
        labels = {MACHINE: label_value(row.id), POOL: label_value(row.pool)}
        memory = accelerator_memory(problem, kind)
        resources = {share_name(k): 1 for k in range(kind.accelerator_count)}
        resources |= {memory_name(k): memory for k in range(kind.accelerator_count) if memory}
        found.append(
            {
                "machine": row.id,
                "runs_now": any(instance.id == row.id for instance in problem.instances),
                "pool": row.pool,
                "instance_type": pool.instance_type,
                "zone": pool.zone,
                "labels": labels,
                "num_cpus": vcpus / MILLI,
                "num_gpus": kind.accelerator_count,
                "memory": host * BYTES_PER_MIB,
                "resources": resources,
            }
        )
    for node in found:
        node["command"] = _command(node)
    return found


def _command(node: dict[str, Any]) -> Sequence[str]:
    import json

    # The command takes whole vCPUs alone. Rounded down, copies of the plan would wait for the rest of one.
    return [
        *("ray", "start", f"--address={_ADDRESS}"),
        f"--num-cpus={ceil(node['num_cpus'])}",
        f"--num-gpus={node['num_gpus']}",
        f"--memory={node['memory']}",
        f"--resources={json.dumps(node['resources'])}",
        f"--labels={','.join(f'{key}={value}' for key, value in node['labels'].items())}",
    ]
