"""Keys of a model's `config.json`, under all the names that families of models give them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from placement.documents.json_text import parse_json_text
from placement.errors import DocumentError, Fault, printable

# Parts of a language model whose keys stand in mappings of their own (MPT, DBRX).
_PARTS = ("attn_config", "ffn_config")
# Where models that see or hear keep what their language model is made of.
_NESTS = ("text_config", "llm_config", "language_config", "language_model_config", "thinker_config")
# The family of what is inside, where only the outside names its own.
_INSIDE = {"gemma3": "gemma3_text", "gemma3n": "gemma3n_text", "llama4": "llama4_text", "llava": "llama"}
MOST = 2**40  # of any number that is a size: more is damage

# What a config says, first by the name that most models use.
HIDDEN = ("hidden_size", "n_embd", "n_embed", "d_model", "dim")
LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads")
KV_HEADS = (
    "num_key_value_heads_per_layer", "num_key_value_heads", "n_head_kv", "n_kv_heads", "kv_n_heads", "num_kv_heads",
    "multi_query_group_num", "num_attention_groups", "num_query_groups",
)  # fmt: skip
HEAD_SIZE = ("head_dim", "attention_head_dim", "hidden_size_per_head", "kv_channels")
INTERMEDIATE = ("intermediate_size", "ff_intermediate_size", "ffn_hidden_size", "n_inner", "d_ff", "ffn_dim")
VOCABULARY = ("vocab_size", "padded_vocab_size", "n_vocab")
CONTEXT = (
    "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "model_max_length", "max_sequence_length",
    "n_ctx", "context_length",
)  # fmt: skip
EXPERTS = ("num_experts", "moe_num_experts", "n_routed_experts", "num_local_experts")
EXPERTS_PER_TOKEN = ("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_top_k", "moe_topk")
MOE_INTERMEDIATE = ("moe_intermediate_size", "expert_ffn_hidden_size", "ffn_hidden_size")
SHARED_EXPERTS = ("n_shared_experts", "num_shared_experts")
SHARED_INTERMEDIATE = (
    "shared_expert_intermediate_size",
    "moe_shared_expert_intermediate_size",
    "shared_intermediate_size",
)

# Mistral's and Llama's own file, and those of its keys that a `config.json` has under another name than those above. As
# `mistral_common` has them, and vLLM's reading of it (`vllm/transformers_utils/configs/mistral.py`).
PARAMS = "params.json"
_PARAMS_NAMES = {
    "hidden_dim": "intermediate_size",
    "expert_hidden_dim": "moe_intermediate_size",
    "tied_embeddings": "tie_word_embeddings",
}
_QUANTISED = ("qformat_weight", "quant_method")


class Config:
    """One mapping of a config, with the place it stands at: values are checked when they are asked for."""

    def __init__(self, values: Mapping[str, Any], source: str, path: str = "$") -> None:
        self.values, self.source, self.path = values, source, path

    def fault(self, key: str, rule: str, value: object = ...) -> DocumentError:
        """The error that a key of this mapping breaks a rule."""
        return DocumentError([Fault(f"{self.path}.{printable(key)}", rule, value)], self.source)

    def get(self, *names: str) -> tuple[str, Any] | None:
        """The first of the names that has a value, with it; null counts as none."""
        return next(((name, self.values[name]) for name in names if self.values.get(name) is not None), None)

    def whole(self, *names: str, least: int = 0) -> int | None:
        """The whole number under the first of the names that is there; None when none is, or 0 where `least` is 1."""
        found = self.get(*names)
        if found is None or (least and found[1] == 0 and not isinstance(found[1], bool)):
            return None  # 0 is how configs say that there is none
        return self._whole(*found, least)

    def _whole(self, name: str, value: Any, least: int) -> int:
        if isinstance(value, list) and value and all(entry == value[0] for entry in value):
            value = value[0]  # of each layer the same
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_number = is_number and (isinstance(value, int) or math.isfinite(value))
        if not is_number or value != int(value) or not least <= value <= MOST:
            raise self.fault(name, f"must be a whole number from {least} to 2^40", value)
        return int(value)

    def needed(self, *names: str, least: int = 1) -> int:
        """As `whole`, of a key that each model has."""
        found = self.whole(*names, least=least)
        if found is None:
            zero = self.get(*names)
            if zero is not None:
                raise self.fault(zero[0], f"must be a whole number from {least} to 2^40", zero[1])
            also = f" (or {', '.join(names[1:])})" if names[1:] else ""
            raise self.fault(names[0], f"is missing: every model's config.json has this key{also}")
        return found

    def inner_width(self) -> int | None:
        """The inner width of a dense layer; None where the config does not say."""
        width = self.whole("dense_intermediate_size", "intermediate_size_mlp", *INTERMEDIATE)
        return width // 2 if width and self.text("model_type") == "qwen" else width  # Qwen 1 counts gate and product

    def shared_width(self, width: int) -> int:
        """The inner width of the experts that every token goes to, together; one of the others has `width`."""
        if self.text("model_type").startswith("llama4"):
            return self.needed(*INTERMEDIATE)
        if self.text("model_type").startswith("longcat"):
            return 2 * self.needed(*INTERMEDIATE)
        return self.whole(*SHARED_INTERMEDIATE) or (self.whole(*SHARED_EXPERTS) or 0) * width

    def number(self, *names: str) -> float | None:
        """The number above zero under the first of the names that is there; None when none is."""
        found = self.get(*names)
        if found is None:
            return None
        name, value = found
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= MOST:
            raise self.fault(name, "must be a number above 0", value)
        return float(value)

    def text(self, *names: str) -> str:
        """The text under the first of the names that is there, else none: ``""``."""
        found = self.get(*names)
        return found[1] if found is not None and isinstance(found[1], str) else ""

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean; `default` when it is absent or of another type."""
        value = self.values.get(name)
        return value if isinstance(value, bool) else default

    def rows(self, name: str) -> list[Any] | None:
        """The list under a name; None when it is absent or empty."""
        value = self.values.get(name)
        if value is None or value == []:
            return None
        if not isinstance(value, list):
            raise self.fault(name, "must be a list", value)
        return value

    def inside(self, *names: str) -> Config | None:
        """The mapping under the first of the names that is there; None when none is."""
        found = self.get(*names)
        if found is None or not isinstance(found[1], dict):
            return None
        return Config(found[1], self.source, f"{self.path}.{found[0]}")

    def language_model(self) -> Config:
        """What the language model is made of, all in one mapping: of a model that sees, the mapping inside."""
        found = _innermost(self)
        parts = [part.values for name in _PARTS if (part := found.inside(name)) is not None]
        merged: dict[str, Any] = {}
        for values in (*parts, found.values):
            merged |= values
        return Config(merged, found.source, found.path) if parts else found


def _innermost(config: Config) -> Config:
    nested = next((inside for name in _NESTS if (inside := config.inside(name)) is not None), None)
    if nested is None:
        return config
    if nested.get(*HIDDEN) is None and nested.get(*LAYERS) is None and any(nested.values.get(name) for name in _NESTS):
        return _innermost(nested)
    # What is written inside is the difference to the family's defaults, so what is absent is known.
    defaults = shipped("defaults.json").get(nested.text("model_type") or _INSIDE.get(config.text("model_type"), ""), {})
    return Config({**defaults, **nested.values}, nested.source, nested.path)


@cache
def shipped(name: str) -> Any:
    """A table beside this module.

    `defaults.json` has the defaults of families of language models, as `tools/make_defaults.py` read them from
    transformers; `models.json` the configs of public models, by name.
    """
    return json.loads(resources.files("placement.sizing").joinpath(name).read_text("utf-8"))


def parse_config(text: str, source: str) -> Config:
    """The config in a text. `Infinity` is let pass: configs of state-space models have it.

    Raises DocumentError: it is empty, no JSON, or no mapping; a key stands twice, or a number is too long.
    """
    if not text.strip():
        raise DocumentError([Fault("$", "is empty")], source)
    values = parse_json_text(text, source, finite=False)
    if not isinstance(values, dict):
        raise DocumentError([Fault("$", "must be a mapping of keys to values, as in a model's config.json")], source)
    return Config(values, source)


def is_params(config: Config) -> bool:
    """Whether a mapping is a `params.json`: its names, and none that a `config.json` has beside them."""
    return {"dim", "n_layers"} <= config.values.keys() and config.get("hidden_size", "d_model", "architectures") is None


def as_config(config: Config) -> Config:
    """The same figures under the names of a `config.json`; a key that is not renamed stays."""
    kind = config.text("model_type")
    if kind not in ("", "transformer"):
        raise config.fault(
            "model_type", "is of a model whose params.json is not known here: give its config.json", kind
        )
    experts = config.inside("moe")
    told = {**config.values, **(experts.values if experts is not None else {})}
    values = {_PARAMS_NAMES.get(name, name): value for name, value in told.items()}
    values["model_type"] = "mistral" if experts is None else "mixtral"
    if config.get("hidden_dim") is None:
        values["intermediate_size"] = _llama_width(config)
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
    """The inner width of Llama's feed-forward layers: two thirds of four hidden sizes, a multiple of a unit.

    As in `FeedForward` of https://github.com/meta-llama/llama-models.
    """
    width = 8 * config.needed("dim") // 3
    width = int(width * (config.number("ffn_dim_multiplier") or 1.0))
    unit = config.whole("multiple_of", least=1) or 256
    return -(-width // unit) * unit
