"""Rows with numbers that floats can take: huge measures drown an engine's tolerances.

Rounded rows admit every plan that the exact ones admit, and a few more. So bounds hold, and a plan that breaks an exact
row is caught when it is recounted in integers (`compiled.broken_rule`).
"""

from typing import NamedTuple

from placement.direct.program import LinearRow

_LARGE = 2**24  # of a need: beyond, rows are rounded to so many parts
_SANE = 10**6  # of a rate: beyond, rows are scaled
_SCALED = 1000.0
_SMALLEST = 1e-6  # HiGHS drops coefficients below 1e-9


class FloatRow(NamedTuple):
    """``low <= sum(coefficient * variable) <= high``; None: no limit."""

    columns: tuple[int, ...]
    coefficients: tuple[float, ...]
    low: float | None
    high: float | None


def rounded(row: LinearRow) -> FloatRow:
    """The row, or where its measures have many digits one that admits a little more.

    ``needs <= room`` is divided by a whole number, and each coefficient and the limit rounded down: of whole numbers
    that are not negative what is left out on the left is no less than on the right. ``rates >= goal`` is scaled.
    """
    largest = max(map(abs, row.coefficients), default=0)
    if row.measured and row.high is not None and largest > _LARGE:
        divisor = -(-largest // _LARGE)
        return FloatRow(row.columns, tuple(n // divisor for n in row.coefficients), None, row.high // divisor)
    if row.measured and row.low is not None and largest > _SANE:
        unit = largest / _SCALED
        rates = tuple(max(_SMALLEST, n / unit) for n in row.coefficients)
        return FloatRow(row.columns, rates, row.low / unit * (1 - 1e-12), None)
    return FloatRow(row.columns, row.coefficients, row.low, row.high)
