"""A simulation over time as charts, for pictures and for pages: what it costs, its size, and how well it is used."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from placement.arrays import Floats
from placement.report import words
from placement.report.map.sketch import colour_class
from placement.report.page.charts import GRID, Axis, Chart, Curve, Frame, chart, value_axis
from placement.simulation import Simulation, StrategyOutcome
from placement.simulation.strategies import SHARED
from placement.units import MICRO

POOLS = 7  # with a colour of their own; the others are one
_COMPARED = ("endpoints-peak", "endpoints-scaled", "platform")  # beside the fleet's cost
_OTHERS = 3
_FAR = 4  # times the fleet's cost: a strategy beyond it is named alone, as it would press all else to the ground
_LINES = ("first", "second", "third")  # looks
_DAY = 86_400
_DAYS, _HOURS = (1, 2, 3, 5, 7, 14, 28, 56), (1, 2, 3, 4, 6, 12, 24)  # between two times that are named

Series = tuple[str, str, "Floats"]  # look, name, values


class Canvas(NamedTuple):
    """Where a chart is drawn, how many points a curve of it has at most, and how many times are named."""

    frame: Frame
    points: int
    times: int


PAGE = Canvas(GRID, 360, 6)  # a wide screen has few more pixels for a curve, and a phone has room for few names


def main_outcome(simulation: Simulation) -> StrategyOutcome:
    """The strategy that is drawn: `shared`, or the first one where that was not played."""
    return next((row for row in simulation.strategies if row.strategy.name == SHARED), simulation.strategies[0])


def costs(simulation: Simulation, canvas: Canvas = PAGE) -> Chart:
    """Dollars an hour: the fleet's by pool, and those of other strategies and the floor as lines."""
    main = main_outcome(simulation)
    pools, others = _by_pool(simulation, main), _compared(simulation)
    most = float(np.sum([values for _, values in pools], axis=0).max()) if pools else 0.0
    near = [(name, values) for name, values in others if values.max() <= _FAR * most]
    far = [name for name, values in others if values.max() > _FAR * most]
    areas = [(colour_class(k), name, values) for k, (name, values) in enumerate(pools)]
    lines = [("bound" if name == "floor" else _LINES[k], name, values) for k, (name, values) in enumerate(near)]
    y = value_axis(0.0, max([1e-6, most, *(float(values.max()) for _, values in near)]), words.on_axis)
    note = f"Far above the chart: {', '.join(far)}." if far else ""
    return _chart(simulation, canvas, f"Dollars an hour, {main.strategy.name} by pool", y, areas, lines, note)


def sizes(simulation: Simulation, canvas: Canvas = PAGE) -> Chart:
    """Accelerators that are rented and in use, and the copies that traffic asks for."""
    series = main_outcome(simulation).series
    rented = np.array(series["accelerators"], dtype=np.float64)
    used = np.array(series["accelerators_used"], dtype=np.float64)
    free, wanted = np.maximum(0.0, rented - used), simulation.setup.wanted.sum(axis=1).astype(np.float64)
    areas = [(colour_class(0), "accelerators in use", used), (colour_class(1), "rented, free", free)]
    y = value_axis(0.0, max(1.0, float((used + free).max()), float(wanted.max())), "{:,.0f}".format)
    lines = [(_LINES[0], "copies wanted", wanted)]
    return _chart(simulation, canvas, "Accelerators, and copies wanted", y, areas, lines)


def use(simulation: Simulation, canvas: Canvas = PAGE) -> Chart:
    """Parts of a whole: memory of the rented accelerators that copies take, and requests that were not served."""
    series = main_outcome(simulation).series

    def part(of: str, whole: str) -> Floats:
        above, below = (_means(np.array(series[key], dtype=np.float64), canvas.points) for key in (of, whole))
        return 100 * np.divide(above, below, out=np.zeros_like(above), where=below > 0)

    areas = [(colour_class(1), "requests not served", part("unserved", "requested"))]
    lines = [(_LINES[0], "accelerator memory in use", part("memory_mib_used", "memory_mib"))]
    y = value_axis(0.0, 100.0, "{:.0f}%".format)
    return _chart(simulation, canvas, "Accelerator memory in use, and requests not served", y, areas, lines)


def _by_pool(simulation: Simulation, outcome: StrategyOutcome) -> list[tuple[str, Floats]]:
    """Dollars an hour of each pool at each step, dearest first; the last of many together."""
    setup, prices = simulation.setup, outcome.prices
    costs = np.zeros((setup.steps, len(prices)))
    for k, row in enumerate(outcome.pools):
        for p, seconds in row:
            costs[k, p] = seconds * prices[p] / setup.every / MICRO
    order = [p for p in np.argsort(-costs.sum(axis=0), kind="stable").tolist() if costs[:, p].any()]
    found = [(words.shown(setup.problem.pools[p].name), costs[:, p]) for p in order[:POOLS]]
    if len(order) > POOLS:
        found.append((f"{len(order) - POOLS} more pools", costs[:, order[POOLS:]].sum(axis=1)))
    return found


def _compared(simulation: Simulation) -> list[tuple[str, Floats]]:
    """Dollars an hour of a few other strategies, dearest first, and of the floor."""
    main, every = main_outcome(simulation), simulation.setup.every
    rest = [outcome for outcome in simulation.strategies if outcome is not main]
    named = [outcome for outcome in rest if outcome.strategy.name in _COMPARED]
    chosen = sorted(named or rest, key=lambda outcome: -outcome.cost)[:_OTHERS]
    found = [
        (outcome.strategy.name, np.array(outcome.series["cost"], dtype=np.float64) / every / MICRO)
        for outcome in chosen
    ]
    if simulation.hourly is not None:
        found.append(("floor", np.array(simulation.hourly.floor, dtype=np.float64) / MICRO))
    return found


def _chart(
    simulation: Simulation,
    canvas: Canvas,
    title: str,
    y: Axis,
    areas: Sequence[Series],
    lines: Sequence[Series],
    note: str = "",
) -> Chart:
    """Series over all of the time; each has a value for each step, or for as many as make one point."""
    seconds = float(simulation.setup.steps * simulation.setup.every)

    def curve(look: str, name: str, values: Floats) -> Curve:
        found = _means(values, canvas.points).tolist()
        each = seconds / len(values) * -(-len(values) // canvas.points)
        return Curve(look, name, [*((k * each, value) for k, value in enumerate(found)), (seconds, found[-1])])

    axes = _times(seconds, canvas.times), y
    stacked = [curve(*row) for row in areas]
    return chart(axes, title, [curve(*row) for row in lines], stacked, canvas.frame, note=note)


def _times(seconds: float, most: int) -> Axis:
    """Days, or hours where there are few."""
    unit, steps = (_DAY, _DAYS) if seconds > 3 * _DAY else (3600, _HOURS)
    step = next((k for k in steps if seconds / unit / k <= most), steps[-1])
    marks = [k for k in range(0, int(seconds // unit) + 1, step) if k * unit < seconds * 0.985]
    names = (f"day {k + 1}" if unit == _DAY else f"{k} h" for k in marks)
    return Axis(0.0, seconds, tuple(zip((float(k * unit) for k in marks), names, strict=True)))


def _means(values: Floats, most: int) -> Floats:
    """The values, or the means of as many as make one point, so that there are at most `most`."""
    size = max(1, -(-len(values) // most))
    full = len(values) // size * size
    found = values[:full].reshape(-1, size).mean(axis=1)
    return found if full == len(values) else np.append(found, values[full:].mean())
