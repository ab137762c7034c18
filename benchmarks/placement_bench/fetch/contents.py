"""Contents of a family of case files, and whether they are the ones that are pinned.

The original archives were not at hand when the digests were made, only the case files in them, and of these four in
five: a part was held out, by a rule. So a digest is over what the files say, line by line, not over an archive's bytes,
and over the files that were at hand. The others are checked by their names and their number alone.
"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

from placement.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HELD_OUT = 0.2
_SEED = 7


def digest(texts: Mapping[str, str]) -> str:
    """SHA-256 over names and lines, in the order of the names; blanks and empty lines do not count."""
    found = hashlib.sha256()
    for name in sorted(texts):
        lines = (" ".join(line.split()) for line in texts[name].splitlines())
        found.update("\n".join((name, *(line for line in lines if line), "")).encode())
    return found.hexdigest()


def known(names: Iterable[str]) -> list[str]:
    """The names that the digest covers, of a family's full list."""
    full = sorted(names)
    held_out = set(random.Random(_SEED).sample(full, round(_HELD_OUT * len(full))))
    return [name for name in full if name not in held_out]


def is_pinned(texts: Mapping[str, str], count: int, pinned: str) -> bool:
    """Whether these are the pinned files: a full family of `count`, or the part of it that the digest covers."""
    if len(texts) == count:
        return digest({name: texts[name] for name in known(texts)}) == pinned
    return digest(texts) == pinned


def as_bpp(name: str, text: str) -> str:
    """A one-dimensional case with one weight a line, not increasing, whether or not its file has equal ones merged.

    ``n c`` and n weights, or ``m c`` and m pairs of weight and demand: the number of words tells which.

    Raises
    ------
    UsageError
        It is neither.
    """
    words = text.split()
    try:
        first, capacity, *rest = (int(word) for word in words)
    except ValueError:
        raise UsageError(f"{name} does not hold whole numbers") from None
    if len(rest) == first:
        weights = rest
    elif len(rest) == 2 * first:
        weights = [weight for weight, demand in zip(rest[::2], rest[1::2], strict=True) for _ in range(demand)]
    else:
        raise UsageError(f"{name} announces {first} weights or pairs, {len(rest)} numbers follow")
    lines = (len(weights), capacity, *sorted(weights, reverse=True))
    return "\n".join(map(str, lines)) + "\n"
