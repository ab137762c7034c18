"""Rolling updates: legal batches, the fewest extra machines, and why there is none."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement import UsageError
from placement.documents import Option, Problem, write_document
from placement.errors import DocumentError
from placement.report.transition.sentences import sentence
from placement.rollout import BatchSize, plan_rollout, size_search
from placement.rollout import roll as rolling
from placement.rollout.batch_size import legal
from placement.rollout.case import RollingCase
from placement.rollout.options import read_options
from tests.cli.test_solve import run
from tests.corpus import seeds
from tests.transition.fleets import random_case
from tests.transition.small import fleet

if TYPE_CHECKING:
    from pathlib import Path

    from placement.documents.rollout import Rollout

SAME = (Option(accelerator_memory_gib=70),)
FREE = [{"name": "p", "instance_type": "m", "zone": "z"}]


def four(machines: int, pools: list[dict[str, Any]] | None = None, accelerators: int = 2) -> Problem:
    """Four copies of `a` on the first machines, each with so many accelerators, and perhaps empty ones."""
    now = [("a", f"i-{k // accelerators}", k % accelerators) for k in range(4)]
    every = [{"id": f"i-{m}", "pool": "p", "removable": False} for m in range(machines)]
    return fleet(now, pools, accelerators=accelerators, machines=every)


def serving(found: Rollout) -> list[int]:
    """Copies that serve after each step, as many as before at the beginning."""
    counts, now = [], found.copies
    ready = 0
    for step in found.steps:
        if step.action == "start":
            ready += 1
        elif step.action == "wait":
            now, ready = now + ready, 0
        elif step.action == "stop":
            now -= 1
        counts.append(now)
    return counts


def test_a_spare_machine_is_enough() -> None:
    """No machine is rented; two go at once, as half of the copies may."""
    found = plan_rollout(four(3), "a", SAME)

    assert (found.status, found.batch_copies, found.batches) == ("optimal", 2, 2)
    assert found.rolling is not None
    assert (found.rolling.instances, found.rolling.cost) == (0, 0)
    assert min(serving(found)) == 4
    assert found.policy is not None
    assert found.policy["MaximumBatchSize"] == {"Type": "COPY_COUNT", "Value": 2}
    halves = plan_rollout(four(3), "a", SAME, batch=BatchSize.parse("50%")).policy
    assert halves is not None
    assert halves["MaximumBatchSize"] == {"Type": "CAPACITY_PERCENT", "Value": 50}


def test_without_room_one_machine_is_rented_and_blue_green_takes_two() -> None:
    """In machine-hours and dollars beside each other."""
    found = plan_rollout(four(2, FREE), "a", SAME, wait_seconds=60)

    assert found.rolling is not None
    assert found.blue_green is not None
    assert (found.status, found.rolling.instances, found.blue_green.instances) == ("optimal", 1, 2)
    assert found.rolling.duration_seconds == 2 * (42 + 98) + 60
    assert found.rolling.machine_hours == pytest.approx(340 / 3600)
    assert found.blue_green.cost == pytest.approx(2 * 2 * 200 / 3600, abs=1e-6)


def test_blue_green_takes_the_machines_that_cost_least_in_all() -> None:
    """Four copies that need two machines of either type: the cheaper one, though the other has room for three each."""
    types = {name: {"vcpus": vcpus, "memory_gib": 8} for name, vcpus in (("old", 2), ("three", 12), ("two", 8))}
    price = {"old": 1, "three": 5, "two": 4}
    problem = Problem(
        instance_types={name: {**row, "price_per_hour": price[name]} for name, row in types.items()},
        pools=[{"name": name, "instance_type": name, "zone": "z"} for name in types],
        components=[{"name": "a", "copies": 4, "accelerators": 0, "vcpus": 1}],
        instances=[{"id": f"i-{k}", "pool": "old"} for k in range(2)],
        placements=[{"component": "a", "instance": f"i-{k // 2}"} for k in range(4)],
    )
    beside = plan_rollout(problem, "a", [Option(accelerators=0, vcpus=4)]).blue_green
    assert beside is not None
    assert beside.instances == 2
    assert beside.cost == pytest.approx(2 * 4 * beside.duration_seconds / 3600, abs=1e-6)


def test_wider_copies_wait_for_a_whole_machine() -> None:
    """A new copy owns both accelerators of a machine: four need four machines, so three are not enough."""
    found = plan_rollout(four(3), "a", [Option(accelerators=2, accelerator_memory_gib=40)], batch=BatchSize(1))

    assert found.status == "infeasible"
    rented = plan_rollout(four(3, FREE), "a", [Option(accelerators=2, accelerator_memory_gib=40)])
    assert rented.rolling is not None
    assert rented.status == "optimal"
    assert rented.rolling.instances == 2  # in the last batch four machines hold new copies, and one an old one


def one_each(most: int | None = None) -> Problem:
    """Four copies of `a`, each alone on a machine of p; new ones run on q; perhaps so many machines at once in all."""
    types = {
        name: {"accelerator": name, "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": price}
        for name, price in (("A", 2), ("B", 3))
    }
    return Problem(
        accelerators={"A": {"memory_gib": 40}, "B": {"memory_gib": 80}},
        instance_types=types,
        pools=[{"name": p, "instance_type": t, "zone": "z"} for p, t in (("p", "A"), ("q", "B"))],
        limits=[] if most is None else [{"name": "team", "pools": ["p", "q"], "max_instances": most}],
        components=[{"name": "a", "copies": 4, "accelerator_memory_gib": 30}],
        instances=[{"id": f"i-{k}", "pool": "p"} for k in range(4)],
        placements=[{"component": "a", "instance": f"i-{k}", "accelerators": [0]} for k in range(4)],
    )


def test_machines_that_a_batch_empties_are_given_back_when_it_ends() -> None:
    """New copies need other machines: one more at once is enough, and a limit of one more lets all be rolled."""
    for problem in (one_each(), one_each(most=5)):
        found = plan_rollout(problem, "a", SAME)

        assert found.rolling is not None
        assert (found.status, found.rolling.instances, found.batches) == ("optimal", 1, 4)
        closed = [(step.batch, step.instance) for step in found.steps if step.action == "close"]
        assert closed == [(k + 1, f"i-{k}") for k in range(4)]
        # one machine more while it is there, and from then on one dollar an hour for each that was changed
        assert found.rolling.machine_hours == pytest.approx(4 * 140 / 3600)
        assert found.rolling.cost == pytest.approx((3 + 4 + 5 + 6) * 140 / 3600, abs=1e-6)
    assert plan_rollout(one_each(most=4), "a", SAME).status == "infeasible"


@pytest.mark.parametrize(("copies", "closed"), [(4, 2), (2, 0)])
def test_machines_that_are_paid_for_in_any_case_are_not_given_back(copies: int, closed: int) -> None:
    """By either search: two of the pool's machines cost the same with or without copies."""
    document = one_each().to_document()
    document["pools"][0]["min_instances"] = 2
    document["components"][0]["copies"] = copies
    document["instances"], document["placements"] = (document[key][:copies] for key in ("instances", "placements"))

    found = plan_rollout(Problem(**document), "a", SAME)
    assert found.plan is not None
    assert [step.action for step in found.steps].count("close") == closed
    assert Counter(row.pool for row in found.plan.instances) == {"p": 2, "q": copies}


def test_machines_that_may_not_be_removed_stay() -> None:
    """So each new copy needs one more, and a limit of one more does not do."""
    document = one_each(most=5).to_document()
    for row in document["instances"]:
        row["removable"] = False
    assert plan_rollout(Problem(**document), "a", SAME).status == "infeasible"
    del document["limits"]
    found = plan_rollout(Problem(**document), "a", SAME)
    assert found.rolling is not None
    assert (found.status, found.rolling.instances) == ("optimal", 4)


@pytest.mark.parametrize(
    ("problem", "batch", "why"),
    [
        (fleet([("a", "i-1", 0)]), None, "1 copy of a runs, and a batch is at most half of the copies"),
        (four(2), None, "a batch of 1 needs room for 1 more of a before old ones go.*quota: p has 2 of 2"),
        (four(3), BatchSize(3), "a batch of 3 of 4 copies of a is too large; it must have 1 to 2"),
        (four(3), BatchSize(20, percent=True), "a batch of 20% is 0 of 4 copies of a; it must have 1 to 2"),
    ],
)
def test_where_no_legal_batch_exists_it_is_said_why(problem: Problem, batch: BatchSize | None, why: str) -> None:
    """With figures; it is proven."""
    found = plan_rollout(problem, "a", SAME, batch=batch)

    assert found.status == "infeasible"
    assert found.reason is not None
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(found.reason)
    assert found.steps == ()


def test_legal_batches() -> None:
    """From 5 to 50 % of the copies."""
    assert [list(legal(n)) for n in (1, 2, 5)] == [[], [1], [1, 2]]
    assert (legal(100)[0], legal(100)[-1]) == (5, 50)
    for text in ("0", "4%", "51%", "x", "-2", ""):
        with pytest.raises(UsageError, match="batch must be"):
            BatchSize.parse(text)


def test_per_cent_of_the_copies_are_rounded_down() -> None:
    """5 % of 30 copies are one, which is less than 5 % as a number of copies and may not be asked for as one."""
    now = [("a", f"i-{k}", 0) for k in range(30)]
    problem = fleet(now, FREE)

    found = plan_rollout(problem, "a", SAME, batch=BatchSize.parse("5%"))

    assert (found.batch_copies, found.batches) == (1, 30)
    assert [BatchSize(25, percent=True).copies(n) for n in (4, 7, 8)] == [1, 1, 2]
    assert found.policy is not None
    assert found.policy["MaximumBatchSize"] == {"Type": "CAPACITY_PERCENT", "Value": 5}
    assert plan_rollout(problem, "a", SAME, batch=BatchSize(1)).reason == (
        "a batch of 1 of 30 copies of a is too small; it must have 2 to 15 (5 to 50 % of the copies)"
    )


def test_pinned_copies_are_not_rolled() -> None:
    """They must stay."""
    document = four(3).to_document()
    document["placements"][0]["pinned"] = True
    with pytest.raises(UsageError, match="copies of a are pinned"):
        plan_rollout(Problem(**document), "a", SAME)


@seeds(range(200), 6)
def test_all_copies_serve_at_every_moment(seeds: range) -> None:
    """On random fleets; the simulator looks at each rollout before it is given."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        case = random_case(seed)
        rows = {row.component for row in case.problem.placements if not row.pinned} if case else set()
        pinned = {row.component for row in case.problem.placements if row.pinned} if case else set()
        if case is None or not rows - pinned:
            continue
        name = random.Random(seed).choice(sorted(rows - pinned))
        component = next(row for row in case.problem.components if row.name == name)
        found = plan_rollout(case.problem, name, component.modes, attempts=3)
        seen[found.status] += 1
        if found.found:
            assert found.rolling is not None
            assert min(serving(found)) == found.copies
            assert found.rolling.instances >= (found.extra_bound or 0)
            assert sum(step.action == "start" for step in found.steps) == found.copies
        else:
            assert found.reason

    assert seen["optimal"] > len(seeds) // 10


def test_what_to_roll_to(tmp_path: Path) -> None:
    """By name or index, from a file, or as JSON."""
    component = four(3).components[0]
    (tmp_path / "new.yaml").write_text("options:\n  - {accelerators: 2, name: tp2}\n", "utf-8")
    (tmp_path / "list.yaml").write_text("- {accelerators: 3}\n- {accelerators: 5}\n", "utf-8")
    (tmp_path / "bad.yaml").write_text("options: [{accelerator: 2}]\n", "utf-8")

    assert read_options("0", component) == component.modes
    assert read_options(str(tmp_path / "new.yaml"), component)[0].accelerators == 2
    assert [row.accelerators for row in read_options(str(tmp_path / "list.yaml"), component)] == [3, 5]
    assert read_options('{"accelerators": 4}', component)[0].accelerators == 4
    with pytest.raises(UsageError, match=r'"tp4" is no option of a \(it has 0\)'):
        read_options("tp4", component)
    with pytest.raises(DocumentError, match=r"--to: is not JSON: .* at line 1 column 2"):
        read_options("{accelerators: 4}", component)
    with pytest.raises(DocumentError, match=r"\$\.options\[0\]"):
        read_options(str(tmp_path / "bad.yaml"), component)
    with pytest.raises(UsageError, match="is no option of a"):
        read_options("x" * 5000, component)  # too long for the name of a file
    with pytest.raises(UsageError, match='"" is no option of a'):
        read_options("", component)
    with pytest.raises(DocumentError, match="--to: is nested too deeply"):
        read_options("[" * 100_000, component)
    with pytest.raises(DocumentError, match=r"--to at \$\.options\[1\]: must be a mapping of keys to values, got 7"):
        read_options('[{"accelerators": 4}, 7]', component)
    with pytest.raises(DocumentError, match=r"--to: says nothing"):
        read_options("{}", component)
    with pytest.raises(DocumentError, match=r'--to: the key "accelerators" stands twice'):
        read_options('{"accelerators": 4, "accelerators": 2}', component)


def test_the_command_never_writes_over_the_options(tmp_path: Path) -> None:
    """Neither the order nor the picture: they are read, and may be all there is of a new version."""
    write_document(four(2, FREE).to_document(), tmp_path / "fleet.json")
    options = tmp_path / "new.json"
    options.write_text('{"accelerators": 1}', "utf-8")
    (tmp_path / "new.svg").symlink_to(options)

    for target in (("--output", options), ("--picture", tmp_path / "new.svg")):
        done = run("rollout", tmp_path / "fleet.json", "--component", "a", "--to", options, *target)
        assert (done.exit_code, "is the same file as the options" in done.stderr) == (2, True)
        assert options.read_text("utf-8") == '{"accelerators": 1}'


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Table, JSON, checklist and chart; 3 where none exists."""
    monkeypatch.chdir(tmp_path)
    write_document(four(2, FREE).to_document(), "fleet.json")
    given = ("rollout", "fleet.json", "--component", "a", "--to", "0")

    table = run(*given, "--output", "roll.md", "--picture", "roll.svg")
    document = json.loads(run(*given, "--format", "json").stdout)

    assert table.exit_code == 0
    assert "blue/green" in table.stdout
    assert "dim" not in table.stdout  # nothing is, without a terminal
    assert "## To go back" in (tmp_path / "roll.md").read_text("utf-8")
    assert (tmp_path / "roll.svg").read_text("utf-8").startswith("<svg")
    assert document["format"] == "placement-rollout/v1"
    assert json.loads(run(*given, "--output", "-").stdout).keys() == document.keys()
    assert run(*given, "--output", "-", "--format", "table").stdout == table.stdout
    assert run(*given, "--extra", "0", "--picture", "none.svg").exit_code == 3
    assert not (tmp_path / "none.svg").exists()
    assert (
        'no component "b" in fleet.json; known: a'
        in run("rollout", "fleet.json", "--component", "b", "--to", "0").stderr
    )


def test_time_is_up_after_one_order() -> None:
    """One order at least is tried, of the smallest size; a note says that the others were not."""
    late = plan_rollout(four(2, FREE), "a", SAME, time_limit=0)
    calm = plan_rollout(four(2, FREE), "a", SAME)

    assert (calm.batch_copies, late.batch_copies) == (2, 1)
    assert late.notes[-1] == "the time limit ended the search before all orders were tried"
    assert "the time limit" not in " ".join(calm.notes)
    assert late.rolling is not None
    assert (late.status, late.rolling.instances) == ("optimal", 1)  # no size does with none
    with pytest.raises(UsageError, match="time_limit"):
        plan_rollout(four(2, FREE), "a", SAME, time_limit=-1)


def test_a_size_that_was_not_tried_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of one could do with fewer machines, for all that is known: no proof for what those of two need."""
    real = rolling.roll

    def stuck_with_one(sites: Any, due: Any, what: Any, most_extra: int, seed: int, *, emptying: bool = False) -> Any:
        return None if what.batch == 1 else real(sites, due, what, most_extra, seed, emptying=emptying)

    def unknown(sites: Any, due: Any, what: Any, order: Any, bound: int, most: int) -> Any:
        return order, bound

    monkeypatch.setattr(size_search, "roll", stuck_with_one)
    monkeypatch.setattr(size_search, "fewer", unknown)
    found = plan_rollout(four(4, FREE, accelerators=1), "a", SAME)
    assert found.rolling is not None
    assert (found.batch_copies, found.rolling.instances, found.extra_bound) == (2, 2, 2)
    assert found.status == "feasible"


@pytest.mark.parametrize(
    ("problem", "size", "status", "extra", "bound"),
    [
        (four(2, FREE), 2, "optimal", 1, 1),
        (four(2, FREE), 1, "optimal", 1, 1),
        (four(3), 2, "optimal", 0, 0),
        (four(4, FREE, accelerators=1), 2, "optimal", 2, 2),
        (four(4, FREE, accelerators=1), 1, "optimal", 1, 1),
        (four(2), 2, "infeasible", None, 1),
    ],
)
def test_the_program_finds_the_fewest_machines_by_itself(
    problem: Problem, size: int, status: str, extra: int | None, bound: int
) -> None:
    """Without an order that was found before it: as many copies start in each batch as it has, and as many stop."""
    found = plan_rollout(problem, "a", SAME, batch=BatchSize(size), attempts=0)
    assert (found.status, found.extra_bound) == (status, bound)
    assert (found.rolling and found.rolling.instances) == extra
    assert found.batches == (None if extra is None else 4 // size)


@pytest.mark.parametrize(("impossible", "status"), [({1}, "unknown"), ({2}, "unknown"), ({1, 2}, "infeasible")])
def test_no_order_is_proven_where_every_size_has_none(
    monkeypatch: pytest.MonkeyPatch, impossible: set[int], status: str
) -> None:
    """One size that is known to have none says nothing of the other, for which none was found."""
    monkeypatch.setattr(size_search, "roll", lambda *_, **__: None)
    monkeypatch.setattr(size_search, "fewer", lambda sites, due, what, order, bound, most: (order, bound))
    monkeypatch.setattr(RollingCase, "is_impossible", lambda case, size, most: size in impossible)
    found = plan_rollout(four(4, FREE, accelerators=1), "a", SAME)
    assert found.status == status
    assert ("was found" in (found.reason or "")) is (status == "unknown")


def test_ctrl_c_ends_with_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first order it is given; before it, there is nothing to give."""
    real, calls = rolling.roll, []

    def interrupted(*given: Any, emptying: bool = False) -> Any:
        calls.append(given)
        if len(calls) > most:
            raise KeyboardInterrupt
        return real(*given, emptying=emptying)

    monkeypatch.setattr(size_search, "roll", interrupted)
    most = 1
    found = plan_rollout(four(2, FREE), "a", SAME)
    assert (found.batch_copies, found.notes[-1]) == (1, "Ctrl-C ended the search before all orders were tried")
    most = 0
    with pytest.raises(KeyboardInterrupt):
        plan_rollout(four(2, FREE), "a", SAME)


def test_a_limit_on_time_on_the_command_line(tmp_path: Path) -> None:
    """It is an option, and nothing below zero."""
    write_document(four(2, FREE).to_document(), tmp_path / "fleet.json")
    words = ["rollout", str(tmp_path / "fleet.json"), "--component", "a", "--to", "0", "--format", "json"]
    late = json.loads(run(*words, "--time-limit", "0").stdout)
    assert late["batch_copies"] == 1
    assert run(*words, "--time-limit", "-1").exit_code == 2


def full(machines: int, quota: int) -> Problem:
    """Full machines of four accelerators, each with four copies of `a`."""
    now = [("a", f"i-{m}", k) for m in range(machines) for k in range(4)]
    pools = [{"name": "p", "instance_type": "m", "zone": "z", "max_instances": quota}]
    return fleet(now, pools, accelerators=4)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_as_many_machines_as_before_hold_copies_at_the_end(size: int) -> None:
    """The extra machine is filled, and the last of the others is empty and goes, whatever the batch."""
    found = plan_rollout(full(3, 4), "a", SAME, batch=BatchSize(size, percent=False))

    assert found.rolling is not None
    assert found.rolling.instances == 1
    assert sum(step.action == "close" for step in found.steps) == 1
    assert not any("at the end" in note for note in found.notes)


def test_what_does_not_run_is_not_rolled() -> None:
    """A component without a copy, and one that the problem does not have, are refused by name."""
    problem = fleet([("b", "i-1", 0)], components={})
    document = problem.to_document()
    document["components"].append({"name": "a", "copies": 1, "accelerator_memory_gib": 70})
    for name, said in (("a", "no copy of a runs"), ("x", "x")):
        with pytest.raises(UsageError, match=said):
            plan_rollout(Problem(**document), name, SAME)
    beside_another = fleet([("a", "i-1", 0), ("a", "i-2", 0), ("b", "i-3", 0)], FREE)
    assert plan_rollout(beside_another, "a", SAME).found


def test_where_no_order_exists_it_does_not_say_that_none_was_found() -> None:
    """Four more copies fit on the one machine that the quota lends, five do not."""
    found = plan_rollout(full(3, 4), "a", SAME, batch=BatchSize(5, percent=False))

    assert found.status == "infeasible"
    assert "no order of batches exists (quota: p has 3 of 4)" in (found.reason or "")


def test_a_limit_that_is_used_up_is_named_beside_the_quota() -> None:
    """The quota would lend a machine, the limit does not: it is what has to be raised."""
    limits = [{"name": "team", "pools": ["p"], "max_instances": 3}]
    found = plan_rollout(Problem(**full(3, 4).to_document() | {"limits": limits}), "a", SAME)

    assert found.status == "infeasible"
    used = "lends one more machine (quota: p has 3 of 4; limit: team has max_instances 3 of 3)"
    assert used in (found.reason or "")


def test_the_way_back_opens_what_was_closed_and_closes_what_was_opened() -> None:
    """The machine that drains is given back in the last batch, so old copies need another in its place."""
    machines = [{"id": "i-1", "pool": "p"}, {"id": "i-2", "pool": "p", "state": "draining"}]
    problem = fleet([("a", "i-1", 0), ("a", "i-2", 0)], [FREE[0] | {"max_instances": 3}], machines=machines)

    found = plan_rollout(problem, "a", SAME)

    assert found.rollback == (
        "batch 2 back: open a machine of pool p in place of i-2; start old copies again, 1 on i-2; wait; "
        "stop new ones, 1 on i-1",
        "batch 1 back: start old copies again, 1 on i-1; wait; stop new ones, 1 on p/new-1; close p/new-1",
    )


def test_nothing_goes_back_to_a_machine_that_drains_before_it_takes_copies() -> None:
    """It can't be removed, so it is not closed."""
    machines = [{"id": "i-1", "pool": "p"}, {"id": "i-2", "pool": "p", "state": "draining", "removable": False}]
    problem = fleet([("a", "i-1", 0), ("a", "i-2", 0)], FREE, machines=machines)

    found = plan_rollout(problem, "a", SAME)

    assert found.rollback[0].startswith("batch 2 back: let i-2, which drains, take copies; start old copies again")


def test_a_machine_that_is_cordoned_has_to_take_new_copies_in_place_of_old_ones() -> None:
    """Where there is no other room: the rule is kept, as no more copies stand there, but a platform has to be told."""
    machines = [{"id": f"i-{k}", "pool": "p", "removable": False} for k in (1, 2, 3)]
    for row in machines[1:]:
        row["state"] = "cordoned"
    found = plan_rollout(fleet([("a", "i-2", 0), ("a", "i-3", 0)], machines=machines), "a", SAME)

    there = {step.instance for step in found.steps if step.action == "start"} - {"i-1"}
    assert len(there) == 1
    (note,) = (note for note in found.notes if "cordoned" in note)
    assert (
        note
        == f"new copies start on {there.pop()} in place of old ones, and it is cordoned: let it take copies meanwhile"
    )


def test_a_machine_that_is_cordoned_has_to_take_its_old_copy_back() -> None:
    """New copies stand elsewhere, so on the way back an old one starts on it."""
    machines = [{"id": "i-1", "pool": "p"}, {"id": "i-2", "pool": "p", "state": "cordoned", "removable": False}]
    wide = (Option(accelerator_memory_gib=70, accelerators=2),)
    problem = fleet([("a", "i-1", 0), ("a", "i-2", 0)], FREE, machines=machines, accelerators=2)

    found = plan_rollout(problem, "a", wide)

    assert any("let i-2, which is cordoned, take copies; start old copies" in told for told in found.rollback)


def test_the_steps_back_undo_the_batches_from_the_last_to_the_first() -> None:
    """Each closes what its batch opened, and opens what it closed."""
    found = plan_rollout(one_each(), "a", SAME)

    numbers = [step.batch for step in found.rollback_steps]
    assert (numbers[0], numbers[-1]) == (4, 1)
    assert numbers == sorted(numbers, reverse=True)
    opened, closed = (
        {(step.batch, step.instance) for step in found.steps if step.action == action} for action in ("open", "close")
    )
    assert {(step.batch, step.instance) for step in found.rollback_steps if step.action == "open"} == closed
    assert {(step.batch, step.instance) for step in found.rollback_steps if step.action == "close"} == opened


def test_new_options_keep_their_names() -> None:
    """One that an old option has too is called new; steps tell both."""
    document = four(4).to_document()
    document["components"][0] |= {"options": [{"name": "tp1", "accelerators": 1, "accelerator_memory_gib": 70}]}
    for key in ("accelerators", "accelerator_memory_gib", "shared"):
        document["components"][0].pop(key, None)
    new = (Option(name="tp1", accelerator_memory_gib=70), Option(name="tp2", accelerator_memory_gib=60))

    found = plan_rollout(Problem(**document), "a", new)

    assert found.asked is not None
    assert [row.get("name") for row in found.asked["components"][0]["options"]] == ["tp1", "tp1 (new)", "tp2"]
    assert {step.option_name for step in found.steps if step.action == "start"} <= {"tp1 (new)", "tp2"}
    assert {step.option_name for step in found.steps if step.action == "stop"} == {"tp1"}


def test_steps_tell_old_and_new_copies_apart_where_they_share_an_accelerator() -> None:
    """Each new one comes in place of the one that stops in its batch, and a copy that stops has its option's name."""
    option: dict[str, Any] = {"name": "v", "accelerators": 1, "accelerator_memory_gib": 10, "shared": True}
    document = fleet([("a", "i-1", 0), ("a", "i-2", 0)], accelerators=1).to_document()
    kept = {key: value for key, value in document["components"][0].items() if key not in Option.model_fields}
    document["components"][0] = {"name": "a", **kept, "options": [option]}

    found = plan_rollout(Problem(**document), "a", (Option(**option),))

    assert [step.replaces for step in found.steps if step.action == "start"] == ["i-1", "i-2"]
    told = [sentence(step) for step in found.steps if step.action == "stop"]
    assert told == ["drain and stop a on i-1 GPU 0, option v", "drain and stop a on i-2 GPU 0, option v"]


def test_what_is_asked_and_what_runs_at_the_end_are_documents_of_their_own(tmp_path: Path) -> None:
    """So `placement transition` can be asked to go on."""
    found = plan_rollout(one_each(), "a", SAME)
    assert found.asked is not None
    assert found.plan is not None
    write_document(found.asked, tmp_path / "asked.json")
    write_document(found.plan.to_document(), tmp_path / "plan.json")

    done = run("transition", tmp_path / "asked.json", tmp_path / "plan.json", "--format", "json")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["moves"] == 4
    assert plan_rollout(four(2), "a", SAME).plan is None


def test_what_blue_green_needs_beyond_quotas_is_told() -> None:
    """Four machines more, where the quota lends one; also where no rollout exists."""
    now = [("a", f"i-{k}", 0) for k in range(4)]
    lends = [FREE[0] | {"max_instances": 5}]
    note = "blue/green needs 4 more of pool p, of which the quota lends 1"

    assert plan_rollout(fleet(now, lends), "a", SAME).notes == (note,)
    none = plan_rollout(fleet(now, lends), "a", SAME, batch=BatchSize(2))
    assert (none.status, none.notes) == ("infeasible", (note,))
    assert "Without a size of batch all legal ones are tried" in (none.reason or "")


def zoned(rules: dict[str, Any], zones: str = "ab") -> Problem:
    """Two copies of `a` in each of two zones, on machines of one accelerator; big machines are in `zones`."""
    types = {
        name: {"accelerator": name, "accelerator_count": count, "vcpus": 64, "memory_gib": 640, "price_per_hour": price}
        for name, count, price in (("A", 1, 2), ("B", 8, 9))
    }
    return Problem(
        accelerators={"A": {"memory_gib": 40}, "B": {"memory_gib": 80}},
        instance_types=types,
        pools=[{"name": f"p-{z}", "instance_type": "A", "zone": z} for z in "ab"]
        + [{"name": f"q-{z}", "instance_type": "B", "zone": z} for z in zones],
        components=[{"name": "a", "copies": 4, "accelerator_memory_gib": 30} | rules],
        instances=[{"id": f"i-{k}", "pool": f"p-{'ab'[k % 2]}"} for k in range(4)],
        placements=[{"component": "a", "instance": f"i-{k}", "accelerators": [0]} for k in range(4)],
    )


@pytest.mark.parametrize(
    ("rules", "machines"),
    [
        ({}, 1),  # one machine has room for all four
        ({"spread": {"min_zones": 2}}, 2),
        ({"min_available_on_zone_loss": 2}, 2),
        ({"min_available_on_pool_loss": 2, "spread": {"min_zones": 2}}, 2),
        ({"min_available_on_instance_loss": 3}, 4),
    ],
)
def test_blue_green_keeps_the_rules_that_the_old_copies_keep(rules: dict[str, Any], machines: int) -> None:
    """New copies need big machines: as many stand in each zone, and on each machine, as may be lost together."""
    found = plan_rollout(zoned(rules), "a", SAME)

    assert found.blue_green is not None
    assert (found.blue_green.instances, found.notes) == (machines, ())


@pytest.mark.parametrize(
    ("rules", "zones"), [({"min_available_on_pool_loss": 2}, "ab"), ({"spread": {"max_per_zone": 2}}, "a")]
)
def test_blue_green_that_would_break_a_rule_has_no_figures(rules: dict[str, Any], zones: str) -> None:
    """The cheapest machine is of one pool; in zone b there are no big ones."""
    found = plan_rollout(zoned(rules, zones), "a", SAME)

    assert found.blue_green is None
    assert "no figures of blue/green" in found.notes[0]
    assert "fits on no machine" not in (found.reason or "")


def test_blue_green_has_room_for_all_new_copies() -> None:
    """Two old copies are on each of two machines, and a new one fills a machine: doubling them is not enough."""
    found = plan_rollout(four(3, FREE), "a", [Option(accelerators=2, accelerator_memory_gib=40)])

    assert found.blue_green is not None
    assert found.blue_green.instances == 4


def test_a_new_option_without_a_name_is_called_new() -> None:
    """Its number in the document says nothing to who reads the steps; that of the old one is not told either."""
    found = plan_rollout(four(3), "a", SAME)

    assert next(sentence(step) for step in found.steps if step.action != "wait").endswith(
        "GPU 0, option new, in place of the one on i-0"
    )
    assert "option" not in sentence(next(step for step in found.steps if step.action == "stop"))
    assert any("stop a on" in sentence(s) and "option new" in sentence(s) for s in found.rollback_steps)
    two = plan_rollout(four(3), "a", [*SAME, Option(accelerators=2, accelerator_memory_gib=40)])
    assert "option new 0" in sentence(two.steps[0])


def test_new_copies_that_fit_nowhere_have_no_blue_green_either() -> None:
    """Each of them needs more memory than any accelerator has: no figures of machines that would not do."""
    found = plan_rollout(four(3), "a", (Option(accelerator_memory_gib=500),))

    assert (found.status, found.blue_green, found.notes) == ("infeasible", None, ())
    assert found.reason == (
        "a new copy of a fits on no machine of any pool, even an empty one: it needs 500 GiB on each accelerator, "
        "where machines on which it may run have at most 80. Roll to options that need less, or add a pool of machines "
        "that have it"
    )


@pytest.mark.parametrize(
    ("options", "lack"),
    [
        ([{"accelerators": 3}], "it needs 3 accelerators, where machines on which it may run have at most 2."),
        (
            [{"accelerators": 3, "vcpus": 9}],
            "it needs 3 accelerators and 9 vCPUs, where machines on which it may run have at most 2 and 8. ",
        ),
        (
            [{"accelerators": 2, "instance_types": ["small"]}],
            "it needs 2 accelerators, where machines on which it may run have at most 1",
        ),
        (
            [{"accelerators": 2, "memory_gib": 100}],
            "it needs 100 GiB of host memory, where a machine of pool p, the nearest, has 64",
        ),
        ([{"on": []}], "it may run on no pool: none is allowed by on"),
        (
            [{"accelerators": 3}, {"vcpus": 90}],
            "an option that needs 3 accelerators, where machines on which it may run have at most 2; an option that",
        ),
        ([{"accelerators": 3}] * 5, "; 2 more options fit nowhere either. Roll to options that need less"),
    ],
)
def test_what_new_copies_lack_everywhere_is_told(options: list[dict[str, Any]], lack: str) -> None:
    """With figures of the machines where they may run: the most of each, or those of the machine that lacks least."""
    document = four(3, FREE).to_document()
    machine = document["instance_types"]["m"]
    document["instance_types"]["small"] = machine | {"accelerator_count": 1, "memory_gib": 128}
    document["pools"].append({"name": "q", "instance_type": "small", "zone": "z"})

    found = plan_rollout(Problem(**document), "a", [Option(**option) for option in options])

    assert found.status == "infeasible"
    assert lack in (found.reason or "")


def test_what_is_refused_names_options_as_they_are_typed(tmp_path: Path) -> None:
    """In words, with exit code 2."""
    path = tmp_path / "fleet.json"
    write_document(four(3).to_document(), path)
    for options, told in (
        (["--wait", "4000"], "placement: --wait must be seconds from 0 to 3600, got 4000\n"),
        (["--batch", "60%"], 'placement: --batch must be a number of copies, or 5% to 50% of them, got "60%"\n'),
        (["--output", "s.txt"], "placement: --output s.txt: the suffix says what is written, and must be .json"),
        (["--component", "aa"], f'placement: --component: no component "aa" in {path}; did you mean "a"?\n'),
    ):
        component = [] if "--component" in options else ["--component", "a"]
        done = run("rollout", path, "--to", "0", *component, *options)
        assert (done.exit_code, done.stdout) == (2, "")
        assert told in done.stderr


def test_room_that_rules_do_not_let_be_used_is_told() -> None:
    """Copies of a have room beside the others, but only in the other zone, and one must outlive either zone."""
    problem = Problem(
        format="placement/v1",
        accelerators={"A": {"memory_gib": 80}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 1, "vcpus": 1, "memory_gib": 1, "price_per_hour": 1}
        },
        pools=[{"name": zone, "instance_type": "t", "zone": zone} for zone in "yz"],
        components=[{"name": "a", "copies": 2, "accelerator_memory_gib": 70, "min_available_on_zone_loss": 1}],
        instances=[{"id": i, "pool": p, "removable": False} for i, p in (("i", "y"), ("j", "z"), ("free", "z"))],
        placements=[{"component": "a", "instance": name, "accelerators": [0]} for name in "ij"],
    )

    found = plan_rollout(problem, "a", SAME, extra_instances=0)

    assert found.status != "optimal"
    assert "the machines that run have room for 1, but no order of batches there" in (found.reason or "")
    assert "and no extra machine is allowed" in (found.reason or "")

    full = {"y": 1, "z": 2}
    pools = [pool.model_copy(update={"max_instances": full[pool.name]}) for pool in problem.pools]
    found = plan_rollout(problem.model_copy(update={"pools": tuple(pools)}), "a", SAME)
    assert found.status == "infeasible"
    assert "room for 1, but no order of batches there keeps every rule, and no pool" in (found.reason or "")


def test_new_copies_for_a_pool_without_quota_name_it() -> None:
    """Pool q is closed: its quota is what is missing, not room on its machines."""
    problem = four(3)
    row = problem.pools[0].model_copy(update={"name": "q", "instance_type": "u", "max_instances": 0})
    types = {**problem.instance_types, "u": problem.instance_types[problem.pools[0].instance_type]}
    wide = problem.model_copy(update={"pools": (*problem.pools, row), "instance_types": types})
    found = plan_rollout(wide, "a", (Option(accelerator_memory_gib=10, instance_types=("u",)),))

    assert (found.status, found.reason) == (
        "infeasible",
        "a new copy of a may run on no pool but q, where max_instances is 0",
    )


def test_new_copies_that_serve_less_of_a_demand_are_told() -> None:
    """Room is not what is missing; new copies that serve as much are rolled to."""
    now = [("a", f"i-{k}", 0) for k in range(4)]
    demand = {"a": {"copies": None, "demand": 8, "throughput": 2}}
    problem = fleet(now, FREE, components=demand)

    found = plan_rollout(problem, "a", (Option(accelerator_memory_gib=30, throughput=1),))

    assert found.status == "infeasible"
    assert (found.reason or "").startswith(
        "4 new copies of a serve at most 50 % of what the old ones serve of its demand"
    )
    assert plan_rollout(problem, "a", (Option(accelerator_memory_gib=30, throughput=2),)).found
    either = (Option(accelerator_memory_gib=30, throughput=1), Option(accelerator_memory_gib=30, throughput=2))
    assert plan_rollout(problem, "a", either).found  # by the second one


def in_three_zones(copies: int, spare: int) -> Problem:
    """So many copies in each of three zones, evenly spread, and an empty machine with so many accelerators there."""
    types = {
        f"m{n}": {"accelerator": "A", "accelerator_count": n, "vcpus": 64, "memory_gib": 64, "price_per_hour": n}
        for n in {copies, spare}
    }
    machines = [(zone, size, kind) for zone in "abc" for kind, size in (("full", copies), ("spare", spare))]
    return Problem(
        accelerators={"A": {"memory_gib": 80}},
        instance_types=types,
        pools=[{"name": f"{z}-m{n}", "instance_type": f"m{n}", "zone": z} for z in "abc" for n in {copies, spare}],
        components=[{"name": "a", "copies": 3 * copies, "accelerator_memory_gib": 70, "spread": {"max_skew": 1}}],
        instances=[{"id": f"{z}-{kind}", "pool": f"{z}-m{n}", "removable": False} for z, n, kind in machines],
        placements=[
            {"component": "a", "instance": f"{zone}-full", "accelerators": [k]} for zone in "abc" for k in range(copies)
        ],
    )


@pytest.mark.parametrize("size", [1, 3, 4])
def test_new_copies_start_in_zones_whose_old_ones_go(size: int) -> None:
    """So copies that are evenly spread stay so, and no machine is rented; each zone has room for two."""
    found = plan_rollout(in_three_zones(4, 2), "a", SAME, batch=BatchSize(size), attempts=1)

    assert found.rolling is not None
    assert (found.status, found.rolling.instances) == ("optimal", 0)


def drifting() -> Problem:
    """Copies by zone 3, 1, 1 and 1; new ones have room for two in each of the first three zones, and none in the last.

    Zones may differ by 2: so they do at the begin, and with 2, 2, 2 and 0 at the end. From the one to the other in one
    batch would be too much, as the first zone may have 3 while the last has none.
    """
    machines = {"i-1": ("A", "z1"), "i-2": ("B", "z1"), "i-3": ("B", "z2"), "i-4": ("B", "z3"), "i-5": ("A", "z4")}
    now = [("i-1", 0), ("i-2", 0), ("i-2", 1), ("i-3", 0), ("i-4", 0), ("i-5", 0)]
    rest = {"vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
    return Problem(
        accelerators={"A": {"memory_gib": 40}, "B": {"memory_gib": 80}},
        instance_types={
            name: {"accelerator": name, "accelerator_count": count, **rest} for name, count in (("A", 1), ("B", 2))
        },
        pools=[{"name": i, "instance_type": t, "zone": z, "max_instances": 1} for i, (t, z) in machines.items()],
        components=[{"name": "a", "copies": 6, "accelerator_memory_gib": 30, "spread": {"max_skew": 2}}],
        instances=[{"id": name, "pool": name, "removable": False} for name in machines],
        placements=[{"component": "a", "instance": name, "accelerators": [k]} for name, k in now],
    )


@pytest.mark.parametrize("size", [1, 2])
def test_spread_is_held_from_the_begin_of_each_batch(size: int) -> None:
    """And not from the begin of the rollout: most of these attempts would find no order then."""
    problem = drifting()
    case = RollingCase(problem, problem.components[0], SAME)

    for seed in range(9):
        assert rolling.roll(case.sites, case.due, rolling.Roll("a", case.first, size), 0, seed) is not None
    assert plan_rollout(problem, "a", SAME, batch=BatchSize(size)).status == "optimal"


@pytest.mark.parametrize(
    ("options", "how", "said"),
    [
        (0, {}, "options must be a list of one Option or more"),
        ([], {}, "options must be a list of one Option or more"),
        ([{"accelerators": 1}], {}, "options must be a list of one Option or more"),
        (SAME, {"batch": 1}, "batch must be a BatchSize: a number of copies, or 5% to 50% of them"),
        (SAME, {"durations": 5}, "durations must be Durations"),
    ],
)
def test_arguments_of_another_type(options: Any, how: dict[str, Any], said: str) -> None:
    """Each is refused by name."""
    with pytest.raises(UsageError, match=said):
        plan_rollout(four(2), "a", options, **how)


@pytest.mark.parametrize(("value", "percent"), [(0, False), (-1, False), (4, True), (90, True), (1.5, False)])
def test_a_size_that_is_none(value: Any, percent: bool) -> None:
    """From Python as from the command line: 90 % at a time is no rolling update."""
    with pytest.raises(UsageError, match="batch must be a number of copies, or 5% to 50% of them"):
        BatchSize(value, percent)


@pytest.mark.parametrize(
    ("to", "names", "numbers"), [("small", ["large", "small"], {1}), ([{"name": "fp8", "vcpus": 1}], ["fp8"], {0})]
)
def test_a_rollout_that_is_done_is_what_the_next_plan_starts_from(
    tmp_path: Path, to: Any, names: list[str], numbers: set[int]
) -> None:
    """The component has the new options, and the others where new copies run by one that it had."""
    document = four(3).to_document()
    needs = {"large": 30, "small": 20}
    options = [{"name": name, "accelerator_memory_gib": gib} for name, gib in needs.items()]
    document["components"] = [{"name": "a", "copies": 4, "options": options}]
    fleet_file, rollout, after = (tmp_path / name for name in ("fleet.json", "rollout.json", "after.json"))
    write_document(document, fleet_file)
    asked = to if isinstance(to, str) else json.dumps({"options": to})
    if asked != to:
        (tmp_path / "to.yaml").write_text(asked)
        asked = str(tmp_path / "to.yaml")

    assert run("rollout", fleet_file, "--component", "a", "--to", asked, "--output", rollout).exit_code == 0
    done = run("convert", fleet_file, after, "--running", rollout)
    assert (done.exit_code, done.stderr) == (0, "")
    found = json.loads(after.read_text())
    assert [option["name"] for option in found["components"][0]["options"]] == names
    assert {row["option"] for row in found["placements"]} == numbers
    assert len(found["placements"]) == 4
    assert run("audit", after, "--time-limit", "0").exit_code == 0

    refused = run("convert", after, "-", "--running", rollout)
    if names == ["fp8"]:
        assert "is of another problem: a has other options here; roll out anew" in refused.stderr
    write_document({"format": "placement-rollout/v1", "component": "a", "status": "infeasible"}, rollout)
    assert (
        "$.status: is infeasible, and updates nothing" in run("convert", fleet_file, "-", "--running", rollout).stderr
    )


@pytest.mark.parametrize(
    ("spread", "rule"),
    [
        ({"max_skew": 1}, "spread.max_skew counts z1 too, where there would be none"),
        ({"min_zones": 2}, "spread.min_zones asks for 2 zones"),
    ],
)
def test_new_copies_that_no_zone_but_one_takes_are_told(spread: dict[str, int], rule: str) -> None:
    """Machines could be rented for them: room is not what is missing."""
    machine = {"accelerator": "g", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
    rows = [("m", "z0"), ("m", "z1"), ("new", "z0")]
    problem = Problem(
        accelerators={"g": {"memory_gib": 80}},
        instance_types={"m": machine, "new": machine},
        pools=[{"name": f"{kind}-{zone}", "instance_type": kind, "zone": zone} for kind, zone in rows],
        components=[{"name": "a", "copies": 4, "accelerator_memory_gib": 70, "spread": spread}],
        instances=[{"id": f"i-{k}", "pool": f"m-z{k}"} for k in range(2)],
        placements=[{"component": "a", "instance": f"i-{k % 2}", "accelerators": [k // 2]} for k in range(4)],
    )
    found = plan_rollout(problem, "a", (Option(accelerator_memory_gib=70, instance_types=("new",)),))

    assert found.status == "infeasible"
    assert (found.reason or "").startswith(f"new copies of a may run in z0 alone, and {rule}. Roll to options")
