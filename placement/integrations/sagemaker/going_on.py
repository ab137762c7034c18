"""What is done when a call of an export stops the rest, and how to go on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Literal

from placement.errors import printable
from placement.integrations.sagemaker.steps import command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.integrations.sagemaker.steps import Step

Stage = Literal["refused", "unanswered", "accepted", "failed"]
# What stands in the way of the same call once what it made has failed, and what takes it away.
_DELETES = {
    "CreateEndpoint": ("DeleteEndpoint", "EndpointName"),
    "CreateInferenceComponent": ("DeleteInferenceComponent", "InferenceComponentName"),
}


def going_on(steps: Sequence[Step], number: int, stage: Stage) -> str:
    """A clause for a person: what was done, and the number to go on from.

    Parameters
    ----------
    number : of the step that stopped, from 1.
    stage : it was refused; it was sent and had no answer; it was accepted, and what it made is not seen in service, or
        failed.
    """
    step = steps[number - 1]
    if stage == "refused":
        again = number - 1 if step.takes is not None else number  # which is filled by the answer of the step before
        return f"{_before(number)}go on with --from {again}"
    name = printable(step.subject)
    if stage == "unanswered":
        return (
            f"{_before(number)}whether call {number} was carried out is not known: look at {name}, then go on with "
            f"--from {number}, or {_after(steps, number)} where it was"
        )
    if stage == "accepted":
        what = f"once {name} is in service " if step.wait else ""
        return f"call {number} is accepted: {what}{_after(steps, number)}"
    deleted = _DELETES.get(step.operation)
    if deleted is None:
        return f"call {number} was accepted: mend what failed, then go on with --from {number}"
    operation, key = deleted
    words = f"aws sagemaker {command(operation)} --{command(key)} {shlex.quote(step.subject)}"
    return f"call {number} was accepted, so {name} is there: delete it ({words}), then go on with --from {number}"


def _before(number: int) -> str:
    if number == 1:
        return "nothing is done yet: "
    return "the call before it is done: " if number == 2 else f"the {number - 1} calls before it are done: "


def _after(steps: Sequence[Step], number: int) -> str:
    return f"go on with --from {number + 1}" if number < len(steps) else "nothing is left to send"
