"""What is exported to Application Auto Scaling and to KEDA is the policy that `scale` and `simulate` use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from typer.testing import CliRunner

from placement import Problem
from placement.cli.app import app
from placement.demand import ScalingPolicy, compile_rules
from placement.demand.parts import policy_parts
from placement.demand.rows import DAYS, ScalingDefaults, ScheduledAction
from tests.integrations.kserve.test_kserve import PLAN, PROBLEM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


Doc = dict[str, Any]
_MODES = {
    "SageMakerInferenceComponentInvocationsPerCopy": "requests_per_second",
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": "requests_in_flight",
}
POLICY: Doc = {
    "format": "placement-scaling/v1",
    "defaults": {"max_capacity": 9, "target_value": 3},
    "components": [
        {
            "name": "chat",
            "target_value": 2.5,
            "min_capacity": 1,
            "scale_out_cooldown": 120,
            "scale_in_cooldown": 60,
            "schedule": [
                {"at": "08:05", "days": ["mon", "fri"], "min_capacity": 3},
                {"at": "18:00", "min_capacity": 0, "max_capacity": 6},
            ],
        },
        {"name": "guard", "metric": "requests_in_flight", "target_value": 8, "seconds_per_request": 2},
        {"name": "batch", "disable_scale_in": True, "min_capacity": 1, "max_capacity": 1},
    ],
}
# Whole accelerators, so that SageMaker can serve it: a component on two endpoints, one on one, one that is not placed.
FLEET: Doc = {
    "format": "placement/v1",
    "accelerators": {"L4": {"memory_gib": 24}, "L40S": {"memory_gib": 48}},
    "instance_types": {
        "ml.g6.12xlarge": {
            "accelerator": "L4", "accelerator_count": 4, "vcpus": 48, "memory_gib": 192, "price_per_hour": 4.6,
        },
        "ml.g6e.12xlarge": {
            "accelerator": "L40S", "accelerator_count": 4, "vcpus": 48, "memory_gib": 384, "price_per_hour": 13.1,
        },
    },
    "pools": [
        {"name": "a", "instance_type": "ml.g6.12xlarge", "zone": "z"},
        {"name": "b", "instance_type": "ml.g6e.12xlarge", "zone": "z"},
    ],
    "components": [
        {"name": "chat", "copies": 3, "accelerator_memory_gib": 20, "memory_gib": 8},
        {"name": "guard", "copies": 2, "accelerator_memory_gib": 40, "memory_gib": 8},
        {"name": "batch", "copies": 0, "accelerator_memory_gib": 2, "memory_gib": 8},
    ],
}  # fmt: skip
PLACED: Doc = {
    "format": "placement-plan/v1",
    "instances": [{"id": "a/new-1", "pool": "a"}, {"id": "b/new-1", "pool": "b"}],
    "assignments": [
        {"component": "chat", "instance": "a/new-1", "accelerators": [0]},
        {"component": "chat", "instance": "a/new-1", "accelerators": [1]},
        {"component": "chat", "instance": "b/new-1", "accelerators": [0]},
        {"component": "guard", "instance": "b/new-1", "accelerators": [1]},
        {"component": "guard", "instance": "b/new-1", "accelerators": [2]},
    ],
}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A problem, a plan of it and a policy."""
    for name, document in (("problem", FLEET), ("plan", PLACED), ("policy", POLICY)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    return [str(tmp_path / f"{name}.json") for name in ("problem", "plan", "policy")]


def export(platform: str, files: Sequence[str], out: Path, *more: str) -> tuple[int, str]:
    """Exit code and standard error."""
    words = ["export", platform, *files[:2], "--policy", files[2], "--out", str(out), "--full", *more]
    result = CliRunner().invoke(app, words)
    return result.exit_code, result.stderr


def read_again(calls: Sequence[tuple[str, Doc]], seconds: Mapping[str, float]) -> dict[str, Doc]:
    """Rows of a policy from the calls of Application Auto Scaling, by resource: what the calls say, and no more."""
    rows: dict[str, Doc] = {}
    for operation, call in calls:
        if operation == "put-metric-alarm":
            continue
        name = call["ResourceId"].removeprefix("inference-component/")
        row = rows.setdefault(name, {"schedule": []})
        if operation == "register-scalable-target":
            row |= {"min_capacity": call["MinCapacity"], "max_capacity": call["MaxCapacity"]}
        elif call.get("PolicyType") == "TargetTrackingScaling":
            told = call["TargetTrackingScalingPolicyConfiguration"]
            metric = _MODES[told["PredefinedMetricSpecification"]["PredefinedMetricType"]]
            row |= {
                "metric": metric,
                "target_value": told["TargetValue"] / (60 if metric == "requests_per_second" else 1),
                "scale_out_cooldown": told["ScaleOutCooldown"],
                "scale_in_cooldown": told["ScaleInCooldown"],
                "disable_scale_in": told["DisableScaleIn"],
            }
            row |= {"seconds_per_request": seconds[name]} if name in seconds else {}
        elif operation == "put-scheduled-action":
            minute, hour, _, _, days, _ = call["Schedule"].removeprefix("cron(").removesuffix(")").split()
            action = {"at": f"{int(hour):02d}:{int(minute):02d}"}
            action |= {} if days == "?" else {"days": days.lower().split(",")}
            limits = call["ScalableTargetAction"]
            action |= {"min_capacity": limits["MinCapacity"]} if "MinCapacity" in limits else {}
            action |= {"max_capacity": limits["MaxCapacity"]} if "MaxCapacity" in limits else {}
            row["schedule"].append(action)
    return rows


def calls_of(out: Path) -> list[tuple[str, Doc]]:
    """The scaling calls of a folder, in order."""
    found = []
    for step in json.loads((out / "steps.json").read_text())["steps"]:
        if step["service"] != "sagemaker":
            operation = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in step["operation"])
            found.append((operation.removeprefix("-"), json.loads((out / step["file"]).read_text())))
    return found


def test_sagemaker_gets_the_rules_of_the_simulation(files: list[str], tmp_path: Path) -> None:
    """Read back and compiled, the calls are the compiled policy, week and all; parts of a component add up to it."""
    code, said = export("sagemaker", files, tmp_path / "calls", "--role", "arn:aws:iam::111122223333:role/x")
    assert code == 0, said
    rows = read_again(calls_of(tmp_path / "calls"), {"guard": 2})
    chats = sorted(name for name in rows if name.startswith("chat"))
    assert (len(chats), sorted(set(rows) - set(chats))) == (2, ["guard"])
    assert sorted(rows[name]["max_capacity"] for name in chats) == [3, 6]  # of 9, as the copies are: 1 and 2
    assert "policy of batch: ignored: the plan has no copy" in said
    problem = Problem(**{key: value for key, value in FLEET.items() if key != "format"})
    wanted = compile_rules(problem, ScalingPolicy(**POLICY))

    parts = []
    for name, row in rows.items():
        of = "chat" if name in chats else name
        alone = Problem(**problem.to_document() | {"components": [{**FLEET["components"][0], "name": of}]})
        parts.append((of, compile_rules(alone, ScalingPolicy(components=[{"name": of, **row}]))))
    for c, component in enumerate(FLEET["components"][:2]):
        own = [rules for name, rules in parts if name == component["name"]]
        for field in ("target", "out_cooldown", "in_cooldown", "in_after", "holds"):
            assert {getattr(rules, field)[0] for rules in own} == {getattr(wanted, field)[c]}, field
        for second in range(0, 7 * 86_400, 300):  # a week; all moments of the schedule are whole multiples
            both = [rules.limits(second) for rules in own]
            assert sum(floor[0] for floor, _ in both) == wanted.limits(second)[0][c]
            assert sum(ceiling[0] for _, ceiling in both) == wanted.limits(second)[1][c]
    steps = [call["PolicyName"] for operation, call in calls_of(tmp_path / "calls") if "StepScaling" in str(call)]
    assert steps == [f"{name}-from-zero" for name in rows]  # chat too: its schedule goes to zero


def test_policies_of_sagemaker_are_told_where_they_differ(files: list[str], tmp_path: Path) -> None:
    """The wait before a scale-in can't be sent; a policy and a target of the command line are one too many."""
    policy = {**POLICY, "defaults": {**POLICY["defaults"], "scale_in_after": 60}}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    role = ("--role", "arn:aws:iam::111122223333:role/x")
    code, said = export("sagemaker", files, tmp_path / "calls", *role)
    assert code == 0
    assert "guard: inexact: target tracking waits 900 seconds" in said
    assert "--target-requests" not in said
    code, said = export("sagemaker", files, tmp_path / "other", *role, "--target-requests", "3")
    assert code == 2
    assert "--target-requests or --policy" in said
    del policy["components"][0]["target_value"], policy["defaults"]["target_value"]
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    code, said = export("sagemaker", files, tmp_path / "other", *role)
    assert code == 2
    assert f"{files[2]} at $.components: no target_value for chat" in said
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("workload", ["kserve", "kubernetes"])
def test_keda_gets_the_policy_by_variant(workload: str, tmp_path: Path) -> None:
    """Limits add up over a component's variants, the target is that of the policy, the query by its metric."""
    for name, document in (("plan", PLAN), ("problem", PROBLEM), ("policy", POLICY)):
        kind = {"plan": "placement-plan/v1", "problem": "placement/v1"}
        (tmp_path / f"{name}.json").write_text(json.dumps({"format": kind.get(name), **document}))
    files = [str(tmp_path / f"{name}.json") for name in ("problem", "plan", "policy")]
    code, said = export("keda", files, tmp_path / "keda", "--workload", workload)
    assert code == 0, said
    objects = [row for row in YAML(typ="safe").load_all((tmp_path / "keda/scaled-objects.yaml").read_text()) if row]
    problem = Problem(**PROBLEM)
    rules = compile_rules(problem, ScalingPolicy(**POLICY))
    floor, ceiling = rules.floor, rules.ceiling
    for c, component in enumerate(problem.components):
        own = [
            row["spec"] for row in objects if f'"{component.name}"' in row["spec"]["triggers"][0]["metadata"]["query"]
        ]
        assert own
        assert sum(spec["minReplicaCount"] for spec in own) == floor[c]
        assert sum(spec["maxReplicaCount"] for spec in own) == ceiling[c]
        shares = []
        for spec in own:
            told = spec["triggers"][0]["metadata"]
            in_flight = component.name == "guard"
            assert ("num_requests" in told["query"]) == in_flight
            assert float(told["threshold"]) * 1_000_000 / (2 if in_flight else 1) == rules.target[c]
            shares.append(float(told["query"].rpartition(") * ")[2]) if ") * " in told["query"] else 1.0)
            wait = int(max(rules.in_after[c], rules.in_cooldown[c]))
            scale_down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
            held = bool(rules.holds[c])
            assert scale_down == ({"selectPolicy": "Disabled"} if held else {"stabilizationWindowSeconds": wait})
        assert sum(shares) == pytest.approx(1)
        windows: dict[tuple[str, str], int] = {}
        for spec in own:
            for trigger in spec["triggers"][1:]:
                told = trigger["metadata"]
                windows[told["start"], told["end"]] = windows.get((told["start"], told["end"]), 0) + int(
                    told["desiredReplicas"]
                )
        asked = {("5 8 * * 1", "0 18 * * 1"): 3, ("5 8 * * 5", "0 18 * * 5"): 3} if component.name == "chat" else {}
        assert windows == asked
    assert "scale_out_cooldown of chat, guard, batch: inexact: the autoscaler adds copies at once" in said
    assert "schedule of chat: inexact: KEDA knows no max_capacity by the clock" in said
    assert "schedule of chat: inexact: KEDA keeps min_capacity also where an action lowers it" in said
    code, said = export("keda", files, tmp_path / "other", "--target", "3")
    assert (code, "--target or --policy" in said) == (2, True)


limits = st.integers(0, 9).flatmap(lambda low: st.tuples(st.just(low), st.integers(max(1, low), 30)))


@given(
    limits,
    st.lists(st.tuples(limits, st.booleans(), st.booleans(), st.integers(0, 23)), max_size=3),
    st.lists(st.integers(0, 7), min_size=1, max_size=5),
)
@example((3, 4), [], [1, 3, 3])  # more in all, and less for the smallest: the paradox of largest remainders
def test_parts_add_up_to_the_policy(
    base: tuple[int, int], actions: list[tuple[tuple[int, int], bool, bool, int]], weights: list[int]
) -> None:
    """Minimum and maximum of all parts together are those of the policy, also by the clock; none is above the other.

    An action gives both where one alone would be beyond the other of the policy, which is refused.
    """
    schedule: list[Any] = [
        {"at": f"{hour:02d}:00", "days": [DAYS[k]]}
        | ({"min_capacity": low} if has_low or not has_high or high < base[0] else {})
        | ({"max_capacity": high} if has_high or low > base[1] else {})
        for k, ((low, high), has_low, has_high, hour) in enumerate(actions)
    ]
    document: Doc = {"min_capacity": base[0], "max_capacity": base[1], "schedule": schedule, "target_value": 1}
    row = ScalingDefaults(**document)
    parts = policy_parts(row, weights)
    assert len(parts) == len(weights)
    added_up(row, parts)
    for k, action in enumerate(row.schedule):
        added_up(action, [part.schedule[k] for part in parts])


def added_up(whole: ScalingDefaults | ScheduledAction, parts: Sequence[ScalingDefaults | ScheduledAction]) -> None:
    """Limits of the parts make those of the whole, and are in order."""
    for values, limit in (
        ([part.min_capacity for part in parts], whole.min_capacity),
        ([part.max_capacity for part in parts], whole.max_capacity),
    ):
        told = [value for value in values if value is not None]
        assert sum(told) == (limit or 0)
        assert len(told) == (0 if limit is None else len(parts))
    for part in parts:
        if part.min_capacity is not None and part.max_capacity is not None:
            assert 0 <= part.min_capacity <= part.max_capacity
