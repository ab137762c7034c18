"""What serves a copy: the image and the command of its option, as labels of its component tell them.

They are labels since the format of a problem has no other free words, and since what a copy is sized for and how it is
started belong in one document: a plan only has the index of an option.
"""

import re
import shlex
from typing import Any, NamedTuple

from placement.documents import Component
from placement.errors import UsageError, printable
from placement.integrations.variants import PlanVariant

IMAGE, COMMAND = "serve.image", "serve.command"  # `serve.command.OPTION` is of one option, and goes before
PLACEHOLDER = "registry.invalid/replace-this-image:latest"
_VLLM, _PORT = ["vllm", "serve"], 8000


class Serving(NamedTuple):
    """Of a pod of Kubernetes: its image, and what its container and the pod have besides."""

    image: str
    container: dict[str, Any]
    pod: dict[str, Any]


def command_of(component: Component, option: int) -> list[str]:
    """The command that starts a copy, in words as a shell has them; empty where no label tells.

    Raises UsageError: a quote is not closed.
    """
    label = f"{COMMAND}.{component.modes[option].name or option}"
    label = label if label in component.labels else COMMAND
    try:
        return shlex.split(component.labels.get(label, ""))
    except ValueError as error:
        place = f"component {printable(component.name)} label {printable(label)}"
        raise UsageError(f"{place}: {str(error).lower()}") from None


def model_name_of(component: Component, option: int) -> str:
    """The name by which vLLM tells of the model that a copy serves; empty where no label tells."""
    words = command_of(component, option)
    return _flag(words, "--served-model-name") or "".join(words[2:3]) if words[:2] == _VLLM else ""


def _flag(words: list[str], name: str) -> str:
    told = re.search(rf" {name}[ =](\S+)", " ".join(words))
    return told[1] if told else ""


def serving_of(row: PlanVariant) -> Serving:
    """What serves a copy; the placeholder and nothing else where no label tells.

    A command takes the place of the image's own, which differs between versions of vLLM's. Its server is ready when it
    answers, minutes after it starts, and its processes share memory where a copy has several accelerators.
    """
    words, image = command_of(row.component, row.option), row.component.labels.get(IMAGE, PLACEHOLDER)
    container: dict[str, Any] = {"command": words[:1], "args": words[1:]} if words else {}
    if words[:2] != _VLLM:
        return Serving(image, container, {})
    told = _flag(words, "--port")
    port = int(told) if told.isdecimal() else _PORT
    container |= {
        "ports": [{"containerPort": port, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": port}},
    }
    if row.mode.accelerators < 2:
        return Serving(image, container, {})
    container["volumeMounts"] = [{"name": "shm", "mountPath": "/dev/shm"}]
    return Serving(image, container, {"volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}]})
