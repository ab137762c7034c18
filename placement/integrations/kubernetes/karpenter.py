"""Karpenter's node pools: those of new machines, and those that are there with consolidation frozen during a move.

New nodes have labels and taints as those that run, so that rules of pods take them: Karpenter starts a node for a pod
only where it knows before that the node will have what the pod asks for.
"""

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from placement.catalogue.readers.fields import At
from placement.documents import Plan, Pool, Problem
from placement.errors import UsageError, printable
from placement.grouping import in_common
from placement.integrations.kubernetes.manifests import Workshop
from placement.integrations.kubernetes.naming import (
    HOSTNAME,
    KARPENTER_POOL,
    REGION,
    TYPE,
    ZONES,
    domain_of,
    is_label,
    is_of_platform,
    labels_of_row,
    slug,
)
from placement.integrations.kubernetes.objects import Json, KubeCluster, applied
from placement.integrations.kubernetes.selectors import Taint, node_rules
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant
from placement.units import listed

_GROUP_KIND = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass"}
_FROZEN = [{"nodes": "0"}]
_DISRUPTION = {"consolidateAfter": "0s"}  # what the server writes where nothing is said
# Set by Kubernetes or the server: no part of what a person applies.
_SERVED = ("creationTimestamp", "generation", "resourceVersion", "uid", "managedFields", "selfLink")
_CAPACITY = "karpenter.sh/capacity-type"
_WELL_KNOWN = (
    *(TYPE, *ZONES, REGION, "kubernetes.io/arch", "kubernetes.io/os", HOSTNAME),
    *("node.kubernetes.io/windows-build", _CAPACITY, KARPENTER_POOL),
    *("failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"),
    *("beta.kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type"),
)
# Domains that Karpenter refuses, and parts of them that it takes.
_RESTRICTED, _OPEN = (
    ("kubernetes.io", "k8s.io"),
    ("node.kubernetes.io", "node-restriction.kubernetes.io", "kops.k8s.io"),
)


def made_pools(problem: Problem, plan: Plan) -> dict[str, str]:
    """Pools with new machines that no node pool of the cluster makes, and the names of their node pools."""
    used = {row.pool for row in plan.instances if row.new}
    wanted = [row.name for row in problem.pools if row.name in used and KARPENTER_POOL not in row.labels]
    return {name: slug("gpu-placement", name) for name in wanted}


class NodeLook(NamedTuple):
    """Labels and taints that new nodes get, as those have beside which they stand."""

    labels: Mapping[str, str] = {}
    taints: Sequence[Taint] = ()


def node_pool(pool: Pool, name: str, machines: int, node_class: str, look: NodeLook, *, static: bool) -> Json:
    """A node pool of one instance type and zone.

    A static one keeps `machines` nodes, a dynamic one starts at most so many when pods need them.
    Raises UsageError: the pool's type or zone can be none of a node, so no node would ever start.
    """
    told = {key: pool.labels[key] for key in (TYPE, *ZONES) if key in pool.labels}
    if TYPE not in told:  # else its row's zone is a rack, or none
        told = labels_of_row(pool, told) | told
    for key, value in told.items():
        if not is_label(key, value):
            where = f"pool {printable(pool.name)}: {printable(value)}"
            raise UsageError(f"{where} can be no label of a node; label the pool {key} with what its nodes have")
    capacity = pool.labels.get(_CAPACITY) or ("spot" if pool.name.endswith("-spot") else "on-demand")
    requirements = [
        *({"key": key, "operator": "In", "values": [value]} for key, value in told.items()),
        {"key": _CAPACITY, "operator": "In", "values": [capacity]},
    ]
    spec: dict[str, Any] = {"replicas": machines} if static else {}
    spec["limits"] = {"nodes": str(machines)}
    spec["disruption"] = {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "5m", "budgets": [{"nodes": "10%"}]}
    body: Json = {"nodeClassRef": _GROUP_KIND | {"name": node_class}, "requirements": requirements}
    if look.taints:
        rows = ({"key": row.key, "value": row.value, "effect": row.effect} for row in look.taints)
        body["taints"] = [{key: text for key, text in row.items() if text} for row in rows]
    labels = {"metadata": {"labels": dict(look.labels)}} if look.labels else {}
    spec["template"] = {**labels, "spec": body}
    return applied("NodePool", spec, name=name)


def node_pools_of(workshop: Workshop) -> dict[str, Json]:
    """By pool the node pools that are made, in the order of the problem."""
    machines = Counter(row.pool for row in workshop.plan.instances if row.new)
    names, wishes = workshop.node_pool_of, workshop.wishes
    return {
        row.name: node_pool(
            row,
            names[row.name],
            machines[row.name],
            wishes.node_class,
            _look_of(row.name, workshop),
            static=wishes.static,
        )
        for row in workshop.problem.pools
        if row.name in names
    }


def frozen(node_pool: Json) -> Json:
    """A node pool with budgets that let Karpenter disrupt nothing."""
    spec = node_pool.get("spec", {})
    disruption = {**_DISRUPTION, **spec.get("disruption", {}), "budgets": _FROZEN}
    return node_pool | {"spec": spec | {"disruption": disruption}}


def kept_pools(cluster: KubeCluster) -> list[Json]:
    """Node pools that are there, as a person applies them."""
    documents = copy.deepcopy([row.at.value for row in cluster.of("NodePool")])
    return [
        applied("NodePool", row.get("spec", {}))
        | {"metadata": {key: value for key, value in row["metadata"].items() if key not in _SERVED}}
        for row in documents
    ]


def _look_of(pool: str, workshop: Workshop) -> NodeLook:
    """What the nodes of a pool that run have in common, without what comes with each node by itself.

    Of labels that rules of pods look at those of one node do: rules see all nodes of a pool alike.
    """
    known = workshop.templates
    nodes = [name for name in workshop.nodes_of_pool[pool] if name in known.labels]
    if not nodes:
        return NodeLook()
    common = in_common([known.labels[name] for name in nodes])
    labels = {
        key: value
        for key, value in known.labels[nodes[0]].items()
        if (key in known.asked or (key in common and not is_of_platform(key))) and _may_be_given(key)
    }
    held = [known.machines[name].taints for name in nodes]
    taints = [row for row in held[0] if all(row in rows for rows in held)]
    others = sorted({row.key for rows in held for row in rows if row not in taints})
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


def tell_what_new_nodes_lack(groups: Sequence[PlanVariant], made: Mapping[str, Json], workshop: Workshop) -> None:
    """A note on each component whose template asks for labels or tolerations that nodes of a made pool do not meet."""
    for group in groups:
        template = workshop.templates.of(group.component, group.option)
        if group.machine or template is None or group.pool.name not in made:
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
