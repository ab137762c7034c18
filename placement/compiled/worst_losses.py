"""Which pool, and which machine, takes most copies of a component with it: what a plan and a report tell of floors."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from placement.compiled.fleet import Fleet

Machines = Iterable[tuple[str, Mapping[str, int], int]]  # pool, copies by component, how many such machines


def worst_losses(fleet: Fleet, machines: Machines) -> list[dict[str, Any]]:
    """For each floor over pools or instances: how many copies the worst loss leaves, and how many must be left.

    It binds where one copy fewer would be left than must. Components without a copy have no row. O(copies).
    """
    placed: Counter[str] = Counter()
    in_pool: dict[str, Counter[str]] = {}
    on_one: dict[str, Counter[str]] = {}  # the most on one machine of each pool
    for pool, copies, times in machines:
        for name, n in copies.items():
            placed[name] += n * times
            in_pool.setdefault(name, Counter())[pool] += n * times
            fullest = on_one.setdefault(name, Counter())
            fullest[pool] = max(fullest[pool], n)
    rows = []
    for component in fleet.components:
        name = component.name
        floors = {"pool": (component.pool_loss_floor, in_pool), "instance": (component.instance_loss_floor, on_one)}
        for what, (floor, lost) in floors.items():
            if floor and placed[name]:
                pool = max(sorted(lost[name]), key=lambda p: lost[name][p])
                left = placed[name] - lost[name][pool]
                rows.append(
                    {"component": name, "loss": what, "pool": pool, "copies": placed[name], "left": left}
                    | {"must": floor, "binds": left <= floor}
                )
    return rows
