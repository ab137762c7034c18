"""Packings without proof, cheapest methods first."""

from collections.abc import Iterator

import numpy as np

from placement.arrays import Floats
from placement.solving.schedule import SCHEDULE
from placement.vector_packing.compiled import Compiled, Load
from placement.vector_packing.fill import Filler, Filling, by_price, by_shape, fullest
from placement.vector_packing.parameters import VectorSolveParameters
from placement.vector_packing.state import PackingState


def offer(problem: Compiled, state: PackingState, loads: list[tuple[Load, int]], by: str) -> bool:
    """Report a packing of merged items; written out only when it is the best so far."""
    cost = problem.price(loads)
    if state.cost is not None and cost >= state.cost:
        return False
    bins = problem.unfold(loads)
    if not state.offer(bins, problem.problem.cost(bins), by):
        return False
    state.loads = loads
    return True


def first_packings(problem: Compiled, state: PackingState) -> None:
    """Decreasing sizes, shapes, exact fills: one pass each, for a part of the time once there is a packing."""
    item_value, part = volume(problem), SCHEDULE.vector_packing.packings.of(state.budget)
    for name, fill in _fillers(problem, item_value):
        over = state.budget.over if state.cost is None else part.over
        if state.ended or over():
            return
        filling = Filling(problem)
        if filling.complete(item_value, fill, over):
            offer(problem, state, filling.loads, name)


def _fillers(problem: Compiled, item_value: Floats) -> Iterator[tuple[str, Filler]]:
    yield "decreasing", by_price(row_volume(problem))
    if problem.size.shape[1] > 1:
        scarce = scarcity(problem)
        yield "dot product", by_shape("dot", np.sqrt(scarce))
        yield "distance", by_shape("distance", np.sqrt(scarce))
        yield "distance", by_shape("distance", np.ones_like(scarce))
    if one_size(problem):
        yield "fullest", fullest


def one_size(problem: Compiled) -> bool:
    """Whether exact fills by bit sets apply."""
    small = int(problem.capacity.max()) <= VectorSolveParameters.most_bits
    return problem.size.shape[1] == 1 and problem.plain and problem.one_mode and small


def scarcity(problem: Compiled) -> Floats:
    """Per dimension, demand over the room of the average bin."""
    least = problem.least_by_item(problem.size)
    total: Floats = (least * problem.demand[:, None]).sum(axis=0) / np.maximum(problem.capacity.mean(axis=0), 1e-9)
    return total / max(float(total.max()), 1e-9)


def row_volume(problem: Compiled) -> Floats:
    """Per row, the sum of its sizes in bins, scarce dimensions first."""
    found: Floats = (problem.size / np.maximum(problem.capacity.max(axis=0), 1)) @ scarcity(problem)
    return found


def volume(problem: Compiled) -> Floats:
    """Per item, the least volume of its rows."""
    return problem.least_by_item(row_volume(problem))
