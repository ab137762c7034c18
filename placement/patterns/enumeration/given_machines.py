r"""Whether given copies fit on given machines: patterns of accelerators, counted machine by machine.

An integer program with, for each machine m, copies :math:`x_{com}` by component and option, and accelerators
:math:`y_{jm}` that hold pattern j: what stands together on one accelerator, by needs, as copies of one need are alike
there. All copies are placed; accelerators with patterns and owned ones are within those of the machine, and patterns
offer what copies touch:

.. math:: \sum_j m_{ij} y_{jm} \ge g_i x_{im}, \quad \sum_j y_{jm} + \sum_{owned} g_{co} x_{com} \le K.

A pattern with t copies of a wide need (of several accelerators each) is there only where t such copies are on the
machine; then they can be dealt out (`compiled.wrap_around`). vCPU and host memory, caps and company are rows, too, so a
solution is a packing and no solution a proof. The direct model names the accelerators of a machine, here they are
counted: nothing is left that could be exchanged for its like, and the LP is that of patterns (Gilmore and Gomory 1961).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import highspy
import numpy as np

from placement.compiled.broken_rule import broken_rule
from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.shared_need import SharedNeed
from placement.compiled.wrap_around import deal
from placement.patterns.enumeration.rows import IntegerRows
from placement.patterns.enumeration.runs import prove
from placement.patterns.parameters import PATTERNS
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from placement.compiled.fleet import Fleet, FleetOption, Shape
    from placement.solving.budget import Budget

    Pattern = tuple[int, ...]

_INF = highspy.kHighsInf
_PARAMS = PATTERNS.given_machines


class _OneMachine(NamedTuple):
    """The columns of one machine: copies by component and option, the needs that share, and accelerators by pattern."""

    pool: int
    copies: dict[tuple[int, int], int]
    needs: tuple[SharedNeed, ...]
    patterns: dict[Pattern, int]


def pack_given(fleet: Fleet, machines: Mapping[int, int], budget: Budget) -> tuple[Packing | None, bool]:
    """A packing of all copies of a fleet on so many machines by pool; or that there is none, as a proof.

    None and False: not decided, as there are too many patterns, or the budget is over. With a limit on work the nodes
    of the program are limited.

    Parameters
    ----------
    fleet : one as `SomePools` makes it: all copies are required, and no rule looks beyond one machine.
    machines : by pool, how many there are.
    """
    program = _Program(fleet, budget)
    for p, n in machines.items():
        for _ in range(n):
            if not program.add_machine(p):
                return None, False
    return program.solve(budget)


class _Program:
    """The program of one fleet, machine after machine."""

    def __init__(self, fleet: Fleet, budget: Budget) -> None:
        self._fleet = fleet
        self._rows = IntegerRows()
        self._machines: list[_OneMachine] = []
        self._patterns: dict[tuple[Shape, tuple[tuple[SharedNeed, int], ...]], list[Pattern] | None] = {}
        self._left = _PARAMS.most_patterns
        self._nodes = _PARAMS.nodes if budget.work is None else _PARAMS.fewer_nodes

    def add_machine(self, p: int) -> bool:
        """Columns and rows of one more machine of pool p; False when there are too many patterns."""
        rows, shape = self._rows, self._fleet.pools[p].shape
        copies = {
            (component.index, option.index): rows.column(component.most_on_any_machine)
            for component in self._fleet.components
            if component.copies
            for option in component.options
            if p in option.pools
        }
        sharers: dict[SharedNeed, dict[int, float]] = defaultdict(dict)
        owners: dict[int, float] = {}
        for (c, o), column in copies.items():
            option = self._option(c, o)
            if option.accelerators and option.shared:
                sharers[SharedNeed.of(option)][column] = 1.0
            elif option.accelerators:
                owners[column] = float(option.accelerators)
        needs = tuple(sorted(sharers, reverse=True))
        patterns = self._listed(shape, tuple((need, int(sum(rows.upper[k] for k in sharers[need]))) for need in needs))
        if patterns is None:
            return False
        columns = {pattern: rows.column(shape.accelerators) for pattern in patterns}
        rows.row(-_INF, shape.accelerators, owners | dict.fromkeys(columns.values(), 1.0))
        for i, need in enumerate(needs):
            self._touching(need, sharers[need], {k: pattern[i] for pattern, k in columns.items() if pattern[i]})
        for amount, have in (("vcpus", shape.vcpus), ("host_mib", shape.host_mib)):
            rows.row(-_INF, have, {k: float(getattr(self._option(c, o), amount)) for (c, o), k in copies.items()})
        self._company(copies)
        self._machines.append(_OneMachine(p, copies, needs, columns))
        return True

    def solve(self, budget: Budget) -> tuple[Packing | None, bool]:
        """As `pack_given` says."""
        self._all_placed()
        ran = prove(self._rows, budget, self._nodes)
        if ran is None:
            return None, False
        solver, status = ran
        if status != highspy.HighsModelStatus.kOptimal:
            return None, status == highspy.HighsModelStatus.kInfeasible
        values = np.rint(np.array(solver.getSolution().col_value)).astype(np.int64).tolist()
        packing = Packing(
            tuple(machine for one in self._machines if (machine := self._packed(one, values)) is not None)
        )
        return (None if broken_rule(self._fleet, packing) else packing), False  # rows of large numbers ask for less

    def _listed(self, shape: Shape, needs: tuple[tuple[SharedNeed, int], ...]) -> list[Pattern] | None:
        """The patterns of an accelerator with so many copies of each need; None when there are too many."""
        key = shape, needs
        if key not in self._patterns:
            self._patterns[key] = _patterns(shape, needs, self._left)
        found = self._patterns[key]
        self._left -= len(found or ())
        return None if found is None or self._left < 0 else found

    def _touching(self, need: SharedNeed, copies: Mapping[int, float], patterns: Mapping[int, int]) -> None:
        """Patterns, by column with the times that they hold the need, offer what its copies touch."""
        rows = self._rows
        offered = {k: float(times) for k, times in patterns.items()}
        rows.row(0.0, _INF, offered | {k: -float(need.accelerators) for k in copies})
        for times in set(patterns.values()) if need.accelerators > 1 else ():
            if times > 1:
                there = rows.column(1.0)
                rows.row(0.0, _INF, {**copies, there: -float(times)})
                for k in (k for k, n in patterns.items() if n == times):
                    rows.row(-_INF, 0.0, {k: 1.0, there: -rows.upper[k]})

    def _company(self, copies: Mapping[tuple[int, int], int]) -> None:
        """On one machine at most so many copies of a component, and no two components that keep apart."""
        rows, components = self._rows, self._fleet.components
        here: dict[int, list[int]] = defaultdict(list)
        for (c, _), column in copies.items():
            here[c].append(column)
        present: dict[int, int] = {}
        for c, columns in here.items():
            most = components[c].most_on_any_machine
            if len(columns) > 1:
                rows.row(-_INF, most, dict.fromkeys(columns, 1.0))
            apart = {d for d in here if d != c and (components[c].dedicated or components[d].dedicated)}
            apart |= components[c].avoids & here.keys()
            for d in apart:
                for k in (c, d):
                    if k not in present:
                        present[k] = rows.column(1.0)
                        high = components[k].most_on_any_machine
                        rows.row(-_INF, 0.0, {**dict.fromkeys(here[k], 1.0), present[k]: -float(high)})
                if c < d:
                    rows.row(-_INF, 1.0, {present[c]: 1.0, present[d]: 1.0})

    def _all_placed(self) -> None:
        everywhere: dict[int, dict[int, float]] = {c.index: {} for c in self._fleet.components if c.copies}
        for one in self._machines:
            for (c, _), column in one.copies.items():
                everywhere[c][column] = 1.0
        for c, columns in everywhere.items():
            self._rows.row(self._fleet.components[c].copies, self._fleet.components[c].copies, columns)

    def _option(self, c: int, o: int) -> FleetOption:
        return self._fleet.components[c].options[o]

    def _packed(self, one: _OneMachine, values: Sequence[int]) -> Machine | None:
        """The copies of a machine at their accelerators; None when it is empty."""
        held = [pattern for pattern, k in one.patterns.items() for _ in range(values[k])]
        held += [(0,) * len(one.needs)] * (self._fleet.pools[one.pool].shape.accelerators - len(held))
        total: Counter[SharedNeed] = Counter()
        for (c, o), k in one.copies.items():
            option = self._option(c, o)
            if option.accelerators and option.shared:
                total[SharedNeed.of(option)] += values[k]
        dealt = {
            need: iter(deal(total[need], _touched(total[need], need.accelerators, [held_[i] for held_ in held])))
            for i, need in enumerate(one.needs)
            if total[need]
        }
        own = [k for k, pattern in enumerate(held) if not any(pattern)]
        seats = []
        for (c, o), column in one.copies.items():
            option = self._option(c, o)
            for _ in range(values[column]):
                if option.accelerators and option.shared:
                    need = SharedNeed.of(option)
                    seats.append(Seat(c, o, next(dealt[need])))
                else:
                    mine, own = own[: option.accelerators], own[option.accelerators :]
                    seats.append(Seat(c, o, tuple(mine)))
        return Machine(one.pool, None, tuple(sorted(seats))) if seats else None


def _touched(copies: int, each: int, offered: Sequence[int]) -> list[int]:
    """How often each accelerator is touched by so many copies, within what patterns offer."""
    left, touched = copies * each, []
    for times in offered:
        touched.append(min(times, copies, left))
        left -= touched[-1]
    return touched


def _patterns(shape: Shape, needs: Sequence[tuple[SharedNeed, int]], most: int) -> list[Pattern] | None:
    """All contents of one accelerator, none empty; None when they are more than `most`, or take long to find.

    Of needs of one accelerator as many as there is room for: more than is touched does no harm. Wide needs stand in
    patterns as often as they may.
    """
    found: list[Pattern] = []
    contents = _contents(needs, _of_all(needs), 0, max(0, shape.memory_mib), WHOLE_SHARE)
    for n, (pattern, memory, share) in enumerate(contents):
        if n > _PARAMS.contents * most or len(found) > most:
            return None
        if any(pattern) and not any(
            times < copies and need.accelerators == 1 and need.memory_mib <= memory and need.share <= share
            for (need, copies), times in zip(needs, pattern, strict=True)
        ):
            found.append(pattern)
    return found


def _of_all(needs: Sequence[tuple[SharedNeed, int]]) -> list[tuple[int, int]]:
    """Memory and share that all copies of the needs after each one take together."""
    rest = [(0, 0)]
    for need, copies in reversed(needs[1:]):
        memory, share = rest[-1]
        rest.append((memory + copies * need.memory_mib, share + copies * need.share))
    return rest[::-1]


def _contents(
    needs: Sequence[tuple[SharedNeed, int]], rest: Sequence[tuple[int, int]], first: int, memory: int, share: int
) -> Iterator[tuple[Pattern, int, int]]:
    """What the needs from the `first` on may put into so much memory and share, and what is left of these.

    Where one more of a need of one accelerator fits whatever the others do, it is there.
    """
    if first == len(needs):
        yield (), memory, share
        return
    need, copies = needs[first]
    for times in range(need.most_in(memory, share, copies), -1, -1):
        left, shares = memory - times * need.memory_mib, share - times * need.share
        more = left - need.memory_mib, shares - need.share
        if times < copies and need.accelerators == 1 and more[0] >= rest[first][0] and more[1] >= rest[first][1]:
            return
        for others, memory_left, share_left in _contents(needs, rest, first + 1, left, shares):
            yield (times, *others), memory_left, share_left
