"""The folder of published sets beside the repository; tests that need it are skipped, visibly, where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "published"


def published(name: str) -> Path:
    """The data folder, when it has the set of that name."""
    if not (FOLDER / name).is_dir():
        pytest.skip(f"../shared/published/{name} is not beside the repository")
    return FOLDER
