"""The picture of a simulation: whole, in its colours, and with nothing of a name in it but text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from placement.errors import UsageError
from placement.report.map.colours import LIGHT
from placement.report.simulation_picture import (
    _lines,
    simulation_file,
    simulation_picture,
    waterfall_bars,
    waterfall_picture,
)
from placement.report.still import check_picture
from placement.simulation import simulate
from placement.simulation.outcome import NAMES, WaterfallStep, waterfall
from tests.simulation.test_run import plain

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"


def test_it_has_three_charts_and_every_pool(tmp_path: Path) -> None:
    """A title with the cost, a chart of each kind, pools and strategies in the legend; light and dark."""
    problem, policy, traffic = plain(12)
    result = simulate(problem, policy, traffic, strategies=["shared", "endpoints-peak"])
    for theme in ("light", "dark"):
        root = ET.fromstring(simulation_picture(result, theme))
        texts = [text.text or "" for text in root.iter(f"{SVG}text")]
        assert texts[0].endswith("over the floor")
        for wanted in (
            "Dollars an hour, shared by pool",
            "Accelerators, and copies wanted",
            "one",
            "endpoints-peak",
            "floor",
        ):
            assert any(wanted in text for text in texts), wanted
        assert float(root.attrib["height"]) > 600
    assert simulation_file(result, "a.svg") == simulation_picture(result)


def test_pools_add_up_to_the_cost() -> None:
    """What is stacked is what is billed, step by step."""
    problem, policy, traffic = plain(24)
    (outcome,) = simulate(problem, policy, traffic, strategies=["shared"], hourly=False).strategies

    assert len(outcome.pools) == len(outcome.series["cost"]) == 24
    for row, cost in zip(outcome.pools, outcome.series["cost"], strict=True):
        assert sum(seconds * outcome.prices[p] for p, seconds in row) == cost
    assert all(
        0 <= a <= b for a, b in zip(outcome.series["memory_mib_used"], outcome.series["memory_mib"], strict=True)
    )


def test_names_are_text(tmp_path: Path) -> None:
    """A pool and a problem with markup in their names."""
    problem, policy, traffic = plain(12)
    document = problem.to_document()
    document["name"] = '<script>"&'
    document["pools"][0]["name"] = "</text><b>"
    evil = type(problem)(**document)
    svg = simulation_picture(simulate(evil, policy, traffic, strategies=["shared"], hourly=False))

    root = ET.fromstring(svg)
    assert not list(root.iter("script")) + list(root.iter(f"{SVG}script"))
    assert '<script>"&' in root.attrib["aria-label"]
    assert "</text><b>" in [text.text for text in root.iter(f"{SVG}text")]


def test_what_is_no_picture() -> None:
    """Another suffix, another theme, nothing to draw: said before anything is played."""
    with pytest.raises(UsageError, match=r"a\.pdf: a picture is \.svg or \.png"):
        check_picture("a.pdf", "light")
    with pytest.raises(UsageError, match='no theme "blue"'):
        check_picture("a.svg", "blue")


def test_a_png_without_its_library_is_refused_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is asked for before anything is searched for or played; an SVG needs none."""
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)

    with pytest.raises(UsageError, match=r"pip install .*pictures"):
        check_picture("a.png", "light")
    check_picture("a.svg", "light")


@pytest.mark.slow
def test_a_waterfall_falls_from_the_first_cost_to_the_last(tmp_path: Path) -> None:
    """Each bar begins where the one above ends; figures are those of the steps; light, dark, PNG."""
    problem, policy, traffic = plain(12)
    result = simulate(problem, policy, traffic, strategies=list(NAMES))
    steps = waterfall(result)
    bars = waterfall_bars(steps, result.floor)

    assert [bar.look for bar in bars] == ["whole", *["saved" if row.saved >= 0 else "more" for row in steps[1:]],
                                          "whole", "floor"]  # fmt: skip
    assert bars[1].end == bars[0].end == steps[0].cost
    assert all(below.end == above.start for above, below in pairwise(bars[1:-2]))
    assert bars[-2].end == bars[-3].start == steps[-1].cost
    assert bars[-1].end == result.floor
    for theme in ("light", "dark"):
        root = ET.fromstring(waterfall_picture(result, theme))
        texts = [text.text or "" for text in root.iter(f"{SVG}text")]
        assert "times less than endpoints for the peak" in texts[0]
        assert {bar.name for bar in bars} <= set(texts)
        widths = [float(rect.attrib["width"]) for rect in root.iter(f"{SVG}rect")][1:]
        assert widths[0] == max(widths)
        assert widths[0] / widths[-2] == pytest.approx(steps[0].cost / steps[-1].cost, rel=0.01)
    png = simulation_file(result, "a.png", steps=True)
    assert isinstance(png, bytes)
    assert png.startswith(b"\x89PNG")
    with pytest.raises(UsageError, match='no theme "blue"'):
        waterfall_picture(result, "blue")


def test_a_figure_never_stands_on_a_name() -> None:
    """Right of a bar, left of it, or on it where neither side has room; large bills have no cents."""
    huge = [WaterfallStep("from", "a", 12_000_000_000_000, 0, 0.0),
            WaterfallStep("a little", "b", 11_900_000_400_000, 99_999_600_000, 0.0),
            WaterfallStep("nearly all", "c", 1_500_000_000_000, 10_400_000_400_000, 0.0)]  # fmt: skip
    bars = waterfall_bars(huge, None)
    assert [bar.figure for bar in bars] == ["$12,000,000", "-$100,000", "-$10,400,000", ""]
    root = ET.fromstring("\n".join(_lines("title", bars, LIGHT, dark=False)))
    texts = {text.text: text for text in root.iter(f"{SVG}text")}
    rects = [rect.attrib for rect in root.iter(f"{SVG}rect")][1:]
    beside, on = texts["-$100,000"].attrib, texts["-$10,400,000"].attrib
    assert (beside["text-anchor"], float(beside["x"])) == ("end", float(rects[1]["x"]) - 8)
    assert (on.get("text-anchor", "start"), float(on["x"])) == ("start", float(rects[2]["x"]) + 8)
    assert on["fill"] == LIGHT.ground
