"""Which batches are legal: as SageMaker has it, from 5 to 50 per cent of the copies."""

import math
from dataclasses import dataclass
from typing import Self

from placement import arguments
from placement.errors import UsageError, wrong_argument

LEAST_PERCENT, MOST_PERCENT = 5, 50  # of the copies, as SageMaker has it
BATCH_RULE = f"a number of copies, or {LEAST_PERCENT}% to {MOST_PERCENT}% of them"


@dataclass(frozen=True, slots=True)
class BatchSize:
    """A batch by copies (`COPY_COUNT`) or by per cent of the copies (`CAPACITY_PERCENT`), rounded down.

    Raises UsageError: no copy, or not so many per cent.
    """

    value: int
    percent: bool = False

    def __post_init__(self) -> None:
        least, most = (LEAST_PERCENT, MOST_PERCENT) if self.percent else (1, math.inf)
        arguments.whole("batch", self.value, least=least, most=most, rule=BATCH_RULE)

    @classmethod
    def parse(cls, text: str) -> Self:
        """``3`` or ``25%``. Raises UsageError: the text is neither, or out of range."""
        word = text.strip()
        try:
            return cls(int(word.removesuffix("%")), word.endswith("%"))
        except (ValueError, UsageError):
            raise wrong_argument("batch", BATCH_RULE, text) from None

    def copies(self, of: int) -> int:
        """Copies of one batch of so many in all."""
        return of * self.value // 100 if self.percent else self.value


def legal(copies: int) -> range:
    """The sizes of a batch that are 5 to 50 % of the copies.

    >>> legal(1), legal(8), legal(50)
    (range(1, 1), range(1, 5), range(3, 26))
    """
    least = max(1, -(-copies * LEAST_PERCENT // 100))
    return range(least, copies * MOST_PERCENT // 100 + 1)
