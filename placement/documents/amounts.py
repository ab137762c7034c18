"""Numbers that people write as text, with a unit or a currency: what to write instead."""

import re

_AMOUNT = re.compile(r"([$€]?) ?([0-9]{1,12}(?:\.[0-9]{1,12})?) ?([A-Za-z%]{0,12})", re.ASCII)
_WITH_A_COMMA = re.compile(r"([0-9]{1,12}),([0-9]{1,12})", re.ASCII)
NO_COMMA = "a number has a point before its decimals, as in 22.5, and no comma"
_GIB = {"mb": 1e6 / 2**30, "gb": 1e9 / 2**30, "tb": 1e12 / 2**30}
_GIB |= {"mi": 2.0**-10, "mib": 2.0**-10, "gi": 1, "gib": 1, "ti": 1024, "tib": 1024}
_SECONDS = {"s": 1, "sec": 1, "seconds": 1, "m": 60, "min": 60, "minutes": 60, "h": 3600, "hours": 3600}
_HOURS = {"h": 1, "hours": 1, "d": 24, "days": 24, "w": 168, "weeks": 168}
# How a key ends, what it counts, and how many of those each unit is.
_COUNTED = (
    ("gib", "GiB", _GIB),
    ("seconds", "seconds", _SECONDS),
    ("hours", "hours", _HOURS),
    ("share", "", {"%": 0.01}),
    ("vcpus", "vCPUs", {"m": 0.001}),
)


def number_meant(key: str, text: str) -> str:
    """What to write under a key in place of a text that is no number, as the end of a rule; empty where it is unclear.

    >>> number_meant("accelerator_memory_gib", "80GB"), number_meant("price_per_hour", "$2.24")
    (': it counts GiB, so write 74.5058', ': write 2.24 alone')
    >>> number_meant("memory_gib", "22,5"), number_meant("memory_gib", "1,152")
    (': write 22.5', ': write 1152 or 1.152')
    """
    comma = _WITH_A_COMMA.fullmatch(text.strip())
    if comma is not None:
        whole, rest = comma.groups()
        return f": write {f'{whole}{rest} or ' if len(rest) == 3 else ''}{whole}.{rest}"
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return ""
    currency, number, unit = found.groups()
    if not unit:
        return f": write {number} {'alone' if currency else 'without quotes'}"
    for end, counted, factors in _COUNTED:
        if key.endswith(end) and not currency and unit.lower() in factors:
            what = f"it counts {counted}, so " if counted else ""
            return f": {what}write {round(float(number) * factors[unit.lower()], 4):.12g}"
    return ""


def share_meant(number: float) -> str:
    """What to write in place of a part of one that was given in per cent, as the end of a rule; else nothing."""
    return f": for {number:g}% write {number / 100:g}" if 1 < number <= 100 else ""
