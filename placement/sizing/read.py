"""A model from a folder, a `config.json`, or the name of a public one."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from placement import arguments
from placement.documents.read import STDIN, read_text
from placement.errors import DocumentError, Fault, UsageError, nearest, printable, wrong_argument
from placement.sizing import config as keys
from placement.sizing.architecture import BYTES_OF_DTYPE, Architecture, Experts, Vision
from placement.sizing.checkpoint import Checkpoint, read_checkpoint
from placement.sizing.config import PARAMS, Config, as_config, is_params, parse_config, shipped
from placement.sizing.layers import layer_count, read_kept
from placement.sizing.parameter_count import ModelParameters, count_parameters, uncounted_key
from placement.sizing.quantisation import read_quantisation
from placement.units import BYTES_PER_GIB

_CONFIGS = ("config.json", PARAMS)
_QUANTISATION = "hf_quant_config.json"  # of ModelOpt, beside the config

# Gemma 3 that sees: one encoder (SigLIP), pictures of one size and 256 tokens each, whatever the language model's size.
_ENCODERS: dict[str, dict[str, Any]] = {
    "gemma3": {
        "mm_tokens_per_image": 256,
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": 1152,
            "intermediate_size": 4304,
            "num_hidden_layers": 27,
            "image_size": 896,
            "patch_size": 14,
        },
    }
}
_WAY_OUT = "write its memory into the problem as the engine logs it (accelerator_memory_gib)"
_ENCODER_KEYS = ("encoder_layers", "num_encoder_layers", "num_decoder_layers", "decoder_layers", "d_kv")
_NO_DECODERS = (
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


@dataclass(frozen=True, slots=True)
class Model:
    """A model to be sized: its name, its figures, and what is known of its checkpoint's size."""

    name: str
    architecture: Architecture
    parameters: ModelParameters | None  # counted from the config; None where it lacks a key that only this needs
    checkpoint: Checkpoint | None  # read from files; None where there are none
    uncounted: str = ""  # the key for which its parameters are not counted


def read_model(model: str | Path, *, with_files: bool = True) -> Model:
    """The model in a folder, in a `config.json`, or of the shipped table of public models.

    A folder, or the folder of the config, may hold `model.safetensors.index.json` or `*.safetensors`: then the size of
    the weights is read there, unless `with_files` is false, as where it is given otherwise.
    Raises DocumentError: the config can't be read, lacks a key that each model has, or holds something else there.
    Raises UsageError: it is neither a file nor a name in the table, or no name that a file can have.
    """
    path = arguments.path("model", model)
    place = Path(path)
    try:
        is_file, is_folder = str(path) == STDIN or place.is_file(), place.is_dir()
    except OSError as error:  # a name too long, a link that leads to itself
        rule = f"a name of the table, a folder or a config.json that can be looked up ({error.strerror})"
        raise wrong_argument("model", rule, str(path)) from None
    if is_folder:
        file = next((place / name for name in _CONFIGS if (place / name).is_file()), None)
        if file is None:
            rule = f"is a folder without a {_CONFIGS[0]} or {PARAMS}: no model is there"
            raise DocumentError([Fault("$", rule)], str(place))
        path = place = file
    if is_file or is_folder:
        source, text = read_text(path)
        folder = None if str(path) == STDIN or place.name not in _CONFIGS else place.parent
        name = place.stem if folder is None else folder.resolve().name
        return model_of(parse_config(text, source), name, folder, with_files=with_files)
    if place.suffix == ".json" or str(path).startswith((".", "/")):
        raise UsageError(f"{printable(str(path))}: there is no such file or folder")
    name, config = known_config(str(path))
    found = model_of(config, name)
    size, said = config.number("checkpoint_gib"), config.text("checkpoint_source")
    return found if size is None else replace(found, checkpoint=Checkpoint(int(size * BYTES_PER_GIB), said))


def model_of(config: Config, name: str, folder: Path | None = None, *, with_files: bool = True) -> Model:
    """The model of a config; `folder` is where its checkpoint may be, which is read `with_files`."""
    config = _with_encoder(as_config(config) if is_params(config) else config)
    architecture = read_architecture(config, folder)
    checkpoint = read_checkpoint(folder, architecture.layers) if folder is not None and with_files else None
    return Model(name, architecture, count_parameters(config), checkpoint, uncounted_key(config))


def _with_encoder(config: Config) -> Config:
    """The config with what it leaves out of an encoder that all published models of its family have alike."""
    usual = _ENCODERS.get(config.text("model_type"))
    if usual is None or any("CausalLM" in str(name) for name in config.rows("architectures") or []):
        return config
    values = dict(config.values)
    values |= {key: value for key, value in usual.items() if values.get(key) is None}
    return Config(values, config.source, config.path)


def read_architecture(config: Config, folder: Path | None = None) -> Architecture:
    """The figures of a model from its config.

    Raises DocumentError: a key is missing or holds something else than it does in a model; all that are missing are
    named at once.
    """
    model = config.language_model()
    _check_family(config, model)
    _check_needed(model)
    dtype = model.text("dtype", "torch_dtype") or config.text("dtype", "torch_dtype") or "bfloat16"
    stored = BYTES_OF_DTYPE.get(dtype.removeprefix("torch."), 2)
    dtype_bytes = min(stored, 2)  # engines load a checkpoint of 32 bits in 16 unless they are told otherwise
    hidden = model.needed(*keys.HIDDEN)
    return Architecture(
        model_type=model.text("model_type") or config.text("model_type"),
        hidden=hidden,
        intermediate=_intermediate(model, hidden),
        vocabulary=model.needed(*keys.VOCABULARY),
        layers=layer_count(model),
        heads=model.whole(*keys.HEADS, least=1) or 0,
        kept=read_kept(model),
        context=_context(model),
        dtype_bytes=dtype_bytes,
        stored_bytes=stored,
        rotary_bytes=_rotary_bytes(model, dtype_bytes),
        experts=_experts(model),
        vision=_vision(config),
        quantisation=read_quantisation(config, model, None if folder is None else folder / _QUANTISATION),
    )


def _check_family(config: Config, model: Config) -> None:
    """Refuse what is no decoder, or one whose cache is laid out in a way that is not known, by the key that shows it.

    A config of an encoder, of an encoder with a decoder or of an unknown recurrent model has keys enough to look like a
    decoder's, and its size would be wrong without a word.

    `model` is the language model inside of `config`, or the same.
    """
    for place in (config,) if model.path == config.path else (config, model):
        _check_decoder(place)
    if model.flag("use_cla") and (model.whole("cla_share_factor") or 2) > 1:
        raise _refusal(model, "use_cla", "is of layers that use the keys and values of others")


def _check_decoder(place: Config) -> None:
    if place.flag("is_encoder_decoder"):
        raise _refusal(place, "is_encoder_decoder", "is of an encoder and a decoder, which keeps what the encoder saw")
    for name in _ENCODER_KEYS:
        if place.get(name) is not None:
            raise _refusal(place, name, "is of an encoder and a decoder, which keeps what the encoder saw")
    family = place.text("model_type").lower()
    if not place.flag("is_decoder"):
        if family in _NO_DECODERS:
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


def _check_needed(model: Config) -> None:
    lists_layers = model.get("layers_block_type", "layer_types", "hybrid_override_pattern") is not None
    wanted = (keys.HIDDEN, keys.VOCABULARY) if lists_layers else (keys.HIDDEN, keys.LAYERS, keys.VOCABULARY)
    missing = [names for names in wanted if model.get(*names) is None]
    faults: list[Fault] = []
    for names in missing:
        try:
            model.needed(*names)
        except DocumentError as error:
            faults.extend(error.faults)
    if faults:
        raise DocumentError(faults, model.source)


def _intermediate(model: Config, hidden: int) -> int:
    """The inner width of a dense layer, 0 where there is none; left out, it is four hidden sizes, as GPT-2's."""
    found = model.get("dense_intermediate_size", "intermediate_size_mlp", *keys.INTERMEDIATE)
    if found is not None and isinstance(found[1], list):
        widths = [width for width in found[1] if isinstance(width, int) and not isinstance(width, bool) and width > 0]
        if len(widths) < len(found[1]) or not widths:
            raise model.fault(found[0], "must be whole numbers above 0", found[1])
        return max(widths)
    width = model.inner_width()
    if width is None:
        return 4 * hidden
    has_dense = model.whole("first_k_dense_replace", "n_shared_experts", "num_shared_experts") or model.get(
        "dense_intermediate_size",
        "intermediate_size_mlp",
        "shared_expert_intermediate_size",
        "interleave_moe_layer_step",
    )
    experts = _experts(model)
    if experts is not None and experts.intermediate == width and not has_dense:
        return 0  # Mixtral: the key is of the experts
    return width


def _experts(model: Config) -> Experts | None:
    count = model.whole(*keys.EXPERTS)
    if not count or model.values.get("enable_moe_block") is False:
        return None
    per_token = model.whole(*keys.EXPERTS_PER_TOKEN, least=1)
    width = model.whole(*keys.MOE_INTERMEDIATE, least=1) or model.whole(*keys.INTERMEDIATE, least=1)
    if width is None:
        raise model.fault("moe_intermediate_size", "is missing: models with experts have this key")
    return Experts(count, per_token or 1, width, model.shared_width(width))


def _context(model: Config) -> int | None:
    """The longest sequence that the engine lets a model have (`_get_and_verify_max_len` in `vllm/config/model.py`).

    Gemma 3 tells its scaled context already.
    """
    positions = model.whole(*keys.CONTEXT, least=1)
    if positions is None or model.text("model_type").startswith("gemma3"):
        return positions
    return _scaled(model, positions)


def _scaled(model: Config, positions: int) -> int:
    """Positions after the scaling of rotary embeddings that multiplies them."""
    scaling = model.inside("rope_scaling") or model.inside("rope_parameters")
    if scaling is None:
        return positions
    kind, factor = scaling.text("rope_type", "type"), scaling.number("factor") or 1.0
    original = scaling.whole("original_max_position_embeddings", least=1)
    if kind in ("linear", "dynamic"):
        return int(positions * factor)
    return int(original * factor) if kind == "yarn" and original else positions


def _rotary_bytes(model: Config, dtype_bytes: int) -> int:
    """Tables of sines and cosines: one row for each position that the scaled context has."""
    positions = model.whole(*keys.CONTEXT, least=1)
    size = model.whole("qk_rope_head_dim", least=1) or model.whole("rotary_dim", least=1)
    if positions is None or model.get("rope_theta", "rope_parameters", "rope_scaling", "rotary_emb_base") is None:
        return 0
    if size is None:
        head = model.whole(*keys.HEAD_SIZE, least=1)
        head = head or model.needed(*keys.HIDDEN) // (model.whole(*keys.HEADS, least=1) or 1)
        nested = model.inside("rope_parameters")
        part = model.number("partial_rotary_factor", "rotary_pct")
        part = part or (nested.number("partial_rotary_factor") if nested is not None else None)
        size = int(head * min(part or 1.0, 1.0))
    rows = _scaled(model, positions)
    scaling = model.inside("rope_scaling") or model.inside("rope_parameters")
    if scaling is not None and (scaling.text("rope_type", "type") == "mrope" or scaling.get("mrope_section")):
        rows *= 4
    local = positions if model.get("rope_local_base_freq") is not None else 0  # Gemma 3 has a second table
    return (rows + local) * size * dtype_bytes


def _vision(config: Config) -> Vision | None:
    """The largest picture that the encoder takes, where the config tells; None for a model without pictures."""
    encoder = config.inside("vision_config")
    if encoder is None:
        return None
    patch = encoder.whole("patch_size", "spatial_patch_size", least=1) or 14
    side = encoder.whole("image_size", "img_size", least=1)
    merge = encoder.whole("spatial_merge_size", least=1) or config.whole("spatial_merge_size", least=1) or 1
    if side is None:
        return _vision_without_side(encoder, patch, merge)
    tokens = config.whole("mm_tokens_per_image", least=1)
    if tokens is None:
        shuffle = encoder.number("pixel_shuffle_ratio") or 1.0
        tokens = max(1, int((side // patch) ** 2 / merge**2 * min(shuffle, 1.0) ** 2))
    tiles = _tiles(config, encoder)
    return Vision(tokens * tiles, tiles * 3 * side * side)


def _tiles(config: Config, encoder: Config) -> int:
    """Pieces that one picture is cut into, the whole in small included."""
    if config.text("model_type").startswith("llama4") or encoder.text("model_type").startswith("llama4"):
        return 17
    found = config.get("image_grid_pinpoints")
    grids = found[1] if found is not None and isinstance(found[1], list) else None
    side = encoder.whole("image_size", least=1) or 1
    pairs = [pair for pair in grids or [] if isinstance(pair, list) and len(pair) == 2]
    areas = [math.prod(pair) for pair in pairs if all(isinstance(length, int) for length in pair)]
    return 1 + max(areas, default=0) // (side * side)


def _vision_without_side(encoder: Config, patch: int, merge: int) -> Vision:
    """Encoders that take any size: as many patches as their tables of positions, or Qwen-VL's 16,384 tokens."""
    height = encoder.whole("init_pos_emb_height", least=1)
    if height is not None:  # MoonViT
        patches = height * (encoder.whole("init_pos_emb_width", least=1) or height)
        return Vision(max(1, patches // 4), patches * 3 * patch * patch)
    merge = merge if merge > 1 else 2
    patches = 16384 * merge * merge
    depth = encoder.whole("temporal_patch_size", least=1) or 2
    return Vision(16384, patches * 3 * depth * patch * patch)


def known_config(name: str) -> tuple[str, Config]:
    """The full name and the config of a model of the table; the publisher may be left out, and case does not count.

    Raises UsageError: no model, or more than one, has that name; the message has the nearest names.
    """
    wanted = name.strip().lower()
    found = [full for full in known_models() if wanted in (full.lower(), full.rpartition("/")[2].lower())]
    if len(found) == 1:
        return found[0], Config(known_models()[found[0]], found[0])
    if found:
        raise UsageError(f'"{printable(name)}" is the name of several models; write {" or ".join(found)}')
    short = {full.rpartition("/")[2]: full for full in known_models()}
    hint = nearest(name, [*short, *known_models()])
    raise UsageError(f'"{printable(name)}" is no file, no folder and no model of the table here; {hint}')


def known_models() -> dict[str, dict[str, Any]]:
    """All models of the table by name: the keys of their configs, and where those were read."""
    return dict(shipped("models.json"))
