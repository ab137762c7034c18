"""YAML 1.2 line by line, for documents that are written with comments: rows on one line, names quoted where need be."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

# What any reader of YAML takes for the text that it looks like: no number, no word with a meaning, no sign of syntax.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+-]*", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"}


def scalar(value: object) -> str:
    """A value in the middle of a row: text, a number, true, false or null.

    >>> scalar("ml.p5.48xlarge"), scalar("7b: chat"), scalar("no"), scalar(2.5), scalar(True)
    ('ml.p5.48xlarge', '"7b: chat"', '"no"', '2.5', 'true')
    """
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value)
    return json.dumps(value)


def flow(value: object) -> str:
    """A value on one line: mappings and lists in the style of flow.

    >>> flow({"accelerator": "H100", "on": ["H100"], "reserved": {"vcpus": 2}})
    '{accelerator: H100, "on": [H100], reserved: {vcpus: 2}}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def comment(text: str, indent: int = 0) -> list[str]:
    """Lines of a comment, broken between words and never inside a name.

    What a name brings in must not end the comment: line ends and other unseen signs are escaped before they come here.
    """
    import textwrap

    space = " " * indent
    wrapped = textwrap.wrap(text, 116 - indent, break_long_words=False, break_on_hyphens=False)
    return [f"{space}# {line}" for line in wrapped]


def mapping_rows(rows: Mapping[str, Any], notes: Mapping[str, str] | None = None) -> list[str]:
    """One line a row of a mapping, each below its note, if it has one."""
    lines = []
    for name, row in rows.items():
        if notes and notes.get(name):
            lines += comment(notes[name], 2)
        lines.append(f"  {scalar(name)}: {flow(row)}")
    return lines


def list_rows(rows: Iterable[Any]) -> list[str]:
    return [f"  - {flow(row)}" for row in rows]
