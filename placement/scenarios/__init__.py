"""Plans for a range of cases, not for one: which machines to commit for many scenarios, and what headroom costs.

`planning.plan_scenarios` and `headroom.find_headroom` answer. Engines are loaded with the first of them, so that what
only reads documents need not wait.
"""

from placement.scenarios.document import ScenarioSet, read_scenarios
from placement.scenarios.result import (
    CommitmentPolicy,
    Committed,
    Moves,
    ScenarioOutcome,
    ScenarioPlan,
    ScenarioStep,
    Weighted,
)

__all__ = [
    "CommitmentPolicy",
    "Committed",
    "Moves",
    "ScenarioOutcome",
    "ScenarioPlan",
    "ScenarioSet",
    "ScenarioStep",
    "Weighted",
    "read_scenarios",
]
