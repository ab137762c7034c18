"""A transition as batches: in each, machines open, copies start and become ready, copies stop, machines close."""

from dataclasses import dataclass, field

from placement.transition.difference import Stand


@dataclass(slots=True)
class Batch:
    """What is done side by side. Nothing stops before all that starts is ready."""

    opens: list[str] = field(default_factory=list)
    starts: list[Stand] = field(default_factory=list)
    stops: list[Stand] = field(default_factory=list)
    closes: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.opens or self.starts or self.stops or self.closes)


@dataclass(frozen=True, slots=True)
class Order:
    """Batches that lead from what runs to the plan.

    `temporary` is the pool of machines that neither run before nor are in the plan; `stopovers` are copies that start
    and stop on the way.
    """

    batches: tuple[Batch, ...]
    temporary: dict[str, int]
    stopovers: tuple[Stand, ...]


@dataclass(frozen=True, slots=True)
class Stuck:
    """Where an attempt ended: batches done, copies present, and what could neither start nor stop."""

    batches: tuple[Batch, ...]
    machines: tuple[str, ...]
    present: tuple[Stand, ...]
    arriving: tuple[Stand, ...]
    leaving: tuple[Stand, ...]
