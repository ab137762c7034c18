"""Everything `placement` raises on purpose.

PlacementError
├── DocumentError       a document breaks FORMAT rules: every fault of it, each with its place
├── SolverBugError      a solver's plan or bound failed the independent check: never patched over
└── UsageError          a call that can't mean anything: unknown solver, option out of range
"""

from __future__ import annotations

import difflib
import errno
import json
import traceback
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path


class PlacementError(Exception):
    """Root of the tree: catch this to catch all of it."""


class UsageError(PlacementError):
    """A call or a command line that can't be carried out as written. `argument`: what is at fault, or ""."""

    def __init__(self, message: str, argument: str = "") -> None:
        """The message; one of an argument begins with its name."""
        super().__init__(message)
        self.argument = argument


class SolverBugError(PlacementError):
    """A solver returned a plan that breaks a rule, or a bound above a plan's cost."""


_START = 3  # letters of a name that are enough to find those that start with it
ROOT = "$"  # the path of a whole document
FAULTS = 20  # of one document that are told, unless all are asked for


def wrong_argument(name: str, rule: str, value: object) -> UsageError:
    """The error of an argument that can't mean anything: its name, the rule, and the value or its type."""
    plain = value is None or isinstance(value, bool | int | float | str | list | tuple | dict)
    shown = _short(value) if plain else f"a {type(value).__name__}"
    return UsageError(f"{name} must be {rule}, got {shown}", name)


def place_in(source: str, path: str) -> str:
    """A place in a file or an argument, for an error; the path of all of it says nothing."""
    return source if path == ROOT else f"{source} at {path}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a document: where it stands, what rule it breaks, what was found.

    `path` is a JSON path such as ``$.pools[2].instance_type``; `rule` is a sentence that names the rule and,
    where there is one, the way out.
    """

    path: str
    rule: str
    value: object = ...  # `...` when there is no value to show

    def __str__(self) -> str:
        """Path, rule and the offending value, on one line."""
        return f"{printable(self.path)}: {self._said}"

    def of(self, source: str) -> str:
        """The same with the name of the file; what is wrong with all of it has no path."""
        return f"{place_in(source, printable(self.path))}: {self._said}"

    @property
    def _said(self) -> str:
        shown = "" if self.value is ... else f", got {_short(self.value)}"
        return printable(f"{self.rule}{shown}")


class DocumentError(PlacementError):
    """A problem or a plan that can't be used; `faults` holds all of them, the message the first `FAULTS`."""

    def __init__(self, faults: Iterable[Fault], source: str = "document") -> None:
        """Collect the faults of one document; `source` is the file's name."""
        self.faults = tuple(faults)
        self.source = source
        cut = len(self.faults) - FAULTS
        shown = printable(source)
        more = [f"{shown}: and {cut:,} more faults"] if cut > 0 else []
        super().__init__("\n".join([*(fault.of(shown) for fault in self.faults[:FAULTS]), *more]))

    def of(self, source: str) -> DocumentError:
        """The same faults, reported against the file `source`."""
        return DocumentError(self.faults, source)


def closest(name: str, known: Iterable[str], most: int) -> list[str]:
    """The names that are like one, those first that also start like it: a name is more often cut short than wrong.

    >>> closest("Qwen2.5-7B", ["Qwen3.5-27B", "Qwen2.5-7B-Instruct", "phi-2"], 1)
    ['Qwen2.5-7B-Instruct']
    """
    names = list(dict.fromkeys(known))
    alike = difflib.get_close_matches(name, names, n=max(1, len(names)), cutoff=0.6)
    longer = [other for other in names if len(name) >= _START and other.lower().startswith(name.lower())]

    def likeness(other: str) -> float:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(name.lower(), other.lower(), strict=False))
        return difflib.SequenceMatcher(None, other, name).ratio() + sum(1 for _ in same) / len(name)

    return sorted(dict.fromkeys([*alike, *longer]), key=likeness, reverse=True)[:most]


# Others' word, that of the format.
_OUR_WORDS = (("machine", "instance"), ("node", "instance"), ("gpu", "accelerator"), ("replicas", "copies"))


def nearest(name: str, known: Iterable[str]) -> str:
    """A half sentence that helps with a mistyped name: the nearest known one, or a few of those there are."""
    names = [printable(str(n)) for n in known]
    renamed = [printable(str(name)).replace(word, ours) for word, ours in _OUR_WORDS]
    close = [other for other in renamed if other in names] or closest(printable(str(name)), names, 1)
    if close:
        return f'did you mean "{close[0]}"?'
    if not names:
        return "none is defined"
    listed = ", ".join(names[:8])
    return f"known: {listed}{', …' if len(names) > 8 else ''}"


def no_component(name: object, known: Iterable[str], argument: str = "") -> UsageError:
    """The error of a component that a problem does not have, which an argument names, with the nearest it has."""
    place = f"{argument}: " if argument else ""
    return UsageError(f'{place}no component "{printable(str(name))}"; {nearest(str(name), known)}', argument)


# How those say it who do not raise MemoryError: threads that can't be started, libraries that can't be loaded.
_NO_MEMORY = ("can't start new thread", "cannot allocate memory", "failed to map segment", "std::bad_alloc")


def failure(error: BaseException) -> str:
    """How something of ours failed, as the end of a sentence about it: the error, and where it was raised."""
    steps = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SolverBugError) or not steps:
        return f"failed: {error}"
    return f"failed: {type(error).__name__}: {error} ({Path(steps[-1].filename).name}, line {steps[-1].lineno})"


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or what it came from, says that there is no more memory: no bug, but a limit of the machine."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    if isinstance(error, RuntimeError | ImportError | OSError) and any(w in str(error).lower() for w in _NO_MEMORY):
        return True
    return error.__cause__ is not None and ran_out_of_memory(error.__cause__)


# Characters that a terminal takes as orders or does not show: they could forge a line or hide a difference. Controls,
# formats (U+202E turns what follows around, U+200B takes no room), halves of surrogate pairs, ends of lines.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_PICTURES = {code: chr(0x2400 + code) for code in range(32)} | {127: "\u2421"}


def called_file(path: object) -> str:
    """What a person calls a file that is given by its path: ``-`` is standard input."""
    return "standard input" if str(path) == "-" else str(path)


def printable(text: str) -> str:
    """The text as any terminal can show it, on one line: a name may hold whatever JSON can.

    Controls of ASCII become their pictures; other characters that are not seen become escapes. Every name that a person
    is shown goes through here.

    >>> printable("chat\\u202e-8b\\n")
    'chat\\\\u202e-8b␊'
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(letter: str) -> str:
    if unicodedata.category(letter) not in _UNSEEN:
        return letter
    code = ord(letter)
    return _PICTURES.get(code) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def json_path(location: Sequence[object]) -> str:
    """``("pools", 2, "zone")`` as ``$.pools[2].zone``; keys with dots or blanks are quoted."""
    path = "$"
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part == "[key]":  # pydantic's mark for "the key of this mapping"
            path += " (its name)"
        elif isinstance(part, str) and part.isidentifier():
            path += f".{part}"
        else:
            path += f"[{_short(part)}]"
    return path


def _short(value: object, width: int = 60) -> str:
    """A value as JSON has it, cut to the width. Only what is shown is walked: a value may be deep, or endless."""
    text = ""
    for piece in _pieces(value, width):
        text += piece
        if len(text) > width:
            text = text[: width - 1] + "…"
            break
    return printable(text)


def _pieces(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping | list | tuple) and depth:
        opening, closing = "{}" if isinstance(value, Mapping) else "[]"
        yield opening
        for index, entry in enumerate(value):
            yield ", " if index else ""
            yield from _pieces(entry, depth - 1)
            if isinstance(value, Mapping):
                yield ": "
                yield from _pieces(value[entry], depth - 1)
        yield closing
    elif value is None or isinstance(value, bool | float | str):
        yield json.dumps(value, ensure_ascii=False)
    elif isinstance(value, int) and abs(value) > 10**60:
        yield f"a number of {value.bit_length()} bits"  # Python refuses to write very long ones
    else:
        yield _repr(value)


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # it is not ours, and a message is no place to fail
        return f"a value of type {type(value).__name__}"
