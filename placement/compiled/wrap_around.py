"""From counts back to copies: which accelerators each copy gets."""

from collections.abc import Sequence


def deal(copies: int, touching: Sequence[int]) -> list[tuple[int, ...]]:
    """Give each of `copies` its accelerators, when accelerator k is touched by ``touching[k]`` of them.

    `touching`: (K,) counts, each at most `copies`, with sum copies x g.
    Returns ascending tuples of g distinct accelerators, one a copy.

    The wrap-around rule of McNaughton (1959): write each accelerator as often as it is touched, one after the other,
    and deal the row out to the copies in turn. An accelerator stands at most `copies` times in succession, so no copy
    meets it twice. That such counts suffice is the Gale-Ryser theorem for rows of equal sums.

    >>> deal(2, [2, 1, 1])
    [(0, 1), (0, 2)]
    """
    row = [k for k, times in enumerate(touching) for _ in range(times)]
    return [tuple(sorted(row[copy::copies])) for copy in range(copies)]
