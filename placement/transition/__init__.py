"""From a running fleet to a plan: ordered steps that break no rule on the way."""

from placement.transition.planning import plan_transition
from placement.transition.timeline import Durations

__all__ = ["Durations", "plan_transition"]
