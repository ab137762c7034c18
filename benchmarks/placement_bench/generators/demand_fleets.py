"""Fleets whose components have a demand in place of a number of copies.

    python -m placement_bench.generators.demand_fleets FAMILY COMPONENTS SEED > problem.json

Families:
  whole   a copy owns whole accelerators, alone or several of them
  shared  a copy of a small model may stand beside others on one accelerator, while their memory fits
  zoned   both, in three zones, with spread rules, losses of a zone to survive, and quotas that bind

Each component has 3 to 8 ways to run a copy. The requests a second that a copy serves follow the memory bandwidth of
its accelerators and how much memory is left for the requests in flight, with 15 % of noise: so which accelerator
serves a model most cheaply differs from model to model, and a mix of two may be cheaper than either. Shapes of machines
and prices are rounded from public lists of 2026, sizes of models from public configurations. Demands fall off as in
Zipf's law. The same arguments give the same fleet.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any, NamedTuple

from placement_bench.draws import Draws

Document = dict[str, Any]

FAMILIES = ("whole", "shared", "zoned")
ZONES = ("a", "b", "c")
_FEWEST, _MOST = 3, 8  # options of a component


class _Accelerator(NamedTuple):
    gib: float
    terabytes_per_second: float


class _Type(NamedTuple):
    accelerator: str
    accelerators: int
    vcpus: int
    gib: int
    price: float


ACCELERATORS = {
    "L4": _Accelerator(24, 0.30),
    "A10G": _Accelerator(24, 0.60),
    "L40S": _Accelerator(48, 0.86),
    "A100-40GB": _Accelerator(40, 1.55),
    "A100-80GB": _Accelerator(80, 2.04),
    "H100": _Accelerator(80, 3.35),
    "H200": _Accelerator(141, 4.80),
}
TYPES = {
    "l4-x1": _Type("L4", 1, 8, 32, 0.98),
    "l4-x4": _Type("L4", 4, 48, 192, 4.60),
    "a10g-x4": _Type("A10G", 4, 48, 192, 5.67),
    "l40s-x1": _Type("L40S", 1, 8, 64, 2.24),
    "l40s-x4": _Type("L40S", 4, 48, 384, 10.49),
    "l40s-x8": _Type("L40S", 8, 192, 1536, 30.13),
    "a100-40-x8": _Type("A100-40GB", 8, 96, 1152, 21.96),
    "a100-80-x8": _Type("A100-80GB", 8, 96, 1152, 27.45),
    "h100-x8": _Type("H100", 8, 192, 2048, 55.04),
    "h200-x8": _Type("H200", 8, 192, 2048, 63.30),
}
SIZES = (0.6, 1.2, 3.2, 7.6, 8.0, 14.8, 24.0, 32.5, 47.0, 70.6)  # billions of parameters
_BYTES = 2  # a parameter
_GIB = 0.931  # of a billion bytes
_SPEED_UP = {1: 1.0, 2: 1.8, 4: 3.2, 8: 5.8}  # of a copy on several accelerators
_FULL = 4.0  # times the memory that a copy needs for requests: more does not serve more
_SHARED_UP_TO = 9.0  # billions of parameters of models that may share an accelerator


def fleet(family: str, components: int, seed: int) -> Document:
    """The problem document of one fleet."""
    draws = Draws(f"demand/{family}/{components}/{seed}")
    zones = ZONES if family == "zoned" else ZONES[:1]
    document: Document = {
        "format": "placement/v1",
        "name": f"demand-{family}-{components}-{seed}",
        "accelerators": {name: {"memory_gib": one.gib} for name, one in ACCELERATORS.items()},
        "instance_types": {
            name: {
                "accelerator": one.accelerator,
                "accelerator_count": one.accelerators,
                "vcpus": one.vcpus,
                "memory_gib": one.gib,
                "price_per_hour": one.price,
                "reserved": {"vcpus": 1, "memory_gib": 4, "accelerator_memory_gib": 0.5},
            }
            for name, one in TYPES.items()
        },
        "components": [_component(draws, family, k, components) for k in range(components)],
    }
    document["pools"] = [
        {"name": f"{name}/{zone}", "instance_type": name, "zone": f"region-{zone}"} | _quota(draws, family, components)
        for name in TYPES
        for zone in zones
    ]
    return document


def _quota(draws: Draws, family: str, components: int) -> Document:
    """In zones quotas bind: many machines of a few pools, few of the others."""
    if family != "zoned":
        return {}
    scale = max(2, components // 10)
    return {"max_instances": draws.choice((1, 2, scale, scale, 2 * scale, 4 * scale))}


def _component(draws: Draws, family: str, rank: int, components: int) -> Document:
    params = draws.choice(SIZES) * _between(draws, 850, 1150)
    shared = family != "whole" and params <= _SHARED_UP_TO and draws.chance(600)
    options = _options(draws, params, shared=shared)
    best = max(option["throughput"] for option in options)
    popular = 12 / math.sqrt((rank + 1) * math.sqrt(rank + 1)) + 0.3
    row: Document = {
        "name": f"model-{rank:04d}",
        "demand": round(best * popular * _between(draws, 600, 1600), 2),
        "options": options,
    }
    if family == "zoned":
        row |= _zone_rules(draws)
    return row


def _zone_rules(draws: Draws) -> Document:
    if draws.chance(500):
        return {}
    if draws.chance(400):
        return {"min_copies": 3, "min_available_on_zone_loss": draws.choice((1, 2))}
    return {"min_copies": 2, "spread": draws.choice(({"min_zones": 2}, {"max_skew": 2}, {"max_skew": 1}))}


def _options(draws: Draws, params: float, *, shared: bool) -> list[Document]:
    """The ways to run a copy: on each accelerator the fewest that hold it, and on some twice as many."""
    weights = params * _BYTES * _GIB
    cache = weights * _between(draws, 150, 500) + 1.0
    found = []
    for name, one in ACCELERATORS.items():
        usable = (one.gib - 0.5) * 0.95
        least = next((n for n in (1, 2, 4, 8) if (weights + cache) / n <= usable), None)
        most = max(kind.accelerators for kind in TYPES.values() if kind.accelerator == name)
        found += [
            _option(draws, name, n, (weights, cache), shared=shared and n == 1)
            for n in (() if least is None else (least, 2 * least))
            if n <= most and (n == least or draws.chance(400))
        ]
    most = draws.integer(_FEWEST, _MOST)
    while len(found) > most:
        found.pop(draws.integer(0, len(found) - 1))
    return found


def _option(draws: Draws, name: str, n: int, sizes: tuple[float, float], *, shared: bool) -> Document:
    weights, cache = sizes
    one = ACCELERATORS[name]
    memory = round((weights + cache) / n + (0.4 if n > 1 else 0.0), 1)
    room = (memory if shared else one.gib) * n - weights  # for requests in flight
    rate = 40 * one.terabytes_per_second * _SPEED_UP[n] / weights * math.sqrt(min(_FULL, max(0.1, room / cache)))
    row: Document = {
        "name": f"{n}x{name}",
        "accelerators": n,
        "accelerator_memory_gib": min(memory, one.gib - 0.5),
        "on": [name],
        "vcpus": 2 * n,
        "memory_gib": max(4, round(weights)),
        "throughput": round(rate * _between(draws, 850, 1150), 3),
    }
    return row | {"shared": True} if shared else row


def _between(draws: Draws, low: int, high: int) -> float:
    """A number with three digits behind the point; the ends are in thousandths."""
    return draws.integer(low, high) / 1000


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in FAMILIES or not all(word.isdecimal() for word in sys.argv[2:]):
        sys.exit(__doc__)
    json.dump(fleet(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), sys.stdout, indent=1)
    print()
