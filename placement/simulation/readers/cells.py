"""Moments and names in traffic files; a fault names row, column, rule and value."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from placement.catalogue.readers.fields import CsvRow, FieldError
from placement.errors import UsageError, called_file, nearest, printable

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_TIME = "must be a time: seconds from the start, 90m, 6h, 2d, or 2026-01-31T08:00"
LONGEST = 366 * 86_400  # seconds of one file


class Renaming:
    """Components by the names that a file has for them; others keep theirs. It keeps what the file names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._met: dict[str, None] = {}

    def __call__(self, name: str) -> str:
        """The component that a name of the file stands for."""
        self._met[name] = None
        return self._names.get(name, name)

    def check(self, source: str) -> None:
        """Each name that was given stands in the file: a slip would leave its requests with another component."""
        for name in self._names:
            if name not in self._met:
                there = (
                    nearest(name, self._met) if self._met else "it names no components; --component says whose it is"
                )
                raise UsageError(f'name: {called_file(source)} has no "{printable(name)}"; {there}', "name")


def duration(text: str, place: str) -> int:
    """Seconds from a number with a unit, s, m, h or d; seconds without one.

    >>> duration("10m", "--every"), duration("14d", "--until")
    (600, 1209600)
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise FieldError(place, "must be a length of time such as 600, 10m, 6h or 14d", text)
    seconds = round(min(float(found[1]) * _UNITS[found[2]], LONGEST + 1))
    if seconds > LONGEST:
        raise FieldError(place, "must be a time within a year from the start", text)
    return seconds


def moment(row: CsvRow, column: str) -> int | datetime:
    """A time: seconds, minutes (m), hours (h) or days (d) from the start, or a date and time in ISO 8601."""
    text, place = row.required(column), row.place(column)
    if text.startswith("-"):
        raise FieldError(place, "must not be negative: times count from the start", text)
    if _DURATION.fullmatch(text):
        return duration(text, place)
    return date(text, place)


def date(text: str, place: str) -> datetime:
    """A date and time in UTC, in which schedules are: as it stands where it has no offset of its own."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day have no time in UTC for some offsets
        raise FieldError(place, _TIME, text) from None
