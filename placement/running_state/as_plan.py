"""What runs now as a plan, though it may break rules."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from placement.documents import Placement, Problem
from placement.documents.plan import Assignment, Plan, PlanInstance
from placement.referee.standing import copy_need, machine_room
from placement.running_state.deal import DealFit, Dealt, deal


class RunningCopy(NamedTuple):
    """A copy that runs: `option` is an index, `accelerators` ascending or None where they are not known."""

    component: str
    option: int
    instance: str
    accelerators: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class RunningPlan:
    """The machines and copies that run now, as rows of a plan.

    `dealt`: by machine with copies whose accelerators are not known: whether they can all have what they need. What the
        plan says of the accelerators of those copies is only one way.
    """

    plan: Plan  # every machine that runs, and every copy on it; it says nothing of itself but its problem
    dealt: dict[str, DealFit]


def running_plan(problem: Problem) -> RunningPlan:
    """What runs now by the problem's `instances` and `placements`.

    Where the accelerators of copies are not known they are dealt out so that each has what it needs, if that can be;
    else to those with the most memory left. Rows are in the order of components, then as the problem has them.
    """
    rank = {row.name: c for c, row in enumerate(problem.components)}
    copies = sorted(running_copies(problem), key=lambda copy: rank[copy.component])
    rows, dealt = Dealer(problem).rows({row.id: row.pool for row in problem.instances}, copies)
    machines = tuple(PlanInstance.trusted(row.id, row.pool, False) for row in problem.instances)
    return RunningPlan(Plan.model_construct(problem=problem.name, instances=machines, assignments=rows), dealt)


def running_copies(problem: Problem) -> list[RunningCopy]:
    """The copies that run now, as the problem has them.

    Accelerators that a row gives are those of the copy, though its option asks for another number of them: what runs
    may break rules, and no plan keeps such a copy where it is. A row that gives none tells all of a copy without
    accelerators.
    """
    components = {row.name: row for row in problem.components}
    modes = {row.name: row.modes for row in problem.components}

    def copy(row: Placement) -> RunningCopy:
        option = components[row.component].option_index(row.option)
        told = () if row.accelerators is None and not modes[row.component][option].accelerators else row.accelerators
        return RunningCopy(row.component, option, row.instance, None if told is None else tuple(sorted(told)))

    return list(map(copy, problem.placements))


class Dealer:
    """Finds accelerators for copies without known ones; machines that hold the same are looked at once."""

    def __init__(self, problem: Problem) -> None:
        """Of one problem's components and machines."""
        self.needs = {row.name: [copy_need(mode) for mode in row.modes] for row in problem.components}
        rooms = {name: machine_room(problem, row) for name, row in problem.instance_types.items()}
        self.rooms = {row.name: rooms[row.instance_type] for row in problem.pools}
        self._found: dict[object, Dealt] = {}

    def rows(
        self, pools: Mapping[str, str], copies: Sequence[RunningCopy]
    ) -> tuple[tuple[Assignment, ...], dict[str, DealFit]]:
        """The copies as rows of a plan, in their order; and by machine with unknown ones, whether those find room.

        `pools` has the pool of each machine.
        """
        open_on: dict[str, list[int]] = defaultdict(list)
        known_on: dict[str, list[int]] = defaultdict(list)
        for k, copy in enumerate(copies):
            (open_on if copy.accelerators is None else known_on)[copy.instance].append(k)
        given: dict[int, tuple[int, ...]] = {}
        fits: dict[str, DealFit] = {}
        for machine, unknown in open_on.items():
            known = [copies[k] for k in known_on[machine] if copies[k].accelerators]
            found = self._deal(pools[machine], known, [copies[k] for k in unknown])
            given.update(zip(unknown, found.accelerators, strict=True))
            fits[machine] = found.fit
        rows = tuple(
            Assignment.trusted(copy.component, copy.option, copy.instance, given.get(k, copy.accelerators or ()))
            for k, copy in enumerate(copies)
        )
        return rows, fits

    def _deal(self, pool: str, known: Sequence[RunningCopy], unknown: Sequence[RunningCopy]) -> Dealt:
        beside = tuple((self.needs[copy.component][copy.option], copy.accelerators or ()) for copy in known)
        wanted = tuple(self.needs[copy.component][copy.option] for copy in unknown)
        key = self.rooms[pool], beside, wanted
        if key not in self._found:
            self._found[key] = deal(self.rooms[pool], beside, wanted)
        return self._found[key]
