"""The last lines of a report: what it costs, what is proven, what it saves, how full it is, what moves."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from placement.documents import Problem
from placement.report import words
from placement.report.baseline import Baseline
from placement.report.changes import Changes
from placement.report.facts import PlanFacts
from placement.report.group_words import ONE_MORE, committed_lines, labelled, limit_lines, loss_rows, one_more_lines
from placement.report.left_out import left_out_rows, level_lines, levels_of, open_words, used_up_pools, why_not_all
from placement.report.mixed import FEW, mixed_line
from placement.report.narrow import labelled_lines
from placement.solving.left_out import LeftOutLevel
from placement.solving.result import OUT_OF_MEMORY, Result, Status, Stop
from placement.units import HOURS_PER_MONTH, MILLI

_STOPPED = {
    Stop.PROVED: "",
    Stop.GAP: "stopped at the gap asked for",
    Stop.TIME: "stopped by the time limit",
    Stop.INTERRUPTED: "interrupted",
    Stop.STUCK: "the solver got stuck",
    Stop.DONE: "the solver had no more to try",
}


_NAMES = 8  # of machines on one line
_ROWS = 10  # of components that lack copies
_POOLS = 5  # of those that are used up


def totals(
    result: Result, facts: PlanFacts, baseline: Baseline, changes: Changes | None = None, *, full: bool = False
) -> Table:
    """Two columns: what, and the figures. `full`: every name and every component that lacks copies."""
    levels = levels_of(facts.fleet.problem, result.plan, result.left_out)
    lines: tuple[tuple[str, RenderableType], ...] = (
        ("price", _price(facts)),
        *labelled("committed", map(str, committed_lines(facts))),
        *labelled("limits", map(str, limit_lines(facts))),
        *_one_more(result),
        *loss_rows(facts),
        *_cost(result, facts),
        *_levels(facts, levels),
        ("proof", _proof(result, facts.fleet.problem, levels)),
        ("compared", _alone(facts, baseline)),
        *_mixed(facts, None if full else FEW),
        ("machines", _machines(facts)),
        ("hosts", _hosts(facts)),
        *_changes(facts, changes, None if full else _NAMES),
        *_left_out(facts, levels, None if full else _ROWS),
        *_used_up(facts, None if full else _POOLS),
        ("search", _search(result)),
    )
    return labelled_lines(lines)


def _price(facts: PlanFacts) -> Text:
    price = facts.price
    return Text.assemble(
        (f"{words.money(price)} an hour", "bold green"),
        words.on_top(committed=bool(facts.fleet.commitments)),
        f", {words.month(price)} a month ({HOURS_PER_MONTH} hours)",
    )


def _one_more(result: Result) -> Iterator[tuple[str, RenderableType]]:
    """What one unit more of a limit or a commitment is worth, by the bound's linear program."""
    lines: list[RenderableType] = [str(line) for line in one_more_lines(result.plan)]
    return labelled("one more", [*lines, Text(ONE_MORE, style="dim")] if lines else [])


def _mixed(facts: PlanFacts, most: int | None) -> Iterator[tuple[str, RenderableType]]:
    """Which components with a demand are served by several kinds of accelerators, and by how many copies on each."""
    line = mixed_line(facts, most)
    if line:
        yield "mixed", line


def _cost(result: Result, facts: PlanFacts) -> Iterator[tuple[str, RenderableType]]:
    """What is minimised, where it is not the price of one hour."""
    hours = facts.fleet.problem.objective.horizon_hours
    if result.cost is not None and result.cost != facts.price:
        moved = result.plan.moves or 0
        moves = f", with {words.count(moved, 'move')}" if moved else ""
        yield "cost", f"{words.money(result.cost)} over {hours:g} {'hour' if hours == 1 else 'hours'}{moves}"


def _levels(facts: PlanFacts, levels: Sequence[LeftOutLevel]) -> Iterator[tuple[str, RenderableType]]:
    """How many optional copies are left out, and how few can be: it comes before the money."""
    lines: list[RenderableType] = [Text(line, style="yellow") for line in level_lines(facts.fleet.problem, levels)]
    return labelled("copies", [*lines, *filter(None, [why_not_all(facts.fleet)])] if lines else [])


def _proof(result: Result, problem: Problem, levels: Sequence[LeftOutLevel]) -> Text:
    scope = words.no_plan(problem, result.plan, left_out=bool(result.plan.unplaced))
    by = result.plan.bound_by
    shown = f" (bound by {by})" if by else ""
    stopped = _STOPPED[result.stop]
    if result.stop is Stop.STUCK and result.plan.reason:
        stopped += f": {words.shown(result.plan.reason)}"
    if OUT_OF_MEMORY in ((result.plan.model_extra or {}).get("stats") or {}):
        stopped = "stopped as memory ran out"
    if result.status is Status.OPTIMAL:
        return Text.assemble(("optimal", "bold green"), f": {scope} costs less{shown}")
    open_copies = open_words(levels)
    if not result.bound:
        unknown = "none: how much a better plan may save is not known"
        return Text("; ".join(filter(None, (open_copies, unknown, stopped))))
    parts = [open_copies] if open_copies else []
    parts.append(f"gap {words.gap(result.gap)}{' of the cost with so many left out' if open_copies else ''}")
    parts.append(f"{scope} costs less than {words.least(result.bound)}{shown}")
    if stopped:
        parts.append(stopped)
    return Text("; ".join(parts))


def _alone(facts: PlanFacts, baseline: Baseline) -> str:
    alone, paid = baseline.known, facts.list_price  # like with like: what was committed is paid in either case
    here = "this plan saves" if facts.price == paid else "at list prices the machines of this plan save"
    saved = words.percent(alone.price - paid, alone.price) if alone.price > paid else ""
    if baseline.total is not None:
        machines = words.count(alone.machines, "machine")
        text = f"{words.money(alone.price)} an hour on {machines} if each component had its own, quotas not counted"
        return f"{text}: {here} {saved}" if saved else text
    name, why = next(iter(baseline.missing.items()))
    name = words.shown(name)
    if not saved:
        return f"n/a: machines of its own for each component can't be priced exactly ({name}: {why})"
    more = len(baseline.missing) - 1
    others = f", and {words.count(more, 'component')} more" if more else ""
    return (
        f"at least {words.money(alone.price)} an hour if each component had its own machines, without quotas and what "
        f"can't be priced exactly ({name}: {why}{others}): {here} at least {saved}"
    )


def _machines(facts: PlanFacts) -> str:
    empty = sum(number for load, number in facts.loads.items() if not load.copies)
    parts = [f"{len(facts.machines):,}{f' ({empty:,} empty)' if empty else ''}"]
    touched, memory = facts.whole.accelerators, facts.whole.memory
    if touched.room:
        parts.append(f"{touched.used:,} of {touched.room:,} accelerators in use ({words.percent(*touched)})")
    if memory.used:
        needed = f"{words.gib(memory.used)} of {words.gib(memory.room)} GiB of their memory needed"
        parts.append(f"{needed} ({words.percent(*memory)})")
    return "; ".join(parts)


def _hosts(facts: PlanFacts) -> str:
    vcpus, host = facts.whole.vcpus, facts.whole.host
    return (
        f"{vcpus.used / MILLI:,.0f} of {vcpus.room / MILLI:,.0f} vCPUs ({words.percent(*vcpus)}), "
        f"{words.gib(host.used)} of {words.gib(host.room)} GiB of host memory ({words.percent(*host)})"
    )


def _changes(facts: PlanFacts, changes: Changes | None, most: int | None) -> Iterator[tuple[str, RenderableType]]:
    """What becomes of the copies and the machines that run now."""
    if changes is None:
        return
    running = sum(facts.fleet.running)
    if running:
        copies = words.count(running, "running copy", "running copies")
        allowed = facts.fleet.max_moves
        limit = "" if allowed is None else f" (at most {allowed:,} may)"
        ends = f"{changes.stopped:,} stopped; {changes.started:,} started"
        yield "moves", f"{changes.moves:,} of {copies} moved{limit}, {ends}"
    back = [f"{name} (draining)" if state == "draining" else name for name, state in changes.given_back]
    for label, names in (("kept", changes.kept), ("new", changes.new), ("given back", back)):
        machines = words.count(len(names), "machine")
        yield label, Text(f"{machines}: {words.listed(names, most)}" if names else "no machine")


def _left_out(
    facts: PlanFacts, levels: Sequence[LeftOutLevel], most: int | None
) -> Iterator[tuple[str, RenderableType]]:
    """Optional copies that the plan does not place, highest priority first, each with what is known about why."""
    short = left_out_rows(facts.fleet.problem, facts, levels)
    lines: list[RenderableType] = []
    for row in short[:most]:
        copies = f"{row.copies:,} of {words.count(row.wanted, 'copy', 'copies')} of priority {row.priority}"
        why = "; ".join(filter(None, (words.shown(row.reason), row.lacks)))
        lines.append(Text(f"{words.shown(row.name)}: {copies}; {why}", style="yellow"))
    if rest := short[len(lines) :]:
        copies = words.count(sum(row.copies for row in rest), "copy", "copies")
        lines.append(f"and {copies} of {words.count(len(rest), 'more component')}; --full lists each")
    return labelled("left out", lines)


def _used_up(facts: PlanFacts, most: int | None) -> Iterator[tuple[str, RenderableType]]:
    """Pools at their quota where copies that are left out may run: what to ask for more of."""
    pools = used_up_pools(facts)
    lines = [
        f"{words.shown(row.name)}: {row.machines:,} of {words.count(row.most, 'machine')}; "
        f"{words.count(row.copies, 'copy', 'copies')} of those left out could run on more"
        for row in pools[:most]
    ]
    if rest := len(pools) - len(lines):
        lines.append(f"and {words.count(rest, 'more pool')}; --full lists each")
    return labelled("used up", lines)


def _search(result: Result) -> str:
    plan = result.plan
    found_by = (plan.model_extra or {}).get("found_by")
    found = f", plan by {found_by}" if found_by else ""
    return f"{words.seconds(plan.seconds or 0)} with {plan.solver}{found}"
