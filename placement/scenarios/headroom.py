"""What it costs to survive more: the same problem at several times its copies and demand, as a curve.

Points are solved from the largest factor to the smallest. A plan for more, less what is too much, is a start for less;
and where plans for less can always be cut from plans for more (`cuts_down`), what nothing for less beats, nothing for
more beats. So neither cost nor bound falls along the curve.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from placement import arguments
from placement.documents import Plan, Problem
from placement.documents.problem import revised
from placement.errors import DocumentError, SolverBugError, UsageError, no_component, wrong_argument
from placement.grouping import grouped
from placement.planner import solve
from placement.referee import PROBLEM_RULE, verify
from placement.scenarios.apply import scaled
from placement.scenarios.headroom_document import FORMAT
from placement.solving.budget import Budget
from placement.solving.incumbent import Listener
from placement.solving.result import Result, SolverFault, Status, Stop, at_its_end, relative_gap
from placement.units import dollars
from placement.writing import check_claims

FACTORS = (1.1, 1.3, 1.5)  # times the copies and demands of today, where nothing is said
_FLOORS = ("min_available_on_zone_loss", "min_available_on_pool_loss", "min_available_on_instance_loss")


@dataclass(frozen=True, slots=True)
class HeadroomPoint:
    """What so many times the copies and demand cost.

    Attributes
    ----------
    factor : on copies, rounded up, and on demand.
    problem, plan : the problem with them, and its plan; without assignments where none was found.
    cost, bound : micro-dollars; None where there is none.
    left_out : optional copies that the plan leaves out.
    """

    factor: float
    problem: Problem
    plan: Plan
    status: Status
    stop: Stop
    cost: int | None
    bound: int | None
    left_out: int

    @property
    def gap(self) -> float | None:
        """Relative gap between cost and bound; None when either is unknown."""
        return relative_gap(self.cost, self.bound)


@dataclass(frozen=True, slots=True)
class Headroom:
    """Points by rising factor, 1 among them. `shared`: bounds for less were taken as bounds for more."""

    problem: Problem
    components: tuple[str, ...]
    points: tuple[HeadroomPoint, ...]
    shared: bool
    stop: Stop
    seconds: float
    seed: int
    faults: tuple[SolverFault, ...]

    @property
    def base(self) -> HeadroomPoint | None:
        """The point of factor 1."""
        return next((point for point in self.points if point.factor == 1), None)

    def more(self, point: HeadroomPoint) -> int | None:
        """What a point costs more than factor 1, micro-dollars; None while either has no plan."""
        base = self.base
        return None if base is None or base.cost is None or point.cost is None else point.cost - base.cost

    def to_document(self) -> dict[str, Any]:
        """The document `placement-headroom/v1`; money in dollars."""
        rows = []
        for point in self.points:
            found = point.cost is not None
            rows.append(
                {
                    "factor": point.factor,
                    "status": str(point.status),
                    "stop": str(point.stop),
                    "cost": dollars(point.cost),
                    "more": dollars(self.more(point)),
                    "lower_bound": dollars(point.bound),
                    "gap": point.gap,
                    "copies": len(point.plan.assignments) if found else None,
                    "machines": dict(Counter(row.pool for row in point.plan.instances)) if found else None,
                    "left_out": point.left_out,
                    "plan": point.plan.to_document(),
                }
            )
        return {
            "format": FORMAT,
            "problem": self.problem.name,
            "components": list(self.components),
            "stop": str(self.stop),
            "seconds": self.seconds,
            "seed": self.seed,
            "points": rows,
        }


def find_headroom(
    problem: Problem,
    factors: Sequence[float] = FACTORS,
    *,
    components: Sequence[str] | None = None,
    time_limit: float | None = arguments.A_MINUTE,
    seed: int = 0,
    work: int | None = None,
    threads: int | None = None,
    listener: Listener | None = None,
) -> Headroom:
    """What the problem costs at several times its copies and demand.

    Parameters
    ----------
    problem : what to place and where; what runs now counts as it does for `solve`.
    factors : above 0, at most 1000; 1 is always among them. Copies are rounded up.
    components : names of those that grow; None for all.
    time_limit : seconds for all points together; None for no limit, as by default beside `work`. Ctrl-C ends with the
        points so far.
    seed, work, threads, listener : as in `solve`, of each point.

    Returns
    -------
    Headroom
        Each point with its plan, verified, and a proven bound.

    Raises
    ------
    UsageError
        A factor out of range, a component that there is not, more copies than a problem may have, or an argument as in
        `solve`.

    Examples
    --------
    >>> import placement
    >>> found = placement.headroom(placement.read("instances/codegen-after.yaml"), [], work=20)
    >>> [(point.factor, point.cost) for point in found.points]
    [(1.0, 123290000)]
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    chosen = _checked(factors)
    names = [row.name for row in problem.components]
    grows = names if components is None else list(components)
    for name in grows:
        if name not in names:
            raise no_component(name, names, "components")
    problems = [times(problem, factor, set(grows)) for factor in chosen]
    budget = Budget(arguments.time_limit(time_limit, work))
    points, faults, interrupted = _solve_each(
        chosen, problems, budget, partial(solve, seed=seed, work=work, threads=threads, listener=listener)
    )
    shared = cuts_down(problem, set(grows))
    curve = tuple(_share(points)) if shared else tuple(points)
    proven = len(curve) == len(chosen) and all(p.status in (Status.OPTIMAL, Status.INFEASIBLE) for p in curve)
    if interrupted:
        stop = Stop.INTERRUPTED
    elif proven:
        stop = Stop.PROVED
    else:
        stop = Stop.DONE if budget.seconds is None else Stop.TIME
    seconds = round(budget.elapsed(), 3)
    return Headroom(problem, tuple(grows), curve, shared, stop, seconds, seed, tuple(dict.fromkeys(faults)))


def _solve_each(
    factors: Sequence[float], problems: Sequence[Problem], budget: Budget, solver: Callable[..., Result]
) -> tuple[list[HeadroomPoint], list[SolverFault], bool]:
    """The points in their order, the largest solved first, and whether Ctrl-C ended it before the last of them.

    Each begins with the plan of the next larger one, cut down.
    """
    points: list[HeadroomPoint] = []
    faults: list[SolverFault] = []
    interrupted = False
    try:
        for k in reversed(range(len(factors))):
            start = _cut_down(points[-1].plan, problems[k]) if points and points[-1].cost is not None else None
            seconds = None if budget.seconds is None else budget.left() / (k + 1)
            found = solver(problems[k], time_limit=seconds, hint=start)
            points.append(_point(factors[k], problems[k], found))
            faults += found.faults
            interrupted = found.interrupted
            if interrupted:
                break
    except KeyboardInterrupt:
        if not points:
            raise
        interrupted = True
    points.reverse()
    return points, faults, interrupted


def _checked(factors: Sequence[float]) -> list[float]:
    for factor in factors:
        arguments.number("factors", factor, most=1000, rule="numbers above 0 and at most 1000")
        if not factor:
            raise wrong_argument("factors", "numbers above 0 and at most 1000", factor)
    return sorted({1.0, *(float(factor) for factor in factors)})


def times(problem: Problem, factor: float, grows: set[str]) -> Problem:
    """The problem with so many times the copies or the demand of some components."""
    if factor == 1:
        return problem
    components = [scaled(row, factor) if row.name in grows else row for row in problem.components]
    try:
        return revised(problem, components=components)
    except DocumentError as error:
        raise UsageError(f"{factor:g} times as much is no problem: {error.faults[0]}") from None


def cuts_down(problem: Problem, grows: set[str]) -> bool:
    """Whether every plan for more holds a plan for less, so that a bound for less is one for more.

    Where a component has a demand, a plan for more serves less as it is. Where it has copies, one is dropped: by rules
    over zones from a fullest zone, which keeps skew and, as every zone then has one copy or that one has two, the
    number of zones; else one that is no kept or pinned copy, if there is one, which adds no move. Not where dropping a
    copy may break a floor on what a loss leaves, where which copy is dropped is asked for by zones and by what runs at
    once, where copies are pinned, which may be more than are wanted, and where copies are optional, as money then comes
    after what is left out.
    """
    if any(row.copies is not None and row.required_copies < row.copies for row in problem.components):
        return False
    counted = [row for row in problem.components if row.name in grows and row.copies is not None]
    if any(row.pinned for row in problem.placements):
        return False
    if any(getattr(row, floor) for row in counted for floor in _FLOORS):
        return False
    over_zones = any(row.spread.max_skew is not None or row.spread.min_zones is not None for row in counted)
    return not problem.placements or not over_zones


def _cut_down(plan: Plan, problem: Problem) -> Plan | None:
    """A plan for more without copies that are too many, dropped from the fullest zones; None if that breaks a rule."""
    zone_of = problem.zones_of(plan.instances)
    rows = list(plan.assignments)
    for component in problem.components:
        if component.copies is None:
            continue
        by_zone = grouped((zone_of[row.instance], k) for k, row in enumerate(rows) if row.component == component.name)
        drop = set()
        for _ in range(sum(map(len, by_zone.values())) - component.copies):
            drop.add(max(by_zone.values(), key=len).pop())
        rows = [row for k, row in enumerate(rows) if k not in drop]
    used = {row.instance for row in rows}
    bare = Plan(
        instances=[row.model_dump() for row in plan.instances if row.id in used or not row.new],
        assignments=[row.model_dump() for row in rows],
    )
    return None if verify(problem, bare).violations else bare


def _point(factor: float, problem: Problem, found: Result) -> HeadroomPoint:
    left_out = 0
    if found.cost is not None:
        wanted = sum(row.copies or 0 for row in problem.components)
        counted = {row.name for row in problem.components if row.copies is not None}
        left_out = wanted - sum(row.component in counted for row in found.plan.assignments)
    return HeadroomPoint(
        factor, problem, found.plan, found.status, found.stop, found.cost, found.bound, max(0, left_out)
    )


def _share(points: Sequence[HeadroomPoint]) -> list[HeadroomPoint]:
    """Bounds for less as bounds for more, by rising factor; no plan for less is no plan for more."""
    found: list[HeadroomPoint] = []
    least: int | None = None
    infeasible = False
    for point in points:
        infeasible |= point.status is Status.INFEASIBLE
        if infeasible and point.status is not Status.INFEASIBLE:
            if point.cost is not None:
                raise SolverBugError(f"times {point.factor:g} has a plan, and less is said to have none")
            said = {"status": "infeasible", "stop": "proved", "lower_bound": None, "reason": found[-1].plan.reason}
            plan = point.plan.model_copy(update=said)
            point = replace(point, plan=plan, status=Status.INFEASIBLE, stop=Stop.PROVED, bound=None)
        if least is not None and not infeasible and (point.bound is None or point.bound < least):
            point = _raised(point, least)
        least = least if point.bound is None else point.bound
        found.append(point)
    return found


def _raised(point: HeadroomPoint, bound: int) -> HeadroomPoint:
    if point.cost is None:
        plan = point.plan.model_copy(update={"lower_bound": dollars(bound)})
        return replace(point, plan=plan, bound=bound)
    status, stop = at_its_end(point.stop, optimal=bound == point.cost)
    said: dict[str, Any] = {
        "status": str(status),
        "stop": str(stop),
        "lower_bound": dollars(bound),
        "gap": relative_gap(point.cost, bound),
        "bound_by": "headroom",
    }
    plan = point.plan.model_copy(update=said)
    check_claims(point.problem, plan, point.cost, bound, f"the plan of times {point.factor:g}")
    return replace(point, plan=plan, bound=bound, status=status, stop=stop)
