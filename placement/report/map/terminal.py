"""The map of a fleet on a terminal: a line a machine, a few characters an accelerator, a letter a component.

Each character of an accelerator is a part of its memory: a letter that a component needs, ``-`` what an owner leaves
unneeded, ``·`` what is free. Without the problem's document nothing is known of memory, and each copy is one letter.
"""

import string
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from placement.documents.plan import Plan
from placement.report import words
from placement.report.facts import MachineLoad, PlanFacts, alike
from placement.report.map.colours import oklch
from placement.report.map.sketch import by_zone_and_type
from placement.report.narrow import Flow, labelled_lines
from placement.units import WHOLE_SHARE

LINES = 60  # of machines, unless all are asked for
_LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits
_MORE = "#"  # components beyond the letters
_PARTS = 4  # characters of an accelerator, where there is room
_GROUP = 8  # accelerators between blanks
_OWNED, _FREE = "-", "·"


class ScenePart(NamedTuple):
    """What a component takes of an accelerator, 0 to 1; 0 where it is not known. `component` is an index."""

    component: int
    part: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One accelerator, or one resource of a machine without any."""

    parts: tuple[ScenePart, ...]
    owned: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A machine, or alike ones: where it stands, its name, its facts, its cells."""

    group: str
    name: str
    facts: tuple[str, ...]
    cells: tuple[Cell, ...]


class FleetLines:
    """The map; rendered with ``console.print``. `full`: every machine, however many."""

    def __init__(
        self,
        title: str,
        lines: Sequence[Line],
        legend: Sequence[tuple[str, int]],
        *,
        full: bool,
        note: str = "",
        rules: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`legend` has each component and its number of copies, by index; those without copies are left out.

        `note` is a sentence below the title, `rules` what is said of rules below the map, each with a label.
        """
        self.title, self.lines, self.legend, self.full, self.note = title, lines, legend, full, note
        self.rules = rules
        placed = [c for c, (_, copies) in enumerate(legend) if copies]
        self._letters = {c: _LETTERS[k] if k < len(_LETTERS) else _MORE for k, c in enumerate(placed)}
        # Seen on a dark ground and on a light one: nobody knows which it is.
        self._colours = {c: oklch((0.63, 0.56)[k % 2], 0.15, 255 + 137.508 * k) for k, c in enumerate(placed)}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Groups of machines, then what the letters mean, and what is said of rules."""
        yield Text(self.title, style="bold")
        if self.note:
            yield Text(self.note, overflow="fold")
        shown = self.lines if self.full else self.lines[:LINES]
        parts = self._fitting(shown, options.max_width)
        group = ""
        for line in shown:
            if line.group != group:
                group = line.group
                yield Text(group, style="bold cyan")
            yield self._row(line, parts, options)
        if len(shown) < len(self.lines):
            cut = words.count(len(self.lines) - len(shown), "more line")
            yield Text(f"and {cut}; --full shows each", style="dim")
        yield from self._key(options)
        if self.rules:
            yield labelled_lines(self.rules)

    def _fitting(self, lines: Sequence[Line], width: int) -> int:
        """Characters an accelerator, so that a machine fits on a line where it can."""
        most = max((len(line.cells) for line in lines), default=1)
        facts = max((len(", ".join(line.facts)) for line in lines), default=0)
        beside = self._name_width() + 2 + 2 + facts
        return next((n for n in (_PARTS, 2) if beside + most * (n + 1) <= width), 1)

    def _name_width(self) -> int:
        return 2 + max((len(line.name) for line in self.lines), default=0)

    def _row(self, line: Line, parts: int, options: ConsoleOptions) -> Table:
        grid = Table.grid(padding=(0, 2, 0, 0))
        width = min(self._name_width(), max(12, options.max_width // 2))
        grid.add_column(width=width, no_wrap=True, overflow="ellipsis")
        grid.add_column(overflow="fold")
        grid.add_column(style="dim", overflow="fold")
        between = "|" if parts > 1 else ""
        drawn = Text(overflow="fold")
        for k, cell in enumerate(line.cells):
            drawn.append(" " if k and k % _GROUP == 0 else between if k else "", style="dim")
            drawn.append_text(self._cell(cell, parts, options))
        grid.add_row(Text(f"  {line.name}"), drawn, ", ".join(line.facts))
        return grid

    def _cell(self, cell: Cell, parts: int, options: ConsoleOptions) -> Text:
        text = Text()
        for component, letters in _letters_of(cell, parts):
            text.append(self._letters.get(component, _MORE) * letters, style=self._colours.get(component, ""))
        rest = max(0, parts - text.cell_len)
        text.append((_OWNED if cell.owned else _free(options)) * rest, style="dim")
        return text

    def _key(self, options: ConsoleOptions) -> RenderResult:
        if not self._letters:
            return
        yield Flow(
            Text.assemble((letter, f"bold {self._colours[c]}"), f" {words.times(*self.legend[c])}")
            for c, letter in self._letters.items()
        )
        yield Text(f"{_OWNED} owned, not needed   {_free(options)} free", style="dim")


def _free(options: ConsoleOptions) -> str:
    return "." if options.ascii_only else _FREE


def _letters_of(cell: Cell, parts: int) -> Iterator[tuple[int, int]]:
    """How many characters each component gets: at least one while there are any, and no more than there are."""
    whole: dict[int, float] = defaultdict(float)
    for row in cell.parts:
        whole[row.component] += row.part
    if not any(whole.values()):  # memory is not known: a letter a copy
        whole = {
            component: copies / parts for component, copies in Counter(row.component for row in cell.parts).items()
        }
    left = parts
    for component, part in whole.items():
        letters = min(left, max(1, round(part * parts))) if part else 0
        left -= letters
        yield component, letters


def lines_of_facts(facts: PlanFacts, *, full: bool) -> list[Line]:
    """A line a machine, by zone and type; many alike machines share one unless `full`."""
    index = {row.name: c for c, row in enumerate(facts.components)}
    found = []
    for zone, types in by_zone_and_type(facts, facts.fleet.zones).items():
        for kind, indices in types.items():
            machines = [facts.machines[k] for k in indices]
            group = f"{words.shown(zone)}  {len(machines):,} x {words.shown(kind)}"
            few = full or len(facts.machines) <= LINES
            for first, *more in [[machine] for machine in machines] if few else alike(machines):
                name = f"{1 + len(more)} x {words.shown(first.load.pool)}" if more else words.shown(first.id)
                found.append(Line(group, name, _figures(first.load, first.state), _cells(first.load, index)))
    return found


def _figures(load: MachineLoad, state: str) -> tuple[str, ...]:
    figures = [
        f"cpu {words.percent(*load.vcpus)}",
        f"mem {words.percent(*load.host)}",
        words.money(load.price),
    ]
    return (*figures, *([state] if state not in ("new", "active") else []))


def _cells(load: MachineLoad, index: dict[str, int]) -> tuple[Cell, ...]:
    if not load.devices:  # vCPUs, then host memory
        rooms = (load.vcpus.room, load.host.room)
        needs = [[(row, (row.option.vcpus, row.option.host_mib)[k]) for row in load.standing] for k in (0, 1)]
        return tuple(
            Cell(tuple(ScenePart(index[row.kind.component], need / room if room else 0.0) for row, need in rows))
            for rows, room in zip(needs, rooms, strict=True)
        )
    on: list[list[ScenePart]] = [[] for _ in load.devices]
    for row in load.standing:
        for k in row.accelerators:
            room = load.devices[k].memory.room
            need = row.option.memory_mib / room if room and row.option.memory_mib else row.option.share / WHOLE_SHARE
            on[k].append(ScenePart(index[row.kind.component], need or 1.0))
    return tuple(Cell(tuple(parts), device.owned) for parts, device in zip(on, load.devices, strict=True))


def lines_of_plan(plan: Plan) -> tuple[list[Line], list[tuple[str, int]]]:
    """What a plan's file alone tells: the copies on each accelerator; how many there are is guessed from the pool's."""
    names = list(dict.fromkeys(row.component for row in plan.assignments))
    index = {name: c for c, name in enumerate(names)}
    pool = {row.id: row.pool for row in plan.instances}
    on: dict[str, dict[int, list[ScenePart]]] = defaultdict(lambda: defaultdict(list))
    count: dict[str, int] = defaultdict(int)
    hosts = {row.instance for row in plan.assignments} - {row.instance for row in plan.assignments if row.accelerators}
    for row in plan.assignments:
        for k in (0,) if row.instance in hosts else row.accelerators:
            on[row.instance][k].append(ScenePart(index[row.component], 0.0))
            home = pool.get(row.instance, "")
            count[home] = max(count[home], k + 1)
    lines = [
        Line(
            f"pool {words.shown(row.pool)}",
            words.shown(row.id),
            ("new",) if row.says_new else (),
            tuple(Cell(tuple(on[row.id][k])) for k in range(count[row.pool])),
        )
        for row in sorted(plan.instances, key=lambda row: row.pool)
    ]
    copies = Counter(row.component for row in plan.assignments)
    return lines, [(name, copies[name]) for name in names]
