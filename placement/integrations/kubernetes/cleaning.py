"""What a person wrote of a pod: its labels and its specification without what the cluster added."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from placement.integrations.kubernetes.naming import COMPONENT_LABEL, GROUP_LABEL
from placement.integrations.kubernetes.objects import mapping_under, mappings_under

if TYPE_CHECKING:
    from placement.integrations.kubernetes.objects import KubeObject

    Json = dict[str, Any]

# What the API server, the scheduler and controllers add to a pod.
_ADDED = (
    *("nodeName", "priority", "preemptionPolicy", "schedulingGates", "serviceAccount", "ephemeralContainers"),
    "deprecatedServiceAccount",
)
_ADDED_LABELS = (
    *("pod-template-hash", "controller-revision-hash", "controller-uid", "job-name", "runai-gpu-group"),
    *("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"),
    *("batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"),
)
# What the plug-in DefaultTolerationSeconds adds to each pod that says nothing else of these taints.
_ADDED_TOLERATIONS = tuple(
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("not-ready", "unreachable")
)
_TOKEN = "kube-api-access-"


def own_labels(pod: KubeObject) -> dict[str, str]:
    """The labels of a pod that its owner wrote."""
    added = (*_ADDED_LABELS, GROUP_LABEL, COMPONENT_LABEL)
    return {
        key: value for key, value in pod.labels.items() if key not in added and not key.startswith("runai-gpu-group/")
    }


def written_spec(spec: Json) -> Json:
    """What a person wrote for new pods, without the node that it may name: a plan says where they are."""
    return {key: copy.deepcopy(value) for key, value in spec.items() if key != "nodeName"}


def clean_spec(spec: Json) -> Json:
    """The spec of a pod as a person wrote it, as far as that can be told."""
    found = {key: copy.deepcopy(value) for key, value in spec.items() if key not in _ADDED}
    found["tolerations"] = [row for row in mappings_under(found, "tolerations") if row not in _ADDED_TOLERATIONS]
    found["volumes"] = [row for row in mappings_under(found, "volumes") if not _is_token(row)]
    for part in ("containers", "initContainers"):
        for container in mappings_under(found, part):
            container["volumeMounts"] = [row for row in mappings_under(container, "volumeMounts") if not _is_token(row)]
            for key in ("volumeMounts", "resources"):
                if not container.get(key):
                    container.pop(key, None)
    for rule in _with_label_keys(found):
        _drop_merged(rule)
    for key in ("tolerations", "volumes"):
        if not found[key]:
            del found[key]
    return found


def _with_label_keys(spec: Json) -> list[Json]:
    """Rules that name labels whose values are the pod's own: constraints of spread, and terms of (anti-)affinity."""
    found = mappings_under(spec, "topologySpreadConstraints")
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = mapping_under(spec, "affinity", kind)
        found += mappings_under(terms, "requiredDuringSchedulingIgnoredDuringExecution")
        weighed = mappings_under(terms, "preferredDuringSchedulingIgnoredDuringExecution")
        found += [mapping_under(row, "podAffinityTerm") for row in weighed]
    return found


def _drop_merged(rule: Json) -> None:
    """The server writes the values of `matchLabelKeys` into the selector: they are those of the pod's ReplicaSet."""
    selector = rule.get("labelSelector")
    keys = [*(rule.get("matchLabelKeys") or ()), *(rule.get("mismatchLabelKeys") or ())]
    if not isinstance(selector, dict) or not keys:
        return
    rows = [row for row in mappings_under(selector, "matchExpressions") if row.get("key") not in keys]
    selector.pop("matchExpressions", None)
    if rows:
        selector["matchExpressions"] = rows


def _is_token(volume: Json) -> bool:
    """Whether a volume is the token that every pod is given."""
    return str(volume.get("name", "")).startswith(_TOKEN)
