"""Components that run and that the problem has with another specification: updated in steps, where there is room."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from placement.documents import Plan, Problem
from placement.errors import UsageError
from placement.integrations.sagemaker import apply, labels
from placement.integrations.sagemaker.export import SageMakerExport, export_plan
from placement.integrations.sagemaker.in_place import Respecified, VariantChange, fit_in_place
from placement.integrations.sagemaker.packing import Amounts
from placement.integrations.sagemaker.rolling import batch_of
from placement.integrations.sagemaker.wish import ExportWish
from placement.running_state import running_plan
from tests.corpus import seeds
from tests.integrations.sagemaker.platform import REGION, Platform, serving
from tests.integrations.sagemaker.samples import G5, G6E, P4D, component, config, endpoint, pooled
from tests.integrations.sagemaker.test_changes import FULL, changed, exported, notes, unmanaged
from tests.integrations.sagemaker.test_import import imported
from tests.integrations.sagemaker.test_packing import demand, machines
from tests.integrations.sagemaker.test_round_trip import QUICK, deployed, done
from tests.integrations.sagemaker.test_round_trip import imported as read_again

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations.sagemaker.steps import Step
    from tests.integrations.sagemaker.samples import Doc

UPDATE = "UpdateInferenceComponent"


def edited(problem: Problem, name: str, label: tuple[str, Any] | None = None, **fields: Any) -> Problem:
    """The problem with other fields of a component's first option or of itself, or with another label as JSON."""
    document = problem.to_document()
    del document["format"]
    (row,) = (row for row in document["components"] if row["name"] == name)
    for key, value in fields.items():
        (row["options"][0] if key in row["options"][0] else row)[key] = value
    if label is not None:
        row["labels"][label[0]] = json.dumps(label[1])
    return Problem(**document)


def as_it_runs(problem: Problem, **wish: Any) -> SageMakerExport:
    """The export of a plan in which all stays where it is."""
    return export_plan(problem, running_plan(problem).plan, ExportWish(**wish))


def updates(export: SageMakerExport) -> list[Step]:
    """The calls that give components another specification."""
    return [step for step in export.steps if step.operation == UPDATE]


def test_other_needs_are_sent_in_steps(tmp_path: Path) -> None:
    """The call has all of the specification, the copies of the plan, and a policy that the service takes."""
    export = exported(edited(imported(tmp_path, unmanaged(4)).problem, "chat-8b", memory_gib=32), FULL_OF_FOUR)
    (step,) = export.steps

    assert step.operation == UPDATE
    assert step.purpose == "update chat-8b: MinMemoryRequiredInMb 16384 to 32768"
    assert step.wait == "component"
    assert step.parameters["Specification"] == {
        "ModelName": "chat-8b-model",
        "ComputeResourceRequirements": {
            "MinMemoryRequiredInMb": 32768,
            "NumberOfCpuCoresRequired": 4,
            "NumberOfAcceleratorDevicesRequired": 1,
        },
    }
    assert step.parameters["RuntimeConfig"] == {"CopyCount": 5}
    rolling = step.parameters["DeploymentConfig"]["RollingUpdatePolicy"]
    assert rolling["MaximumBatchSize"] == {"Type": "COPY_COUNT", "Value": 1}
    assert export.lines[0].endswith("fits in any order")


FULL_OF_FOUR = {**FULL, "llm/main/4": {}}


def test_what_differs_is_named(tmp_path: Path) -> None:
    """A model, a policy that a rule needs, one that was read and is gone; nothing where nothing differs."""
    problem = imported(tmp_path, unmanaged(4)).problem
    assert updates(exported(problem, FULL_OF_FOUR)) == []
    model = edited(problem, "chat-8b", (labels.SETTINGS, [{"ModelName": "chat-9b"}]))
    spread = edited(problem, "rank", spread={"max_per_instance": 1})
    read = edited(
        spread, "rank", (labels.SETTINGS, [{"ModelName": "rank-model", "DataCacheConfig": {"EnableCaching": True}}])
    )
    told = [updates(exported(each, FULL_OF_FOUR))[0].purpose for each in (model, spread, read)]

    assert told == [
        "update chat-8b: ModelName chat-8b-model to chat-9b",
        "update rank: SchedulingConfig is new",
        "update rank: DataCacheConfig is new, SchedulingConfig is new",
    ]
    (step,) = updates(exported(spread, FULL_OF_FOUR))
    assert step.parameters["Specification"]["SchedulingConfig"] == {"PlacementStrategy": "SPREAD"}


def test_what_an_old_client_does_not_know_is_no_change(tmp_path: Path) -> None:
    """A policy of placement is not sent to it, nor one of updates; the latter is told."""
    problem = edited(imported(tmp_path, unmanaged(4)).problem, "rank", spread={"max_per_instance": 1})
    assert updates(exported(problem, FULL_OF_FOUR, target=(1, 42, 0))) == []
    export = exported(edited(problem, "rank", memory_gib=9), FULL_OF_FOUR, target=(1, 37, 0))
    (step,) = updates(export)
    assert "SchedulingConfig" not in step.parameters["Specification"]
    assert "DeploymentConfig" not in step.parameters
    assert "component rank rolling update: inexact: it is left out: the target's botocore" in notes(export)


def test_an_update_that_frees_room_comes_first(tmp_path: Path) -> None:
    """One that takes less: by the copies that run. One that takes more: once others are gone, by those of the plan."""
    problem = changed(imported(tmp_path, unmanaged(4)).problem, {"chat-8b": 6, "rank": 1, "code-34b": 1})
    contents = {**FULL, "llm/main/3": {}, "llm/main/4": {"chat-8b": 1}}
    told = [
        [(step.operation.removeprefix("UpdateInference"), step.subject) for step in export.steps]
        for export in (exported(edited(problem, "chat-8b", memory_gib=gib), contents) for gib in (8, 20))
    ]
    count = "ComponentRuntimeConfig"
    assert told[0] == [("Component", "chat-8b"), (count, "chat-8b"), (count, "rank")]
    assert told[1] == [(count, "chat-8b"), (count, "rank"), ("Component", "chat-8b")]
    first = updates(exported(edited(problem, "chat-8b", memory_gib=8), contents))[0]
    assert first.parameters["RuntimeConfig"] == {"CopyCount": 5}
    last = updates(exported(edited(problem, "chat-8b", memory_gib=20), contents))[0]
    assert last.parameters["RuntimeConfig"] == {"CopyCount": 6}


def two_options(problem: Problem, name: str) -> Problem:
    """A component may take one accelerator more, with a model of its own."""
    document = problem.to_document()
    del document["format"]
    (row,) = (row for row in document["components"] if row["name"] == name)
    first = row["options"][0]
    row["options"].append(first | {"accelerators": first["accelerators"] + 1})
    models = json.loads(row["labels"][labels.SETTINGS])
    row["labels"][labels.SETTINGS] = json.dumps([*models, {"ModelName": f"{name}-tp"}])
    return Problem(**document)


@pytest.mark.parametrize("as_new", [False, True])
def test_a_component_has_one_option_for_a_type(tmp_path: Path, *, as_new: bool) -> None:
    """Another option than runs is an update. Two of them at once can't be: it was one of them, without a word."""
    problem = two_options(imported(tmp_path, unmanaged(4)).problem, "rank")

    def plan(*options: int) -> Plan:
        running = running_plan(problem).plan.to_document()
        rows = [row for row in running["assignments"] if row["component"] != "rank"]
        for option, machine in zip(options, ("llm/main/3", "llm/main/4"), strict=True):
            own = list(range(option + 1))
            rows.append({"component": "rank", "option": option, "instance": machine, "accelerators": own})
        return Plan(instances=running["instances"], assignments=rows)

    with pytest.raises(UsageError, match=f"copies by options 0 and 1 on machines of {G5}, and an inference component"):
        export_plan(problem, plan(0, 1), ExportWish(as_new=as_new))
    export = export_plan(problem, plan(1, 1), ExportWish(as_new=as_new))
    if not as_new:
        assert [step.purpose for step in export.steps] == [
            "update rank: NumberOfAcceleratorDevicesRequired 1 to 2, ModelName rank-model to rank-tp"
        ]


def test_each_type_has_its_own_specification(tmp_path: Path) -> None:
    """Of a variant with several types all specifications are sent, the changed one among them; stops for secrets."""
    problem = edited(imported(tmp_path, pooled()).problem, "rank", memory_gib=30)
    export = as_it_runs(problem)
    (step,) = updates(export)
    memory = {
        row["InstanceType"]: row["ComputeResourceRequirements"]["MinMemoryRequiredInMb"]
        for row in step.parameters["Specifications"]
    }
    assert memory == {G6E: 30 * 1024, G5: 20_001}
    assert step.before == "add the environment of rank, which was not read, to the file of its update"
    assert "component rank Container.Environment: inexact" in notes(export)
    assert "component rank rolling update: inexact: no step of one is allowed for a single copy" in notes(export)
    assert "DeploymentConfig" not in step.parameters


def test_a_copy_on_a_partition_stays_on_one(tmp_path: Path) -> None:
    """The profile is sent again."""
    layout = {"AcceleratorPartitionLayouts": [{"AcceleratorPartitionTypes": ["mig-3g.20gb", "mig-3g.20gb"]}]}
    variant = {"VariantName": "main", "InstanceType": P4D, **layout}
    small = component("small", "mig", 3, 1, 8)
    small["Specification"]["ComputeResourceRequirements"]["AcceleratorPartitionType"] = "mig-3g.20gb"
    documents = {
        "endpoint": endpoint("mig", [{"VariantName": "main", "CurrentInstanceCount": 1, **layout}]),
        "config": config("mig", [variant]),
        "small": small,
    }
    problem = imported(tmp_path, documents).problem
    assert as_it_runs(problem).steps == ()
    (step,) = updates(as_it_runs(edited(problem, "small", memory_gib=9)))
    needs = step.parameters["Specification"]["ComputeResourceRequirements"]
    assert needs["AcceleratorPartitionType"] == "mig-3g.20gb"
    assert needs["NumberOfAcceleratorDevicesRequired"] == 1


def test_a_type_that_a_component_may_not_be_on_is_gone(tmp_path: Path) -> None:
    """SageMaker would put copies on any type that has a specification, also where accelerators are too small."""
    documents = pooled()
    documents["rank"]["RuntimeConfig"]["DesiredCopyCount"] = 1
    problem = imported(tmp_path, documents).problem
    document = problem.to_document()
    del document["format"]
    (row,) = (row for row in document["components"] if row["name"] == "rank")
    for option in row["options"]:
        option["accelerator_memory_gib"] = 30
    (step,) = updates(as_it_runs(Problem(**document)))
    assert step.purpose == f"update rank: {G5} is gone"
    assert [each["InstanceType"] for each in step.parameters["Specifications"]] == [G6E]

    single = pooled()
    for name in ("chat", "rank"):
        single[name]["Specification"] = single[name].pop("Specifications")[0]
        del single[name]["Specification"]["InstanceType"]
    document = imported(tmp_path / "single", single).problem.to_document()
    del document["format"]
    (row,) = (row for row in document["components"] if row["name"] == "rank")
    row["options"][0]["accelerator_memory_gib"] = 30
    (step,) = updates(as_it_runs(Problem(**document)))
    assert step.purpose == f"update rank: {G5} is gone"
    assert [each["InstanceType"] for each in step.parameters["Specifications"]] == [G6E]


def test_the_most_memory_of_a_container_is_kept(tmp_path: Path) -> None:
    """An update has all of a specification: what it left out would be gone. It is no less than what is reserved."""
    documents = unmanaged(4)
    documents["component-rank"]["Specification"]["ComputeResourceRequirements"]["MaxMemoryRequiredInMb"] = 12_000
    problem = imported(tmp_path, documents).problem
    assert exported(problem, FULL_OF_FOUR).steps == ()
    for gib, most in ((9, 12_000), (20, 20 * 1024)):
        (step,) = updates(exported(edited(problem, "rank", memory_gib=gib), FULL_OF_FOUR))
        assert step.parameters["Specification"]["ComputeResourceRequirements"]["MaxMemoryRequiredInMb"] == most


def test_what_an_update_can_not_tell_is_told(tmp_path: Path) -> None:
    """Adapters of its copies, and that nothing was read of what runs."""
    documents = unmanaged(4)
    lora: Doc = documents["component-rank"] | {"InferenceComponentName": "lora"}
    lora["Specification"] = {"BaseInferenceComponentName": "rank", "Container": {"ArtifactUrl": "s3://bucket/lora/"}}
    documents["lora"] = lora
    export = exported(edited(imported(tmp_path, documents).problem, "rank", memory_gib=9), FULL_OF_FOUR)
    assert "component rank adapters: inexact: whether they serve while their base is updated" in notes(export)

    document = imported(tmp_path, unmanaged(4)).problem.to_document()
    del document["format"], document["components"][0]["labels"][labels.SPECIFICATION]
    export = exported(Problem(**document), FULL_OF_FOUR)
    assert "component chat-8b: assumed: what it runs with was not read (label sagemaker.specification)" in notes(export)


def test_an_update_without_room_is_told(tmp_path: Path) -> None:
    """A step places a copy before one goes: on full machines it can't, though all fit before and after."""
    documents = unmanaged()
    documents["component-rank"]["RuntimeConfig"] = {"DesiredCopyCount": 5, "CurrentCopyCount": 5}
    contents = {**FULL, "llm/main/3": {"rank": 4}}
    problem = imported(tmp_path, documents).problem
    assert "may not fit" not in exported(problem, contents).lines[0]
    (line,) = exported(edited(problem, "rank", memory_gib=9), contents).lines
    assert "may not fit (a step of the update of rank finds no room for 1 more beside those that run" in line


def random_change(rng: random.Random) -> VariantChange:
    """A few machines with copies of a few components, some of which get other needs."""
    room = Amounts(4, 10_000, rng.randint(4, 12))
    present = [
        demand(f"c{index}", rng.randint(1, 3), rng.choice((0, 1, 1, 2)), rng.randint(1, 4))
        for index in range(rng.randint(1, 2))
    ]
    new = [replace(old, needs={"kind": Amounts(rng.choice((0, 1, 2)), 0, rng.randint(1, 4))}) for old in present]
    wanted = [*new[: rng.randint(1, 2)], *present[2:]]
    wanted += present[len(wanted) :]
    pairs = zip(present, wanted, strict=True)
    respecified = [Respecified(old, now, first=False) for old, now in pairs if old is not now]
    own = machines(rng.randint(1, 3), room)
    return VariantChange(own, own, None, 0, present, wanted, [{} for _ in own], frozenset(), respecified)


class Fleets:
    """All that may become of machines while components are updated, whatever machine takes or gives back a copy."""

    def __init__(self, change: VariantChange) -> None:
        """A state has what each machine has free, and how many copies of each component it has by its old needs."""
        self.change = change
        self.old = [each.needs["kind"] for each in change.present]
        self.safe_from = cache(self._safe_from)

    def always_fits(self) -> bool:
        """Whether no choice leaves a copy without room."""
        none = (0,) * len(self.old)
        states = {tuple((room, none) for _, room in self.change.now)}
        for index, each in enumerate(self.change.present):
            for _ in range(each.copies):
                following = [self._put(state, self.old[index], index) for state in states]
                if not all(following):
                    return False
                states = {state for some in following for state in some}
        return all(self.safe_from(state, 0) for state in states)

    def _safe_from(self, state: Any, number: int) -> bool:
        """From a state before an update."""
        if number == len(self.change.respecified):
            return True
        each = self.change.respecified[number]
        index = [one.component for one in self.change.present].index(each.old.component)
        left = sum(held[index] for _, held in state)
        states, batch = {state}, batch_of(left)
        while left:
            step = min(batch, left)
            for _ in range(step):
                following = [self._put(one, each.new.needs["kind"], None) for one in states]
                if not all(following):
                    return False
                states = {one for some in following for one in some}
            for _ in range(step):
                states = {one for state in states for one in self._given_back(state, index)}
            left -= step
        return all(self.safe_from(one, number + 1) for one in states)

    def _put(self, state: Any, need: Amounts, index: int | None) -> list[Any]:
        able = [at for at, (room, _) in enumerate(state) if need.fit_in(room)]
        return [self._with(state, at, state[at][0].less(need), index, 1) for at in able]

    def _given_back(self, state: Any, index: int) -> list[Any]:
        held = [at for at, (_, old) in enumerate(state) if old[index]]
        rooms = {at: Amounts(*map(sum, zip(state[at][0], self.old[index], strict=True))) for at in held}
        return [self._with(state, at, rooms[at], index, -1) for at in held]

    def _with(self, state: Any, at: int, room: Amounts, index: int | None, more: int) -> Any:
        held = tuple(count + more * (which == index) for which, count in enumerate(state[at][1]))
        return tuple(sorted((room, held) if which == at else own for which, own in enumerate(state)))


@seeds(range(1500), 200)
def test_a_proof_of_an_update_holds_whatever_the_platform_does(seeds: range) -> None:
    """Whatever machine takes a copy or gives one back: no step of a proved update is left without room."""
    proved = true = 0
    for seed in seeds:
        change = random_change(random.Random(seed))
        safe = Fleets(change).always_fits()
        claimed = fit_in_place(change).fit.strength == "any order"
        assert not claimed or safe, seed
        proved, true = proved + claimed, true + safe
    assert true > len(seeds) / 8
    assert proved > true / 3


def test_no_room_is_left_once_others_have_come() -> None:
    """Copies go for others, which is proved; then machines are full, and no step of an update has room."""
    one, gone, come = demand("one", 4, 1), demand("gone", 4, 1), demand("come", 4, 1)
    more = replace(one, needs={"kind": Amounts(1, 0, 2)})
    room = machines(2, Amounts(4, 10_000, 100))
    present, wanted = [one, gone], [come, more, replace(gone, copies=0)]
    change = VariantChange(room, room, None, 0, present, wanted, [{}, {}], frozenset())
    found = fit_in_place(change)
    assert (found.fit.strength, found.needs_room) == ("any order", True)
    found = fit_in_place(replace(change, respecified=[Respecified(one, more, first=False)]))
    assert found.fit.strength == "no"
    assert "a step of the update of one finds no room" in found.fit.reason


def test_machines_of_a_later_configuration_prove_nothing_for_now() -> None:
    """Copies go for others, and more machines begin once they have come: until then there is no room for all."""
    gone, come = demand("gone", 8, 1), demand("come", 12, 1)
    room = Amounts(4, 10_000, 100)
    present, wanted = [gone], [come, replace(gone, copies=0)]
    change = VariantChange(machines(2, room), machines(3, room), None, 0, present, wanted, [{}, {}], frozenset())
    found = fit_in_place(replace(change, renewed_last=True))
    assert (found.fit.strength, found.needs_room) == ("no", True)
    assert "copy 9 of 12 of come finds no machine with room" in found.fit.reason
    assert fit_in_place(change).fit.strength == "any order"


def test_each_configuration_begins_with_its_own_machines() -> None:
    """What runs is placed anew on those of the first; the last one has fewer, and a range of its own."""
    one = replace(demand("one", 5, 1), most_per_machine=4)  # so that nothing is proved
    room = Amounts(4, 10_000, 100)
    two, single = machines(2, room), machines(1, room)
    change = VariantChange(two, single, single[0], 0, [one], [one], [{}, {}], frozenset(), renewed_last=True)
    for before in (None, two):
        found = fit_in_place(replace(change, before=before, spare_last=1))
        assert (found.fit.strength, found.used) == ("simulated", 1)
        found = fit_in_place(replace(change, before=before, spare=1))
        assert "a copy of one finds no machine with room on new machines" in found.fit.reason
    assert fit_in_place(replace(change, before=single, spare_last=1)).fit.strength == "no"
    assert fit_in_place(replace(change, before=single, spare=1, spare_last=1)).used == 1


def test_an_update_is_sent_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By apply and the real boto3; what is imported then is what was asked for, and asks for nothing more."""
    platform = Platform()
    monkeypatch.setattr(apply, "POLL_SECONDS", 0.001)
    with serving(platform, monkeypatch) as url:
        deployed(tmp_path, url)
        names = tuple(platform.endpoints)
        document = read_again(tmp_path, url, "state", *names).to_document()
        (row,) = (row for row in document["components"] if row["name"] == "chat-8b")
        row["options"][0]["memory_gib"] = 24
        (tmp_path / "more.json").write_text(json.dumps(document))
        send = planned(tmp_path, "more", url)
        dry = done("apply", "sagemaker", tmp_path / "more-calls")
        assert "update-inference-component chat-8b: update chat-8b: MinMemoryRequiredInMb 16384 to 24576" in dry.stdout
        assert "see that chat-8b runs with what was sent" in (tmp_path / "more-calls/commands.sh").read_text()
        done(*send)
        assert [name for name, _ in platform.calls].count(UPDATE) == 1
        again = read_again(tmp_path, url, "again", *names)
        (row,) = (row for row in again.components if row.name == "chat-8b")
        assert (row.modes[0].memory_gib, row.copies) == (24, 5)
        (tmp_path / "again.json").write_text(json.dumps(again.to_document()))
        planned(tmp_path, "again", url)
        assert "0 calls" in done("apply", "sagemaker", tmp_path / "again-calls").stdout


def planned(tmp_path: Path, name: str, url: str) -> tuple[object, ...]:
    """A problem planned and exported; the command that sends its calls."""
    plan = (tmp_path / f"{name}.json", tmp_path / f"{name}-plan.json")
    done("solve", plan[0], "-o", plan[1], *QUICK)
    done("export", "sagemaker", *plan, "--out", tmp_path / f"{name}-calls")
    return ("apply", "sagemaker", tmp_path / f"{name}-calls", "--send", "--endpoint-url", url, "--region", REGION)


class GoingBack(Platform):
    """No update of a component has room."""

    def UpdateInferenceComponent(self, **call: Any) -> Doc:
        """Take the call, and keep what runs."""
        kept = {**self.components[call["InferenceComponentName"]]}
        found = super().UpdateInferenceComponent(**call)
        specified: Doc = {key: kept[key] for key in ("Specification", "Specifications") if key in kept}
        self.components[call["InferenceComponentName"]] |= specified
        return found


def test_an_update_that_goes_back_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The component is in service again, with what it had: no success."""
    platform = GoingBack()
    monkeypatch.setattr(apply, "POLL_SECONDS", 0.001)
    with serving(platform, monkeypatch) as url:
        deployed(tmp_path, url)
        document = read_again(tmp_path, url, "state", *platform.endpoints).to_document()
        (row,) = (row for row in document["components"] if row["name"] == "chat-8b")
        row["options"][0]["memory_gib"] = 24
        (tmp_path / "more.json").write_text(json.dumps(document))
        told = done(*planned(tmp_path, "more", url), code=2).stderr
    assert "it went back to the specification that it had" in told
    assert "call 1 was accepted: mend what failed, then go on with --from 1" in told
