"""Tables where they fit, and blocks of lines where they don't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.measure import Measurement
from rich.padding import Padding
from rich.text import Text

from placement.report.flow import Flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table

_ANY_WIDTH = 100_000


class Fitting:
    """A table on a console where no word of it has to be broken; on a narrower one what `otherwise` gives."""

    def __init__(self, table: Table, otherwise: Callable[[], RenderableType]) -> None:
        """Keep both; which one is shown is decided when the width is known."""
        self.table, self.otherwise = table, otherwise

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Measure, and choose. Each column keeps its longest word, one that does not wrap its longest cell.

        Rich would take width from the widest column first.
        """
        free = options.update_width(_ANY_WIDTH)
        for column in self.table.columns:
            cells = [column.header, *column.cells]
            widths = [Measurement.get(console, free, cell) for cell in cells]
            column.min_width = max(width.maximum if column.no_wrap else width.minimum for width in widths)
        least = Measurement.get(console, free, self.table).minimum
        yield self.table if least <= options.max_width else self.otherwise()


def block(name: str | Text, *lines: Iterable[str | Text]) -> RenderableType:
    """A name, and below it, indented, lists of facts that wrap between facts."""
    head = name if isinstance(name, Text) else Text(name)
    head.overflow = "fold"
    return Group(head, *(Padding(Flow(line), (0, 0, 0, 2)) for line in lines))
