"""One rolling update as a case: old and new options of a component side by side, and what it lacks at least."""

from collections.abc import Sequence
from dataclasses import replace

from placement.compiled.fleet import FleetPool, compile_fleet
from placement.documents import Component, Option, Problem
from placement.documents.plan import Plan, PlanInstance
from placement.documents.rollout import Rollout
from placement.documents.transition import Transition, TransitionStep
from placement.errors import SolverBugError, printable
from placement.fleet_simulator import simulate, simulate_way_back
from placement.rollout.roll import most_new
from placement.transition.batches import Order
from placement.transition.difference import difference
from placement.transition.moment import Moment, Sites
from placement.units import listed


class RollingCase:
    """The fleet with old and new options of one component side by side, compiled."""

    def __init__(self, problem: Problem, row: Component, options: Sequence[Option]) -> None:
        self.problem, self.name, self.first = problem, row.name, len(row.modes)
        wide = _with_both(problem, row, options)
        now = difference(wide, Plan(instances=[{"id": m.id, "pool": m.pool} for m in wide.instances]))
        mine = tuple(stand for stand in now.now if stand.component == row.name)
        rest = tuple(stand for stand in now.now if stand.component != row.name)
        self.copies, self.wide = len(mine), wide
        closing = tuple(m.id for m in problem.instances if m.removable)
        # As many copies arrive again: floors are those of today.
        self.due = replace(now, kept=rest, leaving=mine, arriving=mine, opening=(), closing=closing, replaced=())
        self.sites = Sites(compile_fleet(wide), self.due, {})
        self.component = self.sites.components[row.name]
        self.row = next(found for found in wide.components if found.name == row.name)
        self.start = Moment(self.sites, self.due.running, self.due.now)

    def free_room(self) -> int:
        """No more new copies than this fit beside all that runs."""
        pools = {m: self.sites.fleet.pools[self.sites.pool_of[m]] for m in self.due.running if not self.takes_none(m)}
        return sum(
            most_new(self.component, self.first, pool.shape, self.start.load(m), pool.index)
            for m, pool in pools.items()
        )

    def on_one_more(self) -> int:
        """No extra machine takes more new copies than this; 0 where none may be rented or none takes any."""
        pools = [pool for pool in self.sites.fleet.pools if self.start.may_open(pool.index)]
        return max(map(self.on_empty, pools), default=0)

    def on_empty(self, pool: FleetPool) -> int:
        """New copies that an empty machine of a pool takes at most."""
        return most_new(self.component, self.first, pool.shape, None, pool.index)

    def fewest_extra(self, size: int) -> int:
        """Extra machines that the first batch needs at least."""
        short = size - self.free_room()
        each = self.on_one_more()
        return 0 if short <= 0 else -(-short // each) if each else 1

    def serves_less(self) -> str:
        """Why as many new copies do not serve what the old ones do of a demand; empty where they do, or without one."""
        served = self.sites.strict[self.name].served  # old and new copies alike are due to arrive: of the old ones
        best = self.copies * max(option.throughput for option in self.component.options[self.first :])
        if best >= served:
            return ""
        share = 1000 * best // served / 10  # per cent, rounded down
        return (
            f"{self.copies} new copies of {printable(self.name)} serve at most {share:g} % of what the old ones serve "
            "of its demand. Start more copies first, or roll to options that serve more"
        )

    def spreads_less(self) -> str:
        """Why new copies can't be spread over zones as the old ones are; empty where they can."""
        floors, fleet = self.sites.strict[self.name], self.sites.fleet
        zones = {fleet.pools[p].zone for option in self.component.options[self.first :] for p in option.pools}
        without = [printable(fleet.zones[z]) for z in self.component.eligible_zones if z not in zones]
        if len(zones) < min(floors.zones, self.copies):
            rule = f"spread.min_zones asks for {floors.zones} zones"
        elif without and floors.skew is not None and -(-self.copies // len(zones)) > floors.skew:
            rule = f"spread.max_skew counts {listed(without)} too, where there would be none"
        else:
            return ""
        where = listed([printable(fleet.zones[z]) for z in sorted(zones)])
        told = f"new copies of {printable(self.name)} may run in {where} alone, and {rule}"
        return f"{told}. Roll to options that run in every zone, or change the rule first"

    def is_impossible(self, size: int, most: int) -> bool:
        """Whether no first batch of this size exists, which is proven."""
        short = size - self.free_room()
        return short > 0 and (self.on_one_more() == 0 or self.fewest_extra(size) > most)

    def why_none(self, size: int, most: int, *, proven: bool) -> str:
        """Why no batch has room, with figures; `proven`: that there is no order, where one was looked for."""
        told = f"a batch of {size} needs room for {size} more of {printable(self.name)} before old ones go; "
        told += f"the machines that run have room for {self.free_room()}"
        has_room = self.free_room() >= size
        keeps = "keeps every rule" if proven else "that keeps every rule was found"
        beside = f", but no order of batches there {keeps}" if has_room else ""
        if not most and has_room:
            return f"{told}{beside}, and no extra machine is allowed. Allow one"
        if not most:
            return told + ", and no extra machine is allowed. Allow one, or make room first"
        why = self._supply()
        if not self.on_one_more():
            lends = f"{beside}, and no pool where they may run lends one more machine{why}"
            return f"{told}{lends}. Raise what is used up{'' if has_room else ', or make room first'}"
        there = "exists" if proven else "was found"
        return f"{told}, and with the machines that may be rented no order of batches {there}{why}"

    def _supply(self) -> str:
        """How far the quotas and limits of the pools where new copies may run are used up, in brackets."""
        pools = self.sites.fleet.pools
        mine = {p for option in self.component.options[self.first :] for p in option.pools}
        quotas = [
            f"{printable(p.name)} has {self.start.paid[p.index]} of {p.max_instances}"
            for p in pools
            if p.max_instances is not None and p.index in mine
        ]
        paid = [max(self.start.paid[p.index], p.min_instances) for p in pools]
        limits = [
            f"{printable(row.name)} has {row.what} {row.in_words(row.sum(paid))} of {row.in_words(row.most)}"
            for row in self.sites.fleet.limits
            if mine & row.weight.keys()
        ]
        told = [f"{what}: {', '.join(rows)}" for what, rows in (("quota", quotas), ("limit", limits)) if rows]
        return f" ({'; '.join(told)})" if told else ""

    def takes_none(self, machine: str) -> str:
        """Why nothing may start on a machine that runs: it drains, or it is cordoned; empty where copies may."""
        if machine in self.sites.draining:
            return "drains"
        return "is cordoned" if machine in self.sites.residents else ""

    def plan_after(self, order: Order) -> Plan:
        """What runs when all batches are done, as a plan of the problem with old and new options."""
        closed = {machine for batch in order.batches for machine in batch.closes}
        pools = self.due.pools | {m: self.sites.fleet.pools[p].name for m, p in order.temporary.items()}
        copies = [*self.due.kept, *(stand for batch in order.batches for stand in batch.starts)]
        left = self.sites.draining - {stand.instance for stand in copies}
        stay = [m for m in (*self.due.running, *order.temporary) if m not in closed | left]
        return Plan(
            problem=self.wide.name,
            instances=[{"id": m, "pool": pools[m], "new": m in order.temporary} for m in stay],
            assignments=[{"component": c, "option": o, "instance": m, "accelerators": k} for c, o, m, k in copies],
        )

    def check(self, found: Rollout) -> None:
        """Carry the steps out in the fleet simulator, and all of the way back."""
        assert found.plan is not None
        listed = {row.id for row in found.plan.instances} | {s.instance for s in found.steps if s.action == "close"}
        left = [PlanInstance(id=row.id, pool=row.pool) for row in self.problem.instances if row.id not in listed]
        plan = found.plan.model_copy(update={"instances": (*found.plan.instances, *left)})
        broken = simulate(self.wide, plan, Transition(status="feasible", steps=found.steps))
        if broken:
            raise SolverBugError(f"a rollout breaks a rule: {broken[0]}")
        broken = simulate_way_back(self.wide, found, found.batches or 0)
        if broken:
            raise SolverBugError(f"the way back of a rollout breaks a rule: {broken[0]}")

    def named(self, steps: Sequence[TransitionStep]) -> tuple[TransitionStep, ...]:
        """Steps in which a new option without a name is called `new`: its number in `asked` tells nobody what it is."""
        several = len(self.component.options) - self.first > 1
        found = []
        for step in steps:
            number = (step.option or 0) - self.first
            if step.component == self.name and number >= 0 and step.option_name is None:
                step = step.model_copy(update={"option_name": f"new {number}" if several else "new"})
            found.append(step)
        return tuple(found)


def _with_both(problem: Problem, row: Component, options: Sequence[Option]) -> Problem:
    """The problem with old and new options on one component, all of its copies wanted."""
    document = problem.to_document()
    old = [mode.model_dump(mode="json", exclude_unset=True) for mode in row.modes]
    new = [option.model_dump(mode="json", exclude_unset=True, exclude={"name"}) for option in options]
    taken = {mode.name for mode in row.modes}
    for option, written in zip(options, new, strict=True):
        name = f"{option.name} (new)" if option.name in taken else option.name
        if name not in taken and option.name is not None:  # names are unique
            taken.add(name)
            written["name"] = name
    if row.demand is not None:
        new = [{"throughput": max(mode.throughput or 0 for mode in row.modes)} | option for option in new]
    direct = set(Option.model_fields)
    for found in document["components"]:
        if found["name"] == row.name:
            for key in direct & set(found) - {"name"}:
                del found[key]
            found["options"] = old + new
    return Problem(**document)
