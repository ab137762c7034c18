"""The referee inside: which rules a plan breaks and what it costs, from the two documents alone.

Nobody marks their own work. This room shares no line with the compiled fleet, its packings or any solver, and no
solver imports it: the planner asks it about every plan before a user sees one, and `placement verify` about anyone's.

A plan is also held to its word. Where the format leaves a choice, the stricter reading is taken: the architecture page
lists what is refused here and accepted by the second opinion that ships with the file format.
"""

from placement.referee.judge import PLAN_RULE, PROBLEM_RULE, cost, verify, violations
from placement.referee.refused import RUNS_ALREADY, refused, runs_already
from placement.referee.verdict import Figures, Rule, Spot, Verdict, Violation

__all__ = [
    "PLAN_RULE",
    "PROBLEM_RULE",
    "RUNS_ALREADY",
    "Figures",
    "Rule",
    "Spot",
    "Verdict",
    "Violation",
    "cost",
    "refused",
    "runs_already",
    "verify",
    "violations",
]
