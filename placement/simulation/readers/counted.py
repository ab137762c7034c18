"""Tables with the requests of a minute: service, minute, requests, as the summary of Azure's trace has them.

A minute without a row had no request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.catalogue.readers.fields import CsvRow, FieldError, each
from placement.errors import DocumentError, Fault
from placement.simulation.readers.cells import LONGEST
from placement.simulation.traffic import Traffic, from_rows
from placement.units import MICRO, whole_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.simulation.readers.cells import Renaming


_MINUTE = 60


def read(rows: Sequence[CsvRow], source: str, names: Renaming) -> Traffic:
    """The traffic in rows of a service and a minute each."""

    def one(row: CsvRow) -> tuple[str, int, int]:
        name = row.required("service")
        minute, count = whole_in(row.required("minute")), row.required("requests")
        if minute is None or minute * _MINUTE > LONGEST:
            rule = "must be a whole number of minutes from the start, within a year"
            raise FieldError(row.place("minute"), rule, row.required("minute"))
        if count.startswith("-"):
            raise FieldError(row.place("requests"), "must not be negative", count)
        found = row.value("requests")
        return names(name), minute, round((found or 0) * MICRO / _MINUTE)

    found: dict[str, dict[int, int]] = {}
    places: dict[str, str] = {}
    faults = []
    for row, (name, minute, rate) in zip(rows, each(rows, one, source), strict=True):
        mine = found.setdefault(name, {})
        if mine and minute <= next(reversed(mine)):
            before = next(reversed(mine))
            rule = f'"{name}" goes back in time, or stands there already: its row before is of minute {before}'
            faults.append(Fault(f"row {row.number}, column minute", rule, minute))
            continue
        places.setdefault(name, f"row {row.number}, column service")
        mine[minute] = rate
    if faults:
        raise DocumentError(faults, source)
    first = min(minute for mine in found.values() for minute in mine)
    last = max(minute for mine in found.values() for minute in mine)
    rates = {name: [mine.get(minute, 0) for minute in range(first, last + 1)] for name, mine in found.items()}
    times = [_MINUTE * k for k in range(last - first + 1)]
    return from_rows(rates, times, _MINUTE * (last - first + 1), None, source, list(places.values()), _MINUTE * first)
