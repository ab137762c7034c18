"""Variants that run and that the problem has with other settings or types: their endpoint is configured anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from placement.documents import Problem
from placement.documents.plan import Assignment, PlanInstance
from placement.errors import UsageError
from placement.integrations.sagemaker import apply, labels
from placement.integrations.sagemaker.export import SageMakerExport, export_plan
from placement.integrations.sagemaker.wish import ExportWish
from placement.running_state import running_plan
from tests.integrations.sagemaker.platform import REGION, Platform, serving
from tests.integrations.sagemaker.samples import G5, G6E, P4D, ROLE, component, config, endpoint, pooled, simple
from tests.integrations.sagemaker.test_changes import notes
from tests.integrations.sagemaker.test_import import imported
from tests.integrations.sagemaker.test_round_trip import QUICK, deployed, done
from tests.integrations.sagemaker.test_round_trip import imported as read_again

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Row = dict[str, Any]


def edited(problem: Problem, *edits: Callable[[Row], object]) -> Problem:
    """The problem after some edits of its document."""
    document = problem.to_document()
    del document["format"]
    for edit in edits:
        edit(document)
    return Problem(**document)


def labelled(key: str, text: str | None) -> Callable[[Row], object]:
    """Another label of every pool; None takes it away."""

    def edit(document: Row) -> None:
        for row in document["pools"]:
            row["labels"] = {k: v for k, v in row["labels"].items() if k != key} | ({key: text} if text else {})

    return edit


def as_it_runs(problem: Problem, **wish: Any) -> SageMakerExport:
    """The export of a plan in which all stays where it is."""
    return export_plan(problem, running_plan(problem).plan, ExportWish(**wish))


def operations(export: SageMakerExport) -> list[str]:
    """The calls in order."""
    return [step.operation for step in export.steps]


ANEW = ["CreateEndpointConfig", "UpdateEndpoint"]
ROUTING = json.dumps({"RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}})


def test_other_settings_are_written(tmp_path: Path) -> None:
    """With the machines and the range that run; nothing is called where nothing differs, or nothing was read."""
    problem = imported(tmp_path, simple()).problem
    assert operations(as_it_runs(problem)) == []
    export = as_it_runs(edited(problem, labelled(labels.SETTINGS, ROUTING)))
    (row,) = export.steps[0].parameters["ProductionVariants"]

    assert operations(export) == ANEW
    assert row["RoutingConfig"] == {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}
    assert (row["InitialInstanceCount"], row["ManagedInstanceScaling"]["MaxInstanceCount"]) == (3, 6)
    told = "configuration: assumed: other than it was read: sagemaker.settings of pool llm/main: a new configuration"
    assert told in notes(export)
    by_hand = edited(problem, labelled(labels.SETTINGS, ROUTING), labelled(labels.CONFIGURATION, None))
    assert operations(as_it_runs(by_hand)) == []


@pytest.mark.parametrize("key", [labels.SETTINGS, labels.RESERVATION])
def test_what_is_gone_or_new_is_written_too(tmp_path: Path, key: str) -> None:
    """A label that is taken away, one that was not there."""
    text = None if key == labels.SETTINGS else "arn:aws:sagemaker:us-east-1:111122223333:training-plan/x"
    export = as_it_runs(edited(imported(tmp_path, simple()).problem, labelled(key, text)))
    assert operations(export) == ANEW
    assert f"{key} of pool llm/main" in notes(export)


def test_other_types_are_written(tmp_path: Path) -> None:
    """One that a variant did not have, which a plan could use and no call told; other priorities."""
    problem = imported(tmp_path, pooled()).problem
    assert operations(as_it_runs(problem)) == []

    def swap(document: Row) -> None:
        for row in document["pools"]:
            row["labels"][labels.PRIORITY] = {"1": "2", "2": "1"}[row["labels"][labels.PRIORITY]]

    export = as_it_runs(edited(problem, swap))
    (row,) = export.steps[0].parameters["ProductionVariants"]
    assert [pool["InstanceType"] for pool in row["InstancePools"]] == [G5, G6E]

    def more(document: Row) -> None:
        first = document["pools"][0]
        told = first["labels"] | {labels.INSTANCE_TYPE: P4D, labels.PRIORITY: "3"}
        del told[labels.CONFIGURATION]
        document["instance_types"][P4D] = document["instance_types"][first["instance_type"]]
        document["pools"].append(first | {"name": "mixed/main/p4d", "instance_type": P4D, "labels": told})
        for row in document["components"]:
            if row["name"] == "rank":
                row["options"][0]["instance_types"].append(P4D)

    export = as_it_runs(edited(problem, more))
    (row,) = export.steps[0].parameters["ProductionVariants"]
    assert {pool["InstanceType"] for pool in row["InstancePools"]} == {G5, G6E, P4D}
    assert f"types {G5}, {G6E} to {G5}, {G6E}, {P4D}" in notes(export)
    (update,) = (step for step in export.steps if step.operation == "UpdateInferenceComponent")
    assert update.purpose == f"update rank: {P4D} is new"
    assert {each["InstanceType"] for each in update.parameters["Specifications"]} == {G5, G6E, P4D}


def test_a_variant_that_is_added_by_hand_is_made(tmp_path: Path) -> None:
    """By a configuration, with the endpoint's settings: no call gives machines to a variant that is not there."""

    def more(document: Row) -> None:
        first = document["pools"][0]
        document["instance_types"][P4D] = document["instance_types"][first["instance_type"]]
        told = {labels.ENDPOINT: "llm", labels.VARIANT: "p4d"}
        document["pools"].append({"name": "llm/p4d", "instance_type": P4D, "zone": first["zone"], "labels": told})
        (row,) = (row for row in document["components"] if row["name"] == "code-34b")
        row["options"].append(row["options"][0] | {"name": "p4d", "instance_types": [P4D]})

    problem = edited(imported(tmp_path, simple()).problem, more)
    unused = as_it_runs(problem)
    assert operations(unused) == []

    now = running_plan(problem).plan
    stay = [row for row in now.assignments if row.component != "code-34b"]
    plan = now.model_copy(
        update={
            "instances": (*now.instances, PlanInstance(id="llm/p4d/new-1", pool="llm/p4d", new=True)),
            "assignments": (
                *stay,
                Assignment(component="code-34b", option=1, instance="llm/p4d/new-1", accelerators=(0, 1)),
            ),
        }
    )
    export = export_plan(problem, plan, ExportWish())
    assert operations(export)[:3] == [*ANEW, "CreateInferenceComponent"]
    config, component = export.steps[0].parameters, export.steps[2].parameters
    rows = [
        (row["VariantName"], row["InstanceType"], row["InitialInstanceCount"]) for row in config["ProductionVariants"]
    ]
    assert rows == [("main", G5, 3), ("p4d", P4D, 1)]
    assert config["ExecutionRoleArn"] == ROLE
    assert component["Specification"]["ModelName"] == "code-34b-model"
    assert "variant p4d configuration: assumed: other than it was read: the variant is new" in notes(export)


def test_partitions_that_run_are_not_changed(tmp_path: Path) -> None:
    """The service rejects it: refused before a call is made, unless all is made anew."""
    layout = {"AcceleratorPartitionLayouts": [{"AcceleratorPartitionTypes": ["mig-3g.20gb", "mig-3g.20gb"]}]}
    small = component("small", "mig", 3, 1, 8)
    small["Specification"]["ComputeResourceRequirements"]["AcceleratorPartitionType"] = "mig-3g.20gb"
    documents = {
        "endpoint": endpoint("mig", [{"VariantName": "main", "CurrentInstanceCount": 1, **layout}]),
        "config": config("mig", [{"VariantName": "main", "InstanceType": P4D, **layout}]),
        "small": small,
    }
    problem = edited(imported(tmp_path, documents).problem, labelled(labels.PARTITIONS, '["mig-3g.20gb"]'))
    with pytest.raises(UsageError, match="partitions of an endpoint that runs can't be changed"):
        as_it_runs(problem)
    assert operations(as_it_runs(problem, as_new=True))[:2] == ["CreateEndpointConfig", "CreateEndpoint"]


def test_another_configuration_is_sent_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By apply and the real boto3; what is imported then asks for nothing more."""
    platform = Platform()
    monkeypatch.setattr(apply, "POLL_SECONDS", 0.001)
    with serving(platform, monkeypatch) as url:
        deployed(tmp_path, url)
        problem = read_again(tmp_path, url, "state", *platform.endpoints)
        random = json.dumps({"RoutingConfig": {"RoutingStrategy": "RANDOM"}})
        before = len(platform.configs)
        for name, given in (("first", edited(problem, labelled(labels.SETTINGS, random))), ("second", None)):
            given = given or read_again(tmp_path, url, "again", *platform.endpoints)
            plan = (tmp_path / f"{name}.json", tmp_path / f"{name}-plan.json")
            plan[0].write_text(json.dumps(given.to_document()))
            done("solve", plan[0], "-o", plan[1], *QUICK)
            done("export", "sagemaker", *plan, "--out", tmp_path / name)
            send = ("--send", "--endpoint-url", url, "--region", REGION)
            told = done("apply", "sagemaker", tmp_path / name, *send).stdout
            assert ("UpdateEndpoint" in told) == (name == "first")
    assert len(platform.configs) == before + len(platform.endpoints)
    assert all(
        row["RoutingConfig"] == {"RoutingStrategy": "RANDOM"}
        for each in platform.endpoints.values()
        for row in platform.configs[each["config"]]["ProductionVariants"]
    )
