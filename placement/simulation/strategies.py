"""What is compared: the same traffic and policies, placed in several ways."""

from __future__ import annotations

from dataclasses import dataclass

from placement.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way to run a fleet.

    Attributes
    ----------
    copies : ``policy``, as the policies want; ``running``, the same but never fewer than one; ``peak``, all the time as
        many as are ever wanted.
    dedicated : each component on machines of its own. whole : no two copies share an accelerator.
    first_fit : the first machine with room, in place of the fullest.
    consolidate : copies are moved to empty machines. rent : to others that are rented for them, too.
    alone : components on machines of their own, where not all are.
    """

    name: str
    summary: str
    copies: str = "policy"
    dedicated: bool = False
    whole: bool = False
    first_fit: bool = False
    consolidate: bool = False
    rent: bool = False
    alone: frozenset[str] = frozenset()


SHARED = "shared"
_ALL = (
    Strategy(
        SHARED,
        "shared machines, copies as the policies want, few moves that pay for themselves",
        consolidate=True,
        rent=True,
    ),
    Strategy("endpoints-peak", "an endpoint for each component, sized for its peak", copies="peak", dedicated=True),
    Strategy(
        "endpoints-scaled",
        "an endpoint for each component, scaled by its policy, but never to zero",
        copies="running",
        dedicated=True,
    ),
    Strategy("endpoints-to-zero", "an endpoint for each component, scaled by its policy, to zero too", dedicated=True),
    Strategy("first-fit", "shared machines, each copy on the first one with room, nothing moves", first_fit=True),
    Strategy(
        "platform",
        "shared machines as SageMaker packs: whole accelerators, fullest machine first, CONSOLIDATION on scale-in",
        whole=True,
        consolidate=True,
    ),
)
# Steps of a waterfall: whole accelerators until sharing them is the idea.
_BETWEEN = (
    Strategy(
        "whole-peak", "as endpoints-peak, each copy on accelerators of its own", "peak", dedicated=True, whole=True
    ),
    Strategy("whole-scaled", "as endpoints-scaled, the same", "running", dedicated=True, whole=True),
    Strategy("whole-to-zero", "as endpoints-to-zero, the same", dedicated=True, whole=True),
    Strategy("whole-shared", "shared machines, whole accelerators, fullest machine first, nothing moves", whole=True),
    Strategy("best-fit", "shared machines and accelerators, fullest machine first, nothing moves"),
)
STRATEGIES = {strategy.name: strategy for strategy in (*_ALL, *_BETWEEN)}


def find_strategies(names: list[str] | None) -> list[Strategy]:
    """The strategies by name, in the order of the table; those that are compared as a rule for None.

    Raises
    ------
    UsageError
        There is none of a name.
    """
    if names is None:
        return list(_ALL)
    for name in names:
        if name not in STRATEGIES:
            raise UsageError(f'no strategy "{name}"; {nearest(name, STRATEGIES)}')
    return [strategy for strategy in STRATEGIES.values() if strategy.name in names]
