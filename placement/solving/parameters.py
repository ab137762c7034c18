"""Numbers of a method that could be others: each a field with its unit and what it is for.

A room that is a method has them in its `parameters.py`, a class a module, nested in one for the room;
`placement.parameters` has all rooms, and `placement solvers --parameters` prints them. What was measured of a number,
or of the numbers of a module or a room together, stands in the docstring of the class. A number that could not be
another stays where it is used: a tolerance of an engine, a scale of integers, a value that stands for "without limit".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, TypeVar

_T = TypeVar("_T")


def parameter(default: _T, unit: str, what: str) -> _T:
    """A field of a class of parameters: `unit` is what it counts, `what` goes on where that ends."""
    return field(default=default, metadata={"unit": unit, "what": what})


def option(default: _T, what: str) -> _T:
    """A field of a solver's options, which its users set: `what` says what it is, in a sentence or two."""
    return field(default=default, metadata={"what": what})


class MethodParameters:
    """Base of a module's parameters, and of a room's: they are read from the class itself."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, init=False)(cls)


class ParameterRow(NamedTuple):
    """A parameter as it is printed: its path from the root, by names with dots."""

    name: str
    value: Any
    unit: str
    what: str


def groups_of(room: type[Any]) -> dict[str, type[Any]]:
    """The groups of a room, or the rooms of all parameters, in their order."""
    groups = {name: value for name, value in vars(room).items() if isinstance(value, type)}
    return {name: group for name, group in groups.items() if issubclass(group, MethodParameters)}


def parameter_rows(group: type[Any], path: str = "") -> Iterator[ParameterRow]:
    """All parameters of a nested class of them, in their order."""
    inner = groups_of(group)
    for name, groups in inner.items():
        yield from parameter_rows(groups, f"{path}{name}.")
    for one in fields(group):
        if one.name not in inner:
            yield ParameterRow(path + one.name, getattr(group, one.name), one.metadata["unit"], one.metadata["what"])


@contextmanager
def changed(group: type[Any], **values: Any) -> Iterator[None]:
    """Within it, parameters of a group have other values, in all threads of this process.

    For tests and measurements.

    Raises
    ------
    AttributeError
        The group has no parameter of that name.
    """
    before = {name: getattr(group, name) for name in values}
    try:
        for name, value in values.items():
            setattr(group, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(group, name, value)
