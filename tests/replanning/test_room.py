"""Room for a wish: against enumeration, cases that users asked of other tools, and what is missing where none is."""

from __future__ import annotations

import csv
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import placement
from placement import Problem, Status, Stop
from placement.compiled.fleet import compile_fleet
from placement.errors import UsageError
from placement.fleet_simulator import simulate
from placement.referee import verify
from placement.replanning import make_room
from placement.replanning.room_document import room_document
from placement.replanning.shortfall import shortfalls
from placement.replanning.wish import wish_for
from placement.report.room import room_checklist
from placement.transition import plan_transition
from tests import brute, strategies
from tests.corpus import seeds

Doc = dict[str, Any]
WORK = 10
ASKED = Path(__file__).resolve().parents[3] / "shared" / "published" / "asked-in-issues"


def asked(document: Doc, component: str, copies: int | None = None, **keys: Any) -> Any:
    """The answer within a limit on work."""
    return make_room(Problem(**document), component, copies, time_limit=None, work=WORK, **keys)


def gpus(*contents: list[tuple[str, int]], components: dict[str, Doc], machines: int | None = None) -> Doc:
    """Machines of eight GPUs that run, each with (component, GPUs) one after the other; no more, or as many as told."""
    rows, placements = [], []
    for k, content in enumerate(contents):
        rows.append({"id": f"n{k}", "pool": "p"})
        first = 0
        for name, width in content:
            placements.append(
                {"component": name, "instance": f"n{k}", "accelerators": list(range(first, first + width))}
            )
            first += width
    return {
        "accelerators": {"G": {"memory_gib": 80}},
        "instance_types": {
            "t": {"accelerator": "G", "accelerator_count": 8, "vcpus": 64, "memory_gib": 512, "price_per_hour": 9}
        },
        "pools": [{"name": "p", "instance_type": "t", "zone": "z", "max_instances": machines or len(contents)}],
        "components": [{"name": name, **row} for name, row in components.items()],
        "instances": rows,
        "placements": placements,
    }


@seeds(range(400), 6)
def test_against_enumeration(seeds: range) -> None:
    """Evictions and moves are the fewest, what is denied has no plan, and plans keep every rule of what was asked."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        document = strategies.random_problem(
            random.Random(seed), state=True, max_copies=4, max_machines=3, demand=False
        )
        names = [row["name"] for row in document["components"]]
        for k, row in enumerate(document["components"]):
            row["priority"] = k % 3
            row["min_copies"] = 0 if k % 2 else min(1, row["copies"])
        name = names[seed % len(names)]
        wish = wish_for(Problem(**document), name, 1)
        free = wish.free.to_document()
        if brute.too_big(free):
            continue
        best, found = brute.cheapest(free), asked(document, name, 1)
        if best is None:
            assert found.plan is None
            assert found.status in (Status.INFEASIBLE, Status.UNKNOWN)
            seen[found.status] += 1
            continue
        assert found.plan is not None
        assert found.status is not Status.INFEASIBLE
        assert not verify(wish.problem, found.plan).violations
        priority = {row.name: row.priority for row in wish.problem.components}
        gone: Counter[int] = Counter()
        for component, n in found.evictions.items():
            assert priority[component] < priority[name]
            gone[priority[component]] += n
        if found.status is Status.OPTIMAL:
            assert {p: gone[p] for p in best.left_out} == best.left_out
            assert 1_000_000 * found.moves == best.account.cost
            seen["optimal"] += 1
    assert seen["optimal"] >= len(seeds) // 3
    assert seen[Status.UNKNOWN] == 0


def test_two_moves_let_a_job_of_four_in() -> None:
    """Of 24 GPUs five are free, on three machines; the order is safe without a spare machine."""
    content = [("four", 4), ("two", 2), ("one", 1)]
    document = gpus(
        content,
        [("four", 4), ("two", 2)],
        content,
        components={
            "four": {"copies": 3, "accelerators": 4},
            "two": {"copies": 3, "accelerators": 2},
            "one": {"copies": 2, "accelerators": 1},
            "wish": {"copies": 1, "accelerators": 4},
        },
    )

    found = asked(document, "wish")

    assert (found.status, found.moves, found.evictions, found.least_moves) == (Status.OPTIMAL, 2, {}, 2)
    assert found.transition.found
    assert found.transition.temporary_hours == 0
    assert not simulate(found.wish.problem, found.plan, found.transition)


LOW: Doc = {"copies": 2, "min_copies": 0, "accelerators": 4}


@pytest.mark.parametrize("low", [LOW, LOW | {"priority": 2}, LOW | {"min_copies": 2}])
def test_nobody_is_evicted_where_moves_do(low: Doc) -> None:
    """Whether they could be or not: one of the two copies moves beside the other."""
    wish = {"copies": 1, "accelerators": 8, "priority": 2}
    document = gpus([("low", 4)], [("low", 4)], components={"low": low, "wish": wish})

    found = asked(document, "wish")

    assert (found.status, found.evictions, found.moves) == (Status.OPTIMAL, {}, 1)


def test_the_lower_is_evicted_and_stops_first() -> None:
    """No moves do: the copy of the lowest priority goes, and what is let in starts after it."""
    document = gpus(
        [("low", 4)],
        [("low", 4), ("mid", 4)],
        components={
            "low": LOW,
            "mid": {"copies": 1, "min_copies": 0, "priority": 1, "accelerators": 4},
            "wish": {"copies": 1, "accelerators": 8, "priority": 2},
        },
    )

    found = asked(document, "wish")

    assert (found.status, found.evictions, found.moves) == (Status.OPTIMAL, {"low": 1}, 0)
    assert [(step.action, step.component) for step in found.transition.steps if step.component][:2] == [
        ("stop", "low"),
        ("start", "wish"),
    ]


def draining() -> Doc:
    """The quota lends no machine before the one that drains is gone."""
    return {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 80}},
        "instance_types": {
            "four": {"accelerator": "A", "accelerator_count": 4, "vcpus": 16, "memory_gib": 99, "price_per_hour": 10},
            "one": {"accelerator": "A", "accelerator_count": 1, "vcpus": 4, "memory_gib": 32, "price_per_hour": 3},
        },
        "pools": [
            {"name": "p4", "instance_type": "four", "zone": "a", "max_instances": 3},
            {"name": "p1", "instance_type": "one", "zone": "b", "max_instances": 2},
        ],
        "components": [
            {"name": "chat", "copies": 3, "accelerator_memory_gib": 70},
            {"name": "code", "copies": 3, "accelerators": 2, "accelerator_memory_gib": 60},
        ],
        "instances": [{"id": f"m{k}", "pool": "p4", **({"state": "draining"} if k == 3 else {})} for k in (1, 2, 3)],
        "placements": [
            {"component": name, "instance": f"m{k}", "accelerators": on}
            for name, on in (("chat", [0]), ("code", [1, 2]))
            for k in (1, 2, 3)
        ],
    }


def test_a_plan_with_a_safe_order_comes_before_one_with_fewer_moves() -> None:
    """Three moves beside the machine that drains, where two have no order."""
    found = asked(draining(), "chat", 1)

    assert found.transition.status in ("optimal", "feasible")
    assert (found.status, found.moves, found.least_moves, found.evictions) == (Status.FEASIBLE, 3, 2, {})
    assert not verify(found.wish.problem, found.plan).violations
    assert found.wish.problem.pools[0].max_instances == 3


def test_an_interrupt_begins_no_other_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ended the first of four solves, and the order had all of the time that was left."""
    solves, seconds = [0], list[float | None]()

    def interrupted(*given: Any, **keys: Any) -> placement.Result:
        solves[0] += 1
        return replace(placement.solve(*given, **keys), stop=Stop.INTERRUPTED)

    def order(*given: Any, time_limit: float | None, **keys: Any) -> Any:
        seconds.append(time_limit)
        return plan_transition(*given, time_limit=60.0, **keys)

    monkeypatch.setattr("placement.replanning.room.solve", interrupted)
    monkeypatch.setattr("placement.replanning.room.plan_transition", order)
    found = asked(draining(), "chat", 1)
    assert (found.stop, found.moves, solves, set(seconds)) == (Stop.INTERRUPTED, 2, [1], {1.0})


def test_an_interrupt_while_steps_are_ordered_costs_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has to go is known by then."""

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("placement.replanning.room.plan_transition", stopped)
    found = asked(draining(), "chat", 1)
    assert (found.stop, found.moves, found.transition) == (Stop.INTERRUPTED, 2, None)
    assert "- Ctrl-C came before an order" in room_checklist(found)
    assert room_document(found)["moves"] == 2


def test_copies_of_equal_priority_stay() -> None:
    """So there is no room, and the proof says what is missing on the machine that is nearest."""
    document = gpus(
        [("a", 4)], [("a", 4), ("b", 4)], components={
            "a": {"copies": 2, "min_copies": 0, "accelerators": 4},
            "b": {"copies": 1, "accelerators": 4},
            "wish": {"copies": 1, "accelerators": 8},
        }
    )  # fmt: skip

    found = asked(document, "wish")

    assert (found.status, found.plan) == (Status.INFEASIBLE, None)
    assert (found.near[0].instance, found.near[0].lacks, found.near[0].beside) == (
        "n0",
        ("4 accelerators missing (4 free of 8 needed)",),
        ("a",),
    )


def test_one_accelerator_is_missing() -> None:
    """In the singular."""
    document = gpus(
        [("a", 7)], components={"a": {"copies": 1, "accelerators": 7}, "wish": {"copies": 1, "accelerators": 2}}
    )

    found = asked(document, "wish")

    assert found.near[0].lacks == ("1 accelerator missing (1 free of 2 needed)",)


def test_new_machines_are_taken_where_the_quota_allows_them() -> None:
    """With --no-new-machines the wish has to do with what runs."""
    document = gpus(
        [("a", 8)],
        components={"a": {"copies": 1, "accelerators": 8}, "w": {"copies": 1, "accelerators": 2}},
        machines=2,
    )

    found = asked(document, "w")
    assert (found.moves, found.opened) == (0, {"p": 1})
    assert asked(document, "w", new_machines=False).status is Status.INFEASIBLE


@pytest.mark.slow
def test_without_new_machines_none_comes_in_place_of_one_that_runs() -> None:
    """The cordoned machine takes nothing new: another of its pool would hold both copies, but is a new one."""
    document = gpus([("a", 1)], components={"a": {"copies": 1}})
    document["instances"] = [
        {"id": row["id"], "pool": row["pool"], "state": "cordoned"} for row in document["instances"]
    ]

    assert asked(document, "a", new_machines=False).status is Status.INFEASIBLE
    found = asked(document, "a")
    assert (found.moves, found.opened) == (1, {"p": 1})


@pytest.mark.slow
def test_without_new_machines_zones_without_machines_count_for_the_spread() -> None:
    """Two copies in one zone and none in the other are too many, wherever machines run."""
    document = gpus([("a", 1)], components={"a": {"copies": 1, "spread": {"max_skew": 1}}})
    document["pools"] += [document["pools"][0] | {"name": "q", "zone": "other", "max_instances": 1}]

    assert asked(document, "a", new_machines=False).status is Status.INFEASIBLE
    assert asked(document, "a").opened == {"q": 1}


def test_of_equal_answers_the_cheapest() -> None:
    """Two pools, one dearer: the new machine is of the other."""
    document = gpus(
        [("a", 8)], components={"a": {"copies": 1, "accelerators": 8}, "w": {"copies": 1, "accelerators": 2}}
    )
    document["pools"] += [
        {"name": "dear", "instance_type": "t", "zone": "z", "price_per_hour": 20},
        {"name": "cheap", "instance_type": "t", "zone": "z", "price_per_hour": 3},
    ]

    assert asked(document, "w").opened == {"cheap": 1}


def test_what_is_missing_is_named() -> None:
    """Two shares of 21.44 GiB, and 4 GiB of another stand on accelerator 0 of 24 GiB."""
    document = {
        "accelerators": {"4090": {"memory_gib": 24}},
        "instance_types": {
            "w": {"accelerator": "4090", "accelerator_count": 2, "vcpus": 32, "memory_gib": 128, "price_per_hour": 1}
        },
        "pools": [{"name": "p", "instance_type": "w", "zone": "z", "max_instances": 1}],
        "components": [
            {"name": "small", "copies": 1, "accelerator_memory_gib": 4, "shared": True},
            {"name": "large", "copies": 1, "accelerators": 2, "accelerator_memory_gib": 21.44, "shared": True},
        ],
        "instances": [{"id": "worker", "pool": "p"}],
        "placements": [{"component": "small", "instance": "worker", "accelerators": [0]}],
    }

    found = asked(document, "large")

    assert found.status is Status.INFEASIBLE
    assert found.near[0].lacks == ("accelerator 0: 1.44 GiB missing (20 free of 21.44 needed)",)


def test_shortfalls_of_every_kind() -> None:
    """Host, caps, company and what is owned; a machine that has room lacks nothing, a cordoned one is not asked."""
    document = gpus(
        [("own", 8)],
        [("other", 1)],
        [("self", 1)],
        [],
        [],
        components={
            "own": {"copies": 1, "accelerators": 8},
            "other": {"copies": 1, "accelerators": 1, "vcpus": 60},
            "self": {
                "copies": 2, "shared": True, "accelerator_memory_gib": 10, "vcpus": 8, "avoid": ["other"],
                "spread": {"max_per_instance": 1},
            },
        },
    )  # fmt: skip
    document["instances"][4]["state"] = "cordoned"
    fleet = compile_fleet(Problem(**document))

    found = {row.instance: row.lacks for row in shortfalls(fleet, 2)}

    assert found == {
        "n3": (),
        "n1": ("4 vCPU missing (4 free of 8 needed)", "it avoids other"),
        "n2": ("max_per_instance 1 is reached",),
        "n0": ("accelerator 0 belongs to another copy",),
    }


def test_what_others_lack_today_is_not_asked_for() -> None:
    """A spread that is broken, a floor that is not reached and copies that wait: none of them stands in the way."""
    document = gpus(
        [("a", 2), ("a", 2)],
        [],
        components={
            "a": {
                "copies": 6, "accelerators": 2, "spread": {"max_per_instance": 1, "min_zones": 2},
                "min_available_on_instance_loss": 2,
            },
            "w": {"copies": 1, "accelerators": 8},
        },
    )  # fmt: skip

    found = asked(document, "w")

    assert (found.status, found.moves) == (Status.OPTIMAL, 0)


def test_surplus_copies_stop() -> None:
    """More run than are asked for: these stop, and are no evictions."""
    document = gpus(
        [("a", 4), ("a", 4)], components={"a": {"copies": 1, "accelerators": 4}, "w": {"copies": 1, "accelerators": 4}}
    )

    found = asked(document, "w")

    assert (found.moves, found.evictions, found.wish.surplus) == (0, {}, {"a": 1})


def test_arguments_that_mean_nothing() -> None:
    """No such component, no copies."""
    document = gpus([], components={"a": {"copies": 1}})
    with pytest.raises(UsageError, match='no component "b"; known: a'):
        asked(document, "b")
    with pytest.raises(UsageError, match="copies must be a whole number from 1 to 1000000"):
        asked(document, "a", 0)
    with pytest.raises(UsageError, match="component must be text, got 5"):
        asked(document, 5)  # type: ignore[arg-type]


# --- What users asked of other tools


def answers() -> list[dict[str, str]]:
    """The rows of answers.csv; none where the shared data is absent."""
    if not (ASKED / "answers.csv").exists():
        return []
    with (ASKED / "answers.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.skipif(not answers(), reason="shared/published/asked-in-issues is not here")
@pytest.mark.parametrize("row", answers(), ids=lambda row: row["case"])
def test_asked_in_issues(row: dict[str, str]) -> None:
    """Status, cost, moves and what is left out are as worked out by hand; what waits is let in with as many moves."""
    path = ASKED / f"{row['case']}.json"
    if not path.exists():
        pytest.skip(f"{path.name} is kept back")
    problem = placement.read(path)
    result = placement.solve(problem, time_limit=None, work=10)
    assert str(result.status) == row["status"]
    if result.status is not Status.OPTIMAL:
        return
    assert result.plan.cost == pytest.approx(float(row["cost"]))
    assert result.plan.moves == int(row["moves"])
    left_out = " ".join(f"{part.component} {part.copies}" for part in result.plan.unplaced)
    assert left_out == row["left_out"]
    runs = Counter(placed.component for placed in problem.placements)
    waiting = [part.name for part in problem.components if not runs[part.name]]
    if runs and len(waiting) == 1:
        found = make_room(problem, waiting[0], time_limit=None, work=10)
        assert (found.status, found.moves) == (Status.OPTIMAL, int(row["moves"]))
        assert found.transition is not None
        assert found.transition.found


def one_gpu(components: list[Doc], *standing: tuple[str, int], **keys: Any) -> Doc:
    """One machine with one accelerator of 10 GiB, and no other to rent; (component, option) of what stands there."""
    shape = {"accelerator": "G", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 2}
    return {
        "accelerators": {"G": {"memory_gib": 10}},
        "instance_types": {"t": shape},
        "pools": [{"name": "p", "instance_type": "t", "zone": "z", "max_instances": 1}],
        "components": components,
        "instances": [{"id": "n0", "pool": "p"}],
        "placements": [{"component": c, "option": o, "instance": "n0", "accelerators": [0]} for c, o in standing],
        **keys,
    }


def shared(name: str, gib: float, **keys: Any) -> Doc:
    """A component of one copy that shares its accelerator."""
    return {"name": name, "copies": 1, "shared": True, "accelerator_memory_gib": gib, **keys}


def with_demand(*options: tuple[float, float]) -> Doc:
    """A component with a demand of 10, by options of (GiB, throughput)."""
    modes = [{"shared": True, "accelerator_memory_gib": gib, "throughput": rate} for gib, rate in options]
    return {"name": "d", "demand": 10, "options": modes}


def test_who_has_a_demand_goes_on_serving_it() -> None:
    """No copy changes to an option that serves less, even where that is what makes room; to one as good it does."""
    wish = shared("w", 8)

    less = asked(one_gpu([with_demand((8, 10), (2, 1)), wish], ("d", 0)), "w")
    as_good = asked(one_gpu([with_demand((8, 10), (2, 10)), wish], ("d", 0)), "w")

    assert less.status is Status.INFEASIBLE
    assert (as_good.status, as_good.moves) == (Status.OPTIMAL, 1)


def test_room_that_a_demand_pays_for_is_none() -> None:
    """Where copies run that serve differently, a plan that serves less is no answer, and no proof either."""
    document = one_gpu([with_demand((6, 9), (2, 1)), shared("w", 6)], ("d", 0), ("d", 1))

    found = asked(document, "w")

    assert (found.status, found.stop, found.plan) == (Status.UNKNOWN, placement.Stop.DONE, None)
    assert "d would serve less than today" in found.reason


@pytest.mark.parametrize(
    "broken", [{"avoid": ["b"]}, {"avoid": ["group:g"]}, {"dedicated": True}, {"zones": ["elsewhere"]}]
)
def test_rules_that_others_break_today_do_not_stand_in_the_way(broken: Doc) -> None:
    """Who stands beside it, and in which zone, may stay as it is; there is room for one more."""
    document = one_gpu([shared("a", 3, **broken), shared("b", 3, groups=["g"]), shared("w", 3)], ("a", 0), ("b", 0))
    document["pools"].append({"name": "q", "instance_type": "t", "zone": "elsewhere", "max_instances": 0})

    found = asked(document, "w")

    if broken.get("dedicated"):  # towards the one that comes it holds
        assert found.status is Status.INFEASIBLE
    else:
        assert (found.status, found.moves) == (Status.OPTIMAL, 0)


def test_the_problems_own_limit_on_moves_is_told() -> None:
    """Where more moves than it allows would make room, the reason says so."""
    document = one_gpu([shared("a", 6), shared("w", 8, zones=["z"])], ("a", 0), objective={"max_moves": 0})
    document["pools"].append({"name": "q", "instance_type": "t", "zone": "y", "max_instances": 1})

    found = asked(document, "w")

    assert found.status is Status.INFEASIBLE
    assert "with at most 0 moves (the problem's own max_moves)" in found.reason
