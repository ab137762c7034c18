"""The objects in exported YAML, read as kubectl reads it: YAML 1.1, by a parser in C where there is one."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_objects(text: str) -> list[dict[str, Any]]:
    """All documents of a file, in their order."""
    return list(yaml.load_all(text, Loader=_LOADER))
