"""The JSON Schema of the documents, for editors and for other programs."""

from __future__ import annotations

from typing import Any, Literal

from placement.documents import Problem
from placement.documents.plan import Plan
from placement.documents.rollout import Rollout
from placement.documents.transition import Transition

Kind = Literal["problem", "plan", "transition", "rollout"]

KINDS: tuple[Kind, ...] = ("problem", "plan", "transition", "rollout")
_MODELS = {"problem": Problem, "plan": Plan, "transition": Transition, "rollout": Rollout}


def document_schema(kind: Kind) -> dict[str, Any]:
    """JSON Schema (2020-12) of a problem, a plan or a transition, as it is read.

    Rules between rows, such as names that must exist, can't be said in a schema; reading a document checks them too.

    Examples
    --------
    >>> document_schema("problem")["properties"]["format"]["const"]
    'placement/v1'
    """
    schema = _MODELS[kind].model_json_schema()
    version = schema["properties"]["format"]["const"]
    required = ["format", *schema.get("required", [])] if kind == "problem" else schema.get("required", [])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": version, "required": required}
