"""A problem, a policy and two weeks of traffic from ServeGen's 314 tenants, for `placement simulate`.

    python tools/make_tenants.py ../shared/published/servegen-tenant-rates OUT

Rates are published (alibaba/ServeGen, Apache-2.0; Xiang et al., arXiv 2505.09999): a client of m-large, m-mid or
m-small is taken as one component. What a copy needs and serves is assumed here, one shape for each of the three sizes
of model; prices are EC2's on demand, us-east-1.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path
from typing import Any

HEADROOM = 0.75  # part of what a copy can serve that the policy aims at
ACCELERATORS = {"A100-80GB": 80, "H100-80GB": 80, "L40S-48GB": 48, "A10G-24GB": 24}
TYPES = {  # accelerator, how many, vCPU, GiB, dollars an hour
    "p4de.24xlarge": ("A100-80GB", 8, 96, 1152, 27.45),
    "p5.48xlarge": ("H100-80GB", 8, 192, 2048, 55.04),
    "p5.4xlarge": ("H100-80GB", 1, 16, 256, 6.88),
    "g6e.xlarge": ("L40S-48GB", 1, 4, 32, 1.861),
    "g6e.12xlarge": ("L40S-48GB", 4, 48, 384, 10.49),
    "g6e.48xlarge": ("L40S-48GB", 8, 192, 1536, 30.13),
    "g5.xlarge": ("A10G-24GB", 1, 4, 16, 1.006),
    "g5.12xlarge": ("A10G-24GB", 4, 48, 192, 5.67),
}


def shared(memory: float, share: float, vcpus: int, host: int, on: list[str]) -> dict[str, Any]:
    """An option that stands beside others on one accelerator."""
    return {
        "accelerators": 1, "accelerator_memory_gib": memory, "accelerator_share": share, "shared": True,
        "vcpus": vcpus, "memory_gib": host, "on": on,
    }  # fmt: skip


def owned(accelerators: int, memory: float, on: str) -> dict[str, Any]:
    """An option that owns its accelerators."""
    return {"accelerators": accelerators, "accelerator_memory_gib": memory, "vcpus": 8, "memory_gib": 64, "on": [on]}


SHAPES: dict[str, tuple[float, list[dict[str, Any]]]] = {  # requests a second that a copy is meant to serve; options
    "m-large": (2.0, [owned(4, 38, "A100-80GB"), owned(2, 75, "H100-80GB")]),
    "m-mid": (
        8.0,
        [shared(36, 0.45, 4, 32, ["A100-80GB", "H100-80GB"]), shared(36, 0.9, 4, 32, ["L40S-48GB"])],
    ),
    "m-small": (
        20.0,
        [shared(17, 0.25, 2, 16, ["A100-80GB", "H100-80GB", "L40S-48GB"]), shared(17, 0.6, 2, 16, ["A10G-24GB"])],
    ),
}


def main(source: str, out: str) -> None:
    """Write problem.json, policy.json and traffic.csv into a folder."""
    target = Path(out)
    target.mkdir(parents=True, exist_ok=True)
    components: list[dict[str, Any]] = []
    policies: list[dict[str, Any]] = []
    lines: list[str] = []
    for size, (rate, options) in SHAPES.items():
        with gzip.open(Path(source) / f"{size}_rates_10min.csv.gz", "rt") as stream:
            rows = csv.reader(stream)
            head = next(rows)
            lines = lines or [",".join(head)]
            for row in rows:
                name = f"{size}-{row[0]}"
                components.append({"name": name, "copies": 1, "options": options})
                policies.append({"name": name, "target_value": rate, "capacity_per_copy": rate / HEADROOM})
                lines.append(",".join([name, *row[1:]]))
    problem = {
        "format": "placement/v1",
        "name": "tenants",
        "accelerators": {name: {"memory_gib": memory} for name, memory in ACCELERATORS.items()},
        "instance_types": {
            name: {"accelerator": kind, "accelerator_count": n, "vcpus": vcpus, "memory_gib": host,
                   "price_per_hour": price}
            for name, (kind, n, vcpus, host, price) in TYPES.items()
        },
        "pools": [{"name": name, "instance_type": name, "zone": "us-east-1a"} for name in TYPES],
        "components": components,
        "objective": {"move_cost": 0.05},
    }  # fmt: skip
    policy = {"format": "placement-scaling/v1", "name": "tenants", "defaults": {"max_capacity": 200}}
    (target / "problem.json").write_text(json.dumps(problem))
    (target / "policy.json").write_text(json.dumps({**policy, "components": policies}))
    (target / "traffic.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
