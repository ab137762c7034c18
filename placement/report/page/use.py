"""How full the machines are, resource by resource, and why not more; and demands that several kinds of them serve."""

from typing import Any, NamedTuple

from placement.report import words
from placement.report.facts import Amount, MachineLoad, MachineTotals, PlanFacts, totals_by
from placement.report.fullness import FullnessReason, findings
from placement.report.map.sketch import colour_class
from placement.report.mixed import mixed_demands, mixed_words
from placement.report.page import grid
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.view import PlacedView
from placement.units import MILLI, WHOLE_SHARE

_TYPES = 24


class Meter(NamedTuple):
    """A bar of what is used: its width in per cent, and in words."""

    resource: str
    width: float
    percent: str
    figures: str


class Use(NamedTuple):
    """The meters of one instance type, or of all."""

    name: str
    meters: list[Meter]


def use(view: PlacedView) -> dict[str, Any] | None:
    facts = view.facts
    if not facts.machines:
        return None
    kinds = sorted(totals_by(facts.loads, lambda load: load.type).items(), key=lambda row: -row[1].price)
    shown = [Use(words.shown(kind), _meters(group, facts)) for kind, group in kinds[:_TYPES]] if len(kinds) > 1 else []
    rest = f"and {words.count(len(kinds) - _TYPES, 'more instance type')}" if len(kinds) > _TYPES else ""
    return {
        "uses": [Use("all machines", _meters(facts.whole, facts)), *shown],
        "note": rest,
        "grid": _why(facts, view.reasons),
    }


def _meters(group: MachineTotals, facts: PlanFacts) -> list[Meter]:
    touched, memory, vcpus, host = group.accelerators, group.memory, group.vcpus, group.host
    share = Amount(group.shares, WHOLE_SHARE * touched.room)
    rows = [
        ("accelerators in use", touched, f"{touched.used:,} of {touched.room:,}"),
        ("their memory", memory, f"{words.gib(memory.used)} of {words.gib(memory.room)} GiB"),
        ("their shares", share, f"{share.used / WHOLE_SHARE:,.1f} of {share.room // WHOLE_SHARE:,}"),
        ("vCPUs", vcpus, f"{vcpus.used / MILLI:,.0f} of {vcpus.room / MILLI:,.0f}"),
        ("host memory", host, f"{words.gib(host.used)} of {words.gib(host.room)} GiB"),
    ]
    unknown = {"their memory"} if not facts.whole.memory.used else set()  # no copy says what it needs of it
    unknown |= set() if group.with_shares else {"their shares"}
    return [
        Meter(name, round(100 * amount.used / amount.room, 2), words.percent(*amount), figures)
        for name, amount, figures in rows
        if amount.room and name not in unknown
    ]


def _why(facts: PlanFacts, reasons: dict[MachineLoad, FullnessReason]) -> PageTable:
    rows: list[grid.Row] = [
        (
            PageCell(finding.short),
            grid.number(finding.machines),
            grid.money(finding.price),
            PageCell(words.shown(finding.example)),
        )
        for finding in findings(facts, reasons)
    ]
    heads = (Head("what is in the way"), *grid.numbers("machines", "$ an hour"), Head("on one of them"))
    return PageTable(
        "Why machines are not full", heads, rows, "By needs alone: rules such as spread are not looked at."
    )


def mixed_section(view: PlacedView) -> dict[str, Any] | None:
    """What the section's template reads; None where one kind serves each demand."""
    mixed = mixed_demands(view.facts)
    if not mixed:
        return None
    colours = {row.name: colour_class(c) for c, row in enumerate(view.facts.components)}
    rows: list[grid.Row] = [
        (grid.name(name, colours[name]), grid.name(kind), grid.number(copies))
        for name, kinds in mixed.items()
        for kind, copies in kinds.items()
    ]
    heads = (Head("component"), Head("accelerator"), *grid.numbers("copies"))
    return {
        "told": f"{mixed_words(view.facts, mixed)}.",
        "grid": grid.table("Copies by kind of accelerator", heads, rows, "row"),
    }
