"""What pydantic finds wrong inside the rows of a document, in our words: JSON path, rule, value."""

import types
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from placement.documents.amounts import NO_COMMA, number_meant, share_meant
from placement.errors import Fault, json_path, nearest


def structural_faults(model: type[BaseModel], error: ValidationError) -> list[Fault]:
    """Pydantic's errors in our words: JSON path, rule, value, and for a mistyped key the nearest known one."""
    items = [dict(item) for item in error.errors(include_url=False)]
    return [_fault(model, item) for item in items if not _counts_good_rows_alone(item)]


def _counts_good_rows_alone(item: dict[str, Any]) -> bool:
    """Whether a list is called too short though it has enough rows: pydantic counts those without a fault alone."""
    return bool(item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"])


def repeated(names: Iterable[str], path: str, rule: str) -> Iterator[Fault]:
    """A fault for each name that stood before in a list; `path` has its index in place of ``{}``."""
    seen: set[str] = set()
    for k, name in enumerate(names):
        if name in seen:
            yield Fault(path.format(k), rule, name)
        seen.add(name)


_RULES = {
    "missing": "is required",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "string_type": "must be text",
    "string_unicode": "must be Unicode text without halves of surrogate pairs",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must be a priority: a whole number, as text",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of names to rows",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "literal_error": "must be {expected}",
    "too_short": "must have at least {min_length} entry",
}
# After-validators look at a whole row: its value would be the row, which tells a reader nothing.
_WHOLE_ROW = {
    *("accelerator_count", "reserved", "limits", "copies", "min_copies", "options", "throughput", "missing"),
    *("limited", "committed"),
}


def _fault(model: type[BaseModel], item: dict[str, Any]) -> Fault:
    kind, location = item["type"], tuple(item["loc"])
    if kind == "extra_forbidden":
        known = _keys_at(model, location[:-1])
        return Fault(json_path(location), f"unknown key; {nearest(str(location[-1]), known)}", item["input"])
    context = item.get("ctx", {})
    if kind == "model_type" and isinstance(item["input"], BaseModel):
        rule = f"must be of class {context['class_name']}, or a mapping of its keys"
        return Fault(json_path(location), f"{rule}, not of class {type(item['input']).__name__}")
    if kind == "invalid_key":  # of {memory_gib: 22,5} YAML makes the number 22, and a key 5
        return Fault(json_path(location), f"a key must be text; {NO_COMMA}", item["input"])
    rule = _RULES[kind].format(**context) if kind in _RULES else item["msg"]
    given, key = item["input"], str(location[-1]) if location else ""
    if kind == "number" and isinstance(given, str):
        rule += number_meant(key, given)
    elif kind == "less_than_equal" and context["le"] == 1 and given >= 2:  # 1.5 is no percentage
        rule += share_meant(given)
    return Fault(json_path(location), rule, ... if kind in _WHOLE_ROW else given)


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys known at a place of the document."""
    here: Any = model
    for part in location:
        here = _inside(here, part)
    return [*here.model_fields, *getattr(here, "written_out", ())] if _is_row(here) else []


def _inside(annotation: Any, part: int | str) -> Any:
    """The annotation one step further in: a field of a row, an entry of a list, a value of a mapping."""
    if _is_row(annotation):
        field = annotation.model_fields.get(str(part))
        return _bare(field.annotation) if field else None
    arguments = [argument for argument in typing.get_args(annotation) if argument is not ...]  # of tuple[Row, ...]
    return _bare(arguments[-1]) if arguments else None


def _bare(annotation: Any) -> Any:
    """An annotation without `| None` and without its constraints."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _bare(next(a for a in typing.get_args(annotation) if a is not type(None)))
    return annotation


def _is_row(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
