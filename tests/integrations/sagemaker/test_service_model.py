"""Calls against the service's model: all that botocore's own validator lets through."""

from __future__ import annotations

from typing import Any

import pytest

from placement.errors import UsageError
from placement.integrations.sagemaker.service_model import ServiceModel, service_model

SHAPES: dict[str, Any] = {
    "operations": {"Make": {"input": {"shape": "In"}, "output": {"shape": "One"}}, "Ask": {}},
    "shapes": {
        "In": {
            "type": "structure",
            "required": ["Name"],
            "members": {
                "Name": {"shape": "Name"},
                "Count": {"shape": "Count"},
                "Share": {"shape": "Share"},
                "Rows": {"shape": "Rows"},
                "Map": {"shape": "Map"},
                "Flag": {"shape": "Flag"},
                "One": {"shape": "One"},
                "Odd": {"shape": "Odd"},
                "Kind": {"shape": "Kind"},
            },
        },
        "Name": {"type": "string", "min": 2, "max": 4, "pattern": "[a-z]+"},
        "Kind": {"type": "string", "enum": ["SPREAD", "BINPACK"]},
        "Odd": {"type": "string", "pattern": "[\\p{L}]*"},
        "Count": {"type": "integer", "min": 1, "max": 9},
        "Share": {"type": "float", "min": 0.25},
        "Rows": {"type": "list", "min": 1, "max": 2, "member": {"shape": "Name"}},
        "Map": {"type": "map", "max": 1, "key": {"shape": "Name"}, "value": {"shape": "Count"}},
        "Flag": {"type": "boolean"},
        "One": {"type": "structure", "union": True, "members": {"A": {"shape": "Count"}, "B": {"shape": "Flag"}}},
    },
}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({}, "$.Name: is required"),
        ([], "$: must be a mapping of keys to values, got []"),
        ({"Name": "a"}, "$.Name: must have at least 2 characters, has 1"),
        ({"Name": "abcde"}, "$.Name: must have at most 4 characters, has 5"),
        ({"Name": "a_b"}, '$.Name: must match [a-z]+, got "a_b"'),
        ({"Name": "ab\n"}, '$.Name: must match [a-z]+, got "ab\\n"'),
        ({"Name": 7}, "$.Name: must be text, got 7"),
        ({"Name": "ab", "Nmae": 1}, "$.Nmae: unknown key; did you mean"),
        ({"Name": "ab", "Count": 0}, "$.Count: must be at least 1, got 0"),
        ({"Name": "ab", "Count": 10}, "$.Count: must be at most 9, got 10"),
        ({"Name": "ab", "Count": 1.0}, "$.Count: must be a whole number, got 1.0"),
        ({"Name": "ab", "Count": True}, "$.Count: must be a whole number, got true"),
        ({"Name": "ab", "Share": 0.2}, "$.Share: must be at least 0.25, got 0.2"),
        ({"Name": "ab", "Share": float("nan")}, "$.Share: must be a finite number"),
        ({"Name": "ab", "Share": "1"}, '$.Share: must be a number, got "1"'),
        ({"Name": "ab", "Rows": []}, "$.Rows: must have at least 1 entries, has 0"),
        ({"Name": "ab", "Rows": ["ab"] * 3}, "$.Rows: must have at most 2 entries, has 3"),
        ({"Name": "ab", "Rows": ["ab", "1"]}, "$.Rows[1]: must have at least 2 characters"),
        ({"Name": "ab", "Rows": "ab"}, "$.Rows: must be a list"),
        ({"Name": "ab", "Map": {"ab": 0}}, "$.Map.ab: must be at least 1, got 0"),
        ({"Name": "ab", "Map": {"ab": 1, "cd": 1}}, "$.Map: must have at most 1 entries, has 2"),
        ({"Name": "ab", "Map": []}, "$.Map: must be a mapping of keys to values"),
        ({"Name": "ab", "Flag": 1}, "$.Flag: must be true or false, got 1"),
        ({"Name": "ab", "One": {}}, "$.One: must have just one of A, B"),
        ({"Name": "ab", "One": {"A": 1, "B": True}}, "$.One: must have just one of A, B"),
        ({"Name": "ab", "Kind": "PACK"}, "$.Kind: is none of the 2 values; must be one of SPREAD, BINPACK"),
    ],
)
def test_each_kind_of_fault(call: Any, said: str) -> None:
    """With its place, and one fault alone."""
    model = ServiceModel(SHAPES)
    found = [str(fault) for fault in model.faults("Make", call)]

    assert len([line for line in found if line.startswith(said)]) == 1, found


def test_what_is_right_passes() -> None:
    """Also what a pattern of another dialect is about, which is told."""
    model = ServiceModel(SHAPES)
    call = {"Name": "ab", "Count": 9, "Share": 1, "Rows": ["cd"], "Map": {"ef": 1}, "Flag": False, "One": {"B": True}}

    assert model.faults("Make", call | {"Odd": "ä", "Kind": "SPREAD"}) == []
    assert model.unread == {"[\\p{L}]*"}
    assert model.faults("Ask", {}) == []
    assert [str(fault) for fault in model.output_faults("Make", {})] == ["$: must have just one of A, B, got []"]
    with pytest.raises(UsageError, match='there is no call "Mkae"; did you mean "Make"'):
        model.faults("Mkae", {})


def test_what_botocore_itself_lets_through() -> None:
    """The six faults that PLATFORMS names, in one call of the real model; botocore's validator finds two of them."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel as BotocoreModel
    from botocore.validate import ParamValidator

    call = {
        "InferenceComponentName": "a_b",
        "EndpointName": "llm",
        "Specification": {
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 64, "NumberOfAcceleratorDevicesRequired": 0.5},
            "SchedulingConfig": {
                "PlacementStrategy": "PACK",
                "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE", "MaxImbalance": 101},
            },
        },
        "Specifications": [{}] * 6,
    }
    model = service_model("sagemaker")
    assert model is not None
    places = [fault.path.rpartition(".")[2] for fault in model.faults("CreateInferenceComponent", call)]
    description = Loader().load_service_model("sagemaker", "service-2")
    shape = BotocoreModel(description).operation_model("CreateInferenceComponent").input_shape
    report = ParamValidator().validate(call, shape).generate_report()

    assert sorted(places) == [
        "InferenceComponentName",
        "MaxImbalance",
        "MinMemoryRequiredInMb",
        "NumberOfAcceleratorDevicesRequired",
        "PlacementStrategy",
        "Specifications",
    ]
    assert len(report.splitlines()) == 2


def test_services_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without botocore nothing is checked, and nobody fails."""
    service_model.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "botocore.loaders", None)
    assert service_model("sagemaker") is None
    service_model.cache_clear()
