"""A plan on the screen: machines, components, totals. Made of rich renderables that fit any width from 80 columns."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from placement.report import words
from placement.report.baseline import dedicated_baseline
from placement.report.facts import Amount, gather
from placement.report.fill import bar, legend
from placement.report.flow import Flow
from placement.report.totals import totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from placement.problem import Problem
    from placement.report.baseline import Baseline
    from placement.report.facts import ComponentFacts, Kind, MachineFacts, PlanFacts
    from placement.result import Result

ROWS = 40  # of one table; beyond, rows are put together or cut, unless all are asked for
_LEFT = 20  # rows of a table that is cut
_ITEMS = 24  # of one cell of a table that may be cut
_NAME = 24  # characters of a component's name that are kept on one line
_WIDE = 118  # columns from which the type of a machine has a column of its own


class Report:
    """Everything a person wants to see of a result; rendered with ``console.print(Report(problem, result))``.

    Parameters
    ----------
    full : every machine and every component, however many; by default at most `ROWS` rows a table.
    """

    def __init__(self, problem: Problem, result: Result, *, full: bool = False) -> None:
        """Count what there is to show; drawing is left for `__rich_console__`."""
        self.result = result
        self.full = full
        self.facts: PlanFacts | None = None
        self.baseline: Baseline | None = None
        if result.packing is not None:
            self.facts = gather(problem, result.plan)
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
        yield totals(self.result, self.facts, self.baseline)


def no_plan(result: Result) -> RenderableType:
    """The news that there is no plan, and why."""
    proven = result.status.value == "infeasible"
    head = "infeasible" if proven else "no plan found"
    why = result.plan.reason or ("no plan keeps every rule" if proven else "")
    tail = "proven" if proven else f"stopped: {result.stop.value}"
    lines = [Text.assemble((head, "bold red"), f" ({tail}, {words.seconds(result.plan.seconds or 0)})")]
    if why:
        lines.append(Text(f"  {why}"))
    return Group(*lines)


# --- Machines


def machine_table(
    machines: Sequence[MachineFacts], width: int, limit: int | None, *, ascii_only: bool = False
) -> RenderableType:
    """Machines one by one; equal ones put together when they are many; by type and zone when even that is too long."""
    grouped = [[machine] for machine in machines]
    if limit is not None and len(grouped) > limit:
        grouped = _alike(machines)
    if limit is not None and len(grouped) > limit:
        notes = (
            "in use: accelerators; memory: of all accelerators; vCPU, host: of the machines",
            f"{len(machines):,} machines with {len(grouped):,} different contents, by type and zone; --full lists each",
        )
        return Group(_type_table(machines, limit), *(Text(note, style="dim") for note in notes))
    table = _table()
    wide = width >= _WIDE
    several = any(len(group) > 1 for group in grouped)
    table.add_column("machine", no_wrap=wide, overflow="fold")
    if wide:
        table.add_column("type", no_wrap=True)
    table.add_column("zone", no_wrap=True)
    table.add_column("$/hour", justify="right", no_wrap=True)
    table.add_column("accelerators", no_wrap=True, min_width=8)
    table.add_column("copies", ratio=1, overflow="fold")
    for group in grouped:
        first = group[0]
        name = Text(first.id if len(group) == 1 else f"{len(group)} x {first.pool}")
        if first.state == "cordoned":
            name.append(" (cordoned)", style="yellow")
        cells: list[RenderableType] = [name]
        if wide:
            cells.append(Text(first.type, style="dim"))
        else:
            name.append(f"\n{first.type}", style="dim")
        cells += [
            first.zone,
            _plain_money(sum(machine.price for machine in group)),
            bar(first.devices, ascii_only=ascii_only) if first.devices else Text("none", style="dim"),
            _copies(first.copies),
        ]
        table.add_row(*cells)
    below = [legend(ascii_only=ascii_only)] if any(machine.devices for machine in machines) else []
    if several:
        below.append(Text("N x POOL: equal machines, their price together, the content of each", style="dim"))
    return Group(table, *below)


def _alike(machines: Sequence[MachineFacts]) -> list[list[MachineFacts]]:
    """Machines of one pool with the same copies and the same fill, in order of first appearance."""
    groups: dict[object, list[MachineFacts]] = defaultdict(list)
    for machine in machines:
        key = (machine.pool, machine.state, tuple(sorted(machine.copies)), tuple(sorted(machine.devices)))
        groups[key].append(machine)
    return list(groups.values())


def _type_table(machines: Sequence[MachineFacts], limit: int) -> RenderableType:
    """Machines by type and zone, those of the highest price together where they are more than `limit`."""
    groups: dict[tuple[str, str], list[MachineFacts]] = defaultdict(list)
    for machine in machines:
        groups[machine.type, machine.zone].append(machine)
    shown = sorted(groups)
    if len(shown) > limit:
        shown = sorted(sorted(shown, key=lambda key: -sum(m.price for m in groups[key]))[:_LEFT])
    prefix, several_zones = words.common_prefix(m.zone for m in machines), len({m.zone for m in machines}) > 1
    table = _table()
    table.add_column("type", no_wrap=True)
    if several_zones:
        table.add_column(_zone_heading("zone", prefix), overflow="fold")
    for heading in ("machines", "$/hour", "copies", "in use", "memory", "vCPU", "host"):
        table.add_column(heading, justify="right", no_wrap=True)
    for kind, zone in shown:
        group = groups[kind, zone]
        devices = [device for machine in group for device in machine.devices]
        touched = sum(device.copies > 0 for device in devices)
        table.add_row(
            kind,
            *([zone.removeprefix(prefix)] if several_zones else []),
            f"{len(group):,}",
            _plain_money(sum(machine.price for machine in group)),
            f"{sum(copies for machine in group for _, copies in machine.copies):,}",
            f"{touched:,}/{len(devices):,}" if devices else "none",
            _share([device.memory for device in devices]),
            _share([machine.vcpus for machine in group]),
            _share([machine.host for machine in group]),
        )
    if len(shown) == len(groups):
        return table
    more = f"and {len(groups) - len(shown):,} more of type and zone, each at a lower price together"
    return Group(table, Text(more, style="dim"))


def _zone_heading(heading: str, prefix: str) -> str:
    return f"{heading}\n{prefix}\N{HORIZONTAL ELLIPSIS}" if prefix else heading


def _share(amounts: Sequence[Amount]) -> str:
    return words.percent(sum(a.used for a in amounts), sum(a.room for a in amounts)) if amounts else ""


def _copies(copies: Sequence[tuple[Kind, int]]) -> RenderableType:
    """``codegen-inline x3, xgen-30b/tp2``: options dim."""
    if not copies:
        return Text("empty, paid for", style="yellow")
    return Flow(_copies_of(kind, number) for kind, number in copies)


def _copies_of(kind: Kind, number: int) -> Text:
    text = Text(kind.component)
    if kind.option:
        text.append(f"/{kind.option}", style="dim")
    if number > 1:
        text.append(f" x{number}", style="bold")
    return text


# --- Components


def component_table(components: Sequence[ComponentFacts], baseline: Baseline, limit: int | None) -> RenderableType:
    """Copies placed and wanted, options, zones and machines of each component, and the price of machines of its own."""
    shown = list(zip(components, baseline.rents, strict=True))
    cut, most = 0, None if limit is None else _ITEMS
    if limit is not None and len(shown) > limit:
        # Those that lack copies first, then those with the most; in the order of the problem.
        rank = sorted(range(len(shown)), key=lambda c: (not _lacks(shown[c][0]), -shown[c][0].placed, c))
        shown = [shown[c] for c in sorted(rank[:_LEFT])]
        cut = len(components) - _LEFT
    zones = {zone for component in components for zone in component.zones}
    prefix = words.common_prefix(zones)
    with_options = any(set(component.options) - {""} for component in components)
    table = _table()
    longest = max((len(component.name) for component, _ in shown), default=0)
    table.add_column("component", min_width=min(longest, _NAME), overflow="fold")
    table.add_column("copies", justify="right", no_wrap=True)
    if with_options:
        table.add_column("options", overflow="fold")
    if len(zones) > 1:
        table.add_column(_zone_heading("zones", prefix), overflow="fold")
    table.add_column("machines", justify="right", no_wrap=True)
    table.add_column("$/hour\nalone", justify="right", no_wrap=True)
    for component, rent in shown:
        cells: list[RenderableType] = [component.name, _placed(component)]
        if with_options:
            cells.append(_counted(component.options, most))
        if len(zones) > 1:
            cells.append(_counted({zone.removeprefix(prefix): n for zone, n in component.zones.items()}, most))
        cells.append(str(component.machines))
        cells.append(Text("n/a", style="dim") if rent is None else _plain_money(rent.price))
        table.add_row(*cells)
    if not cut:
        return table
    return Group(table, Text(f"and {words.count(cut, 'component')} with fewer copies; --full lists each", style="dim"))


def _lacks(component: ComponentFacts) -> bool:
    return component.wanted is not None and component.placed < component.wanted


def _placed(component: ComponentFacts) -> Text:
    if component.wanted is None:
        return Text(str(component.placed))
    style = "yellow" if _lacks(component) else ""
    return Text(f"{component.placed} of {component.wanted}" if style else str(component.placed), style=style)


def _counted(counts: dict[str, int], most: int | None) -> Flow:
    return Flow((words.times(name, number) for name, number in counts.items() if name), most)


def _plain_money(micro: int) -> str:
    return words.money(micro).removeprefix("$")


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 1, 0, 0))
