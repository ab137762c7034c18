"""The file of a campaign survives a kill at any byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from placement.errors import UsageError
from placement_bench.rows import RUNS, RowFile, read_rows
from tests.bench.rows import row

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, cases: str, *, resume: bool = False) -> None:
    file = RowFile(folder, resume=resume)
    for case in cases:
        file.add(row(case))
    file.close()


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    """All fields come back, from the folder and from the file."""
    write(tmp_path, "ab")

    assert read_rows(tmp_path) == [row("a"), row("b")] == read_rows(tmp_path / RUNS)


def test_a_write_cut_at_any_byte_costs_that_row_alone(tmp_path: Path) -> None:
    """Whatever is left of the second line, the first is read, and a resumed file ends whole."""
    write(tmp_path, "ab")
    whole = (tmp_path / RUNS).read_bytes()
    first = whole.index(b"\n") + 1
    for cut in [first, first + 1, (first + len(whole)) // 2, len(whole) - 2, len(whole) - 1]:
        (tmp_path / RUNS).write_bytes(whole[:cut])
        there = "ab" if cut == len(whole) - 1 else "a"  # only the line's end is gone
        assert [one.asked.case for one in read_rows(tmp_path)] == list(there)

        write(tmp_path, "c", resume=True)

        assert [one.asked.case for one in read_rows(tmp_path)] == [*there, "c"]


def test_a_bad_line_before_the_last_is_named(tmp_path: Path) -> None:
    """That is no torn write, and is not passed over."""
    write(tmp_path, "ab")
    lines = (tmp_path / RUNS).read_bytes().splitlines(keepends=True)
    (tmp_path / RUNS).write_bytes(lines[0] + b'{"asked": 3}\n' + lines[1])

    with pytest.raises(UsageError, match="line 2 is no row of a run: asked"):
        read_rows(tmp_path)


def test_results_are_not_added_to_by_mistake(tmp_path: Path) -> None:
    """Only with --resume."""
    write(tmp_path, "a")

    with pytest.raises(UsageError, match="holds 1 runs; --resume goes on"):
        RowFile(tmp_path, resume=False)


def test_the_same_run_is_one_that_is_asked_the_same(tmp_path: Path) -> None:
    """Another seed, limit or option is another run."""
    write(tmp_path, "a")
    file = RowFile(tmp_path, resume=True)
    asked = [row("a").asked, row("a", seed=1).asked, row("a", seconds=9.0).asked, row("a", options={"x": 1}).asked]

    assert file.missing(asked) == asked[1:]
    file.close()


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    """No file, and a file without a row."""
    with pytest.raises(UsageError, match="can't be read"):
        read_rows(tmp_path)
    (tmp_path / RUNS).touch()
    with pytest.raises(UsageError, match="holds no run"):
        read_rows(tmp_path)
