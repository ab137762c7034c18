"""Say in one sentence what does not fit, and how near it came."""

from collections.abc import Sequence

import numpy as np

from placement.arrays import Ints
from placement.bounds.infeasible import why_infeasible
from placement.compiled.fleet import FleetOption
from placement.compiled.fleet_rules import broken_fleet_rule, named_fleet_rules
from placement.compiled.groups import FleetLimit
from placement.heuristics.check import lacking, missing_pins
from placement.heuristics.construct import Policy, supply
from placement.heuristics.workspace import Workspace
from placement.units import MIB_PER_GIB, MILLI, count

_OPTIONS = 3  # that are told of one component, and as many rules


def why_stuck(ws: Workspace, policy: Policy) -> str:
    """What a component that is not in order lacks; a quota, a limit, moves or a pin when all components are.

    Nothing is said to be in the way unless it is: not when time ran out, and not where there is room. Where rules look
    at the whole plan, one that no plan keeps is told first; else unassigned copies are placed as far as it goes, to
    see what ends it: the first component that a limit or a floor keeps out is told before those that lack room, and
    these before those that found a place now. So the workspace is of no use afterwards.
    """
    has_rules = bool(named_fleet_rules(ws.fleet))
    reason = why_infeasible(ws.fleet, ws.budget) if has_rules else None
    if reason is not None:
        return reason
    without_room = found_room = ""
    for component in ws.fleet.components:
        lacks = lacking(ws, component.index)
        if not lacks:
            continue
        if has_rules and not ws.out_of_time() and supply(ws, policy, component.index):
            beside = "the others have room beside what is placed, but the search gave up before"
            found_room = found_room or f"{component.name}: {lacks}; {beside}"
            continue
        why, rules = _why_out(ws, component.index, lacking(ws, component.index))
        said = "; ".join([why, *rules])
        if not has_rules or ws.out_of_time() or rules:
            return said
        without_room = without_room or said
    return without_room or _whole_plan_not_in_order(ws) or found_room


def _whole_plan_not_in_order(ws: Workspace) -> str:
    """A quota, a limit, moves or a pin, of a plan that places all that it must; empty when all are in order."""
    for pool, used in zip(ws.fleet.pools, ws.rented.used, strict=True):
        if pool.max_instances is not None and used > pool.max_instances:
            machines = count(used, "machine")
            return f"pool {pool.name} has {machines} that can't be released, its quota is {pool.max_instances}"
    broken = broken_fleet_rule(ws.fleet, ws.to_packing(), "the plan that was found without it")
    if broken:
        return broken
    pins = missing_pins(ws)
    return f"{ws.fleet.components[pins[0]].name}: a pinned copy can't stand where it is pinned" if pins else ""


def _why_out(ws: Workspace, c: int, lacks: str) -> tuple[str, list[str]]:
    """What keeps one more copy out, and beside it the rules that forbid it."""
    component = ws.fleet.components[c]
    usable = [o for o, option in enumerate(component.options) if option.pools]
    subject = f"{component.name} copy {ws.placed[c] + 1}"
    if not usable:
        return f"{subject} fits nowhere: no pool offers a machine on which any option may run and fits ({lacks})", []
    if ws.budget is not None and ws.budget.over():
        out = "time ran out" if ws.budget.cut_short() else "the limit on work was used up"
        why = "the search was interrupted" if ws.budget.interrupted else out
        return f"{why} before every copy had a place: {component.name}: {lacks}", []
    machine = next((found for o in usable if (found := _room_for(ws, c, o))), "")
    if machine:
        has_room = f"{component.name}: {lacks}; {machine} has room for one more, but"
        if not component.has_zone_rules:
            return f"{has_room} the search gave up before it was used", []
        return f"{has_room} nothing that was tried keeps its zone rules", _forbidding_rules(ws, c, usable)
    told = [_option(ws, c, o) for o in usable[:_OPTIONS]]
    if len(usable) > _OPTIONS:
        told.append(f"{len(usable) - _OPTIONS} more options fit nowhere either")
    return f"{subject} fits nowhere beside what is placed: {lacks}; {'; '.join(told)}", _forbidding_rules(ws, c, usable)


def _forbidding_rules(ws: Workspace, c: int, options: Sequence[int]) -> list[str]:
    """The limits that forbid a new machine for one more copy, and the floor that forbids it in a pool, with figures."""
    component = ws.fleet.components[c]
    pools = sorted({p for o in options for p in component.options[o].pools})
    full = {p: ws.rented.full_limits(p) for p in pools}
    first = {limit.name: (limit, p) for limit in reversed(ws.fleet.limits) for p in reversed(pools) if limit in full[p]}
    found = [_full_limit(ws, limit, p) for limit, p in reversed(first.values())]
    most, floor = ws.cap_per_pool[c], component.pool_loss_floor
    if most is not None and any(ws.pooled[c].get(p, 0) >= most for p in pools):
        kept = count(floor, "copy", "copies")
        found.append(
            f"no pool may hold more than {most} of them, as {component.name} must keep {kept} when one is lost"
        )
    most, floor = ws.cap_per_instance[c], component.instance_loss_floor
    if floor and most is not None and any(n >= most for n in ws.where[c].values()):
        kept = count(floor, "copy", "copies")
        found.append(f"no instance may hold more than {most}, as {component.name} must keep {kept} when one is lost")
    return found[:_OPTIONS]


def _full_limit(ws: Workspace, limit: FleetLimit, p: int) -> str:
    most, used, one = (limit.in_words(n) for n in (limit.most, ws.rented.counted(limit), limit.weight[p]))
    pool = ws.fleet.pools[p].name
    return f"limit {limit.name} allows {limit.what} {most}, {used} are used, and a machine of {pool} takes {one} more"


def _room_for(ws: Workspace, c: int, o: int) -> str:
    """Where one more copy would stand, whatever rules on zones say; empty when nowhere."""
    rows = np.flatnonzero(ws.fits(c, o))
    if len(rows):
        return f"a machine of {ws.fleet.pools[int(ws.pool[rows[0]])].name} in use"
    if ws.fleet.components[c].max_per_instance == 0:
        return ""
    pools = ws.rentals(c, o)
    return f"a new machine of {ws.fleet.pools[int(pools[0])].name}" if len(pools) else ""


def _option(ws: Workspace, c: int, o: int) -> str:
    """What one option needs, and what the machines where it may run have left; no new one may be rented."""
    option = ws.modes[c][o]
    name = f"option {_option_name(ws, c, o)}"
    rows = ws.busy_rows(c, o)
    cap = ws.fleet.components[c].max_per_instance
    new = "max_per_instance is 0" if cap == 0 else "no pool has quota left"
    if cap != 0 and any(ws.rented.has_quota(p) for p in option.pools):
        new = "no new machine may be used"
    host = f"{option.vcpus / MILLI:g} vCPU and {option.host_mib / MIB_PER_GIB:g} GiB of host memory"
    if not option.accelerators:
        return f"{name} needs {host}; {count(len(rows), 'machine')} in use match{_host_left(ws, option, rows)}, {new}"
    need = f"{option.memory_mib / MIB_PER_GIB:g} GiB on each of {count(option.accelerators, 'accelerator')}, {host}"
    if not len(rows):
        return f"{name} needs {need}; no machine in use matches, {new}"
    devices = int(sum(ws.fleet.pools[p].shape.accelerators for p in ws.pool[rows].tolist()))
    if option.shared:
        roomiest = max(0, int(ws.free_memory[rows].max()))
        best = f"the roomiest has {roomiest / MIB_PER_GIB:g} GiB free"
    else:
        best = f"at most {int(ws.vacant[rows].max())} are vacant on one machine"
    match = f"{count(devices, 'accelerator')} in use match"
    return f"{name} needs {need}; {match}, {best}{_host_left(ws, option, rows)}, {new}"


def _host_left(ws: Workspace, option: FleetOption, rows: Ints) -> str:
    """What the host of a machine has left at most, where the option needs any of it."""
    if not len(rows) or not (option.vcpus or option.host_mib):
        return ""
    vcpus, host = max(0, int(ws.vcpus[rows].max())), max(0, int(ws.host[rows].max()))
    return f", hosts have at most {vcpus / MILLI:g} vCPU and {host / MIB_PER_GIB:g} GiB left"


def _option_name(ws: Workspace, c: int, o: int) -> str:
    """The name in the document, if there is one; a part of a problem comes without its document."""
    rows = ws.fleet.problem.components
    return (rows[c].modes[o].name if c < len(rows) and o < len(rows[c].modes) else None) or str(o)
