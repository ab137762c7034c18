"""Constants of the engines, by name and version, and what they refuse: the tables `engines.json` and `refusals.json`.

What an engine refuses to start with on an accelerator, it refuses however much memory there is. Each row has the least
compute capability on which something starts, from a version on, up to the next row of the same: a format of weights, a
type of the model or of the KV cache, or anything at all. What is in no row is not refused: where nobody here knows,
nothing is said.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, Self

from placement.catalogue import AcceleratorFacts
from placement.errors import UsageError, nearest, printable
from placement.sizing.architecture import Architecture
from placement.sizing.config import shipped
from placement.sizing.launch import Launch

_PLAIN = {"half": "float16", "float": "float32"}


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What holds of an engine from the version `since` on, up to the next row. Memory of one GPU, GiB.

    `batches` has the engine's defaults by the least memory they are for: GiB, new tokens and sequences of a batch.
    `context_*` is what is taken before the engine loads anything, on one GPU alone and on each of several (where a
    mixture of experts makes a second group for communication: `context_many_experts`). `non_torch_*` is what libraries
    take besides PyTorch while the model is profiled. `latent_workspace_mib` is made for latent attention while weights
    are loaded. `graphs_*` is the memory of all captured CUDA graphs. `errors_*`
    are the largest errors against measured launches that were left out when constants were fitted.
    """

    engine: str
    since: str
    utilization: float
    utilization_flag: str
    kv_flag: str
    batches: tuple[tuple[float, int, int], ...]
    tokens_by_context: bool
    graphs_in_budget: bool
    keeps_expert_buffers: bool
    latent_workspace_mib: float
    sampler_bytes: float
    sampler_buffer_rows: int
    cublas_mib: float
    cublas_mib_hopper: float
    context_one: float
    context_many: float
    context_many_experts: float
    non_torch_one: float
    non_torch_many: float
    non_torch_per_layer: Mapping[str, float]
    graphs_base: float
    graphs_per_layer: float
    graphs_experts: float
    margin: float
    measured: bool
    source: str

    def batch(self, accelerator: str, usable_gib: float) -> tuple[int, int]:
        """What the engine does at a time by itself: new tokens and sequences of a batch.

        More on accelerators with more memory, but for the A100 (`get_batch_defaults` in `vllm/engine/arg_utils.py`).
        """
        steps = self.batches[-1:] if accelerator.startswith("A100") else self.batches
        tokens, sequences = next((tokens, count) for least, tokens, count in steps if usable_gib >= least)
        return tokens, sequences

    def context_gib(self, gpus: int, *, has_experts: bool) -> float:
        """What is taken before anything is loaded, on each of so many GPUs."""
        if gpus == 1:
            return self.context_one
        return self.context_many_experts if has_experts else self.context_many

    def non_torch_gib(self, tensor_parallel: int, layers: int) -> float:
        """What libraries take while the model is profiled, on each GPU of a tensor-parallel group."""
        if tensor_parallel == 1:
            return self.non_torch_one
        steps = sorted(int(degree) for degree in self.non_torch_per_layer)
        degree = max((step for step in steps if step <= tensor_parallel), default=steps[0] if steps else 0)
        return self.non_torch_many + self.non_torch_per_layer.get(str(degree), 0.0) * layers

    def graphs_gib(self, layers: int, *, has_experts: bool) -> float:
        """Memory of all captured CUDA graphs, on each GPU."""
        return self.graphs_base + self.graphs_per_layer * layers + (self.graphs_experts if has_experts else 0.0)


def find_engine(text: str) -> tuple[EngineFacts, str]:
    """The row for an engine written as ``vllm`` or ``vllm=0.19``, and the version that was asked for.

    A version has the row of the newest version that is not newer; without one, it is the newest row.
    Raises UsageError: the engine is not in the table, or the version is none, or older than all rows.

    >>> find_engine("vllm=0.19.1")[0].since
    '0.18'
    """
    name, _, version = text.replace("==", "=").partition("=")
    name, version = name.strip().lower(), version.strip().lstrip("v")
    rows = [facts for facts in engines() if facts.engine == name]
    if not rows:
        known = list(dict.fromkeys(facts.engine for facts in engines()))
        raise UsageError(f'no engine "{printable(name)}" has constants here; {nearest(name, known)}')
    if not version:
        return rows[-1], rows[-1].since
    asked = version_key(version)
    if asked is None:
        raise UsageError(f'--engine {printable(text)}: "{printable(version)}" is no version; write {name}=0.19')
    fitting = [facts for facts in rows if (version_key(facts.since) or ()) <= asked]
    if not fitting:
        raise UsageError(
            f"{name} {printable(version)} is older than all constants here, which start with {rows[0].since}"
        )
    return fitting[-1], version


def version_key(version: str) -> tuple[int, ...] | None:
    """The numbers of a version, to be compared: (0, 19) of 0.19; None where it does not start with one."""
    found = re.match(r"\d{1,6}(\.\d{1,6})*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else None


@cache
def engines() -> tuple[EngineFacts, ...]:
    """All rows, oldest version first. A row has what it changes; the rest is as in the row before it."""
    rows: list[EngineFacts] = []
    before: dict[str, Any] = {}
    names = {field.name for field in fields(EngineFacts)}
    for row in shipped("engines.json"):
        before = before | row if before.get("engine") == row["engine"] else dict(row)
        values = {name: before[name] for name in names}
        rows.append(EngineFacts(**values | {"batches": tuple(tuple(step) for step in before["batches"])}))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row: what starts from the compute capability `least` on, (0, 0) for all, None for none.

    `subject` is "gpu", "dtype", "weights" or "kv", `name` the type or format. With `where` the row is of models of that
    family, or of weights in that format, alone.
    """

    engine: str
    subject: str
    name: str
    where: str
    since: tuple[int, ...]
    least: tuple[int, int] | None
    source: str


@dataclass(frozen=True, slots=True)
class Asked:
    """An engine and a version of it, a model and an accelerator, about which something is asked."""

    engine: str
    version: str
    figures: Architecture
    gpu: AcceleratorFacts

    @classmethod
    def of(cls, launch: Launch, figures: Architecture, gpu: AcceleratorFacts) -> Self:
        facts, version = find_engine(launch.engine)
        return cls(facts.engine, version, figures, gpu)

    @property
    def weights(self) -> str:
        """The format of the weights, empty where they are as they were trained."""
        return self.figures.quantisation.format if self.figures.quantisation is not None else ""

    def refused(self, subject: str, name: str = "") -> Refusal | None:
        """The row that refuses something, None where none does."""
        wheres = ("", self.figures.model_type, self.weights)
        rows = (row for row in _newest(self.engine, self.version, subject, name) if row.where in wheres)
        return next((row for row in rows if _is_below(self.gpu, row.least)), None)


def _newest(engine: str, version: str, subject: str, name: str = "") -> Iterable[Refusal]:
    """Of the rows on one thing those that count for a version: the newest for each family or format."""
    found: dict[str, Refusal] = {}
    for row in refusals():
        is_it = (row.engine, row.subject, row.name) == (engine, subject, name)
        if is_it and row.since <= (version_key(version) or ()):
            found[row.where] = row
    return found.values()


def _is_below(gpu: AcceleratorFacts, least: tuple[int, int] | None) -> bool:
    return least is None or (gpu.compute_capability is not None and gpu.compute_capability < least)


def starts_on(engine: str, gpu: AcceleratorFacts) -> bool:
    """Whether an engine, such as ``vllm=0.19``, starts on an accelerator with any model, as far as that is known."""
    facts, version = find_engine(engine)
    return not any(_is_below(gpu, row.least) for row in _newest(facts.engine, version, "gpu"))


def is_loaded_in_32_bits(launch: Launch, figures: Architecture, gpu: AcceleratorFacts) -> bool:
    """Whether the engine takes 32 bits by itself, as it refuses a family both types of 16 bits on an accelerator."""
    asked = Asked.of(launch, replace(figures, quantisation=None), gpu)  # it looks at the format of weights later
    return launch.dtype == "auto" and all(asked.refused("dtype", name) for name in ("bfloat16", "float16"))


def refusal(launch: Launch, figures: Architecture, gpu: AcceleratorFacts) -> str:
    """Why the engine would not start so, in words; empty where nothing is known against it."""
    asked = Asked.of(launch, figures, gpu)
    for subject, name in _subjects(launch, figures, gpu, asked.weights):
        row = asked.refused(subject, name)
        if row is not None:
            return _words(row, asked, is_asked=subject != "dtype" or launch.dtype != "auto")
    return ""


def _subjects(launch: Launch, figures: Architecture, gpu: AcceleratorFacts, weights: str) -> Iterator[tuple[str, str]]:
    """All that a launch needs of the engine."""
    yield "gpu", ""
    if weights:
        yield "weights", weights
    if launch.dtype != "auto":
        yield "dtype", _PLAIN.get(launch.dtype, launch.dtype)
    elif is_loaded_in_32_bits(launch, figures, gpu):
        yield "dtype", "float32"
    if kv := _kv_dtype(launch, figures):
        yield "kv", kv


def _kv_dtype(launch: Launch, figures: Architecture) -> str:
    """The type of the KV cache, if it is not the model's own."""
    kv = launch.kv_dtype
    if kv == "auto":
        is_stored_so = figures.quantisation is not None and figures.quantisation.kv_bytes == 1
        kv = "fp8" if is_stored_so else ""
    return f"latent {kv}" if kv and figures.is_latent else kv


def _words(row: Refusal, asked: Asked, *, is_asked: bool) -> str:
    engine, gpu = f"{asked.engine} {asked.version}", asked.gpu.name
    kind = "weights in" if row.where == asked.weights else "the family"
    of = f" for {kind} {row.where}" if row.where else ""
    if row.subject == "dtype" and not is_asked:
        return f"{engine} refuses {row.name}{of}, and has no type of 16 bits for {asked.figures.model_type} on {gpu}"
    way_out = _way_out(row)
    name = f"{row.name.removeprefix('latent ')}{' of latent attention' if row.name.startswith('latent ') else ''}"
    what = {"weights": "weights in ", "kv": "a KV cache in "}.get(row.subject, "") + name
    if row.least is None:
        return f"{engine} refuses {what}{of}{way_out}"
    has, least = (".".join(map(str, pair)) for pair in (asked.gpu.compute_capability or (), row.least))
    needs = f"{engine} needs" if row.subject == "gpu" else f"{engine} refuses {what}{of} below"
    return f"{needs} compute capability {least}, and {gpu} has {has}{way_out}"


def _way_out(row: Refusal) -> str:
    if row.subject == "gpu" and row.since > min(other.since for other in refusals()):
        return f"; versions before {'.'.join(map(str, row.since))} may run there: --engine {row.engine}=VERSION"
    option = {"dtype": "--dtype", "kv": "--kv-dtype"}.get(row.subject)
    return f"; give another {option}" if option else ""


@cache
def refusals() -> tuple[Refusal, ...]:
    """All rows, one for each name and each family or format; of the same the oldest version first."""
    return tuple(
        Refusal(
            engine=row["engine"],
            subject=row["of"],
            name=name,
            where=where,
            since=version_key(row["since"]) or (),
            least=None if row["least"] is None else (row["least"][0], row["least"][1]),
            source=row["source"],
        )
        for row in shipped("refusals.json")
        for name in row.get("names", [""])
        for where in row.get("where", [""])
    )
