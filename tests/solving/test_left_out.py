"""Optional copies left out are told before the money: how many of which priority, and how few can be, proven."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import placement
from placement.compiled.fleet import compile_fleet
from placement.solving.budget import Budget
from placement.solving.incumbent import Incumbent
from placement.solving.left_out import left_out_levels, left_out_words, open_level
from tests.report.plans import scarce, unproven

if TYPE_CHECKING:
    from placement.solving.result import Event


def test_a_lower_priority_waits_for_a_higher_one_that_is_open() -> None:
    """Its bound is on plans that leave out no more above, so nothing is said of it as if it held of all."""
    levels = left_out_levels({2: 0, 1: 3, 0: 5}, {2: 0, 1: 1, 0: 5})

    assert [(level.is_next, level.is_open) for level in levels] == [(True, False), (True, True), (False, False)]
    assert open_level(levels) == levels[1]
    assert left_out_words(levels) == "3 of priority 1 (proven: at least 1), 5 of priority 0"
    assert "at least 1 of priority 1 stay out" in levels[1].reason
    assert "higher priority" in levels[2].reason
    assert "proven" not in levels[2].reason


def test_nothing_proven_is_not_called_at_least_none() -> None:
    """It said "at least 0 of priority 0 stay out"."""
    (level,) = left_out_levels({0: 2}, {0: 0})
    assert level.reason == "no room found for it; how many of priority 0 must stay out is not proven"


def test_no_more_copies_are_said_to_be_left_out_than_are_optional() -> None:
    """Where the required ones have no room, an argument may come to any number; `verify` takes none that can't be."""
    fleet = compile_fleet(scarce())
    incumbent = Incumbent(fleet, Budget())
    optional = sum(c.copies - c.required for c in fleet.components if c.level == 0)
    incumbent.raise_left_out(0, optional - 1, "someone")
    assert incumbent.left_out_bound()[0] == optional - 1
    incumbent.raise_left_out(0, optional + 7, "someone")
    assert incumbent.left_out_bound()[0] == optional
    assert incumbent.events[-1].left_out_bound[fleet.levels[0]] == optional


def test_a_result_tells_what_is_left_out_beside_what_is_proven() -> None:
    """By priority, highest first; its line does not show the gap of money alone."""
    proven = placement.solve(scarce(), work=1)
    assert list(proven.left_out.items()) == [(1, 1), (0, 1)]
    assert proven.left_out_bound == {1: 1, 0: 1}
    told = "left out: 1 of priority 1 (proven: no fewer), 1 of priority 0 (proven: no fewer); gap 0.00%"
    assert str(proven).endswith(f"0 moves, {told}")

    found = unproven(proven)
    assert found.left_out == {1: 1, 0: 1}
    assert found.left_out_bound == {1: 0, 0: 0}
    told = "left out: 1 of priority 1 (nothing proven), 1 of priority 0"
    assert str(found).endswith(f"{told}; gap 50.00% among plans that leave out no more")
    assert str(replace(found, bound=None)).endswith(f"{told}; no bound")

    all_placed = placement.solve(scarce(pools=[{"name": "a", "instance_type": "pair", "zone": "z"}]), work=1)
    assert all_placed.left_out == {1: 0, 0: 0}
    assert "left out" not in str(all_placed)


def test_events_tell_copies_left_out_and_what_is_proven_of_them() -> None:
    """Also when nothing but that bound is new; the trace of the plan's document has both."""
    result = placement.solve(scarce(), work=1)
    last = result.trace[-1]
    assert (last.left_out, last.left_out_bound) == (result.left_out, result.left_out_bound)
    assert result.to_document()["trace"][-1]["left_out_bound"] == {"1": 1, "0": 1}
    assert pickle.loads(pickle.dumps(last)) == last
    assert hash(last) == hash(pickle.loads(pickle.dumps(last)))

    heard: list[Event] = []
    incumbent = Incumbent(compile_fleet(scarce()), Budget(work=1), heard.append)
    incumbent.raise_left_out(0, 1, "someone")
    incumbent.raise_left_out(0, 1, "another")
    assert [(event.by, event.left_out, event.left_out_bound) for event in heard] == [("someone", {}, {1: 1, 0: 0})]


def test_what_must_be_left_out_is_told_without_a_plan_too(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """A bound on every plan, from `placement.bound` without one."""
    monkeypatch.setattr(Incumbent, "left_out_bound", lambda _: (1, 0))
    result = placement.bound(scarce(), work=1)
    assert result.left_out_bound == {1: 1, 0: 0}
    assert result.left_out == {}
