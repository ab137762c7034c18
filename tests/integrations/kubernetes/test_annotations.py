"""Annotations of pods that an export keeps, leaves out, and tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from tests.integrations.kubernetes.clusters import Json, node, pod, write
from tests.integrations.kubernetes.simulated import run
from tests.integrations.kubernetes.test_export import manifests, notes
from tests.integrations.kubernetes.test_pods import REGISTER
from tests.integrations.kubernetes.test_round_trip import plan_as_it_runs

if TYPE_CHECKING:
    from pathlib import Path

RULES = {
    "nvidia.com/use-gputype": "A10G",
    "nvidia.com/nouse-gpuuuid": "GPU-x",
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "sidecar.istio.io/inject": "false",
    "scheduling.k8s.io/group-name": "g",
    "kueue.x-k8s.io/podset-required-topology": "rack",
    "team.example/rule-of-tomorrow": "yes",
}


def exported(tmp_path: Path, *pods: Json) -> tuple[Json, str, list[Json]]:
    """The annotations of the one Deployment of what runs, the notes, and all of the second cluster."""
    nodes = [node("n1"), node("n2", zone="us-east-1b")]
    file = write(tmp_path / "before.json", *nodes, *pods)
    problem = import_kubernetes([file]).problem
    found = export_kubernetes(problem, plan_as_it_runs(problem), ExportWishes(cluster=(file,)))
    work = manifests(found, "40-workloads.yaml")
    return work[0]["spec"]["template"]["metadata"]["annotations"], notes(found), run(nodes, work)


@pytest.mark.parametrize("key", ["karpenter.sh/do-not-disrupt", "cluster-autoscaler.kubernetes.io/safe-to-evict"])
def test_what_must_not_move_must_not_after_an_export(key: str, tmp_path: Path) -> None:
    """The new pods are protected, and read again as pinned."""
    value = "true" if key.startswith("karpenter") else "false"
    told, _, after = exported(tmp_path, pod("a-0", "n1", "a", gpus=1, annotations={key: value}))
    again = import_kubernetes([write(tmp_path / "after.json", *after)]).problem

    assert told[key] == value
    assert [row.pinned for row in again.placements] == [True]


def test_all_that_pods_have_in_common_is_kept(tmp_path: Path) -> None:
    """Of any name, but for what the cluster added; where pods differ new ones have none, which is told."""
    added = {"cni.projectcalico.org/podIP": "10.0.0.1/32", "vpaUpdates": "x"}
    pods = [
        pod(f"a-{n}", f"n{n}", "a", gpus=1, annotations=RULES | added | {"own/number": str(n)} | only)
        for n, only in ((1, {"own/only": "1"}), (2, {}))
    ]
    told, found, _ = exported(tmp_path, *pods)

    assert {key: value for key, value in told.items() if not key.startswith("gpu-placement/")} == RULES
    for key in ("own/number", "own/only"):
        assert f"component shop/a annotation {key}: ignored: its pods differ in it, so new copies have none" in found
    assert "vpaUpdates" not in found


@pytest.mark.parametrize("own", ["", "GPU-1,GPU-3"])
def test_accelerators_that_an_export_chose_are_no_rule(tmp_path: Path, own: str) -> None:
    """Not to the next import and not to the next export; the owner's own are one, and what somebody wrote since."""
    use = "nvidia.com/use-gpuuuid"
    machine = node("n1", gpus=40, annotations={"hami.io/node-nvidia-register": REGISTER})
    asked: Json = {"limits": {"nvidia.com/gpu": "1", "nvidia.com/gpumem": "6000"}}
    rows = []
    for number, index in enumerate((1, 3)):
        held = {"hami.io/vgpu-devices-allocated": f"GPU-{index},NVIDIA,6000,0:;"} | ({use: own} if own else {})
        rows.append(pod(f"a{number}", "n1", "a", annotations=held, **asked))
    source = write(tmp_path / "c.json", machine, *rows)
    problem = first = import_kubernetes([source]).problem
    for number in range(2):
        wishes = ExportWishes(cluster=(source,), pin="accelerator")
        work = manifests(export_kubernetes(problem, plan_as_it_runs(problem), wishes), "40-workloads.yaml")
        told = [row["spec"]["template"]["metadata"]["annotations"] for row in work]
        assert [row[use] for row in told] == ["GPU-1", "GPU-3"]
        given = [{"hami.io/vgpu-devices-allocated": f"{row[use]},NVIDIA,6000,0:;"} for row in told]
        made = [{**row, "metadata": {**row["metadata"]}} for row in run([machine], work) if row["kind"] == "Pod"]
        for row, kept in zip(made, given, strict=True):
            row["metadata"]["annotations"] = row["metadata"]["annotations"] | kept
        source = write(tmp_path / f"{number}.json", machine, *made)
        problem = import_kubernetes([source]).problem
        assert [row.modes for row in problem.components] == [row.modes for row in first.components]
    assert ("use-gpuuuid: ignored" in "\n".join(map(str, import_kubernetes([source]).notes))) == bool(own)

    made[0]["metadata"]["annotations"][use] = "GPU-elsewhere"
    changed = import_kubernetes([write(tmp_path / "x.json", machine, *made)])
    assert "use-gpuuuid: ignored" in "\n".join(map(str, changed.notes))
