"""PackingSolver (https://github.com/fontanf/packingsolver), its one-dimensional problem type, all methods raced.

It takes one size that adds up along the bin. A second one goes in as the weight with a maximum; more are refused, as
are components with several ways to run.
"""

from __future__ import annotations

import math
import time

import packing


def solve(case: packing.Packing, seconds: float, seed: int, threads: int) -> packing.Packed:
    """Variable-sized bin packing, or bin packing where there is one kind of bin."""
    del seed, threads  # it has neither
    import packingsolver.onedimensional as one_dimensional

    used = _used_dimensions(case)
    builder = one_dimensional.InstanceBuilder()
    single = len(case.bins) == 1
    objective = one_dimensional.Objective
    builder.set_objective(objective.BinPacking if single else objective.VariableSizedBinPacking)
    groups: dict[tuple[int, ...], int] = {}  # items that may go into the same bins
    for item in case.items:
        groups.setdefault(item.modes[0].bins, len(groups))
    copies = sum(item.copies for item in case.items)
    for kind, one in enumerate(case.bins):
        builder.add_bin_type(
            one.capacity[used[0]],
            cost=one.cost / packing.MICRO,
            maximum_weight=float(one.capacity[used[1]]) if len(used) > 1 else None,
            eligibility_ids=[group for bins, group in groups.items() if kind in bins],
            copies=copies if one.count is None else one.count,
        )
    for item in case.items:
        size = item.modes[0].size
        builder.add_item_type(
            size[used[0]],
            weight=float(size[used[1]]) if len(used) > 1 else None,
            eligibility_id=groups[item.modes[0].bins],
            copies=item.copies,
        )
    parameters = one_dimensional.OptimizeParameters()
    parameters.time_limit = seconds
    parameters.verbosity_level = 0
    started, trace = time.monotonic(), []

    def bound_of(output) -> float | None:
        low = output.bin_packing_bound if single else output.variable_sized_bin_packing_bound
        dollars = low * case.bins[0].cost / packing.MICRO if single else low
        return dollars if math.isfinite(dollars) and dollars > 0 else None

    def found(output) -> None:
        if output.solution.full():
            trace.append((time.monotonic() - started, _dollars(case, output.solution), bound_of(output)))

    parameters.new_solution_callback = found
    output = one_dimensional.optimize(builder.build(), parameters)
    took = time.monotonic() - started
    loads = _loads(output.solution) if output.solution.full() else []
    proven = bool(loads) and output.is_proven_optimal()
    return packing.Packed(
        loads, bound_of(output), took, proven, output.is_proven_infeasible, output.solution_label, trace
    )


def _used_dimensions(case: packing.Packing) -> list[int]:
    if any(len(item.modes) > 1 for item in case.items):
        raise packing.RefusedError("components have several ways to run")
    used = [d for d in range(4) if any(item.modes[0].size[d] for item in case.items)]
    if len(used) > 2:
        raise packing.RefusedError(f"items have {len(used)} sizes")
    return used or [0]


def _dollars(case: packing.Packing, solution) -> float:
    return sum(case.bins[kind].cost * solution.bin_copies(kind) for kind in range(len(case.bins))) / packing.MICRO


def _loads(solution) -> list[tuple[int, list[tuple[int, int]]]]:
    loads = []
    for position in range(solution.number_of_different_bins()):
        one = solution.bin(position)
        content = [(item.item_type_id, 0) for item in one.items]
        loads += [(one.bin_type_id, content)] * one.copies
    return loads


if __name__ == "__main__":
    packing.drive("packingsolver", solve)
