"""Charts as SVG that is as wide as its place: positions are percentages, so text keeps its size on any screen.

No script draws them: they are there on paper and without scripts, and take their colours from the page's theme.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


Point = tuple[float, float]  # in the units of the axes


class Frame(NamedTuple):
    """The place of a plot: its corner at the upper left, and its size."""

    left: float
    top: float
    wide: float
    high: float


GRID = Frame(0, 0, 1000, 1000)  # a curve's own grid, which is stretched over the plot


class Axis(NamedTuple):
    """From where to where, with labelled ticks between; `logarithmic` axes begin above 0."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value stands, 0 to 1; values beyond the ends stand there."""
        low, high = (math.log(self.low), math.log(self.high)) if self.logarithmic else (self.low, self.high)
        value = math.log(max(value, self.low)) if self.logarithmic else value
        return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5


class Curve(NamedTuple):
    """A line with steps: a class for its look, its name, and its points by ascending x; dots have texts."""

    look: str
    name: str
    points: Sequence[Point]
    dots: Sequence[tuple[float, float, str]] = ()


class Tick(NamedTuple):
    """A label, and where it stands in per cent."""

    at: float
    text: str
    anchor: str


class StepChart(NamedTuple):
    """What the template draws."""

    title: str
    x: list[Tick]
    y: list[Tick]
    curves: list[tuple[str, str, str]]  # look, name, path
    band: str
    dots: list[tuple[str, float, float, str]]


def step_chart(title: str, x: Axis, y: Axis, curves: Sequence[Curve], *, band: bool = False) -> StepChart:
    """Curves that keep a value until the next; `band` fills what is between the first two."""
    paths = [(curve.look, curve.name, _path(_stepped(curve.points), x, y, GRID)) for curve in curves if curve.points]
    between = ""
    if band and len(paths) == 2:
        upper, lower = (_stepped(curve.points) for curve in curves)
        start = max(upper[0][0], lower[0][0])
        outline = [p for p in upper if p[0] >= start] + [p for p in reversed(lower) if p[0] >= start]
        between = _path(outline, x, y, GRID) + "Z" if len(outline) > 2 else ""
    dots = [
        (curve.look, round(100 * x.place(a), 2), round(100 - 100 * y.place(b), 2), text)
        for curve in curves
        for a, b, text in curve.dots
        if y.low <= b <= y.high
    ]
    return StepChart(title, _ticks(x), [Tick(100 - t.at, t.text, t.anchor) for t in _ticks(y)], paths, between, dots)


class AreaChart(NamedTuple):
    """What is drawn: areas on one another, and curves before them; look, name and path of each."""

    title: str
    x: list[Tick]
    y: list[Tick]
    areas: list[tuple[str, str, str]]
    curves: list[tuple[str, str, str]]
    note: str


def area_chart(
    title: str,
    x: Axis,
    y: Axis,
    areas: Sequence[Curve],
    lines: Sequence[Curve],
    frame: Frame = GRID,
    note: str = "",
) -> AreaChart:
    """Areas that are stacked, all with the same x of their points, and curves; values hold until the next point."""
    below: list[Point] = []
    drawn = []
    for area in areas:
        lower = below or [(at, 0.0) for at, _ in area.points]
        upper = [(at, low + value) for (at, value), (_, low) in zip(area.points, lower, strict=True)]
        outline = [*_stepped(upper), *reversed(_stepped(lower))]
        drawn.append((area.look, area.name, _path(outline, x, y, frame) + "Z"))
        below = upper
    curves = [(line.look, line.name, _path(_stepped(line.points), x, y, frame)) for line in lines if line.points]
    return AreaChart(title, _ticks(x), [Tick(100 - t.at, t.text, t.anchor) for t in _ticks(y)], drawn, curves, note)


def _ticks(axis: Axis) -> list[Tick]:
    found = []
    for value, text in axis.ticks:
        at = round(100 * axis.place(value), 2)
        found.append(Tick(at, text, "start" if at < 4 else "end" if at > 96 else "middle"))
    return found


def _stepped(points: Sequence[Point]) -> list[Point]:
    found = [points[0]]
    for x, y in points[1:]:
        found += [(x, found[-1][1]), (x, y)]
    return found


def _path(points: Sequence[Point], x: Axis, y: Axis, frame: Frame) -> str:
    """A line through points; level and upright parts are written as such, which is half the text."""
    places = [
        (f"{frame.left + frame.wide * x.place(a):.1f}", f"{frame.top + frame.high * (1 - y.place(b)):.1f}")
        for a, b in points
    ]
    ways = (
        f"H{at}" if high == before[1] else f"V{high}" if at == before[0] else f"L{at} {high}"
        for before, (at, high) in pairwise(places)
        if (at, high) != before
    )
    return f"M{places[0][0]} {places[0][1]}{''.join(ways)}"


def time_axis(first: float, last: float) -> Axis:
    """Seconds from when something first happened; by powers of ten where that is more than one of them."""
    last = max(last, 0.1)
    begin = 10.0 ** math.floor(math.log10(max(first, 0.01)) + 1e-9)
    if last > 10 * begin:
        powers = [begin * 10**k for k in range(10) if begin * 10**k <= last * 1.0001]
        return Axis(begin, last, tuple((value, _seconds(value)) for value in powers), logarithmic=True)
    step = nice_step(last)
    return Axis(0.0, last, tuple((k * step, _seconds(k * step)) for k in range(int(last / step + 1e-9) + 1)))


def _seconds(value: float) -> str:
    return f"{value:.6g} s"


def value_axis(low: float, high: float, text: Callable[[float], str]) -> Axis:
    """An axis with round ticks that covers both ends."""
    if high <= low:
        high, low = high + max(abs(high) * 0.05, 1e-6), low - max(abs(low) * 0.05, 1e-6)
    step = nice_step(high - low)
    first, last = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    ticks = [first + k * step for k in range(round((last - first) / step) + 1)]
    return Axis(min(low, first), max(high, last), tuple((value, text(value)) for value in ticks))  # a tick is rounded


def nice_step(span: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides the span into about five parts.

    >>> nice_step(10), nice_step(0.37)
    (2.0, 0.1)
    """
    rough = span / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999) * power


class Bar(NamedTuple):
    """A bar from one place to another, in per cent, with its name and its figure; `look` is a class."""

    name: str
    figure: str
    start: float
    width: float
    look: str
    note: str = ""


def bars(rows: Sequence[tuple[str, str, int, int, str, str]]) -> list[Bar]:
    """Rows (name, figure, from, to, look, note) on one scale from 0 to the largest."""
    top = max((max(a, b) for _, _, a, b, _, _ in rows), default=0) or 1
    return [
        Bar(name, figure, round(100 * min(a, b) / top, 3), round(100 * abs(b - a) / top, 3), look, note)
        for name, figure, a, b, look, note in rows
    ]
