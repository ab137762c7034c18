"""Pods put together as components: copies of one owner and one shape; and what comes with each node.

Copies of a Deployment that is being rolled out are one component where they need the same. Else those of each shape are
a component: the newest has the Deployment's name, and the copies that are lacking. Pods that were exported from a plan
name their component: there, each shape is an option of it. Groups of pods that their owner names, as the head and the
workers of a RayCluster, are components of their own, by that name: whichever pods are the newest.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from placement.catalogue.names import free_name
from placement.catalogue.readers.fields import At
from placement.grouping import grouped
from placement.integrations.kubernetes.asks import NO_ASK
from placement.integrations.kubernetes.generations import newest_first
from placement.integrations.kubernetes.machines import NodeMachine
from placement.integrations.kubernetes.naming import Owner
from placement.integrations.kubernetes.objects import KubeCluster, KubeObject, mapping_under
from placement.integrations.kubernetes.own_rules import own_rules
from placement.integrations.kubernetes.pods import COMPONENT, PodRow, PodShape, controller_of, written_option
from placement.integrations.notes import Notes
from placement.units import count

SERVICE = "InferenceService"
_PREDICTOR = re.compile(r"(?P<service>.+)-predictor(-\d{5}-deployment)?", re.ASCII)
_GROUP = {"RayCluster": "ray.io/group"}  # label of pods with the group of their owner that they are of
_WORKER = "leaderworkerset.sigs.k8s.io/worker-index"  # label of pods of a LeaderWorkerSet: 0 leads its group
_COUNTED = ("Deployment", "StatefulSet", "ReplicaSet")  # owners that say how many copies they want


@dataclass
class Workload:
    """A component in the making: its shapes, and its pods with the index of the shape of each."""

    name: str
    owner: Owner
    group: str = ""  # of the owner's pods, where it has several
    shapes: list[PodShape] = field(default_factory=list)
    pods: list[tuple[PodRow, int]] = field(default_factory=list)
    wanted: int = 0  # copies by the owner's own count, as far as it is known, but for those of its other workloads

    @property
    def namespace(self) -> str:
        return self.pods[0][0].pod.namespace

    @property
    def priority(self) -> int:
        return max(row.priority for row, _ in self.pods)

    @property
    def copies(self) -> int:
        """Those that there are, or that its owner wants."""
        return max(len(self.pods), self.wanted)

    @property
    def place(self) -> str:
        return self.owner.place if self.owner.kind else self.name

    @property
    def origin(self) -> str:
        """What its copies came from: the kind, namespace and name of an owner, or a component that was exported."""
        if self.owner.kind:
            return self.place
        return f"Component {self.namespace}/{self.name.removeprefix(f'{self.namespace}/')}"

    def labels(self) -> list[Mapping[str, str]]:
        """The different sets of labels of its pods."""
        return list({tuple(sorted(row.pod.labels.items())): row.pod.labels for row, _ in self.pods}.values())

    def add(self, row: PodRow) -> None:
        if row.shape not in self.shapes:
            self.shapes.append(row.shape)
        self.pods.append((row, self.shapes.index(row.shape)))


def split(rows: Iterable[PodRow], machines: Mapping[str, NodeMachine]) -> tuple[list[PodRow], dict[str, list[PodRow]]]:
    """Pods that are copies, and by node those that come with it. One of the latter with accelerators is a copy too."""
    copies: list[PodRow] = []
    of_node: dict[str, list[PodRow]] = defaultdict(list)
    for row in rows:
        if row.is_of_node and row.shape.ask == NO_ASK:
            if row.node in machines:
                of_node[row.node].append(row)
        else:
            copies.append(row)
    return copies, of_node


def workloads_of(rows: Sequence[PodRow], cluster: KubeCluster, notes: Notes) -> list[Workload]:
    """Components with names of their own, in the order of their first pods."""
    found: dict[object, Workload] = {}
    exported = {row.owner.name for row in rows if not row.owner.kind}
    beside: Counter[tuple[Owner, str]] = Counter()
    for row in sorted(rows, key=lambda row: written_option(row.pod)):
        group = row.pod.labels.get(_GROUP.get(row.owner.kind, ""), "")
        name = _of_group(_base(row.owner), group)
        if row.owner.kind and name in exported:  # what ran before stands beside what was exported of it
            beside[row.owner, name] += 1
            row, group = replace(row, owner=Owner("", "", name)), ""
        key = (row.owner, group, _alike(row) if row.owner.kind else None)
        workload = found.setdefault(key, Workload("", row.owner, group))
        workload.add(row)
    taken = {row.owner.name for row in found.values() if not row.owner.kind}  # what was exported keeps its name
    kinds = grouped((_base(workload.owner), workload.owner.kind) for workload in found.values())
    for members in _by_owner(found.values(), cluster):
        base = _base(members[0].owner)
        if len({*kinds[base]}) > 1:
            base = f"{base} ({members[0].owner.kind})"
        base = _of_group(base, members[0].group)
        for workload in members:
            workload.name = base if not workload.owner.kind else free_name(base, taken)
            taken.add(workload.name)
            if workload.name != base:
                why = "its pods differ (a roll-out?)" if len(members) > 1 else f"another component is called {base}"
                notes.assumed(workload.place, f"{why}: {workload.name} is one more component")
        _share_out(members, cluster, notes)
    for (owner, name), number in beside.items():
        told = f"runs {count(number, 'pod')} beside what an export made of it (half applied?)"
        ends = "and a next export ends it" if owner.kind in ("Deployment", "ReplicaSet") else "and you are to end it"
        notes.assumed(owner.place, f"{told}: they count as copies of {name}, {ends}")
    _tell_without_pods({row.owner for row in rows}, cluster, notes)
    for workload in found.values():
        _tell_service(workload, cluster, notes)
        if workload.owner.kind == "LeaderWorkerSet":
            notes.ignored(workload.place, "pods of one group start together; here each pod is a copy of its own")
    return list(found.values())


def keep_whole(workloads: Iterable[Workload], machines: Mapping[str, NodeMachine]) -> None:
    """Copies that have whole accelerators stay on such ones: slices of time and partitions may be called alike.

    Unless an export put them there that says parts would do, too.
    """
    for workload in workloads:
        nodes = [machines[row.node] for row, _ in workload.pods if row.node]
        told = any(own_rules(row.pod).parts for row, _ in workload.pods)
        parts = told or any(machine.held.is_part for machine in nodes)
        if nodes and not parts:
            asks = (replace(row.ask, keeps_whole=row.ask.is_of_plugin) for row in workload.shapes)
            workload.shapes = [replace(row, ask=ask) for row, ask in zip(workload.shapes, asks, strict=True)]


def keep_memory(workloads: Iterable[Workload], machines: Mapping[str, NodeMachine]) -> None:
    """Copies need what an export told of each accelerator that they own: smaller ones won't do.

    But for those that run on accelerators with less: what runs has room.
    """
    for workload in workloads:
        for index, shape in enumerate(workload.shapes):
            pods = [row for row, number in workload.pods if number == index]
            told = max((own_rules(row.pod).memory for row in pods), default=0)
            if told and all(machines[row.node].held.memory_mib >= told for row in pods if row.node):
                workload.shapes[index] = replace(shape, ask=replace(shape.ask, owned_mib=told))


def _by_owner(found: Iterable[Workload], cluster: KubeCluster) -> list[list[Workload]]:
    """The workloads of each owner and group, leaders and then the newest pods first.

    So names don't follow the order of pods, and those of leaders and workers not their age.
    """
    groups = grouped(((workload.owner, workload.group), workload) for workload in found)
    for members in groups.values():
        if len(members) > 1:
            pods = [row.pod for workload in members for row, _ in workload.pods]
            age = {pod.name: index for index, pod in enumerate(newest_first(pods, cluster))}
            members.sort(key=lambda each: (_only_follows(each), min(age[row.pod.name] for row, _ in each.pods)))
    return sorted(groups.values(), key=lambda members: (members[0].owner, members[0].group))


def _only_follows(workload: Workload) -> bool:
    """Whether all its pods are workers of groups that others lead."""
    index = [row.pod.labels.get(_WORKER, "0") for row, _ in workload.pods]
    return workload.owner.kind == "LeaderWorkerSet" and "0" not in index


def _share_out(members: Sequence[Workload], cluster: KubeCluster, notes: Notes) -> None:
    """The copies that an owner wants: those that are lacking are of the newest; a note where there are more."""
    newest, *older = members
    wanted, owner = _wanted(newest, cluster), newest.owner
    newest.wanted = max(0, wanted - sum(len(row.pods) for row in older))
    pods = sum(len(row.pods) for row in members)
    if owner.kind in _COUNTED and cluster.get(*owner) and 0 < wanted < pods:
        notes.assumed(newest.place, f"has {count(pods, 'pod')} and asks for {wanted} (a roll-out?): each is a copy")


def _alike(row: PodRow) -> PodShape:
    """What copies of a component have alike: one of those that share a claim asks for its devices, others for none."""
    shares = any(claim.users > 1 for claim in row.claims)
    return replace(row.shape, ask=NO_ASK) if shares else row.shape


def _of_group(name: str, group: str) -> str:
    return f"{name} {group}" if group else name


def _base(owner: Owner) -> str:
    return f"{owner.namespace}/{owner.name}" if owner.namespace else owner.name


def service_of(deployment: str) -> str:
    """The InferenceService whose predictor KServe runs as a Deployment of that name; empty where it is no such name.

    >>> service_of("chat-predictor"), service_of("chat-predictor-00003-deployment"), service_of("chat")
    ('chat', 'chat', '')
    """
    found = _PREDICTOR.fullmatch(deployment)
    return found["service"] if found else ""


def service_running(owner: Owner, cluster: KubeCluster) -> KubeObject | None:
    """The InferenceService that a Deployment runs for; None where none was given."""
    name = service_of(owner.name) if owner.kind == "Deployment" else ""
    return cluster.get(SERVICE, owner.namespace, name) if name else None


def _tell_service(workload: Workload, cluster: KubeCluster, notes: Notes) -> None:
    """A service that KServe scales: the problem has one number of copies."""
    found = service_running(workload.owner, cluster)
    if found is None:
        return
    least, most = cluster.read_one(found, _replicas)
    if most is not None and most > least:
        told = f"{count(most, 'copy', 'copies')}: the plan is for those of now"
        notes.ignored(f"{found.place} spec.predictor.maxReplicas", told)


def _replicas(found: KubeObject) -> tuple[int, int | None]:
    predictor = found.at.key("spec", "predictor")
    return _copies_under(predictor, "minReplicas"), predictor.whole_at("maxReplicas")


def _wanted(workload: Workload, cluster: KubeCluster) -> int:
    """How many copies the owner asks for; 0 where that is not known."""
    owner = workload.owner
    found = cluster.get(*owner)
    service = service_running(owner, cluster)
    if found is None and service is not None:
        return cluster.read_one(service, _replicas)[0]
    if not owner.kind:
        exported = [row for row in cluster.of("Deployment") if _component_of(row) == workload.name]
        return sum(cluster.read_each((row for row in exported if row.namespace == workload.namespace), _copies))
    if found is None or owner.kind not in _COUNTED:
        return 0
    return cluster.read_one(found, _copies)


def _component_of(deployment: KubeObject) -> str:
    """The component that an exported Deployment runs copies of."""
    told = mapping_under(deployment.at.value, "spec", "template", "metadata", "annotations").get(COMPONENT)
    return told if isinstance(told, str) else ""


def _tell_without_pods(owners: Set[Owner], cluster: KubeCluster, notes: Notes) -> None:
    """A note on each owner that asks for copies and has no pod, such as one that a quota or an admission stops."""
    exported = {row.name for row in owners if not row.kind}
    for kind in _COUNTED:
        objects = [row for row in cluster.of(kind) if controller_of(row) is None]
        for row, copies in zip(objects, cluster.read_each(objects, _copies), strict=True):
            is_known = Owner(kind, row.namespace, row.name) in owners or _component_of(row) in exported
            if copies and not is_known:
                told = f"asks for {count(copies, 'copy', 'copies')} and has no pod that runs or waits"
                notes.ignored(row.place, f"{told}: the problem has none of them")


def _copies(found: KubeObject) -> int:
    return _copies_under(found.at, "spec", "replicas")


def _copies_under(at: At, *keys: str) -> int:
    """How many copies are asked for under keys; 1 where nothing is."""
    told = at.whole_at(*keys)
    if told is not None and told < 0:
        raise at.key(*keys).fault("must be a whole number, at least 0")
    return 1 if told is None else told
