"""What a solve found, what it proved, and why it stopped: three separate facts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from placement.display import draw
from placement.units import micro_dollars, money

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True)
class SolverFault:
    """A bug of ours that showed while a plan was there to be kept: a solver, and what it said or how it failed."""

    solver: str
    said: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.solver} {self.said}"


def said_infeasible(by: str) -> str:
    """What a solver said that denies the plan which another one found."""
    return f"said that there is no plan, and {by} found one"


@dataclass(frozen=True, slots=True)
class Event:
    """Something found on the way: seconds since the start, best cost and bound then (micro-dollars), who found it."""

    seconds: float
    cost: int | None
    bound: int | None
    by: str


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of `placement.solve`.

    Attributes
    ----------
    plan : the plan document, with status, cost, bound and gap; it has no assignments unless a plan was found.
    packing : the plan in compiled form; None when no plan was found.
    fleet : the problem in compiled form, whose indices the packing has.
    status, stop : what is known, and why the solve ended.
    cost, bound : micro-dollars; None when there is none.
    trace : what was found on the way, in order.
    evidence : what `placement.certify` reads; None unless it was asked for.
    faults : bugs of ours that showed on the way: who failed, or claimed what the plan disproves. Plan and bound are
        those of the others. Please report them, with the problem.
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

    @property
    def gap(self) -> float | None:
        """Relative gap between cost and bound; None when either is unknown."""
        return relative_gap(self.cost, self.bound)

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
        """One line for a person."""
        solver = self.plan.solver
        if self.cost is None:
            return f"{self.status.value} ({solver}): {self.plan.reason or f'no plan found, stopped: {self.stop.value}'}"
        gap = "no bound" if self.gap is None else f"gap {self.gap:.2%}"
        machines = len(self.plan.instances)
        price = money(micro_dollars(self.plan.price_per_hour or 0.0))
        return (
            f"{self.status.value} ({solver}): {price} an hour, {machines} machines, "
            f"{len(self.plan.assignments)} copies, {self.plan.moves} moves, {gap}"
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
