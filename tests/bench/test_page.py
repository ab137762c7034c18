"""The page holds all it needs."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from placement.errors import UsageError
from placement_bench.page import write_page
from tests.bench.rows import row

if TYPE_CHECKING:
    from pathlib import Path

EVIL = "</script><b>&"


class Reader(HTMLParser):
    """Collects what a page loads, its figures, and its open elements."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.figures: list[str] = []
        self.bold = 0
        self._figure = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [value for key, value in attrs if key in ("src", "href") and value and value[0] != "#"]
        self._figure = tag == "script" and given.get("type") == "application/json"
        self.bold += tag == "b"

    def handle_data(self, data: str) -> None:
        if self._figure:
            self.figures.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._figure = False


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """A page of two solvers on two cases, one with a name that is markup."""
    story = ((0.1, 12.0, 8.0, "h"), (0.5, 10.0, 10.0, "p"))
    proven = {"status": "optimal", "value": 10, "bound": 10, "best_known": 10, "trace": story}
    rows = [row(case, solver, **proven, took=took) for case in ("a", EVIL) for solver, took in (("s", 1.0), ("t", 3.0))]
    rows.append(row("b", "t", status="crash", value=None, error=EVIL))
    pytest.importorskip("plotly", reason="the extra bench is not installed")
    written = tmp_path_factory.mktemp("page") / "page.html"
    write_page(rows, written)
    reader = Reader()
    reader.feed(written.read_text("utf-8"))
    return reader


def test_nothing_is_loaded_from_elsewhere(page: Reader) -> None:
    """One file: no script, style or picture by address; the icon is an empty one."""
    assert page.loads == ["data:,"]


def test_every_plot_is_there_and_can_be_read(page: Reader) -> None:
    """Seven of them, with data, whatever the cases are called."""
    figures = [json.loads(text) for text in page.figures]

    assert len(figures) == 7
    assert all(figure["data"] for figure in figures)
    curves = {trace["name"]: (trace["x"], trace["y"]) for trace in figures[0]["data"]}
    assert curves["s"] == ([0.01, 1.0, 1.0, 60.0], [0, 1, 2, 2])


def test_names_are_text_and_no_markup(page: Reader) -> None:
    """The only bold text is that of the five tiles."""
    assert page.bold == 5


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "plotly.offline", None)

    with pytest.raises(UsageError, match=re.escape('pip install "gpu-placement[bench]"')):
        write_page([row()], tmp_path / "page.html")
