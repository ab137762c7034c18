"""What lets a wish in, on the screen: who is evicted, what moves where, in which order; or why nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from placement.replanning.wish import priority_of
from placement.report import words
from placement.report.changes import changes
from placement.report.tables import ROWS, change_table
from placement.report.transition.table import TransitionTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from placement.replanning.room import RoomFound

_NEAR = 3  # machines whose shortfall is told


class RoomReport:
    """The answer to a wish; rendered with ``console.print(RoomReport(found))``."""

    def __init__(self, found: RoomFound, *, full: bool = False) -> None:
        """`full`: every row, and every machine's shortfall."""
        self.found, self._full = found, full

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The answer in a sentence, the changes, the order."""
        found = self.found
        yield self._asked()
        if found.plan is None:
            yield from self._none()
            return
        yield self._answer()
        yield from self._evicted()
        changed = changes(found.wish.problem, found.plan)
        if changed.copies:
            yield ""
            yield change_table(changed, None if self._full else ROWS)
        yield ""
        yield from self._order()

    def _asked(self) -> Text:
        wish = self.found.wish
        more = words.count(wish.copies, "copy", "copies")
        return Text.assemble(("wish: ", "bold"), f"{more} more of {words.shown(wish.component)}, {wish.runs} run")

    def _answer(self) -> Text:
        found = self.found
        evicted = sum(found.evictions.values())
        parts = [words.count(evicted, "eviction"), words.count(found.moves or 0, "move")]
        opened = [words.times(pool, n) for pool, n in found.opened.items()]
        if opened:
            parts.append(f"new machines: {', '.join(opened)}")
        if found.status.value == "optimal":
            proof = "fewer are not enough: proven"
        else:
            proof = f"not proven: at least {words.count(found.least_moves or 0, 'move')}"
        return Text.assemble(("room: ", "bold"), (", ".join(parts), "bold green"), f"; {proof}")

    def _evicted(self) -> Iterator[Text]:
        found = self.found
        own = priority_of(found.wish.problem, found.wish.component)
        for name, n in found.evictions.items():
            below = f"priority {priority_of(found.wish.problem, name)}, below {own}"
            gone = f"  {words.count(n, 'copy', 'copies')} of {words.shown(name)} evicted ({below})"
            yield Text(gone, style="yellow")
        for name, n in found.wish.surplus.items():
            yield Text(f"  {words.count(n, 'copy', 'copies')} of {words.shown(name)} not wanted any more", style="dim")

    def _order(self) -> Iterator[RenderableType]:
        order = self.found.transition
        if order is not None:
            yield TransitionTable(order, full=self._full)

    def _none(self) -> Iterator[Text]:
        found = self.found
        proven = found.status.value == "infeasible"
        head = "no room: proven" if proven else "not decided"
        yield Text.assemble((head, "bold red"), f"; {words.shown(found.reason)}" if found.reason else "")
        near = [row for row in found.near if row.lacks]
        for row in near if self._full else near[:_NEAR]:
            beside = f" beside {words.listed(row.beside, 4)}" if row.beside else ""
            yield Text(f"  {words.shown(row.instance)}{beside}: {'; '.join(map(words.shown, row.lacks))}")
        if near and not self._full and len(near) > _NEAR:
            yield Text(f"  and {words.count(len(near) - _NEAR, 'more machine')}; --full lists each", style="dim")
        if not found.near:
            yield Text("  no machine that runs may take it: see its options, its zones, and cordons", style="dim")
