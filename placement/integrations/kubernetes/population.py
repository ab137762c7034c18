"""Many pods by labels and by ports, so that a rule looks at those alone that it may be about."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from placement.integrations.kubernetes.neighbours import HostPort
    from placement.integrations.kubernetes.selectors import Requirement, Selector


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
