"""What PyTorch's allocator takes beyond a tensor's own bytes, as the engine counts it with the weights.

Tensors of 10 MiB and more have a segment of their own, a multiple of 2 MiB, and what is left of it is split off for
others only above 1 MiB: a tensor of 231 MiB counts as 232 (`get_allocation_size` and `should_split` in
`c10/cuda/CUDACachingAllocator.cpp`). Of smaller tensors nothing is counted here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.sizing.architecture import Architecture, Cache, LayerKind
from placement.sizing.parameter_count import UNGATED, padded_vocabulary
from placement.units import BYTES_PER_MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.sizing.activation import Load
    from placement.sizing.stages import PipelineStage

_LEAST = 10 * BYTES_PER_MIB  # of a tensor with a segment of its own
_SEGMENT = 2 * BYTES_PER_MIB
_KEPT = 1 * BYTES_PER_MIB  # of a segment at most, beyond the tensor


def unsplit_bytes(size: int) -> int:
    """What is left of a tensor's segment and can't be used by others.

    >>> unsplit_bytes(231 * 2**20) // 2**20, unsplit_bytes(230 * 2**20), unsplit_bytes(5 * 2**20)
    (1, 0, 0)
    """
    left = -size % _SEGMENT
    return left if size >= _LEAST and left <= _KEPT else 0


def unsplit_weights(figures: Architecture, load: Load, stage: PipelineStage) -> int:
    """The same of all weights on each GPU of a stage, where nothing is quantised."""
    return sum(unsplit_bytes(numbers * load.dtype_bytes) for numbers in _tensors(figures, load, stage))


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
