"""How many alike copies an accelerator has room for."""

from __future__ import annotations

import pytest

from placement.compiled.shared_need import SharedNeed


@pytest.mark.parametrize(
    ("need", "most"),
    [((1, 3, 0), 3), ((1, 0, 400), 2), ((1, 3, 400), 2), ((2, 5, 400), 2), ((1, 11, 1), 0), ((1, 0, 0), 7)],
)
def test_memory_shares_and_copies_limit_it(need: tuple[int, int, int], most: int) -> None:
    """Of 10 MiB and 900 thousandths, with seven copies."""
    assert SharedNeed(*need).most_in(10, 900, 7) == most
