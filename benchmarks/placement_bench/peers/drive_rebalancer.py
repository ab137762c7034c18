"""Rebalancer (https://github.com/facebook/rebalancer): its local search, with single moves and swaps.

Bins are containers and copies are objects; capacity is a constraint in each dimension, and the goal is the least cost
of containers in use. It improves an assignment that it is given: first-fit decreasing, each item into the kind of bin
that costs least for its size. It has no bound. Its own integer program, by HiGHS, is the assignment formulation that
the peer `scip` solves, so it is not asked for.
"""

from __future__ import annotations

import time

import packing


def solve(case: packing.Packing, seconds: float, seed: int, threads: int) -> packing.Packed:
    """Local search from first-fit decreasing."""
    del threads
    from rebalancer import ProblemSolver

    if any(len(item.modes) > 1 for item in case.items):
        raise packing.RefusedError("components have several ways to run")
    started = time.monotonic()
    slots, start = _start(case)
    item_of = {f"{i}/{copy}": i for i, item in enumerate(case.items) for copy in range(item.copies)}
    solver = ProblemSolver(service_name="placement-bench", service_scope="peer")
    solver.set_log_level("ERROR").set_object_name("copy").set_container_name("bin").set_assignment(start)
    for d in packing.used_dimensions(case):
        name = f"size{d}"
        solver.add_object_dimension(name, {copy: float(case.items[i].modes[0].size[d]) for copy, i in item_of.items()})
        solver.add_container_dimension(name, {slot: float(case.bins[k].capacity[d]) for slot, k in slots.items()})
        solver.add_constraint({"capacitySpec": {"name": name, "scope": "bin", "dimension": name}})
    barred = [
        {"object": copy, "scopeItem": slot}
        for copy, i in item_of.items()
        for slot, kind in slots.items()
        if kind not in case.items[i].modes[0].bins
    ]
    if any(set(item.modes[0].bins) != _holding(case, item) for item in case.items):
        solver.add_constraint({"avoidAssignmentsSpec": {"name": "where", "scope": "bin", "assignments": barred}})
    costs = {slot: case.bins[kind].cost / packing.MICRO for slot, kind in slots.items()}
    solver.add_object_dimension("copies", {}, 1.0).add_container_dimension("copies", {}, float(len(item_of)))
    goal = {"name": "cost", "scope": "bin", "dimension": "copies", "containerCosts": costs}
    solver.add_goal({"minimizeContainersSpec": goal})
    search = {
        "solveTime": max(1, int(seconds)),
        "randomSeed": seed,
        "moveTypeList": [{"singleMoveTypeSpec": {}}, {"swapMoveTypeSpec": {}}],
    }
    solver.add_solver({"localSearchSolverSpec": search})
    found = solver.solve()["assignment"]
    held: dict[str, list[tuple[int, int]]] = {}
    for copy, slot in found.items():
        held.setdefault(slot, []).append((item_of[copy], 0))
    loads = [(slots[slot], content) for slot, content in held.items()]
    return packing.Packed(loads, None, time.monotonic() - started, by="local search")


def _holding(case: packing.Packing, item: packing.Item) -> set[int]:
    """Kinds of bins whose capacity alone lets an item in."""
    size = item.modes[0].size
    return {k for k, one in enumerate(case.bins) if all(s <= c for s, c in zip(size, one.capacity, strict=True))}


def _start(case: packing.Packing) -> tuple[dict[str, int], dict[str, list[str]]]:
    """All bins there may be, by name, and which copies are in them at first."""
    chosen: dict[int, list[int]] = {}
    for i, item in enumerate(case.items):
        if not item.modes[0].bins:
            raise packing.RefusedError(f"{item.component} fits nowhere, and Rebalancer has no word for that")
        kind = min(item.modes[0].bins, key=lambda k: case.bins[k].cost * _share(item, case.bins[k]))
        chosen.setdefault(kind, []).append(i)
    slots: dict[str, int] = {}
    start: dict[str, list[str]] = {}
    next_copy = [0] * len(case.items)
    for kind, one in enumerate(case.bins):
        full = packing.first_fit(case, kind, chosen.get(kind, []))
        if one.count is not None and len(full) > one.count:
            raise packing.RefusedError(f"no start is known that keeps within {one.count} bins of {one.pool}")
        for number in range(max(len(full), packing.most_used(case, kind))):
            slot = f"{kind}/{number}"
            slots[slot] = kind
            start[slot] = []
            for i in full[number] if number < len(full) else ():
                start[slot].append(f"{i}/{next_copy[i]}")
                next_copy[i] += 1
    return slots, start


def _share(item: packing.Item, one: packing.Bin) -> float:
    """The largest share of a bin that an item takes."""
    return max((s / c for s, c in zip(item.modes[0].size, one.capacity, strict=True) if c), default=1.0)


if __name__ == "__main__":
    packing.drive("rebalancer", solve)
