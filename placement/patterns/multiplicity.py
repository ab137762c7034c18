"""How often an item may stand in a pattern, at most: what limits on copies say, given or by branching.

A copy on several accelerators stands once on each. The LP only counts places, so it may put one copy twice on each of
half as many accelerators, as long as some plan has two such copies. Where a node of the tree allows at most k, patterns
with more are ruled out: no accelerator holds more copies than stand on all that are alike.
"""

from collections.abc import Iterable, Mapping, Sequence

from placement.patterns.formulation import Relaxation
from placement.patterns.master import Pattern

Limits = tuple[int, ...]

_SOME = 1e-6


class Multiplicity:
    """The limits of one relaxation."""

    def __init__(self, relaxation: Relaxation) -> None:
        """O(modes)."""
        self._whole = tuple(tuple(device_class.knapsack.limits) for device_class in relaxation.device_classes)
        in_class = {}  # (component, option, device class) -> the sum of just these modes
        for s, modes in enumerate(relaxation.aggregates):
            some = [relaxation.modes[w] for w in modes]
            if len({mode.device_class for mode in some}) == 1:
                in_class[some[0].component, some[0].option, some[0].device_class] = s
        users: dict[tuple[int, int], dict[tuple[int, int], int | None]] = {}
        for mode in relaxation.modes:
            if mode.device_class is not None and mode.item is not None:
                own = in_class.get((mode.component, mode.option, mode.device_class))
                users.setdefault((mode.device_class, mode.item), {})[mode.component, mode.option] = own
        self._users = {
            item: tuple((relaxation.fleet.components[c].copies, s) for (c, _), s in found.items())
            for item, found in users.items()
            if any(s is not None for s in found.values())
        }
        self._limited = {s for found in self._users.values() for _, s in found if s is not None}
        self._alone = {found[0][1]: item for item, found in self._users.items() if len(found) == 1}
        self._touches = {s: relaxation.modes[relaxation.aggregates[s][0]].touches for s in self._alone if s is not None}

    def limits(self, aggregates: Mapping[int, tuple[int, int]]) -> tuple[Limits, ...]:
        """By device class, the most copies of each item on one accelerator, when aggregates are within these limits."""
        if not any(s in self._limited for s in aggregates):
            return self._whole
        found = [list(limits) for limits in self._whole]
        for (q, i), users in self._users.items():
            most = sum(
                copies if s is None or s not in aggregates else min(copies, aggregates[s][1]) for copies, s in users
            )
            found[q][i] = min(found[q][i], most)
        return tuple(tuple(limits) for limits in found)

    def repeated(
        self, aggregates: Sequence[float], most: Sequence[Limits], patterns: Iterable[tuple[Pattern, float]]
    ) -> tuple[float, ...]:
        """For each sum of whole copies, how many of these the LP saves by patterns with more of them than there are."""
        saved = [0.0] * len(aggregates)
        by_item = {}  # (device class, item) -> its sum, and how many copies that has
        for s, (q, i) in self._alone.items():
            if (
                s is not None
                and most[q][i] > round(aggregates[s])
                and abs(aggregates[s] - round(aggregates[s])) <= _SOME
            ):
                by_item[q, i] = s, round(aggregates[s])
        for (q, pattern), mass in patterns if by_item else ():
            for i, times in pattern:
                if mass > _SOME and (q, i) in by_item:
                    s, copies = by_item[q, i]
                    saved[s] += max(0, times - copies) * mass / self._touches[s]
        return tuple(saved)
