"""A problem, a policy and traffic of published rates, as files for `placement simulate`: what all such cases share.

Prices are EC2's on demand, us-east-1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMORY = {"A100-40GB": 40, "A100-80GB": 80, "H100-80GB": 80, "L40S-48GB": 48, "A10G-24GB": 24}
TYPES = {  # accelerator, how many, vCPU, GiB, dollars an hour
    "p4d.24xlarge": ("A100-40GB", 8, 96, 1152, 21.96),
    "p4de.24xlarge": ("A100-80GB", 8, 96, 1152, 27.45),
    "p5.48xlarge": ("H100-80GB", 8, 192, 2048, 55.04),
    "p5.4xlarge": ("H100-80GB", 1, 16, 256, 6.88),
    "g6e.xlarge": ("L40S-48GB", 1, 4, 32, 1.861),
    "g6e.12xlarge": ("L40S-48GB", 4, 48, 384, 10.49),
    "g6e.48xlarge": ("L40S-48GB", 8, 192, 1536, 30.13),
    "g5.xlarge": ("A10G-24GB", 1, 4, 16, 1.006),
    "g5.4xlarge": ("A10G-24GB", 1, 16, 64, 1.624),
    "g5.8xlarge": ("A10G-24GB", 1, 32, 128, 2.448),
    "g5.12xlarge": ("A10G-24GB", 4, 48, 192, 5.67),
    "g5.48xlarge": ("A10G-24GB", 8, 192, 768, 16.288),
}


def shared(memory: float, share: float, vcpus: float, host: float, on: list[str]) -> dict[str, Any]:
    """An option that stands beside others on one accelerator."""
    return owned(1, memory, vcpus, host, on) | {"accelerator_share": share, "shared": True}


def owned(accelerators: int, memory: float, vcpus: float, host: float, on: list[str]) -> dict[str, Any]:
    """An option that owns its accelerators."""
    return {
        "accelerators": accelerators, "accelerator_memory_gib": memory, "vcpus": vcpus, "memory_gib": host, "on": on,
    }  # fmt: skip


def problem(name: str, types: Sequence[str], components: list[dict[str, Any]]) -> dict[str, Any]:
    """The document of a fleet of some types in one zone, where moving a copy costs five cents."""
    kinds = {TYPES[row][0] for row in types}
    return {
        "format": "placement/v1",
        "name": name,
        "accelerators": {kind: {"memory_gib": memory} for kind, memory in MEMORY.items() if kind in kinds},
        "instance_types": {
            row: {"accelerator": kind, "accelerator_count": n, "vcpus": vcpus, "memory_gib": host,
                  "price_per_hour": price}
            for row, (kind, n, vcpus, host, price) in TYPES.items() if row in types
        },
        "pools": [{"name": row, "instance_type": row, "zone": "us-east-1a"} for row in TYPES if row in types],
        "components": components,
        "objective": {"move_cost": 0.05},
    }  # fmt: skip


def policy(name: str, defaults: dict[str, Any], components: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The document of a policy."""
    return {"format": "placement-scaling/v1", "name": name, "defaults": defaults, "components": list(components)}


def write(folder: str, problem: dict[str, Any], policy: dict[str, Any], traffic: list[str]) -> None:
    """Write problem.json, policy.json and the lines of traffic.csv into a folder."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / "problem.json").write_text(json.dumps(problem), encoding="utf-8")
    (target / "policy.json").write_text(json.dumps(policy), encoding="utf-8")
    (target / "traffic.csv").write_text("\n".join(traffic) + "\n", encoding="utf-8")
