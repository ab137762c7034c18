"""What is asked of a search for an order, and what it answers."""

from dataclasses import dataclass

from placement.transition.batches import Order, Stuck
from placement.transition.difference import Difference
from placement.transition.moment import Sites
from placement.transition.timeline import Durations, OrderValue, value_of

ATTEMPTS = 60  # orders that are tried where no number is given


@dataclass(frozen=True, slots=True)
class TransitionAsk:
    """What has to be done where, and what is wanted of a search."""

    sites: Sites
    due: Difference
    durations: Durations
    temporary: int  # the most temporary machines
    attempts: int  # orders to try
    seconds: float | None  # to stop at, None for no limit
    seed: int
    exact: bool  # whether small transitions are solved to the proof


@dataclass(slots=True)
class SearchResult:
    """The best order and its value, where the last attempt stuck if there is none, and bounds.

    `impossible` is proven: no order exists within what is allowed.
    """

    order: Order | None = None
    value: OrderValue | None = None
    stuck: Stuck | None = None
    batches_bound: int = 0
    temporary_bound: int = 0
    impossible: bool = False
    method: str = "list scheduling"
    interrupted: bool = False  # by Ctrl-C, with an order at hand

    @property
    def is_proven(self) -> bool:
        """Whether nothing is better."""
        return self.value is not None and (
            self.value.temporary_seconds <= self.temporary_bound and self.value.batches <= self.batches_bound
        )

    def take(self, ask: TransitionAsk, order: Order) -> bool:
        """Keep an order if it is the best so far; whether it is. O(steps)."""
        value = value_of(ask.sites.fleet, order, ask.durations)
        better = self.value is None or value.key < self.value.key
        if better:
            self.order, self.value = order, value
        return better
