"""How much memory a copy of a model takes on each GPU, part by part, and whether it fits."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from placement import arguments
from placement.catalogue import AcceleratorFacts
from placement.catalogue import accelerator as find_accelerator
from placement.errors import UsageError, printable
from placement.sizing.case import NO_CONTEXT, Case, cases_of
from placement.sizing.engines import refusal
from placement.sizing.launch import Launch, check
from placement.sizing.measured import check_launch, with_log
from placement.sizing.parameter_count import COMPARED
from placement.sizing.read import Model, read_model
from placement.sizing.sizing import MEMORY_KEYS, Sizing, StageSizing
from placement.sizing.startup_log import KV, KV_TOKENS, StartupLog
from placement.units import BYTES_PER_GIB

_NEARLY_ALL = 0.9  # of the parameters that are counted: all families that were compared are nearer


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
    reasons = (_misfit(case, pool, total, share, by_need=by_need) for case, pool in zip(cases, pools, strict=True))
    against = refusal(launch, first.model.architecture, first.gpu) if log is None else ""  # else it has run
    reason = against or next(filter(None, reasons), "")
    if by_need:
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
        flags=_command_flags(case, share, max(pools), tokens, is_held=is_held),
        stages=tuple(rows) if len(rows) > 1 else (),
        measured=(*case.parts.measured, *([KV] if has_pool else [])),
        notes=_notes(case, rows[fullest], shown_is_fullest=shown == fullest),
    )


def _misfit(case: Case, pool: float, total: float, share: float, *, by_need: bool) -> str:
    """Why a copy does not fit; empty when it does."""
    figures, degree = case.model.architecture, case.load.tensor_parallel
    if case.launch.expert_parallel and figures.experts is None:
        return "the model has no experts, and vLLM refuses --enable-expert-parallel then"
    kv_heads = sorted({cache.kv_heads for cache in figures.caches if cache.kv_heads})
    if unserved := [heads for heads in kv_heads if figures.heads % heads]:
        rule = f"must divide num_attention_heads, {figures.heads}, or no engine starts"
        return f"num_key_value_heads, {unserved[0]}, {rule}: the publisher's own config.json has both"
    if figures.heads % degree:  # 0 where the config does not say: then nothing is known against it
        return f"{figures.heads} attention heads can't be split over {degree} GPUs"
    if unsplit := [heads for heads in kv_heads if heads % degree and degree % heads]:
        return f"{unsplit[0]} key-value heads can be neither split over {degree} GPUs nor repeated on them"
    if (width := case.cut_width) is not None and figures.quantisation is not None:
        of = f"the {figures.quantisation.block} that share a scale in {figures.quantisation.method}"
        way_out = "; with --expert-parallel no expert is split" if case.cuts_experts else ""
        rule = f"each part must be a multiple of {of}{way_out}"
        return f"an inner width of {width} can't be split over {degree} GPUs: {rule}"
    most, length = figures.context, case.launch.context_length
    if most is not None and length is not None and length > most:
        return f"a context of {length} tokens is more than the {most} of the model"
    if not case.stage.layers:
        return f"{figures.layers} layers can't be split over {case.stage.count} stages"
    if pool <= 0:
        return f"{case.parts.beside_kv:.2f} GiB beside the KV cache are more than {case.usable * share:.2f} GiB"
    asked = case.launch.concurrency is not None or case.launch.context_length is not None
    if asked and not by_need and case.need > pool:
        return f"the KV cache asked for takes {case.need:.2f} GiB, and {pool:.2f} GiB are left for it"
    if total > case.usable:
        return f"{total:.2f} GiB are needed and {case.usable:.2f} GiB are there"
    return ""


def _command_flags(case: Case, share: float, pool: float, tokens: int, *, is_held: bool) -> tuple[str, ...]:
    """What to add to the engine's command line, so that it does what was sized; `is_held`: by the pool's size.

    The share stands there in any case: before it loads anything vLLM wants that much of the GPU free, also where it is
    told the pool's size (`request_memory` in `vllm/v1/worker/utils.py`). Its default leaves no room for a second copy.
    """
    launch, facts = case.launch, case.facts
    flags = [f"--tensor-parallel-size {case.load.tensor_parallel}"]
    if launch.pipeline_parallel > 1:
        flags.append(f"--pipeline-parallel-size {launch.pipeline_parallel}")
    if launch.expert_parallel:
        flags.append("--enable-expert-parallel")
    flags += [f"--max-num-seqs {case.load.sequences}", f"--max-num-batched-tokens {case.load.batched_tokens}"]
    length = launch.context_length or min(case.model.architecture.context or 0, tokens)
    if length:
        flags.append(f"--max-model-len {length}")
    flags.append(f"{facts.utilization_flag} {share:g}")
    if is_held and facts.kv_flag:
        flags.append(f"{facts.kv_flag} {math.ceil(pool * BYTES_PER_GIB)}")
    if launch.kv_dtype != "auto":
        flags.append(f"--kv-cache-dtype {launch.kv_dtype}")
    if launch.dtype != "auto":
        flags.append(f"--dtype {launch.dtype}")
    return (*flags, "--enforce-eager") if launch.enforce_eager else tuple(flags)


def _notes(case: Case, fullest: StageSizing, *, shown_is_fullest: bool) -> tuple[str, ...]:
    """What the estimate does not rest on measurements for, and which stage of a pipeline its parts are of."""
    found: list[str] = []
    if case.stage.count > 1 and case.stage.layers:
        has = "which has the least room" if shown_is_fullest else f"and stage {fullest.stage} has the least room"
        found.append(f"parts are of {case.stage}, {has}; tokens and total are of all stages")
    model = case.model
    is_counted = model.checkpoint is None and not case.launch.has_weights and "weights" not in case.parts.measured
    if is_counted and model.architecture.model_type not in COMPARED:
        family = printable(model.architecture.model_type) if model.architecture.model_type else "unnamed"
        found.append(
            f"weights are counted from the config, and no count for the family {family} was held against files: "
            "name the folder with its files, or give --checkpoint-gib"
        )
    if (sizes := _too_small(case)) is not None:
        found.append(
            f"the files of {printable(model.name)} have {sizes[0]:.2f} GiB of weights, and a model of its config has "
            f"{sizes[1]:.2f}: is a part of them missing, or are they an adapter? Fetch all, or give --checkpoint-gib"
        )
    if case.load.dtype_bytes == 4 and case.launch.dtype == "auto":
        found.append(
            f"{printable(model.name)} is loaded in 32 bits on {case.gpu.name}, which has no bfloat16: vLLM refuses "
            f"the family {model.architecture.model_type} in float16"
        )
    launch, most = case.launch, case.model.architecture.context
    if launch.context_length is None and most is None:
        found.append(
            f"the config names no longest context, so the engine takes its own, and {NO_CONTEXT:,} tokens are counted "
            "here: give --context-length"
        )
    elif launch.concurrency is not None and launch.context_length is None:
        found.append(f"each sequence has the model's longest context, {most:,} tokens: --context-length is not given")
    if not case.facts.measured:
        found.append(
            f"constants of {case.facts.engine} from {case.facts.since} on are read from its source, not measured"
        )
    if launch.expert_parallel:
        found.append("expert parallelism is counted from vLLM's source, and no launch with it was measured")
    if case.load.tensor_parallel > 4:
        found.append("non-torch memory and CUDA graphs were measured up to tensor-parallel degree 4")
    if case.gpu.vendor != "NVIDIA":
        found.append(f"constants were measured on NVIDIA's accelerators, and {case.gpu.name} is {case.gpu.vendor}'s")
    if case.log is not None and case.log.is_of_other_name(case.model.name):
        told = f"the startup log is of {printable(case.log.model or '')}, and {printable(case.model.name)} is sized"
        found.append(f"{told}: its measurements are only right if that is the same model")
    return tuple(found)


def _too_small(case: Case) -> tuple[float, float] | None:
    """GiB of the files' weights and of those that the config tells of, where the files have far less."""
    figures, parameters, checkpoint = case.model.architecture, case.model.parameters, case.model.checkpoint
    if checkpoint is None or parameters is None or figures.quantisation is not None or "weights" in case.parts.measured:
        return None
    usual = parameters.total * (checkpoint.dtype_bytes or figures.stored_bytes)
    if checkpoint.total_bytes >= _NEARLY_ALL * usual:
        return None
    return checkpoint.total_bytes / BYTES_PER_GIB, usual / BYTES_PER_GIB
