"""Fleets of dozens of copies whose optimum is known, as they are cut out of a plan that fills its machines."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.families import Draw
    from tests.reading import Doc

Row = tuple[int, list[int]]  # a machine, and its accelerators that a copy is on


def full(draw: Draw) -> tuple[Doc, Doc]:
    """A problem, and a plan of it whose accelerators are all full: all cost the same, so no plan is cheaper.

    Machines are cut into copies. Rules ask for what the plan keeps and no more; some of its machines may run now.
    """
    gib, zones, unit = draw.choice((12, 16, 40)), ["a", "b", "c"][: draw.choice((1, 2, 3))], draw.choice((1, 0.7, 2.5))
    doc: Doc = {"format": "placement/v1", "name": "full", "accelerators": {"A": {"memory_gib": gib}}}
    doc["instance_types"] = {
        f"t{n}": {"accelerator": "A", "accelerator_count": n, "vcpus": 8, "memory_gib": 8, "price_per_hour": n * unit}
        for n in draw.sample((1, 2, 3, 4, 8), draw.choice((1, 2)))
    }
    doc["pools"] = [
        {"name": f"{t}-{zone}", "instance_type": t, "zone": zone} for t in doc["instance_types"] for zone in zones
    ]
    cuts = [sorted(draw.sample(range(1, 4 * gib), draw.randint(1, 4))) for _ in range(draw.choice((1, 2, 3)))]
    machines = draw.choices(doc["pools"], k=draw.choice((3, 6, 12)))
    cut: dict[tuple[int, float], list[Row]] = {}
    for m, pool in enumerate(machines):
        left = list(range(doc["instance_types"][pool["instance_type"]]["accelerator_count"]))
        while left:
            on, left = left[: (width := draw.choice((1, 1, 2)))], left[width:]
            ends = [0, *draw.choice(cuts), 4 * gib]
            for one, other in pairwise(ends):
                cut.setdefault((len(on), (other - one) / 4), []).append((m, on))
    doc["components"] = []
    plan: Doc = {"status": "feasible", "instances": [], "assignments": []}
    runs, whole = draw.chance(40), draw.chance(50)  # whether machines run, and rules look at the whole plan
    new: Counter[str] = Counter()
    for m, pool in enumerate(machines):
        now = runs and draw.chance(60)
        new[pool["name"]] += not now
        name = f"i{m}" if now else f"{pool['name']}/new-{new[pool['name']]}"
        plan["instances"].append({"id": name, "pool": pool["name"], "new": not now})
    for (width, size), rows in cut.items():
        option = {"accelerators": width, "accelerator_memory_gib": size, "shared": True}
        draw.shuffle(rows)
        for c in range(parts := min(len(rows), draw.choice((1, 1, 2, len(rows))))):
            _component(draw, doc, plan, option, rows[c::parts], whole=whole)
    _supply(draw, doc, Counter(pool["name"] for pool in machines), machines[0]["instance_type"], whole=whole)
    if runs:
        doc["instances"] = [{"id": row["id"], "pool": row["pool"]} for row in plan["instances"] if not row["new"]]
        ids = {row["id"] for row in doc["instances"]}
        doc["placements"] = [row for row in plan["assignments"] if row["instance"] in ids and draw.chance(90)]
        doc["objective"] = {"move_cost": draw.choice((0, 0.1, 10))}
        if whole:
            doc["objective"]["max_moves"] = draw.randint(0, 2)
    return doc, plan


def _supply(draw: Draw, doc: Doc, used: Counter[str], kind: str, *, whole: bool) -> None:
    """Quotas, a limit, and machines of one type that are committed."""
    for pool in doc["pools"]:
        if draw.chance(40):
            pool["max_instances"] = used[pool["name"]] + draw.choice((0, 0, 1))
    if whole and draw.chance(50):
        some = draw.some([pool["name"] for pool in doc["pools"]])
        doc["limits"] = [{"name": "limit", "pools": some, "max_instances": sum(used[pool] for pool in some)}]
    if whole and draw.chance(40):  # of what is paid so much is committed: a dearer plan is not cheaper for it
        some = draw.some([pool["name"] for pool in doc["pools"] if pool["instance_type"] == kind])
        number = sum(used[pool] for pool in some)
        doc["commitments"] = [{"name": "paid", "pools": some, "instances": number}] if number else []


def _component(draw: Draw, doc: Doc, plan: Doc, option: Doc, rows: list[Row], *, whole: bool) -> None:
    """One more component, with rules that these copies keep."""
    name, of = f"m{len(doc['components'])}", {pool["name"]: pool["zone"] for pool in doc["pools"]}
    machines = [plan["instances"][m] for m, _ in rows]
    counts = {
        "zone": Counter(of[row["pool"]] for row in machines),
        "pool": Counter(row["pool"] for row in machines),
        "instance": Counter(row["id"] for row in machines),
    }
    component: Doc = {"name": name, "copies": len(rows), "options": [option], "spread": {}}
    most = {what: max(count.values()) for what, count in counts.items()}
    for what in counts:
        if draw.chance(25) and len(rows) > most[what] and (whole or what == "zone"):
            component[f"min_available_on_{what}_loss"] = len(rows) - most[what]
        if draw.chance(20) and what != "pool":
            component["spread"][f"max_per_{what}"] = most[what]
    if draw.chance(30):
        least = min(counts["zone"].get(zone, 0) for zone in of.values())
        component["spread"]["max_skew"] = max(1, most["zone"] - least)
    doc["components"].append(component)
    plan["assignments"] += [
        {"component": name, "option": 0, "instance": plan["instances"][m]["id"], "accelerators": on} for m, on in rows
    ]


def scattered(draw: Draw, plan: Doc) -> Doc:
    """The plan with some copies of new machines on machines of their own; quotas and limits may be broken then."""
    rows, assignments = {row["id"]: row for row in plan["instances"]}, []
    new = Counter(row["pool"] for row in rows.values() if row["new"])
    for one in plan["assignments"]:
        row = rows[one["instance"]]
        if row["new"] and draw.chance(30):
            new[row["pool"]] += 1
            row = {**row, "id": f"{row['pool']}/new-{new[row['pool']]}"}
            rows[row["id"]] = row
        assignments.append({**one, "instance": row["id"]})
    used = {one["instance"] for one in assignments}
    return {"instances": [row for row in rows.values() if row["id"] in used], "assignments": assignments}
