"""What the user of an export to KServe chooses, and the labels of a component that say how KServe serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from placement.integrations.kserve.predictor import Sharing

# Labels of a component that say how KServe serves it.
IMAGE, FORMAT, STORAGE, RUNTIME = "kserve.image", "kserve.model_format", "kserve.storage_uri", "kserve.runtime"


class KServeWish(NamedTuple):
    """What the plan does not say.

    Attributes
    ----------
    pin : pods are held to the pool of the plan, or to its machine where that runs now.
    sharing : who lets pods share an accelerator: NVIDIA's device plugin by time slicing, KAI or HAMi.
    autoscaler : ``hpa`` holds each service at its copies; ``external`` leaves them to another one, such as KEDA.
    gpu : the resource that stands for an accelerator.
    queue : of KAI.
    cluster : files of ``kubectl get inferenceservices -A -o json``: what serves now, as templates.
    """

    pin: Literal["pool", "machine"] = "pool"
    sharing: Sharing = "time-slicing"
    autoscaler: Literal["hpa", "external"] = "hpa"
    gpu: str = "nvidia.com/gpu"
    queue: str = "default"
    cluster: tuple[str, ...] = ()
