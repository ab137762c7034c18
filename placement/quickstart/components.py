"""Components of a problem from models: an option for each kind of accelerator on which a copy fits."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from placement.catalogue.names import free_name, nearest_names
from placement.catalogue.tables import accelerators
from placement.errors import UsageError, printable
from placement.integrations.serving import COMMAND, IMAGE
from placement.quickstart.answers import Answers, Measured, ModelWish, measured_of
from placement.quickstart.machines import MEMORY_GIB, VCPUS
from placement.report import words
from placement.sizing import Launch, Model, Sizing, read_model, size
from placement.sizing.engines import find_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from placement.profiles import Profile

_UNKNOWN = "nobody we read tells how much of its memory is usable; write its options by hand"
_NO_HOST = f"no host has {VCPUS} vCPUs and {MEMORY_GIB} GiB for a copy"
_SIXTEEN_BITS = ("", "auto", "bf16", "bfloat16", "fp16", "float16", "half")
_VLLM_IMAGE = "vllm/vllm-openai"
CONTEXT_LENGTH, CONCURRENCY = 8192, 8  # tokens of a sequence; sequences at a time: our defaults, told in the file


class FitsNowhereError(UsageError):
    """No copy of a model fits on any of the accelerators."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """Accelerators of a kind: in each zone the most in one machine whose host has room for a copy on each."""

    by_zone: Mapping[str, int]

    @property
    def most(self) -> int:
        """The most in one machine anywhere."""
        return max(self.by_zone.values(), default=0)

    def zones(self, accelerators: int) -> set[str]:
        """The zones with a machine that has so many."""
        return {zone for zone, most in self.by_zone.items() if most >= accelerators}


@dataclass(frozen=True, slots=True)
class DraftedCopy:
    """An option of a component: its row, the engine's command, its comment, and what its figures do not rest on."""

    row: dict[str, Any]
    command: str
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """A component: what it is beside its options, its options, comments, and the name that it asked for."""

    row: dict[str, Any]
    copies: tuple[DraftedCopy, ...]
    remarks: tuple[str, ...]
    asked_name: str


def draft_component(wish: ModelWish, machinery: Mapping[str, Machinery], answers: Answers, taken: set[str]) -> Drafted:
    """The component of a model.

    `machinery`: the accelerators that may be rented, by kind.
    `taken`: names of components so far; the new one is added.
    Raises UsageError: the model or the engine is unknown (with the nearest name); `FitsNowhereError` if no copy fits on
    any of the accelerators (with what is needed).
    Raises DocumentError: the model's files are damaged.
    """
    model = read_model(wish.model, with_files=wish.checkpoint_gib is None)
    tokens, longest = wish.context_length or 0, model.architecture.context
    if longest is not None and tokens > longest:
        most = f"more than the {longest} of the model: give context_length={longest} or less"
        raise UsageError(f"{printable(model.name)}: a context of {tokens} tokens is {most}")
    measured = _measured(wish, model, answers)
    found: list[DraftedCopy] = []
    reasons: list[str] = []
    for device, rented in machinery.items():
        if measured is None:
            copies, against = _sized_copies(device, rented.most, model, wish, answers)
        else:
            copies, against = _measured_copies(device, rented.most, model, wish, measured, answers.engine)
        found += copies
        reasons += against
    if not found:
        told = "; ".join(reasons)
        raise FitsNowhereError(f"no copy of {printable(model.name)} fits: {told}")
    zones = len(set[str]().union(*(machinery[copy.row["on"][0]].zones(copy.row["accelerators"]) for copy in found)))
    if zones <= answers.survive_zones:
        lost = f"{answers.survive_zones} of the zones"
        raise UsageError(f"{printable(model.name)} can't survive the loss of {lost}: its machines are in {zones} alone")
    remarks = [*_load_words(wish, model, measured, answers), *reasons]
    amount = _amount(wish, answers, zones, [copy.row for copy in found], remarks)
    asked = wish.name or re.sub(r"[^a-z0-9.]+", "-", model.name.rpartition("/")[2].lower()).strip("-.") or "model"
    name = free_name(asked, taken, "-")
    taken.add(name)
    return Drafted({"name": name} | amount | _labels(found, answers), tuple(found), tuple(remarks), asked)


def _labels(copies: Sequence[DraftedCopy], answers: Answers) -> dict[str, dict[str, str]]:
    """What serves the copies, for exports: an image, and the command of each option."""
    commands = {f"{COMMAND}.{copy.row['name']}": copy.command for copy in copies if copy.command}
    return {"labels": {IMAGE: answers.image or _image(answers.engine)} | commands} if commands else {}


def _image(engine: str) -> str:
    """vLLM's own image, of the version that is asked for: without one the newest."""
    version = engine.partition("=")[2].strip("= v")
    return f"{_VLLM_IMAGE}:v{version}{'.0' * (version.count('.') == 1)}" if version else _VLLM_IMAGE


def _launch(wish: ModelWish, model: Model, engine: str, *, concurrency: int | None) -> Launch:
    """How a copy is started, by default with so many sequences at a time."""
    context = wish.context_length or min(CONTEXT_LENGTH, model.architecture.context or CONTEXT_LENGTH)
    return Launch(
        engine=engine,
        context_length=context,
        concurrency=wish.concurrency or concurrency,
        checkpoint_gib=wish.checkpoint_gib,
    )


def _load_words(wish: ModelWish, model: Model, measured: Measured | None, answers: Answers) -> Iterator[str]:
    share = answers.share
    if measured is None:
        launch = _launch(wish, model, answers.engine, concurrency=CONCURRENCY)
        sequences = words.count(launch.concurrency or 0, "sequence")
        yield f"{model.name}: {sequences} of {launch.context_length} tokens in a copy at a time."
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
    """What copies of a model serve, measured; None where nobody needs that."""
    if wish.rate is None or wish.throughput is not None:
        return None
    found = measured_of(model.name, answers.throughputs)
    if found is None:
        told = f"; {nearest_names(model.name, answers.throughputs)}" if answers.throughputs else ""
        way_out = "add throughput=N beside the rate, or its measurements with --profile FILE"
        raise UsageError(f"{printable(model.name)} has a rate, and nothing tells what one copy serves: {way_out}{told}")
    return found


def _sized_copies(
    device: str, most: int, model: Model, wish: ModelWish, answers: Answers
) -> tuple[list[DraftedCopy], list[str]]:
    """A copy on the fewest accelerators of a kind on which it fits; the reason when there is none."""
    reason = _NO_HOST if _is_known(device) else _UNKNOWN
    launch = _launch(wish, model, answers.engine, concurrency=CONCURRENCY)
    for degree in (2**power for power in range(most.bit_length() if _is_known(device) else 0)):
        sized = size(model, device, degree, launch)
        if sized.fits:
            row = sized.to_option() | _host(degree)
            row |= {"shared": True} if answers.share and degree == 1 else {}
            row |= {"throughput": wish.throughput} if wish.rate is not None else {}
            return [DraftedCopy(row, sized.command, notes=sized.notes)], []
        if sized.refused:
            return [], [f"not on {device}: {sized.reason}"]
        reason = f"{sized.reason} on {degree}" if degree > 1 else sized.reason
    return [], [f"not on {device}: {reason}"]


def _measured_copies(
    device: str, most: int, model: Model, wish: ModelWish, measured: Measured, engine: str
) -> tuple[list[DraftedCopy], list[str]]:
    """A copy on each number of accelerators of a kind on which one was measured; reasons against the others.

    As `placement profile options` writes them: not shared, since what a copy serves was measured while it had its
    accelerators to itself. The engine's command is told where it is known: of vLLM, of weights as they are stored.
    """
    here = sorted(count for kind, count in measured if kind == device)
    if not here:
        return [], [f"not on {device}: no measurement on it can be used"]
    found: list[DraftedCopy] = []
    reasons: list[str] = []
    for count in here:
        profile = measured[device, count]
        sized = _as_measured(model, wish, profile, engine)
        if count > most:
            reasons.append(f"not on {count} x {device}: {f'a machine has at most {most}' if most else _NO_HOST}")
        elif sized is not None and not sized.fits and (wish.context_length or wish.concurrency is not None):
            reasons.append(f"not on {count} x {device}: {sized.reason}")
        else:
            started = sized if sized is not None and sized.fits else None
            command, notes = (started.command, started.notes) if started else ("", ())
            row = profile.to_option() | _host(count)
            found.append(DraftedCopy(row, command, (f"profile: {profile.words}",), notes))
    return found, reasons


def _host(accelerators: int) -> dict[str, int]:
    return {"vcpus": VCPUS * accelerators, "memory_gib": MEMORY_GIB * accelerators}


def _as_measured(model: Model, wish: ModelWish, profile: Profile, engine: str) -> Sizing | None:
    """A copy in the memory that it was measured in; where that is not known, in what the engine takes by itself.

    Its context has room for the requests that were measured. The engine's share of the accelerator leaves room for what
    the engine does not count (its context, the safety margin), so that all is within the memory that is told. None:
    it was measured on another engine or in other weights than the model's, or nobody knows their size.
    """
    device, degree = profile.accelerator, profile.accelerators
    if profile.engine.lower() not in ("", "vllm") or not _is_known(device) or not _is_stored_so(model, profile):
        return None
    tokens = (profile.input_tokens or 0) + (profile.output_tokens or 0)
    launch = _launch(wish, model, _version_of(profile, engine), concurrency=None)
    launch = replace(launch, context_length=max(launch.context_length or 1, tokens))
    try:
        by_itself = size(model, device, degree, replace(launch, concurrency=None))
    except UsageError:
        return None
    if profile.memory_gib is None and launch.concurrency is None:
        return by_itself
    memory = by_itself.total_gib if profile.memory_gib is None else profile.memory_gib
    whole = size(model, device, degree, replace(launch, concurrency=None, utilization=1.0))
    uncounted = whole.total_gib - whole.usable_gib
    share = math.floor(round(1000 * (memory - uncounted) / whole.usable_gib, 6)) / 1000
    return size(model, device, degree, replace(launch, utilization=min(max(share, 0.001), 1.0)))


def _version_of(profile: Profile, engine: str) -> str:
    """The engine in the version that was measured, where no other is asked for and this one's constants are known."""
    if "=" in engine or not profile.version or profile.engine.lower() != engine:
        return engine
    try:
        find_engine(f"{engine}={profile.version}")
    except UsageError:
        return engine
    return f"{engine}={profile.version}"


def _is_stored_so(model: Model, profile: Profile) -> bool:
    """Whether a measurement was of the weights as the model's files have them, as far as it says."""
    told, quantisation = profile.precision.lower(), model.architecture.quantisation
    if quantisation is None:
        return told in _SIXTEEN_BITS
    return not told or quantisation.method in told or (bool(quantisation.bits) and str(quantisation.bits) in told)


def _amount(
    wish: ModelWish, answers: Answers, zones: int, options: Sequence[Mapping[str, Any]], remarks: list[str]
) -> dict[str, Any]:
    """Copies or demand, and what must be left when zones are lost."""
    survive = answers.survive_zones
    spread: dict[str, Any] = {"spread": {"min_zones": survive + 1}} if survive else {}
    if wish.rate is not None:
        if not survive:
            return {"demand": wish.rate}
        enough = math.ceil(round(wish.rate / min(option["throughput"] for option in options), 9))
        remarks.append(
            "Spread evenly over the zones, so a lost one takes its share of the copies. If the others must serve all "
            f"of the rate, write min_available_on_zone_loss: {enough}: as many serve it on any of these options."
        )
        even = {"spread": {"min_zones": survive + 1, "max_skew": 1}}
        return {"demand": wish.rate, "min_copies": survive + 1} | even | {"min_available_on_zone_loss": 1}
    copies = 1 if wish.copies is None else wish.copies
    if not survive or not copies:
        return {"copies": copies}
    if copies <= survive:
        remarks.append(
            f"{survive + 1} copies in place of {copies}, to survive the loss of {words.count(survive, 'zone')}."
        )
        copies = survive + 1
    left = max(1, copies - math.ceil(copies / max(zones, 2)))  # as many as an even spread leaves
    return {"copies": copies} | spread | {"min_available_on_zone_loss": left}
