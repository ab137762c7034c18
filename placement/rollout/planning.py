"""From a problem and a component's new options to the document of a rollout."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from placement import arguments
from placement.compiled.fleet import compile_fleet
from placement.documents import Option, Problem
from placement.documents.plan import Plan
from placement.documents.rollout import FleetBeside, Rollout
from placement.documents.transition import Transition
from placement.errors import SolverBugError, UsageError, nearest, printable
from placement.fleet_simulator import simulate
from placement.referee import PROBLEM_RULE
from placement.rollout.batch_size import BatchSize, legal
from placement.rollout.exact import fewer
from placement.rollout.roll import Roll, most_new, roll
from placement.transition import Durations
from placement.transition.difference import Difference, difference
from placement.transition.moment import Moment, Sites
from placement.transition.timeline import Timeline
from placement.units import dollars

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.documents import Component
    from placement.documents.transition import TransitionStep
    from placement.transition.batches import Order

ATTEMPTS = 12  # of each size of batch
LONGEST_WAIT = 3600  # seconds; SageMaker's limits
LONGEST, SHORTEST = 28_800, 600
MOST_EXTRA = 10_000


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
    extra_instances : the most machines that may be rented for it.
    attempts : orders to try for each size of batch.

    Raises
    ------
    UsageError
        No such component, no copy of it runs, or an argument is out of range.
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    row = _component(problem, component)
    wait = arguments.whole("wait_seconds", wait_seconds, most=LONGEST_WAIT, rule=f"seconds from 0 to {LONGEST_WAIT}")
    most = arguments.whole("extra_instances", extra_instances, rule="a whole number of at least 0")
    case = _RollingCase(problem, row, options)
    facts: dict[str, Any] = {"problem": problem.name, "component": component, "copies": case.copies}
    times = (durations or Durations()).of(problem)
    times = Durations(times.startup, times.drain, times.open, wait, times.startup_of)
    facts |= {"wait_seconds": wait, "blue_green": _blue_green(case, times)}
    sizes, reason = _sizes(case.copies, component, batch)
    if reason:
        return Rollout(status="infeasible", reason=reason, **facts)
    found, without = _best(case, sizes, most, attempts)
    if found is None:
        size = sizes[0]
        bound = case.fewest_extra(size)
        proven = all(k in without or case.is_impossible(k, most) for k in sizes)
        return Rollout(
            status="infeasible" if proven else "unknown", reason=case.why_none(size, most), extra_bound=bound, **facts
        )
    size, order, bound = found
    return _written(case, size, order, bound, times, facts | {"batch": batch})


def _component(problem: Problem, name: str) -> Component:
    found = next((row for row in problem.components if row.name == name), None)
    if found is None:
        names = [row.name for row in problem.components]
        raise UsageError(f'no component "{printable(str(name))}"; {nearest(str(name), names)}')
    if not any(row.component == name for row in problem.placements):
        raise UsageError(f"no copy of {printable(name)} runs: there is nothing to roll; start it with the new options")
    if any(row.component == name and row.pinned for row in problem.placements):
        raise UsageError(
            f"copies of {printable(name)} are pinned: they must stay as they are, so nothing can be rolled"
        )
    return found


class _RollingCase:
    """The fleet with old and new options of one component side by side, compiled."""

    def __init__(self, problem: Problem, row: Component, options: Sequence[Option]) -> None:
        self.problem, self.name, self.first = problem, row.name, len(row.modes)
        wide = _with_both(problem, row, options)
        now = difference(wide, Plan(instances=[{"id": m.id, "pool": m.pool} for m in wide.instances]))
        mine = tuple(stand for stand in now.now if stand.component == row.name)
        rest = tuple(stand for stand in now.now if stand.component != row.name)
        self.copies, self.wide = len(mine), wide
        self.due = Difference(
            kept=rest,
            leaving=mine,
            arriving=mine,  # as many copies again: floors are those of today
            assumed=now.assumed,
            pools=now.pools,
            running=now.running,
            opening=(),
            closing=tuple(m.id for m in problem.instances if m.removable),
            replaced=(),
        )
        self.sites = Sites(compile_fleet(wide), self.due, {})
        self.component = self.sites.components[row.name]
        self.start = Moment(self.sites, self.due.running, self.due.now)

    def free_room(self) -> int:
        """No more new copies than this fit beside all that runs."""
        return sum(
            most_new(self.component, self.first, self._shape(m), self.start.load(m), self.sites.pool_of[m])
            for m in self.due.running
            if m not in self.sites.draining and m not in self.sites.residents
        )

    def on_one_more(self) -> int:
        """No extra machine takes more new copies than this; 0 where none may be rented or none takes any."""
        pools = [pool for pool in self.sites.fleet.pools if self.start.may_open(pool.index)]
        return max((most_new(self.component, self.first, p.shape, None, p.index) for p in pools), default=0)

    def fewest_extra(self, size: int) -> int:
        """Extra machines that the first batch needs at least."""
        short = size - self.free_room()
        each = self.on_one_more()
        return 0 if short <= 0 else -(-short // each) if each else 1

    def is_impossible(self, size: int, most: int) -> bool:
        """Whether no first batch of this size exists, which is proven."""
        short = size - self.free_room()
        return short > 0 and (self.on_one_more() == 0 or self.fewest_extra(size) > most)

    def why_none(self, size: int, most: int) -> str:
        """Why no batch has room, with figures."""
        told = f"a batch of {size} needs room for {size} more of {printable(self.name)} before old ones go; "
        told += f"the machines that run have room for {self.free_room()}"
        if not most:
            return told + ", and no extra machine is allowed. Allow one, or make room first"
        quotas = [
            f"{printable(p.name)} has {self.start.paid[p.index]} of {p.max_instances}"
            for p in self.sites.fleet.pools
            if p.max_instances is not None and any(p.index in o.pools for o in self.component.options[self.first :])
        ]
        if not self.on_one_more():
            why = f" (quota: {', '.join(quotas)})" if quotas else ""
            return told + f", and no pool where they may run lends one more machine{why}. Raise it, or make room first"
        return told + ", and no order of batches was found with the machines that may be rented"

    def check(self, order: Order, steps: tuple[TransitionStep, ...]) -> None:
        """Carry the steps out in the fleet simulator.

        Raises
        ------
        SolverBugError
            A step breaks a rule.
        """
        closed = {machine for batch in order.batches for machine in batch.closes}
        pools = self.due.pools | {m: self.sites.fleet.pools[p].name for m, p in order.temporary.items()}
        stay = [m for m in (*self.due.running, *order.temporary) if m not in closed]
        copies = [*self.due.kept, *(stand for batch in order.batches for stand in batch.starts)]
        plan = Plan(
            instances=[{"id": m, "pool": pools[m]} for m in stay],
            assignments=[{"component": c, "option": o, "instance": m, "accelerators": k} for c, o, m, k in copies],
        )
        broken = simulate(self.wide, plan, Transition(status="feasible", steps=steps))
        if broken:
            raise SolverBugError(f"a rollout breaks a rule: {broken[0]}")

    def _shape(self, machine: str) -> Any:
        return self.sites.fleet.pools[self.sites.pool_of[machine]].shape


def _with_both(problem: Problem, row: Component, options: Sequence[Option]) -> Problem:
    """The problem with old and new options on one component, all of its copies wanted."""
    document = problem.to_document()
    old = [mode.model_dump(mode="json", exclude_unset=True) for mode in row.modes]
    new = [option.model_dump(mode="json", exclude_unset=True, exclude={"name"}) for option in options]
    if row.demand is not None:
        new = [{"throughput": max(mode.throughput or 0 for mode in row.modes)} | option for option in new]
    direct = set(Option.model_fields)
    for found in document["components"]:
        if found["name"] == row.name:
            for key in direct & set(found) - {"name"}:
                del found[key]
            found["options"] = old + new
    return Problem(**document)


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
    if size not in every:
        said = f"{batch.value}%" if batch.percent else f"{batch.value}"
        return (), (
            f"a batch of {said} is {size} of {copies} copies of {name}; legal are {every[0]} to {every[-1]} "
            "(5 to 50 % of the copies)"
        )
    return (size,), ""


def _best(
    case: _RollingCase, sizes: Sequence[int], most: int, attempts: int
) -> tuple[tuple[int, Order, int] | None, set[int]]:
    """Size, order and bound with the fewest extra machines, then the fewest batches; and sizes that can't be."""
    without: set[int] = set()
    best: tuple[tuple[int, int], int, Order, int] | None = None
    for size in sizes:
        bound = case.fewest_extra(size)
        cap = most if best is None else min(most, best[0][0])
        if bound > cap:
            continue
        what = Roll(case.name, case.first, size)
        order: Order | None = None
        for seed in range(attempts):
            found = roll(case.sites, case.due, what, cap if order is None else len(order.temporary) - 1, seed)
            order = found or order
            if order is not None and len(order.temporary) <= bound:
                break
        order, bound = fewer(case.sites, case.due, what, order, bound, most)
        if order is None:
            without |= {size} if bound > most else set()
            continue
        key = len(order.temporary), len(order.batches)
        if best is None or key < best[0]:
            best = key, size, order, bound
    return None if best is None else best[1:], without


def _hours(case: _RollingCase, machines: Iterable[tuple[str, float]]) -> tuple[float, float]:
    """Machine-hours and dollars of machines by pool, each with its seconds."""
    price = {pool.name: pool.price for pool in case.sites.fleet.pools}
    rows = list(machines)
    seconds = sum(span for _, span in rows)
    return seconds / 3600, dollars(math.ceil(sum(price[pool] * span for pool, span in rows) / 3600))


def _blue_green(case: _RollingCase, times: Durations) -> FleetBeside:
    """As many machines again as hold copies today, until all new copies are ready and all old ones gone.

    Where new copies can't run on such machines, as many of the cheapest pool as they fill at least.
    """
    span = times.open + times.until_ready(case.name) + times.pause + times.drain
    fleet, pools = case.sites.fleet, case.due.pools
    holding = [pools[machine] for machine in dict.fromkeys(stand.instance for stand in case.due.leaving)]
    holds = {p.name: most_new(case.component, case.first, p.shape, None, p.index) for p in fleet.pools}
    if not all(holds[pool] for pool in holding):
        ways = [(-(-case.copies // holds[p.name]) * p.price, p.index) for p in fleet.pools if holds[p.name]]
        if ways:
            green = fleet.pools[min(ways)[1]].name
            holding = [green] * -(-case.copies // holds[green])
    hours, cost = _hours(case, [(pool, span) for pool in holding])
    return FleetBeside(instances=len(holding), machine_hours=hours, cost=cost, duration_seconds=span)


def _written(
    case: _RollingCase, size: int, order: Order, bound: int, times: Durations, facts: dict[str, Any]
) -> Rollout:
    pools = {machine: case.sites.fleet.pools[pool].name for machine, pool in case.sites.pool_of.items()}
    steps = Timeline(case.due, replace(order, temporary={}), times, pools).steps()
    case.check(order, steps)
    end = max(step.ends_at for step in steps)
    opened = [(pools[s.instance or ""], end - s.starts_at) for s in steps if s.action == "open"]
    hours, cost = _hours(case, opened)
    extra = len(order.temporary)
    notes = []
    more = extra - sum(len(batch.closes) for batch in order.batches)
    if more > 0:
        machines = f"{more} more machine{'s' if more > 1 else ''} than before"
        notes.append(f"{machines} hold copies at the end; `placement replan` says which moves would empty one")
    if end > LONGEST:
        notes.append(f"takes {end:.0f} s, and SageMaker ends a rolling update after at most {LONGEST} s")
    given = facts.pop("batch")
    step = {"Type": "COPY_COUNT", "Value": size}
    if given is not None and given.percent:
        step = {"Type": "CAPACITY_PERCENT", "Value": given.value}
    policy = {
        "MaximumBatchSize": step,
        "WaitIntervalInSeconds": times.pause,
        "MaximumExecutionTimeoutInSeconds": int(min(LONGEST, max(SHORTEST, 2 * end))),
        "RollbackMaximumBatchSize": step,
    }
    return Rollout(
        status="optimal" if extra <= bound else "feasible",
        batch_copies=size,
        batches=len(order.batches),
        extra_bound=bound,
        rolling=FleetBeside(instances=extra, machine_hours=hours, cost=cost, duration_seconds=end),
        policy=policy,
        rollback=_rollback(order),
        notes=notes,
        steps=steps,
        **facts,
    )


def _rollback(order: Order) -> list[str]:
    """How to go back from each batch: the batches so far, backwards, each in the room that it had."""
    told = []
    for number, batch in enumerate(order.batches, 1):
        old = Counter(stand.instance for stand in batch.stops)
        new = Counter(stand.instance for stand in batch.starts)
        start = ", ".join(f"{count} on {printable(machine)}" for machine, count in sorted(old.items()))
        stop = ", ".join(f"{count} on {printable(machine)}" for machine, count in sorted(new.items()))
        told.append(f"batch {number} back: start old copies again, {start}; wait; stop new ones, {stop}")
    return told[::-1]
