"""Rules of what is left of a component when a zone, a pool or an instance is lost."""

from placement.compiled.fleet import FleetComponent
from placement.direct.program import Linear, Var, fixed, total_of
from placement.direct.variables import Variables
from placement.grouping import grouped


def zone_loss_floor(model: Variables) -> None:
    """So many copies stand outside of any zone."""
    for c, zones in model.by_zone.items():
        component = model.fleet.components[c]
        if component.zone_loss_floor:
            _floor(model, component, component.zone_loss_floor, zones, [[total] for total in zones])


def pool_loss_floor(model: Variables) -> None:
    """So many copies stand outside of any pool."""
    for component in model.fleet.components:
        if component.pool_loss_floor:
            by_pool = grouped((p, var) for p, _, var in model.everywhere[component.index])
            _floor(model, component, component.pool_loss_floor, _everyone(model, component), list(by_pool.values()))


def instance_loss_floor(model: Variables) -> None:
    """So many copies stand outside of any machine, as far as the form of the model has machines one by one."""
    on = grouped((c, here) for (c, _), here in model.here.items())
    for component in model.fleet.components:
        if component.instance_loss_floor:
            _floor(model, component, component.instance_loss_floor, _everyone(model, component), on[component.index])


def _everyone(model: Variables, component: FleetComponent) -> list[Var]:
    return [var for _, _, var in model.everywhere[component.index]]


def _floor(
    model: Variables, component: FleetComponent, floor: int, everyone: list[Var], groups: list[list[Var]]
) -> None:
    """So many copies outside of each group; with nothing placed and nothing required the floor is waived."""
    placed = model.placed[component.index]
    some: Linear = fixed(1)
    if not component.required and not component.demand:
        some = model.program.presence(everyone, component.copies)
    for here in groups:
        model.program.at_least(placed - total_of(here), floor * some)
    if not groups:
        model.program.at_least(placed, floor * some)
