"""A problem, a policy and an hour of traffic from Azure's LLM inference trace of 2023, for `placement simulate`.

    python tools/make_azure.py ../shared/published/azure-llm-rates OUT

Requests a minute of two services are published (Azure/AzurePublicDataset, CC-BY 4.0; Patel et al., ISCA 2024). What a
copy needs and serves is assumed here: half of an accelerator, and 30 GiB of it.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from traffic_case import policy, problem, shared, write

MACHINES = ("p4de.24xlarge", "g6e.12xlarge", "g6e.xlarge")
OPTION = shared(30, 0.5, 4, 32, ["L40S-48GB", "A100-80GB"])
SCALING = {"target_value": 0.75, "capacity_per_copy": 1.0, "max_capacity": 200}  # requests a second of a copy


def main(source: str, out: str) -> None:
    """Write the case into a folder."""
    with (Path(source) / "per_minute.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    services = sorted({row["service"] for row in rows})
    components = [{"name": name, "copies": 1, "options": [OPTION]} for name in services]
    lines = [f"{row['service']},{row['minute']},{row['requests']}" for row in rows]
    write(out, problem("azure", MACHINES, components), policy("azure", SCALING), ["service,minute,requests", *lines])


if __name__ == "__main__":
    main(*sys.argv[1:])
