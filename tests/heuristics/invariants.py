"""What a workspace keeps, counted anew."""

from __future__ import annotations

import numpy as np

from placement.heuristics.workspace import Workspace
from placement.solving.steps import StepCounter, counted


def _without_zeros(rows: list[object]) -> list[object]:
    return [{key: n for key, n in row.items() if n} if isinstance(row, dict) else row for row in rows]


def check_invariants(ws: Workspace) -> None:
    """Recount everything from the seats; AssertionError when something differs or a machine's rule is broken."""
    fresh = Workspace(ws.fleet)
    with counted(StepCounter()):
        for m in range(ws.rows):
            if m >= fresh.rows:
                fresh.append(int(ws.pool[m]))
            for seat in ws.seats[m]:
                assert fresh.may_use(m), f"quota of pool {ws.pool[m]}"
                assert fresh.can_stand(seat, m), f"{seat} can't stand on row {m}"
                fresh.place(seat, m)
    n = ws.rows
    for name in ws.ARRAYS:
        assert np.array_equal(getattr(ws, name)[:n], getattr(fresh, name)[:n]), name
    for name in ("rentable", "next_price"):
        assert np.array_equal(getattr(ws.rented, name), getattr(fresh.rented, name)), name
    for name in ("used", "price", "within_limits"):
        assert getattr(ws.rented, name) == getattr(fresh.rented, name), name
    for name in ("where", "kinds", "placed", "served", "zoned", "pooled", "stacked"):
        assert _without_zeros(getattr(ws, name)) == _without_zeros(getattr(fresh, name)), name
    for name in ("kept", "cost", "moved"):
        assert getattr(ws.running, name) == getattr(fresh.running, name), name
    for p, rows in enumerate(vars(ws)["_idle"]):
        assert all(not ws.busy[m] and ws.pool[m] == p and not ws.cordoned[m] for m in rows)
