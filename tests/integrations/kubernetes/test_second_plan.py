"""A cluster that runs an export is planned again: what the export added binds no plan, and no rule is lost."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest

import placement
from placement.documents import Problem
from placement.errors import DocumentError, UsageError
from placement.integrations.kserve import export_kserve
from placement.integrations.kubernetes import ExportWishes, Wishes, export_kubernetes, import_kubernetes
from placement.running_state import joined
from tests.integrations.kubernetes.clusters import Json, node, pod, write
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_export import all_valid, manifests, notes, plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations import Exported

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


HOST_ROOM = {"vcpus": 4, "memory_gib": 16, "price_per_hour": 1}


def spread(key: str, most: int) -> Json:
    """A hard constraint over the pods of one app."""
    told = {"matchLabels": {"app": "chat"}}
    return {"maxSkew": most, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": told}


def ruled(name: str, where: str) -> Json:
    """A pod with rules of its own on nodes, zones and hosts."""
    made = pod(name, where, "chat", gpus=1)
    made["spec"] |= {
        "nodeSelector": {"disk": "fast"},
        "topologySpreadConstraints": [spread(ZONE, 1), spread(HOST, 2)],
        "affinity": {
            "nodeAffinity": {
                _REQUIRED: {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "arch", "operator": "In", "values": ["amd"]}]}]
                }
            }
        },
    }
    return made


def machines(*, labels: Json | None = None) -> list[Json]:
    """Two zones of two machines with a fast disk, and one of each zone without."""
    fast = [
        node(f"n{i}", zone=f"us-east-1{'ab'[i % 2]}", labels={"disk": "fast", "arch": "amd"} | (labels or {}))
        for i in range(4)
    ]
    return [*fast, *(node(f"s{zone}", zone=f"us-east-1{zone}") for zone in "ab")]


def exported_of(problem: Problem, source: Path | str, pin: str, *, changed: bool = False) -> Exported:
    """The manifests of a first plan."""
    plan = placement.solve(problem, "ffd").plan
    assert plan is not None
    wishes = ExportWishes(cluster=(source,), pin=pin, changed=changed)  # type: ignore[arg-type]
    return export_kubernetes(problem, plan, wishes)


def rules(problem: Problem) -> list[Json]:
    """What the components ask for, without what they are copies of."""
    rows = problem.to_document()["components"]
    return [{key: value for key, value in row.items() if key not in ("labels", "min_copies")} for row in rows]


@pytest.mark.parametrize("pin", ["none", "node"])
def test_the_next_problem_has_the_same_rules(tmp_path: Path, pin: str) -> None:
    """Selectors, affinity, skew over zones and hosts are those of the pods, twice over; types are not split."""
    objects = [*machines(), *(ruled(f"chat-{i}", f"n{i}") for i in range(4))]
    first = import_kubernetes([write(tmp_path / "0.json", *objects)]).problem
    assert first.components[0].spread.max_skew == 1
    assert first.components[0].spread.max_per_instance == 2
    problem, source = first, str(tmp_path / "0.json")
    for number in (1, 2):
        found = exported_of(problem, source, pin)
        all_valid(found)
        source = write(tmp_path / f"{number}.json", *run(copy.deepcopy(machines()), manifests(found)))
        problem = import_kubernetes([source]).problem
        assert rules(problem) == rules(first)
        assert problem.instance_types == first.instance_types
        assert problem.pools == first.pools
        assert len(problem.placements) == 4
    assert {row["metadata"]["namespace"] for row in manifests(exported_of(problem, source, pin))} == {"shop"}


def test_what_somebody_changed_afterwards_is_a_rule(tmp_path: Path) -> None:
    """A selector that was added to what was exported is kept; so is one in place of it."""
    first = import_kubernetes([write(tmp_path / "0.json", *machines(), ruled("chat-0", "n0"))]).problem
    rows = run(machines(labels={"team": "x"}), manifests(exported_of(first, tmp_path / "0.json", "none")))
    rows[-1]["spec"]["nodeSelector"] = {"disk": "fast", "team": "x"}
    again = import_kubernetes([write(tmp_path / "1.json", *rows)]).problem

    (row,) = again.components
    types = row.modes[0].instance_types
    assert types is not None
    zones = {pool.zone for pool in again.pools if pool.instance_type in types}
    assert len(zones) == 1


@pytest.mark.parametrize("knows_pods", [True, False])
def test_an_exported_budget_that_somebody_changed_stays(tmp_path: Path, knows_pods: bool) -> None:
    """Applied again with the other limit it would have both, which the API refuses; two would stop all evictions."""
    objects = [*machines(), *(ruled(f"chat-{i}", f"n{i}") for i in range(4))]
    document = import_kubernetes([write(tmp_path / "0.json", *objects)]).problem.to_document()
    document["components"][0]["min_available_on_instance_loss"] = 1  # a floor asks for a budget
    problem = Problem(**document)
    (guard,) = manifests(made := exported_of(problem, tmp_path / "0.json", "none"), "20-disruption-budgets.yaml")
    first = run(copy.deepcopy(machines()), manifests(made))
    guard["spec"] = {"minAvailable": 2, "selector": guard["spec"]["selector"]}
    source = tmp_path / "1.json"
    for _ in range(2):
        write(source, *run(copy.deepcopy(machines()), manifests(made)), guard)
        problem = import_kubernetes([str(source)]).problem
        assert problem.components[0].max_unavailable == 2
        plan = placement.solve(problem, "ffd").plan
        assert plan is not None
        wishes = ExportWishes(cluster=(source,) if knows_pods else ())
        told = export_kubernetes(problem, plan, wishes)
        assert "20-disruption-budgets.yaml" not in told.files
        assert f"PodDisruptionBudget {guard['metadata']['name']} goes on to count" in "\n".join(map(str, told.notes))
        made = exported_of(problem, source, "none")
    guard["spec"] = {"maxUnavailable": 3, "selector": guard["spec"]["selector"]}
    problem = import_kubernetes([write(source, *first, guard)]).problem
    assert problem.components[0].max_unavailable == 3
    assert "20-disruption-budgets.yaml" in exported_of(problem, source, "none").files


@pytest.mark.parametrize("text", ["", "[", "[]", "7", '{"spread": 7}', '{"nodes": []}', '{"made": {}}', "[" * 100_000])
def test_a_damaged_annotation_is_an_error_with_its_place(tmp_path: Path, text: str) -> None:
    """Somebody edited it."""
    odd = pod("a", "n1", "a", annotations={"gpu-placement/component": "a", "gpu-placement/rules": text})
    with pytest.raises(DocumentError, match="gpu-placement/rules"):
        import_kubernetes([write(tmp_path / "c.json", node("n1"), odd)])


@pytest.mark.parametrize("value", [7, [], {"nodeAffinity": 7}, {"podAntiAffinity": []}])
def test_a_damaged_affinity_is_an_error_with_its_place(tmp_path: Path, value: object) -> None:
    """It is read before the rules are put back."""
    odd = pod("a", "n1", "a", annotations={"gpu-placement/component": "a", "gpu-placement/rules": "{}"})
    odd["spec"]["affinity"] = value
    with pytest.raises(DocumentError, match="affinity"):
        import_kubernetes([write(tmp_path / "c.json", node("n1"), odd)])


def test_deployments_of_the_last_plan_that_the_next_has_not_are_ended(tmp_path: Path) -> None:
    """Or their copies would run on beside the new ones."""
    objects = [node("n1"), node("n2", zone="us-east-1b"), pod("a-0", "n1", "a", gpus=1)]
    first = import_kubernetes([write(tmp_path / "0.json", *objects)]).problem
    (before,) = manifests(exported_of(first, tmp_path / "0.json", "none"), "40-workloads.yaml")
    source = write(tmp_path / "1.json", *run(objects[:2], [before]))
    there = import_kubernetes([source]).problem
    other = next(row.id for row in there.instances if row.id != there.placements[0].instance)
    document = there.to_document()
    document["instances"] = [row for row in document["instances"] if row["id"] == other]
    document["placements"] = []
    for row in document["pools"]:
        row["max_instances"] = int(row["name"] == document["instances"][0]["pool"])
    found = exported_of(Problem(**document), source, "none")

    (after,) = manifests(found, "40-workloads.yaml")
    assert after["metadata"]["name"] != before["metadata"]["name"]
    ended = f"kubectl -n shop scale deployment/{before['metadata']['name']} --replicas=0"
    assert ended in found.files["README.md"]
    assert f"scale deployment/{after['metadata']['name']}" not in found.files["README.md"]
    assert "replicas=0" not in exported_of(there, source, "none", changed=True).files["README.md"]


def test_a_component_without_copies_in_the_plan_is_ended(tmp_path: Path) -> None:
    """Its Deployment would run on otherwise."""
    source = write(tmp_path / "0.json", node("n1"), pod("a-0", "n1", "a", gpus=4), pod("b-0", "n1", "b", gpus=0))
    document = import_kubernetes([source]).problem.to_document()
    document["components"][0] |= {"copies": 0}
    document["placements"] = [row for row in document["placements"] if row["component"] != "shop/a"]
    found = exported_of(Problem(**document), source, "none")

    assert "kubectl -n shop scale deployment/a --replicas=0" in found.files["README.md"]
    assert "components shop/a: inexact: have no copy in the plan: an import of the cluster afterwards" in notes(found)


def test_what_was_exported_keeps_its_name(tmp_path: Path) -> None:
    """Beside a roll-out whose second component would be called the same."""
    told = {"gpu-placement/component": "shop/a #2"}
    rows = [pod("a-0", "n1", "a"), pod("a-1", "n1", "a", cpu="3"), pod("b-0", "n1", "b", annotations=told, cpu="4")]
    for order in (rows, rows[::-1]):
        problem = import_kubernetes([write(tmp_path / "c.json", node("n1"), *order)]).problem
        assert sorted(row.name for row in problem.components) == ["shop/a", "shop/a #2", "shop/a #3"]
        (kept,) = (row for row in problem.components if row.name == "shop/a #2")
        assert kept.modes[0].vcpus == 4


# --- Labels of nodes


def bare(rows: list[Json], *keys: str) -> list[Json]:
    """Nodes without some labels, in racks."""
    for number, row in enumerate(rows):
        labels = row["metadata"]["labels"]
        row["metadata"]["labels"] = {key: value for key, value in labels.items() if key not in keys}
        row["metadata"]["labels"]["example.com/rack"] = f"r{number % 2}"
    return rows


def selected(found: Exported) -> list[dict[str, list[str]]]:
    """Labels by which each Deployment selects nodes."""
    rows = []
    for row in manifests(found, "40-workloads.yaml"):
        affinity = row["spec"]["template"]["spec"]["affinity"].get("nodeAffinity", {})
        terms = affinity.get(_REQUIRED, {"nodeSelectorTerms": [{}]})["nodeSelectorTerms"]
        rows += [{each["key"]: each["values"] for each in term.get("matchExpressions", ())} for term in terms]
    return rows


def test_racks_as_zones_are_kept_by_selectors(tmp_path: Path) -> None:
    """The label that told the zones tells the pools apart in manifests."""
    nodes = bare([node(f"n{i}") for i in range(4)])
    pods = [pod(f"chat-{i}", f"n{i}", "chat", gpus=1) for i in range(4)]
    for row in pods:
        row["spec"]["topologySpreadConstraints"] = [spread("example.com/rack", 1)]
    source = write(tmp_path / "c.json", *nodes, *pods)
    problem = import_kubernetes([source], Wishes(zone_label="example.com/rack")).problem
    assert problem.components[0].spread.max_skew == 1
    found = exported_of(problem, source, "none")

    assert sorted(row["example.com/rack"][0] for row in selected(found)) == ["r0", "r1"]
    assert "the scheduler sees one pool" not in notes(found)


def test_bug_a_term_that_asks_for_nothing_by_null(tmp_path: Path) -> None:
    """As if the key were not there; the export ended in a traceback."""
    pods = [ruled(f"chat-{i}", f"n{i}") for i in range(2)]
    for row in pods:
        node_rule = row["spec"]["affinity"]["nodeAffinity"][_REQUIRED]
        node_rule["nodeSelectorTerms"] = [{"matchFields": None, **term} for term in node_rule["nodeSelectorTerms"]]
    source = write(tmp_path / "c.json", *machines(), *pods)
    found = exported_of(import_kubernetes([source]).problem, source, "none")

    assert all(row["arch"] == ["amd"] for row in selected(found))


def test_nodes_are_selected_by_labels_that_they_have(tmp_path: Path) -> None:
    """On-premises nodes have no label of type or zone: a selector by one would leave every copy waiting."""
    nodes = bare([node("n0"), node("n1")], "node.kubernetes.io/instance-type", ZONE)
    source = write(tmp_path / "c.json", *nodes, pod("a", "n0", "a", gpus=1))
    problem = import_kubernetes([source]).problem
    found = exported_of(problem, source, "none")

    all_valid(found)
    after = run(nodes, manifests(found))
    assert after[-1]["spec"]["nodeName"] in ("n0", "n1")
    assert "its nodes have no label node.kubernetes.io/instance-type" in notes(found)
    blind = export_kubernetes(*plan_of(problem.to_document()))
    assert "its nodes are taken to have the labels node.kubernetes.io/instance-type=" in notes(blind)


def test_types_that_can_be_no_label_select_nothing() -> None:
    """Neither type nor zone: an empty term would take no node at all."""
    document = {
        "name": "odd",
        "instance_types": {"big one": {"vcpus": 8, "memory_gib": 32, "price_per_hour": 1}},
        "pools": [{"name": "p", "instance_type": "big one", "zone": "zone a"}],
        "components": [{"name": "c", "copies": 1, "accelerators": 0, "vcpus": 1}],
    }
    found = export_kubernetes(*plan_of(document))

    all_valid(found)
    (made,) = manifests(found, "40-workloads.yaml")
    assert _REQUIRED not in json.dumps(made)


def test_node_pools_ask_for_what_nodes_can_have() -> None:
    """No zone is no requirement, nor is a rack; what can be no label is refused, with the way out."""
    document: Json = {
        "name": "new",
        "instance_types": {"m5.large #2": HOST_ROOM},
        "pools": [{"name": "p", "instance_type": "m5.large #2", "zone": "no-zone"}],
        "components": [{"name": "c", "copies": 1, "accelerators": 0, "vcpus": 1}],
    }
    with pytest.raises(UsageError, match="#2 can be no label of a node"):
        export_kubernetes(*plan_of(document), ExportWishes(node_class="default"))
    with pytest.raises(UsageError, match="--node-class must be a name such as default, got a b"):
        export_kubernetes(*plan_of(document), ExportWishes(node_class="a b"))
    document["pools"][0]["labels"] = {"node.kubernetes.io/instance-type": "m5.large"}
    for zone in ("no-zone", "rack 7"):
        document["pools"][0]["zone"] = zone
        found = export_kubernetes(*plan_of(document), ExportWishes(node_class="my.default"))
        all_valid(found)
        (made,) = manifests(found, "10-node-pools.yaml")
        asked = {row["key"]: row["values"] for row in made["spec"]["template"]["spec"]["requirements"]}
        assert asked["node.kubernetes.io/instance-type"] == ["m5.large"]
        assert ZONE not in asked


@pytest.mark.parametrize(
    ("zone", "key"),
    [("use1-az4", "topology.k8s.aws/zone-id"), ("us-central1", "topology.kubernetes.io/region"), ("us-east-1c", ZONE)],
)
def test_what_stands_for_a_zone_is_asked_for_by_its_own_label(zone: str, key: str) -> None:
    """The catalogue has AWS's ids of zones, the same in every account, and regions where it knows no zones."""
    document: Json = {
        "name": "new",
        "instance_types": {"m5.large": HOST_ROOM},
        "pools": [{"name": "p", "instance_type": "m5.large", "zone": zone}],
        "components": [{"name": "c", "copies": 1, "accelerators": 0, "vcpus": 1}],
    }
    asked = f"'key': '{key}', 'operator': 'In', 'values': ['{zone}']"
    problem, plan = plan_of(document)
    assert asked in str(manifests(export_kubernetes(problem, plan), "40-workloads.yaml"))
    found = export_kubernetes(problem, plan, ExportWishes(node_class="default"))
    all_valid(found)
    assert asked in str(manifests(found, "10-node-pools.yaml"))
    assert f"{key}: {zone}" in export_kserve(problem, plan).files["inference-services.yaml"]

    document["pools"][0]["labels"] = {ZONE: "here"}  # what nodes have is known better
    problem, plan = plan_of(document)
    for files in (
        export_kubernetes(problem, plan).files,
        export_kubernetes(problem, plan, ExportWishes(node_class="default")).files,
        export_kserve(problem, plan).files,
    ):
        written = "".join(files.values())
        assert "here" in written
        assert f"{key}: {zone}" not in written
        assert f"- {zone}\n" not in written


def test_shares_that_fit_fit_as_percentages_too() -> None:
    """HAMi counts cores in per cent: 37.5 twice and 25 are 100 of a plan, so they are no more there."""
    document = {
        "name": "shares",
        "accelerators": {"A10G": {"memory_gib": 22}},
        "instance_types": {"g5.xlarge": {"accelerator": "A10G", "accelerator_count": 1, **HOST_ROOM}},
        "pools": [{"name": "p", "instance_type": "g5.xlarge", "zone": "a", "max_instances": 1}],
        "components": [
            {"name": f"c{i}", "copies": 1, "accelerators": 1, "shared": True, "accelerator_share": share}
            for i, share in enumerate((0.375, 0.375, 0.25))
        ],
    }
    found = export_kubernetes(*plan_of(document), ExportWishes(sharing="hami"))
    limits = [
        row["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        for row in manifests(found, "40-workloads.yaml")
    ]
    assert [row["nvidia.com/gpucores"] for row in limits] == [37, 37, 25]


def test_a_constraint_over_zones_that_counts_others_stays(tmp_path: Path) -> None:
    """No plan knows it, which is told; one that counts its own pods alone is kept by the counts of Deployments."""
    zones = "topology.kubernetes.io/zone"
    rule: Json = {"maxSkew": 1, "topologyKey": zones, "whenUnsatisfiable": "DoNotSchedule"}
    rule |= {"labelSelector": {"matchLabels": {"grp": "g"}}, "nodeAffinityPolicy": "Ignore"}
    ruled = pod("a-0", "n1", "a", gpus=1, labels={"grp": "g"}, spec={"topologySpreadConstraints": [rule]})
    nodes = [node("n1"), node("n2", zone="us-east-1b")]
    for labels, is_kept in (({"grp": "g"}, True), ({}, False)):
        objects = [*nodes, ruled, pod("b-0", "n2", "b", gpus=1, labels=labels)]
        source = write(tmp_path / "0.json", *objects)
        first = import_kubernetes([source]).problem
        for number in range(2):
            problem = import_kubernetes([source]).problem
            found = exported_of(problem, source, "none")
            work = manifests(found, "40-workloads.yaml")
            spec = next(row for row in work if "shop-a" in row["metadata"]["name"])["spec"]["template"]["spec"]
            assert (spec.get("topologySpreadConstraints") == [rule]) == is_kept
            told = f"component shop/a topologySpreadConstraints[{zones}]: inexact: it counts pods of shop/a, shop/b"
            assert (told in "\n".join(map(str, found.notes))) == is_kept
            source = write(tmp_path / f"{number}.json", *run(copy.deepcopy(nodes), work))
        again = import_kubernetes([source]).problem
        assert [row.spread for row in again.components] == [row.spread for row in first.components]


TEAM: Json = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}
TEAM |= {"labelSelector": {"matchLabels": {"team": "red"}}}


def of_team(name: str, where: str, **more: Json) -> Json:
    """A pod whose team is spread over zones, all its Deployments together."""
    rule = {**TEAM, **more}
    return pod(f"{name}-0", where, name, gpus=1, labels={"team": "red"}, spec={"topologySpreadConstraints": [rule]})


def constraints(found: Exported) -> list[list[Json]]:
    """Of each Deployment those over zones."""
    work = [row["spec"]["template"]["spec"] for row in manifests(found, "40-workloads.yaml")]
    rows = [spec.get("topologySpreadConstraints", []) for spec in work]
    return [[row for row in held if row["topologyKey"] == ZONE] for held in rows]


def test_a_zone_spread_of_several_components_is_kept_by_the_scheduler(tmp_path: Path) -> None:
    """Held to one zone each Deployment would be compared with itself: all zones count; that is no rule to an import."""
    nodes = [node("n1"), node("n2", zone="us-east-1b")]
    source = write(tmp_path / "0.json", *nodes, of_team("a", "n1"), of_team("b", "n2"))
    first = import_kubernetes([source]).problem
    for number in (1, 2):
        problem = import_kubernetes([source]).problem
        assert rules(problem) == rules(first)
        found = exported_of(problem, source, "none")
        all_valid(found)
        placed = {row.component: row.instance for row in problem.placements}
        if placed["shop/a"] != placed["shop/b"]:
            assert constraints(found) == [[TEAM | {"nodeAffinityPolicy": "Ignore"}]] * 2
        assert "this one keeps it, and nodeAffinityPolicy Ignore makes the scheduler keep it" in notes(found)
        objects = run(copy.deepcopy(nodes), manifests(found))
        more = [grown_by_two(row) for row in manifests(found, "40-workloads.yaml")[:1]]
        third = run(copy.deepcopy(nodes), more, copy.deepcopy(objects))
        assert sum(1 for row in third if row["kind"] == "Pod" and not row["spec"].get("nodeName")) == 1
        source = write(tmp_path / f"{number}.json", *objects)


def grown_by_two(deployment: Json) -> Json:
    """Another Deployment of the kind with two copies: the second is one too many for its zone."""
    metadata = {**deployment["metadata"], "name": "more"}
    return {**deployment, "metadata": metadata, "spec": {**deployment["spec"], "replicas": 2}}


def test_why_a_zone_spread_of_several_components_limits_nothing_is_told(tmp_path: Path) -> None:
    """The plan breaks it; old and new copies together do; pods may not stand in a zone that would count."""
    nodes = [node("n1"), node("n2", zone="us-east-1b")]
    both = write(tmp_path / "0.json", *nodes, of_team("a", "n1"), of_team("b", "n1"))
    told = notes(exported_of(import_kubernetes([both]).problem, both, "none"))
    assert "2 in us-east-1a, 0 in us-east-1b, more than its maxSkew of 1 apart: it stays, and limits nothing" in told
    ignoring = [of_team(name, "n1", nodeAffinityPolicy="Ignore") for name in "ab"]  # type: ignore[arg-type]
    source = write(tmp_path / "0.json", *nodes, *ignoring)
    assert "apart: copies wait" in notes(exported_of(import_kubernetes([source]).problem, source, "none"))

    three = [of_team("a", "n1"), of_team("b", "n2"), of_team("c", "n1")]
    source = write(tmp_path / "0.json", *nodes, *three)
    found = exported_of(import_kubernetes([source]).problem, source, "none")
    assert "old and new copies together have" in notes(found)
    assert constraints(found)[0] == [TEAM]

    third = [*nodes, node("n3", "m5.large", zone="us-east-1c", gpus=0)]
    pods = [of_team("a", "n1"), of_team("b", "n2")]
    for row in pods:
        row["spec"]["nodeSelector"] = {"node.kubernetes.io/instance-type": "g5.12xlarge"}
    source = write(tmp_path / "0.json", *third, *pods)
    problem = import_kubernetes([source]).problem
    found = exported_of(problem, source, "none")
    assert "its pods may not stand in some zones" in notes(found) or "more than its maxSkew" in notes(found)
    assert constraints(found)[0] == [TEAM]


def test_bug_copies_that_may_have_parts_may_have_them_after_a_plan_on_whole_ones(tmp_path: Path) -> None:
    """One of two copies runs on a slice of time and the plan has both on whole accelerators: slices still do."""
    nodes = [node("n0"), node("n1", gpus=16, labels={"nvidia.com/gpu.replicas": "4"})]
    running = [pod("chat-0", "n0", "chat", gpus=1), pod("chat-1", "n1", "chat", gpus=1)]
    file = write(tmp_path / "before.json", *nodes, *running)
    first = import_kubernetes([file]).problem
    assert len(first.components[0].modes) == 2

    document = first.to_document()
    document["placements"] = [row for row in document["placements"] if row["instance"] == "n0"]
    document["instances"][1]["state"] = "draining"
    found = exported_of(Problem(**document), file, "none")
    after = run(nodes, manifests(found, "40-workloads.yaml"))
    assert {row["spec"]["nodeName"] for row in after if row["kind"] == "Pod"} == {"n0"}
    again = import_kubernetes([write(tmp_path / "after.json", *after)]).problem
    assert rules(again) == rules(first)


def test_a_kept_problem_knows_its_cluster_again(tmp_path: Path) -> None:
    """Demand, zones and options that no copy runs by are in no manifest: with what runs the kept problem has both."""
    machine = {"accelerator": "A10G", "accelerator_count": 4, "vcpus": 48, "memory_gib": 192, "price_per_hour": 5}
    needs = {"vcpus": 2, "memory_gib": 8, "throughput": 10}
    options = [{"name": "tp4", "accelerators": 4, **needs}, {"name": "tp1", "accelerators": 1, **needs}]
    zones = ("us-east-1a", "us-east-1b")
    kept = Problem(
        accelerators={"A10G": {"memory_gib": 22}},
        instance_types={"g5.12xlarge": machine},
        pools=[{"name": f"pool-{zone}", "instance_type": "g5.12xlarge", "zone": zone} for zone in zones],
        components=[{"name": "chat", "demand": 55, "options": options, "spread": {"min_zones": 2}}],
    )
    plan = placement.solve(kept, "greedy").plan
    zone_of = {row.name: row.zone for row in kept.pools}
    nodes = [node(f"n{k}", zone=zone_of[row.pool]) for k, row in enumerate(plan.instances)]
    pods = run(copy.deepcopy(nodes), manifests(export_kubernetes(kept, plan, ExportWishes()), "40-workloads.yaml"))
    imported = import_kubernetes([write(tmp_path / "cluster.json", *pods)], Wishes()).problem

    again = joined(kept, imported)

    assert [row.name for row in again.pools] == [row.name for row in kept.pools]
    assert (again.components, len(again.placements)) == (kept.components, 6)
    assert placement.solve(again, "greedy").plan.moves == 0
    assert placement.audit(again, work=1).ok
