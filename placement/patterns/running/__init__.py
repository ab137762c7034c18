"""What runs now, in the bound and in the LP: copies that are kept save the cost of a move.

*Formulation.* Each running machine is a column of its own, and what is kept on one of its accelerators a pattern of
its own. A component pays for each copy that is moved, up to the number that runs (`kept_copies` has the rows).

*Method and source.* Column generation as in `patterns`; the bound is Lagrangian and exact in whole numbers (`state`).

*Modules.* `state` has the seats, the machines and the inequality; `seat_contents` fills a seat at its best.
`kept_copies` is the linear program and its tree. `whole_program` is the integer program with what runs, `whole_bound`
its linear relaxation.

*Inputs.* The relaxation of a fleet with places, patterns of its root, and a node's domain.
*Returns.* `KeptCopiesBound`: micro-dollars per hour of machines and moves together, and how far each machine and copy
is kept in the LP's solution, 0 to 1 each.
*Errors.* None; when time is up the best bound so far stands.
*Complexity.* One knapsack a running accelerator and round; O(modes + places + patterns) columns.
"""
