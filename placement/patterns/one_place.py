"""A start for the root of a fleet with zones: the LP as if all machines stood in one place.

Without rules over zones and single pools, alike pools of all zones share their rows, and device classes their patterns:
a third of the columns, in a fleet of three zones. That LP is solved first, not quite to its end. The other one begins
with its patterns and at its prices, which are nearly the best: prices differ between zones by little. So it takes half
of the time (docs/notes/2026-12-patterns.md).
"""

from placement.compiled.packing import Packing
from placement.patterns.certificate import NodeDomain
from placement.patterns.columns import PatternColumns
from placement.patterns.formulation import relax
from placement.patterns.master import PatternProgram
from placement.patterns.parameters import RootParameters as _PARAMS
from placement.patterns.root import RootPrices
from placement.patterns.size import may_build
from placement.solving.budget import Budget


def begin_in_one_place(
    root: RootPrices, domain: NodeDomain, budget: Budget, *, packing: Packing | None, seed: int
) -> None:
    """Give the root the patterns and prices of the LP of one place, where there is time and rules over zones or pools.

    The patterns of a `packing` are known there from the start. O(rounds of column generation).
    """
    whole = root.relaxation
    if not (any(whole.zones) or whole.in_pool or whole.elsewhere) or not may_build(whole.fleet, budget):
        return
    relaxation = relax(whole.fleet, whole.given, one_place=True)
    program = PatternProgram(relaxation, root.groups, rules=True, joined=True)
    first = RootPrices(relaxation, program, PatternColumns(relaxation, program, seed), root.groups)
    if packing is not None:
        first.columns.add_packing(packing)
    program.set_domain(domain)
    first.run(domain, budget, enough=_PARAMS.enough_in_one_place)
    root.rounds += first.rounds
    if first.best is not None:
        classes = relaxation.device_classes
        every = [here for q, items in program.patterns for here in root.columns.alike(classes[q], dict(items))]
        held = ((q, tuple(sorted((i, times) for i, times in items.items() if times))) for q, items in every)
        root.program.add_patterns(sorted((one for one in held if one[1]), key=lambda one: one[0]))
        duals = root.program.duals_at(root.program.rows.values_of(program.rows, first.best.rows, first.best.items))
        root.try_at(duals, duals, domain)
