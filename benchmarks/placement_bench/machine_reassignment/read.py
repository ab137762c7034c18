"""The files of the ROADEF/EURO challenge 2012: a model, and an assignment of its processes to machines.

Both are whole numbers between blanks, read as one stream; line ends mean nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.errors import PlacementError, UsageError, printable
from placement_bench.machine_reassignment.parameters import ReassignmentFileParameters as _PARAMS
from placement_bench.machine_reassignment.problem import Balance, Reassignment

if TYPE_CHECKING:
    from placement.arrays import Ints


class ReassignmentFormatError(PlacementError):
    """A file is not what the challenge's format says."""


class _Stream:
    """Whole numbers of a text, taken one after the other."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self._numbers = _numbers(text.split(), name)
        self._at = 0

    def take(self, count: int, what: str) -> Ints:
        """The next `count` numbers; `what` they are, for the message."""
        found = self._numbers[self._at : self._at + count]
        if len(found) < count:
            raise ReassignmentFormatError(
                f"{self.name}: ends before its {what}: {count} numbers expected from number {self._at + 1} on, "
                f"{len(found)} are left"
            )
        self._at += count
        return found

    def one(self, what: str) -> int:
        """The next number, at least 0."""
        found = int(self.take(1, what)[0])
        if found < 0:
            raise ReassignmentFormatError(
                f"{self.name}: {what} must not be negative, got {found} (number {self._at} of the file)"
            )
        return found

    def count(self, what: str) -> int:
        """A number of things that follow; each of them takes at least one number of the file."""
        found = self.one(what)
        if found > len(self._numbers):
            raise ReassignmentFormatError(
                f"{self.name}: {what} is {found} (number {self._at} of the file), more than the file has numbers"
            )
        return found

    def table(self, rows: int, columns: int, what: str) -> Ints:
        """The next numbers as rows."""
        return self.take(rows * columns, what).reshape(rows, columns)

    def end(self) -> None:
        """Nothing may be left."""
        left = len(self._numbers) - self._at
        if left:
            raise ReassignmentFormatError(f"{self.name}: {left} numbers beyond the end that its counts give")


def read_reassignment(model: str, assignment: str, name: str = "model", assigned: str = "assignment") -> Reassignment:
    """The problem of a model's text and that of its initial assignment. O(numbers).

    Parameters
    ----------
    model, assignment : texts of ``model_*.txt`` and ``assignment_*.txt``.
    name, assigned : of the files, for messages.

    Raises
    ------
    ReassignmentFormatError
        A text that ends early or goes on, or has a word that is no whole number of 64 bits.
    UsageError
        Numbers that do not agree: an index of nothing, or a negative size.
    """
    stream = _Stream(model, name)
    resources = stream.count("number of resources")
    kinds = stream.table(resources, 2, "transient flags and load weights")
    if not np.isin(kinds[:, 0], (0, 1)).all():
        raise ReassignmentFormatError(f"{name}: the transient flag of a resource must be 0 or 1, got {kinds[:, 0]}")
    machines = stream.count("number of machines")
    rows = stream.table(machines, 2 + 2 * resources + machines, "machines")
    spread, depends_on = [], []
    for service in range(stream.count("number of services")):
        spread.append(stream.one(f"spread of service {service}"))
        needs = stream.count(f"number of dependencies of service {service}")
        depends_on.append(stream.take(needs, f"dependencies of service {service}").tolist())
    processes = stream.count("number of processes")
    held = stream.table(processes, 2 + resources, "processes")
    triples = stream.table(stream.count("number of balance costs"), 4, "balance costs")
    weights = [stream.one(f"weight of {what} move cost") for what in ("process", "service", "machine")]
    stream.end()
    try:
        return Reassignment(
            transient=kinds[:, 0] == 1,
            load_weight=kinds[:, 1],
            neighbourhood=_numbered(rows[:, 0]),
            location=_numbered(rows[:, 1]),
            capacity=np.ascontiguousarray(rows[:, 2 : 2 + resources]),
            safety=np.ascontiguousarray(rows[:, 2 + resources : 2 + 2 * resources]),
            machine_move=np.ascontiguousarray(rows[:, 2 + 2 * resources :]),
            spread=np.array(spread, dtype=np.int64),
            depends_on=depends_on,
            service=np.ascontiguousarray(held[:, 0]),
            demand=np.ascontiguousarray(held[:, 1 : 1 + resources]),
            process_move=np.ascontiguousarray(held[:, 1 + resources]),
            balances=[Balance(*map(int, row)) for row in triples],
            process_weight=weights[0],
            service_weight=weights[1],
            machine_weight=weights[2],
            initial=read_assignment(assignment, processes, machines, assigned),
        )
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None


def read_assignment(text: str, processes: int, machines: int, name: str = "assignment") -> Ints:
    """The machine of every process.

    Raises
    ------
    ReassignmentFormatError
        Not one number a process, or a machine that there is not.
    """
    found = _numbers(text.split(), name)
    if len(found) != processes:
        raise ReassignmentFormatError(f"{name}: {len(found)} numbers for {processes} processes; one each is expected")
    wrong = np.flatnonzero((found < 0) | (found >= machines))
    if len(wrong):
        raise ReassignmentFormatError(
            f"{name}: process {wrong[0]} is on machine {found[wrong[0]]}; machines are 0 to {machines - 1}"
        )
    return found


def write_assignment(assignment: Ints) -> str:
    """An assignment as the challenge writes it: one line."""
    return " ".join(map(str, assignment.tolist())) + "\n"


def _numbers(words: list[str], name: str) -> Ints:
    try:
        return np.array([int(word) for word in words], dtype=np.int64)
    except (ValueError, OverflowError):
        for place, word in enumerate(words, 1):
            try:
                np.int64(int(word))
            except (ValueError, OverflowError):
                shown = printable(word[: _PARAMS.longest])
                raise ReassignmentFormatError(
                    f"{name}: number {place} must be a whole number of at most 64 bits, got {shown}"
                ) from None
        raise


def _numbered(labels: Ints) -> Ints:
    """Labels of groups, numbered from 0."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64).reshape(len(labels))
