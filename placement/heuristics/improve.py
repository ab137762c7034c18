"""Make a complete plan cheaper: take a few machines apart, place their copies again, keep what is no dearer.

Ruin and recreate (Schrimpf et al. 2000, *Record breaking optimization results using the ruin and recreate principle*,
J. Comput. Phys. 159) with machines as what is ruined: those that waste most of their price are drawn most often. It
empties machines, moves their content to cheaper types, and merges several into one, with every rule kept, moves counted
and nothing left incomplete. A plan that costs as much is kept; one that costs more is not.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from placement.compiled.packing import Packing
from placement.heuristics.check import lacking, within_moves
from placement.heuristics.construct import (
    Policy,
    extend,
    extend_by_priority,
    left_out_components,
    place_optional,
    supply,
)
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.ruin import Ruin, pools_of
from placement.heuristics.workspace import Workspace
from placement.solving.steps import count_steps


def drop_superfluous(ws: Workspace) -> None:
    """Take off copies that a demand does not need, where every rule still holds and the cost does not rise.

    Each is tried, of any number that a loss floor asks for; none more once the budget is over.
    """
    for component in ws.fleet.components:
        c = component.index
        if not component.demand or lacking(ws, c):
            continue
        for seat, m in ws.movable(c):
            if ws.out_of_time():
                return
            count_steps(HEURISTICS.solve.counted)
            mark, before = ws.mark(), ws.ticks()
            ws.remove(seat, m)
            if lacking(ws, c) or ws.ticks() > before:
                ws.rollback(mark)


class Improvement:
    """Ruin and recreate on one complete plan, which stays complete after every round.

    `best` is the best packing so far, `accepted` counts rounds.

    `policies`: how copies are placed again; one is drawn for each round.
    `dual_values`: (C,) what one copy of each component may cost, micro-dollars; a machine wastes the rest of its price.
    """

    def __init__(
        self, ws: Workspace, policies: Sequence[Policy], dual_values: Sequence[float], rng: np.random.Generator
    ) -> None:
        """Price what stands on every machine. O(copies)."""
        self.ws, self.policies, self.rng = ws, policies, rng
        self.accepted = 0
        self._value = ws.value()
        self.best = ws.to_packing()
        self._ruin = Ruin(ws, dual_values, rng)

    def run(self, rounds: int, is_over: Callable[[], bool]) -> Packing:
        """Try so many rounds, fewer when `is_over` says so; returns the best packing."""
        for _ in range(rounds):
            if is_over():
                break
            self._round()
        return self.best

    def bring_in_optional(self, rounds: int, is_over: Callable[[], bool]) -> int:
        """Rounds for optional copies that are left out, until none is; returns how many were tried.

        First those for which there is room, as rounds before may have made some. In a round they are placed before what
        was taken apart. Some of the rounds take only machines apart where such a copy may run; the others also make the
        plan cheaper, so that limits have room again.
        """
        place_optional(self.ws, self.policies[0])
        self._keep_if_best()
        for turn in range(rounds):
            out = left_out_components(self.ws)
            if not out or is_over():
                return turn
            self._round(out)
        return rounds

    def _round(self, out: Sequence[int] = ()) -> None:
        """Take machines apart and place their copies again, those of components that are `out` before all others."""
        ws = self.ws
        rows = self._draw(out)
        if not rows:
            return
        ws.forget()
        mark, limit = ws.mark(), ws.value()
        policy = self.policies[int(self.rng.integers(len(self.policies)))]
        stood = self._placed(out)
        loose = [c for c in self._ruin.take_apart(rows) if c not in out]
        done = self._place_first(policy, out) and self._recreate(
            policy, loose, math.inf if self._placed(out) > stood else limit.ticks
        )
        if not done or ws.value() > limit or not within_moves(ws):
            ws.rollback(mark)
            return
        self.accepted += 1
        self._ruin.update(ws.touched(mark))
        self._keep_if_best()

    def _keep_if_best(self) -> None:
        value = self.ws.value()
        if value < self._value:
            self._value, self.best = value, self.ws.to_packing()

    def _draw(self, out: Sequence[int]) -> list[int]:
        aimed = bool(out) and self.rng.random() < HEURISTICS.ruin.aimed
        return self._ruin.draw(pools_of(self.ws, out) if aimed else None)

    def _placed(self, components: Sequence[int]) -> int:
        return sum(self.ws.placed[c] for c in components)

    def _place_first(self, policy: Policy, out: Sequence[int]) -> bool:
        """Place all copies of these components that fit, the optional ones too; False when a required one does not."""
        for c in policy.order(self.ws, out) if out else ():
            extend(self.ws, policy, c)  # all at once, as the machines for required copies alone may be others
            if not supply(self.ws, policy, c):
                return False
        return True

    def _recreate(self, policy: Policy, affected: list[int], limit: float) -> bool:
        """Supply the affected components again; False as soon as the plan costs more than before, or one is stuck."""
        ws = self.ws
        for c in policy.order(ws, affected):
            if not supply(ws, policy, c) or ws.ticks() > limit:
                return False
        extend_by_priority(ws, policy, affected)
        return True
