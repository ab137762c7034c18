"""Which rules of a component an import of the cluster after an export does not read back: no manifest says them.

Rules that the pods had before come back, since the exported pods carry them. So what was imported is compared with what
the cluster's files say now: what somebody changed in between, or wrote by hand, is in the problem alone.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from placement.units import listed

if TYPE_CHECKING:
    from collections.abc import Set

    from placement.documents import Component, Plan, Problem
    from placement.integrations.notes import Notes

# `avoid`, `dedicated`, `max_unavailable` and the most copies on one machine are in the manifests.
_IN_NO_MANIFEST = (
    *("demand", "priority", "zones", "min_available_on_zone_loss", "min_available_on_pool_loss"),
    *("min_available_on_instance_loss", "move_cost", "startup_seconds"),
)
_OF_SPREAD = ("max_skew", "min_zones", "max_per_zone")
_OF_OPTIONS = ("on", "instance_types", "throughput")


def tell_not_returning(problem: Problem, plan: Plan, exported: Set[str], now: Problem | None, notes: Notes) -> None:
    """A note for each component with rules that are in the problem alone, and on those that are gone altogether.

    `now` is what the cluster's files say.
    """
    placed = Counter(row.component for row in plan.assignments)
    known = {row.name: row for row in now.components} if now else {}
    running = {row.component for row in problem.placements} | {*known}
    gone = [row.name for row in problem.components if row.name in running and not placed[row.name]]
    if gone:
        told = "have no copy in the plan: an import of the cluster afterwards does not know them, so keep the problem"
        notes.inexact(f"components {listed(gone)}", told)
    for row in (row for row in problem.components if row.name in exported):
        before = known.get(row.name)
        names = _lost(row, before, placed[row.name])
        if len(row.modes) > 1 and not (now and before and _options(row, problem) == _options(before, now)):
            names.append("options that no copy runs by")
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
    return found


def _options(row: Component, problem: Problem) -> set[str]:
    """The options of a component in no order, types by their machines that run: names and order are those of a file."""
    pool_of_type: dict[str, set[str]] = {}
    for pool in problem.pools:
        pool_of_type.setdefault(pool.instance_type, set()).add(pool.name)
    machines = {
        name: sorted(each.id for each in problem.instances if each.pool in pool_of_type.get(name, ()))
        for name in problem.instance_types
    }
    found = set()
    for mode in row.modes:
        told = mode.model_dump(mode="json")
        told["on"] = sorted(mode.on or ())
        told["instance_types"] = sorted(str(machines[name] or name) for name in mode.instance_types or ())
        found.add(str(told))
    return found


def _differs(row: Any, known: Any, name: str) -> bool:
    """Whether a field says anything but what the cluster does; what it does not know has the default."""
    before = type(row).model_fields[name].default if known is None else getattr(known, name)
    return bool(getattr(row, name) != before)
