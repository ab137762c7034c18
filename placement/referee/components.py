"""Rules of one component: how many copies, how they are spread, what a loss leaves."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from placement.documents import Component
from placement.referee.standing import Standing
from placement.referee.verdict import Figures, Rule, Spot, Violation
from placement.units import count, exact

_DEMAND_TOLERANCE = Fraction(1, 10**9)  # relative, at least of one unit


def how_many(stand: Standing, component: Component) -> Iterator[Violation]:
    """At most `copies`, at least those required, and the demand served within a hair."""
    name, placed = component.name, stand.placed(component.name)
    spot, required = Spot(component=name), component.required_copies
    if component.copies is not None and placed > component.copies:
        message = f"{count(placed, 'copy', 'copies')} placed, {component.copies:,} wanted"
        yield Violation("copies", name, message, Figures(placed, component.copies, "copies"), spot)
    if placed < required:
        message = f"{count(placed, 'copy', 'copies')} placed, at least {required:,} required"
        yield Violation("min-copies", name, message, Figures(placed, required, "copies"), spot)
    if component.demand is not None:
        demand, served = exact(component.demand), _served(stand, component)
        if served + _DEMAND_TOLERANCE * max(Fraction(1), demand) < demand:
            message = f"serves {float(served):.12g}, demand is {component.demand:.12g}"
            yield Violation("demand", name, message, Figures(float(served), component.demand, "demand"), spot)


def _served(stand: Standing, component: Component) -> Fraction:
    """Sum of the throughput of a component's placed copies, exact in the decimals of the document."""
    name = component.name
    modes = enumerate(stand.modes[name])
    return sum((exact(mode.throughput or 0) * stand.by_option[name, option] for option, mode in modes), Fraction(0))


def spread(stand: Standing, component: Component) -> Iterator[Violation]:
    """Copies of a component over zones: skew over the eligible ones, number of zones, cap per zone."""
    name, limits, zones = component.name, component.spread, stand.zones[component.name]
    placed, spot = zones.total(), Spot(component=component.name)
    if placed and limits.max_skew is not None:
        # A zone that is not eligible yet holds a copy counts too: a plan can't hide skew in a forbidden zone.
        fewest = min(zones.values()) if stand.eligible_zones(name) <= zones.keys() else 0
        skew = max(zones.values()) - fewest
        if skew > limits.max_skew:
            message = f"zones differ by {count(skew, 'copy', 'copies')}, at most {limits.max_skew}{_listed(zones)}"
            yield Violation("max-skew", name, message, Figures(skew, limits.max_skew, "copies"), spot)
    least = min(limits.min_zones or 0, placed)
    used = len(zones)
    if used < least:
        message = f"stands in {count(used, 'zone')}, at least {least}{_listed(zones)}"
        yield Violation("min-zones", name, message, Figures(used, least, "zones"), spot)
    most = limits.max_per_zone
    for zone, copies in sorted(zones.items()):
        if most is not None and copies > most:
            message = f"{count(copies, 'copy', 'copies')} in zone {zone}, at most {most}"
            yield Violation("max-per-zone", name, message, Figures(copies, most, "copies"), spot)


def losses(stand: Standing, component: Component) -> Iterator[Violation]:
    """Whichever zone, pool or machine is lost, enough copies stand elsewhere.

    A component that needs no copy may also have none.
    """
    name = component.name
    placed, zones, pools = stand.placed(name), stand.zones[name], stand.by_pool[name]
    lost: tuple[tuple[Rule, str, int, int, str], ...] = (
        ("zone-loss", "zone", component.min_available_on_zone_loss, max(zones.values(), default=0), _listed(zones)),
        ("pool-loss", "pool", component.min_available_on_pool_loss, max(pools.values(), default=0), _listed(pools)),
        ("instance-loss", "instance", component.min_available_on_instance_loss, stand.fullest[name], ""),
    )
    for rule, what, least, most, listed in lost:
        if (placed or component.required_copies) and placed - most < least:
            left = count(placed - most, "copy", "copies")
            message = f"losing its fullest {what} leaves {left}, at least {least} wanted{listed}"
            yield Violation(rule, name, message, Figures(placed - most, least, "copies"), Spot(component=name))


def _listed(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{name}: {count}' for name, count in sorted(counts.items()))})" if counts else ""
