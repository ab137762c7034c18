"""The schedule is data: its numbers make sense, all of it is used, and nobody has a share of the time beside it."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from placement.report.solvers import schedule_tables
from placement.solvers.registry import SOLVERS
from placement.solving.budget import Budget
from placement.solving.schedule import (
    AFTER_FIRST,
    AFTER_FIRST_HUGE,
    BOUND,
    DEAR,
    DEMANDS,
    DEMANDS_TINY,
    FEW_LARGE,
    FEW_SMALL,
    FIRST,
    HUGE,
    IMPROVE,
    LARGE,
    OUTLINE,
    RULES_LARGE,
    RULES_MIDDLE,
    RULES_SMALL,
    RUNNING,
    SCHEDULE,
    SINGLE,
    SMALL,
    STUCK,
    TURNS,
    WHOLE,
    ZONED,
    Phase,
    rows,
)
from tests.report.test_tables import shown as text_of
from tests.source import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[1] / "placement"
SOURCES = {path: path.read_text() for path in PACKAGE.rglob("*.py") if path.name not in ("schedule.py", "budget.py")}


def phases(phase: Phase = SCHEDULE) -> Iterator[tuple[str, Phase]]:
    """All of them by name."""
    for name, part in phase.inside:
        yield name, part
        yield from phases(part)


def test_parts_are_parts() -> None:
    """Each phase has some of the time, and says what for."""
    for name, phase in phases():
        assert 0 < phase.part <= 1, name
        assert phase.seconds > 0, name
        assert phase.what, name


def test_what_is_unconditional_leaves_something() -> None:
    """No phase without a condition takes all that is left to those after it."""
    for row in rows(60.0):
        assert 0 < row.seconds <= 60.0, row.name


def test_every_phase_has_its_share_somewhere() -> None:
    """A phase that nobody asks is not in the schedule."""
    text = "\n".join(SOURCES.values())
    for name, phase in phases():
        inner = any(part is not phase for _, part in phase.inside)
        assert inner or re.search(rf"\.{name}(\.of\(|\.part|\b)", text), f"nobody asks for {name}"


PART_OF = {"share": 0, "reduced": 1}  # methods that take a part of the budget, and which argument it is


def own_shares(source: str) -> list[str]:
    """Calls that take a part of a budget, where that is a number or a constant or parameter of the module's own."""
    found = []
    for node in nodes(source):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            place = PART_OF.get(node.func.attr, len(node.args))
            if place < len(node.args) and is_own(node.args[place]):
                found.append(ast.unparse(node))
    return found


def is_own(part: ast.expr) -> bool:
    """Whether a part is written down in the module itself, or is a parameter."""
    if isinstance(part, ast.Constant):
        return part.value != 1.0
    while isinstance(part, ast.Attribute):
        part = part.value
    return isinstance(part, ast.Name) and part.id.isupper() and part.id not in ("SCHEDULE", "_TIME")


def test_nobody_has_a_share_of_their_own() -> None:
    """Parts of the time stand in the schedule alone, but for those that are shared out by size."""
    assert {str(path): calls for path, source in SOURCES.items() if (calls := own_shares(source))} == {}
    own = ["budget.share(0.3)", "budget.share(_PART)", "solve.reduced(fleet, _PARAMS.prices)"]
    fine = ["budget.share(1.0, work=3)", "budget.share(by_size)", "solve.reduced(fleet, _TIME.prices.part, seed=0)"]
    assert own_shares("\n".join(own + fine)) == own


def test_a_phase_is_a_part_of_a_budget() -> None:
    """Of what is left, and of seconds at most; without a limit of time there is none."""
    assert Phase("half", 0.5).of(Budget(60.0)).left() == pytest.approx(30.0, abs=0.5)
    assert Phase("short", 0.5, seconds=2.0).of(Budget(60.0)).left() == pytest.approx(2.0, abs=0.5)
    assert math.isinf(Phase("short", 0.5, seconds=2.0).of(Budget(work=9)).left())
    assert math.isinf(Phase("half", 0.5).of(Budget()).left())
    assert Phase("half", 0.5).of(Budget(work=10)).work == 5
    assert Phase("short", 0.5, seconds=2.0).of(Budget(work=9)).work == 2


def test_turns() -> None:
    """Solvers that there are, with options that they have; the last of each size has all the time that is left."""
    names = {AFTER_FIRST, AFTER_FIRST_HUGE, DEAR, DEMANDS, DEMANDS_TINY, FEW_LARGE, FEW_SMALL, FIRST, HUGE, LARGE}
    names |= {RULES_LARGE, RULES_MIDDLE, RULES_SMALL, SINGLE, SMALL, STUCK, WHOLE, ZONED}
    assert set(TURNS) == names
    for turns in TURNS.values():
        for turn in turns:
            assert 0 < turn.part <= 1
            assert turn.solver in (BOUND, OUTLINE, RUNNING, IMPROVE) or SOLVERS[turn.solver].make_options(turn.options)
            assert turn.solver != IMPROVE or {*turn.options} <= {"steps"}
            assert not turn.beside or turn.cores == 2
    for size in (HUGE, SMALL, LARGE, DEAR, ZONED):
        last = TURNS[size][-1]
        assert (last.part, last.work, last.beside, last.cores) == (1.0, None, False, 0)
        assert SOLVERS[last.solver].proves
    for after in (AFTER_FIRST, AFTER_FIRST_HUGE):
        assert [turn.solver for turn in TURNS[after]] == [turn.solver for turn in TURNS[FIRST][1:]]


def test_the_schedule_can_be_printed() -> None:
    """With every phase and every turn."""
    shown = text_of(schedule_tables(), width=200)
    for name, phase in phases():
        assert name.replace("_", " ") in shown
        assert phase.what in shown
    for fleet, turns in TURNS.items():
        assert fleet in shown
        assert all(turn.solver in shown for turn in turns)
