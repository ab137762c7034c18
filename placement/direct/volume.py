"""Redundant rows: what all new machines of a pool hold together. No plan needs them; bounds do.

A row says that what copies need, measured by a dual feasible function (`bounds.dual_feasible`), is at most one per
accelerator (or per machine): the identity gives the volume row, others round up needs over a half, a third and so on.

On its own, without machines one by one, the model of these rows is small enough to be solved to the end in most cases.
"""

import math
from collections.abc import Iterator

from placement.bounds.dual_feasible import parts, rounded
from placement.bounds.parameters import BOUNDS
from placement.compiled.fleet import FleetOption, Shape
from placement.direct.program import Linear, Program, Var
from placement.units import WHOLE_SHARE


def add_volume_rows(program: Program, shape: Shape, copies: list[tuple[Var, FleetOption]], machines: Linear) -> None:
    """What `machines` machines of one shape hold together.

    `copies`: number of copies and their option; each option fits on an empty machine of the shape.
    """
    written: set[tuple[int, ...]] = set()
    for needs, whole in _measures(shape, [option for _, option in copies]):
        divisor = math.gcd(whole, *needs)
        row = (*(need // divisor for need in needs), whole // divisor)
        if any(needs) and row not in written:
            written.add(row)
            program.within([(var, n) for (var, _), n in zip(copies, row[:-1], strict=True)], row[-1], machines)


def _measures(shape: Shape, options: list[FleetOption]) -> Iterator[tuple[list[int], int]]:
    """Needs per copy and what one machine has, by each resource and function."""
    host = (
        ([option.vcpus for option in options], shape.vcpus),
        ([option.host_mib for option in options], shape.host_mib),
        ([0 if option.shared else option.accelerators for option in options], shape.accelerators),
    )
    for needs, room in host:
        yield from _rounded(needs, room)
    on_accelerator = (
        ([option.memory_mib for option in options], shape.memory_mib),
        ([option.share for option in options], WHOLE_SHARE),
    )
    for needs, room in on_accelerator if shape.accelerators else ():
        for parts_of_one, whole in _rounded(
            [n if o.shared else room for n, o in zip(needs, options, strict=True)], room
        ):
            parts = [o.accelerators * n for o, n in zip(options, parts_of_one, strict=True)]
            yield parts, shape.accelerators * whole


def _rounded(needs: list[int], room: int) -> Iterator[tuple[list[int], int]]:
    """Needs as they are and by each function, with what all of the room is then; none where there is no room."""
    if room <= 0:
        return
    yield needs, room
    different = set(needs)
    for k in range(1, BOUNDS.dual_feasible.finest + 1):
        by_need = {need: rounded(need, room, k) for need in different}
        yield [by_need[need] for need in needs], parts(k)
