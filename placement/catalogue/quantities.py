"""Kubernetes' quantities: 128974848, 129e6, 123Mi, 100m, 0.5.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import re
from fractions import Fraction

_QUANTITY = re.compile(
    r"(?P<number>\d{1,25}(?:\.\d{0,25})?|\.\d{1,25})(?P<unit>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,2})?", re.ASCII
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(text: str) -> Fraction | None:
    """The exact number that a quantity stands for; None when it is none, or negative.

    >>> quantity("1.5Gi") == 3 * 2**29, quantity("250m"), quantity("129e6"), quantity("1 GiB")
    (True, Fraction(1, 4), Fraction(129000000, 1), None)
    """
    found = _QUANTITY.fullmatch(text)
    if not found:
        return None
    number, unit = Fraction(found["number"]), found["unit"] or ""
    if unit in _BINARY:
        return number * (1 << _BINARY[unit])
    power = _DECIMAL[unit] if unit in _DECIMAL else int(unit[1:])
    return number * Fraction(f"1e{power}")
