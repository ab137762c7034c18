"""A list of models in a CSV file: the column `model`, and any of the keys that a model may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.catalogue.names import nearest_names
from placement.catalogue.readers.fields import CsvRow, FieldError, each, parse_csv
from placement.documents.read import read_text
from placement.errors import DocumentError, Fault, UsageError, printable
from placement.quickstart.answers import KEYS, ModelWish, wish_of

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("model", *KEYS)


def read_models(path: str | Path) -> tuple[ModelWish, ...]:
    """The models of a CSV file, in its order; ``-`` is standard input.

    Raises
    ------
    DocumentError
        It is no CSV, has no or unknown columns, or a value is wrong: with row and column.
    """
    source, text = read_text(path)
    rows = parse_csv(text, source)
    if not rows:
        rule = f"has no rows below a row that names the columns {', '.join(COLUMNS)}"
        raise DocumentError([Fault("$", rule)], source)
    names = rows[0].cells
    unknown = [name for name in names if name not in COLUMNS]
    faults = [Fault("row 1", f"names an unknown column; {nearest_names(name, COLUMNS)}", name) for name in unknown]
    if "model" not in names:
        faults.append(Fault("row 1", "must name the column model"))
    if faults:
        raise DocumentError(faults, source)
    return tuple(each(rows, _wish, source))


def _wish(row: CsvRow) -> ModelWish:
    given = {key: row.text(key) for key in KEYS}
    try:
        return wish_of(row.required("model"), given, row.place)
    except UsageError as error:
        place, _, rule = str(error).partition(" must ")
        raise FieldError(printable(place), f"must {rule}") from None
