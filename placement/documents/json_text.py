"""JSON as plain values: every key stands once, and every number is finite unless asked; else the fault has the path."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from placement.errors import Fault, json_path, printable

_MOST_DIGITS = 1000  # of an integer
_MOST_FAULTS = 1000  # kept of one document: the rest of a damaged one tells nothing new
_OVERFLOWS = re.compile(r"(?:^|[:,\[\s])-?(?:[0-9][0-9.]*[eE]\+?[0-9]{3}|[0-9]{309})")  # what may be no finite float


class OddValueError(ValueError):
    """Values that no document of ours may hold; `faults` says where they stand."""

    def __init__(self, faults: list[Fault]) -> None:
        """The faults of one text."""
        super().__init__(faults[0].rule)
        self.faults = faults


@dataclass(frozen=True, slots=True)
class _Odd:
    """What stands in place of a value that is refused, until its path is known."""

    rule: str


def parse_json_text(text: str, *, finite: bool = True) -> Any:
    """The value of a JSON text.

    Parameters
    ----------
    finite : refuse `NaN`, `Infinity` and numbers that are too large for a float.

    Raises
    ------
    json.JSONDecodeError
        It is no JSON.
    OddValueError
        A number is too long, or not finite, or a mapping has a key twice.
    RecursionError
        It is nested too deeply.
    """
    found: list[_Odd] = []

    def odd(rule: str) -> Any:
        found.append(_Odd(rule))
        return found[-1]

    def whole(digits: str) -> Any:
        if len(digits) <= _MOST_DIGITS:
            return int(digits)
        return odd(f"must be a shorter number: it has {len(digits)} digits, and at most {_MOST_DIGITS} are read")

    def mapping(pairs: list[tuple[str, Any]]) -> Any:
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        return odd(f'the key "{printable(twice)}" stands twice in one mapping')

    value = json.loads(text, object_pairs_hook=mapping, parse_constant=float, parse_int=whole)
    if found or (finite and ("NaN" in text or "Infinity" in text or _OVERFLOWS.search(text))):
        check_values(value, finite=finite)
    return value


def check_values(value: Any, *, finite: bool = True) -> None:
    """Refuse what `parse_json_text` left in the place of odd values and, if `finite`, numbers that are not finite."""
    faults: list[Fault] = []
    stack: list[tuple[Any, tuple[str | int, ...]]] = [(value, ())]
    while stack and len(faults) < _MOST_FAULTS:
        entry, way = stack.pop()
        if isinstance(entry, dict):
            stack += [(inner, (*way, str(key))) for key, inner in reversed(entry.items())]
        elif isinstance(entry, list):
            stack += [(inner, (*way, index)) for index, inner in reversed([*enumerate(entry)])]
        elif isinstance(entry, _Odd):
            faults.append(Fault(json_path(way), entry.rule))
        elif finite and isinstance(entry, float) and not math.isfinite(entry):
            faults.append(Fault(json_path(way), "must be a finite number", entry))
    if faults:
        raise OddValueError(faults)
