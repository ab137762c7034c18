"""Mistral's and Llama's own `params.json`, with the keys that a `config.json` has for the same figures.

The names are those of `mistral_common` and of vLLM's reading of them (`vllm/transformers_utils/configs/mistral.py`);
the inner width of Llama's models, which theirs lacks, is computed as in `FeedForward` of
https://github.com/meta-llama/llama-models.
"""

from __future__ import annotations

from placement.sizing.config import Config

PARAMS = "params.json"
_NAMES = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "hidden_dim": "intermediate_size",
    "max_seq_len": "max_position_embeddings",
    "tied_embeddings": "tie_word_embeddings",
}
_EXPERTS = {
    "num_experts": "num_experts",
    "num_experts_per_tok": "num_experts_per_tok",
    "expert_hidden_dim": "moe_intermediate_size",
    "num_shared_experts": "n_shared_experts",
    "first_k_dense_replace": "first_k_dense_replace",
}
_QUANTISED = ("qformat_weight", "quant_method")


def is_params(config: Config) -> bool:
    """Whether a mapping is such a file: its names, and none that a `config.json` has beside them."""
    return {"dim", "n_layers"} <= config.values.keys() and config.get("hidden_size", "d_model", "architectures") is None


def as_config(config: Config) -> Config:
    """The same figures under the names of a `config.json`; a key that is not renamed stays."""
    kind = config.text("model_type")
    if kind not in ("", "transformer"):
        raise config.fault(
            "model_type", "is of a model whose params.json is not known here: give its config.json", kind
        )
    values = {_NAMES.get(name, name): value for name, value in config.values.items()}
    experts = config.inside("moe")
    values["model_type"] = "mistral" if experts is None else "mixtral"
    if config.get("hidden_dim") is None:
        values["intermediate_size"] = _llama_width(config)
    if experts is not None:
        found = experts.values
        values |= {new: found[old] for old, new in _EXPERTS.items() if found.get(old) is not None}
    yarn = config.inside("yarn")
    if yarn is not None:
        values["rope_scaling"] = {"rope_type": "yarn", **yarn.values}
    quantised = config.inside("quantization")
    if quantised is not None:
        method = quantised.text(*_QUANTISED).partition("_")[0]
        values["quantization_config"] = {"quant_method": method or "unknown"}
    encoder = config.inside("vision_encoder")
    if encoder is not None:
        values["vision_config"] = {"model_type": "pixtral", **encoder.values}
    return Config(values, config.source, config.path)


def _llama_width(config: Config) -> int:
    """The inner width of Llama's feed-forward layers: two thirds of four hidden sizes, a multiple of a unit."""
    width = 8 * config.needed("dim") // 3
    width = int(width * (config.number("ffn_dim_multiplier") or 1.0))
    unit = config.whole("multiple_of", least=1) or 256
    return -(-width // unit) * unit
