"""How copies follow traffic: policies in `placement-scaling/v1`, and the copies that they want for given rates.

Policies know components and rates, no machines: what is wanted is placed by others. `application_auto_scaling` and
`keda` give the same policies as plain data in the terms of those two.
"""

from placement.demand.controller import Decision, ScalingState, decide, desired, follow
from placement.demand.document import ScalingPolicy, read_scaling
from placement.demand.rules import ScalingRules, compile_rules

__all__ = [
    "Decision",
    "ScalingPolicy",
    "ScalingRules",
    "ScalingState",
    "compile_rules",
    "decide",
    "desired",
    "follow",
    "read_scaling",
]
