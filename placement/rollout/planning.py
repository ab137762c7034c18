"""From a problem and a component's new options to the document of a rollout."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from placement import arguments
from placement.bounds.lacking import lacks_everywhere
from placement.documents import Component, Option, Problem
from placement.documents.rollout import Rollout
from placement.errors import UsageError, no_component, printable, wrong_argument
from placement.referee import PROBLEM_RULE
from placement.rollout import way_back
from placement.rollout.batch_size import BATCH_RULE, BatchSize, legal
from placement.rollout.beside import blue_green, fits_somewhere, remarks, rolling_beside
from placement.rollout.case import RollingCase
from placement.rollout.roll import extra_at_once, more_at_the_end
from placement.rollout.size_search import BatchSizeSearch
from placement.solving.budget import Budget
from placement.transition import Durations
from placement.transition.timeline import DURATIONS_RULE, Timeline

ATTEMPTS = 12  # of each size of batch
LONGEST_WAIT = 3600  # seconds between two batches, by SageMaker
LONGEST, SHORTEST = 28_800, 600  # seconds, after which SageMaker ends a rolling update: at most, at least
MOST_EXTRA = 10_000  # machines, that may be rented on the way where nothing is said


def plan_rollout(
    problem: Problem,
    component: str,
    options: Sequence[Option],
    *,
    batch: BatchSize | None = None,
    wait_seconds: int = 0,
    durations: Durations | None = None,
    extra_instances: int = MOST_EXTRA,
    attempts: int = ATTEMPTS,
    time_limit: float | None = None,
) -> Rollout:
    """A rolling update of all copies of a component to new options, with the fewest extra machines at once.

    New copies start before as many old ones stop, so all copies serve at every moment; nothing else moves.

    Parameters
    ----------
    problem : with `instances` and `placements` that run now.
    options : how new copies may run. An option that is the same as before is a new version of the same size.
    batch : copies of one batch; of all legal sizes the one that needs the fewest extra machines, then the fewest
        batches, when absent.
    wait_seconds : between batches, at most an hour.
    extra_instances : the most machines beyond as many as before, at once. Those that a batch empties are given back
        when it ends.
    attempts : orders to try for each size of batch.
    time_limit : seconds after which no further order is tried, one at least; None for no limit. Ctrl-C ends with the
        best order so far, too.

    Raises
    ------
    UsageError
        No such component, no copy of it runs, or an argument is of another type or out of range.
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    row = _component(problem, component)
    wait = arguments.whole("wait_seconds", wait_seconds, most=LONGEST_WAIT, rule=f"seconds from 0 to {LONGEST_WAIT}")
    most = arguments.whole("extra_instances", extra_instances, rule="a whole number of at least 0")
    budget = Budget(arguments.seconds("time_limit", time_limit))
    if batch is not None:
        arguments.instance("batch", batch, BatchSize, f"a BatchSize: {BATCH_RULE}")
    if not isinstance(options, (list, tuple)) or not options or not all(isinstance(way, Option) for way in options):
        raise wrong_argument("options", "a list of one Option or more", options)
    case = RollingCase(problem, row, options)
    facts: dict[str, Any] = {"problem": problem.name, "component": component, "copies": case.copies}
    times = arguments.instance("durations", durations or Durations(), Durations, DURATIONS_RULE).of(problem)
    times = replace(times, pause=wait)
    facts |= {"wait_seconds": wait, "blue_green": blue_green(case, times)}
    sizes, reason = _sizes(case.copies, component, batch)
    lacking = tuple(remarks(case))
    if not fits_somewhere(case):
        reason = _fits_nowhere(case)
    reason = reason or case.serves_less() or case.spreads_less()
    if reason:
        return Rollout(status="infeasible", reason=reason, notes=lacking, **facts)
    search = BatchSizeSearch(case, most, attempts, budget)
    search.run(sizes)
    if search.best is None:
        if search.interrupted:
            raise KeyboardInterrupt
        size = sizes[0]
        proven = all(k in search.without or case.is_impossible(k, most) for k in sizes)
        reason = case.why_none(size, most, proven=proven)
        if search.cut and not proven:
            reason += ", and not all were tried in time"
        if batch is not None and len(legal(case.copies)) > 1:
            reason += ". Without a size of batch all legal ones are tried"
        return Rollout(
            status="infeasible" if proven else "unknown",
            reason=reason,
            extra_bound=case.fewest_extra(size),
            notes=lacking,
            **facts,
        )
    found = _written(case, search, times, batch, facts)
    case.check(found)
    return found


def _component(problem: Problem, name: str) -> Component:
    found = next((row for row in problem.components if row.name == name), None)
    if found is None:
        raise no_component(name, (row.name for row in problem.components))
    if not any(row.component == name for row in problem.placements):
        raise UsageError(f"no copy of {printable(name)} runs: there is nothing to roll; start it with the new options")
    if any(row.component == name and row.pinned for row in problem.placements):
        raise UsageError(
            f"copies of {printable(name)} are pinned: they must stay as they are, so nothing can be rolled"
        )
    return found


def _sizes(copies: int, component: str, batch: BatchSize | None) -> tuple[Sequence[int], str]:
    """Sizes of batches to try, or why there is none."""
    every = legal(copies)
    name = printable(component)
    if not every:
        return (), (
            f"{copies} copy of {name} runs, and a batch is at most half of the copies, so no legal batch exists. "
            "Scale to 2 copies first, or use blue/green"
        )
    if batch is None:
        return every, ""
    size = batch.copies(copies)
    is_legal = size > 0 if batch.percent else size in every  # so many per cent are legal, rounded down as they are
    if not is_legal:
        said = f"{batch.value}% is {size}" if batch.percent else f"{size}"
        wrong = "" if batch.percent else f" is too {'small' if size < every[0] else 'large'}"
        sizes = f"{every[0]}" if len(every) == 1 else f"{every[0]} to {every[-1]}"
        told = f"a batch of {said} of {copies} copies of {name}{wrong}"
        return (), f"{told}; it must have {sizes} (5 to 50 % of the copies)"
    return (size,), ""


def _written(
    case: RollingCase, search: BatchSizeSearch, times: Durations, asked: BatchSize | None, facts: dict[str, Any]
) -> Rollout:
    """The document of the best order of a search; `asked` is the size of batch that was given."""
    assert search.best is not None
    size, order, bound = search.best
    steps = case.named(Timeline(case.sites, case.due, replace(order, temporary={}), times).steps())
    end = max(step.ends_at for step in steps)
    extra = extra_at_once(order)
    notes = remarks(case)
    starts = dict.fromkeys(stand.instance for batch in order.batches for stand in batch.starts)
    for machine in starts:
        if why := case.takes_none(machine):
            there = f"{printable(machine)} in place of old ones, and it {why}"
            notes.append(f"new copies start on {there}: let it take copies meanwhile")
    more = more_at_the_end(order)
    if more:
        machines = f"{more} more machine{'s hold' if more > 1 else ' holds'} copies at the end than before"
        notes.append(f"{machines}; `placement replan` says which moves would empty one")
    if end > LONGEST:
        notes.append(f"takes {end:.0f} s, and SageMaker ends a rolling update after at most {LONGEST} s")
    if search.cut:
        why = "Ctrl-C" if search.interrupted else "the time limit"
        notes.append(f"{why} ended the search before all orders were tried")
    step = {"Type": "COPY_COUNT", "Value": size}
    if asked is not None and asked.percent:
        step = {"Type": "CAPACITY_PERCENT", "Value": asked.value}
    policy = {
        "MaximumBatchSize": step,
        "WaitIntervalInSeconds": times.pause,
        "MaximumExecutionTimeoutInSeconds": int(min(LONGEST, max(SHORTEST, 2 * end))),
        "RollbackMaximumBatchSize": step,
    }
    return Rollout(
        status="optimal" if extra <= search.least() else "feasible",
        batch_copies=size,
        batches=len(order.batches),
        extra_bound=bound,
        rolling=rolling_beside(case, extra, steps),
        policy=policy,
        rollback=tuple(way_back.in_words(case, order)),
        notes=tuple(notes),
        steps=steps,
        rollback_steps=way_back.steps(case, order, times),
        asked=case.wide.to_document(),
        plan=case.plan_after(order),
        **facts,
    )


def _fits_nowhere(case: RollingCase) -> str:
    """Why no empty machine that may be rented takes a new copy."""
    new, copy = case.component.options[case.first :], f"a new copy of {printable(case.name)}"
    pools = case.sites.fleet.pools
    closed = [printable(pools[p].name) for p in sorted(set().union(*(option.without_quota for option in new)))]
    if closed:
        return f"{copy} may run on no pool but {', '.join(closed)}, where max_instances is 0"
    lacks = lacks_everywhere(case.wide, case.row, new, [pool.shape for pool in pools])
    told = f"{copy} fits on no machine of any pool, even an empty one{f': {lacks}' if lacks else ''}"
    return f"{told}. Roll to options that need less, or add a pool of machines that have it"
