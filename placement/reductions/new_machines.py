"""What machines that are not there yet may hold in any plan: the fleet with nothing that runs, and the widest caps.

For searches that know what stands where on the machines that run, and pack the new ones by themselves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from placement.compiled.survival import capped_by_placed
from placement.reductions.greenfield import without_running

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet


def with_new_machines_alone(fleet: Fleet) -> Fleet:
    """The fleet as if nothing ran, where the loss of an instance is a cap: that of all copies. O(components)."""
    components = tuple(capped_by_placed(c, c.instance_loss_floor, c.copies) for c in fleet.components)
    return replace(without_running(fleet), components=components)
