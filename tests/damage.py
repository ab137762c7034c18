"""Good problem-plan pairs broken on purpose: each rule of the format, one at a time, by a smallest step that breaks it.

Some damages edit the plan (an accelerator index out of range), some tighten the problem until the plan no longer keeps
it (one copy fewer allowed in a zone). Either way the pair breaks the rule it is named by, perhaps others besides, and
both documents stay well-formed. What the plan claims of itself is taken out unless the claim is the damage.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tests.reading import account, by_priority, left_out, need
from tests.workbench import Bench, exceed, twin

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from tests.reading import Doc


class Damage(NamedTuple):
    """A pair that breaks `rule`."""

    rule: str
    problem: Doc
    plan: Doc


def damages(problem: Doc, plan: Doc, rng: random.Random) -> Iterator[Damage]:
    """Break each rule in turn; rules that this pair offers no way to break are passed over.

    Parameters
    ----------
    problem, plan : dict
        A pair that keeps every rule; neither is changed. Assignments carry `option` and `accelerators`.
    rng : random.Random
        Chooses where to strike.
    """
    for rule, breaks in RULES.items():
        bench = Bench(problem, plan, rng)
        if breaks(bench):
            yield Damage(rule, bench.problem, bench.plan)


# -- one machine


def accelerator_memory(bench: Bench) -> bool:
    for _, _, rows in bench.groups():
        return exceed(bench, rows, bench.machine(rows[0]).memory, "memory", "accelerator_memory_gib", 1024)
    return False


def accelerator_share(bench: Bench) -> bool:
    for _, _, rows in bench.groups():
        if len(rows) > 1:  # a lone copy can't need more than the whole
            return exceed(bench, rows, 1000, "share", "accelerator_share", 1000) and _share_written(bench, rows)
    return False


def _share_written(bench: Bench, rows: list[Doc]) -> bool:
    return all(need(bench.raw_option(row).get("accelerator_share", 0), 1000) <= 1000 for row in rows)


def owned_beside_others(bench: Bench) -> bool:
    for _, _, rows in bench.groups():
        if len(rows) > 1:
            raw = bench.raw_option(bench.rng.choice(rows))
            raw.pop("accelerator_share", None)
            raw["shared"] = False
            return True
    for a in bench.shuffled(bench.rows):
        for b in bench.rows:
            width = min(len(a["accelerators"]), len(b["accelerators"]))
            if a is not b and a["instance"] == b["instance"] and width:
                b["accelerators"] = [*a["accelerators"][:width], *b["accelerators"][width:]]
                return not (bench.option(a).shared and bench.option(b).shared)
    return False


def accelerators_distinct(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        if len(row["accelerators"]) > 1:
            row["accelerators"][1] = row["accelerators"][0]
            return True
    return False


def accelerators_missing(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        if row["accelerators"]:
            row["accelerators"].pop()
            return True
    return False


def accelerators_too_many(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        free = sorted(set(range(bench.machine(row).count)) - set(row["accelerators"]))
        if free:
            row["accelerators"].append(bench.rng.choice(free))
            return True
    return False


def accelerator_index(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        if row["accelerators"]:
            row["accelerators"][-1] = bench.machine(row).count
            return True
    return False


def _host(bench: Bench, field: str, key: str, scale: int) -> bool:
    for row in bench.shuffled(bench.rows):
        rows = [other for other in bench.rows if other["instance"] == row["instance"]]
        return exceed(bench, rows, getattr(bench.machine(row), field), field, key, scale)
    return False


def vcpus(bench: Bench) -> bool:
    return _host(bench, "vcpus", "vcpus", 1000)


def host_memory(bench: Bench) -> bool:
    return _host(bench, "host", "memory_gib", 1024)


def option_on(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        bench.problem["accelerators"]["damaged"] = {"memory_gib": 80}
        bench.raw_option(row)["on"] = ["damaged"]
        return True
    return False


def option_instance_types(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        bench.problem["instance_types"]["damaged"] = {"vcpus": 1, "memory_gib": 1, "price_per_hour": 1}
        bench.raw_option(row)["instance_types"] = ["damaged"]
        return True
    return False


def max_per_instance(bench: Bench) -> bool:
    here = Counter((row["component"], row["instance"]) for row in bench.rows)
    for row in bench.shuffled(bench.rows):
        most = here[row["component"], row["instance"]]
        if most > 1:
            bench.component(row).setdefault("spread", {})["max_per_instance"] = most - 1
            return True
    return False


def dedicated(bench: Bench) -> bool:
    pair = bench.neighbours()
    if pair:
        bench.component(bench.rng.choice(pair))["dedicated"] = True
    return pair is not None


def _avoid(bench: Bench, who: int, entry: str | None = None) -> bool:
    pair = bench.neighbours()
    if pair is None:
        return False
    shunning, shunned = pair[who], pair[1 - who]
    if entry:
        bench.component(shunned).setdefault("groups", []).append(entry)
    bench.component(shunning).setdefault("avoid", []).append(f"group:{entry}" if entry else shunned["component"])
    return True


def avoid(bench: Bench) -> bool:
    return _avoid(bench, 0)


def avoid_reverse(bench: Bench) -> bool:
    return _avoid(bench, 1)


def avoid_group(bench: Bench) -> bool:
    return _avoid(bench, bench.rng.randrange(2), "damaged")


# -- components and zones


def zones(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        others = [zone for zone in bench.reading.zones if zone != bench.zone(row)]
        bench.component(row)["zones"] = others or ["damaged"]
        if not others:
            twin(bench, row, zone="damaged", max_instances=1)
        return True
    return False


def copies_too_many(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        component = bench.component(row)
        if "copies" in component:
            component["copies"] = sum(bench.counts(row["component"]).values()) - 1
            if "min_copies" in component:
                component["min_copies"] = min(component["min_copies"], component["copies"])
            return True
    return False


def copies_too_few(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        if "copies" in bench.component(row):
            if sum(bench.counts(row["component"]).values()) > bench.reading.required(row["component"]):
                bench.component(row).pop("min_copies")  # all of them are wanted now
            bench.rows.remove(row)
            return True
    return False


def demand(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        component = bench.component(row)
        if "demand" in component:
            served = sum(bench.option(r).throughput or 0.0 for r in bench.rows if r["component"] == row["component"])
            component["demand"] = served * (1 + bench.rng.choice((1e-5, 0.1)))
            return True
    return False


def demand_min_copies(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        if "demand" in bench.component(row):
            bench.component(row)["min_copies"] = sum(bench.counts(row["component"]).values()) + 1
            return True
    return False


def max_skew(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        component, counts = bench.component(row), bench.counts(row["component"])
        if max(counts.values()) > 1:
            twin(bench, row, zone="damaged", max_instances=1)  # eligible, and empty
            if "zones" in component:
                component["zones"] = [*component["zones"], "damaged"]
            component.setdefault("spread", {})["max_skew"] = max(counts.values()) - 1
            return bench.machine(row).holds(bench.option(row))
    return False


def min_zones(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        counts = bench.counts(row["component"])
        if len(counts) < sum(counts.values()):
            bench.component(row).setdefault("spread", {})["min_zones"] = len(counts) + 1
            return True
    return False


def max_per_zone(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        most = bench.counts(row["component"])[bench.zone(row)]
        if most > 1:
            bench.component(row).setdefault("spread", {})["max_per_zone"] = most - 1
            return True
    return False


def zone_loss(bench: Bench) -> bool:
    for row in bench.shuffled(bench.rows):
        counts = bench.counts(row["component"])
        bench.component(row)["min_available_on_zone_loss"] = sum(counts.values()) - max(counts.values()) + 1
        return True
    return False


def pool_loss(bench: Bench) -> bool:
    pools = {row["id"]: row["pool"] for row in bench.plan["instances"]}
    return _loss(bench, "pool", lambda row: pools[row["instance"]])


def instance_loss(bench: Bench) -> bool:
    return _loss(bench, "instance", lambda row: row["instance"])


def _loss(bench: Bench, what: str, where: Callable[[Doc], str]) -> bool:
    for row in bench.shuffled(bench.rows):
        counts = Counter(where(r) for r in bench.rows if r["component"] == row["component"])
        floor = counts.total() - max(counts.values()) + 1
        bench.component(row)[f"min_available_on_{what}_loss"] = floor
        return True
    return False


# -- pools, today's machines and copies


def limit(bench: Bench) -> bool:
    used = Counter(row["pool"] for row in bench.plan["instances"])
    keys = ("max_instances", "max_accelerators", "max_vcpus", "max_price_per_hour")
    for row in bench.shuffled(bench.plan["instances"]):
        pool = bench.reading.pools[row["pool"]]
        kind = bench.problem["instance_types"][pool["instance_type"]]
        paid = max(used[row["pool"]], pool.get("min_instances", 0))
        price = bench.reading.price(row["pool"])
        each = (1, kind.get("accelerator_count", 0), kind["vcpus"], price / 1e6)
        key, one = bench.rng.choice([(key, one) for key, one in zip(keys, each, strict=True) if one * paid > 0.01])
        less = 1 if key in keys[:2] else 0.001
        bench.problem.setdefault("limits", []).append(
            {"name": "damaged", "pools": [row["pool"]], key: max(0, one * paid - less)}
        )
        return True
    return False


def max_moves(bench: Bench) -> bool:
    moved = account(bench.reading, bench.plan).moves
    if moved:
        bench.problem.setdefault("objective", {})["max_moves"] = moved - 1
    return bool(moved)


def pool_quota(bench: Bench) -> bool:
    used = Counter(row["pool"] for row in bench.plan["instances"])
    for row in bench.shuffled(bench.plan["instances"]):
        pool = bench.reading.pools[row["pool"]]
        pool["max_instances"] = used[row["pool"]] - 1
        pool["min_instances"] = min(pool.get("min_instances", 0), pool["max_instances"])
        return True
    return False


def _placements_at(bench: Bench, instance: str) -> list[Doc]:
    return [row for row in bench.problem.get("placements", []) if row["instance"] == instance]


def draining(bench: Bench) -> bool:
    row = bench.running()
    if row:
        bench.today(row["id"])["state"] = "draining"
        for placed in _placements_at(bench, row["id"]):
            placed.pop("pinned", None)  # pinned there would be an error of the document
    return row is not None


def cordoned(bench: Bench) -> bool:
    row = bench.running()
    if row is None:
        return False
    bench.today(row["id"])["state"] = "cordoned"
    name = bench.rng.choice([r["component"] for r in bench.rows if r["instance"] == row["id"]])
    has = sum(r["component"] == name and r["instance"] == row["id"] for r in bench.rows)
    had = [r for r in _placements_at(bench, row["id"]) if r["component"] == name]
    gone = had[has - 1 :]  # one fewer ran there than the plan has
    bench.problem["placements"] = [r for r in bench.problem.get("placements", []) if not any(r is g for g in gone)]
    return True


def pinned(bench: Bench) -> bool:
    row = bench.running()
    if row is None:
        return False
    placed = bench.rng.choice([r for r in bench.rows if r["instance"] == row["id"]])
    kept = {tuple(sorted(r["accelerators"])) for r in bench.rows if r["instance"] == row["id"]}
    others = [k for k in range(bench.machine(placed).count) if k not in placed["accelerators"]]
    shifted = sorted([*placed["accelerators"][1:], *others[:1]])
    pin: Doc = {"component": placed["component"], "instance": row["id"], "accelerators": shifted}
    if not placed["accelerators"] or not others or tuple(shifted) in kept:  # then from a machine that the plan leaves
        bench.problem["instances"].append({"id": "i-left", "pool": row["pool"]})
        pin |= {"instance": "i-left", "accelerators": list(placed["accelerators"])}
    bench.problem.setdefault("placements", []).append(pin | {"option": placed["option"], "pinned": True})
    return True


def not_removable(bench: Bench) -> bool:
    pool = bench.rng.choice(bench.problem["pools"])["name"]
    row: Doc = {"id": "i-stays", "pool": pool, "removable": False}
    bench.problem.setdefault("instances", []).append(row)
    return True


# -- the plan's own words


def _assigned(bench: Bench, **changes: object) -> bool:
    for row in bench.shuffled(bench.rows):
        row |= changes
        return True
    return False


def unknown_component(bench: Bench) -> bool:
    return _assigned(bench, component="nobody")


def unknown_instance(bench: Bench) -> bool:
    return _assigned(bench, instance="nowhere")


def unknown_option(bench: Bench) -> bool:
    return _assigned(bench, option=max(len(options) for options in bench.reading.options.values()))


def _listed(bench: Bench) -> Doc | None:
    rows: list[Doc] = bench.plan["instances"]
    return bench.rng.choice(rows) if rows else None


def unknown_pool(bench: Bench) -> bool:
    row = _listed(bench)
    if row:
        row["pool"] = "nothing"
    return row is not None


def duplicate_instance(bench: Bench) -> bool:
    row = _listed(bench)
    if row:
        bench.plan["instances"].append(dict(row))
    return row is not None


def wrong_pool(bench: Bench) -> bool:
    row = bench.running()
    if row:
        twin(bench, {"instance": row["id"]})
        row["pool"] = "damaged"
    return row is not None


def new_flag(bench: Bench) -> bool:
    rows = [row for row in bench.plan["instances"] if row["id"] not in bench.reading.instances]
    if rows:
        bench.rng.choice(rows)["new"] = False
    return bool(rows)


def _claim(bench: Bench, **claims: object) -> bool:
    bench.plan |= claims
    return True


def _off(bench: Bench, micros: int) -> float:
    """Dollars that are wrong by a thousandth, a tenth of a cent at least, to either side."""
    dollars = micros / 1e6
    return dollars + bench.rng.choice((-1, 1)) * 1e-3 * max(1.0, dollars)


def claimed_price(bench: Bench) -> bool:
    return _claim(bench, price_per_hour=abs(_off(bench, account(bench.reading, bench.plan).price)))


def commitment_not_counted(bench: Bench) -> bool:
    return _committed(bench, idle=0)


def commitment_idle(bench: Bench) -> bool:
    return _committed(bench, idle=1)


def _committed(bench: Bench, idle: int) -> bool:
    """Commit all machines of a pool, and `idle` more; claim the price without that, or as if idle ones paid as well."""
    used = Counter(row["pool"] for row in bench.plan["instances"])
    for row in bench.shuffled(bench.plan["instances"]):
        pool = row["pool"]
        paid, each = max(used[pool], bench.reading.pools[pool].get("min_instances", 0)), bench.reading.price(pool)
        others = [k for k in bench.problem.get("commitments", []) if pool not in k["pools"]]
        bench.problem["commitments"] = others
        alone = account(bench.reading, bench.plan).price
        amount: Doc = {"instances": paid + idle}
        if bench.rng.random() < 0.5:
            amount = {"price_per_hour": (paid + idle) * each / 1e6}
        bench.problem["commitments"] = [*others, {"name": "damaged", "pools": [pool], **amount}]
        said, true = alone - idle * (paid + idle) * each, account(bench.reading, bench.plan).price
        return abs(said - true) > 1e-3 * max(1e6, true) and _claim(bench, price_per_hour=said / 1e6)
    return False


def claimed_cost(bench: Bench) -> bool:
    return _claim(bench, cost=abs(_off(bench, account(bench.reading, bench.plan).cost)))


def claimed_moves(bench: Bench) -> bool:
    return _claim(bench, moves=account(bench.reading, bench.plan).moves + 1)


def bound_above_cost(bench: Bench) -> bool:
    cost = account(bench.reading, bench.plan).cost / 1e6
    return _claim(bench, cost=cost, lower_bound=cost + 1e-3 * max(1.0, cost))


def false_optimal(bench: Bench) -> bool:
    cost = account(bench.reading, bench.plan).cost / 1e6
    below = cost * 0.99 if cost > 1 and bench.rng.random() < 0.7 else None
    return _claim(bench, status="optimal", cost=cost, lower_bound=below)


def other_problem(bench: Bench) -> bool:
    return _claim(bench, problem=bench.rng.choice(("another", str(bench.problem.get("name", "")) + " ")))


def called_infeasible(bench: Bench) -> bool:
    return bool(bench.rows) and _claim(bench, status="infeasible")


def called_unknown(bench: Bench) -> bool:
    return bool(bench.rows) and _claim(bench, status="unknown")


def untrue_gap(bench: Bench) -> bool:
    cost = account(bench.reading, bench.plan).cost / 1e6
    bound = cost * bench.rng.choice((1, 0.9, 0.5))
    gap = (cost - bound) / cost if cost else 0.0
    return _claim(bench, lower_bound=bound, gap=gap + bench.rng.choice((-1, 1)) * bench.rng.choice((1e-4, 0.1)))


def gap_without_bound(bench: Bench) -> bool:
    return _claim(bench, gap=bench.rng.choice((0, 0.25)), **bench.rng.choice(({}, {"lower_bound": None})))


def _unplaced(bench: Bench, name: str, change: int) -> bool:
    said = left_out(bench.reading, bench.plan)
    said[name] += change
    return _claim(bench, unplaced=[{"component": n, "copies": copies} for n, copies in said.items() if copies])


def unplaced_too_many(bench: Bench) -> bool:
    return _unplaced(bench, bench.rng.choice(["nobody", *bench.reading.components]), 1)


def unplaced_too_few(bench: Bench) -> bool:
    lacking = sorted(left_out(bench.reading, bench.plan))
    return bool(lacking) and _unplaced(bench, bench.rng.choice(lacking), -1)


def left_out_bound_too_high(bench: Bench) -> bool:
    out = by_priority(bench.reading, left_out(bench.reading, bench.plan))
    priority = bench.rng.choice([*out, 7])
    proven = {n: copies for n, copies in out.items() if n > priority} | {priority: out.get(priority, 0) + 1}
    return _claim(bench, left_out_bound={str(n): copies for n, copies in proven.items()})


RULES: dict[str, Callable[[Bench], bool]] = {
    breaks.__name__.replace("_", "-"): breaks
    for breaks in (
        accelerator_memory, accelerator_share, owned_beside_others, accelerators_distinct, accelerators_missing,
        accelerators_too_many, accelerator_index, vcpus, host_memory, option_on, option_instance_types,
        max_per_instance, dedicated, avoid, avoid_reverse, avoid_group, zones, copies_too_many, copies_too_few,
        demand, demand_min_copies, max_skew, min_zones, max_per_zone, zone_loss, pool_loss, instance_loss, limit,
        pool_quota, draining, cordoned, pinned, not_removable, max_moves,
        unknown_component, unknown_instance, unknown_option, unknown_pool, duplicate_instance,
        wrong_pool, new_flag, claimed_price, commitment_not_counted, commitment_idle,
        claimed_cost, claimed_moves, bound_above_cost, false_optimal,
        other_problem, called_infeasible, called_unknown, untrue_gap, gap_without_bound, unplaced_too_many,
        unplaced_too_few, left_out_bound_too_high,
    )
}  # fmt: skip
