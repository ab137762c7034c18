"""A problem, a policy and a month of traffic from Alibaba's recommendation services, for `placement simulate`.

    python tools/make_alibaba.py ../shared/published/alibaba-dlrm-2025 OUT

Live copies of each hour are published (alibaba/clusterdata, cluster-trace-gpu-v2025; Yang et al., NSDI 2025), and so
are the vCPUs and memory of a copy and how many of a service may stand on one machine: those that most copies of the
service ask for are taken. Of each service it is the side that has accelerators. Live copies are the rates: with a
target of one and no cooldowns as many copies are wanted. The accelerator of a copy is assumed: one of 24 GiB or more.
"""

from __future__ import annotations

import csv
import gzip
import sys
from pathlib import Path
from typing import Any

from traffic_case import MEMORY, TYPES, owned, policy, problem, write

SIDE = "HN"  # the role in the trace that has accelerators
MACHINES = ("p4d.24xlarge", "g5.4xlarge", "g5.8xlarge", "g5.12xlarge", "g5.48xlarge")
SCALING = {
    "target_value": 1, "max_capacity": 1000, "load_seconds": 0,
    "scale_out_cooldown": 0, "scale_in_cooldown": 0, "scale_in_after": 0,
}  # fmt: skip


def component(row: dict[str, str]) -> dict[str, Any]:
    """A service, from its row of services.csv."""
    kinds = sorted({TYPES[name][0] for name in MACHINES})
    memory = min(MEMORY[kind] for kind in kinds)
    option = owned(1, memory, float(row["cpu_mode"]), float(row["memory_gib_mode"]), kinds)
    most = int(float(row["max_per_node_mode"]))
    found = {"name": f"app-{row['app']}", "copies": 1, "options": [option]}
    return found if most < 0 else {**found, "spread": {"max_per_instance": most}}


def main(source: str, out: str) -> None:
    """Write the case into a folder."""
    with (Path(source) / "services.csv").open(encoding="utf-8") as stream:
        components = [component(row) for row in csv.DictReader(stream) if row["role"] == SIDE]
    with gzip.open(Path(source) / "hourly_live_replicas.csv.gz", "rt") as stream:
        head, *rows = csv.reader(stream)
    lines = [",".join(["app", *head[2:]])]
    lines += [",".join([f"app-{app}", *copies]) for app, role, *copies in rows if role == SIDE]
    write(out, problem("alibaba", MACHINES, components), policy("alibaba", SCALING), lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
