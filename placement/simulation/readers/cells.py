"""Moments in traffic files; a fault names row, column, rule and value."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from placement.catalogue.readers.fields import CsvRow, FieldError

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_TIME = "must be a time: seconds from the start, 90m, 6h, 2d, or 2026-01-31T08:00"
LONGEST = 366 * 86_400  # seconds of one file


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
