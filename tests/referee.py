"""The second opinion beside the repository, loaded by path; without it the tests that need it are skipped, visibly."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

REFEREE = Path(__file__).resolve().parents[2] / "shared" / "referee.py"


@lru_cache(maxsize=1)
def _module() -> ModuleType | None:
    if not REFEREE.is_file():
        return None
    spec = importlib.util.spec_from_file_location("shared_referee", REFEREE)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _required() -> ModuleType:
    module = _module()
    if module is None:
        pytest.skip("no second opinion: ../shared/referee.py is not beside the repository")
    return module


def referee_is_here() -> bool:
    """Say whether there is a second opinion beside the repository."""
    return _module() is not None


def referee_problem(doc: dict[str, Any]) -> Any:
    """Read a problem document as the referee does; the tests use its ``eligible_zones`` and ``machine``."""
    return _required().Problem(doc)


def referee_main(problem: Path, plan: Path) -> int:
    """Return the exit code of the referee's own command, what it prints aside."""
    return int(_required().main(["referee.py", str(problem), str(plan)]))


def referee_check(doc: dict[str, Any], plan: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Return the referee's broken rules, one sentence each, and what it counted (dollars, moves, left out)."""
    module = _required()
    broken, found = module.check(module.Problem(doc), plan)
    return list(broken), dict(found)
