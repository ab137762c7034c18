"""The most memory that a profile run takes beside the weights: what vLLM sets aside for activations.

At its start vLLM runs the model once on `max_num_batched_tokens` tokens and draws a sample for `max_num_seqs`
sequences (`profile_run` and `_dummy_sampler_run` in `vllm/v1/worker/gpu_model_runner.py`). The peak is in one of two
moments, and what stays alive through both comes on top:

- the sampler: logits of every sequence over the whole vocabulary, in the model's type and in 32 bits, their
  probabilities and as many random numbers, beside the hidden states of all tokens;
- a feed-forward layer: the gate, the projection beside it and their product, beside the hidden states.

What stays: the workspace of cuBLAS, the two buffers of a mixture of experts, and pictures with their embeddings. On a
pipeline only the last stage draws samples, and all but the first keep what the stage before hands on: the hidden states
and the residual of all tokens (`make_empty_intermediate_tensors`, called in `_dummy_run`).
"""

from dataclasses import dataclass

from placement.sizing.architecture import Architecture, PipelineStage
from placement.sizing.engines import EngineFacts
from placement.units import BYTES_PER_MIB

_FOUR_BIT_FLOATS = ("mxfp4", "modelopt-fp4", "nvfp4")  # methods, or schemes of one


@dataclass(frozen=True, slots=True)
class Load:
    """What the engine may do at a time: sequences, new tokens of a batch, on how many GPUs, in which type.

    With `expert_parallel` the GPUs share out experts, each of which stands whole on one of them.
    """

    sequences: int
    batched_tokens: int
    tensor_parallel: int
    dtype_bytes: int = 2
    expert_parallel: bool = False

    @property
    def expert_split(self) -> int:
        """The GPUs over which one expert is split."""
        return 1 if self.expert_parallel else self.tensor_parallel

    def most_experts(self, count: int) -> int:
        """The experts of a layer on the GPU with the most, whole or a part of each (`determine_expert_map`)."""
        return -(-count // self.tensor_parallel) if self.expert_parallel else count


def activation_bytes(
    model: Architecture, load: Load, facts: EngineFacts, capability: tuple[int, int] | None, stage: PipelineStage
) -> int:
    """Peak of a profile run on each GPU of a stage, bytes, as the engine counts it: without weights and KV cache.

    `capability` is CUDA's compute capability of the accelerator: cuBLAS takes a larger workspace from 9.0 on.
    """
    workspace = facts.cublas_mib_hopper if capability is not None and capability >= (9, 0) else facts.cublas_mib
    lasting = int(workspace * BYTES_PER_MIB) + _pictures(model, load) + _experts(model, load, facts)
    lasting += 0 if stage.is_first else 2 * load.batched_tokens * model.hidden * load.dtype_bytes
    return lasting + max(_sampler(model, load, facts) if stage.is_last else 0, _feed_forward(model, load))


def _sampler(model: Architecture, load: Load, facts: EngineFacts) -> int:
    """The sampler's moment. Its logits are of the whole vocabulary on each GPU: they have been gathered."""
    sequences = min(load.sequences, load.batched_tokens)
    of_logit = facts.sampler_bytes + (2 if load.dtype_bytes == 4 else 0)
    rows = min(facts.sampler_buffer_rows, sequences) * 4  # a buffer of 32 bits for each multiprocessor
    hidden = (load.batched_tokens + 2 * sequences) * model.hidden * load.dtype_bytes
    return int(sequences * model.vocabulary * of_logit) + rows * model.vocabulary + hidden


def _feed_forward(model: Architecture, load: Load) -> int:
    """A feed-forward layer's moment: three inner widths, split over the GPUs, and four hidden states."""
    inner = -(-3 * model.intermediate // load.tensor_parallel) * load.dtype_bytes
    quantisation = model.quantisation
    if quantisation is not None and quantisation.method == "compressed-tensors" and quantisation.scheme != "int":
        inner += -(-model.intermediate // load.tensor_parallel)  # the product once more, in 8 bits
    return load.batched_tokens * (inner + 4 * model.hidden * load.dtype_bytes)


def _experts(model: Architecture, load: Load, facts: EngineFacts) -> int:
    """The two buffers of the fused kernel: every token as often as it has experts, before and after the activation.

    `workspace_shapes` in `vllm/model_executor/layers/fused_moe/fused_moe.py`. Kernels for 4-bit floats have none.
    """
    experts = model.experts
    told = model.quantisation
    is_four_bits = told is not None and (told.method in _FOUR_BIT_FLOATS or told.scheme in _FOUR_BIT_FLOATS)
    if experts is None or is_four_bits or not facts.keeps_expert_buffers:
        return 0
    width = -(-experts.intermediate // load.expert_split)
    of_token = max(width, model.hidden) + max(2 * width, model.hidden)
    return load.batched_tokens * experts.per_token * of_token * load.dtype_bytes


def _pictures(model: Architecture, load: Load) -> int:
    """As many of the largest pictures as a batch has room for, at least one: their pixels and their embeddings."""
    if model.vision is None:
        return 0
    budget = max(load.batched_tokens, model.vision.tokens)
    count = max(1, budget // model.vision.tokens)
    return count * (model.vision.numbers + model.vision.tokens * model.hidden) * load.dtype_bytes
