"""What a solve found, what it proved, and why it stopped: three separate facts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from placement.display import draw
from placement.solving.left_out import LeftOutLevel, left_out_levels, left_out_words, open_level
from placement.units import count, micro_dollars, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from placement.documents.plan import Plan


OUT_OF_MEMORY = "out_of_memory"  # in the stats of an outcome: what ended the search


class Status(enum.StrEnum):
    """What is known at the end, derived from plan, bound and proof."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


class Stop(enum.StrEnum):
    """Why a solve ended."""

    PROVED = "proved"
    GAP = "gap"
    TIME = "time"
    INTERRUPTED = "interrupted"
    STUCK = "stuck"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one solver says at its end. Plans and bounds it found on the way are in the `Incumbent`.

    `infeasible` is a proof that no plan exists, and `reason` then tells a person why; with `Stop.STUCK` it tells what
    did not fit, or why the solver did not begin.
    """

    solver: str
    stop: Stop
    infeasible: bool = False
    reason: str = ""
    stats: dict[str, int | float | str] = field(default_factory=dict)


class PackingAnswer(NamedTuple):
    """What an exact search for one packing says: the packing, or that there is none, as a proof; or neither."""

    packing: Packing | None = None
    impossible: bool = False

    @property
    def decided(self) -> bool:
        """Whether it is one of the two."""
        return self.packing is not None or self.impossible


@dataclass(frozen=True, slots=True)
class SolverFault:
    """A bug of ours that showed while a plan was there to be kept: a solver, and what it said or how it failed."""

    solver: str
    said: str

    def __str__(self) -> str:
        return f"{self.solver} {self.said}"


def said_infeasible(by: str) -> str:
    """What a solver said that denies the plan which another one found."""
    return f"said that there is no plan, and {by} found one"


@dataclass(frozen=True, slots=True)
class Event:
    """Something found on the way: seconds since the start, best cost and bound then (micro-dollars), who found it.

    `left_out` has the optional copies that the best plan then leaves out, by priority, and `left_out_bound` how few can
    be left out at all; both are empty where no copies are optional, `left_out` also while there is no plan.
    """

    seconds: float
    cost: int | None
    bound: int | None
    by: str
    left_out: Mapping[int, int] = field(default_factory=dict, hash=False)
    left_out_bound: Mapping[int, int] = field(default_factory=dict, hash=False)

    @property
    def levels(self) -> list[LeftOutLevel]:
        """Copies left out beside what is proven of them, highest priority first; empty while there is no plan."""
        return left_out_levels(self.left_out, self.left_out_bound) if self.left_out else []


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of `placement.solve`.

    Attributes
    ----------
    plan : the plan document, with status, cost, bound and gap; it has no assignments unless a plan was found.
    packing : the plan in compiled form; None when no plan was found.
    fleet : the problem in compiled form, whose indices the packing has.
    status, stop : what is known, and why the solve ended.
    cost, bound : micro-dollars; None when there is none. With optional copies the bound is on plans that leave out no
        more than this one: look at `left_out` and `left_out_bound` before the money.
    trace : what was found on the way, in order.
    evidence : what `placement.certify` reads; None unless it was asked for.
    faults : bugs of ours that showed on the way: who failed, or claimed what the plan disproves. Plan and bound are
        those of the others. Please report them, with the problem.
    asked_to_stop : whether Ctrl-C came before the result was written, whatever the solve had ended for.
    """

    plan: Plan
    packing: Packing | None
    status: Status
    stop: Stop
    cost: int | None
    bound: int | None
    trace: tuple[Event, ...]
    faults: tuple[SolverFault, ...] = ()
    evidence: object = field(default=None, repr=False, compare=False)
    fleet: Fleet | None = field(default=None, repr=False, compare=False)
    asked_to_stop: bool = field(default=False, repr=False, compare=False)

    @property
    def interrupted(self) -> bool:
        """Whether nothing more is to be begun: Ctrl-C ended the solve, or came when it had just ended."""
        return self.asked_to_stop or self.stop is Stop.INTERRUPTED

    @property
    def gap(self) -> float | None:
        """Relative gap between cost and bound; None when either is unknown."""
        return relative_gap(self.cost, self.bound)

    @property
    def left_out(self) -> dict[int, int]:
        """Optional copies that the plan leaves out, by priority, highest first; empty where none are optional."""
        if self.fleet is None or self.packing is None:
            return {}
        found = dict.fromkeys(self.fleet.levels, 0)
        priority = {row.name: self.fleet.levels[row.level] for row in self.fleet.components if row.level is not None}
        for row in self.plan.unplaced:
            found[priority[row.component]] += row.copies
        return found

    @property
    def left_out_bound(self) -> dict[int, int]:
        """By priority, highest first, how few optional copies can be left out at all: proven.

        Of plans that leave out no more than this one at the priorities above. Where it is below `left_out`, a search
        may yet place more; where the two are equal, only more machines, or smaller needs, can.
        """
        least = {int(priority): n for priority, n in (self.plan.left_out_bound or {}).items()}
        return dict(sorted(least.items(), reverse=True))

    def to_document(self) -> dict[str, Any]:
        """The plan document as plain dictionaries and lists."""
        return self.plan.to_document()

    def to_html(self) -> str:
        """The report of the plan as one HTML page, as `placement report` writes it.

        Raises
        ------
        UsageError
            The result has no fleet, as one that was made by hand.
        """
        return str(draw("result_page", self))

    def to_svg(self, theme: str = "light") -> str:
        """The map of the plan as SVG; `theme` is light or dark.

        Raises
        ------
        UsageError
            There is no plan to draw, or no such theme.
        """
        return str(draw("result_svg", self, theme))

    def to_frame(self, what: str = "copies") -> Any:
        """The plan as a pandas data frame, a row for each of `what`.

        Parameters
        ----------
        what : ``copies``, ``machines``, ``components``, or ``trace``: what was found on the way. Money is in dollars,
            memory in GiB.

        Raises
        ------
        UsageError
            pandas is not installed, or there is no such frame.
        """
        return draw("result_frame", self, what)

    def _repr_html_(self) -> str:
        """What a notebook shows: the map, or why there is none."""
        return str(draw("result_html", self))

    def __str__(self) -> str:
        solver = self.plan.solver
        if self.cost is None:
            least = f"; no plan costs less than {money(self.bound, down=True)}" if self.bound else ""
            told = self.plan.reason or f"no plan found, stopped: {self.stop.value}{least}"
            return f"{self.status.value} ({solver}): {told}"
        gap = "no bound" if self.gap is None else f"gap {self.gap:.2%}"
        levels = left_out_levels(self.left_out, self.left_out_bound)
        if left_out := left_out_words(levels):
            among = " among plans that leave out no more" if open_level(levels) and self.gap is not None else ""
            gap = f"left out: {left_out}; {gap}{among}"
        price = money(micro_dollars(self.plan.price_per_hour or 0.0))
        return (
            f"{self.status.value} ({solver}): {price} an hour, {count(len(self.plan.instances), 'machine')}, "
            f"{count(len(self.plan.assignments), 'copy', 'copies')}, {count(self.plan.moves or 0, 'move')}, {gap}"
        )


def at_its_end(stop: Stop, *, optimal: bool) -> tuple[Status, Stop]:
    """Status and stop of a plan whose search ended so: a proof of something else leaves the plan feasible, and done."""
    if optimal:
        return Status.OPTIMAL, Stop.PROVED
    return Status.FEASIBLE, Stop.DONE if stop is Stop.PROVED else stop


def relative_gap(cost: int | None, bound: int | None) -> float | None:
    """(cost - bound) / cost; 0 when the cost is 0, None when either is unknown."""
    if cost is None or bound is None:
        return None
    return max(0, cost - bound) / cost if cost else 0.0
