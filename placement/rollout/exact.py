"""Whether a rollout of a small component gets by with fewer extra machines: by the program of transitions.

The copy that starts j-th does so in batch j // size, since new copies are alike; as many old ones stop in each batch.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from ortools.sat.python import cp_model

from placement.engines.cp_sat import cp_sat_solver
from placement.rollout.roll import Roll, extra_at_once, machines_to_empty
from placement.transition.batches import Order
from placement.transition.difference import Difference, Stand
from placement.transition.exact import copies_by_batch
from placement.transition.moment import Moment, Sites
from placement.transition.program import (
    ProgramSize,
    Starter,
    TransitionProgram,
    all_places,
    fits_program,
    machines_for_hire,
)

MOST_VARIABLES = 30_000  # of one program; a larger one is not asked
WORK = 3.0  # of one program, in CP-SAT's deterministic seconds


def fewer(
    sites: Sites, due: Difference, what: Roll, order: Order | None, bound: int, most: int
) -> tuple[Order | None, int]:
    """The order with the fewest extra machines and the bound on them, as far as small programs say.

    One machine less is asked for until there is none, or it is not known. Where there is no order with any number of
    machines up to `most`, the bound is one more than that.
    """
    best = order
    while best is not None and extra_at_once(best) > bound:
        solved, found = _with(sites, due, what, extra_at_once(best) - 1)
        if found is not None and extra_at_once(found) < extra_at_once(best):
            best = found
        elif solved:
            return best, extra_at_once(best)
        else:
            break
    if best is None and bound <= most:
        solved, best = _with(sites, due, what, min(most, len(due.leaving)))  # no more machines are of use
        if solved and best is None:
            return None, most + 1
    return best, bound


def _with(sites: Sites, due: Difference, what: Roll, extra: int) -> tuple[bool, Order | None]:
    """Whether it is known that at most so many extra machines at once do, and an order where they do."""
    if not fits_program(sites, due):
        return False, None
    to_empty = machines_to_empty(due)
    options = sites.components[what.component].options[what.first :]
    rented = machines_for_hire(sites, options, "new", min(len(due.leaving), extra + len(to_empty)))
    candidates = _places(sites, due, what, [*due.running, *rented])
    copies, batches = len(due.leaving), -(-len(due.leaving) // what.batch)
    if (copies * len(candidates) + copies) * batches > MOST_VARIABLES:
        return False, None
    starters = [Starter(tuple(candidates)) for _ in range(copies)]
    mine = replace(due, arriving=(), closing=tuple(to_empty))
    program = TransitionProgram(sites, mine, starters, ProgramSize(batches, rented))
    model = program.model
    _hold_to_batches(program, what.batch, copies)
    _alike_in_turn(program)
    most = model.new_int_var(0, extra, "")
    for k in program.batches:
        model.add(sum(rows[k] for rows in program.is_open.values()) <= len(to_empty) + most)
    model.minimize(most)
    solver = cp_sat_solver()
    solver.parameters.max_deterministic_time = WORK
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return True, None
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return False, None
    order = _read(program, solver, rented)
    return extra_at_once(order) <= extra, order


def _hold_to_batches(program: TransitionProgram, size: int, copies: int) -> None:
    """Copies start in their batch, so many as it has, and as many stop."""
    for j, rows in enumerate(program.start):
        for row in rows:
            for k in program.batches:
                if k != j // size:
                    program.model.add(row[k] == 0)
    for k in program.batches:
        program.model.add(sum(row[k] for row in program.stop) == min(size, copies - k * size))


def _alike_in_turn(program: TransitionProgram) -> None:
    """Of two machines of a pool the second is rented no earlier than the first."""
    last: dict[int, Any] = {}
    for machine, pool in program.size.temporary.items():
        rows = program.is_open[machine]
        for before, after in zip(last.get(pool, ()), rows, strict=False):
            program.model.add(before >= after)
        last[pool] = rows


def _places(sites: Sites, due: Difference, what: Roll, machines: list[str]) -> list[Stand]:
    empty = Moment(sites, (), due.kept)
    every = all_places(sites, what.component, machines)
    return [place for place in every if place.option >= what.first and empty.fits(place)]


def _read(program: TransitionProgram, solver: Any, rented: dict[str, int]) -> Order:
    batches, _ = copies_by_batch(program, solver)
    extra: dict[str, int] = {}
    for batch in batches:
        for stand in batch.starts:
            if stand.instance in rented and stand.instance not in extra:
                extra[stand.instance] = rented[stand.instance]
                batch.opens.append(stand.instance)
    taken = {stand.instance for batch in batches for stand in batch.starts}
    last = {stand.instance: k for k, batch in enumerate(batches) for stand in batch.stops}
    sites = program.sites
    open_now = Counter(sites.pool_of[machine] for machine in (*program.due.running, *extra))
    for machine in sorted(set(program.due.closing) - taken, key=lambda name: last[name]):
        pool = sites.pool_of[machine]
        if open_now[pool] > sites.fleet.pools[pool].min_instances:
            open_now[pool] -= 1
            batches[last[machine]].closes.append(machine)
    return Order(tuple(batches), extra, ())
