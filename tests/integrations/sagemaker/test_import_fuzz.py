"""Damaged and foreign answers: a clear error, or a problem; never a traceback, never a rule lost without a word."""

from __future__ import annotations

import copy
import json
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.errors import DocumentError, UsageError
from placement.integrations.sagemaker.export import export_plan
from placement.integrations.sagemaker.wish import ExportWish
from placement.running_state import running_plan
from tests.corpus import one_by_one
from tests.integrations.sagemaker.samples import (
    G5,
    G6E,
    ROLE,
    action,
    component,
    pooled,
    simple,
    stepping,
    tracking,
    write,
)
from tests.integrations.sagemaker.test_import import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from placement.documents import Problem
    from placement.integrations import Imported

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e300, 10**30, "", "x", "\ud800", "a\nb\x1b[2J", [], {}, [[]], [{}], {"a": 1}),
    *([None], float("1e-9"), "ml.g5.12xlarge", "DISABLED", {"Strategy": 1}, "../../etc", "$(reboot)", "0" * 5000),
)
Place = tuple[Any, Any]


def places(document: Any) -> Iterator[Place]:
    """Every mapping or list with a key of it."""
    if isinstance(document, dict | list):
        for key in document if isinstance(document, dict) else range(len(document)):
            yield document, key
            yield from places(document[key])


def attempt(folder: Path, documents: dict[str, Any]) -> Imported | None:
    """The import of damaged answers; None when it was refused in words that name a source or an object."""
    try:
        return imported(folder, documents)
    except (DocumentError, UsageError) as error:
        text = str(error)
        assert text
        assert text.isprintable() or "\n" in text
        return None


def scaled() -> dict[str, Any]:
    """An endpoint of two types with an adapter for both, and all that scales it and a component of it."""
    documents: dict[str, Any] = pooled()
    adapter = component("lora", "mixed", 1, 0, 1)
    del adapter["Specification"], adapter["RuntimeConfig"]
    made_of = {"BaseInferenceComponentName": "chat", "Container": {"ArtifactUrl": "s3://bucket/lora/"}}
    adapter["Specifications"] = [{"InstanceType": kind, **made_of} for kind in (G5, G6E)]
    machines, copies = "endpoint/mixed/variant/main", "inference-component/chat"
    limits = {"MinCapacity": 1, "MaxCapacity": 9}
    of = [{key: row[key] for key in ("ResourceId", "ScalableDimension")} for row in map(tracking, (machines, copies))]
    del documents["config"]["ProductionVariants"][0]["ManagedInstanceScaling"]
    return documents | {
        "lora": adapter,
        "targets": {"ScalableTargets": [row | limits for row in of]},
        "actions": {"ScheduledActions": [action(machines, MinCapacity=2), action(copies, "day", MaxCapacity=7)]},
        "policies": {"ScalingPolicies": [tracking(machines), tracking(copies), stepping(copies)]},
    }


SAMPLES = (pooled, simple, scaled, scaled)


@one_by_one(range(800), 20)
def test_damage_is_told_or_survived(seed: int, tmp_path: Path) -> None:
    """Up to three fields of an answer are lost, doubled or replaced by something else; an export says as much."""
    told_or_survived(seed, tmp_path)


@pytest.mark.parametrize("seed", [781], ids=["half a surrogate pair among settings"])
def test_damage_that_was_found(seed: int, tmp_path: Path) -> None:
    """Seeds that once ended in a traceback."""
    told_or_survived(seed, tmp_path)


def told_or_survived(seed: int, tmp_path: Path) -> None:
    """One damaged answer of the cloud: an error that says what is wrong, or a problem that can be exported."""
    rng = random.Random(seed)
    documents = copy.deepcopy(SAMPLES[seed % len(SAMPLES)]())
    for _ in range(rng.randint(1, 3)):
        holder, key = rng.choice(list(places(documents)))
        try:
            holder[key]
        except (KeyError, IndexError):
            continue
        if rng.random() < 0.3:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(VALUES))
    written = {name: row for name, row in documents.items() if isinstance(row, dict)}
    made = attempt(tmp_path, written)
    if made is None:
        return
    assert made.problem.to_document()["format"] == "placement/v1"
    plan = running_plan(made.problem).plan
    if placement.verify(made.problem, plan).ok:
        with suppress(DocumentError, UsageError):
            export_plan(made.problem, plan, ExportWish(role=ROLE, as_new=seed % 3 > 0))


@one_by_one(range(500), 10)
def test_what_scales_is_in_the_export_or_told(seed: int, tmp_path: Path) -> None:
    """Of answers of which some are lost: each policy and action is put with what is made anew, or named by a note."""
    rng = random.Random(seed)
    documents = scaled()
    for name in rng.sample(("targets", "actions", "policies", "lora"), rng.randint(0, 2)):
        del documents[name]
    for row in documents.get("targets", {}).get("ScalableTargets", []):
        if rng.random() < 0.3:
            row["MinCapacity"] = 0
    if rng.random() < 0.3:
        documents["config"]["ProductionVariants"][0]["ManagedInstanceScaling"] = {"MaxInstanceCount": 5}
    problem = imported(tmp_path, documents).problem
    export = export_plan(problem, running_plan(problem).plan, ExportWish(role=ROLE, as_new=True))
    put = [step.parameters for step in export.steps if step.operation.startswith("Put")]
    said = "\n".join(map(str, export.exported.notes))

    for key, of, what in (("policies", "ScalingPolicies", "policies"), ("actions", "ScheduledActions", "scheduled")):
        for row in documents.get(key, {}).get(of, []):
            kept = {name: value for name, value in row.items() if name not in ("Alarms", "CreationTime")}
            left_out = [line for line in said.splitlines() if f"autoscaling {what}" in line and "left out" in line]
            _, name, *_ = row["ResourceId"].split("/")
            assert kept in put or any(name in line for line in left_out), row
    assert "lora" not in documents or "lora" in [step.subject for step in export.steps]


RULES: dict[tuple[Any, ...], Callable[[Problem], Any]] = {  # a field that is a rule, and how a problem shows it
    ("config", "ProductionVariants", 0, "ManagedInstanceScaling", "MaxInstanceCount"): lambda p: (
        p.pools[0].max_instances
    ),
    ("config", "ProductionVariants", 0, "ManagedInstanceScaling", "MinInstanceCount"): lambda p: (
        p.pools[0].min_instances
    ),
    ("endpoint", "ProductionVariants", 0, "CurrentInstanceCount"): lambda p: len(p.instances),
    ("component-rank", "RuntimeConfig", "DesiredCopyCount"): lambda p: p.components[-1].copies,
    ("component-rank", "Specification", "ComputeResourceRequirements", "NumberOfAcceleratorDevicesRequired"): (
        lambda p: p.components[-1].modes[0].accelerators
    ),
    ("component-rank", "Specification", "ComputeResourceRequirements", "NumberOfCpuCoresRequired"): (
        lambda p: p.components[-1].modes[0].vcpus
    ),
    ("component-rank", "Specification", "ComputeResourceRequirements", "MinMemoryRequiredInMb"): (
        lambda p: p.components[-1].modes[0].memory_gib * 1024
    ),
}


@pytest.mark.parametrize("way", RULES, ids=lambda way: ".".join(map(str, way)))
@pytest.mark.parametrize("value", [3, "3", [3], {"a": 3}, True, -3, 2.5, None])
def test_a_rule_is_read_or_refused(way: tuple[Any, ...], value: Any, tmp_path: Path) -> None:
    """A number of another kind is never taken for no rule."""
    documents: Any = simple()
    documents["component-rank"]["RuntimeConfig"]["CurrentCopyCount"] = 1
    holder = documents
    for key in way[:-1]:
        holder = holder[key]
    holder[way[-1]] = value
    made = attempt(tmp_path, documents)

    if made is not None and value is not None:  # null is an absent key, for which the API has defaults
        assert RULES[way](made.problem) == value
    elif made is None and value == 3 and not isinstance(value, bool):
        pytest.fail("a plain number was refused")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "3", '"x"', "[" * 50_000, "\x00", "{}" * 2, '{"EndpointStatus": 1}']
)
def test_files_that_are_no_answers(text: str, tmp_path: Path) -> None:
    """Refused with the file's name, or passed over with a note."""
    folder = write(tmp_path, simple())
    (folder / "0-odd.json").write_text(text)
    try:
        said = [note.place for note in imported(folder, {}).notes]
    except (DocumentError, UsageError) as error:
        said = [str(error)]
    assert any("odd.json" in line for line in said)


def test_names_are_data(tmp_path: Path) -> None:
    """Whatever a name holds, it comes back as it is, and notes are one line each."""
    bad = "x\nFORGED: fine\x1b[2J\u202e"
    documents = json.loads(json.dumps(simple()).replace("chat-8b", json.dumps(bad)[1:-1]))
    made = imported(tmp_path, {f"file-{index}": row for index, row in enumerate(documents.values())})

    assert bad in [row.name for row in made.problem.components]
