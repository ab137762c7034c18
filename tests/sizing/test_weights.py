"""Weights of models in 16 bits, counted from a config: parameters, encoders, and what the allocator takes beyond."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placement.sizing import Launch, Model, read_model, size
from placement.sizing.architecture import Architecture, Quantisation
from placement.sizing.config import Config
from placement.sizing.read import known_config, model_of
from placement.sizing.weights import unsplit_bytes

MIB = 2**20


@pytest.mark.parametrize(
    ("size_mib", "left_mib"),
    [(1, 0), (9.5, 0), (10, 0), (10.5, 0), (11, 1), (11.5, 0.5), (231, 1), (230.5, 0), (231.5, 0.5), (462, 0)],
)
def test_what_is_left_of_a_segment(size_mib: float, left_mib: float) -> None:
    """Segments are multiples of 2 MiB, and up to 1 MiB of one stays with its tensor."""
    assert unsplit_bytes(int(size_mib * MIB)) == left_mib * MIB


@pytest.mark.parametrize(
    ("model", "degree", "logged"),
    [
        ("Qwen2.5-72B-Instruct", 2, 67.80),  # 80 tensors of 231 MiB take 232
        ("Kimi-Dev-72B", 2, 67.82),
        ("Kimi-Dev-72B", 4, 34.01),
        ("Qwen2.5-7B-Instruct", 1, 14.25),
        ("Llama-4-Scout-17B-16E-Instruct", 4, 53.12),  # with its encoder of pictures
        ("Mistral-Small-3.1-24B-Instruct-2503", 1, 44.76),
        ("gemma-3-27b-it", 1, 51.45),
        ("phi-2", 1, 5.19),
        ("Llama-3.1-8B-Instruct", 1, 14.99),
    ],
)
def test_weights_as_vllm_logs_them(model: str, degree: int, logged: float) -> None:
    """Within two hundredths of a GiB of "Model loading took" (vLLM 0.19.0 on H100, jgchn/llm-d-planner 56dc5b7)."""
    assert size(model, "H100", degree, Launch("vllm=0.19")).weights_gib == pytest.approx(logged, abs=0.02)


@pytest.mark.parametrize(
    ("model", "published"),
    [
        ("Llama-4-Scout-17B-16E-Instruct", 108_641_793_536),
        ("gemma-3-27b-it", 27_432_406_640),
        ("gemma-3-4b-it", 4_300_079_472),
        ("Mistral-Small-3.1-24B-Instruct-2503", 24_011_361_280),
    ],
)
def test_parameters_with_the_encoder_of_pictures(model: str, published: int) -> None:
    """As the safetensors files have them: blocks, pixels, positions and projections."""
    parameters = read_model(model).parameters

    assert parameters is not None
    assert parameters.total == pytest.approx(published, rel=0.0003)


def test_latent_attention_in_8_bits_has_copies_in_16() -> None:
    """Of 61 layers, 128 heads of 128 + 128 numbers from a latent of 512; not where files hold 16 bits."""
    config = dict(known_config("deepseek-ai/DeepSeek-V3")[1].values)
    without = {key: value for key, value in config.items() if key != "quantization_config"}
    launch = Launch("vllm=0.19", checkpoint_gib=640.0)
    models = [
        model_of(Config(values, "config.json"), "m")
        for values in (without | {"quantization_config": {"quant_method": "fp8"}}, without)
    ]
    copies = 61 * 512 * 128 * 256 * 2 / 8 / 2**30

    in_8, in_16 = (size(model, "H200", 8, launch).weights_gib for model in models)

    assert in_8 - in_16 == pytest.approx(copies, abs=0.1)  # beside it, what the allocator keeps with tensors
    assert copies == pytest.approx(0.238, abs=0.001)


def test_a_gemma_3_that_sees_has_its_encoder_where_the_config_leaves_it_out() -> None:
    """One of text alone has none."""
    config = dict(known_config("google/gemma-3-27b-it")[1].values)
    text = {key: value for key, value in config.items() if key not in ("vision_config", "mm_tokens_per_image")}
    seeing = text | {"model_type": "gemma3"}
    launch = Launch("vllm=0.19", utilization=0.95)

    whole, left_out, alone = (
        size(model_of(Config(values, "config.json"), "m"), "H100", 1, launch)
        for values in (config, seeing, seeing | {"architectures": ["Gemma3ForCausalLM"]})
    )

    assert (left_out.weights_gib, left_out.activation_gib) == (whole.weights_gib, whole.activation_gib)
    assert whole.weights_gib - alone.weights_gib == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    ("model", "degree", "logged"),
    [("gpt-oss-20b", 1, 13.64), ("gpt-oss-20b", 2, 7.01), ("DeepSeek-V2-Lite-Chat", 1, 29.43)],
)
def test_what_kernels_take_beyond_the_checkpoint(model: str, degree: int, logged: float) -> None:
    """As vLLM 0.19 logged it on H100: experts in MXFP4 laid out anew, and the workspace of latent attention."""
    found = size(model, "H100", degree, Launch("vllm=0.19"))

    assert found.weights_gib == pytest.approx(logged, abs=0.025)


@pytest.mark.parametrize(
    ("accelerator", "degree", "expert"),
    [
        # Triton: values of 5,760 x 1,472 and 2,880 x 1,472 bytes, scales for 5,888 and 3,072 rows, those that were
        # loaded, biases of 32 bits.
        ("H100", 1, 5760 * 1472 + 2880 * 1472 + 90 * (5888 + 3072) + 90 * (5760 + 2880) + 4 * 8640),
        # An inner width of 720 becomes 768.
        ("H100", 4, 1536 * 1472 + 2880 * 384 + 1536 * 90 + 3072 * 24 + 1536 * 90 + 2880 * 24 + 4 * (1536 + 2880)),
        # Marlin: 2,944 x 3,072; the newest: 3,072 x 3,072.
        ("A100-80GB", 1, 3 * 2944 * 3072 // 2 + 3 * 2944 * 3072 // 32 + 2 * (2 * 2944 + 3072)),
        ("B200", 1, 3 * 3072 * 3072 // 2 + 3 * 3072 * 3072 // 32 + 2 * (2 * 3072 + 3072)),
    ],
)
def test_experts_in_mxfp4_as_kernels_take_them(accelerator: str, degree: int, expert: int) -> None:
    """Of 32 experts of 24 layers, in place of their part of the checkpoint."""
    model = read_model("gpt-oss-20b")
    stored = 3 * 2880 * 2880 // 2 + 3 * 2880 * 2880 // 32 + 2 * (2 * 2880 + 2880)
    plain = size(replace(model, architecture=without_format(model)), accelerator, degree, Launch("vllm=0.19"))
    found = size(model, accelerator, degree, Launch("vllm=0.19"))

    beyond = 24 * 32 * (expert - stored / degree) / 2**30
    assert found.weights_gib - plain.weights_gib == pytest.approx(beyond, abs=0.035)  # and what the allocator keeps


def without_format(model: Model) -> Architecture:
    """The figures of a model quantised otherwise, so that nothing is known of how kernels lay it out."""
    return replace(model.architecture, quantisation=Quantisation("other", 4))


def test_only_latent_attention_has_a_workspace() -> None:
    """From 0.12 to 0.24, and not where an indexer chooses tokens."""
    figures = known_config("deepseek-ai/DeepSeek-V2-Lite-Chat")[1].values
    model, sparse = (model_of(Config(dict(figures) | more, "config.json"), "m") for more in ({}, {"index_topk": 2048}))
    old, new, newest = (size(model, "H100", 1, Launch(f"vllm=0.{minor}")).weights_gib for minor in (11, 19, 25))

    assert new - old == pytest.approx(0.125, abs=0.011)
    assert newest == old
    assert size(sparse, "H100", 1, Launch("vllm=0.19")).weights_gib < new


@pytest.mark.parametrize(("degree", "logged"), [(1, 30.74), (2, 15.53)])
def test_latent_attention_with_an_encoder_of_pictures(degree: int, logged: float) -> None:
    """Kimi-VL, by the keys of its public config: its language model is DeepSeek-V2-Lite's like."""
    language = dict(known_config("deepseek-ai/DeepSeek-V2-Lite-Chat")[1].values) | {
        "model_type": "deepseek_v3",
        "q_lora_rank": None,
        "vocab_size": 163_840,
        "intermediate_size": 11_264,
        "max_position_embeddings": 131_072,
    }
    encoder = {
        "model_type": "moonvit",
        "patch_size": 14,
        "init_pos_emb_height": 64,
        "init_pos_emb_width": 64,
        "num_hidden_layers": 27,
        "hidden_size": 1152,
        "intermediate_size": 4304,
    }
    config = Config({"model_type": "kimi_vl", "text_config": language, "vision_config": encoder}, "config.json")

    found = size(model_of(config, "Kimi-VL"), "H100", degree, Launch("vllm=0.19"))

    assert found.weights_gib == pytest.approx(logged, abs=0.045)
