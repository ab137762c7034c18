"""Whether what runs keeps the rules of the problem that was made of it: the state as a plan, asked of the referee.

Where a platform does not tell which accelerator a copy has, one with room is taken for this check alone: whole ones
first, then shared ones where they fit most tightly. The problem itself leaves them open.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from placement.documents import Plan
from placement.referee import verify
from placement.units import MIB_PER_GIB, WHOLE_SHARE, need, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Option, Placement, Problem
    from placement.integrations.notes import Notes

_EXPECTED = ("draining", "not-removable", "claimed-unplaced", "claimed-left-out", "copies", "min-copies")


def running_plan(problem: Problem) -> Plan:
    """What runs, as a plan. O(copies x accelerators of a machine)."""
    modes = {row.name: row.modes for row in problem.components}
    by_machine: dict[str, list[Placement]] = defaultdict(list)
    for row in problem.placements:
        by_machine[row.instance].append(row)
    type_of = {pool.name: problem.instance_types[pool.instance_type] for pool in problem.pools}
    assignments: list[dict[str, Any]] = []
    for machine in problem.instances:
        shape = type_of[machine.pool]
        memory = room(problem.accelerators[shape.accelerator].memory_gib, MIB_PER_GIB) if shape.accelerator else 0
        bench = _FreeAccelerators(shape.accelerator_count, memory)
        placed = by_machine[machine.id]
        options = [modes[each.component][_index(each, modes[each.component])] for each in placed]
        taken = bench.assign(placed, options)
        assignments += [
            {
                "component": each.component,
                "option": _index(each, modes[each.component]),
                "instance": machine.id,
                "accelerators": list(accelerators),
            }
            for each, accelerators in zip(placed, taken, strict=True)
        ]
    return Plan(
        problem=problem.name,
        status="feasible",
        instances=[{"id": row.id, "pool": row.pool, "new": False} for row in problem.instances],
        assignments=assignments,
    )


def _index(row: Placement, modes: Sequence[Option]) -> int:
    if isinstance(row.option, int):
        return row.option
    return next(index for index, mode in enumerate(modes) if mode.name == row.option)


class _FreeAccelerators:
    """Free memory and share of the accelerators of one machine, and whether a copy owns one."""

    def __init__(self, count: int, memory_mib: int) -> None:
        self._memory = [memory_mib] * count
        self._share = [WHOLE_SHARE] * count
        self._held = [0] * count  # copies on it

    def assign(self, rows: Sequence[Placement], options: Sequence[Option]) -> list[tuple[int, ...]]:
        """Accelerators of each copy: those that are known, then whole ones, then the largest shares first."""
        found: list[tuple[int, ...]] = [()] * len(rows)
        order = sorted(range(len(rows)), key=lambda index: self._order(rows[index], options[index]))
        for index in order:
            chosen = rows[index].accelerators
            found[index] = tuple(chosen) if chosen is not None else self._choose(options[index])
            self._take(found[index], options[index])
        return found

    def _order(self, row: Placement, option: Option) -> tuple[bool, bool, int, int]:
        memory, share = _needs(option)
        return row.accelerators is None, option.shared, -option.accelerators, -max(memory, share)

    def _choose(self, option: Option) -> tuple[int, ...]:
        """Those with the least room that suffices; where too few suffice, the emptiest: a rule is broken then."""
        memory, share = _needs(option)
        count = len(self._memory)

        def fits(index: int) -> bool:
            if not option.shared:
                return not self._held[index]
            return self._memory[index] >= memory and self._share[index] >= share

        tight = sorted(filter(fits, range(count)), key=lambda index: (self._memory[index], self._share[index], index))
        rest = sorted((index for index in range(count) if not fits(index)), key=lambda index: -self._memory[index])
        return tuple(sorted([*tight, *rest][: option.accelerators]))

    def _take(self, chosen: Sequence[int], option: Option) -> None:
        memory, share = _needs(option)
        for index in chosen:
            if index < len(self._memory):
                self._memory[index] -= memory if option.shared else self._memory[index]
                self._share[index] -= share if option.shared else self._share[index]
                self._held[index] += 1


def _needs(option: Option) -> tuple[int, int]:
    return need(option.accelerator_memory_gib, MIB_PER_GIB), need(option.accelerator_share, WHOLE_SHARE)


def tell_state(problem: Problem, notes: Notes) -> None:
    """A note for each rule that what runs breaks; the problem is as valid with it, and a plan must mend it."""
    for broken in verify(problem, running_plan(problem)).violations:
        if broken.rule not in _EXPECTED:
            notes.broken(f"{broken.where}", f"{broken.message} [{broken.rule}]")
