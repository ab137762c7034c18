"""Traffic: the rate of each component over time, as integers.

Rates are micro-requests a second and hold from their time to the next one. Times are whole seconds from the start.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from placement.arrays import Ints
from placement.demand.rules import DAY, MOST_RATE, week_second
from placement.errors import DocumentError, Fault, UsageError, nearest, printable
from placement.units import MICRO

_FEW_TIMES = 8  # spans between times: of fewer nobody can say which length is usual


@dataclass(frozen=True, slots=True)
class Traffic:
    """Rates of some components.

    Attributes
    ----------
    components : names, (C,). times : (T,) seconds, ascending, the first is 0. end : seconds, when the last rate ends.
    rates : (T, C) micro-requests a second. start : the moment of time 0, where the file says it.
    source, places : the file, and where in it each component stands first, (C,); empty where no file names them.
    first : what the file calls time 0, in seconds from a Monday's midnight, where it has no dates.
    """

    components: tuple[str, ...]
    times: Ints
    end: int
    rates: Ints
    start: datetime | None = None
    source: str = ""
    places: tuple[str, ...] = ()
    first: int = 0

    @property
    def week_second(self) -> int:
        """Seconds from a Monday's midnight to time 0; times without dates count from there."""
        return self.first % (7 * DAY) if self.start is None else week_second(self.start)

    def of(self, names: Sequence[str]) -> Traffic:
        """For these components, in this order; one without rows has no requests. O(T x C)."""
        index = {name: k for k, name in enumerate(self.components)}
        rates = np.zeros((len(self.times), len(names)), dtype=np.int64)
        for c, name in enumerate(names):
            if name in index:
                rates[:, c] = self.rates[:, index[name]]
        return Traffic(tuple(names), self.times, self.end, rates, self.start, first=self.first)

    def longest_hole(self) -> tuple[int, int] | None:
        """Where no component has a rate for longer than usual: its index in `times` and its length in seconds.

        None where three in four times, or fewer, are as far apart as most are: such a file says when rates change. O(T)
        """
        lengths = np.diff(self.times)
        if len(lengths) < _FEW_TIMES:
            return None
        usual = int(np.median(lengths))
        longest = int(np.argmax(lengths))
        even = 4 * int(np.count_nonzero(lengths == usual)) > 3 * len(lengths)
        return (longest, int(lengths[longest])) if even and lengths[longest] > usual else None

    def moment(self, second: int) -> str:
        """A second of the traffic, as its file would say it."""
        return (
            f"{self.first + second} s" if self.start is None else (self.start + timedelta(seconds=second)).isoformat()
        )

    def check(self, known: Sequence[str]) -> None:
        """Every component of the traffic is known.

        Raises DocumentError: some that a file names are not, each with the row in which it stands first.
        Raises UsageError: one that is named elsewhere is not.
        """
        names = set(known)
        unknown = [k for k, name in enumerate(self.components) if name not in names]
        if unknown and self.places:
            rule = "is no component of the problem (--name FILE=COMPONENT gives it to one)"
            told = {k: f"{rule}; {nearest(self.components[k], known)}" for k in unknown}
            raise DocumentError([Fault(self.places[k], told[k], self.components[k]) for k in unknown], self.source)
        if unknown:
            name = self.components[unknown[0]]
            raise UsageError(
                f'traffic of "{printable(name)}", which is no component of the problem; {nearest(name, known)}'
            )

    def times_factor(self, factor: float) -> Traffic:
        """All rates so many times as high, to the nearest micro-request.

        Raises UsageError: a rate would be over what a traffic file may have, or the factor is no finite number of at
        least 0.
        """
        highest = int(self.rates.max(initial=0))
        if not (math.isfinite(factor) and factor >= 0 and highest * factor <= MOST_RATE):
            raise UsageError(
                f"times must be a finite number of at least 0 with which no rate is over {MOST_RATE // MICRO} requests "
                f"a second (the highest is {highest / MICRO:g}), got {factor:g}",
                "times",
            )
        rates = np.rint(self.rates * factor).astype(np.int64)
        return replace(self, rates=rates)

    def steps(self, every: int, until: int | None = None) -> Ints:
        """(N, C) mean rates of steps of `every` seconds from 0 up to `until`, or to the end of the traffic.

        A last step that this does not fill is left out: nothing beyond the traffic is played or billed. Rounded to the
        nearest micro-request a second. O((T + N) x C).
        Raises UsageError: not one step is filled.
        """
        end = self.end if until is None else min(until, self.end)
        count = end // every
        if not count:
            played = "the second that is played" if end == 1 else f"the {end:,} seconds that are played"
            if end == self.end:
                played = f"the traffic, which ends after {end:,} seconds"
            raise UsageError(f"every: a step of {every:,} seconds is longer than {played}; take a shorter one", "every")
        edges = np.arange(count + 1, dtype=np.int64) * every
        lengths = np.diff(np.append(self.times, self.end))
        # Requests up to each time, and up to each edge: piecewise linear, exact in integers.
        sums = np.zeros((len(self.times) + 1, len(self.components)), dtype=np.int64)
        np.cumsum(self.rates * lengths[:, None], axis=0, out=sums[1:])
        at = np.clip(np.searchsorted(self.times, edges, side="right") - 1, 0, len(self.times) - 1)
        inside = np.minimum(edges, self.end) - self.times[at]
        upto = sums[at] + self.rates[at] * inside[:, None]
        return (np.diff(upto, axis=0) + every // 2) // every

    def digest(self) -> str:
        """What a checkpoint knows the traffic by."""
        found = hashlib.sha256(self.rates.tobytes())
        found.update(self.times.tobytes())
        found.update(json.dumps([self.components, self.end, str(self.start), self.week_second]).encode())
        return found.hexdigest()


def from_rows(
    rates: Mapping[str, Sequence[int]],
    times: Sequence[int],
    end: int,
    start: datetime | None = None,
    source: str = "",
    places: Sequence[str] = (),
) -> Traffic:
    """Traffic from a row of rates (T,) for each component; `places` (C,) are where the file `source` has them first.

    `times` and `end` are as the file has them.
    """
    first = times[0]
    table = np.array([list(row) for row in rates.values()], dtype=np.int64).reshape(len(rates), len(times))
    return Traffic(
        tuple(rates),
        np.array(times, dtype=np.int64) - first,
        end - first,
        np.ascontiguousarray(table.T),
        start,
        source,
        tuple(places),
        first,
    )
