"""Experts in MXFP4 (gpt-oss) as the engine's kernels lay them out: 4 bits a number, and 8 for the scale of 32.

Shapes are rounded up to what a kernel takes (`mxfp4_round_up_hidden_size_and_intermediate_size` in
`vllm/model_executor/layers/fused_moe/oracle/mxfp4.py`). On Hopper it is Triton's: values are padded once more when they
are laid out anew, scales too (`HopperMXValueLayout` and `HopperMXScaleLayout` of `triton_kernels`), the scales as they
were loaded stay beside those, and biases become numbers of 32 bits. Read in vLLM 0.19, where two launches agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from placement.sizing.allocator import unsplit_bytes

if TYPE_CHECKING:
    from placement.sizing.activation import Load
    from placement.sizing.architecture import Architecture, Experts

_BLOCK = 32  # numbers that share a scale
_HOPPER, _BLACKWELL, _NEWER = (9, 0), (10, 0), (11, 0)  # compute capabilities from which on a kernel is another
_VALUES, _SCALE_ROWS, _SCALE_COLUMNS = 64, 256, 2  # multiples of Hopper's layouts
_BIASED = ("gpt_oss",)


class _ExpertMatrix(NamedTuple):
    """A matrix of one expert: rows are of its output."""

    rows: int
    columns: int


def experts_beyond(figures: Architecture, load: Load, capability: tuple[int, int] | None) -> float:
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
    matrices = (_ExpertMatrix(2 * width, hidden), _ExpertMatrix(hidden, width))
    biases = 2 * width + hidden if figures.model_type in _BIASED else 0
    if is_triton:
        return (*(size for matrix in matrices for size in _on_hopper(matrix)), 4 * biases)
    return (*(rows * columns // part for rows, columns in matrices for part in (2, _BLOCK)), 2 * biases)


def _on_hopper(matrix: _ExpertMatrix) -> tuple[int, int, int]:
    """Values, scales as they are laid out, and scales as they were loaded."""
    rows, columns = matrix
    scales = columns // _BLOCK
    values = _up(rows, _VALUES) * _up(columns // 2, _VALUES)
    return values, _up(rows, _SCALE_ROWS) * _up(scales, _SCALE_COLUMNS), rows * scales


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit
