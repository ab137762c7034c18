"""Every field of an answer is read, kept or told: the tables beside botocore's model, and each unknown field alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import DocumentError
from placement.integrations.sagemaker import fields, labels
from placement.integrations.sagemaker.fields import Structure, Words
from placement.integrations.sagemaker.service_model import service_model
from tests.integrations.sagemaker.samples import pooled, simple
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
    return documents | {"targets": {"ScalableTargets": rows}}


MADE = {"one type": full, "pools": pooled}
WAYS = [
    (kind, way)
    for kind, make in MADE.items()
    for way in structures(make())
    if way not in ((), ("list",), ("targets",)) and "Environment" not in way  # which is never read
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

    assert noted or ("RoutingConfig" in way and "NobodyKnows" in json.dumps(made.problem.to_document()))


def test_an_unknown_field_of_a_configuration_is_told_and_kept(tmp_path: Path) -> None:
    """It may be what protects an endpoint: better an export with it that is refused than one without."""
    documents = simple()
    documents["config"]["NewGuard"] = True
    made = imported(tmp_path, documents)

    assert "endpoint llm configuration NewGuard" in told(made, "ignored")
    assert json.loads(made.problem.pools[0].labels[labels.ENDPOINT_SETTINGS])["NewGuard"] is True


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
