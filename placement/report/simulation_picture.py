"""A simulation as still pictures.

Over time: what the fleet costs, its size against demand, how well it is used. As a waterfall: what each idea takes off
the bill, from endpoints for the peak to the shared fleet; rows from above are the first bill as a whole, each saving
where it is taken off, what is left, and the floor.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from placement.errors import UsageError
from placement.report import over_time, words
from placement.report.map.colours import Theme
from placement.report.page.charts import Frame, nice_step
from placement.report.scaling import bill, is_large, least_bill, words_of_span
from placement.report.still import WIDE, as_file, chart_picture, check_picture, framed, said, theme_of
from placement.simulation import Simulation
from placement.simulation.outcome import WaterfallStep, folds, waterfall
from placement.units import MICRO

_POINTS = 700  # of a curve: more than pixels tell apart; each is the mean of what it stands for
_NAMED = 12  # times that are named


def simulation_picture(simulation: Simulation, theme: str = "light") -> str:
    """The picture as SVG, of the strategy `shared`, or of the first one where that was not played.

    Raises UsageError: there is no such theme, or nothing was played.
    """
    if not simulation.strategies or not simulation.setup.steps:
        raise UsageError("nothing was played, so there is nothing to draw")
    charts = []
    for number, drawn in enumerate((over_time.costs, over_time.sizes, over_time.use)):
        frame = Frame(74, 92 + 328 * number, WIDE - 94, 210)
        charts.append((drawn(simulation, over_time.Canvas(frame, _POINTS, _NAMED)), frame))
    return chart_picture(_title(simulation), charts, theme)


def simulation_file(simulation: Simulation, path: str, theme: str = "light", *, steps: bool = False) -> str | bytes:
    """What the file of the picture holds: SVG or PNG, by the suffix; with `steps` that of the waterfall."""
    check_picture(path, theme)
    return as_file(waterfall_picture(simulation, theme) if steps else simulation_picture(simulation, theme), path)


def _title(simulation: Simulation) -> str:
    setup, main = simulation.setup, over_time.main_outcome(simulation)
    name = words.shown(setup.problem.name)
    span = words_of_span(setup.steps * setup.every)
    over = simulation.over_floor(main.cost)
    told = "" if over is None else f", {100 * over:.1f}% over the floor"
    return f"{name + ': ' if name else ''}{span}, {words.money(main.cost)} for {main.strategy.name}{told}"


_WIDE, _LEFT, _BARS, _TOP, _ROW, _HIGH = 960, 196, 470, 96, 36, 22
_COST, _TIMES = 800, 936  # right ends of the columns of figures
_LETTER = 7  # pixels of a digit, at most
_SAVED, _MORE, _WHOLE = ("#2a8f57", "#45b87a"), ("#b4601f", "#d98a4a"), ("#3f6fa8", "#6f9fd8")  # on light, on dark


class WaterfallBar(NamedTuple):
    """A row of the chart: from one amount to another, micro-dollars; `look` is whole, saved, more or floor.

    `times` is how many times less the bill is than without the idea, None where that says nothing.
    """

    name: str
    start: int
    end: int
    figure: str
    left: str
    times: float | None
    look: str


def waterfall_bars(steps: Sequence[WaterfallStep], floor: int | None) -> list[WaterfallBar]:
    """The rows: first bill, savings, what is left, floor."""
    first, last = steps[0], steps[-1]
    large = is_large(step.cost for step in steps)
    whole = bill(first.cost, large=large)
    rows = [WaterfallBar(first.idea, 0, first.cost, whole, whole, None, "whole")]
    for step in steps[1:]:
        look = "saved" if step.saved >= 0 else "more"
        sign = "-" if step.saved > 0 else "+" if step.saved < 0 else ""
        figure = f"{sign}{bill(abs(step.saved), large=large)}"
        times = step.before / step.cost if step.cost else None
        rows.append(WaterfallBar(step.idea, step.cost, step.before, figure, bill(step.cost, large=large), times, look))
    left = bill(last.cost, large=large)
    rows.append(WaterfallBar("shared fleet", 0, last.cost, "", left, folds(list(steps)), "whole"))
    if floor is not None:
        rows.append(WaterfallBar("floor, proven", 0, floor, "", least_bill(floor, large=large), None, "floor"))
    return rows


def waterfall_picture(simulation: Simulation, theme: str = "light") -> str:
    """The picture as SVG; all strategies of a waterfall must have been played.

    Raises UsageError: there is no such theme, or nothing was played.
    """
    ground = theme_of(theme)
    if not simulation.setup.steps:
        raise UsageError("nothing was played, so there is nothing to draw")
    steps = waterfall(simulation)
    name = words.shown(simulation.setup.problem.name)
    span = words_of_span(simulation.setup.steps * simulation.setup.every)
    many = folds(steps)
    told = "" if many is None else f", {many:.1f} times less than endpoints for the peak"
    title = f"{name + ': ' if name else ''}{span}{told}"
    bars = waterfall_bars(steps, simulation.floor)
    return "\n".join(_lines(title, bars, ground, dark=theme == "dark")) + "\n"


def _lines(title: str, bars: Sequence[WaterfallBar], theme: Theme, *, dark: bool) -> Iterator[str]:
    height = _TOP + _ROW * len(bars) + 22
    top = max(1, *(max(bar.start, bar.end) for bar in bars))
    step = nice_step(top / MICRO)
    scale = _BARS / max(top, 1)
    lines = [
        said(20, 32, title, theme.ink, size=16, bold=True),
        said(_COST, _TOP - 14, "left of the bill", theme.soft, "end"),
        said(_TIMES, _TOP - 14, "times less", theme.soft, "end"),
    ]
    for k in range(int(top / MICRO / step + 1e-9) + 1):
        x = _LEFT + k * step * MICRO * scale
        lines.append(
            f'<path d="M{x:.1f} {_TOP - 4}V{height - 18}" stroke="{theme.line}" stroke-opacity=".28"/>'
            + said(x, _TOP - 14, words.on_axis(k * step), theme.soft, "start" if k == 0 else "middle")
        )
    colour = {"saved": _SAVED[dark], "more": _MORE[dark], "whole": _WHOLE[dark], "floor": theme.line}
    for number, bar in enumerate(bars):
        lines += _row(_TOP + number * _ROW, bar, scale, theme, colour[bar.look])
        if number + 1 < len(bars) and bars[number + 1].look != "floor":
            x = _LEFT + (bar.end if number == 0 else bar.start) * scale
            y = _TOP + number * _ROW + 6 + _HIGH
            lines.append(f'<path d="M{x:.1f} {y}v{_ROW - _HIGH}" stroke="{theme.line}" stroke-dasharray="2 2"/>')
    return framed(title, (_WIDE, height), theme.ground, lines)


def _row(y: int, bar: WaterfallBar, scale: float, theme: Theme, colour: str) -> list[str]:
    left, right = sorted((_LEFT + bar.start * scale, _LEFT + bar.end * scale))
    middle = y + 6 + _HIGH / 2 + 4
    bold = bar.look == "whole"
    found = [
        said(20, middle, bar.name, theme.ink, size=13, bold=bold),
        f'<rect x="{left:.1f}" y="{y + 6}" width="{max(1.5, right - left):.1f}" height="{_HIGH}" rx="2" '
        f'fill="{colour}" fill-opacity="{".55" if bar.look == "floor" else "1"}"/>',
        said(_COST, middle, bar.left, theme.ink, "end", size=13, bold=bold),
    ]
    if bar.look in ("saved", "more"):
        found.append(_figure(left, right, middle, bar.figure, theme))
    if bar.times is not None:
        found.append(said(_TIMES, middle, f"{bar.times:.2f}", theme.ink, "end", size=13, bold=bold))
    return found


def _figure(left: float, right: float, y: float, text: str, theme: Theme) -> str:
    """Beside the bar, on the side where there is room; else on the bar."""
    if right - _LEFT < _BARS * 0.72:
        return said(right + 8, y, text, theme.soft, "start")
    if left - 8 - _LETTER * len(text) > _LEFT:
        return said(left - 8, y, text, theme.soft, "end")
    return said(left + 8, y, text, theme.ground, "start")
