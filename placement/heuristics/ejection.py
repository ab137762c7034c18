"""Which copies to take off a machine so that one of another component fits there."""

from collections.abc import Callable

from placement.compiled.packing import Seat
from placement.heuristics.parameters import RepairParameters as _PARAMS
from placement.heuristics.workspace import Workspace
from placement.solving.steps import count_steps


def blocking(ws: Workspace, c: int, o: int, m: int, weight: Callable[[Seat], float]) -> list[Seat] | None:
    """Seats to take off row m so that a copy of c by option o fits there: lightest first; what need not go stays.

    Of equal weight the largest go first. None when even all movable copies of other components do not make room.
    What is tried is undone. O(copies there x accelerators).
    """
    count_steps(_PARAMS.counted * len(ws.seats[m]))
    mark = ws.mark()
    others = (seat for seat in ws.seats[m] if seat.component != c)
    order = sorted(others, key=lambda seat: (weight(seat), -ws.modes[seat.component][seat.option].memory_mib))
    gone: list[Seat] = []
    accelerators = ws.seat_on(c, o, m)
    for seat in order:
        if accelerators is not None:
            break
        if ws.is_movable(seat, m):
            ws.remove(seat, m)
            gone.append(seat)
            accelerators = ws.seat_on(c, o, m)
    needed = []
    if accelerators is not None:
        ws.place(Seat(c, o, accelerators), m, counted=False)
        for seat in reversed(gone):
            if ws.can_stand(seat, m):
                ws.place(seat, m, counted=False)
            else:
                needed.append(seat)
    ws.rollback(mark)
    return None if accelerators is None else needed
