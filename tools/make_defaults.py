"""Make `placement/sizing/defaults.json`: what a nested config leaves out because its class has it by default.

    pip download transformers==4.57.1 --no-deps && unzip transformers-*.whl 'transformers/models/*/configuration_*.py'
    python tools/make_defaults.py transformers/models

A `config.json` of a model that sees is written as a difference: its `text_config` has no key whose value is the default
of that family's class. The defaults are read from the signatures in the source of transformers (Apache-2.0); nothing
is imported or run.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "placement" / "sizing" / "defaults.json"
# Language models that stand inside others.
_FAMILIES = """
llama mistral mixtral qwen2 qwen2_moe qwen3 qwen3_moe gemma gemma2 gemma3_text gemma3n_text phi phi3 cohere cohere2
deepseek_v2 deepseek_v3 granite llama4_text mllama_text_model qwen2_vl_text qwen2_5_vl_text qwen3_vl_text
qwen3_vl_moe_text qwen3_next glm glm4 glm4_moe gpt_oss olmo2 smollm3 starcoder2 persimmon ernie4_5 ernie4_5_moe
glm4v_text glm4v_moe_text aria_text
"""
FAMILIES = tuple(_FAMILIES.split())
_KEYS = """
vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim v_head_dim
max_position_embeddings rope_theta rope_local_base_freq sliding_window kv_lora_rank q_lora_rank
qk_rope_head_dim qk_nope_head_dim num_experts num_local_experts n_routed_experts num_experts_per_tok
moe_intermediate_size n_shared_experts shared_expert_intermediate_size first_k_dense_replace decoder_sparse_step
interleave_moe_layer_step intermediate_size_mlp attention_chunk_size num_kv_shared_layers linear_num_key_heads
linear_num_value_heads linear_key_head_dim linear_value_head_dim linear_conv_kernel_dim partial_rotary_factor
use_sliding_window
"""
KEYS = tuple(_KEYS.split())


def main(folder: Path) -> None:
    """Write the table."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.glob("*/configuration_*.py")):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                family, defaults = _class(node)
                if family in FAMILIES and defaults:
                    found[family] = defaults
    lines = [f" {json.dumps(family)}: {json.dumps(found[family])}" for family in sorted(found)]
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _class(node: ast.ClassDef) -> tuple[str, dict[str, Any]]:
    """The family of a class of configs, and the defaults of the keys that decide its size."""
    family, defaults = "", {}
    for part in node.body:
        if isinstance(part, ast.Assign) and getattr(part.targets[0], "id", "") == "model_type":
            family = str(ast.literal_eval(part.value))
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            names = [argument.arg for argument in part.args.args]
            pairs = zip(names[len(names) - len(part.args.defaults) :], part.args.defaults, strict=True)
            values = {name: value.value for name, value in pairs if isinstance(value, ast.Constant)}
            defaults = {key: values[key] for key in KEYS if isinstance(values.get(key), int | float)}
    return family, defaults


if __name__ == "__main__":
    main(Path(sys.argv[1]))
