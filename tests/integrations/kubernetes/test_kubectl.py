"""kubectl itself reads a cluster and applies an export, against a stand-in of the API on the loopback."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import placement
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from placement.integrations.kubernetes.objects import COMMAND
from placement.integrations.manifests import manifest_text
from tests.integrations.kubernetes.api import Store, serving
from tests.integrations.kubernetes.clusters import node, pod
from tests.integrations.kubernetes.test_export import PROBLEM, manifests, plan_of

if TYPE_CHECKING:
    from pathlib import Path

KUBECTL = shutil.which("kubectl")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed (Debian: kubernetes-client)"),
]


def kubectl(server: str, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command; it knows no other server and no other home."""
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "KUBECONFIG": str(home / "none")}
    command = [KUBECTL or "kubectl", "--server", server, *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False)


def test_kubectl_prints_what_is_imported(tmp_path: Path) -> None:
    """The very command of the guide."""
    store = Store()
    for row in (node("n1"), pod("a-0", "n1", "a", gpus=1)):
        store.put(row)
    with serving(store) as server:
        done = kubectl(server, tmp_path, *COMMAND.split()[1:])

    assert done.returncode == 0, done.stderr
    (tmp_path / "cluster.json").write_text(done.stdout)
    found = import_kubernetes([tmp_path / "cluster.json"]).problem
    assert [(row.component, row.instance) for row in found.placements] == [("shop/a", "n1")]


@pytest.mark.parametrize("words", [("apply",), ("apply", "--server-side"), ("create",)])
def test_kubectl_applies_an_export(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Every file in order: what the server has then is what the files say, strictly checked."""
    problem, plan = plan_of(PROBLEM)
    found = export_kubernetes(problem, plan, ExportWishes(node_class="default", static=True))
    found.write(tmp_path / "out")
    store = Store()
    files = [name for name in found.files if name.endswith(".yaml") and name < "9"]
    with serving(store) as server:
        for name in files:
            done = kubectl(server, tmp_path, *words, "--validate=false", "-f", str(tmp_path / "out" / name))
            assert done.returncode == 0, done.stderr

    wanted = manifests(found, *files)
    assert len(store.objects) == len(wanted) == 7
    for row in wanted:
        (held,) = [each for each in store.of(row["kind"]) if each["metadata"]["name"] == row["metadata"]["name"]]
        assert held["spec"] == row["spec"]


def test_kubectl_applies_another_export_over_the_first(tmp_path: Path) -> None:
    """By patches of the client: what the server has then is what the second files say, and nothing else."""
    problem, plan = plan_of(PROBLEM)
    store = Store()
    with serving(store) as server:
        for number in range(2):
            found = export_kubernetes(problem, plan)
            rows = manifests(found, "40-workloads.yaml")
            if number:
                for row in rows:
                    spec = row["spec"]["template"]["spec"]
                    row["spec"]["replicas"] += 1
                    row["spec"]["strategy"] = {"type": "Recreate"}
                    spec["containers"][0] = {"name": "main", "image": "other:1"}
                    spec.pop("topologySpreadConstraints", None)
            (tmp_path / f"{number}.yaml").write_text(manifest_text(rows))
            done = kubectl(server, tmp_path, "apply", "--validate=false", "-f", str(tmp_path / f"{number}.yaml"))
            assert done.returncode == 0, done.stderr

    assert any(line.startswith("PATCH") for line in store.asked)
    for row in rows:
        (held,) = [each for each in store.of("Deployment") if each["metadata"]["name"] == row["metadata"]["name"]]
        assert held["spec"] == row["spec"]


def test_the_stand_in_refuses_what_is_wrong(tmp_path: Path) -> None:
    """Else the test above would say nothing."""
    (tmp_path / "bad.yaml").write_text(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\n"
        "metadata: {name: a, namespace: b}\nspec: {maxUnavailble: 1}\n"
    )
    with serving(Store()) as server:
        done = kubectl(server, tmp_path, "apply", "--validate=false", "-f", str(tmp_path / "bad.yaml"))

    assert done.returncode != 0
    assert "PodDisruptionBudget.spec.maxUnavailble: is no field" in done.stderr


def test_the_client_s_own_reading(tmp_path: Path) -> None:
    """A dry run of the client prints what it understood."""
    problem, plan = plan_of(PROBLEM)
    found = export_kubernetes(problem, plan)
    found.write(tmp_path / "out")
    file = str(tmp_path / "out" / "40-workloads.yaml")
    with serving(Store()) as server:
        done = kubectl(server, tmp_path, "create", "--dry-run=client", "--validate=false", "-o", "json", "-f", file)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"kind": "Deployment"') == len(manifests(found, "40-workloads.yaml"))
    assert placement.verify(problem, plan).ok
