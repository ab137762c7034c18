"""The best packing of each zone so far, and the plan that they make together."""

import threading
from collections.abc import Iterable

from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.compiled.packing import Packing, evaluate
from placement.reductions.greenfield import Greenfield
from placement.solvers.column_generation.pack import NAME
from placement.solvers.column_generation.parameters import ZonePackingParameters as _PARAMS
from placement.solvers.column_generation.zone_tasks import PackZone
from placement.solving.incumbent import Incumbent


class ZonePlans:
    """Packings of the zones of one split, from any thread; together they are offered as a plan.

    Parameters
    ----------
    incumbent : of the whole fleet.
    fresh : the whole fleet as if nothing ran.
    required : the fleet that was split; each zone has its pools and components.
    """

    def __init__(self, incumbent: Incumbent, fresh: Greenfield, required: Fleet) -> None:
        self._incumbent, self._fresh, self._required = incumbent, fresh, required
        self._lock = threading.RLock()
        self._best: dict[int, Packing | None] = {}
        self.joined = False  # whether all zones have a packing

    def begin(self, tasks: Iterable[PackZone]) -> None:
        """The zones of the split, with the packings that they begin with."""
        with self._lock:
            self._best = {task.zone.zone: task.start for task in tasks}
            self._join(_PARAMS.news)

    def improve(self, zone: int, packing: Packing) -> None:
        """A better packing of a zone; the plan is offered where that is news."""
        self._put(zone, packing, _PARAMS.news)

    def end(self, zone: int, packing: Packing | None) -> None:
        """The last packing of a zone, as good as those before it; None where it has none."""
        if packing is not None:
            self._put(zone, packing, 0.0)

    def _put(self, zone: int, packing: Packing, news: float) -> None:
        with self._lock:
            self._best[zone] = packing
            self._join(news)

    def _join(self, news: float) -> None:
        """Offer all zones together where they cost less than the best plan by that part: what moves cost comes on top.

        To find out which machine is which of those that run takes time, so it is not done for little.
        """
        packings = [packing for packing in self._best.values() if packing is not None]
        if not packings or len(packings) < len(self._best):
            return
        self.joined = True
        whole = Packing(tuple(machine for packing in packings for machine in packing.machines))
        best = self._incumbent.best
        cheaper = best is None or evaluate(self._required, whole).ticks < (1 - news) * best[1].ticks
        if cheaper and not broken_fleet_rule(self._required, whole):
            self._incumbent.offer(self._fresh.lift(whole), NAME)
