"""A problem-plan pair on the bench: a private copy to damage, and look-ups of what stands where."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING

from tests.reading import Doc, Machine, Option, Reading, raw_options

if TYPE_CHECKING:
    import random

CLAIMS = (
    "problem", "status", "stop", "price_per_hour", "cost", "moves", "lower_bound", "gap", "left_out_bound", "unplaced",
)  # fmt: skip


class Bench:
    """A private copy of a pair, and where its copies stand; damages edit `problem` and `plan` in place."""

    def __init__(self, problem: Doc, plan: Doc, rng: random.Random) -> None:
        self.rng = rng
        self.problem: Doc = copy.deepcopy(problem)
        self.plan: Doc = copy.deepcopy({key: value for key, value in plan.items() if key not in CLAIMS})
        self.reading = Reading(self.problem)
        self.rows: list[Doc] = self.plan["assignments"]
        self.pool_of = {row["id"]: row["pool"] for row in self.plan["instances"]}

    def shuffled(self, rows: list[Doc]) -> list[Doc]:
        return self.rng.sample(rows, len(rows))

    def option(self, row: Doc) -> Option:
        return self.reading.options[row["component"]][row["option"]]

    def raw_option(self, row: Doc) -> Doc:
        return raw_options(self.component(row))[int(row["option"])]

    def component(self, row: Doc) -> Doc:
        return self.reading.components[row["component"]]

    def machine(self, row: Doc) -> Machine:
        return self.reading.machine[self.pool_of[row["instance"]]]

    def zone(self, row: Doc) -> str:
        return str(self.reading.pools[self.pool_of[row["instance"]]]["zone"])

    def counts(self, name: str) -> Counter[str]:
        """Copies of a component by zone."""
        return Counter(self.zone(row) for row in self.rows if row["component"] == name)

    def groups(self) -> list[tuple[str, int, list[Doc]]]:
        """Rows on each accelerator that is in use, in random order."""
        users: dict[tuple[str, int], list[Doc]] = {}
        for row in self.rows:
            for k in row["accelerators"]:
                users.setdefault((row["instance"], k), []).append(row)
        return self.rng.sample([(i, k, rows) for (i, k), rows in users.items()], len(users))

    def neighbours(self) -> tuple[Doc, Doc] | None:
        """Two copies of different components on one machine, in the order of the components' list."""
        order = list(self.reading.components)
        for a in self.shuffled(self.rows):
            for b in self.shuffled(self.rows):
                if a["instance"] == b["instance"] and order.index(a["component"]) < order.index(b["component"]):
                    return a, b
        return None

    def running(self) -> Doc | None:
        """A plan row of a machine that runs now and holds copies; a new machine is made one when none does."""
        busy = {row["instance"] for row in self.rows}
        listed = self.shuffled([row for row in self.plan["instances"] if row["id"] in busy])
        today = [row for row in listed if row["id"] in self.reading.instances]
        if today or not listed:
            return today[0] if today else None
        row = listed[0]
        for assigned in self.rows:
            if assigned["instance"] == row["id"]:
                assigned["instance"] = "i-damaged"
        row |= {"id": "i-damaged", "new": False}
        self.problem.setdefault("instances", []).append({"id": "i-damaged", "pool": row["pool"]})
        self.pool_of["i-damaged"] = row["pool"]
        return row

    def today(self, instance: str) -> Doc:
        found: Doc = next(row for row in self.problem["instances"] if row["id"] == instance)
        return found


def exceed(bench: Bench, rows: list[Doc], room: int, field: str, key: str, scale: int) -> bool:
    """Raise the need of one option so that `rows` together need one step more than `room`, at most a unit a copy."""
    row = bench.rng.choice(rows)
    alike = sum(other["component"] == row["component"] and other["option"] == row["option"] for other in rows)
    slack = room - sum(getattr(bench.option(other), field) for other in rows)
    bench.raw_option(row)[key] = (getattr(bench.option(row), field) + slack // alike + 1) / scale
    return True


def twin(bench: Bench, row: Doc, **changes: object) -> Doc:
    """Add another pool of the type that a row's machine has."""
    source = bench.reading.pools[bench.pool_of[row["instance"]]]
    pool = {"name": "damaged", "instance_type": source["instance_type"], "zone": source["zone"], **changes}
    bench.problem["pools"].append(pool)
    return pool
