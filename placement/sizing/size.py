"""How much memory a copy of a model takes on each GPU, part by part, and whether it fits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from placement import arguments
from placement.catalogue import accelerator as find_accelerator
from placement.errors import UsageError
from placement.sizing.activation import Load, activation_bytes
from placement.sizing.case import GIB, Case, Parts, command_flags, misfit, notes
from placement.sizing.engines import find_engine
from placement.sizing.kv_cache import lay_out
from placement.sizing.launch import DTYPES, KV_DTYPES, Launch, check
from placement.sizing.read import Model, read_model
from placement.sizing.sizing import Sizing
from placement.sizing.weights import weights_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from placement.catalogue import AcceleratorFacts
    from placement.sizing.engines import EngineFacts
    from placement.sizing.kv_cache import KvLayout
    from placement.sizing.startup_log import StartupLog

_NEAR = 0.02  # of the memory that a log reports: drivers differ by less


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
    check(launch)
    degree = arguments.whole(
        "tensor_parallel", tensor_parallel, least=1, most=1024, rule="a whole number from 1 to 1024"
    )
    known = model if isinstance(model, Model) else read_model(model, with_files=not launch.has_weights)
    gpu = find_accelerator(accelerator)
    usable = _usable_gib(gpu, launch)
    engine = launch.engine
    if log is not None and log.version is not None and "=" not in engine:
        engine = f"{engine}={log.version}"
    facts, _ = find_engine(engine)
    load = _load(known, gpu, usable, launch, facts, degree)
    parts = _parts(known, gpu, launch, facts, load)
    if log is not None:
        _check_log(log, degree, launch, usable)
        parts.replace(log)
    layout = _layout(known, launch, load, facts)
    return _result(Case(known, gpu.name, gpu.vendor, usable, launch, facts, load, parts, layout, log))


def _check_log(log: StartupLog, degree: int, launch: Launch, usable: float) -> None:
    """Refuse a log of another launch: its measurements would be of something else."""
    for name, ran, asked in (
        ("tensor-parallel", log.tensor_parallel, degree),
        ("pipeline-parallel", log.pipeline_parallel, launch.pipeline_parallel),
    ):
        if ran is not None and ran != asked:
            raise UsageError(
                f"{log.source} is of a launch at {name} degree {ran}, and {asked} is asked for: add --{name} {ran}, "
                "or give a log of that degree"
            )
    if log.total_gib is not None and abs(usable / log.total_gib - 1) > _NEAR:
        raise UsageError(
            f"{log.source} is of an accelerator with {log.total_gib:.2f} GiB, and {usable:.2f} GiB are asked for: give "
            "a log of that accelerator, or another --accelerator"
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
    tokens, sequences = facts.batch(gpu.name, usable)
    dtype_bytes = DTYPES[launch.dtype] or model.architecture.dtype_bytes
    return Load(launch.max_num_seqs or sequences, launch.max_num_batched_tokens or tokens, degree, dtype_bytes)


def _parts(model: Model, gpu: AcceleratorFacts, launch: Launch, facts: EngineFacts, load: Load) -> Parts:
    figures = model.architecture
    has_experts = figures.experts is not None
    stage = -(-figures.layers // launch.pipeline_parallel)
    weights = launch.weights_gib
    if weights is None:
        weights = weights_bytes(model, load, launch.pipeline_parallel, launch.checkpoint_gib) / GIB
    return Parts(
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


def _result(case: Case) -> Sizing:
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
    reason = misfit(case, need, pool, total, share, by_need=by_need)
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
        flags=command_flags(case, share, pool, tokens, by_need=by_need),
        measured=tuple(parts.measured),
        notes=notes(case),
    )


def _default_share(case: Case) -> float:
    """The engine's own default, or less, in hundredths, where what it does not count would have no room beside it."""
    parts = case.parts
    outside = parts.context + parts.margin + (0.0 if case.facts.graphs_in_budget else parts.graphs)
    most = math.floor(100 * (case.usable - outside) / case.usable) / 100
    return max(min(case.facts.utilization, most), 0.01)


def _pool(case: Case, share: float) -> float:
    """The pool for the KV cache that vLLM makes of its budget."""
    asked_otherwise = case.launch.utilization not in (None, case.log.utilization if case.log else None)
    if case.log is not None and case.log.kv_gib is not None and not asked_otherwise:
        case.parts.measured.append("kv")
        return case.log.kv_gib
    graphs = case.parts.graphs if case.facts.graphs_in_budget else 0.0
    total = case.log.total_gib if case.log is not None and case.log.total_gib is not None else case.usable
    return total * share - case.parts.beside_kv - graphs


def _tokens(case: Case, pool: float, context: int) -> int:
    if case.facts.tokens_by_context:
        return case.layout.tokens_at(pool * GIB, context, case.load.batched_tokens)
    return case.layout.tokens_in(pool * GIB)


def _up(value: float) -> float:
    """Rounded up to hundredths, unless a hair above one."""
    return math.ceil(round(max(value, 0.0) * 100, 6)) / 100
