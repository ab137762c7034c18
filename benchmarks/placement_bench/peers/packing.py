"""A problem document in the words of a packing code: bins, items, sizes in whole units. For the drivers.

Runs in the peers' interpreters, so it imports the standard library alone and none of ours: it reads `placement/v1`
afresh, rounding as the format says. What has no place in plain packing is refused rather than left out, since a peer
that solves another problem would stand in the table with a better value than it earned.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MICRO = 1_000_000
REFUSED = 3  # exit code

Document = dict[str, Any]
Trace = list["tuple[float, float | None, float | None]"]  # seconds, dollars, bound


class RefusedError(Exception):
    """The case has a rule that the code has no words for."""


@dataclass
class Bin:
    """A kind of bin: a pool. `count` None: as many as wanted."""

    pool: str
    capacity: tuple[int, ...]
    cost: int  # micro-dollars an hour
    count: int | None
    accelerators: int


@dataclass
class Mode:
    """A way to pack one item: what it takes, and into which bins it may go."""

    option: int
    size: tuple[int, ...]
    bins: tuple[int, ...]
    accelerators: int


@dataclass
class Item:
    """A kind of item, so many times."""

    component: str
    copies: int
    modes: list[Mode]


@dataclass
class Packing:
    """A whole case. The dimensions of sizes: accelerator (memory when shared, else count), share, vCPU, host memory."""

    name: str
    horizon: float
    shared: bool
    bins: list[Bin]
    items: list[Item]


@dataclass
class Packed:
    """What a code found: bins as (bin kind, [(item kind, way)]), and what it says of the cost."""

    loads: list[tuple[int, list[tuple[int, int]]]]
    bound: float | None  # dollars an hour
    seconds: float
    proven: bool = False
    infeasible: bool = False
    by: str = ""
    trace: Trace = field(default_factory=list)


def need(value: float, scale: int) -> int:
    """A requirement in whole units, rounded up after snapping to a unit within 1e-6."""
    scaled = value * scale
    near = round(scaled)
    return near if abs(scaled - near) < 1e-6 * max(1.0, abs(scaled)) else math.ceil(scaled)


def room(value: float, scale: int) -> int:
    """A capacity in whole units, rounded down after the same snapping."""
    scaled = value * scale
    near = round(scaled)
    return near if abs(scaled - near) < 1e-6 * max(1.0, abs(scaled)) else math.floor(scaled)


def read_packing(document: Document) -> Packing:
    """The case as packing.

    Raises
    ------
    RefusedError
        A rule that plain packing does not have.
    """
    for key in ("instances", "placements"):
        if document.get(key):
            raise RefusedError(f"it has {key} that run today")
    options = {component["name"]: _options(component) for component in document["components"]}
    kinds = {option.get("shared", False) for some in options.values() for option in some}
    if len(kinds) > 1:
        raise RefusedError("it has copies that share accelerators beside copies that own theirs")
    shared = kinds == {True}
    bins = [_bin(document, pool, shared) for pool in document["pools"]]
    if shared and any(one.accelerators > 1 for one in bins):
        raise RefusedError("copies share the accelerators of machines that have several")
    items = [_item(document, one, options[one["name"]], shared, bins) for one in document["components"]]
    horizon = document.get("objective", {}).get("horizon_hours", 1)
    return Packing(document.get("name", ""), horizon, shared, bins, [item for item in items if item.copies])


_PLAIN = ("name", "copies", "options", "priority", "labels", "groups", "move_cost", "zones", "min_copies")
_OPTION = (
    *("name", "accelerators", "accelerator_memory_gib", "accelerator_share", "shared", "vcpus", "memory_gib"),
    *("on", "instance_types", "throughput"),
)


def _options(component: Document) -> list[Document]:
    strange = [key for key in component if key not in _PLAIN and key not in _OPTION and component[key]]
    if strange:
        raise RefusedError(f"component {component['name']} has {', '.join(strange)}")
    if component.get("min_copies", component["copies"]) != component["copies"]:
        raise RefusedError(f"component {component['name']} has optional copies")
    own = {key: value for key, value in component.items() if key in _OPTION and key != "name"}
    return component.get("options") or [own]


def _bin(document: Document, pool: Document, shared: bool) -> Bin:
    if pool.get("min_instances"):
        raise RefusedError(f"pool {pool['name']} has machines that must be paid for")
    kind = document["instance_types"][pool["instance_type"]]
    reserved = kind.get("reserved", {})
    count = kind.get("accelerator_count", 0) if kind.get("accelerator") else 0
    memory = 0
    if count:
        all_of_it = document["accelerators"][kind["accelerator"]]["memory_gib"]
        memory = room(all_of_it, 1024) - need(reserved.get("accelerator_memory_gib", 0), 1024)
    host = (
        room(kind["vcpus"], 1000) - need(reserved.get("vcpus", 0), 1000),
        room(kind["memory_gib"], 1024) - need(reserved.get("memory_gib", 0), 1024),
    )
    on_accelerator = (memory, 1000 * count) if shared else (count, 0)
    price = pool.get("price_per_hour", kind["price_per_hour"])
    return Bin(pool["name"], (*on_accelerator, *host), round(price * MICRO), pool.get("max_instances"), count)


def _item(document: Document, component: Document, options: list[Document], shared: bool, bins: list[Bin]) -> Item:
    modes = []
    for number, option in enumerate(options):
        count = option.get("accelerators", 1)
        if shared and count > 1:
            raise RefusedError(f"a copy of {component['name']} shares several accelerators")
        memory = need(option.get("accelerator_memory_gib", 0), 1024)
        share = need(option.get("accelerator_share", 0), 1000)
        on_accelerator = ((memory, share) if count else (0, 0)) if shared else (count, 0)
        host = (need(option.get("vcpus", 0), 1000), need(option.get("memory_gib", 0), 1024))
        size = (*on_accelerator, *host)
        fitting = tuple(
            place
            for place, (one, pool) in enumerate(zip(bins, document["pools"], strict=True))
            if _allowed(document, component, option, pool)
            and all(takes <= has for takes, has in zip(size, one.capacity, strict=True))
            and (not count or (one.accelerators >= count and memory <= _device(document, pool)))
        )
        modes.append(Mode(number, size, fitting, count))
    return Item(component["name"], component["copies"], modes)


def _allowed(document: Document, component: Document, option: Document, pool: Document) -> bool:
    kind = document["instance_types"][pool["instance_type"]]
    if component.get("zones") is not None and pool["zone"] not in component["zones"]:
        return False
    if option.get("on") is not None and kind.get("accelerator") not in option["on"]:
        return False
    return option.get("instance_types") is None or pool["instance_type"] in option["instance_types"]


def _device(document: Document, pool: Document) -> int:
    """Memory of one accelerator of a pool's machines, MiB."""
    kind = document["instance_types"][pool["instance_type"]]
    whole = room(document["accelerators"][kind["accelerator"]]["memory_gib"], 1024)
    return whole - need(kind.get("reserved", {}).get("accelerator_memory_gib", 0), 1024)


def used_dimensions(packing: Packing) -> list[int]:
    """Dimensions in which some item has a size."""
    return [d for d in range(4) if any(mode.size[d] for item in packing.items for mode in item.modes)]


def most_used(packing: Packing, kind: int) -> int:
    """A number of bins of a kind beyond which more are never of use, or may not be had.

    With one way each, that is what first-fit decreasing takes for all items that go there: a solution with more could
    pack all of them so, in fewer of these bins.
    """
    there = [(i, item) for i, item in enumerate(packing.items) if any(kind in mode.bins for mode in item.modes)]
    if any(len(item.modes) > 1 for _, item in there):
        most = sum(item.copies for _, item in there)
    else:
        most = len(first_fit(packing, kind, [i for i, _ in there]))
    limit = packing.bins[kind].count
    return most if limit is None else min(most, limit)


def first_fit(packing: Packing, kind: int, items: list[int]) -> list[list[int]]:
    """Bins of one kind, each with its items, that first-fit takes, those that are largest in some dimension first."""
    capacity = packing.bins[kind].capacity
    size_of = {i: next(mode.size for mode in packing.items[i].modes if kind in mode.bins) for i in items}
    largest = {
        i: max((s / c for s, c in zip(size, capacity, strict=True) if c), default=0.0) for i, size in size_of.items()
    }
    bins: list[tuple[list[int], list[int]]] = []  # free room, items
    for i in sorted(items, key=lambda i: -largest[i]):
        for _ in range(packing.items[i].copies):
            fitting = (one for one in bins if all(s <= f for s, f in zip(size_of[i], one[0], strict=True)))
            free, held = next(fitting, None) or (list(capacity), [])
            if not held:
                bins.append((free, held))
            free[:] = [f - s for s, f in zip(size_of[i], free, strict=True)]
            held.append(i)
    return [held for _, held in bins]


def to_plan(packing: Packing, packed: Packed, solver: str) -> Document:
    """What was found as a plan document; nothing of it is checked here, that is for the referee."""
    plan: Document = {
        "format": "placement-plan/v1",
        "problem": packing.name,
        "solver": solver,
        "found_by": packed.by,
        "seconds": round(packed.seconds, 3),
        "instances": [],
        "assignments": [],
    }
    bound = None if packed.bound is None else round(packed.bound * packing.horizon, 6)
    trace = [(s, _hours(packing, cost), _hours(packing, low)) for s, cost, low in packed.trace]
    plan["trace"] = [{"seconds": s, "cost": cost, "bound": low, "by": solver} for s, cost, low in trace]
    if not packed.loads and packing.items:
        return {**plan, "status": "infeasible" if packed.infeasible else "unknown", "lower_bound": bound}
    opened: dict[int, int] = {}
    for kind, content in packed.loads:
        opened[kind] = opened.get(kind, 0) + 1
        one = packing.bins[kind]
        instance = f"{one.pool}/new-{opened[kind]}"
        plan["instances"].append({"id": instance, "pool": one.pool, "new": True})
        free = 0  # the next accelerator that nobody owns
        for item, mode in content:
            chosen = packing.items[item].modes[mode]
            first = 0 if packing.shared else free
            plan["assignments"].append(
                {
                    "component": packing.items[item].component,
                    "option": chosen.option,
                    "instance": instance,
                    "accelerators": list(range(first, first + chosen.accelerators)),
                }
            )
            free += chosen.accelerators
    price = sum(packing.bins[kind].cost for kind, _ in packed.loads)
    cost = round(price * packing.horizon) / MICRO
    if packed.proven:
        bound = cost
    plan.update(
        status="optimal" if packed.proven else "feasible",
        price_per_hour=price / MICRO,
        cost=cost,
        moves=0,
        lower_bound=bound if bound is None else min(bound, cost),  # a float of theirs may be a hair above
        unplaced=[],
    )
    return plan


def _hours(packing: Packing, dollars: float | None) -> float | None:
    return None if dollars is None else round(dollars * packing.horizon, 6)


def drive(solver: str, solve: Callable[[Packing, float, int, int], Packed]) -> None:
    """The whole of a driver: an order on standard input, a plan on standard output; exit code 3 for a refused case."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what the code prints is no plan
    order = json.load(sys.stdin)
    try:
        packing = read_packing(order["problem"])
        packed = solve(packing, order["seconds"], order["seed"], order["threads"])
    except RefusedError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    with os.fdopen(answers, "w") as stream:
        json.dump(to_plan(packing, packed, solver), stream)
