"""What each layer of a model keeps, from the keys of its config.

Families of models write the same fact in their own way: `layer_types` and `sliding_window` (most), a pattern that the
family has by default (Gemma 2 and 3, gpt-oss, Llama 4), `full_attention_interval` (Qwen3-Next), periods and offsets
(Jamba), letters (Nemotron-H), lists of layer numbers (Bamba, Kimi Linear). The reading follows what the classes of
Hugging Face's `transformers` and vLLM's model classes do with those keys. Recurrent layers (Mamba, gated delta nets,
linear attention, short convolutions) keep shapes as vLLM 0.19 computes them
(`vllm/model_executor/layers/mamba/mamba_utils.py`).
"""

import re

from placement.sizing import config as keys
from placement.sizing.architecture import BYTES_OF_DTYPE, Cache, LayerKind
from placement.sizing.config import Config

MOST_LAYERS = 10_000
_INDEXER_BYTES = 132  # of DeepSeek's sparse attention: 128 numbers in 8 bits and a scale, for each token
_LINEAR_WORDS = ("linear_attention", "mamba", "mamba1", "mamba2", "conv", "recurrent", "linear", "hybrid_mamba")
_FULL_WORDS = ("full_attention", "attention", "full", "global")
_NOTHING_WORDS = ("mlp", "moe", "no_op")
# Families whose every n-th layer is full attention and the rest sliding, when their config does not say.
_PERIODS = {"gemma2": 2, "gemma3": 6, "gemma3_text": 6, "gemma3n": 5, "gemma3n_text": 5, "cohere2": 4, "gpt_oss": 2}
_WINDOWS = {"gemma2": 4096, "gemma3": 1024, "gemma3_text": 1024, "gpt_oss": 128, "cohere2": 4096}
_LATENT_FAMILIES = (
    "deepseek", "kimi", "glm_moe_dsa", "glm4_moe_lite", "longcat", "pangu_ultra", "axk1", "bailing_hybrid",
)  # fmt: skip
_STATE_DTYPES = ("mamba_ssm_cache_dtype", "mamba_ssm_dtype")
_EXPANDED_FAMILIES = ("minicpm3",)  # have a latent's rank, and keep the keys and values that come of it
_LIKE_KV_HEADS = re.compile(r"(kv|key_value).*(head|group)|(head|group).*(kv|key_value)|(query|attention)_group")
_NO_KV_HEADS = re.compile(r"linear|size|dim|^num_key_value_groups$")  # of other things, or no more than a quotient


def read_kept(config: Config) -> tuple[tuple[Cache, ...], ...]:
    """What each layer keeps, in the order of the layers.

    Raises DocumentError: a key is missing, is no number, or names a kind of layer that is not known here.
    """
    words = _words(config)
    shared = config.whole("num_kv_shared_layers") or 0  # Gemma 3n: the last layers use what earlier ones keep
    own = len(words) - shared if shared < len(words) else len(words)
    return tuple(
        tuple(_of_layer(config, word, index)) if index < own and word not in _NOTHING_WORDS else ()
        for index, word in enumerate(words)
    )


def _of_layer(config: Config, word: str, index: int) -> list[Cache]:
    if word in _LINEAR_WORDS:
        return [_state_of(config)]
    if word in ("parallel", "hybrid"):  # Falcon-H1, Zamba: attention and a recurrent layer in one
        return [_attention(config, "full_attention", index), _state_of(config)]
    if word in ("chunked_attention", "sliding_attention"):
        return [_attention(config, word, index)]
    if word not in _FULL_WORDS and not word.endswith("sparse_attention"):  # sparse: all is kept, part is looked at
        known = ", ".join(sorted({*_FULL_WORDS, *_LINEAR_WORDS, "sliding_attention", "chunked_attention"}))
        raise config.fault("layer_types", f"has a kind of layer that is not known here; known: {known}", word)
    if _is_latent(config):
        # LongCat has two of them in a layer.
        return _latent(config, index) * (2 if config.text("model_type").startswith("longcat") else 1)
    return [_attention(config, "full_attention", index)]


def _words(config: Config) -> list[str]:
    """One word for the kind of each layer."""
    count = layer_count(config)
    read = _listed(config) or _counted(config, count) or _by_family(config, count)
    if len(read) < count and config.rows("layer_types") is not None:
        raise config.fault("layer_types", f"must have {count} entries, one for each layer, and has {len(read)}")
    return read[:count]


def layer_count(config: Config) -> int:
    """Layers of a model: the config's number, else as many as it lists."""
    listed = config.rows("layers_block_type") or config.rows("layer_types") or config.text("hybrid_override_pattern")
    if listed and config.get(*keys.LAYERS) is None:
        return min(len(listed), MOST_LAYERS)
    count = config.needed(*keys.LAYERS)
    if count > MOST_LAYERS:
        raise config.fault(keys.LAYERS[0], f"must be at most {MOST_LAYERS:,}", count)
    return count


def _listed(config: Config) -> list[str] | None:
    """Kinds that the config lists layer by layer."""
    pattern = config.text("hybrid_override_pattern")
    if pattern:
        letters = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}
        odd = next((letter for letter in pattern if letter not in letters), None)
        if odd is not None:
            raise config.fault("hybrid_override_pattern", "is made of M (Mamba), * (attention), - and E", pattern)
        return [letters[letter] for letter in pattern]
    for name in ("layer_types", "layers_block_type"):
        rows = config.rows(name)
        if rows is not None:
            if config.text("model_type").startswith("falcon_h1"):
                return ["parallel"] * len(rows)
            return [_sliding_or_full(config, str(row)) for row in rows]
    kinds = config.rows("hybrid_layer_pattern")  # MiMo: 1 is a sliding window
    if kinds is not None:
        return ["sliding_attention" if kind else "full_attention" for kind in kinds]
    kinds = config.rows("attn_type_list")  # MiniMax: 0 is linear attention
    if kinds is not None:
        return ["full_attention" if kind else "linear_attention" for kind in kinds]
    blocks = config.rows("block_configs")  # Nemotron-NAS: some layers have no attention
    if blocks is not None:
        return ["no_op" if _without_attention(block) else "full_attention" for block in blocks]
    return None


def _without_attention(block: object) -> bool:
    attention = block.get("attention") if isinstance(block, dict) else None
    return isinstance(attention, dict) and bool(attention.get("no_op") or attention.get("replace_with_linear"))


def _sliding_or_full(config: Config, word: str) -> str:
    """A sliding layer of a model that switches its windows off, or names no window, is a full one."""
    off = not config.flag("use_sliding_window", default=True) or not config.whole("sliding_window")
    if word == "sliding_attention" and off and not _WINDOWS.get(config.text("model_type")):
        return "full_attention"
    return word


def _counted(config: Config, count: int) -> list[str] | None:
    """Kinds that follow from a period, an offset or a list of layer numbers."""
    linear = config.inside("linear_attn_config")  # Kimi Linear counts layers from 1
    if linear is not None:
        full = linear.rows("full_attn_layers") or []
        return ["full_attention" if number + 1 in full else "linear_attention" for number in range(count)]
    numbers = config.rows("attn_layer_indices")  # Bamba
    if numbers is not None:
        return ["attention" if number in numbers else "mamba" for number in range(count)]
    numbers = config.rows("hybrid_layer_ids")  # Zamba 2
    if numbers is not None:
        return ["hybrid" if number in numbers else "mamba" for number in range(count)]
    period = config.whole("attn_layer_period", least=1)  # Jamba
    if period is not None:
        offset = config.whole("attn_layer_offset") or 0
        return ["attention" if number % period == offset % period else "mamba" for number in range(count)]
    interval = config.whole("full_attention_interval", least=1)  # Qwen3-Next
    if interval is not None and config.get("linear_num_value_heads") is not None:
        return ["linear_attention" if (number + 1) % interval else "full_attention" for number in range(count)]
    return None


def _by_family(config: Config, count: int) -> list[str]:
    """Kinds that a family has though its config does not say so."""
    family = config.text("model_type")
    if family.startswith("falcon_h1"):
        return ["parallel"] * count
    if family in ("mamba", "mamba2", "falcon_mamba"):
        return ["mamba"] * count
    if family.startswith("llama4") or (config.get("attention_chunk_size") and config.get("no_rope_layers")):
        return _llama4(config, count)
    letters = config.text("sliding_window_pattern")  # EXAONE 4: LLLG
    if letters and set(letters) <= {"L", "G"} and config.whole("sliding_window"):
        words = {"L": "sliding_attention", "G": "full_attention"}
        return [*(words[letters[number % len(letters)]] for number in range(count - 1)), "full_attention"]
    period = config.whole("sliding_window_pattern", least=1) or _PERIODS.get(family)
    if period is not None and period > 1 and (config.whole("sliding_window") or family in _WINDOWS):
        first = 0 if family == "gpt_oss" else 1
        return ["sliding_attention" if (number + first) % period else "full_attention" for number in range(count)]
    everywhere = family in ("mistral", "mixtral", "starcoder2", "ministral") and config.whole("sliding_window")
    return ["sliding_attention" if everywhere else "full_attention"] * count


def _llama4(config: Config, count: int) -> list[str]:
    """Layers with rotary embeddings look at chunks; every fourth, without, at everything."""
    marks = config.rows("no_rope_layers")
    interval = config.whole("no_rope_layer_interval", least=1) or 4
    with_rope = [bool(mark) for mark in marks] if marks else [(n + 1) % interval != 0 for n in range(count)]
    return ["chunked_attention" if rope else "full_attention" for rope in with_rope]


def _is_latent(config: Config) -> bool:
    if config.whole("kv_lora_rank") is None or not config.flag("use_mla", default=True):
        return False
    family = config.text("model_type").lower()
    if family.startswith(_EXPANDED_FAMILIES):
        return False
    # A config written by hand may name no family: a latent's rank is telling enough.
    return not family or family.startswith(_LATENT_FAMILIES) or config.whole("qk_rope_head_dim") is not None


def _latent(config: Config, index: int) -> list[Cache]:
    """The latent of multi-head latent attention, and what a sparse indexer keeps beside it."""
    rank, rope = config.needed("kv_lora_rank"), config.whole("qk_rope_head_dim") or 0
    found = [Cache(LayerKind.LATENT, kv_heads=1, key_size=rank + rope)]
    kinds = config.rows("indexer_types")
    has_indexer = kinds[index] == "full" if kinds and index < len(kinds) else True
    if config.whole("index_topk") and has_indexer:
        found.append(Cache(LayerKind.LATENT, kv_heads=1, token_bytes=_INDEXER_BYTES))
    return found


def _attention(config: Config, word: str, index: int) -> Cache:
    sliding = word == "sliding_attention"
    heads, key, value = _head_sizes(config, index, sliding=sliding)
    if sliding:
        window = config.whole("sliding_window", "sliding_window_size") or _WINDOWS.get(config.text("model_type"), 0)
        return Cache(LayerKind.SLIDING if window else LayerKind.FULL, heads, key, value, window=window)
    if word == "chunked_attention":
        return Cache(LayerKind.CHUNKED, heads, key, value, window=config.whole("attention_chunk_size", least=1) or 8192)
    return Cache(LayerKind.FULL, heads, key, value)


def _head_sizes(config: Config, index: int, *, sliding: bool) -> tuple[int, int, int]:
    """Heads of keys and values of a layer, and the sizes of both."""
    size = config.whole(*keys.HEAD_SIZE, least=1)
    if config.text("model_type").startswith(_EXPANDED_FAMILIES) and config.whole("kv_lora_rank"):
        size = config.needed("qk_nope_head_dim") + config.needed("qk_rope_head_dim")  # values are padded to it
    elif size is None:
        size = config.needed(*keys.HIDDEN) // config.needed(*keys.HEADS)
        size *= 2 if config.text("model_type").startswith("zamba") else 1  # it attends to the embeddings too
        if size == 0:
            raise config.fault(
                keys.HEADS[0], "must be no more than hidden_size, which heads share", config.needed(*keys.HEADS)
            )
    heads = _kv_heads(config, index)
    value = config.whole("v_head_dim", least=1) if config.whole("kv_lora_rank") is None else None
    if sliding and config.whole("swa_num_key_value_heads"):
        heads = config.needed("swa_num_key_value_heads")
        size = config.whole("swa_head_dim", least=1) or size
        value = config.whole("swa_v_head_dim", least=1) or value
    elif not sliding and config.whole("global_head_dim"):  # Gemma 4
        heads = config.whole("num_global_key_value_heads", least=1) or heads
        size = config.needed("global_head_dim")
    return heads, size, value or size


def _kv_heads(config: Config, index: int) -> int:
    blocks = config.rows("block_configs")
    if blocks is not None and index < len(blocks) and isinstance(blocks[index], dict):
        attention = blocks[index].get("attention") or {}
        per_group = attention.get("n_heads_in_group") if isinstance(attention, dict) else None
        if isinstance(per_group, int) and per_group > 0:
            return max(1, config.needed(*keys.HEADS) // per_group)
    found = config.get(*keys.KV_HEADS)
    if found is not None and isinstance(found[1], list) and index < len(found[1]):
        return _checked_heads(config, found[0], found[1][index])
    if _has_one_head(config):
        return 1
    family = config.text("model_type")
    is_plain = family == "falcon" and not config.flag("new_decoder_architecture")
    is_plain = is_plain or config.values.get("multi_query_attention") is False
    if is_plain:
        return config.needed(*keys.HEADS)
    if found is None:
        _check_kv_heads(config)
        return config.needed(*keys.HEADS)
    counted = config.whole(found[0])
    # With their size given, no other size follows from the heads of queries: what can't run is sized all the same.
    queries = None if config.get(*keys.HEAD_SIZE) is not None else config.whole(*keys.HEADS)
    if not counted or (queries and queries % counted):  # each serves as many heads of queries
        raise config.fault(found[0], _kv_heads_rule(config), found[1])
    return counted


def _check_kv_heads(config: Config) -> None:
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


def _kv_heads_rule(config: Config) -> str:
    name, queries = config.get(*keys.HEADS) or (keys.HEADS[0], None)
    share = f" that divides {name} ({queries}), as each serves as many of them" if queries else ""
    return f"must be a whole number above 0{share}: the publisher's own config.json has it"


def _has_one_head(config: Config) -> bool:
    """Whether all queries share one head of keys and values, by a flag: Falcon, StarCoder, MPT."""
    family = config.text("model_type")
    if family == "falcon" or family == "gpt_bigcode":
        return config.flag("multi_query", default=True) and not config.flag("new_decoder_architecture")
    if config.text("attn_type") == "multiquery_attention":
        return True
    is_told = config.flag("multi_query") or config.flag("multi_query_attention")
    return is_told and config.get(*keys.KV_HEADS) is None


def _checked_heads(config: Config, name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 2**20:
        raise config.fault(name, "must be whole numbers of at least 1", value)
    return value


MAMBA1_FAMILIES = ("mamba", "falcon_mamba")  # whose layers are Mamba 1 alone


def _state_of(config: Config) -> Cache:
    """The state and the convolution's inputs of one recurrent layer, in numbers, of all heads together."""
    if config.get("linear_num_value_heads") is not None:
        state, convolution = _gated_delta(config)
    elif config.inside("linear_attn_config") is not None:
        return _kimi_delta(config)
    elif (
        config.get("mamba_num_heads", "mamba_n_heads", "mamba_headdim") is not None
        or config.text("model_type") == "mamba2"
    ):
        state, convolution = _mamba2(config)
    elif config.get("conv_L_cache") is not None:  # LFM2: a convolution and no state
        width = config.whole("conv_dim") or config.needed(*keys.HIDDEN)
        state, convolution = 0, width * max(config.needed("conv_L_cache") - 1, 0)
    elif config.get("attn_type_list") is not None or config.text("model_type").startswith("minimax"):
        head = config.whole(*keys.HEAD_SIZE, least=1) or config.needed(*keys.HIDDEN) // config.needed(*keys.HEADS)
        state, convolution = config.needed(*keys.HEADS) * head * head, 0
    else:
        state, convolution = _mamba1(config)
    return Cache(LayerKind.STATE, state=state, convolution=convolution, state_bytes=_state_bytes(config))


def _state_bytes(config: Config) -> int:
    named = config.text(*_STATE_DTYPES)
    default = config.text("dtype", "torch_dtype") or "bfloat16"
    if not named and config.text("model_type") == "nemotron_h":
        named = "float16"
    return BYTES_OF_DTYPE.get(named or default, 2)


def _gated_delta(config: Config) -> tuple[int, int]:
    """Qwen3-Next, Qwen3.5."""
    keys_wide = config.needed("linear_num_key_heads") * config.needed("linear_key_head_dim")
    value_heads, value_size = config.needed("linear_num_value_heads"), config.needed("linear_value_head_dim")
    state = value_heads * value_size * config.needed("linear_key_head_dim")
    return state, (2 * keys_wide + value_heads * value_size) * (config.needed("linear_conv_kernel_dim") - 1)


def _kimi_delta(config: Config) -> Cache:
    linear = config.inside("linear_attn_config")
    assert linear is not None
    heads, size = linear.needed("num_heads"), linear.needed("head_dim")
    kernel = linear.whole("short_conv_kernel_size", least=1) or 4
    # Its recurrent state is kept in 32 bits whatever the model's type is.
    return Cache(LayerKind.STATE, state=heads * size * size, convolution=3 * heads * size * (kernel - 1), state_bytes=4)


def _mamba2(config: Config) -> tuple[int, int]:
    heads = config.needed("mamba_num_heads", "mamba_n_heads", "n_mamba_heads", "num_heads")
    size = config.needed("mamba_head_dim", "mamba_d_head", "mamba_headdim", "head_dim")
    width = config.needed("ssm_state_size", "mamba_d_state", "state_size")
    groups = config.whole("n_groups", "mamba_n_groups", "mamba_ngroups") or 1
    kernel = config.needed("conv_kernel", "mamba_d_conv", "d_conv")
    return heads * size * width, (heads * size + 2 * groups * width) * (kernel - 1)


def mamba1_width(config: Config) -> int:
    """The inner width of a Mamba 1 layer; families of nothing else give it as `intermediate_size`, for any `expand`."""
    told = config.whole("d_inner", least=1)
    if told is None and config.text("model_type") in MAMBA1_FAMILIES:
        told = config.whole("intermediate_size", least=1)
    return told or (config.whole("mamba_expand", "expand") or 2) * config.needed(*keys.HIDDEN)


def _mamba1(config: Config) -> tuple[int, int]:
    """Mamba and Jamba."""
    inner = mamba1_width(config)
    width = config.needed("mamba_d_state", "state_size")
    kernel = config.needed("mamba_d_conv", "conv_kernel", "d_conv")
    return inner * width, inner * (kernel - 1)
