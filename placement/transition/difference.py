"""What has to change between the fleet that runs and a plan: copies to start and to stop, machines to open and close.

A copy that the plan keeps is not touched. Which leaving copy an arriving one replaces is left open, as copies of one
component are alike to whoever calls them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from placement.documents import Placement, Plan, Problem
from placement.running_state.as_plan import RunningCopy, running_copies
from placement.transition.unknown_places import CopyNow, Loose, UnknownPlaces


class Stand(NamedTuple):
    """A copy at its place: component by name, option by index, machine by id, accelerators ascending."""

    component: str
    option: int
    instance: str
    accelerators: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a transition has to do.

    `kept`, `leaving`, `arriving`: copies that stay, that must have stopped at the end, and that must run then; sorted.
    `assumed`: places of leaving copies whose accelerators the problem does not tell: where they are taken to be.
    `opening`, `closing`: machines of the plan that do not run yet; machines that run, are not in it and may be given
        back.
    """

    kept: tuple[Stand, ...]
    leaving: tuple[Stand, ...]
    arriving: tuple[Stand, ...]
    assumed: frozenset[Stand]
    pools: dict[str, str]  # pool of every machine that runs now or that the plan uses, by id
    running: tuple[str, ...]  # machines that run now
    opening: tuple[str, ...]
    closing: tuple[str, ...]
    replaced: tuple[str, ...]  # machines that the plan says run, and that do not: others are opened in their place

    @property
    def now(self) -> tuple[Stand, ...]:
        return (*self.kept, *self.leaving)

    @property
    def planned(self) -> tuple[Stand, ...]:
        return (*self.kept, *self.arriving)


def difference(problem: Problem, plan: Plan) -> Difference:
    """Compare what runs with a plan that keeps every rule. O(copies log copies)."""
    planned = Counter(
        Stand(row.component, row.option, row.instance, tuple(sorted(row.accelerators))) for row in plan.assignments
    )
    rows = list(_rows(problem))
    stay, gone = _known(rows, planned)
    found, guessed = _unknown(problem, rows, planned - Counter(map(_stand, stay)), stay, gone)
    kept = [*map(_stand, stay), *found]
    leaving = [_stand(row) for row in gone]
    running = {row.id: row.pool for row in problem.instances}
    listed = {row.id: row.pool for row in plan.instances}
    return Difference(
        kept=tuple(sorted(kept)),
        leaving=tuple(sorted([*leaving, *guessed])),
        arriving=tuple(sorted((planned - Counter(kept)).elements())),
        assumed=frozenset(guessed),
        pools=listed | running,
        running=tuple(running),
        opening=tuple(name for name in listed if name not in running),
        closing=tuple(row.id for row in problem.instances if row.id not in listed and row.removable),
        replaced=tuple(
            row.id for row in plan.instances if row.id not in running and "new" in row.model_fields_set and not row.new
        ),
    )


def _rows(problem: Problem) -> Iterable[CopyNow]:
    """Today's copies, those that are pinned first."""

    def row(placed: Placement, copy: RunningCopy) -> CopyNow:
        return CopyNow(copy.component, copy.option, copy.instance, copy.accelerators, placed.pinned)

    copies = map(row, problem.placements, running_copies(problem))
    return sorted(copies, key=lambda row: not row.pinned)


def _stand(row: CopyNow) -> Stand:
    return Stand(*row.loose, row.accelerators or ())


def _known(rows: list[CopyNow], planned: Counter[Stand]) -> tuple[list[CopyNow], list[CopyNow]]:
    """Of the copies whose places are known those that stay, and the others."""
    left = Counter(planned)
    kept: list[CopyNow] = []
    gone: list[CopyNow] = []
    for row in rows:
        if row.accelerators is None:
            continue
        (kept if left[_stand(row)] > 0 else gone).append(row)
        left[_stand(row)] -= 1
    return kept, gone


def _unknown(
    problem: Problem, rows: list[CopyNow], free: Counter[Stand], stay: list[CopyNow], gone: list[CopyNow]
) -> tuple[list[Stand], list[Stand]]:
    """Places of the copies whose accelerators nobody tells: of those that stay, and of those that go.

    A pinned one that finds no place of the plan free takes that of one that stays and is not pinned, which goes.
    """
    on: dict[str, list[CopyNow]] = defaultdict(list)
    for row in rows:
        if row.accelerators is None:
            on[row.instance].append(row)
    planned: dict[Loose, list[tuple[int, ...]]] = defaultdict(list)
    for stand in sorted(free.elements()):
        planned[stand[:3]].append(stand.accelerators)
    places = UnknownPlaces(problem, [row for row in rows if row.accelerators is not None])
    loosened: dict[Loose, list[CopyNow]] = defaultdict(list)
    for row in stay:
        if not row.pinned:
            loosened[row.loose].append(row)
    kept: list[Stand] = []
    guessed: list[Stand] = []
    for copies in on.values():
        there, go = places.on_machine(copies, planned)
        kept += [Stand(*copies[k].loose, on_these) for k, on_these in there.items()]
        for k, on_these in go.items():
            if copies[k].pinned and loosened[copies[k].loose]:
                gone.append(loosened[copies[k].loose].pop())
            else:
                guessed.append(Stand(*copies[k].loose, on_these))
    return kept, guessed
