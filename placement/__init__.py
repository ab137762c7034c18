"""Put model copies on GPUs: which machines, which copies on which accelerators, what price, how far from optimal.

>>> import placement
>>> result = placement.solve(placement.read("instances/codegen-after.yaml"))  # doctest: +SKIP
>>> print(result)  # doctest: +SKIP

Names are loaded when first used, so importing the package costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from placement.auditing import audit
    from placement.documents import (
        Accelerator,
        Commitment,
        Component,
        Instance,
        InstanceType,
        Limit,
        Objective,
        Option,
        Placement,
        Plan,
        Pool,
        Problem,
        Reserved,
        Spread,
        read_plan,
    )
    from placement.documents import read_problem as read
    from placement.documents import write_document as write
    from placement.drift import diff
    from placement.errors import DocumentError, PlacementError, SolverBugError, UsageError
    from placement.planner import bound, certify, solve
    from placement.referee import verify
    from placement.scenarios import ScenarioSet, read_scenarios
    from placement.scenarios.headroom import find_headroom as headroom
    from placement.scenarios.planning import plan_scenarios
    from placement.solvers.registry import SOLVERS
    from placement.solving.result import Result, Status, Stop

__version__ = "0.1.0"

_HOME = {  # of names that are not those of the documents
    "SOLVERS": "placement.solvers.registry:SOLVERS",
    "DocumentError": "placement.errors:DocumentError",
    "PlacementError": "placement.errors:PlacementError",
    "Result": "placement.solving.result:Result",
    "ScenarioSet": "placement.scenarios:ScenarioSet",
    "SolverBugError": "placement.errors:SolverBugError",
    "Status": "placement.solving.result:Status",
    "Stop": "placement.solving.result:Stop",
    "UsageError": "placement.errors:UsageError",
    "audit": "placement.auditing:audit",
    "bound": "placement.planner:bound",
    "certify": "placement.planner:certify",
    "diff": "placement.drift:diff",
    "headroom": "placement.scenarios.headroom:find_headroom",
    "plan_scenarios": "placement.scenarios.planning:plan_scenarios",
    "read": "placement.documents:read_problem",
    "read_scenarios": "placement.scenarios:read_scenarios",
    "solve": "placement.planner:solve",
    "verify": "placement.referee:verify",
    "write": "placement.documents:write_document",
}

__all__ = [
    "SOLVERS",
    "Accelerator",
    "Commitment",
    "Component",
    "DocumentError",
    "Instance",
    "InstanceType",
    "Limit",
    "Objective",
    "Option",
    "Placement",
    "PlacementError",
    "Plan",
    "Pool",
    "Problem",
    "Reserved",
    "Result",
    "ScenarioSet",
    "SolverBugError",
    "Spread",
    "Status",
    "Stop",
    "UsageError",
    "audit",
    "bound",
    "certify",
    "diff",
    "headroom",
    "plan_scenarios",
    "read",
    "read_plan",
    "read_scenarios",
    "solve",
    "verify",
    "write",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in __all__:
        raise AttributeError(f"module 'placement' has no attribute {name!r}")
    module, _, attribute = _HOME.get(name, f"placement.documents:{name}").partition(":")
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted([*__all__, "__version__"])
