"""Optional copies left out, in words for the terminal and the page: what is proven of them, and what they lack."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from placement.bounds.infeasible import why_infeasible
from placement.compiled.fleet import Fleet, FleetComponent
from placement.documents import Plan, Problem
from placement.grouping import grouped
from placement.reductions.required import RequiredAtLeast
from placement.report import words
from placement.report.facts import ComponentFacts, PlanFacts
from placement.report.fullness import lacking, most_frequent
from placement.solving.budget import Budget
from placement.solving.left_out import LeftOutLevel, left_out_levels, open_level

_MOST = 200_000  # pairs of a content and an option that are looked at; beyond, what its machines lack is not said
_NAMES = 3  # of pools on one line
_WORK = 1  # of the checks why not all copies fit
_REQUIRED = "the required copies"  # how those checks call what is asked for


class LeftOutRow(NamedTuple):
    """A component of which copies are left out: how many of how many, why by the plan's word, and what it lacks.

    `reason` is empty where it says no more than what is proven of the priority.
    """

    component: int
    name: str
    copies: int
    wanted: int
    priority: int
    reason: str
    lacks: str


class UsedUpPool(NamedTuple):
    """A pool of which no machine more may be had; `copies` of those left out may run there, by themselves."""

    name: str
    machines: int
    most: int
    copies: int


def levels_of(problem: Problem, plan: Plan, left_out: dict[int, int]) -> list[LeftOutLevel]:
    """The priorities with optional copies, highest first; `left_out` are those of the plan, counted."""
    found = dict.fromkeys(optional_copies(problem), 0) | left_out
    return left_out_levels(found, {int(priority): n for priority, n in (plan.left_out_bound or {}).items()})


def optional_copies(problem: Problem) -> Counter[int]:
    """Copies that may be left out, by priority."""
    found: Counter[int] = Counter()
    for row in problem.components:
        if (row.copies or 0) > row.required_copies:
            found[row.priority] += (row.copies or 0) - row.required_copies
    return found


def level_lines(problem: Problem, levels: Sequence[LeftOutLevel]) -> Iterator[str]:
    """A line for each priority of which copies are left out: how many, and how few can be."""
    optional = optional_copies(problem)
    highest = max(optional, default=0)
    for level in levels:
        if level.copies:
            of = f"{level.copies:,} of {words.count(optional[level.priority], 'optional copy', 'optional copies')}"
            are = "is" if level.copies == 1 else "are"
            yield f"{of} of priority {level.priority} {are} left out; {_proof(level, highest)}"


def _proof(level: LeftOutLevel, highest: int) -> str:
    if not level.is_next:
        return "how many must be is open, as of a higher priority, which comes first"
    unless = "" if level.priority == highest else ", unless more of a higher priority"
    if not level.is_open:
        return f"proven: no plan leaves out fewer{unless}"
    if not level.least:
        return "how many must be is not proven; a longer search may place more"
    more = level.copies - level.least
    return f"proven: at least {level.least:,} must be{unless}; a longer search may place up to {more:,} more"


def why_not_all(fleet: Fleet) -> str:
    """Why no plan places all copies of some priority and those above, where that shows at once; else empty.

    One resource of the quotas or one rule, which the message names, so it is a proof. As long as `why_infeasible`, for
    each priority.
    """
    for level, priority in enumerate(fleet.levels):
        placed = {c.index: c.copies for c in fleet.components if c.level is not None and c.level <= level}
        why = why_infeasible(RequiredAtLeast.of(fleet, placed).fleet, Budget(work=_WORK))
        if why is not None:
            lowest = priority == fleet.levels[-1]
            which = "" if lowest else f" of priority {priority}{' and above' if level else ''}"
            copies = f"the copies{why.removeprefix(_REQUIRED)}" if why.startswith(_REQUIRED) else why
            return f"no plan places all copies{which}: {words.shown(copies)}"
    return ""


def open_words(levels: Sequence[LeftOutLevel]) -> str:
    """That money is not all that is open, where a plan may exist that leaves out fewer; else empty."""
    level = open_level(levels)
    return "" if level is None else f"open whether more copies of priority {level.priority} can be placed"


# --- What copies lack


def left_out_rows(problem: Problem, facts: PlanFacts, levels: Sequence[LeftOutLevel]) -> list[LeftOutRow]:
    """Components of which copies are left out, highest priority first, then as the problem has them.

    O(components left out x their options x contents of machines), up to a limit.
    """
    known = {level.priority: level for level in levels}
    lacks = _Lacks(facts)
    found = []
    for c, row in sorted(_short(facts), key=lambda item: -problem.components[item[0]].priority):
        priority = problem.components[c].priority
        level = known[priority]
        reason = "" if row.reason == level.reason else row.reason
        wanted = row.wanted or 0
        found.append(LeftOutRow(c, row.name, wanted - row.placed, wanted, priority, reason, lacks.of(c, level)))
    return found


def used_up_pools(facts: PlanFacts) -> list[UsedUpPool]:
    """Pools at their `max_instances` where copies that are left out may run, most such copies first."""
    waiting: Counter[int] = Counter()
    for c, row in _short(facts):
        for p in _pools_of(facts.fleet.components[c]):
            waiting[p] += (row.wanted or 0) - row.placed
    pools = ((facts.fleet.pools[p], copies) for p, copies in waiting.items())
    found = [
        UsedUpPool(pool.name, facts.paid[pool.index], pool.max_instances, copies)
        for pool, copies in pools
        if pool.max_instances is not None and facts.paid[pool.index] >= pool.max_instances
    ]
    return sorted(found, key=lambda row: (-row.copies, row.name))


def _short(facts: PlanFacts) -> Iterator[tuple[int, ComponentFacts]]:
    for c, row in enumerate(facts.components):
        if row.wanted is not None and row.wanted > row.placed:
            yield c, row


def _pools_of(component: FleetComponent) -> set[int]:
    """Where a copy may run, quotas of 0 among them only where there is nothing else."""
    found = set().union(*(option.pools for option in component.options))
    return found or set().union(*(option.without_quota for option in component.options))


class _Lacks:
    """What one copy more of a component lacks: machines, and room on those that are there; by needs, not by rules."""

    def __init__(self, facts: PlanFacts) -> None:
        self._fleet, self._paid, self._times = facts.fleet, facts.paid, facts.loads
        self._left = _MOST
        pools = {pool.name: pool.index for pool in facts.fleet.pools}
        self._on = grouped((pools[load.pool], load) for load in facts.loads)
        self._sums = [limit.sum(facts.paid) for limit in facts.fleet.limits]

    def of(self, c: int, level: LeftOutLevel) -> str:
        """In a few words."""
        component = self._fleet.components[c]
        proven = level.is_next and not level.is_open
        why = "rules of the problem leave it out" if proven else "rules of the problem, or the search, leave it out"
        pools = sorted(_pools_of(component))
        if not pools:
            return "no pool has a machine that holds a copy"
        free = [p for p in pools if self._may_rent(p)]
        if free:
            return f"a machine more may be had in {self._named(free)}: {why}"
        return "; ".join(filter(None, (self._used_up(pools), self._room(component, why))))

    def _may_rent(self, p: int) -> bool:
        most = self._fleet.pools[p].max_instances
        return (most is None or self._paid[p] < most) and not self._limits_on(p)

    def _limits_on(self, p: int) -> list[str]:
        limits = zip(self._fleet.limits, self._sums, strict=True)
        return [limit.name for limit, used in limits if used + limit.weight.get(p, 0) > max(used, limit.most)]

    def _used_up(self, pools: Sequence[int]) -> str:
        names = dict.fromkeys(name for p in pools for name in self._limits_on(p))
        by = f" (limit {words.listed(list(names), _NAMES)})" if names else ""
        if len(pools) == 1:
            return f"its one pool, {self._named(pools)}, is used up{by}"
        return f"all its {len(pools):,} pools are used up{by}"

    def _named(self, pools: Sequence[int]) -> str:
        return words.listed([self._fleet.pools[p].name for p in pools], _NAMES)

    def _room(self, component: FleetComponent, why: str) -> str:
        """What most of the machines there lack for a copy, with any of its options."""
        votes: Counter[str] = Counter()
        for option in component.options:
            for p in option.pools:
                self._left -= len(self._on[p])
                if self._left < 0:
                    return ""
                for load in self._on[p]:
                    lacks = lacking(load, option)
                    if not lacks:
                        pool = words.shown(load.pool)
                        return f"by its needs it would fit on a machine of {pool}: {why}"
                    votes[lacks[0]] += self._times[load]
        return f"on their machines {most_frequent(votes)}" if votes else ""
