"""What has to change between the fleet that runs and a plan: copies to start and to stop, machines to open and close.

A copy that the plan keeps is not touched. Which leaving copy an arriving one replaces is left open, as copies of one
component are alike to whoever calls them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from placement.units import MIB_PER_GIB, need

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.documents import Option, Placement, Problem
    from placement.documents.plan import Plan


class Stand(NamedTuple):
    """A copy at its place: component by name, option by index, machine by id, accelerators ascending."""

    component: str
    option: int
    instance: str
    accelerators: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a transition has to do.

    Attributes
    ----------
    kept, leaving, arriving : copies that stay, that must have stopped at the end, and that must run then; sorted.
    assumed : places of leaving copies whose accelerators the problem does not tell: where they are taken to be.
    pools : pool of every machine that runs now or that the plan uses, by id.
    running : machines that run now.
    opening, closing : machines of the plan that do not run yet; machines that run, are not in it and may be given back.
    replaced : machines that the plan says run, and that do not: others are opened in their place.
    """

    kept: tuple[Stand, ...]
    leaving: tuple[Stand, ...]
    arriving: tuple[Stand, ...]
    assumed: frozenset[Stand]
    pools: dict[str, str]
    running: tuple[str, ...]
    opening: tuple[str, ...]
    closing: tuple[str, ...]
    replaced: tuple[str, ...]

    @property
    def now(self) -> tuple[Stand, ...]:
        """All copies that run now."""
        return (*self.kept, *self.leaving)

    @property
    def planned(self) -> tuple[Stand, ...]:
        """All copies of the plan."""
        return (*self.kept, *self.arriving)


class _CopyNow(NamedTuple):
    """A copy that runs now; `accelerators` is None when they are not known."""

    component: str
    option: int
    instance: str
    accelerators: tuple[int, ...] | None
    pinned: bool

    @property
    def loose(self) -> tuple[str, int, str]:
        return self[:3]


def difference(problem: Problem, plan: Plan) -> Difference:
    """Compare what runs with a plan that keeps every rule. O(copies log copies)."""
    planned = Counter(
        Stand(row.component, row.option, row.instance, tuple(sorted(row.accelerators))) for row in plan.assignments
    )
    rows = list(_rows(problem))
    kept, gone = _kept(rows, planned)
    known = [
        Stand(row.component, row.option, row.instance, row.accelerators) for row in gone if row.accelerators is not None
    ]
    guessed = _Guess(problem, [*kept, *known]).places(row for row in gone if row.accelerators is None)
    running = {row.id: row.pool for row in problem.instances}
    listed = {row.id: row.pool for row in plan.instances}
    return Difference(
        kept=tuple(sorted(kept)),
        leaving=tuple(sorted([*known, *guessed])),
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


def _rows(problem: Problem) -> Iterable[_CopyNow]:
    """Today's copies, those that are pinned first."""
    names = {
        (row.name, mode.name): index
        for row in problem.components
        for index, mode in enumerate(row.modes)
        if mode.name is not None
    }

    def row(placed: Placement) -> _CopyNow:
        option = names[placed.component, placed.option] if isinstance(placed.option, str) else placed.option
        on = None if placed.accelerators is None else tuple(sorted(placed.accelerators))
        return _CopyNow(placed.component, option, placed.instance, on, placed.pinned)

    return sorted(map(row, problem.placements), key=lambda row: not row.pinned)


def _kept(rows: list[_CopyNow], planned: Counter[Stand]) -> tuple[list[Stand], list[_CopyNow]]:
    """The copies that stay, at their places in the plan, and the rows of the others.

    Known places are matched first, then unknown ones with what is left on their machine; a pinned copy of unknown place
    that finds nothing left takes the place of one that is not pinned.
    """
    left = Counter(planned)
    kept: list[Stand] = []
    gone: list[_CopyNow] = []
    loosened: dict[tuple[str, int, str], list[_CopyNow]] = defaultdict(list)  # kept, at a known place, and not pinned
    for row in rows:
        if row.accelerators is None:
            continue
        stand = Stand(*row.loose, row.accelerators)
        if left[stand] > 0:
            left[stand] -= 1
            kept.append(stand)
            if not row.pinned:
                loosened[row.loose].append(row)
        else:
            gone.append(row)
    free: dict[tuple[str, int, str], list[Stand]] = defaultdict(list)
    for stand in sorted(left.elements()):
        free[stand[:3]].append(stand)
    for row in rows:
        if row.accelerators is not None:
            continue
        if free[row.loose]:
            kept.append(free[row.loose].pop(0))
        elif row.pinned and loosened[row.loose]:
            gone.append(loosened[row.loose].pop())  # its place in the plan is taken by this one
        else:
            gone.append(row)
    return kept, gone


class _Guess:
    """Where copies are taken to be whose accelerators are not known: where there is most room for them."""

    def __init__(self, problem: Problem, there: Iterable[Stand]) -> None:
        self._modes: dict[str, tuple[Option, ...]] = {row.name: row.modes for row in problem.components}
        types = {row.name: problem.instance_types[row.instance_type] for row in problem.pools}
        self._count = {row.id: types[row.pool].accelerator_count for row in problem.instances}
        self._load: dict[str, Counter[int]] = defaultdict(Counter)
        self._whole: dict[str, set[int]] = defaultdict(set)  # owned by one copy alone
        for stand in there:
            self._put(stand)

    def places(self, rows: Iterable[_CopyNow]) -> list[Stand]:
        """Places for all of them, those first that own their accelerators."""
        found = []
        for row in sorted(rows, key=lambda row: (self._modes[row.component][row.option].shared, row[:3])):
            mode, load, whole = (
                self._modes[row.component][row.option],
                self._load[row.instance],
                self._whole[row.instance],
            )
            order = sorted(range(self._count[row.instance]), key=lambda k: (k in whole, load[k], k))
            stand = Stand(*row.loose, tuple(sorted(order[: mode.accelerators])))
            self._put(stand)
            found.append(stand)
        return found

    def _put(self, stand: Stand) -> None:
        mode = self._modes[stand.component][stand.option]
        size = need(mode.accelerator_memory_gib, MIB_PER_GIB) + 1
        for k in stand.accelerators:
            self._load[stand.instance][k] += size
            if not mode.shared:
                self._whole[stand.instance].add(k)
