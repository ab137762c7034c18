"""Demands that a plan serves by several kinds of accelerators."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placement.report.facts import PlanFacts

Kinds = dict[str, int]  # copies by kind of accelerator, in the order of their names


def mixed_demands(facts: PlanFacts) -> dict[str, Kinds]:
    """By component, in the problem's order: copies on each kind, where a demand is served by more than one."""
    types = facts.fleet.problem.instance_types
    on: dict[str, Counter[str]] = {row.name: Counter() for row in facts.components if row.wanted is None}
    for load, machines in facts.loads.items():
        for kind, copies in load.copies:
            if kind.component in on:
                on[kind.component][types[load.type].accelerator or "no accelerator"] += copies * machines
    return {name: dict(sorted(kinds.items())) for name, kinds in on.items() if len(kinds) > 1}


def mixed_words(facts: PlanFacts, mixed: dict[str, Kinds]) -> str:
    """How many of the demands those are."""
    demands = sum(row.wanted is None for row in facts.components)
    return f"{len(mixed):,} of {demands:,} demands are served by several kinds of accelerators"
