"""What more copies and demand cost, on the screen: a row a factor, and the curve as a still picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from placement.report import words
from placement.report.cost_steps import CostStep, cost_picture
from placement.report.narrow import figures_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.scenarios.headroom import Headroom, HeadroomPoint

_HEADS = ("copies", "machines", "cost $", "more $", "more", "no plan\nbelow $", "gap")


def headroom_table(found: Headroom, *, full: bool = False) -> RenderableType:
    """A row a factor, and what is proven of all of them; `full`: every component that grows by its name."""
    rows = [(f"{point.factor:g}", _cells(found, point)) for point in found.points]
    return Group(figures_table("times", _HEADS, rows, "times "), "", *_notes(found, None if full else 8))


def _cells(found: Headroom, point: HeadroomPoint) -> list[str]:
    if point.cost is None:
        return ["no plan: proven" if point.status.value == "infeasible" else "none found", *[""] * 6]
    more, base = found.more(point), found.base
    part = more / base.cost if more is not None and base is not None and base.cost else None
    return [
        f"{len(point.plan.assignments):,}",
        f"{len(point.plan.instances):,}",
        words.plain_money(point.cost),
        "" if more is None or point.factor == 1 else words.plain_money(more),
        "" if part is None or point.factor == 1 else f"{100 * part:+.1f}%",
        "none" if point.bound is None else words.least(point.bound).replace("$", ""),
        "proven" if point.status.value == "optimal" else words.gap(point.gap),
    ]


def _notes(found: Headroom, most: int | None) -> Iterator[Text]:
    for point in found.points:
        if point.left_out:
            yield Text(
                f"times {point.factor:g}: {words.count(point.left_out, 'optional copy', 'optional copies')} left out"
            )
    for point in found.points:
        if point.status.value == "infeasible":
            yield Text(
                f"times {point.factor:g}: {words.shown(point.plan.reason or 'there is no plan')}", style="yellow"
            )
            break
    if len(found.components) < len(found.problem.components):
        yield Text(f"grow: {words.listed(found.components, most)}; the others stay as they are", style="dim")
    hours = found.problem.objective.horizon_hours
    over = "an hour" if hours == 1 else f"over {hours:g} hours, with moves"
    ended = {"proved": "every point is proven", "interrupted": "interrupted", "time": "the time is over"}
    yield Text(f"cost {over}; {words.seconds(found.seconds)}; {ended.get(found.stop.value, 'done')}", style="dim")


def headroom_picture(found: Headroom, theme: str = "light") -> str:
    """SVG, 960 by 480 pixels: cost and bound by factor. Raises UsageError: no point has a plan."""
    steps = [
        CostStep(f"{point.factor:g}", point.cost, point.bound, words.money(point.cost))
        for point in found.points
        if point.cost is not None
    ]
    title = "By times the copies and demand of today"
    return cost_picture(found.problem.name, "what surviving more costs", title, steps, theme)
