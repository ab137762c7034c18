"""Manifests as YAML that readers of YAML 1.1 and 1.2 take alike, with what they can't say as comments at their top.

kubectl reads YAML 1.1, where `on`, `no` and `1_000` are no texts: every text that any reader could take for something
else is in quotes.
"""

import io
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML

from placement.documents.yaml_quotes import TextsInQuotes
from placement.documents.yaml_rows import comment
from placement.errors import printable


def manifest_text(documents: Iterable[dict[str, Any]], remarks: Iterable[str] = ()) -> str:
    """Documents of one file, one after the other and each after its `---`, below the remarks.

    >>> print(manifest_text([{"kind": "List", "on": ["yes", 1]}], ["made by hand"]), end="")
    # made by hand
    ---
    kind: List
    "on":
    - "yes"
    - 1
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = TextsInQuotes
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 1_000_000  # folded lines are read in two ways
    yaml.allow_unicode = False  # escapes: unseen signs can't turn a line around
    text = io.StringIO()
    text.writelines(f"{line}\n" for remark in remarks for line in comment(printable(remark)))
    for document in documents:
        text.write("---\n")
        yaml.dump(_plain(document), text)
    return text.getvalue()


def _plain(value: Any) -> Any:
    """A copy without shared parts, which would be written as anchors and aliases."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value
