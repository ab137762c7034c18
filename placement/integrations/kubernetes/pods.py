"""Pods as copies: whose they are, what they need, where they stand and may stand, and what keeps them from moving.

A pod is held to the nodes that can mount its volumes; one with a volume on its node stays there. Copies of one owner
that mount volumes of several places are one component all the same, which of them is where no plan can tell: they stay.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from placement.catalogue.readers.fields import At
from placement.grouping import grouped
from placement.integrations.kubernetes.asks import NO_ASK, OF_ACCELERATORS, Ask, ask_of
from placement.integrations.kubernetes.claims import DeviceClaim, claims_of
from placement.integrations.kubernetes.inventory import is_accelerator
from placement.integrations.kubernetes.naming import Owner
from placement.integrations.kubernetes.neighbours import Neighbours, neighbours_of
from placement.integrations.kubernetes.objects import EPHEMERAL, HUGE_PAGES, KubeCluster, KubeObject
from placement.integrations.kubernetes.own_rules import as_written
from placement.integrations.kubernetes.requests import effective_requests
from placement.integrations.kubernetes.selectors import NodeRules, node_rules
from placement.integrations.kubernetes.unread import tell_unread
from placement.integrations.kubernetes.volumes import Terms, Volumes, names_mounted
from placement.integrations.notes import Notes
from placement.units import BYTES_PER_MIB, whole_in

COMPONENT = "gpu-placement/component"  # annotation of exported pods: the component that they are copies of
OPTION = "gpu-placement/option"  # ... and the index of the option that they run by
RESERVATION_SPACES = ("kai-resource-reservation", "runai-reservation")  # of KAI's pods that hold a shared accelerator
_STAYS = {
    "karpenter.sh/do-not-disrupt": "true",
    "karpenter.sh/do-not-evict": "true",
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
}
_COUNTED = ("cpu", "memory", *OF_ACCELERATORS)
_ENDED = ("Succeeded", "Failed")
_PHASES = ("Pending", "Running", *_ENDED, "Unknown")
_OF_NODE = ("DaemonSet", "Node")  # owners whose pods come with their node


@dataclass(frozen=True, slots=True)
class PodShape:
    """All that copies of one component share: equal shapes of one owner are one component."""

    cpu_milli: int
    memory_mib: int
    ask: Ask
    rules: NodeRules
    neighbours: Neighbours
    other: tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, slots=True)
class PodRow:
    """A pod that runs, or waits to (`node` is empty then)."""

    pod: KubeObject
    node: str
    owner: Owner
    shape: PodShape
    priority: int
    pin: str  # why it must not move; empty where it may
    is_of_node: bool  # it comes with the node: of a DaemonSet, or started by the kubelet itself
    claims: tuple[DeviceClaim, ...]


def read_pods(cluster: KubeCluster, claims: Mapping[tuple[str, str], DeviceClaim], notes: Notes) -> list[PodRow]:
    """Every pod that runs or waits; those that have ended or are leaving are not copies."""
    priorities = cluster.read_kind("PriorityClass", lambda row: row.at.whole_at("value") or 0)
    classes = {row.name: value for row, value in priorities}
    seen: set[str] = set()

    def read(pod: KubeObject) -> PodRow | None:
        return _pod(as_written(pod), cluster, claims, classes, seen, notes)

    pods = sorted(cluster.of("Pod"), key=written_option)  # of those that share a claim the first asks for its devices
    return [row for row in cluster.read_each(pods, read) if row is not None]


def written_option(pod: KubeObject) -> int:
    """The option that an exported pod names; 0 for others."""
    written = pod.annotations.get(OPTION, "") if pod.annotations.get(COMPONENT) else ""
    return whole_in(written) or 0


def _pod(
    pod: KubeObject,
    cluster: KubeCluster,
    claims: Mapping[tuple[str, str], DeviceClaim],
    classes: Mapping[str, int],
    seen: set[str],
    notes: Notes,
) -> PodRow | None:
    spec = pod.at.key("spec")
    if pod.at.choice_at(_PHASES, "status", "phase") in _ENDED:
        return None
    if pod.at.get("metadata", "deletionTimestamp"):
        notes.ignored(pod.place, "is being deleted: no copy, and what it holds counts as free")
        return None
    if pod.namespace in RESERVATION_SPACES:
        notes.ignored(pod.place, "holds an accelerator for pods that share it, which are counted themselves")
        return None
    owner = owner_of(pod, cluster)
    asked = effective_requests(pod.at)
    named = [(name, claims.get((pod.namespace, name))) for name in claims_of(pod)]
    held = [claim for _, claim in named if claim is not None]
    for name in (name for name, claim in named if claim is None):
        notes.ignored(f"{pod.place} claim {name}", "was not given: add resourceclaims to the command")
    told = owner.place
    ask = ask_of(pod, asked, held, notes, told)
    pin = _pin(pod, owner)
    for read in (names_mounted, controller_of):
        read(pod)  # which refuses what is damaged here, with all other faults
    shared = next((claim for claim in held if claim.users > 1), None)
    if shared is not None:
        pin = f"it shares {shared.place} with other pods"
        ask = _ask_of_sharer(pod, shared, ask, seen, notes)
    if owner.kind not in _OF_NODE:
        tell_unread(pod, told, notes)
    others = tuple(sorted((name, value) for name, value in asked.items() if _is_other(name)))
    if spec.rows("schedulingGates"):
        notes.ignored(f"{told} spec.schedulingGates", "a gated pod is a copy to be placed like others")
    neighbours = neighbours_of(pod, notes, told)
    shape = PodShape(
        ceil(asked.get("cpu", 0) * 1000),
        ceil(asked.get("memory", 0) / BYTES_PER_MIB),
        ask,
        replace(node_rules(spec, notes, told), domains=neighbours.domains()),
        neighbours,
        others,
    )
    is_of_node = owner.kind in _OF_NODE
    priority = _priority(spec, classes, notes, told)
    return PodRow(pod, spec.text_at("nodeName"), owner, shape, priority, pin, is_of_node, tuple(held))


def _ask_of_sharer(pod: KubeObject, claim: DeviceClaim, ask: Ask, seen: set[str], notes: Notes) -> Ask:
    """The first pod of a claim asks for its devices, the others for none."""
    if claim.held and not pod.at.key("spec").text_at("nodeName"):
        notes.ignored(pod.place, f"waits, and shares {claim.place} with pods that run: it can only stand there")
    found = NO_ASK if claim.place in seen else ask
    seen.add(claim.place)
    return found


def _is_other(name: str) -> bool:
    """Whether a problem has no room for a resource: an extended one, or one of the kubelet's own."""
    own = name == EPHEMERAL or name.startswith(HUGE_PAGES)
    return own or (name not in _COUNTED and not is_accelerator(name) and "/" in name)


def owner_of(pod: KubeObject, cluster: KubeCluster) -> Owner:
    """What a person wrote: a Deployment rather than its ReplicaSet, a component rather than what was exported of it."""
    component = pod.annotations.get(COMPONENT)
    if component:
        return Owner("", "", component)
    group = pod.labels.get("leaderworkerset.sigs.k8s.io/name")
    if group:
        return Owner("LeaderWorkerSet", pod.namespace, group)
    return made_by(pod, cluster)


def deployment_of(pod: KubeObject, cluster: KubeCluster) -> Owner | None:
    """The Deployment that started a pod, whosever copy it is; None for other pods."""
    found = made_by(pod, cluster)
    return found if found.kind == "Deployment" else None


def made_by(pod: KubeObject, cluster: KubeCluster) -> Owner:
    """What made a pod, whosever copy it is: a Deployment rather than its ReplicaSet."""
    made = controller_of(pod)
    if made is None:
        return Owner("Pod", *pod.key)
    if made.kind != "ReplicaSet":
        return made._replace(namespace="") if made.kind == "Node" else made
    found = cluster.get(*made)
    above = controller_of(found) if found else None
    if above is not None:
        return above
    suffix = f"-{pod.labels.get('pod-template-hash', '')}"
    if len(suffix) > 1 and made.name.endswith(suffix) and len(made.name) > len(suffix):
        return Owner("Deployment", made.namespace, made.name.removesuffix(suffix))
    return made


def controller_of(found: KubeObject) -> Owner | None:
    """What made an object; None where nothing did."""
    for row in found.at.rows("metadata", "ownerReferences"):
        if row.true_at("controller"):
            return Owner(row.key("kind").text(), found.namespace, row.key("name").text())
    return None


def _pin(pod: KubeObject, owner: Owner) -> str:
    """Why a pod must stay where it is; empty where it may move."""
    if told := pod.annotation_of(_STAYS):
        return told
    if owner.kind == "Pod":
        return "nothing would start it again: it has no controller"
    if owner.kind in _OF_NODE:
        return "it comes with its node"
    if owner.kind == "Job":
        return "it runs to its end"
    if any(row.get("hostPath") for row in pod.at.key("spec").rows("volumes")):
        return "it uses a folder of its node (hostPath)"
    return ""


def _priority(spec: At, classes: Mapping[str, int], notes: Notes, owner: str) -> int:
    number, name = spec.whole_at("priority"), spec.text_at("priorityClassName")
    if number is None and name and name not in classes:
        notes.assumed(f"{owner} priorityClassName {name}", "0: no such class was given; add priorityclasses")
    return classes.get(name, 0) if number is None else number


def bound_to_volumes(found: Sequence[PodRow], volumes: Volumes, notes: Notes) -> list[PodRow]:
    """The same pods, held to nodes that can mount their volumes; notes say what of that is not known.

    A pod whose volume is on its node stays, and so does one with a volume of an owner whose pods have volumes of
    several places: copies are alike, so each could be moved to where the volume of another is.
    """
    of_owner = grouped((row.owner, index) for index, row in enumerate(found) if not row.is_of_node)  # never placed
    bound = list(found)
    for members in of_owner.values():
        pods = [found[index] for index in members]
        _tell_claims(pods, volumes, notes)
        terms = [volumes.terms_of(row.pod) for row in pods]
        is_one_place = len({*terms}) == 1
        held = [_pinned(row, one, alone=not is_one_place) for row, one in zip(pods, terms, strict=True)]
        if not is_one_place and any(one and not row.node for row, one in zip(held, terms, strict=True)):
            told = "its pods have volumes of several places: that one which waits must start where its volume is"
            notes.ignored(f"{pods[0].owner.place} spec.volumes", f"{told} can't be said")
        for index, row in zip(members, held, strict=True):
            if is_one_place and terms[0]:
                row = replace(row, shape=replace(row.shape, rules=replace(row.shape.rules, volumes=terms[0])))
            bound[index] = row
    return bound


def _pinned(row: PodRow, terms: tuple[Terms, ...], *, alone: bool) -> PodRow:
    """A pod that stays: its volume can be mounted on nodes that it names, or is not where those of others are."""
    if not row.node or not terms:
        return row
    is_local = any(all(term.names_node for term in one) for one in terms)
    why = "its volume is on its node" if is_local else "its pods have volumes of several places" if alone else ""
    return replace(row, pin=row.pin or why)


def _tell_claims(pods: Sequence[PodRow], volumes: Volumes, notes: Notes) -> None:
    """Notes on claims that were not given, and on those that copies of one owner share."""
    users = Counter(claim for row in pods for claim in volumes.mounted_by(row.pod))
    place = f"{pods[0].owner.place} spec.volumes"
    if any(not claim.is_known or (claim.volume and claim.volume not in volumes.terms) for claim in users):
        told = "a volume may be bound to a zone or a node, which is not read: add persistentvolumeclaims and "
        notes.ignored(place, f"{told}persistentvolumes to the command")
    for claim, number in users.items():
        if number > 1 and claim.is_known and not claim.is_of_many:
            notes.ignored(place, f"{number} copies share {claim.place}, and {claim.holders}: that can't be said")
