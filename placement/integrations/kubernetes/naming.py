"""Names of documents as names and labels of Kubernetes: any text in, letters and digits out, no two alike."""

import re
from collections.abc import Mapping
from typing import NamedTuple, Self

from placement.catalogue.readers.kubernetes import NO_ZONE
from placement.catalogue.tables import regions
from placement.documents import Component, Pool
from placement.integrations.labels import digest

HOSTNAME, ZONE, TYPE = "kubernetes.io/hostname", "topology.kubernetes.io/zone", "node.kubernetes.io/instance-type"
ZONE_ID = "topology.k8s.aws/zone-id"  # nodes of AWS have it beside ZONE, which is the zone's name in one account
ZONES, REGION = (ZONE, ZONE_ID), "topology.kubernetes.io/region"
REQUIRED, PREFERRED = (f"{how}DuringSchedulingIgnoredDuringExecution" for how in ("required", "preferred"))
KARPENTER_POOL = "karpenter.sh/nodepool"  # label of its nodes
GPU = "nvidia.com/gpu"  # the resource
GROUPS = ("nodepool", "nodegroup", "agentpool")  # how labels of nodes end that name a group of nodes
_OF_PLATFORMS = (
    *("kubernetes.io", "k8s.io", "karpenter.sh", "karpenter.k8s.aws", "amazonaws.com", "eksctl.io", "google.com"),
    *("azure.com", "nvidia.com", "amd.com", "intel.com", "oraclecloud.com", "openshift.io", "run.ai"),
)
# What tells nodes whose accelerators are handed out in parts: labels that a node gets once it runs.
OF_PARTS = (
    *("nvidia.com/gpu.replicas", "cloud.google.com/gke-max-shared-clients-per-gpu"),
    *("cloud.google.com/gke-gpu-partition-size", "nvidia.com/gpu.product"),
)
OWNER, COMPONENT_LABEL, GROUP_LABEL = "owner", "gpu-placement/component", "gpu-placement/group"
# Owners whose pods have names, volumes or groups of their own. KubeRay counts pods by their labels, whoever made them:
# of a Deployment of a RayCluster's pods it would end as many workers, and stop at a second head.
NAMED = ("StatefulSet", "LeaderWorkerSet", "RayCluster")
_MOST = 63  # of a label's value, and of a name that is part of one
_OWNER = re.compile(r"[A-Za-z]+ (?P<space>[a-z0-9-]{1,63})/(?P<name>.{1,2000})", re.ASCII)
_HASHED = re.compile(r"-[0-9a-f]{6}$", re.ASCII)  # a name that looks like one with a hash gets one, too
_AWS_ZONE_ID = re.compile(r"[a-z]{2,6}\d(-[a-z]{2,4}\d)?-az\d{1,2}", re.ASCII)
_SPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", re.ASCII)
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", re.ASCII)


def slug(*parts: str, most: int = _MOST) -> str:
    """A name by RFC 1123: lower case, and told apart by a hash where that loses something.

    Two dashes stand between parts, and in none of them. So a-b on c is not called what a on b-c is.

    >>> slug("chat-8b"), slug("shop/chat 8b; rm -rf /"), slug("shop", "chat")
    ('chat-8b', 'shop-chat-8b-rm-rf-74436f', 'shop--chat')
    """
    whole = "--".join(parts)
    made = "--".join(filter(None, (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts)))
    if made and made == whole and len(made) <= most and not _HASHED.search(made):
        return made
    joined = "\0".join(parts)
    return f"{made[: most - 7].strip('-') or 'x'}-{digest(joined, 6)}"


class Owner(NamedTuple):
    """What makes pods: the object that a person wrote."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, component: Component) -> Self:
        """What the copies of a component were imported from; without a namespace, or a kind, where nothing tells it."""
        told = component.labels.get(OWNER, "")
        found = _OWNER.fullmatch(told)
        kind, _, name = told.partition(" ")
        return cls(kind, found["space"], found["name"]) if found else cls(kind, "", name)

    @property
    def is_left_alone(self) -> bool:
        """Whether no Deployment is written in its place: none can replace its pods."""
        return self.kind in ("Pod", "Job", "DaemonSet", "Node", *NAMED)

    @property
    def place(self) -> str:
        """What notes call it.

        >>> Owner("Job", "shop", "a").place, Owner("Node", "", "n1").place, Owner("", "", "shop/a").place
        ('Job shop/a', 'Node n1', 'shop/a')
        """
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {name}" if self.kind else name


def is_namespace(text: str) -> bool:
    return _SPACE.fullmatch(text) is not None


def is_object_name(text: str) -> bool:
    """Whether a text can be the name of an object: a subdomain by RFC 1123."""
    return len(text) <= 253 and all(_SPACE.fullmatch(part) for part in text.split("."))


def is_label(key: str, value: str) -> bool:
    """Whether they can be a label: nodes are selected by such ones alone."""
    return len(key) <= 317 and _KEY.fullmatch(key) is not None and _VALUE.fullmatch(value) is not None


def labels_of_row(pool: Pool, own: Mapping[str, str]) -> dict[str, str]:
    """Labels of nodes that stand for a pool's type and zone, where none of its `own` says what zone they are in."""
    told = {TYPE: pool.instance_type}
    return (
        told if pool.zone == NO_ZONE or any(key in own for key in ZONES) else told | {_zone_label(pool.zone): pool.zone}
    )


def _zone_label(zone: str) -> str:
    """The label by which nodes tell where they are: of an id of AWS, of a region that stands for its zones, of a name.

    >>> [_zone_label(zone).rpartition("/")[2] for zone in ("us-east-1a", "use1-az1", "usw2-lax1-az2", "us-central1")]
    ['zone', 'zone-id', 'zone-id', 'region']
    """
    if _AWS_ZONE_ID.fullmatch(zone):
        return ZONE_ID
    return REGION if zone in regions() else ZONE


def domain_of(key: str) -> str:
    """What stands before the slash of a label's key; empty where nothing does."""
    return key.rpartition("/")[0]


def is_of_platform(key: str) -> bool:
    """Whether a label comes from the cloud, the kubelet or what finds out about hardware.

    >>> is_of_platform("nvidia.com/gpu.product"), is_of_platform("example.com/team"), is_of_platform("team")
    (True, False, False)
    """
    domain = domain_of(key)
    return domain.endswith(_OF_PLATFORMS) or key == "agentpool" or domain == "gpu-placement"
