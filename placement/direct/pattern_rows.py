"""Redundant rows from the pattern bound: what a machine holds is worth no more than its accelerators can hold.

Prices of items measure copies; one accelerator holds at most the worth of its best pattern, by an exact knapsack over
all patterns. So the worth of what stands on a machine, or on all new machines of a pool, is at most that, times the
accelerators. Any prices give rows that every plan keeps; those at which the pattern bound is highest bring to the
direct model's linear relaxation what that bound knows of packing.
"""

from collections import defaultdict
from collections.abc import Iterator

from placement.direct.parameters import PatternRowsParameters as _PARAMS
from placement.direct.program import Var
from placement.direct.variables import Variables
from placement.patterns.certificate import Prices, capacity_values
from placement.patterns.formulation import Relaxation
from placement.patterns.modes import Mode


def add_pattern_rows(model: Variables, relaxation: Relaxation, prices: Prices) -> None:
    """Rows for each machine of the model that runs, and for all new ones of each pool. O(variables + knapsacks).

    `relaxation` is of the fleet of the model.
    """
    modes = {(mode.component, mode.option, mode.pool): mode for mode in relaxation.modes}
    capacity = capacity_values(relaxation, prices)
    on_new: dict[int, list[tuple[Var, int]]] = defaultdict(list)
    for (c, o, p), var in model.on_new.items():
        on_new[p].append((var, _dual_value(relaxation, prices, capacity, modes.get((c, o, p)))))
    for p, copies in on_new.items():
        model.program.within(copies, relaxation.devices(p) * _PARAMS.unit, model.new[p])
    on_running: dict[int, list[tuple[Var, int]]] = defaultdict(list)
    for c, o, s, var in _on_running(model):
        mode = modes.get((c, o, model.slots[s].pool))
        on_running[s].append((var, _dual_value(relaxation, prices, capacity, mode)))
    for s, copies in on_running.items():
        model.program.within(copies, relaxation.devices(model.slots[s].pool) * _PARAMS.unit, model.used[s])


def _on_running(model: Variables) -> Iterator[tuple[int, int, int, Var]]:
    """Component, option, machine and number of copies on machines that run."""
    for (c, o, s), var in model.copies.items():
        if model.slots[s].instance is not None:
            yield c, o, s, var
    for index, var in model.kept.items():
        place = model.fleet.places[index]
        yield place.component, place.option, model.slot_of[place.instance].index, var


def _dual_value(relaxation: Relaxation, prices: Prices, capacity: list[int], mode: Mode | None) -> int:
    """What a copy is worth, rounded down, in parts of what one accelerator can hold, of which there are `unit`."""
    if mode is None or mode.device_class is None or not capacity[mode.device_class]:
        return 0
    if mode.parts:  # a machine has so many of them, and nobody else beside
        return relaxation.devices(mode.pool) * _PARAMS.unit // mode.parts
    found = mode.owns * _PARAMS.unit
    if mode.item is not None:
        price = max(0, prices.coverage[mode.device_class][mode.item])
        found += mode.touches * price * _PARAMS.unit // capacity[mode.device_class]
    return found
