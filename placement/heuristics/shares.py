"""What a copy costs on a machine: its share of the price, by the resources it takes.

A machine is paid as a whole, so the share of one copy is a matter of judgement. Here it is the price times a mean of
two readings: the largest part of any resource that the copy takes (its *volume*, as if others filled the rest exactly)
and one over the number of equal copies that an empty machine holds (as if only its like stood there).
"""

import numpy as np

from placement.arrays import Bools, Floats, Ints
from placement.compiled.fleet import Fleet, FleetOption, Shape
from placement.grouping import grouped
from placement.heuristics.parameters import ShareParameters as _PARAMS
from placement.units import WHOLE_SHARE

_UNLIMITED = 2**40


class Shares:
    """Per mode (component, option) and pool, for all modes at once.

    Attributes
    ----------
    first : (C,) index of each component's first mode; mode w of (c, o) is ``first[c] + o``.
    owner : (W,) component of each mode. serves : (W,) what one copy serves of a demand; 1 without a demand.
    allowed : (W, P) where it may run. volume : (W, P) the largest part of an empty machine's resources that one copy
        takes, inf where it may not run.
    shape_of : (P,) the pool's machine among the S that differ. price : (P,) micro-dollars per hour.

    What a copy takes depends on the machine's shape alone, so it is kept by shape: many pools have few.
    """

    def __init__(self, fleet: Fleet) -> None:
        """O(modes x pools), vectorised."""
        modes = [option for component in fleet.components for option in component.options]
        sizes = [len(component.options) for component in fleet.components]
        self.first = [0, *np.cumsum(sizes).tolist()][:-1]
        self.owner = np.repeat(np.arange(len(sizes)), sizes)
        self.serves = np.array(
            [max(1, o.throughput) if c.demand else 1 for c in fleet.components for o in c.options], dtype=np.float64
        )
        index: dict[Shape, int] = {}
        self.shape_of = np.array([index.setdefault(pool.shape, len(index)) for pool in fleet.pools], dtype=np.int64)
        shapes = list(index)
        self.price = np.array([pool.price for pool in fleet.pools], dtype=np.float64)

        # What machines have, (1, S) each, and what copies need, (W, 1) each.
        has = np.array([(s.accelerators, s.memory_mib, s.vcpus, s.host_mib) for s in shapes], dtype=np.int64)
        devices, device_memory, free_vcpus, free_host = has.reshape(-1, 4).T[:, None, :]
        rows = [(w.accelerators, w.memory_mib, w.share, w.vcpus, w.host_mib, w.shared) for w in modes]
        wide, memory, share, vcpus, host, shared = np.array(rows, dtype=np.int64).reshape(-1, 6).T[:, :, None]
        self.allowed = _allowed(modes, len(fleet.pools))

        on_one = np.where(shared, np.maximum(_part(memory, device_memory), share / WHOLE_SHARE), 1.0)
        taken = np.where(wide > 0, on_one * _part(wide, devices), 0.0)
        # (W, S, 3) what one copy takes of an empty machine, by resource; only where it may run does it mean anything.
        self._parts = np.stack([taken, _part(vcpus, free_vcpus), _part(host, free_host)], axis=2)
        self._latest: tuple[Ints, Floats] | None = None  # some pools, and the parts on them
        self._volume = self._parts.max(axis=2, initial=0.0)
        self.volume = np.where(self.allowed, self._volume[:, self.shape_of], np.inf)

        stacked = np.minimum(_times(memory, device_memory), _times(share, np.full_like(devices, WHOLE_SHARE)))
        per_device = np.where(shared, stacked, 1)
        by_devices = np.where(wide > 0, per_device * devices // np.maximum(wide, 1), _UNLIMITED)
        fit = np.minimum(np.minimum(by_devices, _times(vcpus, free_vcpus)), _times(host, free_host))
        self._equals = 1.0 / np.maximum(fit, 1)  # (W, S) one over the equal copies that an empty machine holds

    def parts(self, mode: Ints, pool: Ints) -> Floats:
        """(N, 3) the parts of an empty machine of the pool that one copy takes, by resource, where it may run."""
        parts: Floats = self._parts[mode, self.shape_of[pool]]
        return parts

    def least_parts(self) -> Floats:
        """(C, P, 3) the least parts of an empty machine that one copy takes, by resource; inf where it may not run."""
        parts = np.where(self.allowed[:, :, None], self._parts[:, self.shape_of], np.inf)
        return np.minimum.reduceat(parts, self.first, axis=0) if len(self.first) else parts

    def _parts_on(self, pools: Ints) -> Floats:
        """(W, N, 3) the parts on these pools, kept for the next time, as prices are found in many rounds."""
        if self._latest is None or not np.array_equal(self._latest[0], pools):
            self._latest = pools.copy(), self._parts[:, self.shape_of[pools]]
        return self._latest[1]

    def weighted(self, pools: Ints, weights: Floats) -> Floats:
        """(W, N) the parts of empty machines of `pools` (N,), added up by weights (N, 3), whether allowed or not."""
        if len(pools) * len(self._parts) <= _PARAMS.entries:
            found: Floats = np.einsum("wpr,pr->wp", self._parts_on(pools), weights)
            return found
        shape = self.shape_of[pools]
        found = np.empty((len(self._parts), len(pools)))
        # Some modes at a time: the parts on every pool are a large table.
        step = max(1, _PARAMS.entries // max(1, len(pools)))
        for w in range(0, len(found), step):
            np.einsum("wpr,pr->wp", self._parts[w : w + step, shape], weights, out=found[w : w + step])
        return found

    def least_of_each(self, of_mode: Floats) -> Floats:
        """(C,) the least of each component's modes, given one number a mode."""
        least: Floats = np.minimum.reduceat(of_mode, self.first) if len(self.first) else np.zeros(0)
        return least

    def cost(self, likeness: float, weights: Floats | None = None, scarcity: Floats | None = None) -> Floats:
        """(W, P) micro-dollars an hour that one copy is charged; inf where it may not run.

        `likeness`: weight of one over the equal copies that a machine holds, against the volume, 0 to 1.
        `weights`: (P, 3) what part of a pool's price each resource carries; None charges the largest part.
        `scarcity`: (P,) added to the price of a machine where quotas make it dearer than it is.
        """
        charged = (
            self._volume[:, self.shape_of] if weights is None else self.weighted(np.arange(len(self.shape_of)), weights)
        )
        price = self.price if scarcity is None else self.price + scarcity
        charged = price * ((1.0 - likeness) * charged + likeness * self._equals[:, self.shape_of])
        charged[~self.allowed] = np.inf
        return charged


def _allowed(modes: list[FleetOption], pools: int) -> Bools:
    """(W, P) where each may run; modes that may run on the same pools are written together."""
    groups = grouped((option.pools, w) for w, option in enumerate(modes))
    allowed = np.zeros((len(modes), pools), dtype=np.bool_)
    for listed, rows in groups.items():
        one = np.zeros(pools, dtype=np.bool_)
        one[list(listed)] = True
        allowed[rows] = one
    return allowed


def _part(need: Ints, has: Ints) -> Floats:
    """Part of the room that the need takes; 0 without a need."""
    return np.where(need > 0, need / np.maximum(has, 1), 0.0)


def _times(need: Ints, has: Ints) -> Ints:
    """How often the need goes into the room."""
    return np.where(need > 0, np.maximum(has, 0) // np.maximum(need, 1), _UNLIMITED)
