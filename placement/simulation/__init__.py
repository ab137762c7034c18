"""A fleet over days: traffic, copies that follow it, machines that come and go, and the bill of several strategies.

`simulate` plays traffic through a policy, `compare_policies` through several; `read_traffic` reads it from a file.
Every strategy serves the same wanted copies, so their bills can be compared, and held against a floor that no placement
can go below.
"""

from placement.simulation.outcome import PolicyComparison, Simulation, StrategyOutcome
from placement.simulation.readers import TrafficGiven, read_traffic
from placement.simulation.run import SimulationProgress, compare_policies, simulate
from placement.simulation.strategies import STRATEGIES, Strategy
from placement.simulation.traffic import Traffic

__all__ = [
    "STRATEGIES",
    "PolicyComparison",
    "Simulation",
    "SimulationProgress",
    "Strategy",
    "StrategyOutcome",
    "Traffic",
    "TrafficGiven",
    "compare_policies",
    "read_traffic",
    "simulate",
]
