"""How what runs is updated a part at a time: components by copies, endpoints by machines."""

from collections.abc import Mapping
from typing import Any

_WAIT_SECONDS = 60  # between two steps of a rolling update
_MOST_PERCENT = 50


def batch_of(copies: int) -> int:
    """How many of so many copies a step of a rolling update replaces: one, or 5 per cent where that is more."""
    return max(1, -(-copies // 20))


def rolling_policy(copies: int) -> dict[str, Any] | None:
    """A policy for updating so many copies one by one, or 5 per cent at a time; None where no step is allowed.

    A step must be 5 to 50 per cent of the copies: of one copy it can't be.
    """
    if copies < 2:
        return None
    return {
        "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": batch_of(copies)},
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
