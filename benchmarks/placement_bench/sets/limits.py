"""Documents of extreme size in one respect: what a time limit must hold on, whatever is large.

Each is drawn from nothing but its sizes, so it never changes. They are about time, not about cost: prices and sizes
repeat in small cycles, and first-fit finds a plan of each.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from placement_bench.cases import Case, CaseSet
from placement_bench.tasks import ProblemTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Document = dict[str, Any]

_MEMORY = (24, 40, 48, 80, 141)  # GiB of the accelerators


def _document(name: str, pools: list[Document], components: list[Document], **more: Any) -> Document:
    return {
        "format": "placement/v1",
        "name": name,
        "accelerators": {f"gpu-{memory}": {"memory_gib": memory} for memory in _MEMORY},
        "instance_types": {
            f"{count}x{memory}": {
                "accelerator": f"gpu-{memory}",
                "accelerator_count": count,
                "vcpus": 12 * count,
                "memory_gib": 96 * count,
                "price_per_hour": round(count * (0.5 + memory / 40), 2),
            }
            for memory in _MEMORY
            for count in (1, 4, 8)
        },
        "pools": pools,
        "components": components,
        **more,
    }


def _pools(count: int, zones: int, quota: int | None = None) -> list[Document]:
    types = [f"{count}x{memory}" for memory in _MEMORY for count in (1, 4, 8)]
    limit = {} if quota is None else {"max_instances": quota}
    return [
        {"name": f"p{p}", "instance_type": types[(p // zones) % len(types)], "zone": f"z{p % zones}", **limit}
        for p in range(count)
    ]


def _components(count: int, copies: int, **more: Any) -> list[Document]:
    return [
        {
            "name": f"c{c}",
            "copies": copies,
            "accelerators": 1,
            "accelerator_memory_gib": 3 + (c * 7) % 20,
            "shared": True,
            "vcpus": 1 + c % 3,
            "memory_gib": 4 + (c * 5) % 16,
            **more,
        }
        for c in range(count)
    ]


def zones(count: int) -> Document:
    """One pool a zone; components of a few copies that are spread, and one that skew sends to every zone."""
    spread = {"spread": {"max_skew": 1, "min_zones": 3}, "min_available_on_zone_loss": 2}
    everywhere = _components(1, count, spread={"max_skew": 1})[0] | {"name": "everywhere"}
    return _document(f"zones-{count}", _pools(count, count), [*_components(20, 6, **spread), everywhere])


def zones_spread(count: int, components: int = 200) -> Document:
    """Zones with a pool each, and components with rules of zones."""
    spread = {"spread": {"min_zones": 3, "max_per_zone": 4}, "min_available_on_zone_loss": 2}
    return _document(f"zones-spread-{count}", _pools(count, count, 4), _components(components, 12, **spread))


def pools(count: int) -> Document:
    """Pools in three zones, with small quotas."""
    return _document(f"pools-{count}", _pools(count, 3, 2), _components(200, 4))


def pools_components(count: int, components: int) -> Document:
    """Many pools and many components at once."""
    return _document(f"pools-{count}-components-{components}", _pools(count, 3, 2), _components(components, 2))


def components(count: int) -> Document:
    """Components of two copies each, all sizes within small cycles."""
    return _document(f"components-{count}", _pools(15, 1), _components(count, 2))


def options(count: int) -> Document:
    """Components with two options, one with optional copies in every third, one with a demand in every third."""
    found = []
    for c, row in enumerate(_components(count, 3)):
        one = {key: row.pop(key) for key in ("accelerators", "accelerator_memory_gib", "shared", "vcpus", "memory_gib")}
        modes = [{**one, "throughput": 10}, {**one, "shared": False, "throughput": 25}]
        if c % 3 == 2:
            del row["copies"]
            row["demand"] = 42
        elif c % 3 == 1:
            row.update(min_copies=1, priority=c % 2)
        found.append({**row, "options": modes})
    return _document(f"options-{count}", _pools(45, 3), found)


def running(count: int, each: int = 2) -> Document:
    """Machines that run, with copies on each; moves cost money."""
    rows = _components(200, -(-count * each // 200), move_cost=0.25)
    pools = _pools(15, 1)
    large = [pool["name"] for pool in pools if pool["instance_type"] in ("8x80", "8x141")]
    return _document(
        f"running-{count}",
        pools,
        rows,
        instances=[{"id": f"i-{i}", "pool": large[i % len(large)]} for i in range(count)],
        placements=[
            {"component": f"c{(i * each + k) % 200}", "instance": f"i-{i}", "accelerators": [k % 8]}
            for i in range(count)
            for k in range(each)
        ],
    )


def copies(count: int) -> Document:
    """One component."""
    return _document(f"copies-{count}", _pools(15, 1), _components(1, count))


def many_copies(components: int, copies: int) -> Document:
    """Components with many copies each."""
    return _document(f"copies-{components}x{copies}", _pools(15, 1), _components(components, copies))


_DOCUMENTS: dict[str, Callable[[], Document]] = {
    "zones-5000": partial(zones, 5_000),
    "zones-spread-5000": partial(zones_spread, 5_000),
    "pools-20000": partial(pools, 20_000),
    "pools-5000-components-2000": partial(pools_components, 5_000, 2_000),
    "components-20000": partial(components, 20_000),
    "options-6000": partial(options, 6_000),
    "running-50000": partial(running, 50_000),
    "copies-1000000": partial(copies, 1_000_000),
    "copies-1000x1000": partial(many_copies, 1_000, 1_000),
}


def make(name: str) -> Document:
    """The document of that name."""
    return _DOCUMENTS[name]()


def _cases(data: Path) -> Iterator[Case]:
    del data  # nothing is read
    for name in _DOCUMENTS:
        yield Case("limits", name, None, partial(_load, name))


def _load(name: str) -> ProblemTask:
    return ProblemTask(make(name))


SETS = (
    CaseSet(
        name="limits",
        title="documents that are extreme in one respect: zones, pools, components, running machines, copies",
        objective="least price, plus moves",
        unit="$",
        source="placement_bench.sets.limits; made, not drawn",
        cases=_cases,
        quick=(),
    ),
)
