"""The document `placement-transition/v1`: the ordered steps from what runs to a plan, as it is written and read."""

from typing import Any, ClassVar, Literal

from pydantic import ValidationError

from placement.documents.faults import structural_faults
from placement.documents.frozen import Listed, Table
from placement.documents.plan import Number, PlanRow, StatusWord
from placement.documents.quantities import Count, Name
from placement.errors import DocumentError

TRANSITION = "placement-transition/v1"
Action = Literal["open", "start", "wait", "stop", "close"]


class TransitionStep(PlanRow):
    """One step. What a step does not concern is absent.

    `open` and `close` are of a machine, `start` and `stop` of a copy, `wait` is until all copies of its batch that
    start are ready. Times are seconds from the beginning. `after` are the steps it waits for, by `id`; besides, no step
    begins before all of the batch before have ended. `stopover`: the copy is there for a while only. `temporary`: the
    machine is. `option_name`: of a copy's option, where its component has several and this one a name.
    `assumed`: the copy runs at accelerators that the problem does not tell.
    """

    id: Count
    batch: Count
    action: Action
    instance: Name | None = None
    pool: Name | None = None
    component: Name | None = None
    option: Count | None = None
    option_name: Name | None = None
    accelerators: Listed[Count] | None = None
    replaces: Name | None = None
    stopover: bool = False
    temporary: bool = False
    assumed: bool = False
    starts_at: Number
    ends_at: Number
    critical: bool = False
    after: Listed[Count] = ()


class BlockedMove(PlanRow):
    """A copy that can't start, why, and for whom it waits: one link of the circle that blocks."""

    component: Name
    instance: Name
    waits_for: Name
    because: str


class StepsDocument(PlanRow):
    """A document of ordered steps. `status` is of the order: ``infeasible`` is proven, ``unknown``: none was found."""

    _called: ClassVar[str] = "document"  # in faults

    format: str
    problem: str = ""
    status: StatusWord = "unknown"

    def __init__(self, /, **document: Any) -> None:
        """Validate `document`; all faults are raised at once."""
        try:
            super().__init__(**document)
        except ValidationError as error:
            raise DocumentError(structural_faults(type(self), error), self._called) from None

    @property
    def found(self) -> bool:
        """Whether there is an order."""
        return self.status in ("optimal", "feasible")

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists, with every field that was set."""
        return {"format": self.format, **self.model_dump(mode="json", exclude_unset=True, exclude_none=True)}


class Transition(StepsDocument):
    """A transition document. Hours are machine-hours, money is in dollars, times are seconds.

    Attributes
    ----------
    status : ``optimal``: no order takes fewer temporary machine-hours, nor fewer batches with as many. ``infeasible``:
        proven that no safe order exists within what is allowed. ``unknown``: none was found.
    batches_bound, temporary_hours_bound : no order takes less; the first among those that take the least of the second.
    unavailable : by component, how many copies may be missing at any moment; absent ones none.

    Raises
    ------
    DocumentError
        With every fault of the document.
    """

    _called = "transition"

    format: Literal["placement-transition/v1"] = "placement-transition/v1"
    method: str = ""
    seconds: Number | None = None
    batches: Count | None = None
    batches_bound: Count | None = None
    moves: Count | None = None
    stopovers: Count | None = None
    temporary_hours: Number | None = None
    temporary_hours_bound: Number | None = None
    temporary_cost: Number | None = None
    duration_seconds: Number | None = None
    unavailable: Table[Name, Count] | None = None
    reason: str | None = None
    blocked_by: Listed[BlockedMove] = ()
    notes: Listed[str] = ()
    steps: Listed[TransitionStep] = ()
