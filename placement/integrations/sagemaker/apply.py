"""Sends the calls of an export, in order, each once the one before is in service. It stops at the first that fails.

What is said then is what was done, and how to go on.
"""

import shlex
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

from placement.catalogue.readers.fields import At, FieldError, parse_json
from placement.documents.read import read_text
from placement.errors import DocumentError, UsageError, nearest, printable
from placement.integrations.sagemaker.client import UnansweredError, open_client, told
from placement.integrations.sagemaker.service_model import service_model
from placement.integrations.sagemaker.steps import FORMAT, STEPS, Step, command, method

# The calls that an export may hold: none deletes, none reads data.
OPERATIONS = {
    "sagemaker": (
        *("CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities"),
        *("CreateInferenceComponent", "UpdateInferenceComponent", "UpdateInferenceComponentRuntimeConfig"),
    ),
    "application-autoscaling": ("RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction"),
    "cloudwatch": ("PutMetricAlarm",),
}
POLL_SECONDS = 15.0
_FAILED = ("Failed", "OutOfService", "UpdateRollbackFailed")
_Stage = Literal["refused", "unanswered", "accepted", "failed"]
# What stands in the way of the same call once what it made has failed, and what takes it away.
_DELETES = {
    "CreateEndpoint": ("DeleteEndpoint", "EndpointName"),
    "CreateInferenceComponent": ("DeleteInferenceComponent", "InferenceComponentName"),
}


class _FailedError(UsageError):
    """What a call made is there, and failed."""


def read_steps(directory: str | Path) -> list[Step]:
    """The calls that an export wrote into a folder, with whatever a user has edited since.

    Raises DocumentError: a file is missing or damaged, or names a call that no export holds.
    Raises UsageError: botocore is installed, and its model of the service refuses a call.
    """
    folder = Path(directory)
    source, content = read_text(folder / STEPS)
    document = parse_json(content, source)
    try:
        if document.key("format").text() != FORMAT:
            raise document.key("format").fault(f"must be {FORMAT}")
        return [_step(row, folder) for row in document.key("steps").items()]
    except FieldError as error:
        raise DocumentError([error.fault], source) from None


def _step(row: At, folder: Path) -> Step:
    name, service = row.key("file").text(), row.key("service").text()
    if Path(name).name != name or name in (".", ".."):
        raise row.key("file").fault("must be the name of a file in this folder")
    if service not in OPERATIONS:
        raise row.key("service").fault(f"must be one of {', '.join(OPERATIONS)}")
    operation = row.key("operation").text()
    if operation not in OPERATIONS[service]:
        raise row.key("operation").fault(f"is no call of an export; {nearest(operation, OPERATIONS[service])}")
    wait = row.get("wait")
    waits = wait.value if wait is not None else ""
    if waits not in ("", "endpoint", "component"):
        raise row.key("wait").fault("must be empty, endpoint or component")
    keys = [each.text() for each in row.rows("takes")]
    if len(keys) not in (0, 2):
        raise row.key("takes").fault("must be two keys: of this input, and of the answer before")
    source, content = read_text(folder / name)
    parameters = parse_json(content, source).value
    if not isinstance(parameters, dict):
        raise DocumentError([At(parameters).fault("must be a mapping of keys to values").fault], source)
    model = service_model(service)
    faults = model.faults(operation, parameters) if model is not None else []
    if faults:
        raise DocumentError(faults, source)
    purpose, before = row.key("purpose").text(), row.optional(At.text, "before") or ""
    filled = (keys[0], keys[1]) if keys else None
    return Step(service, operation, parameters, purpose, waits, filled, before)  # type: ignore[arg-type]


class Sender:
    """Sends steps through boto3; `say` is told of each, `sleep` waits between two looks."""

    def __init__(
        self,
        region: str,
        endpoint_url: str,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        most_seconds: float = 3600,
    ) -> None:
        """No client is made before it is needed. `most_seconds` is for each wait."""
        self._client = cache(lambda service: open_client(service, region, endpoint_url))
        self._say = say
        self._sleep = sleep
        self._looks = max(1, int(most_seconds / POLL_SECONDS))

    def send(self, steps: Sequence[Step], first: int = 0) -> bool:
        """Send the steps from a number on, 0: all; False where it stops before steps that wait for a person.

        Those are sent together by the one who begins with them.
        Raises UsageError: a call is refused, or what it makes fails; the message says what is done, and how to go on.
        """
        answer: dict[str, Any] = {}
        for number, step in enumerate(steps, 1):
            if number < first:
                continue
            if step.before and number != first and not (number > max(1, first) and steps[number - 2].before):
                together = takewhile(lambda each: each.before, steps[number - 1 :])
                words = "; ".join(dict.fromkeys(each.before for each in together))
                self._say(f"stopped before call {number}. First: {words}. Then go on with --from {number}")
                return False
            self._say(f"{number}/{len(steps)} {step.operation} {step.subject}: {step.purpose}")
            stage: _Stage = "unanswered"
            try:
                answer = self._call(step, answer)
                stage = "accepted"
                if step.wait:
                    self._wait(step)
            except KeyboardInterrupt:
                self._say(_going_on(steps, number, stage))
                raise
            except UsageError as error:
                if isinstance(error, _FailedError):
                    stage = "failed"
                elif stage != "accepted" and not isinstance(error, UnansweredError):
                    stage = "refused"
                raise UsageError(f"{error}; {_going_on(steps, number, stage)}") from None
        return True

    def _call(self, step: Step, before: dict[str, Any]) -> dict[str, Any]:
        parameters = dict(step.parameters)
        if step.takes is not None:
            key, of = step.takes
            if of not in before:
                raise UsageError(f"{step.operation} {printable(step.subject)}: needs {of} of the call before it")
            parameters[key] = [before[of]]
        client = self._client(step.service)
        try:
            with told(f"{step.operation} {printable(step.subject)}"):
                found = dict(getattr(client, method(step.operation))(**parameters))
        except UsageError as error:
            if isinstance(error, UnansweredError) or not self._is_there(step):
                raise
            self._say(f"{step.subject} is there already, with the same in it")
            return {}
        model = service_model(step.service)
        lacking = [key for key in model.answered(step.operation) if key not in found] if model is not None else []
        if lacking:
            told_of = f"{step.operation} {printable(step.subject)}"
            raise UnansweredError(f"{told_of}: the answer is none of the service: it has no {lacking[0]}")
        return found

    def _is_there(self, step: Step) -> bool:
        """Whether a configuration that was refused is there as the call has it: endpoints go back and forth."""
        if step.operation != "CreateEndpointConfig":
            return False
        try:
            with told(f"looking at {printable(step.subject)}"):
                found = self._client(step.service).describe_endpoint_config(EndpointConfigName=step.subject)
        except UsageError:
            return False
        return _has(found, step.parameters)

    def _wait(self, step: Step) -> None:
        """Look until it is in service; a call that was accepted shows at once or at the next look."""
        key, was_moving = step.subject, False
        for _ in range(self._looks):
            status, other, why = self._look(step)
            told_of = f"{step.operation} {printable(key)}"
            if status in _FAILED:
                raise _FailedError(f"{told_of}: it is {status}: {why}")
            if status == "InService" and not other:
                return
            if status == "InService" and was_moving:  # an update that fails goes back to what was there
                raise _FailedError(f"{told_of}: it went back to {other}: {why}")
            was_moving = was_moving or status != "InService"
            self._sleep(POLL_SECONDS)
        raise UsageError(f"{step.operation} {printable(key)}: it is still not in service")

    def _look(self, step: Step) -> tuple[str, str, str]:
        """Status; what it has in place of what the step gives it, in words, else empty; and why it failed."""
        client, key = self._client("sagemaker"), step.subject
        with told(f"looking at {printable(key)}"):
            if step.wait == "endpoint":
                answer = client.describe_endpoint(EndpointName=key)
                status = answer["EndpointStatus"]
                wanted, config = step.parameters.get("EndpointConfigName"), str(answer.get("EndpointConfigName", ""))
                other = f"configuration {printable(config)}" if wanted not in (None, config) else ""
            else:
                answer = client.describe_inference_component(InferenceComponentName=key)
                status = answer["InferenceComponentStatus"]
                other = "" if _runs_with(answer, step.parameters) else "the specification that it had"
        return status, other, printable(str(answer.get("FailureReason", "no reason is told")))


def _runs_with(answer: dict[str, Any], call: dict[str, Any]) -> bool:
    """Whether a component has the models, images and needs of a call, by type, as far as both tell them."""
    asked, found = _specifications(call), _specifications(answer)
    return all(
        _has(found[kind].get(key, value), value)
        for kind, row in asked.items()
        if kind in found
        for key, value in row.items()
        if key in ("ModelName", "Image", "ComputeResourceRequirements")
    )


def _specifications(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Specifications by type, with the image of their containers, which answers have under another key than calls."""
    found = {}
    single = [document["Specification"]] if isinstance(document.get("Specification"), dict) else []
    for row in document.get("Specifications") or single:
        container = row.get("Container") or {}
        deployed = container.get("DeployedImage") or {}
        image = container.get("Image") or deployed.get("SpecifiedImage")
        found[row.get("InstanceType", "")] = {**row, **({"Image": image} if image else {})}
    return found


def _has(theirs: Any, ours: Any) -> bool:
    """Whether an answer has all that a call has; the service may add what stands for absent fields."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(key in theirs and _has(theirs[key], ours[key]) for key in ours)
    if isinstance(ours, list):
        same = isinstance(theirs, list) and len(theirs) == len(ours)
        return same and all(_has(their, our) for their, our in zip(theirs, ours, strict=True))
    return bool(theirs == ours)


def _going_on(steps: Sequence[Step], number: int, stage: _Stage) -> str:
    """A clause for a person: what was done, and the number to go on from.

    `number`: of the step that stopped, from 1.
    `stage`: it was refused; it was sent and had no answer; it was accepted, and what it made is not seen in service, or
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
