"""JSON as plain values: every key stands once, and every number is finite unless asked; else the fault has the path."""

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from placement.documents.amounts import NO_COMMA
from placement.errors import ROOT, DocumentError, Fault, json_path, printable

_MOST_DIGITS = 1000  # of an integer
_MOST_FAULTS = 1000  # kept of one document: the rest of a damaged one tells nothing new
_OVERFLOWS = re.compile(r"(?:^|[:,\[\s])-?(?:[0-9][0-9.]*[eE]\+?[0-9]{3}|[0-9]{309})")  # what may be no finite float
_DECIMAL_COMMA = re.compile("[0-9],[0-9]")


class NotJsonError(DocumentError):
    """A text that is no JSON; the message says where."""


@dataclass(frozen=True, slots=True)
class _Odd:
    """What stands in place of a value that is refused, until its path is known."""

    rule: str


def parse_json_text(
    text: str, source: str, *, finite: bool = True, way_out: str = "give each as a file of its own"
) -> Any:
    """The value of a JSON text.

    `source`: what the text is called in messages.
    `finite`: refuse `NaN`, `Infinity` and numbers that are too large for a float.
    `way_out`: told where the text holds several values, one after the other.
    Raises NotJsonError: it is no JSON, and the message has line and column.
    Raises DocumentError: it is nested too deeply, a number is too long, or not finite, or a mapping has a key twice.
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

    try:
        value = json.loads(text, object_pairs_hook=mapping, parse_constant=float, parse_int=whole)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        rule = f"is not JSON: {error.msg.removesuffix(' at')} at {where}"
        if error.msg == "Extra data" and text[error.pos] in "{[":
            rule = f"holds several JSON documents, the second one at {where}: {way_out}"
        elif _DECIMAL_COMMA.match(text[error.pos - 2 : error.pos + 1]):
            rule += f"; {NO_COMMA}"
        raise NotJsonError([Fault(ROOT, rule)], source) from None
    except RecursionError:
        raise DocumentError([Fault(ROOT, "is nested too deeply")], source) from None
    if found or (finite and ("NaN" in text or "Infinity" in text or _OVERFLOWS.search(text))):
        check_values(value, source, finite=finite)
    return value


def check_values(value: Any, source: str, *, finite: bool = True) -> None:
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
        raise DocumentError(faults, source)
