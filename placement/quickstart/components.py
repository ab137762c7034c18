"""Components of a problem from models: an option for each kind of accelerator on which a copy fits."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from placement.catalogue.names import nearest_names
from placement.catalogue.tables import accelerators
from placement.errors import UsageError, printable
from placement.quickstart.answers import measured_of
from placement.quickstart.machines import MEMORY_GIB, VCPUS
from placement.sizing import Launch, read_model, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from placement.profiles import Profile
    from placement.quickstart.answers import Answers, Measured, ModelWish
    from placement.sizing import Model, Sizing

_UNKNOWN = "nobody we read tells how much of its memory is usable; write its options by hand"
CONTEXT_LENGTH, CONCURRENCY = 8192, 8  # tokens of a sequence; sequences at a time: our defaults, told in the file


@dataclass(frozen=True, slots=True)
class Machinery:
    """Accelerators of a kind: the most of them in one machine, and the zones that have such machines."""

    most: int
    zones: frozenset[str]


@dataclass(frozen=True, slots=True)
class Drafted:
    """A component, with comments: of the whole, and the command that starts a copy, of each option."""

    row: dict[str, Any]
    options: tuple[dict[str, Any], ...]
    commands: tuple[str, ...]
    remarks: tuple[str, ...]
    notes: tuple[str, ...]


def draft_component(wish: ModelWish, machinery: Mapping[str, Machinery], answers: Answers, taken: set[str]) -> Drafted:
    """The component of a model.

    Parameters
    ----------
    machinery : the accelerators that may be rented, by kind.
    taken : names of components so far; the new one is added.

    Raises
    ------
    UsageError
        The model is unknown (with the nearest name), or no copy fits on any of the accelerators (with what is needed).
    DocumentError
        The model's files are damaged.
    """
    model = read_model(wish.model, with_files=wish.checkpoint_gib is None)
    measured = _measured(wish, model, answers)
    launch = _launch(wish, model, is_measured=measured is not None)
    found: list[Sizing] = []
    reasons: list[str] = []
    for device, rented in machinery.items():
        fitting, reason = _copies_on(device, rented.most, model, launch, measured)
        found += fitting
        reasons += [f"not on {device}: {reason}"] if reason else []
    if not found:
        told = "; ".join(reasons)
        raise UsageError(f"no copy of {printable(model.name)} fits: {told}; choose other GPUs with --gpu")
    zones = len(frozenset[str]().union(*(machinery[copy.accelerator].zones for copy in found)))
    if zones <= answers.survive_zones:
        lost = f"{answers.survive_zones} of the zones"
        raise UsageError(f"{printable(model.name)} can't survive the loss of {lost}: its machines are in {zones} alone")
    remarks = [*_load_words(wish, model, launch, measured, share=answers.share), *reasons]
    options = [_option(copy, wish, measured, share=answers.share) for copy in found]
    commands = [f"vllm serve {model.name} {' '.join(copy.flags)}" for copy in found]
    notes = dict.fromkeys(note for copy in found for note in copy.notes)
    row = {"name": _name(wish, model, taken)} | _amount(wish, answers, zones, remarks)
    return Drafted(row, tuple(options), tuple(commands), tuple(remarks), tuple(notes))


def _launch(wish: ModelWish, model: Model, *, is_measured: bool) -> Launch:
    """How a copy is started. One that was measured has the memory of that, and as many sequences as it holds."""
    longest = model.architecture.context
    context = wish.context_length or min(CONTEXT_LENGTH, longest or CONTEXT_LENGTH)
    concurrency = wish.concurrency or (None if is_measured else CONCURRENCY)
    return Launch(context_length=context, concurrency=concurrency, checkpoint_gib=wish.checkpoint_gib)


def _load_words(
    wish: ModelWish, model: Model, launch: Launch, measured: Measured | None, *, share: bool
) -> Iterator[str]:
    if measured is None:
        yield f"{model.name}: {launch.concurrency} sequences of {launch.context_length} tokens in a copy at a time."
    else:
        yield f"{model.name}: throughput as measured, and memory where it was. A copy owns its accelerators: " + (
            "beside others it would serve less than measured, so none of these options is shared."
            if share
            else "beside others it would serve less."
        )
    if share and measured is None and wish.throughput is not None:
        yield "Its throughput is as given, and must hold beside other copies on the same accelerator."


def _is_known(device: str) -> bool:
    """Whether the catalogue knows how much of an accelerator's memory is usable."""
    facts = accelerators().get(device)
    return facts is not None and facts.usable_gib is not None


def _measured(wish: ModelWish, model: Model, answers: Answers) -> Measured | None:
    """What copies of a model serve, measured; None where nobody needs that.

    Raises
    ------
    UsageError
        The model has a rate, and neither a throughput nor measurements.
    """
    if wish.rate is None or wish.throughput is not None:
        return None
    found = measured_of(model.name, answers.throughputs)
    if found is None:
        told = f"; {nearest_names(model.name, answers.throughputs)}" if answers.throughputs else ""
        way_out = "add throughput=N beside the rate, or its measurements with --profile FILE"
        raise UsageError(f"{printable(model.name)} has a rate, and nothing tells what one copy serves: {way_out}{told}")
    return found


def _copies_on(
    device: str, most: int, model: Model, launch: Launch, measured: Measured | None
) -> tuple[list[Sizing], str]:
    """Copies on accelerators of a kind, with the reason when there is none.

    Of copies that were measured, each number of accelerators; of others the fewest on which one fits.
    """
    if not _is_known(device):
        return [], _UNKNOWN
    if measured is None:
        degrees = [2**power for power in range(most.bit_length())]
    else:
        degrees = sorted(count for kind, count in measured if kind == device and count <= most)
    found: list[Sizing] = []
    reason = "no copy was measured on it within the limits"
    for degree in degrees:
        if measured is None:
            sized = size(model, device, degree, launch)
        else:
            sized = _as_measured(model, launch, measured[device, degree].profile)
        if sized.fits:
            found.append(sized)
            if measured is None:
                break
        reason = f"{sized.reason} on {degree}" if degree > 1 else sized.reason
    return found, "" if found else reason


def _as_measured(model: Model, launch: Launch, profile: Profile) -> Sizing:
    """A copy in the memory that it was measured in; where that is not known, in what the engine takes by itself.

    Its context has room for the requests that were measured. The engine's share of the accelerator leaves room for what
    the engine does not count (its context, the safety margin), so that all is within the memory that is told.
    """
    device, degree = profile.accelerator, profile.accelerators
    tokens = (profile.input_tokens or 0) + (profile.output_tokens or 0)
    launch = replace(launch, context_length=max(launch.context_length or 1, tokens))
    by_itself = size(model, device, degree, replace(launch, concurrency=None))
    if profile.memory_gib is None and launch.concurrency is None:
        return by_itself
    memory = by_itself.total_gib if profile.memory_gib is None else profile.memory_gib
    whole = size(model, device, degree, replace(launch, concurrency=None, utilization=1.0))
    uncounted = whole.total_gib - whole.usable_gib
    share = math.floor(round(1000 * (memory - uncounted) / whole.usable_gib, 6)) / 1000
    return size(model, device, degree, replace(launch, utilization=min(max(share, 0.001), 1.0)))


def _option(copy: Sizing, wish: ModelWish, measured: Measured | None, *, share: bool) -> dict[str, Any]:
    option = copy.to_option() | {"vcpus": VCPUS * copy.gpus, "memory_gib": MEMORY_GIB * copy.gpus}
    if measured is not None:  # not shared: what a copy serves was measured while it had its accelerators to itself
        del option["accelerator_memory_gib"]
        told = measured[copy.accelerator, copy.gpus].to_option()
        return option | {key: told[key] for key in ("accelerator_memory_gib", "throughput") if key in told}
    if share and copy.gpus == 1:
        option["shared"] = True
    if wish.rate is not None:
        option["throughput"] = wish.throughput
    return option


def _name(wish: ModelWish, model: Model, taken: set[str]) -> str:
    """A name that is new: the model's own, in small letters."""
    plain = wish.name or re.sub(r"[^a-z0-9.]+", "-", model.name.rpartition("/")[2].lower()).strip("-.") or "model"
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}-{number}"
    taken.add(name)
    return name


def _amount(wish: ModelWish, answers: Answers, zones: int, remarks: list[str]) -> dict[str, Any]:
    """Copies or demand, and what must be left when zones are lost."""
    survive = answers.survive_zones
    spread: dict[str, Any] = {"spread": {"min_zones": survive + 1}} if survive else {}
    if wish.rate is not None:
        if not survive:
            return {"demand": wish.rate}
        remarks.append(
            f"Spread evenly over {zones} zones, so a lost one takes 1/{zones} of the copies: "
            f"ask for {zones}/{zones - 1} of the rate if the others must serve all of it."
        )
        even = {"spread": {"min_zones": survive + 1, "max_skew": 1}}
        return {"demand": wish.rate, "min_copies": survive + 1} | even | {"min_available_on_zone_loss": 1}
    copies = 1 if wish.copies is None else wish.copies
    if not survive or not copies:
        return {"copies": copies}
    if copies <= survive:
        remarks.append(f"{survive + 1} copies in place of {copies}, to survive the loss of {_zones(survive)}.")
        copies = survive + 1
    left = max(1, copies - math.ceil(copies / max(zones, 2)))  # as many as an even spread leaves
    return {"copies": copies} | spread | {"min_available_on_zone_loss": left}


def _zones(number: int) -> str:
    return f"{number} zone{'s' if number != 1 else ''}"
