"""Models as the command line has them: ``MODEL``, ``MODEL=COPIES`` or ``MODEL,key=value,...``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.catalogue.names import nearest_names
from placement.documents.read import STDIN
from placement.errors import DocumentError, Fault, PlacementError, UsageError, printable
from placement.quickstart.answers import KEYS, ModelWish, read_wish
from placement.sizing import read_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OPTION = "--model"


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
