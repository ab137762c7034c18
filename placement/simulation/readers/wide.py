"""Tables with a column a time: t0, t10, ... in minutes (ServeGen's tenants) or h0, h1, ... in hours (live copies).

The first column names the component; with a column `role` (Alibaba's services) names are ``app/role``. Live copies are
read as rates: a target of 1 asks for as many copies again.
"""

import re
from collections.abc import Sequence

from placement.catalogue.readers.fields import CsvRow, FieldError, each
from placement.demand.now import rate
from placement.errors import DocumentError, Fault
from placement.simulation.readers.cells import LONGEST, Renaming
from placement.simulation.traffic import Traffic, from_rows

_TIME = re.compile("([th])([0-9]{1,7})")
_SECONDS = {"t": 60, "h": 3600}


def is_wide(row: CsvRow) -> bool:
    """Whether the columns of a file are times, but for a name or two."""
    return sum(_TIME.fullmatch(name) is not None for name in row.cells) >= max(2, len(row.cells) - 3)


def read(rows: Sequence[CsvRow], source: str, gaps: str, names: Renaming) -> Traffic:
    """The traffic in rows of a component each."""
    columns = {name: found for name in rows[0].cells if (found := _TIME.fullmatch(name)) is not None}
    times = [int(found[2]) * _SECONDS[found[1]] for found in columns.values()]
    wrong = next((k for k in range(1, len(times)) if times[k] <= times[k - 1]), None)
    if wrong is not None or times[-1] > LONGEST:
        rule = "has times that go back, or are more than a year from the first"
        raise DocumentError([Fault("row 1", rule, list(columns)[wrong or -1])], source)
    texts = [name for name in rows[0].cells if name not in columns]

    def one(row: CsvRow) -> tuple[str, list[int]]:
        label = "/".join(row.required(name) for name in texts)
        found: list[int] = []
        for column in columns:
            text, place = row.text(column), row.place(column)
            if text:
                found.append(rate(text, place))
            elif gaps == "error":
                raise FieldError(place, "is empty: give a rate, or say with --gaps hold or --gaps zero what that means")
            else:
                found.append(found[-1] if gaps == "hold" and found else 0)
        return names(label), found

    table: dict[str, list[int]] = {}
    places: list[str] = []
    for row, (name, rates) in zip(rows, each(rows, one, source), strict=True):
        if name in table:
            rule = "stands there already; a component has one row"
            raise DocumentError([Fault(f"row {row.number}", rule, name)], source)
        table[name] = rates
        places.append(f"row {row.number}, column {texts[0]}" if texts else f"row {row.number}")
    end = times[-1] + times[-1] - times[-2]
    return from_rows(table, times, end, None, source, places)
