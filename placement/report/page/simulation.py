"""The report of simulated days as one HTML page: the bill over time, the fleet's size, use and losses, and comparisons.

Made as the report of a plan is: a section appears when its data is there. One is a function that gives what its
template reads, or None, a template ``sections/NAME.html.j2``, and a row in `SECTIONS`.
"""

from typing import Any

from placement.errors import UsageError
from placement.report import over_time, words
from placement.report.page import grid, html
from placement.report.page.charts import bars
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.page import FigureTile, Section, colour_rules, shown
from placement.report.scaling import (
    figures,
    measures,
    over_in_words,
    over_maximum_in_words,
    share_in_words,
    words_of_span,
)
from placement.report.simulation_picture import waterfall_bars
from placement.simulation import Simulation, StrategyOutcome
from placement.simulation.outcome import HOURLY_NAME, NAMES, folds, waterfall
from placement.units import MICRO

_LEAST = 20  # components that were served least
_MEASURED = {
    HOURLY_NAME: "each hour planned on its own for all that it wants; moves and starts not counted",
    "floor": "proven: no machines that hold what is wanted cost less",
}
_LOOKS = {"whole": "plan", "saved": "saved", "more": "more", "floor": "bound"}


def render_simulation(simulation: Simulation) -> str:
    if not simulation.strategies or not simulation.setup.steps:
        raise UsageError("nothing was played, so there is nothing to draw")
    setup, main = simulation.setup, over_time.main_outcome(simulation)
    span = words_of_span(setup.steps * setup.every)
    components = words.count(len(setup.problem.components), "component")
    requests = int(setup.rates.sum()) * setup.every / MICRO
    return html.page(
        "simulation.html.j2",
        scripts=[html.asset("common.js")],
        styles=[html.asset("style.css"), colour_rules(over_time.POOLS + 1)],
        title=f"{words.shown(setup.problem.name) or 'A fleet'} over {span}",
        tiles=_tiles(simulation, main),
        lead=f"{components}, {requests:,.0f} requests, played in steps of {words_of_span(setup.every)}. The figures "
        f"below are of the strategy {main.strategy.name}: {main.strategy.summary}.",
        sections=shown(SECTIONS, simulation),
        data="",
        floor=simulation.floor,
    )


def _tiles(simulation: Simulation, main: StrategyOutcome) -> list[FigureTile]:
    setup = simulation.setup
    hours = setup.steps * setup.every / 3600
    tiles = [FigureTile("cost", words.money(main.cost), f"{words.money(round(main.cost / hours))} an hour")]
    if simulation.floor:
        over = over_in_words(simulation, main.cost)
        tiles.append(
            FigureTile("over the floor", over, f"proven: no fleet costs less than {words.least(simulation.floor)}")
        )
    dearest = max(simulation.strategies, key=lambda outcome: outcome.cost)
    if dearest is not main and main.cost:
        note = f"{words.money(dearest.cost)} as {dearest.strategy.name}"
        tiles.append(FigureTile("times less", f"{dearest.cost / main.cost:.1f}", note, "good"))
    series = main.series
    used, rented = sum(series["accelerators_used"]), sum(series["accelerators"])
    tiles.append(
        FigureTile("machine-hours", f"{main.machine_hours:,.0f}", f"{words.count(main.started, 'machine')} started")
    )
    if rented:
        mean = f"of {rented / setup.steps:,.1f} that are rented, on the average"
        tiles.append(FigureTile("accelerators in use", words.percent(used, rented), mean))
    lost = share_in_words(main.not_served, main.requested)
    woken = words.count(int(setup.woken.sum()), "cold start")
    tiles.append(FigureTile("requests not served", lost, f"{woken}; {words.count(sum(series['moves']), 'move')}"))
    return tiles


def _use(simulation: Simulation) -> dict[str, Any]:
    lines = over_maximum_in_words(simulation.setup)
    return {"chart": over_time.use(simulation), "lines": lines, "grid": _least_served(simulation)}


def _least_served(simulation: Simulation) -> PageTable | None:
    main, setup = over_time.main_outcome(simulation), simulation.setup
    asked = setup.rates.sum(axis=0).tolist()
    order = sorted(range(len(asked)), key=lambda c: (-main.unserved[c], c))
    rows: list[grid.Row] = [
        (
            grid.name(setup.problem.components[c].name),
            PageCell(f"{main.unserved[c] / MICRO:,.0f}", main.unserved[c]),
            PageCell(share_in_words(main.unserved[c], asked[c] * setup.every), main.unserved[c] / (asked[c] or 1)),
            PageCell(words_of_span(main.short[c]), main.short[c]),
        )
        for c in order[:_LEAST]
        if main.unserved[c]
    ]
    if not rows:
        return None
    heads = (Head("component"), *grid.numbers("requests lost", "of its own", "in all during"))
    return PageTable("Who was served least", heads, rows)


def _strategies(simulation: Simulation) -> dict[str, Any]:
    """All strategies and the floor, cheapest first."""
    ranked = sorted(simulation.strategies, key=lambda outcome: outcome.cost)
    main = over_time.main_outcome(simulation)
    rows = [(outcome.strategy.name, figures(simulation, outcome, large=False)) for outcome in ranked]
    drawn = [
        (
            row.strategy.name,
            words.money(row.cost),
            0,
            row.cost,
            "plan" if row is main else "alone",
            row.strategy.summary,
        )
        for row in ranked
    ]
    for name, cells in measures(simulation, large=False):
        rows.append((name, cells))
        (text, cost), *_ = cells
        drawn.append((name, text, 0, int(cost or 0), "bound" if name == "floor" else "alone", _MEASURED[name]))
    shown_as = ("cost", "over the floor", "machine-hours", "accelerators", "in use", "not served", "moves")
    heads = (Head("strategy"), *grid.numbers(*shown_as))
    made = [(grid.name(name), *(PageCell(*cell) for cell in cells)) for name, cells in rows]
    return {"bars": bars(drawn), "grid": PageTable("Ways to run the same models", heads, made)}


def _waterfall(simulation: Simulation) -> dict[str, Any] | None:
    """What each idea saves; None where its strategies were not all played."""
    if not set(NAMES) <= {outcome.strategy.name for outcome in simulation.strategies}:
        return None
    steps = waterfall(simulation)
    rows = []
    for bar in waterfall_bars(steps, simulation.floor):
        times = "" if bar.times is None else f"{bar.times:.2f} times less"
        left = f"{bar.left} left" if bar.look in ("saved", "more") else ""
        note = ", ".join(part for part in (left, times) if part)
        rows.append((bar.name, bar.figure or bar.left, bar.start, bar.end, _LOOKS[bar.look], note))
    many = folds(steps)
    return {"bars": bars(rows), "told": "" if many is None else f"{many:.1f} times less than endpoints for the peak."}


SECTIONS: tuple[Section[Simulation], ...] = (
    Section("cost-over-time", "The bill over time", lambda played: {"chart": over_time.costs(played)}),
    Section("waterfall", "What saves how much", _waterfall),
    Section("strategies", "Beside other ways to run it", _strategies),
    Section("size-over-time", "Size against demand", lambda played: {"chart": over_time.sizes(played)}),
    Section("use-over-time", "How well it is used, and what is lost", _use),
)
