"""Nodes with partitions of two sizes: just as many copies fit as there are of each, by whatever counts."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from placement.documents import Plan, Problem
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from placement.integrations.kubernetes.importer import Wishes
from placement.integrations.kubernetes.mixed import mixed, mixed_of, name_of
from placement.planner import solve
from placement.referee import verify
from tests.integrations.kubernetes.clusters import node, pod, write
from tests.integrations.kubernetes.test_export import manifests

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]
LARGE, SMALL, WHOLE = "nvidia.com/mig-3g.20gb", "nvidia.com/mig-1g.5gb", "nvidia.com/gpu"


def carved(name: str, **kinds: int) -> Json:
    """A node with eight A100 of 40 GiB and so many of each resource, by its last word."""
    resources = {"large": LARGE, "small": SMALL, "whole": WHOLE, "middle": "nvidia.com/mig-2g.10gb"}
    return node(
        name,
        "p4d.24xlarge",
        gpus=0,
        cpu=96,
        memory=1152,
        allocatable={resources[kind]: str(count) for kind, count in kinds.items()},
        labels={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB", "nvidia.com/mig.strategy": "mixed"},
    )


def asks(name: str, on: str | None, resource: str, count: int = 1, **more: Any) -> Json:
    """A pod that asks for accelerators of a kind."""
    return pod(name, on, name.rpartition("-")[0], cpu="1", memory="1Gi", limits={resource: str(count)}, **more)


def held(problem: Problem, counts: dict[str, int]) -> bool:
    """Whether so many copies of each component may stand on the first machine, by the referee."""
    rows = [
        {"component": name, "option": 0, "instance": "n1", "accelerators": [0]}
        for name, count in counts.items()
        for _ in range(count)
    ]
    document = problem.to_document()
    for row in document["components"]:
        row["copies"] = counts[row["name"]]
        row.pop("min_copies", None)
    document["placements"] = []
    pool = document["instances"][0]["pool"]
    plan = Plan(status="feasible", instances=[{"id": "n1", "pool": pool, "new": False}], assignments=rows)
    return verify(Problem(**{k: v for k, v in document.items() if k != "format"}), plan).ok


@pytest.mark.parametrize(("large", "small"), [(1, 1), (2, 3), (3, 2), (2, 8), (7, 7)])
def test_as_many_fit_as_there_are(tmp_path: Path, large: int, small: int) -> None:
    """Every pair of counts, also beyond; by kind, and neither in the other's place."""
    found = import_kubernetes(
        [
            write(
                tmp_path / "c.json",
                carved("n1", large=large, small=small),
                asks("big-0", "n1", LARGE),
                asks("little-0", "n1", SMALL),
            )
        ]
    )

    for b, s in product(range(large + 2), range(small + 2)):
        assert held(found.problem, {"shop/big": b, "shop/little": s}) == (b <= large and s <= small), (b, s)


def test_what_runs_keeps_every_rule(tmp_path: Path) -> None:
    """Full nodes of three layouts, copies with several partitions, whole accelerators beside partitions."""
    objects = [
        carved("n1", large=8, small=32),
        *(asks(f"big-{k}", "n1", LARGE) for k in range(8)),
        *(asks(f"little-{k}", "n1", SMALL, 2) for k in range(16)),
        carved("n2", whole=4, small=28),
        *(asks(f"full-{k}", "n2", WHOLE, 2) for k in range(2)),
        *(asks(f"tiny-{k}", "n2", SMALL) for k in range(28)),
        carved("n3", small=56),
        asks("tiny-99", "n3", SMALL),
    ]
    found = import_kubernetes([write(tmp_path / "c.json", *objects)])

    assert [note for note in found.notes if note.kind in ("broken", "ignored")] == []
    assert set(found.problem.accelerators) == {
        "A100-40GB-MIG-32x1g.5gb+8x3g.20gb",
        "A100-40GB-MIG-28x1g.5gb+4xgpu",
        "A100-40GB-MIG-1g.5gb",
    }
    assert len(found.problem.placements) == 8 + 16 + 2 + 28 + 1
    result = solve(found.problem, work=10)
    assert result.plan is not None
    assert verify(found.problem, result.plan).ok


@pytest.mark.parametrize(("whole", "large"), [(7, 2), (2, 7)])
def test_whole_ones_beside_partitions_are_whole(tmp_path: Path, whole: int, large: int) -> None:
    """Whichever there are more of: what has them does not move to slices of time, nor is told to stay off its node."""
    sliced = node("n2", gpus=16, labels={"nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.count": "4"})
    rows = [carved("n1", whole=whole, large=large), sliced, asks("full-0", "n1", WHOLE), asks("part-0", "n1", LARGE)]
    found = import_kubernetes([write(tmp_path / "c.json", *rows)])

    (full, _) = found.problem.components
    (mode,) = full.modes
    assert mode.on is not None
    assert [mixed_of(kind) is None for kind in mode.on] == [False]
    told = [note.reason for note in found.notes if "are parts of one" in note.reason]
    assert [text.partition(": ")[2].partition(" are")[0] for text in told] == ["A10G-shared-4"]


def test_of_three_kinds_two_that_pods_ask_for(tmp_path: Path) -> None:
    """NVIDIA's layout all-balanced; where pods ask for all three, the node is left out aloud."""
    layout = carved("n1", large=8, middle=8, small=16)
    two = import_kubernetes([write(tmp_path / "a.json", layout, asks("a-0", "n1", LARGE), asks("b-0", "n1", SMALL))])
    assert "Node n1 nvidia.com/mig-2g.10gb: ignored: no pod asks for it" in "\n".join(map(str, two.notes))
    assert len(two.problem.placements) == 2
    third = asks("c-0", "n1", "nvidia.com/mig-2g.10gb")
    more = [carved("n2", small=7), layout, asks("a-0", "n1", LARGE), asks("b-0", "n1", SMALL), third]
    three = import_kubernetes([write(tmp_path / "b.json", *more)])
    assert [row.id for row in three.problem.instances] == ["n2"]
    assert any(note.place == "Node n1" and "left out with its pods" in note.reason for note in three.notes)


def test_partitions_that_are_time_sliced_are_left_out(tmp_path: Path) -> None:
    """Shares are spent on the count."""
    sliced = carved("n1", large=8, small=32)
    sliced["metadata"]["labels"][f"{SMALL}.replicas"] = "4"
    found = import_kubernetes([write(tmp_path / "c.json", carved("n2", small=7), sliced)])

    assert [row.id for row in found.problem.instances] == ["n2"]


@pytest.mark.parametrize("kinds", [{LARGE: 8, SMALL: 32}, {WHOLE: 4, SMALL: 28}, {WHOLE: 1, LARGE: 1}])
def test_the_name_tells_the_kinds(kinds: dict[str, int]) -> None:
    """Read back as it was written."""
    made = mixed(kinds)
    assert made is not None
    assert mixed_of(name_of("A100-40GB", made)) == made


def test_an_export_asks_for_the_kinds(tmp_path: Path) -> None:
    """Without templates: each Deployment asks for the resource and as many as its copies had."""
    objects = [
        carved("n1", large=8, small=32),
        asks("big-0", "n1", LARGE, 3),
        asks("little-0", "n1", SMALL, 2),
    ]
    problem = import_kubernetes([write(tmp_path / "c.json", *objects)], Wishes()).problem
    plan = solve(problem, work=10).plan
    assert plan is not None
    made = export_kubernetes(problem, plan, ExportWishes())
    asked = {}
    for row in manifests(made, "40-workloads.yaml"):
        pod_spec = row["spec"]["template"]["spec"]
        asked[row["metadata"]["namespace"], json.dumps(pod_spec["containers"][0]["resources"]["limits"])] = 1

    assert {limits for _, limits in asked} == {json.dumps({LARGE: 3}), json.dumps({SMALL: 2})}


@pytest.mark.parametrize("sharing", ["time-slicing", "kai", "hami"])
def test_bug_services_ask_for_the_kinds_and_for_no_part_of_them(tmp_path: Path, sharing: Any) -> None:
    """Device plugins count both kinds: with KAI's annotations beside that, a copy asked for memory of one, too."""
    objects = [carved("n1", large=8, small=32), asks("big-0", "n1", LARGE, 3), asks("little-0", "n1", SMALL, 2)]
    problem = import_kubernetes([write(tmp_path / "c.json", *objects)]).problem
    made = export_kserve(problem, solve(problem, work=10).plan, KServeWish(sharing=sharing))
    predictors = [row["spec"]["predictor"] for row in manifests(made, "inference-services.yaml")]

    asked = [row["model"]["resources"]["limits"] for row in predictors]
    assert [{name: told for name, told in row.items() if "/" in name} for row in asked] == [{LARGE: "3"}, {SMALL: "2"}]
    assert not any(key.startswith("gpu-") and "/" not in key for row in predictors for key in row["annotations"])


@pytest.mark.parametrize("resource", ["nvidia.com/mig-2g.10gb", WHOLE])
def test_neither_kind_serves_a_third(tmp_path: Path, resource: str) -> None:
    """A pod that asks for what the node has none of has no place on it."""
    objects = [carved("n1", large=8, small=32), asks("a-0", "n1", SMALL), asks("b-0", None, resource)]
    found = import_kubernetes([write(tmp_path / "c.json", *objects)])

    assert any(note.place == "Deployment shop/b" and "no node may hold a copy" in note.reason for note in found.notes)
