"""What a component must serve: `demand`. Counts (`copies`, `min_copies`) are the range of `Variables.placed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placement.direct.variables import Variables


def demand(model: Variables) -> None:
    """The throughput of the copies placed reaches the demand."""
    for component in model.fleet.components:
        if component.demand:
            rates = [min(option.throughput, component.demand) for option in component.options]
            served = [(var, rates[o]) for _, o, var in model.everywhere[component.index]]
            model.program.reach(served, component.demand)
