"""Optional copies that a plan leaves out, brought in where machines are scarce.

The machines are those of the plan, and what the quotas have beside them. As if all copies were required, local search
(`refill`) minimises what the missing ones count. Levels are taken in turns: at each of them a copy missing there counts
one, one that comes before it more, one that comes after it less. What comes of that is made a plan of the fleet as it
is (`completion`): some copies of a component may break rules that all of them keep.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.packing import Packing, Seat, evaluate
from placement.compiled.spread import least_total, targets
from placement.heuristics import PartialPacking, partial_packing_of, relabel
from placement.heuristics.check import lacking, lacking_components
from placement.heuristics.workspace import Workspace
from placement.local_search.completion import Completion
from placement.local_search.parameters import OptionalCopiesParameters as _PARAMS
from placement.local_search.refill import Refill, patience
from placement.reductions.capped import CappedInstances
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAsPlaced
from placement.solving.budget import Budget
from placement.solving.context import Solve

NAME = "optional-copies"


class OptionalCopies:
    """The search for one fleet, from the best plan of a solve, which there must be. `turns` counts searches."""

    def __init__(self, solve: Solve, wanted: Mapping[int, int] | None = None) -> None:
        """Of each component so many copies are `wanted`; by default all. O(modes x pools)."""
        self._solve, self._fleet = solve, solve.fleet
        self._wanted = {c.index: c.copies for c in solve.fleet.components} if wanted is None else wanted
        self._completion = Completion(solve.fleet, solve.seed)
        self._nowhere = [0] * len(solve.fleet.zones)
        self.turns = 0

    def run(self, budget: Budget) -> None:
        """Turns until nothing is left out that could be placed, as far as is proven, or none gains for long."""
        self.extend()
        if self._too_large() or self._fleet.has_few_moves:
            return  # refilling does not count moves
        failed = 0
        while failed < _PARAMS.tries and not self._solve.within(budget).ended:
            levels = self._open()
            if not levels:
                return
            failed = 0 if self._turn(levels[failed % len(levels)], budget) else failed + 1

    def extend(self) -> bool:
        """Place optional copies for which the best plan has room, on its machines or new ones; says whether any had."""
        best = self._solve.packing
        if best is None or self._too_large():
            return False
        found = self._completion.extended(best)
        return self._solve.incumbent.offer(relabel(self._fleet, found), NAME)

    def _too_large(self) -> bool:
        """Whether the best plan has so many copies that only to look at each takes long, as time may be over."""
        best = self._solve.packing
        return best is not None and sum(len(m.seats) for m in best.machines) > _PARAMS.most_copies

    def _open(self) -> list[int]:
        """The levels at which the best plan leaves out more than was proven that all do."""
        out, bounds = self._solve.left_out or (), self._solve.incumbent.left_out_bound()
        return [level for level, (n, least) in enumerate(zip(out, bounds, strict=False)) if n > least]

    def _turn(self, level: int, budget: Budget) -> bool:
        """Refill from the best plan with an eye on one level; says whether the plan got better."""
        best = self._solve.packing
        return best is not None and self.go_on(best, level, budget)

    def go_on(self, packing: Packing, level: int, budget: Budget) -> bool:
        """The same from any packing, which may lack copies; says whether there is a better plan than before."""
        self.turns += 1
        narrow, wanted = self._narrowed(packing)
        start = partial_packing_of(self._completion.load(narrow, wanted))
        if start is None:
            return False
        filled = self._refilled(narrow, start, level, budget) if start.missing else start.packing
        found = self._completed(filled, level, budget)
        return found is not None and self._solve.incumbent.offer(relabel(self._fleet, found), NAME)

    def _narrowed(self, plan: Packing) -> tuple[Fleet, Packing]:
        """The fleet with wanted copies required, and what a plan has of them.

        Of a component whose rules over zones forbid just so many beside those that stand, the next number is wanted.
        """
        ws, wanted = self._completion.load(self._fleet, plan), {}
        for component in self._fleet.components:
            c = component.index
            few = least_total(component, self._nowhere, self._wanted[c])
            beyond = 0 if few is None else max(0, ws.placed[c] - few)
            for copy in islice(_fullest_first(ws, c), beyond) if beyond else ():
                ws.remove(*copy)
            total = None if few is None else least_total(component, ws.zoned[c], few)
            wanted[c] = ws.placed[c] if total is None else total
        fleet = CappedInstances.of(RequiredAsPlaced.placing(self._fleet, wanted).fleet).fleet
        return self._on_machines(fleet, plan), ws.to_packing()

    def _on_machines(self, fleet: Fleet, packing: Packing) -> Fleet:
        """A fleet with the machines of a packing and those beside them that may be of use.

        Where pools have limits by the group there are none beside them.
        """
        if fleet.limits:
            return AtFleetMix.of_packing(fleet, packing).fleet
        used = Counter(machine.pool for machine in packing.machines)
        beside = min(_PARAMS.beside, sum(self._solve.left_out or ()))
        most = []
        for pool in fleet.pools:
            enough = max(used[pool.index], fleet.fewest(pool.index)) + beside
            most.append(enough if pool.max_instances is None else min(pool.max_instances, enough))
        return AtFleetMix.of(fleet, most).fleet

    def _refilled(self, narrow: Fleet, start: PartialPacking, level: int, budget: Budget) -> Packing:
        """A plan's copies and more; some of a component may break rules that all of them would keep."""
        solve = self._solve.within(budget, seed=self._solve.seed + self.turns)
        required, penalties = self._least(start.packing), self._penalties(level)
        search = Refill(narrow, start, solve.seed, penalties=penalties, required=required)
        search.run(patience(narrow), lambda: solve.ended, back=True)
        return search.states.to_packing()

    def _completed(self, packing: Packing, level: int, budget: Budget) -> Packing | None:
        """The best plan of a packing, with all its copies up to a level or with those that rules leave of them."""
        ws = self._completion.load(self._fleet, packing)
        kept = Counter({c.index: ws.placed[c.index] for c in self._fleet.components if (c.level or 0) <= level})
        short = lacking_components(ws)
        found = [self._completion.run(packing, kept, budget)] if short else []
        for c in short:
            thin_out(ws, c)
        found.append(self._completion.run(ws.to_packing(), Counter(), budget))
        plans = [self._completion.extended(plan) for plan in found if plan is not None]
        best = min(plans, key=partial(evaluate, self._fleet), default=None)
        if best is None or not self._is_worse_before(best, level):
            return best
        again = self._completion.run(ws.to_packing(), self._placed_before(level), budget)
        return (
            best if again is None else min(best, self._completion.extended(again), key=partial(evaluate, self._fleet))
        )

    def _is_worse_before(self, plan: Packing, level: int) -> bool:
        """Whether a plan leaves out more than the best one at levels before this."""
        value = self._solve.value
        return value is not None and evaluate(self._fleet, plan).left_out[:level] > value.left_out[:level]

    def _placed_before(self, level: int) -> Counter[int]:
        """Copies that the best plan has of components of levels before this."""
        best, components = self._solve.packing, self._fleet.components
        before = {c.index for c in components if c.level is not None and c.level < level}
        seats = () if best is None else best.seats()
        return Counter(seat.component for _, seat in seats if seat.component in before)

    def _least(self, plan: Packing) -> dict[tuple[int, int | None], int]:
        """The copies that must stand, by component, and by zone where rules are over zones.

        They are some that do in a plan; where those are too few for the rules, others beside them.
        """
        least: dict[tuple[int, int | None], int] = {}
        zoned = self._completion.load(self._fleet, plan).zoned
        for c in self._fleet.components:
            if not c.required:
                continue
            if not c.has_zone_rules:
                least[c.index, None] = c.required
            else:
                stands = zoned[c.index]
                goal = self._fewest(c, self._nowhere, stands) or self._fewest(c, stands, None) or stands
                least[c.index, None] = max(c.required, sum(goal))
                least |= {(c.index, zone): n for zone, n in enumerate(goal) if n}
        return least

    def _fewest(
        self, component: FleetComponent, stands: Sequence[int], room: Sequence[int] | None
    ) -> Sequence[int] | None:
        """By zone, the fewest copies that keep the rules beside those that stand; None where none do."""
        total = least_total(component, stands, component.required, room)
        return None if total is None else targets(component, stands, total, room, self._nowhere)

    def _penalties(self, level: int) -> list[float]:
        """By component, what a missing copy counts: one at the level, more before it, less after it."""
        return [1.0 if c.level is None else _PARAMS.ratio ** (level - c.level) for c in self._fleet.components]


def thin_out(ws: Workspace, c: int) -> bool:
    """Take optional copies of a component off where most stand, until it keeps its rules; else change nothing.

    Says whether it keeps them. O(copies x (pools + machines)) of the component.
    """
    mark, required = ws.mark(), ws.fleet.components[c].required
    for copy in _fullest_first(ws, c):
        if not lacking(ws, c) or ws.placed[c] <= required:
            break
        ws.remove(*copy)
    if not lacking(ws, c):
        return True
    ws.rollback(mark)
    return False


def _fullest_first(ws: Workspace, c: int) -> Iterator[tuple[Seat, int]]:
    """Copies that may leave, with their rows, each to be removed: of the zone with most, of the pool with most there.

    Of machines of one pool those come first that had most in the beginning. O(pools) each.
    """
    in_pool: Counter[int] = Counter()
    for m, n in ws.where[c].items():
        in_pool[int(ws.pool[m])] += n
    copies: dict[int, list[tuple[Seat, int]]] = {}
    for seat, m in sorted(ws.movable(c), key=lambda each: ws.where[c][each[1]]):
        copies.setdefault(int(ws.pool[m]), []).append((seat, m))
    while copies:
        fullest = max(copies, key=lambda p: (ws.zoned[c][ws.zone_of[p]], in_pool[p]))
        yield copies[fullest].pop()
        in_pool[fullest] -= 1
        if not copies[fullest]:
            del copies[fullest]
