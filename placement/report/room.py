"""What lets a wish in, on the screen and as a checklist: who is evicted, what moves, in which order; or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from placement.markdown import escaped
from placement.replanning.room_document import NEAR
from placement.replanning.wish import priority_of
from placement.report import words
from placement.report.changes import changes
from placement.report.tables import ROWS, change_table
from placement.report.transition.checklist import checklist_lines
from placement.report.transition.sentences import summary
from placement.report.transition.table import transition_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.replanning.room import RoomFound
    from placement.replanning.shortfall import Shortfall

_NEAR = 3  # machines whose shortfall is told
_NO_ORDER = "Ctrl-C came before an order of the steps was found"


def room_report(found: RoomFound, *, full: bool = False) -> RenderableType:
    """The answer in a sentence, the changes, the order; `full`: every row, and every machine's shortfall."""
    head, told = _asked(found)
    asked = Text.assemble((head, "bold"), told)
    if found.plan is None:
        return Group(asked, *_none(found, None if full else _NEAR))
    head, told, proof = _answer(found)
    parts: list[RenderableType] = [
        asked,
        Text.assemble((head, "bold"), (told, "bold green"), proof),
        *(Text(f"  {line}", style="yellow") for line in _evicted(found)),
        *(Text(f"  {line}", style="dim") for line in _not_wanted(found)),
    ]
    changed = changes(found.wish.problem, found.plan)
    if changed.copies:
        parts += ["", change_table(changed, None if full else ROWS)]
    parts.append("")
    if found.transition is not None:
        parts.append(transition_table(found.transition, full=full))
    else:
        parts.append(Text(_NO_ORDER, style="dim"))
    return Group(*parts)


def _none(found: RoomFound, most: int | None) -> Iterator[Text]:
    """That nothing lets the wish in, and what is missing."""
    head, told = _no_room(found)
    yield Text.assemble((head, "bold red"), told)
    for line in _lacking(found, most):
        yield Text(f"  {line}")
    left = _left(found, most)
    if left:
        yield Text(f"  and {words.count(left, 'more machine')}; --full lists each", style="dim")


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
    yield "".join(_asked(found))
    if found.plan is None:
        yield "".join(_no_room(found))
        yield from _lacking(found, NEAR)
        left = _left(found, NEAR)
        if left:
            yield f"and {words.count(left, 'more machine')}"
        return
    yield "".join(_answer(found))
    yield from _evicted(found)
    yield from _not_wanted(found)


def _asked(found: RoomFound) -> tuple[str, str]:
    wish = found.wish
    more = words.count(wish.copies, "copy", "copies")
    return "wish: ", f"{more} more of {words.shown(wish.component)}, {wish.runs} run"


def _answer(found: RoomFound) -> tuple[str, str, str]:
    evicted = sum(found.evictions.values())
    parts = [words.count(evicted, "eviction"), words.count(found.moves or 0, "move")]
    opened = [words.times(pool, n) for pool, n in found.opened.items()]
    if opened:
        parts.append(f"new machines: {', '.join(opened)}")
    if found.status.value == "optimal":
        proof = "fewer are not enough: proven"
    else:
        proof = f"not proven: at least {words.count(found.least_moves or 0, 'move')}"
    return "room: ", ", ".join(parts), f"; {proof}"


def _evicted(found: RoomFound) -> Iterator[str]:
    own = priority_of(found.wish.problem, found.wish.component)
    for name, n in found.evictions.items():
        below = f"priority {priority_of(found.wish.problem, name)}, below {own}"
        yield f"{words.count(n, 'copy', 'copies')} of {words.shown(name)} evicted ({below})"


def _not_wanted(found: RoomFound) -> Iterator[str]:
    for name, n in found.wish.surplus.items():
        yield f"{words.count(n, 'copy', 'copies')} of {words.shown(name)} not wanted any more"


def _no_room(found: RoomFound) -> tuple[str, str]:
    head = "no room: proven" if found.status.value == "infeasible" else "not decided"
    return head, f"; {words.shown(found.reason)}" if found.reason else ""


def _lacking(found: RoomFound, most: int | None) -> Iterator[str]:
    """What one copy lacks on the nearest machines, so many of them."""
    for row in _with_lack(found)[:most]:
        beside = f" beside {words.listed(row.beside, 4)}" if row.beside else ""
        yield f"{words.shown(row.instance)}{beside}: {'; '.join(map(words.shown, row.lacks))}"
    if not found.near:
        yield "no machine that runs may take it: see its options, its zones, and cordons"


def _left(found: RoomFound, most: int | None) -> int:
    return 0 if most is None else max(0, len(_with_lack(found)) - most)


def _with_lack(found: RoomFound) -> list[Shortfall]:
    return [row for row in found.near if row.lacks]
