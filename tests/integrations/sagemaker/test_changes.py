"""Fleets that run, changed: which calls, in which order, so that copies stay in service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.demand import ScalingPolicy
from placement.documents import Plan, Problem
from placement.errors import DocumentError
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.calls import adapter_call
from placement.integrations.sagemaker.export import SageMakerExport, export_plan
from placement.integrations.sagemaker.wish import ExportWish
from placement.running_state import running_plan
from placement.units import micro_dollars, money
from tests.integrations.sagemaker.samples import (
    G5,
    G6E,
    P4D,
    ROLE,
    WHEN,
    component,
    config,
    endpoint,
    pooled,
    simple,
    tracking,
)
from tests.integrations.sagemaker.test_import import imported

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.integrations.sagemaker.samples import Doc

Contents = dict[str, dict[str, int]]  # copies by component, by machine


def exported(problem: Problem, contents: Contents, **wish: Any) -> SageMakerExport:
    """The export of a plan with these contents; machines that are not named are given back."""
    known = {row.id: row.pool for row in problem.instances}
    rows = [{"id": name, "pool": known.get(name, name.rpartition("/new-")[0])} for name in contents]
    at: dict[str, int] = dict.fromkeys(contents, 0)
    assignments = []
    for name, machine in contents.items():
        for of, copies in machine.items():
            (row,) = (row for row in problem.components if row.name == of)
            for _ in range(copies):
                size = row.modes[0].accelerators
                own = list(range(at[name], at[name] + size))
                at[name] += size
                assignments.append({"component": of, "instance": name, "accelerators": own})
    plan = Plan(instances=rows, assignments=assignments)
    assert placement.verify(problem, plan).violations == ()
    return export_plan(problem, plan, ExportWish(**wish))


def changed(problem: Problem, copies: Mapping[str, int], **pool: Any) -> Problem:
    """The problem with other numbers of copies, and other fields of every pool."""
    document = problem.to_document()
    for row in document["components"]:
        row["copies"] = copies[row["name"]]
    for row in document["pools"]:
        row |= pool
        for key in [key for key, value in row.items() if value is None]:
            del row[key]
    return Problem(**{key: value for key, value in document.items() if key != "format"})


def calls(export: SageMakerExport) -> list[tuple[str, Any]]:
    """Operation, and what matters of its input."""
    return [
        (step.operation, step.parameters.get("DesiredRuntimeConfig", {}).get("CopyCount", step.subject))
        for step in export.steps
    ]


def notes(export: SageMakerExport) -> str:
    """All notes as lines."""
    return "\n".join(map(str, export.exported.notes))


def unmanaged(machines: int = 3) -> dict[str, Doc]:
    """An endpoint whose number of machines nobody manages."""
    documents = simple(machines=machines)
    del documents["config"]["ProductionVariants"][0]["ManagedInstanceScaling"]
    return documents


FULL: Contents = {
    "llm/main/1": {"chat-8b": 2, "code-34b": 1},
    "llm/main/2": {"chat-8b": 3, "rank": 1},
    "llm/main/3": {"rank": 1},
}


def test_nothing_is_called_for_what_runs(tmp_path: Path) -> None:
    """Numbers of copies and of machines are those that run."""
    assert exported(imported(tmp_path, unmanaged()).problem, FULL).steps == ()


def test_copies_are_added_before_others_go(tmp_path: Path) -> None:
    """Where there is room for both, more copies come first."""
    problem = changed(imported(tmp_path, unmanaged()).problem, {"chat-8b": 4, "rank": 3, "code-34b": 1})
    contents = {**FULL, "llm/main/2": {"chat-8b": 2, "rank": 1}, "llm/main/3": {"rank": 2}}
    export = exported(problem, contents)

    assert calls(export) == [
        ("UpdateInferenceComponentRuntimeConfig", 3),
        ("UpdateInferenceComponentRuntimeConfig", 4),
    ]
    assert [step.wait for step in export.steps] == ["component", "component"]


def test_copies_go_first_where_others_need_their_room(tmp_path: Path) -> None:
    """With a note, as fewer than both run for a while."""
    problem = changed(imported(tmp_path, unmanaged()).problem, {"chat-8b": 1, "rank": 6, "code-34b": 2})
    contents = {
        "llm/main/1": {"chat-8b": 1, "rank": 1, "code-34b": 1},
        "llm/main/2": {"rank": 2, "code-34b": 1},
        "llm/main/3": {"rank": 3},
    }
    export = exported(problem, contents)

    assert [count for _, count in calls(export)] == [1, 2, 6]
    assert "component chat-8b: inexact: others need its room" in notes(export)


def test_copies_of_a_component_that_ends_may_be_in_the_way(tmp_path: Path) -> None:
    """It is no part of the plan, and holds its room until it is gone."""
    problem = changed(imported(tmp_path, unmanaged()).problem, {"chat-8b": 0, "rank": 10, "code-34b": 1})
    contents = {"llm/main/1": {"code-34b": 1, "rank": 2}, "llm/main/2": {"rank": 4}, "llm/main/3": {"rank": 4}}
    assert [count for _, count in calls(exported(problem, contents))] == [0, 10]

    roomy = changed(imported(tmp_path / "b", unmanaged()).problem, {"chat-8b": 0, "rank": 5, "code-34b": 1})
    contents = {"llm/main/1": {"code-34b": 1, "rank": 2}, "llm/main/2": {"rank": 3}, "llm/main/3": {}}
    assert [count for _, count in calls(exported(roomy, contents))] == [5, 0]


def test_machines_that_nobody_manages_are_numbered(tmp_path: Path) -> None:
    """More before copies are added, fewer after they are gone."""
    problem = imported(tmp_path, unmanaged(machines=4)).problem
    fewer = exported(problem, FULL)
    assert calls(fewer) == [("UpdateEndpointWeightsAndCapacities", "llm")]
    assert fewer.steps[0].parameters["DesiredWeightsAndCapacities"] == [
        {"VariantName": "main", "DesiredInstanceCount": 3}
    ]

    more = changed(problem, {"chat-8b": 9, "rank": 2, "code-34b": 4})
    contents = {
        "llm/main/1": {"chat-8b": 4},
        "llm/main/2": {"chat-8b": 4},
        "llm/main/3": {"chat-8b": 1, "rank": 2},
        "llm/main/4": {"code-34b": 2},
        "llm/main/new-1": {"code-34b": 2},
    }
    assert [operation for operation, _ in calls(exported(more, contents))] == [
        "UpdateEndpointWeightsAndCapacities",
        "UpdateInferenceComponentRuntimeConfig",
        "UpdateInferenceComponentRuntimeConfig",
    ]


def test_a_quota_that_is_broken_on_the_way_is_told(tmp_path: Path) -> None:
    """Machines of one endpoint come before those of another go: seven where six are allowed, before and after."""
    documents = unmanaged(machines=4)
    current = {"VariantName": "main", "CurrentInstanceCount": 1, "DesiredInstanceCount": 1}
    documents["rag"] = endpoint("rag", [current])
    documents["rag-config"] = config("rag", [{"VariantName": "main", "InstanceType": G5, "InitialInstanceCount": 1}])
    documents["component-emb"] = component("emb", "rag", 2, 1, 8)
    documents["list"]["InferenceComponents"].append({"InferenceComponentName": "emb", "EndpointName": "rag"})
    counts = {"chat-8b": 5, "rank": 2, "code-34b": 1, "emb": 10}
    document = changed(imported(tmp_path, documents).problem, counts).to_document()
    contents = FULL | {"rag/main/1": {"emb": 4}, "rag/main/new-1": {"emb": 4}, "rag/main/new-2": {"emb": 2}}
    for most, told in ((6, True), (7, False)):
        document["limits"] = [{"name": "quota", "pools": ["llm/main", "rag/main"], "max_instances": most}]
        problem = Problem(**{key: value for key, value in document.items() if key != "format"})
        said = notes(exported(problem, contents))
        expected = (
            "limit quota: inexact: it allows 6 machines, and up to 7 are asked for on the way, as those of endpoint "
            "rag variant main come before those of endpoint llm variant main go: a call may be refused. Have a"
        )
        assert (expected in said) is told
    assert "limit quota" not in notes(exported(problem, contents, as_new=True, role=ROLE))


@pytest.mark.parametrize(("most", "told"), [(4, True), (5, False)])
def test_a_quota_without_room_for_a_new_configuration_is_told(tmp_path: Path, most: int, told: bool) -> None:
    """Four machines run and three are to stay: the update starts new ones first, of which a quota of four has none."""
    document = imported(tmp_path, simple(machines=4)).problem.to_document()
    document["limits"] = [{"name": "quota", "pools": ["llm/main"], "max_instances": most}]
    problem = Problem(**{key: value for key, value in document.items() if key != "format"})
    said = notes(exported(problem, FULL, pin=True))
    assert "CreateEndpointConfig" in str(calls(exported(problem, FULL, pin=True)))
    assert ("are allowed by limit quota (max_instances 4): where that is a quota" in said) is told


def test_what_a_smaller_number_of_machines_may_stop_is_told(tmp_path: Path) -> None:
    """SageMaker chooses which machines go: as many copies of each component may stop as fit on one."""
    said = notes(exported(imported(tmp_path, unmanaged(machines=4)).problem, FULL))
    assert (
        "endpoint llm variant main machines: inexact: SageMaker chooses which 1 of the 4 go, with the copies on it: up "
        "to 1 of 1 of code-34b, 4 of 5 of chat-8b, 2 of 2 of rank may be away until they are placed anew. So that"
    ) in said
    assert "lower DesiredInstanceCount by one a call, and go on when all copies are in service again" in said

    problem = changed(imported(tmp_path / "b", unmanaged()).problem, {"chat-8b": 0, "rank": 0, "code-34b": 0})
    assert "SageMaker chooses" not in notes(exported(problem, {"llm/main/1": {}}))


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (None, "a machine goes only once it holds no copy, and no copy is moved for that; up to 3 may stay"),
        (
            "IDLE_RELEASE",
            "a machine goes only once it holds no copy, and no copy is moved for that (IDLE_RELEASE); up to 3 may stay",
        ),
        ("CONSOLIDATION", "SageMaker moves copies so that machines are empty, and gives those back (CONSOLIDATION)"),
    ],
)
def test_which_machines_are_given_back_is_told_by_their_policy(policy: str | None, told: str, tmp_path: Path) -> None:
    """Five run, and three copies hold no more than three of them."""
    documents = simple(machines=5)
    scaling = documents["config"]["ProductionVariants"][0]["ManagedInstanceScaling"]
    scaling["ScaleInPolicy"] = {"Strategy": policy}
    if policy is None:
        del scaling["ScaleInPolicy"]
    problem = changed(imported(tmp_path, documents).problem, {"chat-8b": 2, "rank": 0, "code-34b": 1})
    said = notes(exported(problem, {"llm/main/1": {"chat-8b": 2, "code-34b": 1}}))

    assert f"the plan has 1 machine, 5 run, and SageMaker manages their number (1 to 6): {told}" in said


def test_a_range_follows_the_copies_unless_it_is_pinned(tmp_path: Path) -> None:
    """A note without a call; with `pin` a configuration whose range is the plan's number, with all that it had."""
    problem = imported(tmp_path, simple(machines=5)).problem
    loose = exported(problem, FULL)
    assert loose.steps == ()
    assert (
        "the plan has 3 machines, 5 run, and SageMaker manages their number (1 to 6): SageMaker moves copies so that "
        "machines are empty, and gives those back (CONSOLIDATION); up to 5 may stay; --pin fixes it"
    ) in notes(loose)

    pinned = exported(problem, FULL, pin=True)
    create, update = pinned.steps
    (variant,) = create.parameters["ProductionVariants"]
    assert variant["ManagedInstanceScaling"] == {
        "Status": "ENABLED",
        "MinInstanceCount": 3,
        "MaxInstanceCount": 3,
        "ScaleInPolicy": {"Strategy": "CONSOLIDATION"},
    }
    assert variant["RoutingConfig"] == {"RoutingStrategy": "RANDOM"}
    assert create.parameters["ExecutionRoleArn"].endswith("role/serving")
    assert update.parameters["EndpointConfigName"] == create.parameters["EndpointConfigName"]
    assert "template.json" not in pinned.exported.files

    again = {**simple(machines=3)}
    fixed = {"Status": "ENABLED", "MinInstanceCount": 3, "MaxInstanceCount": 3}
    again["config"]["ProductionVariants"][0]["ManagedInstanceScaling"] = fixed
    assert exported(imported(tmp_path / "again", again).problem, FULL, pin=True).steps == ()


def test_components_move_to_another_endpoint(tmp_path: Path) -> None:
    """A new component there before the copies here go; the endpoint that is left empty is not deleted."""
    other = {
        "endpoint": endpoint("other", [{"VariantName": "main", "CurrentInstanceCount": 1}]),
        "config": config("other", [{"VariantName": "main", "InstanceType": G5}]),
        "guest": component("guest", "other", 1, 1, 8),
    }
    row = other["guest"]["Specification"]
    row["Container"] = {"DeployedImage": {"SpecifiedImage": "repo/guest:1"}, "Environment": {"TOKEN": "secret"}}
    del row["ModelName"]
    problem = imported(tmp_path, unmanaged(), other, consolidate=True).problem
    export = exported(problem, {**FULL, "llm/main/3": {"rank": 1, "guest": 1}})

    assert calls(export) == [
        ("CreateInferenceComponent", "guest-llm"),
        ("UpdateInferenceComponentRuntimeConfig", 0),
    ]
    create, down = export.steps
    assert create.parameters["EndpointName"] == "llm"
    assert create.parameters["Specification"]["Container"] == {"Image": "repo/guest:1"}
    assert down.parameters["InferenceComponentName"] == "guest"
    said = notes(export)
    assert "component guest-llm Container.Environment: inexact" in said
    assert "endpoint other: inexact: no copy of the plan is on it" in said
    assert "secret" not in json.dumps(dict(export.exported.files)) + said


def test_partitions_go_there_and_back(tmp_path: Path) -> None:
    """As new: a layout on the variant, a partition and one device for each copy; no template, which has no such key."""
    layout = [{"AcceleratorPartitionTypes": ["mig-3g.20gb", "mig-3g.20gb"]}]
    row = component("small", "mig", 9, 1, 8)
    row["Specification"]["ComputeResourceRequirements"]["AcceleratorPartitionType"] = "mig-3g.20gb"
    documents = {
        "endpoint": endpoint("mig", [{"VariantName": "main", "CurrentInstanceCount": 1}]),
        "config": config("mig", [{"VariantName": "main", "InstanceType": P4D, "AcceleratorPartitionLayouts": layout}]),
        "small": row,
    }
    export = exported(imported(tmp_path, documents).problem, {"mig/main/1": {"small": 9}}, as_new=True)
    create, _, small = export.steps

    assert create.parameters["ProductionVariants"][0]["AcceleratorPartitionLayouts"] == layout
    assert small.parameters["Specification"]["ComputeResourceRequirements"] == {
        "MinMemoryRequiredInMb": 8192,
        "NumberOfAcceleratorDevicesRequired": 1,
        "AcceleratorPartitionType": "mig-3g.20gb",
    }
    assert "template.json: inexact" in notes(export)
    assert "template.json" not in export.exported.files


def test_what_ran_without_a_policy_gets_none(tmp_path: Path) -> None:
    """As new, what is read again is what was read, in its order; a policy that the plan needs is told."""
    documents = simple()
    scaling = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 6}
    documents["config"]["ProductionVariants"][0] = {
        "VariantName": "main",
        "InstanceType": G5,
        "ManagedInstanceScaling": scaling,
    }
    problem = imported(tmp_path, documents).problem
    export = exported(problem, FULL, as_new=True)
    create, _, *made = export.steps
    (row,) = create.parameters["ProductionVariants"]

    assert row["ManagedInstanceScaling"] == scaling
    assert "RoutingConfig" not in row
    assert not any("SchedulingConfig" in step.parameters["Specification"] for step in made)
    assert [step.subject for step in made] == [row.name for row in problem.components]
    assert "SchedulingConfig" not in notes(export)
    document = problem.to_document()
    document.pop("format")
    document["components"][0]["min_available_on_instance_loss"] = 1
    export = exported(Problem(**document), FULL, as_new=True)
    added = {step.subject: step.parameters["Specification"].get("SchedulingConfig") for step in export.steps[2:]}
    assert added == {"chat-8b": {"PlacementStrategy": "SPREAD"}, "code-34b": None, "rank": None}
    told = "component chat-8b SchedulingConfig: assumed: SPREAD is added, where what was read has none: it has rules"
    assert told in notes(export)


def test_a_component_of_several_variants_is_told(tmp_path: Path) -> None:
    """Made again, it has the specification of one of them; from no machine on, a region may refuse a variant."""
    documents = unmanaged()
    documents["endpoint"]["ProductionVariants"].append({"VariantName": "second", "CurrentInstanceCount": 1})
    scaling = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}
    second = {"VariantName": "second", "InstanceType": G5, "ManagedInstanceScaling": scaling}
    documents["config"]["ProductionVariants"].append(second)
    del documents["component-rank"]["VariantName"]
    contents = {**FULL, "llm/main/3": {}, "llm/second/1": {"rank": 1}}
    export = exported(imported(tmp_path, documents).problem, contents, as_new=True)

    assert "component rank: inexact: it is bound to no variant; its specification is the one for main" in notes(export)
    assert "variant second MinInstanceCount: inexact: 0 was refused in some regions" in notes(export)
    (rank,) = (step.parameters for step in export.steps if step.subject == "rank")
    assert "VariantName" not in rank
    assert rank["RuntimeConfig"] == {"CopyCount": 2}


def test_a_component_without_copies_is_made_and_emptied(tmp_path: Path) -> None:
    """As new: the service makes none without a copy."""
    documents = simple()
    documents["component-rank"]["RuntimeConfig"] = {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    contents = {**FULL, "llm/main/2": {"chat-8b": 3}, "llm/main/3": {}}
    export = exported(imported(tmp_path, documents).problem, contents, as_new=True)
    of_rank = [step for step in export.steps if step.subject == "rank"]

    assert [step.operation for step in of_rank] == [
        "CreateInferenceComponent",
        "UpdateInferenceComponentRuntimeConfig",
    ]
    assert of_rank[0].parameters["RuntimeConfig"] == {"CopyCount": 1}
    assert of_rank[1].parameters["DesiredRuntimeConfig"] == {"CopyCount": 0}


def test_a_packing_that_may_not_fit_is_told(tmp_path: Path) -> None:
    """Machines that run are not grouped anew: the page names the copy."""
    rows = {"big": (1, 3), "pair": (2, 2), "one": (5, 1)}
    documents = {
        "endpoint": endpoint("llm", [{"VariantName": "main", "CurrentInstanceCount": 3}]),
        "config": config("llm", [{"VariantName": "main", "InstanceType": G5}]),
        **{name: component(name, "llm", copies, size, 1) for name, (copies, size) in rows.items()},
    }
    documents["one"]["Specification"]["SchedulingConfig"] = {"PlacementStrategy": "SPREAD"}
    problem = imported(tmp_path, documents).problem
    document = problem.to_document()
    for row in document["components"]:
        row["spread"] = {"max_per_instance": 4} if row["name"] == "one" else {}
    for row in document["components"]:
        if not row["spread"]:
            del row["spread"]
    document.pop("format")
    contents: Contents = {
        "llm/main/1": {"one": 4},
        "llm/main/2": {"pair": 2},
        "llm/main/3": {"big": 1, "one": 1},
    }
    export = exported(Problem(**document), contents)
    (line,) = export.lines

    assert line.endswith("fits as simulated")
    for row in document["components"]:
        if row["name"] == "one":
            row["avoid"] = ["pair"]
    told = exported(Problem(**document), contents)
    assert "may not fit (pair and one must not share a machine, which the platform can't be told)" in told.lines[0]
    assert "endpoint llm variant main packing: inexact" in notes(told)


def spread_over(machines: int, most: int = 0) -> dict[str, Doc]:
    """A small copy on each machine, and the range of their number."""
    variant: Doc = {"VariantName": "main", "InstanceType": G5}
    if most:
        variant["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": most}
    small = component("small", "llm", machines, 1, 8)
    small["Specification"]["SchedulingConfig"] = {"PlacementStrategy": "SPREAD"}
    return {
        "endpoint": endpoint("llm", [{"VariantName": "main", "CurrentInstanceCount": machines}]),
        "config": config("llm", [variant]),
        "small": small,
        "big": component("big", "llm", 0, 4, 8),
    }


SMALL_TOGETHER: Contents = {"llm/main/1": {"big": 1}, "llm/main/2": {"small": 2}}


def test_copies_find_room_beside_what_runs_or_not(tmp_path: Path) -> None:
    """Placed anew, all of them would fit: what runs is spread, and stays where it is."""
    problem = changed(imported(tmp_path, spread_over(2)).problem, {"small": 2, "big": 1})
    (line,) = exported(problem, SMALL_TOGETHER).lines
    assert "may not fit (copy 1 of 1 of big finds no machine with room" in line
    (line,) = exported(problem, SMALL_TOGETHER, as_new=True).lines
    assert line.endswith("fits as simulated")


MACHINES = ["CreateEndpointConfig", "UpdateEndpoint"]


@pytest.mark.parametrize(
    ("most", "pin", "order"), [(3, False, ["small", "big"]), (3, True, ["small", "big"]), (9, True, ["big", "small"])]
)
def test_the_range_that_runs_allows_machines_while_copies_change(
    most: int, pin: bool, order: list[str], tmp_path: Path
) -> None:
    """A new configuration with fewer machines comes last: until then none is added beyond the old range."""
    problem = changed(imported(tmp_path, spread_over(3, most)).problem, {"small": 1, "big": 1}, max_instances=9)
    export = exported(problem, {"llm/main/1": {"small": 1}, "llm/main/2": {"big": 1}}, pin=pin)

    copies = [step.subject for step in export.steps if step.operation == "UpdateInferenceComponentRuntimeConfig"]
    assert copies == order
    assert [step.operation for step in export.steps[2:]] == MACHINES
    assert f"variant main: 2 x {G5}: 1 x " in export.lines[0]
    assert "may not fit" not in export.lines[0]
    assert ("component small: inexact: others need its room" in notes(export)) == (order[0] == "small")


def test_a_wider_range_comes_first_where_nothing_else_makes_room(tmp_path: Path) -> None:
    """Copies that run are on all machines, and none goes: with the new range a machine is added for another one."""
    problem = changed(imported(tmp_path, spread_over(4, most=4)).problem, {"small": 4, "big": 1}, max_instances=9)
    contents: Contents = {"llm/main/1": {"small": 4}, "llm/main/2": {"big": 1}}
    export = exported(problem, contents)

    assert [operation for operation, _ in calls(export)] == [
        *MACHINES,
        "UpdateInferenceComponentRuntimeConfig",
        *MACHINES,
    ]
    (first,), (last,) = (
        step.parameters["ProductionVariants"] for step in export.steps if step.operation == MACHINES[0]
    )
    assert (first["InitialInstanceCount"], last["InitialInstanceCount"]) == (4, 2)
    assert first["ManagedInstanceScaling"] == last["ManagedInstanceScaling"]
    assert first["ManagedInstanceScaling"]["MaxInstanceCount"] == 9
    assert f"up to 3 x {G5} (the plan has 2 x {G5})" in export.lines[0]
    assert "may not fit" not in export.lines[0]
    assert "endpoint llm: assumed: it is updated twice" in notes(export)

    pinned = exported(problem, contents, pin=True)
    assert "may not fit (copy 1 of 1 of big finds no machine with room" in pinned.lines[0]
    assert [operation for operation, _ in calls(pinned)] == ["UpdateInferenceComponentRuntimeConfig", *MACHINES]


def test_a_range_waits_for_the_machines_of_another_variant(tmp_path: Path) -> None:
    """One configuration has both variants: where one gives machines back, the other has its old range until then."""
    documents = spread_over(2, most=2)
    (main,) = documents["config"]["ProductionVariants"]
    documents["endpoint"]["ProductionVariants"].append({"VariantName": "second", "CurrentInstanceCount": 2})
    documents["config"]["ProductionVariants"].append(main | {"VariantName": "second"})
    documents["other"] = component("other", "llm", 2, 4, 8) | {"VariantName": "second"}
    problem = imported(tmp_path, documents).problem
    contents: Contents = {**SMALL_TOGETHER, "llm/second/1": {"other": 1}}
    more = changed(problem, {"small": 2, "big": 1, "other": 1}, max_instances=9)
    export = exported(more, contents)

    assert [operation for operation, _ in calls(export)][:2] == MACHINES
    assert "endpoint llm: assumed: it is updated twice" in notes(export)
    assert not any("may not fit" in line for line in export.lines)
    same = exported(changed(problem, {"small": 2, "big": 1, "other": 1}), contents, pin=True)
    assert "may not fit (copy 1 of 1 of big finds no machine with room" in same.lines[0]


def test_copies_must_fit_on_fewer_machines_too(tmp_path: Path) -> None:
    """Where SageMaker gives machines back: what fits on those that run need not fit on those of the plan."""
    documents = simple(machines=5)
    del documents["list"]
    for name, copies, devices in (("chat-8b", 2, 3), ("rank", 2, 1), ("code-34b", 0, 2)):
        documents[f"component-{name}"] = component(name, "llm", copies, devices, 8)
    documents["component-big"] = component("big", "llm", 0, 4, 8)
    problem = imported(tmp_path, documents).problem
    plain = exported(problem, {"llm/main/1": {"chat-8b": 1, "rank": 1}, "llm/main/2": {"chat-8b": 1, "rank": 1}})
    (line,) = plain.lines
    assert line.endswith("fits as simulated")  # in the order of the calls; rank first would leave chat-8b without room
    several = exported(problem, {f"llm/main/{n}": {"chat-8b": n < 3, "rank": n < 3} for n in range(1, 6)})
    assert several.lines[0].endswith("fits in any order")

    shared = problem.to_document()
    del shared["format"]
    (row,) = (row for row in shared["components"] if row["name"] == "rank")
    row["options"][0] |= {"shared": True, "accelerator_memory_gib": 4}
    (chat,) = (row for row in shared["components"] if row["name"] == "chat-8b")
    chat["options"][0]["accelerators"] = 3
    rows = [{"component": "chat-8b", "instance": "llm/main/1", "accelerators": [0, 1, 2]}]
    rows += [{"component": "rank", "instance": "llm/main/1", "accelerators": [3]}] * 2
    rows += [{"component": "chat-8b", "instance": "llm/main/2", "accelerators": [0, 1, 2]}]
    plan = Plan(instances=[{"id": f"llm/main/{n}", "pool": "llm/main"} for n in (1, 2)], assignments=rows)
    assert export_plan(Problem(**shared), plan, ExportWish()).lines[0].endswith("fits as simulated")
    row["copies"] = 3
    rows.append(rows[1])
    plan = Plan(instances=[{"id": f"llm/main/{n}", "pool": "llm/main"} for n in (1, 2)], assignments=rows)
    (line,) = export_plan(Problem(**shared), plan, ExportWish()).lines
    assert "may not fit (on the 2 machines of the plan: copy 3 of 3 of rank finds no machine with room" in line


def test_what_becomes_of_single_machines_is_sagemakers_choice(tmp_path: Path) -> None:
    """Machines that drain, stay or have a pinned copy; and copies that must outlive the loss of a type."""
    document = imported(tmp_path, simple()).problem.to_document()
    del document["format"]
    document["instances"][0]["removable"] = False
    document["instances"][1]["state"] = "cordoned"
    next(row for row in document["placements"] if row["instance"] == "llm/main/3")["pinned"] = True
    told = notes(exported(Problem(**document), FULL))
    assert "machines llm/main/1, llm/main/2, llm/main/3: inexact: what drains, is cordoned, stays or has pinned" in told

    document = imported(tmp_path / "pools", pooled()).problem.to_document()
    del document["format"]
    (row,) = (row for row in document["components"] if row["name"] == "chat")
    row["min_available_on_pool_loss"] = 1
    problem = Problem(**document)
    told = notes(export_plan(problem, running_plan(problem).plan, ExportWish()))
    assert "component chat min_available_on_pool_loss: inexact: SageMaker chooses the type" in told


def test_a_machine_that_is_added_beside_what_runs_is_told(tmp_path: Path) -> None:
    """Where SageMaker manages their number it adds one, which the plan has not; as many as may be, none where none."""
    problem = changed(imported(tmp_path, spread_over(2, most=3)).problem, {"small": 2, "big": 1})
    export = exported(problem, SMALL_TOGETHER)
    assert f"up to 3 x {G5} (the plan has 2 x {G5}): 1 x big, 2 x small: fits as simulated" in export.lines[0]
    assert "what runs stays where it is, so one is added where a copy finds no room" in notes(export)
    assert "InstancePools" not in notes(export)

    problem = changed(imported(tmp_path / "b", spread_over(2, most=2)).problem, {"small": 2, "big": 1})
    assert "may not fit (copy 1 of 1 of big" in exported(problem, SMALL_TOGETHER).lines[0]


def test_a_machine_that_is_added_until_others_are_gone_is_told(tmp_path: Path) -> None:
    """Copies come before others go: what fits in the end needs a machine more at once, which then holds some."""
    documents = spread_over(2, most=3)
    documents["big"] = component("big", "llm", 2, 2, 8)
    problem = changed(imported(tmp_path, documents).problem, {"small": 5, "big": 0})
    contents: Contents = {"llm/main/1": {"small": 4}, "llm/main/2": {"small": 1}}
    export = exported(problem, contents)

    assert [count for _, count in calls(export)] == [5, 0]
    assert f"up to 3 x {G5} (the plan has 2 x {G5}): 5 x small: fits as simulated" in export.lines[0]


def test_a_new_configuration_places_what_runs_anew(tmp_path: Path) -> None:
    """Before copies go: two small ones on one machine leave no room for both large ones."""
    documents = spread_over(2, most=2)
    documents["small"]["Specification"]["SchedulingConfig"] = {"PlacementStrategy": "BINPACK"}
    documents["small"]["CreationTime"] = "2026-10-01T10:00:00+00:00"
    documents["big"] = component("big", "llm", 2, 3, 8)
    problem = changed(imported(tmp_path, documents).problem, {"small": 0, "big": 2}, max_instances=5)
    export = exported(problem, {"llm/main/1": {"big": 1}, "llm/main/2": {"big": 1}})

    assert [operation for operation, _ in calls(export)][:2] == ["CreateEndpointConfig", "UpdateEndpoint"]
    assert f"up to 3 x {G5}" in export.lines[0]
    pinned = exported(problem, {"llm/main/1": {"big": 1}, "llm/main/2": {"big": 1}}, pin=True)
    assert "may not fit (a copy of big finds no machine with room on new machines" in pinned.lines[0]


def test_the_type_of_machines_that_go_is_not_told(tmp_path: Path) -> None:
    """Of a variant without managed scaling that shrinks: what is proved of one type may be false of the other."""
    documents = pooled()
    del documents["config"]["ProductionVariants"][0]["ManagedInstanceScaling"]
    problem = changed(imported(tmp_path, documents).problem, {"chat": 3, "rank": 1})
    export = exported(problem, {f"{G6E_POOL}/1": {"chat": 3, "rank": 1}})

    assert "may not fit (a copy of chat finds no machine with room once 2 of 3 machines go" in export.lines[0]
    assert "Of which type they are is its choice too" in notes(export)


def test_copies_of_machines_that_go_may_find_no_room_again(tmp_path: Path) -> None:
    """Of two machines, with a large copy on one and small ones on the other: on one machine alone they do not fit."""
    documents = spread_over(3)
    documents["big"] = component("big", "llm", 1, 4, 8)
    documents["small"] = component("small", "llm", 4, 1, 8)
    problem = changed(imported(tmp_path, documents).problem, {"small": 4, "big": 1})
    (line,) = exported(problem, {"llm/main/1": {"big": 1}, "llm/main/2": {"small": 4}}).lines
    assert "finds no machine with room once 1 of 3 machines goes" in line


def scaled(least: int, most: int, name: str = "chat-8b") -> Doc:
    """An answer of describe-scalable-targets: the range of a component."""
    row = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"inference-component/{name}",
        "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
        "MinCapacity": least,
        "MaxCapacity": most,
        "RoleARN": ROLE,
        "CreationTime": WHEN,
    }
    return {"ScalableTargets": [row]}


@pytest.mark.parametrize(("limits", "written"), [((1, 4), (1, 5)), ((6, 9), (5, 9)), ((0, 5), None)])
def test_copies_outside_of_their_range_widen_it(
    limits: tuple[int, int], written: tuple[int, int] | None, tmp_path: Path
) -> None:
    """Else autoscaling would bring them back: the range is registered before the copies change, and told."""
    documents = unmanaged() | {"targets": scaled(*limits)}
    documents["component-chat-8b"]["RuntimeConfig"] = {"DesiredCopyCount": 4, "CurrentCopyCount": 4}
    problem = changed(imported(tmp_path, documents).problem, {"chat-8b": 5, "rank": 2, "code-34b": 1})
    export = exported(problem, FULL)
    count = ("UpdateInferenceComponentRuntimeConfig", 5)

    if written is None:
        assert calls(export) == [count]
        assert "chat-8b autoscaling: assumed" not in notes(export)
        return
    assert calls(export) == [("RegisterScalableTarget", "inference-component/chat-8b"), count]
    register = export.steps[0].parameters
    assert (register["MinCapacity"], register["MaxCapacity"]) == written
    told = (
        f"the plan has 5 copies, its range is {limits[0]} to {limits[1]}: {written[0]} to {written[1]} are registered"
    )
    assert told in notes(export)


def test_a_component_that_ends_is_not_started_again(tmp_path: Path) -> None:
    """Its least is 0 before its copies go; as new, the range that is registered has the plan's copies too."""
    documents = unmanaged() | {"targets": scaled(1, 2, "rank")}
    problem = changed(imported(tmp_path, documents).problem, {"chat-8b": 5, "rank": 0, "code-34b": 1})
    contents = {**FULL, "llm/main/2": {"chat-8b": 3}, "llm/main/3": {}}
    export = exported(problem, contents)
    assert [operation for operation, _ in calls(export)][:2] == [
        "RegisterScalableTarget",
        "UpdateInferenceComponentRuntimeConfig",
    ]
    assert "0 to 2 are registered" in notes(export)
    assert "from 0 copies nothing adds one by itself" in notes(export)

    more = changed(imported(tmp_path / "b", documents).problem, {"chat-8b": 5, "rank": 4, "code-34b": 1})
    again = exported(more, {**FULL, "llm/main/3": {"rank": 3}}, as_new=True)
    (register,) = (step for step in again.steps if step.operation == "RegisterScalableTarget")
    assert (register.parameters["MinCapacity"], register.parameters["MaxCapacity"]) == (1, 4)
    assert "component rank autoscaling: assumed: the plan has 4 copies, its range is 1 to 2" in notes(again)


def registered(export: SageMakerExport) -> list[str | tuple[int, int]]:
    """Operations, a registration by its range."""
    return [
        (step.parameters["MinCapacity"], step.parameters["MaxCapacity"])
        if step.operation == "RegisterScalableTarget"
        else step.operation
        for step in export.steps
    ]


def copies_of(problem: Problem) -> dict[str, int]:
    """Copies that are wanted, by component."""
    return {row.name: row.copies or 0 for row in problem.components}


def written_range(export: SageMakerExport, index: int = -1) -> tuple[int, int]:
    """The range of machines of the last configuration that an export makes."""
    rows = [step.parameters for step in export.steps if step.operation == "CreateEndpointConfig"]
    (variant,) = rows[index]["ProductionVariants"]
    scaling = variant["ManagedInstanceScaling"]
    return scaling["MinInstanceCount"], scaling["MaxInstanceCount"]


@pytest.mark.parametrize(
    ("pool", "written"),
    [
        ({"max_instances": 9}, (1, 9)),
        ({"max_instances": 4}, None),  # which a quota may say too
        ({"max_instances": None}, None),
        ({"min_instances": 2}, (2, 6)),
        ({"min_instances": None}, (0, 6)),
        ({"min_instances": 2, "max_instances": 9}, (2, 9)),
    ],
)
def test_another_range_of_machines_is_written(
    pool: Mapping[str, int | None], written: tuple[int, int] | None, tmp_path: Path
) -> None:
    """Without `pin`: the platform manages the number in the range that the problem has, and a note says so."""
    copies = {"chat-8b": 5, "rank": 2, "code-34b": 1}
    export = exported(changed(imported(tmp_path, simple(machines=3)).problem, copies, **pool), FULL)

    if written is None:
        assert export.steps == ()
        return
    assert [operation for operation, _ in calls(export)] == ["CreateEndpointConfig", "UpdateEndpoint"]
    assert written_range(export) == written
    least, most = written
    assert f"1 to 6 machines now, {least} to {most} by the problem and its plan: the latter are written" in notes(
        export
    )


def test_a_plan_beyond_the_range_raises_it_before_its_copies_are_added(tmp_path: Path) -> None:
    """The problem has no most any more; the plan has more machines than the range."""
    problem = imported(tmp_path, simple(machines=6)).problem
    more = changed(problem, {"chat-8b": 25, "rank": 2, "code-34b": 1}, max_instances=None)
    contents: Contents = {f"llm/main/{n}": {"chat-8b": 4} for n in range(1, 7)}
    contents["llm/main/new-1"] = {"chat-8b": 1, "rank": 1, "code-34b": 1}
    contents["llm/main/new-2"] = {"rank": 1}
    export = exported(more, contents)

    assert [operation for operation, _ in calls(export)] == [
        "CreateEndpointConfig",
        "UpdateEndpoint",
        "UpdateInferenceComponentRuntimeConfig",
    ]
    assert written_range(export) == (1, 8)


def test_variants_that_grow_and_shrink_do_so_in_two_steps(tmp_path: Path) -> None:
    """Machines come before the copies that need them, and go after those that leave them."""
    for number, pin in enumerate((False, True)):
        documents = unmanaged(machines=2)
        documents["endpoint"]["ProductionVariants"].append({"VariantName": "second", "CurrentInstanceCount": 4})
        documents["config"]["ProductionVariants"].append({"VariantName": "second", "InstanceType": G5})
        for row in documents["config"]["ProductionVariants"] if pin else ():
            row["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 6}
        documents["component-other"] = component("other", "llm", 4, 4, 8) | {"VariantName": "second"}
        problem = imported(tmp_path / str(number), documents).problem
        more = changed(problem, {"chat-8b": 5, "rank": 4, "code-34b": 1, "other": 1})
        contents: Contents = {
            "llm/main/1": {"chat-8b": 2, "code-34b": 1},
            "llm/main/2": {"chat-8b": 3, "rank": 1},
            "llm/main/new-1": {"rank": 3},
            "llm/second/1": {"other": 1},
        }
        export = exported(more, contents, pin=pin)
        machines = ["CreateEndpointConfig", "UpdateEndpoint"] if pin else ["UpdateEndpointWeightsAndCapacities"]
        copies = ["UpdateInferenceComponentRuntimeConfig"] * 2
        assert [operation for operation, _ in calls(export)] == [*machines, *copies, *machines]
        if pin:
            rows = [
                step.parameters["ProductionVariants"]
                for step in export.steps
                if "ProductionVariants" in step.parameters
            ]
            assert [[row["InitialInstanceCount"] for row in each] for each in rows] == [[3, 4], [3, 1]]


def test_the_most_over_several_types_is_a_limit(tmp_path: Path) -> None:
    """Which an import names after the variant: raised there, it is raised in the configuration."""
    problem = imported(tmp_path, pooled()).problem
    document = problem.to_document()
    (limit,) = document["limits"]
    limit["max_instances"] = 7
    document.pop("format")
    plan = placement.solve(problem, time_limit=5).plan
    assert plan is not None
    export = export_plan(Problem(**document), plan, ExportWish())

    assert written_range(export) == (0, 7)


def test_a_range_of_machines_that_autoscaling_keeps_gives_way(tmp_path: Path) -> None:
    """A plan beyond it, or another range by the problem, is registered before machines are numbered."""
    row = scaled(1, 3)["ScalableTargets"][0] | {
        "ResourceId": "endpoint/llm/variant/main",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    problem = imported(tmp_path, unmanaged() | {"targets": {"ScalableTargets": [row]}}).problem
    assert problem.pools[0].labels["sagemaker.capacity"] == "[1,3]"
    assert exported(problem, FULL).steps == ()
    more = changed(problem, {"chat-8b": 9, "rank": 2, "code-34b": 1}, max_instances=5)
    export = exported(more, {**FULL, "llm/main/new-1": {"chat-8b": 4}})

    assert calls(export)[:2] == [
        ("RegisterScalableTarget", "endpoint/llm/variant/main"),
        ("UpdateEndpointWeightsAndCapacities", "llm"),
    ]
    register = export.steps[0].parameters
    assert (register["MinCapacity"], register["MaxCapacity"]) == (1, 5)
    assert "1 to 3 machines now, 1 to 5 by the problem and its plan: the latter are registered" in notes(export)


def test_a_new_component_with_the_label_of_one_that_runs_is_told(tmp_path: Path) -> None:
    """A row that was copied with its labels: the service would refuse copies of what is not there."""
    document = imported(tmp_path, unmanaged()).problem.to_document()
    document.pop("format")
    document["components"].append(document["components"][0] | {"name": "fresh", "copies": 1})
    told = notes(exported(Problem(**document), {**FULL, "llm/main/3": {"rank": 1, "fresh": 1}}))

    assert "component fresh: assumed: its label sagemaker.endpoint says that it is there" in told


def test_a_component_that_moves_is_made_before_its_room_is_taken(tmp_path: Path) -> None:
    """Its old machines are full: it is on another endpoint first, then goes, and what takes its place comes last."""
    other = {
        "endpoint": endpoint("other", [{"VariantName": "main", "CurrentInstanceCount": 1}]),
        "config": config("other", [{"VariantName": "main", "InstanceType": G5}]),
        "guest": component("guest", "other", 4, 1, 8),
    }
    problem = imported(tmp_path, unmanaged(machines=4), other, consolidate=True).problem
    more = changed(problem, {"chat-8b": 8, "rank": 0, "code-34b": 0, "guest": 4})
    contents: Contents = {"llm/main/1": {"chat-8b": 4}, "llm/main/2": {"guest": 4}, "other/main/1": {"chat-8b": 4}}
    export = exported(more, contents)
    found = calls(export)

    moved = found.index(("CreateInferenceComponent", "guest-llm"))
    gone = next(n for n, step in enumerate(export.steps) if step.subject == "guest")
    assert moved < gone < found.index(("CreateInferenceComponent", "chat-8b-other"))


def test_copies_of_several_variants_are_told_where_they_are(tmp_path: Path) -> None:
    """A component that is bound to no variant has copies on each line."""
    documents = unmanaged(machines=1)
    documents["endpoint"]["ProductionVariants"].append({"VariantName": "second", "CurrentInstanceCount": 1})
    documents["config"]["ProductionVariants"].append({"VariantName": "second", "InstanceType": G5})
    documents = {key: row for key, row in documents.items() if key in ("endpoint", "config")}
    free = component("free", "llm", 6, 1, 8)
    del free["VariantName"]
    problem = imported(tmp_path, documents | {"free": free}).problem
    first, second = exported(problem, {"llm/main/1": {"free": 4}, "llm/second/1": {"free": 2}}).lines

    assert ": 4 x free: " in first
    assert ": 2 x free: " in second


G6E_POOL, G5_POOL = f"mixed/main/{G6E}", f"mixed/main/{G5}"
ONE_TYPE: Contents = {f"{G6E_POOL}/1": {"chat": 4}, f"{G6E_POOL}/new-1": {"chat": 1, "rank": 1}}


def test_another_mix_of_types_is_told_where_nothing_is_called(tmp_path: Path) -> None:
    """Machines of the second type hold copies, so they stay, and their price with them."""
    problem = imported(tmp_path, pooled()).problem
    export = exported(problem, ONE_TYPE)
    said = notes(export)
    g6e, g5 = (micro_dollars(problem.instance_types[kind].price_per_hour) for kind in (G6E, G5))

    assert export.steps == ()
    assert (
        f"up to 1 x {G6E} + 2 x {G5} (the plan has 2 x {G6E}): 5 x chat, 1 x rank: fits as simulated" in export.lines[0]
    )
    planned, coming = (
        f"2 of {G6E} ({money(2 * g6e)} an hour)",
        f"1 of {G6E} and 2 of {G5} ({money(g6e + 2 * g5)} an hour)",
    )
    assert f"the plan has {planned}, up to {coming} will run" in said
    assert "a machine goes only once it holds no copy, and no copy is moved for that; new machines are of" in said
    assert "there are none: as many copies run as the plan has, on other machines than it has" in said
    more = f"cost {money(2 * g5 - g6e)} an hour more, at list prices"
    assert more in export.exported.files["advice.md"]


def test_copies_are_fitted_on_the_machines_that_will_run(tmp_path: Path) -> None:
    """Four machines of the first type would hold them; with those that run, and the first type's added, they do not."""
    problem = changed(imported(tmp_path, pooled()).problem, {"chat": 13, "rank": 1})
    contents: Contents = {f"{G6E_POOL}/{n}": {"chat": 4} for n in ("1", "new-1", "new-2")}
    contents[f"{G6E_POOL}/new-3"] = {"chat": 1, "rank": 1}
    export = exported(problem, contents)

    assert f"2 x {G6E} + 2 x {G5} (the plan has 4 x {G6E})" in export.lines[0]
    assert "may not fit (copy " in export.lines[0]
    assert "endpoint mixed variant main packing: inexact" in notes(export)
    for wish in ({"pin": True}, {"as_new": True}):  # machines are started anew, of the first type
        again = exported(problem, contents, **wish)
        assert f"variant main: 4 x {G6E}: 13 x chat, 1 x rank: fits" in again.lines[0]
        assert "will run" not in notes(again)


def test_machines_of_the_first_type_are_added_as_copies_need_them(tmp_path: Path) -> None:
    """No more than that; what is made anew has none of the second type."""
    problem = changed(imported(tmp_path, pooled()).problem, {"chat": 9, "rank": 1})
    contents: Contents = {
        f"{G6E_POOL}/1": {"chat": 4},
        f"{G6E_POOL}/new-1": {"chat": 4},
        f"{G6E_POOL}/new-2": {"chat": 1, "rank": 1},
    }
    (line,) = exported(problem, contents).lines
    assert f"2 x {G6E} + 2 x {G5} (the plan has 3 x {G6E})" in line
    assert "fits as simulated" in line

    mixed = exported(problem, {**contents, f"{G5_POOL}/1": {}}, as_new=True)
    assert f"4 x {G6E} (the plan has 3 x {G6E} + 1 x {G5})" in mixed.lines[0]


def capacity(least: int, most: int) -> Doc:
    """An answer of describe-scalable-targets: the range of a variant's machines."""
    row = scaled(least, most)["ScalableTargets"][0] | {
        "ResourceId": "endpoint/llm/variant/main",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    return {"ScalableTargets": [row]}


@pytest.mark.parametrize(("running", "called"), [(3, []), (4, ["UpdateEndpointWeightsAndCapacities"])])
def test_pin_leaves_one_scaler(running: int, called: list[str], tmp_path: Path) -> None:
    """A variant whose range Application Auto Scaling keeps gets no managed scaling beside it: that range is fixed."""
    problem = imported(tmp_path, unmanaged(running) | {"targets": capacity(2, 5)}).problem
    export = exported(problem, FULL, pin=True)
    register = export.steps[-1].parameters

    assert [operation for operation, _ in calls(export)] == [*called, "RegisterScalableTarget"]
    assert (register["MinCapacity"], register["MaxCapacity"]) == (3, 3)
    assert "2 to 5 machines now, 3 to 3 as --pin asks: the latter are registered" in notes(export)


def test_a_pinned_range_comes_after_machines_and_copies(tmp_path: Path) -> None:
    """Registered before, it would take machines away at once, in an update that refuses others."""
    problem = imported(tmp_path, unmanaged(4) | {"targets": capacity(2, 5)}).problem
    less = changed(problem, {"chat-8b": 5, "rank": 1, "code-34b": 1})
    export = exported(less, {**FULL, "llm/main/3": {}}, pin=True)

    assert [operation for operation, _ in calls(export)] == [
        "UpdateInferenceComponentRuntimeConfig",
        "UpdateEndpointWeightsAndCapacities",
        "RegisterScalableTarget",
    ]


def test_a_range_of_machines_is_widened_before_and_narrowed_after(tmp_path: Path) -> None:
    """From 1 to 3 machines to just 5, and from 3 to 5 to just 2: what runs is in the range at every moment."""
    problem = imported(tmp_path, unmanaged() | {"targets": capacity(1, 3)}).problem
    more = changed(problem, {"chat-8b": 13, "rank": 2, "code-34b": 1})
    contents = {**FULL, "llm/main/new-1": {"chat-8b": 4}, "llm/main/new-2": {"chat-8b": 4}}
    assert registered(exported(changed(more, copies_of(more), max_instances=5), contents, pin=True)) == [
        (1, 5),
        "UpdateEndpointWeightsAndCapacities",
        (5, 5),
        "UpdateInferenceComponentRuntimeConfig",
    ]

    problem = imported(tmp_path / "b", unmanaged(4) | {"targets": capacity(3, 5)}).problem
    less = changed(problem, {"chat-8b": 3, "rank": 1, "code-34b": 1}, min_instances=None)
    contents = {"llm/main/1": {"chat-8b": 2, "code-34b": 1}, "llm/main/2": {"chat-8b": 1, "rank": 1}}
    assert registered(exported(less, contents, pin=True)) == [
        "UpdateInferenceComponentRuntimeConfig",
        "UpdateInferenceComponentRuntimeConfig",
        (2, 5),
        "UpdateEndpointWeightsAndCapacities",
        (2, 2),
    ]


def test_a_range_of_machines_is_registered_for_what_is_made_again(tmp_path: Path) -> None:
    """With a note on the policies, which were not read; the template has it behind its endpoint."""
    problem = imported(tmp_path, unmanaged() | {"targets": capacity(2, 5)}).problem
    export = exported(problem, FULL, as_new=True)
    operations = [operation for operation, _ in calls(export)]

    assert operations[:3] == ["CreateEndpointConfig", "CreateEndpoint", "RegisterScalableTarget"]
    assert "2 to 5 machines are registered; policies that scale in it are yours to make" in notes(export)
    template = json.loads(export.exported.files["template.json"])
    assert template["Resources"]["Target1"]["DependsOn"] == ["Endpoint1"]
    (config,) = (step.parameters for step in export.steps if step.operation == "CreateEndpointConfig")
    assert "ManagedInstanceScaling" not in config["ProductionVariants"][0]


def moving(gib: float = 8) -> dict[str, Doc]:
    """Another endpoint with a component and its adapter."""
    adapter = component("lora", "other", 1, 0, 1)
    container = {"ArtifactUrl": "s3://bucket/lora.tar.gz", "Environment": {"TOKEN": "secret"}}
    adapter["Specification"] = {"BaseInferenceComponentName": "guest", "Container": container}
    return {
        "endpoint": endpoint("other", [{"VariantName": "main", "CurrentInstanceCount": 1}]),
        "config": config("other", [{"VariantName": "main", "InstanceType": G5}]),
        "guest": component("guest", "other", 1, 1, gib),
        "lora": adapter,
    }


def test_clients_and_adapters_of_what_moves_come_first(tmp_path: Path) -> None:
    """The adapter is made at its new base; the old copies go last, once clients are told to be elsewhere."""
    problem = imported(tmp_path, unmanaged(), moving(), consolidate=True).problem
    export = exported(problem, {**FULL, "llm/main/3": {"rank": 1, "guest": 1}})
    said, page = notes(export), export.exported.files["advice.md"]

    assert calls(export) == [
        ("CreateInferenceComponent", "guest-llm"),
        ("CreateInferenceComponent", "lora-llm"),
        ("UpdateInferenceComponentRuntimeConfig", 0),
    ]
    assert export.steps[1].parameters == {
        "InferenceComponentName": "lora-llm",
        "EndpointName": "llm",
        "Specification": {
            "BaseInferenceComponentName": "guest-llm",
            "Container": {"ArtifactUrl": "s3://bucket/lora.tar.gz"},
        },
    }
    before = "send the requests for guest, lora of endpoint other to endpoint llm, where guest-llm, lora-llm serve them"
    assert [step.before for step in export.steps] == ["", "", before]
    assert f"component guest: inexact: no call moves clients. Before its copies go, {before}; apply stops there" in said
    assert "component guest adapters: inexact: its adapters serve nothing once it has no copy: lora" in said
    assert "component lora-llm Container.Environment: inexact" in said
    assert f"First: {before}." in page
    assert (
        f"echo 'Before this: {before}. Then press Enter.' >&2\nread -r _\naws" in export.exported.files["commands.sh"]
    )
    assert json.loads(export.exported.files["steps.json"])["steps"][2]["before"] == before


def test_what_stops_before_it_is_made_elsewhere_says_so(tmp_path: Path) -> None:
    """Two full endpoints change places: clients have nowhere to go."""
    documents = moving()
    documents["guest"]["RuntimeConfig"] = {"DesiredCopyCount": 4, "CurrentCopyCount": 4}
    here = {key: row for key, row in unmanaged(1).items() if key in ("endpoint", "config", "component-chat-8b")}
    here["component-chat-8b"]["RuntimeConfig"] = {"DesiredCopyCount": 4, "CurrentCopyCount": 4}
    problem = imported(tmp_path, here, documents, consolidate=True).problem
    export = exported(problem, {"llm/main/1": {"guest": 4}, "other/main/1": {"chat-8b": 4}})

    assert "copies of guest stop before guest-llm, lora-llm can be made, for want of room" in notes(export)
    assert "Before its copies go, send" not in notes(export)
    told = {step.subject: step.before for step in export.steps if step.before}
    for moved, of, to in (("guest", "other", "llm"), ("chat-8b", "llm", "other")):
        assert f"of endpoint {of} to endpoint {to}, where {moved}-{to}" in told[moved]
    assert "one more machine on either endpoint for the time of the move would let none stop" in notes(export)


def spread_out(tmp_path: Path, least: int, most: int, *actions: Doc) -> Problem:
    """A component with six copies on its endpoint, in a range, and an endpoint beside with room."""
    documents = unmanaged() | {"targets": scaled(least, most), "actions": {"ScheduledActions": list(actions)}}
    documents["component-chat-8b"]["RuntimeConfig"] = {"DesiredCopyCount": 6, "CurrentCopyCount": 6}
    problem = imported(tmp_path, documents, moving(), consolidate=True).problem
    return changed(problem, {"chat-8b": 6, "rank": 2, "code-34b": 1, "guest": 1})


APART: Contents = {
    "llm/main/1": {"chat-8b": 2, "code-34b": 1},
    "llm/main/2": {"chat-8b": 1, "rank": 2},
    "other/main/1": {"chat-8b": 3, "guest": 1},
}
LEAVES: Contents = {
    "llm/main/1": {"code-34b": 1, "guest": 1},
    "llm/main/2": {"rank": 2},
    "other/main/1": {"chat-8b": 4},
}


def ranges_of(export: SageMakerExport) -> list[tuple[str, int, int]]:
    """Registrations and scheduled actions: of which component, with which range."""
    rows = [step.parameters for step in export.steps if "ResourceId" in step.parameters]
    limits = [row.get("ScalableTargetAction", row) for row in rows if "PolicyName" not in row]
    names = [row["ResourceId"].partition("/")[2] for row in rows if "PolicyName" not in row]
    return [(name, row["MinCapacity"], row["MaxCapacity"]) for name, row in zip(names, limits, strict=True)]


def test_parts_share_a_range_of_autoscaling(tmp_path: Path) -> None:
    """Half of the copies go to another endpoint: the range at home is narrowed once they are gone, and sums are right.

    With a scheduled action, which is shared too; all that narrows at home comes after its copies are gone.
    """
    export = exported(spread_out(tmp_path, 2, 9, NIGHT), APART)

    assert ranges_of(export) == [
        ("chat-8b-other", 1, 4),
        ("chat-8b-other", 0, 1),
        ("chat-8b", 1, 5),
        ("chat-8b", 1, 1),
    ]
    assert [operation for operation, _ in calls(export)][-4:] == [
        "UpdateInferenceComponentRuntimeConfig",
        "RegisterScalableTarget",
        "PutScheduledAction",
        "UpdateEndpointWeightsAndCapacities",
    ]
    said = notes(export)
    assert (
        "chat-8b autoscaling: assumed: its parts share the range of 2 to 9 copies: chat-8b 1 to 5, chat-8b-other"
        in said
    )


def test_a_component_that_leaves_takes_its_range_along(tmp_path: Path) -> None:
    """At home none is started again: its part is 0 to 0 once its copies are gone."""
    problem = changed(spread_out(tmp_path, 2, 9), {"chat-8b": 4, "rank": 2, "code-34b": 1, "guest": 1})
    assert ranges_of(exported(problem, LEAVES)) == [("chat-8b-other", 2, 9), ("chat-8b", 0, 9), ("chat-8b", 0, 0)]


def test_a_range_is_widened_before_its_parts_are_shared(tmp_path: Path) -> None:
    """Seven copies of a range to six: both parts hold their copies, and add up to the widened range."""
    problem = changed(spread_out(tmp_path, 2, 6), {"chat-8b": 7, "rank": 2, "code-34b": 1, "guest": 1})
    export = exported(problem, {**APART, "llm/main/2": {"chat-8b": 2, "rank": 2}})

    assert ranges_of(export) == [("chat-8b-other", 1, 3), ("chat-8b", 1, 4)]
    assert "the plan has 7 copies, its range is 2 to 6: 2 to 7 are registered" in notes(export)


def test_a_policy_does_not_scale_a_part_that_leaves(tmp_path: Path) -> None:
    """Its part of the policy has no copy at any time, so it is registered without a policy that could start one."""
    problem = changed(spread_out(tmp_path, 2, 9), {"chat-8b": 4, "rank": 2, "code-34b": 1, "guest": 1})
    defaults = {"metric": "requests_per_second", "target_value": 4, "min_capacity": 0, "max_capacity": 6}
    export = exported(problem, LEAVES, policy=ScalingPolicy(defaults=defaults))
    of_home = [step for step in export.steps if step.parameters.get("ResourceId") == "inference-component/chat-8b"]

    assert [step.operation for step in of_home][-1] == "RegisterScalableTarget"
    assert (of_home[-1].parameters["MinCapacity"], of_home[-1].parameters["MaxCapacity"]) == (0, 0)
    assert "chat-8b-from-zero" not in [step.subject for step in export.steps]


def test_room_is_told_of_the_range_that_is_registered(tmp_path: Path) -> None:
    """Eight copies, of a range to five that is widened to eight."""
    documents = unmanaged() | {"targets": scaled(1, 5)}
    problem = changed(imported(tmp_path, documents).problem, {"chat-8b": 8, "rank": 0, "code-34b": 1})
    document = problem.to_document()
    document.pop("format")
    document["components"][0]["avoid"] = ["code-34b"]
    contents: Contents = {"llm/main/1": {"code-34b": 1}, "llm/main/2": {"chat-8b": 4}, "llm/main/3": {"chat-8b": 4}}
    export = exported(Problem(**document), contents)

    told = "component chat-8b autoscaling: inexact: the 3 machines of its variant may have no room for "
    assert f"{told}8 copies" in notes(export)
    assert f"{told}5 copies" not in notes(export)


def test_adapters_are_made_again(tmp_path: Path) -> None:
    """As new, under their names, behind their base; the template has them, and they have no rolling update."""
    export = exported(imported(tmp_path, moving()).problem, {"other/main/1": {"guest": 1}}, as_new=True)

    assert [subject for _, subject in calls(export)][2:] == ["guest", "lora"]
    assert export.steps[3].parameters["Specification"]["BaseInferenceComponentName"] == "guest"
    resources = json.loads(export.exported.files["template.json"])["Resources"]
    assert resources["Component2"]["DependsOn"] == ["Endpoint1", "Component1"]
    assert not any("lora" in name for name in export.exported.files if name.startswith("later/"))


def test_an_adapter_of_several_types_is_made_again(tmp_path: Path) -> None:
    """With a specification for each type that its base has one for; with the one of its type where that is one."""
    documents = pooled()
    adapter = component("lora", "mixed", 1, 0, 1)
    del adapter["Specification"]
    adapter["Specifications"] = [
        {"InstanceType": kind, "BaseInferenceComponentName": "chat", "Container": {"ArtifactUrl": f"s3://b/{kind}"}}
        for kind in (G6E, G5)
    ]
    adapter["Specifications"][1]["Container"]["Environment"] = {"TOKEN": "secret"}
    made = imported(tmp_path, documents | {"lora": adapter})
    export = export_plan(made.problem, running_plan(made.problem).plan, ExportWish(as_new=True))
    (call,) = (step.parameters for step in export.steps if step.subject == "lora")
    kinds = [row["InstanceType"] for row in call["Specifications"]]

    assert sorted(kinds) == sorted((G6E, G5))
    assert {row["Container"]["ArtifactUrl"] for row in call["Specifications"]} == {f"s3://b/{kind}" for kind in kinds}
    assert {row["BaseInferenceComponentName"] for row in call["Specifications"]} == {"chat"}
    assert "Environment" not in json.dumps(call)
    assert "component lora Container.Environment: inexact" in notes(export)
    resources = json.loads(export.exported.files["template.json"])["Resources"]
    (own,) = (row for row in resources.values() if row["Properties"].get("InferenceComponentName") == "lora")
    assert own["DependsOn"][1].startswith("Component")

    alone = adapter_call("lora", json.loads(labels_of(made.problem, "chat")["sagemaker.adapters"])["lora"], BASE, G5)
    assert alone["Specification"] == {
        "Container": {"ArtifactUrl": f"s3://b/{G5}"},
        "BaseInferenceComponentName": "chat",
    }
    adapter["Specifications"][1]["BaseInferenceComponentName"] = "rank"
    with pytest.raises(
        DocumentError, match=r"Specifications\[1\]\.BaseInferenceComponentName: must be chat, as of the"
    ):
        imported(tmp_path / "b", documents | {"lora": adapter})


BASE: dict[str, Any] = {"InferenceComponentName": "chat", "EndpointName": "mixed", "Specification": {}}


def labels_of(problem: Problem, name: str) -> Mapping[str, str]:
    """Those of a component."""
    return next(row.labels for row in problem.components if row.name == name)


def test_a_name_of_an_adapter_is_taken(tmp_path: Path) -> None:
    """A new component gets another."""
    document = imported(tmp_path, moving()).problem.to_document()
    document.pop("format")
    new = {key: row for key, row in document["components"][0].items() if key != "labels"}
    document["components"].append(new | {"name": "lora"})
    export = exported(Problem(**document), {"other/main/1": {"guest": 1, "lora": 1}})

    assert "lora" not in [step.subject for step in export.steps]


NIGHT = {
    "ScheduledActionName": "night",
    "ServiceNamespace": "sagemaker",
    "ResourceId": "inference-component/chat-8b",
    "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount",
    "Schedule": "cron(0 20 * * ? *)",
    "Timezone": "Europe/Paris",
    "ScalableTargetAction": {"MinCapacity": 1, "MaxCapacity": 2},
    "CreationTime": WHEN,
}


def test_scheduled_actions_are_told_and_made_again(tmp_path: Path) -> None:
    """One that will change the copies of the plan; as new each is put with the name of its component."""
    documents = unmanaged() | {"targets": scaled(1, 6), "actions": {"ScheduledActions": [NIGHT]}}
    foreign = {"ScalingPolicies": [{"PolicyName": "of machines", "AutoScalingGroupName": "g"}]}
    policy = {"ScalingPolicies": [tracking("inference-component/chat-8b")]}
    made = imported(tmp_path, documents | {"policies": policy, "foreign": foreign})
    said = "\n".join(map(str, made.notes))
    export = exported(made.problem, FULL)
    again = exported(made.problem, FULL, as_new=True)
    (put,) = (step.parameters for step in again.steps if step.operation == "PutScheduledAction")

    assert "scheduled action night: ignored: cron(0 20 * * ? *) sets MinCapacity 1, MaxCapacity 2 of inference-" in said
    assert "scaling policy busy: ignored: TargetTrackingScaling of inference-component/chat-8b" in said
    assert "0-foreign.json: ignored: it has policies of none of SageMaker's resources" in said
    assert export.steps == ()
    told = "component chat-8b scheduled action night: inexact: cron(0 20 * * ? *) sets 1 to 2 copies, the plan has 5"
    assert told in notes(export)
    assert told in notes(again)
    more = NIGHT | {"ScalableTargetAction": {"MinCapacity": 6}}
    made_more = imported(tmp_path / "c", documents | {"actions": {"ScheduledActions": [more]}})
    assert "sets at least 6 copies, the plan has 5: it will change them" in notes(exported(made_more.problem, FULL))
    assert put == {key: value for key, value in NIGHT.items() if key != "CreationTime"}

    roomy = NIGHT | {"ScalableTargetAction": {"MinCapacity": 1}}
    made = imported(tmp_path / "b", documents | {"actions": {"ScheduledActions": [roomy]}})
    assert "scheduled action" not in notes(exported(made.problem, FULL))


def test_scheduled_actions_of_machines_are_told_and_made_again(tmp_path: Path) -> None:
    """Of a variant whose number of machines Application Auto Scaling keeps."""
    of_main = capacity(2, 5)["ScalableTargets"][0]
    night = NIGHT | {key: of_main[key] for key in ("ResourceId", "ScalableDimension")}
    night |= {"ScalableTargetAction": {"MaxCapacity": 2}}
    documents = unmanaged() | {"targets": capacity(2, 5), "actions": {"ScheduledActions": [night]}}
    problem = imported(tmp_path, documents).problem
    told = "endpoint llm variant main scheduled action night: inexact: cron(0 20 * * ? *) sets at most 2 machines, the"
    again = exported(problem, FULL, as_new=True)
    (put,) = (step.parameters for step in again.steps if step.operation == "PutScheduledAction")

    assert f"{told} plan has 3: it will change them" in notes(exported(problem, FULL))
    assert told in notes(again)
    assert put == {key: value for key, value in night.items() if key != "CreationTime"}
    target = json.loads(again.exported.files["template.json"])["Resources"]["Target1"]["Properties"]
    assert [row["ScalableTargetAction"] for row in target["ScheduledActions"]] == [{"MaxCapacity": 2}]
    operations = [step.operation for step in again.steps]
    assert operations.index("PutScheduledAction") == operations.index("RegisterScalableTarget") + 1
    managed = simple() | {"targets": capacity(2, 5), "actions": {"ScheduledActions": [night]}}
    said = notes(exported(imported(tmp_path / "b", managed).problem, FULL, as_new=True))
    assert "variant main autoscaling scheduled actions: inexact: they are left out: the variant is made with Ma" in said


def test_what_is_not_in_service_is_told_where_a_call_changes_it(tmp_path: Path) -> None:
    """An endpoint and a component; nothing is said of what no call changes, nor of what is made again."""
    documents = unmanaged(machines=4)
    documents["endpoint"]["EndpointStatus"] = "Updating"
    documents["component-rank"]["InferenceComponentStatus"] = "Updating"
    problem = imported(tmp_path, documents).problem
    fewer = notes(exported(problem, FULL))
    assert (
        "endpoint llm status: inexact: it was Updating when it was read: calls that change it may be refused" in fewer
    )
    assert "component rank status" not in fewer
    more = changed(problem, {"chat-8b": 5, "rank": 3, "code-34b": 1})
    contents = {**FULL, "llm/main/3": {"rank": 2}, "llm/main/4": {}}
    said = notes(exported(more, contents))
    assert "component rank status: inexact: it was Updating" in said
    assert "endpoint llm status: inexact: it was Updating" in said
    still = changed(problem, {"chat-8b": 5, "rank": 2, "code-34b": 1})
    assert "status" not in notes(exported(still, {**FULL, "llm/main/4": {}}))
    assert "status" not in notes(exported(more, contents, as_new=True))


def test_copies_that_failed_are_asked_for_again(tmp_path: Path) -> None:
    """Nothing is on its way where a component is Failed; where the word was put in by hand, Deleting is told."""
    documents = unmanaged()
    documents["component-rank"]["RuntimeConfig"] = {"DesiredCopyCount": 2, "CurrentCopyCount": 0}
    documents["component-rank"]["InferenceComponentStatus"] = "Failed"
    problem = imported(tmp_path, documents).problem
    document = problem.to_document()
    next(row for row in document["components"] if row["name"] == "chat-8b")["labels"][labels.STATUS] = "Deleting"
    export = exported(Problem(**document), FULL)

    assert calls(export) == [("UpdateInferenceComponentRuntimeConfig", 2)]
    assert "component chat-8b status: inexact: it was Deleting when it was read: what the plan has of it" in notes(
        export
    )


def test_a_component_that_is_being_deleted(tmp_path: Path) -> None:
    """None of its copies is wanted; those that run have their room until they are gone, and no call is about them."""
    documents = unmanaged()
    documents["component-chat-8b"]["InferenceComponentStatus"] = "Deleting"
    target = {"ServiceNamespace": "sagemaker", "ResourceId": "inference-component/chat-8b", "MinCapacity": 2}
    target |= {"ScalableDimension": "sagemaker:inference-component:DesiredCopyCount", "MaxCapacity": 9}
    made = imported(tmp_path, {**documents, "targets": {"ScalableTargets": [target]}})
    problem = made.problem
    (chat,) = (row for row in problem.components if row.name == "chat-8b")

    assert (chat.copies, sum(row.component == "chat-8b" for row in problem.placements)) == (0, 5)
    assert "chat-8b InferenceComponentStatus: assumed: it is Deleting: no copy of it is placed" in " ".join(
        map(str, made.notes)
    )
    for wish in ({}, {"as_new": True}):
        export = exported(problem, {"llm/main/1": {"code-34b": 1}, "llm/main/2": {"rank": 2}}, role=ROLE, **wish)
        assert not [step for step in export.steps if "chat-8b" in str(step.parameters)]
    fewer = exported(problem, {"llm/main/1": {"code-34b": 1}, "llm/main/2": {"rank": 2}})
    assert [step.operation for step in fewer.steps] == ["UpdateEndpointWeightsAndCapacities"]
    assert "chat-8b status: inexact: it was Deleting when it was read: no call is about it" in notes(fewer)


@pytest.mark.parametrize(("wanted", "called"), [(3, []), (2, [2]), (4, [4])])
def test_copies_that_are_asked_for_are_not_asked_for_again(wanted: int, called: list[int], tmp_path: Path) -> None:
    """Two of three run: the third is on its way, or it is not wanted any more."""
    documents = unmanaged()
    documents["component-rank"]["RuntimeConfig"] = {"DesiredCopyCount": 3, "CurrentCopyCount": 2}
    problem = changed(imported(tmp_path, documents).problem, {"chat-8b": 5, "rank": wanted, "code-34b": 1})
    export = exported(problem, {**FULL, "llm/main/3": {"rank": wanted - 1}})

    assert [count for _, count in calls(export)] == called
    assert ("2 copies run, and the plan's 3 are asked for already: no call" in notes(export)) == (not called)
