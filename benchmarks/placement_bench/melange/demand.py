"""A case of Mélange as a problem document: a component with a demand for each size of requests.

A document knows copies, and no fluid that all GPUs of a type share. So a copy serves requests of one size, on a whole
GPU of its own or on a part of one beside others, at that part of the profiled rate. That is another problem than
Mélange's, which mixes sizes on a GPU freely and divides a size into a few slices: its optimum may be above or below.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from placement_bench.cases import Document
    from placement_bench.melange.problem import Melange


def document(case: Melange, name: str, parts: int) -> Document:
    """The problem of a case, a copy on one of so many parts of a GPU."""
    types = {
        kind.lower(): {
            "accelerator": kind,
            "accelerator_count": 1,
            "vcpus": 8,
            "memory_gib": 64,
            "price_per_hour": float(price),
        }
        for kind, price in zip(case.types, case.price, strict=True)
    }
    components = []
    for bucket, load in zip(case.buckets, case.load, strict=True):
        options: list[dict[str, Any]] = []
        for kind, of_slice in zip(case.types, load, strict=True):
            if of_slice is not None:
                option: dict[str, Any] = {"name": kind.lower(), "on": [kind]}
                part = {"shared": True, "accelerator_share": 1 / parts} if parts > 1 else {}
                options.append(option | part | {"throughput": float(1 / of_slice / parts)})
        components.append({"name": f"size-{bucket.replace(',', '-')}", "demand": case.slices, "options": options})
    return {
        "format": "placement/v1",
        "name": name,
        "accelerators": {kind: {"memory_gib": 24} for kind in case.types},
        "instance_types": types,
        "pools": [{"name": kind, "instance_type": kind, "zone": "z"} for kind in types],
        "components": components,
    }


def whole_optimum(case: Melange) -> Fraction | None:
    """What whole GPUs cost at least, size by size, by trying every number of each type: no type is limited."""
    costs = [_cheapest(case, load) for load in case.load]
    return None if None in costs else sum((cost for cost in costs if cost is not None), Fraction(0))


def _cheapest(case: Melange, load: tuple[Fraction | None, ...]) -> Fraction | None:
    usable = [(price, of_slice) for price, of_slice in zip(case.price, load, strict=True) if of_slice is not None]
    return _rest(usable, Fraction(case.slices)) if usable else None


def _rest(usable: list[tuple[Fraction, Fraction]], slices: Fraction) -> Fraction:
    """The cheapest GPUs of the types that are left for the slices that are left."""
    price, of_slice = usable[0]
    most = ceil(slices * of_slice)
    if len(usable) == 1:
        return price * most
    return min(price * n + _rest(usable[1:], max(slices - n / of_slice, Fraction(0))) for n in range(most + 1))
