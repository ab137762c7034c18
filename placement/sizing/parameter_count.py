"""Parameters of a model counted from its config, and how tensor parallelism divides them.

The count is of the shapes that `transformers` builds: embeddings, attention, gated feed-forward layers, experts, norms.
It is within a fifth of a per cent for plain decoders and for experts (Llama, Qwen, Mistral, Gemma, DeepSeek), and may
be off where a family has parts of its own, such as adapters between an encoder and the language model. An encoder of
pictures or of sound is its blocks, and what stands around them: the layer that takes pixels, a table of positions, and
the layers that bring its vectors to the language model's width.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from operator import add

from placement.errors import DocumentError
from placement.sizing import config as keys
from placement.sizing.architecture import Cache, LayerKind, PipelineStage
from placement.sizing.config import Config
from placement.sizing.layers import MAMBA1_FAMILIES, layer_count, mamba1_width, read_kept

UNGATED = (
    "gpt2", "gpt_neox", "gpt_bigcode", "phi", "opt", "falcon", "starcoder2", "nemotron", "nemotron_h", "mpt", "codegen",
    "gptj", "gpt_neo", "bloom", "RefinedWeb", "RefinedWebModel",
)  # fmt: skip
_OTHER_ENCODERS = ("encoder_config", "speech_config", "audio_processor")
_VOCABULARY_UNIT = 64  # vLLM pads the vocabulary to a multiple of this
_TIED_BY_DEFAULT = (
    "gemma", "gemma2", "gemma3", "gemma3_text", "cohere", "cohere2", "gpt2", "gpt_bigcode", "falcon", "RefinedWeb",
    "RefinedWebModel", "bloom", "opt", "mpt", "phi3small", "starcoder2", "minicpm3", "mamba", "falcon_mamba",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameters:
    """How many numbers a model has: split over the GPUs, repeated on each, of keys and values, split by heads, and of
    routed experts, of which each is split, or which are shared out whole.

    `latent` are those among them that bring a latent to keys and values, of which the engine may keep copies.
    """

    split: int
    repeated: int
    by_head: int
    experts: int = 0
    latent: int = 0

    @property
    def total(self) -> int:
        return self.split + self.repeated + self.by_head + self.experts

    def held(self, tensor_parallel: int, kv_heads: int, of_experts: float | None = None) -> float:
        """Those that each GPU of a tensor-parallel group holds; `of_experts` is its part of them, by default even."""
        heads = min(tensor_parallel, kv_heads) if kv_heads else tensor_parallel
        experts = self.experts * (1 / tensor_parallel if of_experts is None else of_experts)
        return self.split / tensor_parallel + self.repeated + self.by_head / heads + experts

    def __add__(self, other: Parameters) -> Parameters:
        return Parameters(*map(add, astuple(self), astuple(other)))


NONE = Parameters(0, 0, 0)


@dataclass(frozen=True, slots=True)
class ModelParameters:
    """Parameters by where they stand: on the first stage of a pipeline, on the last, by layer, and on every stage.

    `is_tied`: the output uses the embeddings of the input, so a last stage that is not the first has them too.
    """

    embeddings: Parameters
    output: Parameters
    layers: tuple[Parameters, ...]
    encoder: Parameters
    is_tied: bool

    @property
    def total(self) -> int:
        return self.inner().total + self.outer().total

    def inner(self, stage: PipelineStage | None = None) -> Parameters:
        """Of all layers, or of a stage's."""
        layers = self.layers if stage is None else self.layers[stage.layers.start : stage.layers.stop]
        return sum(layers, NONE)

    def outer(self, stage: PipelineStage | None = None) -> Parameters:
        """Of all that is no layer, on all stages together or on one: engines keep it in 16 bits."""
        found = self.encoder
        if stage is None or stage.is_first or (stage.is_last and self.is_tied):
            found += self.embeddings
        return found + self.output if stage is None or stage.is_last else found


# Families whose count was compared with a checkpoint, a publisher's figure or a launch (tests/sizing/).
COMPARED = (
    "bloom", "chatglm", "codegen", "cohere", "dbrx", "deci", "deepseek_v2", "deepseek_v3", "deepseek_v32", "falcon",
    "falcon_mamba", "gemma", "gemma2", "gemma3", "gemma3_text", "glm_moe_dsa", "gpt2", "gpt_bigcode", "gpt_neox",
    "gpt_oss", "gptj", "granite", "jamba", "kimi_k2", "llama", "llama4", "llama4_text", "longcat_flash", "mamba",
    "mamba2", "minicpm3", "minimax_m2", "mistral", "mixtral", "mpt", "nemotron_h", "olmo2", "opt", "phi", "phi3",
    "phi3small", "qwen", "qwen2", "qwen2_5_vl", "qwen2_moe", "qwen2_vl", "qwen3", "qwen3_moe", "qwen3_next",
    "qwen3_vl_text", "RefinedWeb", "RefinedWebModel",
)  # fmt: skip
# Shapes that are not counted here: experts that work on a shorter vector, layers of different widths, embeddings of
# each layer, queries by way of a shared projection, blocks of attention that several layers share (Zamba).
_UNCOUNTED = (
    "moe_latent_size", "routed_expert_hidden_size", "block_configs", "hidden_size_per_layer_input", "share_q_dim",
    "num_mem_blocks", "hybrid_layer_ids",
)  # fmt: skip


def count_parameters(config: Config) -> ModelParameters | None:
    """Parameters of a model and of its encoder of pictures; None where the config lacks what only this needs."""
    model = config.language_model()
    outside = config.flag("tie_word_embeddings", default=model.text("model_type") in _TIED_BY_DEFAULT)
    tied = model.flag("tie_word_embeddings", default=outside)
    if uncounted_key(config) or model.text("model_type").startswith("gemma3n"):
        return None
    try:
        found = _count(model, tied=tied)
    except DocumentError:
        return None
    encoders = _count_encoders(config)
    return None if encoders is None else replace(found, encoder=Parameters(encoders, 0, 0))


def uncounted_key(config: Config) -> str:
    """The first key of a language model that tells of shapes which are not counted here; empty without any."""
    model = config.language_model()
    if model.text("model_type").startswith("zamba"):
        return "model_type"
    return next((name for name in _UNCOUNTED if model.values.get(name)), "")


def padded_vocabulary(tokens: int) -> int:
    """Tokens of a vocabulary as the engine lays them out."""
    return -(-tokens // _VOCABULARY_UNIT) * _VOCABULARY_UNIT


def _count(config: Config, *, tied: bool) -> ModelParameters:
    hidden, layers = config.needed(*keys.HIDDEN), layer_count(config)
    vocabulary = padded_vocabulary(config.needed(*keys.VOCABULARY))
    kept = read_kept(config)
    norms = Parameters(0, 2 * hidden, 0)
    rows = []
    for index in range(layers):
        caches = kept[index] if index < len(kept) else ()
        attention = [_layer(config, cache, hidden) for cache in caches if not cache.token_bytes]
        feed = _feed_forward(config, index, hidden) if _has_feed_forward(config, index) else NONE
        rows.append(sum(attention, norms + feed))
    table = Parameters(vocabulary * hidden, 0, 0)
    output = Parameters(0 if tied else table.split, hidden, 0)
    return ModelParameters(table, output, tuple(rows), NONE, tied)


def _layer(config: Config, cache: Cache, hidden: int) -> Parameters:
    """Attention, or the recurrent layer in its place."""
    if cache.kind is LayerKind.STATE:
        return Parameters(_recurrent(config, cache, hidden), 0, 0)
    heads = config.needed(*keys.HEADS)
    if cache.kind is LayerKind.LATENT or config.whole("kv_lora_rank"):  # MiniCPM3 keeps what comes of its latent
        return _latent(config, heads, hidden)
    outputs = 2 * heads * cache.key_size if config.flag("attn_output_gate") else heads * cache.key_size
    split = hidden * outputs + heads * cache.value_size * hidden
    return Parameters(split, 0, hidden * cache.kv_heads * (cache.key_size + cache.value_size))


def _latent(config: Config, heads: int, hidden: int) -> Parameters:
    rank, rope = config.needed("kv_lora_rank"), config.whole("qk_rope_head_dim") or 0
    plain, value = config.needed("qk_nope_head_dim"), config.needed("v_head_dim")
    query_rank = config.whole("q_lora_rank")
    latent = rank * heads * (plain + value)
    split = latent + heads * value * hidden + (query_rank or hidden) * heads * (plain + rope)
    repeated = hidden * (rank + rope) + (hidden * query_rank if query_rank else 0)
    return Parameters(split, repeated, 0, latent=latent)


def _recurrent(config: Config, cache: Cache, hidden: int) -> int:
    """Projections in and out of a recurrent layer, about: inputs of the convolution, a gate, and the output."""
    value_heads = config.whole("linear_num_value_heads")
    if value_heads is not None:
        value = value_heads * config.needed("linear_value_head_dim")
        key = config.needed("linear_num_key_heads") * config.needed("linear_key_head_dim")
        return hidden * (2 * key + 2 * value + 2 * value_heads) + value * hidden
    heads, size = config.whole("mamba_num_heads", "mamba_n_heads"), config.whole("mamba_head_dim", "mamba_d_head")
    if config.text("model_type") == "mamba2":
        heads, size = config.needed("num_heads"), config.needed("head_dim")
    if heads is not None and size is not None:
        width = config.needed("ssm_state_size", "mamba_d_state", "state_size")
        groups = config.whole("n_groups", "mamba_n_groups") or 1
        return hidden * (2 * heads * size + 2 * groups * width + heads) + heads * size * hidden
    inner = mamba1_width(config)
    if config.get("mamba_d_state", "state_size") is None:
        return 3 * hidden * inner + cache.state
    rank = config.values.get("time_step_rank", config.values.get("mamba_dt_rank"))
    rank = rank if isinstance(rank, int) else -(-hidden // 16)
    width = config.needed("mamba_d_state", "state_size")
    return 3 * hidden * inner + inner * (2 * rank + 3 * width) + cache.convolution


def _feeds(config: Config) -> list[str] | None:
    """Of Nemotron-H, where a feed-forward is a layer of its own: `-` dense, `E` experts, else none, layer by layer."""
    words = {"mlp": "-", "moe": "E"}
    kinds = config.rows("layers_block_type") or []
    if any(kind in words for kind in kinds):
        return [words.get(kind, "") if isinstance(kind, str) else "" for kind in kinds]
    pattern = config.text("hybrid_override_pattern")
    return list(pattern) if pattern else None


def _has_feed_forward(config: Config, index: int) -> bool:
    feeds = _feeds(config)
    if feeds is not None:
        return index < len(feeds) and feeds[index] in ("-", "E")
    return config.text("model_type") not in (*MAMBA1_FAMILIES, "mamba2")


def _feed_forward(config: Config, index: int, hidden: int) -> Parameters:
    gates = 2 if config.text("model_type") in UNGATED else 3
    experts = config.whole(*keys.EXPERTS)
    if not experts or _is_dense(config, index):
        width = config.inner_width() or 4 * hidden
        return Parameters(gates * hidden * width, 0, 0)
    width = config.whole(*keys.MOE_INTERMEDIATE, *keys.INTERMEDIATE, least=1) or 4 * hidden
    return Parameters(
        gates * hidden * config.shared_width(width), hidden * experts, 0, gates * hidden * experts * width
    )


def _is_dense(config: Config, index: int) -> bool:
    """Whether a layer of a model with experts has none."""
    feeds = _feeds(config)
    if feeds is not None:
        return feeds[index] != "E"
    freq = config.values.get("moe_layer_freq")
    if isinstance(freq, list) and index < len(freq):
        return not freq[index]
    kinds = config.rows("mlp_layer_types")
    if kinds and index < len(kinds):
        return str(kinds[index]) == "dense"
    if index < (config.whole("first_k_dense_replace") or 0) or index in (config.rows("mlp_only_layers") or []):
        return True
    period = config.whole("expert_layer_period", least=1)  # Jamba
    if period is not None:
        return index % period != (config.whole("expert_layer_offset") or 0) % period
    step = config.whole("interleave_moe_layer_step", "decoder_sparse_step", least=1) or 1
    return (index + 1) % step != 0


def _count_encoders(config: Config) -> int | None:
    """Parameters of the encoders of pictures and of sound; None where one is there that is not counted here."""
    if config.get(*_OTHER_ENCODERS) is not None:
        return None
    outside = config.inside("thinker_config") or config  # Qwen Omni
    pictures, sound = outside.inside("vision_config"), outside.inside("audio_config")
    of_sound = 0 if sound is None else _encoder(sound, config)
    if sound is not None and not of_sound:
        return None
    return of_sound + (0 if pictures is None else _encoder(pictures, config))


def _encoder(encoder: Config, config: Config) -> int:
    """Blocks of an encoder: attention, and two matrices (Pixtral, Qwen2.5-VL: three) of its inner width.

    And what stands around the blocks, of families whose it is known.
    """
    try:
        hidden = encoder.whole("embed_dim", "hidden_size", "width", "d_model", least=1)  # Qwen2-VL has both
        blocks = encoder.whole("num_hidden_layers", "depth", "layers", "encoder_layers", least=1)
        inner = encoder.whole("intermediate_size", "mlp_dim", "encoder_ffn_dim", least=1)
    except DocumentError:
        return 0
    if hidden is None or blocks is None:
        return 0
    is_gated = encoder.get("fullatt_block_indexes") is not None or encoder.text("model_type").startswith("qwen2_5")
    matrices = 3 if is_gated or encoder.text("model_type") == "pixtral" else 2
    return blocks * hidden * (4 * hidden + matrices * (inner or 4 * hidden)) + _around(encoder, hidden, config)


def _around(encoder: Config, hidden: int, config: Config) -> int:
    """What stands around the blocks; 0 of other families, where it is a thousandth of the model."""
    family = encoder.text("model_type")
    is_second = encoder.get("embed_dim") is not None  # Qwen2-VL: `hidden_size` is the language model's
    if encoder.get("fullatt_block_indexes") is not None or family.startswith("qwen") or is_second:
        return _around_qwen(encoder, hidden, is_second=is_second)
    if encoder.get("init_pos_emb_height") is not None:
        return _around_moonvit(encoder, hidden, config)
    if family.startswith("llama4"):
        return _around_llama4(encoder, hidden, config)
    if family == "pixtral":
        return _around_pixtral(encoder, hidden, config)
    return _around_siglip(encoder, hidden, config) if config.get("mm_tokens_per_image") is not None else 0


def _around_qwen(encoder: Config, hidden: int, *, is_second: bool) -> int:
    """The first layer takes pixels, and one joins neighbouring patches.

    Qwen3-VL has a table of positions, and a joining layer more for each level that it hands on beside the last
    (`Qwen3VLVisionModel` in `transformers`).
    """
    out = encoder.whole("hidden_size" if is_second else "out_hidden_size", least=1)
    if out is None:
        return 0
    merged = hidden * (encoder.whole("spatial_merge_size", least=1) or 2) ** 2
    joining = 1 + len(encoder.rows("deepstack_visual_indexes") or [])
    pixels = _pixels(encoder) * (encoder.whole("temporal_patch_size", least=1) or 2)
    positions = encoder.whole("num_position_embeddings") or 0
    return joining * merged * (merged + out) + (pixels + positions) * hidden


def _around_llama4(encoder: Config, hidden: int, config: Config) -> int:
    """Two layers that shuffle pixels, and the projection (`vllm/model_executor/models/mllama4.py`)."""
    inner = encoder.whole("intermediate_size", least=1) or 4 * hidden
    middle = encoder.whole("projector_input_dim", least=1) or 4096
    out = encoder.whole("projector_output_dim", "vision_output_dim", least=1) or 4096
    positions = _places(encoder) + 1
    return (_pixels(encoder) + positions) * hidden + inner * middle + middle * out + out * _width(config)


def _around_pixtral(encoder: Config, hidden: int, config: Config) -> int:
    """A layer that joins patches where the model has one, and two to the language model's width (`mistral3.py`)."""
    merge = config.whole("spatial_merge_size", least=1) or 1
    joining = merge**2 * hidden**2 if merge > 1 else 0
    width = _width(config)
    return _pixels(encoder) * hidden + joining + hidden * width + width * width


def _around_moonvit(encoder: Config, hidden: int, config: Config) -> int:
    """A table of positions, and two layers that join four patches each (Kimi-VL, `kimi_vl.py`)."""
    height = encoder.whole("init_pos_emb_height", least=1) or 0
    positions = height * (encoder.whole("init_pos_emb_width", least=1) or height)
    merged = 4 * hidden
    return (_pixels(encoder) + positions) * hidden + merged * (merged + _width(config))


def _around_siglip(encoder: Config, hidden: int, config: Config) -> int:
    """A table of positions, and one projection (Gemma 3, `gemma3_mm.py`)."""
    return (_pixels(encoder) + _places(encoder)) * hidden + hidden * _width(config)


def _pixels(encoder: Config) -> int:
    """Numbers of one patch of a picture."""
    return 3 * (encoder.whole("patch_size", least=1) or 14) ** 2


def _places(encoder: Config) -> int:
    """Patches of the largest picture."""
    side = encoder.whole("image_size", least=1) or 0
    return (side // (encoder.whole("patch_size", least=1) or 14)) ** 2


def _width(config: Config) -> int:
    return config.language_model().needed(*keys.HIDDEN)
