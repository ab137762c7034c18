"""Machines exchanged for others while copies are unassigned, as limits over groups of pools may ask.

Under a limit the wrong types use up what all pools of a group may have, and no place on these machines helps. So a few
machines are taken apart, those that put least of their price to use most likely, and their copies placed again together
with the unassigned ones; that is kept unless more is unassigned than before (ruin and recreate, as in `improve`, of a
plan that is not complete yet).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.heuristics.check import lacking
from placement.heuristics.construct import supply
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.ruin import Ruin, pools_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from placement.heuristics.construct import Policy
    from placement.heuristics.workspace import Workspace

_PARAMS = HEURISTICS.exchange


class Exchange:
    """The search on one workspace; `rounds` counts tries.

    Parameters
    ----------
    policies : how copies are placed again; one is drawn for each round.
    size, dual_values : (C,) how much an unassigned copy counts, and what one may cost, micro-dollars.
    """

    def __init__(
        self,
        ws: Workspace,
        policies: Sequence[Policy],
        size: Sequence[float],
        dual_values: Sequence[float],
        rng: np.random.Generator,
    ) -> None:
        """Nothing is tried yet."""
        self._ws, self._policies, self._rng = ws, policies, rng
        self._size = size
        self._ruin = Ruin(ws, dual_values, rng, randomness=_PARAMS.randomness)
        self.rounds = 0

    def run(self, rounds: int, is_over: Callable[[], bool]) -> list[int]:
        """So many rounds, fewer when no copy is unassigned or it `is_over`; returns the components that lack copies."""
        ws = self._ws
        out = _lacking(ws)
        while out and self.rounds < rounds and not is_over():
            self.rounds += 1
            ws.forget()
            mark, before = ws.mark(), unassigned(ws, self._size)
            self._place_again(out)
            if unassigned(ws, self._size) > before:
                ws.rollback(mark)
            else:
                out = _lacking(ws)
                self._ruin.update(ws.touched(mark))
        return out

    def _place_again(self, out: Sequence[int]) -> None:
        """Take some machines apart, and place their copies and the unassigned ones, these first or in one order."""
        ws = self._ws
        policy = self._policies[int(self._rng.integers(len(self._policies)))]
        aimed = self._rng.random() < _PARAMS.aimed
        rows = self._ruin.draw(_PARAMS.most_machines, pools_of(ws, out) if aimed else None)
        loose = [c for c in self._ruin.take_apart(rows) if c not in out]
        if self._rng.random() < _PARAMS.first:
            order = [*policy.order(ws, out), *policy.order(ws, loose)]
        else:
            order = policy.order(ws, [*out, *loose])
        for c in order:
            supply(ws, policy, c)


def unassigned(ws: Workspace, size: Sequence[float]) -> float:
    """How much is unassigned, by the `size` (C,) of a copy; half a copy of a component that only breaks a rule."""
    components = ws.fleet.components
    missing = ((size[c], max(0.5, components[c].required - ws.placed[c])) for c in _lacking(ws))
    return sum(each * n for each, n in missing if np.isfinite(each))


def _lacking(ws: Workspace) -> list[int]:
    return [c.index for c in ws.fleet.components if lacking(ws, c.index)]
