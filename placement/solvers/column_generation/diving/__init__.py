"""Diving for a packing at given machine counts: wide copies a machine at a time, then the rest by the accelerator.

A rounding heuristic for column generation (Sadykov, Vanderbeck, Pessoa, Tahiri and Uchoa 2019, *Primal heuristics for
branch and price: the assets of diving methods*, INFORMS J. Comput. 31). `restricted_master` is the pattern LP of what
is left; the machines are filled on paper (`machine_templates`) with the copies on several accelerators alone, as the LP
has them; then what is free on each accelerator (`residual_capacity`) is filled with whole residual patterns
(`residual_patterns`), zones first. `assignment` keeps the rules.
"""

from placement.solvers.column_generation.diving.dive import Dive, may_dive
from placement.solvers.column_generation.diving.kept_copies import KeptAssignment

__all__ = ["Dive", "KeptAssignment", "may_dive"]
