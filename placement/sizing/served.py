"""Models whose memory can't be told from their config by the rules here: each is refused by the key that shows it.

A config of an encoder, of an encoder with a decoder or of an unknown recurrent model has keys enough to look like a
decoder's, and its size would be wrong without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from placement.sizing import config as keys

if TYPE_CHECKING:
    from placement.errors import DocumentError
    from placement.sizing.config import Config

_WAY_OUT = "write its memory into the problem as the engine logs it (accelerator_memory_gib)"
_ENCODER_KEYS = ("encoder_layers", "num_encoder_layers", "num_decoder_layers", "decoder_layers", "d_kv")
_ENCODERS = (
    "albert", "bert", "big_bird", "camembert", "chinese_clip", "clip", "clip_text_model", "clip_vision_model",
    "convbert", "deberta", "deberta-v2", "dinov2", "distilbert", "electra", "esm", "eurobert", "funnel", "hubert",
    "layoutlm", "layoutlmv3", "longformer", "mobilebert", "modernbert", "mpnet", "new", "nomic_bert", "rembert",
    "roberta", "siglip", "siglip2", "siglip_vision_model", "vit", "wav2vec2", "wavlm", "xlm-roberta",
)  # fmt: skip
_RECURRENT = ("delta_net", "gated_deltanet", "gla", "hgrn", "hyena", "recurrent_gemma", "retnet", "rwkv", "xlstm")
# What changes which layers keep something, in a way that is not read here.
_CACHE_KEYS = {
    "compress_ratios": "is of a compressed KV cache",
    "cross_attention_layers": "is of layers that keep what an encoder saw",
    "mamba_step": "is of a mixture of layers that is not known here",
    "mb_per_layer": "is of a mixture of layers that is not known here",
    "n_shared_head": "is of heads that share keys and values in a way that is not known here",
}
_LIKE_KV_HEADS = re.compile(r"(kv|key_value).*(head|group)|(head|group).*(kv|key_value)|(query|attention)_group")
_NO_KV_HEADS = re.compile(r"linear|size|dim|^num_key_value_groups$")  # of other things, or no more than a quotient


def check_family(config: Config, model: Config) -> None:
    """Refuse what is no decoder, or one whose cache is laid out in a way that is not known here.

    `model` is the language model inside of `config`, or the same.
    """
    for place in (config,) if model.path == config.path else (config, model):
        _check(place)
    if model.flag("use_cla") and (model.whole("cla_share_factor") or 2) > 1:
        raise _refusal(model, "use_cla", "is of layers that use the keys and values of others")


def check_kv_heads(config: Config) -> None:
    """Refuse a config that says how many heads keys and values have under a name that is not known here."""
    for name, value in config.values.items():
        lower = name.lower()
        is_count = isinstance(value, int | list) and not isinstance(value, bool) and value not in ([], 0)
        if is_count and _LIKE_KV_HEADS.search(lower) and not _NO_KV_HEADS.search(lower) and name not in keys.KV_HEADS:
            raise config.fault(
                name,
                "looks like the heads of keys and values, under a name that is not known here: give the same number as "
                "num_key_value_heads in a copy of the config",
                value,
            )


def _check(place: Config) -> None:
    if place.flag("is_encoder_decoder"):
        raise _refusal(place, "is_encoder_decoder", "is of an encoder and a decoder, which keeps what the encoder saw")
    for name in _ENCODER_KEYS:
        if place.get(name) is not None:
            raise _refusal(place, name, "is of an encoder and a decoder, which keeps what the encoder saw")
    family = place.text("model_type").lower()
    if not place.flag("is_decoder"):
        if family in _ENCODERS:
            raise _refusal(place, "model_type", "is of an encoder, which keeps no keys and values")
        if place.get("type_vocab_size") is not None:
            raise _refusal(place, "type_vocab_size", "is of an encoder such as BERT, which keeps no keys and values")
        named = place.values.get("architectures")
        if isinstance(named, list) and any(str(name).endswith("ForMaskedLM") for name in named):
            raise _refusal(place, "architectures", "is of an encoder, which keeps no keys and values")
    if family.startswith(_RECURRENT):
        raise _refusal(place, "model_type", "is of a recurrent model whose state is not known here")
    for name, rule in _CACHE_KEYS.items():
        if place.get(name) is not None:
            raise _refusal(place, name, rule)


def _refusal(place: Config, name: str, rule: str) -> DocumentError:
    return place.fault(name, f"{rule}: it can't be sized here; {_WAY_OUT}", place.values[name])
