"""What runs now as a plan, and a plan as what runs now: either can be judged, drawn and compared like the other.

This room reads and makes documents; it knows nothing of fleets or solvers.
"""

from placement.running_state.as_plan import Dealer, RunningCopy, RunningPlan, running_copies, running_plan
from placement.running_state.as_problem import as_running, check_listed_once
from placement.running_state.deal import DealFit
from placement.running_state.joined import joined

__all__ = [
    "DealFit",
    "Dealer",
    "RunningCopy",
    "RunningPlan",
    "as_running",
    "check_listed_once",
    "joined",
    "running_copies",
    "running_plan",
]
