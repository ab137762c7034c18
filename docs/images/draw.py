"""Draw the picture of the README: the CodeGen models on machines of their own, and together.

    placement solve instances/codegen-before.yaml --output docs/images/codegen-before.json
    placement solve instances/codegen-after.yaml --output docs/images/codegen-after.json
    python docs/images/draw.py

Each plan is verified before it is drawn. A machine is a box of eight accelerators; what stands on one fills it from
below, as much of it as its copies need of the memory. Rows are zones. Both sides have one scale.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import placement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from placement import Plan, Problem

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
THEMES = {
    "light": {"back": "#ffffff", "ink": "#1f2328", "soft": "#59636e", "cell": "#eceff3", "line": "#b6bec8"},
    "dark": {"back": "#0d1117", "ink": "#f0f6fc", "soft": "#9198a1", "cell": "#21262d", "line": "#4a525c"},
}
# One colour a component, in the order of the document; seen on both backgrounds.
COLOURS = (
    "#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948",
    "#b07aa1", "#ff9da7", "#9c755f", "#5aa9e6", "#8cd17d", "#a0a0a0",
)  # fmt: skip
CELL, TALL, GAP = 11, 19, 2  # of an accelerator, and between two
WIDE, HIGH = 4 * (CELL + GAP) + GAP + 2, 2 * (TALL + GAP) + GAP + 2  # of a machine
STEP, ROW = WIDE + 6, HIGH + 14
LEFT, TOP, APART = 86, 66, 62


def fractions(problem: Problem, plan: Plan) -> dict[tuple[str, int], list[tuple[str, float]]]:
    """What each accelerator holds: components, and the part of its memory that each needs."""
    options = {component.name: component.modes for component in problem.components}
    pools = {pool.name: problem.instance_types[pool.instance_type] for pool in problem.pools}
    types = {machine.id: pools[machine.pool] for machine in plan.instances}
    held: dict[tuple[str, int], list[tuple[str, float]]] = defaultdict(list)
    for row in plan.assignments:
        shape = types[row.instance]
        if shape.accelerator is None:
            continue
        whole = problem.accelerators[shape.accelerator].memory_gib
        need = options[row.component][row.option].accelerator_memory_gib
        for index in row.accelerators:
            held[row.instance, index].append((row.component, need / whole))
    return held


def machines_by_zone(problem: Problem, plan: Plan) -> dict[str, list[str]]:
    """The machines of a plan, zone by zone; zones of the problem without one are there too."""
    zones = {pool.name: pool.zone for pool in problem.pools}
    rows: dict[str, list[str]] = {zone: [] for zone in sorted(set(zones.values()))}
    for machine in plan.instances:
        rows[zones[machine.pool]].append(machine.id)
    return rows


def draw_machine(
    x: float, y: float, holds: Iterable[list[tuple[str, float]]], colours: dict[str, str]
) -> Iterator[str]:
    """One box, with its accelerators in rows of four."""
    yield f'<rect class="machine" x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="4"/>'
    for index, parts in enumerate(holds):
        left = x + GAP + 1 + index % 4 * (CELL + GAP)
        bottom = y + GAP + 1 + index // 4 * (TALL + GAP) + TALL
        yield f'<rect class="cell" x="{left}" y="{bottom - TALL}" width="{CELL}" height="{TALL}"/>'
        for component, part in parts:
            bottom -= part * TALL
            size = f'width="{CELL}" height="{part * TALL:.2f}"'
            yield f'<rect x="{left}" y="{bottom:.2f}" {size} fill="{colours[component]}"/>'


def draw_side(x: float, problem: Problem, plan: Plan, colours: dict[str, str]) -> Iterator[str]:
    """All machines of a plan, from `x` to the right."""
    held = fractions(problem, plan)
    for row, machines in enumerate(machines_by_zone(problem, plan).values()):
        for column, machine in enumerate(machines):
            holds = [held.get((machine, index), []) for index in range(8)]
            yield from draw_machine(x + column * STEP, TOP + row * ROW, holds, colours)


def text(x: float, y: float, words: str, style: str = "ink") -> str:
    """A line of text."""
    return f'<text class="{style}" x="{x}" y="{y}">{escape(words)}</text>'


def draw(before: tuple[Problem, Plan], after: tuple[Problem, Plan], theme: dict[str, str]) -> str:
    """The picture as SVG."""
    zones = machines_by_zone(*before)
    columns = max(map(len, zones.values()))
    right = LEFT + columns * STEP + APART
    width, height = right + 266, TOP + len(zones) * ROW + 52
    names = [component.name for component in before[0].components]
    colours = dict(zip(names, COLOURS, strict=True))
    was, now = (f"{len(plan.instances)} machines, ${plan.price_per_hour:,.2f} an hour" for _, plan in (before, after))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">',
        f"<title>Before: {was}. After: {now}.</title>",
        "<style>",
        f".ink {{ fill: {theme['ink']}; font-size: 15px; font-weight: 600 }}",
        f".soft {{ fill: {theme['soft']}; font-size: 12px }}",
        f".machine {{ fill: none; stroke: {theme['line']} }}",
        f".cell {{ fill: {theme['cell']} }}",
        "</style>",
        f'<rect width="{width}" height="{height}" fill="{theme["back"]}"/>',
        text(LEFT, 26, was),
        text(LEFT, 46, "each model on machines of its own", "soft"),
        text(right, 26, now),
        text(right, 46, "all together; proven: no plan costs less", "soft"),
    ]
    lines += [text(8, TOP + row * ROW + HIGH / 2 + 4, zone, "soft") for row, zone in enumerate(zones)]
    lines += draw_side(LEFT, *before, colours)
    lines += draw_side(right, *after, colours)
    middle = TOP + len(zones) * ROW / 2 - 7
    arrow = f"M {right - APART + 8} {middle} h 30 m -8 -7 l 8 7 l -8 7"
    lines.append(f'<path d="{arrow}" fill="none" stroke="{theme["soft"]}" stroke-width="2"/>')
    lines += legend(names, colours, height - 40)
    return "\n".join([*lines, "</svg>"]) + "\n"


def legend(names: list[str], colours: dict[str, str], y: float) -> Iterator[str]:
    """A square and a name for each component, in two rows."""
    half = (len(names) + 1) // 2
    for index, name in enumerate(names):
        x, line = LEFT + index % half * 142, y + index // half * 20
        yield f'<rect x="{x}" y="{line - 10}" width="11" height="11" fill="{colours[name]}"/>'
        yield text(x + 16, line, name, "soft")


def pictures() -> dict[str, str]:
    """File name and text of each picture, from the plans beside this file; a plan that breaks a rule is refused."""
    sides = []
    for name in ("codegen-before", "codegen-after"):
        problem = placement.read(ROOT / "instances" / f"{name}.yaml")
        plan = placement.read_plan(HERE / f"{name}.json")
        violations = placement.verify(problem, plan).violations
        if violations:
            raise SystemExit(f"{name}: {violations[0]}")
        sides.append((problem, plan))
    return {f"before-after-{name}.svg": draw(sides[0], sides[1], theme) for name, theme in THEMES.items()}


if __name__ == "__main__":
    for name, drawing in pictures().items():
        (HERE / name).write_text(drawing, "utf-8")
