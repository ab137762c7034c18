"""How much memory a move moves: what a copy must load again where it starts."""

from collections.abc import Iterable

from placement.compiled.fleet import Fleet, FleetOption
from placement.documents import Problem
from placement.documents.problem import revised
from placement.running_state.as_plan import running_copies
from placement.units import MIB_PER_GIB


def memory_of_moves(fleet: Fleet) -> tuple[int, ...]:
    """(C,) MiB that one move of each component moves. O(components x options + placements).

    That of a copy by the largest option of those that run now; of all options where none of its copies runs. Memory on
    all accelerators of the copy; host memory where it needs none of these.
    """
    used: dict[str, set[int]] = {row.name: set() for row in fleet.components}
    for copy in running_copies(fleet.problem):
        used[copy.component].add(copy.option)
    return tuple(
        max(_memory(option) for option in row.options if not used[row.name] or option.index in used[row.name])
        for row in fleet.components
    )


def _memory(option: FleetOption) -> int:
    return option.accelerators * option.memory_mib or option.host_mib


def moved_mib(fleet: Fleet, moved: Iterable[int]) -> int:
    return sum(n * memory for n, memory in zip(moved, memory_of_moves(fleet), strict=True))


def dearer(problem: Problem, dollars: list[float]) -> Problem:
    """The problem with other costs of a move, by component."""
    components = [
        row.model_copy(update={"move_cost": cost}) for row, cost in zip(problem.components, dollars, strict=True)
    ]
    return revised(problem, components=components)


def gib(mib: int) -> float:
    return mib / MIB_PER_GIB
