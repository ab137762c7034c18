"""Policies and scheduled actions of Application Auto Scaling, by which copies or machines are added and taken away.

A label keeps those of a component or of a variant as they are put.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.demand.application_auto_scaling import NAMESPACE
from placement.demand.parts import split_limits
from placement.errors import printable
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.steps import Step
from placement.units import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component, Pool
    from placement.integrations.notes import Notes

Row = dict[str, Any]  # a policy or an action
STEP = "StepScaling"
_TARGET, _LEAST, _MOST = "ScalableTargetAction", "MinCapacity", "MaxCapacity"


def scaling_policies(row: Component | Pool) -> list[Row]:
    """The policies that a component, or the variant of a pool, was read with."""
    return labels.unpacked(row.labels, labels.POLICIES) or []


def scheduled_actions(row: Component | Pool) -> list[Row]:
    """The actions that a component, or the variant of a pool, was read with."""
    return labels.unpacked(row.labels, labels.SCHEDULED) or []


def put_again(policies: Sequence[Row], actions: Sequence[Row], resource: str, dimension: str, what: str) -> list[Step]:
    """The calls that put policies and actions of a resource; `what` they change, in words."""
    of = {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": dimension}
    rows = [("PutScalingPolicy", row, purpose_of(row, what)) for row in policies]
    rows += [("PutScheduledAction", row, f"other limits on {what} by the clock") for row in actions]
    return [Step("application-autoscaling", operation, {**of, **row}, purpose) for operation, row, purpose in rows]


def names_of(policies: Sequence[Row]) -> str:
    """Their names, for a person."""
    return listed([printable(str(policy.get("PolicyName", ""))) for policy in policies])


def purpose_of(policy: Mapping[str, Any], what: str) -> str:
    """What a policy that was read is put for."""
    return f"scale {what} as its policy {policy.get('PolicyName', '')} says"


def measuring(policies: Sequence[Row], dimensions: Mapping[str, tuple[str, str]]) -> list[Row]:
    """Policies for something of another name: what they measure of the old one is measured of the new one.

    `dimensions`: old and new value by the name of a dimension of metrics.
    """
    return [_measuring(policy, dimensions) for policy in policies]


def _measuring(value: Any, dimensions: Mapping[str, tuple[str, str]]) -> Any:
    if isinstance(value, list):
        return [_measuring(entry, dimensions) for entry in value]
    if not isinstance(value, dict):
        return value
    old, new = dimensions.get(str(value.get("Name")), ("", ""))
    if value.keys() == {"Name", "Value"} and value["Value"] == old:
        return value | {"Value": new}
    return {key: _measuring(entry, dimensions) for key, entry in value.items()}


def shared_actions(actions: Sequence[Row], copies: Sequence[int]) -> list[list[Row]]:
    """The actions of each part of a component that becomes several, by the copies of each: their limits add up."""
    found: list[list[Row]] = [[] for _ in copies]
    for action in actions:
        limits = action.get(_TARGET, {})
        for own, share in zip(found, split_limits(limits.get(_LEAST), limits.get(_MOST), copies), strict=True):
            rows = {key: limit for key, limit in zip((_LEAST, _MOST), share, strict=True) if limit is not None}
            own.append({**action, _TARGET: rows})
    return found


def tell_actions(actions: Sequence[Row], number: int, what: str, place: str, notes: Notes) -> None:
    """Actions that will bring a number of copies or machines (`what`) into another range."""
    for action in actions:
        limits = action.get(_TARGET, {})
        if not limits.get(_LEAST, 0) <= number <= limits.get(_MOST, number):
            reason = f"{action.get('Schedule', '')} sets {_limits_in_words(limits)} {what}, the plan has {number}"
            notes.inexact(
                f"{place} scheduled action {action.get('ScheduledActionName', '')}", f"{reason}: it will change them"
            )


def _limits_in_words(limits: Mapping[str, int]) -> str:
    """A range of which one end may be left as it is.

    >>> _limits_in_words({"MinCapacity": 2}), _limits_in_words({"MinCapacity": 1, "MaxCapacity": 4})
    ('at least 2', '1 to 4')
    """
    least, most = limits.get(_LEAST), limits.get(_MOST)
    if least is not None and most is not None:
        return f"{least} to {most}"
    return f"at least {least}" if most is None else f"at most {most}"
