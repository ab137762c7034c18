"""Generated fleets of four kinds, from the program that is handed out beside the repository."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement_bench.cases import Case, CaseSet
from placement_bench.places import FLEETS_VARIABLE, fleet_maker, module_at
from placement_bench.tasks import ProblemTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

SIZES = (20, 100, 400, 1000)  # components
SEEDS = (1, 2, 3)

_FAMILIES = {
    "shared": "copies stand beside each other on a GPU while its memory allows",
    "exclusive": "a copy owns whole GPUs; host memory and vCPU bind too",
    "mixed": "both, with options, three zones, spread rules, quotas and zone-loss floors",
    "replan": "a mixed fleet that runs already; demand has drifted, machines drain, moves cost money",
}


def maker() -> ModuleType:
    """The program that makes fleets.

    Raises
    ------
    UsageError
        It is not here.
    """
    path = fleet_maker()
    if path is None:
        raise UsageError(
            "make_fleet.py is not beside the repository (../shared/suites); "
            f"name it in {FLEETS_VARIABLE}, or take a set that needs no file: those whose names begin with gen-"
        )
    return module_at(path)


def make(family: str, components: int, seed: int) -> dict[str, Any]:
    """The problem document of one fleet; the same for the same arguments.

    Raises
    ------
    UsageError
        The maker of fleets is not here.
    """
    document: dict[str, Any] = maker().fleet(family, components, seed)
    return document


def _cases(family: str, data: Path) -> Iterator[Case]:
    del data  # fleets are made, not read
    maker()
    for components in SIZES:
        for seed in SEEDS:
            load = partial(_load, family, components, seed)
            yield Case(f"fleet-{family}", f"{family}-{components}-{seed}", None, load)


def _load(family: str, components: int, seed: int) -> ProblemTask:
    return ProblemTask(make(family, components, seed))


SETS = tuple(
    CaseSet(
        name=f"fleet-{family}",
        title=f"generated fleets, {family}: {what}",
        objective="least price, plus moves; optional copies first" if family in ("mixed", "replan") else "least price",
        unit="$",
        source="make_fleet.py: model sizes and machine prices from public lists of 2026",
        cases=partial(_cases, family),
        quick=(f"{family}-20-1",),
    )
    for family, what in _FAMILIES.items()
)
