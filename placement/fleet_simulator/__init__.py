"""A simulator of fleets: it carries a transition out step by step and holds every moment against the rules.

It is to a transition what the referee is to a plan. It knows the documents and the rules alone, shares no line with the
code that orders steps, and asks the referee about what stands on the machines at each moment.

While a copy starts or stops it takes its room. A copy serves from when it is ready until it begins to stop. So rules
that limit (room, owners, caps, company, quotas, limits) are held against all copies present, and those that ask for
enough (copies available, copies left after a loss) against the copies that serve. So are skew and the number of zones,
where a new copy and an old one that goes in the same batch and zone count as one; and as steps of a batch go side by
side, they are held for every order in which copies may get ready, and drain. Of a component of which no copy runs
before, or none is in the plan, they are held at the end of each batch alone. Where none is in the plan, a loss need not
leave any copies, as the last one goes some time. A rule that today's state breaks may stay broken where it is, but no
machine gets fuller than it may be, and no spread gets worse.
"""

from placement.fleet_simulator.after_fault import StepFault, state_after
from placement.fleet_simulator.fleet import SimulatedCopy, SimulatedFleet
from placement.fleet_simulator.judge import Breach, simulate
from placement.fleet_simulator.way_back import simulate_way_back

__all__ = ["Breach", "SimulatedCopy", "SimulatedFleet", "StepFault", "simulate", "simulate_way_back", "state_after"]
