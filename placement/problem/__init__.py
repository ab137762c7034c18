"""The problem document: what a user means, validated."""

from placement.problem.documents import (
    Accelerator,
    Component,
    Instance,
    InstanceType,
    Objective,
    Option,
    Placement,
    Pool,
    Problem,
    Reserved,
    Spread,
)

__all__ = [
    "Accelerator",
    "Component",
    "Instance",
    "InstanceType",
    "Objective",
    "Option",
    "Placement",
    "Pool",
    "Problem",
    "Reserved",
    "Spread",
]
