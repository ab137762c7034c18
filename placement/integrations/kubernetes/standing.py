"""Where copies of each shape may stand: node by node, with each distinct question asked once.

A node is a candidate when the shape's selector and affinity take it, its taints are tolerated, it has the extended
resources, its accelerators can serve the ask, and no pod that comes with the node must be kept apart from the copy or
has a port of the node that the copy takes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from placement.integrations.kubernetes.asks import accelerator_keys
from placement.integrations.kubernetes.neighbours import HOSTNAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.integrations.kubernetes.machines import NodeMachine
    from placement.integrations.kubernetes.pods import PodRow, PodShape
    from placement.integrations.kubernetes.workloads import Workload

Keys = dict[str, Any]  # keys of an option that are about accelerators
ShapeIndex = tuple[int, int]  # workload, shape of it


@dataclass
class Candidates:
    """By machine and shape the keys of the option that runs there; None where it can't."""

    of: dict[tuple[str, ShapeIndex], Keys | None] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # machines that rules single out by name
    signature: dict[str, object] = field(default_factory=dict)  # equal for machines that all shapes see alike

    def may(self, machine: str, shape: ShapeIndex) -> bool:
        """Whether a copy of the shape may stand on the machine."""
        return self.of[machine, shape] is not None


def standing(
    workloads: Sequence[Workload], machines: Sequence[NodeMachine], of_node: Mapping[str, Sequence[PodRow]]
) -> Candidates:
    """O(distinct nodes x distinct rules), and nodes x shapes to write it down."""
    shapes = [((w, s), shape) for w, workload in enumerate(workloads) for s, shape in enumerate(workload.shapes)]
    keys = sorted({key for _, shape in shapes for key in shape.rules.looked_at()})
    by_name = any(shape.rules.looks_at_names for _, shape in shapes)
    asked = sorted({name for _, shape in shapes for name, _ in shape.other})
    barred = _barred(workloads, of_node)
    found = Candidates()
    answers: dict[tuple[object, object], Keys | None] = {}
    for machine in machines:
        profile = (
            tuple((key, machine.labels.get(key)) for key in keys if key != HOSTNAME or by_name),
            machine.taints,
            machine.held,
            tuple(machine.other.get(name, 0) for name in asked),
            machine.name if by_name else "",
        )
        row = []
        for index, shape in shapes:
            question = (shape.rules, shape.ask, shape.other)
            if (profile, question) not in answers:
                answers[profile, question] = _keys_on(machine, shape)
            answer = answers[profile, question]
            if machine.name in barred.get(index[0], ()):
                answer = None
            found.of[machine.name, index] = answer
            row.append(None if answer is None else tuple(answer.items()))
        found.signature[machine.name] = tuple(row)
    found.named = _named(shapes, machines, found) if by_name else set()
    return found


def _keys_on(machine: NodeMachine, shape: PodShape) -> Keys | None:
    if not shape.rules.takes(machine.labels, machine.name) or not shape.rules.tolerates(machine.taints):
        return None
    if any(machine.other.get(name, 0) < value for name, value in shape.other):
        return None
    return accelerator_keys(shape.ask, machine.held)


def _barred(workloads: Sequence[Workload], of_node: Mapping[str, Sequence[PodRow]]) -> dict[int, set[str]]:
    """Nodes that a workload must keep off since a pod that comes with them must be apart from it, either way round."""
    found: dict[int, set[str]] = defaultdict(set)
    fixed = [(node, row) for node, rows in of_node.items() for row in rows]
    for w, workload in enumerate(workloads):
        rules = [rule for shape in workload.shapes for rule in shape.neighbours.apart if rule.key == HOSTNAME]
        taking = [shape.neighbours for shape in workload.shapes if shape.neighbours.ports]
        for node, row in fixed:
            own = [rule for rule in row.shape.neighbours.apart if rule.key == HOSTNAME]
            if any(one.clash(row.shape.neighbours) for one in taking):
                found[w].add(node)
            if any(rule.takes(row.pod.namespace, row.pod.labels) for rule in rules) or any(
                rule.takes(workload.namespace, labels) for rule in own for labels in workload.labels()
            ):
                found[w].add(node)
    return found


def _named(
    shapes: Sequence[tuple[ShapeIndex, PodShape]], machines: Sequence[NodeMachine], found: Candidates
) -> set[str]:
    """Machines that some rule takes or refuses by name: a new one would not be like them."""
    looking = [shape for _, shape in shapes if shape.rules.looks_at_names]
    named = set()
    for machine in machines:
        for shape in looking:
            labels = {key: value for key, value in machine.labels.items() if key != HOSTNAME}
            if shape.rules.takes(labels, "") != shape.rules.takes(machine.labels, machine.name):
                named.add(machine.name)
                break
    return named
