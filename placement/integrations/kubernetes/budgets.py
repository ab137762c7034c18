"""What is paid for already, and how much may be rented: commitments from reservations, limits from quotas."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Any

from placement.catalogue.account import AccountPool
from placement.catalogue.facts import Capacity, InstanceFacts
from placement.catalogue.market import Market
from placement.catalogue.names import provider_of
from placement.grouping import grouped
from placement.integrations.kubernetes.classes import NodePoolRow
from placement.integrations.kubernetes.inventory import is_accelerator
from placement.integrations.kubernetes.naming import KARPENTER_POOL
from placement.integrations.kubernetes.objects import KubeCluster, KubeObject
from placement.integrations.kubernetes.standing import Candidates
from placement.integrations.kubernetes.workloads import Workload
from placement.integrations.notes import Notes
from placement.units import MIB_PER_GIB, MILLI


def commitments(pools: Sequence[NodePoolRow], notes: Notes) -> list[dict[str, Any]]:
    """Reserved nodes as paid for: a commitment for each reservation and type."""
    groups = grouped(
        ((pool.first.reservation, pool.node_class.name), pool) for pool in pools if pool.first.buy == "reserved"
    )
    found = []
    for (reservation, type_name), members in groups.items():
        count = sum(len(pool.machines) for pool in members)
        name = f"{reservation or 'reserved'} {type_name}"
        found.append({"name": name, "pools": [pool.name for pool in members], "instances": count})
        notes.assumed(f"commitments[{name}]", f"the {count} reserved nodes that run are paid for, used or not")
    return found


def rented_pools(pools: Sequence[NodePoolRow], market: Market) -> list[AccountPool]:
    """The pools whose type is known, or is called as AWS calls its own, as the account sees them."""
    found = []
    for pool in pools:
        first = pool.first
        facts = market.types.get(first.type_label)
        if facts is None and provider_of(first.type_label) == "aws":
            vcpus, gib = first.capacity_cpu_milli / MILLI, first.capacity_memory_mib / MIB_PER_GIB
            facts = InstanceFacts("aws", first.type_label, "", 0, 1, 0, vcpus, gib)
        if facts is not None:
            capacity: Capacity = "spot" if pool.first.buy == "spot" else "on-demand"
            found.append(AccountPool(pool.name, facts, first.region, capacity, first.zone, pool.node_class.name))
    return found


def limits(
    pools: Sequence[NodePoolRow], standing: Candidates, cluster: KubeCluster, notes: Notes
) -> list[dict[str, Any]]:
    """Limits of Karpenter's node pools; of quotas those whose namespace has machines of its own."""
    limited = cluster.read_kind("NodePool", lambda row: row.at.amounts("spec", "limits"))
    made = [row for node_pool, most in limited if (row := _of_node_pool(node_pool, most, pools, notes))]
    hard = cluster.read_kind("ResourceQuota", lambda row: _hard(row, notes))
    own = _own_pools(pools, standing) if hard else {}
    return made + [row for quota, most in hard if (row := _of_quota(quota, most, own, standing.workloads, notes))]


def _of_node_pool(
    node_pool: KubeObject, most: dict[str, Fraction], pools: Sequence[NodePoolRow], notes: Notes
) -> dict[str, Any] | None:
    names = [pool.name for pool in pools if pool.first.group == (KARPENTER_POOL, node_pool.name)]
    row: dict[str, Any] = {"name": f"NodePool {node_pool.name}", "pools": names}
    for resource, amount in most.items():
        place = f"{node_pool.place} spec.limits.{resource}"
        if resource == "nodes":
            row["max_instances"] = _whole(amount, place, notes)
        elif resource == "cpu":
            row["max_vcpus"] = float(amount)
        elif is_accelerator(resource) and any(_is_mixed(pool) for pool in pools if pool.name in names):
            notes.ignored(place, "some of its nodes have two kinds of accelerators, which are counted as one")
        elif is_accelerator(resource):
            row["max_accelerators"] = _whole(amount, place, notes)
        else:
            notes.ignored(place, "limits are of nodes, vCPUs and accelerators")
    return row if names and len(row) > 2 else None


def _whole(amount: Fraction, place: str, notes: Notes) -> int:
    """The most of what is counted; of a part of one a note says that it is none."""
    if amount.denominator > 1:
        notes.assumed(place, f"{float(amount):g} is no whole number, so at most {floor(amount)} may be used")
    return floor(amount)


def _is_mixed(pool: NodePoolRow) -> bool:
    return any(machine.held.mixed is not None for machine in pool.machines)


def _hard(quota: KubeObject, notes: Notes) -> dict[str, Fraction]:
    """Its limits on accelerators; of others, and of a quota for some pods only, a note says that they are not kept."""
    spec = quota.at.key("spec")
    most = spec.amounts("hard")
    found = {key: value for key, value in most.items() if is_accelerator(key.removeprefix("requests."))}
    if spec.rows("scopes") or spec.get("scopeSelector"):
        told = f"is for some pods only (scopes), so it is not kept: {', '.join(most) or 'no limits'}"
        notes.ignored(quota.place, told)
        return {}
    others = [key for key in most if key not in found]
    if others:
        notes.ignored(quota.place, f"{', '.join(others)}: counts what its namespace asks for, which no plan changes")
    return found


def _own_pools(pools: Sequence[NodePoolRow], standing: Candidates) -> dict[str, list[NodePoolRow]]:
    """By namespace the pools where copies of no other namespace may have accelerators. O(pools x shapes)."""
    shapes = [
        (workload.namespace, (w, s))
        for w, workload in enumerate(standing.workloads)
        if any(shape.ask.count for shape in workload.shapes)
        for s in range(len(workload.shapes))
    ]
    own: dict[str, list[NodePoolRow]] = defaultdict(list)
    for pool in pools:
        spaces = {space for space, shape in shapes if standing.may(pool.first.name, shape)}
        if len(spaces) == 1:
            own[spaces.pop()].append(pool)
    return own


def _of_quota(
    quota: KubeObject,
    most: dict[str, Fraction],
    own_pools: dict[str, list[NodePoolRow]],
    workloads: Sequence[Workload],
    notes: Notes,
) -> dict[str, Any] | None:
    """A quota counts what pods ask for. It is one of machines only where no other namespace may use them."""
    own = own_pools.get(quota.namespace, [])
    has = sum(pool.node_class.held.count * len(pool.machines) for pool in own)
    for resource, amount in most.items():
        allowed = _whole(amount, f"{quota.place} spec.hard.{resource}", notes)
        here = (workload for workload in workloads if workload.namespace == quota.namespace)
        asked = sum(workload.shapes[s].ask.count for workload in here for _, s in workload.pods)
        if own and has <= amount and not any(_is_mixed(pool) for pool in own):
            notes.assumed(quota.place, "its machines are its own, so the quota limits the accelerators rented for it")
            return {
                "name": f"ResourceQuota {quota.namespace}/{quota.name}",
                "pools": [pool.name for pool in own],
                "max_accelerators": allowed,
            }
        rule = f"{resource} {allowed} counts what its pods ask for ({asked} now), which no plan changes"
        notes.ignored(quota.place, rule)
    return None
