"""What more copies and demand cost, on the screen: a row a factor, and the curve as a still picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from placement.documents import write_file
from placement.errors import UsageError
from placement.report import words
from placement.report.drawn import check_picture
from placement.report.map.colours import colours
from placement.report.map.picture import THEMES, to_png
from placement.report.narrow import Fitting, block
from placement.report.page.charts import value_axis
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from placement.scenarios.headroom import Headroom, HeadroomPoint

_HEADS = ("copies", "machines", "cost $", "more $", "more", "no plan\nbelow $", "gap")
_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _BOTTOM = 960, 480, 100, 40, 74, 64
_FONT = "system-ui, -apple-system, Segoe UI, Noto Sans, DejaVu Sans, Helvetica, Arial, sans-serif"


def headroom_table(found: Headroom) -> RenderableType:
    """A row a factor, and what is proven of all of them."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("times", no_wrap=True)
    for head in _HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    rows = [(f"{point.factor:g}", _cells(found, point)) for point in found.points]
    for name, cells in rows:
        table.add_row(name, *(Text(cell, style="green" if cell == "proven" else "") for cell in cells))
    heads = [head.replace("\n", " ") for head in _HEADS]

    def narrow() -> RenderableType:
        return Group(
            *(
                block(
                    Text(f"times {name}", style="bold"),
                    [Text.assemble((f"{head} ", "dim"), cell) for head, cell in zip(heads, cells, strict=True) if cell],
                )
                for name, cells in rows
            )
        )

    return Group(Fitting(table, narrow), "", *_notes(found))


def _cells(found: Headroom, point: HeadroomPoint) -> list[str]:
    if point.cost is None:
        return ["no plan: proven" if point.status.value == "infeasible" else "none found", *[""] * 6]
    more, base = found.more(point), found.base
    part = more / base.cost if more is not None and base is not None and base.cost else None
    return [
        f"{len(point.plan.assignments):,}",
        f"{len(point.plan.instances):,}",
        words.plain_money(point.cost),
        "" if more is None or point.factor == 1 else words.plain_money(more),
        "" if part is None or point.factor == 1 else f"{100 * part:+.1f}%",
        "none" if point.bound is None else words.least(point.bound).replace("$", ""),
        "proven" if point.status.value == "optimal" else words.gap(point.gap),
    ]


def _notes(found: Headroom) -> Iterator[Text]:
    for point in found.points:
        if point.left_out:
            yield Text(
                f"times {point.factor:g}: {words.count(point.left_out, 'optional copy', 'optional copies')} left out"
            )
    for point in found.points:
        if point.status.value == "infeasible":
            yield Text(
                f"times {point.factor:g}: {words.shown(point.plan.reason or 'there is no plan')}", style="yellow"
            )
            break
    if len(found.components) < len(found.problem.components):
        yield Text(f"grow: {words.listed(found.components, 8)}; the others stay as they are", style="dim")
    hours = found.problem.objective.horizon_hours
    over = "an hour" if hours == 1 else f"over {hours:g} hours, with moves"
    ended = {"proved": "every point is proven", "interrupted": "interrupted", "time": "the time is over"}
    yield Text(f"cost {over}; {words.seconds(found.seconds)}; {ended.get(found.stop.value, 'done')}", style="dim")


def write_headroom_picture(found: Headroom, path: str | Path, theme: str = "light") -> None:
    """Write the curve as SVG or PNG, by the suffix.

    Raises
    ------
    UsageError
        There is no plan to draw, the suffix or the theme is another, or the file can't be written.
    """
    check_picture(path, theme)
    svg = headroom_picture(found, theme)
    write_file(svg if Path(path).suffix.lower() == ".svg" else to_png(svg), path)


def headroom_picture(found: Headroom, theme: str = "light") -> str:
    """SVG, 960 by 480 pixels: cost and bound by factor, factors to scale.

    Raises
    ------
    UsageError
        No point has a plan.
    """
    points = [point for point in found.points if point.cost is not None]
    if not points:
        raise UsageError("no plan was found, so there is nothing to draw")
    return "\n".join(_lines(found, points, theme)) + "\n"


def _lines(found: Headroom, points: list[HeadroomPoint], theme_name: str) -> Iterator[str]:
    theme = THEMES[theme_name]
    title = f"{words.shown(found.problem.name) or 'A fleet'}: what surviving more costs"
    costs = [(point.cost or 0) / MICRO for point in points]
    bounds = [None if point.bound is None else point.bound / MICRO for point in points]
    axis = value_axis(
        min([*costs, *(b for b in bounds if b is not None and b >= min(costs) / 2)]),
        max(costs),
        lambda value: words.money(round(value * MICRO)),
    )
    low, high = points[0].factor, max(points[-1].factor, points[0].factor * 1.01)

    def x(point: HeadroomPoint) -> float:
        return _LEFT + 20 + (_WIDE - _LEFT - _RIGHT - 40) * (point.factor - low) / (high - low)

    def y(value: float) -> float:
        return _HIGH - _BOTTOM - (_HIGH - _TOP - _BOTTOM) * axis.place(value)

    blue = colours(1)[0]
    line, soft = (blue.dark if theme_name == "dark" else blue.light), theme.soft
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE}" height="{_HIGH}" viewBox="0 0 {_WIDE} {_HIGH}" '
        f'role="img" aria-label={quoteattr(title)} font-family="{_FONT}">'
    )
    yield f'<rect width="{_WIDE}" height="{_HIGH}" fill="{theme.ground}"/>'
    yield f'<text x="20" y="30" fill="{theme.ink}" font-size="15" font-weight="600">{escape(title)}</text>'
    yield f'<path d="M20 48h24" stroke="{line}" stroke-width="3"/>{_said(50, 52, "cost of the plan", soft)}'
    dashed = f'stroke="{soft}" stroke-width="2" stroke-dasharray="6 4" fill="none"'
    yield f'<path d="M180 48h24" {dashed}/>{_said(210, 52, "proven: no plan costs less", soft)}'
    for value, text in axis.ticks:
        yield f'<path d="M{_LEFT} {y(value):.1f}H{_WIDE - _RIGHT}" stroke="{theme.cell}"/>'
        yield _said(_LEFT - 8, y(value) + 4, text, soft, "end")
    proven = [(x(p), y(b)) for p, b in zip(points, bounds, strict=True) if b is not None and b >= axis.low]
    yield f'<path d="{_path(proven)}" {dashed}/>'
    drawn = [(x(point), y(cost)) for point, cost in zip(points, costs, strict=True)]
    yield f'<path d="{_path(drawn)}" fill="none" stroke="{line}" stroke-width="3" stroke-linejoin="round"/>'
    for (left, top), point, cost in zip(drawn, points, costs, strict=True):
        yield f'<circle cx="{left:.1f}" cy="{top:.1f}" r="5" fill="{line}"/>'
        yield _said(left, top - 12, words.money(round(cost * MICRO)), theme.ink, "middle")
        yield _said(left, _HIGH - _BOTTOM + 20, f"{point.factor:g}", theme.ink, "middle")
    yield _said((_LEFT + _WIDE - _RIGHT) / 2, _HIGH - 18, "times the copies and demand of today", soft, "middle")
    yield "</svg>"


def _path(places: list[tuple[float, float]]) -> str:
    return "".join(f"{'L' if k else 'M'}{left:.1f} {top:.1f}" for k, (left, top) in enumerate(places))


def _said(x: float, y: float, text: str, fill: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="12" text-anchor="{anchor}">{escape(text)}</text>'
