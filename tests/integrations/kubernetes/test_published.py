"""Published states of clusters go through the importer: all that runs arrives, and no rule is broken on the way."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement.integrations.kubernetes import import_kubernetes
from tests.integrations.kubernetes import published, published_more
from tests.integrations.kubernetes.clusters import write

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations import Imported

Json = dict[str, Any]


def taken(tmp_path: Path, objects: list[Json]) -> Imported:
    """The import, after the checks that hold of all: machines and copies are all there, where they run."""
    found = import_kubernetes([write(tmp_path / "cluster.json", *objects)])
    nodes = [row["metadata"]["name"] for row in objects if row["kind"] == "Node"]
    pods = [row for row in objects if row["kind"] == "Pod"]
    assert [row.id for row in found.problem.instances] == nodes
    assert sum(row.copies or 0 for row in found.problem.components) == len(pods)
    assert Counter(row.instance for row in found.problem.placements) == Counter(
        row["spec"]["nodeName"] for row in pods if row["spec"].get("nodeName")
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("trace", ["openb_pod_list_default", "openb_pod_list_gpuspec33"])
def test_alibaba_s_gpu_cluster(tmp_path: Path, trace: str) -> None:
    """1,523 nodes and thousands of pods with parts of GPUs, each on the GPU that it shares."""
    found = taken(tmp_path, published.openb(trace))

    assert [note for note in found.notes if note.kind == "broken"] == []
    shared = [row for row in found.problem.components if row.modes[0].shared]
    assert len(shared) > 20
    assert sum(row.accelerators is not None for row in found.problem.placements) > 2000
    held = {row.accelerator for row in found.problem.instance_types.values()}
    assert {"T4", "V100-16GB", "P100"} & {name for name in held if name} or len(held) > 5


@pytest.mark.slow
def test_bytedance_s_machines(tmp_path: Path) -> None:
    """96 machines, 3,485 containers where they run, services that only some machines may hold."""
    found = taken(tmp_path, published.rasa())

    assert len(found.problem.components) == 547
    broken = Counter(note.reason.rpartition("[")[2] for note in found.notes if note.kind == "broken")
    assert set(broken) <= {"allowed-type]", "vcpus]", "host-memory]"}


@pytest.mark.slow
def test_recommenders_on_a_fleet(tmp_path: Path) -> None:
    """3,000 copies of 156 services wait for 4,278 nodes; limits on copies a node arrive."""
    found = taken(tmp_path, published.recommenders())

    assert all(row.min_copies == 0 for row in found.problem.components)
    assert {row.spread.max_per_instance for row in found.problem.components} >= {2, 4, 8}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "over"), [("btrplace/nr6.json.gz", 0), ("btrplace/li6.json.gz", 585)])
def test_five_thousand_hosts(tmp_path: Path, name: str, over: int) -> None:
    """BtrPlace's hosts: where 585 of them are over their CPU, 585 notes say so."""
    found = taken(tmp_path, published.of_problem(name))

    assert sum(note.kind == "broken" for note in found.notes) == over


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "archive"),
    [("a1_1", "A"), ("a1_4", "A"), ("a2_4", "A"), pytest.param("b_1", "B", marks=pytest.mark.long)],
)
def test_processes_of_the_roadef_challenge(tmp_path: Path, case: str, archive: str) -> None:
    """Where they run, apart by service; what can't be said of dependencies and further resources is told."""
    found = taken(tmp_path, published_more.reassignment(case, archive))

    assert [note for note in found.notes if note.kind == "broken"] == []
    ignored = " ".join(note.place for note in found.notes if note.kind == "ignored")
    if case != "a1_1":  # which has neither
        assert "roadef/r2" in ignored
        assert "podAffinity[neighbourhood]" in ignored


@pytest.mark.slow
@pytest.mark.parametrize("sequence", ["C1", "C2", "C3", "C4", "C5"])
def test_virtual_machines_wait_for_servers(tmp_path: Path, sequence: str) -> None:
    """4,998 of them for 1,710 servers: apart where they ask for it; groups together are told."""
    found = taken(tmp_path, published_more.virtual_machines(sequence))

    assert len(found.problem.instances) == 1710
    assert any(row.spread.max_per_instance == 1 for row in found.problem.components)
    assert any("podAffinity" in note.place for note in found.notes if note.kind == "ignored")


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        *("2computers-6processes", "3computers-9processes", "4computers-12processes", "100computers-300processes"),
        *("200computers-600processes", "1600computers-4800processes"),
    ],
)
def test_balanced_computers(tmp_path: Path, case: str) -> None:
    """All processes wait, and each fits by CPU, memory and network on some computer."""
    found = taken(tmp_path, published_more.balanced_computers(case))

    assert all(row.min_copies == 0 and row.modes[0].shared for row in found.problem.components)


@pytest.mark.parametrize(
    "name",
    [
        *("dynamo-13064-ceiling", "karpenter-1149-two-small", "karpenter-aws-9558-reserved-first"),
        *("kueue-4474-keep-the-pair", "volcano-3948-make-room", "volcano-5078-spread-then-pack"),
    ],
)
def test_what_was_asked_in_issues(tmp_path: Path, name: str) -> None:
    """Small, and with accelerators."""
    found = taken(tmp_path, published_more.asked_in_issues(name))

    assert [note for note in found.notes if note.kind in ("broken", "ignored")] == []


@pytest.mark.parametrize("scenario", ["S1", "S2", "S3", "S4", "S5", "S6"])
def test_segments_on_partitions(tmp_path: Path, scenario: str) -> None:
    """ParvaGPU's deployments run, each segment on its accelerator, and keep every rule."""
    found = taken(tmp_path, published_more.parva(scenario))

    assert [note for note in found.notes if note.kind in ("broken", "ignored")] == []
    assert all(row.accelerators is not None for row in found.problem.placements)


@pytest.mark.slow
def test_every_layout_of_partitions(tmp_path: Path) -> None:
    """What NVIDIA's hardware can hold, the import holds too: 77 layouts, none over."""
    found = taken(tmp_path, published_more.layouts())

    assert len(found.problem.instances) == 77
    assert [note for note in found.notes if note.kind in ("broken", "ignored")] == []


def test_models_that_share_by_memory(tmp_path: Path) -> None:
    """The best answers to fifty cases of Prism run, each model on its accelerator."""
    found = taken(tmp_path, published_more.prism())

    assert [note for note in found.notes if note.kind in ("broken", "ignored")] == []
    assert all(row.accelerators is not None for row in found.problem.placements)


def test_layers_on_nodes(tmp_path: Path) -> None:
    """Helix's clusters: a copy on each of 90 nodes."""
    found = taken(tmp_path, published_more.layers())

    assert [note for note in found.notes if note.kind in ("broken", "ignored")] == []
