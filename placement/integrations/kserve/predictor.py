"""The predictor of an InferenceService: what the user chooses of it, where its pods may run, and what each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from placement.catalogue.readers.kubernetes import NO_ZONE
from placement.integrations.kubernetes.keeping_off import both
from placement.integrations.kubernetes.manifests import asked_of_host, hami_limits, resource_of
from placement.integrations.kubernetes.mixed import mixed_of
from placement.integrations.kubernetes.naming import GPU, REQUIRED, TYPE, ZONE, is_label
from placement.units import MIB_PER_GIB, WHOLE_SHARE, need, room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Pool, Problem
    from placement.integrations.variants import PlanVariant

Sharing = Literal["time-slicing", "kai", "hami"]
SERVING = (  # keys of a predictor that say what serves, one a format before there was `model`
    *("model", "huggingface", "triton", "pytorch", "tensorflow", "onnx", "sklearn", "xgboost", "lightgbm", "pmml"),
    "paddle",
)
# Labels of a component that say how KServe serves it.
IMAGE, FORMAT, STORAGE, RUNTIME = "kserve.image", "kserve.model_format", "kserve.storage_uri", "kserve.runtime"


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


def resources(problem: Problem, row: PlanVariant, sharing: Sharing, gpu: str) -> dict[str, dict[str, str]]:
    """Requests and limits of a pod; what it takes of accelerators is both, as extended resources have it.

    Partitions and other makers' accelerators have resources of their own; `gpu` is that of the others.
    """
    mode = row.mode
    accelerator = problem.instance_types[row.pool.instance_type].accelerator or ""
    two, own = mixed_of(accelerator), resource_of(accelerator)
    gpu = gpu if own == GPU else own
    requests = asked_of_host(mode)
    limits = {key: amount for key, amount in requests.items() if key == "memory"}
    if two is not None and mode.accelerators:
        memory = room(problem.accelerators[accelerator].memory_gib, MIB_PER_GIB)
        limits |= {name: str(count) for name, count in two.resources(mode, memory).items()}
    elif mode.accelerators and not (mode.shared and sharing == "kai"):
        limits[gpu] = str(mode.accelerators)
    if mode.accelerators and mode.shared and sharing == "hami" and two is None:
        limits |= {name: str(amount) for name, amount in hami_limits(mode).items()}
    return {"requests": requests | {k: v for k, v in limits.items() if k not in requests}, "limits": limits}


def sharing_annotations(row: PlanVariant, sharing: Sharing) -> dict[str, str]:
    """What KAI reads of a pod that shares accelerators."""
    mode = row.mode
    if sharing != "kai" or not mode.shared or not mode.accelerators:
        return {}
    memory = need(mode.accelerator_memory_gib, MIB_PER_GIB)
    least = need(mode.accelerator_share, WHOLE_SHARE) or 1  # without memory: by share, or hardly any
    found = {"gpu-memory": str(memory)} if memory else {"gpu-fraction": str(least / WHOLE_SHARE)}
    if mode.accelerators > 1:
        found["gpu-fraction-num-devices"] = str(mode.accelerators)
    return found


def node_selector(pool: Pool) -> dict[str, str]:
    """Labels of the nodes of a pool: its own that look like those of nodes; type and zone where these tell no type.

    A pool that was imported is labelled with what its nodes have, so its row's type and zone are no labels of theirs.
    """
    own = {key: value for key, value in pool.labels.items() if "/" in key and is_label(key, value)}
    told = {} if TYPE in own else {TYPE: pool.instance_type, ZONE: pool.zone}
    return {key: value for key, value in told.items() if is_label(key, value) and value != NO_ZONE} | own


def unselected(pool: Pool) -> list[str]:
    """What of a pool's type, zone and labels can be no label of a node, so that nodes are not selected by it."""
    told = {key: value for key, value in pool.labels.items() if "/" in key}
    if TYPE not in told:
        told = {TYPE: pool.instance_type, ZONE: pool.zone} | told
    return [f"{key}={value}" for key, value in told.items() if not is_label(key, value)]


def affinity(
    row: PlanVariant, off: Mapping[str, Any], before: dict[str, Any], terms: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The machine of the copy, or `off` those that run, and the terms about others; within what was asked before."""
    found = {key: dict(value) for key, value in before.items() if isinstance(value, dict)}
    node, apart = found.get("nodeAffinity", {}), found.get("podAntiAffinity", {})
    own = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [row.machine]}]}
    held = off if row.machine is None else own
    if held:
        nodes = (node.get(REQUIRED) or {}).get("nodeSelectorTerms") or [{}]
        node[REQUIRED] = {"nodeSelectorTerms": [both(term, held) for term in nodes]}
    apart.pop(REQUIRED, None)
    if terms:
        apart[REQUIRED] = [*terms]
    made = found | {"nodeAffinity": node, "podAntiAffinity": apart}
    return {key: value for key, value in made.items() if value}
