"""Manifests as YAML that every reader takes for the same: block style, text quoted where one may see more in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from placement.documents.yaml_rows import comment, scalar
from placement.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def manifests(documents: Iterable[Mapping[str, Any]], remarks: Iterable[str] = ()) -> str:
    """Documents of one file, with remarks as comments at its top.

    >>> print(manifests([{"kind": "List", "on": ["yes", 1]}, {"a": {}}], ["made by hand"]), end="")
    # made by hand
    kind: List
    "on":
      - "yes"
      - 1
    ---
    a: {}
    """
    head = [line for remark in remarks for line in comment(printable(remark))]
    texts = ["\n".join(_mapping(document, 0)) for document in documents]
    return "\n".join([*head, "\n---\n".join(texts)]) + "\n"


def _mapping(value: Mapping[str, Any], depth: int) -> list[str]:
    lines = []
    for key, entry in value.items():
        head = f"{'  ' * depth}{_text(key)}:"
        if isinstance(entry, dict) and entry:
            lines += [head, *_mapping(entry, depth + 1)]
        elif isinstance(entry, list) and entry:
            lines += [head, *_list(entry, depth + 1)]
        else:
            lines.append(f"{head} {_leaf(entry)}")
    return lines


def _list(values: list[Any], depth: int) -> list[str]:
    lines = []
    for entry in values:
        space = "  " * depth
        if isinstance(entry, dict) and entry:
            first, *rest = _mapping(entry, depth + 1)
            lines += [f"{space}- {first.lstrip(' ')}", *rest]
        elif isinstance(entry, list) and entry:
            lines += [f"{space}-", *_list(entry, depth + 1)]
        else:
            lines.append(f"{space}- {_leaf(entry)}")
    return lines


def _leaf(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    return "{}" if value == {} else "[]" if value == [] else json.dumps(value)


def _text(value: str) -> str:
    """Plain where that is safe; else in double quotes, where what is not seen is escaped as YAML has it."""
    if value.isascii():
        return scalar(value)
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)
