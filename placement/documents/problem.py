"""The document `placement/v1` as a whole. A `Problem` that exists is valid.

Its rows keep the rules that a row can keep by itself (`rows`) and the rules between rows (`references`).
"""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from placement.documents.faults import structural_faults
from placement.documents.frozen import EMPTY, Listed, Table
from placement.documents.plan import PlanInstance
from placement.documents.quantities import Name, Text
from placement.documents.references import Rows, reference_faults
from placement.documents.rows import (
    CATALOGUE,
    Accelerator,
    Commitment,
    Component,
    Instance,
    InstanceType,
    Limit,
    Objective,
    Placement,
    Pool,
    Row,
)
from placement.errors import DocumentError, Fault, printable
from placement.units import count


class Problem(Row):
    """A whole problem. Build one in Python with the keys of the document; a row is one of the classes here, or a dict.

    Raises
    ------
    DocumentError
        With every fault of the document, each with its JSON path.

    Examples
    --------
    >>> import placement
    >>> problem = placement.Problem(
    ...     accelerators={"L40S": {"memory_gib": 48}},
    ...     instance_types={
    ...         "g6e.2xlarge": placement.InstanceType(
    ...             accelerator="L40S", accelerator_count=1, vcpus=8, memory_gib=64, price_per_hour=2.24
    ...         )
    ...     },
    ...     pools=[placement.Pool(name="a", instance_type="g6e.2xlarge", zone="us-east-1a")],
    ...     components=[placement.Component(name="chat-8b", copies=3, accelerator_memory_gib=20, shared=True)],
    ... )
    >>> problem.components[0].modes[0].accelerator_memory_gib
    20.0
    """

    format: Literal["placement/v1"] = "placement/v1"
    name: Text = ""
    accelerators: Table[Name, Accelerator] = EMPTY
    instance_types: Table[Name, InstanceType]
    pools: Listed[Pool]
    limits: Listed[Limit] = ()
    commitments: Listed[Commitment] = ()
    components: Listed[Component]
    instances: Listed[Instance] = ()
    placements: Listed[Placement] = ()
    objective: Objective = Objective()

    def __init__(self, /, **document: Any) -> None:
        """Validate `document`; all faults are raised at once."""
        document, unknown = _without_references(document)
        try:
            BaseModel.__init__(self, **document)
        except ValidationError as error:
            # Faults inside rows, then those between the sound ones: a person mends a file once, not fault by fault.
            found = structural_faults(Problem, error) + reference_faults(Rows.of_document(document))
            raise DocumentError([*unknown, *found], "problem") from None
        faults = [*unknown, *reference_faults(Rows.of_problem(self))]
        if faults:
            raise DocumentError(faults, "problem")

    def price_of(self, pool: Pool) -> float:
        """Dollars an hour of a machine of a pool: its own price, else that of its instance type."""
        own, kind = pool.price_per_hour, self.instance_types[pool.instance_type]
        return kind.price_per_hour if own is None else own

    def zones_of(self, machines: Iterable[Instance | PlanInstance]) -> dict[str, str]:
        """By the id of a machine, of those that run or of a plan, its zone."""
        zones = {row.name: row.zone for row in self.pools}
        return {row.id: zones[row.pool] for row in machines}

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists: what was given, in the order of the format.

        A null that was given means what an absent key means, and is left out.
        """
        return {"format": self.format, **self.model_dump(mode="json", exclude_unset=True, exclude_none=True)}

    def __str__(self) -> str:
        told = [
            count(len(self.components), "component"),
            count(len(self.pools), "pool"),
            count(len(self.instance_types), "instance type"),
        ]
        if self.instances:
            told += [count(len(self.instances), "running machine")]
            told += [count(len(self.placements), "running copy", "running copies")]
        return f"problem {printable(self.name)}: {', '.join(told)}" if self.name else f"problem: {', '.join(told)}"


def revised(problem: Problem, *left_out: str, **changed: object) -> Problem:
    """The problem with other sections, and without those that are `left_out`, checked again."""
    given = {key: getattr(problem, key) for key in problem.model_fields_set - {"format", *left_out}}
    return Problem(**{**given, **changed})


def _without_references(document: dict[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """A document with its references to the catalogue written out; the tables are read only where there are any."""
    rows = document.get("instance_types")
    if not isinstance(rows, dict) or not any(isinstance(row, dict) and CATALOGUE in row for row in rows.values()):
        return document, []
    from placement.catalogue.rows import written_out

    return written_out(document)
