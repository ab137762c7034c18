"""Autoscaling of inference components, and how they are updated later: registrations, policies, rolling updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.demand.application_auto_scaling import to_application_auto_scaling
from placement.demand.rows import ScalingDefaults
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from placement.documents import Component

_WAIT_SECONDS = 60  # between two steps of a rolling update
_MOST_PERCENT = 50


def copy_range(component: Component) -> tuple[int, int] | None:
    """Least and most copies of a component that is scaled: by its labels, else from `min_copies` to `copies`.

    Raises
    ------
    UsageError
        A label is damaged.
    """
    place = f"component {component.name}"
    least = labels.whole(component.labels, labels.MIN_CAPACITY, place)
    most = labels.whole(component.labels, labels.MAX_CAPACITY, place)
    if least is not None and most is not None:
        return least, most
    if component.copies is not None and component.required_copies < component.copies:
        return component.required_copies, component.copies
    return None


def scaling_steps(name: str, least: int, most: int, requests: float) -> list[Step]:
    """Registration and policy of a component; from zero, also what adds its first copy.

    Tracking a target can't leave zero: an alarm on requests that found no copy starts a step of one.
    """
    # Not validated: a range that the platform has may be one that no policy of ours would ask for.
    row = ScalingDefaults.model_construct(metric="requests_in_flight", min_capacity=least, max_capacity=most)
    calls = to_application_auto_scaling(name, row, requests)
    purposes = {
        "register-scalable-target": f"scale {name} from {least} to {most} copies",
        "TargetTrackingScaling": f"add a copy of {name} when each has more than {requests:g} requests at once",
        "StepScaling": f"start a first copy of {name}",
        "put-metric-alarm": f"start it when a request finds no copy of {name}",
    }
    return [
        Step(
            "cloudwatch" if call == "put-metric-alarm" else "application-autoscaling",
            "".join(word.capitalize() for word in call.split("-")),
            given,
            purposes[given.get("PolicyType", call)],
            takes=("AlarmActions", "PolicyARN") if call == "put-metric-alarm" else None,
        )
        for call, inputs in calls.items()
        for given in inputs
    ]


def rolling_policy(copies: int) -> dict[str, Any] | None:
    """A policy for updating so many copies one by one, or 5 per cent at a time; None where no step is allowed.

    A step must be 5 to 50 per cent of the copies: of one copy it can't be.
    """
    if copies < 2:
        return None
    batch = max(1, -(-copies // 20))
    return {
        "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": batch},
        "WaitIntervalInSeconds": _WAIT_SECONDS,
        "RollbackMaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": _MOST_PERCENT},
    }


def endpoint_policy(machines: int) -> dict[str, Any]:
    """How an endpoint changes its machines: a part at a time, where there is more than one."""
    return {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": _MOST_PERCENT if machines < 20 else 5},
            "WaitIntervalInSeconds": _WAIT_SECONDS,
        }
    }


def later_update(call: Mapping[str, Any], copies: int) -> dict[str, Any] | None:
    """The input of UpdateInferenceComponent for a later change of what a new component is made of, to be edited."""
    policy = rolling_policy(copies)
    if policy is None:
        return None
    kept = ("InferenceComponentName", "Specification", "Specifications")
    update = {key: call[key] for key in kept if key in call}
    return {**update, "RuntimeConfig": {"CopyCount": copies}, "DeploymentConfig": {"RollingUpdatePolicy": policy}}
