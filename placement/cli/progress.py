"""What a person sees while a solve runs: one line, redrawn a few times a second; or a line for each event in a log."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from placement.cli.streams import console
from placement.report import words
from placement.solving.result import relative_gap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from rich.console import Console, ConsoleOptions, RenderResult

    from placement.solving.incumbent import Listener
    from placement.solving.result import Event

_PER_SECOND = 8
_HINT = "  Ctrl-C ends with the best so far"


class Watch:
    """The latest event of a solve, and how long it has run; drawn afresh each time it is rendered."""

    def __init__(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()
        self._latest: Event | None = None
        self._found_by = ""
        self._spinner = Spinner("dots")

    def hear(self, event: Event) -> None:
        """Take an event; called from the solving thread, so it only sets references."""
        if self._latest is None or event.cost != self._latest.cost:
            self._found_by = event.by if event.cost is not None else ""
        self._latest = event

    def line(self, width: int) -> Text:
        """The state in one line, with a hint when there is room for it."""
        text = Text(words.seconds(time.monotonic() - self._started), no_wrap=True, overflow="ellipsis")
        event = self._latest
        if event is None or event.cost is None:
            text.append("  looking for a first plan")
        else:
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
        """Spinner and line side by side."""
        grid = Table.grid(padding=(0, 1))
        grid.add_row(self._spinner, self.line(options.max_width - 2))
        yield grid


def logged(event: Event) -> None:
    """One event as one line on stderr."""
    cost = "-" if event.cost is None else words.money(event.cost)
    bound = "-" if event.bound is None else words.least(event.bound)
    gap = words.gap(relative_gap(event.cost, event.bound))
    line = f"{event.seconds:9.2f} s  cost {cost}  bound {bound}  gap {gap}  by {event.by}"
    with suppress(OSError):  # a terminal that has gone away ends no search
        print(line, file=sys.stderr, flush=True)


@contextmanager
def _live() -> Iterator[Listener]:
    watch = Watch()
    live = Live(watch, console=console(sys.stderr), refresh_per_second=_PER_SECOND, transient=True)
    live.start(refresh=True)  # what is being done is said at once
    try:
        yield watch.hear
    finally:
        with suppress(OSError):  # the terminal may have gone away, and what was found must not go with it
            live.stop()


def following(*, live: bool, verbose: bool) -> AbstractContextManager[Listener | None]:
    """A listener for `solve`: a line for each event, a live line, or none."""
    if verbose:
        return nullcontext(logged)
    return _live() if live else nullcontext()
