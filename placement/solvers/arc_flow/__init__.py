"""The aggregated multi-level arc-flow program: a few columns per distinct need, however many copies and machines.

`blocks` groups machines that are alike and ways to run copies on them, `grid` chooses memory units, `graph` is the flow
on one kind of machine, `program` the whole as a mixed-integer program in HiGHS, `encode` and `decode` translate plans,
`local_search.completion` gives a decoded plan what the flow does not know, `search` runs it all behind the common
signature.
"""

from placement.solvers.arc_flow.search import ArcFlowOptions, solve_arc_flow

__all__ = ["ArcFlowOptions", "solve_arc_flow"]
