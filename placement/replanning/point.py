"""One point of the frontier, and the frontier."""

from dataclasses import dataclass

from placement.documents import Plan, Problem
from placement.solving.result import SolverFault, Status, Stop, relative_gap


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """What is known within one limit on moves.

    Attributes
    ----------
    max_moves : the limit; None where there is none but the problem's own.
    plan : the plan document; its `lower_bound`, `gap` and `status` are of plans within the limit. No assignments where
        no plan was found.
    cost, bound, price : micro-dollars, the last per hour; None where there is none.
    moves, moved_mib : of the plan; None without one.
    left_out : optional copies left out, by priority, highest first.
    least_moves : proven: no plan that costs no more and leaves out no more makes fewer; None without a plan.
    """

    max_moves: int | None
    plan: Plan
    status: Status
    stop: Stop
    cost: int | None
    bound: int | None
    price: int | None
    moves: int | None
    moved_mib: int | None
    left_out: tuple[int, ...]
    least_moves: int | None = None

    @property
    def is_proven(self) -> bool:
        """Whether the plan is optimal within the limit, or there is none."""
        return self.status in (Status.OPTIMAL, Status.INFEASIBLE)

    @property
    def gap(self) -> float | None:
        """Relative gap between cost and bound; None when either is unknown."""
        return relative_gap(self.cost, self.bound)


@dataclass(frozen=True, slots=True)
class Frontier:
    """Points by rising limit on moves, the one without a limit last.

    `stop` says why the search ended: `proved` where every point is proven. `faults` are bugs of ours that showed.
    """

    problem: Problem
    points: tuple[FrontierPoint, ...]
    stop: Stop
    seconds: float
    seed: int
    faults: tuple[SolverFault, ...] = ()

    def point(self, most: int | None) -> FrontierPoint:
        """The point of a limit on moves. Raises KeyError: no such limit was asked for, or the search ended before."""
        for point in self.points:
            if point.max_moves == most:
                return point
        raise KeyError(most)
