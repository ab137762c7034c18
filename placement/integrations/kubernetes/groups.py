"""The copies of a plan as groups of alike ones: what one Deployment makes.

Without pins a group is all copies of a component, of one option, on one pool. Pinned to nodes it is those on one node;
pinned to accelerators it is one copy. Machines that are new have no name yet: their copies are grouped by pool.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from placement.integrations.kubernetes.naming import OWNER

if TYPE_CHECKING:
    from placement.documents import Component, Option, Plan, Pool, Problem

NAMED = ("StatefulSet", "LeaderWorkerSet")  # owners whose pods have names, volumes or groups of their own
_LEFT_ALONE = ("Pod", "Job", "DaemonSet", "Node", *NAMED)
Pin = Literal["none", "node", "accelerator"]


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """So many copies of a component by one option; on a pool, a node of it, or some accelerators of that node."""

    component: Component
    option: int
    pool: Pool
    node: str  # empty: any node of the pool
    accelerators: tuple[int, ...] | None  # None: any of the node
    copies: int
    number: int  # among those alike in all else, from 1

    @property
    def mode(self) -> Option:
        """The option."""
        return self.component.modes[self.option]

    @property
    def suffix(self) -> list[str]:
        """What tells it from others of its component at its place, whatever else a later plan has there."""
        option = [f"o{self.option}"] if self.option else []
        devices = [f"a{'-'.join(map(str, self.accelerators))}"] if self.accelerators else []
        return [*option, *devices, *([str(self.number)] if self.number > 1 else [])]


def copy_groups(problem: Problem, plan: Plan, pin: Pin) -> list[CopyGroup]:
    """Every copy of a plan in one group, in the order of the problem's components. O(copies log copies)."""
    components = {row.name: (index, row) for index, row in enumerate(problem.components)}
    pools = {row.name: (index, row) for index, row in enumerate(problem.pools)}
    running = {row.id for row in problem.instances}
    pool_of = {row.id: row.pool for row in plan.instances}
    counts: dict[tuple[int, int, int, str, tuple[int, ...], int], int] = defaultdict(int)
    for index, row in enumerate(plan.assignments):
        component = components[row.component][0]
        pool = pools[pool_of[row.instance]][0]
        node = row.instance if pin != "none" and row.instance in running else ""
        single = pin == "accelerator" and bool(node) and bool(row.accelerators)
        devices = tuple(sorted(row.accelerators)) if single else ()
        counts[component, pool, row.option, node, devices, index if single else -1] += 1
    found: list[CopyGroup] = []
    numbers: dict[tuple[int, int, int, str, tuple[int, ...]], int] = defaultdict(int)
    for (c, p, option, node, devices, _), copies in sorted(counts.items()):
        numbers[c, p, option, node, devices] += 1
        number = numbers[c, p, option, node, devices]
        found.append(CopyGroup(problem.components[c], option, problem.pools[p], node, devices or None, copies, number))
    return found


def owner_kind(component: Component) -> str:
    """The kind of what its copies were imported from; empty where nothing tells."""
    return component.labels.get(OWNER, "").partition(" ")[0]


def is_left_alone(component: Component) -> bool:
    """Whether no Deployment is written of a component: its pods are of an owner that none can replace."""
    return owner_kind(component) in _LEFT_ALONE
