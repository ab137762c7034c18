"""A simulation as a still picture: what the fleet costs over time, its size against demand, and how well it is used.

Three charts below one another, on one axis of time. Colours stand inside, so that the file is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement.report import over_time, words
from placement.report.map.colours import colours
from placement.report.map.sketch import colour_class
from placement.report.page.charts import Frame
from placement.report.scaling import words_of_span
from placement.report.still import as_file, check_picture, framed, said, theme_of
from placement.report.waterfall_picture import waterfall_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.report.page.charts import AreaChart
    from placement.simulation import Simulation


WIDE, _LEFT, _RIGHT = 960, 74, 20
_HIGH, _APART, _TOP = 210, 118, 92
_POINTS = 700  # of a curve: more than pixels tell apart; each is the mean of what it stands for
_TIMES = 12  # that are named


def simulation_picture(simulation: Simulation, theme: str = "light") -> str:
    """The picture as SVG, of the strategy `shared`, or of the first one where that was not played.

    Raises UsageError: there is no such theme, or nothing was played.
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
        self._shapes: list[str] = []
        self._fills = {colour_class(k): colour.on(theme) for k, colour in enumerate(colours(over_time.POOLS + 1))}
        ink, soft = (f'stroke="{colour}" stroke-width="1.6"' for colour in (self._theme.ink, self._theme.soft))
        self._strokes = {
            "first": soft,
            "second": f'{soft} stroke-dasharray="7 3"',
            "third": f'{soft} stroke-dasharray="2 3"',
            "bound": f'{ink} stroke-dasharray="4 2"',
        }

    def lines(self) -> Iterator[str]:
        charts = (over_time.costs, over_time.sizes, over_time.use)
        for number, chart in enumerate(charts):
            frame = Frame(_LEFT, _TOP + number * (_HIGH + _APART), WIDE - _RIGHT - _LEFT, _HIGH)
            self._chart(chart(self._simulation, over_time.Canvas(frame, _POINTS, _TIMES)), frame)
        title = self._title()
        head = said(20, 32, title, self._theme.ink, size=16, bold=True)
        height = _TOP + len(charts) * (_HIGH + _APART) - 50
        return framed(title, (WIDE, height), self._theme.ground, [head, *self._shapes])

    def _title(self) -> str:
        setup, main = self._simulation.setup, over_time.main_outcome(self._simulation)
        name = words.shown(setup.problem.name)
        span = words_of_span(setup.steps * setup.every)
        cost = words.money(main.cost)
        over = self._simulation.over_floor(main.cost)
        told = "" if over is None else f", {100 * over:.1f}% over the floor"
        return f"{name + ': ' if name else ''}{span}, {cost} for {main.strategy.name}{told}"

    def _chart(self, chart: AreaChart, frame: Frame) -> None:
        line, soft, bottom = self._theme.line, self._theme.soft, frame.top + frame.high
        title = f"{chart.title}. {chart.note}" if chart.note else chart.title
        self._shapes.append(said(20, frame.top - 22, title, self._theme.ink, size=13, bold=True))
        for tick in chart.y:
            y = frame.top + frame.high * tick.at / 100
            self._shapes.append(f'<path d="M{_LEFT} {y:.1f}H{WIDE - _RIGHT}" stroke="{line}" stroke-opacity=".28"/>')
            self._shapes.append(said(_LEFT - 8, y + 4, tick.text, soft, "end"))
        for look, _, path in chart.areas:
            self._shapes.append(f'<path d="{path}" fill="{self._fills[look]}" fill-opacity=".82"/>')
        for look, _, path in chart.curves:
            self._shapes.append(f'<path d="{path}" fill="none" {self._strokes[look]}/>')
        for tick in chart.x:
            x = frame.left + frame.wide * tick.at / 100
            self._shapes.append(f'<path d="M{x:.1f} {bottom:.1f}v5" stroke="{line}"/>')
            self._shapes.append(said(x, bottom + 18, tick.text, soft, tick.anchor))
        self._legend(bottom + 40, chart)

    def _legend(self, y: float, chart: AreaChart) -> None:
        x = float(_LEFT)
        for look, name, _ in (*chart.areas, *chart.curves):
            wide = 11 if look in self._fills else 18
            if x + wide + 22 + 6.8 * len(name) > WIDE - _RIGHT and x > _LEFT:
                x, y = float(_LEFT), y + 18
            if look in self._fills:
                mark = f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="11" height="11" rx="2" fill="{self._fills[look]}"/>'
            else:
                mark = f'<path d="M{x:.1f} {y - 4:.1f}h18" {self._strokes[look]}/>'
            self._shapes += [mark, said(x + wide + 6, y, name, self._theme.soft)]
            x += wide + 22 + 6.8 * len(name)
