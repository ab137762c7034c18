"""An audit: a verdict on what runs, a solve from there, and steps between the two."""

from collections import Counter

from placement import arguments
from placement.auditing.document import NOT_LOOKED, Audit, AuditStep, BestFound, MachineToGo
from placement.auditing.findings import findings, unjudged
from placement.auditing.steps import first_moves
from placement.documents import Plan, Problem
from placement.errors import UsageError
from placement.planner import solve
from placement.referee import PLAN_RULE, PROBLEM_RULE, Rule, Verdict, verify
from placement.report.changes import changes, planned_copies
from placement.running_state import as_running, running_plan
from placement.running_state.deal import DealFit
from placement.solving.budget import Budget
from placement.solving.incumbent import Listener
from placement.solving.result import Result, Status
from placement.units import count, dollars, horizon, listed, micro_dollars

STEPS = 5  # the first moves
_LEAST_SECONDS, _MOST_SECONDS = 1.0, 5.0  # for them: after Ctrl-C or a short time limit; after a long one
CARRIED_OUT = "the plan is what runs now: new machines, moves and cost that it tells of are those of before"
# What is new, moves, the cost that counts them, and what a plan says of that cost. Its price and copies are the same.
OF_BEFORE: tuple[Rule, ...] = (
    "known-instance",
    "claimed-moves",
    "claimed-cost",
    "claimed-bound",
    "claimed-gap",
    "claimed-optimal",
)


def audit(
    problem: Problem,
    plan: Plan | None = None,
    *,
    time_limit: float | None = arguments.A_MINUTE,
    seed: int = 0,
    work: int | None = None,
    steps: int | None = STEPS,
    listener: Listener | None = None,
) -> Audit:
    """What is wrong with what runs, how much of its price is needed, and the first moves to a better plan.

    Parameters
    ----------
    problem : with `instances` and `placements`: what runs.
    plan : judge this plan in their place, as if it ran. It is held to its word too, as `verify` does; but where it is
        what runs by the problem, what it says of new machines, moves and cost is of the time before, and not judged.
    time_limit : seconds of the solve that finds the better plan and proves the bound; None for no limit, as by default
        beside `work`. First moves are looked for after that, for about as long again, but at most 5 s.
    seed, work : of that solve.
    steps : most steps to give; None for as many as there are.
    listener : called with each `Event` of the solve.

    Returns
    -------
    Audit
        Broken rules are facts. That a machine could go is so by the best plan found, and how much could be saved at
        most is proven.

    Raises
    ------
    UsageError
        Nothing runs, or an argument is of another type.

    Examples
    --------
    >>> import placement
    >>> problem = placement.read("instances/codegen-after.yaml")
    >>> found = placement.audit(problem, placement.solve(problem, "ffd").plan, work=1)
    >>> found.ok, found.price_per_hour > found.best.price_per_hour
    (True, True)
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    dealt: dict[str, DealFit] = {}
    if plan is None:
        check_running(problem, "give a plan to judge")
        state = running_plan(problem)
        now, dealt, running = state.plan, state.dealt, problem
    else:
        arguments.instance("plan", plan, Plan, PLAN_RULE)
        if not plan.assignments and not plan.instances:
            raise UsageError("plan: has no machines and no copies: there is nothing to judge", "plan")
        now, running = plan, as_running(problem, plan)
    verdict = verify(problem, now)
    carried_out = plan is not None and _runs(problem, plan)
    violations = [row for row in verdict.violations if not carried_out or row.rule not in OF_BEFORE]
    broken = tuple(findings(problem, now, violations, dealt))
    result = solve(running, time_limit=time_limit, seed=seed, work=work, hint=_start(running), listener=listener)
    runs = running_plan(running).plan
    going, moves, left = _way(running, runs, result, steps, _moment(result, arguments.time_limit(time_limit, work)))
    cost = round(verdict.price_per_hour * horizon(problem.objective.horizon_hours))
    return Audit(
        problem=problem.name,
        ok=not broken,
        copies=verdict.copies,
        machines=verdict.instances,
        left_out=sum(verdict.left_out.values()),
        optional=sum(max(0, (row.copies or 0) - row.required_copies) for row in problem.components),
        price_per_hour=dollars(verdict.price_per_hour),
        horizon_hours=problem.objective.horizon_hours,
        broken=broken,
        remarks=(*_remarks(problem, dealt, verdict), *([CARRIED_OUT] if carried_out else [])),
        best=_best(result, looked=time_limit != 0),
        gap=None if broken or _places_more(result, verdict) else _gap(cost, result.bound),
        machines_that_could_go=going,
        first_moves=moves,
        moves_left=left,
    )


def _gap(cost: int, bound: int | None) -> float | None:
    """How much of the cost a better plan could save at most."""
    if bound is None:
        return None
    return max(0, cost - bound) / cost if cost else 0.0


def _places_more(result: Result, now: Verdict) -> bool:
    """Whether the plan found has optional copies that do not run: its bound is on plans that leave out no more."""
    if result.packing is None:
        return False
    return any(copies > result.left_out.get(priority, 0) for priority, copies in now.left_out.items())


def _runs(problem: Problem, plan: Plan) -> bool:
    """Whether the plan was carried out: its machines and copies are those that run by the problem."""
    runs = running_plan(problem).plan
    return _machines(runs) == _machines(plan) and planned_copies(runs.assignments) == planned_copies(plan.assignments)


def _machines(plan: Plan) -> list[tuple[str, str]]:
    return sorted((row.id, row.pool) for row in plan.instances)


def check_running(problem: Problem, otherwise: str) -> None:
    """Refuse a problem that does not say what runs; an empty list of machines says that nothing does."""
    if "instances" not in problem.model_fields_set:
        rule = "list machines under `instances` (`[]`: none) and copies under `placements`"
        raise UsageError(f"nothing runs by this problem: {rule}, or {otherwise}")


def _start(running: Problem) -> Plan | None:
    """What runs as a plan to start from, where it is one: without machines that hold nothing and may go."""
    now = running_plan(running).plan
    busy = Counter(row.instance for row in now.assignments)
    needed = Counter({row.name: row.min_instances for row in running.pools})
    needed.subtract(row.pool for row in now.instances if row.id in busy)
    kept = []
    for row, machine in zip(now.instances, running.instances, strict=True):
        stays = machine.id in busy or not machine.removable
        if not stays and machine.state != "draining" and needed[row.pool] > 0:
            needed[row.pool] -= 1
            stays = True
        if stays:
            kept.append(row)
    plan = Plan.model_construct(problem=running.name, instances=tuple(kept), assignments=now.assignments)
    return plan if plan.assignments and verify(running, plan).ok else None


def _moment(result: Result, time_limit: float | None) -> Budget:
    """The time for first moves: they come after a search that has had all of its own."""
    if result.interrupted:
        return Budget(_LEAST_SECONDS)
    return Budget(None if time_limit is None else min(_MOST_SECONDS, max(_LEAST_SECONDS, time_limit)))


def _way(
    running: Problem, runs: Plan, result: Result, steps: int | None, moment: Budget
) -> tuple[tuple[MachineToGo, ...], tuple[AuditStep, ...], int]:
    """Machines that go by the plan found, the first steps there, and the moves after them."""
    if result.packing is None:
        return (), (), 0
    found = changes(running, result.plan)
    on, moved = Counter(row.instance for row in runs.assignments), Counter[str]()
    for change in found.copies:
        if change.source is not None and change.target is not None:
            moved[change.source] += change.copies
    back = {name for name, _ in found.given_back}
    pools = {row.name: row for row in running.pools}
    going = []
    for row in (row for row in running.instances if row.id in back):
        pool = pools[row.pool]
        told = row.id, row.pool, pool.instance_type, pool.zone, running.price_of(pool)
        going.append(MachineToGo(*told, row.state, on[row.id], moved[row.id]))
    going.sort(key=lambda row: -row.price_per_hour)  # stable: then in the order of the problem
    first = first_moves(running, result.plan, steps, moment)
    return tuple(going), first.steps, first.moves_left


def _best(result: Result, *, looked: bool) -> BestFound:
    plan = result.plan
    none = result.packing is None
    reason = plan.reason if result.status in (Status.INFEASIBLE, Status.UNKNOWN) else None
    return BestFound(
        status=str(result.status),
        solver=plan.solver,
        seconds=plan.seconds or 0.0,
        price_per_hour=None if none else plan.price_per_hour,
        cost=None if none else plan.cost,
        lower_bound=plan.lower_bound,
        bound_by=plan.bound_by,
        moves=None if none else plan.moves,
        machines=None if none else len(plan.instances),
        opens=dict(Counter(row.pool for row in plan.instances if row.new)),
        left_out=sum(row.copies for row in plan.unplaced),
        left_out_by_priority={} if none else result.left_out,
        left_out_bound=result.left_out_bound,
        reason=NOT_LOOKED if not looked and result.status is Status.UNKNOWN else reason,
    )


def _remarks(problem: Problem, dealt: dict[str, DealFit], verdict: Verdict) -> list[str]:
    """What the figures take for granted."""
    remarks = []
    open_ones = unjudged(dealt, verdict.violations)
    if dealt:
        remarks.append(
            f"on {count(len(dealt), 'machine')} it is not known which accelerators copies have: they are taken to have "
            "some on which each finds what it needs, if there are any"
        )
    if open_ones:
        remarks.append(f"whether there are any is not known of {count(len(open_ones), 'machine')}: {listed(open_ones)}")
    if problem.commitments:
        remarks.append("prices are on top of what is committed; those of single machines are list prices")
    if verdict.left_out:
        short = ", ".join(f"{n} of priority {priority}" for priority, n in verdict.left_out.items())
        remarks.append(f"wanted copies that do not run: {short}")
    return remarks


def saved(audit_found: Audit) -> int | None:
    """Micro-dollars an hour between what runs and the best plan; below 0 where that is dearer, None without a plan."""
    best = audit_found.best.price_per_hour
    return None if best is None else micro_dollars(audit_found.price_per_hour) - micro_dollars(best)
