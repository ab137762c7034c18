"""How many bytes a checkpoint's weights have, read from its safetensors files: their index, or their headers.

A safetensors file starts with 8 bytes, the length of a JSON header that gives each tensor's type, shape and place. The
index of a checkpoint in several files has the total in `metadata.total_size`.
https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.documents.read import read_text
from placement.errors import DocumentError, Fault, printable
from placement.sizing.config import parse_config

if TYPE_CHECKING:
    from pathlib import Path

_INDEX = "model.safetensors.index.json"
_MOST_HEADER = 100_000_000  # bytes: what the format allows
_POINTER = b"version "  # how a file starts that Git LFS left in the place of a large one
_LAYER = re.compile(r"(?:^|\.)layers\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Bytes of all tensors that an engine loads, and the file they were read from."""

    total_bytes: int
    source: str


def read_checkpoint(folder: Path, layers: int) -> Checkpoint | None:
    """The size of a checkpoint; None when the folder holds no safetensors files nor an index of them.

    Headers are preferred to the index where all files are at hand: they tell which tensors are of layers beyond the
    model's, such as those that predict several tokens, which an engine does not load.

    Raises
    ------
    DocumentError
        A file is damaged: which, and where in it.
    """
    files = sorted(folder.glob("*.safetensors"))
    index = folder / _INDEX
    if index.is_file():
        named, total = _read_index(index)
        if not named or any(not (folder / name).is_file() for name in named):
            return Checkpoint(total, str(index))
        files = [folder / name for name in named]
    if not files:
        return None
    sizes = [_tensors(file) for file in files]
    total = sum(size for file in sizes for name, size in file.items() if _is_loaded(name, layers))
    return Checkpoint(total, str(files[0] if len(files) == 1 else folder))


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


def _tensors(file: Path) -> dict[str, int]:
    """Bytes of each tensor of a safetensors file."""
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
        values = json.loads(header.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise DocumentError([Fault("$", "is no safetensors file: its header is not JSON")], source) from None
    except OSError as error:
        raise DocumentError([Fault("$", f"can't be read: {error.strerror}")], source) from None
    if not isinstance(values, dict):
        raise DocumentError([Fault("$", "is no safetensors file: its header is no mapping")], source)
    return {name: _size(name, entry, source) for name, entry in values.items() if name != "__metadata__"}


def _size(name: str, entry: Any, source: str) -> int:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if isinstance(offsets, list) and len(offsets) == 2 and all(type(offset) is int for offset in offsets):
        start, end = offsets
        if 0 <= start <= end:
            return int(end - start)
    raise DocumentError([Fault(f"$.{printable(name)}.data_offsets", "must be two rising numbers", offsets)], source)
