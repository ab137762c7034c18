"""What packing at fleet mixes takes from bounds: inequalities on machine counts, patterns and dual values.

Where rules look at the whole plan there are several: pattern bounds at other linear prices (`patterns.group_bound`),
all of whose inequalities on machine counts hold, and of which the best is nearest to the plans that are looked for.
"""

from placement.engines.parameters import ENGINE_PARAMETERS
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import Cut
from placement.patterns.covering import cheapest_mix
from placement.patterns.group_bound import linear_bounds
from placement.patterns.master import Pattern
from placement.patterns.parameters import PatternBoundParameters as _PARAMS
from placement.solving.context import Solve


class WholePlanGround:
    """The ground of a fleet with rules over the whole plan, from all bounds that its incumbent has heard of.

    As of a `PatternBound`, packing takes of it the `cuts` that every plan keeps, `cheap_machines`, counts by pool that
    keep them (() where none are known), `machine_values`, what a machine of each pool is worth ([] where that is not
    known), and `useful_patterns`.
    """

    def __init__(self, solve: Solve) -> None:
        """O(bounds). `found` says whether there was any bound; `best` is the highest, None where there was none."""
        fleet, evidence = solve.fleet, solve.incumbent.evidence
        linear = linear_bounds(solve)
        plain = [one for one in evidence if isinstance(one, PatternBound) and one.fleet is fleet]
        every = [one.patterns for one in linear] + plain
        self.cuts: list[Cut] = [cut for one in every for cut in one.cuts]
        self.found = bool(self.cuts)
        ranked = [*((one.ticks, one.patterns) for one in linear), *((one.ticks, one) for one in plain)]
        self.best: PatternBound | None = max(ranked, key=lambda pair: pair[0])[1] if ranked else None
        self.machine_values: list[float] = [] if self.best is None else self.best.machine_values
        self._solve = solve

    def cheap_machines(self) -> tuple[int, ...]:
        """Counts by pool that keep all cuts, found in the time that is left."""
        solve, gap = self._solve, ENGINE_PARAMETERS.integer_program.gap
        seconds, effort = solve.budget.left(), _PARAMS.mix_effort
        mix = cheapest_mix(solve.fleet, self.cuts, gap=gap, seconds=seconds, effort=effort, seed=solve.seed)
        return () if mix is None else mix.machines

    def useful_patterns(self) -> list[Pattern]:
        """Those of the best bound."""
        return [] if self.best is None else self.best.useful_patterns()


Ground = PatternBound | WholePlanGround
