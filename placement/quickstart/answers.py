"""What `placement init` is told, and how a model is made of texts.

Measurements are looked at when their model is asked for: what is wrong with those of others stops nobody.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError, wrong_argument
from placement.grouping import grouped

if TYPE_CHECKING:
    from placement.profiles import Limits, Profile, Size

Place = Callable[[str], str]  # how messages call the value of a key
Measured = Mapping[tuple[str, int], "Profile"]  # (accelerator, how many of it a copy has) -> its best measurement
MOST_COPIES = 10**6
MOST_RATE = 1e18
MOST_TOKENS = 10**9
MOST_GIB = 1e6


@dataclass(frozen=True, slots=True)
class ModelWish:
    """A model to serve, by copies or by a rate.

    `throughput` is what one copy serves, in the unit of `rate`; without it measurements have to tell. `context_length`
    is the most tokens of one sequence, `concurrency` how many of those one copy must hold at a time; None: the default.
    `checkpoint_gib` is the size of all its files together, in place of what they tell.
    """

    model: str
    name: str = ""
    copies: int | None = None
    rate: float | None = None
    throughput: float | None = None
    context_length: int | None = None
    concurrency: int | None = None
    checkpoint_gib: float | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that a first problem needs. Empty `zones`: those that offer most of the machines.

    `throughputs` are measurements: what a copy of a model serves, by the kind and the number of its accelerators. A
    copy that was measured owns those, `share` or not: beside others it would serve less. `engine` is what copies run
    on, as in `placement size`, `image` the container image that exports start it from; `spot` adds pools at the spot
    prices that are known.
    """

    models: tuple[ModelWish, ...]
    region: str = ""
    provider: str = ""
    gpus: tuple[str, ...] = ()
    instance_types: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    survive_zones: int = 0
    share: bool = False
    engine: str = "vllm"
    image: str = ""
    spot: bool = False
    prices: Mapping[str, float] = field(default_factory=dict)
    throughputs: Mapping[str, Measured] = field(default_factory=dict)
    name: str = "fleet"


KEYS = tuple(entry.name for entry in fields(ModelWish) if entry.name != "model")
_WHOLE = {"copies": (0, MOST_COPIES), "context_length": (1, MOST_TOKENS), "concurrency": (1, MOST_COPIES)}
_NUMBERS = {"rate": MOST_RATE, "throughput": MOST_RATE, "checkpoint_gib": MOST_GIB}


def read_wish(model: str, given: Mapping[str, str], place: Place) -> tuple[ModelWish, list[UsageError]]:
    """A wish as far as its texts can be read, and what is wrong with each of the others.

    Copies and a rate do not go together, and a throughput is of a rate; a model without either gets one copy.
    """
    told = {key: text for key in KEYS if (text := given.get(key, ""))}
    read: dict[str, Any] = {}
    wrong: list[UsageError] = []
    for key, text in told.items():
        try:
            read[key] = _value(key, text, place)
        except UsageError as error:
            wrong.append(error)
    if "copies" in told and "rate" in told:
        wrong.append(UsageError(f"{place('rate')} must not stand beside copies: give one of them"))
    if "throughput" in told and "rate" not in told:
        way_out = "it is what one copy serves of a rate"
        wrong.append(UsageError(f"{place('throughput')} must not stand without a rate: {way_out}"))
    return ModelWish(model, **read), wrong


def _value(key: str, text: str, place: Place) -> str | int | float:
    if key in _WHOLE:
        least, most = _WHOLE[key]
        found = re.fullmatch(r"(\d{1,12})(\.0*)?", text, re.ASCII)  # 2.0: as tables with empty cells are written
        if found is None or not least <= int(found[1]) <= most:
            raise wrong_argument(place(key), f"a whole number from {least} to {most:,}", text)
        return int(found[1])
    return _number(key, text, place) if key in _NUMBERS else text


def _number(key: str, text: str, place: Place) -> float:
    most = _NUMBERS[key]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= most:
        limit = f", at most {most:,.0f}" if most < MOST_RATE or value > most else ""
        raise wrong_argument(place(key), f"a number above 0{limit}", text)
    return value


def measured_of(model: str, throughputs: Mapping[str, Measured]) -> Measured | None:
    """The measurements of a model by its name, the best of each kind and number; None without any.

    Case does not count. The publisher may be left out on either side; with one, others' models of the name do not count
    beside its own.
    """
    short = model.rpartition("/")[2].lower()
    alike = [name for name in throughputs if name.rpartition("/")[2].lower() == short]
    own = [name for name in alike if name.lower() in (model.lower(), short)]
    merged: dict[tuple[str, int], Profile] = {}
    for name in own or alike:
        for key, profile in throughputs[name].items():
            known = merged.get(key)
            if known is None or profile.requests_per_second > known.requests_per_second:
                merged[key] = profile
    return merged if alike else None


def missing(answers: Answers, *, has_models: bool, has_nodes: bool) -> Sequence[str]:
    """The options that are still needed, in words."""
    needed = list(missing_of_machines(answers, has_nodes))
    return needed if has_models else [*needed, "--model MODEL=COPIES (or --from models.csv)"]


def missing_of_machines(answers: Answers, has_nodes: bool) -> Sequence[str]:
    """Those without which nobody knows which machines there are."""
    needed = []
    if not answers.region and not has_nodes:
        needed.append("--region REGION")
    if not answers.gpus and not answers.instance_types and not has_nodes:
        needed.append("--gpu NAME (or --instance-type TYPE)")
    return needed


class Measurements(Mapping[str, "Measured"]):
    """What a copy of each model serves within limits, by the kind and number of its accelerators.

    Looking up a model raises `UsageError` where its requests were of several sizes and none is asked for.
    """

    def __init__(self, profiles: Sequence[Profile], limits: Limits, size: Size, tell: Callable[[str], object]) -> None:
        """Take measurements; `tell` takes a sentence of each that can't be used, when its model is looked up."""
        self._rows = grouped((profile.model, profile) for profile in profiles)
        self._limits, self._size, self._tell = limits, size, tell
        self._chosen: dict[str, Measured] = {}

    def __getitem__(self, model: str) -> Measured:
        """The best of a model on each number of accelerators of each kind."""
        from placement.profiles import choose

        if model not in self._chosen:
            choices = choose(self._rows[model], self._limits, self._size)
            for sentence in choices.missing:
                self._tell(sentence)
            self._chosen[model] = {(row.accelerator, row.accelerators): row for row in choices.of_model[model]}
        return self._chosen[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
