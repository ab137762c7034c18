"""The direct model of a fleet as an integer program in the MPS format: is there a plan of at most so many ticks?"""

from placement.compiled.fleet import Fleet
from placement.direct.float_rows import rounded
from placement.direct.model import DirectModel
from placement.direct.slots import most_new_machines
from placement.direct.variables import TIGHT
from placement.engines.mps import MpsRow, to_mps


def to_standard_form(fleet: Fleet, ticks: int | None, given: tuple[int, ...] = ()) -> str | None:
    """All rules as rows; None when some coefficient is no whole number (rates of very many digits).

    `ticks`: the most that a plan may cost; None: whatever it costs.
    `given`: the most optional copies that a plan may leave out, by level.
    """
    model = DirectModel(fleet, most_new_machines(fleet, ticks), TIGHT)
    model.limit_left_out(given)
    if ticks is not None:
        model.limit_ticks(ticks)
    rows = []
    for row in map(rounded, model.program.rows):
        numbers = [_whole(n) for n in row.coefficients]
        low, high = _whole(row.low), _whole(row.high)
        if None in numbers or (low, high) != (row.low, row.high):
            return None
        rows.append(MpsRow(low, high, {k: n for k, n in zip(row.columns, numbers, strict=True) if n}))
    # Engines say no more than "empty" of a program without columns, whatever its rows are.
    return to_mps("placement", model.program.ranges or [(0, 0)], rows)


def _whole(number: float | None) -> int | None:
    return int(number) if number is not None and number == int(number) else None
