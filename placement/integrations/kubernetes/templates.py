"""Pod templates from what runs: a copy of a component again, without what the cluster added to its pod."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from placement.documents import Component, Plan, Pool, Problem
from placement.grouping import grouped
from placement.integrations.kubernetes.claims import DeviceClaim, named_claims, read_claims, slice_devices
from placement.integrations.kubernetes.cleaning import own_labels
from placement.integrations.kubernetes.generations import PodGeneration, generation_of
from placement.integrations.kubernetes.machines import NodeMachine, read_machines
from placement.integrations.kubernetes.naming import GROUPS, KARPENTER_POOL, OF_PARTS, Owner
from placement.integrations.kubernetes.objects import Json, KubeCluster, KubeObject
from placement.integrations.kubernetes.pods import (
    COMPONENT,
    OPTION,
    PodRow,
    bound_to_volumes,
    controller_of,
    deployment_of,
    made_by,
    read_pods,
)
from placement.integrations.kubernetes.volumes import Volumes
from placement.integrations.kubernetes.workloads import service_running, split, workloads_of
from placement.integrations.notes import Notes
from placement.integrations.serving import command_of
from placement.integrations.variants import avoided
from placement.units import whole_in

HASH = "pod-template-hash"
_LATE_LABEL = (
    "Karpenter is to start nodes of it, and knows no label of shared accelerators before they run: copies are not held "
    "to nodes with it"
)


@dataclass(frozen=True)
class Templates:
    """By component and option the pods that run and what new ones are made of; nodes; what was exported."""

    pods: Mapping[tuple[str, int], PodGeneration] = field(default_factory=dict)
    machines: Mapping[str, NodeMachine] = field(default_factory=dict)  # by node
    cluster: KubeCluster = field(default_factory=KubeCluster)  # all that was given
    rows: Sequence[tuple[PodRow, str]] = ()  # all pods, with their component; empty for those that come with a node
    asked: Set[str] = frozenset()  # labels of nodes that rules of pods look at
    exported: Mapping[tuple[str, str], str] = field(default_factory=dict)  # namespace and Deployment -> component
    by_component: Mapping[str, Sequence[KubeObject]] = field(default_factory=dict)  # one for each set of labels
    services: Mapping[str, KubeObject] = field(default_factory=dict)  # by component the InferenceService that runs it
    claims: Mapping[tuple[str, str], DeviceClaim] = field(default_factory=dict)  # by namespace and name
    volumes: Volumes = field(default_factory=Volumes)

    @cached_property
    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """By node."""
        return {name: row.labels for name, row in self.machines.items()}

    @cached_property
    def by_owner(self) -> Mapping[Owner | None, Sequence[KubeObject]]:
        """Pods by what made them: those of a Deployment by it and by their ReplicaSet."""
        pods = [row.pod for row, _ in self.rows]
        return grouped((key, pod) for pod in pods for key in {controller_of(pod), deployment_of(pod, self.cluster)})

    @cached_property
    def by_hash(self) -> Mapping[tuple[str, str], Sequence[KubeObject]]:
        """Pods by namespace and the hash of their ReplicaSet's template."""
        return grouped(((pod.namespace, pod.labels.get(HASH, "")), pod) for pod in (row.pod for row, _ in self.rows))

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[KubeObject]]:
        return grouped((component, row.pod) for row, component in self.rows)

    def beside(self, component: str) -> list[Owner]:
        """What runs copies beside those that were exported of a component, by name: an export was half applied."""
        own = self.by_name.get(component, ())
        return sorted({made_by(pod, self.cluster) for pod in own if not pod.annotations.get(COMPONENT)})

    def of(self, component: Component, option: int) -> PodGeneration | None:
        """What a new copy is made of; None where none runs by that option."""
        found = self.pods.get((component.name, option))
        if found is None and not command_of(component, option):
            # One shape of pods may be several options: what it takes differs by accelerator.
            others = [row for (name, _), row in self.pods.items() if name == component.name]
            found = others[0] if len(others) == 1 else None
        return found

    def claims_of(self, component: Component, option: int) -> dict[str, list[DeviceClaim]]:
        """By its name in the pod the claims of the copies that run: that of `of` first; none where it was not given."""
        made_of = self.of(component, option)
        found = made_of.pods if made_of else ()
        named = [named_claims(pod) for pod in found]
        return {
            key: [
                self.claims[pod.namespace, names[key]]
                for pod, names in zip(found, named, strict=True)
                if (pod.namespace, names.get(key, "")) in self.claims
            ]
            for key in (named[0] if named else ())
        }


@dataclass
class ExportContext(ABC):
    """What all manifests of one export share: a plan, what runs, notes as they come, the label that tells zones."""

    problem: Problem
    plan: Plan
    templates: Templates
    notes: Notes
    zone_label: str

    @cached_property
    def avoided(self) -> Mapping[str, Set[str]]:
        """By component those that must not be on one machine with it."""
        return avoided(self.problem)

    @cached_property
    def planned(self) -> Counter[str]:
        """By component its copies in the plan."""
        return Counter(row.component for row in self.plan.assignments)

    @cached_property
    def running(self) -> Counter[str]:
        """By component its copies that run now."""
        return Counter(row.component for row in self.problem.placements)

    @cached_property
    def nodes_of_pool(self) -> Mapping[str, Sequence[str]]:
        """By pool its machines that run now."""
        return grouped((row.pool, row.id) for row in self.problem.instances)

    @cached_property
    def zones_planned(self) -> Mapping[str, Sequence[str]]:
        """By component the zone of each copy of the plan."""
        zone_of = self.problem.zones_of(self.plan.instances)
        return grouped((row.component, zone_of[row.instance]) for row in self.plan.assignments)

    @cached_property
    def zones_running(self) -> Mapping[str, Sequence[str]]:
        """By component the zone of each copy that runs now."""
        zone_of = self.problem.zones_of(self.problem.instances)
        return grouped((row.component, zone_of[row.instance]) for row in self.problem.placements)

    @property
    @abstractmethod
    def labels_of_pools(self) -> Mapping[str, Mapping[str, str]]:
        """By pool the labels of its nodes, as far as pods can be held to them."""

    def are_of_karpenter(self, pool: Pool) -> bool:
        """Whether Karpenter starts the nodes of a pool, by its labels and those of the nodes that run."""
        if KARPENTER_POOL in pool.labels or any(key.endswith(GROUPS) for key in pool.labels):
            return KARPENTER_POOL in pool.labels
        known = self.templates
        return known.cluster.has("NodePool") or any(KARPENTER_POOL in labels for labels in known.labels.values())

    def selected(self, pool: Pool) -> dict[str, str]:
        """Labels of its nodes that pods may ask for. Of nodes that Karpenter is to start, those of parts come later."""
        labels, new = self.labels_of_pools[pool.name], {row.pool for row in self.plan.instances if row.new}
        is_started = pool.name in new and self.are_of_karpenter(pool)
        found = {key: value for key, value in labels.items() if not (is_started and key in OF_PARTS)}
        if len(found) < len(labels):
            self.notes.inexact(f"pool {pool.name}", _LATE_LABEL)
        return found

    def off_those_with_more(self, pool: Pool) -> list[Json]:
        """Requirements that keep off nodes with all of a pool's labels and more, as another pool has them.

        Whole accelerators and time-sliced ones have one type, zone and resource, and differ by a label of the latter.
        What one of the pool's own nodes has too is not refused.
        """
        own, found = self.labels_of_pools[pool.name], dict[str, set[str]]()
        nodes = [self.templates.labels.get(name, {}) for name in self.nodes_of_pool[pool.name]]
        for labels in self.labels_of_pools.values():
            more = [key for key in labels if key not in own and all(node.get(key) != labels[key] for node in nodes)]
            if more and own.items() < labels.items():
                found.setdefault(more[-1], set()).add(labels[more[-1]])
        return [{"key": key, "operator": "NotIn", "values": sorted(values)} for key, values in sorted(found.items())]

    def accelerator(self, pool: Pool) -> str:
        """The kind of accelerator of a pool's machines; empty for none."""
        return self.problem.instance_types[pool.instance_type].accelerator or ""


def templates_of(cluster: KubeCluster, zone_label: str) -> Templates:
    """Templates and accelerators of the cluster that a problem was imported from."""
    notes = Notes()
    machines, _ = read_machines(cluster, slice_devices(cluster, notes), zone_label, notes)
    claims = read_claims(cluster)
    volumes = Volumes.of(cluster)
    pods_read = bound_to_volumes(read_pods(cluster, claims, notes), volumes, notes)
    rows, _ = split(pods_read, {row.name: row for row in machines})
    pods: dict[tuple[str, int], list[KubeObject]] = {}
    exported: dict[tuple[str, str], str] = {}
    by_component: dict[str, list[KubeObject]] = {}
    services: dict[str, KubeObject] = {}
    component_of: dict[tuple[str, str], str] = {}
    for workload in workloads_of(rows, cluster, notes):
        alike = {tuple(sorted(own_labels(row.pod).items())): row.pod for row, _ in workload.pods}
        by_component[workload.name] = [*alike.values()]
        service = service_running(workload.owner, cluster)
        if service is not None:
            services[workload.name] = service
        for row, shape in workload.pods:
            component_of[row.pod.key] = workload.name
            made = deployment_of(row.pod, cluster)
            if made is not None and row.pod.annotations.get(COMPONENT):
                exported[made.namespace, made.name] = workload.name
            option = whole_in(row.pod.annotations.get(OPTION, ""))
            pods.setdefault((workload.name, shape if option is None else option), []).append(row.pod)
    return Templates(
        pods={key: generation_of(members, cluster) for key, members in pods.items()},
        machines={row.name: row for row in machines},
        cluster=cluster,
        rows=[(row, component_of.get(row.pod.key, "")) for row in pods_read],
        asked={key for row in pods_read for key in row.shape.rules.looked_at()},
        exported=exported,
        by_component=by_component,
        services=services,
        claims=claims,
        volumes=volumes,
    )
