"""Every benchmark set by name. A module of this package gives its sets as ``SETS``; one line here adds it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placement_bench.cases import CaseSet

_MODULES = (
    "fleets",  # generated fleets (make_fleet)
    "bpplib",  # one-dimensional bin packing
    "vector",  # vbp_mommessin
    "variable",  # vsbpp_classic
    "conflicts",  # vsbppc_ekici
    "generated",  # our own generators of the classical distributions
    "openb",  # Alibaba openb, static and online
    "melange",  # Mélange-derived mixes
    "kvpr",  # Prism KVPR
)


def all_sets() -> dict[str, CaseSet]:
    """All sets by name, in the order of the modules."""
    found: dict[str, CaseSet] = {}
    for module in _MODULES:
        for one in importlib.import_module(f"placement_bench.sets.{module}").SETS:
            found[one.name] = one
    return found
