"""How a checkpoint is quantised, from the forms that quantisers write it down in."""

import os
from pathlib import Path
from typing import Any

from placement.documents.read import read_text
from placement.sizing.architecture import Quantisation
from placement.sizing.config import Config, parse_config

_BITS_OF_METHOD = {"fp8": 8, "fbgemm_fp8": 8, "mxfp4": 4, "awq": 4, "modelopt": 8, "modelopt_fp4": 4, "nvfp4": 4}
_BITS_OF_ALGORITHM = {"FP8": 8, "NVFP4": 4, "W4A16_AWQ": 4, "W4A8_AWQ": 4, "INT4": 4, "INT8": 8, "MXFP4": 4}

_MODELOPT_SCHEMES = ("FP8", "NVFP4", "MXFP8", "MIXED")


def read_quantisation(config: Config, model: Config, beside: Path | None) -> Quantisation | None:
    """What a config says of how its weights are stored; None when they are as they were trained.

    `beside` is ModelOpt's `hf_quant_config.json`, read where it exists.
    """
    for place in (config, model):
        found = place.inside("quantization_config", "compression_config")
        if found is not None:
            return _of(found)
    if beside is not None and os.path.lexists(beside):  # a link that leads nowhere can't be read, which is told
        source, text = read_text(beside)
        told = parse_config(text, source)
        if told.inside("quantization") is None and told.get("quant_algo", "quant_method") is None:
            raise told.fault("quantization", "is missing: ModelOpt writes it, with quant_algo, beside a config.json")
        return _of(told)
    return None


def _of(found: Config) -> Quantisation:
    inner = found.inside("quantization")  # ModelOpt's file
    algorithm = (inner or found).text("quant_algo").upper()
    method = found.text("quant_method").lower().replace("_", "-") or ("modelopt" if algorithm else "unknown")
    bits = found.whole("bits", "w_bit", "weight_bits") or _bits_of_groups(found)
    if bits is None:
        by_method = _BITS_OF_METHOD.get(method.replace("-", "_"))
        bits = next((n for name, n in _BITS_OF_ALGORITHM.items() if algorithm.startswith(name)), by_method)
    if method == "bitsandbytes":
        bits = 4 if found.flag("load_in_4bit") or found.flag("_load_in_4bit") else 8
    return Quantisation(method, bits, _kv_bytes(found, inner), _scheme(found, method, algorithm), _block(found, method))


def _block(found: Config, method: str) -> int | None:
    """The weights that share a scale, of methods whose kernels have no other way than to keep them together."""
    if method not in ("awq", "fp8"):
        return None
    told = found.get("group_size", "q_group_size") if method == "awq" else found.get("weight_block_size")
    sides = told[1] if told is not None and isinstance(told[1], list) else [told and told[1]]
    return max((side for side in sides if type(side) is int and side > 0), default=None)  # -1: a whole column


def _scheme(found: Config, method: str, algorithm: str) -> str:
    """Which of a method's schemes it is; empty where the method has one, or this is not told."""
    if method.startswith("modelopt"):
        return next((name.lower() for name in _MODELOPT_SCHEMES if algorithm.startswith(name)), "")
    if method != "compressed-tensors":
        return ""
    schemes = {_scheme_of(group) for group in _groups(found)}
    return schemes.pop() if len(schemes) == 1 else ""


def _scheme_of(group: dict[str, Any]) -> str:
    """The scheme of one group of compressed-tensors, as vLLM tells them (`_get_scheme_from_parts`)."""
    weights, inputs = group.get("weights"), group.get("input_activations")
    if not isinstance(weights, dict):
        return ""
    bits, is_float = weights.get("num_bits"), weights.get("type") == "float"
    if is_float and bits == 4:
        return {16: "nvfp4", 32: "mxfp4"}.get(weights.get("group_size", 0), "")
    if is_float:
        return "fp8" if bits == 8 else ""
    if not isinstance(inputs, dict):
        return "int"  # of weights alone
    if bits == 4:
        return "int4-fp8" if inputs.get("type") == "float" else ""
    return "int8" if bits == 8 and inputs.get("num_bits") == 8 and inputs.get("type") == "int" else ""


def _bits_of_groups(found: Config) -> int | None:
    """The bits of weights in compressed-tensors' groups: of several groups, the fewest."""
    bits: list[int] = []
    for group in _groups(found):
        weights = group.get("weights")
        count = weights.get("num_bits") if isinstance(weights, dict) else None
        if isinstance(count, int) and not isinstance(count, bool) and count > 0:
            bits.append(count)
    return min(bits, default=None)


def _groups(found: Config) -> list[dict[str, Any]]:
    groups = found.inside("config_groups")
    return [] if groups is None else [group for group in groups.values.values() if isinstance(group, dict)]


def _kv_bytes(found: Config, inner: Config | None) -> int | None:
    """Bytes of a number in the KV cache, where the checkpoint asks for fewer than the model's own."""
    scheme: Any = found.values.get("kv_cache_scheme")
    if isinstance(scheme, dict) and scheme.get("num_bits") == 8:
        return 1
    algorithm = (inner or found).text("kv_cache_quant_algo").upper()
    return 1 if algorithm.startswith(("FP8", "INT8")) else None
