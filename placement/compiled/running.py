"""What runs now: the instances that may stay, and where copies stand on them."""

from collections import Counter
from dataclasses import dataclass

from placement.documents import Problem


@dataclass(frozen=True, slots=True)
class RunningInstance:
    """A machine that runs now and may stay (draining ones are not here).

    `residents` are (component, copies that run here now), what a cordoned instance may at most hold of each.
    """

    index: int
    id: str
    pool: int
    cordoned: bool
    removable: bool
    residents: dict[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where `count` equal copies run now, `pinned` of them pinned; `accelerators` is None when unknown: any will do."""

    component: int
    option: int
    instance: int
    accelerators: tuple[int, ...] | None
    count: int
    pinned: int


def compile_running_state(problem: Problem) -> tuple[tuple[RunningInstance, ...], tuple[Place, ...]]:
    """The running instances that may stay, and where copies run on them."""
    pool_index = {pool.name: p for p, pool in enumerate(problem.pools)}
    component_index = {row.name: c for c, row in enumerate(problem.components)}
    kept = [row for row in problem.instances if row.state != "draining"]
    instance_index = {row.id: i for i, row in enumerate(kept)}
    residents: list[dict[int, int]] = [{} for _ in kept]
    count: dict[tuple[int, int, int, tuple[int, ...] | None], int] = {}
    pinned: Counter[tuple[int, int, int, tuple[int, ...] | None]] = Counter()
    for row in problem.placements:
        i = instance_index.get(row.instance)
        if i is None:
            continue
        c = component_index[row.component]
        accelerators = None if row.accelerators is None else tuple(sorted(row.accelerators))
        key = (c, problem.components[c].option_index(row.option), i, accelerators)
        residents[i][c] = residents[i].get(c, 0) + 1
        count[key] = count.get(key, 0) + 1
        if row.pinned:
            pinned[key] += 1
    instances = tuple(
        RunningInstance(i, row.id, pool_index[row.pool], row.state == "cordoned", row.removable, residents[i])
        for i, row in enumerate(kept)
    )
    return instances, tuple(Place(*key, count=n, pinned=pinned[key]) for key, n in count.items())
