"""The driver that all constructive heuristics share: components in an order, zones by targets, machines by a policy.

What differs between the heuristics is a `Policy`: the order of components, which machine in use takes a copy, and which
machine is rented when none does. Copies of a component are alike, so they are placed in batches: one scan over the
machines serves many copies.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np

from placement.compiled.packing import Seat
from placement.compiled.spread import least_total, targets
from placement.heuristics.check import lacking
from placement.heuristics.parameters import ConstructParameters as _PARAMS
from placement.heuristics.workspace import Workspace

ANY_ZONE = -1
UNLIMITED = 2**40


class Policy(Protocol):
    """The choices of one heuristic. `zone` is an index, or -1 for any."""

    def order(self, ws: Workspace, components: Sequence[int]) -> list[int]:
        """These components, in the order in which their required copies are placed; nothing else is to come."""

    def zone_weights(self, ws: Workspace, c: int) -> Sequence[float]:
        """(Z,) what one copy costs in each zone; cheap zones get as many copies as the spread rules allow."""

    def options(self, ws: Workspace, c: int) -> Sequence[int]:
        """All options of c, best first."""

    def machines(self, ws: Workspace, c: int, zone: int) -> Iterator[tuple[int, int]]:
        """(option, row) of the machines in use that may take copies of c, best first."""

    def rental(self, ws: Workspace, c: int, left: int, zone: int) -> tuple[int, int] | None:
        """(option, pool) to rent for the `left` copies that no machine in use takes; None when there is none."""


def construct(ws: Workspace, policy: Policy, *, gives_up: bool = False) -> list[int]:
    """Bring every component to what is required of it, then place optional copies by priority.

    Returns the components that still lack something, in order; optional copies are placed only when there is none. When
    the budget is over, those that were not looked at are among them; so are they with `gives_up`, once one is stuck.
    """
    order = policy.order(ws, range(len(ws.fleet.components)))
    stuck: list[int] = []
    for c in order:
        if (gives_up and stuck) or ws.out_of_time() or not supply(ws, policy, c):
            stuck.append(c)
    if not stuck:
        place_optional(ws, policy)
    return stuck


def supply(ws: Workspace, policy: Policy, c: int) -> bool:
    """Place what is required of component c, its demand too; False leaves what could be placed."""
    component = ws.fleet.components[c]
    while lacking(ws, c):
        start = max(component.required, ws.placed[c])
        if ws.served[c] < component.demand:
            start = max(start, ws.placed[c] + _copies_for(ws, c, policy.options(ws, c)[0]))
        elif component.demand and start == ws.placed[c]:  # enough is served, but too little would be left after a loss
            start += 1
        total = least_total(component, ws.zoned[c], start)
        if total is None or total == ws.placed[c] or not place_total(ws, policy, c, total):
            return False
    return True


def _copies_for(ws: Workspace, c: int, o: int) -> int:
    """Copies by option o for the open demand, less the last one when another option may serve what is left of it."""
    open_demand, one = ws.fleet.components[c].demand - ws.served[c], max(1, ws.modes[c][o].throughput)
    return -(-open_demand // one) if len(ws.modes[c]) == 1 else max(1, open_demand // one)


def place_optional(ws: Workspace, policy: Policy) -> None:
    """Place optional copies: highest priority first, then smallest copies first, as each counts as one."""
    extend_by_priority(ws, policy, policy.order(ws, left_out_components(ws))[::-1])


def extend_by_priority(ws: Workspace, policy: Policy, components: Iterable[int]) -> None:
    """Place optional copies of these components: highest priority first, else in their order."""
    optional = [c for c in components if ws.fleet.components[c].level is not None]
    for c in sorted(optional, key=lambda c: ws.fleet.components[c].level or 0):
        extend(ws, policy, c)


def left_out_components(ws: Workspace) -> list[int]:
    """Those of which optional copies are out, ascending."""
    return [c.index for c in ws.fleet.components if c.level is not None and ws.placed[c.index] < c.copies]


def extend(ws: Workspace, policy: Policy, c: int) -> None:
    """Place as many of the copies of c that are still out as fit, with every rule kept.

    They are tried all at once, and half as many after each time that they do not fit, so O(log copies) times in vain.
    An optional copy that ran and stands elsewhere has moved. So where moves are limited, no more come in than may move.
    """
    component, limit = ws.fleet.components[c], _most_moved(ws)
    if not component.has_zone_rules:
        mark, may_move = ws.mark(), limit - ws.running.moved
        put(ws, policy, c, component.copies - ws.placed[c], ANY_ZONE)
        if ws.running.moved > limit:
            ws.rollback(mark)
            put(ws, policy, c, may_move, ANY_ZONE)
        if lacking(ws, c):  # so few that too little would be left after a loss
            ws.rollback(mark)
        return
    step = component.copies - ws.placed[c]
    while step and ws.placed[c] < component.copies:
        mark, total = ws.mark(), least_total(component, ws.zoned[c], min(component.copies, ws.placed[c] + step))
        if total is None or not place_total(ws, policy, c, total) or ws.running.moved > limit:
            ws.rollback(mark)
            step //= 2


def _most_moved(ws: Workspace) -> int:
    """Moves that a plan may have: as many as there are now, where those are too many."""
    most = ws.fleet.max_moves
    return UNLIMITED if most is None else max(most, ws.running.moved)


def place_total(ws: Workspace, policy: Policy, c: int, total: int) -> bool:
    """Bring component c to `total` copies in zones that keep its rules; False leaves what could be placed."""
    component = ws.fleet.components[c]
    if not component.has_zone_rules:
        missing = total - ws.placed[c]
        return put(ws, policy, c, missing, ANY_ZONE) == missing
    most = [UNLIMITED] * len(ws.fleet.zones)
    weights = policy.zone_weights(ws, c)
    while ws.placed[c] < total:
        goal = targets(component, ws.zoned[c], total, most, weights)
        if goal is None:
            return False
        for z, wanted in enumerate(goal):
            missing = wanted - ws.zoned[c][z]
            if missing > 0 and put(ws, policy, c, missing, z) < missing:
                if ws.out_of_time():
                    return False
                most = _room(ws, c, most)
                most[z] = ws.zoned[c][z]  # the zone is full: choose other targets
                break
    return True


def _room(ws: Workspace, c: int, most: Sequence[int]) -> list[int]:
    """`most`, and none beyond what stands there in zones that take no further copy of c. O(rows + pools)."""
    takes = np.zeros(len(most), dtype=np.bool_)
    for o in range(len(ws.modes[c])):
        takes[ws.zone_of_pool[ws.rentals(c, o)]] = True
        takes[ws.zone_of_pool[ws.pool[: ws.rows][ws.fits(c, o)]]] = True
    return [most if more else here for most, more, here in zip(most, takes.tolist(), ws.zoned[c], strict=True)]


def put(ws: Workspace, policy: Policy, c: int, count: int, zone: int) -> int:
    """Place up to `count` copies of c in a zone; returns how many. Machines in use first, then rented ones."""
    left = count
    for o, m in policy.machines(ws, c, zone):
        left -= fill(ws, c, o, m, left)
        if left <= 0 or ws.out_of_time():
            return count - left
    while left > 0 and not ws.out_of_time():
        choice = policy.rental(ws, c, left, zone)
        if choice is None:
            break
        m = ws.rent(choice[1])
        placed = fill(ws, c, choice[0], m, left)
        if not placed:
            break
        left -= placed
        left -= placed * _open_more(ws, m, left // placed)
    for o in policy.options(ws, c) if left > 0 else ():
        for m in ws.fits(c, o, zone).nonzero()[0].tolist():
            left -= fill(ws, c, o, m, left)
            if left <= 0 or ws.out_of_time():
                return count - left
    return count - left


def _open_more(ws: Workspace, m: int, wanted: int) -> int:
    """Open machines like row m, just rented and filled, for half of the copies that are left; returns how many.

    The policy is asked again for the other half, as it may want other machines for the last copies.
    """
    count = ws.alike(m, wanted // 2)
    if count:
        ws.open_alike(m, count)
    return count


def fill(ws: Workspace, c: int, o: int, m: int, most: int) -> int:
    """Place up to `most` copies of c by option o on row m; returns how many.

    Accelerators are taken tightest first. Copies on several shared accelerators can block one another that way: with
    three accelerators, two copies on {0, 1} leave no pair for a third. Then they are dealt roomiest first instead.
    """
    mode, mark = ws.modes[c][o], ws.mark()
    blockable = mode.shared and mode.accelerators > 1 and most > 1
    reachable = min(most, ws.most_copies(mode, m)) if blockable else 0
    placed = _fill(ws, c, o, m, most, level=False)
    if blockable and placed < reachable:
        ws.rollback(mark)
        placed = _fill(ws, c, o, m, most, level=True)
    return placed


def _fill(ws: Workspace, c: int, o: int, m: int, most: int, *, level: bool) -> int:
    for placed in range(most):
        accelerators = ws.seat_on(c, o, m, level=level)
        if accelerators is None or (placed % _PARAMS.look == _PARAMS.look - 1 and ws.out_of_time()):
            return placed
        ws.place(Seat(c, o, accelerators), m)
    return most
