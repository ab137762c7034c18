"""The pattern LP with residuals: accelerators filled in part hold residual patterns, as empty ones hold patterns."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf

from placement.patterns.certificate import Prices
from placement.patterns.formulation import Relaxation, volumes
from placement.patterns.master import Duals, PatternProgram, PatternSolution
from placement.solvers.column_generation.diving.residual_capacity import (
    Residual,
    ResidualCapacity,
    ResidualPattern,
    ResidualsByClass,
)

_SOME = 1e-7


class ResidualProgram(PatternProgram):
    """The pattern program of a relaxation, with a row for each residual beside its machines."""

    def __init__(self, relaxation: Relaxation, paid: float | None = None) -> None:
        """O(modes); there are no residuals yet."""
        super().__init__(relaxation, paid=paid)
        self._residual: dict[Residual, int] = {}  # their rows
        self._residual_patterns: dict[ResidualPattern, int] = {}  # their columns
        self._size = {pool.index: volumes(relaxation.fleet, pool.index) for pool in relaxation.fleet.pools}

    def offer(self, residuals: ResidualCapacity) -> list[Residual]:
        """Let the program have these residuals, and no others; their machines' volumes too. Returns those new to it."""
        self.primal_feasible = False
        new = [residual for residual in residuals.places if residual not in self._residual]
        for residual in new:
            self._residual[residual] = self.solver.add_row(0.0, inf)
        free, vacancies = residuals.volumes(), residuals.vacancies()
        supply = dict.fromkeys((*self._residual.values(), *self.rows.capacity), 0.0)
        for residual, places in residuals.places.items():
            supply[self._residual[residual]] += float(len(places))
        supply |= {row: free.get((p, r), 0.0) / self._size[p][r] for (p, r), row in self.rows.volume.items()}
        supply |= {row: float(vacancies[key]) for key, row in self.rows.on_one.items()}
        for row, amount in supply.items():
            self.solver.changeRowBounds(row, -amount, inf)
        return new

    def ask_within(
        self, required: Sequence[float], zoned: Mapping[int, Sequence[int]], most: Mapping[int, Sequence[int]]
    ) -> None:
        """As `ask_for`, but of some components no least in each zone, and at most so many more there."""
        self.ask_for(required, zoned)
        for (c, z), row in self.rows.zone.items():
            if c in most:
                self.solver.changeRowBounds(row, 0.0, float(most[c][z]))

    def add_residual_patterns(self, found: Iterable[tuple[Residual, dict[int, int]]]) -> int:
        """Add residual patterns of residuals that are offered; says how many were new."""
        new: list[tuple[int, int, Mapping[int, int]]] = []
        for residual, residual_pattern in found:
            key = (residual, tuple(sorted(residual_pattern.items())))
            if residual_pattern and key not in self._residual_patterns:
                self._residual_patterns[key] = self.solver.getNumCol() + len(new)
                new.append((self._residual[residual], residual[0], residual_pattern))
        self.add_columns(new)
        return len(new)

    def allow_residual_patterns(self, limits: Sequence[Sequence[int]], banned: Collection[ResidualPattern]) -> None:
        """Allow residual patterns with at most so many of each item, by device class, that are not banned."""
        most = [
            0.0 if key in banned or any(times > limits[key[0][0]][i] for i, times in key[1]) else inf
            for key in self._residual_patterns
        ]
        self.bound_columns([*self._residual_patterns.values()], most)

    def improve_residual_patterns(self, duals: Duals, prices: Prices, by_class: ResidualsByClass) -> int:
        """Price the residual patterns of residuals, one table a device class; says how many better ones were added."""
        found = []
        for knapsack, residuals in by_class:
            best = knapsack.best_patterns(prices.coverage[residuals[0][0]], [free for _, free in residuals])
            found += [
                (residual, residual_pattern) for residual, (_, residual_pattern) in zip(residuals, best, strict=True)
            ]
        return self.add_residual_patterns(
            (residual, residual_pattern)
            for residual, residual_pattern in found
            if self.saves(duals, residual[0], residual_pattern, self._residual[residual])
        )

    def held(self, solution: PatternSolution) -> dict[ResidualPattern, float]:
        """Residuals that hold each residual pattern in a solution, none of 0."""
        known = ((key, k) for key, k in self._residual_patterns.items() if k < len(solution.columns))
        return {key: solution.columns[k] for key, k in known if solution.columns[k] > _SOME}
