"""Whether there is time to load a library."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from placement.engines.loading import CP_SAT, HIGHS, NETWORKX, PULP, can_load
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.solving.budget import Budget

if TYPE_CHECKING:
    from tests.parameters import Change

FIELDS = {HIGHS: "highs", CP_SAT: "cp_sat", PULP: "pulp", NETWORKX: "networkx"}


@pytest.mark.parametrize("library", FIELDS)
def test_what_is_not_loaded_needs_the_time_for_it(
    monkeypatch: pytest.MonkeyPatch, parameters: Change, library: str
) -> None:
    """What is loaded needs none, and without a limit there is always time."""
    monkeypatch.delitem(sys.modules, library, raising=False)
    parameters(ENGINE_PARAMETERS.loading, **{FIELDS[library]: 1e6})
    assert not can_load(library, Budget(1e5))
    assert can_load(library, Budget(1e7))
    assert can_load(library, Budget())
    monkeypatch.setitem(sys.modules, library, sys)
    assert can_load(library, Budget(0.0))
