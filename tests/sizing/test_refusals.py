"""What vLLM refuses to start with on an accelerator does not fit there, and the reason says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from placement.catalogue import accelerators
from placement.sizing import Launch, read_model, size
from placement.sizing.config import Config
from placement.sizing.engines import refusals, version_key
from placement.sizing.read import model_of, read_architecture
from placement.sizing.startup_log import parse_startup_log
from tests.cli.test_solve import run

if TYPE_CHECKING:
    from pathlib import Path

LLAMA = {
    "model_type": "llama",
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 8,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32000,
    "max_position_embeddings": 8192,
}
LATENT = LLAMA | {
    "model_type": "deepseek_v2",
    "num_key_value_heads": 32,
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "v_head_dim": 128,
}


def _weights(kind: str, bits: int, inputs: dict[str, Any] | None, size: int | None = None) -> dict[str, Any]:
    group = {"weights": {"num_bits": bits, "type": kind, "group_size": size}, "input_activations": inputs}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}}


FLOAT8, INT8 = {"num_bits": 8, "type": "float"}, {"num_bits": 8, "type": "int"}


@pytest.mark.parametrize(
    ("quantisation", "expected"),
    [
        ({"quant_method": "fp8"}, "fp8"),
        ({"quant_method": "fbgemm_fp8"}, "fbgemm-fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        (_weights("float", 8, FLOAT8), "compressed-tensors fp8"),
        (_weights("float", 8, None), "compressed-tensors fp8"),
        (_weights("int", 8, INT8), "compressed-tensors int8"),
        (_weights("int", 4, None, 128), "compressed-tensors int"),
        (_weights("int", 4, FLOAT8, 128), "compressed-tensors int4-fp8"),
        (_weights("float", 4, None, 16), "compressed-tensors nvfp4"),
        (_weights("float", 4, None, 32), "compressed-tensors mxfp4"),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors"),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "modelopt nvfp4"),
        ({"quant_method": "modelopt", "quant_algo": "FP8_PER_CHANNEL"}, "modelopt fp8"),
    ],
)
def test_formats_are_told_apart(quantisation: dict[str, Any], expected: str) -> None:
    """By the method and, where it has several, by what it does with weights and activations."""
    found = read_architecture(Config(LLAMA | {"quantization_config": quantisation}, "test")).quantisation

    assert found is not None
    assert found.format == expected


@pytest.mark.parametrize(
    ("version", "accelerator", "quantisation", "reason"),
    [
        (
            "0.19",
            "T4",
            {"quant_method": "mxfp4"},
            "refuses weights in mxfp4 below compute capability 8.0, and T4 has 7.5",
        ),
        ("0.19", "A10G", {"quant_method": "mxfp4"}, ""),
        ("0.13", "T4", {"quant_method": "fp8"}, "refuses weights in fp8 below compute capability 8.0"),
        ("0.19", "T4", {"quant_method": "fp8"}, ""),
        ("0.19", "V100-32GB", {"quant_method": "fp8"}, "refuses weights in fp8 below compute capability 7.5"),
        (
            "0.19",
            "V100-32GB",
            {"quant_method": "awq", "bits": 4},
            "refuses weights in awq below compute capability 7.5",
        ),
        ("0.19", "V100-32GB", {"quant_method": "gptq", "bits": 4}, ""),
        ("0.19", "V100-32GB", {"quant_method": "bitsandbytes", "load_in_4bit": True}, ""),
        ("0.15", "T4", _weights("float", 8, FLOAT8), "refuses weights in compressed-tensors fp8 below"),
        ("0.16", "T4", _weights("float", 8, FLOAT8), ""),
        ("0.11", "T4", _weights("int", 4, None, 128), "refuses weights in compressed-tensors int below"),
        ("0.19", "A100-80GB", _weights("int", 4, FLOAT8, 128), "below compute capability 9.0, and A100-80GB has 8.0"),
        ("0.24", "A100-80GB", {"quant_method": "modelopt", "quant_algo": "FP8"}, "below compute capability 8.9"),
        ("0.29", "A100-80GB", {"quant_method": "modelopt", "quant_algo": "FP8"}, ""),
        ("0.19", "H100", {"quant_method": "modelopt", "quant_algo": "MXFP8"}, "below compute capability 10.0"),
        ("0.19", "T4", {"quant_method": "nobody-knows"}, ""),
        ("0.19", "T4", {"quant_method": "compressed-tensors"}, ""),
        ("0.20", "V100-32GB", None, ""),
        ("0.21", "V100-32GB", None, "vllm 0.21 needs compute capability 7.5, and V100-32GB has 7.0"),
        ("0.21", "MI300X", {"quant_method": "mxfp4"}, ""),
    ],
)
def test_weights(version: str, accelerator: str, quantisation: dict[str, Any] | None, reason: str) -> None:
    """A format has a least compute capability, by version; where nothing is known nothing is said."""
    config = LLAMA if quantisation is None else LLAMA | {"quantization_config": quantisation}
    launch = Launch(f"vllm={version}", checkpoint_gib=1.0)

    found = size(model_of(Config(config, "test"), "test"), accelerator, 1, launch)

    assert (found.fits, found.refused) == (not reason, bool(reason))
    assert reason in found.reason


@pytest.mark.parametrize(
    ("version", "accelerator", "config", "kv_dtype", "reason"),
    [
        ("0.19", "V100-32GB", LLAMA, "fp8", "refuses a KV cache in fp8 below compute capability 7.5"),
        ("0.19", "T4", LLAMA, "fp8", ""),
        ("0.24", "T4", LLAMA, "fp8", "refuses a KV cache in fp8 below compute capability 8.0"),
        ("0.24", "T4", LLAMA, "fp8_e5m2", "refuses a KV cache in fp8_e5m2 below"),
        ("0.11", "A100-80GB", LLAMA, "fp8", "below compute capability 8.9"),
        ("0.19", "A100-80GB", LLAMA, "fp8", ""),
        ("0.10.2", "A100-80GB", LLAMA, "fp8", ""),
        ("0.19", "A100-80GB", LLAMA | {"model_type": "gpt_oss"}, "fp8", "for the family gpt_oss below"),
        ("0.18", "A100-80GB", LATENT, "fp8", "a KV cache in fp8 of latent attention below compute capability 9.0"),
        ("0.18", "H100", LATENT, "fp8", ""),
        ("0.19", "L40S", LATENT, "fp8", ""),
        ("0.24", "T4", LLAMA, "bfloat16", "refuses a KV cache in bfloat16 below compute capability 8.0"),
        ("0.19", "H100", LLAMA, "int8", "vllm 0.19 refuses a KV cache in int8; give another --kv-dtype"),
        ("0.17", "H100", LLAMA, "float16", "vllm 0.17 refuses a KV cache in float16"),
        ("0.18", "H100", LLAMA, "float16", ""),
        ("0.24", "T4", LLAMA, "auto", ""),
    ],
)
def test_types_of_the_kv_cache(
    version: str, accelerator: str, config: dict[str, Any], kv_dtype: str, reason: str
) -> None:
    """By version, accelerator and kind of attention."""
    model = model_of(Config(config, "test"), "test")

    found = size(model, accelerator, 1, Launch(f"vllm={version}", kv_dtype=kv_dtype))

    assert (found.fits, found.refused) == (not reason, bool(reason)), found.reason
    assert reason in found.reason


def test_a_checkpoint_may_ask_for_its_kv_cache_in_8_bits() -> None:
    """Which is refused as if the launch had asked for it; another type that it may ask for is the way out."""
    stored = LLAMA | {"quantization_config": _weights("float", 8, FLOAT8) | {"kv_cache_scheme": {"num_bits": 8}}}
    model = model_of(Config(stored, "test"), "test")

    assert "a KV cache in fp8" in size(model, "T4", 1, Launch("vllm=0.24", checkpoint_gib=1.0)).reason
    assert size(model, "T4", 1, Launch("vllm=0.24", checkpoint_gib=1.0, kv_dtype="float16")).fits


@pytest.mark.parametrize(
    ("model", "accelerator", "dtype", "reason"),
    [
        ("Llama-3.2-1B-Instruct", "T4", "bfloat16", "refuses bfloat16 below compute capability 8.0, and T4 has 7.5"),
        ("Llama-3.2-1B-Instruct", "T4", "half", ""),
        ("Llama-3.2-1B-Instruct", "A10G", "bfloat16", ""),
        ("gemma-3-1b-it", "H100", "half", "refuses float16 for the family gemma3_text; give another --dtype"),
        ("gemma-3-1b-it", "T4", "auto", ""),
        ("gpt-oss-20b", "H100", "float16", "refuses float16 for weights in mxfp4"),
        ("gpt-oss-20b", "H100", "auto", ""),
        ("Meta-Llama-3.1-8B-Instruct-quantized.w4a16", "H100", "float", "refuses float32 for weights in gptq"),
    ],
)
def test_types_of_the_model(model: str, accelerator: str, dtype: str, reason: str) -> None:
    """By accelerator, family and format of weights."""
    found = size(model, accelerator, 1, Launch("vllm=0.19", dtype=dtype))

    assert (found.fits, found.refused) == (not reason, bool(reason)), found.reason
    assert reason in found.reason


def test_a_quantised_model_that_would_be_loaded_in_32_bits_is_refused() -> None:
    """Gemma 3 on T4 has float32 alone left, which AWQ does not take."""
    config = LLAMA | {"model_type": "gemma3_text", "quantization_config": {"quant_method": "awq", "bits": 4}}

    found = size(model_of(Config(config, "test"), "test"), "T4", 1, Launch("vllm=0.19", checkpoint_gib=1.0))

    assert found.reason == (
        "vllm 0.19 refuses float32 for weights in awq, and has no type of 16 bits for gemma3_text on T4"
    )


def test_gpt_oss_is_not_said_to_be_in_32_bits() -> None:
    """Its weights' format decides on its type, not its family."""
    found = size("gpt-oss-20b", "T4", 2, Launch("vllm=0.19"))

    assert found.refused
    assert not any("32 bits" in note for note in found.notes)


def test_what_has_run_is_not_refused() -> None:
    """A startup log is proof against the table."""
    log = parse_startup_log("Model loading took 2.32 GiB memory and 10.5 seconds", "log")

    assert size("Llama-3.2-1B-Instruct", "T4", 1, Launch("vllm=0.19", dtype="bfloat16"), log=log).fits


def test_each_row_says_where_it_is_from() -> None:
    """And of the same thing newer versions stand below older ones, since the last one counts."""
    seen: dict[tuple[str, ...], tuple[int, ...]] = {}
    for row in refusals():
        key = (row.engine, row.subject, row.name, row.where)
        assert row.source
        assert seen.get(key, ()) < row.since, row
        seen[key] = row.since
    assert version_key("0.19.1") == (0, 19, 1)


def test_every_accelerator_of_nvidia_has_a_compute_capability() -> None:
    """Or nothing would ever be refused on it."""
    assert all(facts.compute_capability for facts in accelerators().values() if facts.vendor == "NVIDIA")


def test_the_table_and_options_tell_what_is_refused() -> None:
    """One line for all degrees; options are without them."""
    asked = ("size", "gpt-oss-20b", "--accelerator", "T4", "--accelerator", "A10G", "--engine", "vllm=0.19")

    table, options = run(*asked), run(*asked, "--format", "options")
    rows = json.loads(run(*asked, "--format", "json").stdout)

    assert "T4 x 1, T4 x 2, T4 x 4, T4 x 8: vllm 0.19 refuses weights in mxfp4" in " ".join(table.stdout.split())
    assert "t4" not in options.stdout.lower().replace("a10g", "")
    assert "note: left out: T4 x 1, T4 x 2, T4 x 4, T4 x 8: vllm 0.19 refuses" in " ".join(options.stderr.split())
    assert {(row["accelerator"], row["fits"]) for row in rows} >= {("T4", False), ("A10G", True)}


def test_a_file_of_a_model_may_be_refused_too(tmp_path: Path) -> None:
    """As a folder's own config says how it is quantised."""
    (tmp_path / "config.json").write_text(json.dumps(LLAMA | {"quantization_config": {"quant_method": "mxfp4"}}))

    assert size(read_model(tmp_path, with_files=False), "T4", 1, Launch(checkpoint_gib=1.0)).refused


@pytest.mark.parametrize(
    ("quantisation", "width", "degree", "fits"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 768, 2, True),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, 768, 4, False),
        ({"quant_method": "fp8"}, 768, 4, True),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, 18944, 4, True),
        ({"quant_method": "awq", "bits": 4, "group_size": 128}, 18944, 8, False),
        ({"quant_method": "awq", "w_bit": 4, "q_group_size": 64}, 18944, 8, True),
        ({"quant_method": "awq", "bits": 4, "group_size": -1}, 18944, 8, True),
        ({"quant_method": "gptq", "bits": 4, "group_size": 128}, 18944, 8, True),
    ],
)
def test_weights_that_share_a_scale_stay_together(
    quantisation: dict[str, Any], width: int, degree: int, fits: bool
) -> None:
    """Or vLLM stops while it loads; other degrees are not refused, so this is no fault of the accelerator."""
    config = LLAMA | {"intermediate_size": width, "quantization_config": quantisation}

    found = size(model_of(Config(config, "test"), "test"), "H100", degree, Launch(checkpoint_gib=1.0))

    assert (found.fits, found.refused) == (fits, False)
    if not fits:
        assert f"an inner width of {width} can't be split over {degree} GPUs: each part must be a multiple of" in (
            found.reason
        )


def test_experts_in_blocks_are_split_no_further() -> None:
    """MiniMax M2's, whose publisher says the same of 8 GPUs."""
    whole, cut = (size("MiniMax-M2.5", "H200", degree, Launch(checkpoint_gib=230)) for degree in (4, 8))

    assert whole.fits
    assert "inner width of 1536" in cut.reason
