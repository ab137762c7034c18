"""The rules between rows of a problem: names that refer to other rows, and counts that depend on them."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ValidationError

from placement.documents import rows
from placement.documents.rows import (
    Commitment,
    Component,
    Instance,
    InstanceType,
    Limit,
    Placement,
    Pool,
)
from placement.errors import Fault, json_path, nearest
from placement.units import count

GROUP = "group:"
# Sections with the key that must be unique in each, in the order in which faults are told.
_UNIQUE = (
    *((section, "name") for section in ("pools", "limits", "commitments", "components")),
    ("instances", "id"),
)
_REQUIRED = ("instance_types", "pools", "components")
R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Rows:
    """The sound rows of a document with their places, and the names of all rows, the unsound ones too.

    A name is known even when its row has a fault: "no pool a" beside "pool a has a bad price" would mislead. So is any
    name of a section that can't be read, or that has a row without a name.
    """

    types: dict[str, InstanceType]
    pools: list[tuple[int, Pool]]
    components: list[tuple[int, Component]]
    instances: list[tuple[int, Instance]]
    placements: list[tuple[int, Placement]]
    limits: list[tuple[int, Limit]]
    commitments: list[tuple[int, Commitment]]
    names: dict[str, Counter[str]]  # section -> every name written there, and how often
    repeats: dict[str, dict[str, list[int]]]  # section -> places of names that stand there several times

    @classmethod
    def of_problem(cls, problem: BaseModel) -> Self:
        """All rows of a problem whose rows are sound."""
        return cls._of(dict(problem), lambda _, row: row)

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> Self:
        """The sound rows of a document that has faults elsewhere."""
        return cls._of(document, _sound)

    @classmethod
    def _of(cls, sections: dict[str, Any], sound: Callable[[type[Any], Any], Any]) -> Self:
        """Rows by section, each as `sound` makes it of its class; those of which it makes None are left out."""

        def numbered(model: type[R], section: str) -> list[tuple[int, R]]:
            made = ((index, sound(model, row)) for index, row in enumerate(_listed(sections, section)))
            return [(index, row) for index, row in made if row is not None]

        types = sections.get("instance_types")
        named = types.items() if isinstance(types, dict) else ()
        made = ((str(name), sound(rows.InstanceType, row)) for name, row in named)
        names = {section: _names(sections, section, key) for section, key in _UNIQUE}
        return cls(
            types={name: row for name, row in made if row is not None},
            pools=numbered(rows.Pool, "pools"),
            components=numbered(rows.Component, "components"),
            instances=numbered(rows.Instance, "instances"),
            placements=numbered(rows.Placement, "placements"),
            limits=numbered(rows.Limit, "limits"),
            commitments=numbered(rows.Commitment, "commitments"),
            names={
                "accelerators": _keys(sections, "accelerators"),
                "instance_types": _keys(sections, "instance_types"),
                "groups": Counter(_labels(sections)),
                **names,
            },
            repeats={section: _repeats(sections, section, key, names[section]) for section, key in _UNIQUE},
        )


def _sound(model: type[R], row: Any) -> R | None:
    try:
        return model.model_validate(row)
    except ValidationError:
        return None


class _AnyName(Counter[str]):
    """The names of a section that can't be read: whatever names a row of it may be right."""

    def __contains__(self, name: object) -> bool:
        return True


def _is_absent(sections: dict[str, Any], section: str) -> bool:
    return section not in sections and section not in _REQUIRED


def _keys(sections: dict[str, Any], section: str) -> Counter[str]:
    written = {} if _is_absent(sections, section) else sections.get(section)
    return Counter(map(str, written)) if isinstance(written, dict) else _AnyName()


def _names(sections: dict[str, Any], section: str, key: str) -> Counter[str]:
    values = _values(sections, section, key)
    found = Counter(value for value in values if isinstance(value, str))
    unread = not isinstance(sections.get(section), list | tuple) and not _is_absent(sections, section)
    return _AnyName(found) if unread or found.total() < len(values) else found


def _listed(sections: dict[str, Any], section: str) -> list[Any] | tuple[Any, ...]:
    """The rows of a section, sound or not; none where it is no list."""
    written = sections.get(section)
    return written if isinstance(written, list | tuple) else ()


def _values(sections: dict[str, Any], section: str, key: str) -> list[Any]:
    """What stands under a key in each row of a section, which may be a mapping or a row already."""
    written = _listed(sections, section)
    return [row.get(key) if isinstance(row, dict) else getattr(row, key, None) for row in written]


def _repeats(sections: dict[str, Any], section: str, key: str, names: Counter[str]) -> dict[str, list[int]]:
    """The places of each name that stands several times."""
    found: dict[str, list[int]] = {name: [] for name, count in names.items() if count > 1}
    if found:
        for index, name in enumerate(_values(sections, section, key)):
            if isinstance(name, str) and name in found:
                found[name].append(index)
    return found


def _labels(sections: dict[str, Any]) -> list[str]:
    """Labels of all groups, also those of components that have a fault."""
    groups = [labels for labels in _values(sections, "components", "groups") if isinstance(labels, list | tuple)]
    return [label for labels in groups for label in labels if isinstance(label, str)]


def reference_faults(rows: Rows) -> list[Fault]:
    """Every rule between rows that is broken, section by section."""
    return [
        *_type_faults(rows),
        *_duplicate_faults(rows),
        *_pool_faults(rows),
        *_group_faults(rows, "limits", rows.limits),
        *_group_faults(rows, "commitments", rows.commitments),
        *_commitment_faults(rows),
        *_component_faults(rows),
        *_instance_faults(rows),
        *_placement_faults(rows),
    ]


def _unknown(path: str, kind: str, name: str, known: Collection[str]) -> Iterator[Fault]:
    """That a name is none of those known, where it is none."""
    if name not in known:
        yield Fault(path, f"names no {kind} of this problem; {nearest(name, known)}", name)


def _type_faults(rows: Rows) -> Iterator[Fault]:
    for name, row in rows.types.items():
        if row.accelerator is not None:
            path = json_path(("instance_types", name, "accelerator"))
            yield from _unknown(path, "accelerator", row.accelerator, rows.names["accelerators"])


def _duplicate_faults(rows: Rows) -> Iterator[Fault]:
    for section, key in _UNIQUE:
        for name, (first, second, *more) in rows.repeats[section].items():
            others = f", and {len(more):,} more" if more else ""
            rule = f"every {key} must be unique, and $.{section}[{first}] has this one{others}; choose another"
            yield Fault(f"$.{section}[{second}].{key}", rule, name)


def _pool_faults(rows: Rows) -> Iterator[Fault]:
    for index, pool in rows.pools:
        path = f"$.pools[{index}].instance_type"
        yield from _unknown(path, "instance type", pool.instance_type, rows.names["instance_types"])


def _group_faults(rows: Rows, section: str, groups: Sequence[tuple[int, Limit | Commitment]]) -> Iterator[Fault]:
    """Each pool that a limit or a commitment names is one of the problem, and is named once."""
    for index, group in groups:
        path = f"$.{section}[{index}].pools"
        if not group.pools:
            yield Fault(path, "must name at least one pool")
        for position, name in enumerate(group.pools):
            yield from _unknown(f"{path}[{position}]", "pool", name, rows.names["pools"])
            if name in group.pools[:position] and name in rows.names["pools"]:
                yield Fault(f"{path}[{position}]", "every pool must stand once in its list", name)


def _commitment_faults(rows: Rows) -> Iterator[Fault]:
    """A pool is in one commitment, and machines that are committed by number are of one instance type."""
    types = {pool.name: pool.instance_type for _, pool in rows.pools}
    owner: dict[str, str] = {}
    for index, commitment in rows.commitments:
        first = next((name for name in commitment.pools if name in types), None)
        for position, name in enumerate(commitment.pools):
            path = f"$.commitments[{index}].pools[{position}]"
            if owner.setdefault(name, commitment.name) != commitment.name:
                rule = f"a pool is in one commitment at most; this one is in {owner[name]} and in {commitment.name}"
                yield Fault(path, rule, name)
            mixed = first is not None and name in types and types[name] != types[first]
            if commitment.instances is not None and mixed:
                rule = (
                    f"a commitment by `instances` is of one instance type: this pool is of {types[name]}, "
                    f"{first} of {types[str(first)]}; make it two commitments, or give `price_per_hour`"
                )
                yield Fault(path, rule, name)


def _component_faults(rows: Rows) -> Iterator[Fault]:
    for index, component in rows.components:
        path = f"$.components[{index}]"
        for position, entry in enumerate(component.avoid):
            yield from _avoid_faults(f"{path}.avoid[{position}]", entry, component.name, rows)
        for o, option in enumerate(component.modes):
            place = f"{path}.options[{o}]" if component.options is not None else path
            for section, kind, field in (
                ("accelerators", "accelerator", "on"),
                ("instance_types", "instance type", "instance_types"),
            ):
                for position, name in enumerate(getattr(option, field) or ()):
                    yield from _unknown(f"{place}.{field}[{position}]", kind, name, rows.names[section])


def _avoid_faults(path: str, entry: str, own: str, rows: Rows) -> Iterator[Fault]:
    if entry.startswith(GROUP):
        label = entry.removeprefix(GROUP)
        known = rows.names["groups"]
        yield from _unknown(path, "group", label, known if label in known else sorted(known))
    elif entry == own:
        rule = "a component can't avoid itself; for one copy an instance set spread.max_per_instance: 1"
        yield Fault(path, rule, entry)
    else:
        yield from _unknown(path, "component", entry, rows.names["components"])


def _instance_faults(rows: Rows) -> Iterator[Fault]:
    for index, instance in rows.instances:
        yield from _unknown(f"$.instances[{index}].pool", "pool", instance.pool, rows.names["pools"])


def _placement_faults(rows: Rows) -> Iterator[Fault]:
    components = {component.name: [option.name for option in component.modes] for _, component in rows.components}
    instances = {instance.id: instance for _, instance in rows.instances}
    devices = _devices_of(rows)
    for index, row in rows.placements:
        yield from _unknown(f"$.placements[{index}].instance", "instance", row.instance, rows.names["instances"])
        if row.pinned and row.instance in instances and instances[row.instance].state == "draining":
            rule = f"a pinned copy must not stand on the draining instance {row.instance}; unpin it"
            yield Fault(f"$.placements[{index}]", rule)
        if row.accelerators and max(row.accelerators) >= devices.get(row.instance, math.inf):
            rule = f"{row.instance} has {count(devices[row.instance], 'accelerator')}, numbered from 0"
            yield Fault(f"$.placements[{index}].accelerators", rule, row.accelerators)
        yield from _unknown(f"$.placements[{index}].component", "component", row.component, rows.names["components"])
        if row.component in components:
            yield from _option_faults(index, row, components[row.component])


def _devices_of(rows: Rows) -> dict[str, int]:
    pools = {pool.name: pool for _, pool in rows.pools}
    found = {}
    for _, instance in rows.instances:
        pool = pools.get(instance.pool)
        if pool is not None and pool.instance_type in rows.types:
            found[instance.id] = rows.types[pool.instance_type].accelerator_count
    return found


def _option_faults(index: int, row: Placement, names: list[str | None]) -> Iterator[Fault]:
    """`names` of the component's options, None of one without."""
    if isinstance(row.option, str):
        known = [name for name in names if name is not None]
        yield from _unknown(f"$.placements[{index}].option", f"option of {row.component}", row.option, known)
    elif row.option >= len(names):
        rule = f"{row.component} has {count(len(names), 'option')}, numbered from 0"
        yield Fault(f"$.placements[{index}].option", rule, row.option)
