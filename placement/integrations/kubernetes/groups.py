"""The copies of a plan as groups of alike ones: what one Deployment makes.

Without pins a group is all copies of a component, of one option, on one pool. Pinned to nodes it is those on one node;
pinned to accelerators it is one copy. Machines that are new have no name yet: their copies are grouped by pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from placement.integrations.kubernetes.naming import OWNER
from placement.integrations.variants import Pin as PlanPin
from placement.integrations.variants import variants

if TYPE_CHECKING:
    from placement.documents import Component, Option, Plan, Pool, Problem

# Owners whose pods have names, volumes or groups of their own. KubeRay counts pods by their labels, whoever made them:
# of a Deployment of a RayCluster's pods it would end as many workers, and stop at a second head.
NAMED = ("StatefulSet", "LeaderWorkerSet", "RayCluster")
_LEFT_ALONE = ("Pod", "Job", "DaemonSet", "Node", *NAMED)
Pin = Literal["none", "node", "accelerator"]
_PINS: dict[Pin, PlanPin] = {"none": "pool", "node": "machine", "accelerator": "accelerator"}


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
    running = {row.id for row in problem.instances}
    found: list[CopyGroup] = []
    for row in variants(problem, plan, _PINS[pin], running):
        place = row.component, row.option, row.pool, row.machine or "", row.accelerators or None
        if row.accelerators:
            found += [CopyGroup(*place, 1, number) for number in range(1, row.copies + 1)]
        else:
            found.append(CopyGroup(*place, row.copies, 1))
    return found


def owner_kind(component: Component) -> str:
    """The kind of what its copies were imported from; empty where nothing tells."""
    return component.labels.get(OWNER, "").partition(" ")[0]


def is_left_alone(component: Component) -> bool:
    """Whether no Deployment is written of a component: its pods are of an owner that none can replace."""
    return owner_kind(component) in _LEFT_ALONE
