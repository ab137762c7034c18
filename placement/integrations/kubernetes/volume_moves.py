"""Volumes of the copies that a plan moves: which of them must end first, and where a volume can't follow."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from placement.integrations.notes import listed
from placement.units import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Plan, Problem
    from placement.integrations.kubernetes.groups import CopyGroup
    from placement.integrations.kubernetes.templates import Templates
    from placement.integrations.kubernetes.volumes import MountedClaim
    from placement.integrations.notes import Notes


def held_by_one(component: str, templates: Templates) -> list[MountedClaim]:
    """The claims that pods of a component mount, but for those known to be of many nodes; by name."""
    pods = (pod for (name, _), row in templates.pods.items() if name == component for pod in row.pods)
    found = {claim for pod in pods for claim in templates.volumes.mounted_by(pod) if not claim.is_of_many}
    return sorted(found, key=lambda claim: claim.place)


def tell_volumes(groups: Sequence[CopyGroup], problem: Problem, plan: Plan, templates: Templates, notes: Notes) -> None:
    """Notes on copies of one component that wait for a volume, as others hold it or as it is elsewhere."""
    component = groups[0].component.name
    for claim in held_by_one(component, templates):
        place = f"component {component} {claim.place}"
        if not templates.volumes.is_free(claim):
            _tell_zones(place, component, {row.pool.zone for row in groups}, problem, notes)
        _tell_holders(place, claim, groups, plan, notes)


def _tell_zones(place: str, component: str, zones: set[str], problem: Problem, notes: Notes) -> None:
    """Copies in a zone where none of their component runs, to which no volume follows them."""
    zone_of = {row.name: row.zone for row in problem.pools}
    pool_of = {row.id: row.pool for row in problem.instances}
    now = {zone_of[pool_of[row.instance]] for row in problem.placements if row.component == component}
    if now and zones - now:
        told = f"to {listed(sorted(zones - now))}: a volume of one zone does not follow, and new copies there wait"
        way = f"name the zones of the volume in `zones` ({listed(sorted(now))}), or move its data first"
        notes.inexact(place, f"the plan moves its copies {told}; {way}")


def _tell_holders(place: str, claim: MountedClaim, groups: Sequence[CopyGroup], plan: Plan, notes: Notes) -> None:
    """More copies, or copies on more nodes, than may hold the volume at once."""
    component, copies = groups[0].component.name, sum(row.copies for row in groups)
    nodes = sorted({row.instance for row in plan.assignments if row.component == component})
    has = f"the plan has {count(copies, 'copy', 'copies')}"
    if claim.is_of_one_pod and copies > 1:
        notes.inexact(place, f"{has}, and {claim.holders}: the others wait")
    elif len(nodes) > 1:
        notes.inexact(place, f"{has} on {listed(nodes)}, and {claim.holders}: those on the other nodes wait")
    elif copies > 1 and not groups[0].node and Counter(row.pool for row in plan.instances)[groups[0].pool.name] > 1:
        told = f"and the scheduler may put them on several nodes of {groups[0].pool.name}; --pin node says which"
        notes.inexact(place, f"{has} on {nodes[0]}, and {claim.holders}, {told}")
