"""Numbers and texts as rows of documents have them: their ranges, and what is no number or no text."""

import re
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

LARGEST = 1e9  # of any quantity: keeps every sum of products inside 64-bit integers
SHORTEST_HORIZON = 1e-6  # hours
MOST_QUOTA = 10**19  # of a quota: programs write the largest number of 64 bits for none
MOST_RATE = 1e18  # of a demand or a throughput, which are scaled before they are summed

_PERCENT = re.compile(r"^[0-9]{1,3}(\.[0-9]{1,6})?%$", re.ASCII)


def number(value: Any) -> Any:
    """A number is an int or a float: no boolean, no text, no NaN."""
    return _number(value, LARGEST, "1e9")


def rate(value: Any) -> Any:
    """A demand or a throughput, in whatever unit the user counts: tokens a day run beyond 1e9."""
    return _number(value, MOST_RATE, "1e18")


def whole(value: Any) -> Any:
    """A whole number may be written 4 or 4.0."""
    if type(value) is int and 0 <= value <= LARGEST:  # nearly all of them, in plans of many rows
        return value
    return _whole(number(value))


def quota(value: Any) -> Any:
    """A whole number that may be far above all that is ever used, which then limits nothing (`limiting`)."""
    return _whole(_number(value, MOST_QUOTA, "1e19"))


def _number(value: Any, most: float, shown: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number", "must be a number")
    if not -most <= value <= most:  # NaN fails this too
        raise PydanticCustomError("number", f"must be a finite number of at most {shown}")
    return value


def _whole(value: float) -> int:
    if value != int(value):
        raise PydanticCustomError("whole", "must be a whole number")
    return int(value)


def limiting(most: int | None) -> int | None:
    """A quota as searches take it: None where it is above `LARGEST`, since no plan of so many rows can be written.

    >>> limiting(3), limiting(2**31 - 1), limiting(None)
    (3, None, None)
    """
    return None if most is None or most > LARGEST else most


def _option_reference(value: Any) -> Any:
    if isinstance(value, str):
        return value
    index = whole(value)
    if index < 0:
        raise PydanticCustomError("option", "must be the name of an option, or its index from 0")
    return index


def part_of_copies(value: Any) -> Any:
    """A whole number of copies, or a percentage of them as a text."""
    if isinstance(value, str):
        text = value.strip()
        if _PERCENT.fullmatch(text) is None or float(text[:-1]) > 100:
            raise PydanticCustomError("percent", 'must be a whole number of copies, or a percentage such as "25%"')
        return text
    copies = whole(value)
    if copies < 0:
        raise PydanticCustomError("percent", 'must be at least 0 copies, or a percentage such as "25%"')
    return copies


def part_of(value: int | str, copies: int) -> int:
    """Copies that a `PartOfCopies` says of so many: a percentage is rounded down.

    >>> part_of(3, 10), part_of("25%", 10), part_of("100%", 10)
    (3, 2, 10)
    """
    return int(copies * Fraction(value[:-1]) // 100) if isinstance(value, str) else value


def _text(value: str) -> str:
    """JSON can escape half of a surrogate pair, which can be neither printed nor written again."""
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise PydanticCustomError("string_unicode", "must be text")
    return value


def _hours(value: float) -> float:
    """A horizon is a fraction with a denominator of at most a million: a shorter one would be none, or a millionth."""
    if 0 < value < SHORTEST_HORIZON:
        raise PydanticCustomError("hours", "must be 0 or at least 0.000001 hours; use a longer horizon")
    return value


def _as_written(value: float) -> float | int:
    """40.0 is written 40."""
    return int(value) if float(value).is_integer() else value


_AS_WRITTEN = PlainSerializer(_as_written, return_type=float | int)
Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, Field(min_length=1), AfterValidator(_text)]
Quantity = Annotated[float, BeforeValidator(number), Field(ge=0), _AS_WRITTEN]
Hours = Annotated[float, BeforeValidator(number), Field(ge=0), AfterValidator(_hours), _AS_WRITTEN]
Positive = Annotated[float, BeforeValidator(number), Field(gt=0), _AS_WRITTEN]
Rate = Annotated[float, BeforeValidator(rate), Field(gt=0), _AS_WRITTEN]
Share = Annotated[float, BeforeValidator(number), Field(ge=0, le=1), _AS_WRITTEN]
Count = Annotated[int, BeforeValidator(whole), Field(ge=0)]
AtLeastOne = Annotated[int, BeforeValidator(whole), Field(ge=1)]
Quota = Annotated[int, BeforeValidator(quota), Field(ge=0)]
Priority = Annotated[int, BeforeValidator(whole)]
DeviceCount = Annotated[int, BeforeValidator(whole), Field(ge=0, le=1024)]
PartOfCopies = Annotated[
    int | str,
    BeforeValidator(part_of_copies),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _PERCENT.pattern}]}),
]
OptionReference = Annotated[int | str, BeforeValidator(_option_reference)]
