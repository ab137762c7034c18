"""Integer programs over patterns: with every pattern that an improving plan can contain they decide nodes of the tree.

*Formulation.* In a node with bound b and cutoff u, a pattern whose reduced cost is above u - b is in no better plan.
Where the others are few, the integer program over all of them decides the node.

*Method and source.* Route enumeration, for patterns: Baldacci, Christofides and Mingozzi 2008, Math. Prog. 115,
section 4, https://doi.org/10.1007/s10107-007-0178-5. `reduced_costs` says what is left, `listing` lists it, `program`
is the integer program (HiGHS), `nodes` the front door; `last_digits` and `counts_costing` decide what HiGHS's
tolerances hide. Over the patterns that happen to be known the same program guides searches for plans, and proves
nothing: `narrow_program` for the cheapest, `placing_program` for most optional copies. `given_machines` packs given
copies on given machines, exactly. All are written with `rows` (`zone_rows` for rules over zones); `exact_bound` says
what prices of such rows prove.

*Inputs.* A node's domain (fewest and most machines per pool and group), its prices, and the cutoff in micro-dollars
per hour.
*Returns.* A tighter bound with the engine's verdict, or None where patterns are too many or time is up; of
`given_machines` a `PackingAnswer`.
*Errors.* None: an engine that fails leaves the node as it was.
*Complexity.* The table for listing has grid states x items entries, at most 2^22; listing is linear in what it finds.
"""
