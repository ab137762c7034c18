"""The benchmark page in a browser: the same look, tables and policy as the report of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.rows import row
from tests.pages.conftest import PHONE, wait_until
from tests.pages.test_report_page import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pages.conftest import Opened

pytestmark = pytest.mark.pages

EVIL = "</script><img src=x onerror=alert(1)>\"'&"


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page of two solvers on two cases, one with a name that is markup, and a run that failed."""
    pytest.importorskip("plotly", reason="the extra bench is not installed")
    from placement_bench.page import write_page

    story = ((0.1, 12.0, 8.0, "h"), (0.5, 10.0, 10.0, "p"))
    proven = {"status": "optimal", "value": 10, "bound": 10, "best_known": 10, "trace": story}
    rows = [row(case, solver, **proven, took=took) for case in ("a", EVIL) for solver, took in (("s", 1.0), ("t", 3.0))]
    rows.append(row("b", "t", status="crash", value=None, error=EVIL))
    path: Path = tmp_path_factory.mktemp("bench") / "page.html"
    write_page(rows, path)
    return path.read_text("utf-8")


def test_it_loads_in_silence_and_draws_every_plot(text: str, opened: Callable[..., Opened]) -> None:
    """No error, no request, nothing wider than a phone; names are text."""
    page, complaints = opened(text, viewport=PHONE)

    wait_until(page, "document.querySelectorAll('.figure .main-svg').length >= 7")
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator("img").count() == 0
    assert EVIL in page.locator(".faults").inner_text()


@pytest.mark.slow
def test_its_colours_are_those_of_the_theme(text: str, opened: Callable[..., Opened]) -> None:
    """Also after the theme has changed; axe-core finds nothing in either."""
    page = opened(text, color_scheme="light").page
    ink = "getComputedStyle(document.querySelector('.figure .xtick text')).fill"
    light = page.evaluate(ink)
    assert faults(page) == []

    page.click("button.theme")
    page.click("button.theme")
    wait_until(page, f"{ink} !== '{light}'")
    assert faults(page) == []


def test_one_case_is_picked(text: str, opened: Callable[..., Opened]) -> None:
    """The plot of single runs shows the curves of that case alone; tables are sorted by value."""
    page = opened(text).page
    cases = page.locator(".plot-card select")
    assert cases.locator("option").all_inner_texts() == ["a", EVIL]

    visible = "[...document.querySelectorAll('.figure')].at(-1).data.filter(t => t.visible).map(t => t.meta)"
    assert set(page.evaluate(visible)) == {0}
    cases.select_option(index=1)
    assert set(page.evaluate(visible)) == {1}
    head = page.locator("#set-0-summary thead button").nth(1)
    head.click()
    runs = page.locator("#set-0-summary tbody td:nth-child(2)").all_inner_texts()
    assert runs == sorted(runs, reverse=True)
