"""Labels that people write: each wrong one is refused with its path, its value and the rule, before calls are made."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from placement.documents import Plan, Problem
from placement.errors import DocumentError, PlacementError
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.export import export_plan
from placement.integrations.sagemaker.label_rules import OF_COMPONENT, OF_POOL, check_labels
from placement.integrations.sagemaker.wish import ExportWish
from placement.running_state import running_plan
from tests.cli.test_solve import run
from tests.corpus import seeds
from tests.integrations.sagemaker.samples import ROLE, pooled, simple
from tests.integrations.sagemaker.test_export import BASE
from tests.integrations.sagemaker.test_import import imported

if TYPE_CHECKING:
    from pathlib import Path

LLM = {labels.ENDPOINT: "llm"}


def problem(*pools: dict[str, str], component: dict[str, str] | None = None) -> Problem:
    """Pools of one type with labels, and a component with one option."""
    rows = [BASE["pools"][0] | {"name": f"g5-{n}", "labels": told} for n, told in enumerate(pools)]
    return Problem(
        **BASE | {"pools": rows},
        components=[{"name": "chat", "copies": 1, "accelerators": 1, "memory_gib": 8, "labels": component or {}}],
    )


def refusal(given: Problem) -> str:
    """What is said of labels."""
    with pytest.raises(DocumentError) as told:
        check_labels(given)
    return str(told.value)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *((labels.ENDPOINT, text) for text in ("", "a_b", "-a", "x" * 64)),
        (labels.VARIANT, "a b"),
        (labels.INSTANCE_TYPE, "g5.12xlarge"),
        *((labels.PRIORITY, text) for text in ("0", "6", "1.5", "first", "true")),
        *((labels.SCALING, text) for text in ("[6,1]", "[1]", "6", "[0,0]", "[1,2", "[-1,3]", "[1,true]", "[" * 5000)),
        *((labels.CAPACITY, text) for text in ("[1,null]", "[2,1]", "3")),
        *(
            (labels.PARTITIONS, text)
            for text in ("[]", "mig-3g.20gb", '["3g"]', '["mig-3g.20gb","mig-4g.20gb"]', "[3]")
        ),
        (labels.RESERVATION, "training-plan/x"),
        (labels.SETTINGS, "[]"),
        (labels.ENDPOINT_SETTINGS, "{"),
        *((labels.CONFIGURATION, text) for text in ("[]", '{"types":3}', '{"types":[3]}')),
        ("sagemaker.endpont", "llm"),
    ],
)
def test_labels_of_a_pool(key: str, text: str) -> None:
    """By its path in the problem, which names a pool and no component."""
    said = refusal(problem(LLM, LLM | {key: text}))

    assert said.startswith(f'the problem at $.pools[1].labels["{key}"]: ')
    assert f"got {json.dumps(text)[:40]}"[:-1] in said
    assert "component" not in said


NO_SPECIFICATION = (
    *("[]", "[{}]", '[{"ComputeResourceRequirements":{"MinMemoryRequiredInMb":"8"}}]'),
    '[{"ComputeResourceRequirements":{"MinMemoryRequiredInMb":8,"NumberOfCpuCoresRequired":"1"}}]',
    '[{"InstanceType":["a"],"ComputeResourceRequirements":{"MinMemoryRequiredInMb":8}}]',
)


@pytest.mark.parametrize(
    ("told", "key", "said"),
    [
        ({labels.ENDPOINT: "lmm"}, labels.ENDPOINT, 'no pool has this label; did you mean "llm"?'),
        (LLM | {labels.VARIANT: "mian"}, labels.VARIANT, 'no pool of endpoint llm has it; did you mean "main"?'),
        ({labels.VARIANT: "main"}, labels.VARIANT, "says nothing without sagemaker.endpoint"),
        ({labels.MODEL: "a/b"}, labels.MODEL, "must be a name that SageMaker takes"),
        ({labels.SETTINGS: "{}"}, labels.SETTINGS, "must be a list of mappings as JSON"),
        ({labels.SETTINGS: "[{},{}]"}, labels.SETTINGS, "must have one mapping for all options, or one for each: 1"),
        ({labels.MIN_CAPACITY: "x", labels.MAX_CAPACITY: "2"}, labels.MIN_CAPACITY, "must be a whole number"),
        ({labels.MIN_CAPACITY: "1"}, labels.MIN_CAPACITY, "says nothing without sagemaker.max_capacity"),
        ({labels.MAX_CAPACITY: "1"}, labels.MAX_CAPACITY, "says nothing without sagemaker.min_capacity"),
        ({labels.MIN_CAPACITY: "3", labels.MAX_CAPACITY: "2"}, labels.MAX_CAPACITY, "must not be below"),
        ({labels.SCALING: "[1,2]"}, labels.SCALING, "is no label of SageMaker for components"),
        *(
            ({labels.SETTINGS: text}, labels.SETTINGS, "must be a list of mappings as JSON")
            for text in ('[{"Container":3}]', '[{"SchedulingConfig":"SPREAD"}]', '[{"InstanceType":"ml.g5.xlarge"}]')
        ),
        *(
            ({labels.SPECIFICATION: text}, labels.SPECIFICATION, "must be a list of mappings as JSON")
            for text in NO_SPECIFICATION
        ),
    ],
)
def test_labels_of_a_component(told: dict[str, str], key: str, said: str) -> None:
    """Each alone, and what two of them, or a component and its pools, must agree in."""
    text = refusal(problem(LLM, component=told))
    assert text.startswith(f'the problem at $.components[0].labels["{key}"]: {said}')


def test_pools_of_one_variant_have_one_of_each() -> None:
    """An export would take those of the first, and drop the others without a word."""
    text = refusal(problem(LLM | {labels.SCALING: "[1,2]"}, LLM | {labels.SCALING: "[1,3]"}))
    assert "must be as that of pool g5-0, which is of the same variant" in text
    other = LLM | {labels.VARIANT: "b"}
    text = refusal(
        problem(LLM | {labels.ENDPOINT_SETTINGS: "{}"}, other | {labels.ENDPOINT_SETTINGS: '{"KmsKeyId":"k"}'})
    )
    assert "must be as that of pool g5-0, which is of the same endpoint" in text
    assert "says nothing without sagemaker.endpoint" in refusal(problem({labels.SCALING: "[1,2]"}))
    check_labels(problem(LLM | {labels.SCALING: "[1,null]"}, other, component=LLM))
    check_labels(problem(LLM | {labels.ENDPOINT_SETTINGS: "{}"}, other))


def test_every_label_has_a_rule() -> None:
    """Those that the module of labels names."""
    names = {value for value in vars(labels).values() if isinstance(value, str) and value.startswith("sagemaker.")}
    assert names == OF_POOL.keys() | OF_COMPONENT.keys()


ODD = (
    *("", "x", "[]", "{}", "[1]", "[{}]", "null", "1", '"a"', "[[1]]", '{"a":1}', "[1,6]", "9" * 21, "ml.g5.xlarge"),
    *('[{"ComputeResourceRequirements":{}}]', '[{"ComputeResourceRequirements":{"MinMemoryRequiredInMb":5}}]'),
    *('[{"InstanceType":3,"ComputeResourceRequirements":{"MinMemoryRequiredInMb":5}}]', '{"sagemaker.settings":3}'),
    *('[{"ModelName":1},{"ModelName":2}]', '[{"Container":3},{}]', '[{"SchedulingConfig":3},{}]', '{"types":[1,{}]}'),
    *('[{"SchedulingConfig":{"PlacementStrategy":"NO"}}]', '[{"InstanceType":["a"]}]', '{"types":{}}'),
)


@seeds(range(3000), 25)
def test_no_label_is_a_bug(seeds: range, tmp_path: Path) -> None:
    """Damaged, gone, or another's: an export, or an error in words."""
    given = [imported(tmp_path / name, of()).problem.to_document() for name, of in (("a", simple), ("b", pooled))]
    ends: Counter[bool] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        document = copy.deepcopy(rng.choice(given))
        del document["format"]
        for _ in range(rng.choice((1, 1, 2))):
            row = rng.choice(document["pools"] + document["components"])
            key = rng.choice(sorted(row["labels"]))
            row["labels"][key] = rng.choice(ODD)
            if rng.random() < 0.2:
                del row["labels"][key]
        rng.choice(document["components"])["options"][0]["memory_gib"] = rng.choice((1, 9, 16))
        problem = Problem(**document)
        try:
            export_plan(problem, running_plan(problem).plan, ExportWish(as_new=seed % 5 == 0, pin=seed % 7 == 0))
            ends[True] += 1
        except PlacementError:
            ends[False] += 1
    assert min(ends[True], ends[False]) > len(seeds) / 20


def test_the_command_names_the_file(tmp_path: Path) -> None:
    """Exit code 2, before anything is written."""
    given = problem({labels.PARTITIONS: "mig"})
    file, plan_file = tmp_path / "p.json", tmp_path / "plan.json"
    file.write_text(json.dumps(given.to_document()))
    placed = {"component": "chat", "instance": "g5-0/new-1", "accelerators": [0]}
    plan = Plan(instances=[{"id": "g5-0/new-1", "pool": "g5-0"}], assignments=[placed])
    plan_file.write_text(json.dumps(plan.to_document()))
    done = run(
        "export", "sagemaker", tmp_path / "p.json", tmp_path / "plan.json", "--out", tmp_path / "out", "--role", ROLE
    )

    assert done.exit_code == 2
    assert f'{file} at $.pools[0].labels["sagemaker.partitions"]: must be a list of one MIG' in done.stderr
    assert not (tmp_path / "out").exists()


def test_names_on_the_page_are_data() -> None:
    """Nobody is mentioned, no issue is linked, and nothing is markup."""
    name = "@everyone #1 https://x.io :tada: <b> **x**"
    given = Problem(**BASE | {"name": name}, components=[{"name": name, "copies": 1, "memory_gib": 8}])
    plan = Plan(
        instances=[{"id": "g5/new-1", "pool": "g5"}],
        assignments=[{"component": name, "instance": "g5/new-1", "accelerators": [0]}],
    )
    page = export_plan(given, plan, ExportWish(role=ROLE)).exported.files["advice.md"]

    assert "@<!-- -->everyone #<!-- -->1 https:<!-- -->//x.io :<!-- -->tada: \\<b\\> \\*\\*x\\*\\*" in page
    for live in ("@everyone", "#1", "https://", ":tada:", "<b>", "**x"):
        assert live not in page
