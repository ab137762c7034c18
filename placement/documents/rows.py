"""The rows of the document `placement/v1`, one class a kind. Field names and units are those of the file format page.

What a row can keep by itself is checked here, the rules between rows in `references`.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from placement.documents.faults import structural_faults
from placement.documents.frozen import AS_TUPLE, EMPTY, Listed, Table
from placement.documents.quantities import (
    LARGEST,
    AtLeastOne,
    Count,
    DeviceCount,
    Hours,
    Name,
    OptionReference,
    PartOfCopies,
    Positive,
    Priority,
    Quantity,
    Quota,
    Rate,
    Share,
    Text,
    part_of,
)
from placement.errors import DocumentError

CATALOGUE = "catalogue"  # the key that a reference to the catalogue stands under, written out before rows are made


def _may_refer(schema: dict[str, Any]) -> None:
    """In the JSON Schema an instance type has its sizes and price, or the name of its row in the catalogue."""
    schema["properties"][CATALOGUE] = {
        "type": "string",
        "description": "Name in the catalogue; other keys override it.",
    }
    schema["anyOf"] = [{"required": schema.pop("required")}, {"required": [CATALOGUE]}]


class Row(BaseModel):
    """What all rows share: unknown keys are refused, values are never coerced, rows don't change."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        validate_default=False,
        revalidate_instances="always",  # `model_copy(update=...)` checks nothing
    )
    _called: ClassVar[str] = ""  # in faults; empty: as the class
    written_out: ClassVar[tuple[str, ...]] = ()  # keys that stand in documents, and are gone when rows are made

    def __init__(self, /, **fields: Any) -> None:
        """Validate the fields of one row; all faults are raised at once, as a `DocumentError`."""
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise DocumentError(structural_faults(type(self), error), self._called or type(self).__name__) from None

    # Rows inside a document are not made by the `__init__` above: their faults are told with those of the document.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class Accelerator(Row):
    """A kind of accelerator and the memory of one, GiB."""

    memory_gib: Positive


class Reserved(Row):
    """What is taken off every machine before anything is placed; the last field per accelerator."""

    vcpus: Quantity = 0
    memory_gib: Quantity = 0
    accelerator_memory_gib: Quantity = 0


class InstanceType(Row):
    """A shape of machine and its price, dollars per hour.

    In a document a row may refer to the catalogue (`catalogue: NAME`): `Problem` writes that out.
    """

    model_config = ConfigDict(json_schema_extra=_may_refer)
    written_out = (CATALOGUE,)

    accelerator: Name | None = None
    accelerator_count: DeviceCount = 0
    vcpus: Quantity
    memory_gib: Quantity
    price_per_hour: Quantity
    reserved: Reserved = Reserved()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.accelerator is None and self.accelerator_count:
            raise PydanticCustomError(
                "accelerator_count", "accelerator_count must be 0 without an accelerator; name it in `accelerator`"
            )
        if self.accelerator is not None and not self.accelerator_count:
            raise PydanticCustomError("accelerator_count", "accelerator_count must be at least 1 with an accelerator")
        for what in ("vcpus", "memory_gib"):
            reserved, has = getattr(self.reserved, what), getattr(self, what)
            if reserved > has:
                told = f"{what} {has:.12g}, of which {reserved:.12g} are reserved"
                rule = "reserved must not exceed what the machine has: {told}"
                raise PydanticCustomError("reserved", rule, {"told": told})
        return self


class Pool(Row):
    """A supply of identical machines in one zone."""

    name: Name
    instance_type: Name
    zone: Name
    min_instances: Count = 0
    max_instances: Quota | None = None
    price_per_hour: Quantity | None = None
    labels: Table[Text, Text] = EMPTY

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.max_instances is not None and self.min_instances > self.max_instances:
            raise PydanticCustomError(
                "limits",
                "min_instances must not exceed max_instances: {least} is more than {most}",
                {"least": self.min_instances, "most": self.max_instances},
            )
        return self


class Limit(Row):
    """A budget or a quota over several pools, counted over the machines that are paid for; at least one of the four."""

    name: Name
    pools: Listed[Name]
    max_instances: Quota | None = None
    max_accelerators: Quota | None = None
    max_vcpus: Quantity | None = None
    max_price_per_hour: Quantity | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if all(getattr(self, key) is None for key in LIMITED):
            raise PydanticCustomError("limited", f"give at least one of {', '.join(LIMITED)}")
        return self


LIMITED = ("max_instances", "max_accelerators", "max_vcpus", "max_price_per_hour")  # what a limit may limit


class Commitment(Row):
    """Capacity that is paid for already, used or not: so many machines, or so many dollars per hour."""

    name: Name
    pools: Listed[Name]
    instances: Count | None = None
    price_per_hour: Quantity | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.instances is None) == (self.price_per_hour is None):
            raise PydanticCustomError("committed", "give either `instances` or `price_per_hour`, and only one of them")
        return self


class Option(Row):
    """One way to run one copy; needs are those of one copy."""

    name: Name | None = None
    accelerators: DeviceCount = 1
    accelerator_memory_gib: Quantity = 0
    accelerator_share: Share = 0
    shared: bool = False
    vcpus: Quantity = 0
    memory_gib: Quantity = 0
    on: Listed[Name] | None = None
    instance_types: Listed[Name] | None = None
    throughput: Rate | None = None


class Spread(Row):
    """How copies of one component stand apart; counts are over the copies placed."""

    max_skew: AtLeastOne | None = None
    min_zones: Count | None = None
    max_per_zone: Count | None = None
    max_per_instance: Count | None = None


class Component(Row):
    """A model to serve. The fields of its one option may stand directly on it, without `options`."""

    name: Name
    copies: Count | None = None
    demand: Rate | None = None
    min_copies: Count | None = None
    priority: Priority = 0
    options: Annotated[tuple[Option, ...], Field(min_length=1), AS_TUPLE] | None = None
    zones: Listed[Name] | None = None
    spread: Spread = Spread()
    min_available_on_zone_loss: Count = 0
    min_available_on_pool_loss: Count = 0
    min_available_on_instance_loss: Count = 0
    dedicated: bool = False
    avoid: Listed[Name] = ()
    groups: Listed[Name] = ()
    move_cost: Quantity | None = None
    max_unavailable: PartOfCopies = 0
    startup_seconds: Quantity | None = None
    labels: Table[Text, Text] = EMPTY

    accelerators: DeviceCount | None = None
    accelerator_memory_gib: Quantity | None = None
    accelerator_share: Share | None = None
    shared: bool | None = None
    vcpus: Quantity | None = None
    memory_gib: Quantity | None = None
    on: Listed[Name] | None = None
    instance_types: Listed[Name] | None = None
    throughput: Rate | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.copies is None) == (self.demand is None):
            raise PydanticCustomError("copies", "give either `copies` or `demand`, and only one of them")
        if self.copies is not None and (self.min_copies or 0) > self.copies:
            raise PydanticCustomError(
                "min_copies",
                "min_copies must not exceed copies: {least} is more than {most}",
                {"least": self.min_copies, "most": self.copies},
            )
        direct = sorted(_DIRECT & self.model_fields_set)
        if self.options is not None and direct:
            fields = ", ".join(direct)
            raise PydanticCustomError(
                "options", "{fields} must stand inside the options, not beside them", {"fields": fields}
            )
        if self.demand is not None and any(option.throughput is None for option in self.modes):
            raise PydanticCustomError("throughput", "with `demand`, every option must give `throughput`")
        if self.demand is not None and self.demand > LARGEST * max(option.throughput or 0 for option in self.modes):
            raise PydanticCustomError("throughput", "no number of copies up to 1e9 serves the `demand`")
        names = [option.name for option in self.modes if option.name is not None]
        if len(set(names)) < len(names):
            raise PydanticCustomError("options", "two options of one component must not share a name")
        return self

    @property
    def modes(self) -> tuple[Option, ...]:
        """The options, also when the one option is written directly on the component."""
        if self.options is not None:
            return self.options
        given = {field: getattr(self, field) for field in _DIRECT & self.model_fields_set}
        # Each field was checked as that of the component: the same types, so there is nothing to check twice.
        return (Option.model_construct(**{field: value for field, value in given.items() if value is not None}),)

    def option_index(self, option: int | str) -> int:
        """The index of one of its options, of which a running copy may say the name."""
        return option if isinstance(option, int) else [mode.name for mode in self.modes].index(option)

    @property
    def most_unavailable(self) -> int:
        """`max_unavailable` in copies: a percentage is of all copies, or of those required where a demand decides."""
        return part_of(self.max_unavailable, self.required_copies if self.copies is None else self.copies)

    @property
    def required_copies(self) -> int:
        """Copies that must be placed; the rest, up to `copies`, are optional."""
        if self.min_copies is not None:
            return self.min_copies
        return 1 if self.copies is None else self.copies


_DIRECT = frozenset(Option.model_fields) - {"name"}


def asking_for(row: Component, copies: int, least: int | None = None) -> Component:
    """The component with so many copies in place of its own or of its demand; `least` of them required, None: all."""
    return row.model_copy(update={"copies": copies, "min_copies": least, "demand": None})


class Instance(Row):
    """A machine that runs now."""

    id: Name
    pool: Name
    state: Literal["active", "cordoned", "draining"] = "active"
    removable: bool = True


class Placement(Row):
    """A copy that runs now; `accelerators` is absent when unknown."""

    component: Name
    instance: Name
    accelerators: Listed[Count] | None = None
    option: OptionReference = 0
    pinned: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.accelerators is not None and len(set(self.accelerators)) < len(self.accelerators):
            raise PydanticCustomError("accelerators", "accelerators must be distinct")
        return self


class Objective(Row):
    """What is minimised after the optional copies left out: price x horizon + moves x move cost; and the most moves."""

    horizon_hours: Hours = 1
    move_cost: Quantity = 0
    max_moves: Count | None = None
