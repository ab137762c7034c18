"""Published states of clusters go through the importer: all that runs arrives, and no rule is broken on the way."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement.integrations.kubernetes import import_kubernetes
from tests.integrations.kubernetes import published
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
