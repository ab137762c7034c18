"""The published launches, each with a config that has the figures its model's public `config.json` has."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from placement.sizing import Launch, Model
from placement.sizing.config import Config
from placement.sizing.read import model_of

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "published" / "vllm-memory"
# What the table of figures leaves out, by the start of a model's name, from the same public configs.
_FAMILIES: dict[str, dict[str, Any]] = {
    "google/gemma-2": {"model_type": "gemma2", "sliding_window": 4096},
    "google/gemma-3": {"model_type": "gemma3_text", "sliding_window": 1024},
    "openai/gpt-oss": {
        "model_type": "gpt_oss",
        "sliding_window": 128,
        "quantization_config": {"quant_method": "mxfp4"},
    },
    "meta-llama/Llama-4": {"model_type": "llama4_text", "attention_chunk_size": 8192},
}
_ENCODERS: dict[str, dict[str, Any]] = {
    "google/gemma-3": {"vision_config": {"image_size": 896, "patch_size": 14}, "mm_tokens_per_image": 256},
    "mistralai/Mistral-Small": {"vision_config": {"image_size": 1540, "patch_size": 14}, "spatial_merge_size": 2},
    "RedHatAI/Mistral-Small": {"vision_config": {"image_size": 1540, "patch_size": 14}, "spatial_merge_size": 2},
    "moonshotai/Kimi-VL": {"vision_config": {"patch_size": 14, "init_pos_emb_height": 64}},
    "meta-llama/Llama-4": {
        "model_type": "llama4",
        "vision_config": {"image_size": 336, "patch_size": 14, "pixel_shuffle_ratio": 0.5},
    },
}


@dataclass(frozen=True)
class Measured:
    """One launch: what ran, how, and what the engine logged, GiB on each GPU."""

    name: str
    model: Model
    launch: Launch
    tensor_parallel: int
    pipeline_parallel: int
    is_running: bool
    context: float
    weights: float
    activation: float
    non_torch: float
    beside_kv: float
    graphs: float | None
    kv: float
    tokens: int


def launches() -> list[Measured]:
    """Every launch that got as far as its KV cache, of models whose figures are published with it."""
    figures = {row["model"]: row for row in _rows("models.csv")}
    return [
        _measured(row, figures[row["model"]])
        for row in _rows("measured.csv")
        if row["kv_cache_tokens"] and row["model"] in figures
    ]


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _measured(row: dict[str, str], figures: dict[str, str]) -> Measured:
    launch = Launch(
        engine="vllm=0.19",
        max_num_seqs=1024,
        max_num_batched_tokens=8192,
        utilization=float(row["gpu_memory_utilization"]),
        weights_gib=float(row["weights_memory_gib"]),
        kv_dtype=row["kv_cache_dtype"],
        dtype="float32" if row["dtype"] == "torch.float32" else "auto",
        pipeline_parallel=int(row["pp"]),
    )
    return Measured(
        name=row["log_file"],
        model=model_of(Config(_config(figures), row["model"]), row["model"]),
        launch=launch,
        tensor_parallel=int(row["tp"]),
        pipeline_parallel=int(row["pp"]),
        is_running=row["status"] == "ok",
        context=float(row["init_cuda_memory_gib"]),
        weights=float(row["weights_memory_gib"]),
        activation=float(row["activation_memory_gib"]),
        non_torch=float(row["non_torch_forward_gib"]),
        beside_kv=float(row["total_non_kv_cache_gib"]),
        graphs=float(row["cuda_graph_actual_gib"]) if row["cuda_graph_actual_gib"] else None,
        kv=float(row["kv_cache_memory_gib"]),
        tokens=int(row["kv_cache_tokens"]),
    )


def _config(row: dict[str, str]) -> dict[str, Any]:
    name = row["model"]
    config: dict[str, Any] = {
        "vocab_size": int(row["vocab_size"]),
        "hidden_size": int(row["hidden_size"]),
        "intermediate_size": int(row["intermediate_size"]),
        "num_hidden_layers": int(row["layers"]),
        "num_attention_heads": max(16, int(row["kv_heads"])),
        "num_key_value_heads": int(row["kv_heads"]),
    }
    if int(row["head_dim"]):
        config["head_dim"] = int(row["head_dim"])
    if row["mla_kv_lora_plus_rope_dim"]:
        config |= {"model_type": "deepseek_v2", "kv_lora_rank": 512, "qk_rope_head_dim": 64, "first_k_dense_replace": 1}
    if row["moe_experts"]:
        config["num_experts"] = int(row["moe_experts"])
        config["num_experts_per_tok"] = int(row["moe_experts_per_token"])
        config["moe_intermediate_size"] = int(row["moe_intermediate_size"])
    if name.endswith(("w8a8", "fp8-dynamic")):
        config["quantization_config"] = {"quant_method": "compressed-tensors"}
    for start, keys in _FAMILIES.items():
        if name.startswith(start):
            config |= keys
    encoder = next((keys for start, keys in _ENCODERS.items() if name.startswith(start)), None)
    return config if encoder is None else {"text_config": config, **encoder}
