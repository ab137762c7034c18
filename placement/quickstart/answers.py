"""What `placement init` is told, and how a model is written on the command line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from placement.catalogue.names import nearest_names
from placement.errors import UsageError, printable, wrong_argument

if TYPE_CHECKING:
    from collections.abc import Sequence

Place = Callable[[str], str]  # how messages call the value of a key
Measured = Mapping[tuple[str, int], float]  # (accelerator, how many of it a copy has) -> what the copy serves
MOST_COPIES = 10**6
MOST_RATE = 1e18
MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class ModelWish:
    """A model to serve, by copies or by a rate.

    `throughput` is what one copy serves, in the unit of `rate`; without it measurements have to tell. `context_length`
    is the most tokens of one sequence, `concurrency` how many of those one copy must hold at a time; None: the default.
    """

    model: str
    name: str = ""
    copies: int | None = None
    rate: float | None = None
    throughput: float | None = None
    context_length: int | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that a first problem needs. Empty `zones`: those that offer most of the machines.

    `throughputs` are measurements: what a copy of a model serves, by the kind and the number of its accelerators.
    """

    models: tuple[ModelWish, ...]
    region: str = ""
    provider: str = ""
    gpus: tuple[str, ...] = ()
    instance_types: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    survive_zones: int = 0
    share: bool = False
    prices: Mapping[str, float] = field(default_factory=dict)
    throughputs: Mapping[str, Measured] = field(default_factory=dict)
    name: str = "fleet"


KEYS = tuple(entry.name for entry in fields(ModelWish) if entry.name != "model")
_WHOLE = {"copies": (0, MOST_COPIES), "context_length": (1, MOST_TOKENS), "concurrency": (1, MOST_COPIES)}


def parse_model(word: str) -> ModelWish:
    """A model as the command line has it: ``MODEL``, ``MODEL=COPIES`` or ``MODEL,key=value,...``.

    Raises
    ------
    UsageError
        A key is unknown (with the nearest), or a value is no number in its bounds.

    Examples
    --------
    >>> parse_model("Qwen2.5-7B-Instruct=3").copies
    3
    >>> parse_model("Qwen2.5-7B-Instruct,rate=40,throughput=12.5").rate
    40.0
    """
    model, *rest = word.split(",")
    base, equals, copies = model.rpartition("=")
    pairs = [pair.partition("=") for pair in rest]
    given = {key.strip(): value.strip() for key, _, value in pairs}
    if equals:
        model, given = base, {"copies": copies.strip(), **given}
    if not model.strip():
        raise wrong_argument("--model", "MODEL, MODEL=COPIES or MODEL,key=value,...", word)
    for key, sign, _ in pairs:
        if key.strip() not in KEYS or not sign:
            told = nearest_names(key.strip(), KEYS)
            raise UsageError(f'--model {printable(word)}: no key "{printable(key.strip())}"; {told}')
    return wish_of(model.strip(), given, lambda key: f"--model {printable(word)}: {key}")


def wish_of(model: str, given: Mapping[str, str], place: Place) -> ModelWish:
    """A wish from texts; a model without copies and rate gets one copy.

    Raises
    ------
    UsageError
        A value is no number in its bounds, or copies, rate and throughput do not go together.
    """
    told = {key: value for key, value in given.items() if value}
    wish = ModelWish(
        model=model,
        name=told.get("name", ""),
        copies=_whole(told, "copies", place),
        rate=_rate(told, "rate", place),
        throughput=_rate(told, "throughput", place),
        context_length=_whole(told, "context_length", place),
        concurrency=_whole(told, "concurrency", place),
    )
    if wish.copies is not None and wish.rate is not None:
        raise UsageError(f"{place('rate')} must not stand beside copies: give one of them")
    return wish


def _whole(told: Mapping[str, str], key: str, place: Place) -> int | None:
    if key not in told:
        return None
    least, most = _WHOLE[key]
    text = told[key]
    if not text.isascii() or not text.isdigit() or len(text) > 12 or not least <= int(text) <= most:
        raise wrong_argument(place(key), f"a whole number from {least} to {most:,}", text)
    return int(text)


def _rate(told: Mapping[str, str], key: str, place: Place) -> float | None:
    if key not in told:
        return None
    try:
        value = float(told[key])
    except ValueError:
        value = math.nan
    if not 0 < value <= MOST_RATE:
        raise wrong_argument(place(key), "a number above 0", told[key])
    return value


def measured_of(model: str, throughputs: Mapping[str, Measured]) -> Measured | None:
    """The measurements of a model by its name; the publisher may be left out, and case does not count."""
    names = {name.lower(): name for name in throughputs}
    short = {name.rpartition("/")[2]: full for name, full in names.items()}
    known = names.get(model.lower()) or short.get(model.rpartition("/")[2].lower())
    return None if known is None else throughputs[known]


def missing(answers: Answers, has_nodes: bool) -> Sequence[str]:
    """The options that are still needed, in words."""
    needed = []
    if not answers.region and not has_nodes:
        needed.append("--region REGION")
    if not answers.gpus and not answers.instance_types and not has_nodes:
        needed.append("--gpu NAME (or --instance-type TYPE)")
    if not answers.models:
        needed.append("--model MODEL=COPIES (or --from models.csv)")
    return needed
