"""Parameters of the encoders of pictures and of sound beside a language model.

An encoder is its blocks, and what stands around them: the layer that takes pixels, a table of positions, and the layers
that bring its vectors to the language model's width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import DocumentError
from placement.sizing import config as keys

if TYPE_CHECKING:
    from placement.sizing.config import Config

_OTHER_ENCODERS = ("encoder_config", "speech_config", "audio_processor")


def count_encoders(config: Config) -> int | None:
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
