"""Still pictures of costs and bounds side by side: what the frontier and the headroom are drawn in."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from placement.report import words
from placement.report.map.colours import colours
from placement.report.page.charts import value_axis
from placement.report.still import framed, said, theme_of
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

WIDE, HIGH, LEFT, RIGHT = 960, 480, 100, 40
_TOP, _BOTTOM = 74, 64


class PricedPoint(NamedTuple):
    """What a point is called below the axis, and micro-dollars."""

    label: str
    cost: int
    bound: int | None


class CostPicture:
    """The ground of a picture, with a scale for money.

    `line`, `ink`: colours of the costs and of words.
    `dashed`: how a bound is drawn.
    """

    def __init__(self, title: str, below: str, points: Sequence[PricedPoint], theme_name: str) -> None:
        """At least one point; `below` says what the labels are."""
        self._theme, self._title, self._below, self._points = theme_of(theme_name), title, below, points
        self.costs = [point.cost / MICRO for point in points]
        self.bounds = [None if point.bound is None else point.bound / MICRO for point in points]
        least = min(self.costs)
        seen = [bound for bound in self.bounds if bound is not None and bound >= least / 2]
        self._axis = value_axis(min([least, *seen]), max(self.costs), lambda value: words.money(round(value * MICRO)))
        self.line = colours(1)[0].on(theme_name)
        self.ink = self._theme.ink
        self.dashed = f'stroke="{self._theme.soft}" stroke-width="2" stroke-dasharray="6 4" fill="none"'

    def y(self, value: float) -> float:
        """Where a cost stands, pixels from the top."""
        return HIGH - _BOTTOM - (HIGH - _TOP - _BOTTOM) * self._axis.place(value)

    def curves(self, xs: Sequence[float], wide: float | None = None) -> Iterator[str]:
        """Bounds, as far as they are on the scale, and costs: from point to point, or as steps, each so wide."""
        low = self._axis.low
        seen = [(x, bound) for x, bound in zip(xs, self.bounds, strict=True) if bound is not None and bound >= low]
        costs = zip(xs, self.costs, strict=True)
        yield f'<path d="{self._path(seen, wide)}" {self.dashed}/>'
        look = f'fill="none" stroke="{self.line}" stroke-width="3" stroke-linejoin="round"'
        yield f'<path d="{self._path(costs, wide)}" {look}/>'

    def _path(self, places: Iterable[tuple[float, float]], wide: float | None) -> str:
        step = "" if wide is None else f"h{wide:.1f}"
        return "".join(f"{'L' if k else 'M'}{x:.1f} {self.y(value):.1f}{step}" for k, (x, value) in enumerate(places))

    def lines(self, x: Callable[[int], float], drawn: Iterator[str]) -> Iterator[str]:
        """The whole picture, line by line: labels at `x` of each point, and what is drawn on the ground."""
        return framed(self._title, (WIDE, HIGH), self._theme.ground, chain(self._scale(x), drawn))

    def _scale(self, x: Callable[[int], float]) -> Iterator[str]:
        """Title, legend, lines of the scale, labels."""
        theme = self._theme
        yield said(20, 30, self._title, theme.ink, size=15, bold=True)
        yield f'<path d="M20 48h24" stroke="{self.line}" stroke-width="3"/>'
        yield said(50, 52, "cost of the plan", theme.soft)
        yield f'<path d="M180 48h24" {self.dashed}/>'
        yield said(210, 52, "proven: no plan costs less", theme.soft)
        for value, text in self._axis.ticks:
            yield f'<path d="M{LEFT} {self.y(value):.1f}H{WIDE - RIGHT}" stroke="{theme.cell}"/>'
            yield said(LEFT - 8, self.y(value) + 4, text, theme.soft, "end")
        for k, point in enumerate(self._points):
            yield said(x(k), HIGH - _BOTTOM + 20, point.label, theme.ink, "middle")
        yield said((LEFT + WIDE - RIGHT) / 2, HIGH - 18, self._below, theme.soft, "middle")
