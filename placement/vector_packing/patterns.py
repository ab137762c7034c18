"""Patterns of a bin with many sizes, conflicts or much room: a list of states, extended item by item.

A state is a partial pattern. All states are extended at once by NumPy, one item after the other (Pisinger's lists of
states, 1997). A surrogate price per unit of room, taken from the knapsack's LP relaxation, bounds what a state can
still reach:

    value so far + price x room left + sum over items to come of max(0, value - price x size)

States that can't beat the threshold go. Prices are rounded up to integers, so the bound is exact whatever they are.
Items whose value differs most from the price of their size are decided first: that is where states die. Beyond
`_MOST_STATES` the least promising states are dropped and the greatest bound of those is remembered: `upper` then stays
a bound on every pattern's value, only not a sharp one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from placement.arrays import Bools, Ints
from placement.engines.highs import Entries, load_lp, run, sparse_program
from placement.solving.steps import count_steps
from placement.vector_packing.compiled import Compiled, Pattern
from placement.vector_packing.parameters import StateParameters as _PARAMS


@dataclass(frozen=True, slots=True)
class FoundPatterns:
    """Patterns above the threshold, best first, with their values; no pattern is worth more than `upper`.

    `complete`: no state was given up on the way.
    """

    patterns: tuple[tuple[int, Pattern], ...]
    upper: int
    complete: bool


@dataclass(slots=True)
class _States:
    """Partial patterns: value, room left, the step that made each, copies of the present item, items barred."""

    value: Ints
    left: Ints  # (n, d)
    step: Ints
    held: Ints
    barred: Ints | None  # (n, words) bits

    def take(self, which: Ints) -> _States:
        barred = None if self.barred is None else self.barred[which]
        return _States(self.value[which], self.left[which], self.step[which], self.held[which], barred)


class PatternSearch:
    """Search of one bin type of a compiled problem, many times with other values."""

    def __init__(self, problem: Compiled, bin_type: int) -> None:
        self._problem = problem
        self._bin_type = bin_type
        self._capacity = problem.capacity[bin_type]
        self._bits = _bits(problem)
        self._prices: Ints | None = None

    def find(self, value: Ints, limit: Ints, threshold: int, stop: Callable[[], bool]) -> FoundPatterns:
        """The best patterns worth more than `threshold`. Exact unless it takes too many states or `stop` says so."""
        asked = self._prepare(value, limit, self._problem.fits[:, self._bin_type] & (limit > 0) & (value > 0))
        found = FoundPatterns((), 0, complete=True)
        for states in _PARAMS.beams if len(asked.rows) else ():
            found = _PatternRun(self._problem, self._capacity, asked, self._bits, states).run(threshold, stop)
            if found.patterns or found.upper <= threshold or stop():
                break
        return found

    def every(
        self, value: Ints, limit: Ints, threshold: int, stop: Callable[[], bool], most: int
    ) -> tuple[Pattern, ...] | None:
        """All maximal patterns worth more than `threshold`, maybe others too; None when there are more than `most`."""
        asked = self._prepare(value, limit, self._problem.fits[:, self._bin_type] & (limit > 0))
        if not len(asked.rows):
            return ()
        search = _PatternRun(self._problem, self._capacity, asked, self._bits, _PARAMS.most_states)
        found = search.run(threshold, stop, every=most)
        return tuple(pattern for _, pattern in found.patterns) if found.complete else None

    def _prepare(self, value: Ints, limit: Ints, useful: Bools) -> _Asked:
        """The rows to decide, in order, and prices per unit of room."""
        problem = self._problem
        rows = np.flatnonzero(useful)
        if not len(rows):
            return _Asked(rows, value, limit, rows)
        price = surrogate(problem.size[rows], value[rows], limit[rows], self._capacity)
        spare = value[rows] - problem.size[rows] @ price
        return _Asked(_order(problem, rows, spare), value, limit, price)


class _Asked(NamedTuple):
    """The rows to decide, in order; value and limit of all rows, and prices per unit of room."""

    rows: Ints
    value: Ints
    limit: Ints
    price: Ints


class _PatternRun:
    """One search: the item order is fixed, the states move."""

    def __init__(self, problem: Compiled, capacity: Ints, asked: _Asked, bits: Ints | None, most_states: int) -> None:
        rows, value, limit, price = asked
        self._problem, self._rows, self._value, self._limit, self._price = problem, rows, value, limit, price
        self._bits = bits
        self._most_states = most_states
        size = problem.size[rows]
        spare = np.maximum(0, value[rows] - size @ price) * limit[rows]
        self._spare_after = np.append(np.cumsum(spare[::-1])[::-1], 0)[1:]
        fill = np.cumsum((size * limit[rows][:, None])[::-1], axis=0)[::-1]
        self._fill_after = np.vstack([fill, np.zeros((1, size.shape[1]), dtype=np.int64)])[1:]
        self._parents: list[Ints] = [np.array([-1])]
        self._row_of: list[Ints] = [np.array([-1])]
        self._steps = 1
        words = 0 if bits is None else bits.shape[1]
        barred = None if bits is None else np.zeros((1, words), dtype=np.int64)
        zero = np.zeros(1, dtype=np.int64)
        self._states = _States(zero, capacity[None, :].astype(np.int64), zero, zero, barred)
        self._missed = -1
        self._spare_all = int(spare.sum())
        self._capacity = capacity

    def run(self, threshold: int, stop: Callable[[], bool], every: int = 0) -> FoundPatterns:
        """Decide row by row; with `every` all patterns above the threshold are wanted, at most that many."""
        floor = threshold
        for k, row in enumerate(self._rows):
            if k == 0 or self._problem.item[row] != self._problem.item[self._rows[k - 1]]:
                self._states.held = np.zeros_like(self._states.held)
            if stop():
                self._forget(np.arange(len(self._states.value)), self._bound(self._states, k - 1, None) if k else None)
                break
            floor = self._extend(k, int(row), self._problem.size[row], floor, every=bool(every))
            if every and self._missed >= 0:
                return FoundPatterns((), self._missed, complete=False)
        states = self._states
        order = np.argsort(-states.value, kind="stable")
        order = order[states.value[order] > threshold]
        upper = max(int(states.value.max(initial=0)), self._missed, threshold)
        if every and len(order) > every:
            return FoundPatterns((), upper, complete=False)
        order = order[: every or _PARAMS.best]
        patterns = self._decode(states.step[order])
        return FoundPatterns(
            tuple(zip(states.value[order].tolist(), patterns, strict=True)), upper, complete=self._missed < 0
        )

    def _forget(self, which: Ints, bound: Ints | None) -> None:
        """Remember what states that are given up could have reached."""
        if len(which):
            most = self._spare_all + int(self._capacity @ self._price) if bound is None else int(bound[which].max())
            self._missed = max(self._missed, most)

    def _extend(self, k: int, row: int, size: Ints, floor: int, *, every: bool) -> int:
        """Add 0, 1, ... copies of a row to every state; returns the new threshold."""
        item = int(self._problem.item[row])
        most = int(self._problem.most[item])
        layers = [self._states]
        now = self._states
        for _ in range(int(self._limit[row])):
            fitting = (now.left >= size).all(axis=1) & (now.held < most)
            if now.barred is not None:
                fitting &= (now.barred[:, item >> 6] >> (item & 63)) & 1 == 0
            which = np.flatnonzero(fitting)
            if not which.size:
                break
            now = self._grown(now.take(which), row, item, size)
            now = now.take(np.flatnonzero(self._bound(now, k, row) > floor))
            if not now.value.size:
                break
            self._record(now, row)
            layers.append(now)
            if not every:
                floor = max(floor, int(now.value.max()) - 1)
        states = _joined(layers)
        count_steps(_PARAMS.row + _PARAMS.state * len(states.value))
        bound = self._bound(states, k, None)
        keep = np.flatnonzero(bound > floor)
        if len(keep) > self._most_states:
            order = np.argsort(-bound[keep], kind="stable")
            self._forget(keep[order[self._most_states :]], bound)
            keep = np.sort(keep[order[: self._most_states]])
        self._states = states.take(keep)
        return floor

    def _grown(self, states: _States, row: int, item: int, size: Ints) -> _States:
        states.value = states.value + self._value[row]
        states.left = states.left - size
        states.held = states.held + 1
        if states.barred is not None and self._bits is not None:
            states.barred = states.barred | self._bits[item]
        return states

    def _record(self, states: _States, row: int) -> None:
        self._parents.append(states.step)
        self._row_of.append(np.full(len(states.step), row))
        states.step = np.arange(self._steps, self._steps + len(states.step))
        self._steps += len(states.step)

    def _bound(self, states: _States, k: int, row: int | None) -> Ints:
        """What each state can still reach after row k (`row`: while more copies of it may come)."""
        usable = (
            self._fill_after[k]
            if row is None
            else self._fill_after[k] + self._problem.size[row] * int(self._limit[row])
        )
        found: Ints = states.value + np.minimum(states.left, usable) @ self._price + self._spare_after[k]
        if row is not None:
            more = max(0, int(self._value[row] - self._problem.size[row] @ self._price))
            found = found + more * int(self._limit[row])
        return found

    def _decode(self, step: Ints) -> list[Pattern]:
        """The patterns that some steps ended, all walked back at once."""
        parents, row_of = np.concatenate(self._parents), np.concatenate(self._row_of)
        index = {int(row): k for k, row in enumerate(self._rows)}
        counts = np.zeros((len(step), len(self._rows)), dtype=np.int64)
        position = np.array([index.get(row, -1) for row in range(len(self._problem.item))])
        going = np.flatnonzero(row_of[step] >= 0)
        while len(going):
            at = step[going]
            counts[going, position[row_of[at]]] += 1
            step = step.copy()
            step[going] = parents[at]
            going = going[row_of[step[going]] >= 0]
        found = []
        for line in counts:
            used = np.flatnonzero(line)
            found.append(tuple(sorted(zip(self._rows[used].tolist(), line[used].tolist(), strict=True))))
        return found


def surrogate(size: Ints, value: Ints, limit: Ints, capacity: Ints) -> Ints:
    """Integer prices per unit of room: the duals of the knapsack's LP relaxation, rounded up. Any would be right."""
    import highspy

    count, dims = size.shape
    scale = float(max(1, int(value.max())))
    unit = np.maximum(capacity, 1).astype(float)  # rows in fractions of the room: sizes may be large numbers
    entries = Entries(
        np.arange(dims + 1) * count, np.tile(np.arange(count), dims), (size / unit).T.ravel(), by_rows=True
    )
    lp = sparse_program(entries, value / scale, within=(0.0, limit), rows=(-np.inf, capacity / unit))
    lp.sense_ = highspy.ObjSense.kMaximize
    solver = load_lp(lp, presolve="off")
    run(solver)
    dual = np.abs(np.array(solver.getSolution().row_dual[:dims]))
    price: Ints = np.ceil(dual * scale / unit).astype(np.int64)
    return price


def _order(problem: Compiled, rows: Ints, spare: Ints) -> Ints:
    """Items by the greatest difference between value and price of their rows, rows of one item together."""
    item = problem.item[rows]
    strength = np.zeros(len(problem.demand))
    np.maximum.at(strength, item, np.abs(spare).astype(float))
    order = np.lexsort((rows, item, -strength[item]))
    found: Ints = rows[order].astype(np.int64)
    return found


def _joined(layers: list[_States]) -> _States:
    if len(layers) == 1:
        return layers[0]
    barred = None
    if layers[0].barred is not None:
        barred = np.concatenate([part.barred for part in layers if part.barred is not None])
    return _States(
        np.concatenate([part.value for part in layers]),
        np.concatenate([part.left for part in layers]),
        np.concatenate([part.step for part in layers]),
        np.concatenate([part.held for part in layers]),
        barred,
    )


def _bits(problem: Compiled) -> Ints | None:
    """(m, words): for each item, the bits of those that may not join it."""
    if problem.clash is None:
        return None
    items = len(problem.demand)
    words = (items + 63) // 64
    bits = np.zeros((items, words), dtype=np.uint64)
    for i, j in zip(*np.nonzero(problem.clash), strict=True):
        bits[i, j >> 6] |= np.uint64(1 << (int(j) & 63))
    return bits.view(np.int64)
