"""Rows by what they have in common."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def grouped(pairs: Iterable[tuple[K, V]]) -> defaultdict[K, list[V]]:
    """The values of each key, both in their order; a key that there is not has none.

    >>> dict(grouped([("a", 1), ("b", 2), ("a", 3)]))
    {'a': [1, 3], 'b': [2]}
    """
    groups = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def in_common(rows: Sequence[Mapping[K, V]]) -> dict[K, V]:
    """The entries that all of some mappings have, in the order of the first, which there must be.

    >>> in_common([{"a": 1, "b": 1}, {"b": 2, "a": 1}])
    {'a': 1}
    """
    return {key: value for key, value in rows[0].items() if all(key in row and row[key] == value for row in rows)}
