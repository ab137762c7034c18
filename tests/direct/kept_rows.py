"""Whether values keep a program of the direct model, exactly: an engine's own answer is taken within a tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.direct.program import Linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.direct.program import LinearRow, Program


def keeps_rows(program: Program, values: Sequence[int]) -> bool:
    """Whether values are within their ranges and keep every row."""
    pairs = zip(program.ranges, values, strict=True)
    within = all(low <= value <= high for (low, high), value in pairs)
    return within and all(_keeps(row, values) for row in program.rows)


def _keeps(row: LinearRow, values: Sequence[int]) -> bool:
    left = Linear(row.columns, row.coefficients).value(values)
    return (row.low is None or row.low <= left) and (row.high is None or left <= row.high)
