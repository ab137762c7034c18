"""Make `placement/sizing/models.json`: the keys of public models' configs that decide how large a copy is.

    python tools/make_models.py CONFIGS PUBLISHED

CONFIGS is the folder `model_configs` of aiconfigurator-core (Apache-2.0, on the package index), which has the
publishers' own `config.json` of some sixty models. PUBLISHED is the folder with `llm-model-sizes` and `vllm-memory`,
whose figures fill in the models that the first lacks. Quantised models get a size only where it has been measured.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "placement" / "sizing" / "models.json"
FROM_CONFIGS = "aiconfigurator-core 0.12.0 (Apache-2.0), model_configs"
FROM_FIGURES = "figures of published/vllm-memory and published/llm-model-sizes"

# What decides the size of a copy; the rest of a config is left out.
_KEYS = """
architectures model_type hidden_size num_hidden_layers num_attention_heads num_key_value_heads head_dim v_head_dim
intermediate_size vocab_size max_position_embeddings tie_word_embeddings dtype torch_dtype rope_theta rope_scaling
rope_parameters partial_rotary_factor sliding_window use_sliding_window sliding_window_pattern layer_types
attention_chunk_size no_rope_layers no_rope_layer_interval kv_lora_rank q_lora_rank qk_rope_head_dim qk_nope_head_dim
num_experts num_local_experts n_routed_experts num_experts_per_tok num_experts_per_token moe_intermediate_size
n_shared_experts shared_expert_intermediate_size first_k_dense_replace moe_layer_freq mlp_only_layers
decoder_sparse_step interleave_moe_layer_step intermediate_size_mlp index_topk indexer_types hybrid_override_pattern
mamba_num_heads mamba_head_dim ssm_state_size conv_kernel n_groups linear_num_key_heads linear_num_value_heads
linear_key_head_dim linear_value_head_dim linear_conv_kernel_dim full_attention_interval mamba_ssm_dtype
attn_output_gate mlp_layer_types quantization_config global_head_dim num_global_key_value_heads num_kv_shared_layers
enable_moe_block top_k_experts mm_tokens_per_image moe_shared_expert_intermediate_size swa_num_key_value_heads
swa_head_dim swa_v_head_dim hybrid_layer_pattern sliding_window_size dense_intermediate_size shared_intermediate_size
mamba_ssm_cache_dtype expand
"""
KEYS = tuple(_KEYS.split())
ENCODER_KEYS = (
    "model_type",
    "hidden_size",
    "embed_dim",
    "num_hidden_layers",
    "depth",
    "intermediate_size",
    "image_size",
    "patch_size",
    "spatial_merge_size",
    "pixel_shuffle_ratio",
    "temporal_patch_size",
)
QUANTISATION_KEYS = (
    "quant_method",
    "bits",
    "weight_block_size",
    "kv_cache_scheme",
    "quant_algo",
    "kv_cache_quant_algo",
)

# Families that the figures' rows belong to, with what the families' configs have beside the figures.
FAMILIES: dict[str, dict[str, Any]] = {
    "google/gemma-2": {"model_type": "gemma2", "sliding_window": 4096, "tie_word_embeddings": True},
    "google/gemma-3": {
        "model_type": "gemma3_text",
        "sliding_window": 1024,
        "tie_word_embeddings": True,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        "rope_local_base_freq": 10000.0,
    },
    "google/gemma-7b": {"model_type": "gemma", "tie_word_embeddings": True},
    "deepseek-ai/DeepSeek-V2-Lite": {
        "model_type": "deepseek_v2",
        "kv_lora_rank": 512,
        "qk_rope_head_dim": 64,
        "qk_nope_head_dim": 128,
        "v_head_dim": 128,
        "first_k_dense_replace": 1,
        "n_shared_experts": 2,
    },
    "moonshotai/Kimi-Dev": {"model_type": "qwen2"},
    "Qwen/Qwen2.5": {"model_type": "qwen2"},
    "Qwen/Qwen1.5-MoE": {"model_type": "qwen2_moe", "shared_expert_intermediate_size": 5632},
    "microsoft/phi-2": {"model_type": "phi"},
    "ibm-granite/granite-3": {"model_type": "granite", "tie_word_embeddings": True},
    "codellama/": {"model_type": "llama"},
    "mistralai/Mistral-Small": {"model_type": "mistral", "sliding_window": None},  # 3.1: else a default is meant
}
# Encoders of pictures beside those language models, from the same public configs.
ENCODERS: dict[str, dict[str, Any]] = {
    "google/gemma-3": {
        "mm_tokens_per_image": 256,
        "vision_config": {
            "hidden_size": 1152,
            "num_hidden_layers": 27,
            "intermediate_size": 4304,
            "image_size": 896,
            "patch_size": 14,
        },
    },
    "mistralai/Mistral-Small-3.1": {
        "spatial_merge_size": 2,
        "vision_config": {
            "model_type": "pixtral",
            "hidden_size": 1024,
            "num_hidden_layers": 24,
            "intermediate_size": 4096,
            "image_size": 1540,
            "patch_size": 14,
        },
    },
}
# Encoders that configs of the first source leave out, from the same public configs.
LEFT_OUT_ENCODERS: dict[str, dict[str, Any]] = {
    "meta-llama/Llama-4": {
        "model_type": "llama4_vision_model",
        "hidden_size": 1408,
        "num_hidden_layers": 34,
        "intermediate_size": 5632,
        "image_size": 336,
        "patch_size": 14,
        "pixel_shuffle_ratio": 0.5,
        "projector_input_dim": 4096,
        "projector_output_dim": 4096,
    },
}
LEFT_OUT = ("NVFP4", "nvidia/Llama", "Nemotron-3-Super", "Nemotron-3-Ultra", "-FP8", "FP8-")  # size not known
HEADS = {  # of query heads, from the same public configs as the figures
    "codellama/CodeLlama-7b-hf": 32,
    "deepseek-ai/DeepSeek-V2-Lite-Chat": 16,
    "Qwen/Qwen2.5-7B-Instruct": 28,
    "google/gemma-2-27b-it": 32,
    "google/gemma-2-2b-it": 8,
    "google/gemma-3-12b-it": 16,
    "google/gemma-3-27b-it": 32,
    "google/gemma-3-4b-it": 8,
    "google/gemma-7b": 16,
    "ibm-granite/granite-3.1-2b-instruct": 32,
    "ibm-granite/granite-3.3-8b-instruct": 32,
    "microsoft/phi-2": 32,
    "mistralai/Mistral-Small-3.1-24B-Instruct-2503": 32,
    "moonshotai/Kimi-Dev-72B": 64,
    "Qwen/Qwen2.5-72B-Instruct": 64,
    "Qwen/Qwen1.5-MoE-A2.7B": 16,
}
CONTEXTS = {
    "codellama/CodeLlama-7b-hf": 16384,
    "deepseek-ai/DeepSeek-V2-Lite-Chat": 163840,
    "Qwen/Qwen2.5-7B-Instruct": 32768,
    "Qwen/Qwen2.5-72B-Instruct": 32768,
    "google/gemma-2-27b-it": 8192,
    "google/gemma-2-2b-it": 8192,
    "google/gemma-7b": 8192,
    "google/gemma-3-4b-it": 131072,
    "google/gemma-3-12b-it": 131072,
    "google/gemma-3-27b-it": 131072,
    "microsoft/phi-2": 2048,
    "ibm-granite/granite-3.1-2b-instruct": 131072,
    "ibm-granite/granite-3.3-8b-instruct": 131072,
    "mistralai/Mistral-Small-3.1-24B-Instruct-2503": 131072,
    "moonshotai/Kimi-Dev-72B": 131072,
    "Qwen/Qwen1.5-MoE-A2.7B": 8192,
}
# Sizes of quantised checkpoints, GiB, that were measured by nobody here, with where they are from.
_DEEPSEEK = "688,586,727,753 bytes of safetensors at revision {}, with a layer for several tokens that is not loaded"
_GPT_OSS = "the tensors of its config: experts in 4 bits and a scale of 8 for 32 of them, the rest in 16"
KNOWN_SIZES = {
    "openai/gpt-oss-20b": (12.8162, _GPT_OSS),
    "openai/gpt-oss-120b": (60.7677, _GPT_OSS),
    "deepseek-ai/DeepSeek-V3": (641.3, _DEEPSEEK.format("afb92e1f")),
    "deepseek-ai/DeepSeek-R1": (641.3, _DEEPSEEK.format("56d4cbbb")),
}
# Further models by their figures, from their public configs; a test holds their parameters against published counts.
FIGURES = Path(__file__).resolve().with_name("models.csv")
FROM_CSV = "figures of the public config.json"
ALIASES = {  # instruction-tuned models of the same shape as the base models in CONFIGS
    "meta-llama/Meta-Llama-3.1-8B": (
        "meta-llama/Llama-3.1-8B",
        "meta-llama/Llama-3.1-8B-Instruct",
        "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
    ),
    "meta-llama/Meta-Llama-3.1-70B": (
        "meta-llama/Llama-3.1-70B",
        "meta-llama/Llama-3.1-70B-Instruct",
        "meta-llama/Llama-3.3-70B-Instruct",
        "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    ),
    "meta-llama/Meta-Llama-3.1-405B": ("meta-llama/Llama-3.1-405B", "meta-llama/Llama-3.1-405B-Instruct"),
    "mistralai/Mixtral-8x7B-v0.1": ("mistralai/Mixtral-8x7B-Instruct-v0.1",),
}


def _compressed(kind: str) -> dict[str, Any]:
    """How compressed-tensors writes down weights and activations of 8 bits."""
    numbers = {"num_bits": 8, "type": kind}
    groups = {"group_0": {"weights": numbers, "input_activations": numbers}}
    return {"quant_method": "compressed-tensors", "config_groups": groups}


# Quantised copies of a model in the table, by the model, with how they are quantised.
QUANTISED: dict[str, tuple[str, dict[str, Any]]] = {
    "RedHatAI/Llama-3.3-70B-Instruct-fp8-dynamic": ("meta-llama/Meta-Llama-3.1-70B", _compressed("float")),
    "RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w4a16": ("meta-llama/Meta-Llama-3.1-8B", {"quant_method": "gptq"}),
    "RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8": ("meta-llama/Meta-Llama-3.1-8B", _compressed("int")),
}


def main(configs: Path, published: Path) -> None:
    """Write the table."""
    table = dict(_from_configs(configs))
    table |= {row["model"]: _from_row(row) for row in _rows(FIGURES)}
    for base, copies in ALIASES.items():
        for copy in copies:
            table[copy] = dict(table[base])
    for row in _rows(published / "vllm-memory" / "models.csv"):
        if row["model"] not in table and row["model"] in HEADS:
            table[row["model"]] = _from_figures(row)
    sizes = _measured(published / "vllm-memory" / "measured.csv")
    for name, (base, how) in QUANTISED.items():
        table[name] = table[base] | {"quantization_config": how}
    sizes |= KNOWN_SIZES
    for name, (gib, source) in sizes.items():
        if "quantization_config" in table.get(name, {}):
            table[name] |= {"checkpoint_gib": gib, "checkpoint_source": source}
    ordered = {name: table[name] for name in sorted(table, key=str.lower)}
    lines = [f" {json.dumps(name)}: {json.dumps(config)}" for name, config in ordered.items()]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _from_configs(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for file in sorted(folder.glob("*_config.json")):
        name = file.name.removesuffix("_config.json").replace("--", "/", 1)
        if file.name.endswith("_hf_quant_config.json") or "compress_ratios" in file.read_text("utf-8"):
            continue
        if any(word in name for word in LEFT_OUT):
            continue
        config = _trimmed(json.loads(file.read_text("utf-8")))
        encoder = next((keys for start, keys in LEFT_OUT_ENCODERS.items() if name.startswith(start)), None)
        config |= {} if encoder is None else {"vision_config": encoder}
        found.append((name, config | {"source": FROM_CONFIGS}))
    return found


def _trimmed(config: dict[str, Any]) -> dict[str, Any]:
    kept = {key: config[key] for key in KEYS if config.get(key) is not None}
    if "quantization_config" in kept:
        quantised = kept["quantization_config"]
        kept["quantization_config"] = {key: quantised[key] for key in QUANTISATION_KEYS if key in quantised}
    if isinstance(config.get("text_config"), dict):
        kept["text_config"] = _trimmed(config["text_config"])
    if isinstance(config.get("vision_config"), dict):
        kept["vision_config"] = {
            key: config["vision_config"][key] for key in ENCODER_KEYS if key in config["vision_config"]
        }
    return kept


def _from_figures(row: dict[str, str]) -> dict[str, Any]:
    name = row["model"]
    config: dict[str, Any] = {
        "hidden_size": int(row["hidden_size"]),
        "num_hidden_layers": int(row["layers"]),
        "num_attention_heads": HEADS[name],
        "num_key_value_heads": int(row["kv_heads"]),
        "intermediate_size": int(row["intermediate_size"]),
        "vocab_size": int(row["vocab_size"]),
        "max_position_embeddings": CONTEXTS[name],
        "rope_theta": 10000.0,
        "dtype": "bfloat16",
    }
    if int(row["head_dim"]):
        config["head_dim"] = int(row["head_dim"])
    if row["moe_experts"]:
        config["num_experts"] = int(row["moe_experts"])
        config["num_experts_per_tok"] = int(row["moe_experts_per_token"])
        config["moe_intermediate_size"] = int(row["moe_intermediate_size"])
    for start, keys in FAMILIES.items():
        if name.startswith(start):
            config |= keys
    encoder = next((keys for start, keys in ENCODERS.items() if name.startswith(start)), None)
    return (config if encoder is None else {"text_config": config, **encoder}) | {"source": FROM_FIGURES}


def _from_row(row: dict[str, str]) -> dict[str, Any]:
    words = ("model", "model_type", "tied")
    figures: dict[str, Any] = {key: int(value) for key, value in row.items() if key not in words}
    config = {"model_type": row["model_type"], **figures, "tie_word_embeddings": row["tied"] == "yes"}
    config |= {"rope_theta": 10000.0, "dtype": "bfloat16"}
    config |= {"gemma2": {"sliding_window": 4096}, "gemma3_text": {"sliding_window": 512}}.get(row["model_type"], {})
    return config | {"source": FROM_CSV}


def _measured(path: Path) -> dict[str, tuple[float, str]]:
    """Weights of all GPUs together, of the launch at the smallest degree."""
    found: dict[str, tuple[int, float]] = {}
    for row in _rows(path):
        if row["weights_memory_gib"] and row["pp"] == "1":
            degree = int(row["tp"])
            if row["model"] not in found or degree < found[row["model"]][0]:
                found[row["model"]] = degree, round(degree * float(row["weights_memory_gib"]), 2)
    return {
        name: (gib, f"vLLM 0.19.0 at tensor-parallel degree {degree} (jgchn/llm-d-planner 56dc5b7)")
        for name, (degree, gib) in found.items()
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
