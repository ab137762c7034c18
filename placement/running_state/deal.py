"""Which accelerators of a machine its copies may have, where some of them are not known.

No platform that hides the accelerator of a copy breaks its own rules by that, so before a machine is called
overloaded all ways to deal its accelerators out are tried. The search is exact within a budget of steps: copies in
order of size, each on every set of accelerators that differs in what it holds, no set twice.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from placement.referee.standing import CopyNeed, MachineRoom
from placement.units import WHOLE_SHARE

STEPS = 20_000  # of the search on one machine; eight accelerators with twenty copies that fit take a few hundred


class DealFit(enum.Enum):
    """Whether the copies of a machine can have accelerators so that each has what it needs."""

    FITS = "fits"
    NEVER = "never"  # all ways were tried, or there is too little in all
    UNKNOWN = "unknown"  # the budget of steps ran out


class Dealt(NamedTuple):
    """Accelerators of each copy asked for, ascending; when none fit, those with the most memory left."""

    accelerators: tuple[tuple[int, ...], ...]
    fit: DealFit


class _Left(NamedTuple):
    """What is left on one accelerator: MiB, thousandths, and the copies on it; `owned` when one has it alone."""

    memory: int
    share: int
    copies: int
    owned: bool

    def less(self, takes: CopyNeed) -> _Left:
        return _Left(self.memory - takes.memory, self.share - takes.share, self.copies + 1, not takes.shared)

    def holds(self, takes: CopyNeed) -> bool:
        alone = not self.copies if not takes.shared else not self.owned
        return alone and takes.memory <= self.memory and takes.share <= self.share


def deal(
    has: MachineRoom, known: Sequence[tuple[CopyNeed, tuple[int, ...]]], unknown: Sequence[CopyNeed], steps: int = STEPS
) -> Dealt:
    """Accelerators for copies without known ones, beside those that have theirs.

    Parameters
    ----------
    has : the machine, empty.
    known : copies with their accelerators; indices beyond the machine's are left aside.
    unknown : copies whose accelerators are to be found.
    steps : looks at a copy on a set of accelerators before the search gives up.

    Returns
    -------
    Dealt
        In the order of `unknown`. Among accelerators with room a copy gets the fullest, so that large ones find room.

    Notes
    -----
    The known copies may break rules among themselves; what is said is whether the others find room beside them.
    """
    left = _beside(has, known)
    order = sorted(range(len(unknown)), key=lambda c: _size(unknown[c]), reverse=True)
    search = _DealSearch([unknown[c] for c in order], steps)
    found = search.place(tuple(left), 0) if _enough(left, unknown) else None
    fit = DealFit.NEVER if search.steps >= 0 else DealFit.UNKNOWN
    if found is None:
        found = _roomiest(left, [unknown[c] for c in order])
    else:
        fit = DealFit.FITS
    by_copy = dict(zip(order, found, strict=True))
    return Dealt(tuple(by_copy[c] for c in range(len(unknown))), fit)


def has_room_at(
    has: MachineRoom, known: Sequence[tuple[CopyNeed, tuple[int, ...]]], takes: CopyNeed, accelerators: Sequence[int]
) -> bool:
    """Whether a copy fits on these accelerators of a machine, beside those that have theirs. O(known copies)."""
    left = _beside(has, known)
    return all(k < has.accelerators and left[k].holds(takes) for k in accelerators)


def _beside(has: MachineRoom, known: Sequence[tuple[CopyNeed, tuple[int, ...]]]) -> list[_Left]:
    """What known copies leave of each accelerator; indices beyond the machine's are left aside."""
    left = [_Left(has.memory, WHOLE_SHARE, 0, owned=False)] * has.accelerators
    for takes, accelerators in known:
        for k in accelerators:
            if k < has.accelerators:
                left[k] = left[k].less(takes)
    return left


def _size(takes: CopyNeed) -> tuple[bool, int, int, int]:
    return not takes.shared, takes.accelerators, takes.memory, takes.share


def _enough(left: Sequence[_Left], unknown: Sequence[CopyNeed]) -> bool:
    """Whether memory, shares and accelerators suffice in all: where they don't, no search is needed."""
    free = sum(not one.copies for one in left)
    owned = sum(takes.accelerators for takes in unknown if not takes.shared)
    memory = sum(max(0, one.memory) for one in left if not one.owned)
    share = sum(max(0, one.share) for one in left if not one.owned)
    return (
        owned <= free
        and sum(takes.accelerators * takes.memory for takes in unknown) <= memory
        and sum(takes.accelerators * takes.share for takes in unknown) <= share
    )


class _DealSearch:
    """Depth first, with a budget of steps; `steps` is below 0 once it has run out."""

    def __init__(self, copies: Sequence[CopyNeed], steps: int) -> None:
        self.copies = copies
        self.steps = steps
        self._seen: set[tuple[int, tuple[_Left, ...]]] = set()

    def place(self, left: tuple[_Left, ...], copy: int) -> list[tuple[int, ...]] | None:
        """Accelerators of this copy and those after it; None when there are none, or no steps left."""
        if copy == len(self.copies):
            return []
        state = copy, tuple(sorted(left))
        if state in self._seen:
            return None
        self._seen.add(state)
        takes = self.copies[copy]
        for chosen in self._sets(left, takes):
            self.steps -= 1
            if self.steps < 0:
                return None
            rest = self.place(tuple(one.less(takes) if k in chosen else one for k, one in enumerate(left)), copy + 1)
            if rest is not None:
                return [chosen, *rest]
        return None

    def _sets(self, left: tuple[_Left, ...], takes: CopyNeed) -> Iterator[tuple[int, ...]]:
        """Sets of accelerators that hold the copy, the fullest first; of those that hold the same only one."""
        holds = sorted((k for k, one in enumerate(left) if one.holds(takes)), key=lambda k: (left[k], k))
        tried = set()
        for chosen in combinations(holds, takes.accelerators):
            kind = tuple(left[k] for k in chosen)
            if kind not in tried:
                tried.add(kind)
                yield tuple(sorted(chosen))
            self.steps -= 1
            if self.steps < 0:
                return


def _roomiest(left: list[_Left], copies: Sequence[CopyNeed]) -> list[tuple[int, ...]]:
    """Each copy on those with the most memory left, or on all of a machine that has fewer."""
    left, found = list(left), []
    for takes in copies:
        best = sorted(range(len(left)), key=lambda k: (left[k].owned, -left[k].memory, k))[: takes.accelerators]
        for k in best:
            left[k] = left[k].less(takes)
        found.append(tuple(sorted(best)))
    return found
