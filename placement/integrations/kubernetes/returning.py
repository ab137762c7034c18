"""Which rules of a component an import of the cluster after an export does not read back: no manifest says them.

Rules that the pods had before come back, since the exported pods carry them. So what was imported is compared with what
the cluster's files say now: what somebody changed in between, or wrote by hand, is in the problem alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from placement.documents import Component, Plan, Problem
    from placement.integrations.notes import Notes

# `avoid`, `dedicated`, `max_unavailable` and the most copies on one machine are in the manifests.
_IN_NO_MANIFEST = (
    *("demand", "priority", "zones", "min_available_on_zone_loss", "min_available_on_pool_loss"),
    *("min_available_on_instance_loss", "move_cost", "startup_seconds"),
)
_OF_SPREAD = ("max_skew", "min_zones", "max_per_zone")
_OF_OPTIONS = ("on", "instance_types", "throughput")


def tell_not_returning(
    problem: Problem, plan: Plan, exported: Set[str], known: Mapping[str, Component], notes: Notes
) -> None:
    """A note for each component with rules that are in the problem alone. `known` is what the cluster says of it."""
    placed = Counter(row.component for row in plan.assignments)
    for row in (row for row in problem.components if row.name in exported):
        names = _lost(row, known.get(row.name), placed[row.name])
        if names:
            told = "are in no manifest: an import of the cluster afterwards does not know them, so keep the problem"
            notes.inexact(f"component {row.name}", f"{', '.join(names)} {told}")


def _lost(row: Component, known: Component | None, placed: int) -> list[str]:
    found = [name for name in _IN_NO_MANIFEST if _differs(row, known, name)]
    found += [f"spread.{name}" for name in _OF_SPREAD if _differs(row.spread, known and known.spread, name)]
    if row.copies is not None and (placed < row.copies or row.min_copies not in (None, row.copies)):
        found.append("copies that need not run")
    if known is None:
        found += [name for name in _OF_OPTIONS if any(getattr(mode, name) is not None for mode in row.modes)]
    if len(row.modes) > 1 and (known is None or _in_any_order(row) != _in_any_order(known)):
        found.append("options that no copy runs by")
    return found


def _in_any_order(row: Component) -> set[str]:
    """The options of a component: their order, and that of names in them, follows that of nodes in a file."""
    rows = (mode.model_dump(mode="json") for mode in row.modes)
    return {str({key: sorted(held) if isinstance(held, list) else held for key, held in one.items()}) for one in rows}


def _differs(row: Any, known: Any, name: str) -> bool:
    """Whether a field says anything but what the cluster does; what it does not know has the default."""
    before = type(row).model_fields[name].default if known is None else getattr(known, name)
    return bool(getattr(row, name) != before)
