"""How much memory a copy of a model takes on each GPU, part by part, and whether it fits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from placement import arguments
from placement.catalogue import accelerator as find_accelerator
from placement.errors import UsageError
from placement.sizing.activation import Load, activation_bytes
from placement.sizing.case import NO_CONTEXT, Case, Parts, command_flags, misfit, notes
from placement.sizing.engines import find_engine
from placement.sizing.kv_cache import lay_out
from placement.sizing.launch import DTYPES, KV_DTYPES, Launch, check
from placement.sizing.measured import (
    KV,
    KV_TOKENS,
    PARTS,
    check_launch,
    check_pool,
    check_tokens,
    check_weights,
    what_holds,
)
from placement.sizing.read import Model, read_model
from placement.sizing.sizing import MEMORY_KEYS, Sizing, StageSizing
from placement.sizing.stages import split
from placement.sizing.weights import weights_of
from placement.units import BYTES_PER_GIB

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from placement.catalogue import AcceleratorFacts
    from placement.sizing.engines import EngineFacts
    from placement.sizing.kv_cache import KvLayout
    from placement.sizing.stages import PipelineStage
    from placement.sizing.startup_log import StartupLog


_Cases = tuple[list[Case], int | None]


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
    if log is not None:
        check_launch(log, degree, launch, usable)
    cases, given = _cases(known, gpu, usable, launch if log is None else log.filled(launch), degree)
    if log is not None:
        ran = log.filled(Launch(launch.engine, weights_gib=launch.weights_gib, checkpoint_gib=launch.checkpoint_gib))
        then, _ = _cases(known, gpu, usable, replace(ran, pipeline_parallel=launch.pipeline_parallel), degree)
        cases = _measured(cases, then, log, launch)
    return _result(cases, launch.utilization, given)


def _cases(model: Model, gpu: AcceleratorFacts, usable: float, launch: Launch, degree: int) -> _Cases:
    """The stages of a copy by estimates, and of which of them weights were given."""
    facts, _ = find_engine(launch.engine)
    load = _load(model, gpu, usable, launch, facts, degree)
    stages = split(model.architecture.layers, launch.pipeline_parallel)
    weights = weights_of(model, load, stages, launch)
    cases = [
        Case(
            model=model,
            accelerator=gpu.name,
            vendor=gpu.vendor,
            usable=usable,
            launch=launch,
            facts=facts,
            load=load,
            stage=stage,
            parts=_parts(model, gpu, launch, facts, load, stage, gib),
            layout=_layout(model, launch, load, stage),
        )
        for stage, gib in zip(stages, weights.gib, strict=True)
    ]
    return cases, weights.given


def _measured(cases: Sequence[Case], then: Sequence[Case], log: StartupLog, launch: Launch) -> list[Case]:
    """The cases with what a log has measured of them, as far as it holds for what is asked for.

    `then` are the stages as they ran, by estimates: a log that does not go with those is of something else.
    """
    first, ran = cases[0], then[0]
    check_weights(log, ran.model.name, launch, [case.parts.weights for case in then])
    pool, context = (log.kv_gib or 0.0) * BYTES_PER_GIB, _context(ran.model, ran.launch)
    check_tokens(log, ran.model.name, [_tokens(case.layout, case.facts, case.load, pool, context) for case in then])
    for case in then:
        case.parts.replace(log, PARTS)
    check_pool(
        log, ran.accelerator, ran.usable, [_pool(case, log.utilization or case.facts.utilization) for case in then]
    )
    holds = what_holds(log, launch, first.load, ran.load, first.facts)
    for case in cases:
        case.parts.replace(log, holds)
    return [replace(case, log=log, holds=holds) for case in cases]


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


def _parts(
    model: Model,
    gpu: AcceleratorFacts,
    launch: Launch,
    facts: EngineFacts,
    load: Load,
    stage: PipelineStage,
    weights: float,
) -> Parts:
    figures, layers = model.architecture, len(stage.layers)
    has_experts = figures.experts is not None
    return Parts(
        context=facts.context_gib(load.tensor_parallel * stage.count, has_experts=has_experts),
        weights=weights,
        activation=activation_bytes(figures, load, facts, gpu.compute_capability, stage) / BYTES_PER_GIB,
        non_torch=facts.non_torch_gib(load.tensor_parallel, layers),
        graphs=0.0 if launch.enforce_eager else facts.graphs_gib(layers, has_experts=has_experts),
        margin=facts.margin,
    )


def _layout(model: Model, launch: Launch, load: Load, stage: PipelineStage) -> KvLayout:
    figures = model.architecture
    asked = KV_DTYPES[launch.kv_dtype]
    by_checkpoint = figures.quantisation.kv_bytes if figures.quantisation is not None else None
    kv_bytes = asked or by_checkpoint or load.dtype_bytes
    start, end = (sum(map(len, figures.kept[:layer])) for layer in (stage.layers.start, stage.layers.stop))
    return lay_out(figures.caches, load.tensor_parallel, kv_bytes, load.dtype_bytes, range(start, end))


def _result(cases: Sequence[Case], utilization: float | None, given: int | None) -> Sizing:
    """The answer, from all stages: each must fit, and sequences have room where the least of their tokens have.

    Its parts are of the stage whose weights were `given`, else of the one with the least room.
    """
    first = cases[0]
    launch, log, facts = first.launch, first.log, first.facts
    context = _context(first.model, launch)
    needs = [
        case.layout.bytes_for(launch.concurrency or 1, context, case.load.batched_tokens) / BYTES_PER_GIB
        for case in cases
    ]
    by_need = launch.concurrency is not None and utilization is None
    share = utilization or (log.utilization if log else None) or min(map(_default_share, cases))
    pools = needs if by_need else [_pool(case, share) for case in cases]
    counts = [
        _tokens(case.layout, facts, case.load, pool * BYTES_PER_GIB, context)
        for case, pool in zip(cases, pools, strict=True)
    ]
    tokens = min((n for n, case in zip(counts, cases, strict=True) if case.layout.block_bytes), default=0)
    if log is not None and log.kv_tokens is not None and KV_TOKENS in first.holds and not by_need:
        tokens = log.kv_tokens
    rows = [_row(case, pool, n, by_need=by_need) for case, pool, n in zip(cases, pools, counts, strict=True)]
    fullest = max(range(len(cases)), key=lambda k: (-counts[k], rows[k].total_gib))
    shown = fullest if given is None or len(cases) == 1 else given
    total = max(row.total_gib for row in rows)
    reasons = (
        misfit(case, need, pool, total, share, by_need=by_need)
        for case, need, pool in zip(cases, needs, pools, strict=True)
    )
    reason = next(filter(None, reasons), "")
    if by_need and not facts.kv_flag:
        share = max(case.share_for(pool) for case, pool in zip(cases, pools, strict=True))
    row, case = rows[shown], cases[shown]
    return Sizing(
        **{name: getattr(row, name) for name in MEMORY_KEYS} | {"kv_tokens": tokens, "total_gib": total},
        model=case.model.name,
        accelerator=case.accelerator,
        tensor_parallel=case.load.tensor_parallel,
        pipeline_parallel=launch.pipeline_parallel,
        usable_gib=case.usable,
        fits=not reason,
        reason=reason,
        flags=command_flags(case, share, max(pools), tokens, by_need=by_need),
        stages=tuple(rows) if len(rows) > 1 else (),
        measured=(
            *case.parts.measured,
            *([KV] if KV in case.holds and log and log.kv_gib is not None and not by_need else []),
        ),
        notes=notes(case, rows[fullest], shown_is_fullest=shown == fullest),
    )


def _row(case: Case, pool: float, tokens: int, *, by_need: bool) -> StageSizing:
    """The parts of one stage, rounded."""
    parts = case.parts
    margin = 0.15 if {"activation", "non_torch", "weights"} <= set(parts.measured) else parts.margin
    return StageSizing(
        stage=case.stage.number + 1,
        layers=len(case.stage.layers),
        context_gib=_up(parts.context),
        weights_gib=_up(parts.weights),
        activation_gib=_up(parts.activation),
        non_torch_gib=_up(parts.non_torch),
        graphs_gib=_up(parts.graphs),
        kv_gib=_up(pool) if by_need else math.floor(round(max(pool, 0.0) * 100, 6)) / 100,
        kv_tokens=tokens,
        margin_gib=margin,
        total_gib=_up(parts.context + parts.beside_kv + parts.graphs + max(pool, 0.0) + margin),
    )


def _default_share(case: Case) -> float:
    """The engine's own default, or less, in hundredths, where what it does not count would have no room beside it."""
    parts = case.parts
    outside = parts.context + parts.margin + (0.0 if case.facts.graphs_in_budget else parts.graphs)
    most = math.floor(100 * (case.usable - outside) / case.usable) / 100
    return max(min(case.facts.utilization, most), 0.01)


def _pool(case: Case, share: float) -> float:
    """The pool for the KV cache that vLLM makes of its budget."""
    if case.log is not None and case.log.kv_gib is not None and KV in case.holds:
        return case.log.kv_gib
    total = case.log.total_gib if case.log is not None and case.launch.memory_gib is None else None
    return (total or case.usable) * share - case.beside_pool


def _tokens(layout: KvLayout, facts: EngineFacts, load: Load, pool_bytes: float, context: int) -> int:
    if facts.tokens_by_context:
        return layout.tokens_at(pool_bytes, context, load.batched_tokens)
    return layout.tokens_in(pool_bytes)


def _context(model: Model, launch: Launch) -> int:
    """Tokens of one sequence at most."""
    return launch.context_length or model.architecture.context or NO_CONTEXT


def _up(value: float) -> float:
    """Rounded up to hundredths, unless a hair above one."""
    return math.ceil(round(max(value, 0.0) * 100, 6)) / 100
