"""Copies counted by item and group of bin types, and what bins of a group can hold of them: exact inequalities.

With :math:`n_t` bins of type t, :math:`y_{ig}` copies of item i in bins of group g, prices :math:`\\pi_{ig}`, and
:math:`\\alpha_t`, what a load of type t is worth at most, each group has

.. math:: \\sum_{t \\in g} \\alpha_t n_t \\ge \\sum_i \\pi_{ig} y_{ig}

Prices are a dual solution of the linear program that holds the copies in fractions of listed loads (Benders 1962).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from placement.arrays import Floats, Ints
from placement.engines.highs import LARGEST, limit_time, linear_program, load_lp, run
from placement.vector_packing.compiled import Compiled, Load
from placement.vector_packing.parameters import BinMixParameters as _PARAMS

SCALE = LARGEST // 2  # the largest coefficient of an inequality, from which all are rounded so that it is weaker
_PRECISION = 2**30  # of prices: an item that is worth most has so many units


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of bin types. A *share* is an item and a group that can hold copies of it: those are counted together.

    `item`, `group`: (shares,) of each share.
    """

    of_type: Ints  # (types,) group of each bin type
    item: Ints
    group: Ints

    @classmethod
    def alone(cls, problem: Compiled) -> Groups:
        """All types in one group, so that the copies of each item are its demand."""
        items = np.arange(len(problem.demand))
        return cls(np.zeros(problem.types, dtype=np.int64), items, np.zeros_like(items))

    @classmethod
    def by_fit(cls, problem: Compiled, types: Ints, held: Ints) -> Groups:
        """Types that the same rows fit are a group, and so are all whose bins hold one copy, whatever fits those.

        `types`, (loads,), and `held`, (loads, items), are the loads and the copies in each. O(loads x items).
        """
        widest = np.zeros(problem.types, dtype=np.int64)
        np.maximum.at(widest, types, held.sum(axis=1))
        keys = [problem.fits[:, t].tobytes() if widest[t] > 1 else b"" for t in range(problem.types)]
        number = {key: g for g, key in enumerate(dict.fromkeys(keys))}
        of_type = np.array([number[key] for key in keys])
        holds = np.array([held[of_type[types] == g].any(axis=0) for g in range(len(number))])
        group, item = np.nonzero(holds)
        return cls(of_type, item, group)

    def __len__(self) -> int:
        return int(self.of_type.max()) + 1


@dataclass(frozen=True, slots=True)
class ShareCut:
    """What bins hold: ``coefficients @ bins >= price @ copies``, of bins, (types,), and copies, (shares,)."""

    coefficients: Ints
    price: Ints

    def rounded(self) -> ShareCut:
        """The same or a weaker one, with coefficients that are small enough for HiGHS."""
        unit = -(-max(int(self.coefficients.max()), int(self.price.max())) // SCALE)
        return ShareCut(-(-self.coefficients // unit), self.price // unit)

    def broken_by(self, bins: Floats | Ints, copies: Floats | Ints) -> bool:
        """Whether these break it, by more than what the linear program rounds."""
        lacking = float(self.price @ copies) - float(self.coefficients @ bins)
        return lacking > _PARAMS.lacking * float(self.price.max())


class ListedCounts:
    """The linear program of all items over some loads, of which there are at most so many of each type."""

    def __init__(self, problem: Compiled, types: Ints, held: Ints, groups: Groups) -> None:
        """`types`, (loads,), and `held`, (loads, items), are the loads and the copies in each. O(loads x items)."""
        self.problem, self.groups = problem, groups
        self._type, self._held = types, held
        group_of_load = groups.of_type[types]
        of_group = [group_of_load == g for g in range(len(groups))]
        self._of_group = [(types[mine], held[mine]) for mine in of_group]
        self._solver = load_lp(self._program(), presolve="off", simplex_strategy=1)

    @classmethod
    def of(cls, problem: Compiled, loads: Sequence[Load]) -> ListedCounts:
        """All types in one group, so that copies are the demand. O(loads x items)."""
        types = np.array([t for t, _ in loads], dtype=np.int64)
        held = np.array([problem.copies_in(pattern) for _, pattern in loads], dtype=np.int64)
        return cls(problem, types, held, Groups.alone(problem))

    def by_fit(self) -> ListedCounts:
        """The same loads, whose copies are counted by the groups of `Groups.by_fit`."""
        groups = Groups.by_fit(self.problem, self._type, self._held)
        return ListedCounts(self.problem, self._type, self._held, groups)

    def _program(self) -> highspy.HighsLp:
        """Columns are loads and copies that are lacking; rows are shares, and loads of each type; no bins yet."""
        groups = self.groups
        share = np.full((len(self.problem.demand), len(groups)), -1)
        share[groups.item, groups.group] = shares = np.arange(len(groups.item))
        columns = [
            [
                *((int(share[i, groups.of_type[t]]), float(row[i])) for i in np.flatnonzero(row)),
                (len(shares) + int(t), 1.0),
            ]
            for t, row in zip(self._type, self._held, strict=True)
        ]
        lacking = [[(int(k), 1.0)] for k in shares]
        zeros = np.zeros(len(shares) + self.problem.types)
        return linear_program(
            columns + lacking,
            cost=np.concatenate([np.zeros(len(columns)), np.ones(len(shares))]),
            within=(0.0, math.inf),
            rows=(zeros, np.where(np.arange(len(zeros)) < len(shares), math.inf, 0.0)),
        )

    def separate(self, bins: Floats | Ints, copies: Floats | Ints, seconds: float) -> list[ShareCut] | None:
        """Inequalities that bins, (types,), and copies, (shares,), break; None: fractions fit, or time is up.

        They are exact: prices are whole numbers, and a bin of each type is worth the most that a load of it is.
        """
        import highspy

        shares = len(copies)
        for k, n in enumerate(copies):
            self._solver.changeRowBounds(k, float(n), math.inf)
        for t, n in enumerate(bins):
            self._solver.changeRowBounds(shares + t, 0.0, float(n))
        limit_time(self._solver, seconds)
        if run(self._solver) != highspy.HighsModelStatus.kOptimal:
            return None
        dual = np.maximum(np.array(self._solver.getSolution().row_dual)[:shares], 0.0)
        if dual.max(initial=0.0) <= 0.0:
            return None
        price = np.floor(dual / dual.max() * _PRECISION).astype(np.int64)
        priced = np.unique(self.groups.group[price > 0])
        cuts = [self._cut(g, np.where(self.groups.group == g, price, 0)) for g in priced]
        return [cut for cut in cuts if cut.broken_by(bins, copies)] or None

    def _cut(self, group: int, price: Ints) -> ShareCut:
        """What bins of a group hold at these prices, which are zero in others. O(loads x items)."""
        of_item = np.zeros(len(self.problem.demand), dtype=np.int64)
        np.add.at(of_item, self.groups.item, price)
        coefficients = np.zeros(self.problem.types, dtype=np.int64)
        types, held = self._of_group[group]
        np.maximum.at(coefficients, types, held @ of_item)
        return ShareCut(coefficients, price)
