"""The family on which arc-flow is at home: whole GiB, few distinct needs, many copies, twelve types, no zones.

After the trials that led to the solver: memory of 3 to 78 GiB on each of 1, 2, 4 or 8 shared accelerators, vCPUs and
host memory for each copy, machines of 1, 4 and 8 accelerators of 24, 48, 80 and 141 GiB. Prices are stand-ins.

    python -m tests.solvers.arc_fleets 200 1 > home-200-1.json
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.reading import Doc

TYPES = {  # GiB of an accelerator, accelerators, vCPUs, GiB of the host, dollars per hour
    "a1": (24, 1, 8, 32, 1.0),
    "a4": (24, 4, 48, 192, 4.2),
    "a8": (24, 8, 96, 384, 8.6),
    "b1": (48, 1, 8, 64, 1.9),
    "b4": (48, 4, 48, 384, 7.9),
    "b8": (48, 8, 192, 768, 16.3),
    "c1": (80, 1, 16, 256, 4.1),
    "c4": (80, 4, 48, 576, 15.2),
    "c8": (80, 8, 96, 1152, 29.5),
    "d1": (141, 1, 24, 256, 7.2),
    "d4": (141, 4, 96, 1024, 28.0),
    "d8": (141, 8, 192, 2048, 55.5),
}
HOST = (80, 8, 96, 1152, 1.0)


def home(components: int, seed: int) -> Doc:
    """A fleet of the family."""
    dice = random.Random(f"home/{components}/{seed}")
    rows = []
    for c in range(components):
        accelerators = dice.choices([1, 2, 4, 8], [60, 20, 12, 8])[0]
        memory = dice.randint(3, 78)
        row = _row(f"m{c:04d}", dice.randint(1, 30 if components < 400 else 20), accelerators, memory)
        row["vcpus"] = dice.choice([1, 2, 4]) * accelerators
        row["memory_gib"] = round(memory * accelerators * dice.uniform(0.3, 1.0)) + 2
        rows.append(row)
    return _document(f"home-{components}-{seed}", TYPES, rows)


def hosts(components: int, copies: int, seed: int) -> Doc:
    """Copies on one accelerator each, machines of 8 x 80 GiB, fewest machines: bin packing with hosts."""
    dice = random.Random(f"hosts/{seed}")
    counts = [1 + n for n in _split(dice, copies - components, components)]
    rows = []
    for c, count in enumerate(counts):
        row = _row(f"m{c:04d}", count, 1, dice.choice([3, 5, 8, 10, 12, 15, 16, 18, 20, 24, 28, 30, 34, 40]))
        rows.append({**row, "vcpus": dice.choice([1, 2, 3]), "memory_gib": dice.choice([8, 16, 24, 32])})
    return _document(f"hosts-{copies}-{seed}", {"h8": HOST}, rows)


def _split(dice: random.Random, total: int, parts: int) -> list[int]:
    """Whole numbers that add up to `total`."""
    cuts = [0, *sorted(dice.randint(0, total) for _ in range(parts - 1)), total]
    return [high - low for low, high in itertools.pairwise(cuts)]


def _row(name: str, copies: int, accelerators: int, memory: int) -> Doc:
    row = {"name": name, "copies": copies, "accelerators": accelerators, "accelerator_memory_gib": memory}
    return {**row, "shared": True}


def _document(name: str, types: Mapping[str, tuple[float, ...]], components: list[Doc]) -> Doc:
    rows: dict[str, dict[str, Any]] = {}
    for key, (memory, count, vcpus, host, price) in types.items():
        rows[key] = {
            "accelerator": f"{memory:g}GB",
            "accelerator_count": count,
            "vcpus": vcpus,
            "memory_gib": host,
            "price_per_hour": price,
        }
    return {
        "format": "placement/v1",
        "name": name,
        "accelerators": {f"{row[0]:g}GB": {"memory_gib": row[0]} for row in types.values()},
        "instance_types": rows,
        "pools": [{"name": key, "instance_type": key, "zone": "a"} for key in types],
        "components": components,
    }


if __name__ == "__main__":
    json.dump(home(int(sys.argv[1]), int(sys.argv[2])), sys.stdout, indent=1)
