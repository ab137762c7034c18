"""Numbers of a distribution that tools write down, by the names of their statistics."""

from placement.catalogue.readers.fields import At

# Milliseconds of a unit of time, whatever it is counted per.
_MILLISECONDS = {
    **dict.fromkeys(("ms", "milliseconds", "millisecond", "ms/token"), 1.0),
    **dict.fromkeys(("s", "seconds", "s/token"), 1000.0),
    "us": 0.001,
}


def number(at: At | None, *names: str) -> float | None:
    """The first of the keys that a mapping has, as a number; None without any."""
    if at is None:
        return None
    found = at.first(*names)
    return None if found is None else found.number()


def whole(value: float | None) -> int | None:
    """A count of tokens: the nearest whole number of an average."""
    return None if value is None else round(value)


def milliseconds(unit: At, value: float) -> float:
    if unit.text().lower() not in _MILLISECONDS:
        raise unit.fault(f"must be a unit of time: {', '.join(_MILLISECONDS)}")
    return value * _MILLISECONDS[unit.text().lower()]
