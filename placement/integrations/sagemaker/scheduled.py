"""Scheduled actions of Application Auto Scaling: other ranges of copies or of machines by the clock.

A label keeps those of a component or of a variant as they are put.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.demand.application_auto_scaling import NAMESPACE
from placement.demand.parts import split_limits
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component, Pool
    from placement.integrations.notes import Notes

Action = dict[str, Any]
_TARGET, _LEAST, _MOST = "ScalableTargetAction", "MinCapacity", "MaxCapacity"


def scheduled_actions(row: Component | Pool) -> list[Action]:
    """The actions that a component, or the variant of a pool, was read with."""
    return labels.unpacked(row.labels, labels.SCHEDULED) or []


def shared_actions(actions: Sequence[Action], copies: Sequence[int]) -> list[list[Action]]:
    """The actions of each part of a component that becomes several, by the copies of each: their limits add up."""
    found: list[list[Action]] = [[] for _ in copies]
    for action in actions:
        limits = action.get(_TARGET, {})
        for own, share in zip(found, split_limits(limits.get(_LEAST), limits.get(_MOST), copies), strict=True):
            rows = {key: limit for key, limit in zip((_LEAST, _MOST), share, strict=True) if limit is not None}
            own.append({**action, _TARGET: rows})
    return found


def put_actions(actions: Sequence[Action], resource: str, dimension: str, purpose: str) -> list[Step]:
    """The calls that put actions of a resource."""
    of = {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": dimension}
    return [Step("application-autoscaling", "PutScheduledAction", {**of, **row}, purpose) for row in actions]


def tell_actions(actions: Sequence[Action], number: int, what: str, place: str, notes: Notes) -> None:
    """Actions that will bring a number of copies or machines (`what`) into another range."""
    for action in actions:
        limits = action.get(_TARGET, {})
        if not limits.get(_LEAST, 0) <= number <= limits.get(_MOST, number):
            reason = f"{action.get('Schedule', '')} sets {limits_in_words(limits)} {what}, the plan has {number}"
            notes.inexact(
                f"{place} scheduled action {action.get('ScheduledActionName', '')}", f"{reason}: it will change them"
            )


def limits_in_words(limits: Mapping[str, int]) -> str:
    """A range of which one end may be left as it is.

    >>> limits_in_words({"MinCapacity": 2}), limits_in_words({"MinCapacity": 1, "MaxCapacity": 4})
    ('at least 2', '1 to 4')
    """
    least, most = limits.get(_LEAST), limits.get(_MOST)
    if least is not None and most is not None:
        return f"{least} to {most}"
    return f"at least {least}" if most is None else f"at most {most}"
