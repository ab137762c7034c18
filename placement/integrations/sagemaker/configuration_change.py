"""Whether a variant that runs is to have another configuration than it was read with, besides its range of machines.

An import writes digests of what it read into a label of each pool, and the variant's types. An export makes the same of
the problem, and where the two differ the endpoint gets a new configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.errors import UsageError, printable
from placement.integrations.labels import digest
from placement.integrations.sagemaker import labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from placement.documents import Pool

_TYPES = "types"
_DIGITS = 8  # of a digest
_COMPARED = (labels.PRIORITY, labels.PARTITIONS, labels.RESERVATION, labels.SETTINGS, labels.ENDPOINT_SETTINGS)


def recorded(told: Mapping[str, str], kinds: Iterable[str]) -> str:
    """What an import keeps of a pool's labels, and of all types of its variant."""
    return labels.packed({**_digests(told), _TYPES: sorted(kinds)})


def _digests(told: Mapping[str, str]) -> dict[str, str]:
    return {key: digest(told[key], _DIGITS) for key in _COMPARED if key in told}


def configuration_changes(pools: Sequence[Pool], kinds: Iterable[str]) -> tuple[str, ...]:
    """What is other than was read of the pools of a variant, in words; nothing where nothing was read.

    Raises UsageError: it is what can't be changed of an endpoint that runs.
    """
    found: dict[str, None] = {}
    kinds = sorted(set(kinds))
    for pool in pools:
        place = f"pool {pool.name}"
        read: dict[str, Any] | None = labels.unpacked(pool.labels, labels.CONFIGURATION)
        if read is None:
            continue
        now = _digests(pool.labels)
        found |= {f"{key} of {place}": None for key in _COMPARED if read.get(key) != now.get(key)}
        known = read.get(_TYPES, kinds)
        if known != kinds:
            found[f"types {', '.join(map(str, known))} to {', '.join(kinds)}"] = None
    fixed = next((word for word in found if word.startswith(labels.PARTITIONS)), None)
    if fixed is not None:
        raise UsageError(
            f"{printable(fixed)}: is other than it was read, and partitions of an endpoint that runs can't be changed: "
            "make another endpoint (pools without labels, or --as-new)"
        )
    return tuple(found)
