r"""Whether given copies fit on given machines: patterns of accelerators, counted machine by machine.

An integer program with, for each machine m, copies :math:`x_{com}` by component and option, and accelerators
:math:`y_{jm}` that hold pattern j: what stands together on one accelerator, by needs, as copies of one need are alike
there. All copies are placed; accelerators with patterns and owned ones are within those of the machine, and patterns
offer what copies touch:

.. math:: \sum_j m_{ij} y_{jm} \ge g_i x_{im}, \quad \sum_j y_{jm} + \sum_{owned} g_{co} x_{com} \le K.

A pattern with t copies of a wide need (of several accelerators each) is there only where t such copies are on the
machine; then they can be dealt out (`compiled.wrap_around`). vCPU and host memory, caps and company are rows, too, so a
solution is a packing and no solution a proof. Machines may hold copies already: accelerators with the same room left
then have patterns of their own. The direct model names the accelerators of a machine, here they are
counted: nothing is left that could be exchanged for its like, and the LP is that of patterns (Gilmore and Gomory 1961).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import NamedTuple

import highspy

from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet, FleetOption
from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.shared_need import SharedNeed
from placement.compiled.wrap_around import deal
from placement.engines.highs import prove, whole_solution
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.grouping import grouped
from placement.patterns.enumeration.rows import IntegerRows
from placement.patterns.parameters import GivenMachinesParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.result import PackingAnswer
from placement.units import WHOLE_SHARE

Pattern = tuple[int, ...]


class _Room(NamedTuple):
    """Accelerators of one machine with as much left: MiB and thousandths of each; `whole` where nobody stands there."""

    accelerators: tuple[int, ...]
    memory_mib: int
    share: int
    whole: bool


class _OneMachine(NamedTuple):
    """One machine: what it holds already, the needs that share, and columns.

    These are of copies by component and option, and of accelerators by room and pattern.
    """

    held: Machine
    copies: dict[tuple[int, int], int]
    needs: tuple[SharedNeed, ...]
    patterns: list[tuple[_Room, dict[Pattern, int]]]


def pack_given(
    fleet: Fleet, machines: Mapping[int, int], budget: Budget, held: Sequence[Machine] = ()
) -> PackingAnswer:
    """A packing of all copies of a fleet on so many machines by pool; or that there is none, as a proof.

    It is not decided where there are too many patterns, or the budget is over. With a limit on work the nodes of the
    program are limited.

    Parameters
    ----------
    fleet : one as `SomePools` makes it: all copies are required, and no rule looks beyond one machine.
    machines : by pool, how many there are, those with copies among them.
    held : machines that hold copies of the fleet already, which stay where they are.
    """
    program = _Program(fleet, budget)
    there = Counter(machine.pool for machine in held)
    empty = [Machine(p, None, ()) for p, n in machines.items() for _ in range(n - there[p])]
    if not all(program.add_machine(machine) for machine in (*held, *empty)):
        return PackingAnswer()
    return program.solve(budget)


def thinned(
    copies: Mapping[int, int], fits_nowhere: Callable[[dict[int, int]], bool], budget: Budget
) -> dict[int, int]:
    """Of copies by component that fit nowhere as few as still do not, left out one after the other."""
    least = dict(copies)
    for c in copies:
        for step in (copies[c], 1):  # all of them first: most components have no part in it
            while c in least and not budget.over():
                fewer = {k: n - step * (k == c) for k, n in least.items() if n > step * (k == c)}
                if not fewer or not fits_nowhere(fewer):
                    break
                least = fewer
    return least


class _Program:
    """The program of one fleet, machine after machine."""

    def __init__(self, fleet: Fleet, budget: Budget) -> None:
        self._fleet = fleet
        self._rows = IntegerRows()
        self._machines: list[_OneMachine] = []
        self._patterns: dict[tuple[int, int, tuple[tuple[SharedNeed, int], ...]], list[Pattern] | None] = {}
        self._left = _PARAMS.most_patterns
        self._nodes = ENGINE_PARAMETERS.integer_program.nodes

    def add_machine(self, held: Machine) -> bool:
        """Columns and rows of one more machine; False when there are too many patterns."""
        rows, shape = self._rows, self._fleet.pools[held.pool].shape
        here = Counter(seat.component for seat in held.seats)
        copies = {
            (component.index, option.index): rows.column(max(0, component.most_on_any_machine - here[component.index]))
            for component in self._fleet.components
            if component.copies
            for option in component.options
            if held.pool in option.pools
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
        most = tuple((need, int(sum(rows.upper[k] for k in sharers[need]))) for need in needs)
        columns: list[tuple[_Room, dict[Pattern, int]]] = []
        for room in _rooms(self._fleet, held):
            patterns = self._listed(room, most)
            if patterns is None:
                return False
            columns.append((room, {pattern: rows.column(len(room.accelerators)) for pattern in patterns}))
            own = owners if room.whole else {}
            rows.row(-inf, len(room.accelerators), own | dict.fromkeys(columns[-1][1].values(), 1.0))
        if owners and not any(room.whole for room, _ in columns):
            rows.row(-inf, 0.0, owners)
        for i, need in enumerate(needs):
            offered = {k: pattern[i] for _, some in columns for pattern, k in some.items() if pattern[i]}
            self._touching(need, sharers[need], offered)
        for amount, have in (("vcpus", shape.vcpus), ("host_mib", shape.host_mib)):
            taken = sum(getattr(self._option(seat.component, seat.option), amount) for seat in held.seats)
            rows.row(-inf, have - taken, {k: float(getattr(self._option(*o), amount)) for o, k in copies.items()})
        self._company(copies, here)
        self._machines.append(_OneMachine(held, copies, needs, columns))
        return True

    def solve(self, budget: Budget) -> PackingAnswer:
        self._all_placed()
        ran = prove(self._rows.program(), budget, nodes=self._nodes)
        if ran is None:
            return PackingAnswer()
        solver, status = ran
        values = whole_solution(solver)
        if status != highspy.HighsModelStatus.kOptimal or values is None:
            return PackingAnswer(impossible=status == highspy.HighsModelStatus.kInfeasible)
        packing = Packing(
            tuple(machine for one in self._machines if (machine := self._packed(one, values)) is not None)
        )
        return PackingAnswer(None if broken_rule(self._fleet, packing) else packing)  # large numbers ask for less

    def _listed(self, room: _Room, needs: tuple[tuple[SharedNeed, int], ...]) -> list[Pattern] | None:
        """The patterns of an accelerator of a room with so many copies of each need; None when there are too many."""
        key = room.memory_mib, room.share, needs
        if key not in self._patterns:
            self._patterns[key] = _patterns(room, needs, self._left)
        found = self._patterns[key]
        self._left -= len(found or ())
        return None if found is None or self._left < 0 else found

    def _touching(self, need: SharedNeed, copies: Mapping[int, float], patterns: Mapping[int, int]) -> None:
        """Patterns, by column with the times that they hold the need, offer what its copies touch."""
        rows = self._rows
        offered = {k: float(times) for k, times in patterns.items()}
        rows.row(0.0, inf, offered | {k: -float(need.accelerators) for k in copies})
        for times in set(patterns.values()) if need.accelerators > 1 else ():
            if times > 1:
                there = rows.column(1.0)
                rows.row(0.0, inf, {**copies, there: -float(times)})
                for k in (k for k, n in patterns.items() if n == times):
                    rows.row(-inf, 0.0, {k: 1.0, there: -rows.upper[k]})

    def _company(self, copies: Mapping[tuple[int, int], int], held: Counter[int]) -> None:
        """On one machine at most so many copies of a component, and no two components that keep apart.

        It holds some already, by component.
        """
        rows, components = self._rows, self._fleet.components
        here = grouped((c, column) for (c, _), column in copies.items())
        present: dict[int, int] = {}
        for c, columns in here.items():
            most = components[c].most_on_any_machine
            if len(columns) > 1:
                rows.row(-inf, max(0, most - held[c]), dict.fromkeys(columns, 1.0))
            apart = {d for d in {*here, *held} if d != c and (components[c].dedicated or components[d].dedicated)}
            apart |= components[c].avoids & {*here, *held}
            if apart & held.keys():
                rows.row(-inf, 0.0, dict.fromkeys(columns, 1.0))
                continue
            for d in apart:
                for k in (c, d):
                    if k not in present:
                        present[k] = rows.column(1.0)
                        high = components[k].most_on_any_machine
                        rows.row(-inf, 0.0, {**dict.fromkeys(here[k], 1.0), present[k]: -float(high)})
                if c < d:
                    rows.row(-inf, 1.0, {present[c]: 1.0, present[d]: 1.0})

    def _all_placed(self) -> None:
        everywhere: dict[int, dict[int, float]] = {c.index: {} for c in self._fleet.components if c.copies}
        left = {c: self._fleet.components[c].copies for c in everywhere}
        for one in self._machines:
            for (c, _), column in one.copies.items():
                everywhere[c][column] = 1.0
            for seat in one.held.seats:
                left[seat.component] -= 1
        for c, columns in everywhere.items():
            self._rows.row(left[c], left[c], columns)

    def _option(self, c: int, o: int) -> FleetOption:
        return self._fleet.components[c].options[o]

    def _packed(self, one: _OneMachine, values: Sequence[int]) -> Machine | None:
        """The copies of a machine at their accelerators; None when it is empty."""
        holding: dict[int, Pattern] = {}  # by accelerator that has a pattern
        for room, patterns in one.patterns:
            there = (pattern for pattern, k in patterns.items() for _ in range(values[k]))
            holding |= dict(zip(room.accelerators, there, strict=False))
        total: Counter[SharedNeed] = Counter()
        for (c, o), k in one.copies.items():
            option = self._option(c, o)
            if option.accelerators and option.shared:
                total[SharedNeed.of(option)] += values[k]
        on = list(holding)
        dealt = {
            need: iter(deal(total[need], _touched(total[need], need.accelerators, [holding[a][i] for a in on])))
            for i, need in enumerate(one.needs)
            if total[need]
        }
        own = [a for room, _ in one.patterns if room.whole for a in room.accelerators if not any(holding.get(a, ()))]
        seats = list(one.held.seats)
        for (c, o), column in one.copies.items():
            option = self._option(c, o)
            for _ in range(values[column]):
                if option.accelerators and option.shared:
                    touched = next(dealt[SharedNeed.of(option)])
                    seats.append(Seat(c, o, tuple(sorted(on[k] for k in touched))))
                else:
                    mine, own = own[: option.accelerators], own[option.accelerators :]
                    seats.append(Seat(c, o, tuple(mine)))
        return replace(one.held, seats=tuple(sorted(seats))) if seats else None


def _rooms(fleet: Fleet, machine: Machine) -> list[_Room]:
    """The accelerators of a machine by what its copies leave of each, those that are owned left out."""
    shape = fleet.pools[machine.pool].shape
    left = [(max(0, shape.memory_mib), WHOLE_SHARE, True)] * shape.accelerators
    for seat in machine.seats:
        option = fleet.components[seat.component].options[seat.option]
        for a in seat.accelerators:
            memory, share, _ = left[a]
            left[a] = (memory - option.memory_mib, share - option.share, False) if option.shared else (-1, -1, False)
    by_room = grouped((room, a) for a, room in enumerate(left))
    return [_Room(tuple(on), *room) for room, on in by_room.items() if min(room[:2]) >= 0]


def _touched(copies: int, each: int, offered: Sequence[int]) -> list[int]:
    """How often each accelerator is touched by so many copies, within what patterns offer."""
    left, touched = copies * each, []
    for times in offered:
        touched.append(min(times, copies, left))
        left -= touched[-1]
    return touched


def _patterns(room: _Room, needs: Sequence[tuple[SharedNeed, int]], most: int) -> list[Pattern] | None:
    """All contents of one accelerator, none empty; None when they are more than `most`, or take long to find.

    Of needs of one accelerator as many as there is room for: more than is touched does no harm. Wide needs stand in
    patterns as often as they may.
    """
    found: list[Pattern] = []
    contents = _contents(needs, _of_all(needs), 0, room.memory_mib, room.share)
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
