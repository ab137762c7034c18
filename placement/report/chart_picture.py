"""Charts as a still picture, one below the other, on one axis. Colours stand inside, so that the file is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.report.map.colours import colours
from placement.report.map.sketch import colour_class
from placement.report.still import framed, said, theme_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.report.page.charts import Chart, Frame

WIDE = 960
_AREAS = 8  # colours of them
_LETTER = 6.8  # pixels of a letter in a legend


def chart_picture(title: str, charts: Sequence[tuple[Chart, Frame]], theme: str) -> str:
    """Charts, each in its frame, as SVG. Raises UsageError: there is no such theme."""
    drawing = _ChartDrawing(theme)
    shapes = [said(20, 32, title, drawing.theme.ink, size=16, bold=True)]
    for chart, frame in charts:
        shapes += drawing.chart(chart, frame)
    _, last = charts[-1]
    return "\n".join(framed(title, (WIDE, last.top + last.high + 68), drawing.theme.ground, shapes)) + "\n"


class _ChartDrawing:
    """What all charts have in common: colours by look."""

    def __init__(self, theme: str) -> None:
        self.theme = theme_of(theme)
        self._fills = {colour_class(k): colour.on(theme) for k, colour in enumerate(colours(_AREAS))}
        self._main = self._fills[colour_class(0)]
        ink, soft = (f'stroke="{colour}" stroke-width="1.6"' for colour in (self.theme.ink, self.theme.soft))
        self._strokes = {
            "first": soft,
            "second": f'{soft} stroke-dasharray="7 3"',
            "third": f'{soft} stroke-dasharray="2 3"',
            "bound": f'{ink} stroke-dasharray="4 2"',
            "cost": f'stroke="{self._main}" stroke-width="3"',
        }

    def chart(self, chart: Chart, frame: Frame) -> Iterator[str]:
        """Its name, its scale, what it shows, and what the colours mean."""
        left, top, wide, high = frame
        line, soft, bottom = self.theme.line, self.theme.soft, top + high
        title = f"{chart.title}. {chart.note}" if chart.note else chart.title
        yield said(20, top - 22, title, self.theme.ink, size=13, bold=True)
        for tick in chart.y:
            y = top + high * tick.at / 100
            yield f'<path d="M{left:g} {y:.1f}H{left + wide:g}" stroke="{line}" stroke-opacity=".28"/>'
            yield said(left - 8, y + 4, tick.text, soft, "end")
        for look, _, path in chart.areas:
            yield f'<path d="{path}" fill="{self._fills[look]}" fill-opacity=".82"/>'
        for look, _, path in sorted(chart.curves, key=lambda curve: curve[0] == "cost"):  # on top of its bound
            yield f'<path d="{path}" fill="none" {self._strokes[look]}/>'
        for _, x, y, text in chart.dots:
            x, y = left + wide * x / 100, top + high * y / 100
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{self._main}"/>'
            yield said(x, y - 12, text, self.theme.ink, "middle")
        for tick in chart.x:
            x = left + wide * tick.at / 100
            yield f'<path d="M{x:.1f} {bottom:.1f}v5" stroke="{line}"/>'
            yield said(x, bottom + 18, tick.text, soft, tick.anchor)
        yield from self._legend(chart, frame)

    def _legend(self, chart: Chart, frame: Frame) -> Iterator[str]:
        x, y = frame.left, frame.top + frame.high + 40
        for look, name, _ in (*chart.areas, *chart.curves):
            wide = 11 if look in self._fills else 18
            if x + wide + 22 + _LETTER * len(name) > frame.left + frame.wide and x > frame.left:
                x, y = frame.left, y + 18
            if look in self._fills:
                yield f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="11" height="11" rx="2" fill="{self._fills[look]}"/>'
            else:
                yield f'<path d="M{x:.1f} {y - 4:.1f}h18" {self._strokes[look]}/>'
            yield said(x + wide + 6, y, name, self.theme.soft)
            x += wide + 22 + _LETTER * len(name)
