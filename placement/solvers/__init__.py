"""The solvers by name, each behind the same signature; `registry` lists them, `portfolio` chooses among them.

`column_generation`, `decomposition`, `demand` and `bin_packing` are solvers; others are the heuristics and the direct
models. `coarse_bound` bounds large fleets by groups of alike components, `obstacles` names the rule that leaves no
plan.
"""
