"""Costs of several answers to one question side by side as a chart with steps, each with what is proven of it."""

from collections.abc import Sequence
from typing import NamedTuple

from placement.errors import UsageError
from placement.report import words
from placement.report.page.charts import GRID, Axis, Chart, Curve, Frame, chart, value_axis
from placement.report.still import WIDE, chart_picture
from placement.units import MICRO


class CostStep(NamedTuple):
    """One answer: what it is called, its cost and the bound for it in micro-dollars, and what is told of it."""

    label: str
    cost: int
    bound: int | None
    told: str


def cost_chart(title: str, steps: Sequence[CostStep], frame: Frame = GRID) -> Chart:
    """At least one step. Equally wide, as few answers stand beside many."""
    costs = [(float(k), step.cost / MICRO) for k, step in enumerate(steps)]
    bounds = [(float(k), step.bound / MICRO) for k, step in enumerate(steps) if step.bound]
    last = float(len(steps))
    least = min(value for _, value in costs)
    seen = [value for _, value in bounds if value >= least / 2]
    y = value_axis(min([least, *seen]), max(value for _, value in costs), words.on_axis)
    dots = [(k + 0.5, value, steps[int(k)].told) for k, value in costs]
    curves = [
        Curve("cost", "cost of the plan", [*costs, (last, costs[-1][1])], dots),
        *([Curve("bound", "proven: no plan costs less", [*bounds, (last, bounds[-1][1])])] if bounds else []),
    ]
    x = Axis(0.0, last, tuple((k + 0.5, step.label) for k, step in enumerate(steps)))
    return chart((x, y), title, curves, frame=frame)


def cost_picture(name: str, what: str, title: str, steps: Sequence[CostStep], theme: str) -> str:
    """The chart as SVG, 960 by 480 pixels, `what` of the problem `name` it shows above it.

    Raises UsageError: there are no steps, or there is no such theme.
    """
    if not steps:
        raise UsageError("no plan was found, so there is nothing to draw")
    frame = Frame(100, 92, WIDE - 140, 320)
    return chart_picture(f"{words.shown(name) or 'A fleet'}: {what}", [(cost_chart(title, steps, frame), frame)], theme)
