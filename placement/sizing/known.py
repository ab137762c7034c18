"""A small table of public models, `models.json`: the keys of their `config.json` that decide how large a copy is."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from placement.errors import UsageError, nearest, printable
from placement.sizing.config import Config


def known_config(name: str) -> tuple[str, Config]:
    """The full name and the config of a model of the table; the publisher may be left out, and case does not count.

    Raises UsageError: no model, or more than one, has that name; the message has the nearest names.
    """
    wanted = name.strip().lower()
    found = [full for full in known_models() if wanted in (full.lower(), full.rpartition("/")[2].lower())]
    if len(found) == 1:
        return found[0], Config(known_models()[found[0]], found[0])
    if found:
        raise UsageError(f'"{printable(name)}" is the name of several models; write {" or ".join(found)}')
    short = {full.rpartition("/")[2]: full for full in known_models()}
    hint = nearest(name, [*short, *known_models()])
    raise UsageError(f'"{printable(name)}" is no file, no folder and no model of the table here; {hint}')


@cache
def known_models() -> dict[str, dict[str, Any]]:
    """All models of the table by name: the keys of their configs, and where those were read."""
    text = resources.files("placement.sizing").joinpath("models.json").read_text("utf-8")
    return dict(json.loads(text))
