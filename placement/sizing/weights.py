"""Bytes of a model's weights on each GPU of each stage of a pipeline.

Beyond their own bytes PyTorch's allocator takes what is left of segments: tensors of 10 MiB and more have one of their
own, a multiple of 2 MiB, and its rest is split off for others only above 1 MiB: a tensor of 231 MiB counts as 232
(`get_allocation_size` and `should_split` in `c10/cuda/CUDACachingAllocator.cpp`). Of smaller ones nothing is counted.

Experts in MXFP4 (gpt-oss) are as the engine's kernels lay them out: 4 bits a number, and 8 for the scale of 32. Shapes
are rounded up to what a kernel takes (`mxfp4_round_up_hidden_size_and_intermediate_size` in
`vllm/model_executor/layers/fused_moe/oracle/mxfp4.py`). On Hopper it is Triton's: values are padded once more when they
are laid out anew, scales too (`HopperMXValueLayout` and `HopperMXScaleLayout` of `triton_kernels`), the scales as they
were loaded stay beside those, and biases become numbers of 32 bits. Read in vLLM 0.19, where two launches agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from placement.catalogue import AcceleratorFacts
from placement.errors import UsageError
from placement.sizing.activation import Load
from placement.sizing.architecture import Architecture, Cache, Experts, LayerKind, PipelineStage
from placement.sizing.engines import EngineFacts
from placement.sizing.launch import Launch
from placement.sizing.parameter_count import UNGATED, padded_vocabulary
from placement.sizing.read import Model
from placement.units import BYTES_PER_GIB, BYTES_PER_MIB

_LEAST = 10 * BYTES_PER_MIB  # of a tensor with a segment of its own
_SEGMENT = 2 * BYTES_PER_MIB
_KEPT = 1 * BYTES_PER_MIB  # of a segment at most, beyond the tensor
_BLOCK = 32  # numbers that share a scale
_HOPPER, _BLACKWELL, _NEWER = (9, 0), (10, 0), (11, 0)  # compute capabilities from which on a kernel is another
_VALUES, _SCALE_ROWS, _SCALE_COLUMNS = 64, 256, 2  # multiples of Hopper's layouts
_BIASED = ("gpt_oss",)


def weights_of(
    model: Model, load: Load, stages: Sequence[PipelineStage], launch: Launch, facts: EngineFacts, gpu: AcceleratorFacts
) -> tuple[tuple[float, ...], int | None]:
    """Weights on each GPU of every stage, GiB, and the stage that ``--weights-gib`` is of, None without it.

    They are of the checkpoint's files, else parameters in the model's type, else as given.

    What is split over GPUs is divided by the tensor-parallel degree (heads of keys and values by at most their number);
    norms, routers and a latent's projections stand on each. Tables of sines and cosines are added, as the engine counts
    them as weights. What is no layer (embeddings, the output, an encoder) is in 16 bits in quantised checkpoints too.
    Weights that are given are of the stage whose own they are nearest to, the first of such; where the type of its
    layers is not known, of the first one, whose line the engine logs.
    Raises UsageError: the model is quantised and no files are there, so that nobody knows its size.
    """
    counted = _CountedWeights(model, load, facts, gpu.compute_capability)
    if launch.weights_gib is None:
        total = launch.checkpoint_gib * BYTES_PER_GIB if launch.checkpoint_gib is not None else _total(model, load)
        return tuple(part / BYTES_PER_GIB for part in counted.of_total(stages, total)), None
    if len(stages) == 1 or model.parameters is None:
        return (launch.weights_gib,) * len(stages), 0
    given = 0
    if model.architecture.quantisation is None:
        usual = counted.of_total(stages, model.parameters.total * load.dtype_bytes)
        away = [round(abs(part / BYTES_PER_GIB - launch.weights_gib), 2) for part in usual]  # a log has hundredths
        given = away.index(min(away))
    return counted.like(stages, launch.weights_gib, given), given


@dataclass(frozen=True, slots=True)
class _CountedWeights:
    """A model's weights on an accelerator of some compute capability, in bytes on each GPU of a stage."""

    model: Model
    load: Load
    facts: EngineFacts
    capability: tuple[int, int] | None

    def of_total(self, stages: Sequence[PipelineStage], total: float) -> list[float]:
        """Of all stages, when all weights together have `total` bytes."""
        parameters, load, layers = self.model.parameters, self.load, self.model.architecture.layers
        if parameters is None:
            each = total / load.tensor_parallel / layers
            return [each * len(stage.layers) + self._tables() for stage in stages]
        outside = parameters.outer().total
        each = load.dtype_bytes if outside * load.dtype_bytes < total else total / parameters.total
        inside = (total - each * outside) / max(parameters.inner().total, 1)
        return [self._on_stage(stage, each, inside) for stage in stages]

    def like(self, stages: Sequence[PipelineStage], gib: float, given: int) -> tuple[float, ...]:
        """GiB of all stages, when one of them has so many."""
        wide = float(self.load.dtype_bytes)
        zero, one = (self._on_stage(stages[given], wide, inside) for inside in (0.0, 1.0))
        inside = (gib * BYTES_PER_GIB - zero) / max(one - zero, 1.0)
        if inside <= 0:  # less than its embeddings take in 16 bits: nothing is known of how they are stored
            return (gib,) * len(stages)
        return tuple(self._on_stage(stage, wide, inside) / BYTES_PER_GIB for stage in stages)

    def _on_stage(self, stage: PipelineStage, each: float, inside: float) -> float:
        """Of a stage, with so many bytes for a number outside of layers and inside of them."""
        parameters, load, figures = self.model.parameters, self.load, self.model.architecture
        assert parameters is not None
        degree, heads, experts = load.tensor_parallel, figures.kv_heads, figures.experts
        part = None if experts is None else load.most_experts(experts.count) / (experts.count * load.expert_split)
        outer, inner = parameters.outer(stage), parameters.inner(stage)
        numbers = each * outer.held(degree, heads) + inside * inner.held(degree, heads, part)
        return numbers + self._tables() + self._unsplit(stage) + self._of_latents(stage) + self._of_experts(stage)

    def _tables(self) -> float:
        """Tables of sines and cosines."""
        figures = self.model.architecture
        return figures.rotary_bytes * self.load.dtype_bytes / figures.dtype_bytes

    def _unsplit(self, stage: PipelineStage) -> int:
        """What the allocator takes beyond; of quantised weights nobody here knows the tensors."""
        figures = self.model.architecture
        if figures.quantisation is not None:
            return 0
        return sum(unsplit_bytes(numbers * self.load.dtype_bytes) for numbers in _tensors(figures, self.load, stage))

    def _of_latents(self, stage: PipelineStage) -> float:
        """What latent attention takes beyond its weights.

        A workspace that is made when the engine looks which kernel to take (`g_fi_workspace` in
        `vllm/v1/attention/backends/mla/flashinfer_mla.py`), so before it counts the weights. With weights in FP8 also
        what brings a latent to keys and values, once more in the model's type, as no kernel multiplies it in 8 bits
        (`process_weights_after_loading` in `vllm/model_executor/layers/attention/mla_attention.py`); other formats
        often leave that layer as it was.
        """
        figures, parameters = self.model.architecture, self.model.parameters
        if not figures.is_latent:
            return 0.0
        assert parameters is not None
        is_in_8_bits = figures.quantisation is not None and figures.quantisation.method == "fp8"
        copied = parameters.inner(stage).latent if is_in_8_bits else 0
        workspace = 0.0 if figures.is_sparse else self.facts.latent_workspace_mib * BYTES_PER_MIB
        return workspace + copied * self.load.dtype_bytes / self.load.tensor_parallel

    def _of_experts(self, stage: PipelineStage) -> float:
        """What experts in MXFP4 take beyond their part of the checkpoint."""
        figures, parameters = self.model.architecture, self.model.parameters
        if figures.experts is None or figures.quantisation is None or figures.quantisation.method != "mxfp4":
            return 0.0
        assert parameters is not None
        layers = sum(1 for layer in stage.layers if parameters.layers[layer].experts)
        return layers * _experts_beyond(figures, self.load, self.capability)


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


def unsplit_bytes(size: int) -> int:
    """What is left of a tensor's segment and can't be used by others.

    >>> unsplit_bytes(231 * 2**20) // 2**20, unsplit_bytes(230 * 2**20), unsplit_bytes(5 * 2**20)
    (1, 0, 0)
    """
    left = -size % _SEGMENT
    return left if size >= _LEAST and left <= _KEPT else 0


def _tensors(figures: Architecture, load: Load, stage: PipelineStage) -> Iterator[int]:
    """Numbers of the large tensors: embeddings, projections to and from heads, feed-forward layers, experts."""
    degree = load.tensor_parallel
    table = padded_vocabulary(figures.vocabulary) // degree * figures.hidden
    yield from [table] * (stage.is_first + stage.is_last)
    for layer in stage.layers:
        for cache in figures.kept[layer]:
            yield from _projections(figures, cache, degree)
        yield from _feed_forward(figures, load)


def _projections(figures: Architecture, cache: Cache, degree: int) -> Iterator[int]:
    """Queries, keys and values are one tensor; those of latent attention and of recurrent layers are left out."""
    if cache.kind in (LayerKind.LATENT, LayerKind.STATE):
        return
    queries, heads = figures.heads // degree, max(1, -(-cache.kv_heads // degree))
    yield (queries * cache.key_size + heads * (cache.key_size + cache.value_size)) * figures.hidden
    yield queries * cache.value_size * figures.hidden


def _feed_forward(figures: Architecture, load: Load) -> Iterator[int]:
    """Gate and projection are one tensor, and those of all experts of a layer; shared experts have their own."""
    gates, experts = 1 if figures.model_type in UNGATED else 2, figures.experts
    width = figures.intermediate // load.tensor_parallel
    if experts is not None:
        width = load.most_experts(experts.count) * experts.intermediate // load.expert_split
    shared = experts.shared // load.tensor_parallel if experts is not None else 0
    for part in (width, shared):
        yield gates * part * figures.hidden
        yield part * figures.hidden


def _experts_beyond(figures: Architecture, load: Load, capability: tuple[int, int] | None) -> float:
    """Bytes that the experts of one layer take on each GPU beyond their part of what is stored."""
    experts = figures.experts
    assert experts is not None
    held = load.most_experts(experts.count)
    sizes = _laid_out(figures, experts, load, capability)
    laid_out = sum(size * held + unsplit_bytes(size * held) for size in sizes)
    return laid_out - held * _stored(figures, experts) / load.expert_split


def _stored(figures: Architecture, experts: Experts) -> int:
    """Bytes of one whole expert in the checkpoint."""
    numbers = 3 * experts.intermediate * figures.hidden
    biases = 2 * experts.intermediate + figures.hidden if figures.model_type in _BIASED else 0
    return numbers // 2 + numbers // _BLOCK + 2 * biases


def _laid_out(
    figures: Architecture, experts: Experts, load: Load, capability: tuple[int, int] | None
) -> tuple[int, ...]:
    """Bytes of each tensor of one expert, or of a GPU's part of it."""
    width, hidden = -(-experts.intermediate // load.expert_split), figures.hidden
    is_triton = capability is not None and _HOPPER <= capability < _BLACKWELL
    if is_triton:
        width = _up(width, 64)
    elif capability is not None and _BLACKWELL <= capability < _NEWER:
        width, hidden = _up(width, 256), _up(hidden, 256)
    else:
        width, hidden = _up(width, 128), _up(hidden, 256)
    matrices = ((2 * width, hidden), (hidden, width))  # rows are of the output
    biases = 2 * width + hidden if figures.model_type in _BIASED else 0
    if is_triton:
        return (*(size for rows, columns in matrices for size in _on_hopper(rows, columns)), 4 * biases)
    return (*(rows * columns // part for rows, columns in matrices for part in (2, _BLOCK)), 2 * biases)


def _on_hopper(rows: int, columns: int) -> tuple[int, int, int]:
    """Values of a matrix, scales as they are laid out, and scales as they were loaded."""
    scales = columns // _BLOCK
    values = _up(rows, _VALUES) * _up(columns // 2, _VALUES)
    return values, _up(rows, _SCALE_ROWS) * _up(scales, _SCALE_COLUMNS), rows * scales


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
