"""A plan on the screen: machines, components, changes, totals. Tables, or blocks of lines where it is narrow."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from placement.documents import Problem
from placement.grouping import grouped as grouped_by
from placement.report import words
from placement.report.baseline import Baseline, dedicated_baseline
from placement.report.changes import Changes, MoveEnd, changes
from placement.report.facts import (
    ComponentFacts,
    ComponentOption,
    Device,
    MachineFacts,
    MachineLoad,
    MachineTotals,
    PlanFacts,
    alike,
    gather,
    totals_by,
)
from placement.report.narrow import Fitting, Flow, PlainTable
from placement.report.totals import totals
from placement.solving.result import Result

ROWS = 40  # of one table; beyond, rows are put together or cut, unless all are asked for
_LEFT = 20  # rows of a table that is cut
_ITEMS = 24  # of one cell, beyond which the rest is counted
_WIDE = 118  # columns from which the type of a machine has a column of its own


class Report:
    """Everything a person wants to see of a result; rendered with ``console.print(Report(problem, result))``.

    `full`: every machine and every component, however many; by default at most `ROWS` rows a table.
    """

    def __init__(self, problem: Problem, result: Result, *, full: bool = False) -> None:
        """Count what there is to show; drawing is left for `__rich_console__`."""
        self.result = result
        self.full = full
        self.facts: PlanFacts | None = None
        self.baseline: Baseline | None = None
        self.changes: Changes | None = None
        if result.packing is not None:
            self.facts = gather(problem, result.plan, result.fleet)
            self.changes = changes(problem, result.plan) if problem.instances else None
            placed = [component.placed for component in self.facts.components]
            self.baseline = dedicated_baseline(self.facts.fleet, placed)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Machines, components, totals: what matters most stands last, where the eye is."""
        if self.facts is None or self.baseline is None:
            yield no_plan(self.result)
            return
        limit = None if self.full else ROWS
        yield machine_table(self.facts.machines, options.max_width, limit, ascii_only=options.ascii_only)
        yield ""
        yield component_table(self.facts.components, self.baseline, limit)
        yield ""
        if self.changes is not None and self.changes.copies:
            yield change_table(self.changes, limit)
            yield ""
        yield totals(self.result, self.facts, self.baseline, self.changes, full=self.full)


def no_plan(result: Result) -> RenderableType:
    """The news that there is no plan, and why."""
    proven = result.status.value == "infeasible"
    head = "infeasible" if proven else "no plan found"
    why = result.plan.reason or ("no plan keeps every rule" if proven else "")
    tail = "proven" if proven else f"stopped: {result.stop.value}"
    lines = [Text.assemble((head, "bold red"), f" ({tail}, {words.seconds(result.plan.seconds or 0)})")]
    if why:
        lines.append(Text(f"  {words.shown(why)}"))
    return Group(*lines)


# --- Machines


def machine_table(
    machines: Sequence[MachineFacts], width: int, limit: int | None, *, ascii_only: bool = False
) -> RenderableType:
    """Machines one by one; equal ones put together when they are many; by type and zone when even that is too long."""
    grouped = [[machine] for machine in machines]
    if limit is not None and len(grouped) > limit:
        grouped = alike(machines)
    if limit is not None and len(grouped) > limit:
        notes = (
            "in use: accelerators; memory: of all accelerators; vCPU, host: of the machines",
            f"{len(machines):,} machines with {len(grouped):,} different contents, by type and zone; --full lists each",
        )
        return Group(_type_table(machines, limit), *(Text(note, style="dim") for note in notes))
    below = [legend(ascii_only=ascii_only)] if any(machine.load.devices for machine in machines) else []
    if any(len(group) > 1 for group in grouped):
        below.append(
            Text(
                "N x POOL: equal machines, the content of each, and their price together unless it says each",
                style="dim",
            )
        )
    most = None if limit is None else _ITEMS
    table = PlainTable()
    wide = width >= _WIDE
    table.add_column("machine", no_wrap=wide, overflow="fold")
    if wide:
        table.names("type")
    table.add_column("zone", no_wrap=wide, overflow="fold")
    table.figures("$/hour")
    table.names("accelerators")
    table.add_column("copies", ratio=1, overflow="fold")
    for group in grouped:
        load = group[0].load
        kind = Text(words.shown(load.type), style="dim")
        table.add_row(
            *([_named(group), kind] if wide else [Text("\n").join([_named(group), kind])]),
            words.shown(load.zone),
            words.plain_money(load.price * len(group)),
            _bar(load, ascii_only=ascii_only),
            _copies(load.copies, most),
        )
    return Group(Fitting(table, lambda: _by_pool(grouped, most, ascii_only=ascii_only)), *below)


def _by_pool(groups: Sequence[Sequence[MachineFacts]], most: int | None, *, ascii_only: bool) -> RenderableType:
    """A line for each pool with what its machines have in common, and a line below it for each of them."""
    parts: list[RenderableType] = []
    for machines in grouped_by((group[0].load.pool, group) for group in groups).values():
        load = machines[0][0].load
        price = f"$/hour {words.plain_money(load.price)} each"
        facts = (words.shown(load.type), f"zone {words.shown(load.zone)}", price)
        parts.append(Flow(Text(fact, style="dim") for fact in facts))
        cells = [
            (_named(group), _bar(group[0].load, ascii_only=ascii_only), group[0].load.copies) for group in machines
        ]
        lines = Table.grid(padding=(0, 1))
        for _ in range(3):
            lines.add_column(overflow="fold")
        for name, devices, copies in cells:
            lines.add_row(name, devices, _copies(copies, most))
        parts.append(Padding(Fitting(lines, partial(_stacked, cells, most)), (0, 0, 0, 2)))
    return Group(*parts)


def _stacked(
    machines: Sequence[tuple[Text, Text, tuple[tuple[ComponentOption, int], ...]]], most: int | None
) -> RenderableType:
    """Machines with their copies on lines of their own, where they do not fit on one."""
    parts: list[RenderableType] = []
    for name, devices, copies in machines:
        parts += [Text.assemble(name, " ", devices, overflow="fold"), Padding(_copies(copies, most), (0, 0, 0, 2))]
    return Group(*parts)


def _bar(load: MachineLoad, *, ascii_only: bool) -> Text:
    return bar(load.devices, ascii_only=ascii_only) if load.devices else Text("none", style="dim")


def _named(group: Sequence[MachineFacts]) -> Text:
    """A machine, or how many equal ones."""
    first = group[0]
    name = Text(words.shown(first.id) if len(group) == 1 else f"{len(group)} x {words.shown(first.load.pool)}")
    return name.append(" (cordoned)", style="yellow") if first.state == "cordoned" else name


def _type_table(machines: Sequence[MachineFacts], limit: int) -> RenderableType:
    """Machines by type and zone, those of the highest price together where they are more than `limit`."""
    groups = totals_by(Counter(machine.load for machine in machines), lambda load: (load.type, load.zone))
    keys = sorted(groups)
    if len(keys) > limit:
        keys = sorted(sorted(keys, key=lambda key: -groups[key].price)[:_LEFT])
    cut = len(groups) - len(keys)
    zones = {zone for _, zone in groups}
    several_zones = len(zones) > 1
    prefix = words.common_prefix(zones) if several_zones else ""
    notes = [Text(f"and {cut:,} more of type and zone, each at a lower price together", style="dim")] if cut else []
    table = PlainTable()
    table.words("type", *([_zone_heading("zone", prefix)] if several_zones else []))
    table.figures("machines", "$/hour", "copies", "in use", "memory", "vCPU", "host")
    for kind, zone in keys:
        place = [words.shown(zone.removeprefix(prefix))] if several_zones else []
        table.add_row(words.shown(kind), *place, *_type_figures(groups[kind, zone]))
    return Group(Fitting(table), *notes)


def _type_figures(group: MachineTotals) -> list[str]:
    touched, devices = group.accelerators
    return [
        f"{group.machines:,}",
        words.plain_money(group.price),
        f"{group.copies:,}",
        f"{touched:,}/{devices:,}" if devices else "none",
        words.percent(*group.memory) if devices else "",
        words.percent(*group.vcpus),
        words.percent(*group.host),
    ]


def _zone_heading(heading: str, prefix: str) -> str:
    return f"{heading}\n{words.shown(prefix)}\N{HORIZONTAL ELLIPSIS}" if prefix else heading


def _copies(copies: Sequence[tuple[ComponentOption, int]], most: int | None) -> RenderableType:
    """``codegen-inline x3, xgen-30b/tp2``: options dim."""
    if not copies:
        return Text("empty, paid for", style="yellow")
    return Flow((_copies_of(kind, number) for kind, number in copies), most)


def _copies_of(kind: ComponentOption, number: int) -> Text:
    text = Text(words.shown(kind.component))
    if kind.option:
        text.append(f"/{words.shown(kind.option)}", style="dim")
    if number > 1:
        text.append(f" x{number}", style="bold")
    return text


# --- Components


ALONE = "$/hour alone: the component on machines of its own, quotas not counted"


def component_table(components: Sequence[ComponentFacts], baseline: Baseline, limit: int | None) -> RenderableType:
    """Copies placed and wanted, options, zones and machines of each component, and the price of machines of its own."""
    shown = list(zip(components, baseline.rents, strict=True))
    notes = [ALONE] if shown else []
    if limit is not None and len(shown) > limit:
        # Those that lack copies first, then those with the most; in the order of the problem.
        rank = sorted(range(len(shown)), key=lambda c: (not _lacks(shown[c][0]), -shown[c][0].placed, c))
        shown = [shown[c] for c in sorted(rank[:_LEFT])]
        cut = len(components) - _LEFT
        notes.append(f"and {words.count(cut, 'component')} with fewer copies; --full lists each")
    below = [Text(note, style="dim") for note in notes]
    most = None if limit is None else _ITEMS
    zones = {zone for component in components for zone in component.zones}
    prefix = words.common_prefix(zones)
    with_options = any(set(component.options) - {""} for component in components)
    table = PlainTable()
    table.words("component")
    table.figures("copies")
    if with_options:
        table.words("options")
    if len(zones) > 1:
        table.words(_zone_heading("zones", prefix))
    table.figures("machines", "$/hour\nalone")
    for component, rent in shown:
        cells: list[RenderableType] = [words.shown(component.name), _placed(component)]
        if with_options:
            cells.append(_counted(component.options, most))
        if len(zones) > 1:
            cells.append(_counted({zone.removeprefix(prefix): n for zone, n in component.zones.items()}, most))
        cells.append(str(component.machines))
        cells.append(Text("n/a", style="dim") if rent is None else words.plain_money(rent.price))
        table.add_row(*cells)
    return Group(Fitting(table), *below)


def _lacks(component: ComponentFacts) -> bool:
    return component.wanted is not None and component.placed < component.wanted


def _placed(component: ComponentFacts) -> Text:
    if component.wanted is None:
        return Text(str(component.placed))
    style = "yellow" if _lacks(component) else ""
    return Text(f"{component.placed} of {component.wanted}" if style else str(component.placed), style=style)


def _counted(counts: dict[str, int], most: int | None) -> Flow:
    return Flow((words.times(name, number) for name, number in counts.items() if name), most)


# --- Changes of what runs


def change_table(changes: Changes, limit: int | None) -> RenderableType:
    """Which copies go where: moves, then copies that stop, then copies that start."""
    rows, cut = changes.copies, 0
    if limit is not None and len(rows) > limit:
        rows, cut = rows[:_LEFT], sum(change.copies for change in rows[_LEFT:])
    below = [Text(f"and {words.count(cut, 'more copy', 'more copies')}; --full lists each", style="dim")] if cut else []
    table = PlainTable()
    table.words("component")
    table.figures("copies")
    table.words("from", "to")
    for change in rows:
        table.add_row(words.shown(change.component), str(change.copies), *map(_end, change.ends))
    return Group(Fitting(table), *below)


def _end(end: MoveEnd) -> Text:
    return Text(words.shown(end.text), style="" if end.is_machine else "dim")


_GROUP = 8  # accelerators between blanks
_SHARED, _OWNED, _FREE = "not dim cyan", "not dim magenta", "bright_black"
# Free, owned, shared by eighths, and how a legend has those; where only ASCII can be shown, and elsewhere.
_SIGNS = {True: (".", "#", "12345678", "1-8"), False: ("·", "■", "▁▂▃▄▅▆▇█", "▁▄█")}


def bar(devices: Sequence[Device], *, ascii_only: bool = False) -> Text:
    """One character an accelerator, in order.

    A shared one is a block as high as it is full, in eighths (a digit where only ASCII can be shown); an owned one is a
    square (``#``); a free one is a dot.
    """
    text = Text(no_wrap=len(devices) <= _GROUP)
    for k, device in enumerate(devices):
        if k and k % _GROUP == 0:
            text.append(" ")
        text.append(*_mark(device, ascii_only))
    return text


def legend(*, ascii_only: bool = False) -> Text:
    free, owned, _, scale = _SIGNS[ascii_only]
    signs = ((scale, _SHARED), " shared, by how full  ", (owned, _OWNED), " owned by one copy  ")
    return Text.assemble("accelerators: ", *signs, (free, _FREE), " free", style="dim")


def _mark(device: Device, ascii_only: bool) -> tuple[str, str]:
    free, owned, eighths, _ = _SIGNS[ascii_only]
    if not device.copies:
        return free, _FREE
    if device.owned:
        return owned, _OWNED
    return eighths[min(7, max(0, -int(-device.fill * 8 // 1) - 1))], _SHARED  # rounded up: a little in use is not free
