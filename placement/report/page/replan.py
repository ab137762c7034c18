"""What a plan changes of what runs: before and after side by side, which copy goes where, and the steps in order."""

from typing import Any

from placement.documents.transition import Transition, TransitionStep
from placement.report import words
from placement.report.changes import Changes, MoveEnd
from placement.report.map.sketch import colour_class
from placement.report.page import grid
from placement.report.page.fleet_map import FleetMap, fleet_map
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.view import PlacedView
from placement.report.transition.gantt import gantt
from placement.report.transition.sentences import clock, sentence, summary

_NAMES = 12


def replan(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when nothing runs today."""
    facts, today, changed = view.facts, view.today, view.changes
    if today is None or changed is None:
        return None
    zones = list(view.fleet.zones)
    before = fleet_map("before", today, view.sketcher, {}, zones=zones)
    after = fleet_map("after", facts, view.sketcher, view.reasons, zones=zones)
    index = {row.name: c for c, row in enumerate(facts.components)}
    back = [f"{name} ({state})" if state != "active" else name for name, state in changed.given_back]
    return {
        "before": before,
        "after": after,
        "facts": [
            ("today", _side(len(today.machines), today.price, sum(row.placed for row in today.components))),
            ("this plan", _side(len(facts.machines), facts.price, sum(row.placed for row in facts.components))),
            ("moves", _moves(changed, facts.fleet.max_moves)),
            ("kept", words.count(len(changed.kept), "machine")),
            ("new", _listed(changed.new)),
            ("given back", _listed(back)),
        ],
        "grid": _table(changed, index),
        "moves": moved(changed, index, before, after),
    }


def moved(changed: Changes, index: dict[str, int], before: FleetMap, after: FleetMap) -> list[list[int]]:
    """Component, tiles from and to, and copies of each change between two machines: what the page draws as lines."""
    return [
        [index[row.component], before.places[row.source], after.places[row.target], row.copies]
        for row in changed.copies
        if row.source in before.places and row.target in after.places and row.source != row.target
    ]


def _side(machines: int, price: int, copies: int) -> str:
    return f"{words.count(machines, 'machine')}, {words.money(price)} an hour, {words.count(copies, 'copy', 'copies')}"


def _moves(changed: Changes, most: int | None) -> str:
    limit = "" if most is None else f" (at most {most:,} may)"
    moved = words.count(changed.moves, "copy", "copies")
    return f"{moved} moved{limit}, {changed.stopped:,} stopped, {changed.started:,} started"


def _listed(names: Any) -> str:
    return f"{words.count(len(names), 'machine')}: {words.listed(names, _NAMES)}" if names else "no machine"


def _table(changed: Changes, index: dict[str, int]) -> PageTable:
    rows: list[grid.Row] = [
        (
            grid.name(row.component, colour_class(index[row.component])),
            grid.number(row.copies),
            *map(_end, row.ends),
        )
        for row in changed.copies
    ]
    heads = (Head("component"), *grid.numbers("copies"), Head("from"), Head("to"))
    return grid.table("Which copy goes where", heads, rows, "change")


def _end(end: MoveEnd) -> PageCell:
    return grid.name(end.text) if end.is_machine else PageCell(end.text, look="soft")


def transition_section(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None when no transition is given."""
    found = view.more.transition
    if found is None:
        return None
    rows = [_row(step) for step in found.steps]
    heads = (*grid.numbers("batch"), Head("step"), *grid.numbers("from", "to"))
    return {
        "lines": list(summary(found)),
        "chart": _chart(view, found),
        "grid": grid.table("Steps", heads, rows, "step") if found.steps else None,
    }


def _chart(view: PlacedView, found: Transition) -> str:
    """The steps over time; its texts are escaped where it is drawn."""
    from markupsafe import Markup

    return Markup(gantt(found, "page", [row.name for row in view.problem.components])) if found.steps else ""


def _row(step: TransitionStep) -> grid.Row:
    return (
        grid.number(step.batch),
        PageCell(words.shown(sentence(step)), look="" if step.critical else "soft"),
        PageCell(clock(step.starts_at), step.starts_at),
        PageCell(clock(step.ends_at), step.ends_at),
    )
