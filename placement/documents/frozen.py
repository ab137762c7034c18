"""Lists and mappings of a document that do not change, so that a document that was checked stays what was checked.

JSON's list is a tuple and JSON's mapping a `FrozenDict`, which is a dict in all but writing: both are written again as
they were read, compare with their like, and can be pickled.
"""

from __future__ import annotations

from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class FrozenDict(dict[K, V]):
    """A dict that refuses every change.

    >>> FrozenDict({"team": "chat"}) | {"team": "code"}
    {'team': 'code'}
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        """Raise the error of whoever writes to a document."""
        raise TypeError("documents do not change: build another one, from to_document() of this one")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[FrozenDict[K, V]], tuple[dict[K, V]]]:
        """Pickled as what it holds; the usual way would write to it."""
        return FrozenDict, (dict(self),)

    def __hash__(self) -> int:  # type: ignore[override]
        """Equal ones have equal hashes, whatever the order of their keys."""
        return hash(frozenset(self.items()))


def _as_tuple(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, tuple):
        return value
    raise PydanticCustomError("list_type", "must be a list")


AS_TUPLE = BeforeValidator(_as_tuple)
Listed = Annotated[tuple[T, ...], AS_TUPLE]
Table = Annotated[dict[K, V], AfterValidator(FrozenDict)]
EMPTY: Any = Field(default_factory=FrozenDict, json_schema_extra={"default": {}})  # default of a table
