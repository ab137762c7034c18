"""What a copy costs on a machine: its share of the price, by the resources it takes.

A machine is paid as a whole, so the share of one copy is a matter of judgement. Here it is the price times a mean of
two readings: the largest part of any resource that the copy takes (its *volume*, as if others filled the rest exactly)
and one over the number of equal copies that an empty machine holds (as if only its like stood there).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    import numpy.typing as npt

    from placement.fleet import Fleet

    Floats = npt.NDArray[np.float64]

_UNLIMITED = 2**40
RESOURCES = 3  # accelerators (memory or share, whichever binds), vCPU, host memory


class Shares:
    """Per way (component, option) and pool, for all ways at once.

    Attributes
    ----------
    first : (C,) index of each component's first way; way w of (c, o) is ``first[c] + o``.
    owner : (W,) component of each way. serves : (W,) what one copy serves of a demand; 1 without a demand.
    parts : (W, P, 3) part of an empty machine that one copy takes, by resource; inf where it may not run.
    volume : (W, P) the largest part. equals : (W, P) one over the equal copies that an empty machine holds.
    price : (P,) micro-dollars per hour.
    """

    def __init__(self, fleet: Fleet) -> None:
        """O(ways x pools), vectorised."""
        ways = [option for component in fleet.components for option in component.options]
        sizes = [len(component.options) for component in fleet.components]
        self.first = [0, *np.cumsum(sizes).tolist()][:-1]
        self.owner = np.repeat(np.arange(len(sizes)), sizes)
        self.serves = np.array(
            [max(1, o.throughput) if c.demand else 1 for c in fleet.components for o in c.options], dtype=np.float64
        )
        shapes = [pool.shape for pool in fleet.pools]
        self.price = np.array([pool.price for pool in fleet.pools], dtype=np.float64)

        def column(values: list[int]) -> npt.NDArray[np.int64]:
            return np.array(values, dtype=np.int64).reshape(-1, 1)

        def row(values: list[int]) -> npt.NDArray[np.int64]:
            return np.array(values, dtype=np.int64).reshape(1, -1)

        wide = column([w.accelerators for w in ways])
        owned = column([not w.shared for w in ways]).astype(np.bool_)
        memory, share = column([w.memory_mib for w in ways]), column([w.share for w in ways])
        vcpus, host = column([w.vcpus for w in ways]), column([w.host_mib for w in ways])
        devices, device_memory = row([s.accelerators for s in shapes]), row([s.memory_mib for s in shapes])
        room_vcpus, room_host = row([s.vcpus for s in shapes]), row([s.host_mib for s in shapes])
        allowed = np.zeros((len(ways), len(shapes)), dtype=np.bool_)
        rows = np.repeat(np.arange(len(ways)), [len(option.pools) for option in ways])
        allowed[rows, [p for option in ways for p in option.pools]] = True

        on_one = np.where(owned, 1.0, np.maximum(_part(memory, device_memory), share / WHOLE_SHARE))
        taken = np.where(wide > 0, on_one * _part(wide, devices), 0.0)
        self.parts = np.stack([taken, _part(vcpus, room_vcpus), _part(host, room_host)], axis=2)
        self.parts[~allowed] = np.inf
        self.volume = self.parts.max(axis=2, initial=0.0)

        stacked = np.minimum(_times(memory, device_memory), _times(share, np.full_like(devices, WHOLE_SHARE)))
        per_device = np.where(owned, 1, stacked)
        by_devices = np.where(wide > 0, per_device * devices // np.maximum(wide, 1), _UNLIMITED)
        fit = np.minimum(np.minimum(by_devices, _times(vcpus, room_vcpus)), _times(host, room_host))
        self.equals = np.where(allowed, 1.0 / np.maximum(fit, 1), np.inf)

    def least_of_each(self, of_way: Floats) -> Floats:
        """(C,) the least of each component's ways, given one number a way."""
        least: Floats = np.minimum.reduceat(of_way, self.first) if len(self.first) else np.zeros(0)
        return least

    def cost(self, likeness: float, weights: Floats | None = None, scarcity: Floats | None = None) -> Floats:
        """(W, P) micro-dollars an hour that one copy is charged; inf where it may not run.

        Parameters
        ----------
        likeness : weight of `equals` against the volume, 0 to 1.
        weights : (P, 3) what part of a pool's price each resource carries; None charges the largest part.
        scarcity : (P,) added to the price of a machine where quotas make it dearer than it is.
        """
        with np.errstate(invalid="ignore"):
            if weights is None:
                volume = self.volume
            else:
                volume = np.einsum("wpr,pr->wp", np.where(np.isinf(self.parts), 0.0, self.parts), weights)
                volume = np.where(np.isinf(self.volume), np.inf, volume)
            price = self.price if scarcity is None else self.price + scarcity
            charged = price * ((1.0 - likeness) * volume + likeness * self.equals)
        return np.where(np.isnan(charged), np.inf, charged)


def _part(need: npt.NDArray[np.int64], room: npt.NDArray[np.int64]) -> Floats:
    """Part of the room that the need takes; 0 without a need."""
    return np.where(need > 0, need / np.maximum(room, 1), 0.0)


def _times(need: npt.NDArray[np.int64], room: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How often the need goes into the room."""
    return np.where(need > 0, np.maximum(room, 0) // np.maximum(need, 1), _UNLIMITED)
