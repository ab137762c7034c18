"""Copies by zone, and what is lost with each zone."""

from collections import Counter, defaultdict
from typing import Any

from placement.report import words
from placement.report.facts import ComponentFacts, PlanFacts
from placement.report.map.sketch import colour_class
from placement.report.page import grid
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.view import PlacedView

_ZONES = 12  # columns; beyond, only the worst of them is told
_NAMES = 6  # of components that go with a zone


def resilience(view: PlacedView) -> dict[str, Any] | None:
    facts = view.facts
    if not any(row.placed for row in facts.components):
        return None
    used = {zone for row in facts.components for zone in row.zones}
    zones = [zone for zone in facts.fleet.zones if zone in used]
    return {
        "grids": [_lost_with(facts, zones), _spread(facts, zones), _worst_losses(facts)],
        "sentence": _sentence(facts),
    }


def _left(row: ComponentFacts) -> int:
    """Copies that stand when the zone with the most of them is lost."""
    return row.placed - max(row.zones.values(), default=0)


def _sentence(facts: PlanFacts) -> str:
    placed = [row for row in facts.components if row.placed]
    gone = [row for row in placed if not _left(row)]
    if not gone:
        return "Whichever zone is lost, every component keeps at least one copy."
    names = words.listed([row.name for row in gone], _NAMES)
    of = words.count(len(placed), "component")
    stand, go = ("stands", "goes") if len(gone) == 1 else ("stand", "go")
    return f"{len(gone):,} of {of} {stand} in one zone alone, and {go} with it: {names}."


def _lost_with(facts: PlanFacts, zones: list[str]) -> PageTable:
    """Zone by zone: machines, copies and components that go with it."""
    machines: Counter[str] = Counter()
    for load, number in facts.loads.items():
        machines[load.zone] += number
    copies = sum(row.placed for row in facts.components)
    lost_with: Counter[str] = Counter()
    gone_with: dict[str, list[str]] = defaultdict(list)
    for row in facts.components:
        lost_with.update(row.zones)
        if len(row.zones) == 1:
            gone_with[next(iter(row.zones))].append(row.name)
    rows: list[grid.Row] = []
    for zone in zones:
        lost, gone = lost_with[zone], gone_with[zone]
        names = f"{len(gone):,}: {words.listed(gone, _NAMES)}" if gone else "none"
        rows.append(
            (
                grid.name(zone),
                grid.number(machines[zone]),
                grid.number(lost),
                grid.percent(lost, copies),
                PageCell(names, len(gone), "warn" if gone else ""),
            )
        )
    heads = (Head("zone lost"), *grid.numbers("machines", "copies", "part"), Head("components that go wholly"))
    return grid.table("What is lost with each zone", heads, rows, "zone")


def _spread(facts: PlanFacts, zones: list[str]) -> PageTable:
    """Component by component: copies in each zone."""
    shown_zones = zones if len(zones) <= _ZONES else []
    prefix = words.common_prefix(shown_zones)
    rows: list[grid.Row] = []
    for c, row in enumerate(facts.components):
        if not row.placed:
            continue
        rows.append(
            (
                grid.name(row.name, colour_class(c)),
                *(_heat(row.zones.get(zone, 0), max(row.zones.values())) for zone in shown_zones),
                grid.number(len(row.zones)),
                grid.number(row.placed),
            )
        )
    columns = [words.shown(zone.removeprefix(prefix)) for zone in shown_zones]
    heads = (Head("component"), *grid.numbers(*columns, "zones", "copies"))
    said = f"Zones are {words.shown(prefix)}\N{HORIZONTAL ELLIPSIS}" if prefix else ""
    return grid.table("Copies by zone", heads, rows, "component", said)


def _worst_losses(facts: PlanFacts) -> PageTable:
    """Component by component: what stands when the zone, pool or machine with most of its copies is lost, and must."""
    by_pool: dict[str, Counter[str]] = defaultdict(Counter)
    on_one: Counter[str] = Counter()
    for load, machines in facts.loads.items():
        here = Counter(row.kind.component for row in load.standing)
        for name, copies in here.items():
            by_pool[name][load.pool] += copies * machines
            on_one[name] = max(on_one[name], copies)
    rows: list[grid.Row] = []
    for c, row in enumerate(facts.components):
        if not row.placed:
            continue
        component = facts.fleet.components[c]
        lost = (max(row.zones.values()), max(by_pool[row.name].values()), on_one[row.name])
        floors = (component.zone_loss_floor, component.pool_loss_floor, component.instance_loss_floor)
        rows.append(
            (
                grid.name(row.name, colour_class(c)),
                grid.number(row.placed),
                *(_standing(row.placed - gone, floor) for gone, floor in zip(lost, floors, strict=True)),
            )
        )
    heads = (Head("component"), *grid.numbers("copies", "a zone is lost", "a pool is lost", "a machine is lost"))
    return grid.table("Copies that stand after the worst loss", heads, rows, "component")


def _standing(left: int, floor: int) -> PageCell:
    """How many stand, and how many must where a rule says so."""
    return PageCell(f"{left:,}, must {floor:,}" if floor else f"{left:,}", left, "" if left else "warn")


def _heat(copies: int, most: int) -> PageCell:
    """A count on a ground that is the stronger, the more of the copies stand there."""
    return PageCell(f"{copies:,}" if copies else "\N{MIDDLE DOT}", copies, f"heat{-(-4 * copies // most)}")
