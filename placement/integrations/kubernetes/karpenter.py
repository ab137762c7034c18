"""Karpenter's node pools: those of new machines, and those that are there with consolidation frozen during a move."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError, printable
from placement.integrations.kubernetes.machines import NO_ZONE
from placement.integrations.kubernetes.manifests import TYPE, ZONE
from placement.integrations.kubernetes.naming import KARPENTER_POOL, is_label, slug
from placement.integrations.kubernetes.new_nodes import CAPACITY, look_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Plan, Pool, Problem
    from placement.integrations.kubernetes.manifests import Workshop
    from placement.integrations.kubernetes.new_nodes import NodeLook
    from placement.integrations.kubernetes.objects import KubeObject
    from placement.integrations.kubernetes.taints import Taint
    from placement.integrations.kubernetes.templates import Json
    from placement.integrations.notes import Notes

GROUP_KIND = {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass"}
FROZEN = [{"nodes": "0"}]
_DISRUPTION = {"consolidateAfter": "0s"}  # what the server writes where nothing is said
# Set by Kubernetes or the server: no part of what a person applies.
_SERVED = ("creationTimestamp", "generation", "resourceVersion", "uid", "managedFields", "selfLink")


def made_pools(problem: Problem, plan: Plan) -> dict[str, str]:
    """Pools with new machines that no node pool of the cluster makes, and the names of their node pools."""
    used = {row.pool for row in plan.instances if row.new}
    wanted = [row.name for row in problem.pools if row.name in used and KARPENTER_POOL not in row.labels]
    return {name: slug("gpu-placement", name) for name in wanted}


def node_pool(pool: Pool, name: str, machines: int, node_class: str, look: NodeLook, *, static: bool) -> Json:
    """A node pool of one instance type and zone.

    A static one keeps `machines` nodes, a dynamic one starts at most so many when pods need them.

    Raises
    ------
    UsageError
        The pool's type or zone can be none of a node, so no node would ever start.
    """
    told = {TYPE: pool.labels.get(TYPE, pool.instance_type), ZONE: pool.labels.get(ZONE, pool.zone)}
    if told[ZONE] == NO_ZONE or (TYPE in pool.labels and ZONE not in pool.labels):  # its row's zone is a rack, or none
        del told[ZONE]
    for key, value in told.items():
        if not is_label(key, value):
            where = f"pool {printable(pool.name)}: {printable(value)}"
            raise UsageError(f"{where} can be no label of a node; label the pool {key} with what its nodes have")
    capacity = pool.labels.get(CAPACITY) or ("spot" if pool.name.endswith("-spot") else "on-demand")
    requirements = [
        *({"key": key, "operator": "In", "values": [value]} for key, value in told.items()),
        {"key": CAPACITY, "operator": "In", "values": [capacity]},
    ]
    spec: dict[str, Any] = {"replicas": machines} if static else {}
    spec["limits"] = {"nodes": str(machines)}
    spec["disruption"] = {
        "consolidationPolicy": "WhenEmpty",
        "consolidateAfter": "5m",
        "budgets": [{"nodes": "10%"}],
    }
    body: Json = {"nodeClassRef": GROUP_KIND | {"name": node_class}, "requirements": requirements}
    if look.taints:
        body["taints"] = [_taint(row) for row in look.taints]
    labels = {"metadata": {"labels": dict(look.labels)}} if look.labels else {}
    spec["template"] = {**labels, "spec": body}
    return {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": name}, "spec": spec}


def _taint(taint: Taint) -> Json:
    return {"key": taint.key, **({"value": taint.value} if taint.value else {}), "effect": taint.effect}


def node_pools_of(plan: Plan, workshop: Workshop, node_class: str, *, static: bool) -> dict[str, Json]:
    """By pool the node pools that are made, in the order of the problem."""
    machines = Counter(row.pool for row in plan.instances if row.new)
    names = workshop.node_pool_of
    return {
        row.name: node_pool(
            row, names[row.name], machines[row.name], node_class, look_of(row.name, workshop), static=static
        )
        for row in workshop.problem.pools
        if row.name in names
    }


def frozen(node_pool: Json) -> Json:
    """A node pool with budgets that let Karpenter disrupt nothing."""
    spec = node_pool.get("spec", {})
    disruption = {**_DISRUPTION, **spec.get("disruption", {}), "budgets": FROZEN}
    return node_pool | {"spec": spec | {"disruption": disruption}}


def kept_pools(found: Sequence[KubeObject], notes: Notes, *, is_frozen: bool) -> list[Json]:
    """Node pools that are there, with budgets that let Karpenter disrupt nothing; or as they were."""
    rows = []
    for row in found:
        document = copy.deepcopy(row.at.value)
        metadata = {key: value for key, value in document["metadata"].items() if key not in _SERVED}
        head = {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": metadata}
        kept = {**head, "spec": document.get("spec", {})}
        rows.append(frozen(kept) if is_frozen else kept)
    if rows and is_frozen:
        told = "the one that there is has" if len(rows) == 1 else f"the {len(rows)} that there are have"
        notes.assumed("NodePools", f"{told} budgets of 0 nodes during the move")
    return rows
