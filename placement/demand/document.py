"""The document `placement-scaling/v1`: how copies, machines and moves follow traffic, beside a problem."""

from pathlib import Path
from typing import Any, Literal, Self

from placement.demand.rows import ComponentScaling, MachineTimes, Replanning, ScalingDefaults
from placement.documents import Problem
from placement.documents.faults import repeated
from placement.documents.frozen import Listed
from placement.documents.quantities import Text
from placement.documents.read import read_of_format
from placement.documents.rows import Row
from placement.errors import DocumentError, Fault, nearest

FORMAT: Literal["placement-scaling/v1"] = "placement-scaling/v1"


class ScalingPolicy(Row):
    """How the copies of each component follow its traffic, and how machines come and go.

    Raises DocumentError: with every fault of the document, each with its JSON path.

    >>> policy = ScalingPolicy(defaults={"target_value": 5}, components=[{"name": "chat", "min_capacity": 1}])
    >>> policy.row("chat").target_value, policy.row("chat").min_capacity, policy.row("code").min_capacity
    (5.0, 1, 0)
    """

    _called = "policy"

    format: Literal["placement-scaling/v1"] = FORMAT
    name: Text = ""
    defaults: ScalingDefaults = ScalingDefaults()
    components: Listed[ComponentScaling] = ()
    machines: MachineTimes = MachineTimes()
    replanning: Replanning = Replanning()

    def __init__(self, /, **document: Any) -> None:
        """Validate `document`; all faults are raised at once."""
        super().__init__(**_with_defaults(document))
        names = (row.name for row in self.components)
        twice = list(repeated(names, "$.components[{}].name", "has a policy already; a component has one"))
        if twice:
            raise DocumentError(twice, "policy")

    def row(self, name: str) -> ScalingDefaults:
        """The policy of a component: its own row, or the defaults."""
        return next((row for row in self.components if row.name == name), self.defaults)

    def only(self, name: str) -> Self:
        return self.model_copy(update={"components": tuple(row for row in self.components if row.name == name)})

    def check(self, problem: Problem) -> None:
        """Hold the names of this policy against those of a problem."""
        known = dict.fromkeys(component.name for component in problem.components)
        faults = [
            Fault(f"$.components[{k}].name", f"is no component of the problem; {nearest(row.name, known)}", row.name)
            for k, row in enumerate(self.components)
            if row.name not in known
        ]
        if faults:
            raise DocumentError(faults, "policy")

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists, with all defaults written out in each component."""
        return {"format": self.format, **self.model_dump(mode="json", exclude_none=True)}


def _with_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """Each component's row with the defaults that it does not override: pydantic then checks what comes of both."""
    defaults, rows = document.get("defaults"), document.get("components")
    if not isinstance(defaults, dict | ScalingDefaults) or not isinstance(rows, list | tuple):
        return document
    given = defaults if isinstance(defaults, dict) else defaults.model_dump(exclude_unset=True)
    try:
        ScalingDefaults(**given)
    except (DocumentError, TypeError):
        return document  # told once, where it stands, and not again for each component
    merged = [{**given, **row} if isinstance(row, dict) else row for row in rows]
    return {**document, "components": merged}


def read_scaling(path: str | Path) -> ScalingPolicy:
    """The policy in a JSON or YAML file, or on standard input for ``-``.

    Raises DocumentError: the file can't be read or parsed, or the policy has faults.
    """
    return read_of_format(path, ScalingPolicy, FORMAT)
