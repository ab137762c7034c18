"""The document `placement-plan/v1`: what a plan says, as it is written and read."""

import math
from collections.abc import Container
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from placement.display import draw
from placement.documents.faults import structural_faults
from placement.documents.frozen import Listed, Table
from placement.documents.quantities import Count, Name
from placement.errors import DocumentError, printable
from placement.units import count, micro_dollars, money


def _finite(value: Any) -> Any:
    """A figure of a plan may exceed what a problem may ask: a thousand machines cost more than one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number", "must be a number")
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise PydanticCustomError("number", "must be a finite number")
    return value


def _index(value: Any) -> Any:
    """Running copies may name their option; a plan is for programs, which look it up by its index."""
    if isinstance(value, str):
        raise PydanticCustomError("option", "must be the index of an option, from 0; only placements may name one")
    return value


Number = Annotated[float, BeforeValidator(_finite)]
OptionIndex = Annotated[Count, BeforeValidator(_index)]
PriorityKey = Annotated[str, Field(pattern=r"^(0|-?[1-9][0-9]{0,9})$")]
StatusWord = Literal["optimal", "feasible", "infeasible", "unknown"]
StopWord = Literal["proved", "gap", "time", "interrupted", "stuck", "done"]


R = TypeVar("R", bound="PlanRow")


class PlanRow(BaseModel):
    """Plans may carry more than the format names: metrics, prices, whatever a tool adds."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, allow_inf_nan=False)


class PlanInstance(PlanRow):
    """A machine that the plan uses or must pay for."""

    id: Name
    pool: Name
    new: bool = True

    @property
    def says_new(self) -> bool:
        """Whether the plan says that it is new, and does not merely say nothing of it."""
        return self.new and "new" in self.model_fields_set

    @classmethod
    def trusted(cls, id: str, pool: str, new: bool) -> Self:
        """A row of what a problem has validated already: nothing is checked."""
        return _trusted(cls, {"id": id, "pool": pool, "new": new}, _INSTANCE)


class Assignment(PlanRow):
    """One placed copy."""

    component: Name
    option: OptionIndex = 0
    instance: Name
    accelerators: Listed[Count] = ()

    @classmethod
    def trusted(cls, component: str, option: int, instance: str, accelerators: tuple[int, ...]) -> Self:
        """As `PlanInstance.trusted`."""
        fields = {"component": component, "option": option, "instance": instance, "accelerators": accelerators}
        return _trusted(cls, fields, _ASSIGNMENT)


def _trusted(row: type[R], fields: dict[str, Any], names: set[str]) -> R:
    """As pydantic's `model_construct`, in a third of the time: plans have a million rows."""
    new = row.__new__(row)
    _set(new, "__dict__", fields)
    _set(new, "__pydantic_fields_set__", names)
    _set(new, "__pydantic_extra__", {})
    _set(new, "__pydantic_private__", None)
    return new


_set = object.__setattr__
_INSTANCE = set(PlanInstance.model_fields)  # shared by all rows: they do not change
_ASSIGNMENT = set(Assignment.model_fields)


class Unplaced(PlanRow):
    """Optional copies of one component that the plan leaves out, and why."""

    component: Name
    copies: Count = 1
    reason: str = ""


class Plan(PlanRow):
    """A plan document. Money is in dollars, `seconds` in seconds.

    Raises
    ------
    DocumentError
        With every fault of the document.
    """

    format: Literal["placement-plan/v1"] = "placement-plan/v1"
    problem: str = ""
    status: StatusWord = "unknown"
    stop: StopWord | None = None
    solver: str = ""
    seconds: Number | None = None
    seed: int | None = None
    price_per_hour: Number | None = None
    cost: Number | None = None
    moves: Count | None = None
    lower_bound: Number | None = None
    gap: Number | None = None
    left_out_bound: Table[PriorityKey, Count] | None = None
    bound_by: str | None = None
    bound_relaxes: str | None = None
    reason: str | None = None
    instances: Listed[PlanInstance] = ()
    assignments: Listed[Assignment] = ()
    unplaced: Listed[Unplaced] = ()

    def __init__(self, /, **document: Any) -> None:
        """Validate `document`; all faults are raised at once."""
        try:
            super().__init__(**document)
        except ValidationError as error:
            raise DocumentError(structural_faults(type(self), error), "plan") from None

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists, with every field that was set."""
        return {"format": self.format, **self.model_dump(mode="json", exclude_unset=True)}

    def telling_new(self, running: Container[str]) -> Self:
        """The plan with `new` of each machine: where a plan from elsewhere says nothing, those of `running` are not."""
        if all("new" in row.model_fields_set for row in self.instances):
            return self
        rows = tuple(
            row if "new" in row.model_fields_set else row.model_copy(update={"new": row.id not in running})
            for row in self.instances
        )
        return self.model_copy(update={"instances": rows})

    def __str__(self) -> str:
        """One line for a person; what it costs only where it says so itself."""
        name = f"plan of {printable(self.problem)}" if self.problem else "plan"
        told = [count(len(self.instances), "machine"), count(len(self.assignments), "copy", "copies")]
        if self.price_per_hour is not None:
            told.insert(0, f"{money(micro_dollars(self.price_per_hour))} an hour")
        if self.unplaced:
            told.append(f"{count(sum(row.copies for row in self.unplaced), 'copy', 'copies')} left out")
        return f"{name}: {', '.join(told)}"

    def to_frame(self, what: str = "copies") -> Any:
        """The plan as a pandas data frame: a row for each of ``copies``, ``machines``, or ``trace``.

        Raises
        ------
        UsageError
            pandas is not installed, or there is no such frame.
        """
        return draw("plan_frame", self, what)

    def _repr_html_(self) -> str:
        """What a notebook shows: what the plan says of itself, and what stands on its machines."""
        return str(draw("plan_html", self))
