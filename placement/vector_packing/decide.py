"""Is there a pattern worth more than a threshold? By CP-SAT, where lists of states grow too long.

Values are whole numbers, and CP-SAT's answers are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.vector_packing.parameters import VECTOR_PACKING

if TYPE_CHECKING:
    from placement.vector_packing.compiled import Compiled, Ints, Pattern

_PARAMS = VECTOR_PACKING.decide


def decide_pattern(
    problem: Compiled, bin_type: int, value: Ints, limit: Ints, threshold: int, seconds: float
) -> tuple[Pattern | None, bool]:
    """A pattern of bin type `bin_type` worth more than `threshold`, and whether it is certain that there is none."""
    from ortools.sat.python import cp_model

    from placement.engines.cp_sat import cp_sat_solver

    rows = np.flatnonzero(problem.fits[:, bin_type] & (limit > 0) & (value > 0)).tolist()
    model = cp_model.CpModel()
    count = {r: model.new_int_var(0, int(limit[r]), f"x{r}") for r in rows}
    for k, capacity in enumerate(problem.capacity[bin_type].tolist()):
        model.add(sum(int(problem.size[r, k]) * x for r, x in count.items()) <= capacity)
    of_item: dict[int, list[int]] = {}
    for r in rows:
        of_item.setdefault(int(problem.item[r]), []).append(r)
    for i, mine in of_item.items():
        if len(mine) > 1:
            model.add(sum(count[r] for r in mine) <= int(problem.most[i]))
    if problem.clash is not None:
        inside = {i: model.new_bool_var(f"u{i}") for i in of_item}
        for i, mine in of_item.items():
            for r in mine:
                model.add(count[r] == 0).only_enforce_if(~inside[i])
            for j in np.flatnonzero(problem.clash[i]).tolist():
                if j > i and j in inside:
                    model.add_bool_or(~inside[i], ~inside[j])
    model.add(sum(int(value[r]) * x for r, x in count.items()) > threshold)
    solver = cp_sat_solver(seconds=seconds, effort=_PARAMS.effort)
    status = solver.solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return tuple((r, n) for r, x in count.items() if (n := solver.value(x))), False
    return None, status == cp_model.INFEASIBLE
