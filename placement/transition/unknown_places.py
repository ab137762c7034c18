"""Where copies run whose accelerators the problem does not tell: as the plan keeps them where that can be.

A place of the plan is one of today only if it is free beside the copies whose places are known, and if it leaves room
for the others that are not. The rest stand where there is room, as `running_state.deal` finds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from placement.documents import Problem
from placement.grouping import grouped
from placement.referee.standing import CopyNeed, MachineRoom
from placement.running_state.as_plan import Dealer
from placement.running_state.deal import DealFit, deal, has_room_at

Loose = tuple[str, int, str]  # component, option, machine
Accelerators = tuple[int, ...]
_Beside = list[tuple["CopyNeed", Accelerators]]


class CopyNow(NamedTuple):
    """A copy that runs now; `accelerators` is None when they are not known."""

    component: str
    option: int
    instance: str
    accelerators: Accelerators | None
    pinned: bool

    @property
    def loose(self) -> Loose:
        """What is known of its place."""
        return self.component, self.option, self.instance


class UnknownPlaces:
    """Finds places for the copies of one machine after the other."""

    def __init__(self, problem: Problem, known: Iterable[CopyNow]) -> None:
        """`known` are all copies whose accelerators the problem tells."""
        self._dealer = Dealer(problem)
        self._pools = {row.id: row.pool for row in problem.instances}
        self._known = grouped((copy.instance, (self._need(copy), copy.accelerators or ())) for copy in known)

    def on_machine(
        self, copies: Sequence[CopyNow], planned: Mapping[Loose, Sequence[Accelerators]]
    ) -> tuple[dict[int, Accelerators], dict[int, Accelerators]]:
        """Accelerators of copies that stay where they are, and of those that go, both by index.

        `planned` are places of the plan that no known copy has, by what is known of a copy's place. O(copies x places)
        looks at the machine; one where the first places will do.
        """
        left = {loose: list(places) for loose, places in planned.items()}
        kept = {k: left[copy.loose].pop(0) for k, copy in enumerate(copies) if left.get(copy.loose)}
        rest = [k for k in range(len(copies)) if k not in kept]
        if not self._all_find_room(copies, kept, rest):
            kept = self._one_by_one(copies, planned)
            rest = [k for k in range(len(copies)) if k not in kept]
        return kept, self._dealt(copies, kept, rest)

    def _all_find_room(self, copies: Sequence[CopyNow], kept: Mapping[int, Accelerators], rest: Sequence[int]) -> bool:
        beside = list(self._known[copies[0].instance])
        for k, accelerators in kept.items():
            if not has_room_at(self._room(copies[k]), beside, self._need(copies[k]), accelerators):
                return False
            beside.append((self._need(copies[k]), accelerators))
        return self._fits(beside, copies, rest)

    def _one_by_one(
        self, copies: Sequence[CopyNow], planned: Mapping[Loose, Sequence[Accelerators]]
    ) -> dict[int, Accelerators]:
        """Each copy at the first place of the plan that leaves room for those after it.

        Where there is no room in any case, and for pinned copies, the first place of all.
        """
        left = {loose: list(places) for loose, places in planned.items()}
        beside, kept = list(self._known[copies[0].instance]), {}
        for k in sorted(range(len(copies)), key=lambda k: not copies[k].pinned):
            copy, places = copies[k], left.get(copies[k].loose, [])
            need, others = self._need(copy), [j for j in range(len(copies)) if j not in kept and j != k]
            chosen = next(
                (
                    place
                    for place in places
                    if has_room_at(self._room(copy), beside, need, place)
                    and self._fits([*beside, (need, place)], copies, others)
                ),
                None,
            )
            if chosen is None and places and (copy.pinned or not self._fits(beside, copies, [k, *others])):
                chosen = places[0]
            if chosen is not None:
                places.remove(chosen)
                kept[k] = chosen
                beside.append((need, chosen))
        return kept

    def _dealt(
        self, copies: Sequence[CopyNow], kept: Mapping[int, Accelerators], rest: Sequence[int]
    ) -> dict[int, Accelerators]:
        beside = [*self._known[copies[0].instance], *((self._need(copies[k]), place) for k, place in kept.items())]
        found = deal(self._room(copies[0]), beside, [self._need(copies[k]) for k in rest])
        return dict(zip(rest, found.accelerators, strict=True))

    def _fits(self, beside: _Beside, copies: Sequence[CopyNow], rest: Sequence[int]) -> bool:
        """Whether these find room beside those; known copies that break a rule among themselves are passed over."""
        return deal(self._room(copies[0]), beside, [self._need(copies[k]) for k in rest]).fit is DealFit.FITS

    def _room(self, copy: CopyNow) -> MachineRoom:
        return self._dealer.rooms[self._pools[copy.instance]]

    def _need(self, copy: CopyNow) -> CopyNeed:
        return self._dealer.needs[copy.component][copy.option]
