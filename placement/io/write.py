"""Writing documents: beside the target first, then renamed over it, so a crash never leaves half a file."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO

from placement.errors import UsageError
from placement.io.read import STDIN, YAML_SUFFIXES


def write_document(document: dict[str, Any], path: str | Path) -> None:
    """Write a document as YAML when the name ends so, else as JSON; ``-`` is standard output (JSON).

    Raises
    ------
    UsageError
        The file can't be written; what stood there before is untouched.
    """
    if str(path) == STDIN:
        if sys.stdout is None:
            raise UsageError("standard output is closed: name a file to write to")
        _write_json(document, sys.stdout)
        sys.stdout.flush()
        return
    target = Path(path)
    if target.exists() and not target.is_file():
        _write_through(document, target)
        return
    if target.is_symlink():
        target = target.resolve()  # the file that the link names is replaced, not the link
    try:
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise UsageError(f"{target}: can't be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            if target.suffix.lower() in YAML_SUFFIXES:
                _write_yaml(document, stream)
            else:
                _write_json(document, stream)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).chmod(_mode(target))
        Path(beside).replace(target)
    except OSError as error:
        raise UsageError(f"{target}: can't be written: {error.strerror}") from None
    except UnicodeEncodeError:
        raise UsageError(f"{target}: can't be written: half a surrogate pair is no UTF-8 text") from None
    finally:
        Path(beside).unlink(missing_ok=True)


def _write_through(document: dict[str, Any], target: Path) -> None:
    """Write to a device or a pipe as it is: there is nothing to lose, and renaming would destroy it."""
    try:
        with target.open("w", encoding="utf-8") as stream:
            _write_json(document, stream)
    except OSError as error:
        raise UsageError(f"{target}: can't be written: {error.strerror}") from None


def _mode(target: Path) -> int:
    """The mode a plain open() would give: that of the file replaced, else by the umask."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _write_json(document: dict[str, Any], stream: TextIO) -> None:
    """JSON with one line a row: a plan of a thousand copies stays readable and diffable."""
    escaped = (stream.encoding or "utf-8").lower().replace("-", "") != "utf8"  # a terminal of another age
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join("  " + json.dumps(row, ensure_ascii=escaped) for row in value)
            text = f"[\n{rows}\n ]"
        else:
            text = json.dumps(value, ensure_ascii=escaped)
        parts.append(f" {json.dumps(key)}: {text}")
    stream.write("{\n" + ",\n".join(parts) + "\n}\n")


def _write_yaml(document: dict[str, Any], stream: TextIO) -> None:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None  # leaf rows on one line
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 1_000_000  # the emitter folds long rows inside keys that contain blanks, which no reader then takes
    yaml.allow_unicode = True
    yaml.dump(document, stream)
