"""The report of a plan as one HTML page.

A section appears when its data is there. A later feature adds its own: a function of the view that gives what its
template reads, or None, a template ``sections/NAME.html.j2``, and a row in `SECTIONS`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from placement.compiled.fleet import Fleet
from placement.documents import Plan, Problem
from placement.report import words
from placement.report.map.colours import colours
from placement.report.map.sketch import COLOURS, colour_class
from placement.report.page import html
from placement.report.page.asked import asked
from placement.report.page.bill import bill
from placement.report.page.cost_points import frontier_section, headroom_section
from placement.report.page.fleet_map import fleet_map
from placement.report.page.groups import groups
from placement.report.page.left_out import left_out
from placement.report.page.replan import replan, transition_section
from placement.report.page.resilience import resilience
from placement.report.page.search import search
from placement.report.page.use import mixed_section, use
from placement.report.page.view import NO_MORE, MoreDocuments, PlacedView, View, look
from placement.solving.left_out import left_out_words, open_level
from placement.units import HOURS_PER_MONTH

_LEGEND = 60  # components that are named beside the map; the list has all


T = TypeVar("T")  # what a page is drawn from


class Section(NamedTuple, Generic[T]):
    """A part of the page: its anchor and the name of its template, its heading, and what its template reads."""

    name: str
    title: str
    build: Callable[[T], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    title: str
    given: dict[str, Any]


def shown(sections: Iterable[Section[T]], drawn_from: T) -> list[Shown]:
    """The sections whose data is there."""
    built = ((section, section.build(drawn_from)) for section in sections)
    return [Shown(section.name, section.title, given) for section, given in built if given is not None]


def render(problem: Problem, plan: Plan, fleet: Fleet | None = None, more: MoreDocuments = NO_MORE) -> str:
    """The page as text.

    `fleet`: the problem compiled, where that is at hand.
    `more`: documents that get sections of their own.
    """
    view = look(problem, plan, fleet, more)
    sections = shown(SECTIONS, view) if isinstance(view, PlacedView) else shown(WITHOUT_PLAN, view)
    return html.page(
        "report.html.j2",
        scripts=[html.asset("common.js"), html.asset("map.js"), html.asset("moves.js")],
        styles=[html.asset("style.css"), colour_rules(len(problem.components))],
        title=words.shown(problem.name) or "A fleet",
        tiles=_tiles(view) if isinstance(view, PlacedView) else [],
        lead=_lead(view),
        sections=sections,
        data=_data(view, sections),
    )


def colour_rules(components: int) -> str:
    """CSS for the colours of so many components, on both grounds."""
    count = min(components, COLOURS)
    return "\n".join(
        f".{colour_class(k)}{{--k:light-dark({colour.light},{colour.dark})}}" for k, colour in enumerate(colours(count))
    )


class FigureTile(NamedTuple):
    """A figure of the whole plan: what it is, in figures, what it means; `look` is a class."""

    name: str
    figure: str
    note: str
    look: str = ""


def _tiles(view: PlacedView) -> list[FigureTile]:
    facts, price = view.facts, view.verdict.price_per_hour
    month = f"{words.month(price)} a month of {HOURS_PER_MONTH} hours"
    if price != facts.list_price:
        month += f"; {words.money(facts.list_price - price)} an hour more is committed"
    tiles = [FigureTile("price", f"{words.money(price)} an hour", month)]
    if not view.is_hourly:
        hours = view.problem.objective.horizon_hours
        over = f"over {hours:g} {'hour' if hours == 1 else 'hours'}, {words.count(view.verdict.moves, 'move')}"
        tiles.append(FigureTile("cost", words.money(view.cost), over))
    tiles.append(_proof_tile(view))
    alone = view.baseline.total
    if alone is not None and alone.price > facts.list_price:  # like with like: list prices, whatever is committed
        saved = words.percent(alone.price - facts.list_price, alone.price)
        own = f"{words.money(alone.price)} an hour on machines of their own"
        if price != facts.list_price:
            own += f", {words.money(facts.list_price)} on these, at list prices"
        tiles.append(FigureTile("saved by sharing", saved, own))
    copies = words.count(view.verdict.copies, "copy", "copies")
    components = words.count(sum(row.placed > 0 for row in facts.components), "component")
    tiles.append(FigureTile("machines", f"{view.verdict.instances:,}", f"with {copies} of {components}"))
    touched = facts.whole.accelerators
    if touched.room:
        memory = f"{words.percent(*facts.whole.memory)} of their memory is needed"
        memory = memory if facts.whole.memory.used else "no copy says what memory it needs"
        tiles.append(FigureTile("accelerators in use", f"{touched.used:,} of {touched.room:,}", memory))
    left_out = sum(view.verdict.left_out.values())
    if left_out:
        figure = words.count(left_out, "copy", "copies")
        tiles.insert(0, FigureTile("left out", figure, left_out_words(view.levels), "warn"))  # it comes before money
    return tiles


def _proof_tile(view: PlacedView) -> FigureTile:
    scope = view.scope
    if view.plan.status == "optimal":
        return FigureTile("proof", "optimal", f"{scope} costs less", "good")
    if view.bound is None:
        return FigureTile("proof", "none", "how much could be saved is not known")
    name = "proof, of money alone" if open_level(view.levels) else "proof"
    return FigureTile(name, f"gap {words.gap(view.gap)}", f"{scope} costs less than {words.least(view.bound)}")


def _lead(view: View) -> str:
    if not isinstance(view, PlacedView):
        why = f": {words.shown(view.plan.reason)}" if view.plan.reason else ""
        return (
            f"There is no plan, and that is proven{why}"
            if view.plan.status == "infeasible"
            else f"No plan was found{why}"
        )
    machines = words.count(view.verdict.instances, "machine")
    return f"A plan for {words.count(view.verdict.copies, 'copy', 'copies')} on {machines}, checked against every rule."


def _map(view: PlacedView) -> dict[str, Any]:
    drawn = fleet_map("plan", view.facts, view.sketcher, view.reasons, zones=list(view.fleet.zones))
    placed = [(c, row) for c, row in enumerate(view.facts.components) if row.placed]
    named = [(c, words.shown(row.name), colour_class(c), f"{row.placed:,}") for c, row in placed]
    most = {c for c, _ in sorted(placed, key=lambda row: -row[1].placed)[:_LEGEND]}
    legend = [row for row in named if row[0] in most]
    loads = view.facts.loads
    return {
        "map": drawn,
        "components": named,
        "legend": legend,
        "more": f"{len(named) - len(legend):,}" if len(named) > len(legend) else "",
        "types": sorted({words.shown(load.type) for load in loads}),
        "zones": sorted({words.shown(load.zone) for load in loads}),
        "accelerators": any(load.devices for load in loads),
        "owned": any(device.owned for load in loads for device in load.devices),
        "bare": any(not load.devices for load in loads),
    }


WITHOUT_PLAN: tuple[Section[View], ...] = (
    Section("asked", "What was asked for", asked),
    Section("search", "How the solve went", search),
)
SECTIONS: tuple[Section[PlacedView], ...] = (
    Section("map", "The fleet", _map),
    Section("replan", "Before and after", replan),
    Section("transition", "The way there", transition_section),
    Section("frontier", "What moves buy", frontier_section),
    Section("headroom", "What surviving more costs", headroom_section),
    Section("mixed", "Mixes of accelerators", mixed_section),
    Section("left-out", "Left out", left_out),
    Section("bill", "The bill", bill),
    Section("groups", "Commitments, limits and losses", groups),
    Section("resilience", "Spread and resilience", resilience),
    Section("use", "How full", use),
    Section("search", "How the solve went", search),
)


def _data(view: View, sections: list[Shown]) -> str:
    from markupsafe import Markup

    maps = [section.given[key] for section in sections for key in ("map", "before", "after") if key in section.given]
    moves = [section.given["moves"] for section in sections if "moves" in section.given]
    data = {
        "components": [words.shown(row.name) for row in view.problem.components],
        "looks": [colour_class(c) for c in range(len(view.problem.components))],
        "maps": [found.data for found in maps],
        "running": bool(view.problem.instances),
        "moves": moves[0] if moves else [],
    }
    return Markup(html.embed(data))
