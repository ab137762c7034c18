"""What lets a wish in, on the screen and as a checklist: who is evicted, what moves, in which order; or why not."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from placement.markdown import escaped
from placement.replanning.room import RoomFound
from placement.replanning.room_document import NEAR
from placement.replanning.wish import priority_of
from placement.report import words
from placement.report.changes import changes
from placement.report.tables import ROWS, change_table
from placement.report.transition.sentences import summary
from placement.report.transition.table import checklist_lines, transition_table

_NEAR = 3  # machines whose shortfall is told
_NO_ORDER = "Ctrl-C came before an order of the steps was found"


def room_report(found: RoomFound, *, full: bool = False) -> RenderableType:
    """The answer in a sentence, the changes, the order; `full`: every row, and every machine's shortfall."""
    wish, answer, *more = _told(found, None if full else _NEAR, "; --full lists each")
    parts: list[RenderableType] = [wish, answer, *(Padding(line, (0, 0, 0, 2)) for line in more)]
    if found.plan is None:
        return Group(*parts)
    changed = changes(found.wish.problem, found.plan)
    if changed.copies:
        parts += ["", change_table(changed, None if full else ROWS)]
    last = Text(_NO_ORDER, style="dim") if found.transition is None else transition_table(found.transition, full=full)
    return Group(*parts, "", last)


def room_checklist(found: RoomFound) -> str:
    """The answer and who stops for it, then a box to tick for each step; names are escaped or code."""
    lines = [f"# Room for {words.count(found.wish.copies, 'copy', 'copies')} of {escaped(found.wish.component)}", ""]
    told = [*room_lines(found), *(() if found.transition is None else summary(found.transition))]
    lines += [f"- {escaped(line)}" for line in told]
    if found.transition is not None:
        lines += checklist_lines(found.transition)
    elif found.plan is not None:
        lines.append(f"- {_NO_ORDER}")
    return "\n".join(lines) + "\n"


def room_lines(found: RoomFound) -> Iterator[str]:
    """What is no step of the order: the wish, the answer, who stops for good; or why nothing lets the wish in."""
    return (line.plain for line in _told(found, NEAR, ""))


def _told(found: RoomFound, most: int | None, way_out: str) -> Iterator[Text]:
    """The wish, the answer and what follows of it, a line each; of the nearest machines `most`."""
    wish = found.wish
    more = words.count(wish.copies, "copy", "copies")
    yield Text.assemble(("wish: ", "bold"), f"{more} more of {words.shown(wish.component)}, {wish.runs} run")
    if found.plan is None:
        head = "no room: proven" if found.status.value == "infeasible" else "not decided"
        yield Text.assemble((head, "bold red"), f"; {words.shown(found.reason)}" if found.reason else "")
        yield from _lacking(found, most, way_out)
        return
    yield _answer(found)
    own = priority_of(wish.problem, wish.component)
    for name, n in found.evictions.items():
        below = f"priority {priority_of(wish.problem, name)}, below {own}"
        yield Text(f"{words.count(n, 'copy', 'copies')} of {words.shown(name)} evicted ({below})", style="yellow")
    for name, n in wish.surplus.items():
        yield Text(f"{words.count(n, 'copy', 'copies')} of {words.shown(name)} not wanted any more", style="dim")


def _answer(found: RoomFound) -> Text:
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


def _lacking(found: RoomFound, most: int | None, way_out: str) -> Iterator[Text]:
    """What one copy lacks on the nearest machines."""
    rows = [row for row in found.near if row.lacks]
    for row in rows[:most]:
        beside = f" beside {words.listed(row.beside, 4)}" if row.beside else ""
        yield Text(f"{words.shown(row.instance)}{beside}: {'; '.join(map(words.shown, row.lacks))}")
    if not found.near:
        yield Text("no machine that runs may take it: see its options, its zones, and cordons")
    if most is not None and len(rows) > most:
        yield Text(f"and {words.count(len(rows) - most, 'more machine')}{way_out}", style="dim")
