"""Rules about other pods, and about what must stay up, as the problem has them; what it can't say is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from placement.errors import DocumentError
from placement.integrations.kubernetes import Wishes
from placement.integrations.kubernetes.naming import HOSTNAME
from placement.integrations.kubernetes.selectors import Requirement, Selector, Taint, Toleration
from tests.integrations.kubernetes.clusters import Json, apart, budget, daemon, node, pod, spread
from tests.integrations.kubernetes.test_nodes import imported, notes

if TYPE_CHECKING:
    from pathlib import Path

ZONE = "topology.kubernetes.io/zone"


def copies(app: str, *on: str | None, spec: Json | None = None, gpus: int = 1) -> list[Json]:
    """Copies of one app on nodes, with a rule."""
    rows = [pod(f"{app}-{index}", name, app, gpus=gpus) for index, name in enumerate(on)]
    for row in rows:
        row["spec"] |= spec or {}
    return rows


def three_zones() -> list[Json]:
    """Nodes in three zones."""
    return [node(f"n{zone}", zone=f"us-east-1{zone}") for zone in "abc"]


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ("1", "2"), (True, False, False)),
        ("NotIn", ("1",), (False, True, True)),
        ("Exists", (), (True, True, False)),
        ("DoesNotExist", (), (False, False, True)),
        ("Gt", ("4",), (False, True, False)),
        ("Lt", ("4",), (True, False, False)),
    ],
)
def test_operators_of_selectors(operator: str, values: tuple[str, ...], expected: tuple[bool, ...]) -> None:
    """Of a label 1, a label 10, and none."""
    row = Requirement("k", operator, values)

    assert tuple(row.takes(labels) for labels in ({"k": "1"}, {"k": "10"}, {})) == expected
    assert Selector((row,)).takes({"k": "1"}) == expected[0]


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        (Toleration("", "Exists", "", ""), True),
        (Toleration("team", "Exists", "", "NoSchedule"), True),
        (Toleration("team", "Exists", "", "NoExecute"), False),
        (Toleration("team", "Equal", "a", ""), True),
        (Toleration("team", "Equal", "b", ""), False),
        (Toleration("", "Equal", "a", ""), False),
    ],
)
def test_tolerations(toleration: Toleration, expected: bool) -> None:
    """An empty key with Exists is every taint, an empty effect every effect."""
    assert toleration.tolerates(Taint("team", "a", "NoSchedule")) == expected


def test_skew_over_zones(tmp_path: Path) -> None:
    """Every zone can hold a copy: then it is a skew."""
    found = imported(
        tmp_path, *three_zones(), *copies("a", "na", spec={"topologySpreadConstraints": [spread(ZONE, "a")]})
    )

    assert found.problem.components[0].spread.max_skew == 1


def test_a_zone_that_counts_and_can_hold_none_limits_the_others(tmp_path: Path) -> None:
    """Taints do not count for domains: the emptiest zone stays empty, so others hold maxSkew at most."""
    nodes = three_zones()
    nodes[2] = node("nc", zone="us-east-1c", taints=[{"key": "team", "effect": "NoSchedule"}])
    rule = spread(ZONE, "a", 2)
    found = imported(tmp_path, *nodes, *copies("a", "na", spec={"topologySpreadConstraints": [rule]}))
    honoured = imported(
        tmp_path,
        *nodes,
        *copies("a", "na", spec={"topologySpreadConstraints": [rule | {"nodeTaintsPolicy": "Honor"}]}),
    )

    assert (found.problem.components[0].spread.max_per_zone, found.problem.components[0].spread.max_skew) == (2, None)
    assert honoured.problem.components[0].spread.max_skew == 2


def test_a_zone_that_no_copy_asks_for_counts_where_the_constraint_says_so(tmp_path: Path) -> None:
    """Nodes that the selector takes are counted; with `nodeAffinityPolicy: Ignore` all are."""
    nodes = [
        node(f"n{zone}", zone=f"us-east-1{zone}", labels={"disk": "slow" if zone == "c" else "fast"}) for zone in "abc"
    ]

    def found(**policy: str) -> tuple[int | None, int | None]:
        spec = {"topologySpreadConstraints": [spread(ZONE, "a", 2, **policy)], "nodeSelector": {"disk": "fast"}}
        kept = imported(tmp_path, *nodes, *copies("a", "na", spec=spec)).problem.components[0].spread
        return kept.max_per_zone, kept.max_skew

    assert found() == found(nodeAffinityPolicy="Honor") == (None, 2)
    assert found(nodeAffinityPolicy="Ignore") == (2, None)


def test_fewer_domains_than_wanted_limit_each(tmp_path: Path) -> None:
    """minDomains: the minimum counts as 0."""
    rule = spread(ZONE, "a", 1, minDomains=4)
    found = imported(tmp_path, *three_zones(), *copies("a", "na", spec={"topologySpreadConstraints": [rule]}))

    assert found.problem.components[0].spread.max_per_zone == 1


def test_skew_over_hosts_is_a_limit_of_each(tmp_path: Path) -> None:
    """As strict as need be while a node is empty; what Kubernetes allows beyond that is told."""
    rule = {"topologySpreadConstraints": [spread(HOSTNAME, "a", 1)]}
    few = imported(tmp_path, *three_zones(), *copies("a", "na", "nb", spec=rule))
    many = imported(tmp_path, *three_zones(), *copies("a", "na", "na", "nb", "nc", spec=rule))

    assert few.problem.components[0].spread.max_per_instance == 1
    assert many.problem.components[0].spread.max_per_instance == 2
    assert "skew over machines can't be said" in notes(many)


def test_anti_affinity_by_host(tmp_path: Path) -> None:
    """To its own: one a machine. To others: never on one machine, both ways."""
    rows = [*copies("a", "na", spec={"affinity": apart(HOSTNAME, "a")})]
    rows += copies("b", "nb", spec={"affinity": apart(HOSTNAME, "a")})
    found = imported(tmp_path, *three_zones(), *rows).problem

    assert found.components[0].spread.max_per_instance == 1
    assert found.components[1].avoid == ("shop/a",)


def test_anti_affinity_by_zone(tmp_path: Path) -> None:
    """To its own: one a zone. To others: that can't be said, so it is told."""
    rows = copies("a", "na", spec={"affinity": apart(ZONE, "a")}) + copies(
        "b", "nb", spec={"affinity": apart(ZONE, "a")}
    )
    found = imported(tmp_path, *three_zones(), *rows)

    assert found.problem.components[0].spread.max_per_zone == 1
    assert "keeping apart by zone from shop/a can't be said" in notes(found)


def test_namespaces_bound_who_is_kept_apart(tmp_path: Path) -> None:
    """A term is about its own namespace, unless it names others."""
    other = pod("x", "nb", "a", namespace="other")
    near = copies("b", "na", spec={"affinity": apart(HOSTNAME, "a")})
    wide = apart(HOSTNAME, "a")
    wide["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]["namespaceSelector"] = {}

    assert imported(tmp_path, *three_zones(), other, *near).problem.components[1].avoid == ()
    far = copies("b", "na", spec={"affinity": wide})
    assert imported(tmp_path, *three_zones(), other, *far).problem.components[1].avoid == ("other/a",)


def test_a_daemon_that_must_be_apart_bars_its_nodes(tmp_path: Path) -> None:
    """What comes with a node is no component, so the node is out."""
    rows = copies("a", "na", spec={"affinity": apart(HOSTNAME, "agent")})
    found = imported(tmp_path, *three_zones(), daemon("nb", namespace="shop"), *rows).problem

    assert found.components[0].modes[0].instance_types == ("g5.12xlarge",)
    assert {row.id: row.pool for row in found.instances}["nb"] == "g5.12xlarge-us-east-1b"


def test_racks_are_zones_when_asked(tmp_path: Path) -> None:
    """Any label of nodes may be what a zone is."""
    nodes = [node(f"n{rack}", labels={"rack": rack}) for rack in "xy"]
    rows = copies("a", "nx", spec={"topologySpreadConstraints": [spread("rack", "a")]})
    plain = imported(tmp_path, *nodes, *rows)
    racks = imported(tmp_path, *nodes, *rows, wishes=Wishes(zone_label="rack"))

    assert plain.problem.components[0].spread.max_skew is None
    assert "topologySpreadConstraints[rack]: ignored" in notes(plain)
    assert racks.problem.components[0].spread.max_skew == 1
    assert [row.zone for row in racks.problem.pools] == ["x", "y"]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"topologySpreadConstraints": [spread(ZONE, "a", whenUnsatisfiable="ScheduleAnyway")]}, "is a wish"),
        ({"topologySpreadConstraints": [spread(ZONE, "zzz")]}, "its selector takes no pod of its own"),
        ({"topologySpreadConstraints": [spread(ZONE, "a", matchLabelKeys=["version"])]}, "version is not compared"),
        (
            {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}},
            "affinity.nodeAffinity.preferred: ignored: is a wish",
        ),
        (
            {
                "affinity": {
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": {"app": "a"}}}
                        ]
                    }
                }
            },
            "that copies stand together can't be said",
        ),
        ({"schedulingGates": [{"name": "g"}]}, "schedulingGates: ignored"),
        ({"topologySpreadConstraints": [spread("rack", "a")]}, "topologySpreadConstraints[rack]: ignored"),
        ({"topologySpreadConstraints": [spread("region", "a", minDomains=2)]}, "topologySpreadConstraints[region]"),
        (
            {
                "affinity": {
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {"topologyKey": "region", "labelSelector": {"matchLabels": {"app": "nobody"}}}
                        ]
                    }
                }
            },
            "podAffinity[region]: ignored",
        ),
        ({"priorityClassName": "high"}, "priorityClassName high: assumed: 0: no such class was given"),
    ],
)
def test_what_can_t_be_said_is_told(tmp_path: Path, spec: Json, told: str) -> None:
    """Each rule or wish that is not in the problem has a note."""
    nodes = three_zones()
    for row in nodes:
        row["metadata"]["labels"]["region"] = "us-east-1"
    assert told in notes(imported(tmp_path, *nodes, *copies("a", "na", spec=spec)))


def test_a_spread_over_the_one_region_that_all_nodes_are_in_limits_nothing(tmp_path: Path) -> None:
    """So there is nothing to tell."""
    nodes = three_zones()
    for row in nodes:
        row["metadata"]["labels"]["region"] = "us-east-1"
    rows = copies("a", "na", spec={"topologySpreadConstraints": [spread("region", "a")]})

    assert "topologySpreadConstraints" not in notes(imported(tmp_path, *nodes, *rows))


def test_an_unknown_word_for_a_spread_that_can_t_be_kept_is_refused(tmp_path: Path) -> None:
    """It might be a rule or a wish."""
    rows = copies("a", "na", spec={"topologySpreadConstraints": [spread(ZONE, "a", whenUnsatisfiable="Never")]})

    with pytest.raises(DocumentError, match="must be one of DoNotSchedule, ScheduleAnyway"):
        imported(tmp_path, *three_zones(), *rows)


def test_nodes_without_the_label_of_a_spread_hold_no_copy(tmp_path: Path) -> None:
    """The scheduler starts no pod with a hard constraint there; others it does."""
    without = node("nx")
    del without["metadata"]["labels"][ZONE]
    rows = [*copies("a", "na", spec={"topologySpreadConstraints": [spread(ZONE, "a")]}), *copies("b", "nx")]
    found = imported(tmp_path, *three_zones(), without, *rows).problem

    first, second = found.components
    assert (first.modes[0].instance_types, second.modes[0].instance_types) == (("g5.12xlarge",), None)
    assert {row.id: row.pool for row in found.instances}["nx"] == "g5.12xlarge-no-zone"
    assert "g5.12xlarge without topology.kubernetes.io/zone" in found.instance_types
    wish = spread(ZONE, "a", whenUnsatisfiable="ScheduleAnyway")
    rows = copies("a", "na", spec={"topologySpreadConstraints": [wish]})
    assert len(imported(tmp_path, *three_zones(), without, *rows).problem.instance_types) == 1


def test_a_spread_that_counts_others_is_told(tmp_path: Path) -> None:
    """Ours counts one component."""
    rows = copies("a", "na", spec={"topologySpreadConstraints": [spread(ZONE, "a")]})
    rows.append(pod("x", "nb", "b", labels={"app": "a"}))
    found = imported(tmp_path, *three_zones(), *rows)

    assert "it counts pods of other components too (shop/b)" in notes(found)


@pytest.mark.parametrize(
    ("spec", "away"),
    [
        ({"maxUnavailable": 2}, "2"),
        ({"minAvailable": "50%"}, "1"),
        ({"minAvailable": 3}, "0"),
        ({"maxUnavailable": "34%"}, "2"),
    ],
)
def test_budgets_say_how_many_may_be_away(tmp_path: Path, spec: Json, away: str) -> None:
    """Of three copies; percentages are rounded up."""
    found = imported(tmp_path, *three_zones(), *copies("a", "na", "nb", "nc"), budget("b", "a", **spec))

    component = found.problem.components[0]
    assert (component.max_unavailable, component.labels["pod-disruption-budget"]) == (int(away), "b")
    assert ("lets no copy be away" in notes(found)) == (away == "0")


def test_a_budget_over_two_components(tmp_path: Path) -> None:
    """It counts the pods of both together: each may be without as many as it allows to all, which is told."""
    both = [*copies("a", "na", "nb"), *copies("b", "na", "nb")]
    found = imported(tmp_path, *three_zones(), *both, budget("x", "a", minAvailable=3, selector={}))

    assert [row.max_unavailable for row in found.problem.components] == [1, 1]
    assert "lets no copy be away" not in notes(found)
    told = "PodDisruptionBudget shop/x: ignored: lets 1 of all copies of shop/a, shop/b be away; here each"
    assert told in notes(found)
    found = imported(tmp_path, *three_zones(), *both, budget("x", "a", minAvailable=4, selector={}))
    assert [row.max_unavailable for row in found.problem.components] == [0, 0]
    assert notes(found).count("lets no copy be away") == 2


def test_two_budgets_over_one_component_stop_evictions(tmp_path: Path) -> None:
    """The strictest counts, and that Kubernetes evicts nothing then is told."""
    rules = [budget("x", "a", maxUnavailable=2), budget("y", "a", maxUnavailable=1)]
    found = imported(tmp_path, *three_zones(), *copies("a", "na", "nb", "nc"), *rules)

    assert found.problem.components[0].max_unavailable == 1
    assert "PodDisruptionBudget shop/x and PodDisruptionBudget shop/y count its pods, and Kubernetes" in notes(found)


def test_roll_out_settings_say_it_too(tmp_path: Path) -> None:
    """A quarter of four by default; the stricter of roll-out and budget counts."""
    deployment = {"kind": "Deployment", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"replicas": 8}}
    found = imported(tmp_path, *three_zones(), *copies("a", "na", "nb"), deployment, budget("b", "a", maxUnavailable=1))

    component = found.problem.components[0]
    assert (component.max_unavailable, component.labels["max-surge"]) == (1, "2")


@pytest.mark.parametrize(
    ("kind", "spec", "away", "surge"),
    [
        ("StatefulSet", {}, 1, "0"),
        ("StatefulSet", {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "34%"}}}, 3, "0"),
        ("LeaderWorkerSet", {"leaderWorkerTemplate": {"size": 2}}, 2, "0"),
        (
            "LeaderWorkerSet",
            {
                "leaderWorkerTemplate": {"size": 3},
                "rolloutStrategy": {"rollingUpdateConfiguration": {"maxUnavailable": "50%", "maxSurge": "50%"}},
            },
            3,
            "6",
        ),
        ("Deployment", {"replicas": 8, "strategy": {"type": "Recreate"}}, 8, "0"),
    ],
)
def test_roll_outs_of_other_owners(tmp_path: Path, kind: str, spec: Json, away: int, surge: str) -> None:
    """Of eight copies: one pod at a time, or a share rounded up; whole groups; all at once."""
    rows = [pod(f"a-{n}", "na", "a", kind="ReplicaSet" if kind == "Deployment" else kind) for n in range(8)]
    if kind == "LeaderWorkerSet":
        for row in rows:
            row["metadata"]["labels"]["leaderworkerset.sigs.k8s.io/name"] = "a"
    owner = {"kind": kind, "metadata": {"name": "a", "namespace": "shop"}, "spec": {"replicas": 8} | spec}
    component = imported(tmp_path, *three_zones(), *rows, owner).problem.components[0]

    assert (component.max_unavailable, component.labels["max-surge"]) == (away, surge)


def test_roll_outs_that_a_component_cannot_say_are_told(tmp_path: Path) -> None:
    """Pods that are replaced when somebody deletes them set no limit; a partition is told."""
    rows = [pod(f"a-{n}", "na", "a", kind="StatefulSet") for n in range(3)]
    owner: Json = {"kind": "StatefulSet", "metadata": {"name": "a", "namespace": "shop"}}
    by_hand = owner | {"spec": {"replicas": 3, "updateStrategy": {"type": "OnDelete"}}}
    found = imported(tmp_path, *three_zones(), *rows, by_hand)
    assert "max_unavailable" not in found.problem.components[0].model_fields_set

    halted = owner | {"spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}}
    told = notes(imported(tmp_path, *three_zones(), *rows, halted))
    assert "StatefulSet shop/a spec.updateStrategy.rollingUpdate.partition: ignored: copies numbered below 2" in told

    wrong = owner | {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "half"}}}}
    with pytest.raises(DocumentError, match=r"maxUnavailable \(StatefulSet shop/a\): must be a whole number"):
        imported(tmp_path, *three_zones(), *rows, wrong)


def test_required_affinity_is_one_of_its_terms(tmp_path: Path) -> None:
    """Terms are alternatives, the requirements of one term are not."""

    def term(**labels: str) -> Json:
        rows = [{"key": key.replace("_", "/"), "operator": "In", "values": [value]} for key, value in labels.items()]
        return {"matchExpressions": rows}

    nodes = [node("n1", labels={"x": "1", "y": "1"}), node("n2", labels={"x": "1"}), node("n3", labels={"y": "2"})]
    terms = {"nodeSelectorTerms": [term(x="1", y="1"), term(y="2")]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    found = imported(tmp_path, *nodes, *copies("a", "n1", spec={"affinity": affinity})).problem

    pools = {row.instance_type for row in found.pools if row.name in {i.pool for i in found.instances if i.id != "n2"}}
    assert set(found.components[0].modes[0].instance_types or ()) == pools
    assert len(found.instance_types) == 2
