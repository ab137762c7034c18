"""The document `placement-diff/v1`: what differs, by machine and by component. Money is in dollars."""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from placement.report.changes import CopiesMoved

FORMAT: Literal["placement-diff/v1"] = "placement-diff/v1"


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One of the two that are compared; `broken` counts rules of the problem that it breaks."""

    what: str
    price_per_hour: float
    machines: int
    copies: int
    broken: int


@dataclass(frozen=True, slots=True)
class CopiesThere:
    """Copies of one component by one option."""

    component: str
    option: int
    copies: int


@dataclass(frozen=True, slots=True)
class MachineChange:
    """A machine that comes (`before` is null), goes (`after` is null) or holds something else.

    `before`, `after`: what it is called on each side.
    `comes`, `goes`: copies that it holds on one side only.
    """

    before: str | None
    after: str | None
    pool: str
    instance_type: str | None
    zone: str | None
    price_per_hour: float | None  # of the machine; null when its pool is not in the problem
    comes: tuple[CopiesThere, ...]
    goes: tuple[CopiesThere, ...]
    rearranged: tuple[CopiesThere, ...]  # copies that it holds on both, on other accelerators


@dataclass(frozen=True, slots=True)
class PoolChange:
    """A pool that has another number of machines, or other copies on them.

    `comes`, `goes`: copies that its machines hold on one side only.
    """

    pool: str
    instance_type: str | None
    zone: str | None
    price_per_hour: float | None  # of one machine; null when the pool is not in the problem
    machines_before: int
    machines_after: int
    comes: tuple[CopiesThere, ...]
    goes: tuple[CopiesThere, ...]


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """A component that differs: its copies in all, by option, instance type and zone, and how many of them move."""

    component: str
    before: int
    after: int
    options_before: dict[str, int]
    options_after: dict[str, int]
    types_before: dict[str, int]
    types_after: dict[str, int]
    zones_before: dict[str, int]
    zones_after: dict[str, int]
    moves: int


@dataclass(frozen=True, slots=True)
class CopiesChange(CopiesMoved):
    """With the instance type and zone of both machines: null where there is none, or its pool is not in the problem."""

    source_type: str | None
    source_zone: str | None
    target_type: str | None
    target_zone: str | None


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """All that differs between two sides; `same` when nothing does.

    `alike` tells how machines were told apart: false when those that run are known by their names, true when all
    machines of a pool are alike. Where `by_pool` is true they were not: machines and copies of each pool were counted,
    `pools` has those that differ, `machines` none, and a copy moves when it goes to another pool or option.
    """

    format: Literal["placement-diff/v1"] = field(default=FORMAT, kw_only=True)
    problem: str
    same: bool
    alike: bool
    by_pool: bool
    before: ComparedSide
    after: ComparedSide
    moves: int
    machines: tuple[MachineChange, ...]
    pools: tuple[PoolChange, ...]
    components: tuple[ComponentChange, ...]
    changes: tuple[CopiesChange, ...]

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists; what does not apply is null."""
        return dict(TypeAdapter(type(self)).dump_python(self, mode="json"))
