"""Figures and names as a person reads them. Money comes in micro-dollars, memory in MiB.

Every name of a document that is put on a page goes through `shown`, which escapes what would not be seen.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TypeGuard

from placement import units
from placement.documents import Plan, Problem
from placement.errors import printable
from placement.solving.left_out import LeftOutLevel, open_level
from placement.units import HOURS_PER_MONTH, MIB_PER_GIB, MICRO
from placement.units import count as count
from placement.units import money as money


def shown(name: str) -> str:
    """A name, or a sentence with names in it, with nothing in it that is not seen."""
    return printable(name)


def least(micro: int) -> str:
    """Money that nothing costs less than."""
    return money(micro, down=True)


def no_plan_below(bound: int | None, cost: int) -> str:
    """A column's figure of a bound beside a plan's cost: rounded like the cost where it meets it, else down.

    >>> no_plan_below(115_415_000, 115_415_000), no_plan_below(115_415_000, 116_000_000), no_plan_below(None, 1)
    ('115.42', '115.41', 'none')
    """
    if bound is None:
        return "none"
    return plain_money(cost) if bound >= cost else least(bound).replace("$", "")


def plain_money(micro: int) -> str:
    """Money for a column that is headed by its unit."""
    return money(micro).replace("$", "")


def on_axis(dollars: float) -> str:
    """Money beside an axis: no cents where there are none."""
    return money(round(dollars * MICRO)).removesuffix(".00")


def month(micro_per_hour: int) -> str:
    """Dollars a month for a price per hour; cents only of small sums.

    >>> month(123_290_000), month(1_000), month(0)
    ('$90,002', '$0.73', '$0.00')
    """
    price = micro_per_hour * HOURS_PER_MONTH
    return money(price) if price < 100 * MICRO else f"${price / MICRO:,.0f}"


def percent(part: float, whole: float = 1.0) -> str:
    """A whole percentage; never 0 or 100 unless it is exactly that.

    >>> percent(1, 3), percent(1, 1000), percent(999, 1000), percent(0, 0)
    ('33%', '<1%', '>99%', '0%')
    """
    if not whole or not part:
        return "0%"
    value = 100 * part / whole
    if 0 < value < 1:
        return "<1%"
    return ">99%" if 99 < value < 100 else f"{value:.0f}%"


def gap(value: float | None) -> str:
    """A relative gap; 0 only when it is 0.

    >>> gap(None), gap(0.0), gap(0.00001), gap(0.0134)
    ('no bound', '0%', '<0.01%', '1.34%')
    """
    if value is None:
        return "no bound"
    if value == 0:
        return "0%"
    return "<0.01%" if value < 0.0001 else f"{100 * value:.2f}%"


def gib(mib: int) -> str:
    """Memory in GiB, without digits that say nothing."""
    return f"{mib / MIB_PER_GIB:,.0f}"


def seconds(value: float) -> str:
    """A time span: tenths under ten seconds, minutes from two on.

    >>> seconds(0.04), seconds(12.7), seconds(150)
    ('0.04 s', '12.7 s', '2 min 30 s')
    """
    if value < 1:
        return f"{value:.2f} s"
    return f"{value:.1f} s" if value < 120 else f"{value // 60:.0f} min {value % 60:.0f} s"


def times(name: str, number: int) -> str:
    """A name, and how often when it is more than once."""
    name = shown(name)
    return name if number == 1 else f"{name} x{number}"


def listed(names: Sequence[str], most: int | None) -> str:
    """Names side by side, as `units.listed` has them."""
    return units.listed([shown(name) for name in names], most)


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a figure, where a stranger's plan may have anything."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def common_prefix(names: Iterable[str]) -> str:
    """What the names of zones begin with, all of them; empty when that is little, or there is one zone.

    >>> common_prefix(["us-east-1a", "us-east-1b"]), common_prefix(["a1", "a2"]), common_prefix(["us-east-1a"])
    ('us-east-1', '', '')
    """
    names = sorted(set(names))
    if len(names) < 2:
        return ""
    first, last = names[0], names[-1]
    length = next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length] if 4 <= length < min(len(name) for name in names) else ""


def no_plan(problem: Problem, plan: Plan, *, left_out: bool) -> str:
    """How a sentence begins that says what no plan costs less than: optional copies come before money.

    `plan`: has the bound, which may be on plans within limits on moves alone.
    `left_out`: whether it leaves out any copies; the bound is then on plans that leave out no more.
    """
    scope = f"no plan{within(plan)}"
    if left_out:
        return f"{scope} that leaves out no more copies"
    return f"{scope} that places all copies" if has_optional(problem) else scope


def within(plan: Plan) -> str:
    """The limits on moves by which a plan was made, as its document has them (`placement replan`)."""
    told = (plan.model_extra or {}).get("within")
    limits = told if isinstance(told, dict) else {}
    most, gib_moved = (limits.get(key) for key in ("max_moves", "max_moved_gib"))
    parts = [count(most, "move")] if isinstance(most, int) else []
    parts += [f"{gib_moved:,g} GiB moved"] if isinstance(gib_moved, int | float) else []
    return f" of at most {' and '.join(parts)}" if parts else ""


def limit_on_moves(most: int | None) -> str:
    if most is None:
        return "any number of moves"
    return f"at most {count(most, 'move')}" if most else "no moves"


def has_optional(problem: Problem) -> bool:
    return any((row.copies or 0) > row.required_copies for row in problem.components)


def left_out_briefly(levels: Sequence[LeftOutLevel]) -> str:
    """Optional copies left out, for a line that is redrawn: how many, and at least how many of the first in question.

    Lower priorities wait for the highest at which more may be placed, so that one stands for all. Empty where a plan
    has no optional copies, or there is none.

    >>> from placement.solving.left_out import left_out_levels
    >>> left_out_briefly(left_out_levels({0: 13}, {0: 8}))
    'left out 13 (at least 8)'
    >>> left_out_briefly(left_out_levels({1: 0, 0: 13}, {0: 13}))
    'left out 13 (proven)'
    >>> left_out_briefly(left_out_levels({2: 3, 0: 13}, {}))
    'left out 16, 3 of priority 2 (at least 0)'
    """
    if not levels:
        return ""
    total = sum(level.copies for level in levels)
    first = open_level(levels)
    if first is None:
        return f"left out {total:,} (proven)"
    which = "" if first.copies == total else f", {first.copies:,} of priority {first.priority}"
    return f"left out {total:,}{which} (at least {first.least:,})"


def on_top(*, committed: bool) -> str:
    """What stands behind a price where a problem has commitments: it is no part of what they cost."""
    return " on top of what is committed" if committed else ""
