"""Counts that have a packing, at a low cost: heuristics, whose result proves nothing.

Each pool is counted by itself: what alike pools hold together, none of them may have in one piece. Machines above a
quota are dear, not forbidden, so that there are always counts to go on from. A large-neighbourhood search counts some
components anew, many among few modes or few among all; all others keep their copies. How many is adapted: fewer where
the engine does not come to its end, more where it finds nothing. What a solution breaks is found only then: it gets as
many machines more as it needs, and is mended by one more neighbourhood where that is too dear (docs/maths/demand.md).

Shaw, "Using constraint programming and local search methods to solve vehicle routing problems", CP 1998,
doi:10.1007/3-540-49481-2_30; with a mixed-integer program in place of the constraint program.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence, Set
from functools import partial

from placement.compiled.packing import Packing
from placement.patterns.counts.model import Choice, CountModel, merging_of
from placement.patterns.counts.pools import PoolPacking
from placement.patterns.counts.program import Counts, FoundCounts, Merging
from placement.patterns.counts.weights import Weights
from placement.patterns.parameters import CountParameters as _PARAMS
from placement.solving.budget import Budget


class CountSearch:
    """The search of one relaxation; `programs` counts those that were solved."""

    def __init__(
        self,
        pools: PoolPacking,
        choices: Set[Choice],
        seconds: float,
        *,
        weights: Iterable[Weights] = (),
    ) -> None:
        """O(modes x weights). Each program but that of the whole has so many `seconds`.

        Parameters
        ----------
        pools : packs what counts put on each pool.
        choices : what copies run by at first; all other modes are tried by few components at a time.
        weights : inequalities that are known.
        """
        relaxation = pools.relaxation
        self.programs = 0
        self._at: Counts | None = None  # may have machines above a quota
        self._choices, self._seconds = choices, seconds
        first = merging_of(relaxation).first
        self._other_modes = frozenset(
            w
            for w, mode in enumerate(relaxation.modes)
            if (mode.component, mode.option, first[mode.pool]) not in choices
        )
        none = Merging.none(relaxation.fleet)
        self._model = CountModel(relaxation, none, over_quota=_PARAMS.over_price)
        self._model.weights = list(dict.fromkeys((*self._model.weights, *weights)))
        self._placed = sorted({mode.component for mode in relaxation.modes})
        # Part of the components that are counted anew at a time, among the choices and among all modes.
        self._parts = {False: _PARAMS.free, True: _PARAMS.fewer_free}
        self._pools = pools
        self._separated = False
        self._parts_modes: set[int] = set()  # modes of the solution in parts
        self._random = random.Random(0)

    @property
    def counts(self) -> Counts | None:
        """The cheapest so far that break no inequality that could be found; None while they need more than a quota."""
        return None if self._at is None or any(self._model.excess(self._at)) else self._at

    @property
    def begun(self) -> bool:
        """Whether there are counts to go on from, within the quotas or not."""
        return self._at is not None

    def begin_at(self, packing: Packing) -> None:
        """Take the counts of a plan."""
        self.take(self._model.counts_of(packing))

    def take(self, counts: Counts) -> None:
        """Go on from counts that have a packing."""
        self._at = counts

    def run(self, budget: Budget) -> None:
        """Find counts, from nothing."""
        if not self._separated:
            self._parts_modes = {w for w, n in enumerate(self._model.separate(budget)) if n > 0}
            self._separated = True
        if self._at is None:
            self._begin(budget)
        if self.counts is None and self._parts_modes & self._other_modes:
            # These modes are not enough within the quotas: those of the solution in parts, too.
            self._other_modes -= self._parts_modes
            self._begin(budget)
        self._improve(budget, lambda: self.counts is not None)

    def _begin(self, budget: Budget) -> None:
        if not budget.over():
            found = self._find(budget, None, frozenset(self._placed), self._other_modes)
            counts = None if found.counts is None else self._repaired(found.counts, budget)
            if counts is not None and not self._is_dearer(counts):
                self._at = counts

    def improve(self, budget: Budget, seed: int) -> None:
        """Cheaper counts from those at hand, until the time is up or many neighbourhoods in a row have none."""
        self._random = random.Random(seed)
        self._improve(budget, lambda: False)

    def whole(
        self, budget: Budget, tell: Callable[[Counts], None], until: Callable[[], bool] = bool
    ) -> Callable[[], FoundCounts]:
        """A search from the counts at hand by one program of all components and modes, for any thread.

        It tells of the solutions that it finds, which may break inequalities, and ends once `until` says so.
        """
        self.programs += 1
        program, known, placed = self._model.program(), self._at, frozenset(self._placed)

        def tell_of_others(counts: Counts) -> None:
            if counts != known:
                tell(counts)

        return partial(program.find, budget, known, placed, tell=tell_of_others, until=until)

    def mend(self, budget: Budget, counts: Counts) -> bool:
        """Counts like these that break no inequality; says whether they are cheaper than at hand."""
        return not self._is_dearer(counts) and self._mend(budget, counts)

    def _improve(self, budget: Budget, ended: Callable[[], bool]) -> None:
        failures = 0
        while self._at is not None and failures < _PARAMS.failures and not budget.over() and not ended():
            anywhere = self._random.random() < 0.5
            better = self._count_anew(budget, anywhere=anywhere)
            failures = 0 if better else failures + 1

    def _count_anew(self, budget: Budget, *, anywhere: bool) -> bool:
        """Count some components anew, among all modes or few; says whether that is cheaper."""
        part = self._parts[anywhere]
        free = self._some(part, self._placed)
        found, ended = self._find(budget, self._at, free, frozenset() if anywhere else self._other_modes)
        better = found is not None and not self._is_dearer(found) and self._mend(budget, found)
        if not ended:
            self._parts[anywhere] = max(_PARAMS.least_free, part * _PARAMS.less)
        elif not better:
            self._parts[anywhere] = min(1.0, part * _PARAMS.wider)
        return better

    def _mend(self, budget: Budget, counts: Counts) -> bool:
        """Take counts, or such with what they break mended, if these are cheaper than those at hand.

        What has too many copies for its machines gets more of them. Where that is too dear, components that are there,
        and some others, are counted anew from there.
        """
        found: Counts | None = counts
        for _ in range(_PARAMS.mends):
            repaired = None if found is None or self._is_dearer(found) else self._repaired(found, budget)
            if found is None or repaired is None:
                return False
            if not self._is_dearer(repaired):
                self._at = repaired
                return True
            if budget.over():
                return False
            lacking = {p for p, n in enumerate(found.machines) if repaired.machines[p] > n}
            found = self._find(budget, repaired, self._around(repaired, lacking), self._other_modes).counts
        return False

    def _around(self, counts: Counts, pools: Set[int]) -> frozenset[int]:
        """Components with copies on some pools, and others."""
        modes = self._model.relaxation.modes
        there = sorted(
            {mode.component for mode, n in zip(modes, counts.copies, strict=True) if n and mode.pool in pools}
        )
        free = self._some(_PARAMS.fewer_free * len(self._placed) / max(1, len(there)), there)
        return free | self._some(_PARAMS.fewer_free - len(free) / len(self._placed), self._placed)

    def _some(self, part: float, components: Sequence[int]) -> frozenset[int]:
        n = min(len(components), max(0, math.ceil(part * len(components))))
        return frozenset(self._random.sample(components, n))

    def _find(self, budget: Budget, known: Counts | None, free: Set[int], barred: Set[int]) -> FoundCounts:
        self.programs += 1
        return self._model.program().find(budget.share(seconds=self._seconds), known, free, barred)

    def _is_dearer(self, counts: Counts) -> bool:
        """Whether counts cost no less than those at hand."""
        return self._at is not None and self._model.price(counts) >= self._model.price(self._at)

    def _repaired(self, counts: Counts, budget: Budget) -> Counts | None:
        """The same copies on as many machines more as they need; what they broke is known from then on."""
        model = self._model
        for _ in range(_PARAMS.rounds):
            known = set(model.weights)
            broken = [weights for weights in model.broken(counts.machines, counts.copies) if weights not in known]
            model.weights += broken
            more = model.program().machines_for(counts)
            if more is None:
                return None
            if not broken and more == counts:
                lacking = self._pools.lacking(counts, budget)
                if not lacking:
                    return counts
                needed = {p: -(-n // model.relaxation.devices(p)) for p, n in lacking.items()}
                more = counts._replace(machines=tuple(n + needed.get(p, 0) for p, n in enumerate(counts.machines)))
            counts = more
        return None
