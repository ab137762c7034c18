"""Which machine of one side is which of the other, where names do not tell."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from placement.drift.contents import Held, common, equal_up_to_numbers, signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOST_PAIRS = 200_000  # machines of one pool times machines, beyond which those that differ are paired in order


def pair(before: Mapping[str, Held], after: Mapping[str, Held]) -> dict[str, str]:
    """Pair machines of one pool whose names do not count: first those that hold the same, then the most alike.

    Returns
    -------
    Names of `before` by those of `after`; as many pairs as the smaller side has machines.

    Notes
    -----
    O(copies log copies) for equal ones. Of the others the pairs with most copies in common come first, equal names
    before different ones, then in order: each pair is the best of those left, which need not be the best of all pairs
    together.
    """
    found: dict[str, str] = {}
    kinds: dict[object, list[str]] = defaultdict(list)
    for name, held in before.items():
        kinds[signature(held)].append(name)
    left = []
    for name in sorted(after, key=lambda name: (name not in before, name)):
        partner = _equal(name, after[name], kinds[signature(after[name])], before)
        if partner is None:
            left.append(name)
        else:
            found[name] = partner
    free = sorted(set(before) - set(found.values()))
    found.update(_most_alike(free, sorted(left), before, after))
    return found


def _equal(name: str, held: Held, candidates: list[str], before: Mapping[str, Held]) -> str | None:
    """A machine that holds the same, taken off the candidates; one of the same name rather than another."""
    ranked = sorted(range(len(candidates)), key=lambda k: candidates[k] != name) if name in candidates else ()
    for k in ranked or range(len(candidates)):
        if equal_up_to_numbers(before[candidates[k]], held):
            return candidates.pop(k)
    return None


def _most_alike(
    free: Sequence[str], left: Sequence[str], before: Mapping[str, Held], after: Mapping[str, Held]
) -> dict[str, str]:
    found: dict[str, str] = {}
    if len(free) * len(left) <= _MOST_PAIRS:
        ranked = sorted(
            (-shared, old != new, old, new)
            for old in free
            for new in left
            if (shared := common(before[old], after[new]))
        )
        taken: Counter[str] = Counter()
        for _, _, old, new in ranked:
            if new not in found and not taken[old]:
                found[new], taken[old] = old, 1
    others = [name for name in free if name not in set(found.values())]
    same = [name for name in left if name not in found and name in others]
    found.update((name, name) for name in same)
    others = [name for name in others if name not in same]
    rest = [name for name in left if name not in found]
    found.update(zip(rest, others, strict=False))
    return found
