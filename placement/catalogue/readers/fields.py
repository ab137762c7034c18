"""Fields of JSON and of CSV, checked where they are read: a fault names the place, the rule and the value."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from placement.documents.json_text import parse_json_text
from placement.errors import DocumentError, Fault, json_path, nearest
from placement.units import count

T = TypeVar("T")
_MOST_AMOUNT = 2**60  # of any quantity
LARGEST = 1e9  # of any number, as in the documents
SEPARATORS = ",;\t"  # of the cells of a CSV, the usual one first
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=(?P<mark>[,;\t|])\"?[ ,;]*(\r\n|\r|\n)", re.IGNORECASE)
_QUANTITY = re.compile(
    r"(?P<number>\d{1,25}(?:\.\d{0,25})?|\.\d{1,25})(?P<unit>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,2})?", re.ASCII
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_MOST_FAULTS = 1000  # kept of one file: the rest of a damaged one tells nothing new


class FieldError(Exception):
    """One field that can't be read; `fault` says where and why."""

    def __init__(self, path: str, rule: str, value: object = ...) -> None:
        super().__init__(rule)
        self.fault = Fault(path, rule, value)


def finite(value: object, path: str) -> float:
    """A number from 0 to a billion."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError(path, "must be a number", value)
    if not 0 <= value <= LARGEST:  # NaN fails this too
        raise FieldError(path, "must be a finite number from 0 to 1e9", value)
    return float(value)


def number_in(text: str, path: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise FieldError(path, "must be a number", text) from None
    if not math.isfinite(found):
        raise FieldError(path, "must be a finite number", text)
    return finite(found, path)


@dataclass(frozen=True, slots=True)
class At:
    """A value of a JSON document, and the way to it: keys and indices from its root."""

    value: Any
    way: tuple[str | int, ...] = ()

    @property
    def path(self) -> str:
        return json_path(self.way)

    def fault(self, rule: str) -> FieldError:
        """The error that this value breaks a rule."""
        return FieldError(self.path, rule, self.value)

    def key(self, *names: str) -> At:
        """What stands under a key, under a key of that and so on; all of them must be there."""
        at = self
        for name in names:
            inside = at.get(name)
            if inside is None:
                raise FieldError(json_path((*at.way, name)), "is required")
            at = inside
        return at

    def get(self, *names: str) -> At | None:
        """What stands under a key, under a key of that and so on; None where nothing or null does."""
        at = self
        for name in names:
            value = at.mapping().get(name)
            if value is None:
                return None
            at = At(value, (*at.way, name))
        return at

    def first(self, *names: str) -> At | None:
        """What stands under the first of some keys that has anything; None without any."""
        return next((found for name in names if (found := self.get(name)) is not None), None)

    def optional(self, read: Callable[[At], T], *names: str) -> T | None:
        """What `read` makes of what stands under a key, under a key of that and so on; None where nothing does."""
        found = self.get(*names)
        return None if found is None else read(found)

    def mapping(self) -> dict[Any, Any]:
        if not isinstance(self.value, dict):
            raise self.fault("must be a mapping of keys to values")
        return self.value

    def items(self) -> Iterator[At]:
        if not isinstance(self.value, list):
            raise self.fault("must be a list")
        return (At(value, (*self.way, index)) for index, value in enumerate(self.value))

    def rows(self, *names: str) -> list[At]:
        """The values of a list under a key, under a key of that and so on; none where nothing or null stands."""
        found = self.get(*names)
        return [] if found is None else list(found.items())

    def text_at(self, *names: str) -> str:
        """A text under a key, under a key of that and so on; empty where there is none, or an empty one."""
        found = self.get(*names)
        return "" if found is None or found.value == "" else found.text()

    def choice_at(self, options: Sequence[str], *names: str) -> str:
        """One of some words under keys; empty where there is none."""
        word = self.text_at(*names)
        if word and word not in options:
            raise FieldError(json_path((*self.way, *names)), f"must be one of {', '.join(options)}", word)
        return word

    def whole_at(self, *names: str) -> int | None:
        """A whole number under keys, also a negative one; None where there is none."""
        found = self.get(*names)
        if found is not None and (isinstance(found.value, bool) or not isinstance(found.value, int)):
            raise found.fault("must be a whole number")
        return None if found is None else int(found.value)

    def true_at(self, *names: str) -> bool:
        """Whether a truth under keys is true; false where there is none."""
        found = self.get(*names)
        if found is not None and not isinstance(found.value, bool):
            raise found.fault("must be true or false")
        return found is not None and bool(found.value)

    def amounts(self, *names: str) -> dict[str, Fraction]:
        """Quantities of Kubernetes under keys, by name; none where there are none."""
        found = self.get(*names)
        if found is None:
            return {}
        if not isinstance(found.value, dict):
            raise found.fault("must be a mapping of resources to quantities")
        told = {str(name): At(value, (*found.way, str(name))) for name, value in found.value.items()}
        return {name: at.quantity() for name, at in told.items() if at.value is not None}

    def values(self) -> Iterator[At]:
        return (At(value, (*self.way, str(name))) for name, value in self.mapping().items())

    def text(self) -> str:
        """Text that is not empty, on one line."""
        if not isinstance(self.value, str) or not self.value:
            raise self.fault("must be text")
        if any("\ud800" <= letter <= "\udfff" for letter in self.value):
            raise FieldError(self.path, "must be text of whole characters")
        return self.value

    def number(self) -> float:
        return finite(self.value, self.path)

    def number_in_text(self) -> float:
        return number_in(self.text(), self.path)

    def whole(self) -> int:
        found = self.number()
        if found != int(found):
            raise self.fault("must be a whole number")
        return int(found)

    def quantity(self) -> Fraction:
        """The exact number that a quantity of Kubernetes stands for; JSON may have it as a number too."""
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        found = quantity(_digits(self.value) if is_number else self.text())
        if found is None:
            raise self.fault("must be a quantity of Kubernetes that is not negative, such as 16, 250m or 64Gi")
        if found >= _MOST_AMOUNT:
            raise self.fault("must be less than an exbibyte")
        return found


def quantity(text: str) -> Fraction | None:
    """The exact number that a quantity of Kubernetes stands for; None when it is none, or negative.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

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


def _digits(number: float) -> str:
    """A number as text that is no other number; finite ones are read from documents alone."""
    return f"{number:.0f}" if isinstance(number, float) and number.is_integer() else repr(number)


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row of a CSV file; `number` counts them as a spreadsheet does, the row of names is 1."""

    cells: Mapping[str, str]
    number: int

    def place(self, column: str) -> str:
        return f"row {self.number}, column {column}"

    def text(self, column: str) -> str:
        """What a cell holds; empty when nothing."""
        return self.cells.get(column, "").strip()

    def required(self, column: str) -> str:
        """What a cell holds, which must be something."""
        found = self.text(column)
        if not found:
            raise FieldError(self.place(column), "must not be empty")
        return found

    def required_number(self, column: str) -> float:
        """The number in a cell, which must have one."""
        self.required(column)
        found = self.value(column)
        if found is None:
            raise FieldError(self.place(column), "must be a number", self.text(column))
        return found

    def value(self, column: str) -> float | None:
        """The number in a cell; None when it is empty, or says that it is none."""
        found = self.text(column)
        if not found or found.lower() == "nan":
            return None
        return number_in(found, self.place(column))


def parse_json(text: str, source: str) -> At:
    """A JSON text as a value with a path; what it may not hold: see `parse_json_text`."""
    return At(parse_json_text(text, source))


def parse_csv(text: str, source: str, damaged: list[Fault] | None = None) -> list[CsvRow]:
    """The rows of a CSV text under the names in its first row, as spreadsheets write them too.

    That is: separated by semicolons or tabs where the first row has no comma, or as a line `sep=;` above it says, which
    is no row; with empty rows and empty last columns.

    `damaged`: takes the faults of rows of another width, to be told with those of the others' values (`each`). None:
        they are raised. Where no other row is left they are too.
    Raises DocumentError: it is no CSV, names a column twice, or has rows of another width; the message has the row.
    """
    faults: list[Fault] = []
    odd: list[Fault] = []
    rows: list[CsvRow] = []
    separator, table = _separated(text)
    reader = csv.reader(io.StringIO(table, newline=""), strict=True, delimiter=separator)
    names: list[str] = []
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if not names:
                names = _without_empty_end([name.strip() for name in cells], 0)
                continue
            found = _without_empty_end(cells, len(names))
            if not any(cell.strip() for cell in cells):
                continue
            if len(found) != len(names):
                odd.append(Fault(f"row {number}", f"has {count(len(found), 'column')}, the first row has {len(names)}"))
            else:
                rows.append(CsvRow(dict(zip(names, found, strict=True)), number))
    except csv.Error as error:
        faults.append(Fault(f"row {number + 1}", f"is not CSV: {error}"))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        rule = "must name the columns, and has a number" if _is_number(twice) else "names a column twice"
        faults.insert(0, Fault("row 1", rule, twice))
    if faults or (odd and (damaged is None or not rows)):
        raise DocumentError([*faults, *odd][:_MOST_FAULTS], source)
    if damaged is not None:
        damaged += odd
    return rows


def _is_number(text: str) -> bool:
    """Whether a cell of the first row is none of a header, which was left out."""
    return re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", text, re.ASCII) is not None


def check_columns(
    rows: Sequence[CsvRow], needed: Iterable[str], source: str, known: Sequence[str] | None = None
) -> None:
    """Refuse a table that lacks columns which every row needs, or names some beyond those that are `known`."""
    there = list(rows[0].cells) if rows else []
    unknown = [name for name in there if known is not None and name not in known]
    faults = [
        Fault("row 1", f"has a column that the format has not; {nearest(name, known or ())}", name) for name in unknown
    ]
    missing = [name for name in needed if rows and name not in there]
    if missing:
        word = "column" if len(missing) == 1 else "columns"
        faults.append(Fault("row 1", f"must name the {word} {', '.join(missing)}"))
    if faults:
        raise DocumentError(faults, source)


def _separated(text: str) -> tuple[str, str]:
    """What stands between the cells of a table, and the table.

    That is what Excel's line above the table says, else a comma, or in a first row without one what spreadsheets write
    in its place.
    """
    told = _SEPARATOR_LINE.match(text)
    if told:
        return told["mark"], text[told.end() :]
    first = text.lstrip("\r\n").partition("\n")[0]
    return next((mark for mark in SEPARATORS if mark in first), ","), text


def _without_empty_end(cells: list[str], least: int) -> list[str]:
    """Cells without the empty ones behind the last of so many that must be there."""
    end = len(cells)
    while end > least and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def left_out(count: int, what: str) -> tuple[str, ...]:
    """What is said of so many rows that are not taken, such as "a row without a price"; nothing of none."""
    return (f"left out: {count} x {what}",) if count else ()


def each(rows: Iterable[T], read: Callable[[T], Any], source: str, damaged: Iterable[Fault] = ()) -> list[Any]:
    """What `read` makes of each row; all rows are tried before the faults are told.

    Raises DocumentError: with the faults of all rows that can't be read, those that were `damaged` before any value was
    read first.
    """
    found, faults = [], list(damaged)[:_MOST_FAULTS]
    for row in rows:
        try:
            found.append(read(row))
        except FieldError as error:
            faults.append(error.fault)
        except DocumentError as error:
            faults += error.faults
        if len(faults) >= _MOST_FAULTS:
            break
    if faults:
        raise DocumentError(faults, source)
    return found


def each_but(
    rows: Iterable[T], read: Callable[[T], Any], source: str, what: str
) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """What `read` makes of each row, but for None, and what is said of those rows: see `each` and `left_out`."""
    made = each(rows, read, source)
    found = tuple(row for row in made if row is not None)
    return found, left_out(len(made) - len(found), what)
