"""From a problem to a verified plan: compile, solve, write down, check.

No solver marks its own work: the plan that leaves here was recounted by `verify` from the documents alone.
"""

from __future__ import annotations

import math
import threading
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from placement import arguments
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.translate import from_plan
from placement.documents import Plan, Problem
from placement.errors import UsageError, failure, ran_out_of_memory, wrong_argument
from placement.referee import PLAN_RULE, PROBLEM_RULE, refused, verify
from placement.referee.claims import name_claim
from placement.solvers.registry import SOLVERS, Solver, find_solver
from placement.solving.budget import POLL, Budget
from placement.solving.context import Solve
from placement.solving.incumbent import SEARCH, Incumbent, Listener
from placement.solving.result import OUT_OF_MEMORY, Outcome, Result, Stop, said_infeasible
from placement.solving.steps import counted, forget_steps, step_counter
from placement.writing import first_violation, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.certificates import Certificate
    from placement.compiled.packing import Packing

T = TypeVar("T")

# A large plan takes long to write and check; its time is taken off the search's where it is not short. In seconds: for
# a row of a plan, a component, and a machine that runs; tables included.
_ROW_SECONDS, _COMPONENT_SECONDS, _INSTANCE_SECONDS = 1.0e-5, 7.0e-5, 2.0e-5
_SHORT = 0.25  # seconds: what takes no longer to write and check is not taken off
# A search may end so late after its time: seconds, and a part of the time limit, up to so many seconds. After Ctrl-C,
# seconds: of one that has something to hand out already, and of one that has nothing yet.
_LATE, _LATE_PART, _LATE_MOST, _LATE_INTERRUPTED, _LATE_WITH_NOTHING = 0.25, 0.05, 0.75, 2.0, 5.0
_LEAST = 0.25  # seconds of a search without a plan to start from: a small problem has one by then
_NAMES_IT = ("limit ", "max_moves ", " must keep ")  # in reasons that name the rule over the whole plan, with figures


def solve(
    problem: Problem,
    solver: str = "auto",
    *,
    time_limit: float | None = arguments.A_MINUTE,
    gap: float = 0.0,
    seed: int = 0,
    work: int | None = None,
    threads: int | None = None,
    options: dict[str, Any] | None = None,
    hint: Plan | None = None,
    listener: Listener | None = None,
    executor: Executor | None = None,
    certificate: bool = False,
) -> Result:
    """Find a plan, with a bound on how good any plan can be.

    Parameters
    ----------
    problem : what to place and where.
    solver : a name in `placement.SOLVERS`.
    time_limit : seconds; None for no limit, as by default beside `work`. The best plan so far is returned when it ends,
        and on Ctrl-C. What a plan takes to check and write is taken off it, where that is more than a quarter of a
        second by its sizes. A limit below a quarter of a second, but not of 0, is taken as that where there is no
        `hint`.
    gap : relative gap to the bound at which to stop, from 0, which asks for a proof, to 1.
    seed : same problem, seed and `work` give the same plan.
    work : limit on work, about in seconds of one core, for runs that must not depend on the machine.
    threads : most threads an engine may use; with 1 there is no second process either.
    options : the solver's own options by name.
    hint : a plan of this problem to start from; the answer is never worse.
    listener : called with each `Event` while solving, from the threads of the solve, one at a time.
    executor : where the parts of a large problem are solved (see the solver `decomposition`): any
        `concurrent.futures.Executor`, such as a process pool or ``distributed.Client(...).get_executor()``. None: one
        part after the other in this process. The answer does not depend on it.
    certificate : keep in the result what `certify` needs to write down why the bound holds.

    Returns
    -------
    Result
        Plan, bound, and why it stopped. A proven infeasible problem is an answer, not an error.

    Raises
    ------
    UsageError
        No such solver or option, an argument of another type, a limit that can't mean anything, or a hint that breaks
        a rule.
    SolverBugError
        A solver failed or contradicted itself, and there is no plan that keeps every rule. Where there is one, that is
        the answer, and `faults` tells of it (but for `PLACEMENT_STRICT` in the environment, with which all is raised).

    Examples
    --------
    >>> import placement
    >>> problem = placement.read("instances/codegen-after.yaml")
    >>> print(placement.solve(problem, "greedy").status)
    feasible
    """
    _check_documents(problem, hint, "hint")
    entry = find_solver(solver)
    settings = entry.make_options({} if options is None else options)
    time_limit, gap = arguments.time_limit(time_limit, work), arguments.gap("gap", gap)
    seed = arguments.seed("seed", seed)
    work, threads = arguments.work("work", work), arguments.threads("threads", threads)
    _check_listener(listener)
    if executor is not None:
        arguments.instance("executor", executor, Executor, "a concurrent.futures.Executor, or None")
    if time_limit and hint is None:
        time_limit = max(time_limit, _LEAST)
    budget = Budget(time_limit, work, gap, threads, executor)
    fleet = compile_fleet(problem)
    _check_rules(fleet, entry)
    writing = _writing_seconds(fleet)
    if budget.seconds is not None and writing > _SHORT:
        budget = budget.shortened(writing)
    whole = Solve(fleet, Incumbent(fleet, budget, listener, check=partial(first_violation, fleet)), budget, seed)
    if hint is not None:
        whole.incumbent.offer(_packing_of(fleet, hint, "hint"), "hint")
    if budget.seconds is not None and budget.seconds <= 0:
        outcome = _too_long(solver, fleet)
    else:
        outcome = _run(lambda: _with_what_has_room(whole, entry.load()(whole, options=settings)), whole, solver)
    found = written(whole, outcome, solver)
    return _with_evidence(found, whole, outcome) if certificate else found


def _check_rules(fleet: Fleet, entry: Solver) -> None:
    """The solver knows the rules of this problem that not all of them know."""
    named = named_fleet_rules(fleet)
    if named and not entry.fleet_rules:
        others = ", ".join(solver.name for solver in SOLVERS.values() if solver.fleet_rules)
        raise UsageError(f"solver {entry.name} does not know {', '.join(named)}; choose one of {others}")


def _rows(fleet: Fleet) -> int:
    """The fewest rows that a plan has: copies, and machines that are paid for whatever it places."""
    copies = 0
    for c in fleet.components:
        fastest = max((option.throughput for option in c.options), default=0) if c.demand else 0
        copies += max(c.required, -(-c.demand // fastest) if fastest else 0)
    return copies + sum(pool.min_instances for pool in fleet.pools)


def _writing_seconds(fleet: Fleet) -> float:
    """What the smallest plan takes to be checked, written and shown: by sizes alone, not by how fast the machine is."""
    rows = _rows(fleet) * _ROW_SECONDS
    return rows + len(fleet.components) * _COMPONENT_SECONDS + len(fleet.instances) * _INSTANCE_SECONDS


def _too_long(solver: str, fleet: Fleet) -> Outcome:
    rows, seconds = _rows(fleet), _writing_seconds(fleet)
    if seconds <= _SHORT:
        return Outcome(solver, Stop.TIME, reason="a time limit of 0 leaves no time to search: give it a longer one")
    reason = (
        f"a plan has at least {rows:,} rows, and to write and check so many takes about {math.ceil(seconds)} s: "
        f"give it a time limit well beyond that"
    )
    return Outcome(solver, Stop.TIME, reason=reason)


def bound(
    problem: Problem,
    plan: Plan | None = None,
    *,
    time_limit: float | None = arguments.A_MINUTE,
    seed: int = 0,
    work: int | None = None,
    listener: Listener | None = None,
    certificate: bool = False,
) -> Result:
    """A bound on the cost of every plan, and how far a given plan is from it; no search for a better plan.

    Parameters
    ----------
    problem : what to place and where.
    plan : anyone's plan of it; the bound is then on plans that leave out no more optional copies than it does.
    time_limit : seconds; None for no limit, as by default beside `work`. The best bound so far is returned when it
        ends, and on Ctrl-C.
    seed : of the integer programs over machine counts.
    work : limit on work, about in seconds of one core, for runs that must not depend on the machine.
    listener : called with each `Event`.
    certificate : as in `solve`.

    Returns
    -------
    Result
        With the plan's cost, bound and gap; without a plan, with the bound alone.

    Raises
    ------
    UsageError
        The plan breaks a rule, an argument is of another type, or a limit can't mean anything.
    """
    from placement.patterns.group_bound import raise_bounds_by_rules

    _check_documents(problem, plan, "plan")
    time_limit, seed = arguments.time_limit(time_limit, work), arguments.seed("seed", seed)
    _check_listener(listener)
    budget = Budget(time_limit, arguments.work("work", work))
    fleet = compile_fleet(problem)
    whole = Solve(fleet, Incumbent(fleet, budget, listener, check=partial(first_violation, fleet)), budget, seed)
    start = None if plan is None else _packing_of(fleet, plan)

    outcome = _run(lambda: raise_bounds_by_rules(whole, hint=start), whole, "bound", lambda: _has_bound(whole))
    found = written(whole, outcome, "bound")
    return _with_evidence(found, whole, outcome) if certificate else found


class _Evidence(NamedTuple):
    """What a certificate is written from: a solve at its end."""

    solve: Solve
    infeasible_by: str | None


def _with_evidence(result: Result, solve: Solve, outcome: Outcome) -> Result:
    return replace(result, evidence=_Evidence(solve, outcome.solver if outcome.infeasible else None))


def certify(result: Result, *, time_limit: float | None = 60.0) -> Certificate:
    """Why the bound of a result holds, or why there is no plan, as a document that anyone can check.

    `placement.check_certificate` checks it with the standard library alone; `docs/maths/certificates.md` is its format.

    Parameters
    ----------
    result : of `solve` or `bound`, asked with ``certificate=True``.
    time_limit : seconds for arguments that the solve itself did not need; None for no limit.

    Returns
    -------
    Certificate
        It may claim less than the result: what of its bound has an argument that can be written down.

    Raises
    ------
    UsageError
        The result was not asked to keep what a certificate needs.

    Examples
    --------
    >>> import placement
    >>> problem = placement.read("instances/codegen-before.yaml")
    >>> result = placement.solve(problem, certificate=True)
    >>> print(placement.certify(result))
    no plan costs less than $681.75, by prices (1 leaf)
    """
    arguments.instance("result", result, Result, "a placement.Result")
    limit = arguments.seconds("time_limit", time_limit)
    evidence = result.evidence
    if not isinstance(evidence, _Evidence):
        raise UsageError("result has nothing to write a certificate from: ask solve or bound with certificate=True")
    from placement.certificates import write_certificate

    budget = Budget(limit)
    work = partial(write_certificate, evidence.solve.within(budget), infeasible_by=evidence.infeasible_by)
    ended = _in_thread(work, budget, lambda: True)
    if not ended and budget.interrupted:
        raise KeyboardInterrupt
    if not ended:
        raise UsageError("the certificate was not written in time: give a longer time limit")
    (found,) = ended
    if isinstance(found, BaseException):
        raise found
    return found


def _check_documents(problem: Problem, plan: Plan | None, name: str) -> None:
    """Both are the documents, not what they were read from."""
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    if plan is not None:
        arguments.instance(name, plan, Plan, f"{PLAN_RULE}, or None")


def _check_listener(listener: Listener | None) -> None:
    if listener is not None and not callable(listener):
        raise wrong_argument("listener", "a function of one event, or None", listener)


def _packing_of(fleet: Fleet, plan: Plan, name: str = "plan") -> Packing:
    """A plan from outside in compiled form, if it keeps every rule; what it says of its own cost does not matter.

    `name` is the argument that it is.
    """
    bare = Plan(
        instances=[row.model_dump(exclude_unset=True) for row in plan.instances],
        assignments=[row.model_dump(exclude_unset=True) for row in plan.assignments],
    )
    broken = verify(fleet.problem, bare).violations
    if broken:
        raise refused(name, bare, (*name_claim(fleet.problem, plan), *broken))
    return from_plan(fleet, bare)


def _has_bound(solve: Solve) -> bool:
    return solve.incumbent.ticks_bound is not None


def _run(
    search: Callable[[], Outcome], solve: Solve, solver: str, has_answer: Callable[[], bool] | None = None
) -> Outcome:
    """Solve in a thread of its own: only so does Ctrl-C reach Python while an engine works.

    The first Ctrl-C asks the solver to end with what it has; a second one is raised as usual. A search that goes on
    long after it was to end, as an engine may that does not look at its clock, is left behind: what it found counts,
    and what it may still find does not. It gets longer after Ctrl-C where it has found no answer yet: no plan, unless
    `has_answer` says what else.
    """
    incumbent, budget = solve.incumbent, solve.budget
    ended = _in_thread(lambda: _explained(solve, search()), budget, has_answer or (lambda: incumbent.best is not None))
    incumbent.close()
    if not ended:
        return Outcome(solver, Stop.INTERRUPTED if budget.interrupted else Stop.TIME, stats={"left_behind": 1})
    (found,) = ended
    if isinstance(found, BaseException):
        if incumbent.best is not None and ran_out_of_memory(found):  # what was found before is as good as ever
            return Outcome(solver, Stop.STUCK, stats={OUT_OF_MEMORY: 1})
        if (
            incumbent.best is None
            or incumbent.strict
            or isinstance(found, UsageError)
            or not isinstance(found, Exception)
        ):
            raise found
        incumbent.withdraw(0)
        incumbent.blame(solver, failure(found))
        return Outcome(solver, Stop.STUCK)
    if found.infeasible and incumbent.best is not None:
        incumbent.withdraw(0)
        incumbent.blame(found.solver, said_infeasible(incumbent.found_by))
        return Outcome(found.solver, Stop.STUCK, stats=found.stats)
    return found


def _with_what_has_room(solve: Solve, outcome: Outcome) -> Outcome:
    """The outcome of a search, after optional copies that it left out, and for which its plan has room, are placed.

    What made the plan cheaper last may have made room. It takes as long as placing these copies once.
    """
    if any(solve.left_out or ()) and not solve.incumbent.proved:
        from placement.local_search.optional_copies import OptionalCopies

        OptionalCopies(solve).extend()
    return outcome


def _explained(solve: Solve, outcome: Outcome) -> Outcome:
    """A proof of any solver that there is no plan says what leaves none, with figures.

    That is a rule over the whole plan, or else what shows it at once.
    """
    if not outcome.infeasible or solve.packing is not None or any(words in outcome.reason for words in _NAMES_IT):
        return outcome
    if named_fleet_rules(solve.fleet):
        from placement.solvers.obstacles import obstacles  # loads an engine

        said = obstacles(solve)
        if said:
            return replace(outcome, reason=f"{outcome.reason}; what leaves no plan: {said}")
    from placement.bounds import why_infeasible

    said = why_infeasible(solve.fleet, solve.budget) or ""
    return outcome if said in outcome.reason else replace(outcome, reason=f"{outcome.reason}; {said}")


def _in_thread(work: Callable[[], T], budget: Budget, has_answer: Callable[[], bool]) -> list[T | BaseException]:
    """What some work returns or raises; empty when it went on long after it was to end. Its steps are this thread's.

    `has_answer`: whether there is something to hand out without it.
    """
    found: list[T | BaseException] = []
    done, counter = threading.Event(), step_counter()

    def run() -> None:
        try:
            with counted(counter):
                found.append(work())
        except BaseException as error:
            found.append(error)
        finally:
            done.set()

    try:
        ended = _wait_or_interrupt(threading.Thread(target=run, name=SEARCH, daemon=True), done, budget, has_answer)
    except BaseException:  # a second Ctrl-C: what the search has begun, such as a process, it ends by itself
        budget.leave_behind()
        raise
    if not ended:
        budget.leave_behind()
        forget_steps()
        return []
    return found


def _wait_or_interrupt(
    thread: threading.Thread, done: threading.Event, budget: Budget, has_answer: Callable[[], bool]
) -> bool:
    """Start a thread, and `_wait` for its end; the first Ctrl-C asks for that."""
    try:
        thread.start()
        return _wait(done, budget, has_answer)
    except KeyboardInterrupt:
        budget.interrupt()
        return _wait(done, budget, has_answer)


def _wait(done: threading.Event, budget: Budget, has_answer: Callable[[], bool]) -> bool:
    """Wait for the end; False when the budget was over well before."""
    over: float | None = None
    # An event, since Python 3.11 takes a thread for dead once Ctrl-C has interrupted its join; and with a timeout,
    # since a bare wait can't be interrupted everywhere.
    while not done.wait(timeout=min(POLL, budget.left()) if over is None else POLL):
        if over is None and budget.cut_short():
            over = budget.elapsed()
        elif over is not None and budget.elapsed() - over > _may_be_late(budget, has_answer):
            return done.is_set()
    return True


def _may_be_late(budget: Budget, has_answer: Callable[[], bool]) -> float:
    """Seconds that a search may go on after it was to end."""
    if not budget.interrupted:
        return min(_LATE_MOST, _LATE + _LATE_PART * (budget.seconds or 0.0))
    return _LATE_INTERRUPTED if has_answer() else _LATE_WITH_NOTHING
