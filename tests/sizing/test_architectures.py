"""Keys of configs: each way of writing down what a layer keeps, and what is no model's config."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from placement.errors import DocumentError, UsageError
from placement.sizing import Launch, read_model, size
from placement.sizing.architecture import LayerKind
from placement.sizing.config import Config
from placement.sizing.kv_cache import lay_out
from placement.sizing.layers import read_kept
from placement.sizing.read import known_models, model_of, read_architecture

WINDOW_KEYS = ("sliding_window", "sliding_window_size", "window_size", "attention_chunk_size")
PLAIN: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
}
QWEN_NEXT: dict[str, Any] = {
    "model_type": "qwen3_next",
    "hidden_size": 2048,
    "num_hidden_layers": 48,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "vocab_size": 151936,
    "full_attention_interval": 4,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4,
    "num_experts": 512,
    "num_experts_per_tok": 10,
    "moe_intermediate_size": 512,
    "shared_expert_intermediate_size": 512,
    "max_position_embeddings": 262144,
}


def kinds(**keys: Any) -> Counter[LayerKind]:
    """How many layers of each kind a config has: the plain one with these keys."""
    return Counter(cache.kind for layer in read_kept(Config({**PLAIN, **keys}, "config.json")) for cache in layer)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, {LayerKind.FULL: 32}),
        ({"sliding_window": 4096, "use_sliding_window": False, "model_type": "qwen2"}, {LayerKind.FULL: 32}),
        ({"sliding_window": 4096, "model_type": "mistral"}, {LayerKind.SLIDING: 32}),
        ({"sliding_window": None, "model_type": "mistral"}, {LayerKind.FULL: 32}),
        ({"model_type": "gemma2", "sliding_window": 4096}, {LayerKind.SLIDING: 16, LayerKind.FULL: 16}),
        ({"model_type": "gemma2"}, {LayerKind.SLIDING: 16, LayerKind.FULL: 16}),
        ({"model_type": "gemma3_text", "sliding_window": 512}, {LayerKind.SLIDING: 27, LayerKind.FULL: 5}),
        (
            {"model_type": "cohere2", "sliding_window": 9, "sliding_window_pattern": 4},
            {LayerKind.SLIDING: 24, LayerKind.FULL: 8},
        ),
        ({"model_type": "gpt_oss", "sliding_window": 128}, {LayerKind.SLIDING: 16, LayerKind.FULL: 16}),
        (
            {"layer_types": ["sliding_attention", "full_attention"] * 16, "sliding_window": 9},
            {LayerKind.SLIDING: 16, LayerKind.FULL: 16},
        ),
        (
            {"layer_types": ["sliding_attention"] * 32, "sliding_window": 9, "use_sliding_window": False},
            {LayerKind.FULL: 32},
        ),
        ({"model_type": "llama4_text", "attention_chunk_size": 8192}, {LayerKind.CHUNKED: 24, LayerKind.FULL: 8}),
        ({"model_type": "llama4_text", "no_rope_layers": [1, 0] * 16}, {LayerKind.CHUNKED: 16, LayerKind.FULL: 16}),
        ({"kv_lora_rank": 512, "qk_rope_head_dim": 64}, {LayerKind.LATENT: 32}),
        ({"kv_lora_rank": 512, "qk_rope_head_dim": 64, "index_topk": 2048}, {LayerKind.LATENT: 64}),
        (
            {"model_type": "minicpm3", "kv_lora_rank": 256, "qk_rope_head_dim": 32, "qk_nope_head_dim": 64},
            {LayerKind.FULL: 32},
        ),
        (
            {"attn_layer_period": 8, "attn_layer_offset": 4, "mamba_d_state": 16, "mamba_d_conv": 4},
            {LayerKind.STATE: 28, LayerKind.FULL: 4},
        ),
        (
            {
                "hybrid_override_pattern": "M-M*",
                "num_hidden_layers": 4,
                "mamba_num_heads": 128,
                "mamba_head_dim": 64,
                "ssm_state_size": 128,
                "conv_kernel": 4,
            },
            {LayerKind.STATE: 2, LayerKind.FULL: 1},
        ),
        (
            {
                "attn_layer_indices": [3, 9],
                "mamba_n_heads": 128,
                "mamba_d_head": 64,
                "mamba_d_state": 128,
                "mamba_d_conv": 4,
            },
            {LayerKind.STATE: 30, LayerKind.FULL: 2},
        ),
        (
            {
                "linear_attn_config": {"full_attn_layers": [4, 8], "num_heads": 32, "head_dim": 128},
                "kv_lora_rank": 512,
                "qk_rope_head_dim": 64,
            },
            {LayerKind.STATE: 30, LayerKind.LATENT: 2},
        ),
        ({"block_configs": [{"attention": {"no_op": True}}] * 8 + [{"attention": {}}] * 24}, {LayerKind.FULL: 24}),
        ({"num_kv_shared_layers": 10}, {LayerKind.FULL: 22}),
        (
            {"model_type": "exaone4", "sliding_window_pattern": "LLLG", "sliding_window": 4096},
            {LayerKind.SLIDING: 24, LayerKind.FULL: 8},
        ),
        ({"hybrid_layer_pattern": [0, 1] * 16, "sliding_window": 128}, {LayerKind.FULL: 16, LayerKind.SLIDING: 16}),
        (
            {"layers_block_type": ["mamba", "hybrid"] * 16, "mamba_d_state": 16, "mamba_d_conv": 4},
            {LayerKind.STATE: 32, LayerKind.FULL: 16},
        ),
        (
            {"hybrid_layer_ids": [5, 11], "n_mamba_heads": 112, "mamba_headdim": 64, "mamba_d_state": 64,
             "mamba_d_conv": 4, "mamba_ngroups": 2},
            {LayerKind.STATE: 32, LayerKind.FULL: 2},
        ),
    ],
)  # fmt: skip
def test_what_layers_keep(keys: dict[str, Any], expected: dict[LayerKind, int]) -> None:
    """Each family's way to say which of its layers keep what."""
    assert kinds(**keys) == expected


def test_names_of_other_families() -> None:
    """GPT-2's and Falcon's names of the same figures."""
    figures = read_architecture(
        Config({"n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257, "n_positions": 1024}, "c")
    )

    assert (figures.hidden, figures.layers, figures.intermediate, figures.context) == (768, 12, 3072, 1024)
    assert figures.caches[0].bytes_per_token(1, 2) == 2 * 12 * 64 * 2


@pytest.mark.parametrize(
    ("keys", "context"),
    [
        ({"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}, 131072),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}, 131072),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, 65536),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}}, 32768),
        (
            {"rope_scaling": {"type": "linear", "factor": 8.0}, "model_type": "gemma3_text", "sliding_window": 1024},
            32768,
        ),
    ],
)
def test_a_context_that_is_stretched(keys: dict[str, Any], context: int) -> None:
    """As the engine takes it: Qwen's way to longer sequences is a key in their config."""
    figures = model_of(Config({**PLAIN, "max_position_embeddings": 32768, **keys}, "c"), "c").architecture

    assert figures.context == context


def test_a_model_that_sees_has_its_language_model_inside() -> None:
    """`text_config` and its like, two deep as Qwen Omni has it; the encoder's largest picture is found."""
    for nested in ({"text_config": PLAIN}, {"thinker_config": {"text_config": PLAIN}}, {"language_config": PLAIN}):
        figures = read_architecture(Config({"model_type": "x", **nested}, "c"))
        assert (figures.layers, figures.vision) == (32, None)
    encoder = {"vision_config": {"image_size": 896, "patch_size": 14}, "mm_tokens_per_image": 256}

    figures = read_architecture(Config({"text_config": PLAIN, **encoder}, "c"))

    assert figures.vision is not None
    assert (figures.vision.tokens, figures.vision.numbers) == (256, 3 * 896 * 896)


def test_a_nested_config_is_a_difference() -> None:
    """Gemma 3 4B as it is published: its text_config has neither vocabulary nor heads, as they are the family's."""
    text = {
        "model_type": "gemma3_text",
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_hidden_layers": 34,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 1024,
    }
    encoder = {"hidden_size": 1152, "num_hidden_layers": 27, "intermediate_size": 4304, "image_size": 896}
    config = Config(
        {"model_type": "gemma3", "mm_tokens_per_image": 256, "text_config": text, "vision_config": encoder}, "c"
    )

    found = size(model_of(config, "gemma"), "H100", 1, Launch("vllm=0.19", 1024, 8192, 0.95))

    # As vLLM 0.19 logged it: 8.58 GiB of weights, 3.89 of activations, 468,144 tokens.
    assert found.weights_gib == pytest.approx(8.58, abs=0.03)
    assert found.activation_gib == pytest.approx(3.89, abs=0.02)
    assert found.kv_tokens == pytest.approx(468_144, rel=0.002)


def test_zero_means_none() -> None:
    """A head size of 0 beside a latent; a config that does not say how many heads ask fits any degree."""
    config = Config({**PLAIN, "head_dim": 0, "kv_lora_rank": 512, "qk_rope_head_dim": 64}, "c")
    silent = {**PLAIN, "head_dim": 128}
    del silent["num_attention_heads"]

    assert read_architecture(config).caches[0].key_size == 576
    assert size(model_of(Config(silent, "c"), "c"), "H100", 2, Launch("vllm=0.19", weights_gib=7.5)).fits


@pytest.mark.parametrize(
    ("quantised", "method", "bits", "kv_bytes"),
    [
        ({"quant_method": "awq", "bits": 4}, "awq", 4, None),
        ({"quant_method": "gptq", "bits": 8}, "gptq", 8, None),
        ({"quant_method": "fp8", "activation_scheme": "dynamic"}, "fp8", 8, None),
        ({"quant_method": "mxfp4"}, "mxfp4", 4, None),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"group_0": {"weights": {"num_bits": 4}}},
                "kv_cache_scheme": {"num_bits": 8},
            },
            "compressed-tensors",
            4,
            1,
        ),
        ({"producer": {"name": "modelopt"}, "quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"}, "modelopt", 4, 1),
        ({"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}, "modelopt", 8, 1),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes", 4, None),
    ],
)
def test_forms_of_quantisation(quantised: dict[str, Any], method: str, bits: int, kv_bytes: int | None) -> None:
    """What quantisers write; a KV cache of 8 bits is used unless another is asked for."""
    found = read_architecture(Config({**PLAIN, "quantization_config": quantised}, "c")).quantisation

    assert found is not None
    assert (found.method, found.bits, found.kv_bytes) == (method, bits, kv_bytes)


def test_a_quantised_checkpoint_is_not_guessed(tmp_path: Path) -> None:
    """Parameters times bits are wrong by a fifth; the message has the three ways out."""
    (tmp_path / "config.json").write_text(json.dumps(PLAIN | {"quantization_config": {"quant_method": "awq"}}))

    with pytest.raises(UsageError, match=r"is quantised \(awq, 4 bits\).*index.json.*--weights-gib.*--checkpoint-gib"):
        size(tmp_path, "H100")
    assert size(tmp_path, "H100", 2, Launch(checkpoint_gib=6.0)).weights_gib == pytest.approx(3.0, abs=0.02)


def test_a_layout_of_a_hybrid_is_vllms() -> None:
    """Qwen3-Next on two H200, as a public startup log of vLLM 0.10.2 has it: blocks of 544 tokens, 973,760 tokens."""
    caches = tuple(cache for layer in read_kept(Config(QWEN_NEXT, "c")) for cache in layer)

    layout = lay_out(caches, 2, kv_bytes=2, dtype_bytes=2)

    assert (layout.block, len(layout.groups), layout.block_bytes) == (544, 4, 12 * 544 * 1024)
    assert layout.tokens_in(44.59 * 2**30) == 973_760
    found = size(read_model("Qwen3-8B"), "RTX-4090", 1, Launch("vllm=0.10.2", utilization=0.8, weights_gib=8.8))
    assert found.activation_gib == pytest.approx(1.40, abs=0.03)  # a public log of that version, on such a card
    assert found.kv_gib == pytest.approx(8.60, abs=0.05)


def test_heads_are_repeated_beyond_their_number() -> None:
    """Two heads on eight GPUs: one on each; a latent is on each GPU whole."""
    few = read_kept(Config({**PLAIN, "num_key_value_heads": 2}, "c"))[0][0]
    latent = read_kept(Config({**PLAIN, "kv_lora_rank": 512, "qk_rope_head_dim": 64}, "c"))[0][0]

    assert [few.bytes_per_token(degree, 2) for degree in (1, 2, 8)] == [1024, 512, 512]
    assert [latent.bytes_per_token(degree, 2) for degree in (1, 8)] == [1152, 1152]


def test_defaults_of_an_engine_follow_its_version() -> None:
    """Batches by memory and version; graphs are in the budget from 0.20 on; the flag for the KV cache since 0.10.2."""
    found = {
        version: size("Qwen3-8B", "B200", 1, Launch(f"vllm={version}", utilization=0.9)) for version in ("0.19", "0.29")
    }

    assert "--max-num-batched-tokens 8192" in found["0.19"].flags
    assert "--max-num-batched-tokens 16384" in found["0.29"].flags
    assert "--max-num-batched-tokens 2048" in size("Qwen3-8B", "A100-80GB").flags
    budget = 178.35 * 0.9
    parts = ("weights", "activation", "non_torch", "kv")
    assert sum(getattr(found["0.19"], f"{part}_gib") for part in parts) == pytest.approx(budget, abs=0.05)
    assert sum(getattr(found["0.29"], f"{part}_gib") for part in (*parts, "graphs")) == pytest.approx(budget, abs=0.05)
    old, new = (
        size("Qwen3-8B", "H100", 1, Launch(f"vllm={v}", concurrency=8, context_length=4096)) for v in ("0.9", "0.11")
    )
    assert old.flags[-1].startswith("--gpu-memory-utilization 0.")
    assert new.flags[-1] == f"--kv-cache-memory-bytes {(8 * 256 + 1) * 16 * 147456}"


@pytest.mark.parametrize("version", ["0.11", "0.19", "0.20", "0.29"])
@pytest.mark.parametrize("gpu", ["L4", "H100", "B200"])
@pytest.mark.parametrize("name", ["Qwen3-0.6B", "Qwen3-8B"])
def test_bug_copies_that_fit_beside_each_other_start_beside_each_other(name: str, gpu: str, version: str) -> None:
    """vLLM wants its share of the GPU to be free when it starts, by default nine tenths: no second copy started."""
    sized = size(name, gpu, 1, Launch(f"vllm={version}", context_length=1024, concurrency=4))
    (share,) = (float(flag.split()[1]) for flag in sized.flags if flag.startswith("--gpu-memory-utilization "))

    assert sized.context_gib + share * sized.usable_gib <= sized.total_gib


@pytest.mark.parametrize("name", sorted(known_models()))
def test_every_model_of_the_table_can_be_read(name: str) -> None:
    """Each has its figures; where its size is not known, that is said."""
    model = read_model(name)

    assert model.architecture.caches
    if model.architecture.quantisation is None:
        assert size(model, "H200", 8, Launch("vllm=0.19")).weights_gib > 0


@pytest.mark.parametrize("name", sorted(known_models()))
def test_no_model_of_the_table_has_a_window_that_its_row_does_not_say(name: str) -> None:
    """Families' defaults fill in what a row leaves out: a window would be too small by far for a long request."""
    windows = [cache.window for cache in read_model(name).architecture.caches if cache.kind is LayerKind.SLIDING]
    row = json.dumps(known_models()[name])
    assert not windows or any(f'"{key}": {window}' in row for key in WINDOW_KEYS for window in windows)


def test_a_long_request_keeps_all_its_tokens() -> None:
    """Mistral Small 3.1: four of 32,768 tokens at 163,840 bytes each, within a hair of blocks."""
    found = size(
        "Mistral-Small-3.1-24B-Instruct-2503", "H100", 1, Launch("vllm=0.19", concurrency=4, context_length=32768)
    )
    assert found.kv_gib == pytest.approx(4 * 32768 * 163840 / 2**30, rel=0.001)


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("Llama-3.1-8B-Instruct", 8.03), ("Llama-3.1-70B-Instruct", 70.55), ("Qwen3-8B", 8.19), ("Qwen3-32B", 32.76),
        ("Qwen3-30B-A3B", 30.53), ("Qwen3-235B-A22B", 235.09), ("gemma-2-27b-it", 27.23), ("Mixtral-8x7B-v0.1", 46.70),
        ("DeepSeek-V3", 671.03), ("Kimi-K2-Instruct", 1026.4), ("gpt-oss-20b", 20.91), ("Qwen2.5-72B-Instruct", 72.71),
    ],
)  # fmt: skip
def test_parameters_are_as_published(name: str, billions: float) -> None:
    """Counted from shapes, against the publishers' own numbers."""
    found = read_model(name).parameters

    assert found is not None
    assert found.total / 1e9 == pytest.approx(billions, rel=0.002)


SIZES = Path(__file__).resolve().parents[3] / "shared" / "published" / "llm-model-sizes" / "llm_models.csv"


def test_parameters_where_a_feed_forward_is_a_layer_of_its_own() -> None:
    """Nemotron 3 Nano, 31.6 billion, as letters and as words."""
    letters = "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME"
    words = {"M": "mamba", "*": "attention", "E": "moe"}
    config = {
        "model_type": "nemotron_h", "hidden_size": 2688, "num_hidden_layers": 52, "num_attention_heads": 32,
        "num_key_value_heads": 2, "head_dim": 128, "intermediate_size": 1856, "moe_intermediate_size": 1856,
        "moe_shared_expert_intermediate_size": 3712, "n_routed_experts": 128, "num_experts_per_tok": 6,
        "vocab_size": 131072, "mamba_num_heads": 64, "mamba_head_dim": 64, "ssm_state_size": 128, "conv_kernel": 4,
        "n_groups": 8,
    }  # fmt: skip
    by_letters = model_of(Config({**config, "hybrid_override_pattern": letters}, "c"), "c")
    by_words = model_of(Config({**config, "layers_block_type": [words[letter] for letter in letters]}, "c"), "c")

    assert by_letters == by_words
    assert by_letters.parameters is not None
    assert by_letters.parameters.total / 1e9 == pytest.approx(31.58, abs=0.05)


@pytest.mark.skipif(not SIZES.is_file(), reason=f"no published sizes at {SIZES}")
def test_parameters_of_the_table_against_published_counts() -> None:
    """Every model that is in both, by its name without words for a tuned version: within 1 %."""

    def plain(name: str) -> str:
        return name.rpartition("/")[2].lower().removesuffix("-instruct").removesuffix("-it").removeprefix("meta-")

    with SIZES.open(encoding="utf-8", newline="") as stream:
        counts = {plain(row["model"]): int(row["params_total"]) for row in csv.DictReader(stream)}
    checked = 0
    for name in known_models():
        model = read_model(name)
        sees = model.architecture.vision is not None  # the published counts leave encoders of pictures out
        if plain(name) in counts and model.parameters is not None and not sees:
            assert model.parameters.total == pytest.approx(counts[plain(name)], rel=0.01), name
            checked += 1
    assert checked >= 40


# --- What is no model


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, r"at \$\.hidden_size: is missing(.|\n)*num_hidden_layers: is missing(.|\n)*vocab_size: is missing"),
        ({**PLAIN, "hidden_size": 0}, r"\$\.hidden_size: must be a whole number from 1 to 2\^40, got 0"),
        ({"hidden_size": 1, "vocab_size": 2}, r"\$\.num_hidden_layers: is missing: every model's.*\(or n_layer"),
        ({**PLAIN, "hidden_size": 10**400}, r"must be a whole number from 1 to 2\^40"),
        ({**PLAIN, "num_hidden_layers": "32"}, r'must be a whole number from 1 to 2\^40, got "32"'),
        ({**PLAIN, "num_hidden_layers": -1}, "got -1"),
        ({**PLAIN, "num_attention_heads": 10_000}, "num_attention_heads: must be no more than hidden_size.*got 10000"),
        ({**PLAIN, "num_hidden_layers": 10**9}, r"must be at most 10,000, got 1000000000"),
        ({**PLAIN, "layer_types": ["lookahead"] * 32}, r'kind of layer that is not known here.*got "lookahead"'),
        ({**PLAIN, "layer_types": 7}, "must be a list, got 7"),
        ({**PLAIN, "layer_types": ["full_attention"]}, "must have 32 entries"),
        ({**PLAIN, "hybrid_override_pattern": "MQ"}, "is made of M"),
        ({**PLAIN, "compress_ratios": [1, 2]}, "compressed KV cache"),
        ({**PLAIN, "num_experts": 8, "intermediate_size": None}, r"\$\.moe_intermediate_size: is missing"),
        ({"text_config": {**PLAIN, "vocab_size": None}}, r"\$\.text_config\.vocab_size: is missing"),
        ({**QWEN_NEXT, "linear_num_key_heads": None}, r"\$\.linear_num_key_heads: is missing"),
    ],
)
def test_what_is_missing_is_named(config: dict[str, Any], words: str, tmp_path: Path) -> None:
    """File, key and rule."""
    (tmp_path / "config.json").write_text(json.dumps(config))

    with pytest.raises(DocumentError, match=words):
        read_model(tmp_path / "config.json")


def test_names_that_are_not_known_get_the_nearest(tmp_path: Path) -> None:
    """A model, an accelerator, an engine, a version, a type; a folder without a config; a file that is not there."""
    with pytest.raises(UsageError, match='did you mean "Qwen3-8B"'):
        read_model("Qwen3-8b-x")
    with pytest.raises(UsageError, match="several"):
        size("Qwen3-8B", "A100")
    with pytest.raises(UsageError, match="H100"):
        size("Qwen3-8B", "H1000")
    with pytest.raises(UsageError, match='did you mean "vllm"'):
        size("Qwen3-8B", "H100", 1, Launch("vlm"))
    with pytest.raises(UsageError, match="is no version"):
        size("Qwen3-8B", "H100", 1, Launch("vllm=new"))
    with pytest.raises(UsageError, match="older than all constants"):
        size("Qwen3-8B", "H100", 1, Launch("vllm=0.6"))
    with pytest.raises(UsageError, match='did you mean "bfloat16"'):
        size("Qwen3-8B", "H100", 1, Launch(dtype="bfloat17"))
    with pytest.raises(UsageError, match="no such file"):
        read_model(tmp_path / "none.json")
    with pytest.raises(DocumentError, match=r"a folder without a config\.json"):
        read_model(tmp_path)


@pytest.mark.parametrize(
    "launch",
    [
        Launch(utilization=0.0), Launch(utilization=1.5), Launch(max_num_seqs=0), Launch(concurrency=-1),
        Launch(weights_gib=0.0), Launch(memory_gib=float("nan")), Launch(kv_dtype="fp7"),
    ],
)  # fmt: skip
def test_arguments_that_mean_nothing(launch: Launch) -> None:
    """Each is refused by name."""
    with pytest.raises(UsageError):
        size("Qwen3-8B", "H100", 1, launch)
