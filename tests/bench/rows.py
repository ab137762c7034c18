"""Rows for tests, with the fields that a test cares about."""

from __future__ import annotations

from typing import Any

from placement_bench.judge import excess, gap
from placement_bench.rows import Asked, Row


def row(case: str = "a", solver: str = "s", **fields: Any) -> Row:
    """A sound feasible run of value 10 unless told otherwise; gaps follow from the values."""
    named: dict[str, Any] = {"set": "set", "case": case, "solver": solver}
    named |= {key: fields.pop(key) for key in ("set", "seed", "seconds", "options", "peer") if key in fields}
    made: dict[str, Any] = {"status": "feasible", "value": 10.0, "took": 1.0}
    made |= fields
    made["seconds"] = made.pop("took")
    sign = -1 if made.get("higher_is_better") else 1
    made.setdefault("gap", gap(sign, made["value"], made.get("bound")))
    made.setdefault("gap_to_best_known", excess(sign, made["value"], made.get("best_known")))
    return Row(asked=Asked(**named), commit="c", **made)
