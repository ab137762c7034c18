"""Make room for copies that fit nowhere: eject what blocks them, place it elsewhere, remember what was hard to place.

A copy that can't be inserted takes the place of copies with the least sum of penalties on one machine; those are
inserted again later, and each failure raises the penalty of its component. So copies that are hard to place become ever
harder to eject, and the search does not go round in circles for long (the ejection search of Nagata and Bräysy 2009,
*A powerful route minimization heuristic for the vehicle routing problem with time windows*, Oper. Res. Lett. 37).
"""

import math
from functools import partial

import numpy as np

from placement.compiled.packing import Packing, Seat
from placement.compiled.spread import least_total, targets
from placement.heuristics.check import is_complete, lacking, lacking_components
from placement.heuristics.construct import ANY_ZONE, Policy, left_out_components, place_optional, supply
from placement.heuristics.ejection import blocking
from placement.heuristics.improve import drop_superfluous
from placement.heuristics.parameters import RepairParameters as _PARAMS
from placement.heuristics.workspace import Workspace
from placement.solving.budget import Budget


def completed(
    ws: Workspace, policy: Policy, rng: np.random.Generator, stuck: list[int], budget: Budget
) -> Packing | None:
    """The packing once the `stuck` components have their copies, without superfluous ones; None when some lack."""
    if stuck and not Repair(ws, policy, rng).run(stuck, _PARAMS.ejections, budget):
        place_optional(ws, policy)
    if not is_complete(ws):
        return None
    drop_superfluous(ws)
    return ws.to_packing()


class Repair:
    """Penalties and random choices of one repair; `steps` counts ejections."""

    def __init__(self, ws: Workspace, policy: Policy, rng: np.random.Generator) -> None:
        self.ws, self.policy, self.rng = ws, policy, rng
        self.penalty = [1.0] * len(ws.fleet.components)
        self.steps = 0

    def run(self, stuck: list[int], steps: int, budget: Budget) -> list[int]:
        """Insert the `stuck` components within so many ejections; returns those that still lack something."""
        waiting = list(stuck)
        limit = self.steps + steps
        while waiting and self.steps < limit and not budget.over() and self._moves_left() >= 0:
            c = waiting.pop()
            if not lacking(self.ws, c) or supply(self.ws, self.policy, c):
                continue
            self.penalty[c] += 1.0
            self.steps += 1
            ejected = self._make_room(c)
            if lacking(self.ws, c):
                waiting.append(c)
            waiting.extend(e for e in ejected if e not in waiting and lacking(self.ws, e))
            if len(waiting) > 1 and self.rng.random() < _PARAMS.turn_chance:
                turn = int(self.rng.integers(len(waiting)))
                waiting[turn], waiting[-1] = waiting[-1], waiting[turn]
        return lacking_components(self.ws)

    def press_in(self, attempts: int, steps: int, budget: Budget) -> None:
        """Force optional copies in that fit nowhere, each with so many ejections; kept when fewer are left out for it.

        The plan must be complete, and stays so.
        """
        ws = self.ws
        for _ in range(attempts):
            missing = left_out_components(ws)
            if not missing or budget.over():
                return
            c = missing[int(self.rng.integers(len(missing)))]
            before, mark = ws.left_out(), ws.mark()
            ejected = self._make_room(c)
            if not self.run([e for e in (*ejected, c) if lacking(ws, e)], steps, budget):
                place_optional(ws, self.policy)
            if ws.left_out() >= before or not is_complete(ws):
                ws.rollback(mark)

    def _make_room(self, c: int) -> list[int]:
        """Place one copy of c by force, or take off all of its copies; returns components that lost copies."""
        zone = self._zone_in_need(c)
        if zone is None or self.rng.random() < _PARAMS.reset_chance:
            self._take_off(c, moves=self._moves_left() if zone is None else 0)
            if zone is None:
                supply(self.ws, self.policy, c)
                return []
            zone = self._zone_in_need(c)
        found = None if zone is None else self._cheapest_ejection(c, zone)
        if found is None:
            self._take_off(c)
            return []
        o, m, seats = found
        for seat in seats:
            self.ws.remove(seat, m)
        accelerators = self.ws.seat_on(c, o, m)
        if accelerators is not None and self.ws.may_use(m):
            self.ws.place(Seat(c, o, accelerators), m)
        return sorted({seat.component for seat in seats})

    def _take_off(self, c: int, moves: float = 0) -> None:
        """Remove every copy of c that no pin holds; where moves are limited, so many `moves` of those that stay."""
        for seat, m in self.ws.movable(c):
            if self._is_kept(seat, m):
                if moves < 1:
                    continue
                moves -= 1
            self.ws.remove(seat, m)

    def _moves_left(self) -> float:
        """How many more copies may be taken from where they run."""
        most = self.ws.fleet.max_moves
        return math.inf if most is None else most - self.ws.running.moves_ahead(self.ws.placed)

    def _kept_on(self, m: int) -> set[Seat]:
        """The copies on row m that count as moves when they are taken off; none where moves are not limited."""
        if self.ws.fleet.max_moves is None:
            return set()
        return {seat for seat in set(self.ws.seats[m]) if self._is_kept(seat, m)}

    def _is_kept(self, seat: Seat, m: int) -> bool:
        """Whether moves are limited, and taking the copy off row m is one."""
        if self.ws.fleet.max_moves is None or self._may_go(seat):
            return False
        return self.ws.running.is_kept(seat, int(self.ws.instance[m]), self.ws.seats[m])

    def _zone_in_need(self, c: int) -> int | None:
        """A zone that must take one more copy of c, by targets drawn at random; None when those there forbid it."""
        ws, component = self.ws, self.ws.fleet.components[c]
        if not component.has_zone_rules:
            return ANY_ZONE
        counts = ws.zoned[c]
        total = least_total(component, counts, max(component.required, ws.placed[c] + 1))
        if total is None:
            return None
        goal = targets(component, counts, total, None, self.rng.random(len(counts)).tolist())
        wanting = [z for z, n in enumerate(goal or ()) if n > counts[z]]
        return int(self.rng.choice(wanting)) if wanting else None

    def _cheapest_ejection(self, c: int, zone: int) -> tuple[int, int, list[Seat]] | None:
        """Option, row and the seats to take off it, of the least sum of penalties; ties are drawn.

        Of very many rows in use, a few are drawn and looked at. None where none of them can hold a copy of c.
        """
        ws = self.ws
        candidates: list[tuple[int, int]] = []
        for o in self.policy.options(ws, c):
            rows = ws.busy_rows(c, o, zone)
            candidates.extend((o, m) for m in rows.tolist() if self._may_stand(c, m))
        if len(candidates) > _PARAMS.machines:
            drawn = self.rng.choice(len(candidates), _PARAMS.machines, replace=False)
            candidates = [candidates[n] for n in sorted(drawn.tolist())]
        best: tuple[float, float, int, int, list[Seat]] | None = None
        moves = self._moves_left()
        for o, m in candidates:
            kept = self._kept_on(m)
            if moves < 1 and len(kept) == len(set(ws.seats[m])):
                continue
            weigh = partial(self._weight, kept=kept)
            seats = blocking(ws, c, o, m, weigh)
            if seats is not None and sum(seat in kept for seat in seats) <= moves:
                weight = sum(weigh(seat) for seat in seats)
                choice = (weight, float(self.rng.random()), o, m, seats)
                if best is None or choice[:2] < best[:2]:
                    best = choice
        return None if best is None else best[2:]

    def _may_stand(self, c: int, m: int) -> bool:
        return not self.ws.cordoned[m] or self.ws.where[c].get(m, 0) < self.ws.residents[c].get(m, 0)

    def _weight(self, seat: Seat, kept: set[Seat]) -> float:
        """Penalty of taking a copy off, more of those that are `kept`; next to nothing when it may be left out."""
        if self._may_go(seat):
            return 0.01
        return self.penalty[seat.component] * (_PARAMS.moved if seat in kept else 1.0)

    def _may_go(self, seat: Seat) -> bool:
        """Whether one copy less of the component may be placed."""
        component = self.ws.fleet.components[seat.component]
        return not component.demand and self.ws.placed[seat.component] > component.required
