"""The frontier of cost against moves on the screen (a chart, points, what moves buy, the knee), and as a picture."""

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from placement.replanning.buys import Purchase, distinct, purchases, suggested_knee
from placement.replanning.point import Frontier, FrontierPoint
from placement.report import words
from placement.report.cost_steps import CostStep, cost_picture
from placement.report.curve import chart_lines, draw
from placement.report.narrow import Fitting, PlainTable, figures_table
from placement.solving.result import Status
from placement.units import MIB_PER_GIB, MICRO

_ROWS, _LABEL, _EACH, _WIDEST = 8, 14, 8, 96  # of the chart: lines, columns of a label, columns of a point
_NAMES = 4  # machines that a row names
_LOOKS = ("bold cyan", "green")


class FrontierReport:
    """All of a frontier; rendered with ``console.print(FrontierReport(frontier))``."""

    def __init__(self, frontier: Frontier, *, full: bool = False) -> None:
        """`full`: every machine that goes."""
        self.frontier, self._full = frontier, full

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Chart, points, what moves buy; the suggestion last, where the eye is."""
        points = self.frontier.points
        if len(distinct(self.frontier)) > 1 and not options.ascii_only:
            yield from _chart(points, options.max_width)
            yield ""
        yield points_table(points)
        bought = purchases(self.frontier)
        if bought:
            yield ""
            yield purchase_table(bought, None if self._full else _NAMES)
        yield ""
        yield from _summary(self.frontier)


def limit_of(point: FrontierPoint) -> str:
    return "any" if point.max_moves is None else f"{point.max_moves:,}"


def points_table(points: Sequence[FrontierPoint]) -> RenderableType:
    heads = ["moves", "fewest", "GiB\nmoved", "$/hour", "cost $", "no plan\nbelow $", "gap"]
    left_out = any(any(point.left_out) for point in points)
    if left_out:
        heads.append("left\nout")
    rows = [(limit_of(point), _figures(point, left_out=left_out)) for point in points]
    return figures_table("moves\nat most", heads, rows, "moves at most ")


def _figures(point: FrontierPoint, *, left_out: bool) -> list[str]:
    if point.cost is None or point.price is None or point.moves is None or point.moved_mib is None:
        why = "no plan: proven" if point.status.value == "infeasible" else "none found"
        return [why, *[""] * (6 + left_out)]
    cells = [
        f"{point.moves:,}",
        _fewest(point),
        f"{point.moved_mib / MIB_PER_GIB:,.0f}",
        words.plain_money(point.price),
        words.plain_money(point.cost),
        words.no_plan_below(point.bound, point.cost),
        "proven" if point.status.value == "optimal" else words.gap(point.gap),
    ]
    return [*cells, _left_out(point)] if left_out else cells


def _left_out(point: FrontierPoint) -> str:
    """How many copies, and whether a plan within the limit may leave out fewer."""
    least = point.plan.left_out_bound or {}
    proven = tuple(least[key] for key in sorted(least, key=int, reverse=True)) == point.left_out
    return f"{sum(point.left_out):,}" if proven else f"{sum(point.left_out):,} (open)"


def _fewest(point: FrontierPoint) -> str:
    """Whether no plan as cheap makes fewer moves, or how many it makes at least; nothing where nothing is proven."""
    if point.least_moves == point.moves:
        return "proven"
    return f"\N{GREATER-THAN OR EQUAL TO} {point.least_moves:,}" if point.least_moves else ""


def purchase_table(bought: Sequence[Purchase], most: int | None) -> RenderableType:
    """What the moves from each point to the next buy."""
    table = PlainTable()
    table.names("moves")
    table.figures("save $/hour", "a move")
    table.add_column("machines", ratio=1, overflow="fold")
    for row in bought:
        table.add_row(
            f"{row.before.moves or 0:,} to {row.after.moves or 0:,}",
            words.plain_money(row.saved),
            "" if row.per_move is None else words.plain_money(row.per_move),
            Text(machines_of(row, most)),
        )
    return Fitting(table, before="moves ")


def machines_of(row: Purchase, most: int | None) -> str:
    """Which machines go, stay after all and come, and copies that are placed."""
    parts = []
    if row.goes:
        parts.append(f"{words.listed(row.goes, most)} {'goes' if len(row.goes) == 1 else 'go'}")
    if row.stays:
        parts.append(f"{words.listed(row.stays, most)} {'stays' if len(row.stays) == 1 else 'stay'}")
    if row.comes:
        opened = [words.times(pool, n) for pool, n in row.comes.items()]
        parts.append(f"new: {', '.join(opened)}")
    if row.placed > 0:
        parts.append(f"{words.count(row.placed, 'copy', 'copies')} more placed")
    return "; ".join(parts) or "the same machines, or as many others"


def _summary(frontier: Frontier) -> Iterator[RenderableType]:
    knee = suggested_knee(frontier)
    if not distinct(frontier):
        reasons = dict.fromkeys(point.plan.reason for point in frontier.points if point.plan.reason)
        yield from (Text(words.shown(reason)) for reason in reasons)
    elif knee is not None:
        yield Text.assemble(
            ("suggested: ", "bold"),
            (words.limit_on_moves(knee.point.max_moves), "bold green"),
            f"; {knee.reason}",
        )
    else:
        yield Text(f"no point is suggested: {_why_none(frontier)}", style="dim")
    ended = {
        "proved": "every point is proven",
        "interrupted": "interrupted: limits that are missing were not asked for",
        "time": "not every point was proven, or every limit asked for, in the time",
    }.get(frontier.stop.value, "done")
    yield Text(f"{words.seconds(frontier.seconds)}; {ended}", style="dim")


def _why_none(frontier: Frontier) -> str:
    *others, last = distinct(frontier)
    if not others and not last.moves:
        return "the best plan that was found moves no copy"
    alike = [point for point in others if point.left_out == last.left_out]
    if others and not alike:
        return "no other leaves out as few copies as the last"
    among = "" if len(alike) == len(others) else "of those that leave out as few copies as the last, "
    return f"{among}more moves save hardly anything, or each at least as much as those before it"


def _chart(points: Sequence[FrontierPoint], width: int) -> Iterator[Text]:
    """Price per hour by limit, each limit as wide as any other; the bound dashed where it is near."""
    shown = [point for point in points if point.price is not None]
    wide = min(_WIDEST, width - _LABEL - 1, _EACH * len(shown))
    each = max(3, wide // len(shown))
    costs = [(float(k), (point.cost or 0) / MICRO) for k, point in enumerate(shown)]
    bounds = [(float(k), point.bound / MICRO) for k, point in enumerate(shown) if point.bound]
    low, high = min(value for _, value in costs), max(value for _, value in costs)
    near = [value for _, value in bounds if value >= low - (high - low)]
    low = min([low, *near])
    if high <= low:
        high, low = high * 1.05 + 1e-6, low * 0.95
    rows = draw((costs, bounds), (low, high), float(len(shown)), (each * len(shown), _ROWS))
    top, bottom = (words.money(round(value * MICRO)) for value in (high, low))
    yield from chart_lines(rows, top, bottom, _LABEL, _LOOKS)
    axis = Text(" " * (_LABEL + 1), style="dim", no_wrap=True)
    for point in shown:
        axis.append(f"{limit_of(point):<{each}}"[:each])
    yield axis
    yield Text.assemble(
        " " * (_LABEL + 1), ("cost", _LOOKS[0]), "  ", ("no plan below", _LOOKS[1]), "  by moves at most", style="dim"
    )


def frontier_picture(frontier: Frontier, theme: str = "light") -> str:
    """SVG, 960 by 480 pixels; limits stand equally far apart, as what counts is at few moves.

    Raises UsageError: no point has a plan, or there is no such theme.
    """
    knee = suggested_knee(frontier)
    steps = []
    for point in frontier.points:
        if point.cost is not None:
            here = knee is not None and point is knee.point
            told = f"suggested: {words.count(point.moves or 0, 'move')}" if here else ""
            steps.append(CostStep(limit_of(point), point.cost, point.bound, told))
    title = "; ".join(["By moves at most", *_without_plan(frontier)])
    return cost_picture(frontier.problem.name, "cost by the moves that are allowed", title, steps, theme)


def _without_plan(frontier: Frontier) -> Iterator[str]:
    none = [point for point in frontier.points if point.cost is None]
    for infeasible, why in ((True, "no plan, proven"), (False, "no plan found")):
        limits = [limit_of(point) for point in none if (point.status is Status.INFEASIBLE) is infeasible]
        if limits:
            yield f"moves at most {', '.join(limits)}: {why}"
