"""The toy sets are known to the command and to its workers."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def toy_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers inherit the environment."""
    monkeypatch.setenv("PLACEMENT_BENCH_SETS", "tests.bench.toy")
