"""What is compared: the same traffic and policies, placed in several ways."""

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
    planned : the copies of the first moment are placed as a plan says.
    one_type : each component on one instance type, that on which it costs least alone.
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
    one_type: bool = False
    planned: bool = True


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
    Strategy(
        "first-fit",
        "shared machines, each copy on the first one with room, nothing moves",
        first_fit=True,
        planned=False,
    ),
    Strategy(
        "platform",
        "shared machines as SageMaker packs: whole accelerators, fullest machine first, CONSOLIDATION on scale-in",
        whole=True,
        consolidate=True,
        planned=False,
    ),
)
# Steps of a waterfall, each with one idea more.
_BETWEEN = (
    Strategy(
        "one-type-peak",
        "an endpoint for each component on the one type that costs it least, sized for its peak, each copy on "
        "accelerators of its own",
        "peak",
        dedicated=True,
        whole=True,
        one_type=True,
    ),
    Strategy(
        "one-type-shared",
        "shared machines of the one type that costs each component least, sized for the peak",
        "peak",
        whole=True,
        one_type=True,
    ),
    Strategy(
        "one-type-packed",
        "shared machines and accelerators of the one type that costs each component least, sized for the peak",
        "peak",
        one_type=True,
    ),
    Strategy("mixed-peak", "shared machines of all types, sized for the peak, fullest machine first", "peak"),
    Strategy("mixed-scaled", "shared machines of all types, scaled by the policies, but never to zero", "running"),
    Strategy("best-fit", "shared machines of all types, scaled by the policies, to zero too; nothing moves"),
)
STRATEGIES = {strategy.name: strategy for strategy in (*_ALL, *_BETWEEN)}


def find_strategies(names: list[str] | None) -> list[Strategy]:
    """The strategies by name, each of which must be known, in the order of the table; for None the usual ones."""
    if names is None:
        return list(_ALL)
    for name in names:
        if name not in STRATEGIES:
            raise UsageError(f'no strategy "{name}"; {nearest(name, STRATEGIES)}')
    return [strategy for strategy in STRATEGIES.values() if strategy.name in names]
