"""Which batches are legal: as SageMaker has it, from 5 to 50 per cent of the copies."""

from __future__ import annotations

from dataclasses import dataclass

from placement.errors import wrong_argument

LEAST_PERCENT, MOST_PERCENT = 5, 50
_RULE = f"a number of copies, or {LEAST_PERCENT}% to {MOST_PERCENT}% of them"


@dataclass(frozen=True, slots=True)
class BatchSize:
    """A batch by copies (`COPY_COUNT`) or by per cent of the copies (`CAPACITY_PERCENT`), rounded down."""

    value: int
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> BatchSize:
        """``3`` or ``25%``.

        Raises
        ------
        UsageError
            The text is neither, or out of range.
        """
        word = text.strip()
        try:
            value = int(word.removesuffix("%"))
        except ValueError:
            raise wrong_argument("batch", _RULE, text) from None
        percent = word.endswith("%")
        if value < 1 or (percent and not LEAST_PERCENT <= value <= MOST_PERCENT):
            raise wrong_argument("batch", _RULE, text)
        return cls(value, percent)

    def copies(self, of: int) -> int:
        """Copies of one batch of so many in all."""
        return of * self.value // 100 if self.percent else self.value


def legal(copies: int) -> range:
    """The sizes of a batch that are 5 to 50 % of the copies.

    >>> legal(1), legal(8), legal(50)
    (range(1, 1), range(1, 5), range(3, 26))
    """
    least = max(1, -(-copies * LEAST_PERCENT // 100))
    return range(least, max(least, copies * MOST_PERCENT // 100 + 1))
