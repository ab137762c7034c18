"""The count program: whole copies of each component by each mode, whole machines of each pool, and no more than that.

*Formulation.* Minimise the rent of whole machines by pool, with whole copies by mode: demands, quotas and rules over
zones hold; how copies share accelerators is told by inequalities (`weights`) that every packing keeps, so the program
stays small. It knows what the linear program over patterns does not: a demand is served by whole copies, which serve
more than is asked for.

*Method and source.* Cutting planes by column generation (Gilmore and Gomory 1961, Oper. Res. 9,
https://doi.org/10.1287/opre.9.6.849): prices of the pattern LP of one pool are weights whose inequality parts of copies
break. `program` is the integer program (HiGHS), `model` that with its inequalities, `bound` the loop of both. `search`
looks for counts that have a packing, by large neighbourhoods (Shaw 1998, https://doi.org/10.1007/3-540-49481-2_30).

*Modules.* `model` has the `program`, its inequalities (`weights` of what stands on a pool, `rounding` of demands) and
how they are found; `bound` raises a bound by it, `search` looks for cheap counts, and `pools` packs what counts put on
each pool.

*Inputs.* A `Relaxation` of the fleet, in integers (MiB, milli-vCPU, thousandths, micro-dollars per hour), and a
`Budget`.
*Returns.* A bound in ticks that holds for every plan, with the engine's verdict; and counts that cost little, which may
have no packing.
*Errors.* `EngineError` is caught: what the engine did not say is not used.
*Complexity.* A row a pool and inequality; an inequality is an exact knapsack, O(grid states x items) a round.
"""
