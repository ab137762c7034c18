"""What is said of a copy that is sized: why it does not fit, the engine's flags, what is not measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from placement.errors import printable
from placement.sizing.case import NO_CONTEXT, Case
from placement.sizing.parameter_count import COMPARED
from placement.sizing.refusals import refusal
from placement.units import BYTES_PER_GIB

if TYPE_CHECKING:
    from placement.sizing.sizing import StageSizing

_NEARLY_ALL = 0.9  # of the parameters that are counted: all families that were compared are nearer


def refused(case: Case) -> str:
    """Why the engine would not start; empty where nothing is known against it, or where it has run."""
    return refusal(case.launch, case.model.architecture, case.gpu) if case.log is None else ""


def misfit(case: Case, pool: float, total: float, share: float, *, by_need: bool) -> str:
    """Why a copy does not fit; empty when it does."""
    figures, degree = case.model.architecture, case.load.tensor_parallel
    if case.launch.expert_parallel and figures.experts is None:
        return "the model has no experts, and vLLM refuses --enable-expert-parallel then"
    if (heads := case.unserved_heads) is not None:
        rule = f"num_key_value_heads, {heads}, must divide num_attention_heads, {figures.heads}, or no engine starts"
        return f"{rule}: the publisher's own config.json has both"
    if figures.heads % degree:  # 0 where the config does not say: then nothing is known against it
        return f"{figures.heads} attention heads can't be split over {degree} GPUs"
    if (heads := case.unsplit_kv_heads) is not None:
        return f"{heads} key-value heads can be neither split over {degree} GPUs nor repeated on them"
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


def command_flags(case: Case, share: float, pool: float, tokens: int, *, is_held: bool) -> tuple[str, ...]:
    """What to add to the engine's command line, so that it does what was sized; `is_held`: by the pool's size."""
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
    if is_held and facts.kv_flag:
        flags.append(f"{facts.kv_flag} {math.ceil(pool * BYTES_PER_GIB)}")
    else:
        flags.append(f"{facts.utilization_flag} {share:g}")
    if launch.kv_dtype != "auto":
        flags.append(f"--kv-cache-dtype {launch.kv_dtype}")
    if launch.dtype != "auto":
        flags.append(f"--dtype {launch.dtype}")
    return (*flags, "--enforce-eager") if launch.enforce_eager else tuple(flags)


def notes(case: Case, fullest: StageSizing, *, shown_is_fullest: bool) -> tuple[str, ...]:
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
