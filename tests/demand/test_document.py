"""The document `placement-scaling/v1`: what it takes, what it refuses, and what other tools get of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.demand import ScalingPolicy, compile_rules, read_scaling
from placement.demand.application_auto_scaling import to_application_auto_scaling
from placement.demand.keda import to_keda
from placement.demand.now import read_rates, scale_now, with_wanted
from placement.demand.rows import ScalingDefaults, ScheduledAction
from placement.errors import DocumentError
from placement.integrations.sagemaker.scaling import of_range, steps_of
from tests.demand.test_controller import problem

if TYPE_CHECKING:
    from pathlib import Path


def test_yaml_and_json(tmp_path: Path) -> None:
    """Defaults reach components, whose own keys count first."""
    text = (
        "format: placement-scaling/v1\n"
        "defaults: {target_value: 8, scale_in_cooldown: 60}\n"
        "components:\n  - {name: chat, target_value: 4}\n  - {name: code, min_capacity: 1}\n"
    )
    (tmp_path / "policy.yaml").write_text(text)
    policy = read_scaling(tmp_path / "policy.yaml")
    assert [(row.target_value, row.scale_in_cooldown, row.min_capacity) for row in policy.components] == [
        (4, 60, 0),
        (8, 60, 1),
    ]
    (tmp_path / "policy.json").write_text(json.dumps(policy.to_document()))
    assert read_scaling(tmp_path / "policy.json").to_document() == policy.to_document()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "placement/v1"}, '$.format: this is a problem; a scaling policy is wanted, got "placement/v1"'),
        ({"defaults": {"target": 5}}, '$.defaults.target: unknown key; did you mean "target_value"?'),
        ({"defaults": {"target_value": 0}}, "$.defaults.target_value: must be more than 0"),
        ({"components": [{"name": "a", "min_capacity": 5, "max_capacity": 2}]}, "min_capacity must not exceed"),
        ({"components": [{"name": "a"}, {"name": "a"}]}, "$.components[1].name: has a policy already"),
        ({"components": [{"name": "a", "max_capacity": 0}]}, "$.components[0].max_capacity: must be at least 1"),
        (
            {"defaults": {"metric": "requests_in_flight", "target_value": 2}},
            "requests_in_flight needs `seconds_per_request`",
        ),
        ({"defaults": {"schedule": [{"at": "8:00", "min_capacity": 1}]}}, 'must be a time of day such as "08:30"'),
        ({"defaults": {"schedule": [{"at": "08:00"}]}}, "give `min_capacity`, `max_capacity` or both"),
        (
            {"defaults": {"schedule": [{"at": "08:00", "min_capacity": k, "days": ["mon"]} for k in (1, 3)]}},
            "two actions of `schedule` set min_capacity at 08:00 on mon: keep one of them",
        ),
        ({"machines": {"start_seconds": -1}}, "$.machines.start_seconds: must be"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    """The path, the rule and the value."""
    (tmp_path / "policy.json").write_text(json.dumps({"format": "placement-scaling/v1", **change}))
    with pytest.raises(DocumentError) as error:
        read_scaling(tmp_path / "policy.json")
    assert said in str(error.value)


def test_known_names_are_told_in_the_order_of_the_problem() -> None:
    """In the same one each time."""
    names = [f"{letter}-model" for letter in "hgfedcba"]
    document = problem().to_document()
    document["components"] = [{**document["components"][0], "name": name} for name in names]
    with pytest.raises(DocumentError, match="known: " + ", ".join(names)):
        ScalingPolicy(components=[{"name": "zzzz", "target_value": 1}]).check(placement.Problem(**document))


def test_actions_at_one_moment_may_agree_or_set_different_limits() -> None:
    """And act on different days, or at different times."""
    schedule = [
        {"at": "08:00", "min_capacity": 1, "days": ["mon", "tue"]},
        {"at": "08:00", "min_capacity": 1, "days": ["tue"]},
        {"at": "08:00", "max_capacity": 3, "days": ["tue"]},
        {"at": "08:00", "min_capacity": 2, "days": ["wed"]},
        {"at": "08:30", "min_capacity": 3, "days": ["tue"]},
    ]
    assert len(ScalingPolicy(defaults={"schedule": schedule}).defaults.schedule) == 5


def test_a_fault_of_the_defaults_is_told_once(tmp_path: Path) -> None:
    """Not again for each component that takes it over."""
    document = {"format": "placement-scaling/v1", "defaults": {"min_capacity": -1}, "components": [{"name": "a"}]}
    (tmp_path / "policy.json").write_text(json.dumps(document))
    with pytest.raises(DocumentError) as error:
        read_scaling(tmp_path / "policy.json")
    assert len(error.value.faults) == 1


def test_names_and_targets_are_held_against_the_problem() -> None:
    """A policy for nobody, a component without a target; one with a throughput has one."""
    with pytest.raises(DocumentError, match=r'is no component of the problem; did you mean "chat"\?, got "chad"'):
        compile_rules(problem(), ScalingPolicy(components=[{"name": "chad", "target_value": 1}]))
    with pytest.raises(DocumentError, match="no target_value for chat"):
        compile_rules(problem(), ScalingPolicy())
    document = problem().to_document()
    document["components"][0]["throughput"] = 2.5
    assert compile_rules(placement.Problem(**document), ScalingPolicy()).target.tolist() == [2_500_000]


ROW = ScalingDefaults(
    min_capacity=0, max_capacity=7, scale_out_cooldown=120, scale_in_cooldown=240,
    schedule=(
        ScheduledAction(at="08:05", days=("mon", "fri"), min_capacity=2), ScheduledAction(at="18:00", min_capacity=0),
    ),
)  # fmt: skip


def test_application_auto_scaling_gets_the_same_policy() -> None:
    """Names, bounds and cooldowns as its API has them; zero has its step and its alarm."""
    calls = to_application_auto_scaling("chat", ROW, 2.5)
    (target,) = calls["register-scalable-target"]
    tracking, step = calls["put-scaling-policy"]
    assert target == {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "inference-component/chat",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "MinCapacity": 0,
        "MaxCapacity": 7,
    }
    assert tracking["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 150.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"},
        "ScaleOutCooldown": 120,
        "ScaleInCooldown": 240,
        "DisableScaleIn": False,
    }
    assert step["StepScalingPolicyConfiguration"]["Cooldown"] == 60
    assert calls["put-metric-alarm"][0]["MetricName"] == "NoCapacityInvocationFailures"
    assert [(action["Schedule"], action["ScalableTargetAction"]) for action in calls["put-scheduled-action"]] == [
        ("cron(5 8 ? * MON,FRI *)", {"MinCapacity": 2}),
        ("cron(0 18 * * ? *)", {"MinCapacity": 0}),
    ]
    always = to_application_auto_scaling("chat", ScalingDefaults(min_capacity=1), 1)
    assert (len(always["put-scaling-policy"]), always["put-metric-alarm"]) == (1, [])
    flying = ScalingDefaults(metric="requests_in_flight", target_value=4, seconds_per_request=2)
    configuration = to_application_auto_scaling("chat", flying, 4)["put-scaling-policy"][0]
    tracking = configuration["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == 4
    name = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert name == "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"


def test_keda_gets_the_same_policy() -> None:
    """Bounds, target and wait; a window for each raised minimum, up to the next action."""
    spec = to_keda("chat", ROW, 2.5, "sum(rate(x[1m]))", "http://p")["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"], spec["cooldownPeriod"]) == (0, 7, 900)
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"] == {"stabilizationWindowSeconds": 900}
    metric, monday, friday = spec["triggers"]
    assert (metric["metricType"], metric["metadata"]["threshold"]) == ("AverageValue", "2.5")
    windows = [(window["metadata"]["start"], window["metadata"]["end"]) for window in (monday, friday)]
    assert windows == [("5 8 * * 1", "0 18 * * 1"), ("5 8 * * 5", "0 18 * * 5")]
    held = to_keda("chat", ScalingDefaults(disable_scale_in=True), 1, "q", "http://p")["spec"]
    behavior = held["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleDown"] == {"selectPolicy": "Disabled"}


def test_the_copies_of_now(tmp_path: Path) -> None:
    """From rates and what runs; who has no rate keeps what it has, and pinned copies are always wanted."""
    document = problem().to_document()
    document["components"] = [{"name": name, "copies": 9} for name in ("chat", "code", "mute", "held")]
    document["instances"] = [{"id": f"i{k}", "pool": "a"} for k in range(4)]
    document["placements"] = [
        {"component": "chat", "instance": "i0"},
        {"component": "mute", "instance": "i1"},
        {"component": "mute", "instance": "i2"},
        {"component": "held", "instance": "i3", "pinned": True},
    ]
    before = placement.Problem(**document)
    (tmp_path / "now.csv").write_text("component,rate\nchat,31\ncode,0\nheld,0\n")
    rates = read_rates(tmp_path / "now.csv", [component.name for component in before.components])
    rows = scale_now(before, ScalingPolicy(defaults={"target_value": 10, "max_capacity": 3}), rates, 0)
    assert [(row.name, row.running, row.wanted, row.why) for row in rows] == [
        ("chat", 1, 3, "max_capacity"),
        ("code", 0, 0, "no requests"),
        ("mute", 2, 2, "no rate: as it runs"),
        ("held", 1, 0, "no requests"),
    ]
    after = with_wanted(before, [row.wanted for row in rows])
    assert [component.copies for component in after.components] == [3, 0, 2, 1]
    assert after.placements == before.placements


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "row 1: has no rows below it: name the columns component and rate"),
        ("component,rate\n", "row 1: has no rows below it: name the columns component and rate"),
        ("name,rate\nchat,1\n", "row 1: must name the columns component and rate"),
        ("component,rate\nchad,1\n", 'row 2, column component: is no component of the problem; did you mean "chat"'),
        ("component,rate\nchat,1\nchat,2\n", "row 3, column component: stands there already"),
        ("component,rate\nchat,-1\n", "row 2, column rate: must not be negative"),
    ],
)
def test_rates_that_are_wrong_name_their_row(tmp_path: Path, text: str, said: str) -> None:
    """Row, column and rule."""
    (tmp_path / "now.csv").write_text(text)
    with pytest.raises(DocumentError) as error:
        read_rates(tmp_path / "now.csv", ["chat"])
    assert said in str(error.value)


def test_the_export_to_sagemaker_registers_the_same_policy() -> None:
    """Its steps are the calls of `to_application_auto_scaling`, in their order; the alarm takes the step's ARN."""
    steps = steps_of("chat", of_range(0, 4, 6.0))
    row = ScalingDefaults(metric="requests_in_flight", seconds_per_request=1, max_capacity=4)
    calls = to_application_auto_scaling("chat", row, 6.0)

    assert [step.parameters for step in steps] == [given for inputs in calls.values() for given in inputs]
    assert [(step.service, step.operation) for step in steps] == [
        ("application-autoscaling", "RegisterScalableTarget"),
        ("application-autoscaling", "PutScalingPolicy"),
        ("application-autoscaling", "PutScalingPolicy"),
        ("cloudwatch", "PutMetricAlarm"),
    ]
    assert [step.takes for step in steps] == [None, None, None, ("AlarmActions", "PolicyARN")]
    assert len({step.purpose for step in steps}) == 4
    assert [step.operation for step in steps_of("chat", of_range(2, 4, 6.0))] == [
        "RegisterScalableTarget",
        "PutScalingPolicy",
    ]
    # A range that is switched off on the platform is exported as it is.
    assert steps_of("chat", of_range(0, 0, 6.0))[0].parameters["MaxCapacity"] == 0


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"max_capacity": 2, "schedule": [{"at": "00:10", "min_capacity": 4}]}, "exceeds every max_capacity"),
        ({"min_capacity": 1, "schedule": [{"at": "00:10", "max_capacity": 0}]}, "is below every min_capacity"),
    ],
)
def test_an_action_that_would_always_be_cut_is_refused(row: dict[str, Any], told: str) -> None:
    """One limit beyond all that the other one ever is; where another action makes room for it, it stands."""
    with pytest.raises(DocumentError, match=told):
        ScalingPolicy(defaults={"target_value": 10, **row})
    room = {"at": "00:05", "min_capacity": 0, "max_capacity": 9}
    ScalingPolicy(defaults={"target_value": 10, **row, "schedule": [room, *row["schedule"]]})
