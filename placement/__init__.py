"""Put model copies on GPUs: which machines, which copies on which accelerators, what price, how far from optimal.

>>> import placement
>>> result = placement.solve(placement.read("instances/codegen-after.yaml"))  # doctest: +SKIP
>>> print(result)  # doctest: +SKIP

Names are loaded when first used, so importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from placement.errors import DocumentError, PlacementError, SolverBugError, UsageError
    from placement.io import read_plan
    from placement.io import read_problem as read
    from placement.io import write_document as write
    from placement.plan import Plan
    from placement.planner import bound, certify, solve
    from placement.problem import Problem
    from placement.referee import verify
    from placement.result import Result, Status, Stop
    from placement.solvers import SOLVERS

__version__ = "0.1.0"

_HOME = {
    "SOLVERS": "placement.solvers:SOLVERS",
    "DocumentError": "placement.errors:DocumentError",
    "PlacementError": "placement.errors:PlacementError",
    "Plan": "placement.plan:Plan",
    "Problem": "placement.problem:Problem",
    "Result": "placement.result:Result",
    "SolverBugError": "placement.errors:SolverBugError",
    "Status": "placement.result:Status",
    "Stop": "placement.result:Stop",
    "UsageError": "placement.errors:UsageError",
    "bound": "placement.planner:bound",
    "certify": "placement.planner:certify",
    "read": "placement.io:read_problem",
    "read_plan": "placement.io:read_plan",
    "solve": "placement.planner:solve",
    "verify": "placement.referee:verify",
    "write": "placement.io:write_document",
}

__all__ = [
    "SOLVERS",
    "DocumentError",
    "PlacementError",
    "Plan",
    "Problem",
    "Result",
    "SolverBugError",
    "Status",
    "Stop",
    "UsageError",
    "bound",
    "certify",
    "read",
    "read_plan",
    "solve",
    "verify",
    "write",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'placement' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted([*__all__, "__version__"])
