"""Where copies of each shape may stand: nodes that no rule tells apart together, and each distinct question once.

A node is a candidate when the shape's selector and affinity take it, its taints are tolerated, it has the extended
resources, its accelerators can serve the ask, and no pod that comes with the node must be kept apart from the copy or
has a port of the node that the copy takes. Pods are looked up by labels and by ports, so that a rule looks at those
alone that it may be about.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from placement.grouping import grouped
from placement.integrations.kubernetes.asks import Ask, accelerator_keys
from placement.integrations.kubernetes.machines import NodeMachine
from placement.integrations.kubernetes.naming import HOSTNAME
from placement.integrations.kubernetes.neighbours import HostPort
from placement.integrations.kubernetes.node_names import TellingFacts
from placement.integrations.kubernetes.pods import PodRow
from placement.integrations.kubernetes.selectors import NodeRules, Requirement, Selector
from placement.integrations.kubernetes.workloads import Workload

Keys = dict[str, Any]  # keys of an option that are about accelerators
ShapeIndex = tuple[int, int]  # workload, shape of it
Question = tuple["NodeRules", "Ask", tuple[tuple[str, "Fraction"], ...]]
Answers = tuple[Keys | None, ...]  # one for each question


class Population:
    """Members by namespace and labels. A member may have several sets of labels, one for each that its pods have.

    `looks`: sets of labels that selectors were held against so far.
    """

    def __init__(self, members: Iterable[tuple[int, str, Mapping[str, str]]]) -> None:
        self.looks = 0
        self._rows: list[tuple[str, Mapping[str, str]]] = []
        self._members: list[list[int]] = []
        self._by_key: dict[str, list[int]] = defaultdict(list)
        self._by_label: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_space: dict[str, list[int]] = defaultdict(list)
        self._answers: dict[tuple[Selector, frozenset[str] | None], tuple[int, ...]] = {}
        known: dict[object, int] = {}
        for member, space, labels in members:
            key = (space, tuple(sorted(labels.items())))
            if key not in known:
                known[key] = len(self._rows)
                self._index(space, labels)
            self._members[known[key]].append(member)

    def _index(self, space: str, labels: Mapping[str, str]) -> None:
        row = len(self._rows)
        self._rows.append((space, labels))
        self._members.append([])
        self._by_space[space].append(row)
        for label in labels.items():
            self._by_key[label[0]].append(row)
            self._by_label[label].append(row)

    def taken(self, selector: Selector | None, spaces: Collection[str] | None) -> Sequence[int]:
        """The members that a selector takes in some namespaces, in order; None: in all of them.

        O(sets of labels with the rarest label, key or namespace that it asks for), once for each question.
        """
        if selector is None:
            return ()
        question = (selector, None if spaces is None else frozenset(spaces))
        if question not in self._answers:
            self._answers[question] = self._find(*question)
        return self._answers[question]

    def _find(self, selector: Selector, spaces: frozenset[str] | None) -> tuple[int, ...]:
        parts: list[Sequence[int]] = [range(len(self._rows))]
        if spaces is not None:
            parts = [self._by_space.get(space, ()) for space in spaces]
        for one in selector.requirements:
            fewer = self._asked(one)
            if fewer is not None and sum(map(len, fewer)) < sum(map(len, parts)):
                parts = fewer
        found: set[int] = set()
        for row in (row for part in parts for row in part):
            self.looks += 1
            space, labels = self._rows[row]
            if (spaces is None or space in spaces) and selector.takes(labels):
                found.update(self._members[row])
        return tuple(sorted(found))

    def _asked(self, one: Requirement) -> list[Sequence[int]] | None:
        """Lists of rows in which all are that keep one requirement; None where that may be any."""
        if one.operator == "In":
            return [self._by_label.get((one.key, value), ()) for value in dict.fromkeys(one.values)]
        return [self._by_key.get(one.key, ())] if one.operator == "Exists" else None


class PortUse:
    """Members by the ports of their node that they take."""

    def __init__(self, members: Iterable[tuple[int, Iterable[HostPort]]]) -> None:
        self._by_number: dict[tuple[str, int], dict[tuple[HostPort, int], None]] = defaultdict(dict)
        for member, ports in members:
            for port in ports:
                self._by_number[port.protocol, port.number][port, member] = None

    def clashing(self, ports: Iterable[HostPort]) -> list[int]:
        """The members that can't be on a node where these ports are taken, in order."""
        rows = ((port, row) for port in ports for row in self._by_number.get((port.protocol, port.number), ()))
        return sorted({member for port, (other, member) in rows if port.clashes(other)})


class Candidates:
    """Which shapes may stand on which machines, and by which keys of an option.

    Machines that differ in nothing that a rule looks at are a *profile*. A rule that names nodes is asked again for
    those that it names, and for all where it asks whether they have a name.

    `of_node`: pods that come with each node.
    `named`: machines that rules single out by name.
    `pods`: workloads by the labels of their pods.
    `telling`: what the rules tell machines apart by.
    """

    def __init__(
        self, workloads: Sequence[Workload], machines: Sequence[NodeMachine], of_node: Mapping[str, Sequence[PodRow]]
    ) -> None:
        self.workloads, self.machines, self.of_node = workloads, machines, of_node
        asked: dict[Question, int] = {}
        self._question_of: dict[ShapeIndex, int] = {
            (w, s): asked.setdefault((shape.rules, shape.ask, shape.other), len(asked))
            for w, workload in enumerate(workloads)
            for s, shape in enumerate(workload.shapes)
        }
        self.pods = Population(
            (w, workload.namespace, labels) for w, workload in enumerate(workloads) for labels in workload.labels()
        )
        self._barred = _barred(workloads, of_node, self.pods)
        self._questions = tuple(asked)
        self._naming = _by_names(self._questions)
        keys = sorted({key for rules, _, _ in asked for key in rules.looked_at()} - {HOSTNAME})
        domains = sorted({key for rules, _, _ in asked for key in rules.domains})
        resources = sorted({name for _, _, other in asked for name, _ in other})
        by_uuid = any(ask.uuids or ask.bars for _, ask, _ in asked)
        self._answers: list[Answers] = []  # that differ
        self._number: dict[object, int] = {}
        self._number_of: dict[str, int] = {}  # by machine
        self._members: dict[int, list[NodeMachine]] = {}
        self.named: set[str] = set()
        known: dict[object, int] = {}
        for machine in machines:
            told = tuple((key, machine.labels.get(key)) for key in keys)
            placed = tuple(key in machine.labels for key in domains)
            has = tuple(machine.other.get(name, 0) for name in resources)
            held = machine.held if by_uuid else replace(machine.held, uuids=())
            profile = (told, placed, machine.taints, held, has)
            if profile not in known:
                known[profile] = self._numbered(_keys_on(machine, "", one) for one in self._questions)
            number = known[profile]
            own = self._by_its_name(machine, self._answers[number])
            if own:
                self.named.add(machine.name)
                number = self._numbered(own.get(q, keys) for q, keys in enumerate(self._answers[number]))
            self._number_of[machine.name] = number
        self.telling = TellingFacts(keys, domains, resources, self.named)

    def _numbered(self, answers: Iterable[Keys | None]) -> int:
        """The number of these answers; equal ones have one."""
        found = tuple(answers)
        frozen = tuple(None if keys is None else tuple(keys.items()) for keys in found)
        if frozen not in self._number:
            self._number[frozen] = len(self._answers)
            self._answers.append(found)
        return self._number[frozen]

    def _by_its_name(self, machine: NodeMachine, others: Answers) -> dict[int, Keys | None]:
        """Answers that are others than for a machine that is alike and has no name."""
        names = {machine.name, machine.labels.get(HOSTNAME, machine.name)}
        about = sorted({q for name in (*names, None) for q in self._naming.get(name, ())})
        found = {q: _keys_on(machine, machine.name, self._questions[q]) for q in about}
        return {q: keys for q, keys in found.items() if keys != others[q]}

    def keys(self, machine: str, shape: ShapeIndex) -> Keys | None:
        """The keys of the option that runs there; None where a copy of the shape can't."""
        if machine in self._barred.get(shape[0], ()):
            return None
        return self._answers[self._number_of[machine]][self._question_of[shape]]

    def may(self, machine: str, shape: ShapeIndex) -> bool:
        return self.keys(machine, shape) is not None

    def of(self, shape: ShapeIndex) -> Sequence[NodeMachine]:
        """Machines where a copy of a shape may stand, in order. O(machines), once for each question."""
        question = self._question_of[shape]
        if question not in self._members:
            may = {number for number, answers in enumerate(self._answers) if answers[question] is not None}
            self._members[question] = [row for row in self.machines if self._number_of[row.name] in may]
        rows, barred = self._members[question], self._barred.get(shape[0], ())
        return [row for row in rows if row.name not in barred] if barred else rows

    def comes_with(self, machine: NodeMachine) -> Sequence[PodRow]:
        return self.of_node.get(machine.name, ())

    def signatures(self) -> dict[str, object]:
        """By machine a value that is equal for those that all shapes see alike."""
        off: dict[str, list[int]] = defaultdict(list)
        for w, names in self._barred.items():
            asked = {self._question_of[w, s] for s in range(len(self.workloads[w].shapes))}
            for name in names & self._number_of.keys():
                if any(self._answers[self._number_of[name]][question] is not None for question in asked):
                    off[name].append(w)
        return {name: (number, tuple(off.get(name, ()))) for name, number in self._number_of.items()}


def _by_names(questions: Sequence[Question]) -> dict[str | None, list[int]]:
    """Questions by the nodes that they name; those under None are about the name of any node."""
    return grouped((name, index) for index, (rules, _, _) in enumerate(questions) for name in rules.names_asked_for())


def _keys_on(machine: NodeMachine, name: str, question: Question) -> Keys | None:
    """The answer for a machine; without a `name` that of one that is alike and has none."""
    rules, ask, other = question
    labels = machine.labels
    if not name and HOSTNAME in labels:
        labels = {key: value for key, value in labels.items() if key != HOSTNAME}
    if not rules.takes(labels, name) or not rules.tolerates(machine.taints):
        return None
    if any(machine.other.get(key, 0) < value for key, value in other):
        return None
    return accelerator_keys(ask, machine.held)


def _barred(
    workloads: Sequence[Workload], of_node: Mapping[str, Sequence[PodRow]], pods: Population
) -> dict[int, set[str]]:
    """Nodes that a workload must keep off since a pod that comes with them must be apart from it, either way round."""
    found: dict[int, set[str]] = defaultdict(set)
    fixed = [(node, row) for node, rows in of_node.items() for row in rows]
    comes = Population((index, row.pod.namespace, row.pod.labels) for index, (_, row) in enumerate(fixed))
    ports = PortUse((index, row.shape.neighbours.ports) for index, (_, row) in enumerate(fixed))
    for w, workload in enumerate(workloads):
        for shape in workload.shapes:
            off = ports.clashing(shape.neighbours.ports)
            rules = (rule for rule in shape.neighbours.apart if rule.key == HOSTNAME)
            for index in (*off, *(index for rule in rules for index in comes.taken(rule.selector, rule.namespaces))):
                found[w].add(fixed[index][0])
    for node, row in fixed:
        for rule in row.shape.neighbours.apart:
            if rule.key == HOSTNAME:
                for w in pods.taken(rule.selector, rule.namespaces):
                    found[w].add(node)
    return found
