"""Items side by side, as many as fit on a line; no item is broken while it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.measure import Measurement
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console, ConsoleOptions, RenderResult

_BETWEEN = ", "


class Flow:
    """A list of items for a table cell. Plain text breaks at every blank, also inside ``chat-8b x3``; this does not."""

    def __init__(self, items: Iterable[str | Text], most: int | None = None) -> None:
        """Keep the items; they are laid out when the width is known. Of more than `most`, the rest is counted."""
        given = list(items)
        if most is not None and len(given) > most:
            given[most:] = [Text(f"{len(given) - most:,} more", style="dim")]
        self.items = [item if isinstance(item, Text) else Text(item) for item in given]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """From the widest item, with its comma, to all on one line."""
        widths = [item.cell_len + len(_BETWEEN.rstrip()) for item in self.items] or [0]
        whole = sum(widths) + len(self.items)
        return Measurement(max(widths), whole).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Full lines; an item wider than the cell is folded."""
        for line in self._lines(options.max_width):
            line.overflow = "fold"
            yield line

    def _lines(self, width: int) -> Iterator[Text]:
        line = Text()
        for k, item in enumerate(self.items):
            last = k == len(self.items) - 1
            if line and line.cell_len + item.cell_len + (0 if last else 1) > width:
                line.rstrip()
                yield line
                line = Text()
            line.append_text(item)
            if not last:
                line.append(_BETWEEN)
        yield line
