"""Plans for Ray Serve: the config, that Ray's own schema takes it, and that a real cluster starts it as planned."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import placement
from placement import Plan, Problem
from placement.compiled.translate import to_plan
from placement.integrations.ray import RayWish, export_ray
from tests.corpus import plans, seeds

Doc = dict[str, Any]
HERE = Path(__file__).parent / "cluster"
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")

# Two machines of four GPUs, one without. `small` shares GPUs: by best fit alone Ray might put them otherwise.
PROBLEM: Doc = {
    "name": "for-ray",
    "accelerators": {"L4": {"memory_gib": 24}},
    "instance_types": {
        "g6.12xlarge": {
            "accelerator": "L4",
            "accelerator_count": 4,
            "vcpus": 48,
            "memory_gib": 192,
            "price_per_hour": 4.6,
            "reserved": {"vcpus": 1, "memory_gib": 4, "accelerator_memory_gib": 1},
        },
        "m7i.large": {"vcpus": 2, "memory_gib": 8, "price_per_hour": 0.1},
    },
    "pools": [
        {"name": "gpu/a", "instance_type": "g6.12xlarge", "zone": "za"},
        {"name": "gpu-b", "instance_type": "g6.12xlarge", "zone": "zb"},
        {"name": "cpu", "instance_type": "m7i.large", "zone": "za"},
    ],
    "components": [
        {"name": "wide", "copies": 1, "accelerators": 2, "accelerator_memory_gib": 20, "vcpus": 1},
        {"name": "small", "copies": 4, "accelerator_memory_gib": 9, "shared": True, "memory_gib": 1},
        {"name": "tp", "copies": 1, "accelerators": 2, "accelerator_memory_gib": 5, "shared": True},
        {"name": "Router: 1", "copies": 2, "accelerators": 0, "vcpus": 0.5, "memory_gib": 1},
    ],
}
PLAN: Doc = {
    "instances": [
        {"id": "gpu/a/new-1", "pool": "gpu/a"},
        {"id": "gpu-b/new-1", "pool": "gpu-b"},
        {"id": "cpu/new-1", "pool": "cpu"},
    ],
    "assignments": [
        {"component": "wide", "instance": "gpu-b/new-1", "accelerators": [1, 3]},
        {"component": "small", "instance": "gpu/a/new-1", "accelerators": [2]},
        {"component": "small", "instance": "gpu/a/new-1", "accelerators": [2]},
        {"component": "small", "instance": "gpu/a/new-1", "accelerators": [0]},
        {"component": "small", "instance": "gpu-b/new-1", "accelerators": [0]},
        {"component": "tp", "instance": "gpu/a/new-1", "accelerators": [0, 2]},
        {"component": "Router: 1", "instance": "cpu/new-1", "accelerators": []},
        {"component": "Router: 1", "instance": "gpu/a/new-1", "accelerators": []},
    ],
}


def config_of(problem: Problem, plan: Plan, wish: RayWish) -> tuple[Doc, list[Doc]]:
    """The config and the nodes, as they stand in the files."""
    files = export_ray(problem, plan, wish).files
    assert list(files) == ["nodes.json", "serve.yaml"]  # in the order of use
    return YAML(typ="safe", pure=True).load(files["serve.yaml"]), json.loads(files["nodes.json"])["nodes"]


def test_a_part_of_a_vcpu_is_no_room_lost() -> None:
    """`ray start` takes whole vCPUs: a copy that needs the last half of one would wait for ever."""
    kind = PROBLEM["instance_types"]["m7i.large"] | {"reserved": {"vcpus": 0.5}}
    problem = Problem(**{**PROBLEM, "instance_types": {**PROBLEM["instance_types"], "m7i.large": kind}})
    _, rows = config_of(problem, Plan(**PLAN), RayWish())
    (row,) = (row for row in rows if row["pool"] == "cpu")
    assert row["num_cpus"] == 1.5
    assert "--num-cpus=2" in row["command"]


def test_the_pair_keeps_every_rule() -> None:
    """Else it would be no plan to export."""
    tight = {
        **PROBLEM,
        "components": [*PROBLEM["components"][:2], {**PROBLEM["components"][2]}, PROBLEM["components"][3]],
    }
    assert placement.verify(Problem(**tight), Plan(**PLAN)).ok


def test_each_copy_is_held_to_its_accelerators() -> None:
    """By resources of its node, by the node's label, and by what it is shown."""
    config, nodes = config_of(Problem(**PROBLEM), Plan(**PLAN), RayWish())
    applications = {row["name"]: row for row in config["applications"]}
    assert [name.rpartition("-")[0] or name for name in applications] == ["wide", "small", "tp", "router-1"]
    (wide,) = applications["wide"]["deployments"]
    options = wide["ray_actor_options"]
    label = next(node["labels"]["placement/machine"] for node in nodes if node["machine"] == "gpu-b/new-1")
    assert options["label_selector"] == {"placement/machine": label}
    whole = 23 * 1024
    assert options["resources"] == {
        "placement-gpu-1": 1,
        "placement-gpu-3": 1,
        "placement-gpu-1-mib": whole,
        "placement-gpu-3-mib": whole,
    }
    assert options["runtime_env"]["env_vars"]["CUDA_VISIBLE_DEVICES"] == "1,3"
    small = applications["small"]["deployments"]
    assert [(row["num_replicas"], *row["ray_actor_options"]["resources"].items()) for row in small] == [
        (1, ("placement-gpu-0-mib", 9 * 1024)),
        (2, ("placement-gpu-2-mib", 9 * 1024)),
        (1, ("placement-gpu-0-mib", 9 * 1024)),
    ]
    told = applications["small"]["args"]["deployments"]
    assert {row["machine"] for row in told.values()} == {"gpu/a/new-1", "gpu-b/new-1"}


@seeds(range(150), 12)
@pytest.mark.parametrize("pin", ["accelerator", "machine", "pool"])
def test_every_copy_has_room_on_its_node_as_ray_counts(seeds: range, pin: Any) -> None:
    """All replicas of a machine together are within what its node declares, and none is missing."""
    seen = 0
    for _, problem, fleet, packing in plans(seeds):
        plan = to_plan(fleet, packing)
        config, nodes = config_of(problem, plan, RayWish(pin=pin))
        deployments = [row for application in config["applications"] for row in application["deployments"]]
        assert sum(row["num_replicas"] for row in deployments) == len(plan.assignments)
        assert len({row["name"] for row in config["applications"]}) == len(config["applications"])
        label = "placement/pool" if pin == "pool" else "placement/machine"
        use: dict[str, Counter[str]] = {}
        for row in deployments:
            options = row["ray_actor_options"]
            (selector,) = row.get("placement_group_bundle_label_selector", [options.get("label_selector")])
            taken = use.setdefault(selector[label], Counter())
            bundles = row.get("placement_group_bundles")
            gpus = sum(b["GPU"] for b in bundles) if bundles else options["num_gpus"]
            assert gpus <= 1 or bundles or gpus == int(gpus)
            if gpus < 0.001:
                gpus = 0  # it needs none of a GPU, but has to see one
            for key, value in (("CPU", options["num_cpus"]), ("memory", options["memory"]), ("GPU", gpus)):
                taken[key] += round(value * row["num_replicas"] * 10_000)
            for key, value in options.get("resources", {}).items():
                taken[key] += round(value * row["num_replicas"] * 10_000)
        for value, taken in use.items():
            here = [node for node in nodes if node["labels"][label] == value]
            assert here
            declared = {
                "CPU": sum(node["num_cpus"] for node in here),
                "memory": sum(node["memory"] for node in here),
                "GPU": sum(node["num_gpus"] for node in here),
                **(here[0]["resources"] if pin == "accelerator" else {}),
            }
            if (
                pin != "accelerator"
            ):  # memory and shares of a GPU are one figure then, which may be too much: a note says so
                taken = Counter({key: amount for key, amount in taken.items() if key != "GPU"})
            assert all(amount <= round(declared[key] * 10_000) for key, amount in taken.items())
        for node in nodes:
            assert all(LABEL.fullmatch(value) for value in node["labels"].values())
        seen += 1
    assert seen > len(seeds) / 3


def test_what_ray_cannot_be_told_is_said() -> None:
    """By kind of pin, in the notes and at the top of the file."""
    problem, plan = Problem(**PROBLEM), Plan(**PLAN)
    for pin, said in (
        ("accelerator", "Ray cannot be asked for one of them"),
        ("machine", "Ray chooses the GPUs that copies share"),
        ("machine", "Ray may give it two of one GPU"),
        ("pool", "a copy starts on any machine of its pool"),
    ):
        exported = export_ray(problem, plan, RayWish(pin=pin))  # type: ignore[arg-type]
        assert any(said in note.reason for note in exported.notes)
        head = exported.files["serve.yaml"].partition("proxy_location")[0]
        assert said in " ".join(head.replace("\n#", "").split())


def test_names_are_data() -> None:
    """What is YAML, JSON or shell in a name is none in the files."""
    nasty = 'a: {b}\n- "c" # $(rm -rf /) \u2028\U0001f600 ' + "n" * 80
    problem = Problem(
        instance_types={"cpu": {"vcpus": 2, "memory_gib": 4, "price_per_hour": 1}},
        pools=[{"name": nasty, "instance_type": "cpu", "zone": nasty}],
        components=[{"name": nasty, "copies": 1, "accelerators": 0}],
    )
    plan = Plan(
        instances=[{"id": f"{nasty}/new-1", "pool": nasty}],
        assignments=[{"component": nasty, "instance": f"{nasty}/new-1"}],
    )
    config, nodes = config_of(problem, plan, RayWish())
    (application,) = config["applications"]
    assert application["args"]["component"] == nasty
    assert re.fullmatch(r"[a-z0-9-]{1,63}", application["name"])
    assert nodes[0]["machine"] == f"{nasty}/new-1"
    assert all(re.fullmatch(r"[\w./=,{}\" :-]+", word) for word in nodes[0]["command"])


def test_a_component_has_its_own_application() -> None:
    """By a label; a path that Ray would refuse is refused here."""
    labels = {"ray.import_path": "models.chat:build"}
    document = {**PROBLEM, "components": [{**PROBLEM["components"][0], "labels": labels}, *PROBLEM["components"][1:]]}
    config, _ = config_of(Problem(**document), Plan(**PLAN), RayWish("app:make"))
    assert [row["import_path"] for row in config["applications"]] == ["models.chat:build", *["app:make"] * 3]
    with pytest.raises(placement.UsageError, match='"app" is no import path; write module:function'):
        export_ray(Problem(**PROBLEM), Plan(**PLAN), RayWish("app"))


@pytest.mark.long
@pytest.mark.parametrize("pin", ["accelerator", "machine", "pool"])
def test_rays_own_schema_takes_it(pin: Any) -> None:
    """Every field, of a small plan with everything in it and of plans of random problems."""
    pytest.importorskip("ray.serve.schema", reason='needs Ray: pip install "gpu-placement[ray]"')
    from ray.serve.schema import ServeDeploySchema

    pairs = [(problem, to_plan(fleet, packing)) for _, problem, fleet, packing in plans(range(40))]
    for problem, plan in [(Problem(**PROBLEM), Plan(**PLAN)), *pairs]:
        config, _ = config_of(problem, plan, RayWish(pin=pin))
        read = ServeDeploySchema.model_validate(config)
        assert sum(row.num_replicas for app in read.applications for row in app.deployments) == len(plan.assignments)
        assert read.model_dump(exclude_unset=True, mode="json") == {
            **config,
            "applications": read.model_dump(exclude_unset=True, mode="json")["applications"],
        }


@pytest.mark.long
@pytest.mark.parametrize("pin", ["accelerator", "machine"])
def test_a_real_cluster_starts_each_copy_where_the_plan_has_it(pin: str, tmp_path: Path) -> None:
    """A local cluster of fake nodes; each replica says on which node it is, and which GPUs it is shown."""
    pytest.importorskip("ray", reason='needs Ray: pip install "gpu-placement[ray]"')
    document = dict(PROBLEM)
    if pin == "machine":  # of two shares of two GPUs Ray may take one GPU, which the export says
        document["components"] = [row for row in PROBLEM["components"] if row["name"] != "tp"]
    plan = {**PLAN, "assignments": [row for row in PLAN["assignments"] if pin != "machine" or row["component"] != "tp"]}
    exported = export_ray(Problem(**document), Plan(**plan), RayWish("replicas:build", pin=pin))  # type: ignore[arg-type]
    exported.write(tmp_path / "out")
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": f"{HERE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "start_cluster.py"), str(tmp_path / "out"), str(tmp_path / "seen.json")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,  # a minute and a half where nothing else runs
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads((tmp_path / "seen.json").read_text())
    found = Counter((row["component"], row["machine"], row["shown"]) for row in seen)
    wanted: Counter[Any] = Counter()
    for row in plan["assignments"]:
        shown = ",".join(map(str, row["accelerators"]))
        wanted[row["component"], row["instance"], shown] += 1
    if pin == "accelerator":
        assert found == wanted
    else:
        assert Counter(key[:2] for key in found.elements()) == Counter(key[:2] for key in wanted.elements())
