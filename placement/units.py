"""The only place where users' numbers become integers, and integers become users' numbers.

Memory is MiB, vCPU thousandths, accelerator share thousandths, money micro-dollars. A need is rounded up, room is
rounded down, so a plan that fits in integers fits in the user's numbers too. Binary floats are snapped first:
0.3 of a share is 300 thousandths although ``0.3 * 1000`` is 299.99999999999994.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import overload

BYTES_PER_MIB, BYTES_PER_GIB = 2**20, 2**30
MIB_PER_GIB = 1024
MILLI = 1000
MICRO = 1_000_000
WHOLE_SHARE = 1000
HOURS_PER_MONTH = 730  # the customary month of cloud price lists: 365 x 24 / 12
_SNAP = 1e-6


def need(value: float, scale: int) -> int:
    """What a copy needs, in whole units: `value * scale` rounded up, unless a hair above a whole number."""
    scaled = value * scale
    near = round(scaled)
    return near if abs(scaled - near) < _SNAP * max(1.0, abs(scaled)) else math.ceil(scaled)


def room(value: float, scale: int) -> int:
    """What a machine has, in whole units: `value * scale` rounded down, unless a hair below a whole number."""
    scaled = value * scale
    near = round(scaled)
    return near if abs(scaled - near) < _SNAP * max(1.0, abs(scaled)) else math.floor(scaled)


def whole_in(text: str, digits: int = 9) -> int | None:
    """The whole number that a text is: digits of ASCII, at most so many; None of any other text.

    `str.isdigit` takes characters for digits that `int` does not, and `int` refuses very long numbers.

    >>> whole_in("007"), whole_in("²"), whole_in("-1"), whole_in("1000", digits=3)
    (7, None, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def as_given(amount: int, scale: int, rounded: Callable[[float, int], int]) -> float:
    """The number with the fewest decimals that `need` or `room`, whichever rounded it, makes this amount of.

    >>> as_given(14029, MIB_PER_GIB, need), as_given(23961, MIB_PER_GIB, room), as_given(1000, MILLI, need)
    (13.7, 23.4, 1.0)
    """
    exactly = amount / scale
    shorter = (round(exactly, digits) for digits in range(6))
    return next((value for value in shorter if rounded(value, scale) == amount), exactly)


def micro_dollars(dollars: float) -> int:
    """Dollars as the nearest whole number of micro-dollars."""
    return round(dollars * MICRO)


@overload
def dollars(micro: int) -> float: ...
@overload
def dollars(micro: int | None) -> float | None: ...
def dollars(micro: int | None) -> float | None:
    """Micro-dollars as dollars, for documents and people; None stays None."""
    return None if micro is None else micro / MICRO


def gib_of_a_copy(gib: float, usable_gib: float | None = None) -> float:
    """Memory rounded up to tenths; of a copy that fits into what an accelerator hands out, to no more than that.

    What is there counts in whole MiB, rounded down, and what is needed rounded up: 79.19 GiB would not hold themselves.

    >>> gib_of_a_copy(25.53), gib_of_a_copy(79.15, 79.19), gib_of_a_copy(80.01, 79.19)
    (25.6, 79.18, 80.1)
    """
    rounded = math.ceil(round(gib * 10, 6)) / 10
    if usable_gib is None or gib > usable_gib:
        return rounded
    whole_mib = math.floor(usable_gib * MIB_PER_GIB) / MIB_PER_GIB
    return min(rounded, math.floor(whole_mib * 100) / 100)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number and its noun.

    >>> count(1, "machine"), count(1200, "copy", "copies")
    ('1 machine', '1,200 copies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: Sequence[str], most: int | None = 8) -> str:
    """Names side by side; of more than `most` the first, and how many more.

    >>> listed(["a", "b", "c"], 2), listed(["a"], None)
    ('a, b and 1 more', 'a')
    """
    told = ", ".join(names[:most])
    return told if most is None or len(names) <= most else f"{told} and {len(names) - most:,} more"


def money(micro: int, *, down: bool = False) -> str:
    """Dollars and cents, for people; below a dollar four digits, below a cent all of them, so nothing looks free.

    Rounded to the nearest; of what nothing costs less than, `down`, since rounded up it would say too much.

    >>> money(123_290_000), money(977_600), money(1), money(0), money(-1_500_000)
    ('$123.29', '$0.9776', '$0.000001', '$0.00', '-$1.50')
    >>> money(1_999_999), money(1_999_999, down=True)
    ('$2.00', '$1.99')
    """
    digits = 2 if abs(micro) >= MICRO else 4 if abs(micro) >= MICRO // 100 else 6
    if down:
        micro -= micro % (MICRO // 10**digits)
    whole, _, part = f"{abs(micro) / MICRO:,.{digits}f}".partition(".")
    return f"{'-' if micro < 0 else ''}${whole}.{part[:2]}{part[2:].rstrip('0')}"


def exact(value: float) -> Fraction:
    """The decimal number a user wrote: 0.1 is one tenth, not the binary double next to it."""
    return Fraction(str(value))


def horizon(hours: float) -> Fraction:
    """The objective's horizon as a fraction: decimals of up to six digits are exact, of others the nearest fraction.

    Its denominator is at most a million, so that ticks stay integers of 64 bits. No horizon is between 0 and 0.000001.
    """
    return exact(hours).limit_denominator(10**6)
