"""Where things stand outside the package: the data folder, the second opinion, the maker of fleets.

All of them are looked for beside the checkout, in ``../shared``, unless an environment variable says otherwise.
"""

from __future__ import annotations

import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from placement.errors import UsageError

if TYPE_CHECKING:
    from types import ModuleType

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = CHECKOUT.parent / "shared"

DATA_VARIABLE = "PLACEMENT_BENCH_DATA"
REFEREE_VARIABLE = "PLACEMENT_BENCH_REFEREE"
FLEETS_VARIABLE = "PLACEMENT_BENCH_FLEETS"


def data_folder(given: Path | None = None) -> Path:
    """The folder of published sets: as given, else the environment variable, else ``../shared/published``.

    It need not exist: a set without files can still be listed.

    Raises
    ------
    UsageError
        A folder was named, and there is none of that name.
    """
    named = given if given is not None else _from_environment(DATA_VARIABLE)
    if named is None:
        return SHARED / "published"
    if not named.is_dir():
        raise UsageError(f"{named} is no folder; --data or {DATA_VARIABLE} names one laid out as the published sets")
    return named


def referee_file() -> Path | None:
    """The second opinion that shares no code with the library; None when there is none here."""
    named = _from_environment(REFEREE_VARIABLE)
    if named is not None and not named.is_file():
        raise UsageError(f"{named} is no file; {REFEREE_VARIABLE} names the referee's Python file")
    path = named or SHARED / "referee.py"
    return path if path.is_file() else None


def fleet_maker() -> Path | None:
    """The program that makes fleets; None when there is none here."""
    path = _from_environment(FLEETS_VARIABLE) or SHARED / "suites" / "make_fleet.py"
    return path if path.is_file() else None


@lru_cache
def module_at(path: Path) -> ModuleType:
    """A Python file as a module of its own: it is on no search path, and shares nothing with the library.

    Raises
    ------
    ImportError
        It is no Python file.
    """
    spec = importlib.util.spec_from_file_location(f"placement_bench_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _from_environment(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None
