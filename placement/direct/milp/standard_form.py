"""The direct model of a fleet as an integer program in the MPS format: is there a plan of at most so many ticks?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.direct.milp.model import DirectModel
from placement.direct.slots import slots_of
from placement.engines.mps import MpsRow, to_mps

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet


def to_standard_form(fleet: Fleet, ticks: int | None, given: tuple[int, ...] = ()) -> str | None:
    """All rules as rows; None when some coefficient is no whole number (rates of very many digits).

    Parameters
    ----------
    ticks : the most that a plan may cost; None: whatever it costs.
    given : the most optional copies that a plan may leave out, by level.
    """
    model = DirectModel(fleet, slots_of(fleet, ticks))
    model.limit_left_out(given)
    goal = model.ticks()
    program = model.program
    column = {var: k for k, var in enumerate(program.low)}
    rows = []
    for row in program.rows:
        terms = {column[var]: _whole(n) for var, n in row.items()}
        side = _whole(-row.constant)
        if side is None or None in terms.values():
            return None
        numbers = {k: n for k, n in terms.items() if n is not None}
        rows.append(MpsRow(side if row.sense >= 0 else None, side if row.sense <= 0 else None, numbers))
    if ticks is not None:
        rows.append(MpsRow(None, (ticks - goal.offset) // goal.scale, {column[var]: n for var, n in goal.terms}))
    return to_mps("placement", [(program.low[var], program.high[var]) for var in column], rows)


def _whole(number: float) -> int | None:
    return int(number) if number == int(number) else None
