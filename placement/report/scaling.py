"""What traffic asks for now, and what simulated days cost, with one policy or several, as tables."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from placement.demand.now import CopiesNow
from placement.report import words
from placement.report.narrow import Fitting, PlainTable
from placement.simulation import PolicyComparison, Simulation, StrategyOutcome
from placement.simulation.hybrid import Hybrid, SharingComponent
from placement.simulation.outcome import HOURLY_NAME, WaterfallStep, folds
from placement.simulation.over_maximum import over_maximum
from placement.simulation.setup import SimulationSetup
from placement.units import MICRO

_FIGURES = ("mean/s", "most/s", "alone", "shared", "even at/s", "alone/shared", "better")  # as of _sharing
_ROWS = 30
_LINES = 5  # of components that lose requests
_HOUR = 3600
_LARGE = 1_000_000 * MICRO
Figure = tuple[str, float | None]  # a cell: its text, and what a page sorts it by
COLUMNS = ("cost", "over", "hours", "accel.", "in use", "lost", "moves")
_OF_STRATEGIES = (
    "hours: of machines, as billed; accel.: accelerators rented, on the average, and how many of them hold a copy; "
    "lost: requests not served"
)
_OF_THE_FLOOR = (
    "floor: proven, no machines holding what is wanted cost less; "
    "hourly-scratch: each hour planned on its own for all that it wants, moves and starts not counted"
)


def copies_table(rows: Sequence[CopiesNow], *, full: bool = False) -> RenderableType:
    """A row for each component whose copies change, all of them with `full`; then how many stay."""
    changed = [row for row in rows if full or row.wanted != row.running]
    shown = changed if full else changed[:_ROWS]
    table = PlainTable(tight=False)
    table.words("component")
    table.figures("requests/s", "running", "wanted")
    table.names("by")
    for row in shown:
        rate = "-" if row.rate is None else f"{row.rate / MICRO:,.6g}"
        table.add_row(words.shown(row.name), rate, f"{row.running:,}", f"{row.wanted:,}", row.why)
    notes = []
    if len(changed) > len(shown):
        notes.append(f"{len(changed) - len(shown):,} more change; --full lists each")
    same = len(rows) - len(changed)
    if same and not full:
        notes.append(f"{words.count(same, 'component')} as now")
    wanted = words.count(sum(row.wanted for row in rows), "copy", "copies")
    total = f"{wanted} wanted, {sum(row.running for row in rows):,} running"
    lines = [Text(note, style="dim") for note in notes]
    return Group(*([table] if shown else []), *lines, Text(total, style="bold"))


def simulation_table(simulation: Simulation) -> RenderableType:
    """A row for each strategy with its cost, dearest last, and what they are measured by."""
    outcomes = sorted(simulation.strategies, key=lambda outcome: outcome.cost)
    large = is_large(outcome.cost for outcome in outcomes)
    table = PlainTable(tight=False, collapse_padding=True)
    table.add_column("strategy", no_wrap=True, style="bold")
    table.figures(*COLUMNS)
    for outcome in outcomes:
        table.add_row(outcome.strategy.name, *(told for told, _ in figures(simulation, outcome, large=large)))
    for name, cells in measures(simulation, large=large):
        table.add_row(name, *(told for told, _ in cells), style="dim")
    wanted = f"{span_in_words(simulation)}; {wanted_in_words(simulation)}"
    notes = [Text(line) for line in (wanted, *lost_in_words(simulation))]
    return Group(Fitting(table), "", *notes, Text(legend(floor=simulation.floor is not None), style="dim"))


def legend(*, floor: bool) -> str:
    """What the columns mean; without a floor there is nothing to be over."""
    return f"over: the floor; {_OF_STRATEGIES}; {_OF_THE_FLOOR}" if floor else _OF_STRATEGIES


def figures(simulation: Simulation, outcome: StrategyOutcome, *, large: bool) -> list[Figure]:
    """The cells of a strategy under `COLUMNS`; without cents where bills are large."""
    used, rented = sum(outcome.series["accelerators_used"]), sum(outcome.series["accelerators"])
    steps, moves = max(1, simulation.setup.steps), sum(outcome.series["moves"])
    return [
        (bill(outcome.cost, large=large), outcome.cost),
        _over(simulation, outcome.cost),
        (f"{outcome.machine_hours:,.{0 if outcome.machine_hours >= 10 else 1}f}", outcome.machine_hours),
        (f"{rented / steps:,.{0 if large else 1}f}", rented / steps),
        (words.percent(used, rented), used / (rented or 1)),
        (share_in_words(outcome.not_served, outcome.requested), outcome.not_served / (outcome.requested or 1)),
        (f"{moves:,}", moves),
    ]


def _over(simulation: Simulation, cost: int) -> Figure:
    return over_in_words(simulation, cost), simulation.over_floor(cost)


def is_large(costs: Iterable[int]) -> bool:
    """Whether a bill is of a million dollars: then cents would not fit into tables and say nothing."""
    return any(cost >= _LARGE for cost in costs)


def bill(micro: int, *, large: bool) -> str:
    """Money of a bill; in whole dollars where bills are large."""
    if not large:
        return words.money(micro)
    dollars = (abs(micro) + MICRO // 2) // MICRO
    return f"{'-' if micro < 0 and dollars else ''}${dollars:,}"


def least_bill(micro: int, *, large: bool) -> str:
    """Money that no bill is below: rounded down."""
    return f"${micro // MICRO:,}" if large else words.least(micro)


def measures(simulation: Simulation, *, large: bool) -> list[tuple[str, list[Figure]]]:
    """What strategies are measured by, each with its cells: cost and how far it is over the floor; none without one."""
    if simulation.hourly is None or simulation.floor is None:
        return []
    planned = simulation.hourly.planned_cost(simulation.setup.every)
    empty: list[Figure] = [("", None)] * (len(COLUMNS) - 2)
    least = least_bill(simulation.floor, large=large), simulation.floor
    rows = [("floor", [least, ("0%" if simulation.floor else "-", 0), *empty])]
    if planned is not None:
        rows.insert(0, (HOURLY_NAME, [(bill(planned, large=large), planned), _over(simulation, planned), *empty]))
    return rows


def over_in_words(simulation: Simulation, cost: int) -> str:
    """How far a cost is above the floor; from eleven times it on as a factor, "-" where there is no floor."""
    over = simulation.over_floor(cost)
    if over is None:
        return "-"
    return f"{100 * over:.1f}%" if over < 10 else f"{over + 1:.1f} x"


def share_in_words(part: int, whole: int) -> str:
    """A small part of a whole in per cent."""
    if not part or not whole:
        return "0%"
    return f"{100 * part / whole:.2f}%" if part * 10_000 >= whole else "<0.01%"


def span_in_words(simulation: Simulation) -> str:
    """What was played."""
    setup = simulation.setup
    requests = int(setup.rates.sum()) * setup.every / MICRO
    components = words.count(len(setup.problem.components), "component")
    return f"{words_of_span(setup.steps * setup.every)}, {components}, {requests:,.0f} requests"


def wanted_in_words(simulation: Simulation) -> str:
    setup = simulation.setup
    copies = setup.wanted.sum(axis=1)
    return (
        f"{copies.mean():,.1f} copies wanted on the average, {copies.max(initial=0):,} at most; "
        f"{words.count(int(setup.woken.sum()), 'time')} one was woken from zero"
    )


def lost_in_words(simulation: Simulation) -> list[str]:
    """A line for each component whose policy has too few copies, then for each strategy that left out copies."""
    found = over_maximum_in_words(simulation.setup)
    for outcome in simulation.strategies:
        lacking = sum(1 for n in outcome.series["unplaced"] if n)
        if lacking:
            steps = words.count(lacking, "step")
            found.append(f"{outcome.strategy.name}: in {steps} not all wanted copies had a place (quotas)")
    return found


def over_maximum_in_words(setup: SimulationSetup) -> list[str]:
    """A line for each component that loses requests by `max_capacity`; of many, those with the most."""
    rows = over_maximum(setup)
    found = [
        f"{words.shown(row.component)}: max_capacity {row.copies:,} loses {max(1, round(row.requests / MICRO)):,} "
        f"requests ({share_in_words(row.requests, row.asked)} of its own), first at {setup.traffic.moment(row.first)}; "
        f"{words.count(row.wanted, 'copy', 'copies')} would serve its highest rate"
        for row in rows[:_LINES]
    ]
    if len(rows) > _LINES:
        rest = sum(row.requests for row in rows[_LINES:]) / MICRO
        more = words.count(len(rows) - _LINES, "more component")
        found.append(f"max_capacity loses requests of {more}, {max(1, round(rest)):,} in all")
    return found


def words_of_span(seconds: int) -> str:
    """A length of simulated time.

    >>> words_of_span(1209600), words_of_span(5400), words_of_span(600), words_of_span(45)
    ('14 days', '1.5 hours', '10 minutes', '45 seconds')
    >>> words_of_span(3600), words_of_span(60)
    ('1 hour', '1 minute')
    """
    if seconds < 60:
        return words.count(seconds, "second")
    if seconds < _HOUR:
        return _many(f"{seconds / 60:.3g}", "minute")
    if seconds >= 2 * 24 * _HOUR:
        return _many(f"{seconds / 24 / _HOUR:.4g}", "day")
    return _many(f"{seconds / _HOUR:.4g}", "hour")


def _many(figure: str, noun: str) -> str:
    return f"{figure} {noun}" if figure == "1" else f"{figure} {noun}s"


def waterfall_table(steps: Sequence[WaterfallStep], floor: int | None) -> RenderableType:
    """A row for each idea: what it saves, as a bar too, and what is then left of the bill."""
    lines = []
    many = folds(list(steps))
    if many is not None:
        lines.append(Text(f"{many:.1f} times less than endpoints for the peak", style="bold"))
    told = "of all: of the first cost; lost: requests not served"
    if floor is not None:
        told += "; floor: proven, nothing that holds the copies costs less"
    large = is_large(row.cost for row in steps)
    narrower = Fitting(_waterfall_rows(steps, floor, 10, large=large))
    table = Fitting(_waterfall_rows(steps, floor, 20, large=large), lambda: narrower)
    return Group(table, "", *lines, Text(told, style="dim"))


def _waterfall_rows(steps: Sequence[WaterfallStep], floor: int | None, wide: int, *, large: bool) -> PlainTable:
    table = PlainTable(tight=False)
    table.names("idea")
    table.figures("cost", "saves", "of all", "lost")
    table.names("")
    first = steps[0].cost or 1
    for row in steps:
        saved = "" if row is steps[0] else bill(row.saved, large=large)
        part = "" if row is steps[0] else f"{100 * row.saved / first:.1f}%"
        lost = f"{100 * row.lost:.2f}%"
        table.add_row(row.idea, bill(row.cost, large=large), saved, part, lost, _bar(row, first, wide))
    if floor is not None:
        table.add_row("floor", least_bill(floor, large=large), "", "", "", style="dim")
    return table


def _bar(row: WaterfallStep, first: int, wide: int) -> Text:
    """What is left of the bill, then what the idea takes off."""
    left = round(wide * min(row.cost, row.before) / first)
    return Text.assemble("█" * left, ("░" * (round(wide * max(row.cost, row.before) / first) - left), "green"))


def hybrid_table(hybrid: Hybrid, *, full: bool = False) -> RenderableType:
    """A row for each component, alone and shared side by side, dearest first; then what the sets cost."""
    rows = sorted(hybrid.components, key=lambda row: (not row.apart, -max(row.alone, row.shared or 0)))
    shown = rows if full else rows[:_ROWS]
    table = PlainTable(tight=False, collapse_padding=True)
    table.words("component")
    table.figures(*_FIGURES[:-1])
    table.names(_FIGURES[-1])
    for row in shown:
        table.add_row(words.shown(row.name), *_sharing(row))
    notes = [] if len(shown) == len(rows) else [f"{len(rows) - len(shown):,} more components; --full lists each"]
    apart = hybrid.apart
    told = words.listed(list(apart), None if full else 8) if apart else "none"
    sums = Table.grid(padding=(0, 2))
    for name, cost, lost in (
        ("all alone", hybrid.all_alone, hybrid.lost[0]),
        ("all shared", hybrid.all_shared, hybrid.lost[1]),
        ("hybrid", hybrid.best, hybrid.lost[2]),
        ("floor", hybrid.floor, 0.0),
    ):
        over = f"{100 * (cost / hybrid.floor - 1):.1f}% over the floor" if hybrid.floor and name != "floor" else ""
        shown_cost = words.least(cost) if name == "floor" else words.money(cost)
        losses = f"{share_in_words(round(lost * 10**9), 10**9)} of requests lost" if lost else ""
        told_of = Text(", ".join(filter(None, (over, losses))), style="dim")
        sums.add_row(Text(name, style="bold"), Text(shown_cost, justify="right"), told_of)
    legend = (
        "shared: its part of the bill of a fleet in which all share, split by what copies are worth at the prices of "
        "the floor; even at: from this steady rate on it costs no more alone; hybrid: the best of "
        f"{words.count(len(hybrid.plays), 'fleet that was played', 'fleets that were played')}"
    )
    return Group(
        Fitting(table),
        *(Text(note, style="dim") for note in notes),
        "",
        sums,
        *(Text(line) for line in over_maximum_in_words(hybrid.setup)),
        Text(f"alone in the hybrid: {told}"),
        Text(legend, style="dim"),
    )


def _sharing(row: SharingComponent) -> list[str]:
    ratio = "-" if not row.shared else f"{row.alone / row.shared:.2f}"
    return [
        f"{row.mean / MICRO:,.3g}",
        f"{row.most / MICRO:,.3g}",
        words.money(row.alone),
        "-" if row.shared is None else words.money(row.shared),
        "never" if row.break_even is None else f"{row.break_even / MICRO:,.4g}" if row.break_even else "any",
        ratio,
        "alone" if row.apart else "shared",
    ]


def policies_table(found: PolicyComparison) -> RenderableType:
    """For each strategy, cheapest first, a row a policy; then what each policy is measured by and wants."""
    table = PlainTable(tight=False, collapse_padding=True)
    table.words("policy")
    table.figures(*COLUMNS)
    for strategy, rows in _groups(found):
        table.add_row(Text(strategy, style="bold"))
        for name, cells in rows:
            table.add_row(f"  {words.shown(name)}", *(told for told, _ in cells))
    first = next(iter(found.simulations.values()))
    notes = [Text(line) for line in (span_in_words(first), *_notes(found.simulations))]
    told = legend(floor=first.floor is not None)
    if first.floor is not None:
        told += "; each policy has a floor of its own, since it wants other copies"
    return Group(Fitting(table), "", *notes, Text(told, style="dim"))


def _groups(found: PolicyComparison) -> Iterator[tuple[str, list[tuple[str, list[Figure]]]]]:
    """Each strategy with the cells of all policies, and each measure."""
    simulations = found.simulations
    large = is_large(row.cost for simulation in simulations.values() for row in simulation.strategies)
    names = [outcome.strategy.name for outcome in next(iter(simulations.values())).strategies]
    cheapest = {name: min(simulation.outcome(name).cost for simulation in simulations.values()) for name in names}
    for strategy in sorted(names, key=lambda name: cheapest[name]):
        yield (
            strategy,
            [(name, figures(one, one.outcome(strategy), large=large)) for name, one in simulations.items()],
        )
    measured: dict[str, list[tuple[str, list[Figure]]]] = {}
    for name, simulation in simulations.items():
        for measure, cells in measures(simulation, large=large):
            measured.setdefault(measure, []).append((name, cells))
    yield from measured.items()


def _notes(simulations: dict[str, Simulation]) -> Iterator[str]:
    for name, simulation in simulations.items():
        yield f"{words.shown(name)}: {wanted_in_words(simulation)}"
        yield from (f"{words.shown(name)}, {line}" for line in lost_in_words(simulation))
