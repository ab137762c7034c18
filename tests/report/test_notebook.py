"""Results and plans in a notebook: they draw themselves, and give data frames."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import placement
from placement.errors import UsageError
from placement.units import MICRO
from tests.report.plans import INSTANCES, named, planned

EVIL = "</td><script>alert(1)</script>\"'&"


class Reader(HTMLParser):
    """The elements and the texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_result_shows_its_map() -> None:
    """One SVG that parses, with the price in it; the page and the picture of a file are the same."""
    result = placement.solve(named("chat"), "ffd", work=1)

    shown = ElementTree.fromstring(result._repr_html_())

    assert "$4.48 an hour" in "".join(shown.itertext())
    assert result._repr_html_() == result.to_svg()
    assert result.to_svg("dark") != result.to_svg()
    assert result.to_html().startswith("<!doctype html>")


def test_no_plan_shows_its_reason() -> None:
    """As text; there is nothing to draw, and the page says so."""
    result = placement.solve(placement.read(INSTANCES / "infeasible-tight.yaml"), "ffd", work=1)

    assert result._repr_html_().startswith("<p>")
    with pytest.raises(UsageError, match="no plan to draw"):
        result.to_svg()
    assert len(result.to_frame()) == 0


def test_a_plan_shows_its_machines() -> None:
    """Without its problem; names are text, and long plans are cut."""
    problem = named(EVIL, zone=EVIL)
    parser = Reader()

    parser.feed(planned(problem)._repr_html_())

    assert "script" not in parser.tags
    assert f"{EVIL} x2" in "".join(parser.texts)
    assert parser.tags.count("tr") == 3
    many = placement.Plan(instances=[{"id": f"m{k}", "pool": "a"} for k in range(50)])
    assert "and 10 more machines" in many._repr_html_()


def test_frames_have_the_plan_s_rows() -> None:
    """A row a copy and a row a machine; prices add up to the plan's."""
    pytest.importorskip("pandas")
    result = placement.solve(placement.read(INSTANCES / "kubernetes-mixed-gpus.yaml"), "greedy", work=1)

    assert len(result.to_frame()) == len(result.plan.assignments)
    assert list(result.to_frame("machines")["instance"]) != []
    price = result.plan.price_per_hour or 0.0
    for what in ("machines", "components"):
        assert result.to_frame(what)["price_per_hour"].sum() == pytest.approx(price, abs=1 / MICRO)
    assert list(result.to_frame("trace").columns) == ["seconds", "cost", "bound", "by"]
    assert sorted(result.plan.to_frame()["component"]) == sorted(result.to_frame()["component"])
    assert len(result.plan.to_frame("machines")) == len(result.plan.instances)


def test_frames_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that there are; and what to install."""
    plan = planned(named("chat"))
    with pytest.raises(UsageError, match="did you mean"):
        plan.to_frame("machine")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pip install pandas"):
        plan.to_frame()
