"""The challenge's files: what they say is read, what they must not say is refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from placement.errors import UsageError
from placement_bench.machine_reassignment import (
    Balance,
    ReassignmentFormatError,
    read_assignment,
    read_reassignment,
    write_assignment,
)
from tests.bench.machine_reassignment.instances import EXAMPLE, EXAMPLE_INITIAL


def test_the_example_is_read() -> None:
    """Every number of the stream is where it belongs."""
    problem = read_reassignment(EXAMPLE, EXAMPLE_INITIAL)

    assert (problem.resources, problem.machines, problem.services, problem.processes) == (2, 4, 2, 3)
    assert problem.transient.tolist() == [True, False]
    assert problem.load_weight.tolist() == [100, 10]
    assert problem.neighbourhood.tolist() == [0, 0, 1, 1]
    assert problem.location.tolist() == [0, 0, 1, 2]
    assert problem.capacity.tolist() == [[30, 400], [10, 240], [15, 100], [10, 100]]
    assert problem.safety.tolist() == [[16, 80], [8, 160], [12, 80], [8, 80]]
    assert problem.machine_move[2].tolist() == [4, 3, 0, 2]
    assert problem.spread.tolist() == [2, 1]
    assert problem.depends_on == [[], [0]]
    assert problem.service.tolist() == [0, 0, 1]
    assert problem.demand.tolist() == [[12, 10], [10, 20], [6, 200]]
    assert problem.process_move.tolist() == [1000, 100, 1]
    assert problem.balances == [Balance(0, 1, 20, 10)]
    assert (problem.process_weight, problem.service_weight, problem.machine_weight) == (1, 10, 100)
    assert problem.initial.tolist() == [0, 3, 0]


def test_line_ends_mean_nothing() -> None:
    """The format is one stream of numbers."""
    one = read_reassignment(" ".join(EXAMPLE.split()), "0\n3\n0\n")

    assert np.array_equal(one.capacity, read_reassignment(EXAMPLE, EXAMPLE_INITIAL).capacity)


def test_labels_of_places_may_have_holes() -> None:
    """A location is a name: 0, 7 and 90 are three of them, whatever their number."""
    text = EXAMPLE.replace("1 1 15", "1 7 15").replace("1 2 10 100", "1 90 10 100")

    assert read_reassignment(text, EXAMPLE_INITIAL).location.tolist() == [0, 0, 1, 2]


def test_an_assignment_is_written_as_it_is_read() -> None:
    """Back and forth."""
    assert read_assignment(write_assignment(np.array([0, 2, 1])), 3, 4).tolist() == [0, 2, 1]


@pytest.mark.parametrize("cut", range(len(EXAMPLE.split())))
def test_a_model_that_ends_early_is_refused(cut: int) -> None:
    """Wherever it ends."""
    text = " ".join(EXAMPLE.split()[:cut])

    with pytest.raises(ReassignmentFormatError, match=r"m\.txt: (ends before its |.* more than the file has)"):
        read_reassignment(text, EXAMPLE_INITIAL, "m.txt")


@pytest.mark.parametrize(
    ("model", "initial", "said"),
    [
        (EXAMPLE + " 5", "0 3 0", "m.txt: 1 numbers beyond the end"),
        (EXAMPLE.replace("30 400", "3x 400"), "0 3 0", "m.txt: number 9 must be a whole number of at most .*, got 3x"),
        (EXAMPLE.replace("30 400", "1e3 400"), "0 3 0", "number 9 must be a whole number"),
        (EXAMPLE.replace("30 400", f"{2**63} 400"), "0 3 0", "number 9 must be a whole number of at most 64 bits"),
        ("2 7 100" + EXAMPLE[7:], "0 3 0", "the transient flag of a resource must be 0 or 1"),
        ("999999 1", "0", "number of resources is 999999 .number 1 of the file., more than the file has numbers"),
        ("-1", "", "number of resources must not be negative, got -1"),
        (EXAMPLE, "0 3", "a.txt: 2 numbers for 3 processes"),
        (EXAMPLE, "0 3 4", "a.txt: process 2 is on machine 4; machines are 0 to 3"),
        (EXAMPLE, "0 -1 0", "a.txt: process 1 is on machine -1"),
        (EXAMPLE, "0 \x1b[31m 0", "a.txt: number 2 must be a whole number of at most 64 bits, got ␛.31m"),
    ],
)
def test_faults_are_told(model: str, initial: str, said: str) -> None:
    """File, place, value and rule."""
    with pytest.raises(ReassignmentFormatError, match=said):
        read_reassignment(model, initial, "m.txt", "a.txt")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (EXAMPLE.replace("1 1 0\n3", "1 1 9\n3"), "m.txt: depends_on must be from 0 to 1, got 9 at 0"),
        (EXAMPLE.replace("1 6 200 1", "2 6 200 1"), "m.txt: service must be from 0 to 1, got 2 at 2"),
        (EXAMPLE.replace("0 1 20\n10", "0 2 20\n10"), "resources of a balance must be from 0 to 1, got 2"),
        (EXAMPLE.replace("12 10 1000", "-12 10 1000"), "demand must not be negative, got -12"),
        (EXAMPLE.replace("1 100\n", f"1 {2**62}\n", 1), "costs come to .*; divide weights or sizes"),
    ],
)
def test_numbers_that_mean_nothing_are_told(model: str, said: str) -> None:
    """Of what the format allows to be written."""
    with pytest.raises(UsageError, match=said):
        read_reassignment(model, EXAMPLE_INITIAL, "m.txt")
