"""The sets, and the cases of a set, in lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement_bench.sets import all_sets, find_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from placement_bench.cases import BestKnown


def set_lines(data: Path) -> Iterator[str]:
    """One line a set, with the number of its cases, or what is missing."""
    sets = all_sets().values()
    width = max(len(one.name) for one in sets)
    for one in sets:
        try:
            count = f"{sum(1 for _ in one.cases(data)):>5} cases"
        except UsageError:
            count = " no files   "
        yield f"{one.name:<{width}} {count}  {one.title}: {one.objective} [{one.unit}]"


def case_lines(names: Sequence[str], data: Path) -> Iterator[str]:
    """One line a case of the named sets, with the best value known."""
    for one in map(find_set, names):
        yield f"{one.name}: {one.title}; {one.objective} [{one.unit}]; {one.source}"
        for case in one.cases(data):
            yield f"  {case.name:<32} {_known(case.best_known)}"


def _known(best: BestKnown | None) -> str:
    if best is None:
        return "nothing published"
    if best.infeasible:
        return "infeasible"
    if best.value is None:
        return "nothing published" if best.bound is None else f"at least {best.bound:g}"
    return f"{best.value:g} {'optimal' if best.proven else 'best known'}"
