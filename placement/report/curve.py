"""Cost and bound over time as a chart of a few lines of text, in dots of braille: two by four a character."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from rich.text import Text

_BLANK = 0x2800
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # by column, from the top
_DASH = 3  # of the second curve every so many dots are left out

Steps = Sequence[tuple[float, float]]  # seconds and value, ascending; a value holds until the next


class Sign(NamedTuple):
    """A character, and which curve it is of: 0, 1, or -1 for none."""

    text: str
    curve: int


def value_range(costs: Steps, bounds: Steps) -> tuple[float, float]:
    """From the lowest to the highest that is worth its room: what is far from the last cost is left out."""
    last = costs[-1][1]
    values = [value for _, value in costs if value <= 2 * last] + [value for _, value in bounds if value >= last / 2]
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - abs(low) / 20 - 1e-9, high + abs(high) / 20 + 1e-9)


def draw(curves: Sequence[Steps], span: tuple[float, float], seconds: float, size: tuple[int, int]) -> list[list[Sign]]:
    """Rows of characters from the top.

    `curves`: the first is drawn whole, the second dashed.
    `span`: lowest and highest value; what is beyond is not drawn.
    `seconds`: the time at the right end, above 0.
    `size`: characters wide and high.
    """
    wide, high = size
    dots = [[0] * wide for _ in range(high)]
    owner = [[-1] * wide for _ in range(high)]
    low, top = span
    for number, steps in reversed(list(enumerate(curves))):  # the first on top
        before: int | None = None
        for x in range(2 * wide):
            value = _at(steps, seconds * (x + 0.5) / (2 * wide))
            if value is None or not low <= value <= top:
                before = None
                continue
            y = round((top - value) / (top - low) * (4 * high - 1))
            between = range(min(y, before), max(y, before) + 1) if before is not None else (y,)
            for row in between if not (number and x % _DASH == 0) else ():
                dots[row // 4][x // 2] |= _DOTS[x % 2][row % 4]
                owner[row // 4][x // 2] = number
            before = y
    return [
        [Sign(chr(_BLANK + found) if found else " ", curve) for found, curve in zip(line, owners, strict=True)]
        for line, owners in zip(dots, owner, strict=True)
    ]


def chart_lines(rows: list[list[Sign]], high: str, low: str, wide: int, looks: tuple[str, str]) -> Iterator[Text]:
    """Rows as lines, with labels `wide` columns beside the highest and the lowest; `looks` are styles of the curves."""
    for row, label in zip(rows, [high, *[""] * (len(rows) - 2), low], strict=True):
        text = Text(f"{label:>{wide}} ", style="dim", no_wrap=True)
        for sign in row:
            text.append(sign.text, style=f"not dim {looks[sign.curve]}" if sign.curve >= 0 else "")
        yield text


def _at(steps: Steps, seconds: float) -> float | None:
    """The value at a time; None before the first."""
    after = bisect_right(steps, seconds, key=itemgetter(0))
    return steps[after - 1][1] if after else None
