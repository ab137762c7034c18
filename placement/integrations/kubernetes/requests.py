"""What a pod asks of a machine, as the scheduler counts it.

The larger of what runs together (containers and the init containers that stay, the sidecars) and of what the init
containers need in turn, each with the sidecars started before it; plus the overhead. A resource with a limit and no
request asks for its limit. https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
"""

from collections.abc import Mapping
from fractions import Fraction

from placement.catalogue.readers.fields import At, FieldError
from placement.errors import json_path
from placement.integrations.kubernetes.inventory import MOST, is_accelerator

PodAmounts = dict[str, Fraction]
_NATIVE = ("cpu", "memory", "ephemeral-storage")
_OF_PODS = ("cpu", "memory")  # what a pod as a whole may ask for beside its containers, and hugepages-*


def effective_requests(pod: At) -> PodAmounts:
    """Every resource of a pod with the amount that its node must have."""
    spec = pod.key("spec")
    # More than it asks for while a resize in place is under way.
    statuses = pod.rows("status", "containerStatuses")
    resized = {row.text_at("name"): row.amounts("allocatedResources") for row in statuses}
    together: PodAmounts = {}
    if not spec.key("containers").rows():
        raise spec.key("containers").fault("must have a container")
    for container in spec.rows("containers"):
        together = _sum(together, _larger(_requests(container), resized.get(container.text_at("name"), {})))
    peak: PodAmounts = {}
    sidecars: PodAmounts = {}
    for container in spec.rows("initContainers"):
        asked = _requests(container)
        if is_sidecar(container):
            sidecars = _sum(sidecars, asked)
            peak = _larger(peak, sidecars)
        else:
            peak = _larger(peak, _sum(sidecars, asked))
    found = _larger(_sum(together, sidecars), peak)
    of_pod = spec.get("resources")
    if of_pod is not None:
        whole = _requests(spec)
        found |= {name: value for name, value in whole.items() if name in _OF_PODS or name.startswith("hugepages-")}
    return {name: value for name, value in _sum(found, spec.amounts("overhead")).items() if value}


def is_sidecar(init_container: At) -> bool:
    """Whether an init container goes on beside the others, rather than end before they start."""
    return init_container.choice_at(("Always", "OnFailure", "Never"), "restartPolicy") == "Always"


def _requests(owner: At) -> PodAmounts:
    limits, asked = _amounts(owner, "limits"), _amounts(owner, "requests")
    for name in (name for name in {**limits} if "/" not in name and asked.get(name, 0) > limits[name]):
        path = json_path((*owner.way, "resources", "requests", name))
        most, told = (_told(owner, kind, name) for kind in ("limits", "requests"))
        raise FieldError(path, f"must be at most its limit, {most}", told)
    for name in (name for name in {**limits} if "/" in name and asked.get(name, limits[name]) != limits[name]):
        path = json_path((*owner.way, "resources", "requests", name))
        told = _told(owner, "requests", name)
        raise FieldError(path, "must be as much as its limit, which is no other for such a resource", told)
    return {**limits, **asked}


def _told(owner: At, kind: str, name: str) -> str:
    """An amount as it is written."""
    return str(owner.key("resources").key(kind).key(name).value)


def _amounts(owner: At, kind: str) -> PodAmounts:
    """Requests or limits; of extended resources, which a node has one by one, whole ones."""
    found = owner.amounts("resources", kind)
    for name, value in found.items():
        path = json_path((*owner.way, "resources", kind, name))
        if "/" not in name and name not in _NATIVE and not name.startswith("hugepages-"):
            raise FieldError(
                path, f"must be one of {', '.join(_NATIVE)}, hugepages-SIZE, or have a domain in front", name
            )
        if "/" in name and value.denominator > 1:
            raise FieldError(path, "must be a whole number: such a resource can't be divided", _told(owner, kind, name))
        if is_accelerator(name) and value > MOST:
            raise FieldError(path, f"must be at most {MOST:,}: no machine has more accelerators", str(value))
    return found


def _sum(left: Mapping[str, Fraction], right: Mapping[str, Fraction]) -> PodAmounts:
    return {name: left.get(name, Fraction(0)) + right.get(name, Fraction(0)) for name in {**left, **right}}


def _larger(left: Mapping[str, Fraction], right: Mapping[str, Fraction]) -> PodAmounts:
    return {name: max(left.get(name, Fraction(0)), right.get(name, Fraction(0))) for name in {**left, **right}}
