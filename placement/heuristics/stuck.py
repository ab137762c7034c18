"""Say in one sentence what does not fit, and how near it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.heuristics.check import lacking, missing_pins
from placement.units import MIB_PER_GIB, MILLI

if TYPE_CHECKING:
    from placement.heuristics.workspace import Workspace


def why_stuck(ws: Workspace) -> str:
    """What the first component that is not in order lacks; a quota or a pin when all components are."""
    for component in ws.fleet.components:
        lacks = lacking(ws, component.index)
        if lacks:
            return _sentence(ws, component.index, lacks)
    for pool, used in zip(ws.fleet.pools, ws.used, strict=True):
        if pool.max_instances is not None and used > pool.max_instances:
            return f"pool {pool.name} has {used} machines that can't be released, its quota is {pool.max_instances}"
    pins = missing_pins(ws)
    if pins:
        return f"{ws.fleet.components[pins[0]].name}: a pinned copy can't stand where it is pinned"
    return ""


def _sentence(ws: Workspace, c: int, lacks: str) -> str:
    component = ws.fleet.components[c]
    subject = f"{component.name} copy {ws.placed[c] + 1} fits nowhere"
    usable = [o for o in range(len(component.options)) if component.options[o].pools]
    if not usable:
        return f"{subject}: no pool offers a machine on which any option may run and fits ({lacks})"
    return f"{subject}: {lacks}; {'; '.join(_option(ws, c, o) for o in usable)}"


def _option(ws: Workspace, c: int, o: int) -> str:
    """What one option needs, and what the machines where it may run have left."""
    way, option = ws.ways[c][o], ws.fleet.components[c].options[o]
    name = f"option {_option_name(ws, c, o)}"
    rows = np.flatnonzero(way.in_zone[-1][ws.pool[: ws.rows]] & ws.busy[: ws.rows])
    pools = [ws.fleet.pools[p].name for p in way.pools if ws.can_rent(p)]
    new = f"a new machine of {pools[0]} would hold it, were its zone or cap free" if pools else "no pool has quota left"
    host = f"{way.vcpus / MILLI:g} vCPU and {way.host / MIB_PER_GIB:g} GiB of host memory"
    if not option.accelerators:
        return f"{name} needs {host}; {len(rows)} machines in use match, {new}"
    need = f"{way.memory / MIB_PER_GIB:g} GiB on each of {way.accelerators} accelerators, {host}"
    if not len(rows):
        return f"{name} needs {need}; no machine in use matches, {new}"
    devices = int(sum(ws.fleet.pools[p].shape.accelerators for p in ws.pool[rows].tolist()))
    if way.shared:
        roomiest = max(0, int(ws.room[rows].max()))
        best = f"the roomiest has {roomiest / MIB_PER_GIB:g} GiB free"
    else:
        best = f"at most {int(ws.vacant[rows].max())} are vacant on one machine"
    return f"{name} needs {need}; {devices} accelerators in use match, {best}, {new}"


def _option_name(ws: Workspace, c: int, o: int) -> str:
    """The name in the document, if there is one; a part of a problem comes without its document."""
    rows = ws.fleet.problem.components
    return (rows[c].ways[o].name if c < len(rows) and o < len(rows[c].ways) else None) or str(o)
