"""The rows of the document `placement-scaling/v1`. Names and defaults are those of Application Auto Scaling.

Times are in seconds, as there. What may stand on a component may stand under `defaults` as well, for all of them.
"""

import re
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from placement.documents.frozen import Listed
from placement.documents.quantities import Count, Name, Positive, Quantity, whole
from placement.documents.rows import Row

Metric = Literal["requests_per_second", "requests_in_flight"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
_CLOCK = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])")


def _seconds(value: Any) -> Any:
    """Whole seconds, up to the end of the year: clocks of the simulation count them."""
    found = whole(value)
    if found > 366 * 86_400:
        raise PydanticCustomError("seconds", "must be at most 31622400 seconds, a year")
    return found


def _clock(value: str) -> str:
    if not _CLOCK.fullmatch(value):
        raise PydanticCustomError("clock", 'must be a time of day such as "08:30"')
    return value


Seconds = Annotated[Count, BeforeValidator(_seconds)]
MostCopies = Annotated[int, BeforeValidator(whole), Field(ge=1, le=100_000)]
Clock = Annotated[str, AfterValidator(_clock)]


class ScheduledAction(Row):
    """From a time of day on, on some days: other limits on the copies, until the next action of the component."""

    at: Clock
    days: Listed[Day] = DAYS
    min_capacity: Count | None = None
    max_capacity: Count | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_capacity is None and self.max_capacity is None:
            raise PydanticCustomError("limits", "give `min_capacity`, `max_capacity` or both")
        if None not in (self.min_capacity, self.max_capacity) and self.min_capacity > self.max_capacity:  # type: ignore[operator]
            raise PydanticCustomError("limits", "min_capacity must not exceed max_capacity")
        if not self.days:
            raise PydanticCustomError("limits", "`days` must name at least one day")
        return self

    @property
    def second_of_day(self) -> int:
        """When it acts, seconds after midnight."""
        hours, minutes = self.at.split(":")
        return int(hours) * 3600 + int(minutes) * 60


class ScalingDefaults(Row):
    """How the copies of a component follow its traffic."""

    metric: Metric = "requests_per_second"
    target_value: Positive | None = None
    capacity_per_copy: Positive | None = None
    seconds_per_request: Positive | None = None
    min_capacity: Count = 0
    max_capacity: MostCopies = 100
    scale_out_cooldown: Seconds = 300
    scale_in_cooldown: Seconds = 300
    scale_in_after: Seconds = 900
    disable_scale_in: bool = False
    load_seconds: Seconds = 120
    schedule: Listed[ScheduledAction] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_capacity > self.max_capacity:
            raise PydanticCustomError("limits", "min_capacity must not exceed max_capacity")
        self._check_schedule()
        if self.metric == "requests_in_flight" and self.target_value and self.seconds_per_request is None:
            raise PydanticCustomError(
                "limits", "requests_in_flight needs `seconds_per_request`, by which a rate becomes requests in flight"
            )
        return self

    def _check_schedule(self) -> None:
        """Refuse an action with one limit beyond all that the other one ever is: it would be cut without a word.

        So would the first of two that give a limit another value at one moment.
        """
        given: dict[tuple[str, Day, str], int | None] = {}
        for action in self.schedule:
            for name, value in (("min_capacity", action.min_capacity), ("max_capacity", action.max_capacity)):
                for day in action.days if value is not None else ():
                    if given.setdefault((name, day, action.at), value) != value:
                        rule = f"two actions of `schedule` set {name} at {action.at} on {day}: keep one of them"
                        raise PydanticCustomError("limits", "{rule}", {"rule": rule})
        most = max([self.max_capacity, *(a.max_capacity for a in self.schedule if a.max_capacity is not None)])
        least = min([self.min_capacity, *(a.min_capacity for a in self.schedule if a.min_capacity is not None)])
        for action in self.schedule:
            if (action.min_capacity or 0) > most:
                raise PydanticCustomError(
                    "limits", "min_capacity of `schedule` exceeds every max_capacity: give both in one action"
                )
            if action.max_capacity is not None and action.max_capacity < least:
                raise PydanticCustomError(
                    "limits", "max_capacity of `schedule` is below every min_capacity: give both in one action"
                )


class ComponentScaling(ScalingDefaults):
    """The policy of one component of the problem."""

    name: Name


class MachineTimes(Row):
    """How machines come and go, seconds. `reaction`: from a change of the rate to the decision on it."""

    start_seconds: Seconds = 300
    minimum_billed_seconds: Seconds = 60
    release_after_seconds: Seconds = 300
    reaction_seconds: Seconds = 90


class Replanning(Row):
    """What moving running copies may cost: those moves are made that pay for themselves.

    `payback_hours`: a move must save, in so many hours of rent, what it costs; `move_cost` in dollars is that of
    components which say none in the problem, `max_moves` the most at one time.
    """

    payback_hours: Quantity = 2
    max_moves: Count = 20
