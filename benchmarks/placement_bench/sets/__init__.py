"""Every benchmark set by name. A module of this package gives its sets as ``SETS``; one line here adds it.

Sets of your own stand in any module that can be imported and has ``SETS``: the environment variable
``PLACEMENT_BENCH_SETS`` names such modules, with commas between them.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from placement.errors import UsageError, nearest

if TYPE_CHECKING:
    from placement_bench.cases import CaseSet

VARIABLE = "PLACEMENT_BENCH_SETS"

_MODULES = (
    "fleets",  # generated fleets (make_fleet)
    "consolidation",  # running fleets, by platforms' rules and by ours
    "operators",  # the same under commitments, budgets, spot pools, a limit on moves
    "bpplib",  # one-dimensional bin packing
    "vector",  # vbp_mommessin
    "variable",  # vsbpp_classic
    "conflicts",  # vsbppc_ekici
    "generated",  # our own generators of the classical distributions
    "openb",  # Alibaba openb, static and online
    "melange",  # Mélange-derived mixes
    "kvpr",  # Prism KVPR
    "demand",  # generated fleets with demands, and llm-d's optimiser
    "deployment",  # SAGE and OptaPlanner's cloud balancing
    "reassignment",  # ROADEF/EURO challenge 2012
)


def all_sets() -> dict[str, CaseSet]:
    """All sets by name, in the order of the modules."""
    found: dict[str, CaseSet] = {}
    for module in [*(f"{__name__}.{module}" for module in _MODULES), *_of_the_user()]:
        for one in importlib.import_module(module).SETS:
            found[one.name] = one
    return found


def _of_the_user() -> list[str]:
    """Modules named in the environment.

    Raises
    ------
    UsageError
        One that can't be imported.
    """
    names = [name for name in os.environ.get(VARIABLE, "").split(",") if name]
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise UsageError(f"{VARIABLE} names {name}, which can't be imported: {error}") from None
    return names


def find_set(name: str) -> CaseSet:
    """The set of that name.

    Raises
    ------
    UsageError
        There is none; the message names the nearest.
    """
    sets = all_sets()
    if name not in sets:
        raise UsageError(f'no set "{name}"; {nearest(name, sets)}')
    return sets[name]
