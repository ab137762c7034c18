"""How much memory a move moves: what a copy must load again where it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.documents.problem import revised
from placement.units import MIB_PER_GIB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.compiled.fleet import Fleet, FleetOption
    from placement.documents import Problem


def memory_of_moves(fleet: Fleet) -> tuple[int, ...]:
    """(C,) MiB that one move of each component moves. O(components x options + placements).

    That of a copy by the largest option of those that run now; of all options where none of its copies runs. Memory on
    all accelerators of the copy; host memory where it needs none of these.
    """
    used: list[set[int]] = [set() for _ in fleet.components]
    names = [{mode.name: o for o, mode in enumerate(row.modes)} for row in fleet.problem.components]
    index = {row.name: c for c, row in enumerate(fleet.problem.components)}
    for row in fleet.problem.placements:
        c = index[row.component]
        used[c].add(row.option if isinstance(row.option, int) else names[c][row.option])
    return tuple(
        max(_memory(option) for option in component.options if not used[c] or option.index in used[c])
        for c, component in enumerate(fleet.components)
    )


def _memory(option: FleetOption) -> int:
    return option.accelerators * option.memory_mib or option.host_mib


def moved_mib(fleet: Fleet, moved: Iterable[int]) -> int:
    """MiB that so many moves of each component move."""
    return sum(n * memory for n, memory in zip(moved, memory_of_moves(fleet), strict=True))


def dearer(problem: Problem, dollars: list[float]) -> Problem:
    """The problem with other costs of a move, by component."""
    components = [
        row.model_copy(update={"move_cost": cost}) for row, cost in zip(problem.components, dollars, strict=True)
    ]
    return revised(problem, components=components)


def gib(mib: int) -> float:
    """MiB as GiB."""
    return mib / MIB_PER_GIB
