"""Inequalities that say that copies which serve a demand are whole.

A demand asks for Σ t x ≥ d, with the throughput t of a copy by each mode. Divide by any u, and let r be the rest of
d / u: then Σ ((t div u) r + min(t mod u, r)) x ≥ r (d div u + 1) for whole x, and Σ ⌈t / u⌉ x ≥ d / u where there is no
rest (mixed-integer rounding: Nemhauser and Wolsey 1990, *A recursive procedure to generate all cuts for 0-1 mixed
integer programs*, Math. Program. 46, doi:10.1007/BF01585752). All in integers. The linear program over counts is some
7 % below the integer one without them, and 1 % with them (docs/notes/2026-11-demand.md).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from placement.patterns.formulation import Relaxation
from placement.patterns.parameters import DemandRoundingParameters as _PARAMS


class Rounded(NamedTuple):
    """A component's demand divided by some throughput, `unit`."""

    component: int
    unit: int

    def of(self, throughput: int, demand: int) -> int:
        """What a copy counts."""
        whole, part = divmod(throughput, self.unit)
        rest = demand % self.unit
        return whole * rest + min(part, rest) if rest else -(-throughput // self.unit)

    def least(self, demand: int) -> int:
        """What all copies count at least."""
        whole, rest = divmod(demand, self.unit)
        return rest * (whole + 1) if rest else whole


class _Roundings(NamedTuple):
    """Inequalities of one component: `modes`, `units`, and `parts`, (units, modes), of what all copies count."""

    modes: list[int]
    units: list[int]
    parts: np.ndarray


class DemandRounding:
    """All inequalities that are worth a look. O(modes x units)."""

    def __init__(self, relaxation: Relaxation) -> None:
        """For each component with a demand."""
        modes: dict[int, list[int]] = {}
        for w, mode in enumerate(relaxation.modes):
            modes.setdefault(mode.component, []).append(w)
        self._of: dict[int, _Roundings] = {}
        for component in relaxation.fleet.components:
            if component.demand and component.index in modes:
                rates = [relaxation.modes[w].throughput for w in modes[component.index]]
                units = sorted(_units(set(rates), component.demand))
                found = [Rounded(component.index, unit) for unit in units]
                parts = [
                    [one.of(rate, component.demand) / one.least(component.demand) for rate in rates] for one in found
                ]
                self._of[component.index] = _Roundings(modes[component.index], units, np.array(parts))

    def broken(self, copies: Sequence[float]) -> Iterator[Rounded]:
        """For each demand the inequality that copies in parts, (modes,), break the most, if any."""
        counted = np.array(copies)
        for c, (modes, units, parts) in self._of.items():
            kept = parts @ counted[modes]
            k = int(np.argmin(kept))
            if kept[k] < 1 - _PARAMS.broken:
                yield Rounded(c, units[k])


def _units(rates: set[int], demand: int) -> set[int]:
    """Throughputs worth dividing by: those of copies, and parts of the demand."""
    units = {rate // k for rate in rates for k in range(1, _PARAMS.rates + 1)}
    units |= {demand // k + more for k in range(1, _PARAMS.parts + 1) for more in (0, 1)}
    return {unit for unit in units if unit > 0}
