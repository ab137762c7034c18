"""The first moves towards a plan, one step at a time: each can be made alone, and the referee says what it gains.

The moves of a plan may need each other: one copy has to go before another can come. A step is a group of them after
which no rule is broken that was kept before, and which saves money or mends a rule. A group is all that leaves one
machine, or all that starts of one component, with others that it needs: those that make room, keep rules together with
it, or share a new machine. Steps of few copies are looked for first, as one of all that moves is none to begin with.
What is left needs other moves in between, which is not planned here.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from placement.auditing.document import AuditStep
from placement.documents import Problem
from placement.documents.plan import Plan, PlanInstance
from placement.grouping import grouped
from placement.referee import Spot, Verdict, verify
from placement.report.changes import CopiesMoved, changes, without_kept
from placement.running_state import Dealer, RunningCopy, running_copies
from placement.solving.budget import Budget
from placement.units import dollars

LOOKS = 200  # of the referee at a step
ROWS = 2_000_000  # of plans that it reads, all looks together
_COMPANY = 6  # times a group is tried, each time with more company
_COPIES = (8, 32, 128)  # of a step at most, in turn


@dataclass(frozen=True, slots=True)
class FirstMoves:
    """Steps in order, and how many copies move in the rest of the plan."""

    steps: tuple[AuditStep, ...]
    moves_left: int


def first_moves(problem: Problem, plan: Plan, most: int | None = None, budget: Budget | None = None) -> FirstMoves:
    """Steps from what runs towards a plan.

    `problem`: with what runs, for which the plan was made.
    `plan`: keeps every rule.
    `most`: steps to find; None for as many as there are.
    `budget`: they are those found until it is over, or Ctrl-C comes; None for no limit.

    At most `LOOKS` verdicts of the referee, each O(copies); fewer where there are very many copies.
    """
    return _Route(problem, plan, budget or Budget()).find(most)


class _Group(NamedTuple):
    """Changes that are made together."""

    changes: tuple[CopiesMoved, ...]

    @property
    def sources(self) -> set[str]:
        return {change.source for change in self.changes if change.source is not None}

    @property
    def targets(self) -> set[str]:
        return {change.target for change in self.changes if change.target is not None}

    @property
    def copies(self) -> int:
        return sum(change.copies for change in self.changes)

    def touches(self, spots: frozenset[Spot]) -> bool:
        """Whether copies leave a machine, or start, stop or move of a component, where a rule would be broken."""
        machines = {spot.instance for spot in spots if spot.instance}
        components = {spot.component for spot in spots if not spot.instance}
        return bool(machines & self.sources) or any(change.component in components for change in self.changes)


class _Tried(NamedTuple):
    """The step, when it breaks nothing and gains something; else where it breaks a rule, or that it gains nothing."""

    step: AuditStep | None = None
    spots: frozenset[Spot] = frozenset()
    dearer: bool = False


class _Route:
    """The state between steps: which copies stand where, and which machines there are."""

    def __init__(self, problem: Problem, plan: Plan, budget: Budget) -> None:
        self.problem, self.budget = problem, budget
        self.pools = {row.id: row.pool for row in problem.instances} | {row.id: row.pool for row in plan.instances}
        self.planned = {row.id for row in plan.instances}
        self.running = {row.id for row in problem.instances}
        self.prices = {row.name: problem.price_of(row) for row in problem.pools}
        self.dealer = Dealer(problem)
        self.on = Counter(running_copies(problem))
        self.up = set(self.running)
        self.looks = max(1, min(LOOKS, ROWS // max(1, len(problem.placements) + len(problem.instances))))
        self.verdict = self._look(self.on, self.up)
        leaving, arriving = without_kept(self.on, plan.assignments)
        self.leaving, self.arriving = _by_machine(leaving), _by_machine(arriving)
        found = changes(problem, plan)
        self.moves = found.moves
        self.groups = self._groups(found.copies)

    def find(self, most: int | None) -> FirstMoves:
        """Take whatever step gains, until none does."""
        steps: list[AuditStep] = []
        with suppress(KeyboardInterrupt):
            self._take(steps, most)
        steps = steps[:most]
        made = sum(row.copies for step in steps for row in step.moves if row.source and row.target)
        return FirstMoves(tuple(steps), self.moves - made)

    def _take(self, steps: list[AuditStep], most: int | None) -> None:
        idle = self.running - self.planned - {copy.instance for copy in self.on}
        if idle and (step := self._try(_Group(()), idle).step) is not None:
            steps.append(step)
        for copies in _COPIES:
            waiting, failed = list(self.groups), list[_Group]()
            while waiting and self._may_look and (most is None or len(steps) < most):
                group = waiting.pop(0)
                if group not in self.groups:
                    continue  # made in another's company
                step = self._with_company(group, copies)
                if step is None:
                    failed.append(group)
                    continue
                steps.append(step)
                waiting, failed = waiting + failed, []  # what failed may do now, after all others

    @property
    def _may_look(self) -> bool:
        return self.looks > 0 and not self.budget.over()

    def _with_company(self, group: _Group, most: int) -> AuditStep | None:
        """The step of a group, with groups that it needs, of at most so many copies."""
        parts, copies = [group], group.copies
        for _ in range(_COMPANY if copies <= most else 0):
            tried = self._try(_Group(tuple(change for part in parts for change in part.changes)), set())
            if tried.step is not None:
                self.groups = [other for other in self.groups if other not in parts]
                return tried.step
            if not tried.spots and tried.dearer:
                new = {name for part in parts for name in part.targets} - self.running  # share them with others
                more = [other for other in self.groups if other not in parts and new & other.targets]
            else:
                more = [other for other in self.groups if other not in parts and other.touches(tried.spots)]
            known = len(parts)
            for other in sorted(more, key=lambda other: other.copies):  # stable
                if copies + other.copies <= most:
                    parts.append(other)
                    copies += other.copies
            if len(parts) == known:
                return None
        return None

    def _groups(self, rows: Sequence[CopiesMoved]) -> list[_Group]:
        """Changes by the machine they leave, or by the component that starts.

        First those where a rule is broken, then what saves most a copy.
        """
        parts = grouped(((True, row.source) if row.source is not None else (False, row.component), row) for row in rows)
        groups = [_Group(tuple(part)) for part in parts.values()]
        broken = frozenset(row.spot for row in self.verdict.violations)
        return sorted(groups, key=lambda group: (not group.touches(broken), -self._saving(group)))  # stable

    def _saving(self, group: _Group) -> float:
        """What a group may save an hour, for each copy of it."""
        gone = sum(self.prices[self.pools[name]] for name in group.sources - self.planned)
        new = sum(self.prices[self.pools[name]] for name in group.targets - self.running)
        return (gone - new) / group.copies

    def _try(self, group: _Group, gone: set[str]) -> _Tried:
        """Make a step if it breaks nothing and gains something."""
        if not self._may_look:
            return _Tried()
        on = Counter(self.on)
        leaving = {key: list(rows) for key, rows in self.leaving.items()}
        arriving = {key: list(rows) for key, rows in self.arriving.items()}
        for change in group.changes:
            for _ in range(change.copies):
                if change.source is not None:
                    on[leaving[change.component, change.source].pop()] -= 1
                if change.target is not None:
                    on[arriving[change.component, change.target].pop()] += 1
        on = +on
        busy = {copy.instance for copy in on}
        left = gone | {name for name in group.sources - self.planned if name not in busy}
        up = (self.up | group.targets) - left
        verdict = self._look(on, up)
        before, after = _excess(self.verdict), _excess(verdict)
        worse = {key for key, excess in after.items() if key not in before or excess > before[key]}
        if worse:
            return _Tried(spots=frozenset(row.spot for row in verdict.violations if (row.rule, row.where) in worse))
        mended = tuple(f"{where} ({rule})" for rule, where in before if (rule, where) not in after)
        saved = self.verdict.price_per_hour - verdict.price_per_hour
        if not mended and saved <= 0:
            return _Tried(dearer=True)
        starts = tuple(sorted(group.targets - self.up))
        self.on, self.up, self.leaving, self.arriving, self.verdict = on, up, leaving, arriving, verdict
        step = AuditStep(
            moves=group.changes,
            gives_back=tuple(sorted(left)),
            starts=starts,
            saving_per_hour=dollars(saved),
            price_per_hour=dollars(verdict.price_per_hour),
            mends=mended,
        )
        return _Tried(step)

    def _look(self, on: Counter[RunningCopy], up: set[str]) -> Verdict:
        """The referee's verdict on a state. Copies of unknown accelerators are dealt anew."""
        self.looks -= 1
        rows, _ = self.dealer.rows(self.pools, list(on.elements()))
        machines = tuple(PlanInstance.trusted(name, self.pools[name], name not in self.running) for name in sorted(up))
        return verify(self.problem, Plan.model_construct(instances=machines, assignments=rows))


def _excess(verdict: Verdict) -> dict[tuple[str, str], float]:
    """Broken rules by name and place, with how far their figures are apart; limits on moves are of a whole plan."""
    return {
        (row.rule, row.where): 0.0 if row.figures is None else abs(row.figures.counted - row.figures.allowed)
        for row in verdict.violations
        if row.rule != "max-moves"
    }


def _by_machine(copies: Counter[RunningCopy]) -> dict[tuple[str, str], list[RunningCopy]]:
    found = grouped(((copy.component, copy.instance), copy) for copy in copies.elements())
    return dict(found)
