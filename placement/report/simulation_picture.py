"""A simulation as a still picture: what the fleet costs over time, its size against demand, and how well it is used.

Three charts below one another, on one axis of time. Colours stand inside, so that the file is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from placement.errors import UsageError
from placement.report import over_time, words
from placement.report.map.colours import colours
from placement.report.page.charts import nice_step
from placement.report.scaling import words_of_span
from placement.report.still import as_file, check_picture, framed, theme_of
from placement.report.waterfall_picture import waterfall_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from placement.arrays import Floats
    from placement.simulation import Simulation


WIDE, _LEFT, _RIGHT = 960, 74, 20
_HIGH, _APART, _TOP = 210, 118, 92
_POINTS = 700  # of a curve: more than pixels tell apart; each is the mean of what it stands for
_HOUR = 3600
_DASHES = ("", "7 3", "2 3")  # of other strategies
_HOURS = (1, 2, 3, 4, 6, 12, 24)  # between two labels


class _Curve(NamedTuple):
    """A line or a filled area: its name, values over time, colour, and dashes as SVG has them."""

    name: str
    values: Floats
    colour: str
    area: bool = False
    dashes: str = ""


def simulation_picture(simulation: Simulation, theme: str = "light") -> str:
    """The picture as SVG, of the strategy `shared`, or of the first one where that was not played.

    Raises
    ------
    UsageError
        There is no such theme, or nothing was played.
    """
    theme_of(theme)
    if not simulation.strategies or not simulation.setup.steps:
        raise UsageError("nothing was played, so there is nothing to draw")
    return "\n".join(_SimulationDrawing(simulation, theme).lines()) + "\n"


def simulation_file(simulation: Simulation, path: str, theme: str = "light", *, steps: bool = False) -> str | bytes:
    """What the file of the picture holds: SVG or PNG, by the suffix; with `steps` that of the waterfall."""
    check_picture(path, theme)
    return as_file(waterfall_picture(simulation, theme) if steps else simulation_picture(simulation, theme), path)


class _SimulationDrawing:
    def __init__(self, simulation: Simulation, theme: str) -> None:
        self._simulation, self._theme = simulation, theme_of(theme)
        self._main = over_time.main_outcome(simulation)
        self._setup = simulation.setup
        self._shapes: list[str] = []
        self._palette = [colour.on(theme) for colour in colours(over_time.POOLS + 6)]

    def lines(self) -> Iterator[str]:
        """The whole file."""
        charts = (self._costs, self._sizes, self._use)
        height = _TOP + len(charts) * (_HIGH + _APART) - 50
        for number, draw in enumerate(charts):
            draw(_TOP + number * (_HIGH + _APART))
        title, ink = self._title(), self._theme.ink
        head = f'<text x="20" y="32" fill="{ink}" font-size="16" font-weight="600">{escape(title)}</text>'
        return framed(title, (WIDE, height), self._theme.ground, [head, *self._shapes])

    def _title(self) -> str:
        name = words.shown(self._setup.problem.name)
        span = words_of_span(self._setup.steps * self._setup.every)
        cost = words.money(self._main.cost)
        over = self._simulation.over_floor(self._main.cost)
        told = "" if over is None else f", {100 * over:.1f}% over the floor"
        return f"{name + ': ' if name else ''}{span}, {cost} for {self._main.strategy.name}{told}"

    # -- the three charts

    def _costs(self, y: float) -> None:
        """Dollars an hour: the fleet's, stacked by pool, and those of other strategies as lines."""
        stack = [
            _Curve(name, values, self._palette[k] if k < over_time.POOLS else self._theme.line, area=True)
            for k, (name, values) in enumerate(over_time.by_pool(self._simulation, self._main))
        ]
        others = [
            _Curve(name, values, self._theme.ink, dashes="4 2")
            if name == "floor"
            else _Curve(name, values, self._theme.soft, dashes=_DASHES[k % len(_DASHES)])
            for k, (name, values) in enumerate(over_time.compared(self._simulation))
        ]
        # What is many times as dear would press all else to the ground: it is named, and drawn up to the edge.
        most = max(float(np.max(sum(curve.values for curve in stack), initial=0.0)), 1e-9)
        top = max([most, *(float(curve.values.max()) for curve in others if curve.values.max() <= 4 * most)])
        high = [curve.name for curve in others if curve.values.max() > 4 * most]
        shown = [curve for curve in others if curve.name not in high]
        note = f"; beyond the chart: {', '.join(high)}" if high else ""
        self._chart(y, f"Dollars an hour, {self._main.strategy.name} by pool{note}", stack, shown, top, words.on_axis)

    def _sizes(self, y: float) -> None:
        """Accelerators that are rented and in use, and the copies that traffic asks for."""
        used, free, wanted = over_time.sizes(self._simulation)
        areas = [
            _Curve("accelerators in use", used, self._palette[0], area=True),
            _Curve("rented, free", free, self._palette[1], area=True),
        ]
        lines = [_Curve("copies wanted", wanted, self._theme.ink)]
        top = max(float((used + free).max()), float(wanted.max()), 1.0)
        self._chart(y, "Fleet against demand", areas, lines, top, "{:,.0f}".format)

    def _use(self, y: float) -> None:
        """Parts of a whole: memory of the rented accelerators that copies take, and requests that were not served."""
        use, missed = over_time.use(self._simulation, _POINTS)
        lost = _Curve("requests not served", missed, self._palette[1], area=True)
        used = _Curve("accelerator memory in use", use, self._palette[0])
        title, percent = "How well it is used, and what is lost", "{:.0f}%".format
        self._chart(y, title, [lost], [used], 100.0, percent, averaged=True)

    # -- one chart

    def _chart(
        self,
        y: float,
        title: str,
        areas: Sequence[_Curve],
        lines: Sequence[_Curve],
        top: float,
        text: Callable[[float], str],
        *,
        averaged: bool = False,
    ) -> None:
        theme = self._theme
        step = nice_step(top)
        highest = step * -(-top // step)
        self._say(20, y - 22, title, size=13, weight=600)
        for k in range(round(highest / step) + 1):
            at = y + _HIGH * (1 - k * step / highest)
            self._shapes.append(
                f'<path d="M{_LEFT} {at:.1f}H{WIDE - _RIGHT}" stroke="{theme.line}" stroke-opacity=".28"/>'
            )
            self._say(_LEFT - 8, at + 4, text(k * step), anchor="end", soft=True)
        below = np.zeros(0)
        for curve in areas:
            values = curve.values if averaged else over_time.means(curve.values, _POINTS)
            below = below if len(below) else np.zeros(len(values))
            self._area(y, below, below + values, highest, curve.colour)
            below = below + values
        for curve in lines:
            values = curve.values if averaged else over_time.means(curve.values, _POINTS)
            dashes = f' stroke-dasharray="{curve.dashes}"' if curve.dashes else ""
            path = self._path(y, values, highest)
            self._shapes.append(f'<path d="{path}" fill="none" stroke="{curve.colour}" stroke-width="1.6"{dashes}/>')
        self._times(y + _HIGH)
        self._legend(y + _HIGH + 40, [*areas, *lines])

    def _x(self, k: int, count: int) -> float:
        return _LEFT + (WIDE - _RIGHT - _LEFT) * k / max(1, count)

    def _path(self, y: float, values: Floats, highest: float) -> str:
        """A line with steps, cut at the upper edge."""
        parts, before = [], None
        count = len(values)
        for k, value in enumerate(values.tolist()):
            at = y + _HIGH * (1 - min(1.0, value / highest))
            left, right = self._x(k, count), self._x(k + 1, count)
            parts.append(f"M{left:.1f} {at:.1f}" if before is None else f"V{at:.1f}")
            parts.append(f"H{right:.1f}")
            before = at
        return "".join(parts)

    def _area(self, y: float, low: Floats, high: Floats, highest: float, colour: str) -> None:
        upper = self._path(y, high, highest)
        count, parts = len(low), []
        for k in range(count - 1, -1, -1):
            at = y + _HIGH * (1 - min(1.0, low[k] / highest))
            parts.append(f"V{at:.1f}H{self._x(k, count):.1f}")
        self._shapes.append(f'<path d="{upper}{"".join(parts)}Z" fill="{colour}" fill-opacity=".82"/>')

    def _times(self, y: float) -> None:
        """Days below the chart, or hours where there are few."""
        seconds = self._setup.steps * self._setup.every
        unit, name = (24 * _HOUR, "day") if seconds > 3 * 24 * _HOUR else (_HOUR, "h")
        wide = seconds / unit / 12
        step = next((k for k in (_HOURS if name == "h" else (1, 2, 7, 14, 28)) if k >= wide), 56)
        for k in range(0, int(seconds // unit) + 1, step):
            x = _LEFT + (WIDE - _RIGHT - _LEFT) * k * unit / seconds
            self._shapes.append(f'<path d="M{x:.1f} {y:.1f}v5" stroke="{self._theme.line}"/>')
            label = f"day {k + 1}" if name == "day" else f"{k} h"
            if x < WIDE - 40:
                self._say(x, y + 18, label, anchor="start" if name == "day" else "middle", soft=True)

    def _legend(self, y: float, curves: Sequence[_Curve]) -> None:
        x = float(_LEFT)
        for curve in curves:
            if x + 40 + 6.8 * len(curve.name) > WIDE - _RIGHT and x > _LEFT:
                x, y = float(_LEFT), y + 18
            if curve.area:
                mark = f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="11" height="11" rx="2" fill="{curve.colour}"/>'
            else:
                dashes = f' stroke-dasharray="{curve.dashes}"' if curve.dashes else ""
                mark = f'<path d="M{x:.1f} {y - 4:.1f}h18" stroke="{curve.colour}" stroke-width="1.8"{dashes}/>'
            wide = 11 if curve.area else 18
            self._shapes.append(mark)
            self._say(x + wide + 6, y, curve.name, soft=True)
            x += wide + 6 + 6.8 * len(curve.name) + 16

    def _say(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 12,
        weight: int = 400,
        anchor: str = "start",
        soft: bool = False,
    ) -> None:
        fill = self._theme.soft if soft else self._theme.ink
        bold = f' font-weight="{weight}"' if weight != 400 else ""
        place = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-size="{size}"{bold}{place}>{escape(text)}</text>'
        )
