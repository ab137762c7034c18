"""Nodes become machines: room, accelerators, prices, state, and types that keep apart what copies see as different."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.catalogue.market import Market
from placement.catalogue.readers import read_facts
from placement.errors import DocumentError
from placement.integrations.kubernetes import ExportWishes, Wishes, export_kubernetes, import_kubernetes
from tests.integrations.kubernetes.clusters import Json, apart, budget, daemon, node, pod, write

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations import Imported


def imported(path: Path, *objects: Json, wishes: Wishes | None = None) -> Imported:
    """What becomes of objects."""
    return import_kubernetes([write(path / "cluster.json", *objects)], wishes)


def notes(found: Imported) -> str:
    """All notes as text."""
    return "\n".join(map(str, found.notes))


def test_room_is_what_is_allocatable_less_what_comes_with_the_node(tmp_path: Path) -> None:
    """48 vCPUs less 0.19 of the system and 0.5 of a DaemonSet; memory to the MiB."""
    found = imported(tmp_path, node("n1"), daemon("n1")).problem.instance_types["g5.12xlarge"]

    assert (found.vcpus - found.reserved.vcpus) == pytest.approx(47.31)
    room = (192 * 2**20 - 1_500_000) // 1024 - 1024
    assert found.memory_gib * 1024 - found.reserved.memory_gib * 1024 == room
    assert (found.accelerator, found.accelerator_count, found.price_per_hour) == ("A10G", 4, 5.672)


def test_the_command_that_is_told_says_which_kinds_to_leave_out(tmp_path: Path) -> None:
    """Of a kind that a cluster does not know kubectl prints an error, and nothing of the others."""
    without = "resourceclaims -A -o json, without kinds that the cluster does not know"
    with pytest.raises(DocumentError, match=f"has no nodes: make it with kubectl get .*{without}"):
        imported(tmp_path, pod("a", "n1"))
    assert without in notes(imported(tmp_path, node("n1")))


def test_a_pod_started_by_the_kubelet_is_no_copy(tmp_path: Path) -> None:
    """A mirror pod belongs to its node."""
    mirror = pod("kube-proxy-n1", "n1", "n1", kind="Node", cpu="100m")
    found = imported(tmp_path, node("n1"), mirror).problem

    assert found.components == ()
    assert found.instance_types["g5.12xlarge"].reserved.vcpus == pytest.approx(0.29)


def test_a_daemon_with_an_accelerator_is_a_copy_that_stays(tmp_path: Path) -> None:
    """`reserved` can hold no accelerators."""
    greedy = daemon("n1", gpus=1)
    found = imported(tmp_path, node("n1"), greedy).problem

    assert [(row.component, row.pinned) for row in found.placements] == [("kube-system/agent", True)]


def test_taints_and_selectors_become_types_of_their_own(tmp_path: Path) -> None:
    """Of two nodes of one label the tainted one is another type, and only who tolerates it may stand there."""
    taint = {"key": "team", "value": "a", "effect": "NoSchedule"}
    tolerant = {"tolerations": [{"key": "team", "operator": "Exists"}]}
    special = pod("b", "n2", "tolerant", gpus=1)
    special["spec"] |= tolerant
    problem = imported(
        tmp_path, node("n1"), node("n2", taints=[taint]), pod("a", "n1", "plain", gpus=1), special
    ).problem

    assert list(problem.instance_types) == ["g5.12xlarge", "g5.12xlarge team=a"]
    assert [row.modes[0].instance_types for row in problem.components] == [("g5.12xlarge",), None]


def test_nodes_that_differ_a_little_are_one_type_until_one_holds_more(tmp_path: Path) -> None:
    """A type has the least room of its nodes; a node whose copies need more is a type of its own, so they fit."""
    slim = node("n1", allocatable={"memory": "10Gi"})
    wide = node("n2", allocatable={"memory": "20Gi"})

    assert list(imported(tmp_path, slim, wide).problem.instance_types) == ["g5.12xlarge"]
    full = imported(tmp_path, slim, wide, pod("a", "n2", "a", memory="16Gi"))
    assert list(full.problem.instance_types) == ["g5.12xlarge", "g5.12xlarge 47.81cpu-20gib"]
    assert "broken" not in notes(full)


def test_prices_are_the_catalogue_s_or_given_and_unknown_ones_keep_the_node(tmp_path: Path) -> None:
    """A machine that seems to cost nothing must not be given back for it."""
    nodes = [node("n1"), node("n2", "m5.large", gpus=0, cpu=2, memory=8)]
    unknown = imported(tmp_path, *nodes)
    given = imported(tmp_path, *nodes, wishes=Wishes(prices={"m5.large": 0.096}))

    assert [row.price_per_hour for row in unknown.problem.instance_types.values()] == [5.672, 0]
    assert [row.removable for row in unknown.problem.instances] == [True, False]
    assert "its price is not known" in notes(unknown)
    assert [row.price_per_hour for row in given.problem.instance_types.values()] == [5.672, 0.096]
    assert [row.removable for row in given.problem.instances] == [True, True]
    with pytest.raises(placement.UsageError, match=r'"m5\.larg", which has a price; did you mean "m5\.large"'):
        imported(tmp_path, *nodes, wishes=Wishes(prices={"m5.larg": 1}))


def test_reserved_nodes_are_commitments_and_spot_is_told(tmp_path: Path) -> None:
    """Reservations are paid for already. Spot capacity can be taken back at once, which is suggested as a rule."""
    reserved = node("n1", labels={"karpenter.sh/capacity-type": "reserved"})
    spot = node("n2", labels={"karpenter.sh/capacity-type": "spot"})
    found = imported(tmp_path, reserved, spot, *[pod(f"a{i}", "n2", "a", gpus=1) for i in range(2)])

    assert [(row.pools, row.instances) for row in found.problem.commitments] == [
        (("g5.12xlarge-us-east-1a-reserved",), 1)
    ]
    assert [row.name for row in found.problem.pools][1] == "g5.12xlarge-us-east-1a-spot"
    assert "shop/a: suggested: 2 of 2 copies stand in the spot pool" in notes(found)
    assert "min_available_on_pool_loss: 1" in notes(found)


def test_rules_of_the_account_are_those_of_the_cluster_s_machines(tmp_path: Path) -> None:
    """Quotas of vCPUs, on demand and on spot apart; budgets and savings plans, not for what a reservation pays."""
    region = "arn:aws:servicequotas:us-east-1:111122223333:ec2/L-1"
    names = {"Running On-Demand G and VT instances": 96, "All G and VT Spot Instance Requests": 480}
    plans = [{"savingsPlanType": "Compute", "state": "active", "commitment": "3.5"}]
    budget_row = {"BudgetName": "gpus", "BudgetType": "COST", "TimeUnit": "DAILY"}
    facts = {
        "quotas": {"Quotas": [{"QuotaName": k, "QuotaArn": region, "Value": v} for k, v in names.items()]},
        "plans": {"savingsPlans": plans},
        "budgets": {"Budgets": [budget_row | {"BudgetLimit": {"Amount": "480", "Unit": "USD"}}]},
    }
    for name, document in facts.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    market = Market([read_facts(tmp_path / f"{name}.json") for name in facts])
    kinds = {"n1": "on-demand", "n2": "spot", "n3": "reserved"}
    nodes = [node(name, labels={"karpenter.sh/capacity-type": kind}) for name, kind in kinds.items()]
    cpu = node("n4", "m5.large", gpus=0, cpu=2, memory=8)
    found = imported(tmp_path, *nodes, cpu, wishes=Wishes(market=market, grow=3))
    one, spot, reserved, other = (row.name for row in found.problem.pools)

    assert [(row.name, row.pools, row.max_vcpus, row.max_price_per_hour) for row in found.problem.limits] == [
        ("Running On-Demand G and VT instances", (one, reserved), 96, None),
        ("All G and VT Spot Instance Requests", (spot,), 480, None),
        ("budget gpus", (one, spot, reserved, other), None, 20),
    ]
    assert [(row.pools, row.instances, row.price_per_hour) for row in found.problem.commitments] == [
        ((reserved,), 1, None),
        ((one, other), None, 3.5),
    ]
    assert "savings plans of EC2: assumed" in notes(found)


@pytest.mark.parametrize(("least", "suggested"), [(2, ""), (3, "3"), ("100%", "4")])
def test_spot_is_measured_by_the_budget_not_by_the_roll_out(tmp_path: Path, least: Any, suggested: str) -> None:
    """Of four copies two are on spot. How many may be away in a roll-out says nothing of how many must stay up."""
    spot = node("n2", labels={"karpenter.sh/capacity-type": "spot"})
    pods = [pod(f"a{i}", f"n{1 + i % 2}", "a", gpus=1) for i in range(4)]
    careful = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": {"replicas": 4, "strategy": careful},
    }
    found = imported(tmp_path, node("n1"), spot, *pods, owner, budget("a", "a", minAvailable=least))
    (told,) = [note.reason for note in found.notes if note.kind == "suggested"] or [""]

    assert found.problem.components[0].max_unavailable == 0
    assert told.rpartition("min_available_on_pool_loss: ")[2] == suggested


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"unschedulable": True}, ("cordoned", True)),
        ({"taints": [{"key": "karpenter.sh/disrupted", "effect": "NoSchedule"}]}, ("draining", True)),
        ({"annotations": {"karpenter.sh/do-not-disrupt": "true"}}, ("active", False)),
        ({"labels": {"node-role.kubernetes.io/control-plane": ""}}, ("active", False)),
    ],
)
def test_the_state_of_a_node(tmp_path: Path, change: Json, expected: tuple[str, bool]) -> None:
    """Cordoned, leaving, or staying."""
    found = imported(tmp_path, node("n1", **change), pod("a", "n1", "a", gpus=1))

    assert [(row.state, row.removable) for row in found.problem.instances] == [expected]
    assert "broken" not in notes(found)


def test_a_node_that_is_not_ready_leaves_its_pods_to_be_placed(tmp_path: Path) -> None:
    """They are copies that do not run."""
    lost = node("n2")
    lost["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    found = imported(tmp_path, node("n1"), lost, pod("a", "n2", "a", gpus=1))

    assert [row.id for row in found.problem.instances] == ["n1"]
    assert (found.problem.components[0].copies, found.problem.components[0].min_copies) == (1, 0)
    assert found.problem.placements == ()
    assert "Node n2: ignored: is not ready" in notes(found)


def test_node_pools_of_karpenter_limit_what_is_rented(tmp_path: Path) -> None:
    """Nodes, vCPUs and accelerators; memory can't be limited, which is told. A static one keeps its nodes."""
    labels = {"karpenter.sh/nodepool": "gpu"}
    limits = {"nodes": "3", "cpu": "200", "nvidia.com/gpu": 8, "memory": "1Ti"}
    node_pool = {"kind": "NodePool", "metadata": {"name": "gpu"}, "spec": {"limits": limits, "replicas": 1}}
    found = imported(tmp_path, node("n1", labels=labels), node_pool)

    (limit,) = found.problem.limits
    assert (limit.max_instances, limit.max_vcpus, limit.max_accelerators) == (3, 200, 8)
    assert "NodePool gpu spec.limits.memory: ignored" in notes(found)
    assert not found.problem.instances[0].removable


def test_parts_of_what_is_counted_are_told(tmp_path: Path) -> None:
    """Half a node, or half an accelerator, is none: with object and field."""
    labels = {"karpenter.sh/nodepool": "gpu"}
    spec = {"limits": {"nodes": "2500m", "nvidia.com/gpu": 8.5}}
    hard = {"requests.nvidia.com/gpu": "7500m"}
    quota = {"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": {"hard": hard}}
    node_pool = {"kind": "NodePool", "metadata": {"name": "gpu"}, "spec": spec}
    found = imported(tmp_path, node("n1", labels=labels), node_pool, quota, pod("a", "n1", "a", gpus=1))

    first, second = found.problem.limits
    assert (first.max_instances, first.max_accelerators, second.max_accelerators) == (2, 8, 7)
    for told in (
        "NodePool gpu spec.limits.nodes: assumed: 2.5 is no whole number, so at most 2",
        "NodePool gpu spec.limits.nvidia.com/gpu: assumed: 8.5 is no whole number, so at most 8",
        "ResourceQuota shop/q spec.hard.requests.nvidia.com/gpu: assumed: 7.5 is no whole number, so at most 7",
    ):
        assert told in notes(found)


def test_a_node_that_takes_no_pod_takes_no_copy(tmp_path: Path) -> None:
    """Its pods stay; one that does not say how many it takes may take any."""
    found = imported(tmp_path, node("n1", allocatable={"pods": "0"}), node("n2", allocatable={"pods": None}))

    assert [row.state for row in found.problem.instances] == ["cordoned", "active"]
    assert "Node n1 status.allocatable.pods: assumed: is 0, so no pod can start there" in notes(found)
    assert "Node n2 status.allocatable.pods" not in notes(found)


def test_answers_one_after_the_other_are_told_with_the_way_out(tmp_path: Path) -> None:
    """As where two commands wrote to one file."""
    path = tmp_path / "both.json"
    path.write_text("\n".join(json.dumps({"kind": "List", "items": [row]}) for row in (node("n1"), node("n2"))))
    with pytest.raises(DocumentError, match=r"several JSON documents, the second one at line 2 .* or all as one List"):
        import_kubernetes([str(path)])
    path.write_text(json.dumps(node("n1")) + "]")
    with pytest.raises(DocumentError, match="is not JSON: Extra data at line 1"):
        import_kubernetes([str(path)])


def test_a_quota_limits_machines_only_where_they_are_its_own(tmp_path: Path) -> None:
    """It counts what pods ask for; where others may use the machines, a note has the figures."""
    quota = {
        "kind": "ResourceQuota",
        "metadata": {"name": "gpus", "namespace": "shop"},
        "spec": {"hard": {"requests.nvidia.com/gpu": "8"}},
    }
    own = imported(tmp_path, node("n1"), quota, pod("a", "n1", "a", gpus=2))
    both = imported(
        tmp_path, node("n1"), quota, pod("a", "n1", "a", gpus=2), pod("b", "n1", "b", gpus=1, namespace="other")
    )

    assert [(row.max_accelerators, row.pools) for row in own.problem.limits] == [(8, ("g5.12xlarge-us-east-1a",))]
    assert both.problem.limits == ()
    assert "requests.nvidia.com/gpu 8 counts what its pods ask for (2 now)" in notes(both)


def test_pools_may_grow_where_no_rule_names_their_nodes(tmp_path: Path) -> None:
    """A new node would not be the one that a rule names."""
    chosen = pod("a", "n1", "a", gpus=1, spec={"nodeSelector": {"kubernetes.io/hostname": "n1"}})
    chosen["spec"]["nodeName"] = "n1"
    found = imported(tmp_path, node("n1"), node("n2"), chosen, wishes=Wishes(grow=2)).problem

    assert [row.max_instances for row in found.pools] == [1, 3]


def test_several_files_lists_and_yaml_are_one_cluster(tmp_path: Path) -> None:
    """As kubectl writes them, and as the API answers."""
    (tmp_path / "nodes.json").write_text(json.dumps({"kind": "NodeList", "items": [_without_kind(node("n1"))]}))
    (tmp_path / "pods.yaml").write_text("kind: List\nitems:\n- " + json.dumps(pod("a", "n1", "a", gpus=1)) + "\n")
    found = import_kubernetes([str(tmp_path / "nodes.json"), str(tmp_path / "pods.yaml")]).problem

    assert [row.component for row in found.placements] == ["shop/a"]


def test_bug_the_most_pods_of_a_node_are_told_where_a_plan_may_exceed_them(tmp_path: Path) -> None:
    """Few run today on each of two nodes; on one node, as the cheapest plan has them, they are too many."""
    rows = [node(name, allocatable={"pods": "6"}) for name in ("n1", "n2")] + [daemon("n1"), daemon("n2")]
    rows += [pod(f"a-{k}", f"n{1 + k % 2}", "a", cpu="1", memory="1Gi") for k in range(4)]
    told = "instance type g5.12xlarge status.allocatable.pods: ignored: a node has 6, of which pods that come with it"
    fits = imported(tmp_path, *rows)
    assert told not in notes(fits)
    rows += [pod(f"a-{k}", f"n{1 + k % 2}", "a", cpu="1", memory="1Gi") for k in range(4, 6)]
    found = imported(tmp_path, *rows)
    assert f"{told} ask for 1, and a plan may put copies on one that ask for 6: no rule adds up" in notes(found)
    alone = [row | {"spec": row["spec"] | {"affinity": apart("kubernetes.io/hostname", "a")}} for row in rows[4:]]
    assert told not in notes(imported(tmp_path, *rows[:4], *alone))

    source = write(tmp_path / "c.json", *rows)
    copies = [{"component": "shop/a", "instance": "n1"}] * 6
    machine = {"id": "n1", "pool": "g5.12xlarge-us-east-1a"}
    plan = placement.Plan(instances=[machine], assignments=copies)
    assert placement.verify(found.problem, plan).ok
    out = export_kubernetes(found.problem, plan, ExportWishes(cluster=(source,)))
    said = "pool g5.12xlarge-us-east-1a: inexact: a node has 5 pods for copies, and those of the plan ask for more"
    assert f"{said} on n1 (6): those beyond wait" in "\n".join(map(str, out.notes))


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    """Nodes without pods, pods without their node."""
    alone = imported(tmp_path, node("n1", allocatable={"pods": "1"}))
    lost = imported(tmp_path, node("n1"), pod("a", "n9", "a"))

    assert "pods: assumed: none were given" in notes(alone)
    assert "allocatable.pods" not in notes(alone)
    assert "Node n9: assumed: was not given: the pod on it is a copy that does not run" in notes(lost)
    assert lost.problem.placements == ()


def _without_kind(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != "kind"}


def test_kinds_that_are_not_read_are_told(tmp_path: Path) -> None:
    """Nothing is lost in silence."""
    found = imported(tmp_path, node("n1"), {"kind": "Queue", "metadata": {"name": "q"}})

    assert "kind Queue: ignored: objects of this kind are not read (1 of them)" in notes(found)
