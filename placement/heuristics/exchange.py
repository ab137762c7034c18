"""Machines exchanged for others while copies are unassigned, as limits over groups of pools may ask.

Under a limit the wrong types use up what all pools of a group may have, and no place on these machines helps. So a few
machines are taken apart, those that put least of their price to use most likely, and their copies placed again together
with the unassigned ones (ruin and recreate, as in `improve`, of a plan that is not complete yet). Half of the rounds
are aimed: just so many machines go that the limits have room for one more where an unassigned copy may run. A round is
kept when the price and what is unassigned, at several times its price, are hardly more in all than before: a plan that
is cheaper leaves room within its limits.
"""

from collections.abc import Callable, Sequence

import numpy as np

from placement.heuristics.check import lacking_components
from placement.heuristics.construct import Policy, supply
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.parameters import ExchangeParameters as _PARAMS
from placement.heuristics.ruin import Ruin, pools_of
from placement.heuristics.workspace import Workspace


class Exchange:
    """The search on one workspace; `rounds` counts tries.

    `policies`: how copies are placed again; one is drawn for each round.
    `penalty`: (C,) what a copy may cost, micro-dollars; above 0 where machines cost nothing, too.
    """

    def __init__(
        self, ws: Workspace, policies: Sequence[Policy], penalty: Sequence[float], rng: np.random.Generator
    ) -> None:
        self._ws, self._policies, self._rng = ws, policies, rng
        self._penalty = penalty
        self._ruin = Ruin(ws, penalty, rng)
        self.rounds = 0

    def run(self, rounds: int, is_over: Callable[[], bool]) -> list[int]:
        """So many rounds, fewer when no copy is unassigned or it `is_over`; returns the components that lack copies."""
        ws = self._ws
        out, value = lacking_components(ws), self._value()
        for _ in range(rounds):
            if not out or is_over():
                break
            self.rounds += 1
            ws.forget()
            mark = ws.mark()
            self._place_again(out)
            after = self._value()
            if after > value * (1.0 + _PARAMS.tolerance * self._rng.exponential()) and lacking_components(ws):
                ws.rollback(mark)
            else:
                out, value = lacking_components(ws), after
                self._ruin.update(ws.touched(mark))
        return out

    def aimed(self, out: Sequence[int]) -> list[int] | None:
        """Machines without which limits have room for one more of a pool where an unassigned copy may run.

        The pool is drawn; None when all of them are at their quota. Some machines more give their copies another place.
        """
        ws, rng = self._ws, self._rng
        c = out[int(rng.integers(len(out)))]
        pools = [p for p in np.flatnonzero(pools_of(ws, [c])).tolist() if ws.rented.has_quota(p)]
        if not pools:
            return None
        p = pools[int(rng.integers(len(pools)))]
        full = ws.rented.full_limits(p)
        over = [ws.rented.counted(limit) + limit.weight[p] - limit.most for limit in full]
        more = int(rng.integers(_PARAMS.beside + 1))
        found = []
        for m in self._ruin.ranked():
            q = int(ws.pool[m])
            frees = [k for k, limit in enumerate(full) if over[k] > 0 and q in limit.weight]
            for k in frees:
                over[k] -= full[k].weight[q]
            if frees or more:
                found.append(m)
                more -= not frees
            if not more and all(n <= 0 for n in over):
                break
        return found

    def _value(self) -> float:
        """What the plan costs, and what is unassigned, which counts for more than it may cost.

        Over no hours machines cost nothing, and what is unassigned counts beside moves.
        """
        ws = self._ws
        return ws.ticks() / max(1, ws.fleet.tick_price) + _PARAMS.lacks * unassigned(ws, self._penalty)

    def _place_again(self, out: Sequence[int]) -> None:
        """Take some machines apart, and place their copies and the unassigned ones, these first or in one order."""
        ws = self._ws
        policy = self._policies[int(self._rng.integers(len(self._policies)))]
        rows = self.aimed(out) if self._rng.random() < HEURISTICS.ruin.aimed else None
        rows = self._ruin.draw() if rows is None else rows
        loose = [c for c in self._ruin.take_apart(rows) if c not in out]
        if self._rng.random() < _PARAMS.first:
            order = [*policy.order(ws, out), *policy.order(ws, loose)]
        else:
            order = policy.order(ws, [*out, *loose])
        for c in order:
            supply(ws, policy, c)


def unassigned(ws: Workspace, penalty: Sequence[float]) -> float:
    """What the unassigned copies may cost; of a component that only breaks a rule half a copy, or a unit of demand."""
    found = 0.0
    for c in lacking_components(ws):
        component = ws.fleet.components[c]
        if component.demand:
            found += penalty[c] * max(1, component.demand - ws.served[c])
        else:
            found += penalty[c] * max(0.5, component.required - ws.placed[c])
    return found
