"""A plan on the terminal: a letter a component, in every width; and the chart of a search that runs."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

import placement
from placement.cli.progress import Watch
from placement.errors import UsageError
from placement.report.curve import draw, value_range
from placement.report.drawn import show
from placement.report.map.terminal import LINES, Cell, ScenePart, _letters_of
from placement.solving.result import Event
from tests.report.plans import mixed_demand, named, planned, solved


def printed(renderable: Any, width: int = 100, encoding: str = "utf-8") -> str:
    """What a console of that width prints."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")  # as the command line sets it
    Console(file=stream, width=width, color_system=None).print(renderable)
    stream.seek(0)
    return stream.read()


def test_letters_fill_what_is_needed() -> None:
    """Two copies of 20 GiB of 48 are three of four characters; the third copy is alone on its machine."""
    problem = named("chat")

    text = printed(show(planned(problem), problem))

    assert "fleet: 3 copies on 2 machines, $4.48 an hour" in text
    assert re.search(r"pool a/new-1 +AAA· ", text)
    assert re.search(r"pool a/new-2 +AA·· ", text)
    assert "A chat x3" in text


def test_a_mix_of_accelerators_is_told() -> None:
    """Below the title, as after a solve; a plan without a mix has no such line."""
    problem, chat = mixed_demand(), named("chat")

    text = " ".join(printed(show(placement.solve(problem, "demand", time_limit=None, work=10).plan, problem)).split())

    assert "1 of 2 demands are served by several kinds of accelerators: chat (H100 x1, L4 x1)" in text
    assert "several kinds" not in printed(show(planned(chat), chat))


def test_rules_over_the_plan_are_told_below_the_map() -> None:
    """Commitments, limits, losses and moves, one after the other; a plan without such rules has no such lines."""
    document = named("chat").to_document()
    document["components"][0]["min_available_on_instance_loss"] = 1
    problem = placement.Problem(
        **document
        | {
            "limits": [{"name": "team", "pools": ["pool a"], "max_instances": 3}],
            "commitments": [{"name": "block", "pools": ["pool a"], "instances": 1}],
            "objective": {"max_moves": 5},
        }
    )

    text = printed(show(planned(problem), problem), width=200)

    assert "fleet: 3 copies on 2 machines, $2.24 an hour on top of what is committed" in text
    told = [" ".join(line.split()) for line in text[text.index("owned, not needed") :].splitlines()[1:]]
    assert told[0].startswith("committed block: 1 of 1 machine used")
    assert told[1:] == [
        "limits team: max_instances 2 of 3",
        "losses chat without a machine of pool a: 1 of 3 copies left; 1 must be left",
        "moves 0 of at most 5",
    ]
    assert printed(show(planned(named("chat")), named("chat"))).rstrip().endswith("free")


def test_without_the_problem_a_copy_is_a_letter() -> None:
    """The figures are those that the plan's file claims."""
    problem = named("chat")

    text = printed(show(planned(problem, price_per_hour=4.48)))

    assert "3 copies on 2 machines, $4.48 an hour, feasible" in text
    assert re.search(r"pool a/new-1 +AA··", text)
    assert re.search(r"pool a/new-2 +A···", text)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_any_terminal(width: int, encoding: str) -> None:
    """No line is longer than the terminal, and every machine has one."""
    problem, plan = solved("kubernetes-mixed-gpus")

    for text in (printed(show(plan, problem), width, encoding), printed(show(plan), width, encoding)):
        assert max(len(line) for line in text.splitlines()) <= width
        assert text.count("new-1") == sum(row.id.endswith("new-1") for row in plan.instances) or width < 80


def test_many_machines_are_put_together() -> None:
    """Alike ones share a line unless all are asked for, and what is cut is counted."""
    problem = named("chat").model_copy(
        update={"components": (named("chat").components[0].model_copy(update={"copies": 200}),)}
    )
    plan = placement.solve(problem, "ffd", work=1).plan

    assert "100 x pool a" in printed(show(plan, problem))
    assert printed(show(plan, problem, full=True)).count("/new-") == 100
    assert f"and {100 - LINES} more lines; --full shows each" in printed(show(plan))


def test_a_plan_that_places_nothing() -> None:
    """Its reason is said."""
    problem = named("chat")
    none = placement.Plan(problem="fleet", status="infeasible", reason="no room")

    assert "infeasible, no room" in printed(show(none, problem))
    assert "infeasible, no room" in printed(show(none))
    with pytest.raises(UsageError, match="breaks a rule"):
        show(planned(problem), named("other"))


def test_no_component_is_lost_and_none_overflows() -> None:
    """Each has a letter while there are any, and no cell has more than its characters."""
    crowd = Cell(tuple(ScenePart(c, 0.01) for c in range(9)))
    assert [letters for _, letters in _letters_of(crowd, 4)] == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert list(_letters_of(Cell((ScenePart(0, 0.5), ScenePart(1, 0.5))), 4)) == [(0, 2), (1, 2)]
    assert list(_letters_of(Cell((ScenePart(0, 0.0), ScenePart(0, 0.0))), 4)) == [(0, 2)]


def test_a_curve_holds_its_value_until_the_next() -> None:
    """A cost that halves at half the time: the left half of the chart above, the right half below."""
    rows = draw([[(0.0, 2.0), (5.0, 1.0)], []], (1.0, 2.0), 10.0, (10, 4))

    assert [sign.text != " " for sign in rows[0]] == [True] * 6 + [False] * 4  # the sixth has the step down
    assert [sign.text != " " for sign in rows[-1]][-4:] == [True] * 4
    assert {sign.curve for row in rows for sign in row} == {-1, 0}


def test_the_range_leaves_out_what_is_far_away() -> None:
    """A first plan at ten times the cost, and a bound of nearly nothing, would press the rest flat."""
    assert value_range([(0, 100.0), (1, 12.0), (2, 10.0)], [(0, 1.0), (1, 9.0)]) == (9.0, 12.0)
    low, high = value_range([(0, 5.0)], [])
    assert low < 5.0 < high


def test_the_live_view_with_and_without_a_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is the same; the chart stands above it once there is a plan, where braille can be shown."""
    monkeypatch.setattr("placement.cli.progress.time", SimpleNamespace(monotonic=lambda: 5.0))
    plain, watch = Watch(), Watch(chart=True)
    assert printed(plain)[1:] == printed(watch)[1:]  # the first sign turns with the clock of the terminal
    for one in (plain, watch):
        one.hear(Event(0.1, 10_000_000, None, "ffd"))
        one.hear(Event(0.2, 8_000_000, 7_000_000, "greedy"))

    assert "cost $8.00 by greedy" in printed(plain)
    text = printed(watch, 80)
    assert "cost $8.00 by greedy" in text
    assert "$10.00" in text
    assert "$7.00" in text
    assert re.search("[\u2801-\u28ff]", text)
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search("[\u2801-\u28ff]", printed(watch, 80, "ascii"))
