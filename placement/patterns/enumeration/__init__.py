"""Nodes of the branching tree decided by listing every pattern that an improving plan can contain.

*Formulation.* In a node with bound b and cutoff u, a pattern whose reduced cost is above u - b is in no better plan.
Where the others are few, the integer program over all of them decides the node.

*Method and source.* Route enumeration, for patterns: Baldacci, Christofides and Mingozzi 2008, Math. Prog. 115,
section 4, https://doi.org/10.1007/s10107-007-0178-5. `reduced_costs` says what is left, `listing` lists it, `program`
is the integer program (HiGHS), `nodes` the front door.

*Inputs.* A node's domain (fewest and most machines per pool and group), its prices, and the cutoff in micro-dollars
per hour.
*Returns.* A tighter bound with the engine's verdict, or None where patterns are too many or time is up.
*Errors.* None: an engine that fails leaves the node as it was.
*Complexity.* The table for listing has grid states x items entries, at most 2^22; listing is linear in what it finds.
"""
