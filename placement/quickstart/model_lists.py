"""Models as users list them.

On the command line: ``MODEL``, ``MODEL=COPIES`` or ``MODEL,key=value,...``. In a CSV file: the column `model`, and any
of the keys that a model may have.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from placement.catalogue.names import nearest_names
from placement.catalogue.readers.fields import CsvRow, FieldError, each, parse_csv
from placement.documents.read import STDIN, read_text
from placement.errors import DocumentError, Fault, PlacementError, UsageError, printable
from placement.quickstart.answers import KEYS, Measured, ModelWish, measured_of, read_wish
from placement.sizing import Model, read_model

OPTION = "--model"
COLUMNS = ("model", *KEYS)  # of a CSV file


def parse_models(words: Iterable[str], check: Callable[[ModelWish], object] | None = None) -> tuple[ModelWish, ...]:
    """The models of some words, each of which is known.

    `check`: raises the error of a model that can't be served, such as `fitting` makes.
    Raises DocumentError: with everything that is wrong: the word, and the nearest names of keys and models that are
    unknown.
    """
    wishes: list[ModelWish] = []
    faults: list[Fault] = []
    for word in words:
        wish, wrong = _parsed(word)
        wishes.append(wish)
        if wish.model not in ("", STDIN):  # which can be read only once
            try:
                read_model(wish.model)
                if check is not None and not wrong:
                    check(wish)
            except PlacementError as error:
                wrong.append(" ".join(str(error).split()))
        faults += [Fault(word, rule) for rule in wrong]
    if faults:
        raise DocumentError(faults, OPTION)
    return tuple(wishes)


def parse_model(word: str) -> ModelWish:
    """The model of a word, whether or not it is known.

    Raises UsageError: a key is unknown (with the nearest), or a value is no number in its bounds.

    >>> parse_model("Qwen2.5-7B-Instruct=3").copies
    3
    >>> parse_model("Qwen2.5-7B-Instruct,rate=40,throughput=12.5").rate
    40.0
    """
    wish, wrong = _parsed(word)
    if wrong:
        raise UsageError(f"{OPTION} {printable(word)}: {'; '.join(wrong)}")
    return wish


def _parsed(word: str) -> tuple[ModelWish, list[str]]:
    """The model of a word as far as it can be read, and what is wrong with the rest."""
    model, *rest = word.split(",")
    base, equals, copies = model.rpartition("=")
    if equals:
        model, rest = base, [f"copies={copies}", *rest]
    pairs = [(key.strip(), value.strip()) for key, _, value in (pair.partition("=") for pair in rest if pair.strip())]
    if not model.strip():
        return ModelWish(""), ["must be MODEL, MODEL=COPIES or MODEL,key=value,..."]
    given = dict(pairs)
    keys = [key for key, _ in pairs]
    rules = [f'no key "{printable(key)}"; {nearest_names(key, KEYS)}' for key in given if key not in KEYS]
    rules += [f"{printable(key)} must be given once" for key in given if keys.count(key) > 1]
    rules += [f"{key} must have a value, as in {key}=2" for key, value in given.items() if key in KEYS and not value]
    wish, wrong = read_wish(model.strip(), given, str)
    return wish, [*rules, *map(str, wrong)]


def read_models(
    path: str | Path,
    throughputs: Mapping[str, Measured] | None = None,
    check: Callable[[ModelWish], object] | None = None,
) -> tuple[ModelWish, ...]:
    """The models of a CSV file, in its order; ``-`` is standard input.

    `throughputs`: measurements by model; a rate needs a throughput beside it or one of these. None: that is not
        checked.
    `check`: raises the error of a model that can't be served, such as `fitting` makes.
    Raises DocumentError: it is no CSV, has no or unknown columns, a value is wrong, a model is unknown or can't be
    served, or nothing tells what a copy of it serves: every fault, with row and column.
    """
    source, text = read_text(path)
    damaged: list[Fault] = []
    rows = parse_csv(text, source, damaged)
    if not rows:
        rule = f"has no rows below a row that names the columns {', '.join(COLUMNS)}"
        raise DocumentError([Fault("$", rule)], source)
    names = {name: name.lower().replace(" ", "_") for name in rows[0].cells}  # "Context length", as people head columns
    unknown = [name for name, column in names.items() if column not in COLUMNS]
    faults = [Fault("row 1", f"names an unknown column; {nearest_names(name, COLUMNS)}", name) for name in unknown]
    columns = list(names.values())
    faults += [Fault("row 1", "names a column twice", name) for name in COLUMNS if columns.count(name) > 1]
    if "model" not in columns:
        faults.append(Fault("row 1", "must name the column model"))
    if faults:
        raise DocumentError([*faults, *damaged], source)
    rows = [CsvRow({names[name]: cell for name, cell in row.cells.items()}, row.number) for row in rows]
    known = cache(read_model)
    return tuple(each(rows, lambda row: _wish(row, known, throughputs, check), source, damaged))


def _wish(
    row: CsvRow,
    known: Callable[[str], Model],
    throughputs: Mapping[str, Measured] | None,
    check: Callable[[ModelWish], object] | None,
) -> ModelWish:
    faults: list[Fault] = []
    model = None
    name = row.text("model")
    try:
        if row.required("model") != STDIN:  # which can be read only once
            model = known(name)
    except FieldError as error:
        faults.append(error.fault)
    except PlacementError as error:
        faults.append(Fault(row.place("model"), " ".join(str(error).split())))
    wish, wrong = read_wish(name, {key: row.text(key) for key in KEYS}, row.place)
    for refused in wrong:
        place, _, rule = str(refused).partition(" must ")
        faults.append(Fault(printable(place), f"must {rule}"))
    needed = throughputs is not None and wish.rate is not None and not row.text("throughput")
    if needed and (model is None or measured_of(model.name, throughputs or {}) is None):
        rule = "must tell what one copy serves, beside a rate; or add measurements with --profile FILE"
        faults.append(Fault(row.place("throughput"), rule))
    if faults:
        raise DocumentError(faults)
    if check is not None and name != STDIN:
        try:
            check(wish)
        except PlacementError as error:
            raise FieldError(row.place("model"), " ".join(str(error).split())) from None
    return wish
