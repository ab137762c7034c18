"""Rules over the whole plan in words, for the terminal and the page: commitments, limits, losses, and one unit more."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from placement.compiled.group_use import commitments_used, limits_used
from placement.compiled.worst_losses import worst_losses
from placement.documents.plan import Plan
from placement.report import words
from placement.report.facts import PlanFacts
from placement.units import MICRO, micro_dollars

ONE_MORE = "a guide from a linear program that also rents parts of machines: one whole unit may save more or less"
_ROWS = 10  # of components that a loss leaves just as many copies as it must
_UNITS = {
    "instances": "machine",
    "price_per_hour": "dollar an hour",
    "max_instances": "machine",
    "max_accelerators": "accelerator",
    "max_vcpus": "vCPU",
    "max_price_per_hour": "dollar an hour",
}


T = TypeVar("T")  # a line: text, or what rich draws


class RuleLine(NamedTuple):
    """What is said of one rule: its name, how much of how much in figures, and what follows of that.

    `part` is how much of how much, 0 to 1; `binds` where nothing is left, or too few would be.
    """

    name: str
    figure: str
    note: str = ""
    part: float = 0.0
    binds: bool = False

    def __str__(self) -> str:
        """All of it on one line."""
        return f"{self.name}: {'; '.join(filter(None, (self.figure, self.note)))}"


def committed_lines(facts: PlanFacts) -> Iterator[RuleLine]:
    """What was paid for already: used, idle, and what the same machines cost at list prices."""
    for row in commitments_used(facts.fleet, facts.paid):
        used, idle = (amount(row[key], row["of"]) for key in ("used", "idle"))
        if row["of"] == "instances":
            figure = f"{used} of {words.count(row['committed'], 'machine')} used"
        else:
            figure = f"{used} of {amount(row['committed'], row['of'])} an hour used"
        worth = micro_dollars(row["worth_per_hour"])
        note = f"at list prices the same machines would cost {words.money(worth)} an hour more" if worth else ""
        yield RuleLine(
            words.shown(row["name"]),
            figure + (f", {idle} idle" if row["idle"] else ""),
            note,
            _part(row["used"], row["committed"]),
        )


def limit_lines(facts: PlanFacts) -> Iterator[RuleLine]:
    """What the plan counts against each limit, and which of them bind."""
    for row in limits_used(facts.fleet, facts.paid):
        used, most = (amount(row[key], row["of"]) for key in ("used", "most"))
        yield RuleLine(
            words.shown(row["name"]),
            f"{row['of']} {used} of {most}",
            "no machine more is within it" if row["binds"] else "",
            _part(row["used"], row["most"]),
            row["binds"],
        )


def loss_lines(facts: PlanFacts) -> Iterator[RuleLine]:
    """Each floor over pools or machines: what the worst loss leaves, and what must be left."""
    machines = (
        (load.pool, Counter(row.kind.component for row in load.standing), times) for load, times in facts.loads.items()
    )
    for row in worst_losses(facts.fleet, machines):
        pool = words.shown(row["pool"])
        lost = f"pool {pool}" if row["loss"] == "pool" else f"a machine of {pool}"
        yield RuleLine(
            f"{words.shown(row['component'])} without {lost}",
            f"{row['left']:,} of {words.count(row['copies'], 'copy', 'copies')} left",
            f"{row['must']:,} must be left",
            _part(row["left"], row["copies"]),
            row["binds"],
        )


def rule_rows(facts: PlanFacts, moves: int | None = None) -> Iterator[tuple[str, str]]:
    """A label, or none below one, and a line: commitments, limits, losses, and the most moves where they are limited.

    `moves` are those of the plan, where they are wanted.
    """
    yield from labelled("committed", map(str, committed_lines(facts)))
    yield from labelled("limits", map(str, limit_lines(facts)))
    yield from loss_rows(facts)
    if moves is not None and facts.fleet.max_moves is not None:
        yield "moves", f"{moves:,} of at most {facts.fleet.max_moves:,}"


def loss_rows(facts: PlanFacts) -> Iterator[tuple[str, str]]:
    """Who keeps just as many copies as must be left when a pool or a machine is lost; else that all keep more."""
    lines = list(loss_lines(facts))
    tight = [line for line in lines if line.binds]
    yield from labelled("losses", map(str, tight[:_ROWS]))
    if len(tight) > _ROWS:
        yield "", f"and {len(tight) - _ROWS:,} more that keep just as many as they must"
    elif lines and not tight:
        yield "losses", "whichever pool or machine is lost, more copies are left than must be"


def labelled(label: str, lines: Iterable[T]) -> Iterator[tuple[str, T]]:
    """Lines below one label."""
    return (("" if k else label, line) for k, line in enumerate(lines))


def one_more_lines(plan: Plan) -> Iterator[RuleLine]:
    """What the plan's document says of one unit more of each rule; what makes no sense is passed over."""
    marginal = (plan.model_extra or {}).get("marginal")
    for kind in ("commitments", "limits"):
        rows = marginal.get(kind) if isinstance(marginal, dict) else None
        for row in rows if isinstance(rows, (list, tuple)) else ():
            value = row.get("dollars_per_hour") if isinstance(row, dict) else None
            if not words.is_number(value) or value < 0:
                continue
            if isinstance(row.get("name"), str) and row.get("of") in _UNITS:
                rate = words.money(round(value * MICRO))
                yield RuleLine(words.shown(row["name"]), f"one {_UNITS[row['of']]} more is worth about {rate} an hour")


def amount(value: float, of: str) -> str:
    """A figure of the rule with this key: dollars as everywhere, all else with its digits."""
    return words.money(micro_dollars(value)) if of.endswith("price_per_hour") else f"{value:,.10g}"


def _part(some: float, all_of_it: float) -> float:
    return some / all_of_it if all_of_it else 0.0
