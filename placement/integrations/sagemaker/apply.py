"""Sends the calls of an export, in order, each once the one before is in service. It stops at the first that fails."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from placement.catalogue.readers.fields import At, FieldError, parse_json
from placement.documents.read import read_text
from placement.errors import DocumentError, UsageError, nearest, printable
from placement.integrations.sagemaker.client import open_client, told
from placement.integrations.sagemaker.service_model import service_model
from placement.integrations.sagemaker.steps import FORMAT, SERVICES, STEPS, Step, method

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# The calls that an export may hold: none deletes, none reads data.
OPERATIONS = {
    "sagemaker": (
        *("CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities"),
        *("CreateInferenceComponent", "UpdateInferenceComponent", "UpdateInferenceComponentRuntimeConfig"),
    ),
    "application-autoscaling": ("RegisterScalableTarget", "PutScalingPolicy"),
    "cloudwatch": ("PutMetricAlarm",),
}
POLL_SECONDS = 15.0
_FAILED = ("Failed", "OutOfService", "UpdateRollbackFailed")


def read_steps(directory: str | Path) -> list[Step]:
    """The calls that an export wrote into a folder, with whatever a user has edited since.

    Raises
    ------
    DocumentError
        A file is missing or damaged, or names a call that no export holds.
    UsageError
        botocore is installed, and its model of the service refuses a call.
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
    if service not in SERVICES:
        raise row.key("service").fault(f"must be one of {', '.join(SERVICES)}")
    operation = row.key("operation").text()
    if operation not in OPERATIONS[service]:
        raise row.key("operation").fault(f"is no call of an export; {nearest(operation, OPERATIONS[service])}")
    wait = row.get("wait")
    waits = wait.value if wait is not None else ""
    if waits not in ("", "endpoint", "component"):
        raise row.key("wait").fault("must be empty, endpoint or component")
    takes = row.get("takes")
    keys = [each.text() for each in takes.items()] if takes is not None else []
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
    purpose = row.key("purpose").text()
    return Step(service, operation, parameters, purpose, waits, (keys[0], keys[1]) if keys else None)  # type: ignore[arg-type]


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
        self._region = region
        self._endpoint_url = endpoint_url
        self._say = say
        self._sleep = sleep
        self._looks = max(1, int(most_seconds / POLL_SECONDS))
        self._clients: dict[str, Any] = {}

    def send(self, steps: Sequence[Step], first: int = 1) -> None:
        """Send the steps from a number on.

        Raises
        ------
        UsageError
            A call is refused, or what it makes fails; the message has the number to go on from.
        """
        answer: dict[str, Any] = {}
        for number, step in enumerate(steps, 1):
            if number < first:
                continue
            self._say(f"{number}/{len(steps)} {step.operation} {step.subject}: {step.purpose}")
            try:
                answer = self._call(step, answer)
                if step.wait:
                    self._wait(step)
            except UsageError as error:
                rest = f"; the {number - 1} calls before it are done: go on with --from {number}" if number > 1 else ""
                raise UsageError(f"{error}{rest}") from None

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = open_client(service, self._region, self._endpoint_url)
        return self._clients[service]

    def _call(self, step: Step, before: dict[str, Any]) -> dict[str, Any]:
        parameters = dict(step.parameters)
        if step.takes is not None:
            key, of = step.takes
            if of not in before:
                raise UsageError(f"{step.operation} {printable(step.subject)}: needs {of} of the call before it")
            parameters[key] = [before[of]]
        client = self._client(step.service)
        with told(f"{step.operation} {printable(step.subject)}"):
            return dict(getattr(client, method(step.operation))(**parameters))

    def _wait(self, step: Step) -> None:
        """Look until it is in service; a call that was accepted shows at once or at the next look."""
        client, key = self._client("sagemaker"), step.subject
        for _ in range(self._looks):
            with told(f"looking at {printable(key)}"):
                if step.wait == "endpoint":
                    answer = client.describe_endpoint(EndpointName=key)
                    status = answer["EndpointStatus"]
                else:
                    answer = client.describe_inference_component(InferenceComponentName=key)
                    status = answer["InferenceComponentStatus"]
            if status == "InService":
                return
            if status in _FAILED:
                why = printable(str(answer.get("FailureReason", "no reason is told")))
                raise UsageError(f"{step.operation} {printable(key)}: it is {status}: {why}")
            self._sleep(POLL_SECONDS)
        raise UsageError(f"{step.operation} {printable(key)}: it is still not in service; look at it, then go on")
