"""``--to``: the new options of a component, by the name of an old one, from a file, or written out."""

from pathlib import Path
from typing import Any

from placement.documents import Component, Option
from placement.documents.json_text import parse_json_text
from placement.documents.read import read_value
from placement.errors import DocumentError, Fault, UsageError, printable

_SUFFIXES = (".json", ".yaml", ".yml")


def read_options(text: str, component: Component) -> tuple[Option, ...]:
    """The options that a text tells of.

    It is the name or the index of an option that the component has; or a JSON or YAML file with `options:`, with a
    list of options, or with the keys of one; or options as JSON, such as
    ``{"accelerators": 2, "accelerator_memory_gib": 40}``.
    Raises UsageError or DocumentError: there is no such option or file, or what is written is no option.
    """
    for index, mode in enumerate(component.modes):
        if text in (str(index), mode.name):
            return (mode,)
    if text.lstrip().startswith(("{", "[")):
        return _options(parse_json_text(text, "--to"), "--to")
    if _is_file(text):
        source, document = read_value(text)
        return _options(document, source)
    names = [mode.name or str(index) for index, mode in enumerate(component.modes)]
    known = ", ".join(map(printable, names))
    raise UsageError(
        f'--to: "{printable(text)}" is no option of {printable(component.name)} (it has {known}), no file, and no JSON'
    )


def _is_file(text: str) -> bool:
    """Whether a text is meant as a file: by its suffix, or as there is one."""
    try:
        return Path(text).suffix.lower() in _SUFFIXES or (bool(text) and Path(text).exists())
    except OSError:  # such as a name that is too long for one
        return False


def _options(found: Any, source: str) -> tuple[Option, ...]:
    if found == {}:
        raise DocumentError([Fault("$", "says nothing: give a list of `options`, or the keys of one option")], source)
    rows = found.get("options", found) if isinstance(found, dict) else found
    rows = rows if isinstance(rows, list) else [rows]
    if not rows:
        raise DocumentError([Fault("$.options", "needs at least one option")], source)
    options = []
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise DocumentError([Fault(f"$.options[{number}]", "must be a mapping of keys to values", row)], source)
        try:
            options.append(Option(**row))
        except DocumentError as error:
            faults = [Fault(f"$.options[{number}]{fault.path[1:]}", fault.rule, fault.value) for fault in error.faults]
            raise DocumentError(faults, source) from None
    return tuple(options)
