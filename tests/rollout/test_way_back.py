"""A rollout goes wrong at any step: its way back breaks no rule and ends in what ran before; or one asks again."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import placement
from placement import UsageError
from placement.documents import Option, Problem
from placement.documents.plan import Plan
from placement.fleet_simulator import simulate, simulate_way_back, state_after
from placement.report.transition.rollout import as_transition
from placement.rollout import plan_rollout
from placement.transition import plan_transition
from tests.corpus import seeds
from tests.rollout.test_every_rollout import drawn
from tests.transition.fleets import random_case
from tests.transition.small_fleet import SmallFleet, Walk, copy_of
from tests.transition.test_random import copies, faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.documents.rollout import Rollout
    from tests.reading import Doc


class Rolled(NamedTuple):
    """A rollout that was found, and the problem with old and new options."""

    found: Rollout
    asked: Problem


def small_rollouts(seeds: range) -> Iterator[tuple[int, Doc, Rolled]]:
    """Rollouts of small fleets under many rules, with the document of the fleet."""
    for seed in seeds:
        wish = drawn(random.Random(seed))
        if wish is None:
            continue
        options = [Option(**row) for row in wish.new]
        found = plan_rollout(Problem(**wish.doc), "chat", options, extra_instances=wish.most, attempts=3)
        if found.asked is not None:
            yield seed, wish.doc, Rolled(found, Problem(**found.asked))


def larger_rollouts(seeds: range) -> Iterator[tuple[int, Rolled]]:
    """Rollouts of running fleets, some of whose copies run at accelerators that nobody knows."""
    for seed in seeds:
        case = random_case(seed)
        rows = {row.component for row in case.problem.placements if not row.pinned} if case else set()
        names = sorted(rows - {row.component for row in case.problem.placements if row.pinned} if case else rows)
        if case is None or not names:
            continue
        name = random.Random(seed).choice(names)
        component = next(row for row in case.problem.components if row.name == name)
        found = plan_rollout(case.problem, name, component.modes, attempts=3)
        if found.asked is not None:
            yield seed, Rolled(found, Problem(**found.asked))


def failing(found: Rollout) -> Iterator[tuple[int, set[int]]]:
    """Each batch that ends well and is undone, each step that goes wrong, and all steps of a batch that do."""
    for number in range(1, (found.batches or 0) + 1):
        begun = {step.id for step in found.steps if step.batch == number and step.action in ("open", "start")}
        yield from ((number, failed) for failed in (set(), begun, *({step} for step in begun)))


@seeds(range(600), 8)
def test_the_way_back_breaks_no_rule_and_ends_where_it_began(seeds: range) -> None:
    """From the end of each batch, and from each step that goes wrong; the simulator looks after every step."""
    seen: Counter[str] = Counter()
    every = [(seed, rolled) for seed, _, rolled in small_rollouts(seeds)] + list(larger_rollouts(seeds[::2]))
    for seed, (found, asked) in every:
        for batch, failed in failing(found):
            assert simulate_way_back(asked, found, batch, failed, each_step=True) == (), (seed, batch, failed)
            seen["some fail" if failed else "all undone"] += 1
        seen["closes"] += any(step.action == "close" for step in found.steps)

    assert seen["some fail"] > len(seeds)
    assert seen["all undone"] > len(seeds) // 2
    assert seen["closes"] > len(seeds) // 20


@seeds(range(600), 12)
def test_the_way_back_by_rules_written_anew(seeds: range) -> None:
    """Of small fleets, all the way from the end, by `SmallFleet`."""
    seen = 0
    for seed, doc, (found, asked) in small_rollouts(seeds):
        assert broken_on_the_way_back(doc, asked, found) == "", seed
        seen += 1
    assert seen > len(seeds) // 6


def broken_on_the_way_back(doc: Doc, asked: Problem, found: Rollout) -> str:
    """The first step there or back that breaks a rule; machines that drain are cordoned, as they take copies back."""
    rows = [row | ({"state": "cordoned"} if row.get("state") == "draining" else {}) for row in doc["instances"]]
    options = [option.model_dump(exclude_unset=True) for option in asked.components[0].modes]
    both = [{**doc["components"][0], "options": options}, *doc["components"][1:]]
    now = SmallFleet(doc, Counter()).now
    small = SmallFleet({**doc, "components": both, "instances": rows}, now)
    walk = Walk(small)
    steps = [*found.steps, *found.rollback_steps]
    for step, then in zip(steps, [*steps[1:], None], strict=True):
        wrong = walk.breaks(step)
        ends = then is None or (step.action in ("stop", "close") and then.action in ("open", "start"))
        if wrong or (ends and not small.may_end(walk.copies)):
            return f"step {step.id} of batch {step.batch}"
    end = walk.copies, walk.machines
    return "" if end == (now, set(small.instances)) else "what runs at the end did not run before"


@seeds(range(200), 6)
def test_after_a_fault_of_a_rollout_one_can_ask_again_and_nothing_is_lost(seeds: range) -> None:
    """For the new state or for the old one; only what stood on a machine that died is gone."""
    seen: Counter[str] = Counter()
    every = [(seed, rolled) for seed, _, rolled in small_rollouts(seeds)] + list(larger_rollouts(seeds))
    for seed, (found, asked) in every:
        assert found.plan is not None
        steps = random.Random(seed).sample(found.steps, min(3, len(found.steps)))
        for fault in (fault for step in steps for fault in faults(step)):
            state = state_after(asked, found.plan, as_transition(found), fault)
            if fault.kind != "machine":
                assert copies(state)[found.component] >= found.copies, (seed, fault)
            for name, plan in (("on", found.plan), ("back", what_runs(asked, found))):
                try:
                    again = plan_transition(state, plan, attempts=6)
                except UsageError:  # the plan breaks a rule: in today's state, or on a machine that takes nothing
                    assert state_is_odd(state) or placement.verify(asked, plan).violations, (seed, fault)
                    seen["breaks a rule"] += 1
                    continue
                seen[f"{name} {again.status}"] += 1
                assert again.found or fault.kind == "machine" or state_is_odd(state), (seed, fault, name, again.reason)
                if again.found:
                    assert simulate(state, plan, again) == (), (seed, fault)

    assert seen["on optimal"] > len(seeds)
    assert seen["back optimal"] > len(seeds)


def state_is_odd(state: Problem) -> bool:
    """Whether a machine drains or is cordoned: what has left it does not come back."""
    return any(row.state != "active" for row in state.instances)


def what_runs(asked: Problem, found: Rollout) -> Plan:
    """Today's state as a plan, but for machines that drain and are empty."""
    assert found.plan is not None
    others = [row.model_dump() for row in found.plan.assignments if row.component != found.component]
    before = [copy_of(step)._asdict() for step in found.steps if step.action == "stop"]
    rows = [*others, *({**row, "instance": row.pop("machine")} for row in before)]
    used = {row["instance"] for row in rows}
    machines = [row for row in asked.instances if row.state != "draining" or row.id in used]
    return Plan(instances=[{"id": row.id, "pool": row.pool} for row in machines], assignments=rows)
