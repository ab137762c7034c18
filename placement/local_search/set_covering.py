"""The cheapest machines of those that packings had, together holding all copies: a set-covering program.

Packings of one fleet fill the same machines in different ways, and each has some that are well filled and some that
are not. What a machine held in any of them is a column of a set-covering program; its solution takes the well-filled
ones of all of them, and drops the copies that are covered twice. It is the second phase of the set-covering heuristic
for bin packing (Monaci and Toth 2006, INFORMS J. Comput. 18), whose first phase makes columns by heuristics; here the
searches that go before do. Packings that lack copies serve as well as complete ones.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial

from placement.compiled.fleet import Fleet, Shape
from placement.compiled.packing import Machine, Packing, Value
from placement.engines.highs import EngineError, begin_at, load_lp, run, stopped_when, whole_solution
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.local_search.content_program import Content, ContentProgram, Held, held_on, may_cover
from placement.local_search.parameters import SetCoveringParameters as _PARAMS
from placement.reductions.base import Chain
from placement.reductions.capped import CappedInstances
from placement.reductions.greenfield import Greenfield
from placement.reductions.required import RequiredAsPlaced
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

NAME = "set-covering"


class SetCovering:
    """What machines held in the packings of one solve, one of each that differs in `machines`.

    A content is what stands on one machine, by options. It is one column for each pool with machines of its shape where
    its options may run, so what stood in one zone may stand in another.
    """

    def __init__(self, solve: Solve) -> None:
        self._solve, self._pools = solve, solve.fleet.pools
        self._seen: dict[tuple[Shape, Held], Machine] = {}
        self._asked: tuple[int, Value] | None = None  # contents and best plan of the last program

    @property
    def machines(self) -> tuple[Machine, ...]:
        """One with each content."""
        return tuple(self._seen.values())

    def add(self, packing: Packing) -> None:
        """See a packing, complete or not, of the solve's fleet or of a reduction with the same indices. O(copies)."""
        for machine in packing.machines:
            if machine.seats:
                self._seen.setdefault((self._pools[machine.pool].shape, held_on(machine.seats)), machine)

    def run(self, budget: Budget) -> bool:
        """Offer the cheapest plan of what was seen, after there was anything new; says whether it is a better one."""
        best = self._solve.incumbent.best
        if best is None or self._solve.within(budget).ended:
            return False
        packing, value = best
        self.add(packing)
        asked = len(self._seen), value
        if self._asked == asked:
            return False
        self._asked = asked
        reduced = Chain.of(
            self._solve.fleet,
            partial(Greenfield.of, best=value),
            partial(RequiredAsPlaced.of, packing=packing),
            CappedInstances.of,
        )
        if reduced is None:
            return False
        cheapest = self._cheapest(reduced.fleet, packing, budget)
        whole = None if cheapest is None else reduced.lift(cheapest)
        return whole is not None and self._solve.incumbent.offer(whole, NAME)

    def _cheapest(self, fleet: Fleet, start: Packing, budget: Budget) -> Packing | None:
        """The cheapest packing of a fleet found on such machines, from a plan on; None without, or of too many."""
        columns = list(self._columns(fleet)) if may_cover(fleet) else []
        if not columns or len(columns) > _PARAMS.most_columns:
            return None
        program = ContentProgram(fleet, columns)
        within = SCHEDULE.covering.of(budget)
        gap, nodes = ENGINE_PARAMETERS.integer_program.gap, ENGINE_PARAMETERS.integer_program.nodes
        limits = {"mip_rel_gap": gap, "mip_max_nodes": nodes, "random_seed": self._solve.seed % 2**31}
        try:
            solver = load_lp(program.rows.program(), within, **limits)
            begin_at(solver, program.values(start))
            with stopped_when(self._solve.within(within).cut_short, solver):
                run(solver)
        except EngineError:
            return None
        solution = whole_solution(solver)
        return None if solution is None else program.packing(solution)

    def _columns(self, fleet: Fleet) -> Iterator[tuple[int, Content]]:
        """Each content on each pool where it may stand."""
        pools: dict[Shape, list[int]] = defaultdict(list)
        for pool in fleet.pools:
            if pool.max_instances != 0:
                pools[pool.shape].append(pool.index)
        allowed = [[option.pools for option in component.options] for component in fleet.components]
        caps = {c.index: c.max_per_instance for c in fleet.components if c.max_per_instance is not None}
        for (shape, held), machine in list(self._seen.items()):  # a second process may hand over its own meanwhile
            counts = Counter(c for c, _ in held)
            if any(n > caps.get(c, n) for c, n in counts.items()):
                continue
            for p in pools.get(shape, ()):
                if all(p in allowed[c][option] for c, option in held):
                    yield p, machine.seats
