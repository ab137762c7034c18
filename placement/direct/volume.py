"""Redundant rows: what all new machines of a pool hold together. No plan needs them; bounds do.

A row says that what copies need, measured by a dual feasible function (`bounds.dual_feasible`), is at most one per
accelerator (or per machine): the identity gives the volume row, others round up needs over a half, a third and so on.

On its own, without machines one by one, the model of these rows is small enough to be solved to the end in most cases.
"""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

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
    for needs in _measures(shape, [option for _, option in copies]):
        scale = math.lcm(*(need.denominator for need in needs))
        row = (*(int(need * scale) for need in needs), scale)
        divisor = math.gcd(*row)
        row = tuple(n // divisor for n in row)
        if any(row[:-1]) and row not in written:
            written.add(row)
            program.within([(var, n) for (var, _), n in zip(copies, row[:-1], strict=True)], row[-1], machines)


def _measures(shape: Shape, options: list[FleetOption]) -> Iterator[list[Fraction]]:
    """Needs per copy as fractions of one machine, by each resource and function."""
    functions = _functions()
    host = (
        ([option.vcpus for option in options], shape.vcpus),
        ([option.host_mib for option in options], shape.host_mib),
        ([0 if option.shared else option.accelerators for option in options], shape.accelerators),
    )
    for needs, room in host:
        for function in functions if room > 0 else ():
            yield [function(need, room) for need in needs]
    on_accelerator = (
        ([option.memory_mib for option in options], shape.memory_mib),
        ([option.share for option in options], WHOLE_SHARE),
    )
    for needs, room in on_accelerator if shape.accelerators else ():
        for function in functions if room > 0 else ():
            yield [
                Fraction(option.accelerators, shape.accelerators) * (function(need, room) if option.shared else 1)
                for option, need in zip(options, needs, strict=True)
            ]


def _functions() -> list[Callable[[int, int], Fraction]]:
    """Each maps a need and the room to a part of one."""
    return [Fraction, *(partial(_rounded, k) for k in range(1, BOUNDS.dual_feasible.finest + 1))]


def _rounded(k: int, need: int, room: int) -> Fraction:
    return Fraction(rounded(need, room, k), parts(k))
