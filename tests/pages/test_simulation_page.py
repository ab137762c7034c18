"""The page of a simulation in a browser: silent, readable on a phone, by keyboard and by anyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from placement.report.page.simulation import render_simulation
from tests.pages.conftest import DESKTOP, PHONE
from tests.pages.test_report_page import faults
from tests.report.test_simulation_page import played

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pages.conftest import Opened

pytestmark = pytest.mark.pages


def test_it_loads_in_silence_and_fits_a_phone(opened: Callable[..., Opened]) -> None:
    """No error, no request, and names are text; nothing is wider than 360 pixels but what scrolls by itself."""
    page, complaints = opened(render_simulation(played()), viewport=PHONE)

    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    outside = """[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1
        && !e.closest(".scroll, nav, .skip, .cut, .plot")).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(outside) == []
    assert page.locator("img").count() == 0


def test_tables_are_sorted_by_keyboard(opened: Callable[..., Opened]) -> None:
    """Enter on the head of the costs: dearest first; again, cheapest first."""
    page = opened(render_simulation(played())).page
    head = page.locator("#strategies-table th button", has_text="cost")
    head.focus()
    page.keyboard.press("Enter")
    costs = "rows => rows.map(row => Number(row.cells[1].dataset.key))"
    first = page.locator("#strategies-table tbody tr").evaluate_all(costs)
    page.keyboard.press("Enter")
    second = page.locator("#strategies-table tbody tr").evaluate_all(costs)

    assert first == sorted(first, reverse=True)
    assert second == sorted(first)
    assert len(first) > 5


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "viewport"), [("light", PHONE), ("dark", DESKTOP)], ids=["phone", "desktop"])
def test_axe_finds_nothing(scheme: str, viewport: dict[str, int], opened: Callable[..., Opened]) -> None:
    """Contrast, names, roles, order; areas have the colours of their theme."""
    page = opened(render_simulation(played()), viewport=viewport, color_scheme=scheme).page

    assert faults(page) == []
    fills = page.locator(".area").evaluate_all("paths => paths.map(path => getComputedStyle(path).fill)")
    assert len(set(fills)) == 2
    assert "rgb(0, 0, 0)" not in fills
