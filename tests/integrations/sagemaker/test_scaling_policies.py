"""Scaling policies of components and of variants: read, told, and put with what an export makes anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from placement.demand import ScalingPolicy
from placement.documents import Problem
from placement.integrations.sagemaker.export import export_plan
from placement.integrations.sagemaker.wish import ExportWish
from placement.running_state import running_plan
from tests.integrations.sagemaker.samples import G5, G6E, ROLE, action, component, pooled, simple, stepping, tracking
from tests.integrations.sagemaker.test_changes import FULL, capacity, exported, moving, notes, scaled, unmanaged
from tests.integrations.sagemaker.test_import import imported

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations.sagemaker.export import SageMakerExport
    from tests.integrations.sagemaker.samples import Doc


def put(export: SageMakerExport) -> list[Doc]:
    """The policies that an export puts."""
    return [step.parameters for step in export.steps if step.operation == "PutScalingPolicy"]


def as_put(row: Doc) -> Doc:
    """What a call has of a policy in an answer."""
    return {key: value for key, value in row.items() if key not in ("Alarms", "CreationTime")}


def test_policies_of_machines_are_put_with_what_is_made_again(tmp_path: Path) -> None:
    """As they were read, behind the range; what runs keeps its own, and without a range they are told as left out."""
    resource = "endpoint/llm/variant/main"
    rows = [tracking(resource), stepping(resource)]
    documents = unmanaged() | {"targets": capacity(2, 5), "policies": {"ScalingPolicies": rows}}
    made = imported(tmp_path, documents)
    again = exported(made.problem, FULL, as_new=True)
    operations = [step.operation for step in again.steps]

    assert put(exported(made.problem, FULL)) == []
    assert put(again) == [as_put(row) for row in rows]
    assert operations.index("PutScalingPolicy") == operations.index("RegisterScalableTarget") + 1
    assert "2 to 5 machines are registered; it is scaled as its policies say: busy, burst" in notes(again)
    assert "autoscaling StepScaling burst: inexact: an alarm starts it, which was not read" in notes(again)
    assert "which are not read: burst-high" in "\n".join(map(str, made.notes))
    resources = json.loads(again.exported.files["template.json"])["Resources"]
    assert resources["Policy2"]["Properties"]["ScalingTargetId"] == {"Ref": "Target1"}
    managed = simple() | {"targets": capacity(2, 5), "policies": {"ScalingPolicies": rows}}
    said = notes(exported(imported(tmp_path / "b", managed).problem, FULL, as_new=True))
    assert "variant main autoscaling policies: inexact: they are left out: the variant is made with Managed" in said
    rangeless = unmanaged() | {"policies": {"ScalingPolicies": rows}}
    said = notes(exported(imported(tmp_path / "c", rangeless).problem, FULL, as_new=True))
    assert "variant main autoscaling policies: inexact: they are left out: no range of its autoscaling was read" in said


def test_policies_of_copies_are_put_with_what_is_made_again(tmp_path: Path) -> None:
    """In place of tracking a number of requests; the step from zero is made anew with its alarm."""
    resource = "inference-component/chat-8b"
    rows = [tracking(resource), stepping(resource, "chat-8b-from-zero")]
    documents = unmanaged() | {"targets": scaled(0, 6), "policies": {"ScalingPolicies": rows}}
    problem = imported(tmp_path, documents).problem
    again = exported(problem, FULL, as_new=True)

    assert put(exported(problem, FULL)) == []
    assert [row["PolicyName"] for row in put(again)] == ["busy", "chat-8b-from-zero"]
    assert put(again)[0] == as_put(rows[0])
    operations = [step.operation for step in again.steps if step.service != "sagemaker"]
    assert operations == ["RegisterScalableTarget", "PutScalingPolicy", "PutScalingPolicy", "PutMetricAlarm"]
    assert "chat-8b autoscaling: assumed: it is scaled as the policies say that were read: busy" in notes(again)
    assert "--target-requests" not in notes(again)
    defaults = {"metric": "requests_per_second", "target_value": 2.0, "max_capacity": 5}
    ours = exported(problem, FULL, as_new=True, policy=ScalingPolicy(defaults=defaults))
    assert "busy" not in [row["PolicyName"] for row in put(ours)]
    assert "chat-8b autoscaling policies: inexact: they are left out: --policy is in their place" in notes(ours)
    rangeless = unmanaged() | {"policies": {"ScalingPolicies": rows}}
    said = notes(exported(imported(tmp_path / "b", rangeless).problem, FULL, as_new=True))
    assert "chat-8b autoscaling policies: inexact: they are left out: no range of its autoscaling was read" in said


def test_a_policy_measures_what_its_component_becomes(tmp_path: Path) -> None:
    """A metric with the name of a component, or of its endpoint, is that of the part that moves."""
    dimensions = {"InferenceComponentName": "guest", "EndpointName": "other", "VariantName": "main"}
    metric: Doc = {"MetricName": "Queue", "Namespace": "own", "Statistic": "Average"}
    metric["Dimensions"] = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    row = tracking("inference-component/guest", CustomizedMetricSpecification=metric)
    documents = moving() | {"targets": scaled(0, 2, "guest"), "policies": {"ScalingPolicies": [row]}}
    problem = imported(tmp_path, unmanaged(), documents, consolidate=True).problem
    first, _ = put(exported(problem, {**FULL, "llm/main/3": {"rank": 1, "guest": 1}}))
    measured = first["TargetTrackingScalingPolicyConfiguration"]["CustomizedMetricSpecification"]["Dimensions"]

    assert first["ResourceId"] == "inference-component/guest-llm"
    assert [each["Value"] for each in measured] == ["guest-llm", "llm", "main"]


def test_the_template_has_what_is_made_alone(tmp_path: Path) -> None:
    """A part that moves to a new endpoint, and what scales it; not the ranges of what runs, which change twice."""
    rows = [action("inference-component/chat-8b"), action("endpoint/llm/variant/main", "day", MaxCapacity=9)]
    documents = unmanaged() | {"targets": scaled(5, 5), "actions": {"ScheduledActions": rows}}
    document = imported(tmp_path, documents).problem.to_document()
    document.pop("format")
    document["pools"].append({**document["pools"][0], "name": "fresh"})
    del document["pools"][-1]["labels"]
    contents = {"llm/main/1": {"code-34b": 1}, "llm/main/2": {"chat-8b": 3, "rank": 1}, "llm/main/3": {"rank": 1}}
    export = exported(Problem(**document), contents | {"fresh/new-1": {"chat-8b": 2}}, role=ROLE)
    resources = json.loads(export.exported.files["template.json"])["Resources"].values()

    assert [step.operation for step in export.steps].count("RegisterScalableTarget") == 3
    of = [row["Properties"]["ResourceId"] for row in resources if row["Type"].endswith("ScalableTarget")]
    assert of == ["inference-component/chat-8b-g5-12xlarge"]
    assert [row["Type"] for row in resources][:2] == ["AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint"]


def test_the_template_says_where_it_differs(tmp_path: Path) -> None:
    """CloudFormation takes two specifications by type or more, none of an adapter, and no step after a creation."""
    documents = pooled()
    documents["rank"]["Specifications"] = documents["rank"]["Specifications"][:1]
    documents["rank"]["RuntimeConfig"] = {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    adapter = component("lora", "mixed", 1, 0, 1)
    del adapter["Specification"]
    adapter["Specifications"] = [{"InstanceType": kind, "BaseInferenceComponentName": "chat"} for kind in (G5, G6E)]
    problem = imported(tmp_path, documents | {"lora": adapter}).problem
    export = export_plan(problem, running_plan(problem).plan, ExportWish(as_new=True))
    rows = json.loads(export.exported.files["template.json"])["Resources"].values()
    made = {row["Properties"].get("InferenceComponentName"): row["Properties"] for row in rows}

    assert len(made["chat"]["Specifications"]) == 2
    assert made["lora"]["Specification"] == {"BaseInferenceComponentName": "chat"}
    assert {"InstanceType", "Specifications"}.isdisjoint(made["rank"]["Specification"].keys() | made["rank"].keys())
    told = "it has one specification there for all types of its variant, that for"
    assert f"template.json component rank: inexact: {told} {G6E}" in notes(export)
    assert f"template.json component lora: inexact: {told}" in notes(export)
    assert "template.json component rank: inexact: it is made with a copy there, which stays until" in notes(export)
