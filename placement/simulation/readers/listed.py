"""Traffic files with a row for each component and time: this project's, and tables with the requests of a minute.

Rows may come in any order of components; the times of one component go forward. In this project's files (component,
time, rate) every component has a row at each time, or there is a gap, which is an error unless the user says what it
means. Tables by the minute (service, minute, requests) are as the summary of Azure's trace has them; a minute without a
row had no request.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from placement.catalogue.readers.fields import CsvRow, FieldError, each
from placement.demand.now import rate
from placement.errors import DocumentError, Fault
from placement.simulation.readers.cells import LONGEST, Renaming, moment
from placement.simulation.traffic import Traffic, from_rows
from placement.units import MICRO, whole_in

_MINUTE = 60
_ALONE = 600  # seconds that the rates of a file with one time last


class RateRow(NamedTuple):
    """One row: `when` is seconds from the start, or a date and time."""

    component: str
    when: int | datetime
    rate: int
    number: int


def read(rows: Sequence[CsvRow], source: str, gaps: str, names: Renaming) -> Traffic:
    """The traffic in rows of component, time and rate."""
    found: list[RateRow] = each(rows, lambda row: _row(row, names), source)
    start = found[0].when if isinstance(found[0].when, datetime) else None
    if start is not None:
        start = min(row.when for row in found if isinstance(row.when, datetime))
    seconds = [_seconds(row, start) for row in found]
    odd = next((row for row, at in zip(found, seconds, strict=True) if at is None), None)
    if odd is not None:
        rule = "mixes dates with lengths of time, or is more than a year from the first; write all times alike"
        raise DocumentError([Fault(f"row {odd.number}, column time", rule)], source)
    known = [at for at in seconds if at is not None]
    table = _by_component(found, known, source, "time")
    times = sorted(set(known))
    faults: list[Fault] = []
    rates = {name: _filled(mine, times, gaps, faults) for name, mine in table.items()}
    if faults:
        raise DocumentError(faults, source)
    last = times[-1] - times[-2] if len(times) > 1 else _ALONE
    return from_rows(rates, times, times[-1] + last, start, source, _places(table, "component"))


def read_counted(rows: Sequence[CsvRow], source: str, names: Renaming) -> Traffic:
    """The traffic in rows of service, minute and requests."""

    def one(row: CsvRow) -> RateRow:
        name = row.required("service")
        minute, count = whole_in(row.required("minute")), row.required("requests")
        if minute is None or minute * _MINUTE > LONGEST:
            rule = "must be a whole number of minutes from the start, within a year"
            raise FieldError(row.place("minute"), rule, row.required("minute"))
        if count.startswith("-"):
            raise FieldError(row.place("requests"), "must not be negative", count)
        requests = row.value("requests") or 0
        return RateRow(names(name), minute * _MINUTE, round(requests * MICRO / _MINUTE), row.number)

    found: list[RateRow] = each(rows, one, source)
    seconds = [row.when for row in found if isinstance(row.when, int)]
    table = _by_component(found, seconds, source, "minute")
    times = range(min(seconds), max(seconds) + 1, _MINUTE)
    rates = {name: [mine[at].rate if at in mine else 0 for at in times] for name, mine in table.items()}
    return from_rows(rates, times, times[-1] + _MINUTE, None, source, _places(table, "service"))


def _by_component(
    rows: Sequence[RateRow], seconds: Sequence[int], source: str, column: str
) -> dict[str, dict[int, RateRow]]:
    """The rows of each component by their seconds, which go forward; `column` has them."""
    table: dict[str, dict[int, RateRow]] = {}
    faults: list[Fault] = []
    for row, at in zip(rows, seconds, strict=True):
        mine = table.setdefault(row.component, {})
        if mine and at <= next(reversed(mine)):
            word = "stands there already" if at in mine else "goes back in time"
            before = next(reversed(mine.values()))
            rule = f'"{row.component}" {word}: its row before, row {before.number}, is at {next(reversed(mine))} s'
            faults.append(Fault(f"row {row.number}, column {column}", rule, at))
            continue
        mine[at] = row
    if faults:
        raise DocumentError(faults, source)
    return table


def _places(table: dict[str, dict[int, RateRow]], column: str) -> list[str]:
    """Where each component stands first."""
    return [f"row {next(iter(mine.values())).number}, column {column}" for mine in table.values()]


def _row(row: CsvRow, names: Renaming) -> RateRow:
    name = names(row.required("component"))
    return RateRow(name, moment(row, "time"), rate(row.text("rate"), row.place("rate")), row.number)


def _seconds(row: RateRow, start: datetime | None) -> int | None:
    """Seconds from the start; None where the time is of the other kind, or too far away."""
    if isinstance(row.when, datetime):
        found = None if start is None else round((row.when - start).total_seconds())
    else:
        found = row.when if start is None else None
    return found if found is None or 0 <= found <= LONGEST else None


def _filled(mine: dict[int, RateRow], times: Sequence[int], gaps: str, faults: list[Fault]) -> list[int]:
    """The rates of one component at all times of the file; a gap is told once, at the row after it."""
    found: list[int] = []
    missing = 0
    for at in times:
        row = mine.get(at)
        if row is not None:
            if missing and gaps == "error":
                faults.append(
                    Fault(
                        f"row {row.number}",
                        _gap(row.component, missing),
                        row.when if isinstance(row.when, int) else ...,
                    )
                )
            missing = 0
        else:
            missing += 1
        found.append(row.rate if row is not None else found[-1] if gaps == "hold" and found else 0)
    if missing and gaps == "error":
        last = next(reversed(mine.values()))
        faults.append(Fault(f"row {last.number}", f"{_gap(last.component, missing).replace('before', 'after')}"))
    return found


def _gap(component: str, missing: int) -> str:
    times, has, them = ("time", "has", "it") if missing == 1 else ("times", "have", "them")
    return (
        f'before this row of "{component}" {missing} {times} of the file {has} none: add {them}, or say with '
        f"--gaps hold or --gaps zero what that means"
    )
