"""Nodes with two kinds of accelerators: partitions of two sizes, or whole ones beside partitions.

A machine of a problem has one kind, so such a node has a single accelerator there, and its name tells what it stands
for: ``A100-40GB-MIG-32x1g.5gb+8x3g.20gb``. Its memory counts the first kind, its share the second: a copy takes the
memory of one of the first, or the share of one of the second. So just as many copies fit as there are of each.
"""

import re
from dataclasses import dataclass
from typing import Any

from placement.documents import Option
from placement.units import MIB_PER_GIB, WHOLE_SHARE, need

WHOLE = "gpu"  # stands for whole accelerators in a name
_NAME = re.compile(r".*-MIG-(\d{1,4})x([a-z0-9.]+)\+(\d{1,4})x([a-z0-9.]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mixed:
    """So many accelerators of each of two kinds: their resources, and how many there are."""

    by_memory: tuple[str, int]
    by_share: tuple[str, int]

    def keys(self, resource: str, count: int, memory_mib: int) -> dict[str, Any] | None:
        """What so many of a resource are on the accelerator that stands for all; None where there are not as many.

        `memory_mib`: of that accelerator: of all of the first kind together.
        """
        found: dict[str, Any] = {"accelerators": 1, "shared": True}
        name, total = self.by_memory
        if resource == name and count <= total:
            return found | {"accelerator_memory_gib": memory_mib // total * count / MIB_PER_GIB}
        name, total = self.by_share
        if resource == name and count <= total:
            return found | {"accelerator_share": share_of_one(total)[0] * count / WHOLE_SHARE}
        return None

    def resources(self, mode: Option, memory_mib: int) -> dict[str, int]:
        """The resources that a copy asks for, of an option on the accelerator that stands for all."""
        (first, many), (second, few) = self.by_memory, self.by_share
        memory, share = need(mode.accelerator_memory_gib, MIB_PER_GIB), need(mode.accelerator_share, WHOLE_SHARE)
        counts = {first: -(-memory // (memory_mib // many)), second: -(-share // share_of_one(few)[0])}
        return {name: count for name, count in counts.items() if count}


def mixed(kinds: dict[str, int]) -> Mixed | None:
    """Of resources and how many a node has of each; None where they can't be counted so.

    >>> mixed({"nvidia.com/mig-3g.20gb": 8, "nvidia.com/mig-1g.5gb": 32})
    Mixed(by_memory=('nvidia.com/mig-1g.5gb', 32), by_share=('nvidia.com/mig-3g.20gb', 8))
    """
    if len(kinds) != 2:
        return None
    few, many = sorted(kinds.items(), key=lambda row: (row[1], row[0]))
    return Mixed(many, few) if share_of_one(few[1])[1] else None


def name_of(product: str, found: Mixed) -> str:
    """The name of the accelerator that stands for both kinds."""
    kinds = (found.by_memory, found.by_share)
    parts = [f"{count}x{resource.partition('/')[2].removeprefix('mig-')}" for resource, count in kinds]
    return f"{product}-MIG-{'+'.join(parts)}"


def mixed_of(accelerator: str) -> Mixed | None:
    """What an accelerator stands for, by its name; None for others.

    >>> mixed_of("A100-40GB-MIG-32x1g.5gb+8xgpu")
    Mixed(by_memory=('nvidia.com/mig-1g.5gb', 32), by_share=('nvidia.com/gpu', 8))
    """
    found = _NAME.fullmatch(accelerator)
    if found is None:
        return None
    many, first, few, second = found.groups()
    return mixed({_resource(first): int(many), _resource(second): int(few)})


def _resource(short: str) -> str:
    return f"nvidia.com/{short}" if short == WHOLE else f"nvidia.com/mig-{short}"


def share_of_one(replicas: int) -> tuple[int, bool]:
    """Thousandths of an accelerator such that it holds just so many; and whether there is such a number.

    >>> share_of_one(4), share_of_one(3), share_of_one(48)
    ((250, True), (333, True), (20, False))
    """
    share = max(1, WHOLE_SHARE // replicas)
    return share, WHOLE_SHARE // share == replicas
