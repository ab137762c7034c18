"""The most pods that a node runs. No rule of a problem counts them, so an import says which nodes may get more of them.

An export says which nodes do, by its plan: the scheduler leaves those beyond pending.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from placement.integrations.kubernetes.objects import amounts
from placement.integrations.kubernetes.side_by_side import Amounts, asked_on, room_of
from placement.units import count, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Sized

    from placement.documents import Component, Plan, Problem
    from placement.integrations.kubernetes.classes import NodeClass
    from placement.integrations.kubernetes.templates import Templates
    from placement.integrations.notes import Notes


def tell_pods_uncounted(
    problem: Problem, classes: Sequence[NodeClass], of_node: Mapping[str, Sized], notes: Notes
) -> None:
    """A note on each type of nodes on which copies may stand beyond the most pods. `of_node`: those that come with it.

    O(types x components log components).
    """
    for row in classes:
        limits = [machine.pods for machine in row.machines if machine.pods]
        if not limits:
            continue
        come = max(len(of_node.get(machine.name, ())) for machine in row.machines)
        most = _most_copies(problem, row.name)
        if most + come > min(limits):
            beside = f" beside the {count(come, 'pod')} that {'comes' if come == 1 else 'come'} with it" if come else ""
            told = f"the most pods that a node runs ({min(limits)}) is not counted; by what copies ask for,"
            place = f"instance type {row.name} status.allocatable.pods"
            notes.ignored(place, f"{told} a plan may put up to {count(most, 'copy', 'copies')} on one{beside}")


def tell_pods_beyond(problem: Problem, plan: Plan, templates: Templates, notes: Notes) -> None:
    """A note on each pool where the plan has more pods on a machine than its node runs."""
    read = templates.cluster.read_kind("Node", lambda node: amounts(node.at.get("status"), "allocatable").get("pods"))
    limits = {node.name: int(most) for node, most in read if most}
    come = Counter(row.node for row, component in templates.rows if not component)
    peers: dict[str, list[str]] = {}
    for running in problem.instances:
        peers.setdefault(running.pool, []).append(running.id)
    copies = Counter(row.instance for row in plan.assignments)
    found: dict[tuple[str, int, int], list[str]] = {}
    for row in plan.instances:
        alike = [name for name in ([row.id] if row.id in limits else peers.get(row.pool, ())) if name in limits]
        if not alike:
            continue
        most, beside = min(limits[name] for name in alike), max(come[name] for name in alike)
        if copies[row.id] + beside > most:
            found.setdefault((row.pool, most, beside), []).append(f"{row.id} ({copies[row.id]})")
    for (pool, most, beside), machines in found.items():
        come_with = f", {beside} of which {'comes' if beside == 1 else 'come'} with it" if beside else ""
        told = (
            f"a node runs {count(most, 'pod')} at most{come_with}, and the plan has more copies on {listed(machines)}"
        )
        notes.inexact(f"pool {pool}", f"{told}: those beyond wait, or go to other nodes of the pool")


def _most_copies(problem: Problem, name: str) -> int:
    """How many copies one machine of a type may hold at most, by accelerators, vCPUs and memory one by one."""
    rows = [found for component in problem.components if (found := least_taken(component, problem, name))]
    return min(_most(rows, k, room) for k, room in enumerate(room_of(problem, problem.instance_types[name])))


def least_taken(component: Component, problem: Problem, name: str) -> tuple[int, Amounts] | None:
    """How many copies of a component may stand on a machine of a type, and the least that one takes; None: none may."""
    kind = problem.instance_types[name]
    room = room_of(problem, kind)
    asked = []
    for mode in component.modes:
        is_kind = not mode.accelerators or mode.on is None or kind.accelerator in mode.on
        if is_kind and (mode.instance_types is None or name in mode.instance_types):
            takes = asked_on(mode, kind, problem)
            if all(a <= has for a, has in zip(takes, room, strict=True)):
                asked.append(takes)
    if not asked:
        return None
    copies = component.copies or 0
    most = component.spread.max_per_instance
    least = (min(row[0] for row in asked), min(row[1] for row in asked), min(row[2] for row in asked))
    return (copies if most is None else min(copies, most)), least


def _most(rows: Sequence[tuple[int, Amounts]], k: int, room: int) -> int:
    """As many copies as one kind of room holds: the smallest first."""
    found = 0
    for copies, takes in sorted(rows, key=lambda row: row[1][k]):
        fit = min(copies, room // takes[k]) if takes[k] else copies
        found, room = found + fit, room - fit * takes[k]
    return found
