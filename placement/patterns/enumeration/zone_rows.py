"""Rows of the rules of one component over zones: skew, the fewest zones, and what is left when a zone is lost."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

from placement.compiled.fleet import FleetComponent
from placement.patterns.enumeration.rows import IntegerRows
from placement.patterns.modes import Mode

Terms = dict[int, float]


class ZoneColumns(NamedTuple):
    """Columns beside those of the copies, each with the columns of copies, by zone, that say what it may be.

    `least` are those of the fewest copies in any of some zones, `used` those of whether a zone has copies.
    """

    least: dict[int, list[Terms]]
    used: dict[int, Terms]

    def begin_at(self, values: list[float]) -> None:
        """Give them the largest values that copies allow."""
        for k, zones in self.least.items():
            values[k] = min(sum(values[column] for column in here) for here in zones)
        for k, here in self.used.items():
            values[k] = min(1.0, sum(values[column] for column in here))


def add_zone_rows(rows: IntegerRows, component: FleetComponent, zones: Mapping[int, Terms], fewest: int) -> ZoneColumns:
    """Write the rules of a component, whatever number of its copies is placed.

    Parameters
    ----------
    zones : the columns of its copies, by each eligible zone.
    fewest : copies that any plan has.
    """
    columns = ZoneColumns({}, {})
    if component.max_skew is not None and len(zones) > 1:
        least = rows.column(component.copies)
        columns.least[least] = list(zones.values())
        for here in zones.values():
            rows.row(0.0, float(component.max_skew), here | {least: -1.0})
    if component.zone_loss_floor and fewest:
        everywhere = {column: 1.0 for here in zones.values() for column in here}
        for here in zones.values():
            rows.row(float(component.zone_loss_floor), inf, {k: n for k, n in everywhere.items() if k not in here})
    if min(component.min_zones, fewest) > 1:
        for here in zones.values():
            used = rows.column(1.0)
            columns.used[used] = here
            rows.row(0.0, inf, here | {used: -1.0})
        rows.row(float(min(component.min_zones, fewest)), inf, dict.fromkeys(columns.used, 1.0))
    return columns


def fewest_copies(component: FleetComponent, modes: Sequence[Mode]) -> int:
    """The fewest copies that any plan has."""
    best = max((mode.throughput for mode in modes), default=0)
    return max(component.required, -(-component.demand // best) if best else 0)
