"""Components of a problem from models: an option for each kind of accelerator on which a copy fits."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from placement.catalogue.tables import accelerators
from placement.errors import UsageError, printable
from placement.quickstart.machines import MEMORY_GIB, VCPUS
from placement.sizing import Launch, read_model, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.quickstart.answers import Answers, ModelWish
    from placement.sizing import Model, Sizing

_UNKNOWN = "nobody we read tells how much of its memory is usable; write its options by hand"
CONTEXT_LENGTH, CONCURRENCY = 8192, 8  # tokens of a sequence; sequences at a time: our defaults, told in the file


@dataclass(frozen=True, slots=True)
class Drafted:
    """A component, with comments: of the whole, and the command that starts a copy, of each option."""

    row: dict[str, Any]
    options: tuple[dict[str, Any], ...]
    commands: tuple[str, ...]
    remarks: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def draft_component(
    wish: ModelWish, devices: Mapping[str, int], answers: Answers, zones: int, taken: set[str]
) -> Drafted:
    """The component of a model.

    Parameters
    ----------
    devices : the most accelerators of one machine, by kind.
    zones : how many zones there are machines in.
    taken : names of components so far; the new one is added.

    Raises
    ------
    UsageError
        The model is unknown (with the nearest name), or no copy fits on any of the accelerators (with what is needed).
    DocumentError
        The model's files are damaged.
    """
    model = read_model(wish.model)
    launch = _launch(wish, model)
    options: list[dict[str, Any]] = []
    commands: list[str] = []
    reasons: list[str] = []
    notes: list[str] = []
    for device, most in devices.items():
        best, reason = _smallest(model, device, most, launch) if _is_known(device) else (None, _UNKNOWN)
        if best is None:
            reasons.append(f"not on {device}: {reason}")
            continue
        options.append(_option(best, wish, share=answers.share))
        commands.append(f"vllm serve {model.name} {' '.join(best.flags)}")
        notes += best.notes
    if not options:
        told = "; ".join(reasons)
        raise UsageError(f"no copy of {printable(model.name)} fits: {told}; choose other GPUs with --gpu")
    remarks = [_load_words(model, launch), *reasons]
    row = {"name": _name(wish, model, taken)} | _amount(wish, answers, zones, remarks)
    return Drafted(row, tuple(options), tuple(commands), tuple(remarks), tuple(dict.fromkeys(notes)))


def _launch(wish: ModelWish, model: Model) -> Launch:
    longest = model.architecture.context
    context = wish.context_length or min(CONTEXT_LENGTH, longest or CONTEXT_LENGTH)
    return Launch(context_length=context, concurrency=wish.concurrency or CONCURRENCY)


def _load_words(model: Model, launch: Launch) -> str:
    return f"{model.name}: {launch.concurrency} sequences of {launch.context_length} tokens in a copy at a time."


def _is_known(device: str) -> bool:
    """Whether the catalogue knows how much of an accelerator's memory is usable."""
    facts = accelerators().get(device)
    return facts is not None and facts.usable_gib is not None


def _smallest(model: Model, device: str, most: int, launch: Launch) -> tuple[Sizing | None, str]:
    """The copy on the fewest accelerators of a kind; None with the reason of the most when none fits."""
    reason = "no degree was tried"
    for degree in (2**power for power in range(most.bit_length()) if 2**power <= most):
        found = size(model, device, degree, launch)
        if found.fits:
            return found, ""
        reason = f"{found.reason} on {degree}" if degree > 1 else found.reason
    return None, reason


def _option(found: Sizing, wish: ModelWish, *, share: bool) -> dict[str, Any]:
    option = found.to_option() | {"vcpus": VCPUS * found.gpus, "memory_gib": MEMORY_GIB * found.gpus}
    if share and found.gpus == 1:
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
        return {"demand": wish.rate, "min_copies": survive + 1} | spread | {"min_available_on_zone_loss": 1}
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


def most_by_device(machines: Sequence[tuple[str, int]]) -> dict[str, int]:
    """The most accelerators of one machine, by kind, in the order of the machines."""
    found: dict[str, int] = {}
    for device, count in machines:
        found[device] = max(count, found.get(device, 0))
    return found
