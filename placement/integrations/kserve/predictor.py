"""The predictor of an InferenceService: what the user chooses of it, where its pods may run, and what each takes."""

from typing import Literal, NamedTuple

from placement.documents import Pool, Problem
from placement.integrations.kubernetes.asks import asked_of_accelerators, asked_of_host
from placement.integrations.kubernetes.naming import TYPE, Owner, is_label, labels_of_row
from placement.integrations.labels import ObjectNames
from placement.integrations.serving import PLACEHOLDER, serving_of
from placement.integrations.variants import PlanVariant

Sharing = Literal["time-slicing", "kai", "hami"]
SERVING = (  # keys of a predictor that say what serves, one a format before there was `model`
    *("model", "huggingface", "triton", "pytorch", "tensorflow", "onnx", "sklearn", "xgboost", "lightgbm", "pmml"),
    "paddle",
)
# Labels of a component that say how KServe serves it.
IMAGE, FORMAT, STORAGE, RUNTIME = "kserve.image", "kserve.model_format", "kserve.storage_uri", "kserve.runtime"


# KServe calls a service's predictor NAME-predictor-NAMESPACE.DOMAIN: the first part is a label in DNS.
LABEL, _BETWEEN = 63, len("-predictor-")
_SPACE, _LEAST = len("default"), 10  # letters of a namespace that nothing tells, and of the shortest name


class KServeWish(NamedTuple):
    """What the plan does not say.

    `pin`: pods are held to the pool of the plan, or to its machine where that runs now.
    `sharing`: who lets pods share an accelerator: NVIDIA's device plugin by time slicing, KAI or HAMi.
    `autoscaler`: ``hpa`` holds each service at its copies; ``external`` leaves them to another one, such as KEDA.
    `gpu`: the resource that stands for an accelerator.
    `queue`: of KAI.
    `cluster`: files of ``kubectl get inferenceservices -A -o json``: what serves now, as templates.
    """

    pin: Literal["pool", "machine"] = "pool"
    sharing: Sharing = "time-slicing"
    autoscaler: Literal["hpa", "external"] = "hpa"
    gpu: str = "nvidia.com/gpu"
    queue: str = "default"
    cluster: tuple[str, ...] = ()


def image_of(row: PlanVariant) -> str:
    """The image of a container of its own; empty where a runtime of KServe serves its model."""
    labels, served = row.component.labels, serving_of(row)
    is_model = {FORMAT, STORAGE, RUNTIME} & labels.keys() or (served.image == PLACEHOLDER and not served.container)
    return labels.get(IMAGE, "" if is_model else served.image)


def resources(problem: Problem, row: PlanVariant, wish: KServeWish) -> dict[str, dict[str, str]]:
    """Requests and limits of a pod; what it takes of accelerators is both, as extended resources have it."""
    requests = asked_of_host(row.mode)
    _, taken = asked_of_accelerators(row, problem, wish.sharing, wish.gpu)
    limits = {key: amount for key, amount in requests.items() if key == "memory"}
    limits |= {name: str(count) for name, count in taken.items()}
    return {"requests": requests | limits, "limits": limits}


def node_selector(pool: Pool) -> dict[str, str]:
    """Labels of the nodes of a pool: its own that look like those of nodes; type and zone where these tell no type.

    A pool that was imported is labelled with what its nodes have, so its row's type and zone are no labels of theirs.
    """
    own = {key: value for key, value in pool.labels.items() if "/" in key and is_label(key, value)}
    told = {} if TYPE in own else labels_of_row(pool, own)
    return {key: value for key, value in told.items() if is_label(key, value)} | own


def unselected(pool: Pool) -> list[str]:
    """What of a pool's type, zone and labels can be no label of a node, so that nodes are not selected by it."""
    told = {key: value for key, value in pool.labels.items() if "/" in key}
    if TYPE not in told:
        told = labels_of_row(pool, told) | told
    return [f"{key}={value}" for key, value in told.items() if not is_label(key, value)]


def service_names(rows: list[PlanVariant]) -> list[str]:
    """A name for each variant, the same each time: component, option where there are several, pool, machine."""
    names = ObjectNames()
    spaces = (Owner.of(row.component).namespace for row in rows)
    letters = [max(_LEAST, LABEL - _BETWEEN - (len(space) or _SPACE)) for space in spaces]
    return [names.of(*_parts(row), most=most) for row, most in zip(rows, letters, strict=True)]


def _parts(row: PlanVariant) -> tuple[str, ...]:
    option = (row.mode.name or str(row.option),) if len(row.component.modes) > 1 else ()
    machine = () if row.machine is None else (row.machine,)
    return (row.component.name, *option, row.pool.name, *machine)
