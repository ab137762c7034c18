"""The bill: by instance type, zone and component, and as a waterfall from machines of one's own down to the bound."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from placement.report import words
from placement.report.baseline import Baseline
from placement.report.facts import MachineLoad, PlacedCopy, PlanFacts, totals_by
from placement.report.left_out import open_words
from placement.report.map.sketch import colour_class
from placement.report.page import grid
from placement.report.page.charts import Bar, bars
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.view import PlacedView
from placement.units import WHOLE_SHARE, horizon


def bill(view: PlacedView) -> dict[str, Any]:
    return {
        "waterfall": waterfall(view),
        "unit": _unit(view),
        "proof": _proof(view),
        "unknown": _unknown(view),
        "grids": [
            _by(view.facts, "Instance types", "instance type", lambda load: load.type),
            _by(view.facts, "Zones", "zone", lambda load: load.zone),
            _by_component(view.facts, view.baseline),
        ],
    }


def _unit(view: PlacedView) -> str:
    hours = view.problem.objective.horizon_hours
    return "an hour" if hours == 1 else f"over {hours:g} hours"


def _proof(view: PlacedView) -> str:
    scope = view.scope
    if view.plan.status == "optimal":
        return f"This plan is optimal: it is proven that {scope} costs less."
    if view.bound is None:
        return "Nothing is proven about how much a better plan could save."
    open_copies = open_words(view.levels)
    copies = f" It is {open_copies}, and copies come before money." if open_copies else ""
    relaxes = f" The bound does not count: {view.plan.bound_relaxes}." if view.plan.bound_relaxes else ""
    return (
        f"It is proven that {scope} costs less than {words.least(view.bound)}: a better plan could save at most "
        f"{words.money(view.cost - view.bound)}, or {words.gap(view.gap)}.{copies}{words.shown(relaxes)}"
    )


def _unknown(view: PlacedView) -> str:
    """Why there is no comparison with machines of one's own; empty where there is one."""
    if view.baseline.total is not None:
        return ""
    name, why = next(iter(view.baseline.missing.items()))
    known = view.baseline.known.price
    others = f" Those of all that are known would cost {words.money(known)} an hour." if known else ""
    return f"What machines of its own for each component would cost is not known: {words.shown(name)}, {why}.{others}"


_Row = tuple[str, str, int, int, str, str]  # name, figure, from, to, look, note; see `charts.bars`


def waterfall(view: PlacedView) -> list[Bar]:
    """Bars from what machines of one's own would cost, over what is paid, down to what is proven; micro-dollars."""
    hours = horizon(view.problem.objective.horizon_hours)
    rent, paid = round(view.facts.list_price * hours), round(view.verdict.price_per_hour * hours)
    rows = [*_down_to(rent, view), *_sum(rent, paid, view), *_down_to_bound(view)]
    return bars(rows)


def _down_to(rent: int, view: PlacedView) -> Iterator[_Row]:
    """From machines of one's own to the rent of the plan, where the former is known."""
    alone = view.baseline.total
    if alone is None:
        return
    own = round(alone.price * horizon(view.problem.objective.horizon_hours))
    note = f"{words.count(alone.machines, 'machine')}; quotas not counted"
    yield "Each component on machines of its own", words.money(own), 0, own, "alone", note
    if own > rent:
        yield "Saved by sharing", _less(own - rent), rent, own, "saved", f"{words.percent(own - rent, own)} less"
    elif own < rent:
        yield "More than on its own", words.money(rent - own), own, rent, "more", "quotas and rules count"


def _sum(rent: int, paid: int, view: PlacedView) -> Iterator[_Row]:
    """The plan's cost; before it, where it is not the rent alone, what is taken off and added."""
    machines = words.count(view.verdict.instances, "machine")
    if (rent, paid) != (view.cost, view.cost):
        yield "Rent of this plan", words.money(rent), 0, rent, "plan", machines
        machines = ""
    if paid != rent:
        yield "Paid for already", _less(rent - paid), paid, rent, "saved", "commitments"
    if view.cost != paid:
        moves = words.count(view.verdict.moves, "move")
        yield "Moves", words.money(view.cost - paid), paid, view.cost, "more", moves
    yield "This plan", words.money(view.cost), 0, view.cost, "plan", machines


def _down_to_bound(view: PlacedView) -> Iterator[_Row]:
    """What could still be saved, and what is proven."""
    if view.bound is None:
        return
    left = view.cost - view.bound
    note = f"at most {words.gap(view.gap)}" if left else "nothing: proven"
    yield "Could still be saved", _less(left), view.bound, view.cost, "open", note
    by = f"by {words.shown(view.plan.bound_by)}" if view.plan.bound_by else ""
    least = words.least(view.bound) if left else words.money(view.cost)
    yield f"Proven: {view.scope} costs less", least, 0, view.bound, "bound", by


def _less(micro: int) -> str:
    return f"\N{MINUS SIGN}{words.money(micro)}" if micro else words.money(0)


def _by(facts: PlanFacts, caption: str, what: str, key: Callable[[MachineLoad], str]) -> PageTable:
    """Machines, accelerators and price by what `key` says of a machine."""
    groups = totals_by(facts.loads, key)
    rows: list[grid.Row] = [
        (
            grid.name(name),
            grid.number(group.machines),
            grid.number(group.accelerators.room),
            grid.number(group.copies),
            grid.money(group.price),
            grid.percent(group.price, facts.list_price),
        )
        for name, group in sorted(groups.items(), key=lambda row: (-row[1].price, row[0]))
    ]
    heads = (Head(what), *grid.numbers("machines", "accelerators", "copies", "$ an hour", "part"))
    return grid.table(caption, heads, rows, what)


def _by_component(facts: PlanFacts, baseline: Baseline) -> PageTable:
    """Each component's part of the price, beside what machines of its own would cost."""
    parts, empty = split_price(facts)
    rows: list[grid.Row] = []
    for c, (row, alone) in enumerate(zip(facts.components, baseline.rents, strict=True)):
        price = parts.get(row.name, 0)
        rows.append(
            (
                grid.name(row.name, colour_class(c)),
                grid.number(row.placed),
                grid.number(row.machines),
                grid.money(price),
                grid.percent(price, facts.list_price),
                PageCell("n/a", None, "soft") if alone is None else grid.money(alone.price),
            )
        )
    rows.sort(key=lambda row: -(row[3].key or 0))
    if empty:
        name, none, part = PageCell("machines without copies"), PageCell(""), grid.percent(empty, facts.list_price)
        rows.append((name, none, none, grid.money(empty), part, none))
    heads = (Head("component"), *grid.numbers("copies", "on machines", "$ an hour", "part", "$ an hour alone"))
    return grid.table("Components", heads, rows, "component")


def split_price(facts: PlanFacts) -> tuple[dict[str, int], int]:
    """Micro-dollars an hour by component, and what machines without copies cost. They add up to the machines' prices.

    A machine's price is split among its copies by what each takes most of: the largest of its parts of the machine's
    accelerators, vCPUs and host memory. Free room is so paid for by those who stand beside it. O(copies).
    """
    parts: dict[str, Fraction] = defaultdict(Fraction)
    empty = 0
    for load, number in facts.loads.items():
        price = load.price * number
        if not load.standing:
            empty += price
            continue
        weights = [(row.kind.component, _weight(load, row)) for row in load.standing]
        whole = sum((weight for _, weight in weights), Fraction())
        for component, weight in weights:
            parts[component] += price * (weight / whole if whole else Fraction(1, len(weights)))
    return _whole(parts, facts.list_price - empty), empty


def _weight(load: MachineLoad, row: PlacedCopy) -> Fraction:
    """The largest part that a copy takes of anything of its machine."""
    option = row.option
    parts = [
        Fraction(need, room)
        for need, room in ((option.vcpus, load.vcpus.room), (option.host_mib, load.host.room))
        if room
    ]
    if load.devices and option.accelerators:
        room = load.devices[0].memory.room
        of_one = Fraction(1)
        if option.shared:
            of_one = max(Fraction(option.memory_mib, room) if room else Fraction(), Fraction(option.share, WHOLE_SHARE))
        parts.append(of_one * option.accelerators / len(load.devices))
    return max(parts, default=Fraction())


def _whole(parts: dict[str, Fraction], total: int) -> dict[str, int]:
    """Whole micro-dollars that add up: rounded down, and what is then left to those who lost most by it."""
    found = {name: int(part) for name, part in parts.items()}
    lost = sorted(parts, key=lambda name: (found[name] - parts[name], name))
    for name in lost[: total - sum(found.values())]:
        found[name] += 1
    return found
