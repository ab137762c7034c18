"""The documents: what a user means, validated; what a solve answers; and both on disk."""

from placement.documents.plan import Plan
from placement.documents.problem import Problem
from placement.documents.read import read_plan, read_problem
from placement.documents.rows import (
    Accelerator,
    Commitment,
    Component,
    Instance,
    InstanceType,
    Limit,
    Objective,
    Option,
    Placement,
    Pool,
    Reserved,
    Spread,
)
from placement.documents.write import check_outputs, write_document, write_file, write_together

__all__ = [
    "Accelerator",
    "Commitment",
    "Component",
    "Instance",
    "InstanceType",
    "Limit",
    "Objective",
    "Option",
    "Placement",
    "Plan",
    "Pool",
    "Problem",
    "Reserved",
    "Spread",
    "check_outputs",
    "read_plan",
    "read_problem",
    "write_document",
    "write_file",
    "write_together",
]
