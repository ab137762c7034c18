"""Redundant rows: what all new machines of a pool hold together. No plan needs them; bounds do.

A row says that what copies need, measured by a dual feasible function f, is at most one per accelerator (or per
machine). f maps needs in [0, 1] of the room to [0, 1] so that needs that fit together never measure more than 1: the
identity gives the volume row, the functions of Fekete and Schepers [1]_ round up needs over a half, a third and so on.

On its own, without machines one by one, the model of these rows is small enough to be solved to the end in most cases.

.. [1] Fekete, S. P. and Schepers, J. (2001). New classes of fast lower bounds for bin packing problems. Mathematical
   Programming 91, 11-31. https://doi.org/10.1007/s101070100243
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.exact.cp_sat.program import Program, Var
    from placement.fleet import Option, Shape

_FINEST = 8  # functions up to 1/9 of the room; finer ones moved no bound in trials


def add_volume_rows(program: Program, shape: Shape, copies: list[tuple[Var, Option]], machines: Var) -> None:
    """What `machines` machines of one shape hold together.

    Parameters
    ----------
    copies : number of copies and their option; each option fits on an empty machine of the shape.
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


def _measures(shape: Shape, options: list[Option]) -> Iterator[list[Fraction]]:
    """Needs per copy as fractions of one machine, by each resource and function."""
    for need, room in _host(shape):
        if room > 0:
            for function in _functions():
                yield [function(Fraction(need(option), room)) for option in options]
    for need, room in _on_accelerator(shape):
        if room > 0:
            for function in _functions():
                yield [
                    Fraction(option.accelerators, shape.accelerators)
                    * (function(Fraction(need(option), room)) if option.shared else 1)
                    for option in options
                ]


def _host(shape: Shape) -> Iterator[tuple[Callable[[Option], int], int]]:
    yield (lambda option: option.vcpus), shape.vcpus
    yield (lambda option: option.host_mib), shape.host_mib
    yield (lambda option: 0 if option.shared else option.accelerators), shape.accelerators


def _on_accelerator(shape: Shape) -> Iterator[tuple[Callable[[Option], int], int]]:
    if shape.accelerators:
        yield (lambda option: option.memory_mib), shape.memory_mib
        yield (lambda option: option.share), WHOLE_SHARE


def _functions() -> Iterator[Callable[[Fraction], Fraction]]:
    yield lambda part: part
    for k in range(1, _FINEST + 1):
        yield lambda part, k=k: _rounded(part, k)  # type: ignore[misc]


def _rounded(part: Fraction, k: int) -> Fraction:
    """The dual feasible function u^(k): part when (k + 1) x part is whole, else that rounded down, over k.

    Examples
    --------
    >>> _rounded(Fraction(3, 5), 1), _rounded(Fraction(1, 2), 1), _rounded(Fraction(2, 5), 1)
    (Fraction(1, 1), Fraction(1, 2), Fraction(0, 1))
    """
    times = (k + 1) * part
    return part if times.denominator == 1 else Fraction(math.floor(times), k)
