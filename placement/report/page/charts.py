"""Charts as SVG that is as wide as its place: positions are percentages, so text keeps its size on any screen.

No script draws them: they are there on paper and without scripts, and take their colours from the page's theme.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

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


class Chart(NamedTuple):
    """What is drawn: areas on one another, and curves before them; look, name and path of each, and dots with texts.

    `band` fills what is between the first two curves.
    """

    title: str
    x: list[Tick]
    y: list[Tick]
    areas: list[tuple[str, str, str]]
    curves: list[tuple[str, str, str]]
    dots: list[tuple[str, float, float, str]]
    band: str
    note: str


def chart(
    axes: tuple[Axis, Axis],
    title: str,
    lines: Sequence[Curve],
    areas: Sequence[Curve] = (),
    frame: Frame = GRID,
    *,
    band: bool = False,
    note: str = "",
) -> Chart:
    """Values hold until the next point. Areas are stacked, all with the same x of their points."""
    x, y = axes
    below: list[Point] = []
    stacked = []
    for area in areas:
        lower = below or [(at, 0.0) for at, _ in area.points]
        below = [(at, low + value) for (at, value), (_, low) in zip(area.points, lower, strict=True)]
        outline = [*_stepped(below), *reversed(_stepped(lower))]
        stacked.append((area.look, area.name, _path(outline, x, y, frame) + "Z"))
    curves = [(line.look, line.name, _path(_stepped(line.points), x, y, frame)) for line in lines if line.points]
    between = _between(lines[0], lines[1], axes, frame) if band and len(curves) == 2 else ""
    dots = [
        (line.look, round(100 * x.place(a), 2), round(100 - 100 * y.place(b), 2), text)
        for line in lines
        for a, b, text in line.dots
        if y.low <= b <= y.high
    ]
    ticks = [Tick(100 - tick.at, tick.text, tick.anchor) for tick in _ticks(y)]
    return Chart(title, _ticks(x), ticks, stacked, curves, dots, between, note)


def _between(upper: Curve, lower: Curve, axes: tuple[Axis, Axis], frame: Frame) -> str:
    """What lies between two curves, from where both have begun."""
    above, below = _stepped(upper.points), _stepped(lower.points)
    start = max(above[0][0], below[0][0])
    outline = [p for p in above if p[0] >= start] + [p for p in reversed(below) if p[0] >= start]
    return _path(outline, *axes, frame) + "Z" if len(outline) > 2 else ""


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
