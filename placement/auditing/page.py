"""An audit as one page: broken rules, price against the bound, machines that could go, first moves."""

from collections.abc import Iterator

from placement.auditing.document import NOT_LOOKED, Audit, AuditStep, BrokenRule, HeldCopies, MachineToGo
from placement.auditing.examine import saved
from placement.auditing.findings import figure
from placement.report import words
from placement.report.changes import CopiesMoved
from placement.report.outline import Column, Grid, Line, Name, Outline, OutlineSection, figures, joined, table_section
from placement.solving.left_out import left_out_levels, left_out_words
from placement.units import HOURS_PER_MONTH, micro_dollars

_FURTHER = ": `placement transition` orders them all, `placement replan` finds the plan for few"
_ROWS = 12  # of one table, unless all are asked for
_ITEMS = 6  # of one cell


def audit_page(audit: Audit, *, full: bool = False) -> Outline:
    """What to print. `full`: every row of what is otherwise cut."""
    title: Line = ("Audit of ", Name(audit.problem)) if audit.problem else ("Audit",)
    price = OutlineSection("Price", tuple(_price_lines(audit)))
    sections = [*_broken(audit, full=full), price, *_going(audit, full=full), *_moves(audit, full=full)]
    if audit.remarks:
        sections.append(OutlineSection("Taken for granted", tuple((remark,) for remark in audit.remarks)))
    return Outline(title, tuple(_lead(audit)), tuple(sections), bad=not audit.ok)


def _lead(audit: Audit) -> Iterator[Line]:
    broken = len(audit.broken)
    head = "every rule is kept" if audit.ok else f"{words.count(broken, 'rule is', 'rules are')} broken"
    price = micro_dollars(audit.price_per_hour)
    yield (
        f"{head}: {words.count(audit.copies, 'copy', 'copies')} on {words.count(audit.machines, 'machine')} for "
        f"{words.money(price)} an hour, {words.month(price)} a month ({HOURS_PER_MONTH} hours)",
    )


def _broken(audit: Audit, *, full: bool) -> Iterator[OutlineSection]:
    def cells(row: BrokenRule) -> tuple[Line, ...]:
        held = joined((_one(each, row.unit) for each in row.copies), None if full else _ITEMS)
        return _place(row), (row.message,), held, (row.rule,)

    most = None if full else _ROWS
    remarks: list[Line] = []
    if any(not row.accelerators_known for row in audit.broken[:most]):
        remarks.append(
            (
                "* which accelerators the copies have is not known; no way to deal them out keeps the rules, "
                "and this one leaves the most room",
            )
        )
    columns = (Column("where"), Column("what is wrong"), Column("copies there"), Column("rule"))
    return table_section("Broken rules", columns, audit.broken, cells, most, remarks)


def _place(row: BrokenRule) -> Line:
    if row.instance is None:
        return (row.where,) if row.component is None else (Name(row.component),)
    if row.accelerator is None:
        return (Name(row.instance),)
    return (Name(row.instance), f" accelerator {row.accelerator}", "" if row.accelerators_known else " *")


def _one(held: HeldCopies, unit: str | None) -> Line:
    times = "" if held.copies == 1 else f" x{held.copies}"
    takes = "" if held.takes is None or unit is None else f" {figure(held.takes)} {unit.removeprefix('of an ')}"
    each = " each" if times and takes else ""
    return (Name(held.component), f"{times}{takes}{each}")


def _price_lines(audit: Audit) -> Iterator[Line]:
    best = audit.best
    hours = audit.horizon_hours
    over = "over one hour" if hours == 1 else f"over {hours:g} hours"
    if best.reason == NOT_LOOKED:
        yield (NOT_LOOKED,)
        return
    if best.price_per_hour is None:
        why = f": {best.reason}" if best.reason else ""
        yield (
            "no plan keeps every rule, which is proven" if best.status == "infeasible" else "no plan found in time",
            why,
        )
        return
    less = saved(audit) or 0
    moves = words.count(best.moves or 0, "move")
    machines = words.count(best.machines or 0, "machine")
    if less > 0:
        share = words.percent(less, micro_dollars(audit.price_per_hour))
        change = f"{words.money(less)} an hour less ({share}), {words.month(less)} a month"
    elif less < 0:
        change = f"{words.money(-less)} an hour more: what {_takes(audit)} takes"
    else:
        change = "the same price"
    if less >= 0 and _more(audit):
        change += f", with {words.count(_more(audit), 'copy', 'copies')} more"
    price = words.money(micro_dollars(best.price_per_hour))
    yield (f"best plan found: {price} an hour on {machines} after {moves}: {change}",)
    if best.lower_bound is None:
        yield ("proven: nothing; give it more time with --time-limit",)
    else:
        by = f", by {best.bound_by}" if best.bound_by else ""
        optimal = best.status == "optimal"  # rounded down, the bound would look as if it were below the cost
        least = "" if optimal else f" than {words.least(micro_dollars(best.lower_bound))}"
        proven = "optimal, " if optimal else ""
        than = " and leaves out no more copies" if best.left_out else " and places all copies" if audit.optional else ""
        yield (f"proven: {proven}no plan that keeps every rule{than} costs less{least} {over}, moves included{by}",)
        if not optimal and best.cost:
            far = words.gap((best.cost - best.lower_bound) / best.cost)
            cost = words.money(micro_dollars(best.cost))
            yield (f"the best plan found costs {cost} {over}, moves included: within {far} of the cheapest",)
    if audit.gap is not None:
        yield (
            "what runs costs the least there is"
            if not audit.gap
            else f"so at most {words.gap(audit.gap)} of what runs can be saved {over}",
        )
    if best.left_out:
        levels = left_out_words(left_out_levels(best.left_out_by_priority, best.left_out_bound))
        copies = words.count(best.left_out, "optional copy", "optional copies")
        yield (f"the best plan leaves out {copies}: {levels}",)
    if _more(audit):
        copies = words.count(_more(audit), "copy that does", "copies that do")
        yield (f"it places {copies} not run now: plans with no more copies than run may cost less",)


def _more(audit: Audit) -> int:
    """Copies that the best plan has and what runs has not."""
    return max(0, audit.left_out - audit.best.left_out)


def _takes(audit: Audit) -> str:
    """What a plan that is dearer than what runs is dearer for."""
    more = f"placing {words.count(_more(audit), 'copy', 'copies')} more" if _more(audit) else ""
    return " and ".join(filter(None, ("" if audit.ok and more else "keeping every rule", more)))


def _going(audit: Audit, *, full: bool) -> Iterator[OutlineSection]:
    def cells(row: MachineToGo) -> tuple[Line, ...]:
        names: list[Line] = [(Name(name),) for name in (row.instance, row.instance_type, row.zone)]
        return *names, (_plain_money(row.price_per_hour),), (_why(row),)

    columns = (Column("machine"), Column("type"), Column("zone"), *figures("$/hour"), Column("why"))
    most = None if full else _ROWS
    return table_section(
        "Machines that could go", columns, audit.machines_that_could_go, cells, most, _opened(audit, full=full)
    )


def _opened(audit: Audit, *, full: bool) -> Iterator[Line]:
    """What the best plan rents anew: without it their prices look as if all were saved."""
    opens = audit.best.opens
    if opens:
        together = words.money(sum(micro_dollars(row.price_per_hour) for row in audit.machines_that_could_go))
        new = words.count(sum(opens.values()), "new machine")
        pools = ((Name(pool), "" if number == 1 else f" x{number}") for pool, number in opens.items())
        told = f"together {together} an hour; the best plan rents {new}: "
        yield (told, *joined(pools, None if full else _ITEMS))


def _why(row: MachineToGo) -> str:
    draining = "draining; " if row.state == "draining" else ""
    if not row.copies:
        return f"{draining}holds nothing"
    stopped = row.copies - row.moves
    parts = [f"{words.count(row.moves, 'copy', 'copies')} to move"] if row.moves else []
    parts += [f"{words.count(stopped, 'copy', 'copies')} to stop"] if stopped else []
    return draining + ", ".join(parts)


def _moves(audit: Audit, *, full: bool) -> Iterator[OutlineSection]:
    if not audit.first_moves and not audit.moves_left:
        return
    rows = tuple(
        ((str(k),), _made(step, full=full), (_plain_money(step.saving_per_hour),), _gains(step, full=full))
        for k, step in enumerate(audit.first_moves, 1)
    )
    columns = (Column("step"), Column("moves"), *figures("saves $/hour"), Column("then"))
    remarks: list[Line] = []
    left = words.count(audit.moves_left, "move")
    if not rows:
        remarks.append((f"no few of the {left} of the best plan help alone{_FURTHER}",))
    elif audit.moves_left:
        remarks.append((f"the best plan has {left} more after these{_FURTHER}",))
    yield OutlineSection("First moves", (), Grid(columns, rows) if rows else None, tuple(remarks))


def _plain_money(dollars: float) -> str:
    return words.plain_money(micro_dollars(dollars))


def _made(step: AuditStep, *, full: bool) -> Line:
    if not step.moves:
        return ("no copy moves",)
    return joined((_move(row) for row in step.moves), None if full else _ITEMS)


def _move(row: CopiesMoved) -> Line:
    what: Line = (Name(row.component), "" if row.copies == 1 else f" x{row.copies}")
    if row.source is None:
        return ("start ", *what, " on ", Name(row.target or ""))
    if row.target is None:
        return ("stop ", *what, " on ", Name(row.source))
    if row.source == row.target:
        return (*what, " to another place on ", Name(row.source))
    return (*what, " from ", Name(row.source), " to ", Name(row.target))


def _gains(step: AuditStep, *, full: bool) -> Line:
    most = None if full else _ITEMS
    parts: list[Line] = []
    if step.starts:
        parts.append(("rent ", *joined(((Name(name),) for name in step.starts), most)))
    if step.gives_back:
        parts.append(("give back ", *joined(((Name(name),) for name in step.gives_back), most)))
    if step.mends:
        parts.append(("mends ", *joined(((rule,) for rule in step.mends), most)))
    return joined(parts, None, "; ")
