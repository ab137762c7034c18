"""Each part by figures worked out by hand: KV caches, states, shares of weights, rotary tables; and what fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.sizing import Launch, Sizing, size
from placement.sizing.architecture import Cache, LayerKind, split
from placement.sizing.config import Config
from placement.sizing.kv_cache import KvLayout, lay_out
from placement.sizing.layers import read_kept
from placement.sizing.parameter_count import Parameters
from placement.sizing.read import model_of, read_architecture
from tests.sizing.test_architectures import PLAIN, QWEN_NEXT

FULL = Cache(LayerKind.FULL, kv_heads=8, key_size=128, value_size=128)
SLIDING = Cache(LayerKind.SLIDING, kv_heads=8, key_size=128, value_size=128, window=1024)
CHUNKED = Cache(LayerKind.CHUNKED, kv_heads=8, key_size=128, value_size=128, window=8192)
GIB = 2**30
PAGE = 16 * 8 * 256 * 2  # bytes of 16 tokens in a layer


def layout(full: int = 0, sliding: int = 0, chunked: int = 0) -> KvLayout:
    """Of so many layers of each kind, on one GPU, in 16 bits."""
    return lay_out([FULL] * full + [SLIDING] * sliding + [CHUNKED] * chunked, 1, 2, 2)


# --- KV cache


@pytest.mark.parametrize(
    ("found", "groups", "layers"),
    [
        (layout(32), 1, 32),
        (layout(sliding=32), 1, 32),
        (layout(10, 52), 7, 10),  # Gemma 3 27B
        (layout(13, 13), 2, 13),
        (layout(13, 12), 2, 13),  # about as many of both: the larger number, one layer padded
        (layout(13, 20), 3, 13),  # more than half as many again: the smaller
        (layout(12, chunked=36), 4, 12),  # Llama 4
    ],
)
def test_groups_of_layers(found: KvLayout, groups: int, layers: int) -> None:
    """How many there are, and the layers that a block spans."""
    assert len(found.groups) == groups
    assert found.block_bytes == layers * PAGE


def test_blocks_of_one_sequence() -> None:
    """What vLLM wants free before it starts: a window may begin amid a block, so it takes one more."""
    assert layout(32).blocks_of_one(8192, 2048) == 512
    assert layout(sliding=32).blocks_of_one(8192, 2048) == (1024 - 1 + 2048 + 15) // 16 + 1
    assert layout(sliding=32).blocks_of_one(8192, 1) == 64 + 1  # 1,023 before it and itself
    assert layout(sliding=32).blocks_of_one(100, 2048) == 7 + 1  # no longer than the sequence
    assert layout(chunked=32).blocks_of_one(100_000, 2048) == (8192 + 2048) // 16
    assert layout(1, 2).blocks_of_one(8192, 2048) == 512 + 2 * 193


def test_bytes_for_a_concurrency() -> None:
    """Full layers keep all tokens, sliding ones a window each and one batch among them all; block 0 is never used."""
    assert layout(32).bytes_for(4, 8192, 2048) == (4 * 512 + 1) * 32 * PAGE
    assert layout(4, 4).bytes_for(4, 8192, 2048) == (4 * 512 + 4 * (64 + 1) + 128 + 1) * 4 * PAGE
    assert layout(4, chunked=4).bytes_for(2, 16384, 2048) == (2 * 1024 + 2 * 512 + 128 + 1) * 4 * PAGE


@given(st.integers(1, 20), st.integers(0, 60), st.integers(1, 50), st.integers(1, 5000))
def test_what_is_asked_for_has_room(full: int, sliding: int, sequences: int, context: int) -> None:
    """The tokens that all groups keep fit in the bytes that are computed for them, and one block less is too little."""
    found = layout(full, sliding)
    need = found.bytes_for(sequences, context, 2048)

    kept = [min(context, group.cache.window or context) for group in found.groups]
    assert need // found.block_bytes * 16 >= sequences * sum(kept)
    assert found.tokens_in(found.bytes_for(sequences, context, 0)) >= (sequences * context if not sliding else 0)


@given(st.floats(0, 80), st.floats(0, 80), st.integers(1, 20), st.integers(0, 60))
def test_a_larger_pool_holds_no_less(small: float, large: float, full: int, sliding: int) -> None:
    """As either version counts; and by lengths, where windows slide, no less than when everything is kept."""
    found, (small, large) = layout(full, sliding), sorted((small * 2**30, large * 2**30))

    assert found.tokens_in(small) <= found.tokens_in(large)
    assert found.tokens_at(small, 8192, 2048) <= found.tokens_at(large, 8192, 2048)


def test_tokens_by_length() -> None:
    """From 0.20 on: how many sequences of the full length fit, times that length."""
    assert layout(32).tokens_at(1024 * 32 * PAGE, 8192, 2048) == 2 * 8192
    assert layout(1, 1).tokens_at(705 * PAGE, 8192, 2048) == 8192  # 512 blocks and 193


def test_layers_of_two_sizes() -> None:
    """Of one kind their sizes add up; of two kinds the smaller page holds more tokens to a block."""
    small = replace(FULL, kv_heads=4)
    mixed = lay_out([FULL] * 2 + [replace(small, kind=LayerKind.SLIDING, window=64)] * 2, 1, 2, 2)

    assert lay_out([FULL] * 3 + [small], 1, 2, 2).block_bytes == 3 * PAGE + PAGE // 2
    assert sorted(group.block for group in mixed.groups) == [16, 32]
    assert mixed.block_bytes == 2 * PAGE


@pytest.mark.parametrize(
    ("keys", "state", "convolution", "state_bytes"),
    [
        (QWEN_NEXT, 32 * 128 * 128, (2 * 16 * 128 + 32 * 128) * 3, 2),
        (QWEN_NEXT | {"mamba_ssm_dtype": "float32"}, 32 * 128 * 128, (2 * 16 * 128 + 32 * 128) * 3, 4),
        (
            {"model_type": "bamba", "mamba_n_heads": 128, "mamba_d_head": 64, "mamba_d_state": 256, "mamba_d_conv": 4,
             "mamba_n_groups": 2, "attn_layer_indices": [9]},
            128 * 64 * 256, (128 * 64 + 2 * 2 * 256) * 3, 2,
        ),
        (
            {"model_type": "jamba", "attn_layer_period": 8, "attn_layer_offset": 4, "mamba_d_state": 16,
             "mamba_d_conv": 4, "mamba_expand": 2},
            2 * 4096 * 16, 2 * 4096 * 3, 2,
        ),
        ({"model_type": "lfm2", "conv_L_cache": 3, "layer_types": ["conv"] * 32}, 0, 4096 * 2, 2),
        (
            {"linear_attn_config": {"full_attn_layers": [32], "num_heads": 32, "head_dim": 128}},
            32 * 128 * 128, 3 * 32 * 128 * 3, 4,
        ),
        ({"model_type": "minimax", "attn_type_list": [0] * 32, "head_dim": 128}, 32 * 128 * 128, 0, 2),
    ],
)  # fmt: skip
def test_states(keys: dict[str, Any], state: int, convolution: int, state_bytes: int) -> None:
    """Numbers of a recurrent state and of the convolution's inputs, all heads together."""
    cache = read_kept(Config({**PLAIN, **keys}, "c"))[0][0]

    assert (cache.kind, cache.state, cache.convolution, cache.state_bytes) == (
        LayerKind.STATE,
        state,
        convolution,
        state_bytes,
    )
    assert cache.bytes_per_sequence(2, 2) == (state * state_bytes + convolution * 2) // 2


# --- Weights


def test_shares_of_weights() -> None:
    """What is split, what stands on each GPU, and keys and values, of which two heads can't be split over eight."""
    parameters = Parameters(split=800, repeated=100, by_head=100)

    assert parameters.held(1, 2) == 1000
    assert parameters.held(2, 2) == 400 + 100 + 50
    assert parameters.held(8, 2) == 100 + 100 + 50
    assert parameters.held(8, 0) == 100 + 100 + 12.5


@pytest.mark.parametrize(
    ("keys", "rows", "width"),
    [
        ({}, 0, 0),
        ({"rope_theta": 1e4}, 8192, 128),
        ({"rope_theta": 1e4, "partial_rotary_factor": 0.25}, 8192, 32),
        ({"rope_theta": 1e4, "qk_rope_head_dim": 64}, 8192, 64),
        ({"rope_theta": 1e4, "rope_scaling": {"rope_type": "linear", "factor": 8.0}}, 8 * 8192, 128),
        (
            {"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 2048}},
            4 * 2048,
            128,
        ),
        ({"rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}}, 4 * 8192, 128),
        ({"rope_theta": 1e6, "rope_local_base_freq": 1e4}, 2 * 8192, 128),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, 8192, 128),
    ],
)
def test_rotary_tables(keys: dict[str, Any], rows: int, width: int) -> None:
    """A row for each position, as wide as what is turned."""
    assert read_architecture(Config({**PLAIN, **keys}, "c")).rotary_bytes == rows * width * 2


# --- Stages of a pipeline


@given(st.integers(1, 200), st.integers(1, 16))
def test_layers_are_split_as_evenly_as_can_be(layers: int, degree: int) -> None:
    """Each layer stands on one stage; the last has no more than any, as what is left over goes before it."""
    stages = split(layers, degree)
    sizes = [len(stage.layers) for stage in stages]

    assert [layer for stage in stages for layer in stage.layers] == list(range(layers))
    assert max(sizes) - min(sizes) <= 1
    assert sizes[-1] == min(sizes)
    assert [stage.is_first for stage in stages].index(True) == 0
    assert [stage.is_last for stage in stages].index(True) == degree - 1


def test_what_stands_on_each_stage() -> None:
    """Embeddings on the first, the output's on the last, one table of both on both; layers and their blocks between."""
    plain = {**PLAIN, "num_hidden_layers": 30}
    free, tied = (
        size(model_of(Config({**plain, "tie_word_embeddings": tied}, "c"), "c"), "H100", 1,
             Launch("vllm=0.19", pipeline_parallel=4))
        for tied in (False, True)
    )  # fmt: skip
    table, layer = 128256 * 4096 * 2 / GIB, 0.40626

    assert [stage.layers for stage in free.stages] == [7, 8, 8, 7]
    for found in (free, tied):
        weights = [stage.weights_gib for stage in found.stages]
        assert weights == pytest.approx([7 * layer + table, 8 * layer, 8 * layer, 7 * layer + table], abs=0.02)
    handed_on = 2 * 8192 * 4096 * 2 / GIB
    activations = [stage.activation_gib for stage in free.stages]
    assert activations[1] - activations[0] == pytest.approx(handed_on, abs=0.011)
    assert activations[3] == pytest.approx(sized().activation_gib + handed_on, abs=0.011)
    assert free.kv_tokens == min(stage.kv_tokens for stage in free.stages)
    assert free.total_gib == max(stage.total_gib for stage in free.stages)
    assert free.to_option()["name"] == "h100-tp1-pp4"
    assert any("of stage 2 of 4 (layers 8 to 15), which has the least room" in note for note in free.notes)


def test_weights_of_one_stage_tell_those_of_all() -> None:
    """Those of a stage in the middle are seen to be; a quantised model's are the first's, its embeddings in 16 bits."""
    model = model_of(Config(PLAIN, "c"), "c")
    quantised = model_of(Config({**PLAIN, "quantization_config": {"quant_method": "awq"}}, "c"), "c")

    middle, first = (
        size(one, "H100", 1, Launch("vllm=0.19", pipeline_parallel=4, weights_gib=gib))
        for one, gib in ((model, 3.25), (quantised, 1.8))
    )

    assert [stage.weights_gib for stage in middle.stages] == pytest.approx([4.23, 3.25, 3.25, 4.23], abs=0.02)
    assert middle.weights_gib == 3.25
    assert any("of stage 2 of 4" in note and "stage 4 has the least room" in note for note in middle.notes)
    table = 128256 * 4096 * 2 / GIB
    assert [stage.weights_gib for stage in first.stages] == pytest.approx(
        [1.8, 1.8 - table, 1.8 - table, 1.8], abs=0.02
    )


def test_groups_of_layers_are_dealt_out_over_stages() -> None:
    """vLLM's own example: full, sliding, sliding on each of two stages; each stage has one layer of each group."""
    caches = [FULL, SLIDING, SLIDING] * 2

    halves = [lay_out(caches, 1, 2, 2, held) for held in (range(3), range(3, 6))]

    assert [len(half.groups) for half in halves] == [3, 3]
    assert [half.block_bytes for half in halves] == [PAGE, PAGE]
    assert lay_out(caches, 1, 2, 2).block_bytes == 2 * PAGE
    assert lay_out([FULL] * 6, 1, 2, 2, range(2)).block_bytes == 2 * PAGE


def test_a_cache_that_is_asked_for_is_on_each_stage() -> None:
    """The flag has room for the stage with the most layers; every stage fits, or the reason is of one that doesn't."""
    model = model_of(Config({**PLAIN, "num_hidden_layers": 30}, "c"), "c")
    launch = Launch("vllm=0.19", pipeline_parallel=4, concurrency=16, context_length=4096)

    found = size(model, "L4", 1, launch)

    assert [stage.kv_gib for stage in found.stages] == pytest.approx([7 / 4, 2.0, 2.0, 7 / 4], abs=0.02)
    assert f"--kv-cache-memory-bytes {(16 * 256 + 1) * 8 * PAGE}" in found.flags
    assert found.fits
    many = size(model, "H100", 1, replace(launch, pipeline_parallel=31))
    assert many.reason == "30 layers can't be split over 31 stages"


# --- What fits


def sized(**keys: Any) -> Sizing:
    """Llama 3.1 8B's shape on one H100, at version 0.19."""
    return size(model_of(Config(PLAIN, "c"), "c"), "H100", 1, Launch("vllm=0.19", **keys))


def test_a_part_too_high_does_not_fit() -> None:
    """At 0.99 what the engine does not count has no room; its own default has, and is lowered where it would not."""
    too_much = sized(utilization=0.99)

    assert not too_much.fits
    assert too_much.reason == f"{too_much.total_gib:.2f} GiB are needed and 79.19 GiB are there"
    assert sized().fits
    small = sized(memory_gib=15.0, weights_gib=4.0)
    assert small.fits
    assert "--gpu-memory-utilization 0.9" in sized().flags
    assert "--gpu-memory-utilization 0.89" in small.flags


def test_what_is_asked_for_must_have_room() -> None:
    """In the pool at a given part of the memory; and heads must be split evenly."""
    assert sized(utilization=0.9, concurrency=50, context_length=8192).fits
    assert sized(utilization=0.9, concurrency=60, context_length=8192).reason.startswith("the KV cache asked for takes")
    odd = size(model_of(Config(PLAIN, "c"), "c"), "H100", 3, Launch("vllm=0.19"))
    assert odd.reason == "32 attention heads can't be split over 3 GPUs"
    assert sized(weights_gib=78.0).reason.endswith("GiB beside the KV cache are more than 71.27 GiB")


def test_what_the_engine_refuses_does_not_fit() -> None:
    """Ten key-value heads on four GPUs are neither split nor repeated; a context is no longer than the model's."""
    ten = PLAIN | {"num_attention_heads": 40, "num_key_value_heads": 10, "hidden_size": 5120}
    model = model_of(Config(ten, "c"), "c")
    reasons = {degree: size(model, "H100", degree, Launch("vllm=0.19")).reason for degree in (1, 2, 4, 5, 10, 20)}
    assert {degree for degree, reason in reasons.items() if "key-value heads" in reason} == {4}
    assert reasons[4] == "10 key-value heads can be neither split over 4 GPUs nor repeated on them"
    most = model.architecture.context
    assert most is not None
    longer = size(model, "H100", 1, Launch("vllm=0.19", context_length=most + 1, concurrency=1))
    assert longer.reason == f"a context of {most + 1} tokens is more than the {most} of the model"
    assert "more than the" not in size(model, "H100", 1, Launch("vllm=0.19", context_length=most, concurrency=1)).reason


@given(
    st.sampled_from(["H100", "L4", "A100-40GB"]), st.sampled_from([1, 2, 8]), st.sampled_from(["0.9", "0.19", "0.33"]),
    st.one_of(st.none(), st.floats(0.05, 1.0)), st.one_of(st.none(), st.integers(1, 200)), st.booleans(),
)  # fmt: skip
def test_the_sum_of_the_parts(
    name: str, degree: int, version: str, utilization: float | None, concurrency: int | None, eager: bool
) -> None:
    """The total is the sum of all parts and the margin; what fits is no more than there is; 8-bit caches hold twice."""
    launch = Launch(f"vllm={version}", utilization=utilization, concurrency=concurrency, enforce_eager=eager)
    found = size(model_of(Config(PLAIN, "c"), "c"), name, degree, launch)

    parts = ("context", "weights", "activation", "non_torch", "graphs", "kv", "margin")
    total = sum(getattr(found, f"{part}_gib") for part in parts)
    assert found.total_gib == pytest.approx(total, abs=0.07)
    assert not found.fits or found.total_gib <= found.usable_gib
    if concurrency is None and found.fits:
        eight = size(model_of(Config(PLAIN, "c"), "c"), name, degree, replace(launch, kv_dtype="fp8"))
        assert eight.kv_tokens == pytest.approx(2 * found.kv_tokens, abs=8192)


def _activation(config: dict[str, Any], quantisation: dict[str, Any]) -> float:
    model = model_of(Config(config | {"quantization_config": quantisation}, "c"), "c")
    return size(model, "H100", 1, Launch("vllm=0.19", checkpoint_gib=1.0)).activation_gib


def test_experts_in_floats_of_four_bits_have_no_buffers() -> None:
    """By the method, or by ModelOpt's and compressed-tensors' scheme."""
    config = PLAIN | {"num_experts": 64, "num_experts_per_tok": 8, "moe_intermediate_size": 1408}
    group = {"weights": {"num_bits": 4, "type": "float", "group_size": 16}}
    four_bits = (
        {"quant_method": "mxfp4"},
        {"quant_method": "modelopt", "quant_algo": "NVFP4"},
        {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}},
    )

    without = [_activation(config, quantisation) for quantisation in four_bits]

    assert max(without) < _activation(config, {"quant_method": "fp8"}) - 0.5


def test_only_activations_that_are_quantised_have_a_copy() -> None:
    """compressed-tensors with integers of weights alone keeps the product of a feed-forward layer in 16 bits."""
    config = PLAIN | {"intermediate_size": 65536, "vocab_size": 1000}
    eight = {"num_bits": 8, "type": "int"}
    both = {"group_0": {"weights": eight, "input_activations": eight}}
    alone = {"group_0": {"weights": {"num_bits": 4, "type": "int", "group_size": 128}}}
    method = {"quant_method": "compressed-tensors"}

    copied, plain = (_activation(config, method | {"config_groups": groups}) for groups in (both, alone))

    assert copied - plain == pytest.approx(8192 * 65536 / 2**30, abs=0.011)
    assert _activation(config, method) == copied
