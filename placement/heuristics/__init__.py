"""Solvers that are fast and prove nothing: first-fit decreasing, best-fit decreasing, and a price-guided greedy.

*Formulation.* Copies are placed one after the other on a `Workspace`, which keeps the rules of one machine after each
step. Rules of a component or of the whole plan are checked before a plan is offered (`check`).

*Method and source.* Decreasing heuristics of vector bin packing (Panigrahy, Talwar, Uyeda and Wieder 2011,
*Heuristics for vector bin packing*, Microsoft Research); prices of scarce resources (`prices`); bin-oriented filling
(`bin_filling`: Fleszar and Hindi 2002, Comput. Oper. Res. 29, https://doi.org/10.1016/S0305-0548(00)00082-4); ejection
chains (`repair`: Nagata and Braysy 2009, Oper. Res. Lett. 37, https://doi.org/10.1016/j.orl.2009.04.006); machines
closed or replaced one by one (`consolidate`, as platforms do it); ruin and recreate (`improve`: Schrimpf et al. 2000,
J. Comput. Phys. 159, https://doi.org/10.1006/jcph.1999.6413); matching of a plan with the machines that run (`relabel`:
Edmonds 1965, J. Res. Natl. Bur. Stand. 69B, https://doi.org/10.6028/jres.069B.013).

*Modules.* `workspace` is a plan under construction, with `machine_rows`, `mode_pools`, `rented` and `running_copies`;
`keep` leaves what runs where it is. `construct` is the driver; its policies are `first_fit_decreasing`, `best_fit` and
`greedy` (`bin_filling`; `shares` and `prices` say what a copy costs, `parameter_sets` what restarts differ in). Copies
that fit nowhere: `repair` with `ejection`; within limits over groups of pools `group_completion` with `exchange`.
Cheaper plans: `improve` with `ruin`, `consolidate`. `check` looks at all rules, `stuck` says what does not fit,
`relabel` matches machines. `solve` has the solvers; for others there are `first_plan`, `partial_packing` and
`best_fit_completion`.

*Inputs.* A `Solve`.
*Returns.* An `Outcome`; plans go to the incumbent.
*Errors.* None: what can't be placed is told in the outcome's reason.
*Complexity.* O(copies x pools) a restart, vectorised over machines; ejections and rounds are limited by options.
"""

from placement.heuristics.partial_packing import Key, Missing, PartialPacking, partial_packing, partial_packing_of
from placement.heuristics.relabel import relabel
from placement.heuristics.solve import GreedyOptions, HeuristicOptions, improve, solve_best_fit, solve_ffd, solve_greedy

__all__ = [
    "GreedyOptions",
    "HeuristicOptions",
    "Key",
    "Missing",
    "PartialPacking",
    "improve",
    "partial_packing",
    "partial_packing_of",
    "relabel",
    "solve_best_fit",
    "solve_ffd",
    "solve_greedy",
]
