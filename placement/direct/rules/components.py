"""Rules of one component: what it must serve (`demand`), and its spread over the eligible zones.

Counts (`copies`, `min_copies`) are the range of `Variables.placed`.
"""

from placement.direct.program import total_of
from placement.direct.variables import Variables


def demand(model: Variables) -> None:
    """The throughput of the copies placed reaches the demand."""
    for component in model.fleet.components:
        if component.demand:
            rates = [min(option.throughput, component.demand) for option in component.options]
            served = [(var, rates[o]) for _, o, var in model.everywhere[component.index]]
            model.program.reach(served, component.demand)


def max_per_zone(model: Variables) -> None:
    """No more copies in any zone."""
    for c, zones in model.by_zone.items():
        most = model.fleet.components[c].max_per_zone
        if most is not None:
            for total in zones:
                model.program.at_most(total, most)


def max_skew(model: Variables) -> None:
    """The largest count less the smallest, by a variable that is at most each count."""
    for c, zones in model.by_zone.items():
        skew = model.fleet.components[c].max_skew
        if skew is not None and len(zones) > 1:
            indices = [total.index for total in zones]
            least = model.program.derive(
                0,
                model.fleet.components[c].copies,
                lambda values, ids=indices: min(values[v] for v in ids),  # type: ignore[misc]
            )
            for total in zones:
                model.program.at_least(total, least)
                model.program.at_most(total, least + skew)


def min_zones(model: Variables) -> None:
    """Occupied zones reach min(min_zones, copies placed)."""
    for c, zones in model.by_zone.items():
        wanted = model.fleet.components[c].min_zones
        if wanted > 1:
            occupied = [model.program.lesser(total, 1) for total in zones]
            model.program.reaches_lesser(total_of(occupied), model.placed[c], wanted)
