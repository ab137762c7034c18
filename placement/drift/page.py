"""A difference as one page: figures before and after, by component, by machine, and the copies that move."""

from collections.abc import Iterable, Iterator, Mapping

from placement.drift.document import (
    ComparedSide,
    ComponentChange,
    CopiesChange,
    CopiesThere,
    MachineChange,
    PlanDifference,
    PoolChange,
)
from placement.report import words
from placement.report.changes import MoveEnd
from placement.report.outline import Column, Grid, Line, Name, Outline, OutlineSection, figures, joined, table_section
from placement.units import micro_dollars

_ROWS = 20  # of one table, unless all are asked for
_ITEMS = 8  # of one cell


def diff_page(found: PlanDifference, names: tuple[str, str] | None = None, *, full: bool = False) -> Outline:
    """What to print.

    `names`: what the two sides are called, such as the files; else `what runs`, `the first plan` and so on.
    `full`: every row of what is otherwise cut.
    """
    before, after = names if names is not None else (found.before.what, found.after.what)
    title: Line = ("Diff of ", Name(found.problem)) if found.problem else ("Diff",)
    told = OutlineSection("How this was compared", tuple(_scope(found)))
    if found.same:
        figures = _figures(found.after)
        lead: Line = (*_called(before), " and ", *_called(after), f" are the same: {figures}")
        return Outline(title, (lead, *_broken(found, before, after)), (told,))
    lead = (
        *_called(before),
        " and ",
        *_called(after),
        f" differ in {_places(found)} and {words.count(len(found.components), 'component')}: {_money(found)}",
    )
    sections = [
        _sides(found),
        *_components(found, full=full),
        *_machines(found, full=full),
        *_pools(found, full=full),
        *_changes(found, full=full),
        told,
    ]
    return Outline(title, (lead, *_broken(found, before, after)), tuple(sections), bad=True)


def _places(found: PlanDifference) -> str:
    if found.by_pool:
        return words.count(len(found.pools), "pool")
    return words.count(len(found.machines), "machine")


def _called(name: str) -> Line:
    return (name,) if name.startswith(("what ", "the ")) else (Name(name),)


def _figures(side: ComparedSide) -> str:
    return (
        f"{words.count(side.copies, 'copy', 'copies')} on {words.count(side.machines, 'machine')} for "
        f"{words.money(micro_dollars(side.price_per_hour))} an hour"
    )


def _money(found: PlanDifference) -> str:
    before, after = (micro_dollars(side.price_per_hour) for side in (found.before, found.after))
    if before == after:
        return f"the price stays {words.money(after)} an hour"
    share = f" ({words.percent(abs(after - before), before)})" if before else ""
    more = f"{words.money(abs(after - before))} {'more' if after > before else 'less'}{share}"
    return f"{words.money(before)} an hour becomes {words.money(after)}, {more}"


def _broken(found: PlanDifference, before: str, after: str) -> Iterator[Line]:
    for name, side in ((before, found.before), (after, found.after)):
        if side.broken:
            command = "placement audit" if side.what == "what runs" else "placement verify"
            yield (*_called(name), f" breaks {words.count(side.broken, 'rule')}; {command} lists them")


def _sides(found: PlanDifference) -> OutlineSection:
    old, new = found.before, found.after
    money = [words.money(micro_dollars(side.price_per_hour)) for side in (old, new)]
    more = micro_dollars(new.price_per_hour) - micro_dollars(old.price_per_hour)
    change = f"{'+' if more > 0 else ''}{words.money(more)}" if more else ""
    rows: list[tuple[Line, ...]] = [
        (("price an hour",), (money[0],), (money[1],), (change,)),
        (("machines",), *_counted(old.machines, new.machines)),
        (("copies",), *_counted(old.copies, new.copies)),
    ]
    columns = (Column(""), *figures("before", "after", "change"))
    where = "to another pool or another option" if found.by_pool else "from one to the other"
    remark: Line = (f"{words.count(found.moves, 'copy moves', 'copies move')} {where}",)
    return OutlineSection("Before and after", (), Grid(columns, tuple(rows)), (remark,))


def _counted(before: int, after: int) -> tuple[Line, Line, Line]:
    return (f"{before:,}",), (f"{after:,}",), (f"{after - before:+,}" if after != before else "",)


def _components(found: PlanDifference, *, full: bool) -> Iterator[OutlineSection]:
    elsewhere: Line = ("other pools" if found.by_pool else "other machines",)

    def cells(row: ComponentChange) -> tuple[Line, ...]:
        counts = ((f"{count:,}",) for count in (row.before, row.after, row.moves))
        return (Name(row.component),), *counts, _what(row, full=full) or elsewhere

    columns = (Column("component"), *figures("before", "after", "moves"), Column("what changes"))
    return table_section("By component", columns, found.components, cells, None if full else _ROWS)


def _what(row: ComponentChange, *, full: bool) -> Line:
    parts: list[Line] = []
    if row.after != row.before:
        more = row.after - row.before
        verb = "starts" if more == 1 else "start" if more > 0 else "stops" if more == -1 else "stop"
        parts.append((f"{words.count(abs(more), 'copy', 'copies')} {verb}",))
    for what, old, new in (
        ("options ", row.options_before, row.options_after),
        ("types ", row.types_before, row.types_after),
    ):
        if old != new and (len(old) > 1 or len(new) > 1 or _other(old, new)):
            parts.append((what, *_from_to(old, new, full=full)))
    if row.zones_before != row.zones_after:
        parts.append(("zones ", *_from_to(row.zones_before, row.zones_after, full=full)))
    return joined(parts, None, "; ")


def _other(before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    return set(before) != set(after) and bool(before and after)


def _from_to(before: Mapping[str, int], after: Mapping[str, int], *, full: bool) -> Line:
    """Each name that differs: 1 becomes 2."""
    keys = [key for key in dict.fromkeys((*before, *after)) if before.get(key, 0) != after.get(key, 0)]
    items = ((Name(key), f" {before.get(key, 0):,} to {after.get(key, 0):,}") for key in keys)
    return joined(items, None if full else _ITEMS)


def _machines(found: PlanDifference, *, full: bool) -> Iterator[OutlineSection]:
    def cells(row: MachineChange) -> tuple[Line, ...]:
        zone: Line = (Name(row.zone),) if row.zone else ("",)
        return _machine(row), (Name(row.instance_type or row.pool),), zone, (_price(row),), _holds(row, full=full)

    columns = (Column("machine"), Column("type"), Column("zone"), *figures("$/hour"), Column("what changes"))
    return table_section("By machine", columns, found.machines, cells, None if full else _ROWS)


def _pools(found: PlanDifference, *, full: bool) -> Iterator[OutlineSection]:
    def cells(row: PoolChange) -> tuple[Line, ...]:
        counts = ((f"{count:,}",) for count in (row.machines_before, row.machines_after))
        changes = joined(filter(None, (_machines_more(row), _more_and_less(row, full=full))), None, "; ")
        return (Name(row.pool),), (Name(row.instance_type or row.pool),), *counts, changes

    columns = (Column("pool"), Column("type"), *figures("machines before", "after"), Column("what changes"))
    return table_section("By pool", columns, found.pools, cells, None if full else _ROWS)


def _machines_more(row: PoolChange) -> Line:
    more = row.machines_after - row.machines_before
    if not more:
        return ()
    verb = ("comes" if more > 0 else "goes") if abs(more) == 1 else "come" if more > 0 else "go"
    return (f"{words.count(abs(more), 'machine')} {verb}",)


def _machine(row: MachineChange) -> Line:
    if row.before is None:
        return (Name(row.after or ""),)
    if row.after is None or row.after == row.before:
        return (Name(row.before),)
    return (Name(row.before), ", then called ", Name(row.after))


def _price(row: MachineChange) -> str:
    if row.price_per_hour is None or (row.before is not None and row.after is not None):
        return ""
    price = words.plain_money(micro_dollars(row.price_per_hour))
    return f"+{price}" if row.before is None else f"-{price}"


def _holds(row: MachineChange, *, full: bool) -> Line:
    most = None if full else _ITEMS
    parts: list[Line] = []
    if row.before is None:
        parts.append(("comes, with ", *_copies(row.comes, most)) if row.comes else ("comes, empty",))
    elif row.after is None:
        parts.append(("goes, held ", *_copies(row.goes, most)) if row.goes else ("goes, was empty",))
    else:
        parts.append(_more_and_less(row, full=full))
        if row.rearranged:
            parts.append(("on other accelerators ", *_copies(row.rearranged, most)))
    return joined(filter(None, parts), None, "; ")


def _more_and_less(row: MachineChange | PoolChange, *, full: bool) -> Line:
    most = None if full else _ITEMS
    less: Line = ("less ", *_copies(row.goes, most)) if row.goes else ()
    more: Line = ("more ", *_copies(row.comes, most)) if row.comes else ()
    return joined(filter(None, (less, more)), None, "; ")


def _copies(rows: Iterable[CopiesThere], most: int | None) -> Line:
    items = ((Name(row.component), "" if row.copies == 1 else f" x{row.copies}") for row in rows)
    return joined(items, most)


def _changes(found: PlanDifference, *, full: bool) -> Iterator[OutlineSection]:
    def cells(row: CopiesChange) -> tuple[Line, ...]:
        source, target = row.ends
        ends = _end(source, row.source_type, row.source_zone), _end(target, row.target_type, row.target_zone)
        return (Name(row.component),), (f"{row.copies:,}",), *ends

    columns = (Column("component"), *figures("copies"), Column("from"), Column("to"))
    return table_section("Copies that move, stop and start", columns, found.changes, cells, None if full else _ROWS)


def _end(end: MoveEnd, kind: str | None, zone: str | None) -> Line:
    """A machine with its instance type and zone, as far as they are known; or the word in its place."""
    if not end.is_machine:
        return (end.text,)
    known = joined([(Name(name),) for name in (kind, zone) if name], None)
    return (Name(end.text), " (", *known, ")") if known else (Name(end.text),)


def _scope(found: PlanDifference) -> Iterator[Line]:
    yield ("the order of rows does not count",)
    if found.by_pool:
        yield ("machines and copies of each pool are counted; on which of its machines a copy is does not count",)
    elif found.alike:
        yield (
            "machines of one pool are alike whatever they are called, and so are their accelerators; those that drain, "
            "are cordoned, can't be removed or have pinned copies are known by their names",
        )
    else:
        yield (
            "machines that run are known by their names and their accelerators by their numbers; other machines of one "
            "pool are alike, whatever a plan calls them",
        )
