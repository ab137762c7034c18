"""How many bytes a checkpoint's weights have, read from its safetensors files: their index, or their headers.

A safetensors file starts with 8 bytes, the length of a JSON header that gives each tensor's type, shape and place. The
index of a checkpoint in several files has the total in `metadata.total_size`.
https://github.com/huggingface/safetensors#format
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from placement.documents.json_text import NotJsonError, parse_json_text
from placement.documents.read import read_text
from placement.errors import DocumentError, Fault, printable
from placement.sizing.config import parse_config

_INDEXES = ("model.safetensors.index.json", "consolidated.safetensors.index.json", "pytorch_model.bin.index.json")
_PART = re.compile(r"(.*)-(\d{1,9})-of-(\d{1,9})\.safetensors")
_FLOATS = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2}
_MOST_HEADER = 100_000_000  # bytes: what the format allows
_POINTER = b"version "  # how a file starts that Git LFS left in the place of a large one
_LAYER = re.compile(r"(?:^|\.)layers\.(\d{1,9})\.")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Bytes of all tensors that an engine loads, and the file they were read from.

    `dtype_bytes` is of a number of the type that most of them have; None where only an index was read.
    """

    total_bytes: int
    source: str
    dtype_bytes: int | None = None


def read_checkpoint(folder: Path, layers: int) -> Checkpoint | None:
    """The size of a checkpoint; None when the folder holds no safetensors files nor an index of them.

    Headers are preferred to the index where all files are at hand: they tell which tensors are of layers beyond the
    model's, such as those that predict several tokens, which an engine does not load.
    """
    files = _without_doubles(sorted(folder.glob("*.safetensors")))
    index = next((folder / name for name in _INDEXES if (folder / name).is_file()), None)
    if index is not None and (index.name != _INDEXES[-1] or not files):
        named, total = _read_index(index)
        named = [name for name in named if name.endswith(".safetensors")]
        if not named or any(not (folder / name).is_file() for name in named):
            return Checkpoint(total, str(index))
        files = [folder / name for name in named]
    if not files:
        return None
    _check_parts(files)
    loaded = [tensor for file in files for name, tensor in _tensors(file).items() if _is_loaded(name, layers)]
    by_dtype: Counter[int] = Counter()
    for dtype, size in loaded:
        by_dtype[_FLOATS.get(dtype, 0)] += size
    most = by_dtype.most_common(1)[0][0] if loaded else 0
    return Checkpoint(sum(size for _, size in loaded), str(files[0] if len(files) == 1 else folder), most or None)


def _without_doubles(files: list[Path]) -> list[Path]:
    """Mistral's repositories have all weights twice: under the names of its own code too."""
    others = [file for file in files if not file.name.startswith("consolidated")]
    return others or files


def _check_parts(files: list[Path]) -> None:
    """Refuse a checkpoint of numbered files of which some are not there: its size would be too low."""
    for file in files:
        found = _PART.fullmatch(file.name)
        if found is None:
            continue
        start, digits, count = found[1], len(found[2]), found[3]
        names = {other.name for other in files}
        for number in range(1, min(int(count), 10_000) + 1):
            name = f"{start}-{number:0{digits}}-of-{count}.safetensors"
            if name not in names:
                rule = f"is missing, one of {count} files: fetch it, or give --checkpoint-gib"
                raise DocumentError([Fault("$", rule)], str(file.with_name(name)))


def _is_loaded(name: str, layers: int) -> bool:
    found = _LAYER.search(name)
    is_vision = "vision" in name or "visual" in name
    return found is None or is_vision or int(found[1]) < layers


def _read_index(index: Path) -> tuple[list[str], int]:
    """The files that an index names, and the bytes it gives for all of them."""
    source, text = read_text(index)
    document = parse_config(text, source)
    metadata = document.inside("metadata")
    if metadata is None:
        raise document.fault("metadata", "is missing: an index of safetensors files has it, with total_size")
    total = metadata.whole("total_size", least=1)
    if total is None:
        raise metadata.fault("total_size", "is missing: the bytes of all tensors")
    weights = document.values.get("weight_map")
    if not isinstance(weights, dict) or not all(isinstance(name, str) for name in weights.values()):
        raise document.fault("weight_map", "must map each tensor to the name of a file", weights)
    odd = next((name for name in weights.values() if "/" in name or "\\" in name), None)
    if odd is not None:
        raise document.fault("weight_map", "must name files of the same folder", odd)
    return sorted(set(weights.values())), total


def _tensors(file: Path) -> dict[str, tuple[str, int]]:
    """Type and bytes of each tensor of a safetensors file."""
    source = str(file)
    try:
        with file.open("rb") as stream:
            start = stream.read(8)
            if start == _POINTER:
                rule = (
                    "is a pointer of Git LFS, not the file itself: fetch it with git lfs pull, or give --checkpoint-gib"
                )
                raise DocumentError([Fault("$", rule)], source)
            length = int.from_bytes(start, "little")
            if not 2 <= length <= _MOST_HEADER:
                raise DocumentError(
                    [Fault("$", "is no safetensors file: its header's length is wrong", length)], source
                )
            header = stream.read(length)
        values = parse_json_text(header.decode("utf-8"), source, finite=False)
    except (UnicodeDecodeError, NotJsonError):
        raise DocumentError([Fault("$", "is no safetensors file: its header is not JSON")], source) from None
    except OSError as error:
        raise DocumentError([Fault("$", f"can't be read: {error.strerror}")], source) from None
    if not isinstance(values, dict):
        raise DocumentError([Fault("$", "is no safetensors file: its header is no mapping")], source)
    return {name: _size(name, entry, source) for name, entry in values.items() if name != "__metadata__"}


def _size(name: str, entry: Any, source: str) -> tuple[str, int]:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if isinstance(offsets, list) and len(offsets) == 2 and all(type(offset) is int for offset in offsets):
        start, end = offsets
        if 0 <= start <= end:
            return str(entry.get("dtype")), int(end - start)
    raise DocumentError([Fault(f"$.{printable(name)}.data_offsets", "must be two rising numbers", offsets)], source)
