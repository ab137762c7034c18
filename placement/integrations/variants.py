"""Copies of a plan that a platform is told of at once: of one component and option, on one pool, machine or place."""

from collections import Counter
from collections.abc import Mapping, Set
from typing import Any, Literal, NamedTuple

from placement.documents import Component, Option, Plan, Pool, Problem
from placement.documents.references import GROUP
from placement.grouping import grouped

Pin = Literal["pool", "machine", "accelerator"]


class PlanVariant(NamedTuple):
    """So many copies alike; `machine` and `accelerators` are None where they are left to the platform.

    `number` is that among those alike in all else, from 1.
    """

    component: Component
    option: int
    pool: Pool
    machine: str | None
    accelerators: tuple[int, ...] | None
    copies: int
    number: int = 1

    @property
    def mode(self) -> Option:
        """How a copy of it runs."""
        return self.component.modes[self.option]


class WrittenCopies(NamedTuple):
    """A variant as a manifest: the object of Kubernetes, and the labels and specification of the pods that it makes."""

    variant: PlanVariant
    document: dict[str, Any]
    labels: Mapping[str, str]
    spec: dict[str, Any]

    @property
    def component(self) -> str:
        return self.variant.component.name

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name of the object; an empty namespace where it names none."""
        metadata = self.document["metadata"]
        return metadata.get("namespace", ""), metadata["name"]

    @property
    def namespace(self) -> str:
        """That of its pods."""
        return self.key[0] or "default"


def variants(problem: Problem, plan: Plan, pin: Pin, named: Set[str] | None = None) -> list[PlanVariant]:
    """The copies of a plan that keeps every rule, by what they are pinned to; in the order of components and pools.

    `named` are the machines that have a name already, None for all: those on others are left to the platform.
    """
    components = {row.name: row for row in problem.components}
    pools = {row.name: row for row in problem.pools}
    of = {row.id: row.pool for row in plan.instances}
    counts: Counter[tuple[str, int, str, str | None, tuple[int, ...] | None]] = Counter()
    for row in plan.assignments:
        machine = row.instance if pin != "pool" and (named is None or row.instance in named) else None
        accelerators = tuple(sorted(row.accelerators)) if pin == "accelerator" and machine is not None else None
        counts[row.component, row.option, of[row.instance], machine, accelerators] += 1
    rank = {name: k for k, name in enumerate(components)}
    order = {name: k for k, name in enumerate(pools)}
    machines = {row.id: k for k, row in enumerate(plan.instances)}
    keys = sorted(
        counts,
        key=lambda key: (rank[key[0]], key[1], order[key[2]], machines.get(key[3] or "", len(machines)), key[4] or ()),
    )
    return [PlanVariant(components[key[0]], key[1], pools[key[2]], key[3], key[4], counts[key]) for key in keys]


def avoided(problem: Problem) -> Mapping[str, frozenset[str]]:
    """By component those that must not share a machine with it, by the word of either."""
    members = grouped((GROUP + group, row.name) for row in problem.components for group in row.groups)
    found: dict[str, set[str]] = {component.name: set() for component in problem.components}
    for component in problem.components:
        for entry in component.avoid:
            for other in {*(members[entry] if entry.startswith(GROUP) else (entry,))} - {component.name}:
                found[component.name].add(other)
                found[other].add(component.name)
    return {name: frozenset(others) for name, others in found.items()}


def most_beside(problem: Problem, plan: Plan) -> dict[str, int]:
    """By pool, the most shared copies that stand on one accelerator; pools without any are left out."""
    modes = {row.name: row.modes for row in problem.components}
    of = {row.id: row.pool for row in plan.instances}
    on: Counter[tuple[str, int]] = Counter()
    for row in plan.assignments:
        if modes[row.component][row.option].shared:
            for k in row.accelerators:
                on[row.instance, k] += 1
    found: dict[str, int] = {}
    for (machine, _), count in on.items():
        found[of[machine]] = max(count, found.get(of[machine], 0))
    return found
