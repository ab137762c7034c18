"""Endpoints as problems: from answers of the API, as a user runs it and as the library reads them."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement.catalogue.market import Market
from placement.catalogue.readers import read_facts
from placement.documents import Problem, read_problem
from placement.errors import DocumentError, UsageError
from placement.integrations import Imported, Notes
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.answers import of_endpoints, read_saved
from placement.integrations.sagemaker.around import all_that_scales
from placement.integrations.sagemaker.endpoints import read_endpoint
from placement.integrations.sagemaker.problem import ImportWish, import_endpoints
from placement.integrations.sagemaker.variant_pools import with_hosted_types
from tests.catalogue.samples import reserved
from tests.cli.test_solve import run
from tests.integrations.sagemaker.samples import G5, G6E, P4D, component, config, endpoint, pooled, simple, write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.integrations.sagemaker.samples import Doc


def imported(folder: Path, *documents: dict[str, Doc], facts: Iterable[Doc] = (), **wish: Any) -> Imported:
    """The import of answers, each set in file names of its own."""
    notes = Notes()
    for index, rows in enumerate(documents):
        write(folder, {f"{index}-{name}": row for name, row in rows.items()})
    write(folder, {f"facts-{index}": row for index, row in enumerate(facts)})
    saved = read_saved(folder, notes)
    endpoints = [read_endpoint(each, notes) for each in of_endpoints(saved, (), notes)]
    wish.setdefault("ranges", all_that_scales(saved.targets, saved.scaling, notes))
    market = with_hosted_types(Market([read_facts(file) for file in saved.facts]), endpoints, notes)
    return import_endpoints(endpoints, market, ImportWish(**wish), notes)


def told(made: Imported, kind: str) -> list[str]:
    """Places of the notes of a kind."""
    return [note.place for note in made.notes if note.kind == kind]


def running(problem: Problem) -> Counter[tuple[str, str]]:
    """Copies by component and pool."""
    pools = {row.id: row.pool for row in problem.instances}
    return Counter((row.component, pools[row.instance]) for row in problem.placements)


def test_a_variant_of_one_type(tmp_path: Path) -> None:
    """Machines, range, components and copies; the type is in the configuration alone."""
    made = imported(tmp_path, simple())
    problem = made.problem
    (pool,) = problem.pools

    assert (pool.name, pool.instance_type, pool.zone) == ("llm/main", G5, "us-east-1")
    assert (pool.min_instances, pool.max_instances) == (1, 6)
    assert problem.instance_types[G5].accelerator_count == 4
    assert [row.id for row in problem.instances] == ["llm/main/1", "llm/main/2", "llm/main/3"]
    assert running(problem) == {("chat-8b", "llm/main"): 5, ("rank", "llm/main"): 2, ("code-34b", "llm/main"): 1}
    assert all(row.accelerators is None for row in problem.placements)
    chat = next(row for row in problem.components if row.name == "chat-8b")
    assert (chat.copies, chat.modes[0].accelerators, chat.modes[0].memory_gib, chat.modes[0].vcpus) == (5, 1, 16, 4)
    assert chat.modes[0].instance_types == (G5,)
    assert json.loads(chat.labels[labels.SETTINGS]) == [{"ModelName": "chat-8b-model"}]
    settings = json.loads(pool.labels[labels.SETTINGS])
    assert settings == {"RoutingConfig": {"RoutingStrategy": "RANDOM"}, "ScaleInPolicy": {"Strategy": "CONSOLIDATION"}}


def test_alike_components_stand_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    """Whatever their files are called, and however the command line prints times; damaged times come first."""
    when = {"chat-8b": "2026-11-03T09:00:00Z", "rank": 1_793_523_600.5, "code-34b": "2026-11-02T20:00:00-10:00"}
    documents = simple()
    for name, told in when.items():
        documents[f"component-{name}"]["CreationTime"] = told
    made = imported(tmp_path / "right", documents).problem
    assert [row.name for row in made.components] == ["rank", "code-34b", "chat-8b"]

    for name, told in (("chat-8b", 10**400), ("code-34b", "yesterday")):
        documents[f"component-{name}"]["CreationTime"] = told
    made = imported(tmp_path / "damaged", documents).problem
    assert [row.name for row in made.components] == ["chat-8b", "code-34b", "rank"]


def test_the_notes_name_what_was_guessed(tmp_path: Path) -> None:
    """Price, memory, zones, the platform's own moves, and which machine a copy is on."""
    made = imported(tmp_path, simple())

    assert told(made, "reconstructed") == ["endpoint llm placements"]
    assert told(made, "assumed") == [
        "endpoint llm variant main ScaleInPolicy",
        "autoscaling",
        f"instance type {G5} price_per_hour",
        f"instance type {G5} memory_gib",
        "endpoint llm variant main zones",
    ]
    assert any("never a machine or an accelerator" in note.reason for note in made.notes)


def test_a_variant_of_several_types(tmp_path: Path) -> None:
    """A pool and an option for each; copies by type as the platform tells; the range is over all pools."""
    made = imported(tmp_path, pooled())
    problem = made.problem

    assert [(pool.name, pool.labels[labels.PRIORITY]) for pool in problem.pools] == [
        (f"mixed/main/{G6E}", "1"),
        (f"mixed/main/{G5}", "2"),
    ]
    assert all(pool.max_instances is None for pool in problem.pools)
    (limit,) = problem.limits
    assert (limit.pools, limit.max_instances) == ((f"mixed/main/{G6E}", f"mixed/main/{G5}"), 4)
    assert running(problem) == {
        ("chat", f"mixed/main/{G6E}"): 2,
        ("chat", f"mixed/main/{G5}"): 3,
        ("rank", f"mixed/main/{G6E}"): 1,
    }
    chat = problem.components[0]
    assert [(mode.name, mode.accelerators, mode.instance_types) for mode in chat.modes] == [
        (G6E, 1, (G6E,)),
        (G5, 2, (G5,)),
    ]
    assert chat.modes[0].memory_gib * 1024 == 20_001  # exactly: no MiB is lost on the way
    assert {row.option for row in problem.placements if row.component == "chat"} == {0, 1}


def test_no_secret_is_read(tmp_path: Path) -> None:
    """The environment of a container is told to be there, and nothing of it."""
    made = imported(tmp_path, pooled())

    assert "hf_secret" not in json.dumps(made.problem.to_document())
    assert not any("hf_secret" in str(note) or "HF_TOKEN" in str(note) for note in made.notes)
    assert "inference component chat Container.Environment" in told(made, "ignored")
    settings = json.loads(made.problem.components[0].labels[labels.SETTINGS])[0]
    assert settings == {
        "Container": {"ArtifactUrl": "s3://bucket/model/", "Image": "repo/image:1"},
        "HasEnvironment": True,
    }


def test_components_stay_where_they_are_bound(tmp_path: Path) -> None:
    """Two endpoints of one type have rows of their own, unless they are to be consolidated."""
    other = simple("other", machines=2)
    for name in ("chat-8b", "rank", "code-34b"):
        row = other.pop(f"component-{name}")
        other[f"component-{name}-2"] = row | {"InferenceComponentName": f"{name}-2"}
    del other["list"]

    apart = imported(tmp_path / "a", simple(), other).problem
    together = imported(tmp_path / "b", simple(), other, consolidate=True).problem

    assert sorted(apart.instance_types) == [f"{G5} of llm/main", f"{G5} of other/main"]
    assert apart.components[0].modes[0].instance_types == (f"{G5} of llm/main",)
    assert list(together.instance_types) == [G5]
    assert together.components[0].modes[0].instance_types == (G5,)


def test_variants_of_one_endpoint_keep_components_apart(tmp_path: Path) -> None:
    """By VariantName; a component without one may be on each."""
    documents = simple()
    second = {"VariantName": "second", "CurrentInstanceCount": 1}
    documents["endpoint"]["ProductionVariants"].append(second)
    documents["config"]["ProductionVariants"].append(
        {"VariantName": "second", "InstanceType": G5, "InitialInstanceCount": 1}
    )
    del documents["component-rank"]["VariantName"]
    documents["component-code-34b"]["VariantName"] = "second"

    problem = imported(tmp_path, documents).problem
    may = {row.name: row.modes[0].instance_types for row in problem.components}

    first, other = f"{G5} of llm/main", f"{G5} of llm/second"
    assert may == {"chat-8b": (first,), "code-34b": (other,), "rank": (first, other)}
    assert running(problem)["code-34b", "llm/second"] == 1


def test_partitions_are_accelerators(tmp_path: Path) -> None:
    """A MIG layout multiplies the accelerators of a machine; a component takes one partition."""
    layout = [{"AcceleratorPartitionTypes": ["mig-3g.20gb", "mig-3g.20gb"]}]
    row = component("small", "mig", 9, 1, 8)
    row["Specification"]["ComputeResourceRequirements"]["AcceleratorPartitionType"] = "mig-3g.20gb"
    documents = {
        "endpoint": endpoint("mig", [{"VariantName": "main", "CurrentInstanceCount": 1}]),
        "config": config("mig", [{"VariantName": "main", "InstanceType": P4D, "AcceleratorPartitionLayouts": layout}]),
        "small": row,
    }

    problem = imported(tmp_path, documents).problem
    (kind,) = problem.instance_types.values()
    assert (kind.accelerator_count, kind.accelerator) == (16, "A100-40GB mig-3g.20gb")
    assert problem.accelerators["A100-40GB mig-3g.20gb"].memory_gib == 20
    assert problem.pools[0].max_instances is None  # nobody manages the number of machines

    needs, path = row["Specification"]["ComputeResourceRequirements"], "Specification.ComputeResourceRequirements"
    key = "AcceleratorPartitionType"
    needs[key] = "mig-1g.5gb"
    said = rf"0-small\.json at \$\.{path}\.{key}: must be one of the partitions of variant main of its end"
    with pytest.raises(DocumentError, match=said):
        imported(tmp_path / "other", documents)
    del needs[key]
    with pytest.raises(DocumentError, match=rf"{path}: must have {key}: variant main of its endpoint has partitions"):
        imported(tmp_path / "missing", documents)
    needs[key] = "1g.5gb"
    with pytest.raises(
        DocumentError, match=rf"{path}\.{key}: must be a profile as SageMaker spells it, such as mig-3g"
    ):
        imported(tmp_path / "spelling", documents)
    layout[0]["AcceleratorPartitionTypes"][1] = "3g.20gb"
    with pytest.raises(
        DocumentError, match=r"0-config\.json at \S+Types\[1\]: must be a profile as SageMaker spells it"
    ):
        imported(tmp_path / "layout", documents)
    needs[key] = "mig-3g.20gb"
    variant = documents["config"]["ProductionVariants"][0]
    del variant["AcceleratorPartitionLayouts"]
    with pytest.raises(DocumentError, match=rf"{key}: must not be there: variant main of its endpoint has no Accel"):
        imported(tmp_path / "whole", documents)
    variant["AcceleratorPartitionLayouts"] = layout
    layout[0]["AcceleratorPartitionTypes"][0] = "mig-3g.20gb"
    layout[0]["AcceleratorPartitionTypes"][1] = "mig-4g.20gb"
    with pytest.raises(DocumentError, match=r"AcceleratorPartitionLayouts\[0\]: mixes several profiles"):
        imported(tmp_path / "mixed", documents)


def test_reservations_quotas_and_savings_plans_are_rules(tmp_path: Path) -> None:
    """They become commitments, most machines, and a limit over pools that share a quota."""
    documents = simple()
    documents["endpoint"]["ProductionVariants"][0]["CapacityReservationConfig"] = {
        "MlReservationArn": f"{'arn:aws:sagemaker:us-east-1:111122223333'}:training-plan/x",
        "TotalInstanceCount": 9,
        "AvailableInstanceCount": 1,
        "UsedByCurrentEndpoint": 3,
    }
    quota = {
        "QuotaName": f"{G5} for endpoint usage",
        "QuotaArn": "arn:aws:servicequotas:us-east-1:111122223333:sagemaker/L-1",
        "Value": 5.0,
    }
    plans = [
        {"savingsPlanType": "SageMaker", "state": "active", "commitment": "4.5"},
        {"savingsPlanType": "SageMaker", "state": "retired", "commitment": "100"},
        {"savingsPlanType": "Compute", "state": "active", "commitment": "100"},
    ]
    second = simple("other", machines=1)
    second = {"endpoint": second["endpoint"], "config": second["config"]}
    made = imported(tmp_path, documents, second, facts=[{"Quotas": [quota]}, {"savingsPlans": plans}])
    problem = made.problem

    assert [(row.pools, row.instances, row.price_per_hour) for row in problem.commitments] == [
        (("llm/main",), 4, None),
        (("other/main",), None, 4.5),
    ]
    assert [pool.max_instances for pool in problem.pools] == [4, 6]
    assert [(row.pools, row.max_instances) for row in problem.limits] == [(("llm/main", "other/main"), 5)]
    assert "endpoint llm variant main CapacityReservationConfig" in told(made, "assumed")  # five serve others
    alone = imported(tmp_path / "alone", simple(), facts=[{"Quotas": [quota]}]).problem
    assert (alone.pools[0].max_instances, alone.limits) == (5, ())


def test_a_quota_of_all_machines_is_a_limit(tmp_path: Path) -> None:
    """Over pools of several types; it counts endpoints that were not read, which a note says."""
    quota = {
        "QuotaName": "Number of instances across active endpoints",
        "QuotaArn": "arn:aws:servicequotas:us-east-1:111122223333:sagemaker/L-7A3DF611",
        "Value": 8.0,
    }
    others = {name: row for name, row in pooled().items() if name != "rank"}
    made = imported(tmp_path, simple(), others, facts=[{"Quotas": [quota]}])
    (limit,) = (row for row in made.problem.limits if row.name == quota["QuotaName"])

    assert limit.max_instances == 8
    assert set(limit.pools) == {pool.name for pool in made.problem.pools}
    assert "quotas of us-east-1" in told(made, "assumed")
    assert "quotas of us-east-1" not in told(imported(tmp_path / "none", simple()), "assumed")


def test_a_reservation_that_only_the_configuration_has_is_kept(tmp_path: Path) -> None:
    """An export without it would leave the reservation; how many machines it has is not known."""
    documents = simple()
    arn = "arn:aws:sagemaker:us-east-1:111122223333:training-plan/x"
    documents["config"]["ProductionVariants"][0]["CapacityReservationConfig"] = {
        "CapacityReservationPreference": "capacity-reservations-only", "MlReservationArn": arn,
    }  # fmt: skip
    made = imported(tmp_path, documents)

    assert made.problem.pools[0].labels[labels.RESERVATION] == arn
    assert made.problem.commitments == ()
    assert "endpoint llm variant main CapacityReservationConfig" in told(made, "ignored")


def test_a_reservation_that_does_not_say_what_is_free_is_told(tmp_path: Path) -> None:
    """All of it is taken, which may be more than the endpoint can have."""
    documents = simple()
    reserved = {"TotalInstanceCount": 9, "UsedByCurrentEndpoint": 3}
    documents["endpoint"]["ProductionVariants"][0]["CapacityReservationConfig"] = reserved
    place = "endpoint llm variant main CapacityReservationConfig.AvailableInstanceCount"
    made = imported(tmp_path / "a", documents)
    assert made.problem.commitments[0].instances == 9
    assert place in told(made, "assumed")
    reserved["AvailableInstanceCount"] = 1
    assert place not in told(imported(tmp_path / "b", documents), "assumed")


def test_an_adapter_without_its_base_is_told_by_both_names(tmp_path: Path) -> None:
    """The copies that it lives in are counted nowhere."""
    documents = simple()
    documents["adapter"] = component("lora", "llm", 1, 0, 1)
    documents["adapter"]["Specification"] = {"BaseInferenceComponentName": "lost"}
    place = "inference component lora BaseInferenceComponentName"
    made = imported(tmp_path / "a", documents)
    assert f"{place}: assumed: lost was not read" in "\n".join(map(str, made.notes))
    documents["adapter"]["Specification"] = {"BaseInferenceComponentName": "chat-8b"}
    assert place not in told(imported(tmp_path / "b", documents), "assumed")


@pytest.mark.parametrize("key", ["InferenceComponentArn", "EndpointArn"])
def test_answers_of_two_regions_are_no_endpoint(tmp_path: Path, key: str) -> None:
    """An endpoint of the same name elsewhere."""
    documents = simple()
    row = documents["component-rank"]
    row[key] = row[key].replace(":us-east-1:", ":eu-west-1:")
    with pytest.raises(DocumentError, match=rf"component-rank\.json at \$\.{key}: must be of us-east-1"):
        imported(tmp_path, documents)


def test_autoscaling_is_carried_along(tmp_path: Path) -> None:
    """The range of a component is a label."""
    rows = [
        {"ResourceId": "inference-component/rank", "MinCapacity": 0, "MaxCapacity": 8,
         "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount"},
    ]  # fmt: skip
    made = imported(tmp_path, simple(), facts=[{"ScalableTargets": rows}])

    rank = next(row for row in made.problem.components if row.name == "rank")
    assert (rank.labels[labels.MIN_CAPACITY], rank.labels[labels.MAX_CAPACITY]) == ("0", "8")
    assert "inference component rank autoscaling" in told(made, "assumed")


def target(resource: str, dimension: str, least: int, most: int, **more: Any) -> Doc:
    """A scalable target."""
    row = {"ServiceNamespace": "sagemaker", "ResourceId": resource, "ScalableDimension": f"sagemaker:{dimension}"}
    return row | {"MinCapacity": least, "MaxCapacity": most, **more}


COPIES, MACHINES = "inference-component:DesiredCopyCount", "variant:DesiredInstanceCount"


def test_autoscaling_of_machines_is_a_range_of_the_pool(tmp_path: Path) -> None:
    """Of a variant that the endpoint does not manage itself; an export leaves it as it is."""
    documents = simple()
    del documents["config"]["ProductionVariants"][0]["ManagedInstanceScaling"]
    del documents["endpoint"]["ProductionVariants"][0]["ManagedInstanceScaling"]
    rows = [target("endpoint/llm/variant/main", MACHINES, 2, 4)]
    made = imported(tmp_path, documents, facts=[{"ScalableTargets": rows}])
    (pool,) = made.problem.pools

    assert (pool.min_instances, pool.max_instances) == (2, 4)
    assert labels.SCALING not in pool.labels
    assert "endpoint llm variant main autoscaling" in told(made, "assumed")
    managed = imported(tmp_path / "managed", simple(), facts=[{"ScalableTargets": rows}])
    assert managed.problem.pools[0].max_instances == 6
    assert "endpoint llm variant main autoscaling" in told(managed, "ignored")


def test_ranges_of_what_was_not_read_are_told(tmp_path: Path) -> None:
    """Each by its name; so are dimensions that are none of ours, fields not known, and what is suspended."""
    rows = [
        target("inference-component/gone", COPIES, 1, 2),
        target("endpoint/far/variant/main", MACHINES, 1, 2),
        target("endpoint/llm/variant/main", "variant:DesiredProvisionedConcurrency", 1, 2),
        target("inference-component/rank", COPIES, 0, 8, New=1, SuspendedState={"DynamicScalingInSuspended": True}),
    ]
    made = imported(tmp_path, simple(), facts=[{"ScalableTargets": rows}])

    assert {
        "autoscaling of inference components gone",
        "autoscaling of variants far/main",
        "autoscaling of targets sagemaker:variant:DesiredProvisionedConcurrency of endpoint/llm/variant/main",
        "autoscaling of inference-component/rank New",
    } <= set(told(made, "ignored"))
    assert "autoscaling of inference-component/rank SuspendedState" in told(made, "assumed")
    rows.append(target("inference-component/rank", COPIES, 0, 9))
    with pytest.raises(DocumentError, match="has two ranges, which differ"):
        imported(tmp_path / "twice", simple(), facts=[{"ScalableTargets": rows}])


def test_more_machines_than_may_be_are_told(tmp_path: Path) -> None:
    """Above the range of the variant, above a quota of one pool, above one that several share; and too few."""
    documents = simple(machines=7)
    quota = {
        "QuotaName": f"{G5} for endpoint usage",
        "QuotaArn": "arn:aws:servicequotas:us-east-1:111122223333:sagemaker/L-1",
        "Value": 5.0,
    }
    made = imported(tmp_path / "one", documents, facts=[{"Quotas": [quota]}])
    assert told(made, "broken") == [
        "endpoint llm variant main MaxInstanceCount",
        f"endpoint llm variant main quota of {G5}",
    ]
    other = {name: row for name, row in simple("other", 1).items() if name in ("endpoint", "config")}
    made = imported(tmp_path / "two", simple(machines=5), other, facts=[{"Quotas": [quota]}])
    (note,) = [note for note in made.notes if note.kind == "broken"]
    assert (
        str(note) == f"limit {G5} for endpoint usage: broken: with the machines that run max_instances is 6, at most 5"
    )
    few = simple(machines=0)
    for name in ("chat-8b", "rank", "code-34b"):
        few[f"component-{name}"]["RuntimeConfig"]["CurrentCopyCount"] = 0
    assert "endpoint llm variant main MinInstanceCount" in told(imported(tmp_path / "few", few), "assumed")


def test_the_problem_does_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    """Nor on that of the options that name endpoints."""
    second = {name: row for name, row in simple("a-first", 1).items() if name in ("endpoint", "config")}
    one = imported(tmp_path / "one", simple("b-second"), second).problem
    two = imported(tmp_path / "two", second, simple("b-second")).problem

    assert one.name == "a-first-b-second"
    assert one.to_document() == two.to_document()


def test_reserved_instances_of_ec2_pay_for_no_machine_of_sagemaker(tmp_path: Path) -> None:
    """Which is told, also where the folder of answers has them."""
    made = imported(tmp_path, simple(), facts=[{"ReservedInstances": [reserved(G5.removeprefix("ml."), 2)]}])

    assert made.problem.commitments == ()
    (note,) = [note for note in made.notes if note.place.startswith("reserved instances of g5.12xlarge")]
    assert note.reason.endswith("they do not pay for machines of SageMaker")


def test_headroom_is_kept_from_components(tmp_path: Path) -> None:
    """On one type, or on all others."""
    problem = imported(tmp_path, simple(), headroom_gib={"": 4}).problem
    assert problem.instance_types[G5].reserved.memory_gib == 4
    problem = imported(tmp_path, simple(), headroom_gib={"": 4, G5: 8}).problem
    assert problem.instance_types[G5].reserved.memory_gib == 8
    with pytest.raises(UsageError, match=r"--headroom .*=1000: the machine has 192 GiB"):
        imported(tmp_path, simple(), headroom_gib={G5: 1000})


def test_a_state_that_moves_says_so(tmp_path: Path) -> None:
    """Endpoints, variants and components that are not settled; shadow variants; keys that are not known."""
    documents = simple()
    documents["endpoint"] |= {"EndpointStatus": "Updating", "PendingDeploymentSummary": {"EndpointConfigName": "x"}}
    documents["endpoint"]["ProductionVariants"][0]["DesiredInstanceCount"] = 4
    documents["config"]["ShadowProductionVariants"] = [{"VariantName": "shadow"}]
    documents["config"]["ProductionVariants"][0]["NewField"] = 1
    documents["component-rank"] |= {"InferenceComponentStatus": "Failed", "FailureReason": "no room"}
    documents["component-rank"]["LastDeploymentConfig"] = {"RollingUpdatePolicy": {}}
    documents["component-rank"]["RuntimeConfig"] = {"DesiredCopyCount": 3, "CurrentCopyCount": 1}
    documents["component-chat-8b"]["Specification"]["SchedulingConfig"] = {
        "PlacementStrategy": "SPREAD",
        "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE"},
    }
    documents["component-chat-8b"]["Specification"]["ComputeResourceRequirements"] |= {
        "MaxMemoryRequiredInMb": 99,
        "X": 1,
    }
    documents["adapter"] = component("lora", "llm", 1, 0, 1)
    documents["adapter"]["Specification"] = {"BaseInferenceComponentName": "chat-8b"}
    documents["stray"] = {"something": "else"}
    made = imported(tmp_path, documents)

    assert {
        "endpoint llm EndpointStatus",
        "endpoint llm variant main CurrentInstanceCount",
        "inference component rank InferenceComponentStatus",
        "inference component rank RuntimeConfig",
    } <= set(told(made, "assumed"))
    assert {
        "endpoint llm PendingDeploymentSummary",
        "endpoint llm ShadowProductionVariants shadow",
        "endpoint llm variant main NewField",
        "inference component chat-8b Specification.ComputeResourceRequirements.MaxMemoryRequiredInMb",
        "inference component chat-8b Specification.ComputeResourceRequirements.X",
        "inference component chat-8b AvailabilityZoneBalance",
        "inference component lora",
        "inference component rank LastDeploymentConfig",
        str(tmp_path / "0-stray.json"),
    } <= set(told(made, "ignored"))
    assert told(made, "suggested") == ["inference component chat-8b SchedulingConfig"]
    assert [row.copies for row in made.problem.components if row.name == "rank"] == [3]
    assert running(made.problem)["rank", "llm/main"] == 1


def variant(documents: dict[str, Doc], **changes: Any) -> None:
    """Another configuration of the variant."""
    documents["config"]["ProductionVariants"][0].update(changes)


def runtime(documents: dict[str, Doc], **changes: Any) -> None:
    """Other counts of a component."""
    documents["component-rank"]["RuntimeConfig"].update(changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("config"), "describe-endpoint-config --endpoint-config-name llm-config"),
        (lambda d: d.pop("endpoint"), "no file is an answer of: aws sagemaker describe-endpoint"),
        (lambda d: d.pop("component-rank"), "describe-inference-component --inference-component-name rank"),
        (lambda d: d.update(again=d["endpoint"]), "is a second answer about llm"),
        (
            lambda d: variant(d, ModelName="m"),
            r"ProductionVariants\[0\]\.ModelName: is a variant with a model of its o",
        ),
        (lambda d: variant(d, ServerlessConfig={}), r"ProductionVariants\[0\]\.ServerlessConfig: is serverless"),
        (lambda d: variant(d, InstanceType=None), "must have either InstanceType or InstancePools"),
        (
            lambda d: variant(d, InstanceType="ml.g5.13xlarge"),
            r'0-config\.json: endpoint llm variant main InstanceType: no instance type "ml.g5.13xlarge" is in the c',
        ),
        (lambda d: d["component-rank"].update(VariantName="x"), r"\$\.VariantName: is no variant of its endpoint"),
        (lambda d: d["component-rank"].pop("Specification"), "must have either Specification or Specifications"),
        (
            lambda d: d["component-rank"]["Specification"].update(ComputeResourceRequirements=[1]),
            r"ments\[0\]: must be",
        ),
        (
            lambda d: runtime(d, CurrentCopyCount=-1),
            r"\$\.RuntimeConfig\.CurrentCopyCount: must be a finite n",
        ),
        (lambda d: runtime(d, CurrentCopyCount=10**6), r"\$\.RuntimeConfig\.CurrentCopyCount: must be at most 100,000"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: Any, said: str) -> None:
    """With object and field, or with the command that gives what is missing."""
    documents = simple()
    change(documents)
    with pytest.raises((DocumentError, UsageError), match=said):
        imported(tmp_path, documents)


# --- As a user runs it


def test_bug_endpoints_of_another_kind_do_not_stop_the_import_of_all(tmp_path: Path) -> None:
    """A folder of a whole account: those with models of their own, or serverless, are left out and named."""
    others = []
    for name, changes in (("classic", {"ModelName": "bert"}), ("quiet", {"ServerlessConfig": {}})):
        other = simple()
        of_other = {"endpoint": other["endpoint"], "config": other["config"]}
        of_other["endpoint"].update(EndpointName=name, EndpointConfigName=f"{name}-config")
        of_other["config"].update(EndpointConfigName=f"{name}-config")
        variant(of_other, **changes)
        others.append(of_other)
    made = imported(tmp_path, simple(), *others)
    said = [str(note) for note in made.notes if "only endpoints of inference components are read" in note.reason]
    assert [pool.name for pool in made.problem.pools] == ["llm/main"]
    assert [text.partition(": only")[0] for text in said] == [
        "endpoint classic: ignored: a variant has a model of its own, one copy a machine",
        "endpoint quiet: ignored: a variant is serverless, without machines",
    ]


def test_the_command_writes_a_problem_that_can_be_solved(tmp_path: Path) -> None:
    """YAML with the notes as comments; nothing is written over; the plan without moves is what runs."""
    folder = write(tmp_path / "saved", simple())
    out = tmp_path / "llm.yaml"
    done = run("import", "sagemaker", "--from-json", folder, "-o", out)

    assert done.exit_code == 0, done.stderr
    assert "note: endpoint llm placements: reconstructed: the API tells counts alone" in done.stderr
    assert "components 3, instances 3, running copies 8" in done.stderr
    assert out.read_text().startswith("# endpoint llm variant main ScaleInPolicy: assumed")
    assert read_problem(out).name == "llm"
    again = run("import", "sagemaker", "--from-json", folder, "-o", out)
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    solved = run("solve", out, "-o", tmp_path / "plan.json", "-q", "--time-limit", "20")
    assert solved.exit_code == 0
    assert json.loads((tmp_path / "plan.json").read_text())["moves"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name an endpoint with --endpoint NAME, or a folder"),
        (("--from-json", "/nonexistent"), "/nonexistent: can't be read"),
        (
            ("--from-json", __file__),
            "test_import.py: is a file, no JSON; name the folder",
        ),
        (("--from-json", "SAVED", "--endpoint", "other"), "describe-endpoint --endpoint-name other"),
        (("--from-json", "SAVED", "--headroom", "x"), "--headroom must be TYPE=GIB or GIB"),
        (("--from-json", "SAVED", "--headroom", "ml.g5.xx=1"), 'no instance type "ml.g5.xx"'),
        (("--from-json", "SAVED", "--price", "ml.g5.12xlarge=a"), "--price must be TYPE=DOLLARS"),
    ],
)
def test_wrong_options_are_told(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, in words."""
    folder = str(write(tmp_path / "saved", simple()))
    done = run("import", "sagemaker", *(folder if word == "SAVED" else word for word in arguments))

    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"format": "placement-plan/v1", "assignments": []}', "a plan (placement-plan/v1)"),
        ('{"format": "placement/v1"}', "a problem (placement/v1)"),
        ("name: x\nformat: placement/v1\ncomponents: []\n", "a problem (placement/v1)"),
        ('{"format": "placement-other/v1"}', "a document (placement-other/v1)"),
        ('{"PriceList": []}', "an answer of aws pricing get-products"),
        ('{"EndpointName": "e", "EndpointStatus": "InService"}', "an answer of aws sagemaker describe-endpoint"),
        ("InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,Region\na,,,4,8,1,r\n",
         "a price list of SkyPilot"),
        ('{"a": 1}', "JSON of another kind"),
        ("7", "one value"),
    ],
)  # fmt: skip
def test_another_document_is_told_as_what_it_is(tmp_path: Path, text: str, said: str) -> None:
    """As the one file, with what is wanted in its place; and in a folder, where it is all that there is."""
    file = tmp_path / "saved.json"
    file.write_text(text)

    alone = run("import", "sagemaker", "--from-json", file)
    among = run("import", "sagemaker", "--from-json", tmp_path)

    assert (alone.exit_code, among.exit_code) == (2, 2)
    assert f"{file}: is a file, {said}; name the folder of answers" in alone.stderr
    if text.startswith("{") and "an answer" not in said:
        assert f"describe-endpoint --endpoint-name NAME; {file} is {said}" in among.stderr


def test_a_type_that_the_catalogue_lacks_comes_from_a_file(tmp_path: Path) -> None:
    """EC2's sizes of the machine without `ml.`; its price is asked for, since SageMaker's is another."""
    documents = simple()
    documents["config"]["ProductionVariants"][0]["InstanceType"] = "ml.m5.24xlarge"
    for name in ("chat-8b", "rank", "code-34b"):
        del documents[f"component-{name}"]["Specification"]["ComputeResourceRequirements"][
            "NumberOfAcceleratorDevicesRequired"
        ]
    folder = write(tmp_path / "saved", documents)
    unknown = run("import", "sagemaker", "--from-json", folder)
    assert (unknown.exit_code, 'no instance type "ml.m5.24xlarge"' in unknown.stderr) == (2, True)

    machine = {"InstanceType": "m5.24xlarge", "VCpuInfo": {"DefaultVCpus": 96}, "MemoryInfo": {"SizeInMiB": 393216}}
    write(folder, {"types": {"InstanceTypes": [machine]}})
    unpriced = run("import", "sagemaker", "--from-json", folder)
    assert (unpriced.exit_code, "--price ml.m5.24xlarge=DOLLARS" in unpriced.stderr) == (2, True)
    done = run("import", "sagemaker", "--from-json", folder, "--price", "ml.m5.24xlarge=5.53")
    assert json.loads(done.stdout)["instance_types"]["ml.m5.24xlarge"] == {
        "vcpus": 96,
        "memory_gib": 384,
        "price_per_hour": 5.53,
    }
    assert "instance type ml.m5.24xlarge: assumed: it has the sizes of EC2's m5.24xlarge" in done.stderr


def test_components_that_may_be_missing_are_told(tmp_path: Path) -> None:
    """One whose endpoint was not given; a list that is cut; no list at all. None goes without a word."""
    rows = simple()
    lost = component("elsewhere", "gone", 1, 1, 8)
    made = imported(tmp_path / "a", rows, {"lost": lost})
    assert "inference component elsewhere" in told(made, "ignored")
    listed = {"InferenceComponents": [{"InferenceComponentName": "other", "EndpointName": "far"}], "NextToken": "x"}
    made = imported(tmp_path / "b", rows, {"list": listed})
    assert "inference component other" in told(made, "ignored")
    assert any(place.endswith("list.json") for place in told(made, "ignored"))
    assert "inference components" not in told(made, "assumed")
    bare = {name: row for name, row in rows.items() if "InferenceComponents" not in row}
    assert "inference components" in told(imported(tmp_path / "c", bare), "assumed")


def test_pages_of_a_list_that_are_all_there_are_not_told(tmp_path: Path) -> None:
    """Of components, ranges and actions; a first page of another endpoint is, whose last one is missing."""
    documents = simple()
    rows = documents.pop("list")["InferenceComponents"]
    documents["list-1"] = {"InferenceComponents": rows[:2], "NextToken": "t"}
    documents["targets-1"] = {"ScalableTargets": [], "NextToken": "t"}
    documents["actions-1"] = {"ScheduledActions": [], "NextToken": "t"}
    of_other = {"InferenceComponentName": "far", "EndpointName": "other"}
    last: dict[str, Doc] = {
        "list-2": {"InferenceComponents": rows[2:]},
        "targets-2": {"ScalableTargets": []},
        "actions-2": {"ScheduledActions": []},
    }
    cut = [note for note in map(str, imported(tmp_path / "a", documents).notes) if "the list goes on" in note]
    whole = "\n".join(map(str, imported(tmp_path / "b", documents | last).notes))
    other: dict[str, Doc] = {"far-list": {"InferenceComponents": [of_other], "NextToken": "t"}}
    (note,) = (n for n in map(str, imported(tmp_path / "c", documents | last | other).notes) if "the list goes on" in n)

    assert [word for word in ("components", "ranges", "ScheduledActions") if any(word in row for row in cut)] == [
        "components",
        "ranges",
        "ScheduledActions",
    ]
    assert "the list goes on" not in whole
    assert "0-far-list.json" in note


def test_an_endpoint_that_has_nothing_yet_is_refused(tmp_path: Path) -> None:
    """It is Creating: with its status, and what to do."""
    documents = simple()
    documents["endpoint"]["EndpointStatus"] = "Creating"
    del documents["endpoint"]["ProductionVariants"]
    with pytest.raises(DocumentError, match=r"has no ProductionVariants: import the endpoint once it is InService"):
        imported(tmp_path, documents)


def test_an_adapter_without_its_base_is_not_promised(tmp_path: Path) -> None:
    """No export can make it again."""
    documents = simple()
    row = component("lora", "llm", 0, 0, 1)
    row["Specification"] = {"BaseInferenceComponentName": "gone", "Container": {"ArtifactUrl": "s3://b/a"}}
    documents["lora"] = row
    said = "\n".join(map(str, imported(tmp_path, documents).notes))

    assert "gone was not read" in said
    assert "it makes the adapter too" not in said


def test_an_endpoint_that_is_scaled_to_zero_is_judged(tmp_path: Path) -> None:
    """Nothing runs, which is known: no drift from a plan without a machine, and copies that are wanted are missing."""
    documents = simple(machines=0)
    scaling = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 6}
    for name in ("endpoint", "config"):
        documents[name]["ProductionVariants"][0]["ManagedInstanceScaling"] = scaling
    for row in documents.values():
        if "RuntimeConfig" in row:
            row["RuntimeConfig"] = {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    saved, state, plan = write(tmp_path / "saved", documents), tmp_path / "state.json", tmp_path / "plan.json"
    for words in (
        ("import", "sagemaker", "--from-json", str(saved), "-o", str(state)),
        ("solve", str(state), "-o", str(plan), "-q"),
        ("diff", str(state), str(plan), "--by-pool"),
        ("audit", str(state), "--time-limit", "0"),
    ):
        done = run(*words)
        assert done.exit_code == 0, done.stderr
    document = json.loads(state.read_text())
    assert document["instances"] == []
    document["components"][0]["copies"] = 1
    state.write_text(json.dumps(document))
    assert run("audit", str(state), "--time-limit", "0").exit_code == 1
    del document["instances"]
    state.write_text(json.dumps(document))
    assert "nothing runs by this problem" in run("diff", str(state), str(plan)).stderr


def test_an_endpoint_that_is_being_deleted(tmp_path: Path) -> None:
    """Left out of a whole account; as it is where it is the only one."""
    leaving = simple("old")
    leaving["endpoint"]["EndpointStatus"] = "Deleting"
    made = imported(tmp_path / "both", simple(), {key: leaving[key] for key in ("endpoint", "config")})
    assert [row.name for row in made.problem.pools] == ["llm/main"]
    assert "endpoint old: ignored: it is Deleting: its machines" in " ".join(map(str, made.notes))
    assert [row.name for row in imported(tmp_path / "one", leaving).problem.pools] == ["old/main"]
