"""The copies of an endpoint that run now, as placements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.integrations.sagemaker.reconstruction import Amounts, RunningCopies, RunningMachine, Solver, arrange
from placement.units import MIB_PER_GIB, MILLI, need, room

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from placement.integrations.notes import Notes
    from placement.integrations.sagemaker.inference_components import InferenceComponent
    from placement.integrations.sagemaker.variant_pools import VariantPool

ComponentRow = tuple["InferenceComponent", dict[str, Any]]


def placements(
    pools: Sequence[VariantPool],
    instance_types: Mapping[str, Mapping[str, Any]],
    rows: Sequence[ComponentRow],
    notes: Notes,
    solver: Solver | None,
) -> list[dict[str, Any]]:
    """The placements of one endpoint: its pools, all rows of instance types, its components with their rows.

    No accelerators are given: the API never tells them.
    """
    machines = [
        RunningMachine(name, pool.name, _room(instance_types[pool.row])) for pool in pools for name in pool.machines
    ]
    copies = [each for component, row in rows for each in _copies(component, row, pools)]
    arranged = arrange(machines, copies, solver)
    placed = len(arranged.rows)
    place = f"endpoint {pools[0].endpoint.name} placements"
    if placed:
        notes.reconstructed(
            place,
            f"the API tells counts alone, never a machine or an accelerator: {placed} copies were put on "
            f"{len(machines)} machines by {arranged.found_by}; moves counted from there are an estimate",
        )
    if arranged.crowded:
        notes.broken(
            place, f"{arranged.crowded} copies have no room by the sizes known here: they stand where they break a rule"
        )
    lost = sum(each.count for each in copies) - placed
    if lost:
        notes.ignored(place, f"{lost} copies are said to run on types of which no machine runs")
    row_of = {name: pool.row for pool in pools for name in pool.machines}
    option_of = {
        (row["name"], kind): index
        for _, row in rows
        for index, option in enumerate(row["options"])
        for kind in option["instance_types"]
    }
    return [
        {"component": name, "instance": machine, "option": option_of[name, row_of[machine]]}
        for name, machine in arranged.rows
    ]


def _room(row: Mapping[str, Any]) -> Amounts:
    memory = row["memory_gib"] - row.get("reserved", {}).get("memory_gib", 0)
    return Amounts(row.get("accelerator_count", 0), room(row["vcpus"], MILLI), room(memory, MIB_PER_GIB))


def _copies(component: InferenceComponent, row: Mapping[str, Any], pools: Iterable[VariantPool]) -> list[RunningCopies]:
    """Copies with their needs by pool; where the API tells types, a row for each."""
    needs: dict[str, tuple[str, Amounts]] = {}
    for pool in pools:
        bound = component.variant is None or component.variant == pool.variant.name
        for option in row["options"] if bound else ():
            if pool.row in option["instance_types"]:
                memory = need(option["memory_gib"], MIB_PER_GIB)
                amounts = Amounts(option["accelerators"], need(option.get("vcpus", 0), MILLI), memory)
                needs[pool.name] = (pool.state.instance_type, amounts)
    if component.by_type is None:
        return [RunningCopies(component.name, component.current, {name: taken for name, (_, taken) in needs.items()})]
    return [
        RunningCopies(component.name, count, {name: taken for name, (of, taken) in needs.items() if of == kind})
        for kind, count in component.by_type.items()
    ]
