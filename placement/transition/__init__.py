"""From a running fleet to a plan: ordered steps that break no rule on the way.

*Formulation.* A sequence of batches: in each, machines open, copies start, then copies stop, machines close. Rules that
limit hold at the peak of each batch, those that ask for enough at its end. Minimised are the seconds of temporary
machines, then batches, then their money and the copies that stop over.

*Method and source.* List scheduling, with a digraph of who waits for whom; a bound from delete relaxation (Bonet and
Geffner 2001, Artif. Intell. 129, https://doi.org/10.1016/S0004-3702(01)00108-4); small ones to the proof by a
time-indexed program (CP-SAT). `docs/maths/transitions.md` has all of it. `fleet_simulator` judges what is found.

*Inputs.* A problem with what runs, and a plan of it; times in seconds.
*Returns.* A document of steps with times and batches, and what no order can beat; or what blocks it, by name.
*Errors.* `UsageError` for a plan that breaks a rule or times that mean nothing; `SolverBugError` for an order that the
simulator refuses.
*Complexity.* O(batches x copies that move) looks at machines an attempt; the program is for up to 12 copies that go.
"""

from placement.transition.planning import MOST_TEMPORARY, plan_transition
from placement.transition.timeline import Durations

__all__ = ["MOST_TEMPORARY", "Durations", "plan_transition"]
