"""The document `placement-rollout/v1`: a rolling update of one component, beside blue/green."""

from typing import Any, Literal

from placement.documents.frozen import Listed
from placement.documents.plan import Number, Plan, PlanRow
from placement.documents.quantities import Count, Name
from placement.documents.transition import StepsDocument, TransitionStep

ROLLOUT = "placement-rollout/v1"


class FleetBeside(PlanRow):
    """Machines beyond those that run before: how many at most at once, their hours, and what these cost, dollars."""

    instances: Count
    machine_hours: Number
    cost: Number
    duration_seconds: Number


class Rollout(StepsDocument):
    """A rollout document. Times are seconds, money is in dollars.

    Attributes
    ----------
    status : ``optimal``: no rollout with batches of a legal size needs fewer extra machines at once. ``infeasible``:
        proven that no legal batch exists. ``unknown``: none was found.
    batch_copies : copies of one batch; the last may be smaller.
    extra_bound : no batch of this size gets by with fewer extra machines.
    rolling, blue_green : what each takes beside the fleet that runs.
    policy : the same as a `RollingUpdatePolicy` of SageMaker.
    rollback : the way back in sentences, the last batch first.
    rollback_steps : the same as steps; `batch` is the one that is undone, and times are from when the way back begins.
        After a fault in a batch, what has started of it stops, and what was opened for it closes; then all batches
        before it are undone.
    asked : the problem with old and new options on the component, whose options the steps number.
    plan : what runs at the end, a plan of `asked`.

    Raises
    ------
    DocumentError
        With every fault of the document.
    """

    _called = "rollout"

    format: Literal["placement-rollout/v1"] = "placement-rollout/v1"
    component: Name
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
    rollback_steps: Listed[TransitionStep] = ()
    asked: dict[str, Any] | None = None
    plan: Plan | None = None
