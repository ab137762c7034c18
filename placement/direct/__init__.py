"""The direct models: every rule of the format as a constraint, machine by machine.

*Formulation.* Integer variables count the copies of a component by option on each machine that may be used, and on
each of its accelerators; a machine that is not there yet is one of the most new ones that a plan may need (`slots`).
All rows are in `docs/maths/formulation.md`; `variables` has the variables, `rules` one function a rule, `model` both
together.

*Method and source.* Lexicographic minimisation, one level of copies left out after the other, then ticks: `cp_sat` by
OR-Tools CP-SAT (lazy clause generation: Ohrimenko, Stuckey and Codish 2009, Constraints 14,
https://doi.org/10.1007/s10601-008-9064-x), `milp` by branch and cut with HiGHS or CBC through PuLP.

*Modules.* `program` is what a model is written with: whole variables, rows, goals. `slots` are the machines,
`variables` what is counted on them, `rules` the rows, `model` all of it; `volume` and `pattern_rows` are redundant rows
for bounds. `translate` goes between packings and values, `levels` takes the objectives in turn, `float_rows` rounds
rows for engines in floats, `standard_form` writes a model to a file. `cp_sat` and `milp` are the back ends.

*Inputs.* A `Solve`, and the options of the back end.
*Returns.* An `Outcome`; plans and bounds, in ticks, go to the incumbent.
*Errors.* `SolverBugError` when an engine denies a plan that is there. A model beyond its limit on terms, or beyond 64
bits, is not written: `Stop.STUCK`, with the reason.
*Complexity.* O(options x machines x accelerators) variables; rows are linear in these.
"""
