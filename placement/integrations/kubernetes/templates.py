"""Pod templates from what runs: a copy of a component again, without what the cluster added to its pod."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from placement.integrations.kubernetes.annotations import in_common
from placement.integrations.kubernetes.claims import named_claims, read_claims, slice_devices
from placement.integrations.kubernetes.machines import read_machines
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, GROUP_LABEL
from placement.integrations.kubernetes.pods import COMPONENT, OPTION, deployment_of, read_pods
from placement.integrations.kubernetes.workloads import service_running, split, workloads_of
from placement.integrations.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.integrations.kubernetes.claims import DeviceClaim
    from placement.integrations.kubernetes.objects import KubeCluster, KubeObject

Json = dict[str, Any]
PLACEHOLDER = "registry.invalid/replace-this-image:latest"
# What the API server, the scheduler and controllers add to a pod.
_ADDED = (
    *("nodeName", "priority", "preemptionPolicy", "hostname", "subdomain", "schedulingGates", "serviceAccount"),
    *("ephemeralContainers", "deprecatedServiceAccount"),
)
_ADDED_LABELS = (
    *("pod-template-hash", "controller-revision-hash", "controller-uid", "job-name", "runai-gpu-group"),
    *("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"),
    *("batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"),
)
_ADDED_TOLERATIONS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOKEN = "kube-api-access-"


class PodTemplate(NamedTuple):
    """What a new copy has; `differing` are annotations that pods which run do not have alike, so that it has none."""

    labels: dict[str, str]
    annotations: dict[str, str]
    spec: Json
    differing: Sequence[str] = ()


@dataclass(frozen=True)
class Templates:
    """By component and option the pods that run; UUIDs and labels by node; what was exported."""

    pods: Mapping[tuple[str, int], Sequence[KubeObject]] = field(default_factory=dict)
    uuids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    managers: Mapping[str, str] = field(default_factory=dict)  # by node: plugin, hami, dra
    node_pools: Sequence[KubeObject] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by node
    exported: Mapping[tuple[str, str], str] = field(default_factory=dict)  # namespace and Deployment -> component
    by_component: Mapping[str, Sequence[KubeObject]] = field(default_factory=dict)  # one for each set of labels
    services: Mapping[str, str] = field(default_factory=dict)  # by component the InferenceService that runs it
    claims: Mapping[tuple[str, str], DeviceClaim] = field(default_factory=dict)  # by namespace and name

    def of(self, component: str, option: int) -> PodTemplate | None:
        """The template of a new copy; None where none runs by that option."""
        found = self._pods(component, option)
        if not found:
            return None
        alike, differing = in_common([pod.annotations for pod in found])
        return PodTemplate(own_labels(found[0]), alike, clean_spec(found[0].at.key("spec").value), differing)

    def claims_of(self, component: str, option: int) -> dict[str, list[DeviceClaim]]:
        """By its name in the pod the claims of the copies that run: that of `of` first; none where it was not given."""
        found = self._pods(component, option)
        named = [named_claims(pod) for pod in found]
        return {
            key: [
                self.claims[pod.namespace, names[key]]
                for pod, names in zip(found, named, strict=True)
                if (pod.namespace, names.get(key, "")) in self.claims
            ]
            for key in (named[0] if named else ())
        }

    def _pods(self, component: str, option: int) -> Sequence[KubeObject]:
        found = self.pods.get((component, option))
        if found is None:  # one shape of pods may be several options: what it takes differs by accelerator
            others = [pods for (name, _), pods in self.pods.items() if name == component]
            found = others[0] if len(others) == 1 else None
        return found or ()


def own_labels(pod: KubeObject) -> dict[str, str]:
    """The labels of a pod that its owner wrote."""
    added = (*_ADDED_LABELS, GROUP_LABEL, COMPONENT_LABEL)
    return {
        key: value for key, value in pod.labels.items() if key not in added and not key.startswith("runai-gpu-group/")
    }


def clean_spec(spec: Json) -> Json:
    """A spec as a person wrote it, as far as that can be told."""
    found = {key: copy.deepcopy(value) for key, value in spec.items() if key not in _ADDED}
    found["tolerations"] = [row for row in _rows(found, "tolerations") if row.get("key") not in _ADDED_TOLERATIONS]
    found["volumes"] = [row for row in _rows(found, "volumes") if not _is_token(row)]
    for part in ("containers", "initContainers"):
        for container in _rows(found, part):
            container["volumeMounts"] = [row for row in _rows(container, "volumeMounts") if not _is_token(row)]
            for key in ("volumeMounts", "resources"):
                if not container.get(key):
                    container.pop(key, None)
    for key in ("tolerations", "volumes"):
        if not found[key]:
            del found[key]
    return found


def _rows(owner: Json, key: str) -> list[Json]:
    """The mappings in a list; nothing else can be there, and what is would be refused by the server."""
    found = owner.get(key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _is_token(volume: Json) -> bool:
    """Whether a volume is the token that every pod is given."""
    return str(volume.get("name", "")).startswith(_TOKEN)


def templates_of(cluster: KubeCluster, zone_label: str, source: str) -> Templates:
    """Templates and accelerators of the cluster that a problem was imported from.

    Raises
    ------
    DocumentError
        An object is damaged.
    """
    notes = Notes()
    machines, _ = read_machines(cluster, slice_devices(cluster, notes, source), zone_label, notes, source)
    claims = read_claims(cluster, source)
    rows, _ = split(read_pods(cluster, claims, notes, source), {row.name: row for row in machines})
    pods: dict[tuple[str, int], list[KubeObject]] = {}
    exported: dict[tuple[str, str], str] = {}
    by_component: dict[str, list[KubeObject]] = {}
    services: dict[str, str] = {}
    for workload in workloads_of(rows, cluster, notes, source):
        alike = {tuple(sorted(own_labels(row.pod).items())): row.pod for row, _ in workload.pods}
        by_component[workload.name] = [*alike.values()]
        service = service_running(workload.owner, cluster)
        if service is not None:
            services[workload.name] = service.place
        for row, shape in workload.pods:
            made = deployment_of(row.pod, cluster)
            if made is not None and row.pod.annotations.get(COMPONENT):
                exported[made.namespace, made.name] = workload.name
            option = row.pod.annotations.get(OPTION, "")
            number = int(option) if option.isdigit() and len(option) < 9 else shape
            pods.setdefault((workload.name, number), []).append(row.pod)
    return Templates(
        pods,
        {row.name: row.held.uuids for row in machines if row.held.uuids},
        {row.name: row.held.manager for row in machines if row.held.count},
        cluster.of("NodePool"),
        {row.name: row.labels for row in machines},
        exported,
        by_component,
        services,
        claims,
    )
