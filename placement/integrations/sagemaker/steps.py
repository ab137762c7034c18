"""Calls in the order in which they are sent: one file each, and the list of them that `apply` reads again."""

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from placement.errors import printable
from placement.integrations.exported import file_name

Service = Literal["sagemaker", "application-autoscaling", "cloudwatch"]
Wait = Literal["", "endpoint", "component"]
FORMAT = "placement-sagemaker-steps/v1"
_UPDATE = "UpdateInferenceComponent"
_GOES_BACK = "an update that fails goes back: see that {} runs with what was sent"
# Keys of an input with the name of what a call is about; of several the first.
_NAMES = ("InferenceComponentName", "EndpointName", "EndpointConfigName", "AlarmName", "PolicyName", "ResourceId")
STEPS, SCRIPT = "steps.json", "commands.sh"


@dataclass(frozen=True, slots=True)
class Step:
    """One call. `wait`: until the endpoint or the component that it names is in service.

    `before`: what a person does before it is sent, since what it takes away may still be in use.
    `takes`: a key of the input that a key of the step before's answer fills, as a list: (input's key, answer's key).
    """

    service: Service
    operation: str
    parameters: dict[str, Any]
    purpose: str
    wait: Wait = ""
    takes: tuple[str, str] | None = None
    before: str = ""

    @property
    def subject(self) -> str:
        """The name of what the call is about."""
        return next((str(self.parameters[key]) for key in _NAMES if key in self.parameters), "")

    def file(self, number: int, steps: int) -> str:
        """The name of its file, as one of so many steps: sorted by name, files are in order."""
        return file_name(numbered(number, steps), command(self.operation), self.subject) + ".json"


def numbered(number: int, steps: int) -> str:
    """The number of one of so many steps, with as many digits as all have, at least two.

    >>> numbered(7, 12), numbered(7, 120)
    ('07', '007')
    """
    return f"{number:0{max(2, len(str(steps)))}d}"


def command(operation: str) -> str:
    """What the AWS command line calls a call.

    >>> command("CreateInferenceComponent"), command("PutMetricAlarm")
    ('create-inference-component', 'put-metric-alarm')
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "-", operation).lower()


def method(operation: str) -> str:
    """What boto3 calls a call."""
    return command(operation).replace("-", "_")


def text(value: object) -> str:
    """A call's input as its file has it."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def files(steps: Sequence[Step]) -> dict[str, str]:
    """A file a step, then the list of the steps and a script that sends them with the AWS command line."""
    found = {step.file(number, len(steps)): text(step.parameters) for number, step in enumerate(steps, 1)}
    rows = [
        {"file": name, "service": step.service, "operation": step.operation, "wait": step.wait, "purpose": step.purpose}
        | ({"takes": list(step.takes)} if step.takes else {})
        | ({"before": step.before} if step.before else {})
        for name, step in zip(found, steps, strict=True)
    ]
    found[STEPS] = json.dumps({"format": FORMAT, "steps": rows}, indent=1, ensure_ascii=False) + "\n"
    found[SCRIPT] = script(list(zip(list(found)[: len(steps)], steps, strict=True)))
    return found


def script(steps: Iterable[tuple[str, Step]]) -> str:
    """The same calls as commands of the AWS command line. Names of the plan are quoted, as words of the shell."""
    lines = [
        "#!/bin/sh",
        "# The calls of this folder, in order. `placement apply sagemaker` sends the same ones.",
        "set -eu",
    ]
    lines += ['cd -- "$(dirname -- "$0")"', ""]
    rows = list(steps)
    for index, (name, step) in enumerate(rows):
        words = f"aws {step.service} {command(step.operation)} --cli-input-json {shlex.quote(f'file://{name}')}"
        following = rows[index + 1][1].takes if index + 1 < len(rows) else None
        if following is not None:
            words = f"answer=$({words} --query {shlex.quote(following[1])} --output text)"
        if step.takes is not None:
            words += f' --{command(step.takes[0])} "$answer"'
        lines.append(f"# {printable(step.purpose)}")
        if step.before and not (index and rows[index - 1][1].before == step.before):
            lines += [
                f"echo {shlex.quote(f'Before this: {printable(step.before)}. Then press Enter.')} >&2",
                "read -r _",
            ]
        lines.append(_unless_there(step, words))
        lines += _waiting(step)
    return "\n".join(lines) + "\n"


def _unless_there(step: Step, words: str) -> str:
    """A command; that of a configuration only where it is not there, since its name says what is in it."""
    if step.operation != "CreateEndpointConfig":
        return words
    describe = f"aws sagemaker describe-endpoint-config --endpoint-config-name {shlex.quote(step.subject)}"
    return f"{describe} > /dev/null 2>&1 || {words}"


def _waiting(step: Step) -> list[str]:
    """The command line waits for endpoints by itself; for components it has no such command."""
    if step.wait == "endpoint":
        name = shlex.quote(step.subject)
        found = [f"aws sagemaker wait endpoint-in-service --endpoint-name {name}"]
        if step.operation == "UpdateEndpoint":  # one that fails goes back to what was there, and is in service again
            describe = f"aws sagemaker describe-endpoint --endpoint-name {name}"
            went_back = f"echo {shlex.quote(f'the update of {step.subject} failed')} >&2; exit 1"
            found += [
                f"config=$({describe} --query EndpointConfigName --output text)",
                f"case $config in {shlex.quote(str(step.parameters['EndpointConfigName']))}) ;; *) {went_back};; esac",
            ]
        return found
    if step.wait == "component":
        describe = f"aws sagemaker describe-inference-component --inference-component-name {shlex.quote(step.subject)}"
        failed = f"echo {shlex.quote(f'{step.subject} failed')} >&2; exit 1"
        return [
            "while :; do",
            f"  status=$({describe} --query InferenceComponentStatus --output text)",
            f"  case $status in InService) break;; Failed) {failed};; esac",
            "  sleep 15",
            "done",
            *([f"echo {shlex.quote(_GOES_BACK.format(step.subject))} >&2"] if step.operation == _UPDATE else []),
        ]
    return []
