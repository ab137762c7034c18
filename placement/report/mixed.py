"""Demands that a plan serves by several kinds of accelerators."""

from collections import Counter

from placement.report import words
from placement.report.facts import PlanFacts

FEW = 3  # components that are named where there is little room
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


def mixed_line(facts: PlanFacts, most: int | None) -> str:
    """Which demands those are and the copies on each kind, of `most` of them; empty when there is none."""
    mixed = mixed_demands(facts)
    if not mixed:
        return ""
    told = [
        f"{words.shown(name)} ({', '.join(f'{words.shown(kind)} x{n}' for kind, n in kinds.items())})"
        for name, kinds in mixed.items()
    ]
    shown = told if most is None else told[:most]
    rest = f" and {len(told) - len(shown)} more" if len(shown) < len(told) else ""
    return f"{mixed_words(facts, mixed)}: {', '.join(shown)}{rest}"
