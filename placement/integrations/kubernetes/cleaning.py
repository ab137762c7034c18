"""What a person wrote of an object that runs, without what the cluster added: a new one in its place has it too.

A pod does not say who wrote what. So what is known to be added is left out by name, and everything else is kept:
annotations as far as all pods of a component have them alike, as rules of schedulers and autoscalers stand there.
"""

import copy
from collections.abc import Iterable, Mapping

from placement.integrations.kubernetes.naming import COMPONENT_LABEL, GROUP_LABEL, PREFERRED, REQUIRED
from placement.integrations.kubernetes.objects import Json, KubeObject, mapping_under, mappings_under
from placement.integrations.notes import Notes
from placement.units import listed

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
# What the API server, admission, networks and schedulers write on a pod that runs; all that begins so.
_ADDED_ANNOTATIONS = (
    *("gpu-placement/", "kubectl.kubernetes.io/last-applied-configuration", "kubectl.kubernetes.io/restartedAt"),
    *("kubernetes.io/config.", "kubernetes.io/limit-ranger", "kubernetes.io/psp", "openshift.io/scc"),
    *("security.openshift.io/validated-scc-subject-type", "sidecar.istio.io/status", "vpaObservedContainers"),
    *("vpaUpdates", "cni.projectcalico.org/containerID", "cni.projectcalico.org/podIP", "k8s.ovn.org/pod-networks"),
    *("k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status", "vpc.amazonaws.com/pod-"),
    *("cloud.google.com/cluster_autoscaler_unhelpable", "hami.io/bind-", "hami.io/vgpu-", "pod-group-name"),
    *("meta.helm.sh/", "received-resource-type", "batch.kubernetes.io/job-completion-index"),
)
_OF_THE_PLAN = ("replicas", "selector", "template", "strategy", "paused")
# Whoever manages the Deployment that runs would take a copy with these for its own, and delete what it did not write.
_OF_TOOLS = (
    *("argocd.argoproj.io/", "helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/", "objectset.rio.cattle.io/"),
    *("meta.helm.sh/", "app.kubernetes.io/managed-by", "applyset.kubernetes.io/"),
)


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
        found += mappings_under(terms, REQUIRED)
        weighed = mappings_under(terms, PREFERRED)
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


def kept_annotations(told: Mapping[str, str]) -> dict[str, str]:
    """Those that the owner wrote."""
    return {key: value for key, value in told.items() if not key.startswith(_ADDED_ANNOTATIONS)}


def kept_metadata(found: KubeObject, notes: Notes) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of an object that one in its place has too; a note on those that name who manages it."""
    told = {**found.labels, **found.annotations}
    tools = sorted(key for key in told if key.startswith(_OF_TOOLS))
    if tools:
        why = "say which tool manages it: not carried over. It goes on to manage that one, and may start it again"
        why += ": take it out there once the new one runs"
        notes.ignored(f"{found.place} {listed(tools)}", why)
    others = ("gpu-placement/", "deployment.kubernetes.io/", *_OF_TOOLS)
    labels, annotations = (
        {key: value for key, value in rows.items() if not key.startswith(others)}
        for rows in (found.labels, kept_annotations(found.annotations))
    )
    return labels, annotations


def kept_settings(found: KubeObject, notes: Notes) -> Json:
    """Fields of its specification that no plan says, such as `minReadySeconds`."""
    spec = mapping_under(found.at.value, "spec")
    if spec.get("paused"):
        notes.ignored(f"{found.place} spec.paused", "a new Deployment that is paused would start no copy")
    return {key: copy.deepcopy(value) for key, value in spec.items() if key not in _OF_THE_PLAN}


def tell_unknown(components: Iterable[str], notes: Notes) -> None:
    """A note on components whose Deployments were not given."""
    names = sorted(set(components))
    if names:
        told = "their own labels, annotations and settings (minReadySeconds, ...) are not known: add deployments"
        notes.assumed(f"Deployments of {listed(names)}", f"were not given with --cluster, so {told}")
