"""Families of models: bytes of a token as published or worked out from the published figures; what is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from placement.errors import DocumentError, UsageError
from placement.sizing import Launch, read_model, size
from placement.sizing.architecture import LayerKind
from placement.sizing.config import Config
from placement.sizing.read import known_models, model_of, read_architecture
from tests.sizing.test_architectures import PLAIN

SIZES = Path(__file__).resolve().parents[3] / "shared" / "published" / "llm-model-sizes" / "llm_models.csv"


def shape(hidden: int, layers: int, heads: int, kv_heads: int | None = None, **more: Any) -> dict[str, Any]:
    """The names that most families use."""
    keys = {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads, "vocab_size": 32000}
    return keys | ({} if kv_heads is None else {"num_key_value_heads": kv_heads}) | more


def older(hidden: int, layers: int, heads: int, **more: Any) -> dict[str, Any]:
    """GPT-2's names."""
    return {"n_embd": hidden, "n_layer": layers, "n_head": heads, "vocab_size": 50257} | more


LATENT = {"kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128}
MPT = {"n_layers": 32, "d_model": 4096, "n_heads": 32, "vocab_size": 50432, "max_seq_len": 2048, "model_type": "mpt"}
CHATGLM = {"model_type": "chatglm", "hidden_size": 4096, "num_layers": 28, "num_attention_heads": 32,
           "kv_channels": 128, "multi_query_attention": True, "multi_query_group_num": 2, "padded_vocab_size": 65024,
           "ffn_hidden_size": 13696, "seq_length": 8192}  # fmt: skip
DBRX = {"model_type": "dbrx", "d_model": 6144, "n_heads": 48, "n_layers": 40, "max_seq_len": 32768,
        "vocab_size": 100352, "attn_config": {"kv_n_heads": 8, "clip_qkv": 8, "rope_theta": 500000},
        "ffn_config": {"ffn_hidden_size": 10752, "moe_num_experts": 16, "moe_top_k": 4}}  # fmt: skip
GPT_OSS = shape(2880, 24, 64, 8, model_type="gpt_oss", head_dim=64, sliding_window=128, num_local_experts=32,
                num_experts_per_tok=4, intermediate_size=2880)  # fmt: skip
QWEN_NEXT = shape(2048, 48, 16, 2, model_type="qwen3_next", head_dim=256, full_attention_interval=4,
                  linear_num_key_heads=16, linear_num_value_heads=32, linear_key_head_dim=128,
                  linear_value_head_dim=128, linear_conv_kernel_dim=4)  # fmt: skip
JAMBA = shape(4096, 32, 32, 8, model_type="jamba", attn_layer_period=8, attn_layer_offset=4, mamba_d_state=16,
              mamba_d_conv=4, mamba_expand=2)  # fmt: skip
NEMOTRON_H = shape(4480, 56, 40, 8, model_type="nemotron_h", head_dim=128, mamba_num_heads=128, mamba_head_dim=80,
                   ssm_state_size=128, conv_kernel=4, n_groups=8,
                   hybrid_override_pattern="M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-")  # fmt: skip
GEMMA_3N = {"model_type": "gemma3n_text", "hidden_size": 2048, "num_hidden_layers": 35, "num_kv_shared_layers": 15,
            "layer_types": (["sliding_attention"] * 4 + ["full_attention"]) * 7}  # fmt: skip
MISTRAL = {"dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8,
           "vocab_size": 32000, "norm_eps": 1e-05}  # fmt: skip
LLAMA = {"dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256, "multiple_of": 1024,
         "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0}  # fmt: skip
# Each: its config by the publisher's names (what does not matter here is left out), and bytes of a token in 16 bits.
FAMILIES: dict[str, tuple[dict[str, Any], int]] = {
    "Llama 2 7B": (shape(4096, 32, 32, 32, model_type="llama"), 524_288),
    "Llama 3.1 8B": (shape(4096, 32, 32, 8, model_type="llama"), 131_072),
    "Llama 3.1 70B": (shape(8192, 80, 64, 8, model_type="llama"), 327_680),
    "Llama 3.1 405B": (shape(16384, 126, 128, 8, model_type="llama"), 516_096),
    "Mistral 7B, windows": (shape(4096, 32, 32, 8, model_type="mistral", sliding_window=4096), 131_072),
    "Mixtral 8x22B": (shape(6144, 56, 48, 8, model_type="mixtral", num_local_experts=8, intermediate_size=16384),
                      229_376),
    "Qwen 7B": (shape(4096, 32, 32, model_type="qwen", kv_channels=128, intermediate_size=22016), 524_288),
    "Qwen2.5 7B": (shape(3584, 28, 28, 4, model_type="qwen2"), 57_344),
    "Qwen3 8B": (shape(4096, 36, 32, 8, model_type="qwen3", head_dim=128), 147_456),
    "Qwen3-Next 80B": (QWEN_NEXT, 24_576),
    "Gemma 7B": (shape(3072, 28, 16, 16, model_type="gemma", head_dim=256), 458_752),
    "Gemma 2 9B": (shape(3584, 42, 16, 8, model_type="gemma2", head_dim=256, sliding_window=4096), 344_064),
    "Gemma 3 27B": (shape(5376, 62, 32, 16, model_type="gemma3_text", head_dim=128, sliding_window=1024), 507_904),
    "Gemma 3n E4B": ({"model_type": "gemma3n", "text_config": GEMMA_3N}, 40_960),
    "GPT-2": (older(768, 12, 12, model_type="gpt2", n_ctx=1024), 36_864),
    "GPT-J 6B": (older(4096, 28, 16, model_type="gptj"), 458_752),
    "StarCoder": (older(6144, 40, 48, model_type="gpt_bigcode", multi_query=True), 20_480),
    "Falcon 7B": ({"model_type": "falcon", **shape(4544, 32, 71), "multi_query": True, "num_kv_heads": 71,
                   "new_decoder_architecture": False}, 8_192),
    "Falcon 7B, first names": ({"model_type": "RefinedWebModel", "hidden_size": 4544, "n_layer": 32, "n_head": 71,
                                "multi_query": True, "vocab_size": 65024}, 8_192),
    "Falcon 40B": ({"model_type": "falcon", **shape(8192, 60, 128), "num_kv_heads": 8, "multi_query": True,
                    "new_decoder_architecture": True}, 122_880),
    "Falcon RW 1B": ({"model_type": "falcon", **shape(2048, 24, 32), "multi_query": False, "num_kv_heads": 32},
                     196_608),
    "ChatGLM3 6B": (CHATGLM, 28_672),
    "GLM-4 9B": (CHATGLM | {"num_layers": 40}, 40_960),
    "MPT 7B": (MPT | {"attn_config": {"attn_type": "multihead_attention"}}, 524_288),
    "MPT 7B 8k with one head": (MPT | {"attn_config": {"attn_type": "multiquery_attention"}}, 16_384),
    "MPT 30B": (MPT | {"d_model": 7168, "n_heads": 64, "n_layers": 48, "attn_config": {}}, 1_376_256),
    "DBRX": (DBRX, 163_840),
    "BLOOM 176B": ({"model_type": "bloom", "n_embed": 14336, "n_layer": 70, "num_attention_heads": 112,
                    "vocab_size": 250880}, 4_014_080),
    "OPT 13B": (shape(5120, 40, 40, model_type="opt", ffn_dim=20480), 819_200),
    "GPT-NeoX 20B": (shape(6144, 44, 64, model_type="gpt_neox", rotary_pct=0.25), 1_081_344),
    "Phi-3 mini": (shape(3072, 32, 32, 32, model_type="phi3"), 393_216),
    "Phi-3 small": (shape(4096, 32, 32, 8, model_type="phi3small", ff_intermediate_size=14336), 131_072),
    "Command R": (shape(8192, 40, 64, 64, model_type="cohere"), 1_310_720),
    "DeepSeek V2 Lite": (shape(2048, 27, 16, 16, model_type="deepseek_v2", **LATENT | {"q_lora_rank": None}), 31_104),
    "DeepSeek V3": (shape(7168, 61, 128, 128, model_type="deepseek_v3", **LATENT), 70_272),
    "DeepSeek VL2 small, without latents": (
        {"model_type": "deepseek_vl_v2", "language_config": shape(1280, 12, 10, 10, model_type="deepseek_v2",
                                                                  use_mla=False)}, 61_440),
    "MiniCPM3 4B": (shape(2560, 62, 40, 40, model_type="minicpm3", kv_lora_rank=256, qk_nope_head_dim=64,
                          qk_rope_head_dim=32, v_head_dim=64), 952_320),
    "LongCat Flash": ({"model_type": "longcat_flash", "hidden_size": 6144, "num_layers": 28, "vocab_size": 131072,
                       "num_attention_heads": 64, **LATENT}, 64_512),
    "Step 3": ({"model_type": "step3_vl", "text_config": shape(7168, 61, 64, head_dim=256, num_attention_groups=1)},
               62_464),
    "gpt-oss 20B": (GPT_OSS, 49_152),
    "gpt-oss 120B": (GPT_OSS | {"num_hidden_layers": 36}, 73_728),
    "Jamba": (JAMBA, 16_384),
    "Nemotron Nano 9B v2": (NEMOTRON_H, 16_384),
    "Mamba 2.8B": ({"model_type": "mamba", "hidden_size": 2560, "num_hidden_layers": 64, "vocab_size": 50280,
                    "state_size": 16, "conv_kernel": 4, "expand": 2}, 0),
    "DeciLM 7B": (shape(4096, 32, 32, model_type="deci", num_key_value_heads_per_layer=[4] * 24 + [2] * 8), 57_344),
    "Mistral 7B, params.json": (MISTRAL, 131_072),
    "Mixtral 8x22B, params.json": (
        MISTRAL | {"dim": 6144, "n_layers": 56, "n_heads": 48, "hidden_dim": 16384,
                   "moe": {"num_experts": 8, "num_experts_per_tok": 2}}, 229_376),
    "Mistral Large 3, params.json": (MISTRAL | {"dim": 7168, "n_layers": 61, "n_heads": 128, "n_kv_heads": 128,
                                                **LATENT}, 70_272),
    "Llama 3 8B, params.json": (LLAMA, 131_072),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_bytes_of_a_token(name: str) -> None:
    """In all layers together, on one GPU."""
    config, expected = FAMILIES[name]
    model = model_of(Config(config, "c"), "c")

    assert sum(cache.bytes_per_token(1, 2) for cache in model.architecture.caches) == expected


@pytest.mark.skipif(not SIZES.is_file(), reason=f"no published sizes at {SIZES}")
def test_bytes_of_a_token_of_the_table() -> None:
    """Every model that is also in the published list of sizes, by its name."""

    def plain(name: str) -> str:
        return name.rpartition("/")[2].lower().removesuffix("-instruct").removesuffix("-it").removeprefix("meta-")

    with SIZES.open(encoding="utf-8", newline="") as stream:
        published = {plain(row["model"]): int(row["kv_bytes_per_token_fp16"]) for row in csv.DictReader(stream)}
    found = {
        name: sum(
            cache.bytes_per_token(1, 2) for cache in read_model(name).architecture.caches if not cache.token_bytes
        )
        for name in known_models()
        if plain(name) in published
    }

    assert len(found) >= 40
    assert {name: n for name, n in found.items() if n != published[plain(name)]} == {}


# Billions of parameters as published, and the keys that only they need.
COUNTS: dict[str, tuple[float, dict[str, Any]]] = {
    "GPT-2": (0.124, {}), "GPT-J 6B": (6.05, {"vocab_size": 50400}), "Falcon 7B": (6.92, {"vocab_size": 65024}),
    "Falcon 7B, first names": (6.92, {}), "Falcon 40B": (41.3, {"vocab_size": 65024}), "StarCoder": (15.5, {}),
    "Falcon RW 1B": (1.31, {"vocab_size": 50304}), "ChatGLM3 6B": (6.24, {}), "BLOOM 176B": (176.25, {}),
    "GLM-4 9B": (9.40, {"padded_vocab_size": 151552}), "OPT 13B": (12.85, {"vocab_size": 50272}), "MPT 7B": (6.65, {}),
    "MPT 30B": (29.96, {}), "GPT-NeoX 20B": (20.55, {"vocab_size": 50432, "intermediate_size": 24576}),
    "Phi-3 mini": (3.82, {"vocab_size": 32064, "intermediate_size": 8192}), "DBRX": (131.6, {}),
    "Phi-3 small": (7.39, {"vocab_size": 100352}), "Qwen 7B": (7.72, {"vocab_size": 151936}),
    "Command R": (34.98, {"vocab_size": 256000, "intermediate_size": 22528}), "Mamba 2.8B": (2.77, {}),
    "Gemma 7B": (8.54, {"vocab_size": 256000, "intermediate_size": 24576}),
    "DeciLM 7B": (7.04, {"intermediate_size": 14336}), "Mistral 7B, params.json": (7.24, {}),
    "MiniCPM3 4B": (4.07, {"vocab_size": 73448, "intermediate_size": 6400, "q_lora_rank": 768}),
    "Mixtral 8x22B, params.json": (140.6, {}), "Llama 3 8B, params.json": (8.03, {}),
    "Nemotron Nano 9B v2": (8.89, {"vocab_size": 131072, "intermediate_size": 15680}),
    "Jamba": (51.6, {"vocab_size": 65536, "num_experts": 16, "num_experts_per_tok": 2, "expert_layer_period": 2,
                     "expert_layer_offset": 1, "intermediate_size": 14336}),
    "LongCat Flash": (562.0, {"n_routed_experts": 512, "moe_topk": 12, "expert_ffn_hidden_size": 2048,
                              "ffn_hidden_size": 12288}),
    "Mistral Large 3, params.json": (673.0, {"hidden_dim": 16384, "vocab_size": 131072,
                                             "moe": {"num_experts": 128, "num_experts_per_tok": 4,
                                                     "num_shared_experts": 1, "expert_hidden_dim": 4096,
                                                     "first_k_dense_replace": 3}}),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_parameters(name: str) -> None:
    """As the publishers have them: what is tied, gated or shared counts so."""
    billions, more = COUNTS[name]
    found = model_of(Config(FAMILIES[name][0] | more, "c"), "c").parameters

    assert found is not None
    assert found.total / 1e9 == pytest.approx(billions, rel=0.01)


MAMBA = {"model_type": "mamba", "hidden_size": 2560, "intermediate_size": 5120, "num_hidden_layers": 64,
         "vocab_size": 50280, "state_size": 16, "conv_kernel": 4, "expand": 2, "time_step_rank": 160}  # fmt: skip
FALCON_MAMBA = {"model_type": "falcon_mamba", "hidden_size": 4096, "intermediate_size": 8192, "num_hidden_layers": 64,
                "vocab_size": 65024, "state_size": 16, "conv_kernel": 4, "expand": 16, "time_step_rank": 256,
                "tie_word_embeddings": False}  # fmt: skip
CODESTRAL_MAMBA = {"model_type": "mamba2", "hidden_size": 4096, "num_hidden_layers": 64, "vocab_size": 32768,
                   "state_size": 128, "conv_kernel": 4, "expand": 2, "num_heads": 128, "head_dim": 64, "n_groups": 8,
                   "tie_word_embeddings": False}  # fmt: skip
ZAMBA = shape(3584, 81, 32, 32, model_type="zamba2", n_mamba_heads=112, mamba_headdim=64, mamba_d_state=64,
              mamba_d_conv=4, mamba_ngroups=2, intermediate_size=14336,
              hybrid_layer_ids=[6, 11, 17, 23, 29, 35, 41, 47, 53, 59, 65, 71, 77])  # fmt: skip


@pytest.mark.parametrize(("config", "billions"), [(MAMBA, 2.768), (FALCON_MAMBA, 7.273), (CODESTRAL_MAMBA, 7.285)])
def test_parameters_of_recurrent_models(config: dict[str, Any], billions: float) -> None:
    """As the publishers have them; the inner width is what the config says, for any `expand`."""
    found = model_of(Config(config, "c"), "c")

    assert found.parameters is not None
    assert found.parameters.total / 1e9 == pytest.approx(billions, rel=0.002)


def test_the_state_of_falcon_mamba_is_of_its_inner_width() -> None:
    """8192, though `expand` is 16."""
    assert {cache.state for cache in read_architecture(Config(FALCON_MAMBA, "c")).caches} == {8192 * 16}


def test_shared_blocks_are_not_counted_in_each_layer() -> None:
    """Zamba 2: keys and values by its list of layers; its weights are asked for, by the key."""
    found = model_of(Config(ZAMBA, "c"), "c")

    full = [cache for cache in found.architecture.caches if cache.kind is LayerKind.FULL]
    assert len(full) == 13
    assert {(cache.kv_heads, cache.key_size) for cache in full} == {(32, 224)}
    with pytest.raises(UsageError, match=r"what its model_type tells of is not counted here: .* --checkpoint-gib"):
        size(found, "H100")
    with pytest.raises(UsageError, match="what its hybrid_layer_ids tells of is not counted here"):
        size(model_of(Config({**ZAMBA, "model_type": "mine"}, "c"), "c"), "H100")
    assert size(found, "H100", launch=Launch(checkpoint_gib=13.7)).weights_gib == 13.7


QWEN2_VL = {"depth": 32, "embed_dim": 1280, "mlp_ratio": 4, "spatial_merge_size": 2, "patch_size": 14}
QWEN3_VL = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "spatial_merge_size": 2, "patch_size": 16,
            "num_position_embeddings": 2304, "deepstack_visual_indexes": [8, 16, 24]}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "vision", "published"),
    [
        (
            shape(1536, 28, 12, 2, intermediate_size=8960, vocab_size=151936, tie_word_embeddings=True),
            {**QWEN2_VL, "hidden_size": 1536},
            2_208_985_600,  # Qwen2-VL-2B
        ),
        (
            shape(3584, 28, 28, 4, intermediate_size=18944, vocab_size=152064, tie_word_embeddings=False),
            {**QWEN2_VL, "hidden_size": 3584},
            8_291_375_616,  # Qwen2-VL-7B
        ),
        (
            shape(3584, 28, 28, 4, intermediate_size=18944, vocab_size=152064, tie_word_embeddings=False),
            {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "out_hidden_size": 3584,
             "spatial_merge_size": 2, "patch_size": 14, "fullatt_block_indexes": [7, 15, 23, 31]},
            8_292_166_656,  # Qwen2.5-VL-7B
        ),
        (
            shape(4096, 36, 32, 8, head_dim=128, intermediate_size=12288, vocab_size=151936, tie_word_embeddings=False),
            {**QWEN3_VL, "model_type": "qwen3_vl", "out_hidden_size": 4096},
            8_767_123_696,  # Qwen3-VL-8B
        ),
    ],
)  # fmt: skip
def test_parameters_of_models_that_see(text: dict[str, Any], vision: dict[str, Any], published: int) -> None:
    """As their checkpoints have them, biases and norms of the encoder aside."""
    found = model_of(Config(text | {"model_type": "qwen2_vl", "vision_config": vision}, "c"), "c").parameters

    assert found is not None
    assert found.total == pytest.approx(published, rel=0.0005)


@pytest.mark.parametrize("name", ["Gemma 3n E4B", "Step 3"])
def test_what_is_not_counted_is_asked_for(name: str) -> None:
    """Embeddings of each layer, queries by way of a shared projection: no weights are made up."""
    config = dict(FAMILIES[name][0])
    config["text_config"] = {**config["text_config"], "share_q_dim": 2048 if name == "Step 3" else None}

    with pytest.raises(UsageError, match="give --weights-gib"):
        size(model_of(Config(config, "c"), "c"), "H100")


def test_an_encoder_of_sound_counts() -> None:
    """Whisper's, 0.63 billion of Qwen2-Audio's 8.4; one that is not known is asked for."""
    text = {"model_type": "qwen2", "intermediate_size": 11008, "vocab_size": 156032}
    sound = {"encoder_layers": 32, "d_model": 1280, "encoder_ffn_dim": 5120}
    config = {"model_type": "qwen2_audio", "text_config": text | shape(4096, 32, 32, 32, vocab_size=156032)}

    found, without = (model_of(Config(c, "c"), "c").parameters for c in (config | {"audio_config": sound}, config))

    assert found is not None
    assert without is not None
    assert found.total - without.total == 32 * 1280 * (4 * 1280 + 2 * 5120)
    assert found.total / 1e9 == pytest.approx(8.4, rel=0.01)
    omni = {"model_type": "qwen2_5_omni", "thinker_config": config | {"audio_config": sound}}
    assert model_of(Config(omni, "c"), "c").parameters == found
    for unknown in ({"audio_config": {"name": "x"}}, {"encoder_config": {"num_layers": 16}}):
        assert model_of(Config(config | unknown, "c"), "c").parameters is None


def test_a_count_that_nobody_compared_is_told() -> None:
    """By the family; not where the size is given, read, or of a family that was compared."""
    model, plain = (model_of(Config({**PLAIN, "model_type": kind}, "c"), "c") for kind in ("newllm", "llama"))

    (note,) = (note for note in size(model, "H100").notes if "counted" in note)
    assert "for the family newllm" in note
    for known in (size(model, "H100", 1, Launch(checkpoint_gib=15.0)), size(plain, "H100")):
        assert not any("counted" in note for note in known.notes)


def test_a_width_that_counts_twice() -> None:
    """Qwen 7B's inner width is gate and product together."""
    assert read_architecture(Config(FAMILIES["Qwen 7B"][0], "c")).intermediate == 11008


# --- Mistral's own file


def test_a_folder_with_params_json(tmp_path: Path) -> None:
    """As Mistral publishes them: the same sizes as by a config.json, which goes first where both are there."""
    written = {
        **MISTRAL,
        "max_seq_len": 32768,
        "rope_theta": 1e6,
        "vision_encoder": {"image_size": 1540, "patch_size": 14},
    }
    (tmp_path / "params.json").write_text(json.dumps(written))
    names = shape(4096, 32, 32, 8, model_type="mistral", intermediate_size=14336, head_dim=128, rope_theta=1e6,
                  max_position_embeddings=32768)  # fmt: skip
    encoder = {"vision_config": {"model_type": "pixtral", "image_size": 1540, "patch_size": 14}}
    launch = Launch("vllm=0.19", utilization=0.9)

    found = size(tmp_path, "H100", 1, launch)

    (tmp_path / "config.json").write_text(json.dumps({**names, **encoder}))
    other = size(tmp_path, "H100", 1, launch)
    assert found == other
    assert size(tmp_path / "params.json", "H100", 1, launch) == found
    assert found.kv_tokens > 300_000


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"model_type": "mamba"}, r'\$\.model_type: is of a model whose params\.json is not known.*got "mamba"'),
        ({"vocab_size": -1}, r"\$\.vocab_size: must be a whole number from 1 to 2\^40, got -1"),
        ({"n_heads": None, "head_dim": None}, r"\$\.num_attention_heads: is missing"),
    ],
)
def test_params_json_that_cannot_be_sized(more: dict[str, Any], words: str) -> None:
    """Each names the key."""
    with pytest.raises(DocumentError, match=words):
        read_model_of({**MISTRAL, **more})


def test_params_json_of_a_quantised_model() -> None:
    """Its size is no product of parameters and bits."""
    quantised = read_model_of({**MISTRAL, "quantization": {"qformat_weight": "fp8_e4m3", "qscheme_act": "TENSOR"}})

    assert quantised.architecture.quantisation is not None
    assert (quantised.architecture.quantisation.method, quantised.architecture.quantisation.bits) == ("fp8", 8)


def read_model_of(config: dict[str, Any]) -> Any:
    """A model of a mapping."""
    return model_of(Config(config, "params.json"), "c")


# --- What can't be sized

BERT = shape(768, 12, 12, intermediate_size=3072, max_position_embeddings=512)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({**BERT, "model_type": "bert", "type_vocab_size": 2}, "model_type"),
        ({**BERT, "type_vocab_size": 2}, "type_vocab_size"),
        ({**BERT, "model_type": "x", "architectures": ["XForMaskedLM"]}, "architectures"),
        ({"model_type": "distilbert", "dim": 768, "n_layers": 6, "n_heads": 12, "hidden_dim": 3072, "vocab_size": 30522,
          "architectures": ["DistilBertForMaskedLM"]}, "model_type"),
        ({"model_type": "t5", "d_model": 512, "num_layers": 6, "num_heads": 8, "d_kv": 64, "d_ff": 2048,
          "vocab_size": 32128, "is_encoder_decoder": True}, "is_encoder_decoder"),
        ({"model_type": "t5", "d_model": 512, "num_layers": 6, "num_heads": 8, "d_kv": 64, "vocab_size": 32128},
         "d_kv"),
        ({"model_type": "whisper", "d_model": 1280, "encoder_layers": 32, "decoder_layers": 32, "vocab_size": 51866,
          "num_hidden_layers": 32, "encoder_attention_heads": 20}, "encoder_layers"),
        ({"model_type": "clip", "text_config": {**BERT, "model_type": "clip_text_model"},
          "vision_config": {"hidden_size": 768}}, "model_type"),
        ({"model_type": "mllama", "text_config": {**shape(4096, 40, 32, 8), "cross_attention_layers": [3, 8]}},
         "text_config.cross_attention_layers"),
        ({**shape(4096, 32, 64), "model_type": "rwkv7", "head_dim": 64}, "model_type"),
        ({**shape(2560, 26, 10, 1), "model_type": "recurrent_gemma"}, "model_type"),
        ({**shape(6400, 64, 80, 8), "model_type": "hunyuan", "use_cla": True, "cla_share_factor": 2}, "use_cla"),
        ({**shape(5120, 40, 40), "model_type": "plamo", "n_shared_head": 8}, "n_shared_head"),
        ({**PLAIN, "num_key_value_heads": None, "kv_head_count": 4}, "kv_head_count"),
        ({**PLAIN, "num_key_value_heads": None, "num_kv_groups": 4}, "num_kv_groups"),
        ({**PLAIN, "compress_ratios": [1, 2]}, "compress_ratios"),
    ],
)  # fmt: skip
def test_what_would_be_wrong_without_a_word(config: dict[str, Any], key: str) -> None:
    """Refused by the key that shows it, with the way out."""
    with pytest.raises(DocumentError) as told:
        model_of(Config(config, "config.json"), "c")

    (fault,) = told.value.faults
    assert fault.path == f"$.{key}"
    assert "accelerator_memory_gib" in fault.rule or "num_key_value_heads in a copy" in fault.rule


def test_what_only_looks_alike_is_sized() -> None:
    """A quotient of heads, a number of layers that share, flags, and a decoder of BERT's family."""
    harmless = {
        **PLAIN,
        "num_key_value_heads": None,
        "num_key_value_groups": 1,
        "kv_heads_norm": True,
        "use_cla": False,
    }

    assert read_architecture(Config(harmless, "c")).kv_heads == 32
    assert read_architecture(Config({**BERT, "model_type": "bert", "is_decoder": True}, "c")).kv_heads == 12


@pytest.mark.parametrize(
    ("model", "accelerator", "dtype", "is_wide"),
    [
        ("gemma-3-4b-it", "T4", "auto", True),
        ("gemma-2-2b-it", "V100-16GB", "auto", True),
        ("gemma-3-4b-it", "L4", "auto", False),
        ("gemma-3-4b-it", "T4", "float16", False),
        ("Llama-3.1-8B-Instruct", "T4", "auto", False),
    ],
)
def test_families_that_float16_breaks_are_in_32_bits_without_bfloat16(
    model: str, accelerator: str, dtype: str, is_wide: bool
) -> None:
    """As vLLM chooses by itself before compute capability 8.0: twice the weights, and a note says why."""
    usual, found = size(model, "H100", 1), size(model, accelerator, 1, Launch(dtype=dtype))

    assert found.weights_gib == pytest.approx(usual.weights_gib * (2 if is_wide else 1), abs=0.05)
    assert any("in 32 bits on" in note for note in found.notes) == is_wide


def _heads(heads: float) -> dict[str, Any]:
    """A config whose size of a head follows from the heads of queries."""
    without = {key: value for key, value in PLAIN.items() if key != "head_dim"}
    return without | {"num_attention_heads": 32, "num_key_value_heads": heads}


@pytest.mark.parametrize("heads", [7, 0, -8, 64, 3, 1.5])
def test_heads_of_keys_and_values_divide_those_of_queries(heads: float) -> None:
    """Each serves as many, or no engine starts: 7 of 32, none, or more than there are queries."""
    rule = r"at \$.num_key_value_heads: must be a whole number"
    with pytest.raises(DocumentError, match=rule):
        read_architecture(Config(_heads(heads), "c"))


def test_the_error_of_heads_has_rule_and_way_out() -> None:
    """Key, value, rule and where the right one is."""
    told = (
        r"c at \$.num_key_value_heads: must be a whole number above 0 that divides num_attention_heads \(32\), as each "
        r"serves as many of them: the publisher's own config.json has it, got 7"
    )
    with pytest.raises(DocumentError, match=told):
        read_architecture(Config(_heads(7), "c"))


@pytest.mark.parametrize("heads", [7, 64])
def test_heads_of_a_given_size_that_do_not_divide_are_sized_and_do_not_fit(heads: int) -> None:
    """Their memory is known, and the reason says why no engine starts."""
    model = model_of(Config(_heads(heads) | {"head_dim": 128}, "c"), "c")

    found = size(model, "H100", 1, Launch(checkpoint_gib=1.0))

    assert (found.fits, found.kv_tokens > 0) == (False, True)
    assert found.reason.startswith(f"num_key_value_heads, {heads}, must divide num_attention_heads, 32, or no engine")
    with pytest.raises(DocumentError, match="num_key_value_heads: must be a whole number above 0"):
        read_architecture(Config(_heads(0) | {"head_dim": 128}, "c"))
