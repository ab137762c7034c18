"""From a running fleet to a plan: ordered steps that break no rule on the way."""

from placement.transition.planning import MOST_TEMPORARY, plan_transition
from placement.transition.timeline import Durations

__all__ = ["MOST_TEMPORARY", "Durations", "plan_transition"]
