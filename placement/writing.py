"""A finished solve written down: its best plan as a document, and the result, once the referee has recounted them.

No solver marks its own work: price, moves and cost that it counted are those of `verify`, or it is a bug and is raised.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.group_use import commitments_used, limits_used, one_more
from placement.compiled.packing import Packing, Value, cost_of, machines_paid, moves
from placement.compiled.translate import to_plan
from placement.compiled.worst_losses import worst_losses
from placement.errors import SolverBugError
from placement.referee import verify
from placement.solving.incumbent import PROVED_GAP, Incumbent
from placement.solving.left_out import left_out_levels
from placement.solving.result import Outcome, Result, Status, Stop, at_its_end, relative_gap
from placement.units import MICRO, dollars

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.documents import Plan, Problem
    from placement.solving.context import Solve


def written(solve: Solve, outcome: Outcome, solver: str) -> Result:
    """The result, also when the first Ctrl-C comes while it is written down: the plan is there, and stays."""
    try:
        result = _checked(solve, outcome, solver)
    except KeyboardInterrupt:
        if solve.budget.interrupted:
            raise
        solve.budget.interrupt()
        result = _checked(solve, outcome, solver)
    return replace(result, asked_to_stop=solve.budget.interrupted)


def _checked(solve: Solve, outcome: Outcome, solver: str) -> Result:
    """The result with the best plan that keeps every rule, whoever found it; one that breaks a rule is a fault."""
    incumbent = solve.incumbent
    while True:
        try:
            return _result(solve, outcome, solver)
        except _BrokenPlanError as error:
            incumbent.drop_plans(incumbent.found_by, str(error))
            if incumbent.best is None:
                raise SolverBugError(str(incumbent.faults[-1])) from None


class _BrokenPlanError(SolverBugError):
    """A plan breaks a rule; the text says which."""


def first_violation(fleet: Fleet, packing: Packing) -> str:
    """The first violation that the referee finds in a packing, in words; "" for none."""
    broken = verify(fleet.problem, to_plan(fleet, packing)).violations
    return broken[0].message if broken else ""


def check_claims(problem: Problem, plan: Plan, cost: int, bound: int | None, name: str) -> None:
    """Hold a plan, which errors call `name`, against the rules, what it says of itself, and what is proven.

    Raises SolverBugError: it breaks a rule, says what is untrue, or costs less than its bound.
    """
    if bound is not None and bound > cost:
        raise SolverBugError(f"{name} costs {cost}, less than a bound of {bound}")
    broken = verify(problem, plan).violations
    if broken:
        raise SolverBugError(f"{name} is not what it says: {broken[0].message}")


def _result(solve: Solve, outcome: Outcome, solver: str) -> Result:
    incumbent = solve.incumbent
    run = {"solver": solver, "seconds": round(solve.budget.elapsed(), 3), "seed": solve.seed}
    bound = None if incumbent.ticks_bound is None else solve.fleet.least_cost(incumbent.ticks_bound)
    if incumbent.best is None:
        return _without_plan(solve, outcome, run, None if outcome.infeasible else bound)
    return _with_plan(solve, outcome, run, bound, *incumbent.best)


def _without_plan(solve: Solve, outcome: Outcome, run: dict[str, Any], bound: int | None) -> Result:
    """Why there is no plan, or none was found; `run` is what the document says of the solve itself."""
    incumbent = solve.incumbent
    status = Status.INFEASIBLE if outcome.infeasible else Status.UNKNOWN
    plan = to_plan(
        solve.fleet,
        None,
        **run,
        status=str(status),
        stop=str(outcome.stop),
        lower_bound=dollars(bound),
        **_said(reason=outcome.reason, bound_by=incumbent.bound_by, bound_relaxes=incumbent.bound_relaxes),
        **_must_be_left_out(solve.fleet, incumbent, outcome),
        **_extras(incumbent, outcome),
    )
    return Result(plan, None, status, outcome.stop, None, bound, tuple(incumbent.events), tuple(incumbent.faults))


def _with_plan(
    solve: Solve, outcome: Outcome, run: dict[str, Any], bound: int | None, best: Packing, value: Value
) -> Result:
    """The best plan with its figures, once the referee counts the same."""
    fleet, incumbent = solve.fleet, solve.incumbent
    packing = _on_running_machines(fleet, best)
    paid, moved = machines_paid(fleet, packing), moves(fleet, packing)
    price = fleet.rent(paid)
    cost = cost_of(fleet, price, moved)
    proved = incumbent.proved and _meets(cost, bound)
    status, stop = at_its_end(outcome.stop, optimal=proved)
    plan = to_plan(
        fleet,
        packing,
        **run,
        status=str(status),
        stop=str(stop),
        found_by=incumbent.found_by,
        price_per_hour=dollars(price),
        cost=dollars(cost),
        moves=sum(moved),
        lower_bound=dollars(bound),
        gap=relative_gap(cost, bound),
        **_said(
            reason=outcome.reason if stop is Stop.STUCK else "",
            bound_by=incumbent.bound_by,
            bound_relaxes=incumbent.bound_relaxes,
        ),
        **_left_out(fleet, packing, value, incumbent.left_out_bound()),
        **_groups(fleet, incumbent, paid, price),
        **_losses(fleet, packing),
        **_extras(incumbent, outcome),
    )
    _check(fleet, plan, packing, (price, sum(moved), cost), bound)
    return Result(
        plan, packing, status, stop, cost, bound, tuple(incumbent.events), tuple(incumbent.faults), fleet=fleet
    )


def _meets(cost: int, bound: int | None) -> bool:
    """Whether a plan is optimal by the figures in its document: a bound in dollars may be less by a rounding."""
    written = dollars(bound)
    return written is not None and cost - round(Fraction(written) * MICRO) <= Fraction(str(PROVED_GAP)) * cost


def _said(**words: str) -> dict[str, str]:
    """Those that say something; a key with nothing to say is absent."""
    return {key: text for key, text in words.items() if text}


def _groups(fleet: Fleet, incumbent: Incumbent, paid: list[int], price: int) -> dict[str, Any]:
    """What the plan uses of limits and commitments, and what one unit more is worth, where there are any."""
    limits, commitments = limits_used(fleet, paid), commitments_used(fleet, paid)
    marginal = one_more(incumbent.marginal, limits, commitments, price)
    found = {"limits": limits, "commitments": commitments, "marginal": marginal}
    return {key: rows for key, rows in found.items() if rows}


def _losses(fleet: Fleet, packing: Packing) -> dict[str, Any]:
    """What the worst loss of a pool or an instance leaves of components with a floor, where there are any."""
    names = [component.name for component in fleet.components]
    machines = (
        (fleet.pools[m.pool].name, Counter(names[seat.component] for seat in m.seats), 1) for m in packing.machines
    )
    rows = worst_losses(fleet, machines)
    return {"losses": rows} if rows else {}


def _extras(incumbent: Incumbent, outcome: Outcome) -> dict[str, Any]:
    """What a plan document may carry beyond the format: how the answer came about."""
    trace = [
        {"seconds": round(e.seconds, 3), "cost": dollars(e.cost), "bound": dollars(e.bound), "by": e.by}
        | {
            key: {str(priority): n for priority, n in copies.items()}
            for key, copies in (("left_out", e.left_out), ("left_out_bound", e.left_out_bound))
            if copies
        }
        for e in incumbent.events
    ]
    faults = [{"solver": fault.solver, "said": fault.said} for fault in incumbent.faults]
    return {
        "trace": trace,
        **({"stats": dict(outcome.stats)} if outcome.stats else {}),
        **({"faults": faults} if faults else {}),
    }


def _on_running_machines(fleet: Fleet, packing: Packing) -> Packing:
    """The plan with as few new machines as relabelling gives it, where that costs no move and keeps all rules."""
    from placement.heuristics.relabel import relabel

    other = relabel(fleet, packing)
    if other is packing or sum(moves(fleet, other)) > sum(moves(fleet, packing)) or broken_fleet_rule(fleet, other):
        return packing
    return other


def _left_out(fleet: Fleet, packing: Packing, value: Value, bound: tuple[int, ...]) -> dict[str, Any]:
    """The fewest optional copies that any plan leaves out, and those that this one does, where any are optional."""
    if not fleet.levels:
        return {}
    return {"left_out_bound": _by_priority(fleet, bound), "unplaced": _unplaced(fleet, packing, value, bound)}


def _must_be_left_out(fleet: Fleet, incumbent: Incumbent, outcome: Outcome) -> dict[str, Any]:
    """The fewest optional copies that any plan leaves out, where there is no plan at hand and something is proven."""
    bound = incumbent.left_out_bound()
    return {"left_out_bound": _by_priority(fleet, bound)} if any(bound) and not outcome.infeasible else {}


def _by_priority(fleet: Fleet, copies: tuple[int, ...]) -> dict[str, int]:
    return {str(priority): n for priority, n in zip(fleet.levels, copies, strict=True)}


def _unplaced(fleet: Fleet, packing: Packing, value: Value, bound: tuple[int, ...]) -> list[dict[str, Any]]:
    """The optional copies left out, with what is known about why."""
    placed = [0] * len(fleet.components)
    for _, seat in packing.seats():
        placed[seat.component] += 1
    counts = (dict(zip(fleet.levels, copies, strict=True)) for copies in (value.left_out, bound))
    levels = left_out_levels(*counts)
    rows = []
    for component in fleet.components:
        missing = component.copies - placed[component.index] if component.level is not None else 0
        if missing and component.level is not None:
            rows.append({"component": component.name, "copies": missing, "reason": levels[component.level].reason})
    return rows


def _check(fleet: Fleet, plan: Any, packing: Packing, counted: tuple[int, int, int], bound: int | None) -> None:
    """The referee's word on a plan whose price, moves and cost were counted; a difference is a bug and is raised."""
    verdict = verify(fleet.problem, plan)
    if verdict.violations:
        broken = "; ".join(v.message for v in verdict.violations[:3])
        if not first_violation(fleet, packing):  # it keeps them; what is said of it is untrue
            raise SolverBugError(f"what is said of the plan of {plan.solver} is untrue: {broken}")
        raise _BrokenPlanError(broken)
    if counted != (verdict.price_per_hour, verdict.moves, verdict.cost):
        found = (verdict.price_per_hour, verdict.moves, verdict.cost)
        raise SolverBugError(f"price, moves, cost: the solver counts {counted}, the check {found}")
    if bound is not None and bound > verdict.cost:
        raise SolverBugError(f"the bound {bound} is above the cost {verdict.cost} of a plan that keeps every rule")
