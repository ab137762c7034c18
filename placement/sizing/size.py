"""How much memory a copy of a model takes on each GPU, part by part, and whether it fits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from placement import arguments
from placement.catalogue import AcceleratorFacts
from placement.catalogue import accelerator as find_accelerator
from placement.errors import UsageError
from placement.sizing.case import Case, cases_of
from placement.sizing.launch import Launch, check
from placement.sizing.measured import check_launch, with_log
from placement.sizing.read import Model, read_model
from placement.sizing.remarks import command_flags, misfit, notes, refused
from placement.sizing.sizing import MEMORY_KEYS, Sizing
from placement.sizing.startup_log import KV, KV_TOKENS, StartupLog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def size(
    model: Model | str | Path,
    accelerator: str,
    tensor_parallel: int = 1,
    launch: Launch | None = None,
    *,
    log: StartupLog | None = None,
) -> Sizing:
    """Memory of a copy of a model on each of its GPUs.

    `model`: what `read_model` reads, or has read.
    `accelerator`: a name of the catalogue, such as ``H100``.
    `tensor_parallel`: GPUs over which each layer is split.
    `launch`: how the engine is started; by default as it is without options.
    `log`: measurements of a launch of the same kind, which replace estimates.

    With `launch.concurrency` and no `launch.utilization` the KV cache is as large as those sequences need. Otherwise it
    is what vLLM makes it: ``usable x utilization - (weights + activation + non-torch)``, and from 0.20 on also less the
    CUDA graphs. Without `launch.utilization` that is the engine's default, or less where it would leave no room for
    what the engine does not count: the context, CUDA graphs before 0.20, the safety margin.
    `docs/maths/memory-of-a-copy.md` has each part's formula and source.
    Raises UsageError: a name is not known, an argument means nothing, or the weights' size can't be told.
    Raises DocumentError: the model's files are damaged, or no model's.
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
    cases, given = cases_of(known, gpu, usable, launch if log is None else log.filled(launch), degree)
    if log is not None:
        ran = log.filled(Launch(launch.engine, weights_gib=launch.weights_gib, checkpoint_gib=launch.checkpoint_gib))
        then, _ = cases_of(known, gpu, usable, replace(ran, pipeline_parallel=launch.pipeline_parallel), degree)
        cases = with_log(cases, then, log, launch)
    return _result(cases, launch.utilization, given)


def _usable_gib(gpu: AcceleratorFacts, launch: Launch) -> float:
    if launch.memory_gib is not None:
        return launch.memory_gib
    if gpu.usable_gib is None:
        raise UsageError(
            f"what {gpu.name} hands out of its {gpu.nominal_gb:g} GB is not in the catalogue; give it with --memory-gib"
        )
    return gpu.usable_gib


def _result(cases: Sequence[Case], utilization: float | None, given: int | None) -> Sizing:
    """The answer, from all stages: each must fit, and sequences have room where the least of their tokens have.

    Its parts are of the stage whose weights were `given`, else of the one with the least room.
    """
    first = cases[0]
    launch, log = first.launch, first.log
    by_need = launch.concurrency is not None and utilization is None
    share = utilization or (log.utilization if log else None) or min(case.default_share for case in cases)
    pools = [case.need if by_need else case.pool(share) for case in cases]
    rows = [case.row(pool, by_need=by_need) for case, pool in zip(cases, pools, strict=True)]
    total = max(row.total_gib for row in rows)
    tokens = min((row.kv_tokens for row, case in zip(rows, cases, strict=True) if case.layout.block_bytes), default=0)
    if log is not None and log.kv_tokens is not None and KV_TOKENS in first.holds and not by_need:
        tokens = log.kv_tokens
    fullest = max(range(len(cases)), key=lambda k: (-rows[k].kv_tokens, rows[k].total_gib))
    shown = fullest if given is None or len(cases) == 1 else given
    reasons = (misfit(case, pool, total, share, by_need=by_need) for case, pool in zip(cases, pools, strict=True))
    against = refused(first)
    reason = against or next(filter(None, reasons), "")
    if by_need and not first.facts.kv_flag:
        share = max(case.share_for(pool) for case, pool in zip(cases, pools, strict=True))
    row, case = rows[shown], cases[shown]
    has_pool = log is not None and log.kv_gib is not None and KV in case.holds and not by_need
    is_held = by_need or (has_pool and log is not None and log.kv_is_given)
    return Sizing(
        **{name: getattr(row, name) for name in MEMORY_KEYS} | {"kv_tokens": tokens, "total_gib": total},
        model=case.model.name,
        accelerator=case.gpu.name,
        tensor_parallel=case.load.tensor_parallel,
        pipeline_parallel=launch.pipeline_parallel,
        usable_gib=case.usable,
        fits=not reason,
        reason=reason,
        refused=bool(against),
        flags=command_flags(case, share, max(pools), tokens, is_held=is_held),
        stages=tuple(rows) if len(rows) > 1 else (),
        measured=(*case.parts.measured, *([KV] if has_pool else [])),
        notes=notes(case, rows[fullest], shown_is_fullest=shown == fullest),
    )
