"""Integer programs run by HiGHS for a proof: within its tightest tolerances, and what fails is no answer."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from placement.engines.highs import SHARP, EngineError, begin_at, load_lp, run_for_proof, stopped_when

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import highspy

    from placement.patterns.enumeration.rows import IntegerRows
    from placement.solving.budget import Budget


def prove(
    rows: IntegerRows,
    budget: Budget,
    nodes: int,
    *,
    start: Sequence[float] | None = None,
    until: Callable[[], bool] | None = None,
    **options: float,
) -> tuple[highspy.Highs, highspy.HighsModelStatus] | None:
    """The solver of a program after its run, and the status; None where it fails, or refuses, as numbers of 1e15.

    It begins at a solution `start`, (columns,), and ends after so many nodes, with the budget, or once `until` says so.
    """
    with suppress(EngineError):
        solver = load_lp(
            rows.program(),
            seconds=budget.left(),
            **SHARP,
            mip_max_nodes=nodes,
            mip_detect_symmetry=False,
            **options,
        )
        if start is not None:
            begin_at(solver, start)
        with stopped_when(budget.over if until is None else lambda: until() or budget.over(), solver):
            return solver, run_for_proof(solver)
    return None
