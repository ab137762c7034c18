"""`verify` and the second opinion beside the repository judge tens of thousands of random plans alike.

Plans are optimal ones of the brute force, plausible ones, ones with copies scattered about, and all of these damaged.
The two judges must break the same rules and count the same price, moves, cost, copies and machines. What `verify`
refuses beyond the other is decided, listed on the architecture page, and worked out here afresh for each pair.
"""

from __future__ import annotations

import copy
import random
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.documents import Problem
from placement.documents.plan import Plan
from placement.errors import DocumentError
from placement.referee import Rule, verify
from tests.brute import cheapest, too_big
from tests.corpus import seeds
from tests.damage import RULES as DAMAGES
from tests.damage import damages
from tests.plans import random_plan
from tests.reading import Doc, Reading, account, by_priority, left_out
from tests.referee import referee_check
from tests.strategies import problems, random_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

SENTENCES = {
    "unique-instance": r"is listed twice",
    "known-pool": r": no pool ",
    "known-instance": r"is not new, but the problem has no such instance",
    "instance-pool": r"is of pool .*, not ",
    "draining": r"is draining, yet",
    "known-component": r"^assignment \d+: no component",
    "listed-instance": r"is not in the plan's instances",
    "known-option": r"has no option",
    "allowed-type": r"may not run on",
    "allowed-zone": r": zone .* is not allowed",
    "accelerator-set": r"distinct accelerators, has",
    "accelerator-range": r"accelerator index out of range",
    "vcpus": r"milli-vCPU on",
    "host-memory": r"MiB host memory on",
    "accelerator-owner": r"a copy that is not shared stands beside others",
    "accelerator-memory": r"accelerator \d+: \d+ MiB on",
    "accelerator-share": r"shares sum to over 1",
    "max-per-instance": r"\d+ copies of .*, at most",
    "dedicated": r"is dedicated, yet",
    "avoid": r"avoid each other",
    "copies": r"copies placed, \d+ wanted",
    "min-copies": r"copies placed, at least \d+ required|: \d+ copies, at least \d+$",
    "demand": r": serves .* of ",
    "max-skew": r"zone skew",
    "min-zones": r"in \d+ zones, at least",
    "max-per-zone": r"copies in a zone",
    "zone-loss": r"losing one zone leaves",
    "pool-loss": r"losing one pool leaves",
    "instance-loss": r"losing one instance leaves",
    "limit": r"^limit .*, at most",
    "max-moves": r"^\d+ moves, at most",
    "max-instances": r"^pool .* instances, at most",
    "not-removable": r"can't be removed",
    "cordoned": r"is cordoned, yet",
    "pinned": r"\d+ pinned on .*, \d+ there$",
    "claimed-price": r"the plan says price_per_hour",
    "claimed-cost": r"the plan says cost",
    "claimed-moves": r"the plan says .* moves, counted",
    "claimed-bound": r"^lower bound .* is above",
    "claimed-optimal": r"^called optimal",
    "claimed-problem": r"^the plan is of problem",
    "claimed-status": r"^called (infeasible|unknown), yet it has assignments",
    "claimed-gap": r"^the plan says gap",
    "claimed-unplaced": r"^the plan says unplaced",
    "claimed-left-out": r"^left_out_bound \d+ at priority \d+ is above",
}


def rule_of(sentence: str) -> str:
    """Our name of the rule that a sentence of the second opinion is about."""
    found = [rule for rule, pattern in SENTENCES.items() if re.search(pattern, sentence)]
    assert len(found) == 1, (sentence, found)
    return found[0]


# --- Plans


def random_pairs(rng: random.Random) -> Iterator[tuple[Doc, Doc]]:
    """A problem and an optimal, plausible or scattered plan; then the pair damaged. Some plans make claims."""
    problem = random_problem(rng, rules=rng.choice((0, 25)))
    best = None if rng.random() < 0.5 or too_big(problem, 2_000) else cheapest(problem)
    if best is not None:
        plan = best.plan
    else:
        plan = random_plan(rng, problem) if rng.random() < 0.8 else scattered(problem, rng)
    worse, broken = copy.deepcopy(problem), copy.deepcopy(plan)
    for _ in range(rng.randint(1, 3)):
        damage(worse, broken, rng)
    for pair in ((problem, plan), (worse, broken)):
        if rng.random() < 0.3:
            claim(*pair, rng)
        yield pair
    if rng.random() < 0.1:
        yield problem, news(problem, rng)


def news(problem: Doc, rng: random.Random) -> Doc:
    """That there is no plan, true or not, perhaps with what only a plan can have."""
    said: Doc = {"status": rng.choice(("infeasible", "unknown")), "instances": [], "assignments": [], "unplaced": []}
    odd: Doc = {
        "price_per_hour": 0, "cost": 1.5, "moves": 0, "gap": 0.5, "stop": "proved", "problem": "another",
        "instances": [{"id": "x", "pool": "p0"}], "unplaced": [{"component": "c0", "copies": 1}],
    }  # fmt: skip
    for key in rng.sample(sorted(odd), rng.choice((0, 0, 1, 2))):
        said[key] = odd[key]
    if rng.random() < 0.3:
        for component in problem["components"]:
            component["min_copies"] = 0
    return said | {"lower_bound": rng.choice((None, 2.5))}


def scattered(problem: Doc, rng: random.Random) -> Doc:
    """About as many copies as wanted, on machines that run or are new, on accelerators there are."""
    reading = Reading(problem)
    machines = {name: row["pool"] for name, row in reading.instances.items() if rng.random() < 0.8}
    for pool in rng.choices(sorted(reading.pools), k=rng.randint(0, 4)):
        machines[f"{pool}/new-{len(machines) + 1}"] = pool
    instances = [{"id": name, "pool": pool, "new": name not in reading.instances} for name, pool in machines.items()]
    assignments = []
    for name, component in reading.components.items():
        wanted = component.get("copies", 2)
        for _ in range(max(0, wanted - rng.choice((0, 0, 0, 1)))):
            fitting = [
                (machine, index)
                for machine, pool in machines.items()
                for index, option in enumerate(reading.options[name])
                if reading.machine[pool].holds(option) and reading.in_zones(name, reading.pools[pool]["zone"])
            ]
            if fitting:
                machine, index = rng.choice(fitting)
                there = range(reading.machine[machines[machine]].count)
                assignments.append(
                    row(name, index, machine, rng.sample(there, reading.options[name][index].accelerators))
                )
    if rng.random() < 0.5:  # start from what runs now
        assignments = [*now(reading, machines, rng), *assignments]
    return {"format": "placement-plan/v1", "instances": instances, "assignments": assignments}


def now(reading: Reading, machines: dict[str, str], rng: random.Random) -> list[Doc]:
    """Today's copies where they are, as far as the plan has their machines."""
    found = []
    for running in reading.placements:
        if running["instance"] in machines:
            index = reading.option_index(running)
            width = reading.options[running["component"]][index].accelerators
            there = reading.machine[machines[running["instance"]]].count
            accelerators = running.get("accelerators")
            if accelerators is None:
                accelerators = rng.sample(range(there), min(width, there))
            found.append(row(running["component"], index, running["instance"], accelerators))
    return found


def row(component: str, option: int, instance: str, accelerators: list[int]) -> Doc:
    """One assignment."""
    return {"component": component, "option": option, "instance": instance, "accelerators": list(accelerators)}


def damage(problem: Doc, plan: Doc, rng: random.Random) -> None:
    """One change that may break any rule, in the plan or, where rules are tightened, in the problem."""
    rows, machines = plan["assignments"], plan["instances"]
    kind = rng.randrange(13)
    if kind == 0:
        machines.append({"id": rng.choice(("x", "i-0", "p0/new-1")), "pool": rng.choice(("p0", "p1", "nowhere"))})
    elif kind == 1 and machines:
        del machines[rng.randrange(len(machines))]
    elif kind == 2 and machines:
        rng.choice(machines).update(rng.choice(({"new": False}, {"pool": "p1"}, {"pool": "p0"})))
    elif kind == 3:
        tighten(rng.choice(problem["components"]), rng)
    elif kind == 4:
        rng.choice(problem["pools"])["max_instances"] = rng.choice((0, 1))
        for pool in problem["pools"]:
            pool["min_instances"] = min(pool.get("min_instances", 0), pool.get("max_instances", 9))
    elif kind == 5:
        for running in problem.get("placements", []):
            states = {instance["id"]: instance.get("state") for instance in problem["instances"]}
            running["pinned"] = states[running["instance"]] != "draining" and rng.random() < 0.5
    elif kind == 6:
        for instance in problem.get("instances", []):
            instance["removable"] = rng.random() < 0.5
    elif rows:
        damage_row(rows, machines, kind, rng)


def tighten(component: Doc, rng: random.Random) -> None:
    """Another spread rule, or company, for one component."""
    spread = component.setdefault("spread", {})
    kind = rng.randrange(6)
    if kind < 4:
        spread[("max_skew", "min_zones", "max_per_zone", "max_per_instance")[kind]] = rng.choice((1, 2))
    elif kind == 4:
        component["min_available_on_zone_loss"] = rng.choice((1, 2))
    else:
        component["dedicated"] = True


def damage_row(rows: list[Doc], machines: list[Doc], kind: int, rng: random.Random) -> None:
    """One odd assignment: lost, doubled, moved, by another option, on other accelerators, of another component."""
    index = rng.randrange(len(rows))
    one = rows[index]
    if kind == 7:
        del rows[index]
    elif kind == 8:
        rows.append(copy.deepcopy(one))
    elif kind == 9 and machines:
        one["instance"] = rng.choice([machine["id"] for machine in machines] + ["absent"])
    elif kind == 10:
        one["option"] = rng.choice((0, 1, 2))
    elif kind == 11:
        accelerators = one.get("accelerators", [])
        one["accelerators"] = rng.choice(([], [0], [1], [0, 1], [0, 0], [7], accelerators[:-1], accelerators[::-1]))
    else:
        one["component"] = rng.choice(("c0", "c1", "c2", "nobody"))


def claim(problem: Doc, plan: Doc, rng: random.Random) -> None:
    """What the plan says of itself: true, a little off, or false."""
    reading = Reading(problem)
    try:
        true = account(reading, plan)
    except (KeyError, IndexError):  # the damage left no account to give
        return
    for key, micro in (("price_per_hour", true.price), ("cost", true.cost), ("lower_bound", true.cost)):
        if rng.random() < 0.6:
            off = (0, 0, 0, 0, 0, 1e-6, -1e-6, micro * 5e-12, micro * -5e-12, -0.5, 0.5)
            plan[key] = micro / 1e6 + rng.choice(off)
    if rng.random() < 0.5:
        plan["moves"] = max(0, true.moves + rng.choice((0, 0, 0, 0, 1, -1)))
    plan["status"] = "optimal" if "lower_bound" in plan or rng.random() < 0.1 else "feasible"
    if rng.random() < 0.1:
        plan["status"] = rng.choice(("infeasible", "unknown"))
    if rng.random() < 0.3:
        plan["stop"] = rng.choice(("proved", "time"))
    if rng.random() < 0.3:
        bound = plan.get("lower_bound")
        cost = true.cost / 1e6
        gap = (cost - bound) / cost if cost and bound is not None else 0.0
        plan["gap"] = gap + rng.choice((0, 0, 0, 0, 0, 0.9e-5, -0.9e-5, 1.1e-5, -1.1e-5, 0.5))
    claim_left_out(reading, plan, rng)
    if rng.random() < 0.2:
        plan["problem"] = rng.choice((problem.get("name", ""), "", "another"))
    elif rng.random() < 0.2:
        problem.pop("name", None)


def claim_left_out(reading: Reading, plan: Doc, rng: random.Random) -> None:
    """Copies left out as they are, or one more or fewer; the same of what is proven of them."""
    out = left_out(reading, plan)
    if rng.random() < 0.4:
        names = [*out, *rng.sample(["nobody", *reading.components], 1)]
        rows = [{"component": n, "copies": max(0, out[n] + rng.choice((0, 0, 0, 0, 1, -1)))} for n in names]
        plan["unplaced"] = rng.sample(rows, len(rows))
        if rng.random() < 0.1:
            plan["unplaced"] = [{"component": n} for n in out.elements()]
    elif rng.random() < 0.2:
        plan.pop("unplaced", None)
    if rng.random() < 0.4:
        counted = by_priority(reading, out)
        off = {n: max(0, counted.get(n, 0) + rng.choice((0, 0, 0, 0, 1, -1))) for n in (*counted, rng.randint(0, 3))}
        plan["left_out_bound"] = {str(n): off[n] for n in rng.sample(sorted(off), len(off))}


# --- Agreement

# Of what is decided, the rules that are found broken exactly where `decided` says so or the other judge does.
JUDGED_HERE = {"known-instance", "claimed-optimal", "claimed-status", "claimed-left-out"}


def pins_short(reading: Reading, plan: Doc) -> bool:
    """Whether some place has fewer copies than pinned rows, counted in the plainest way: as lists."""
    machines = {machine["id"] for machine in plan["instances"] if machine["pool"] in reading.pools}
    there = [
        (a["component"], a.get("option", 0), a["instance"], sorted(a.get("accelerators", [])))
        for a in plan["assignments"]
        if a["instance"] in machines
    ]
    rows = [r for r in reading.placements if r.get("pinned")]
    keys = [(r["component"], reading.option_index(r), r["instance"]) for r in rows]
    for key, pinned in zip(keys, rows, strict=True):
        known = pinned.get("accelerators")
        alike = [r for k, r in zip(keys, rows, strict=True) if k == key]
        if sum(place[:3] == key for place in there) < len(alike):
            return True
        if known is not None:
            same = [
                r for r in alike if r.get("accelerators") is not None and sorted(r["accelerators"]) == sorted(known)
            ]
            if there.count((*key, sorted(known))) < len(same):
                return True
    return False


def claims_too_many_left_out(reading: Reading, plan: Doc) -> bool:
    """Whether more copies are said to be left out at some priority than there are optional ones."""
    rows = {name: row for name, row in reading.components.items() if "copies" in row}
    optional = by_priority(
        reading, Counter({name: row["copies"] - row.get("min_copies", row["copies"]) for name, row in rows.items()})
    )
    said = plan.get("left_out_bound") or {}
    return any(copies > optional.get(int(priority), 0) for priority, copies in said.items())


def decided(reading: Reading, plan: Doc, found: Doc) -> set[str]:
    """Rules that `verify` finds broken where the other may not, each a decision of the architecture page."""
    rules = set()
    names = Counter(machine["id"] for machine in plan["instances"])
    if max(names.values(), default=0) > 1:  # theirs misses it when the first row has no pool
        rules.add("unique-instance")
    if any(machine.get("new") is True and machine["id"] in reading.instances for machine in plan["instances"]):
        rules.add("known-instance")
    options = {name: len(modes) for name, modes in reading.options.items()}
    if any(a.get("option", 0) >= options.get(a["component"], 99) for a in plan["assignments"]):
        rules.add("known-option")  # theirs stops at a row's first fault
    if plan.get("status") == "optimal":
        bound, cost = plan.get("lower_bound"), round(found["cost"] * 1e6)
        out = by_priority(reading, Counter(found["left_out"]))
        proven = plan.get("left_out_bound") or {}
        unproven = any(proven.get(str(priority), 0) < copies for priority, copies in out.items())
        if unproven or bound is None or cost - round(bound * 1e6) > 1e-9 * cost:
            rules.add("claimed-optimal")
    if plan.get("stop") == "proved" and plan.get("status") in ("feasible", "unknown"):
        rules.add("claimed-status")
    if claims_too_many_left_out(reading, plan):
        rules.add("claimed-left-out")
    return rules


def agree(problem: Doc, plan: Doc) -> set[str]:
    """Hold both judges to one verdict; return the names of the broken rules."""
    if plan.get("status") in ("infeasible", "unknown") and not plan["assignments"]:
        return agree_on_news(problem, plan)
    sentences, found = referee_check(problem, plan)
    theirs = {rule_of(sentence) for sentence in sentences}
    verdict = verify(Problem(**problem), Plan(**plan))
    ours: set[str] = {violation.rule for violation in verdict.violations}

    reading = Reading(problem)
    assert ("pinned" in ours) == pins_short(reading, plan)
    nameless = problem.get("name", "") == plan.get("problem") == ""  # absent and empty are one to us
    assert theirs - ours == ({"claimed-problem"} if nameless and "name" not in problem else set())
    more = decided(reading, plan, found)
    assert ours - theirs <= more
    assert more & JUDGED_HERE <= ours

    assert verdict.left_out == by_priority(reading, Counter(found["left_out"]))
    assert verdict.price_per_hour == round(found["price_per_hour"] * 1e6)
    assert (verdict.moves, verdict.copies, verdict.instances) == (found["moves"], found["copies"], found["instances"])
    assert verdict.cost == round(found["cost"] * 1e6)  # horizons of these problems are exact in binary
    return ours


def agree_on_news(problem: Doc, plan: Doc) -> set[str]:
    """That there is no plan is news without rows: the other judge takes all of it, ours only what can be true."""
    verdict = verify(Problem(**problem), Plan(**plan))
    ours: set[str] = {violation.rule for violation in verdict.violations}
    given = [plan.get(key) is not None for key in ("price_per_hour", "cost", "moves", "gap")]
    stays = [row for row in problem.get("instances", []) if row.get("removable") is False]
    stays = [{"id": row["id"], "pool": row["pool"]} for row in stays if row.get("state") != "draining"]
    refuted = plan["status"] == "infeasible" and not referee_check(problem, {"instances": stays, "assignments": []})[0]
    stuck = plan["status"] == "unknown" and plan.get("stop") == "proved"
    silly = any(given) or plan["instances"] or plan.get("unplaced") or refuted or stuck
    other = plan.get("problem", problem.get("name", "")) != problem.get("name", "")
    told = {"claimed-status": silly, "claimed-problem": other}
    told["claimed-left-out"] = claims_too_many_left_out(Reading(problem), plan)
    assert ours == {rule for rule, holds in told.items() if holds}
    assert (verdict.cost, verdict.copies, verdict.instances, verdict.left_out) == (0, 0, 0, {})
    return ours


def judged(seed: int, pairs: int) -> Counter[str]:
    """Pairs of one seed, judged by both; how often each rule was broken, and `ok` how often none."""
    rng = random.Random(seed)
    seen: Counter[str] = Counter()
    for _ in range(pairs // 2):
        for problem, plan in random_pairs(rng):
            seen.update(agree(problem, plan) or {"ok"})
            seen["news"] += not plan["assignments"]
    return seen


@seeds(range(2500), 240)
def test_both_judges_agree_on_thousands_of_plans(seeds: range) -> None:
    """And every rule is broken time and again among them, and all are kept time and again."""
    seen = judged(seed=1, pairs=2 * len(seeds))
    assert set(seen) == {*SENTENCES, "ok", "news"}
    assert min(seen.values()) >= 10 * len(seeds) / 2500, seen
    assert seen["ok"] >= 1_000 * len(seeds) / 2500


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_both_judges_agree_on_tens_of_thousands(seed: int) -> None:
    """Twenty thousand pairs a seed, two hundred thousand in all."""
    assert judged(seed, pairs=20_000)["ok"] >= 4_000


NAMED = {
    "accelerator-memory": "accelerator-memory",
    "accelerator-share": "accelerator-share",
    "owned-beside-others": "accelerator-owner",
    "accelerators-distinct": "accelerator-set",
    "accelerators-missing": "accelerator-set",
    "accelerators-too-many": "accelerator-set",
    "accelerator-index": "accelerator-range",
    "vcpus": "vcpus",
    "host-memory": "host-memory",
    "option-on": "allowed-type",
    "option-instance-types": "allowed-type",
    "max-per-instance": "max-per-instance",
    "dedicated": "dedicated",
    "avoid": "avoid",
    "avoid-reverse": "avoid",
    "avoid-group": "avoid",
    "zones": "allowed-zone",
    "copies-too-many": "copies",
    "copies-too-few": "min-copies",
    "demand": "demand",
    "demand-min-copies": "min-copies",
    "max-skew": "max-skew",
    "min-zones": "min-zones",
    "max-per-zone": "max-per-zone",
    "zone-loss": "zone-loss",
    "pool-loss": "pool-loss",
    "instance-loss": "instance-loss",
    "limit": "limit",
    "max-moves": "max-moves",
    "pool-quota": "max-instances",
    "draining": "draining",
    "cordoned": "cordoned",
    "pinned": "pinned",
    "not-removable": "not-removable",
    "unknown-component": "known-component",
    "unknown-instance": "listed-instance",
    "unknown-option": "known-option",
    "unknown-pool": "known-pool",
    "duplicate-instance": "unique-instance",
    "wrong-pool": "instance-pool",
    "new-flag": "known-instance",
    "claimed-price": "claimed-price",
    "commitment-not-counted": "claimed-price",
    "commitment-idle": "claimed-price",
    "claimed-cost": "claimed-cost",
    "claimed-moves": "claimed-moves",
    "bound-above-cost": "claimed-bound",
    "false-optimal": "claimed-optimal",
    "other-problem": "claimed-problem",
    "called-infeasible": "claimed-status",
    "called-unknown": "claimed-status",
    "untrue-gap": "claimed-gap",
    "gap-without-bound": "claimed-gap",
    "unplaced-too-many": "claimed-unplaced",
    "unplaced-too-few": "claimed-unplaced",
    "left-out-bound-too-high": "claimed-left-out",
}


def test_every_damage_has_a_name() -> None:
    """A damage added there needs its rule here; together they reach every rule there is."""
    assert set(NAMED) == set(DAMAGES)
    assert set(NAMED.values()) == set(SENTENCES) == set(get_args(Rule))


@seeds(range(400), 30)
def test_every_damage_to_an_optimal_plan_is_named(seeds: range) -> None:
    """The pair keeps every rule; the smallest step over one of them, and that rule is among those named."""
    rng = random.Random(7)
    struck: Counter[str] = Counter()
    for _ in seeds:
        problem = random_problem(rng)
        best = None if too_big(problem, 2_000) else cheapest(problem)
        if best is None:
            continue
        assert agree(problem, best.plan) == set()
        for damaged in damages(problem, best.plan, rng):
            assert NAMED[damaged.rule] in agree(damaged.problem, damaged.plan), damaged
            struck[damaged.rule] += 1
    assert set(struck) == set(DAMAGES)
    assert min(struck.values()) >= len(seeds) // 80, struck


@given(problem=problems(rules=25), rng=st.randoms(use_true_random=False))
def test_both_judges_agree_on_plans_that_shrink(problem: Doc, rng: random.Random) -> None:
    """The same with Hypothesis, which finds the smallest pair that they judge apart."""
    plan = scattered(problem, rng)
    damage(problem, plan, rng)
    agree(problem, plan)


@pytest.mark.parametrize("key", ["accelerators", "option"])
def test_a_plan_that_cannot_be_read_is_refused_by_both(key: str) -> None:
    """Negative indices: a broken rule there, a fault of the document here."""
    problem = random_problem(random.Random(4))
    plan = scattered(problem, random.Random(4))
    odd: Any = [-1] if key == "accelerators" else -1
    plan["assignments"][0][key] = odd
    assert referee_check(problem, plan)[0]
    with pytest.raises(DocumentError, match=rf"\$\.assignments\[0\]\.{key}.*: must be at least 0, got -1"):
        Plan(**plan)
