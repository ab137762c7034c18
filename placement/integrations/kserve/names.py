"""Names of services, short enough for the address that KServe makes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.integrations.kubernetes.naming import OWNER, namespace_of
from placement.integrations.labels import ObjectNames

if TYPE_CHECKING:
    from placement.integrations.variants import PlanVariant

# KServe calls a service's predictor NAME-predictor-NAMESPACE.DOMAIN: the first part is a label in DNS.
LABEL, _BETWEEN = 63, len("-predictor-")
_SPACE, _LEAST = len("default"), 10  # letters of a namespace that nothing tells, and of the shortest name


def service_names(rows: list[PlanVariant]) -> list[str]:
    """A name for each variant, the same each time: component, option where there are several, pool, machine."""
    names = ObjectNames()
    spaces = [namespace_of(row.component.labels.get(OWNER, "")) for row in rows]
    return [names.of(*_parts(row), most=letters_for_name(space)) for row, space in zip(rows, spaces, strict=True)]


def letters_for_name(space: str) -> int:
    """Letters that a name may have in a namespace."""
    return max(_LEAST, LABEL - _BETWEEN - (len(space) or _SPACE))


def _parts(row: PlanVariant) -> tuple[str, ...]:
    option = (row.mode.name or str(row.option),) if len(row.component.modes) > 1 else ()
    machine = () if row.machine is None else (row.machine,)
    return (row.component.name, *option, row.pool.name, *machine)


def letters_for_namespace(name: str) -> int:
    """Letters that the namespace of a service of that name may have."""
    return LABEL - _BETWEEN - len(name)
