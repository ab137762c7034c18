"""Fill what is left on an accelerator exactly: a subset of the copies still to come whose memory sums to the room.

Decreasing orders leave a hole on every accelerator that the next copy in turn does not fit. Here the hole is filled by a
bounded subset-sum over the copies to come, largest first, in bits of one integer (the minimum-bin-slack idea of Gupta and
Ho 1999, *A new heuristic algorithm for the one-dimensional bin-packing problem*, with the seed fixed as in MBS' of Fleszar
and Hindi 2002). O(candidates) shifts of a `_UNITS`-bit integer for each accelerator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.heuristics.zones import has_zone_rules, least_total
from placement.packing import Seat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.heuristics.workspace import Workspace

_UNITS = 1024  # an accelerator's memory in steps of the subset sum; needs are rounded up to them
_CLOSE = 4  # steps that may stay free: exact enough to stop looking
_MOST_STEPS = 400  # copies looked at for one accelerator


def top_up(ws: Workspace, m: int, candidates: Iterable[tuple[int, int]]) -> None:
    """Fill the accelerators of row m with copies of the candidates (component, option), none beyond what is required.

    Candidates are options on one shared accelerator.
    """
    memory = ws.fleet.pools[ws.pool[m]].shape.memory_mib
    unit = max(1, memory // _UNITS)
    items = sorted(
        ((-(-ws.ways[c][o].memory // unit), c, o) for c, o in candidates if ws.ways[c][o].memory),
        key=lambda item: (-item[0], item[1]),
    )
    for k, room in enumerate(ws.room[m].tolist()):
        if room > 0:
            _fill_one(ws, m, k, room // unit, items)


def _fill_one(ws: Workspace, m: int, k: int, room: int, items: list[tuple[int, int, int]]) -> None:
    """Put the copies of a best subset on accelerator k."""
    for c, o in _subset(ws, m, room, items):
        seat = Seat(c, o, (k,))
        if _is_missing(ws, c, m) and ws.can_stand(seat, m):
            ws.place(seat, m)


def _subset(ws: Workspace, m: int, room: int, items: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Components and options whose sizes sum closest to the room from below; large ones are preferred."""
    reach, mask = 1, (1 << (room + 1)) - 1
    steps: list[tuple[int, int, int, int]] = []
    enough = 1 << max(0, room - _CLOSE)
    for size, c, o in items:
        if size > room:
            continue
        most = min(ws.fleet.components[c].required - ws.placed[c], room // size)
        if most <= 0 or not _is_missing(ws, c, m):
            continue
        for _ in range(most):
            grown = (reach | (reach << size)) & mask
            if grown == reach:
                break
            steps.append((reach, size, c, o))
            reach = grown
        if reach >= enough or len(steps) > _MOST_STEPS:
            break
    total = reach.bit_length() - 1
    found = []
    for before, size, c, o in reversed(steps):
        if not before >> total & 1:
            total -= size
            found.append((c, o))
    return found


def _is_missing(ws: Workspace, c: int, m: int) -> bool:
    """Whether row m may take one more required copy of c without spoiling its zones."""
    component = ws.fleet.components[c]
    if ws.placed[c] >= component.required or not ws.welcomes(c, m):
        return False
    if not has_zone_rules(component):
        return True
    counts = list(ws.zoned[c])
    counts[ws.zone_of[ws.pool[m]]] += 1
    total = least_total(component, counts, component.required, (2**40,) * len(counts))
    return total is not None and total <= component.required
