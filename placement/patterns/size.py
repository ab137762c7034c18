"""Whether a relaxation by patterns can be there in time: it is written down without a look at the clock."""

from placement.compiled.fleet import Fleet
from placement.patterns.parameters import SizeParameters as _PARAMS
from placement.solving.budget import Budget

TOO_LARGE = "the relaxation by patterns would not be there in time; give it a longer time limit"


def may_build(fleet: Fleet, budget: Budget) -> bool:
    """Whether building the relaxation leaves time to solve it; always without a limit on time.

    What it says depends on the time left and on sizes alone, not on how fast the machine is just now.
    """
    seconds = 0.0
    for c in fleet.components:
        each = _PARAMS.mode_seconds + (_PARAMS.zone_seconds * len(c.eligible_zones) if c.has_zone_rules else 0.0)
        seconds += each * sum(len(option.pools) for option in c.options)
    return seconds <= budget.left() / 2
