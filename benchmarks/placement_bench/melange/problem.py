"""One case: slices of load, each served by one GPU type; GPUs of a type share its load evenly.

The load is a fluid: what counts is the sum over a type, rounded up to whole GPUs, not a packing of single GPUs. That is
why a case is no problem document: there a copy stands on accelerators of its own, and a slice cut over two GPUs, or
two slices of which a third GPU takes the overflow of both, has no counterpart.

All figures are fractions made of the decimals in the files, so that a load of exactly one GPU needs one GPU.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Melange:
    """A case.

    Attributes
    ----------
    types : names of the GPU types.
    price : (G,) cost of one GPU of each.
    buckets : names of the sizes with any load.
    slices : equal slices that each bucket is cut into.
    load : (B, G) GPUs of a type that one slice of a bucket keeps busy; None where the type can't serve it.
    """

    types: tuple[str, ...]
    price: tuple[Fraction, ...]
    buckets: tuple[str, ...]
    slices: int
    load: tuple[tuple[Fraction | None, ...], ...]

    @classmethod
    def make(
        cls,
        gpus: dict[str, tuple[Any, Sequence[Sequence[Any]]]],
        distribution: Sequence[Sequence[Any]],
        rate: Any,
        slices: int,
    ) -> Melange:
        """From prices and profiled rates by GPU type, the shares of the buckets and the total rate."""
        types = tuple(gpus)
        buckets, load = [], []
        for row, column, share in _cells(distribution):
            slice_rate = exact(rate) * share / slices
            most = [exact(gpus[name][1][row][column]) for name in types]
            buckets.append(f"{row},{column}")
            load.append(tuple(slice_rate / rate_of if rate_of > 0 else None for rate_of in most))
        return cls(types, tuple(exact(gpus[name][0]) for name in types), tuple(buckets), slices, tuple(load))

    def counts(self, slices: Sequence[Sequence[int]]) -> list[int]:
        """(G,) GPUs needed when so many slices of each bucket go to each type."""
        return [
            ceil(sum((load[g] or 0) * row[g] for load, row in zip(self.load, slices, strict=True)))
            for g in range(len(self.types))
        ]

    def cost(self, counts: Sequence[int]) -> Fraction:
        """What so many GPUs of each type cost."""
        return sum((price * count for price, count in zip(self.price, counts, strict=True)), Fraction(0))

    def grid(self) -> Fraction:
        """Every cost is a whole multiple of it."""
        result = Fraction(0)
        for price in self.price:
            result = _gcd(result, price)
        return result

    def faults(self, slices: Sequence[Sequence[int]]) -> list[str]:
        """What is wrong with an assignment of slices."""
        if len(slices) != len(self.buckets):
            return [f"{len(slices)} buckets are served, the case has {len(self.buckets)}"]
        wrong = []
        for bucket, load, row in zip(self.buckets, self.load, slices, strict=True):
            if len(row) != len(self.types) or any(count < 0 for count in row) or sum(row) != self.slices:
                wrong.append(f"bucket {bucket}: slices {list(row)} are not {self.slices} over {len(self.types)} types")
            elif any(count and rate is None for count, rate in zip(row, load, strict=True)):
                wrong.append(f"bucket {bucket} is served by a type that can't")
        return wrong


def exact(number: Any) -> Fraction:
    """A number of a JSON file as the decimal it is written as."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def _cells(distribution: Sequence[Sequence[Any]]) -> Iterator[tuple[int, int, Fraction]]:
    for row, shares in enumerate(distribution):
        for column, share in enumerate(shares):
            if share:
                yield row, column, exact(share)


def _gcd(left: Fraction, right: Fraction) -> Fraction:
    while right:
        left, right = right, left % right
    return left
