"""The frontier as a still picture: cost and bound by the limit on moves, the suggested point marked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from placement.documents import write_file
from placement.errors import UsageError
from placement.replanning.buys import suggested_knee
from placement.report import words
from placement.report.drawn import check_picture
from placement.report.frontier import limit_of
from placement.report.map.colours import colours
from placement.report.map.picture import THEMES, to_png
from placement.report.page.charts import value_axis
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.replanning.point import Frontier, FrontierPoint
    from placement.report.map.colours import Theme

_WIDE, _HIGH = 960, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 100, 30, 74, 64
_FONT = "system-ui, -apple-system, Segoe UI, Noto Sans, DejaVu Sans, Helvetica, Arial, sans-serif"


def write_frontier_picture(frontier: Frontier, path: str | Path, theme: str = "light") -> None:
    """Write the picture as SVG or PNG, by the suffix.

    Raises
    ------
    UsageError
        There is no plan to draw, the suffix or the theme is another, or the file can't be written.
    """
    check_picture(path, theme)
    svg = frontier_picture(frontier, theme)
    write_file(svg if Path(path).suffix.lower() == ".svg" else to_png(svg), path)


def frontier_picture(frontier: Frontier, theme: str = "light") -> str:
    """SVG, 960 by 480 pixels; limits stand equally far apart, as what counts is at few moves.

    Raises
    ------
    UsageError
        No point has a plan, or there is no such theme.
    """
    if theme not in THEMES:
        raise UsageError(f'no theme "{theme}"; known: {", ".join(THEMES)}')
    points = [point for point in frontier.points if point.cost is not None]
    if not points:
        raise UsageError("no plan was found, so there is nothing to draw")
    return "\n".join(_lines(frontier, points, THEMES[theme], dark=theme == "dark")) + "\n"


def _lines(frontier: Frontier, points: Sequence[FrontierPoint], theme: Theme, *, dark: bool) -> Iterator[str]:
    name = words.shown(frontier.problem.name) or "A fleet"
    title = f"{name}: cost by the moves that are allowed"
    costs = [(point.cost or 0) / MICRO for point in points]
    bounds = [None if point.bound is None else point.bound / MICRO for point in points]
    seen = [bound for bound in bounds if bound is not None and bound >= min(costs) / 2]
    axis = value_axis(min([*costs, *seen]), max(costs), lambda value: words.money(round(value * MICRO)))
    step = (_WIDE - _LEFT - _RIGHT) / len(points)

    def x(k: float) -> float:
        return _LEFT + step * k

    def y(value: float) -> float:
        return _HIGH - _BOTTOM - (_HIGH - _TOP - _BOTTOM) * axis.place(value)

    blue = colours(1)[0]
    line, soft = (blue.dark if dark else blue.light), theme.soft
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE}" height="{_HIGH}" viewBox="0 0 {_WIDE} {_HIGH}" '
        f'role="img" aria-label={quoteattr(title)} font-family="{_FONT}">'
    )
    yield f'<rect width="{_WIDE}" height="{_HIGH}" fill="{theme.ground}"/>'
    yield f'<text x="20" y="30" fill="{theme.ink}" font-size="15" font-weight="600">{escape(title)}</text>'
    yield f'<path d="M20 48h24" stroke="{line}" stroke-width="3"/>{_said(50, 52, "cost of the plan", soft)}'
    yield (
        f'<path d="M180 48h24" stroke="{soft}" stroke-width="2" stroke-dasharray="6 4"/>'
        f"{_said(210, 52, 'proven: no plan costs less', soft)}"
    )
    for value, text in axis.ticks:
        yield f'<path d="M{_LEFT} {y(value):.1f}H{_WIDE - _RIGHT}" stroke="{theme.cell}"/>'
        yield _said(_LEFT - 8, y(value) + 4, text, soft, "end")
    for k, point in enumerate(points):
        yield _said(x(k + 0.5), _HIGH - _BOTTOM + 20, limit_of(point), theme.ink, "middle")
    yield _said((_LEFT + _WIDE - _RIGHT) / 2, _HIGH - 18, "moves at most", soft, "middle")
    drawn = [(k, bound) for k, bound in enumerate(bounds) if bound is not None and bound >= axis.low]
    for k, bound in drawn:
        dashed = f'stroke="{soft}" stroke-width="2" stroke-dasharray="6 4"'
        yield f'<path d="M{x(k):.1f} {y(bound):.1f}H{x(k + 1):.1f}" {dashed}/>'
    path = "".join(f"{'L' if k else 'M'}{x(k):.1f} {y(cost):.1f}H{x(k + 1):.1f}" for k, cost in enumerate(costs))
    yield f'<path d="{path}" fill="none" stroke="{line}" stroke-width="3" stroke-linejoin="round"/>'
    knee = suggested_knee(frontier)
    for k, (point, cost) in enumerate(zip(points, costs, strict=True)):
        here = knee is not None and point is knee.point
        yield f'<circle cx="{x(k + 0.5):.1f}" cy="{y(cost):.1f}" r="{7 if here else 4}" fill="{line}"/>'
        if here:
            told = f"suggested: {words.count(point.moves or 0, 'move')}"
            yield _said(x(k + 0.5) + 10, y(cost) - 12, told, theme.ink)
    yield "</svg>"


def _said(x: float, y: float, text: str, fill: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="12" text-anchor="{anchor}">{escape(text)}</text>'
