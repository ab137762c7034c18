"""The map of a fleet for the page: zones as columns, in them instance types, in them machines; and what each tells."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from placement.report import words
from placement.report.facts import Amount, MachineFacts, MachineLoad, PlanFacts, alike
from placement.report.fullness import FullnessReason
from placement.report.map.sketch import Sketch, Sketcher, by_zone_and_type
from placement.units import MIB_PER_GIB, MILLI

TILES = 3_000  # of a map, beyond which alike machines are one tile
MOST_TILES = 6_000  # beyond which the rest is counted
_ZONES = 24  # columns, beyond which those without a machine are left out
_ZOOMS = ((12, 2.2), (40, 1.7), (120, 1.3))  # up to so many machines, so many times as large


@dataclass(frozen=True, slots=True)
class Tile:
    """One machine, or alike ones: its index in the map's data, what a screen reader says, its picture, how many."""

    index: int
    label: str
    sketch: Sketch
    count: int
    state: str


class TileGroup(NamedTuple):
    """Machines of one type in one zone."""

    type: str
    facts: str
    tiles: list[Tile]


class Zone(NamedTuple):
    name: str
    facts: str
    groups: list[TileGroup]


@dataclass(frozen=True, slots=True)
class FleetMap:
    """A map, and the data that its script reads.

    `places` has the tile of each machine by its id, `note` what is not drawn one by one. A small fleet is drawn larger:
    `zoom` times.
    """

    name: str
    zones: list[Zone]
    data: dict[str, Any]
    places: dict[str, int]
    note: str
    zoom: float


def fleet_map(
    name: str, facts: PlanFacts, sketcher: Sketcher, reasons: dict[MachineLoad, FullnessReason], *, zones: Sequence[str]
) -> FleetMap:
    """Draw all machines; of a large fleet alike ones once. O(copies).

    `name`: tells two maps on one page apart.
    `reasons`: why no more stands on a machine; may be empty.
    `zones`: the columns, also of zones without a machine unless they are many.
    """
    drawing = _Drawing(facts, sketcher, reasons)
    columns = []
    for zone, types in by_zone_and_type(facts, zones).items():
        if not types and len(zones) > _ZONES:
            continue
        groups = []
        for kind, indices in types.items():
            machines = [facts.machines[k] for k in indices]
            groups.append(TileGroup(words.shown(kind), _group_facts(machines), drawing.tiles_of(machines)))
        inside = [facts.machines[k] for indices in types.values() for k in indices]
        columns.append(Zone(words.shown(zone), _facts(inside), groups))
    data = {"name": name, "tiles": drawing.rows, "loads": drawing.loads}
    zoom = next((zoom for most, zoom in _ZOOMS if len(facts.machines) <= most), 1.0)
    return FleetMap(name, columns, data, drawing.places, drawing.note(), zoom)


class _Drawing:
    """Tiles as they are made, in the order of the page."""

    def __init__(self, facts: PlanFacts, sketcher: Sketcher, reasons: dict[MachineLoad, FullnessReason]) -> None:
        self.rows: list[list[Any]] = []  # of the data: name, state, content, how many
        self.loads: list[dict[str, Any]] = []  # what is said of each content, once: compact, as there may be thousands
        self.places: dict[str, int] = {}
        self._sketcher, self._reasons = sketcher, reasons
        self._names = {row.name: c for c, row in enumerate(facts.components)}
        self._drawn: dict[MachineLoad, tuple[int, Sketch]] = {}
        self._all, self._cut = len(facts.machines), 0

    def tiles_of(self, machines: Sequence[MachineFacts]) -> list[Tile]:
        made = []
        for rows in alike(machines) if self._all > TILES else ([machine] for machine in machines):
            if len(self.rows) >= MOST_TILES:
                self._cut += len(rows)
                continue
            first, index = rows[0], len(self.rows)
            load = first.load
            if load not in self._drawn:
                self._drawn[load] = len(self.loads), self._sketcher.draw(load)
                self.loads.append(self._told(load))
            told, sketch = self._drawn[load]
            more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
            self.rows.append([words.shown(first.id) + more, first.state, told, len(rows)])
            self.places.update((machine.id, index) for machine in rows)
            made.append(Tile(index, _label(first, len(rows)), sketch, len(rows), first.state))
        return made

    def note(self) -> str:
        """What is not drawn one by one."""
        notes = []
        if self._all > TILES:
            notes.append(f"{self._all:,} machines: alike ones are drawn once, with their number.")
        if self._cut:
            notes.append(f"{self._cut:,} more machines are not drawn.")
        return " ".join(notes)

    def _told(self, load: MachineLoad) -> dict[str, Any]:
        on: list[Counter[tuple[int, str]]] = [Counter() for _ in load.devices]
        beside: Counter[tuple[int, str]] = Counter()
        for row in load.standing:
            kind = (self._names[row.kind.component], words.shown(row.kind.option))
            for k in row.accelerators:
                on[k][kind] += 1
            if not row.accelerators:
                beside[kind] += 1
        by: Counter[int] = Counter(self._names[row.kind.component] for row in load.standing)
        told: dict[str, Any] = {
            "type": words.shown(load.type),
            "zone": words.shown(load.zone),
            "pool": words.shown(load.pool),
            "price": words.money(load.price),
            "copies": len(load.standing),
            "components": list(by),
            "by": list(by.values()),
            "on": [_counted(counts) for counts in on],
            "gib": [_gib(device.memory) for device in load.devices],
            "vcpus": f"{load.vcpus.used / MILLI:,.4g} of {load.vcpus.room / MILLI:,.4g}",
            "host": _gib(load.host),
        }
        if beside:
            told["beside"] = _counted(beside)
        if load in self._reasons:
            told["why"] = self._reasons[load].text
        return told


def _counted(counts: Counter[tuple[int, str]]) -> list[list[Any]]:
    return [[component, option, number] for (component, option), number in sorted(counts.items())]


def _gib(amount: Amount) -> str:
    return f"{amount.used / MIB_PER_GIB:,.4g} of {amount.room / MIB_PER_GIB:,.4g} GiB"


def _label(machine: MachineFacts, count: int) -> str:
    load = machine.load
    copies = words.count(sum(number for _, number in load.copies), "copy", "copies")
    parts = [f"{count} machines alike {machine.id}" if count > 1 else machine.id, load.type, load.zone, copies]
    if load.devices:
        used = sum(device.copies > 0 for device in load.devices)
        parts.append(f"{used} of {len(load.devices)} accelerators in use")
    if machine.state not in ("active", "new"):
        parts.append(machine.state)
    return words.shown(", ".join(parts))


def _group_facts(machines: Sequence[MachineFacts]) -> str:
    prices = sorted({machine.load.price for machine in machines})
    each = " to ".join(words.money(price) for price in dict.fromkeys((prices[0], prices[-1])))
    return f"{len(machines):,} at {each}"


def _facts(machines: Iterable[MachineFacts]) -> str:
    rows = list(machines)
    if not rows:
        return "no machine"
    return f"{words.count(len(rows), 'machine')}, {words.money(sum(row.load.price for row in rows))} an hour"
