"""Machines to scale, colours that are seen, and pictures that any reader of SVG takes."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

import placement
from placement.compiled.fleet import compile_fleet
from placement.errors import UsageError
from placement.report.drawn import map_file
from placement.report.facts import gather
from placement.report.fullness import EMPTY, findings, reasons
from placement.report.map.colours import DARK, LIGHT, colours
from placement.report.map.picture import picture
from placement.report.map.sketch import TALLEST, WIDE, Sketcher
from placement.report.page.bill import split_price
from placement.report.still import to_png
from placement.running_state import running_plan
from tests import strategies
from tests.report.plans import mixed_demand, named, planned, solved

if TYPE_CHECKING:
    from placement.report.map.sketch import Layer

RECT = re.compile(r"M([\d.-]+) ([\d.-]+)h([\d.]+)v([\d.]+)h-[\d.]+z")


def rects(layer: Layer) -> list[tuple[float, ...]]:
    """The rectangles of a layer: x, y, width, height."""
    return [tuple(map(float, found)) for found in RECT.findall(layer.path)]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as WCAG 2.2 has it, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_picture_tells_of_a_mix_of_accelerators() -> None:
    """Above the legend; without a mix nothing is there."""
    problem, chat = mixed_demand(), named("chat")
    plan = placement.solve(problem, "demand", time_limit=None, work=10).plan

    assert "1 of 2 demands are served by several kinds of accelerators: chat (H100 x1, L4 x1)" in picture(
        gather(problem, plan), "A fleet"
    )
    assert "several kinds" not in picture(gather(chat, planned(chat)), "A fleet")


def test_colours_are_seen_on_both_grounds() -> None:
    """Three to one against what is free beside them (WCAG 1.4.11); text four and a half to one (1.4.3)."""
    for colour in colours(120):
        assert contrast(colour.light, LIGHT.cell) >= 3
        assert contrast(colour.dark, DARK.cell) >= 3
    for theme in (LIGHT, DARK):
        assert min(contrast(text, theme.ground) for text in (theme.ink, theme.soft)) >= 4.5
        assert contrast(theme.soft, theme.cell) >= 4.5


def test_a_cell_is_filled_as_far_as_its_copies_need() -> None:
    """Two copies of 20 GiB of 48 fill 40/48 of the cell, from its floor up, one above the other."""
    problem = named("chat")
    facts = gather(problem, planned(problem))

    sketch = Sketcher(facts).draw(facts.machines[0].load)

    (cell,) = (rects(layer) for layer in sketch.layers if layer.look == "cell")
    assert cell == [(0, 0, WIDE, TALLEST)]
    (copies,) = (rects(layer) for layer in sketch.layers if layer.component == 0)
    assert len(copies) == 2
    assert min(y for _, y, _, _ in copies) == pytest.approx(TALLEST * (1 - 40 / 48), abs=0.01)
    assert max(y + high for _, y, _, high in copies) == pytest.approx(TALLEST, abs=1)


@pytest.mark.parametrize("name", ["codegen-after", "kubernetes-mixed-gpus"])
def test_all_that_is_drawn_stays_inside(name: str) -> None:
    """No copy leaves its machine, and every accelerator has a cell."""
    problem, plan = solved(name)
    facts = gather(problem, plan)
    sketcher = Sketcher(facts)

    for load in facts.loads:
        sketch = sketcher.draw(load)
        for layer in sketch.layers:
            for x, y, wide, high in rects(layer):
                assert -0.01 <= x <= x + wide <= sketch.width + 0.01
                assert -0.01 <= y <= y + high <= sketch.height + 0.01
        cells = sum(len(rects(layer)) for layer in sketch.layers if layer.look == "cell")
        assert cells == (len(load.devices) or 2)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_is_whole(theme: str) -> None:
    """It parses, names its components and zones, and draws every machine once."""
    problem, plan = solved("kubernetes-mixed-gpus")
    facts = gather(problem, plan)

    root = ElementTree.fromstring(picture(facts, "A fleet", theme))

    texts = [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "A fleet"
    assert {row.name for row in facts.components if row.placed} <= {text.rpartition(" x")[0] or text for text in texts}
    assert len(list(root.iter("{http://www.w3.org/2000/svg}g"))) == len(plan.instances)


def test_names_in_a_picture_are_text() -> None:
    """Markup in a name stays text, also in the attribute that screen readers read."""
    evil = '</text><script>"&\u202e'
    problem = named(evil, zone=evil, name=evil)
    plan = planned(problem)

    root = ElementTree.fromstring(picture(gather(problem, plan), evil))

    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert root.attrib["aria-label"].startswith('</text><script>"&')


def test_pictures_are_drawn_by_their_suffix() -> None:
    """SVG, PNG, or a clear word."""
    problem = named("chat")
    plan = planned(problem)

    assert str(map_file(problem, plan, "map.svg", "dark")).startswith("<svg ")
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        map_file(problem, plan, "map.jpg")
    with pytest.raises(UsageError, match="no theme"):
        map_file(problem, plan, "map.svg", "blue")
    with pytest.raises(UsageError, match="nothing to draw"):
        map_file(problem, placement.Plan(problem=problem.name, status="infeasible"), "map.svg")


def test_a_png_is_drawn_where_its_library_is() -> None:
    """Twice as wide as the SVG; without the library the extra is named."""
    pytest.importorskip("resvg_py", reason="the extra `pictures` is not installed")
    problem = named("chat")
    png = to_png(picture(gather(problem, planned(problem)), "A fleet"))

    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 1920


def test_a_png_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install, and what needs nothing."""
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)

    with pytest.raises(UsageError, match=r"pip install .*pictures.*SVG needs nothing"):
        to_png("<svg/>")


@settings(max_examples=30)
@given(strategies.problems())
def test_parts_add_up_to_the_price(document: dict[str, Any]) -> None:
    """To the micro-dollar, whatever the prices; every content has a reason, and every machine is counted in it."""
    problem = placement.Problem(**document)
    result = placement.solve(problem, "ffd", work=1)
    if result.packing is None:
        return
    facts = gather(problem, result.plan)

    parts, empty = split_price(facts)

    assert sum(parts.values()) + empty == facts.price
    assert all(part >= 0 for part in parts.values())
    found = findings(facts, reasons(facts))
    assert sum(finding.machines for finding in found) == len(facts.machines)
    assert sum(f.machines for f in found if f.short == EMPTY) == sum(not m.load.copies for m in facts.machines)


def test_today_is_drawn_as_it_runs() -> None:
    """Every machine and copy of today, also on a machine that drains."""
    problem, _ = solved("kubernetes-mixed-gpus")
    fleet = compile_fleet(problem)

    today = running_plan(problem).plan

    assert [row.id for row in today.instances] == [row.id for row in problem.instances]
    assert Counter(row.component for row in today.assignments) == Counter(row.component for row in problem.placements)
    assert {machine.state for machine in gather(problem, today, fleet).machines} == {"active", "cordoned", "draining"}
