"""The JSON Schema of the documents, for editors and for other programs."""

from __future__ import annotations

from typing import Any, Literal

from placement.documents import Problem
from placement.documents.plan import Plan

Kind = Literal["problem", "plan"]


def document_schema(kind: Kind) -> dict[str, Any]:
    """JSON Schema (2020-12) of a problem or a plan, as it is read.

    Rules between rows, such as names that must exist, can't be said in a schema; reading a document checks them too.

    Examples
    --------
    >>> document_schema("problem")["properties"]["format"]["const"]
    'placement/v1'
    """
    schema = (Problem if kind == "problem" else Plan).model_json_schema()
    version = schema["properties"]["format"]["const"]
    required = ["format", *schema.get("required", [])] if kind == "problem" else schema.get("required", [])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": version, "required": required}
