"""A problem, a policy and two weeks of traffic from ServeGen's 314 tenants, for `placement simulate`.

    python tools/make_tenants.py ../shared/published/servegen-tenant-rates OUT

Rates are published (alibaba/ServeGen, Apache-2.0; Xiang et al., arXiv 2505.09999): a client of m-large, m-mid or
m-small is taken as one component. What a copy needs and serves is assumed here, one shape for each of the three sizes
of model.
"""

from __future__ import annotations

import csv
import gzip
import sys
from pathlib import Path
from typing import Any

from traffic_case import owned, policy, problem, shared, write

HEADROOM = 0.75  # part of what a copy can serve that the policy aims at
MACHINES = (
    "p4de.24xlarge", "p5.48xlarge", "p5.4xlarge", "g6e.xlarge", "g6e.12xlarge", "g6e.48xlarge", "g5.xlarge",
    "g5.12xlarge",
)  # fmt: skip
SHAPES: dict[str, tuple[float, list[dict[str, Any]]]] = {  # requests a second that a copy is meant to serve; options
    "m-large": (2.0, [owned(4, 38, 8, 64, ["A100-80GB"]), owned(2, 75, 8, 64, ["H100-80GB"])]),
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
    """Write the case into a folder."""
    components: list[dict[str, Any]] = []
    policies: list[dict[str, Any]] = []
    lines: list[str] = []
    for size, (rate, options) in SHAPES.items():
        with gzip.open(Path(source) / f"{size}_rates_10min.csv.gz", "rt") as stream:
            head, *rows = csv.reader(stream)
        lines = lines or [",".join(head)]
        for row in rows:
            name = f"{size}-{row[0]}"
            components.append({"name": name, "copies": 1, "options": options})
            policies.append({"name": name, "target_value": rate, "capacity_per_copy": rate / HEADROOM})
            lines.append(",".join([name, *row[1:]]))
    scaling = policy("tenants", {"max_capacity": 200}, policies)
    write(out, problem("tenants", MACHINES, components), scaling, lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
