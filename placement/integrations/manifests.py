"""Manifests with what they can't say as comments at their top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.documents.yaml_rows import comment
from placement.errors import printable
from placement.integrations.kubernetes.yaml_text import manifest_text

if TYPE_CHECKING:
    from collections.abc import Iterable


def manifests(documents: Iterable[dict[str, Any]], remarks: Iterable[str] = ()) -> str:
    """Documents of one file, below the remarks.

    >>> print(manifests([{"kind": "List", "on": ["yes", 1]}], ["made by hand"]), end="")
    # made by hand
    ---
    kind: List
    "on":
    - "yes"
    - 1
    """
    head = [f"{line}\n" for remark in remarks for line in comment(printable(remark))]
    return "".join(head) + manifest_text(documents)
