"""Every field of an answer is read, kept or told: the tables beside botocore's model, and each unknown field alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import DocumentError, UsageError
from placement.integrations.sagemaker import fields, labels
from placement.integrations.sagemaker.export import export_plan
from placement.integrations.sagemaker.fields import Structure, Words
from placement.integrations.sagemaker.service_model import service_model
from placement.integrations.sagemaker.wish import ExportWish
from placement.running_state import running_plan
from tests.corpus import one_by_one
from tests.integrations.sagemaker.samples import action, component, pooled, simple, stepping, tracking
from tests.integrations.sagemaker.test_import import imported, target, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TABLES = {  # by the shape of the service's model
    ("sagemaker", "DescribeEndpointOutput"): fields.ENDPOINT,
    ("sagemaker", "ProductionVariantSummary"): fields.VARIANT_NOW,
    ("sagemaker", "DescribeEndpointConfigOutput"): fields.CONFIGURATION,
    ("sagemaker", "ProductionVariant"): fields.VARIANT,
    ("sagemaker", "DescribeInferenceComponentOutput"): fields.COMPONENT,
    ("sagemaker", "InferenceComponentSummary"): fields.COMPONENT_LISTED,
    ("application-autoscaling", "ScalableTarget"): fields.SCALABLE_TARGET,
    ("application-autoscaling", "ScalingPolicy"): fields.SCALING_POLICY,
    ("application-autoscaling", "ScheduledAction"): fields.SCHEDULED_ACTION,
}
OF_CALLS = {"Image"}  # a call has it where an answer has DeployedImage


@pytest.mark.parametrize("key", TABLES, ids=lambda key: key[1])
def test_the_tables_have_every_field_of_the_model(key: tuple[str, str]) -> None:
    """At all levels, and every word of an enumeration; and no field that the service never had."""
    model = service_model(key[0])
    assert model is not None
    compare(model.shapes, key[1], TABLES[key])


def compare(shapes: Mapping[str, Any], name: str, field: fields.Field) -> None:
    """A table beside a shape."""
    shape = shapes[name]
    if shape["type"] == "list":
        compare(shapes, shape["member"]["shape"], field)
    elif isinstance(field, Words):
        assert set(field.known) == set(shape["enum"]), name
    elif isinstance(field, Structure):
        assert field.fields.keys() - OF_CALLS == shape["members"].keys(), name
        for key, own in field.fields.items():
            if key not in OF_CALLS:
                compare(shapes, shape["members"][key]["shape"], own)


def structures(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each mapping of a document."""
    if isinstance(value, dict):
        yield way
    for key, entry in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from structures(entry, (*way, key))


def full() -> dict[str, Any]:
    """An endpoint with a structure of each kind that can be in its answers."""
    documents = simple()
    row = documents["config"]["ProductionVariants"][0]
    row["CapacityReservationConfig"] = {"MlReservationArn": "arn:aws:x"}
    now = documents["endpoint"]["ProductionVariants"][0]
    now["CapacityReservationConfig"] = {"TotalInstanceCount": 9, "AvailableInstanceCount": 9}
    documents["component-rank"]["Specification"]["SchedulingConfig"] = {
        "PlacementStrategy": "BINPACK",
        "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE"},
    }
    rows = [target("inference-component/rank", "inference-component:DesiredCopyCount", 0, 9)]
    return documents | {
        "targets": {"ScalableTargets": rows},
        "actions": {"ScheduledActions": [action("inference-component/rank")]},
        "policies": {"ScalingPolicies": [tracking("inference-component/rank"), stepping("inference-component/rank")]},
    }


NONE_RUNS = ("rank", "RuntimeConfig", "PlacementStatus", 1)  # on this type
ITS_OWN = ("policies", "ScalingPolicies", 0, "Alarms", 0)  # which a policy that tracks a target makes by itself
MADE = {"one type": full, "pools": pooled}
WAYS = [
    (kind, way)
    for kind, make in MADE.items()
    for way in structures(make())
    if way not in ((), *((name,) for name in ("list", "targets", "actions", "policies")))
    and "Environment" not in way  # which is never read
    and "ScalableTargetAction" not in way  # of which the range is told
]


@pytest.mark.parametrize(("kind", "way"), WAYS, ids=lambda value: ".".join(map(str, value)))
def test_a_field_that_nobody_knows_is_told_or_kept(kind: str, way: tuple[Any, ...], tmp_path: Path) -> None:
    """In every structure of every answer, by its name; what is passed through as a whole has it still."""
    documents = MADE[kind]()
    holder: Any = documents
    for key in way:
        holder = holder[key]
    holder["NobodyKnows"] = {"most": 3}
    made = imported(tmp_path, documents)
    noted = any("NobodyKnows" in place for place in told(made, "ignored"))

    whole = {"RoutingConfig", "StepScalingPolicyConfiguration", "TargetTrackingScalingPolicyConfiguration"}
    passed = whole & set(way)
    assert noted or (passed and "NobodyKnows" in json.dumps(made.problem.to_document()))


TABLE_OF = {"endpoint": fields.ENDPOINT, "config": fields.CONFIGURATION}
ROWS_OF = {
    ("endpoint", "ProductionVariants"): fields.VARIANT_NOW,
    ("config", "ProductionVariants"): fields.VARIANT,
    ("list", "InferenceComponents"): fields.COMPONENT_LISTED,
    ("targets", "ScalableTargets"): fields.SCALABLE_TARGET,
    ("actions", "ScheduledActions"): fields.SCHEDULED_ACTION,
    ("policies", "ScalingPolicies"): fields.SCALING_POLICY,
}


def use_of(way: tuple[Any, ...]) -> fields.Field:
    """What the tables say of a field."""
    field: fields.Field = ROWS_OF.get(way[:2]) or TABLE_OF.get(way[0], fields.COMPONENT)
    for key in way[2 if way[:2] in ROWS_OF else 1 :]:
        if isinstance(field, Structure) and isinstance(key, str):
            field = field.fields[key]
    return field


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each number and text."""
    if isinstance(value, dict | list):
        for key, entry in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(entry, (*way, key))
    else:
        yield way


def outcome(folder: Path, documents: dict[str, Any]) -> tuple[str, ...]:
    """All that an import says: its problem and its notes, or why it refuses."""
    try:
        made = imported(folder, documents)
    except (DocumentError, UsageError) as error:
        return (str(error),)
    return json.dumps(made.problem.to_document()), *map(str, made.notes)


NO_MATTER = (
    "EndpointArn",
    "InferenceComponentArn",
    "CreationTime",
    "HF_TOKEN",
)  # of these the regions and the order are read, of secrets nothing
READ = [
    (kind, way)
    for kind, make in MADE.items()
    for way in leaves(make())
    if use_of(way) is not fields.FACT and way[-1] not in NO_MATTER and way[:-1] not in (NONE_RUNS, ITS_OWN)
]


@one_by_one(range(len(READ)), 40)
def test_a_field_that_is_read_makes_a_difference(seed: int, tmp_path: Path) -> None:
    """Another value gives another problem, other notes or a refusal: what the tables call read is read."""
    kind, way = READ[seed]
    before = outcome(tmp_path, MADE[kind]())
    documents = MADE[kind]()
    holder: Any = documents
    for key in way[:-1]:
        holder = holder[key]
    old = holder[way[-1]]
    holder[way[-1]] = f"{old}x" if isinstance(old, str) else old + 1

    assert outcome(tmp_path, documents) != before


def test_the_reservation_of_both_answers_is_one(tmp_path: Path) -> None:
    """One has its counts, the other its name, which an export needs; two names are told."""
    made = imported(tmp_path / "one", full())
    assert made.problem.pools[0].labels[labels.RESERVATION] == "arn:aws:x"
    assert made.problem.commitments[0].instances == 9
    documents = full()
    documents["endpoint"]["ProductionVariants"][0]["CapacityReservationConfig"]["MlReservationArn"] = "arn:aws:y"
    made = imported(tmp_path / "two", documents)
    assert "endpoint llm variant main CapacityReservationConfig" in told(made, "assumed")


def twice(rows: list[Any]) -> None:
    """The first entry of a list stands there again."""
    rows.append(json.loads(json.dumps(rows[0])))


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("one type", lambda d: twice(d["config"]["ProductionVariants"]), r"Variants\[1\]\.VariantName: stands twice"),
        ("one type", lambda d: twice(d["endpoint"]["ProductionVariants"]), r"Variants\[1\]\.VariantName: stands twice"),
        (
            "one type",
            lambda d: d["endpoint"]["ProductionVariants"].append({"VariantName": "lost", "CurrentInstanceCount": 4}),
            r"config\.json at \$\.ProductionVariants: lacks variants of the endpoint's answer \(lost\)",
        ),
        ("pools", lambda d: twice(d["chat"]["Specifications"]), r"Specifications\[2\]\.InstanceType: stands twice"),
        (
            "pools",
            lambda d: twice(d["config"]["ProductionVariants"][0]["InstancePools"]),
            r"InstancePools\[2\]\.InstanceType: stands twice",
        ),
        (
            "pools",
            lambda d: d["config"]["ProductionVariants"][0]["InstancePools"][0].update(Priority=6),
            r"InstancePools\[0\]\.Priority: must be from 1 to 5, got 6",
        ),
        (
            "one type",
            lambda d: d["endpoint"]["ProductionVariants"][0]["CapacityReservationConfig"].update(TotalInstanceCount=3),
            r"AvailableInstanceCount: must be at most 3, with UsedByCurrentEndpoint, got 9",
        ),
    ],
)
def test_answers_that_contradict_themselves_are_refused(kind: str, change: Any, said: str, tmp_path: Path) -> None:
    """With file and field: of two entries of one name one would be lost."""
    documents = MADE[kind]()
    change(documents)
    with pytest.raises(DocumentError, match=said):
        imported(tmp_path, documents)


def test_what_an_adapter_asks_for_is_told(tmp_path: Path) -> None:
    """It should ask for nothing."""
    documents = simple()
    documents["lora"] = component("lora", "llm", 1, 1, 1)
    documents["lora"]["Specification"]["BaseInferenceComponentName"] = "rank"
    made = imported(tmp_path, documents)
    assert "inference component lora ComputeResourceRequirements" in told(made, "ignored")


def test_an_unknown_field_of_a_configuration_is_told_and_kept(tmp_path: Path) -> None:
    """It may be what protects an endpoint: better an export with it that is refused than one without."""
    documents = simple()
    documents["config"]["NewGuard"] = True
    made = imported(tmp_path, documents)

    assert "endpoint llm configuration NewGuard" in told(made, "ignored")
    assert json.loads(made.problem.pools[0].labels[labels.ENDPOINT_SETTINGS])["NewGuard"] is True
    plan = running_plan(made.problem).plan
    with pytest.raises(UsageError, match=r"NewGuard: unknown key; .* sagemaker\.endpoint_settings of the end"):
        export_plan(made.problem, plan, ExportWish(as_new=True))


WORDS = {
    "endpoint llm variant main ManagedInstanceScaling.Status": ("Status",),
    "endpoint llm variant main ManagedInstanceScaling.ScaleInPolicy.Strategy": ("ScaleInPolicy", "Strategy"),
}


@pytest.mark.parametrize("place", WORDS)
def test_a_word_that_is_not_known_is_told(place: str, tmp_path: Path) -> None:
    """With what is made of it; what is no text is refused."""
    for number, word in enumerate(("PAUSED", 3)):
        documents = simple()
        holder: Any = documents["config"]["ProductionVariants"][0]["ManagedInstanceScaling"]
        for key in WORDS[place][:-1]:
            holder = holder[key]
        holder[WORDS[place][-1]] = word
        if word == 3:
            with pytest.raises(DocumentError, match="must be text"):
                imported(tmp_path / str(number), documents)
            continue
        made = imported(tmp_path / str(number), documents)
        (note,) = [note for note in made.notes if note.place == place]
        assert '"PAUSED" is not known here' in note.reason
        assert made.problem.pools[0].max_instances == 6  # the range is a rule all the same


def test_a_range_that_is_disabled_is_told(tmp_path: Path) -> None:
    """It is no rule, and an export does not have it; that the two answers differ is told as well."""
    documents = simple()
    documents["config"]["ProductionVariants"][0]["ManagedInstanceScaling"]["Status"] = "DISABLED"
    made = imported(tmp_path, documents)

    assert made.problem.pools[0].max_instances is None
    reasons = [note.reason for note in made.notes if note.place == "endpoint llm variant main ManagedInstanceScaling"]
    assert [reason.split(":")[0] for reason in reasons] == [
        "the endpoint's answer and that of its configuration differ",
        "it is DISABLED",
    ]
