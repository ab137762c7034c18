"""An application for the end-to-end test: every replica tells on which node it is and which GPUs it is shown."""

from __future__ import annotations

import os
from typing import Any

import ray
from ray import serve


@serve.deployment
class Teller:
    """A replica of any deployment of the config."""

    def __init__(self, component: str, deployments: dict[str, Any], name: str, *parts: Any) -> None:
        """What the config says of it; the first of an application holds the others, so that they are part of it."""
        self.component, self.name, self.parts = component, name, parts
        self.machine = deployments[name]["machine"]

    def tell(self) -> dict[str, str]:
        """Where it is."""
        return {
            "replica": serve.get_replica_context().replica_tag,
            "node": ray.get_runtime_context().get_node_id(),
            "component": self.component,
            "told": self.machine,
            "shown": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
        }


def build(args: dict[str, Any]) -> Any:
    """An application with a deployment for each name of the config."""
    names = args["deployments"]
    first, *others = names
    teller: Any = Teller
    parts = [teller.options(name=name).bind(args["component"], names, name) for name in others]
    return teller.options(name=first).bind(args["component"], names, first, *parts)
