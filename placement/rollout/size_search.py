"""The size of batch that needs the fewest extra machines: orders of each legal size in turn, while there is time.

Of orders with as few batches, one after which the fewest machines more than before hold copies.
"""

from collections.abc import Sequence

from placement.rollout.case import RollingCase
from placement.rollout.exact import fewer
from placement.rollout.roll import Roll, extra_at_once, more_at_the_end, roll
from placement.solving.budget import Budget
from placement.transition.batches import Order


class BatchSizeSearch:
    """Orders for each size of batch.

    `best`: size, order and bound of the one with the fewest extra machines, then the fewest batches, then the fewest
        machines more than before at its end.
    `without`: sizes for which there is proven to be no order.
    `cut`: whether orders were left untried, for want of time.
    """

    def __init__(self, case: RollingCase, most: int, attempts: int, budget: Budget) -> None:
        self._case, self._most, self._attempts, self._budget = case, most, attempts, budget
        self._bounds: dict[int, int] = {}
        self._key = (0, 0, 0)
        self.best: tuple[int, Order, int] | None = None
        self.without: set[int] = set()
        self.cut = self.interrupted = False

    def run(self, sizes: Sequence[int]) -> None:
        """Try the sizes in turn until time is up, one order at least."""
        self._bounds = {size: self._case.fewest_extra(size) for size in sizes}
        try:
            for number, size in enumerate(sizes):
                if self._bounds[size] > self._cap():
                    continue
                if number and self._budget.over():
                    self.cut = True
                    return
                self._try(size)
        except KeyboardInterrupt:
            self.cut = self.interrupted = True

    def least(self) -> int:
        """No order with batches of any of the sizes needs fewer extra machines."""
        return min(self._bounds.values(), default=0)

    def _cap(self) -> int:
        return self._most if self.best is None else min(self._most, self._key[0])

    def _try(self, size: int) -> None:
        case, cap, bound = self._case, self._cap(), self._bounds[size]
        what = Roll(case.name, case.first, size)
        order: Order | None = None
        for seed in range(self._attempts):
            if seed and self._budget.over():
                self.cut = True
                break
            found = roll(case.sites, case.due, what, cap if order is None else extra_at_once(order) - 1, seed)
            if found is not None:
                order = found
                self._take(size, order, bound)
            if order is not None and extra_at_once(order) <= bound:
                break
        if self._budget.over():
            self.cut = self.cut or order is None or extra_at_once(order) > bound
        else:
            order, bound = fewer(case.sites, case.due, what, order, bound, self._most)
        self._bounds[size] = bound
        if order is None:
            self.without |= {size} if bound > self._most else set()
        else:
            self._take(size, order, bound)
            self._with_fewer_left(what, order, bound)

    def _with_fewer_left(self, what: Roll, order: Order, bound: int) -> None:
        """Orders that empty machines, while more hold copies at the end than before."""
        for seed in range(self._attempts):
            if not more_at_the_end(order):
                return
            if self._budget.over():
                self.cut = True
                return
            found = roll(self._case.sites, self._case.due, what, extra_at_once(order), seed, emptying=True)
            if found is not None and more_at_the_end(found) < more_at_the_end(order):
                order = found
                self._take(what.batch, order, bound)

    def _take(self, size: int, order: Order, bound: int) -> None:
        key = extra_at_once(order), len(order.batches), more_at_the_end(order)
        mine = self.best is not None and self.best[0] == size and key == self._key
        if self.best is None or key < self._key or mine:
            self.best, self._key = (size, order, bound), key
