"""What serves a copy reaches the manifests: the image and the command of the option that the plan chose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from placement import Plan, Problem
from placement.catalogue.market import Market
from placement.errors import UsageError
from placement.integrations.keda import KedaWish, export_keda
from placement.integrations.kserve import KServeWish, export_kserve
from placement.integrations.kubernetes import ExportWishes, export_kubernetes
from placement.integrations.ray import export_ray
from placement.planner import solve
from placement.quickstart import Answers, ModelWish, draft
from tests.integrations.kserve.test_kserve import PLAN, PROBLEM, SCHEMA, unknown
from tests.integrations.kubernetes.clusters import node, write
from tests.integrations.kubernetes.schemas import check
from tests.integrations.kubernetes.simulated import run
from tests.integrations.manifests import read_objects

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]
LABELS = {
    "serve.image": "vllm/vllm-openai:v0.19.0",
    "serve.command.tp2": "vllm serve 'my org/chat' --tensor-parallel-size 2 --port 9000",
    "serve.command.tp1": "vllm serve 'my org/chat' --tensor-parallel-size 1 --served-model-name chat",
}
TP2 = ["serve", "my org/chat", "--tensor-parallel-size", "2", "--port", "9000"]
TP1 = ["serve", "my org/chat", "--tensor-parallel-size", "1", "--served-model-name", "chat"]
SHARED_MEMORY = [{"name": "shm", "emptyDir": {"medium": "Memory"}}]


def labelled(labels: Json) -> Problem:
    """The problem of KServe's tests, its first component with these labels: it runs by both of its options."""
    first, *others = PROBLEM["components"]
    return Problem(**{**PROBLEM, "components": [{**first, "labels": labels}, *others]})


def deployments(problem: Problem, plan: Plan, **wishes: Any) -> tuple[list[Json], str]:
    """The valid Deployments of chat, and the notes."""
    found = export_kubernetes(problem, plan, ExportWishes(sharing="kai", **wishes))
    rows = read_objects(found.files["40-workloads.yaml"])
    assert [check(row) for row in rows] == [[]] * len(rows)
    return [row for row in rows if "chat" in row["metadata"]["name"]], "\n".join(map(str, found.notes))


def predictors(problem: Problem, plan: Plan, **wish: Any) -> tuple[list[Json], str]:
    """The valid predictors of chat, and the notes."""
    found = export_kserve(problem, plan, KServeWish(**wish))
    rows = [row for text in found.files.values() for row in read_objects(text)]
    if SCHEMA.exists():
        schema = json.loads(SCHEMA.read_text())
        assert [fault for row in rows for fault in unknown(schema["properties"]["spec"], row["spec"])] == []
    chosen = [row["spec"]["predictor"] for row in rows if "chat" in row["metadata"]["name"]]
    return chosen, "\n".join(map(str, found.notes))


def of(specs: list[Json], *keys: str) -> list[list[Any]]:
    """These keys of the first container of each."""
    return [[spec["containers"][0].get(key) for key in keys] for spec in specs]


def test_each_copy_has_the_image_and_the_command_of_its_option() -> None:
    """With the port that its server has, ready when it answers, and memory that its processes share."""
    problem, plan = labelled(LABELS), Plan(**PLAN)
    rows, notes = deployments(problem, plan)
    services, told = predictors(problem, plan)

    assert {row["spec"]["progressDeadlineSeconds"] for row in rows} == {1800}
    for specs in ([row["spec"]["template"]["spec"] for row in rows], services):
        assert of(specs, "image", "command", "args") == [
            ["vllm/vllm-openai:v0.19.0", ["vllm"], TP2],
            ["vllm/vllm-openai:v0.19.0", ["vllm"], TP1],
        ]
        assert [spec.get("volumes") for spec in specs] == [SHARED_MEMORY, None]
        assert of(specs, "volumeMounts") == [[[{"name": "shm", "mountPath": "/dev/shm"}]], [None]]
        for (ports, probe), port in zip(of(specs, "ports", "readinessProbe"), (9000, 8000), strict=True):
            assert [row["containerPort"] for row in ports] == [port]
            assert probe == {"httpGet": {"path": "/health", "port": port}}
    for said in (notes, told):
        assert "placeholder" not in said
        assert not [line for line in said.splitlines() if "chat" in line and ("image" in line or "serves them" in line)]


def test_ray_hands_each_deployment_its_command() -> None:
    """Beside its option; one without a label has none."""
    found = read_objects(export_ray(labelled(LABELS), Plan(**PLAN)).files["serve.yaml"])
    by_name = {row["args"]["component"]: row["args"]["deployments"].values() for row in found[0]["applications"]}

    assert {row["option"]: row["command"][1:] for row in by_name["chat"]} == {"tp2": TP2, "tp1": TP1}
    assert all("command" not in row for row in by_name["guard"])


@pytest.mark.parametrize(
    ("labels", "containers"),
    [
        ({"serve.image": "me/own"}, [["me/own", None, None]] * 2),
        ({"serve.image": "me/own", "serve.command": "run it"}, [["me/own", ["run"], ["it"]]] * 2),
        ({"serve.image": "a", "serve.command": "b", "serve.command.tp1": "c"}, [["a", ["b"], []], ["a", ["c"], []]]),
    ],
)
def test_a_label_of_one_option_goes_before_that_of_all(labels: Json, containers: list[list[Any]]) -> None:
    """And a command of another engine says nothing of ports, probes and memory."""
    rows, _ = deployments(labelled(labels), Plan(**PLAN))
    specs = [row["spec"]["template"]["spec"] for row in rows]
    services, _ = predictors(labelled(labels), Plan(**PLAN))

    for found in (specs, services):
        assert of(found, "image", "command", "args") == containers
        assert of(found, "ports", "readinessProbe", "volumeMounts") == [[None] * 3] * 2


def test_a_command_without_an_image_is_told() -> None:
    """An image that no cluster can pull stands for it; what KServe's own labels say goes before."""
    labels = {key: text for key, text in LABELS.items() if "command" in key}
    rows, notes = deployments(labelled(labels), Plan(**PLAN))
    services, told = predictors(labelled(labels), Plan(**PLAN))
    image = "registry.invalid/replace-this-image:latest"

    assert of([row["spec"]["template"]["spec"] for row in rows], "image") == of(services, "image") == [[image]] * 2
    assert f"component chat: inexact: no label serve.image tells its image: the image is {image}" in notes
    assert f"components chat: inexact: no label serve.image tells their image: it is {image}" in told

    services, told = predictors(labelled(LABELS | {"kserve.image": "me/own"}), Plan(**PLAN))
    assert of(services, "image", "args") == [["me/own", TP2], ["me/own", TP1]]
    services, told = predictors(labelled(LABELS | {"kserve.storage_uri": "hf://a/b"}), Plan(**PLAN))
    assert [row["model"]["storageUri"] for row in services] == ["hf://a/b"] * 2


def test_a_quote_that_is_not_closed_is_an_error() -> None:
    """Which names the component and the label."""
    with pytest.raises(UsageError, match=r"component chat label serve\.command\.tp2: no closing quotation"):
        deployments(labelled(LABELS | {"serve.command.tp2": "vllm serve 'a"}), Plan(**PLAN))


def test_keda_asks_for_the_model_by_the_name_that_its_server_tells() -> None:
    """No metric of vLLM is of the component's name: such a model never scaled."""
    found = export_keda(labelled(LABELS), Plan(**PLAN), None, KedaWish(target=1.0))
    rows = read_objects(found.files["scaled-objects.yaml"])
    asked = [row["spec"]["triggers"][0]["metadata"]["query"] for row in rows]

    assert ['model_name="my org/chat"' in text for text in asked[:2]] == [True, False]
    assert 'model_name="chat"' in asked[1]


def test_what_runs_goes_on_and_another_option_has_its_own_command(tmp_path: Path) -> None:
    """A copy by another option was made of the pods that run: with their accelerators, and now with their command."""
    problem, plan = labelled(LABELS), Plan(**PLAN)
    _, live = deployments(problem, plan)[0]
    live["spec"]["template"]["spec"]["containers"][0]["args"][-1] = "by-hand"
    machine = node("n1", "g6.12xlarge", zone="za", labels={"karpenter.sh/capacity-type": "spot"})
    source = write(tmp_path / "cluster.json", *run([machine], [live]))

    rows, notes = deployments(problem, plan, cluster=(source,))
    specs = [row["spec"]["template"]["spec"] for row in rows]
    assert of(specs, "args") == [[TP2], [[*TP1[:-1], "by-hand"]]]
    assert [row["limits"]["nvidia.com/gpu"] for ((row,),) in zip(of(specs, "resources"), strict=True)] == [2, 1]
    assert "component chat: assumed: its pods run by another command than its labels say: theirs goes on" in notes


def test_a_service_of_another_option_is_no_template(tmp_path: Path) -> None:
    """It has the accelerators and the command of its own option; the one that runs goes on."""
    problem, plan = labelled(LABELS), Plan(**PLAN)
    _, live = (row for row in read_objects(export_kserve(problem, plan).files["inference-services.yaml"])[:2])
    live["spec"]["predictor"]["containers"][0]["args"][-1] = "by-hand"
    source = write(tmp_path / "services.json", live)

    specs, _ = predictors(problem, plan, cluster=(str(source),))
    assert of(specs, "args") == [[TP2], [[*TP1[:-1], "by-hand"]]]
    assert [row["limits"]["nvidia.com/gpu"] for ((row,),) in zip(of(specs, "resources"), strict=True)] == ["2", "1"]


def test_from_names_of_models_to_manifests() -> None:
    """The degree of each command is the number of accelerators that the pod gets."""
    wishes = (ModelWish("Llama-3.1-8B-Instruct", copies=2), ModelWish("Llama-3.3-70B-Instruct"))
    made = draft(Answers(wishes, region="us-east-1", gpus=("H100", "L40S"), engine="vllm=0.19"), Market())
    plan = solve(made.problem, "ffd").plan
    assert plan is not None
    found = export_kubernetes(made.problem, plan)
    rows = [row["spec"]["template"]["spec"] for row in read_objects(found.files["40-workloads.yaml"])]

    assert {image for (image,) in of(rows, "image")} == {"vllm/vllm-openai:v0.19.0"}
    for args, resources in of(rows, "args", "resources"):
        assert args[args.index("--tensor-parallel-size") + 1] == str(resources["limits"]["nvidia.com/gpu"])
    assert {args[1] for (args,) in of(rows, "args")} == {
        "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.3-70B-Instruct",
    }
    assert not [note for note in found.notes if "image" in str(note)]
