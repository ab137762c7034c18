"""What a recurrent layer keeps of a sequence: Mamba, gated delta nets, linear attention, short convolutions.

Shapes as vLLM 0.19 computes them (`vllm/model_executor/layers/mamba/mamba_utils.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.sizing import config as keys
from placement.sizing.architecture import BYTES_OF_DTYPE, Cache, LayerKind

if TYPE_CHECKING:
    from placement.sizing.config import Config

MAMBA1_FAMILIES = ("mamba", "falcon_mamba")  # whose layers are Mamba 1 alone
_STATE_DTYPES = ("mamba_ssm_cache_dtype", "mamba_ssm_dtype")


def state_of(config: Config) -> Cache:
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
