"""Very large problems: solved in parts that any `concurrent.futures.Executor` may run, bounded as a whole.

*Formulation.* The machines of a plan are dealt into parts; each is a fleet with the copies that stand there. Alike
components are merged for a first plan and for the bound (`reductions.restricting_aggregation`,
`relaxing_aggregation`).

*Method and source.* Partial optimisation under a special intensification (POPMUSIC: Taillard and Voss 2002, Essays
and Surveys in Metaheuristics, 613-629), with another cut of the plan each round.

*Modules.* `solve` has the rounds, `tasks` what may run elsewhere, `zones` the whole zone by zone.

*Inputs.* A `Solve` and `DecompositionOptions`; of a limit on work each part has its share.
*Returns.* An `Outcome`.
*Errors.* What a task raises here; a task that fails on an executor is done again in this process, with a warning.
*Complexity.* O(copies + machines) to cut and merge a round; the parts cost what their solver does.
"""

from placement.solvers.decomposition.solve import DecompositionOptions, solve_decomposition

__all__ = ["DecompositionOptions", "solve_decomposition"]
