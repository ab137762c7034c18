"""The JSON Schema of the documents, for editors and for other programs."""

from typing import Any

from pydantic import BaseModel

from placement.demand.document import ScalingPolicy
from placement.documents import Plan, Problem
from placement.documents.rollout import Rollout
from placement.documents.transition import Transition
from placement.replanning.document import FrontierDocument
from placement.replanning.room_document import RoomDocument
from placement.scenarios.document import ScenarioSet
from placement.scenarios.headroom_document import HeadroomDocument

_MODELS: dict[str, type[BaseModel]] = {
    "problem": Problem,
    "plan": Plan,
    "scaling": ScalingPolicy,
    "scenarios": ScenarioSet,
    "headroom": HeadroomDocument,
    "frontier": FrontierDocument,
    "room": RoomDocument,
    "transition": Transition,
    "rollout": Rollout,
}
KINDS = (*_MODELS, "audit", "diff")
_WRITTEN_BY_HAND = ("problem", "scaling", "scenarios")  # their readers want the format's name, which the models fill in


def document_schema(kind: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a document as it is read, or of what a command writes.

    Rules between rows, such as names that must exist, can't be said in a schema; reading a document checks them too.

    >>> document_schema("problem")["properties"]["format"]["const"]
    'placement/v1'
    """
    schema = _MODELS[kind].model_json_schema() if kind in _MODELS else _of_rows(kind)
    version = schema["properties"]["format"]["const"]
    required = ["format", *schema.get("required", [])] if kind in _WRITTEN_BY_HAND else schema.get("required", [])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": version, "required": required}


def _of_rows(kind: str) -> dict[str, Any]:
    """Of a document that is written and never read; every key is there."""
    from pydantic import TypeAdapter

    from placement.auditing import Audit
    from placement.drift import PlanDifference

    return (TypeAdapter(Audit) if kind == "audit" else TypeAdapter(PlanDifference)).json_schema()
