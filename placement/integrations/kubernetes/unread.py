"""What pods ask for that a problem has no word for, told by name: nothing that may be a rule is dropped in silence.

Fields of a pod's specification are known to be read, or to be no matter of placement. Any other field is told, so what
a later version of Kubernetes adds is told too; and so inside of rules, requests and ports.
"""

from collections.abc import Mapping
from typing import Any

from placement.integrations.kubernetes.naming import PREFERRED, REQUIRED
from placement.integrations.kubernetes.objects import KubeCluster, KubeObject
from placement.integrations.notes import Notes

_GROUP_FIELDS = ("schedulingGroup", "workloadRef")  # of Kubernetes itself, by version
_READ = (
    *("nodeName", "nodeSelector", "overhead", "priority", "priorityClassName", "resourceClaims", "schedulingGates"),
    "volumes",
)
_NO_MATTER = (
    *("activeDeadlineSeconds", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks"),
    *("ephemeralContainers", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostUsers", "hostname"),
    *("hostnameOverride", "imagePullSecrets", "os", "preemptionPolicy", "readinessGates", "restartPolicy"),
    *("runtimeClassName", "schedulerName", "securityContext", "serviceAccount", "serviceAccountName"),
    *("setHostnameAsFQDN", "shareProcessNamespace", "subdomain", "terminationGracePeriodSeconds"),
)
_Tree = Mapping[str, "_Tree | None"]  # the keys that are known, and what may stand below; None: anything


def _keys(*names: str) -> dict[str, _Tree | None]:
    return dict.fromkeys(names)


_EXPRESSION = _keys("key", "operator", "values")
_SELECTOR: _Tree = {"matchLabels": None, "matchExpressions": _EXPRESSION}
_NODE_TERMS: _Tree = {"nodeSelectorTerms": {"matchExpressions": _EXPRESSION, "matchFields": _EXPRESSION}}
_POD_TERM: _Tree = {
    **_keys("topologyKey", "namespaces", "matchLabelKeys", "mismatchLabelKeys"),
    "labelSelector": _SELECTOR,
    "namespaceSelector": _SELECTOR,
}
_RESOURCES = _keys("requests", "limits", "claims")
_CONTAINER: _Tree = {
    **_keys("name", "image", "command", "args", "workingDir", "envFrom", "env", "resizePolicy", "restartPolicy"),
    **_keys("restartPolicyRules", "volumeMounts", "volumeDevices", "livenessProbe", "readinessProbe", "startupProbe"),
    **_keys("lifecycle", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "securityContext"),
    **_keys("stdin", "stdinOnce", "tty"),
    "ports": _keys("name", "containerPort", "hostPort", "hostIP", "protocol"),
    "resources": _RESOURCES,
}
_SPEC: _Tree = {
    **_keys(*_READ, *_NO_MATTER, *_GROUP_FIELDS),
    "affinity": {
        "nodeAffinity": {REQUIRED: _NODE_TERMS, PREFERRED: None},
        "podAffinity": {REQUIRED: _POD_TERM, PREFERRED: None},
        "podAntiAffinity": {REQUIRED: _POD_TERM, PREFERRED: None},
    },
    "containers": _CONTAINER,
    "initContainers": _CONTAINER,
    "resources": _RESOURCES,
    "tolerations": _keys("key", "operator", "value", "effect", "tolerationSeconds"),
    "topologySpreadConstraints": {
        **_keys("maxSkew", "topologyKey", "whenUnsatisfiable", "minDomains", "matchLabelKeys"),
        **_keys("nodeAffinityPolicy", "nodeTaintsPolicy"),
        "labelSelector": _SELECTOR,
    },
}
_OF_ALL = _keys("apiVersion", "kind", "metadata", "status")
_ANY = "*"  # among the keys of a part: of others of it nothing is told
_REQUEST = _keys("name", "deviceClassName", "allocationMode", "count", "adminAccess", "tolerations")
_ASKED: _Tree = {**_REQUEST, "selectors": {"cel": _keys("expression")}, "capacity": _keys("requests")}
_SELECTED: _Tree = {"required": _NODE_TERMS}
_ROLLING = _keys("maxUnavailable", "maxSurge", "partition")
_OBJECTS: Mapping[str, _Tree] = {
    "Node": {
        "spec": {
            **_keys("unschedulable", "podCIDR", "podCIDRs", "providerID", "externalID", "configSource"),
            "taints": _keys("key", "value", "effect", "timeAdded"),
        },
    },
    "Pod": _keys("spec"),  # whose own fields are told for each owner
    "PodDisruptionBudget": {
        "spec": {**_keys("minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy"), "selector": _SELECTOR},
    },
    "PriorityClass": _keys("value", "globalDefault", "description", "preemptionPolicy"),
    "ResourceQuota": {"spec": _keys("hard", "scopes", "scopeSelector")},
    "ResourceClaim": {
        "spec": {
            "devices": {
                "requests": {**_ASKED, "exactly": _ASKED, "firstAvailable": _ASKED},
                **_keys("constraints", "config"),
            }
        }
    },
    "ResourceSlice": {
        "spec": {
            **_keys("driver", "nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection", "sharedCounters"),
            "pool": _keys("name", "generation", "resourceSliceCount"),
            "devices": {
                **_keys("name", "attributes", "capacity", "basic", "consumesCounters", "taints"),
                **_keys("allowMultipleAllocations", "nodeName", "nodeSelector", "allNodes"),
                **_keys(
                    "bindsToNode", "bindingConditions", "bindingFailureConditions", "nodeAllocatableResourceMappings"
                ),
            },
        }
    },
    "PersistentVolume": {"spec": {_ANY: None, "nodeAffinity": _SELECTED}},
    "Deployment": {"spec": {_ANY: None, "strategy": {"type": None, "rollingUpdate": _ROLLING}}},
    "StatefulSet": {"spec": {_ANY: None, "updateStrategy": {"type": None, "rollingUpdate": _ROLLING}}},
    "LeaderWorkerSet": {
        "spec": {_ANY: None, "rolloutStrategy": {"type": None, "rollingUpdateConfiguration": _ROLLING}}
    },
}
_GROUPS = (
    *("scheduling.k8s.io/group-name", "pod-group.scheduling.sigs.k8s.io/name", "pod-group.scheduling.sigs.k8s.io"),
    *("scheduling.x-k8s.io/pod-group", "kueue.x-k8s.io/pod-group-name", "pod-group-name", "kai.scheduler/pod-group"),
)
_TOPOLOGY = (
    *("kueue.x-k8s.io/podset-required-topology", "kueue.x-k8s.io/podset-slice-required-topology"),
    *("leaderworkerset.sigs.k8s.io/exclusive-topology", "alpha.jobset.sigs.k8s.io/exclusive-topology"),
    *("kai.scheduler/topology-required-placement",),
)
_WISHES = (
    *("kueue.x-k8s.io/podset-preferred-topology", "kai.scheduler/topology-preferred-placement"),
    *("hami.io/node-scheduler-policy", "hami.io/gpu-scheduler-policy"),
)
_HAMI = (
    *("nvidia.com/use-gputype", "nvidia.com/nouse-gputype", "nvidia.com/vgpu-mode", "nvidia.com/numa-bind"),
    *("nvidia.com/use-gpuuuid", "nvidia.com/nouse-gpuuuid"),
)
_TOGETHER = "pods of one group start together; here each pod is a copy of its own"
_NOT_READ = "is not read; if it is a rule, it is not kept"


def tell_unread(pod: KubeObject, owner: str, notes: Notes) -> None:
    """A note on each field, label and annotation that is a rule elsewhere; `owner` is what the notes are about."""
    spec = pod.at.key("spec")
    for name in (name for name in _GROUP_FIELDS if name in spec.value):
        notes.ignored(f"{owner} spec.{name}", _TOGETHER)
    for place in sorted(_unknown(spec.value, _SPEC, "spec")):
        notes.ignored(f"{owner} {place}", _NOT_READ)
    told = {**pod.labels, **pod.annotations}
    for names, reason in (
        (_GROUPS, _TOGETHER),
        (_TOPOLOGY, "that copies stand together, or alone, in a part of the cluster can't be said"),
        (_WISHES, "is a wish, no rule"),
        (_HAMI, "which accelerators of a node a copy may take can't be said; which nodes have one by UUID is read"),
    ):
        for name in names:
            if name in told:
                notes.ignored(f"{owner} {name}", reason)


def tell_unread_objects(cluster: KubeCluster, notes: Notes) -> None:
    """A note on each field of objects with rules that nothing is read from, such as a mistyped one."""
    for kind, tree in _OBJECTS.items():
        for found in cluster.of(kind):
            for place in sorted(_unknown(found.at.value, {**_OF_ALL, **tree}, "")):
                notes.ignored(f"{found.place} {place.removeprefix('.')}", _NOT_READ)


def _unknown(value: Any, known: _Tree | None, place: str) -> set[str]:
    """The places below where a key stands that no rule is read from; of lists without the index."""
    if known is None:
        return set()
    if isinstance(value, list):
        return {found for row in value for found in _unknown(row, known, place)}
    if not isinstance(value, dict):
        return set()  # which is refused where it is read
    strange = (key for key, held in value.items() if key not in known and held is not None)
    found = set() if _ANY in known else {f"{place}.{key}" for key in strange}
    for key, tree in known.items():
        found |= _unknown(value.get(key), tree, f"{place}.{key}")
    return found
