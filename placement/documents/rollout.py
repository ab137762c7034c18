"""The document `placement-rollout/v1`: a rolling update of one component, beside blue/green."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationError

from placement.documents.faults import structural_faults
from placement.documents.frozen import Listed
from placement.documents.plan import Number, PlanRow, StatusWord
from placement.documents.quantities import Count, Name
from placement.documents.transition import TransitionStep
from placement.errors import DocumentError


class FleetBeside(PlanRow):
    """Machines beyond those that run before: how many at most at once, their hours, and what these cost, dollars."""

    instances: Count
    machine_hours: Number
    cost: Number
    duration_seconds: Number


class Rollout(PlanRow):
    """A rollout document. Times are seconds, money is in dollars.

    Attributes
    ----------
    status : ``optimal``: no rollout with batches of a legal size needs fewer extra machines at once. ``infeasible``:
        proven that no legal batch exists. ``unknown``: none was found.
    batch_copies : copies of one batch; the last may be smaller.
    extra_bound : no batch of this size gets by with fewer extra machines.
    rolling, blue_green : what each takes beside the fleet that runs.
    policy : the same as a `RollingUpdatePolicy` of SageMaker.

    Raises
    ------
    DocumentError
        With every fault of the document.
    """

    format: Literal["placement-rollout/v1"] = "placement-rollout/v1"
    problem: str = ""
    component: Name
    status: StatusWord = "unknown"
    reason: str | None = None
    copies: Count = 0
    batch_copies: Count | None = None
    batches: Count | None = None
    extra_bound: Count | None = None
    rolling: FleetBeside | None = None
    blue_green: FleetBeside | None = None
    wait_seconds: Number = 0
    policy: dict[str, Any] | None = None
    rollback: Listed[str] = ()
    notes: Listed[str] = ()
    steps: Listed[TransitionStep] = ()

    def __init__(self, /, **document: Any) -> None:
        """Validate `document`; all faults are raised at once."""
        try:
            super().__init__(**document)
        except ValidationError as error:
            raise DocumentError(structural_faults(type(self), error), "rollout") from None

    @property
    def found(self) -> bool:
        """Whether there is a rollout."""
        return self.status in ("optimal", "feasible")

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists, with every field that was set."""
        return {"format": self.format, **self.model_dump(mode="json", exclude_unset=True, exclude_none=True)}
