"""The document `placement-headroom/v1` as it is read."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from placement.documents.frozen import Listed
from placement.documents.plan import Number, Plan, PlanRow, StatusWord, StopWord
from placement.documents.read import read_of_format

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
    """The curve in a file; ``-`` is standard input. Errors as of `read_of_format`."""
    return read_of_format(path, HeadroomDocument, FORMAT)
