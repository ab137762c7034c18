"""Whether new copies have room beside what they replace, which goes on until they run.

By what the problem counts: parts of accelerators, vCPUs and memory of each machine. Copies that are held to a node look
for room there, others on any machine of the plan in their pool.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from placement.units import MIB_PER_GIB, MILLI, need, room

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from placement.documents import InstanceType, Option, Plan, Problem
    from placement.integrations.kubernetes.groups import CopyGroup

_PARTS = 1_000_000  # of an accelerator
_Amounts = tuple[int, int, int]  # parts of accelerators, mCPU, MiB


class AddedCopies(NamedTuple):
    """So many copies of a group that start beside what runs."""

    group: CopyGroup
    copies: int


class Shortage(NamedTuple):
    """Components whose new copies may have to wait, and machines where they do."""

    components: Set[str]
    machines: Set[str]


def shortage(problem: Problem, plan: Plan, added: Sequence[AddedCopies], ended: Set[str]) -> Shortage:
    """Which copies find no room while all that runs stays, but for that of the components `ended`.

    By first fit, the largest first: where that fails the scheduler may do so too. O(added copies x machines of a pool).
    """
    pool_of = {row.id: row.pool for row in problem.instances} | {row.id: row.pool for row in plan.instances}
    kinds = {row.name: problem.instance_types[row.instance_type] for row in problem.pools}
    free = {name: _room(kinds[pool]) for name, pool in pool_of.items()}
    modes = {row.name: row.modes for row in problem.components}
    for copy in problem.placements:
        if copy.component not in ended:
            kind, told = kinds[pool_of[copy.instance]], copy.option
            mode = next(row for k, row in enumerate(modes[copy.component]) if told in (k, row.name))
            free[copy.instance] = _less(free[copy.instance], _asked(mode, kind, problem))
    in_pool: dict[str, list[str]] = defaultdict(list)
    for row in plan.instances:
        in_pool[row.pool].append(row.id)
    short: set[str] = set()
    by_size = sorted(added, key=lambda row: _asked(row.group.mode, kinds[row.group.pool.name], problem), reverse=True)
    for group, copies in sorted(by_size, key=lambda row: not row.group.node):  # what is held to a node looks first
        asked = _asked(group.mode, kinds[group.pool.name], problem)
        for _ in range(copies):
            here = _first(_places(group, in_pool), asked, free)
            if here is None:
                short |= {*_places(group, in_pool)}
                break
            free[here] = _less(free[here], asked)
    waiting = {row.group.component.name for row in added if row.copies and {*_places(row.group, in_pool)} & short}
    return Shortage(waiting, short)


def _places(group: CopyGroup, in_pool: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return [group.node] if group.node else in_pool[group.pool.name]


def _first(names: Iterable[str], asked: _Amounts, free: Mapping[str, _Amounts]) -> str | None:
    return next((name for name in names if all(a <= f for a, f in zip(asked, free[name], strict=True))), None)


def _less(held: _Amounts, asked: _Amounts) -> _Amounts:
    return held[0] - asked[0], held[1] - asked[1], held[2] - asked[2]


def _room(kind: InstanceType) -> _Amounts:
    return (
        kind.accelerator_count * _PARTS,
        room(kind.vcpus, MILLI) - need(kind.reserved.vcpus, MILLI),
        room(kind.memory_gib, MIB_PER_GIB) - need(kind.reserved.memory_gib, MIB_PER_GIB),
    )


def _asked(mode: Option, kind: InstanceType, problem: Problem) -> _Amounts:
    """What a copy takes; of accelerators that it shares the larger part of memory and share."""
    parts = _PARTS
    if mode.shared and kind.accelerator:
        memory = problem.accelerators[kind.accelerator].memory_gib
        parts = max(
            need(mode.accelerator_memory_gib / memory, _PARTS) if memory else 0, need(mode.accelerator_share, _PARTS)
        )
    return mode.accelerators * parts, need(mode.vcpus, MILLI), need(mode.memory_gib, MIB_PER_GIB)
