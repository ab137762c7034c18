"""From a problem and a plan to the document of a transition."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from placement import arguments
from placement.compiled.fleet import compile_fleet
from placement.documents import Problem
from placement.documents.plan import Plan, PlanInstance
from placement.documents.quantities import part_of, part_of_copies
from placement.documents.transition import BlockedMove, Transition
from placement.errors import SolverBugError, UsageError, no_component, printable, wrong_argument
from placement.fleet_simulator import simulate
from placement.referee import PLAN_RULE, PROBLEM_RULE, refused, verify
from placement.referee.claims import name_claim
from placement.transition.answer import ATTEMPTS, SearchResult, TransitionAsk
from placement.transition.difference import Difference, difference
from placement.transition.moment import Sites
from placement.transition.search import search
from placement.transition.timeline import DURATIONS_RULE, Durations, Timeline
from placement.transition.waiting import blocked_by, in_words
from placement.units import dollars

MOST_TEMPORARY = 1000  # machines, where nothing is said


def plan_transition(
    problem: Problem,
    plan: Plan,
    *,
    max_unavailable: int | str | Mapping[str, int | str] | None = None,
    temporary_instances: int = MOST_TEMPORARY,
    durations: Durations | None = None,
    attempts: int = ATTEMPTS,
    time_limit: float | None = None,
    seed: int = 0,
    exact: bool = True,
) -> Transition:
    """A safe order of steps from what runs to a plan: as few temporary machine-hours as can be, then as few batches.

    At every moment both copies of a move have room, each component keeps its copies but for those that may be missing,
    and what holds before of caps, company, quotas, limits, spread and losses holds. The fleet simulator checks that, or
    no order is given.

    Parameters
    ----------
    problem : with `instances` and `placements` that run now.
    plan : of that problem, by anyone. Where it names its problem, that is this one; what else it says of itself does
        not matter here.
    max_unavailable : copies of a component that may be missing at any moment: a number, or a percentage of the planned
        copies such as ``"25%"``, rounded down; of all components, or by component name. What is not given here is what
        the component's own `max_unavailable` says.
    temporary_instances : the most machines that may be rented for the transition alone; 0 for none.
    durations : how long copies and machines take, for the times of the steps.
    attempts : orders to try, fewer of large transitions; the same answer every time.
    time_limit : seconds after which no further order is tried. Ctrl-C ends with the best order so far, too.
    exact : solve small transitions to the proof, by CP-SAT.

    Returns
    -------
    Transition
        `status` says whether there is one; where there is none, `reason` and `blocked_by` name the circle that blocks.

    Raises
    ------
    UsageError
        The plan is of a problem with another name or breaks a rule of this one, or an argument can't mean anything.
    SolverBugError
        The order breaks a rule at some moment.
    """
    started = time.monotonic()
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    arguments.instance("plan", plan, Plan, PLAN_RULE)
    plan = bare(problem, plan)
    most = arguments.whole("temporary_instances", temporary_instances, rule="a whole number of at least 0")
    tries = arguments.whole("attempts", attempts, rule="a whole number of at least 0")
    limit = arguments.seconds("time_limit", time_limit)
    missing = allowed_missing(problem, plan, max_unavailable)
    times = arguments.instance("durations", durations or Durations(), Durations, DURATIONS_RULE).of(problem)
    due = difference(problem, plan)
    sites = Sites(compile_fleet(problem), due, missing)
    result = search(TransitionAsk(sites, due, times, most, tries, limit, arguments.seed("seed", seed), exact))
    facts: dict[str, Any] = {
        "problem": problem.name,
        "unavailable": missing,
        "notes": [
            *_notes(due),
            *(["Ctrl-C ended the search before all orders were tried"] if result.interrupted else []),
        ],
        "method": result.method,
        "moves": _moved(due),
    }
    if result.order is None or result.value is None:
        return _without_order(sites, result, most, started, facts)
    value = result.value
    found = Transition(
        status="optimal" if result.is_proven else "feasible",
        batches=value.batches,
        batches_bound=result.batches_bound,
        stopovers=value.stopovers,
        temporary_hours=value.temporary_seconds / 3600,
        temporary_hours_bound=min(result.temporary_bound, value.temporary_seconds) / 3600,
        temporary_cost=dollars(value.temporary_cost),
        duration_seconds=value.seconds,
        steps=Timeline(sites, due, result.order, times).steps(),
        seconds=time.monotonic() - started,
        **facts,
    )
    broken = simulate(problem, plan, found)
    if broken:
        raise SolverBugError(f"a transition breaks a rule: {broken[0]}")
    return found


def _without_order(sites: Sites, result: SearchResult, most: int, started: float, facts: dict[str, Any]) -> Transition:
    """Why there is no order, or none was found."""
    links = blocked_by(sites, result.stuck)
    return Transition(
        status="infeasible" if result.impossible else "unknown",
        reason=_why_none(sites, links, most, proven=result.impossible),
        blocked_by=links,
        seconds=time.monotonic() - started,
        **facts,
    )


def bare(problem: Problem, plan: Plan) -> Plan:
    """A plan's rows alone, once they keep every rule of the problem: what else it claims of itself is left behind.

    A plan may be older than what runs: half of it may be carried out, and a machine of it may be gone.
    Raises UsageError: the plan names another problem, the rows break a rule, or there are none.
    """
    for other in name_claim(problem, plan):
        raise UsageError(
            f"plan at $.problem: {other.message}; give it with its own problem, or change its `problem` where that "
            "was renamed",
            "plan",
        )
    if "status" in plan.model_fields_set and plan.status in ("infeasible", "unknown") and not plan.assignments:
        rule = f"is {plan.status}, and places nothing, so there is nothing to go to"
        raise UsageError(f"plan at $.status: {rule}", "plan")
    rows = Plan(
        instances=[PlanInstance(id=row.id, pool=row.pool) for row in plan.instances], assignments=plan.assignments
    )
    broken = [row for row in verify(problem, rows).violations if row.rule != "max-moves"]
    if broken:
        raise refused("plan", rows, broken)
    running = {row.id for row in problem.instances}
    return Plan(
        instances=[
            PlanInstance(id=row.id, pool=row.pool, new=row.new and row.id not in running) for row in plan.instances
        ],
        assignments=plan.assignments,
    )


def allowed_missing(problem: Problem, plan: Plan, given: int | str | Mapping[str, int | str] | None) -> dict[str, int]:
    """By component, how many copies may be missing; only those above 0.

    Raises UsageError: a component is not in the problem, or a value is neither a number of copies nor a percentage.
    """
    planned = Counter(row.component for row in plan.assignments)
    by_name: dict[str, int | str] = {row.name: row.max_unavailable for row in problem.components}
    if isinstance(given, Mapping):
        for name in given:
            if name not in by_name:
                raise no_component(name, by_name, "max_unavailable")
        by_name |= given
    elif given is not None:
        by_name = dict.fromkeys(by_name, given)
    found = {name: _missing(value, planned[name]) for name, value in by_name.items()}
    return {name: count for name, count in found.items() if count}


def _missing(value: int | str, copies: int) -> int:
    """A text without a percent sign is a number of copies, too, as a command line has no other way to say it."""
    is_number = isinstance(value, str) and not value.strip().endswith("%")
    try:
        return part_of(part_of_copies(int(value) if is_number else value), copies)
    except ValueError:
        rule = "a whole number of copies, or a percentage such as 25%, at most 100%"
        raise wrong_argument("max_unavailable", rule, value) from None


def _moved(due: Difference) -> int:
    leaving = Counter(stand.component for stand in due.leaving)
    arriving = Counter(stand.component for stand in due.arriving)
    return (leaving & arriving).total()


def _notes(due: Difference) -> list[str]:
    notes = []
    if due.replaced:
        names = ", ".join(map(printable, due.replaced))
        notes.append(f"the plan says that {names} runs, which it does not: a machine is opened in its place")
    if due.assumed:
        many = len(due.assumed) > 1
        copies = f"{len(due.assumed)} copies that have to stop run" if many else "1 copy that has to stop runs"
        where = "they are" if many else "it is"
        notes.append(
            f"{copies} at accelerators that the problem does not tell: {where} taken to be where there is room"
        )
    return notes


def _why_none(sites: Sites, links: tuple[BlockedMove, ...], temporary: int, *, proven: bool) -> str:
    """Who blocks whom, of which orders that is said, and what else could be allowed; `status` says whether it holds."""
    blocked = in_words(links)
    ways = ["let copies be missing (max_unavailable)"]
    if not temporary:
        ways.append("allow temporary machines")
    ways.append("ask for another plan")
    looked = "Proven for all orders" if proven else "None was found of the orders"
    return f"{blocked + '. ' if blocked else ''}{looked} {_allowed(sites, temporary)}. Ways out: {', or '.join(ways)}."


def _allowed(sites: Sites, temporary: int) -> str:
    """Which orders an answer is about."""
    missing = ", ".join(f"{count} of {printable(name)}" for name, count in sorted(sites.unavailable.items()))
    machines = "without temporary machines"
    if temporary:
        most = "" if temporary >= MOST_TEMPORARY else f"at most {temporary} "
        machines = f"with {most}temporary machine{'s' * (temporary > 1)} as far as quotas and limits lend them"
    return (
        f"in which {f'at most {missing}' if missing else 'no copy'} is missing at any moment, {machines}, copies that "
        "the plan keeps are not touched, and each other one stops over at most once"
    )
