"""The solver `demand`: how many copies by which option, by an integer program; then packed as fixed counts.

A component with a demand may run in many modes, and what it costs depends on all of them together: a few copies on dear
accelerators for most of the demand and one on a cheap one for the rest. That is a question of counts, and a small one.

*Formulation.* The count program (`patterns.counts`, `docs/maths/demand.md`): copies of each component by each option on
each pool, machines of each pool, quotas, spread rules. Its bound is one of all plans; its counts cost little.

*Method and source.* Counts near the bound are proven and packed in turns (`solve`). Where that bound is far, a
large-neighbourhood search finds cheaper and cheaper counts that have a packing, beside the bound (`rounds`; Shaw 1998,
https://doi.org/10.1007/3-540-49481-2_30). Packing is exact pool by pool, or another solver's (`packing`).

*Inputs.* A `Solve` and `DemandOptions` (`solve.solve_demand` is the front door).
*Returns.* An `Outcome`; plans and bounds go to the incumbent.
*Errors.* A fleet without demands ends at once, with the reason.
*Complexity.* Each program has O(components x options x pools) columns, and is solved under a limit of time or nodes.
"""
