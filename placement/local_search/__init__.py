"""Improving a packing: accelerators filled again, machines closed or freed, copies left out brought in.

*Formulation.* At a fixed fleet mix the penalty of unassigned copies is minimised (`refill`), as is that of optional
copies left out (`optional_copies`); with a complete plan, the cost in ticks (`eliminate`, `closing`,
`large_neighbourhood`, `variable_neighbourhood`); over the machines of all packings of a solve, their price
(`set_covering`).

*Method and source.* Consistent neighbourhood search for bin packing (Buljubasic and Vasquez 2016, Comput. Oper. Res.
76, 12-21); bin elimination as route elimination (Nagata and Braysy 2009, Oper. Res. Lett. 37,
https://doi.org/10.1016/j.orl.2009.04.006); large-neighbourhood search (Shaw 1998, CP98, LNCS 1520,
https://doi.org/10.1007/3-540-49481-2_30); variable neighbourhood search (Mladenovic and Hansen 1997, Comput. Oper. Res.
24, https://doi.org/10.1016/S0305-0548(97)00031-2); set covering over the columns of heuristics (Monaci and Toth 2006,
INFORMS J. Comput. 18, 71-85, https://doi.org/10.1287/ijoc.1040.0089).

*Modules.* `state` has the machines and unassigned copies that `refill` and `eliminate` change. `completion` makes plans
of packings that lack copies, `optional_copies` brings optional ones in. `large_neighbourhood` frees a few machines,
`variable_neighbourhood` takes that and `eliminate` in turns; `set_covering`, with its `content_program`, puts machines
of several packings together. `whole_plan` is for rules over the whole plan, and `closing` chooses machines that run and
close.

*Inputs.* A `Solve` with a plan, or a partial packing and a `Budget`.
*Returns.* Packings of the same fleet that keep every rule, never worse than the start; better ones go to the
incumbent.
*Errors.* `SolverBugError` when a small program's answer contradicts itself.
*Complexity.* A step of `refill` is a subset-sum over bit sets for each accelerator that it empties; one of
`large_neighbourhood` and `closing` is a small CP-SAT program, limited in deterministic time.
"""
