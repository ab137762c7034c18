"""What a person sees while a solve runs: a line redrawn a few times a second, a chart above it, or a log of events."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from placement.cli.streams import console
from placement.report import words
from placement.report.curve import chart_lines, draw, value_range
from placement.solving.result import Event, Status, relative_gap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

    from placement.replanning import FrontierPoint
    from placement.solving.incumbent import Listener

_PER_SECOND = 8
_ROWS, _WIDEST, _LABEL = 8, 100, 12  # of the chart: lines, columns, and those of its labels
_LOOKS = ("bold blue", "green")
_HINT = "  Ctrl-C ends with the best so far"


class Watch:
    """The latest event of a solve, and how long it has run; drawn afresh each time it is rendered.

    With `chart`, cost and bound over time stand above the line.
    """

    def __init__(self, *, chart: bool = False) -> None:
        self._started = time.monotonic()
        self._latest: Event | None = None
        self._found_by = ""
        self._spinner = Spinner("dots")
        self._chart = chart
        self._doing = ""
        self._costs: list[tuple[float, float]] = []
        self._bounds: list[tuple[float, float]] = []

    def begin(self, doing: str) -> None:
        """Another solve begins: what is asked of it stands before what it has found."""
        self._doing, self._latest, self._found_by = doing, None, ""

    def hear(self, event: Event) -> None:
        """Take an event; called from the solving thread, so it only sets references and appends."""
        if self._latest is None or event.cost != self._latest.cost:
            self._found_by = event.by if event.cost is not None else ""
        self._latest = event
        if event.cost is not None:
            self._costs.append((event.seconds, event.cost))
        if event.bound:
            self._bounds.append((event.seconds, event.bound))

    def line(self, width: int) -> Text:
        """The state in one line, with a hint when there is room for it."""
        text = Text(words.seconds(time.monotonic() - self._started), no_wrap=True, overflow="ellipsis")
        text.append(f"  {self._doing}" if self._doing else "")
        event = self._latest
        if event is None or event.cost is None:
            text.append("  looking for a first plan")
        else:
            left_out = words.left_out_briefly(event.levels)
            text.append(f"  {left_out}" if left_out else "", style="yellow")
            text.append("  cost ")
            text.append(words.money(event.cost), style="bold")
            text.append(f" by {self._found_by}", style="dim")
        if event is not None and event.bound:
            text.append(f"  bound {words.least(event.bound)}")
            gap = relative_gap(event.cost, event.bound)
            if gap is not None:
                text.append(f"  gap {words.gap(gap)}", style="cyan")
        if text.cell_len + len(_HINT) <= width:
            text.append(_HINT, style="dim")
        return text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        costs, bounds = list(self._costs), list(self._bounds)
        if self._chart and costs and not options.ascii_only and options.max_width > 2 * _LABEL:
            yield from self._curves(costs, bounds, min(_WIDEST, options.max_width - _LABEL - 1))
        grid = Table.grid(padding=(0, 1))
        grid.add_row(self._spinner, self.line(options.max_width - 2))
        yield grid

    def _curves(self, costs: list[tuple[float, float]], bounds: list[tuple[float, float]], wide: int) -> Iterator[Text]:
        """The chart, its highest and lowest value and its times beside it."""
        seconds = max(time.monotonic() - self._started, costs[-1][0], 0.01)
        low, high = value_range(costs, bounds)
        rows = draw((costs, bounds), (low, high), seconds, (wide, _ROWS))
        yield from chart_lines(rows, words.money(round(high)), words.money(round(low)), _LABEL, _LOOKS)
        end = words.seconds(seconds)
        text = Text(f"{'':{_LABEL}} 0 s", style="dim", no_wrap=True)
        text.append(f"{end:>{max(0, wide - 3)}}")
        yield text
        yield Text.assemble(" " * (_LABEL + 1), ("cost", _LOOKS[0]), "  ", ("bound", _LOOKS[1]), style="dim")


def logged(event: Event) -> None:
    """One event as one line on stderr."""
    cost = "-" if event.cost is None else words.money(event.cost)
    bound = "-" if event.bound is None else words.least(event.bound)
    gap = words.gap(relative_gap(event.cost, event.bound))
    copies = words.left_out_briefly(event.levels)
    _log(
        f"{event.seconds:9.2f} s  {copies}{'  ' if copies else ''}cost {cost}  bound {bound}  gap {gap}  by {event.by}"
    )


def _log(line: str) -> None:
    with suppress(OSError):  # a terminal that has gone away ends no search
        print(line, file=sys.stderr, flush=True)


class PointFollower(NamedTuple):
    """A watcher of the points of a frontier, made of what it does with each event, limit and point."""

    hear: Listener
    begins: Callable[[int | None], None]
    ends: Callable[[FrontierPoint], None]


def _point(point: FrontierPoint) -> str:
    asked = words.limit_on_moves(point.max_moves)
    if point.cost is None:
        return f"{asked}: {'no plan, proven' if point.status is Status.INFEASIBLE else 'no plan found'}"
    bound = "none" if point.bound is None else words.least(point.bound)
    gap = "proven" if point.status is Status.OPTIMAL else f"gap {words.gap(point.gap)}"
    copies = f"left out {sum(point.left_out):,}  " if point.left_out else ""
    return f"{asked}: {copies}cost {words.money(point.cost)}  bound {bound}  {gap}"


@contextmanager
def _drawn(watch: Watch) -> Iterator[Live]:
    live = Live(watch, console=console(sys.stderr), refresh_per_second=_PER_SECOND, transient=True)
    live.start(refresh=True)  # what is being done is said at once
    try:
        yield live
    finally:
        with suppress(OSError):  # the terminal may have gone away, and what was found must not go with it
            live.stop()


@contextmanager
def live_line(*, chart: bool) -> Iterator[Listener]:
    """The state of a search, redrawn while it runs."""
    watch = Watch(chart=chart)
    with _drawn(watch):
        yield watch.hear


@contextmanager
def _live_points() -> Iterator[PointFollower]:
    """The live line of the point that is looked for, below a line for each that is done."""
    watch = Watch()
    with _drawn(watch) as live:

        def done(point: FrontierPoint) -> None:
            with suppress(OSError):
                live.console.print(Text(_point(point)), soft_wrap=True)

        yield PointFollower(watch.hear, lambda most: watch.begin(words.limit_on_moves(most)), done)


def following_points(*, live: bool, verbose: bool) -> AbstractContextManager[PointFollower | None]:
    """Who follows the points of a frontier, and the solve of each: a log, a live line, or nobody."""
    if verbose:
        log = PointFollower(
            logged, lambda most: _log(f"{words.limit_on_moves(most)}:"), lambda point: _log(_point(point))
        )
        return nullcontext(log)
    return _live_points() if live else nullcontext()
