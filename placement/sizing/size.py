"""How much memory a copy of a model takes on each GPU, part by part, and whether it fits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from placement import arguments
from placement.catalogue import accelerator as find_accelerator
from placement.errors import UsageError, nearest, printable
from placement.sizing.activation import Load, activation_bytes
from placement.sizing.engines import EngineFacts, find_engine
from placement.sizing.kv_cache import KvLayout, lay_out
from placement.sizing.read import Model, read_model
from placement.sizing.weights import weights_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from placement.catalogue import AcceleratorFacts
    from placement.sizing.startup_log import StartupLog

GIB = 2**30
_LARGE_GIB = 70  # from here on, but for the A100, vLLM's defaults are for many sequences
KV_DTYPES = {"auto": None, "fp8": 1, "fp8_e4m3": 1, "fp8_e5m2": 1, "int8": 1, "bfloat16": 2, "float16": 2, "float32": 4}
DTYPES = {"auto": None, "bfloat16": 2, "float16": 2, "half": 2, "float32": 4, "float": 4}


@dataclass(frozen=True, slots=True)
class Launch:
    """How an engine is started. None: as the engine does by itself.

    `context_length` is of prompt and answer together, tokens (`--max-model-len`); `concurrency` the sequences whose KV
    cache must be there at a time. `weights_gib` is on each GPU, as the engine logs it after loading; `checkpoint_gib`
    of all files together.
    """

    engine: str = "vllm"
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    utilization: float | None = None
    context_length: int | None = None
    concurrency: int | None = None
    kv_dtype: str = "auto"
    dtype: str = "auto"
    enforce_eager: bool = False
    pipeline_parallel: int = 1
    weights_gib: float | None = None
    checkpoint_gib: float | None = None
    memory_gib: float | None = None  # usable memory of the accelerator, in place of the catalogue's


@dataclass(frozen=True, slots=True)
class Sizing:
    """Memory of one copy on each of its GPUs, GiB; parts rounded up to hundredths, `kv_gib` down.

    `kv_gib` is the pool that the engine makes, `kv_tokens` what it holds. `total_gib` is the sum of all parts and the
    safety margin. `reason` says why a copy does not fit. `flags` are for the engine's command line. `measured` names
    the parts that come from a startup log.
    """

    model: str
    accelerator: str
    tensor_parallel: int
    context_gib: float
    weights_gib: float
    activation_gib: float
    non_torch_gib: float
    graphs_gib: float
    kv_gib: float
    kv_tokens: int
    margin_gib: float
    total_gib: float
    usable_gib: float
    fits: bool
    reason: str = ""
    flags: tuple[str, ...] = ()
    pipeline_parallel: int = 1
    measured: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def gpus(self) -> int:
        """GPUs of one copy."""
        return self.tensor_parallel * self.pipeline_parallel

    def to_row(self) -> dict[str, object]:
        """The row of ``placement size --format json``."""
        return {name: getattr(self, name) for name in ROW_KEYS}

    def to_option(self) -> dict[str, object]:
        """A row of `options:` of a problem: a copy owns its GPUs, and needs `total_gib` on each."""
        return {
            "name": f"{self.accelerator}-tp{self.tensor_parallel}".lower(),
            "accelerators": self.gpus,
            "accelerator_memory_gib": math.ceil(round(self.total_gib * 10, 6)) / 10,
            "on": [self.accelerator],
        }


ROW_KEYS = (
    "accelerator",
    "tensor_parallel",
    "context_gib",
    "weights_gib",
    "activation_gib",
    "non_torch_gib",
    "graphs_gib",
    "kv_gib",
    "kv_tokens",
    "total_gib",
    "fits",
)


@dataclass(slots=True)
class _Parts:
    """Parts in GiB while they are found, and which of them a log has measured."""

    context: float
    weights: float
    activation: float
    non_torch: float
    graphs: float
    margin: float
    measured: list[str] = field(default_factory=list)

    def replace(self, log: StartupLog) -> None:
        for name in ("context", "weights", "activation", "non_torch", "graphs"):
            value = getattr(log, f"{name}_gib")
            if value is not None:
                setattr(self, name, max(value, 0.0))
                self.measured.append(name)

    @property
    def beside_kv(self) -> float:
        """What the engine takes off its budget before the KV cache, graphs aside."""
        return self.weights + self.activation + self.non_torch


def size(
    model: Model | str | Path,
    accelerator: str,
    tensor_parallel: int = 1,
    launch: Launch | None = None,
    *,
    log: StartupLog | None = None,
) -> Sizing:
    """Memory of a copy of a model on each of its GPUs.

    Parameters
    ----------
    model : what `read_model` reads, or has read.
    accelerator : a name of the catalogue, such as ``H100``.
    tensor_parallel : GPUs over which each layer is split.
    launch : how the engine is started; by default as it is without options.
    log : measurements of a launch of the same kind, which replace estimates.

    Raises
    ------
    UsageError
        A name is not known, an argument means nothing, or the weights' size can't be told.
    DocumentError
        The model's files are damaged, or no model's.

    Notes
    -----
    With `launch.concurrency` and no `launch.utilization` the KV cache is as large as those sequences need. Otherwise it
    is what vLLM makes it: ``usable x utilization - (weights + activation + non-torch)``, and from 0.20 on also less the
    CUDA graphs. Without `launch.utilization` that is the engine's default, or less where it would leave no room for
    what the engine does not count: the context, CUDA graphs before 0.20, the safety margin.
    `docs/maths/memory-of-a-copy.md` has each part's formula and source.
    """
    launch = launch or Launch()
    _check(launch)
    degree = arguments.whole(
        "tensor_parallel", tensor_parallel, least=1, most=1024, rule="a whole number from 1 to 1024"
    )
    known = model if isinstance(model, Model) else read_model(model)
    gpu = find_accelerator(accelerator)
    usable = _usable_gib(gpu, launch)
    engine = launch.engine
    if log is not None and log.version is not None and "=" not in engine:
        engine = f"{engine}={log.version}"
    facts, _ = find_engine(engine)
    load = _load(known, gpu, usable, launch, facts, degree)
    parts = _parts(known, gpu, launch, facts, load)
    if log is not None:
        _check_log(log, degree, launch)
        parts.replace(log)
    layout = _layout(known, launch, load, facts)
    return _result(_Case(known, gpu.name, usable, launch, facts, load, parts, layout, log))


@dataclass(frozen=True, slots=True)
class _Case:
    """All that the last step needs."""

    model: Model
    accelerator: str
    usable: float
    launch: Launch
    facts: EngineFacts
    load: Load
    parts: _Parts
    layout: KvLayout
    log: StartupLog | None


def _check(launch: Launch) -> None:
    counts = ("max_num_seqs", "max_num_batched_tokens", "context_length", "concurrency", "pipeline_parallel")
    for name in counts:
        value = getattr(launch, name)
        if value is not None:
            arguments.whole(name, value, least=1, most=2**31, rule="a whole number of at least 1")
    for name in ("weights_gib", "checkpoint_gib", "memory_gib"):
        value = getattr(launch, name)
        if value is not None and arguments.number(name, value, most=2**20, rule="a number of GiB above 0") <= 0:
            raise UsageError(f"{name} must be a number of GiB above 0, got {value}")
    if launch.utilization is not None:
        share = arguments.number("utilization", launch.utilization, most=1.0, rule="a number above 0 and at most 1")
        if share <= 0:
            raise UsageError("utilization must be a number above 0 and at most 1, got 0")
    for name, known in (("kv_dtype", KV_DTYPES), ("dtype", DTYPES)):
        value = arguments.text(name, getattr(launch, name))
        if value not in known:
            raise UsageError(f'{name}: no type "{printable(value)}"; {nearest(value, known)}')


def _check_log(log: StartupLog, degree: int, launch: Launch) -> None:
    for name, ran, asked in (
        ("tensor-parallel", log.tensor_parallel, degree),
        ("pipeline-parallel", log.pipeline_parallel, launch.pipeline_parallel),
    ):
        if ran is not None and ran != asked:
            raise UsageError(
                f"{log.source} is of a launch at {name} degree {ran}, and {asked} is asked for: add --{name} {ran}, "
                "or give a log of that degree"
            )


def _usable_gib(gpu: AcceleratorFacts, launch: Launch) -> float:
    if launch.memory_gib is not None:
        return launch.memory_gib
    if gpu.usable_gib is None:
        raise UsageError(
            f"what {gpu.name} hands out of its {gpu.nominal_gb:g} GB is not in the catalogue; give it with --memory-gib"
        )
    return gpu.usable_gib


def _load(model: Model, gpu: AcceleratorFacts, usable: float, launch: Launch, facts: EngineFacts, degree: int) -> Load:
    """What the engine may do at a time; its defaults as `get_batch_defaults` in `vllm/engine/arg_utils.py` has them."""
    is_large = usable >= _LARGE_GIB and not gpu.name.startswith("A100")
    tokens = launch.max_num_batched_tokens or (8192 if is_large else 2048)
    sequences = launch.max_num_seqs or (1024 if is_large else 256)
    return Load(sequences, tokens, degree, DTYPES[launch.dtype] or model.architecture.dtype_bytes)


def _parts(model: Model, gpu: AcceleratorFacts, launch: Launch, facts: EngineFacts, load: Load) -> _Parts:
    figures = model.architecture
    has_experts = figures.experts is not None
    stage = -(-figures.layers // launch.pipeline_parallel)
    weights = launch.weights_gib
    if weights is None:
        weights = weights_bytes(model, load, launch.pipeline_parallel, launch.checkpoint_gib) / GIB
    return _Parts(
        context=facts.context_gib(load.tensor_parallel * launch.pipeline_parallel, has_experts=has_experts),
        weights=weights,
        activation=activation_bytes(figures, load, facts, gpu.compute_capability) / GIB,
        non_torch=facts.non_torch_gib(load.tensor_parallel, stage),
        graphs=0.0 if launch.enforce_eager else facts.graphs_gib(stage, has_experts=has_experts),
        margin=facts.margin,
    )


def _layout(model: Model, launch: Launch, load: Load, facts: EngineFacts) -> KvLayout:
    figures = model.architecture
    asked = KV_DTYPES[launch.kv_dtype]
    by_checkpoint = figures.quantisation.kv_bytes if figures.quantisation is not None else None
    kv_bytes = asked or by_checkpoint or load.dtype_bytes
    caches = figures.caches
    if launch.pipeline_parallel > 1:
        caches = caches[: -(-len(caches) // launch.pipeline_parallel)]  # the largest stage decides
    return lay_out(caches, load.tensor_parallel, kv_bytes, load.dtype_bytes)


def _result(case: _Case) -> Sizing:
    parts, launch, layout = case.parts, case.launch, case.layout
    context = launch.context_length or case.model.architecture.context or 8192
    need = layout.bytes_for(launch.concurrency or 1, context, case.load.batched_tokens) / GIB
    by_need = launch.concurrency is not None and launch.utilization is None
    share = launch.utilization or (case.log.utilization if case.log else None) or _default_share(case)
    pool = need if by_need else _pool(case, share)
    tokens = _tokens(case, max(pool, 0.0), context)
    margin = 0.15 if {"activation", "non_torch", "weights"} <= set(parts.measured) else parts.margin
    total = parts.context + parts.beside_kv + parts.graphs + max(pool, 0.0) + margin
    if case.log is not None and case.log.kv_tokens is not None and not by_need and launch.utilization is None:
        tokens = case.log.kv_tokens
    reason = _misfit(case, need, pool, total, share, by_need=by_need)
    return Sizing(
        model=case.model.name,
        accelerator=case.accelerator,
        tensor_parallel=case.load.tensor_parallel,
        pipeline_parallel=launch.pipeline_parallel,
        context_gib=_up(parts.context),
        weights_gib=_up(parts.weights),
        activation_gib=_up(parts.activation),
        non_torch_gib=_up(parts.non_torch),
        graphs_gib=_up(parts.graphs),
        kv_gib=_up(pool) if by_need else math.floor(round(max(pool, 0.0) * 100, 6)) / 100,
        kv_tokens=tokens,
        margin_gib=margin,
        total_gib=_up(total),
        usable_gib=case.usable,
        fits=not reason,
        reason=reason,
        flags=_flags(case, share, pool, tokens, by_need=by_need),
        measured=tuple(parts.measured),
        notes=_notes(case),
    )


def _default_share(case: _Case) -> float:
    """The engine's own default, or less, in hundredths, where what it does not count would have no room beside it."""
    parts = case.parts
    outside = parts.context + parts.margin + (0.0 if case.facts.graphs_in_budget else parts.graphs)
    most = math.floor(100 * (case.usable - outside) / case.usable) / 100
    return max(min(case.facts.utilization, most), 0.01)


def _pool(case: _Case, share: float) -> float:
    """The pool for the KV cache that vLLM makes of its budget."""
    asked_otherwise = case.launch.utilization not in (None, case.log.utilization if case.log else None)
    if case.log is not None and case.log.kv_gib is not None and not asked_otherwise:
        case.parts.measured.append("kv")
        return case.log.kv_gib
    graphs = case.parts.graphs if case.facts.graphs_in_budget else 0.0
    total = case.log.total_gib if case.log is not None and case.log.total_gib is not None else case.usable
    return total * share - case.parts.beside_kv - graphs


def _tokens(case: _Case, pool: float, context: int) -> int:
    if case.facts.tokens_by_context:
        return case.layout.tokens_at(pool * GIB, context, case.load.batched_tokens)
    return case.layout.tokens_in(pool * GIB)


def _misfit(case: _Case, need: float, pool: float, total: float, share: float, *, by_need: bool) -> str:
    """Why a copy does not fit; empty when it does."""
    figures, degree = case.model.architecture, case.load.tensor_parallel
    if figures.heads % degree:  # 0 where the config does not say: then nothing is known against it
        return f"{figures.heads} attention heads can't be split over {degree} GPUs"
    if case.launch.pipeline_parallel > figures.layers:
        return f"{figures.layers} layers can't be split over {case.launch.pipeline_parallel} stages"
    if pool <= 0:
        return f"{case.parts.beside_kv:.2f} GiB beside the KV cache are more than {case.usable * share:.2f} GiB"
    asked = case.launch.concurrency is not None or case.launch.context_length is not None
    if asked and not by_need and need > pool:
        return f"the KV cache asked for takes {need:.2f} GiB, and {pool:.2f} GiB are left for it"
    if total > case.usable:
        return f"{total:.2f} GiB are needed and {case.usable:.2f} GiB are there"
    return ""


def _flags(case: _Case, share: float, pool: float, tokens: int, *, by_need: bool) -> tuple[str, ...]:
    """What to add to the engine's command line, so that it does what was sized."""
    launch, facts = case.launch, case.facts
    flags = [f"--tensor-parallel-size {case.load.tensor_parallel}"]
    if launch.pipeline_parallel > 1:
        flags.append(f"--pipeline-parallel-size {launch.pipeline_parallel}")
    flags += [f"--max-num-seqs {case.load.sequences}", f"--max-num-batched-tokens {case.load.batched_tokens}"]
    length = launch.context_length or min(case.model.architecture.context or tokens, tokens)
    if length:
        flags.append(f"--max-model-len {length}")
    if by_need and facts.kv_flag:
        flags.append(f"{facts.kv_flag} {math.ceil(pool * GIB)}")
    elif by_need:
        graphs = case.parts.graphs if facts.graphs_in_budget else 0.0
        share = math.ceil(1000 * (case.parts.beside_kv + graphs + pool) / case.usable) / 1000
    if not (by_need and facts.kv_flag):
        flags.append(f"{facts.utilization_flag} {share:g}")
    if launch.kv_dtype != "auto":
        flags.append(f"--kv-cache-dtype {launch.kv_dtype}")
    if launch.dtype != "auto":
        flags.append(f"--dtype {launch.dtype}")
    return (*flags, "--enforce-eager") if launch.enforce_eager else tuple(flags)


def _notes(case: _Case) -> tuple[str, ...]:
    """What the estimate does not rest on measurements for."""
    notes: list[str] = []
    if not case.facts.measured:
        notes.append(
            f"constants of {case.facts.engine} from {case.facts.since} on are read from its source, not measured"
        )
    if case.load.tensor_parallel > 4:
        notes.append("non-torch memory and CUDA graphs were measured up to tensor-parallel degree 4")
    return tuple(notes)


def _up(value: float) -> float:
    """Rounded up to hundredths, unless a hair above one."""
    return math.ceil(round(max(value, 0.0) * 100, 6)) / 100
