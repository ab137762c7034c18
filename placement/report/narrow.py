"""Tables where they fit, blocks of lines where they don't, and lists that break between their items."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_ANY_WIDTH = 100_000
_LOOKS = {"proven": "green", "no plan: proven": "yellow", "no plan found": "yellow", "none found": "yellow"}


class PlainTable(Table):
    """A table with a line below its heads and none around it; `tight`: cells with nothing before them."""

    def __init__(self, *, tight: bool = True, collapse_padding: bool = False) -> None:
        """Without columns: add those of `words` and of `figures` in their order."""
        padding = (0, 1, 0, 0) if tight else (0, 1)
        super().__init__(
            box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=padding, collapse_padding=collapse_padding
        )

    def words(self, *heads: str) -> None:
        """Columns of text that wraps."""
        for head in heads:
            self.add_column(head, overflow="fold")

    def names(self, *heads: str) -> None:
        """Columns of text that does not wrap."""
        for head in heads:
            self.add_column(head, no_wrap=True)

    def figures(self, *heads: str) -> None:
        """Columns of figures, which stand at the right and do not wrap."""
        for head in heads:
            self.add_column(head, justify="right", no_wrap=True)


def labelled_lines(lines: Iterable[tuple[str, RenderableType]]) -> Table:
    """Two columns: a label, and what is said of it."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, told in lines:
        grid.add_row(label, told)
    return grid


class Fitting:
    """A table on a console where no word of it has to be broken; on a narrower one its rows as blocks of lines.

    `otherwise` gives what stands in place of the usual blocks; `before` is put before the first cell in those, which
    have no head for it.
    """

    def __init__(
        self, table: Table, otherwise: Callable[[], RenderableType] | None = None, *, before: str = ""
    ) -> None:
        """Keep both; which one is shown is decided when the width is known."""
        self.table, self.otherwise = table, otherwise or (lambda: _blocks(table, before))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Measure, and choose. Each column keeps its longest word, one that does not wrap its longest cell.

        Rich would take width from the widest column first, and where that one needs it, let the table be too wide.
        """
        free = options.update_width(_ANY_WIDTH)
        columns, most = self.table.columns, []
        for column in columns:
            column.width = None  # as it was before an earlier, narrower console
            widths = [Measurement.get(console, free, cell) for cell in (column.header, *column.cells)]
            most.append(max(width.maximum for width in widths))
            column.min_width = max(width.maximum if column.no_wrap else width.minimum for width in widths)
        least = Measurement.get(console, free, self.table).minimum
        if least > options.max_width:
            yield self.otherwise()
            return
        kept = [column.min_width or 0 for column in columns]
        room = options.max_width - least + sum(kept)
        if sum(most) > room:
            for column, width in zip(columns, _narrowed(most, kept, room), strict=True):
                column.width = width
        yield self.table


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths that fit into the room: the widest column gives first, and none goes below what it needs at least."""
    found = [max(low, min(width, room)) for width, low in zip(widths, least, strict=True)]
    for _ in range(sum(found) - room):
        _, widest = max((width, k) for k, width in enumerate(found) if width > least[k])
        found[widest] -= 1
    return found


def _blocks(table: Table, before: str) -> RenderableType:
    """A block for each row: its first cell, then the others, each behind the head of its column; a list on its own."""
    heads = [f"{column.header} ".replace("\n", " ") for column in table.columns]
    found: list[RenderableType] = []
    for name, *cells in zip(*(column.cells for column in table.columns), strict=True):
        lines: list[list[Text]] = [[]]
        for head, cell in zip(heads[1:], cells, strict=True):
            first, *more = (cell.items or [Text()]) if isinstance(cell, Flow) else [cell]
            if str(first):
                told = Text.assemble((head, "dim"), first)
                lines += [[told, *more]] if isinstance(cell, Flow) else []
                lines[0] += [] if isinstance(cell, Flow) else [told]
        found.append(Text.assemble(before, name, style="bold", overflow="fold"))
        found += [Padding(Flow(line), (0, 0, 0, 2)) for line in lines if line]
    return Group(*found)


def figures_table(
    first: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], before: str = ""
) -> RenderableType:
    """Names and right-aligned figures; words of proofs have their colours. `before` as in `Fitting`."""
    table = PlainTable()
    table.words(first)
    table.figures(*heads)
    for name, cells in rows:
        table.add_row(Text(name), *(Text(cell, style=_LOOKS.get(cell, "")) for cell in cells))
    return Fitting(table, before=before)


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
