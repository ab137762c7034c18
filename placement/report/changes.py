"""What a plan changes of what runs now: which copy goes where, which machines stay, come and go."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from placement.documents import Problem
from placement.documents.plan import Assignment, Plan
from placement.grouping import grouped
from placement.running_state import RunningCopy, running_copies


class MoveEnd(NamedTuple):
    """Where copies come from or go to, as a table has it: the name of a machine, or a word in its place."""

    text: str
    is_machine: bool


@dataclass(frozen=True, slots=True)
class CopiesMoved:
    """Copies of one component that move, start (`source` is null) or stop (`target` is null)."""

    component: str
    copies: int
    source: str | None
    target: str | None

    @property
    def ends(self) -> tuple[MoveEnd, MoveEnd]:
        source = MoveEnd("starts", False) if self.source is None else MoveEnd(self.source, True)
        if self.target is None:
            return source, MoveEnd("stops", False)
        if self.target == self.source:
            return source, MoveEnd("another place on it", False)
        return source, MoveEnd(self.target, True)


@dataclass(frozen=True, slots=True)
class Changes:
    """All that a plan changes.

    `copies`: moves first, then copies that stop, then copies that start; each in the order of components and machines.
        Where a component has copies that move, which of them goes where is for whoever carries the plan out: these are
        as few rows as the order of machines gives.
    `kept`, `new`: ids of machines of the plan that run now, and of those that do not.
    """

    copies: tuple[CopiesMoved, ...]
    kept: tuple[str, ...]
    new: tuple[str, ...]
    given_back: tuple[tuple[str, str], ...]  # machines that run now and not in the plan, with their state

    @property
    def moves(self) -> int:
        """Copies that run now and run on elsewhere."""
        return sum(change.copies for change in self.copies if change.source is not None and change.target is not None)

    @property
    def stopped(self) -> int:
        """Copies that run now and stop for good."""
        return sum(change.copies for change in self.copies if change.target is None)

    @property
    def started(self) -> int:
        """Copies that start and that did not run before."""
        return sum(change.copies for change in self.copies if change.source is None)


def changes(problem: Problem, plan: Plan) -> Changes:
    """Compare a plan that keeps every rule with what runs now. O(copies log copies)."""
    leaving, arriving = map(_by_component, without_kept(Counter(running_copies(problem)), plan.assignments))
    ids = [*(row.id for row in problem.instances), *(row.id for row in plan.instances)]
    order = {name: k for k, name in enumerate(dict.fromkeys(ids))}
    found = [
        change
        for row in problem.components
        for change in paired(row.name, leaving[row.name], arriving[row.name], order)
    ]
    found.sort(key=lambda change: (change.source is None) * 2 + (change.target is None))  # stable
    running = {row.id for row in problem.instances}
    used = {row.id for row in plan.instances}
    return Changes(
        copies=tuple(found),
        kept=tuple(row.id for row in plan.instances if row.id in running),
        new=tuple(row.id for row in plan.instances if row.id not in running),
        given_back=tuple((row.id, row.state) for row in problem.instances if row.id not in used),
    )


def _by_component(copies: Counter[RunningCopy]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for copy, count in copies.items():
        found[copy.component][copy.instance] += count
    return found


def paired(component: str, leaving: Counter[str], arriving: Counter[str], order: dict[str, int]) -> list[CopiesMoved]:
    """Copies that leave machines and copies that come to some, as moves, stops and starts: few rows, in order.

    `leaving`, `arriving`: copies by machine; the two are used up.
    `order`: rank of each machine.
    """
    rows: Counter[tuple[str | None, str | None]] = Counter()
    for instance in leaving.keys() & arriving.keys():  # to other accelerators, or by another option
        same = min(leaving[instance], arriving[instance])
        rows[instance, instance] = same
        leaving[instance] -= same
        arriving[instance] -= same
    sources = sorted(leaving.elements(), key=order.__getitem__)
    targets = sorted(arriving.elements(), key=order.__getitem__)
    moved = min(len(sources), len(targets))
    rows.update(zip(sources[:moved], targets[:moved], strict=True))
    rows.update((source, None) for source in sources[moved:])
    rows.update((None, target) for target in targets[moved:])

    def place(row: tuple[str | None, str | None]) -> list[int]:
        return [-1 if name is None else order[name] for name in row]

    return [CopiesMoved(component, rows[row], *row) for row in sorted(rows, key=place)]


def planned_copies(planned: Iterable[Assignment]) -> Counter[RunningCopy]:
    """Copies of a plan, as those that run are told."""
    return Counter(
        RunningCopy(row.component, row.option, row.instance, tuple(sorted(row.accelerators))) for row in planned
    )


def without_kept(
    running: Counter[RunningCopy], planned: Iterable[Assignment]
) -> tuple[Counter[RunningCopy], Counter[RunningCopy]]:
    """Copies that run and do not stay, and planned copies that do not run there, as the referee counts them.

    A copy with known accelerators stays when the plan has one on the same; then one without, when the plan has one more
    by its option on its machine.
    """
    there = planned_copies(planned)
    known = Counter({copy: count for copy, count in running.items() if copy.accelerators is not None})
    leaving, arriving = known - there, there - known
    loose = grouped((copy[:3], copy) for copy in arriving.elements())
    for copy, count in (running - known).items():
        stay = loose[copy[:3]][:count]
        arriving.subtract(stay)
        leaving[copy] = count - len(stay)
    return +leaving, +arriving
