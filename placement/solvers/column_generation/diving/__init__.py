"""Diving for a packing at given machine counts: wide copies a machine at a time, then the rest by the accelerator.

*Formulation.* The pattern LP of what is left (`restricted_master`) at a fixed fleet mix, with the penalty of copies
that stay unassigned minimised.

*Method and source.* A rounding heuristic for column generation (Sadykov, Vanderbeck, Pessoa, Tahiri and Uchoa 2019,
INFORMS J. Comput. 31, https://doi.org/10.1287/ijoc.2018.0822): what the LP has most of is fixed, and the LP solved
again. Templates of machines (`machine_templates`) have the copies on several accelerators alone, as the LP has them;
then what is free on each accelerator (`residual_capacity`) is filled with whole residual patterns
(`residual_patterns`), zones first. `assignment` keeps the rules.

*Modules.* `dive` is the front door; `machines` takes templates, `residual_master` has the rows of residuals.

*Inputs.* A fleet whose quotas are the mix, its `Relaxation` and patterns, a `Budget` and a seed.
*Returns.* A packing that keeps every rule, and the copies that it leaves out.
*Errors.* None: where an LP fails or time is up, what is placed so far is the answer.
*Complexity.* Some fifteen LPs for machines and thirty for accelerators, each with pricing.
"""

from placement.solvers.column_generation.diving.dive import Dive, may_dive

__all__ = ["Dive", "may_dive"]
