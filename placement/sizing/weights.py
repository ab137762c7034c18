"""Bytes of a model's weights on each GPU of each stage of a pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement.sizing.allocator import unsplit_weights
from placement.units import BYTES_PER_GIB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.sizing.activation import Load
    from placement.sizing.launch import Launch
    from placement.sizing.read import Model
    from placement.sizing.stages import PipelineStage


@dataclass(frozen=True, slots=True)
class StageWeights:
    """Weights on each GPU of every stage, GiB; `given` is the stage that ``--weights-gib`` is of, None without it."""

    gib: tuple[float, ...]
    given: int | None = None


def weights_of(model: Model, load: Load, stages: Sequence[PipelineStage], launch: Launch) -> StageWeights:
    """Weights on each GPU: of the checkpoint's files, else parameters in the model's type, else as given.

    What is split over GPUs is divided by the tensor-parallel degree (heads of keys and values by at most their number);
    norms, routers and a latent's projections stand on each. Tables of sines and cosines are added, as the engine counts
    them as weights. What is no layer (embeddings, the output, an encoder) is in 16 bits in quantised checkpoints too.
    Weights that are given are of the stage whose own they are nearest to, the first of such; where the type of its
    layers is not known, of the first one, whose line the engine logs.

    Raises
    ------
    UsageError
        The model is quantised and no files are there, so that nobody knows its size.
    """
    if launch.weights_gib is None:
        total = launch.checkpoint_gib * BYTES_PER_GIB if launch.checkpoint_gib is not None else _total(model, load)
        return StageWeights(tuple(part / BYTES_PER_GIB for part in _of_total(model, load, stages, total)))
    if len(stages) == 1 or model.parameters is None:
        return StageWeights((launch.weights_gib,) * len(stages), 0)
    given = 0
    if model.architecture.quantisation is None:
        usual = _of_total(model, load, stages, model.parameters.total * load.dtype_bytes)
        away = [round(abs(part / BYTES_PER_GIB - launch.weights_gib), 2) for part in usual]  # a log has hundredths
        given = away.index(min(away))
    return StageWeights(_like(model, load, stages, launch.weights_gib, given), given)


def _of_total(model: Model, load: Load, stages: Sequence[PipelineStage], total: float) -> list[float]:
    """Bytes on each GPU of the stages, when all weights together have `total` bytes."""
    parameters, layers = model.parameters, model.architecture.layers
    if parameters is None:
        return [total / load.tensor_parallel * len(stage.layers) / layers + _tables(model, load) for stage in stages]
    outside = parameters.outer().total
    each = load.dtype_bytes if outside * load.dtype_bytes < total else total / parameters.total
    inside = (total - each * outside) / max(parameters.inner().total, 1)
    return [_on_stage(model, load, stage, each, inside) for stage in stages]


def _like(model: Model, load: Load, stages: Sequence[PipelineStage], gib: float, given: int) -> tuple[float, ...]:
    """GiB on each GPU of the stages, when one of them has so many."""
    assert model.parameters is not None
    zero, one = (_on_stage(model, load, stages[given], float(load.dtype_bytes), inside) for inside in (0.0, 1.0))
    inside = (gib * BYTES_PER_GIB - zero) / max(one - zero, 1.0)
    if inside <= 0:  # less than its embeddings take in 16 bits: nothing is known of how they are stored
        return (gib,) * len(stages)
    return tuple(_on_stage(model, load, stage, float(load.dtype_bytes), inside) / BYTES_PER_GIB for stage in stages)


def _on_stage(model: Model, load: Load, stage: PipelineStage, each: float, inside: float) -> float:
    """Bytes on a GPU of a stage, with so many bytes for a number outside of layers and inside of them."""
    assert model.parameters is not None
    degree, heads = load.tensor_parallel, model.architecture.kv_heads
    outer, inner = model.parameters.outer(stage), model.parameters.inner(stage)
    experts = model.architecture.experts
    part = None if experts is None else load.most_experts(experts.count) / (experts.count * load.expert_split)
    numbers = each * outer.held(degree, heads) + inside * inner.held(degree, heads, part)
    return numbers + _tables(model, load) + _unsplit(model, load, stage) + _copies(model, load, stage)


def _unsplit(model: Model, load: Load, stage: PipelineStage) -> int:
    """What the allocator takes beyond; of quantised weights nobody here knows the tensors."""
    if model.architecture.quantisation is not None:
        return 0
    return unsplit_weights(model.architecture, load, stage)


def _copies(model: Model, load: Load, stage: PipelineStage) -> float:
    """What brings a latent to keys and values, once more in the model's type: no kernel multiplies it in 8 bits.

    `process_weights_after_loading` in `vllm/model_executor/layers/attention/mla_attention.py`. Of weights in FP8 alone:
    other formats often leave that layer as it was.
    """
    figures = model.architecture
    if not figures.is_latent or figures.quantisation is None or figures.quantisation.method != "fp8":
        return 0.0
    assert model.parameters is not None
    return model.parameters.inner(stage).latent * load.dtype_bytes / load.tensor_parallel


def _tables(model: Model, load: Load) -> float:
    return model.architecture.rotary_bytes * load.dtype_bytes / model.architecture.dtype_bytes


def _total(model: Model, load: Load) -> float:
    """Bytes of all weights: of the checkpoint, or of models that are not quantised by their parameters."""
    if model.checkpoint is not None:
        stored = model.checkpoint.dtype_bytes or model.architecture.stored_bytes
        is_cast = model.architecture.quantisation is None and stored
        return model.checkpoint.total_bytes * (load.dtype_bytes / stored if is_cast else 1.0)
    way_out = (
        "name the folder that has model.safetensors.index.json or *.safetensors beside config.json, or give "
        "--weights-gib (on each GPU) or --checkpoint-gib (all files together) to placement size, and to placement init "
        "--model MODEL,checkpoint_gib=N"
    )
    quantisation = model.architecture.quantisation
    if quantisation is not None:
        bits = f", {quantisation.bits} bits" if quantisation.bits else ""
        how = f"{quantisation.method}{bits}"
        raise UsageError(f"{model.name} is quantised ({how}), so its parameters do not tell its size: {way_out}")
    if model.parameters is None:
        if model.uncounted:
            raise UsageError(f"{model.name}: what its {model.uncounted} tells of is not counted here: {way_out}")
        raise UsageError(f"{model.name}: its config has not all that its parameters are counted from: {way_out}")
    return float(model.parameters.total * load.dtype_bytes)
