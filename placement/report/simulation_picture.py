"""A simulation as a still picture: what the fleet costs over time, its size against demand, and how well it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement.report import over_time, words
from placement.report.chart_picture import WIDE, chart_picture
from placement.report.page.charts import Frame
from placement.report.scaling import words_of_span
from placement.report.still import as_file, check_picture
from placement.report.waterfall_picture import waterfall_picture

if TYPE_CHECKING:
    from placement.simulation import Simulation


_POINTS = 700  # of a curve: more than pixels tell apart; each is the mean of what it stands for
_TIMES = 12  # that are named


def simulation_picture(simulation: Simulation, theme: str = "light") -> str:
    """The picture as SVG, of the strategy `shared`, or of the first one where that was not played.

    Raises UsageError: there is no such theme, or nothing was played.
    """
    if not simulation.strategies or not simulation.setup.steps:
        raise UsageError("nothing was played, so there is nothing to draw")
    charts = []
    for number, drawn in enumerate((over_time.costs, over_time.sizes, over_time.use)):
        frame = Frame(74, 92 + 328 * number, WIDE - 94, 210)
        charts.append((drawn(simulation, over_time.Canvas(frame, _POINTS, _TIMES)), frame))
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
