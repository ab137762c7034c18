"""The direct model: every rule of the format as linear rows over whole numbers, and what is minimised.

It is written once, in exact integers, for all engines: `variables` has the variables and what they mean, `rules` the
rules, one function each, and `program` what both are written with. The back ends are `cp_sat` and `milp`.
"""

from collections.abc import Sequence

from placement.compiled.fleet import Fleet
from placement.direct.program import LinearObjective, Program
from placement.direct.rules import RULES
from placement.direct.rules.groups import committed
from placement.direct.rules.running import max_moves, moves
from placement.direct.slots import slots_of
from placement.direct.variables import TOTALS, Form, Variables
from placement.solving.budget import Budget


class DirectModel(Variables):
    """Variables, the rows of all rules, and goals for one fleet.

    `fleet`: what to place.
    `most_new`: (P,) the most new machines of each pool that a plan may use.
    `form`: see `Form`.
    `budget`: within which it is written; None: without a limit.
    Raises OutOfTimeError: the budget was over first.
    """

    def __init__(
        self, fleet: Fleet, most_new: Sequence[int], form: Form = TOTALS, budget: Budget | None = None
    ) -> None:
        """Write all rows. O(machines x (options + shared needs x accelerators))."""
        slots = slots_of(fleet, [0] * len(fleet.pools) if form.outline else most_new)
        super().__init__(Program(budget), fleet, slots, most_new, form)
        for rule in RULES:
            rule(self)
        self._committed = list(committed(self))
        self._moves = [moves(self, component) for component in fleet.components]
        max_moves(self, self._moves)

    def left_out(self, level: int) -> LinearObjective:
        """Optional copies of one priority level that are not placed."""
        chosen = [component for component in self.fleet.components if component.level == level]
        wanted = sum(component.copies for component in chosen)
        return self.program.objective([(self.placed[component.index], -1) for component in chosen], wanted)

    def ticks(self) -> LinearObjective:
        """Price of the machines paid for, less what is committed, and of moves."""
        fleet = self.fleet
        price = [(self.paid[pool.index], fleet.tick_price * pool.price) for pool in fleet.pools]
        price += [(free, -fleet.tick_price * each) for free, each in self._committed]
        moved = [(self._moves[c.index], fleet.tick_move * c.move_cost) for c in fleet.components]
        return self.program.objective([*price, *moved])

    def limit_left_out(self, limits: Sequence[int]) -> None:
        """No more optional copies left out than this, for each of the first levels."""
        for level, limit in enumerate(limits):
            self._limit(self.left_out(level), limit)

    def limit_ticks(self, limit: int) -> None:
        """No dearer plan than this."""
        self._limit(self.ticks(), limit)

    def start_at_ticks(self, least: int) -> None:
        """No cheaper plan than this: for what is proven, or of no interest."""
        goal = self.ticks()
        fewest = -((goal.offset - least) // goal.scale)
        # What no plan is above, or below, says so by the number next to that: an engine may not hold the number.
        self.program.at_least(goal.total, min(max(fewest, -goal.largest - 1), goal.largest + 1))

    def _limit(self, goal: LinearObjective, limit: int) -> None:
        most = (limit - goal.offset) // goal.scale
        if most >= goal.largest:
            return  # no plan is above it, and an engine may not hold the number
        self.program.at_most(goal.total, max(most, -goal.largest - 1))
