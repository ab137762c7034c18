"""What nodes of an exported node pool have: labels and taints as those that run, so that kept rules take them.

Karpenter starts a node for a pod only where it knows before that the node will have what the pod asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from placement.catalogue.readers.fields import At
from placement.integrations.kubernetes.manifests import TYPE, ZONE
from placement.integrations.kubernetes.naming import KARPENTER_POOL, domain_of, is_of_platform
from placement.integrations.kubernetes.neighbours import HOSTNAME
from placement.integrations.kubernetes.selectors import node_rules
from placement.integrations.kubernetes.taints import Taint
from placement.integrations.notes import Notes, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.integrations.kubernetes.groups import CopyGroup
    from placement.integrations.kubernetes.manifests import Workshop
    from placement.integrations.kubernetes.templates import Json

CAPACITY = "karpenter.sh/capacity-type"
_WELL_KNOWN = (
    *(TYPE, ZONE, "topology.kubernetes.io/region", "kubernetes.io/arch", "kubernetes.io/os", HOSTNAME),
    *("node.kubernetes.io/windows-build", "topology.k8s.aws/zone-id", CAPACITY, KARPENTER_POOL),
    *("failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"),
    *("beta.kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type"),
)
# Domains that Karpenter refuses, and parts of them that it takes.
_RESTRICTED, _OPEN = (
    ("kubernetes.io", "k8s.io"),
    ("node.kubernetes.io", "node-restriction.kubernetes.io", "kops.k8s.io"),
)


@dataclass(frozen=True)
class NodeLook:
    """Labels and taints that new nodes get, as those have beside which they stand."""

    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Taint] = ()


def look_of(pool: str, workshop: Workshop) -> NodeLook:
    """What the nodes of a pool that run have in common, without what comes with each node by itself.

    Of labels that rules of pods look at those of one node do: rules see all nodes of a pool alike.
    """
    known = workshop.templates
    nodes = [row.id for row in workshop.problem.instances if row.pool == pool]
    nodes = [name for name in nodes if name in known.labels]
    if not nodes:
        return NodeLook()
    labels: dict[str, str] = {}
    for key, value in known.labels[nodes[0]].items():
        is_common = all(known.labels[name].get(key) == value for name in nodes)
        if (key in known.asked or (is_common and not is_of_platform(key))) and _may_be_given(key):
            labels[key] = value
    taints = [row for row in known.taints[nodes[0]] if all(row in known.taints[name] for name in nodes)]
    others = sorted({row.key for name in nodes for row in known.taints[name] if row not in taints})
    if others:
        told = f"its nodes differ in the taints {listed(others)}: new ones have none of these"
        workshop.notes.inexact(f"NodePool {workshop.node_pool_of[pool]}", told)
    return NodeLook(labels, taints)


def _comes_by_itself(key: str) -> bool:
    """Whether Karpenter knows the label of a node before there is one."""
    return key in _WELL_KNOWN or domain_of(key) in ("karpenter.k8s.aws", "karpenter.sh")


def _may_be_given(key: str) -> bool:
    """Whether a node pool may give its nodes a label."""
    domain = domain_of(key)
    if _comes_by_itself(key):
        return False
    return domain.endswith(_OPEN) or not domain.endswith(_RESTRICTED)


def tell_what_new_nodes_lack(groups: Sequence[CopyGroup], made: Mapping[str, Json], workshop: Workshop) -> None:
    """A note on each component whose template asks for labels or tolerations that nodes of a made pool do not meet."""
    for group in groups:
        template = workshop.templates.of(group.component.name, group.option)
        if group.node or template is None or group.pool.name not in made:
            continue
        body = made[group.pool.name]["spec"]["template"]
        rules = node_rules(At(template.spec), Notes(), "")
        given = body.get("metadata", {}).get("labels", {})
        strange = sorted(key for key in rules.looked_at() if key not in given and not _comes_by_itself(key))
        place = f"component {group.component.name}"
        name = made[group.pool.name]["metadata"]["name"]
        if strange and not rules.takes(given, ""):
            told = f"asks for nodes by {listed(strange)}, which NodePool {name} can't give its nodes"
            workshop.notes.inexact(place, f"{told}: copies may wait for them")
        taints = tuple(Taint(row["key"], row.get("value", ""), row["effect"]) for row in body["spec"].get("taints", ()))
        if not rules.tolerates(taints):
            workshop.notes.inexact(place, f"does not tolerate the taints of NodePool {name}: copies wait")
