"""Bin packing as a problem of the library, and its plans read back as bins.

A bin is a machine with one accelerator. The sizes of an item are accelerator memory, vCPU and host memory, in this
order, so up to three dimensions fit a machine. One unit of size is one MiB or one vCPU, so nothing is rounded; a bin
costs its cost in dollars an hour. An item type is a component that shares its accelerator, with as many copies as the
item comes times.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from placement.units import MIB_PER_GIB
from placement_bench.cases import Check
from placement_bench.sets.native import recount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement_bench.cases import Document
    from placement_bench.sets.native import BinPacking, Load

MOST_DIMENSIONS = 3
_ZONE = "z"


def problem_document(case: BinPacking, name: str) -> Document:
    """The problem whose plans are the packings of `case`, at the same cost."""
    neighbours: dict[int, list[int]] = {i: [] for i in range(len(case.items))}
    for i, j in sorted(case.conflicts):
        neighbours[i].append(j)  # said once; it holds both ways
    return {
        "format": "placement/v1",
        "name": name,
        "accelerators": {f"bin-{t}": {"memory_gib": bin.capacity[0] / MIB_PER_GIB} for t, bin in enumerate(case.bins)},
        "instance_types": {
            f"bin-{t}": {
                "accelerator": f"bin-{t}",
                "accelerator_count": 1,
                "price_per_hour": bin.cost,
                **_host(bin.capacity),
            }
            for t, bin in enumerate(case.bins)
        },
        "pools": [
            {"name": f"bin-{t}", "instance_type": f"bin-{t}", "zone": _ZONE}
            | ({} if bin.available is None else {"max_instances": bin.available})
            for t, bin in enumerate(case.bins)
        ],
        "components": [
            {
                "name": f"item-{i}",
                "copies": item.copies,
                "accelerator_memory_gib": item.size[0] / MIB_PER_GIB,
                "shared": True,
                **_host(item.size),
            }
            | ({"avoid": [f"item-{j}" for j in neighbours[i]]} if neighbours[i] else {})
            for i, item in enumerate(case.items)
        ],
    }


def _host(sizes: tuple[int, ...]) -> Document:
    """The second and third dimension; a machine must say how much it has even of what nobody needs."""
    vcpus, memory, *_ = (*sizes[1:], 0, 0)
    return {"vcpus": vcpus, "memory_gib": memory / MIB_PER_GIB}


def check_plan(case: BinPacking, plan: Document, by: str) -> Check:
    """Recount a plan as bins of the case's own file."""
    kind_of = {row["id"]: _number(row["pool"]) for row in plan["instances"]}
    content: dict[str, Counter[int]] = {instance: Counter() for instance in kind_of}
    strays = []
    for row in plan["assignments"]:
        if row["instance"] in content:
            content[row["instance"]][_number(row["component"])] += 1
        else:
            strays.append(f"{row['component']} stands on {row['instance']}, which the plan does not list")
    value, faults = recount(case, ((kind_of[instance], held) for instance, held in content.items()))
    return Check(value, (*strays, *faults), by)


def to_plan(case: BinPacking, loads: Iterable[Load]) -> Document:
    """Bins of this module's problem document as a plan document, so that the referee can look at them too."""
    instances, assignments = [], []
    opened: Counter[int] = Counter()
    for kind, content in loads:
        opened[kind] += 1
        instance = f"bin-{kind}/new-{opened[kind]}"
        instances.append({"id": instance, "pool": f"bin-{kind}", "new": True})
        assignments += [
            {"component": f"item-{i}", "option": 0, "instance": instance, "accelerators": [0]}
            for i, copies in content.items()
            for _ in range(copies)
        ]
    cost = sum(case.bins[kind].cost * count for kind, count in opened.items())
    return {
        "format": "placement-plan/v1",
        "price_per_hour": cost,
        "cost": cost,
        "moves": 0,
        "instances": instances,
        "assignments": assignments,
        "unplaced": [],
    }


def _number(name: str) -> int:
    return int(name.rpartition("-")[2])
