"""Plans as calls: which machines are one endpoint, what is said of the packing, and every file."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.documents import Plan, Problem, read_problem
from placement.errors import UsageError
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.calls import config_call
from placement.integrations.sagemaker.export import SageMakerExport, export_plan
from placement.integrations.sagemaker.names import LONGEST
from placement.integrations.sagemaker.steps import Step
from placement.integrations.sagemaker.steps import files as step_files
from placement.integrations.sagemaker.wish import ExportWish, parse_version
from tests.cli.test_solve import run
from tests.integrations.sagemaker.samples import G5, G6E, ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[3]
TYPES: dict[str, Any] = {
    G5: {"accelerator": "A10G", "accelerator_count": 4, "vcpus": 48, "memory_gib": 192, "price_per_hour": 7.09},
    G6E: {"accelerator": "L40S", "accelerator_count": 4, "vcpus": 48, "memory_gib": 384, "price_per_hour": 13.12},
}
BASE: dict[str, Any] = {
    "name": "shop",
    "accelerators": {"A10G": {"memory_gib": 22}, "L40S": {"memory_gib": 44}},
    "instance_types": TYPES,
    "pools": [{"name": "g5", "instance_type": G5, "zone": "a"}, {"name": "g6e", "instance_type": G6E, "zone": "a"}],
}


def exported(
    machines: Sequence[Mapping[str, int]], components: Sequence[dict[str, Any]], pool: str = "g5", **wish: Any
) -> SageMakerExport:
    """The export of machines of one pool that hold copies by component."""
    placed = Counter(name for machine in machines for name, n in machine.items() for _ in range(n))
    rows = [{"copies": placed[row["name"]], "memory_gib": 8, **row} for row in components]
    problem = Problem(**BASE, components=rows)
    names = [f"{pool}/new-{index}" for index in range(1, len(machines) + 1)]
    at: dict[str, int] = dict.fromkeys(names, 0)
    assignments = []
    sizes = {row["name"]: row.get("accelerators", 1) for row in components}
    for name, machine in zip(names, machines, strict=True):
        for component, copies in machine.items():
            for _ in range(copies):
                own = list(range(at[name], at[name] + sizes[component]))
                at[name] += sizes[component]
                assignments.append({"component": component, "instance": name, "accelerators": own})
    plan = Plan(instances=[{"id": name, "pool": pool} for name in names], assignments=assignments)
    assert placement.verify(problem, plan).ok
    return export_plan(problem, plan, ExportWish(**{"role": ROLE, **wish}))


def made(export: SageMakerExport, operation: str) -> list[dict[str, Any]]:
    """Inputs of all calls of an operation."""
    return [step.parameters for step in export.steps if step.operation == operation]


def spread_over(export: SageMakerExport) -> dict[str, dict[str, int]]:
    """Copies by endpoint and component."""
    found: dict[str, dict[str, int]] = {}
    for call in made(export, "CreateInferenceComponent"):
        of = found.setdefault(call["EndpointName"], {})
        of[call["InferenceComponentName"]] = call["RuntimeConfig"]["CopyCount"]
    return found


def notes(export: SageMakerExport, kind: str = "inexact") -> list[str]:
    """Places of notes."""
    return [note.place for note in export.exported.notes if note.kind == kind]


def test_all_machines_of_a_type_are_one_endpoint_where_that_is_sure() -> None:
    """Every copy takes one accelerator, so any packing fits."""
    export = exported([{"chat": 3, "rank": 1}, {"chat": 2}], [{"name": "chat"}, {"name": "rank"}])

    assert spread_over(export) == {"shop": {"chat": 5, "rank": 1}}
    (config,) = made(export, "CreateEndpointConfig")
    (variant,) = config["ProductionVariants"]
    assert variant["ManagedInstanceScaling"] == {
        "Status": "ENABLED",
        "MinInstanceCount": 2,
        "MaxInstanceCount": 2,
        "ScaleInPolicy": {"Strategy": "IDLE_RELEASE"},
    }
    assert export.lines == (f"endpoint shop variant main: 2 x {G5}: 5 x chat, 1 x rank: fits in any order",)


@pytest.mark.parametrize("other", ["us-west-2a", "usw2-az1", "us-west-2-lax-1a"])
def test_machines_in_two_regions_are_refused(other: str) -> None:
    """They were put on one endpoint, and all calls sent to one region."""
    pools = [{"name": name, "instance_type": G5, "zone": z} for name, z in (("east", "us-east-1a"), ("west", other))]
    problem = Problem(**BASE | {"pools": pools}, components=[{"name": "a", "copies": 2, "memory_gib": 8}])

    def plan(*names: str) -> Plan:
        return Plan(
            instances=[{"id": f"{name}-{k}", "pool": name} for k, name in enumerate(names)],
            assignments=[{"component": "a", "instance": f"{n}-{k}", "accelerators": [0]} for k, n in enumerate(names)],
        )

    with pytest.raises(UsageError, match="machines in us-east-1, us-west-2, and an endpoint is of one region"):
        export_plan(problem, plan("east", "west"), ExportWish(role=ROLE))
    assert export_plan(problem, plan("east", "east"), ExportWish(role=ROLE)).steps


def test_alike_components_are_made_in_the_order_of_the_problem() -> None:
    """Not by name: the platform's own names sort in another order, and a second export would turn the calls round."""
    export = exported([{"$(id)": 1, "code": 1, "A b": 1}], [{"name": "code"}, {"name": "$(id)"}, {"name": "A b"}])
    names = [call["InferenceComponentName"] for call in made(export, "CreateInferenceComponent")]

    assert names == ["code", "id", "A-b"]


def test_machines_that_share_nothing_are_apart_where_they_must_be() -> None:
    """Components that avoid each other are on endpoints of their own, each under its own name."""
    export = exported([{"chat": 3}, {"rank": 2}], [{"name": "chat", "avoid": ["rank"]}, {"name": "rank"}])

    assert spread_over(export) == {"shop-g5-12xlarge": {"chat": 3}, "shop-g5-12xlarge-2": {"rank": 2}}


def test_unlike_machines_are_apart_where_the_packing_is_not_sure() -> None:
    """Then a component that stands on both is two inference components, and each part is proved."""
    components: list[dict[str, Any]] = [{"name": "big", "accelerators": 3}, {"name": "pair", "accelerators": 2}]
    export = exported([{"big": 1, "one": 1}, {"pair": 1, "one": 2}], [*components, {"name": "one"}])
    assert all("may not fit" not in line for line in export.lines)
    assert {call["Specification"]["ModelName"] for call in made(export, "CreateInferenceComponent")} == {
        "big",
        "pair",
        "one",
    }

    # By decreasing size: 3, 2, 2 fills three machines; the ones, which spread, then leave no room for the last.
    tight = exported(
        [{"one": 4}, {"pair": 2}, {"big": 1, "one": 1}],
        [*components, {"name": "one", "spread": {"max_per_instance": 4}}],
    )
    assert sum(sum(row.values()) for row in spread_over(tight).values()) == 8
    assert all(line.endswith(("fits in any order", "fits as simulated")) for line in tight.lines)


def test_exact_is_an_endpoint_for_machines_that_hold_the_same() -> None:
    """Spread evenly, so each machine gets what the plan has."""
    export = exported([{"a": 2}, {"a": 2}, {"a": 1, "b": 3}], [{"name": "a"}, {"name": "b"}], exact=True)

    assert spread_over(export) == {
        "shop-g5-12xlarge": {"a-g5-12xlarge": 4},
        "shop-g5-12xlarge-2": {"a-g5-12xlarge-2": 1, "b": 3},
    }


def test_shared_accelerators_can_not_be() -> None:
    """Two copies on one accelerator: refused where they would not fit, told where they do."""
    shared = {"name": "chat", "shared": True, "accelerator_memory_gib": 4, "memory_gib": 1, "copies": 5}
    problem = Problem(**BASE, components=[shared])
    rows = [{"component": "chat", "instance": "g5/new-1", "accelerators": [0]}] * 5
    plan = Plan(instances=[{"id": "g5/new-1", "pool": "g5"}], assignments=rows)
    with pytest.raises(
        UsageError, match=r"machine g5/new-1: SageMaker can't place .* copy 5 of 5 of chat finds no machine"
    ):
        export_plan(problem, plan, ExportWish(role=ROLE))

    few = exported([{"chat": 2}], [shared | {"copies": 2}])
    assert "component chat shared" in notes(few)


def test_rules_become_policies_and_notes() -> None:
    """A spread rule chooses SPREAD, zone rules a balance that may be broken; what can't be said is told."""
    component = {
        "name": "chat",
        "zones": ["a"],
        "spread": {"max_per_instance": 2, "max_per_zone": 9, "max_skew": 3},
    }
    export = exported([{"chat": 2}, {"chat": 2}], [component])
    (call,) = made(export, "CreateInferenceComponent")

    assert call["Specification"]["SchedulingConfig"] == {
        "PlacementStrategy": "SPREAD",
        "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE", "MaxImbalance": 3},
    }
    assert call["Specification"]["ComputeResourceRequirements"] == {
        "MinMemoryRequiredInMb": 8192,
        "NumberOfAcceleratorDevicesRequired": 1,
    }
    assert {"machines", "component chat zones", "component chat spread.max_per_zone"} <= set(notes(export))
    assert "fits as simulated" in export.lines[0]


def test_small_needs_are_what_may_be_reserved() -> None:
    """128 MiB and a quarter of a core at least."""
    export = exported([{"tiny": 1}], [{"name": "tiny", "memory_gib": 0, "vcpus": 0.1}])
    (call,) = made(export, "CreateInferenceComponent")

    assert call["Specification"]["ComputeResourceRequirements"] == {
        "MinMemoryRequiredInMb": 128,
        "NumberOfCpuCoresRequired": 0.25,
        "NumberOfAcceleratorDevicesRequired": 1,
    }


def test_a_range_of_copies_is_registered() -> None:
    """From `min_copies` to `copies`; from zero with an alarm that starts the first."""
    export = exported([{"chat": 3}], [{"name": "chat", "copies": 3, "min_copies": 0}])
    operations = [step.operation for step in export.steps]

    assert operations[-4:] == ["RegisterScalableTarget", "PutScalingPolicy", "PutScalingPolicy", "PutMetricAlarm"]
    (target,) = made(export, "RegisterScalableTarget")
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 3)
    assert export.steps[-1].takes == ("AlarmActions", "PolicyARN")
    one = exported([{"chat": 3}], [{"name": "chat", "copies": 3, "min_copies": 1}])
    assert [step.operation for step in one.steps][-2:] == ["RegisterScalableTarget", "PutScalingPolicy"]
    assert "component chat autoscaling" not in notes(one)
    wide = {"name": "chat", "labels": {labels.MIN_CAPACITY: "1", labels.MAX_CAPACITY: "5"}}
    assert "component chat autoscaling" in notes(exported([{"chat": 3}], [wide]))  # four accelerators


def test_fallbacks_are_pools_that_surely_hold_the_same() -> None:
    """With a specification for each type; not where a component may not be there."""
    export = exported([{"chat": 4}], [{"name": "chat"}], fallback=True)
    (config,) = made(export, "CreateEndpointConfig")
    (call,) = made(export, "CreateInferenceComponent")

    assert config["ProductionVariants"][0]["InstancePools"] == [
        {"InstanceType": G5, "Priority": 1},
        {"InstanceType": G6E, "Priority": 2},
    ]
    assert [row["InstanceType"] for row in call["Specifications"]] == [G5, G6E]
    bound = exported([{"chat": 4}], [{"name": "chat", "on": ["A10G"]}], fallback=True)
    assert "InstanceType" in made(bound, "CreateEndpointConfig")[0]["ProductionVariants"][0]


def test_a_fallback_has_room_for_a_copy_on_its_accelerators() -> None:
    """SageMaker knows no memory of accelerators: it would start a copy of 30 GiB on one of 22."""

    def types(gib: int, pool: str = "g6e") -> list[str]:
        large = {"name": "chat", "accelerator_memory_gib": gib}
        (config,) = made(exported([{"chat": 4}], [large], pool, fallback=True), "CreateEndpointConfig")
        (variant,) = config["ProductionVariants"]
        return [row["InstanceType"] for row in variant.get("InstancePools", [variant])]

    assert types(30) == [G6E]
    assert types(22) == [G6E, G5]
    assert types(20, "g5") == [G5, G6E]


def test_a_pool_that_is_full_is_no_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota or a closed pool holds for types that are tried later too."""
    for most, kinds in ((0, 1), (1, 1), (2, 2)):
        pools = [BASE["pools"][0], BASE["pools"][1] | {"max_instances": most}]
        monkeypatch.setitem(BASE, "pools", pools)
        (config,) = made(exported([{"chat": 4}] * 2, [{"name": "chat"}], fallback=True), "CreateEndpointConfig")
        assert len(config["ProductionVariants"][0].get("InstancePools", [None])) == kinds


def test_older_clients_get_what_they_know() -> None:
    """Policies are left out with a note; what the plan needs is refused."""
    export = exported([{"chat": 1}], [{"name": "chat"}], target=(1, 42, 0))
    (config,) = made(export, "CreateEndpointConfig")

    assert "ScaleInPolicy" not in config["ProductionVariants"][0]["ManagedInstanceScaling"]
    assert "SchedulingConfig" not in made(export, "CreateInferenceComponent")[0]["Specification"]
    assert {"variant main", "component chat"} <= set(notes(export))
    with pytest.raises(UsageError, match="needs instance pools and specifications by type, which botocore has since"):
        exported([{"chat": 1}], [{"name": "chat"}], target=(1, 43, 0), fallback=True)
    with pytest.raises(UsageError, match="the plan needs inference components"):
        exported([{"chat": 1}], [{"name": "chat"}], target=(1, 30, 0))


def test_what_was_simulated_is_the_order_of_the_calls() -> None:
    """The largest copies first, then more memory, also where everything that runs is made again."""
    components: list[dict[str, Any]] = [
        {"name": "a"},
        {"name": "pair", "accelerators": 2},
        {"name": "b", "memory_gib": 9},
    ]
    export = exported([{"a": 1, "pair": 1, "b": 1}], components)
    names = ["pair", "b", "a"]
    assert [call["InferenceComponentName"] for call in made(export, "CreateInferenceComponent")] == names

    told = {labels.ENDPOINT: "llm"}
    document: dict[str, Any] = {**BASE, "pools": [{**BASE["pools"][0], "labels": told | {labels.VARIANT: "main"}}]}
    every = [*components, dict[str, Any](name="c")]
    running = [{"copies": 1, "memory_gib": 8, **row, "labels": told} for row in every]
    problem = Problem(**document, components=running)
    rows = {"a": (1, [0]), "pair": (1, [1, 2]), "b": (1, [3]), "c": (2, [0])}

    def order(*chosen: str) -> list[str]:
        """Of the components, where so many of them have copies."""
        counts = [
            {**row.model_dump(exclude_unset=True), "copies": int(row.name in chosen)} for row in problem.components
        ]
        machines = sorted({rows[name][0] for name in chosen})
        plan = Plan(
            instances=[{"id": f"g5/new-{number}", "pool": "g5"} for number in machines],
            assignments=[
                {"component": name, "instance": f"g5/new-{rows[name][0]}", "accelerators": rows[name][1]}
                for name in chosen
            ],
        )
        again = export_plan(Problem(**document, components=counts), plan, ExportWish(role=ROLE, as_new=True))
        return [call["InferenceComponentName"] for call in made(again, "CreateInferenceComponent")]

    assert order("a", "pair", "b") == ["c", "a", "pair", "b"]  # one without copies first; in any order the rest fits
    big: list[dict[str, Any]] = [{"name": "a"}, {"name": "b"}, {"name": "big", "accelerators": 4}]
    running = [{"copies": 1, "memory_gib": 8, **row, "labels": told} for row in big]
    problem = Problem(**document, components=running)
    rows = {"a": (1, [0]), "b": (1, [1]), "big": (2, [0, 1, 2, 3])}
    assert order("a", "b", "big") == ["big", "a", "b"]


@pytest.mark.parametrize("text", ["1.43", "v1.43.62", "1.43.62.1", "", "1.43.٦"])
def test_a_target_is_a_version(text: str) -> None:
    """Of botocore, with three numbers."""
    assert parse_version("1.43.62") == (1, 43, 62)
    with pytest.raises(UsageError, match="--target-version must be a version of botocore such as"):
        parse_version(text)


def test_names_that_sagemaker_takes_are_kept() -> None:
    """As they are, whatever others become: parts of a component, names that must change, endpoints."""
    rows: list[dict[str, Any]] = [{"name": "a_b", "labels": {labels.MODEL: "m"}}, {"name": "a-b"}, {"name": "shop"}]
    export = exported([{"a_b": 1, "a-b": 1, "shop": 1, "x--y": 1}], [*rows, {"name": "x--y"}])
    names = {call["InferenceComponentName"] for call in made(export, "CreateInferenceComponent")}

    assert names == {"a-b-2", "a-b", "shop", "x--y"}
    told = {note.place: note.reason for note in export.exported.notes if note.kind == "assumed"}
    assert "its name at SageMaker, and of an import, is a-b-2: " in told["component a_b"]
    assert not {"component a-b", "component shop", "component x--y", "problem shop"} & told.keys()
    assert told["pool g5"] == "an import calls it shop/main, by endpoint and variant"
    apart = exported([{"a": 3, "a-shop-g5-12xlarge": 1}, {"a": 1, "pair": 1}], [
        {"name": "a"}, {"name": "a-shop-g5-12xlarge"}, {"name": "pair", "accelerators": 2}
    ], exact=True)  # fmt: skip
    assert "problem shop" in {note.place for note in apart.exported.notes if note.kind == "assumed"}
    found = [call["InferenceComponentName"] for call in made(apart, "CreateInferenceComponent")]
    assert len(found) == len(set(found)) == 4
    assert "a-shop-g5-12xlarge" in found


def test_names_become_names_of_sagemaker() -> None:
    """Letters, digits and dashes; none twice; commands and pages take them as data."""
    odd = ["chat_8b", "chat 8b", "$(reboot)`'\"\n# x", "x" * 90]
    rows = [{"name": name, "labels": {labels.MODEL: f"model-{index}"}} for index, name in enumerate(odd)]
    export = exported([dict.fromkeys(odd, 1)], rows)
    names = [call["InferenceComponentName"] for call in made(export, "CreateInferenceComponent")]

    assert sorted(names) == sorted(["chat-8b", "chat-8b-2", "reboot-x", "x" * 63])
    script = export.exported.files["commands.sh"]
    assert "$(reboot)" not in script
    assert all(line.startswith(("aws ", "#", "while", "  ", "done", "set", "cd", "answer=")) or not line
               for line in script.splitlines())  # fmt: skip


def test_what_is_missing_is_asked_for() -> None:
    """A role, and types of SageMaker."""
    with pytest.raises(UsageError, match=r"endpoint shop needs the ARN of the role .* --role ARN"):
        exported([{"chat": 1}], [{"name": "chat"}], role="")
    with pytest.raises(UsageError, match=r"CreateEndpointConfig .* would be refused: \$\.ExecutionRoleArn: must"):
        exported([{"chat": 1}], [{"name": "chat"}], role="not an arn at all, no")
    problem = Problem(
        instance_types={"big": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "a", "instance_type": "big", "zone": "z"}],
        components=[],
    )
    with pytest.raises(UsageError, match='pool a: "big" is no type of SageMaker'):
        export_plan(problem, Plan(), ExportWish(role=ROLE))


def test_the_files_are_ready_to_be_used() -> None:
    """A call each, their list, a script, a template, updates for later, and a page that names all of them."""
    export = exported([{"chat": 3, "solo": 1}], [{"name": "chat"}, {"name": "solo"}])
    files = export.exported.files

    assert list(files) == [
        "advice.md",
        next(name for name in files if name.startswith("01-create-endpoint-config-shop-")),
        "02-create-endpoint-shop.json",
        "03-create-inference-component-chat.json",
        "04-create-inference-component-solo.json",
        "steps.json",
        "commands.sh",
        "template.json",
        "later/03-update-inference-component-chat.json",  # of one copy no step is allowed
    ]
    later = json.loads(files["later/03-update-inference-component-chat.json"])
    assert later["DeploymentConfig"]["RollingUpdatePolicy"]["MaximumBatchSize"] == {"Type": "COPY_COUNT", "Value": 1}
    assert "component chat rolling update" in notes(export)  # four accelerators, four copies
    assert all(name in files["advice.md"] for name in files if name.endswith(".json") and name[0] == "0")
    resources = json.loads(files["template.json"])["Resources"]
    assert resources["Component1"]["DependsOn"] == ["Endpoint1"]
    assert resources["Endpoint1"]["Properties"]["EndpointConfigName"] == {
        "Fn::GetAtt": ["Config1", "EndpointConfigName"]
    }


def test_files_of_many_calls_are_sorted_by_name() -> None:
    """Of 102 calls the hundredth stands after the 99th, as a shell lists them."""
    steps = [Step("sagemaker", "CreateInferenceComponent", {"InferenceComponentName": f"m{k}"}, "") for k in range(102)]
    names = [name for name in step_files(steps) if name[0].isdigit()]
    assert names == sorted(names)
    assert (names[0], names[-1]) == (
        "001-create-inference-component-m0.json",
        "102-create-inference-component-m101.json",
    )


def readable(schema: Any) -> Any:
    """A schema without patterns of another dialect, which Python's `re` can't compile."""
    if isinstance(schema, list):
        return [readable(row) for row in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: readable(row) for key, row in schema.items() if key != "pattern" or "\\p{" not in str(row)}


KEPT = ("properties", "definitions", "required", "dependentRequired", "additionalProperties", "oneOf", "anyOf", "allOf")
WORDS = ("description", "title", "markdownDescription", "insertionOrder")


def bare(schema: Any) -> Any:
    """A schema without words for people."""
    if isinstance(schema, dict):
        return {key: bare(row) for key, row in schema.items() if key not in WORDS or isinstance(row, dict)}
    return [bare(row) for row in schema] if isinstance(schema, list) else schema


def test_templates_keep_the_schemas_of_cloudformation() -> None:
    """Everything that an export can write but partitions, by the schemas that `cfn-lint` 1.58.0 carries (MIT-0)."""
    from jsonschema import Draft7Validator  # type: ignore[import-untyped]

    schemas = json.loads((Path(__file__).parent / "cloudformation.json").read_text())
    component = {"name": "chat", "copies": 3, "min_copies": 0, "spread": {"max_skew": 1}, "vcpus": 4}
    export = exported([{"chat": 3}, {"pair": 2}], [component, {"name": "pair", "accelerators": 2}], fallback=True)
    resources = json.loads(export.exported.files["template.json"])["Resources"]
    checked = set()
    for name, row in resources.items():
        faults = [
            (name, list(error.absolute_path), error.message)
            for error in Draft7Validator(readable(schemas[row["Type"]])).iter_errors(row["Properties"])
            if not any(isinstance(error.instance, dict) and key in error.instance for key in ("Ref", "Fn::GetAtt"))
        ]
        assert faults == []
        checked.add(row["Type"])
    assert checked == set(schemas)

    bad = resources["Component1"]["Properties"] | {"InferenceComponentName": "a_b"}
    assert not Draft7Validator(readable(schemas["AWS::SageMaker::InferenceComponent"])).is_valid(bad)


@pytest.mark.slow
def test_the_schemas_are_those_of_cfn_lint() -> None:
    """Where it is installed: a newer one may say otherwise, and then the file is to be written anew."""
    manager = pytest.importorskip("cfnlint.schema", reason="cfn-lint (extra catalogue) is not installed")
    for name, schema in json.loads((Path(__file__).parent / "cloudformation.json").read_text()).items():
        found = manager.PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
        assert bare({key: found[key] for key in KEPT if key in found}) == schema, name


@pytest.mark.slow
def test_a_fleet_of_twenty_components() -> None:
    """The instance of whole accelerators: every machine of its plan is on an endpoint, and every packing is sure."""
    problem = read_problem(ROOT / "instances" / "sagemaker-whole-gpu.yaml")
    result = placement.solve(problem, "best-fit", time_limit=None, work=3)
    assert result.plan is not None
    export = export_plan(problem, result.plan, ExportWish(role=ROLE))
    counts = Counter(row.instance for row in result.plan.assignments)
    configs = made(export, "CreateEndpointConfig")

    assert sum(v["InitialInstanceCount"] for c in configs for v in c["ProductionVariants"]) >= len(counts)
    assert sum(sum(row.values()) for row in spread_over(export).values()) == len(result.plan.assignments)
    assert not any("may not fit" in line for line in export.lines)


def test_configurations_of_long_names_are_told_apart() -> None:
    """Two endpoints whose names begin alike, with the same machines: each has a configuration of its own."""
    names = [f"{'a' * (LONGEST - 1)}{number}" for number in (1, 2)]
    configs = [config_call(name, [{"VariantName": "main"}], {}, ROLE)["EndpointConfigName"] for name in names]

    assert len(set(configs)) == 2
    assert max(map(len, configs)) <= LONGEST


def test_the_command_refuses_what_is_no_plan(tmp_path: Path) -> None:
    """A plan that breaks a rule ends with 1; one that says that there is none, with 2; nothing is written."""
    problem = Problem(**BASE, components=[{"name": "chat", "copies": 2}])
    (tmp_path / "p.json").write_text(json.dumps(problem.to_document()))
    rows = [{"component": "chat", "instance": "g5/new-1", "accelerators": [0]}] * 2
    broken = {"instances": [{"id": "g5/new-1", "pool": "g5"}], "assignments": rows}
    out = tmp_path / "calls"
    for content, code, said in (
        (broken, 1, "plan.json: a plan that breaks a rule is not exported"),
        ({"status": "infeasible"}, 2, "plan.json at $.status: is infeasible, and places nothing, so"),
    ):
        (tmp_path / "plan.json").write_text(json.dumps({"format": "placement-plan/v1", **content}))
        done = run("export", "sagemaker", tmp_path / "p.json", tmp_path / "plan.json", "--out", out, "--role", ROLE)
        assert (done.exit_code, said in done.stderr, out.exists()) == (code, True, False), done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.update(format="x"), r"\$\.format: must be placement-sagemaker-steps/v1"),
        (lambda s: s["steps"][0].update(file="../x.json"), "must be the name of a file in this folder"),
        (lambda s: s["steps"][0].update(file="none.json"), "none.json: can't be read"),
        (lambda s: s["steps"][0].update(operation="DeleteEndpoint"), "is no call of an export"),
        (lambda s: s["steps"][0].update(service="iam"), "must be one of sagemaker"),
        (lambda s: s["steps"][0].update(wait="long"), "must be empty, endpoint or component"),
        (lambda s: s["steps"][0].update(takes=["x"]), "must be two keys"),
        (lambda s: s.update(steps=3), r"\$\.steps: must be a list"),
    ],
)
def test_damaged_steps_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    """Before anything is sent; so is a call that a user has edited into one that the service refuses."""
    out = tmp_path / "calls"
    exported([{"chat": 1}], [{"name": "chat"}]).exported.write(out)
    steps = json.loads((out / "steps.json").read_text())
    assert run("apply", "sagemaker", out).stdout.endswith("3 calls, none sent; send them with --send\n")
    change(steps)
    (out / "steps.json").write_text(json.dumps(steps))
    done = run("apply", "sagemaker", out)

    assert done.exit_code == 2
    assert said.replace("\\", "") in done.stderr


def test_an_edited_call_is_checked_again(tmp_path: Path) -> None:
    """With the file and the field."""
    out = tmp_path / "calls"
    exported([{"chat": 1}], [{"name": "chat"}]).exported.write(out)
    path = out / "03-create-inference-component-chat.json"
    call = json.loads(path.read_text())
    call["RuntimeConfig"]["CopyCount"] = -1
    path.write_text(json.dumps(call))
    done = run("apply", "sagemaker", out)

    assert done.exit_code == 2
    assert f"{path} at $.RuntimeConfig.CopyCount: must be at least 0, got -1" in done.stderr
    assert run("apply", "sagemaker", out, "--from", "9").exit_code == 2


def test_two_components_never_serve_one_model_by_their_names() -> None:
    """Of chat 8b and chat_8b one would serve what the other is."""
    rows: list[dict[str, Any]] = [{"name": "chat 8b"}, {"name": "chat_8B"}]
    with pytest.raises(UsageError, match="chat 8b and chat_8B would both serve a model named chat-8B"):
        exported([{"chat 8b": 1, "chat_8B": 1}], rows)
    rows[1]["labels"] = {labels.MODEL: "the-other"}
    export = exported([{"chat 8b": 1, "chat_8B": 1}], rows)
    models = [call["Specification"]["ModelName"] for call in made(export, "CreateInferenceComponent")]
    assert sorted(models) == ["chat-8b", "the-other"]
