"""A start for the root of a fleet with zones: the LP as if all machines stood in one place.

Without rules over zones and single pools, alike pools of all zones share their rows, and device classes their patterns:
a third of the columns, in a fleet of three zones. That LP is solved first, not quite to its end. The other one begins
with its patterns and at its prices, which are nearly the best: prices differ between zones by little. So it takes half
of the time (docs/notes/2026-12-patterns.md).
"""

from collections.abc import Iterator

from placement.compiled.packing import Packing
from placement.patterns.certificate import NodeDomain
from placement.patterns.columns import PatternColumns
from placement.patterns.formulation import relax
from placement.patterns.master import Pattern, PatternProgram
from placement.patterns.parameters import RootParameters as _PARAMS
from placement.patterns.root import RootPrices
from placement.solving.budget import Budget


def begin_in_one_place(
    root: RootPrices, domain: NodeDomain, budget: Budget, *, packing: Packing | None, seed: int
) -> None:
    """Give the root the patterns and prices of the LP of one place, where there are rules over zones or pools.

    The patterns of a `packing` are known there from the start. O(rounds of column generation).
    """
    whole = root.relaxation
    if not (any(whole.zones) or whole.in_pool or whole.elsewhere):
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
        root.program.add_patterns(_in_each_place(first.columns, root.columns))
        duals = root.program.duals_at(root.program.rows.values_of(program.rows, first.best.rows, first.best.items))
        root.try_at(duals, duals, domain)


def _in_each_place(first: PatternColumns, columns: PatternColumns) -> Iterator[Pattern]:
    """The patterns of device classes of one place in those that are alike, less what can't stand there."""
    alike = {device_class.alike: device_class for device_class in first.program.relaxation.device_classes}
    known: dict[int, list[tuple[tuple[int, int], ...]]] = {}
    for q, pattern in first.program.known():
        known.setdefault(q, []).append(pattern)
    for device_class, most in zip(columns.program.relaxation.device_classes, columns.most, strict=True):
        index = {item: i for i, item in enumerate(device_class.items)}
        there = [index.get(item) for item in alike[device_class.alike].items]
        for pattern in known.get(alike[device_class.alike].index, ()):
            held = ((i, min(n, most[i])) for k, n in pattern if (i := there[k]) is not None)
            here = tuple(sorted((i, n) for i, n in held if n))
            if here:
                yield device_class.index, here
