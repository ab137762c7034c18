"""The document `placement-headroom/v1` as it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError

from placement.documents.faults import structural_faults
from placement.documents.frozen import Listed
from placement.documents.plan import Number, Plan, PlanRow, StatusWord, StopWord
from placement.documents.read import read_mapping
from placement.errors import DocumentError, Fault

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Literal["placement-headroom/v1"] = "placement-headroom/v1"


class HeadroomRow(PlanRow):
    """A point: so many times the copies and demand, and its plan's figures. Money in dollars."""

    factor: Annotated[Number, Field(gt=0, le=1000)]
    status: StatusWord
    cost: Number | None = None
    lower_bound: Number | None = None
    plan: Plan


class HeadroomDocument(PlanRow):
    """A whole curve, points by rising factor. `components`: names of those that grow."""

    format: Literal["placement-headroom/v1"]
    problem: str = ""
    components: Listed[str]
    stop: StopWord
    seconds: Number | None = None
    seed: int | None = None
    points: Listed[HeadroomRow]


def read_headroom(path: str | Path) -> HeadroomDocument:
    """The curve in a file; ``-`` is standard input.

    Raises
    ------
    DocumentError
        The file can't be read or parsed, or is another document.
    """
    source, document = read_mapping(path)
    if document.get("format") != FORMAT:
        fault = Fault("$.format", f"a headroom is wanted, of format {FORMAT}", document.get("format"))
        raise DocumentError([fault], source)
    try:
        return HeadroomDocument(**document)
    except ValidationError as error:
        raise DocumentError(structural_faults(HeadroomDocument, error), source) from None
