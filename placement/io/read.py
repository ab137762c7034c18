"""Problem and plan files: JSON, or YAML 1.2 (where the key `on` is the word it looks like, not a boolean)."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, TypeVar

from placement.errors import DocumentError, Fault, printable
from placement.plan import Plan
from placement.problem import Problem

YAML_SUFFIXES = {".yaml", ".yml"}
STDIN = "-"
Document = TypeVar("Document", bound=Problem | Plan)


def read_problem(path: str | Path) -> Problem:
    """The problem in a file, or on standard input for ``-``.

    Raises
    ------
    DocumentError
        The file can't be read or parsed, or the problem has faults (all of them are named).
    """
    source, document = _load(path)
    return _problem(document, source)


def _problem(document: dict[str, Any], source: str) -> Problem:
    if "format" not in document:
        found = [Fault("$.format", 'is required; write "format: placement/v1" at the top')]
        return _build(Problem, {"format": "placement/v1", **document}, source, found)
    if document["format"] == "placement-plan/v1":
        raise DocumentError([Fault("$.format", "this is a plan; a problem is wanted", document["format"])], source)
    return _build(Problem, document, source, [])


def read_plan(path: str | Path) -> Plan:
    """The plan in a JSON or YAML file, or on standard input for ``-``.

    Raises
    ------
    DocumentError
        The file can't be read or parsed, or the plan has faults.
    """
    source, document = _load(path)
    if document.get("format") == "placement/v1":
        raise DocumentError([Fault("$.format", "this is a problem; a plan is wanted", "placement/v1")], source)
    return _build(Plan, document, source, [])


def read_document(path: str | Path) -> Problem | Plan:
    """The problem or the plan in a file, whichever its `format` says; ``-`` is standard input.

    Raises
    ------
    DocumentError
        The file can't be read or parsed, or the document has faults.
    """
    source, document = _load(path)
    if document.get("format") == "placement-plan/v1":
        return _build(Plan, document, source, [])
    return _problem(document, source)


def _build(model: type[Document], document: dict[str, Any], source: str, found: list[Fault]) -> Document:
    try:
        built = model(**document)
    except DocumentError as error:
        raise DocumentError([*found, *error.faults], source) from None
    if found:
        raise DocumentError(found, source)
    return built


def _load(path: str | Path) -> tuple[str, dict[str, Any]]:
    """The name to call the file by, and the mapping it holds."""
    source = "standard input" if str(path) == STDIN else str(path) or '""'
    text = _text(path, source)
    if not text.strip():
        raise DocumentError([Fault("$", "is empty")], source)
    try:
        document = _parse(text, Path(path).suffix.lower(), source)
    except RecursionError:
        raise DocumentError([Fault("$", "is nested too deeply")], source) from None
    if not isinstance(document, dict):
        raise DocumentError([Fault("$", "must be a mapping of keys to values")], source)
    odd = [key for key in document if not isinstance(key, str)]
    if odd:
        raise DocumentError([Fault("$", "keys must be text", odd[0])], source)
    return source, document


def _text(path: str | Path, source: str) -> str:
    try:
        data = sys.stdin.buffer.read() if str(path) == STDIN else Path(path).read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError([Fault("$", f"is not UTF-8 text (byte {error.start})")], source) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise DocumentError([Fault("$", f"can't be read: {reason}")], source) from None


def _parse(text: str, suffix: str, source: str) -> Any:
    if suffix in YAML_SUFFIXES:
        return _parse_yaml(text, source)
    try:
        return json.loads(
            text, object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant, parse_int=_short_enough
        )
    except json.JSONDecodeError as error:
        if suffix != ".json":  # no telling name: standard input, a file without suffix
            return _parse_yaml(text, source)
        where = f"line {error.lineno} column {error.colno}"
        raise DocumentError([Fault("$", f"is not JSON: {error.msg} at {where}")], source) from None
    except ValueError as error:  # a constant, a key or an integer that we refuse
        raise DocumentError([Fault("$", str(error))], source) from None


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f'the key "{printable(twice)}" stands twice in one mapping')
    return found


def _short_enough(digits: str) -> int:
    """An integer, unless it is longer than Python reads."""
    if len(digits) > 1000:
        raise ValueError(f"a number of {len(digits)} digits is too long")
    return int(digits)


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a number here; every number must be finite")


def _parse_yaml(text: str, source: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False  # YAML lets a later anchor take the name of an earlier one
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" at line {mark.line + 1} column {mark.column + 1}" if mark else ""
        message = " ".join(str(error.problem or error.context).split())
        raise DocumentError([Fault("$", f"is not YAML: {message}{where}")], source) from None
    except (YAMLError, ValueError, TypeError, AttributeError) as error:
        message = " ".join(str(error).split())[:200]
        raise DocumentError([Fault("$", f"is not YAML: {message}")], source) from None
