"""Manifests as YAML that readers of YAML 1.1 and 1.2 take alike.

kubectl reads YAML 1.1, where `on`, `no` and `1_000` are no texts: every text that any reader could take for something
else is in quotes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from placement.documents.yaml_quotes import TextsInQuotes

if TYPE_CHECKING:
    from collections.abc import Iterable


def manifest_text(documents: Iterable[dict[str, Any]]) -> str:
    """Documents one after the other, each after its `---`."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = TextsInQuotes
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 1_000_000  # folded lines are read in two ways
    yaml.allow_unicode = False  # escapes: unseen signs can't turn a line around
    parts = []
    for document in documents:
        stream = io.StringIO()
        yaml.dump(_plain(document), stream)
        parts.append(f"---\n{stream.getvalue()}")
    return "".join(parts)


def _plain(value: Any) -> Any:
    """A copy without shared parts, which would be written as anchors and aliases."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value
