"""Machine reassignment (ROADEF/EURO challenge 2012): move running processes so that machines are loaded well.

*Formulation.* An assignment of processes to machines within capacities, on different machines for processes of one
service, spread over locations, near what they depend on, with old and new copy of a moved process held at once; the
least weighted sum of load above safety capacities, imbalance, and moves (`docs/benchmarks/machine-reassignment.md`). It
knows nothing of fleets. The public names are `Reassignment` (the problem), `read_reassignment`,
`solve_reassignment`, and the independent `check_assignment` and `price`.

*Method and source.* Simulated annealing with shifts and swaps, in a loop that Numba compiles, or thousands at a time in
arrays. The challenge: Afsar, Artigues, Bourreau and Kedad-Sidhoum 2016, Annals of Operations Research 242.

*Inputs.* Demands (P, R), capacities (M, R), costs of moves (M, M), all whole numbers that sum to less than 2^60.
*Returns.* The best assignment found, checked and priced anew, and a bound from sums over all machines.
*Errors.* `UsageError` for shapes or numbers that mean nothing and for an initial assignment that breaks a rule,
`ReassignmentFormatError` for files.
*Complexity.* O(P R + S M) to begin with, then O(R) for each move that is scored or judged.
"""

from placement_bench.machine_reassignment.bound import aggregate_bound
from placement_bench.machine_reassignment.check import ReassignmentCost, broken_rules, check_assignment, price
from placement_bench.machine_reassignment.problem import Balance, Reassignment
from placement_bench.machine_reassignment.read import (
    ReassignmentFormatError,
    read_assignment,
    read_reassignment,
    write_assignment,
)
from placement_bench.machine_reassignment.solve import ReassignmentResult, solve_reassignment

__all__ = [
    "Balance",
    "Reassignment",
    "ReassignmentCost",
    "ReassignmentFormatError",
    "ReassignmentResult",
    "aggregate_bound",
    "broken_rules",
    "check_assignment",
    "price",
    "read_assignment",
    "read_reassignment",
    "solve_reassignment",
    "write_assignment",
]
