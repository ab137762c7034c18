"""The columns of a pattern program: patterns of plans, and those that prices find.

Each accelerator that a price pays for has its best pattern by a knapsack, then the best one without the items of that,
and so on: together they hold many items, so the LP gets in one round what it can combine. The same patterns come in
device classes that differ by their zone alone.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, takewhile
from typing import NamedTuple

from placement.compiled.packing import Packing
from placement.patterns.certificate import Prices
from placement.patterns.formulation import DeviceClass, Relaxation
from placement.patterns.master import Duals, PatternProgram, PatternSolution
from placement.patterns.multiplicity import Limits, Multiplicity
from placement.patterns.parameters import PatternColumnParameters as _PARAMS
from placement.solving.budget import Budget


class PricedClasses(NamedTuple):
    """How many patterns were added, and what an accelerator of each device class is worth at most, (device classes,).

    That is at the prices, over all patterns that are allowed.
    """

    added: int
    capacity: list[int]


class PatternColumns:
    """What is added to one `program`.

    `most` are the times that a pattern may hold each item, by device class, and `knapsacks` those with these limits.
    `late` says whether the last solve had no time for all its rounds.
    """

    def __init__(self, relaxation: Relaxation, program: PatternProgram, seed: int) -> None:
        """First columns: each item alone, as often as it fits."""
        self._relaxation, self.program = relaxation, program
        self._rng = random.Random(seed)
        self._index = [
            {item: i for i, item in enumerate(device_class.items)} for device_class in relaxation.device_classes
        ]
        self.multiplicity = Multiplicity(relaxation)
        self.most: tuple[Limits, ...] = self.multiplicity.limits({})
        self.knapsacks = [device_class.knapsack for device_class in relaxation.device_classes]
        self.late = False
        program.add_patterns(
            (device_class.index, {i: limit})
            for device_class in relaxation.device_classes
            for i, limit in enumerate(device_class.knapsack.limits)
            if limit
        )

    def allow(self, aggregates: Mapping[int, tuple[int, int]]) -> None:
        """Allow the patterns that limits on copies, as in a node, allow."""
        most = self.multiplicity.limits(aggregates)
        if most != self.most:
            self.most = most
            self.knapsacks = [
                knapsack.with_limits(limits) for knapsack, limits in zip(self.knapsacks, most, strict=True)
            ]
            self.program.allow(most)

    def price(self, prices: Prices, duals: Duals, extra: int | None = None) -> PricedClasses:
        """Add patterns that are allowed and improve the LP with these `duals`.

        Those are the best of each device class, and up to `extra` more without its items, by default as many as the
        parameters say.
        """
        extra = _PARAMS.extra if extra is None else extra
        capacity, found = [], []
        for q, knapsack in enumerate(self.knapsacks):
            value, best = knapsack.best_pattern(prices.coverage[q])
            capacity.append(max(value, prices.capacity[q]))
            saving = takewhile(partial(self.program.saves, duals, q), self._disjoint(q, prices.coverage[q], best))
            disjoint = list(islice(saving, 1 + extra))
            found += [(q, pattern) for pattern in disjoint]
            if disjoint:
                found += [(q, pattern) for pattern in self._of_some(q, prices.coverage[q], extra)]
        classes = self._relaxation.device_classes
        found += [copy for q, pattern in found for copy in self.alike(classes[q], pattern)]
        new = [(q, pattern) for q, pattern in found if pattern and self.program.saves(duals, q, pattern)]
        return PricedClasses(self.program.add_patterns(new), capacity)

    def solve(self, rounds: int, budget: Budget) -> PatternSolution | None:
        """The program's last solution of at most so many rounds of pricing; None when it has none, or none in time.

        None is begun where there is time for a few more such LPs at most: `late` says whether that ended it.
        """
        solution, self.late = None, False
        for left in range(rounds, -1, -1):
            began = budget.clock()
            now = None if budget.over() else self.program.solve(budget.left())
            took, solution = budget.clock() - began, now or solution
            self.late = now is None or (left > 0 and budget.remaining() < _PARAMS.hurry * took)
            if now is None or self.late or not left:
                break
            duals = now.duals()
            if not self.price(self.program.prices(duals), duals).added:
                break
        return solution

    def add_some(self, prices: Prices, times: int) -> None:
        """So many of each device class at the prices of some items, whether or not they save."""
        for q in range(len(self.knapsacks)):
            self.program.add_patterns((q, pattern) for pattern in self._of_some(q, prices.coverage[q], times))

    def _of_some(self, q: int, prices: Sequence[int], times: int) -> Iterator[dict[int, int]]:
        """So many patterns of a device class, each the best of some items, drawn at random."""
        knapsack = self.knapsacks[q]
        for _ in range(times):
            some = [0 if self._rng.random() < _PARAMS.drop else price for price in prices]
            yield knapsack.best_patterns(some, [knapsack.capacity])[0][1]

    def add_packing(self, packing: Packing) -> None:
        """The patterns of a plan: a good start."""
        self.program.add_patterns(self._patterns_of(packing))

    def _patterns_of(self, packing: Packing) -> Iterator[tuple[int, dict[int, int]]]:
        """What a plan has on its accelerators (or machines with at most one)."""
        modes = {(mode.component, mode.option, mode.pool): mode for mode in self._relaxation.modes}
        for machine in packing.machines:
            on: dict[int, Counter[int]] = {}
            for seat in machine.seats:
                mode = modes.get((seat.component, seat.option, machine.pool))
                if mode is None or mode.item is None:
                    continue
                for a in seat.accelerators or (0,):
                    on.setdefault(a, Counter())[mode.item] += 1
            q = self._relaxation.class_of.get(machine.pool)
            if q is not None:
                limits = self._relaxation.device_classes[q].knapsack.limits
                for pattern in on.values():
                    yield q, {i: min(times, limits[i]) for i, times in pattern.items()}

    def _disjoint(self, q: int, prices: Sequence[int], best: dict[int, int]) -> Iterator[dict[int, int]]:
        """The best pattern of a device class, then each time the best without the items of those before it."""
        knapsack, left = self.knapsacks[q], list(prices)
        while best:
            yield best
            for item in best:
                left[item] = 0
            best = knapsack.best_patterns(left, [knapsack.capacity])[0][1]

    def alike(self, one: DeviceClass, pattern: dict[int, int]) -> Iterator[tuple[int, dict[int, int]]]:
        """The pattern in the other device classes that differ by their zone alone, less what can't stand there.

        `one` is the pattern's, of this relaxation or of one in one place.
        """
        for device_class in self._relaxation.device_classes:
            if device_class is not one and device_class.alike == one.alike:
                index, limits = self._index[device_class.index], self.most[device_class.index]
                there = {index[one.items[i]]: times for i, times in pattern.items() if one.items[i] in index}
                yield device_class.index, {i: min(times, limits[i]) for i, times in there.items()}
