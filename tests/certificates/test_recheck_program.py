"""Programs that engines are asked again: which text is read, which refused, and what counts as a solution of one."""

from __future__ import annotations

import pytest

from placement.recheck_program import Program, ProgramError, read_program, recheck

TEXT = """\
* at least 3 of both, of the first at most 1, and just 1 more of the second
NAME small

ROWS
 N nothing
 G least
 L most
 E just
COLUMNS
 M1 'MARKER' 'INTORG'
 a least 1 most 1
 a just -1
 b least 1 just 1
 M2 'MARKER' 'INTEND'
RHS
 rhs least 3 most 1
 rhs just 1
BOUNDS
 LO b a 0
 UP b a 9
 FX b b 2
ENDATA
"""


def test_a_program_is_read_as_it_stands() -> None:
    """Comments and empty lines are passed over; a row without a right side has 0."""
    found = read_program(TEXT)
    assert found.columns == {"a": (0, 9), "b": (2, 2)}
    assert found.rows == [("G", 3, {"a": 1, "b": 1}), ("L", 1, {"a": 1}), ("E", 1, {"a": -1, "b": 1})]
    assert read_program(TEXT.replace(" rhs least 3 most 1\n", "")).rows[0] == ("G", 0, {"a": 1, "b": 1})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (" M1 'MARKER' 'INTORG'\n", "", "a column that is not whole"),
        (" a just -1", " a more -1", "an entry without its row"),
        (" a just -1", " a least 2", "an entry without its row, or twice"),
        (" a just -1", " a just -1.5", "line 12 of the program is not understood"),
        ("NAME small", "NAME small\n L most", "a line outside of sections"),
        ("RHS\n", "RANGES\n", "no such section"),
        (" UP b a 9\n", "", "every column needs two ends"),
        (" rhs just 1", " rhs other 1", "every right side a row"),
        (" E just", " X just", "line 8 of the program is not understood"),
        ("'INTEND'", "'INTENT'", "line 14 of the program is not understood"),
    ],
)
def test_what_is_not_understood_is_refused(old: str, new: str, said: str) -> None:
    """And never decided."""
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    with pytest.raises(ProgramError, match=said):
        read_program(text)
    assert recheck("HiGHS", text).startswith("not decided: ")


@pytest.mark.parametrize(
    ("a", "b", "kept"),
    [(1, 2, True), (0, 2, False), (2, 2, False), (1, 3, False), (-1, 2, False), (10, 2, False), (2, 3, False)],
)
def test_a_solution_keeps_every_row_and_end(a: int, b: int, kept: bool) -> None:
    """Whatever an engine says."""
    assert read_program(TEXT).kept({"a": a, "b": b}) is kept


@pytest.mark.parametrize(("end", "kept"), [(0, False), (1, True), (2, True), (3, True), (4, False)])
def test_ends_are_ends_of_their_own(end: int, kept: bool) -> None:
    """Also where no row is broken."""
    assert Program({"a": (1, 3)}, [("L", 9, {"a": 1}), ("G", 0, {"a": 1})]).kept({"a": end}) is kept


@pytest.mark.parametrize("claimed_by", ["HiGHS 1.12", "CP-SAT 9.14"])
def test_another_engine_is_asked(claimed_by: str) -> None:
    """It has a solution, or none; numbers that it can't hold are told."""
    other = "HiGHS" if claimed_by.startswith("CP") else "CP-SAT"
    assert recheck(claimed_by, TEXT) == f"contradicted: {other} has a solution that keeps every row"
    assert recheck(claimed_by, TEXT.replace("FX b b 2", "FX b b 4")) == f"confirmed: {other} finds no solution either"
    large = TEXT.replace("UP b a 9", f"UP b a {2**70}")
    assert recheck(claimed_by, large) == f"not decided: the numbers are too large for {other}"


@pytest.mark.parametrize("answer", [{}, {"a": 2, "b": 2}])
def test_an_answer_that_is_no_solution_decides_nothing(answer: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """None was found in the work there was, or what was found breaks a row."""
    monkeypatch.setattr("placement.recheck_program.ask_cp_sat", lambda _: answer)
    assert recheck("HiGHS", TEXT) == "not decided: CP-SAT came to no end within its limit of work"
