"""Problem and plan files: JSON, or YAML 1.2 (where the key `on` is the word it looks like, not a boolean)."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from placement import arguments
from placement.documents.faults import structural_faults
from placement.documents.formats import mistaken
from placement.documents.json_text import NotJsonError, parse_json_text
from placement.documents.plan import Plan
from placement.documents.problem import Problem
from placement.errors import DocumentError, Fault, UsageError, called_file
from placement.units import BYTES_PER_MIB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents.rollout import Rollout
    from placement.documents.transition import Transition

YAML_SUFFIXES = {".yaml", ".yml"}
STDIN = "-"
MOST_MIB = 256  # of a document: several million rows
MOST_YAML_MIB = 32  # YAML takes a hundred times as long as JSON
LIMIT = "PLACEMENT_MAX_INPUT_MIB"  # a variable of the environment that replaces both
# What files that are no text begin with, and what they are.
_OTHERS = {
    b"PK\x03\x04": "is a ZIP archive, as sheets of Excel (.xlsx) and LibreOffice (.ods) are: save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "is a document of an older Office, such as .xls of Excel: save the sheet as CSV",
    b"\x1f\x8b": "is compressed by gzip: unpack it first",
    b"\xff\xfe": "is UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text: save it as UTF-8",
}
Made = TypeVar("Made", bound=BaseModel)


def read_problem(path: str | Path) -> Problem:
    """The problem in a file, or on standard input for ``-``.

    Raises
    ------
    DocumentError
        The file can't be read or parsed, or the problem has faults (all of them are named).
    UsageError
        `path` is not the name of a file.
    """
    source, document = read_mapping(path)
    return _problem(document, source)


def _problem(document: dict[str, Any], source: str) -> Problem:
    if "format" not in document:
        if {"apiVersion", "kind"} <= document.keys():
            rule = "this is an object of Kubernetes; a problem is wanted, and placement import kubernetes makes one"
            raise DocumentError([Fault("$.kind", rule, document["kind"])], source)
        found = [Fault("$.format", 'is required; write "format: placement/v1" at the top')]
        return _build(Problem, {"format": "placement/v1", **document}, source, found)
    _check_kind(document, "placement/v1", source)
    return _build(Problem, document, source)


def read_plan(path: str | Path) -> Plan:
    """The plan in a JSON or YAML file, or on standard input for ``-``.

    A plan by anyone need not say its format, but then something else must tell that it is one.

    Raises
    ------
    DocumentError
        The file can't be read or parsed, is another document, or the plan has faults.
    """
    return _plan(*read_mapping(path))


def read_what_runs(path: str | Path) -> Plan | Rollout | Problem:
    """The plan in a file, or the rollout or problem where its `format` says so; errors as of `read_plan`."""
    from placement.documents.rollout import ROLLOUT, Rollout

    source, document = read_mapping(path)
    if document.get("format") == "placement/v1":
        return _problem(document, source)
    return _build(Rollout, document, source) if document.get("format") == ROLLOUT else _plan(source, document)


def _plan(source: str, document: dict[str, Any]) -> Plan:
    _check_kind(document, "placement-plan/v1", source)
    if "format" not in document and not {"assignments", "status"} & document.keys():
        rule = 'is required where there are neither assignments nor a status; a plan has "format": "placement-plan/v1"'
        raise DocumentError([Fault("$.format", rule)], source)
    return _build(Plan, document, source)


def read_transition(path: str | Path) -> Transition:
    """The transition in a JSON or YAML file, or on standard input for ``-``; errors as of `read_plan`."""
    from placement.documents.transition import TRANSITION, Transition

    return read_of_format(path, Transition, TRANSITION)


def read_document(path: str | Path) -> Problem | Plan:
    """The problem or the plan in a file, whichever its `format` says; ``-`` is standard input.

    Raises DocumentError: the file can't be read or parsed, or the document has faults.
    """
    source, document = read_mapping(path)
    if document.get("format") == "placement-plan/v1":
        return _build(Plan, document, source)
    _check_kind(document, "placement/v1", source, "a problem or a plan")
    return _problem(document, source)


def _check_kind(document: dict[str, Any], wanted: str, source: str, called: str = "") -> None:
    """Refuse another document of ours by that alone: that its keys are others would be said of every one of them."""
    found = document.get("format")
    rule = mistaken(found, wanted, called)
    if rule is not None:
        raise DocumentError([Fault("$.format", rule, found)], source)


def _build(model: type[Made], document: dict[str, Any], source: str, found: Sequence[Fault] = ()) -> Made:
    try:
        built = model(**document)
    except DocumentError as error:
        raise DocumentError([*found, *error.faults], source) from None
    if found:
        raise DocumentError(found, source)
    return built


def read_mapping(path: str | Path) -> tuple[str, dict[str, Any]]:
    """The name to call a file by in messages, and the mapping it holds: JSON, or YAML by the suffix.

    Raises DocumentError: it can't be read or parsed, or holds something else than a mapping.
    """
    source, document = read_value(path)
    if not isinstance(document, dict):
        raise DocumentError([Fault("$", "must be a mapping of keys to values", document)], source)
    odd = [key for key in document if not isinstance(key, str)]
    if odd:
        raise DocumentError([Fault("$", "keys must be text", odd[0])], source)
    return source, document


def read_value(path: str | Path) -> tuple[str, Any]:
    """The name to call a file by in messages, and what it holds, also where that is no mapping: as `read_mapping`."""
    source, text = read_text(path)
    if not text.strip():
        raise DocumentError([Fault("$", "is empty")], source)
    try:
        return source, _parse(text, Path(path).suffix.lower(), source)
    except RecursionError:
        raise DocumentError([Fault("$", "is nested too deeply")], source) from None


def read_of_format(path: str | Path, kind: type[Made], name: str) -> Made:
    """A document of the format `name` in a file, made by `kind` of its keys; of those that stand beside a problem.

    Raises DocumentError: as `read_mapping`; it says another format, or none; or `kind` found faults, told with the
    file's name.
    """
    source, document = read_mapping(path)
    _check_kind(document, name, source)
    found = document.get("format", "")
    if found != name:
        rule = f'must be "{name}"' if found else f'is required; write "format: {name}" at the top'
        raise DocumentError([Fault("$.format", rule, found if found else ...)], source)
    try:
        return _build(kind, document, source)
    except ValidationError as error:
        raise DocumentError(structural_faults(kind, error), source) from None


def read_text(path: str | Path) -> tuple[str, str]:
    """The name to call a file by in messages, and the text it holds; ``-`` is standard input.

    Raises DocumentError: it can't be read, is no UTF-8 text, or is larger than is read.
    Raises UsageError: `path` is not the name of a file.
    """
    path = arguments.path("path", path)
    source = called_file(path) or '""'
    return source, _text(path, source)


def _text(path: str | Path, source: str) -> str:
    try:
        data = _bytes(path, source)
        for start, rule in _OTHERS.items():
            if data.startswith(start):
                raise DocumentError([Fault("$", rule)], source)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError([Fault("$", f"is not UTF-8 text (byte {error.start}); save it as UTF-8")], source) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise DocumentError([Fault("$", f"can't be read: {reason}")], source) from None


def _bytes(path: str | Path, source: str) -> bytes:
    """All there is to read, if that is no more than the limit: a device or a pipe may have no end."""
    most = input_limit(MOST_MIB)
    if str(path) != STDIN:
        with Path(path).open("rb") as stream:
            return _up_to(most, stream, source)
    if sys.stdin is None:
        raise DocumentError([Fault("$", "can't be read: it is closed; name a file, or pipe one in")], source)
    return _up_to(most, sys.stdin.buffer, source)


def _up_to(most: int, stream: BinaryIO, source: str) -> bytes:
    parts, size = [], 0
    while part := stream.read(BYTES_PER_MIB):
        parts.append(part)
        size += len(part)
        if size > most * BYTES_PER_MIB:
            raise _too_large("", most, source)
    return b"".join(parts)


def _too_large(what: str, most: int, source: str, way_out: str = "") -> DocumentError:
    rule = f"is too large: {what}at most {most} MiB are read; {way_out}{LIMIT}=N in the environment allows N MiB"
    return DocumentError([Fault("$", rule)], source)


def input_limit(usual: int) -> int:
    """The most MiB of a document that are read.

    Raises UsageError: the environment sets a limit that is no whole number of MiB.
    """
    asked = os.environ.get(LIMIT)
    if asked is None:
        return usual
    if not re.fullmatch("[1-9][0-9]{0,8}", asked):
        raise UsageError(f"{LIMIT} must be a whole number of MiB, at least 1, got {asked[:40]}")
    return int(asked)


def _parse(text: str, suffix: str, source: str) -> Any:
    if suffix in YAML_SUFFIXES:
        return _parse_yaml(text, source)
    try:
        return parse_json_text(text, source)
    except NotJsonError:
        if suffix != ".json":
            return _parse_yaml(text, source)  # no telling name: standard input, a file without suffix
        if text.lstrip()[:1] in ("{", "["):
            raise
        rule = "is not JSON: it begins with neither { nor [; a file of YAML is to be named .yaml or .yml"
        raise DocumentError([Fault("$", rule)], source) from None


def _parse_yaml(text: str, source: str) -> Any:
    most = input_limit(MOST_YAML_MIB)
    if len(text) > most * BYTES_PER_MIB:
        raise _too_large("of YAML, which is slow to read, ", most, source, "write it as JSON, or ")
    from placement.documents.yaml_text import parse_yaml

    try:
        return parse_yaml(text)
    except ValueError as error:
        raise DocumentError([Fault("$", str(error))], source) from None
