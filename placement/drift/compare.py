"""Two plans side by side: machines paired, contents compared, copies that leave and come put together as moves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from placement import arguments
from placement.auditing.examine import check_running
from placement.auditing.findings import findings
from placement.documents import Plan, Pool, Problem
from placement.drift.contents import (
    Held,
    HeldCopy,
    Kind,
    NotShared,
    apart_by_content,
    apart_by_number,
    held_by_machine,
    kinds,
    pair,
)
from placement.drift.document import (
    ComparedSide,
    ComponentChange,
    CopiesChange,
    CopiesThere,
    MachineChange,
    PlanDifference,
    PoolChange,
)
from placement.errors import UsageError, printable
from placement.referee import PLAN_RULE, PROBLEM_RULE, verify
from placement.report.changes import paired
from placement.running_state import check_listed_once, running_copies, running_plan
from placement.units import dollars

WHAT_RUNS = "what runs"


@dataclass(frozen=True, slots=True)
class _Side:
    """Machines with their pools and what they hold, and the figures of all of them."""

    pools: dict[str, str]
    on: dict[str, Held]
    facts: ComparedSide

    def pooled(self) -> _Side:
        """Each pool as if it were one machine that holds all copies of its machines, wherever there."""
        on: dict[str, Held] = defaultdict(Counter)
        for machine, held in self.on.items():
            for copy, count in held.items():
                on[self.pools[machine]][copy._replace(accelerators=())] += count
        return _Side({pool: pool for pool in self.pools.values()}, on, self.facts)


def diff(
    problem: Problem, before: Plan | None, after: Plan, *, alike: bool = False, by_pool: bool = False
) -> PlanDifference:
    """What differs between two plans of a problem, or between what runs and a plan.

    Parameters
    ----------
    before : a plan; None for what runs by the problem's `instances` and `placements`.
    after : a plan.
    alike : every machine of a pool is as good as another, whatever it is called. Without it that holds for machines
        that do not run by the problem, whose names a plan made up. A machine that drains, is cordoned, can't be removed
        or has a pinned copy is itself in any case.
    by_pool : machines and copies of each pool are counted, and it does not matter which of its machines a copy is on:
        for a platform that does not tell, or that chooses itself.

    Returns
    -------
    PlanDifference
        `same` when nothing differs. The order of rows never counts, nor do the numbers of accelerators of machines
        whose names do not count. Moves are those of carrying out `after` where `before` runs.

    Raises
    ------
    UsageError
        A plan lists a machine twice or is none, or nothing runs.

    Examples
    --------
    >>> import placement
    >>> problem = placement.read("instances/codegen-after.yaml")
    >>> plan = placement.solve(problem, "ffd").plan
    >>> placement.diff(problem, plan, plan).same
    True
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    arguments.instance("after", after, Plan, PLAN_RULE)
    if before is None:
        old = _running(problem)
    else:
        arguments.instance("before", before, Plan, PLAN_RULE)
        old = _of_plan(problem, before, "before", "the first plan")
    new = _of_plan(problem, after, "after", "the plan" if before is None else "the second plan")
    return _Comparison(problem, old, new, alike=alike, by_pool=by_pool).difference()


def _running(problem: Problem) -> _Side:
    check_running(problem, "give two plans")
    now = running_plan(problem)
    verdict = verify(problem, now.plan)
    rows = (
        (copy.instance, HeldCopy(copy.component, copy.option, copy.accelerators)) for copy in running_copies(problem)
    )
    broken = len(findings(problem, now.plan, verdict.violations, now.dealt))
    facts = ComparedSide(WHAT_RUNS, dollars(verdict.price_per_hour), verdict.instances, verdict.copies, broken)
    return _Side({row.id: row.pool for row in problem.instances}, held_by_machine(rows), facts)


def _of_plan(problem: Problem, plan: Plan, name: str, what: str) -> _Side:
    """A side that is a plan: the argument `name`, called `what` in the answer."""
    if not plan.instances and not plan.assignments and plan.status in ("infeasible", "unknown"):
        rule = f"is {plan.status}, and places nothing: there is nothing to compare"
        raise UsageError(f"{name} at $.status: {rule}", name)
    check_listed_once(plan, name)
    machines = {row.id for row in plan.instances}
    for index, row in enumerate(plan.assignments):
        if row.instance not in machines:
            where = f"{printable(row.component)} on {printable(row.instance)}"
            rule = f"places {where}, which its instances do not list; list it there"
            raise UsageError(f"{name} at $.assignments[{index}].instance: {rule}", name)
    verdict = verify(problem, plan)
    rows = (
        (row.instance, HeldCopy(row.component, row.option, tuple(sorted(row.accelerators)))) for row in plan.assignments
    )
    # What a plan says of itself was said when it was made: of other moves and prices than from what runs now, and of
    # machines that were new then.
    broken = sum(not row.is_claim and row.rule != "known-instance" for row in verdict.violations)
    price = dollars(verdict.price_per_hour)
    facts = ComparedSide(what, price, len(plan.instances), len(plan.assignments), broken)
    return _Side({row.id: row.pool for row in plan.instances}, held_by_machine(rows), facts)


class _Pair(NamedTuple):
    """A machine on both sides, or on one; `apart` is what its contents do not have in common."""

    before: str | None
    after: str | None
    pool: str
    apart: NotShared


class _Comparison:
    """Machines paired, and what follows from that."""

    def __init__(self, problem: Problem, old: _Side, new: _Side, *, alike: bool, by_pool: bool) -> None:
        self.problem, self.alike, self.by_pool = problem, alike, by_pool
        self.counts = Counter(old.pools.values()), Counter(new.pools.values())
        self.old, self.new = (old.pooled(), new.pooled()) if by_pool else (old, new)
        self.pools = {row.name: row for row in problem.pools}
        self.pairs = self._pairs()

    def difference(self) -> PlanDifference:
        changes, moves = self._changes()
        differ = [row for row in self.pairs if row.before is None or row.after is None or not row.apart.same]
        machines = () if self.by_pool else tuple(map(self._machine, differ))
        pools = tuple(self._pools()) if self.by_pool else ()
        components = tuple(self._components(moves))
        return PlanDifference(
            problem=self.problem.name,
            same=not machines and not pools and not components,
            alike=self.alike,
            by_pool=self.by_pool,
            before=self.old.facts,
            after=self.new.facts,
            moves=sum(moves.values()),
            machines=machines,
            pools=pools,
            components=components,
            changes=changes,
        )

    def _themselves(self) -> set[str]:
        """Machines that are known by their names."""
        if self.by_pool:
            return set()
        pinned = {row.instance for row in self.problem.placements if row.pinned}
        return {
            row.id
            for row in self.problem.instances
            if not self.alike or row.state != "active" or not row.removable or row.id in pinned
        }

    def _pairs(self) -> list[_Pair]:
        """Machines of both sides; those that are themselves first, then pool by pool."""
        known = self._themselves()
        found = []
        partner: dict[str, str] = {}
        for pool in sorted({*self.old.pools.values(), *self.new.pools.values()}):
            before, after = (
                {
                    name: side.on.get(name, Counter())
                    for name, of in side.pools.items()
                    if of == pool and name not in known
                }
                for side in (self.old, self.new)
            )
            partner |= pair(before, after)
        taken = set(partner.values())
        for name, pool in self.new.pools.items():
            old = name if name in known and self.old.pools.get(name) == pool else partner.get(name)
            held = self.new.on.get(name, Counter())
            was = self.old.on.get(old, Counter()) if old is not None else Counter[HeldCopy]()
            apart = apart_by_number(was, held) if name in known else apart_by_content(was, held)
            found.append(_Pair(old, name, pool, apart))
        for name, pool in self.old.pools.items():
            if name not in taken and not (name in known and self.new.pools.get(name) == pool):
                goes = kinds(self.old.on.get(name, Counter()))
                found.append(_Pair(name, None, pool, NotShared(goes, Counter(), Counter())))
        return sorted(found, key=lambda row: (row.pool, row.before is None, row.before or row.after or ""))

    def _facts(self, name: str) -> dict[str, Any]:
        """Type, zone and price of a pool's machines; each null where the problem has no such pool."""
        pool = self.pools.get(name)
        if pool is None:
            return {"instance_type": None, "zone": None, "price_per_hour": None}
        return {"instance_type": pool.instance_type, "zone": pool.zone, "price_per_hour": self.problem.price_of(pool)}

    def _pools(self) -> Iterable[PoolChange]:
        before, after = self.counts
        for row in self.pairs:
            if not row.apart.same or before[row.pool] != after[row.pool]:
                yield PoolChange(
                    pool=row.pool,
                    **self._facts(row.pool),
                    machines_before=before[row.pool],
                    machines_after=after[row.pool],
                    comes=_rows(row.apart.comes),
                    goes=_rows(row.apart.goes),
                )

    def _machine(self, row: _Pair) -> MachineChange:
        return MachineChange(
            before=row.before,
            after=row.after,
            pool=row.pool,
            **self._facts(row.pool),
            comes=_rows(row.apart.comes),
            goes=_rows(row.apart.goes),
            rearranged=_rows(row.apart.rearranged),
        )

    def _changes(self) -> tuple[tuple[CopiesChange, ...], Counter[str]]:
        """Copies that leave one machine for another, stop and start; and moves by component."""
        leaving: dict[str, Counter[str]] = defaultdict(Counter)
        arriving: dict[str, Counter[str]] = defaultdict(Counter)
        keys = [str(k) for k in range(len(self.pairs))]  # a name may mean one machine before and another one after
        names = dict(zip(keys, map(self._called, self.pairs), strict=True))
        order = {key: k for k, key in enumerate(keys)}
        for key, row in zip(keys, self.pairs, strict=True):
            for (component, _), count in (row.apart.goes + row.apart.rearranged).items():
                leaving[component][key] += count
            for (component, _), count in (row.apart.comes + row.apart.rearranged).items():
                arriving[component][key] += count
        found: list[CopiesChange] = []
        moves: Counter[str] = Counter()
        for component in self._names():
            for change in paired(component, leaving[component], arriving[component], order):
                source, target = (None if key is None else names[key] for key in (change.source, change.target))
                stood, stands = (self._stands(change.source), self._stands(change.target))
                found.append(CopiesChange(component, change.copies, source, target, *stood, *stands))
                if source is not None and target is not None:
                    moves[component] += change.copies
        found.sort(key=lambda row: (row.source is None) * 2 + (row.target is None))  # stable
        return tuple(found), moves

    def _stands(self, key: str | None) -> tuple[str | None, str | None]:
        """Instance type and zone of the machine of a pair."""
        pool = None if key is None else self.pools.get(self.pairs[int(key)].pool)
        return (None, None) if pool is None else (pool.instance_type, pool.zone)

    def _called(self, row: _Pair) -> str:
        """One name for a machine of both sides, and another one for each other machine."""
        if row.before is not None:
            return row.before
        name = row.after or ""
        return f"{name} (after)" if name in self.old.pools else name

    def _names(self) -> list[str]:
        """Components of the problem, then names that only a plan has."""
        held = {copy.component for side in (self.old, self.new) for on in side.on.values() for copy in on}
        known = [row.name for row in self.problem.components]
        return [*known, *sorted(held - set(known))]

    def _components(self, moves: Counter[str]) -> Iterable[ComponentChange]:
        options = {
            row.name: [mode.name or str(o) for o, mode in enumerate(row.modes)] for row in self.problem.components
        }
        before, after = (_by_component(side, options, self.pools) for side in (self.old, self.new))
        for name in self._names():
            old, new = before[name], after[name]
            if old != new or moves[name]:
                yield ComponentChange(
                    component=name,
                    before=old.options.total(),
                    after=new.options.total(),
                    options_before=_sorted(old.options),
                    options_after=_sorted(new.options),
                    types_before=_sorted(old.types),
                    types_after=_sorted(new.types),
                    zones_before=_sorted(old.zones),
                    zones_after=_sorted(new.zones),
                    moves=moves[name],
                )


class _Counts(NamedTuple):
    """Copies of a component, by option, by instance type and by zone."""

    options: Counter[str]
    types: Counter[str]
    zones: Counter[str]


def _by_component(side: _Side, options: Mapping[str, list[str]], pools: Mapping[str, Pool]) -> dict[str, _Counts]:
    found: dict[str, _Counts] = defaultdict(lambda: _Counts(Counter(), Counter(), Counter()))
    for machine, held in side.on.items():
        pool = pools.get(side.pools[machine])
        kind, zone = ("", "") if pool is None else (pool.instance_type, pool.zone)
        for copy, count in held.items():
            names = options.get(copy.component, [])
            name = names[copy.option] if copy.option < len(names) else str(copy.option)
            for counts, key in zip(found[copy.component], (name, kind, zone), strict=True):
                counts[key] += count
    return found


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _rows(counts: Counter[Kind]) -> tuple[CopiesThere, ...]:
    return tuple(CopiesThere(name, option, count) for (name, option), count in sorted(counts.items()))
