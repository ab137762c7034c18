"""A wish as a problem: what runs stays as it is asked for, one component gets more copies, who may be evicted may go.

The rules of the wish, decided once:

- Copies of a component that run and are wanted run on. Copies beyond what its `copies` asks for stop; copies that are
  asked for and do not run are not part of the wish.
- A component of lower priority than the wish's may lose copies, down to its `min_copies`: evictions. Nobody else may.
- Rules that other components break today are asked of them only as far as they are kept today. What fits on a machine
  is asked of all: of a machine that holds more than it may, copies move.
- Who has a `demand` goes on serving as much of it as today: its copies change to no option that serves less.
- Fewest evictions come first, those of higher priority before those of lower; then fewest moves; then the price.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from placement.compiled.fleet import FleetComponent, compile_fleet
from placement.documents import Component, Placement, Plan, Problem
from placement.documents.problem import revised
from placement.documents.rows import Limit, asking_for
from placement.errors import no_component
from placement.grouping import grouped
from placement.running_state.as_plan import running_copies
from placement.units import exact

_ALL_MONEY = 1e9  # dollars an hour: more than any rent


@dataclass(frozen=True, slots=True)
class RoomWish:
    """What is asked for, and the problem that asks it."""

    component: str  # its name; `copies` more of it are wanted, beside `runs` that run now
    copies: int
    runs: int
    problem: Problem  # the fleet with the wish as a rule, at its own prices
    free: Problem  # the same where machines cost nothing and each move a dollar, so that its cost counts moves
    surplus: dict[str, int]  # copies by component that are not wanted any more and stop
    served: dict[str, Fraction]  # of each component with a demand, what it has to go on serving

    def serving_less(self, plan: Plan) -> str | None:
        """A component that serves less by this plan than it has to, beside what is evicted of it; None without one.

        O(copies).
        """
        rates = {row.name: [exact(mode.throughput or 0) for mode in row.modes] for row in self.problem.components}
        found: dict[str, Fraction] = dict.fromkeys(self.served, Fraction(0))
        for row in plan.assignments:
            if row.component in found:
                found[row.component] += rates[row.component][row.option]
        for left in plan.unplaced:
            if left.component in found:
                found[left.component] += left.copies * max(rates[left.component])
        return next((name for name, rate in found.items() if rate < self.served[name]), None)

    def beside_draining(self) -> RoomWish | None:
        """The wish where machines that drain keep their part of the quotas; None where none are.

        O(pools + instances).
        """
        drain = Counter(row.pool for row in self.problem.instances if row.state == "draining")
        if not any(drain[row.name] and row.max_instances is not None for row in self.problem.pools):
            return None
        problem, free = _less_quota(self.problem, drain), _less_quota(self.free, drain)
        return RoomWish(self.component, self.copies, self.runs, problem, free, self.surplus, self.served)


def wish_for(problem: Problem, component: str, copies: int | None = None, *, new_machines: bool = True) -> RoomWish:
    """The wish for `copies` more of a component: by default as many as it asks for and does not run, at least 1.

    `new_machines`: whether machines may be rented within the quotas; else the wish must fit on what runs, and machines
        stay as they are.
    """
    names = [row.name for row in problem.components]
    if component not in names:
        raise no_component(component, names)
    running: dict[str, list[Placement]] = {name: [] for name in names}
    for placed in problem.placements:
        running[placed.component].append(placed)
    options = grouped((copy.component, copy.option) for copy in running_copies(problem))
    wished = problem.components[names.index(component)]
    runs = len(running[component])
    more = copies if copies is not None else max(1, (wished.copies or 0) - runs)
    fleet = compile_fleet(problem)
    zone = problem.zones_of(problem.instances)
    pool_of = {row.id: row.pool for row in problem.instances}
    together = _together(problem)
    rows, surplus, served = [], {}, {}
    for row, compiled in zip(problem.components, fleet.components, strict=True):
        if row.demand is not None:
            served[row.name] = _served(row, options[row.name])
            row = _serving_no_less(row, options[row.name])
        if row.name == component:
            rows.append(asking_for(row, runs + more, runs + more))
            continue
        standing = running[row.name]
        keep = len(standing)
        if row.copies is not None and row.copies < keep:
            keep = max(row.copies, sum(placed.pinned for placed in standing))
            surplus[row.name] = len(standing) - keep
        least = min(keep, row.required_copies) if row.priority < wished.priority else keep
        here = _Standing(
            Counter(zone[placed.instance] for placed in standing),
            Counter(pool_of[placed.instance] for placed in standing),
            Counter(placed.instance for placed in standing),
        )
        kept = _beside_as_today(asking_for(row, keep, least), together, component, problem)
        rows.append(_as_today(kept, compiled, here, fleet.zones))
    asked = revised(problem, components=rows, **({} if new_machines else _machines_as_now(problem)))
    surplus = {name: n for name, n in surplus.items() if n}
    return RoomWish(component, more, runs, asked, _counting_moves(asked), surplus, served)


def priority_of(problem: Problem, component: str) -> int:
    return next(row.priority for row in problem.components if row.name == component)


def _served(row: Component, options: list[int]) -> Fraction:
    """What copies that run by these options serve of the demand."""
    modes = row.modes
    return min(sum((exact(modes[o].throughput or 0) for o in options), Fraction(0)), exact(row.demand or 0))


def _serving_no_less(row: Component, options: list[int]) -> Component:
    """The component without options that serve less than any of those by which copies run: they may run nowhere."""
    least = min((row.modes[o].throughput or 0 for o in options), default=0)
    modes = [mode if (mode.throughput or 0) >= least else mode.model_copy(update={"on": []}) for mode in row.modes]
    return row if modes == list(row.modes) else row.model_copy(update={"options": modes})


def _together(problem: Problem) -> dict[str, set[str]]:
    """By component the others that stand on a machine with a copy of it today."""
    there: dict[str, set[str]] = defaultdict(set)
    for placed in problem.placements:
        there[placed.instance].add(placed.component)
    found: dict[str, set[str]] = defaultdict(set)
    for names in there.values():
        for name in names:
            found[name] |= names - {name}
    return found


def _beside_as_today(row: Component, together: dict[str, set[str]], wished: str, problem: Problem) -> Component:
    """The component's rules on who stands beside it without those that are broken today.

    Those between it and the one that gets more copies are part of the wish, and stay.
    """
    beside = together[row.name] - {wished}
    changed: dict[str, Any] = {}
    avoided: list[str] = []
    if row.dedicated and beside:  # towards all others it holds
        changed["dedicated"] = False
        avoided = [other.name for other in problem.components if other.name != row.name]
    for entry in row.avoid:
        label = entry.removeprefix("group:")
        members = [o.name for o in problem.components if o.name != row.name and label in o.groups]
        avoided += members if entry.startswith("group:") and beside & set(members) else [entry]
    if beside & set(avoided):
        changed["avoid"] = [name for name in dict.fromkeys(avoided) if name not in beside]
    return row.model_copy(update=changed) if changed else row


@dataclass(frozen=True, slots=True)
class _Standing:
    """Copies of one component that run, by zone, by pool and by machine."""

    zones: Counter[str]
    pools: Counter[str]
    machines: Counter[str]

    def left(self, counts: Counter[str]) -> int:
        """Copies that are left when the fullest of these is lost."""
        return sum(counts.values()) - max(counts.values(), default=0)


def _as_today(row: Component, compiled: FleetComponent, here: _Standing, zones: tuple[str, ...]) -> Component:
    """The component's rules as far as they are kept now."""
    spread = row.spread
    if row.zones is not None and set(here.zones) - set(row.zones):
        row = row.model_copy(update={"zones": [*row.zones, *sorted(set(here.zones) - set(row.zones))]})
    changed: dict[str, Any] = {}
    if spread.max_skew is not None:
        counts = [here.zones[zone] for zone in {zones[z] for z in compiled.eligible_zones} | set(here.zones)]
        skew = max(counts, default=0) - min(counts, default=0)
        changed["max_skew"] = max(spread.max_skew, skew)
    if spread.min_zones is not None:
        changed["min_zones"] = max(1, min(spread.min_zones, sum(n > 0 for n in here.zones.values())))
    if spread.max_per_zone is not None:
        changed["max_per_zone"] = max(spread.max_per_zone, *here.zones.values(), 1)
    if spread.max_per_instance is not None:
        changed["max_per_instance"] = max(spread.max_per_instance, *here.machines.values(), 1)
    floors = {
        "min_available_on_zone_loss": here.left(here.zones),
        "min_available_on_pool_loss": here.left(here.pools),
        "min_available_on_instance_loss": here.left(here.machines),
    }
    lower: dict[str, Any] = {name: min(getattr(row, name), left) for name, left in floors.items() if getattr(row, name)}
    if not changed and not lower:
        return row
    return row.model_copy(update={**lower, **({"spread": spread.model_copy(update=changed)} if changed else {})})


def _less_quota(problem: Problem, drain: Counter[str]) -> Problem:
    pools = [
        row
        if row.max_instances is None
        else row.model_copy(update={"max_instances": max(row.min_instances, row.max_instances - drain[row.name])})
        for row in problem.pools
    ]
    return revised(problem, pools=pools)


def _machines_as_now(problem: Problem) -> dict[str, Any]:
    """Machines that stay, but for those that drain, with quotas that allow no other.

    One that was given back would let another of its pool come in its place. Pools without machines keep their quota,
    which says where copies could be spread to, and a limit closes them. The problem's own limits say nothing here.
    """
    runs = Counter(row.pool for row in problem.instances if row.state != "draining" or not row.removable)
    instances = [
        row if row.state == "draining" else row.model_copy(update={"removable": False}) for row in problem.instances
    ]
    pools = [
        row.model_copy(
            update={
                "max_instances": runs[row.name] or row.max_instances,
                "min_instances": min(row.min_instances, runs[row.name]),
            }
        )
        for row in problem.pools
    ]
    closed = tuple(row.name for row in pools if not runs[row.name])
    limits = [Limit(name="no new machines", pools=closed, max_instances=0)] if closed else []
    return {"instances": instances, "pools": pools, "limits": limits}


def _counting_moves(problem: Problem) -> Problem:
    """Machines cost nothing, a move a dollar. Limits on prices keep the prices, which are then committed in full."""
    objective = problem.objective.model_copy(update={"horizon_hours": 1, "move_cost": 1})
    components = [row.model_copy(update={"move_cost": None}) for row in problem.components]
    if any(row.max_price_per_hour is not None for row in problem.limits):
        all_paid = {"name": "all", "pools": [row.name for row in problem.pools], "price_per_hour": _ALL_MONEY}
        return revised(problem, components=components, objective=objective, commitments=[all_paid])
    pools = [row.model_copy(update={"price_per_hour": 0}) for row in problem.pools]
    return revised(problem, components=components, objective=objective, pools=pools, commitments=[])
