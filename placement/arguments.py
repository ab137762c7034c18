"""Arguments of the library's functions, checked where they come in: argument, rule and value in one line.

A wrong type is a `UsageError` like any call that can't mean anything, never a `TypeError` from somewhere inside.
"""

import math
import os
from numbers import Integral, Real
from pathlib import Path
from typing import Final, TypeVar

from placement.errors import wrong_argument

T = TypeVar("T")
_LARGEST_WORK = 2**31 - 1  # what engines can count to


def number(name: str, value: object, *, most: float = math.inf, rule: str) -> float:
    """A number from 0 to `most`, infinity included when that is the most; `rule` says so in words."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise wrong_argument(name, rule, value)
    try:
        found = float(value)
    except OverflowError:
        raise wrong_argument(name, rule, value) from None
    if not 0 <= found <= most:  # NaN fails this too
        raise wrong_argument(name, rule, value)
    return found


def whole(name: str, value: object, *, least: int = 0, most: float = math.inf, rule: str) -> int:
    """A whole number from `least` to `most`, of any integer type; `rule` says so in words."""
    if not isinstance(value, Integral) or isinstance(value, bool) or not least <= int(value) <= most:
        raise wrong_argument(name, rule, value)
    return int(value)


class _Default(float):
    """A number of which one can see that nobody gave it."""


A_MINUTE: Final = _Default(60.0)  # the time limit of whoever gives neither this nor a limit on work


def time_limit(value: object, work: int | None) -> float | None:
    """The time limit of a search, in seconds, or None for no limit, as by default beside a limit on `work`."""
    return None if isinstance(value, _Default) and work is not None else seconds("time_limit", value)


def seconds(name: str, value: object) -> float | None:
    """A time limit in seconds, or None for no limit."""
    return None if value is None else number(name, value, rule="a number of at least 0, or None for no limit")


def gap(name: str, value: object) -> float:
    """A relative gap: a part of the cost."""
    return number(name, value, most=1.0, rule="a number from 0 to 1, such as 0.05 for 5%")


def seed(name: str, value: object) -> int:
    """A seed of random choices."""
    return whole(name, value, rule="a whole number of at least 0")


def work(name: str, value: object) -> int | None:
    """A limit on work, or None for no limit."""
    rule = f"a whole number from 1 to {_LARGEST_WORK}, or None for no limit"
    return None if value is None else whole(name, value, least=1, most=_LARGEST_WORK, rule=rule)


def threads(name: str, value: object) -> int | None:
    """A number of threads, or None for no limit."""
    rule = "a whole number of at least 1, or None for no limit"
    return None if value is None else whole(name, value, least=1, rule=rule)


def text(name: str, value: object) -> str:
    """Text, such as the name of something."""
    if not isinstance(value, str):
        raise wrong_argument(name, "text", value)
    return value


def instance(name: str, value: object, wanted: type[T], rule: str) -> T:
    """An object of the wanted type; `rule` says what that is, and how to come by one."""
    if not isinstance(value, wanted):
        raise wrong_argument(name, rule, value)
    return value


def path(name: str, value: object) -> str | Path:
    """The name of a file, as text or as a path of any kind that names it by text."""
    rule = "the name of a file (text or a Path), or - for standard input or output"
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(found, str):
        raise wrong_argument(name, rule, value)
    return found
