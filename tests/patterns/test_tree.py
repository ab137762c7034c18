"""The tree of nodes over made-up plans: none is lost, and no bound is above what the plans of a node cost."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.patterns.branch_and_price import Relaxed, Tree, groups_of, is_whole
from placement.patterns.certificate import NodeDomain, Prices
from placement.patterns.formulation import Relaxation, relax
from placement.patterns.history import EngineVerdict
from placement.solving.budget import Budget
from tests.corpus import one_by_one

if TYPE_CHECKING:
    from placement.patterns.history import NodeCase

MOST = 4  # machines of a pool, copies of a sum
NONE = 10**9  # the bound of a node without plans
WORD = EngineVerdict("test", 0, lambda: None, "")


class Made(NamedTuple):
    """A made-up plan: machines per pool and per group, copies per sum, and what it costs."""

    counts: tuple[int, ...]
    aggregates: tuple[int, ...]
    cost: int

    def is_in(self, domain: NodeDomain) -> bool:
        """Whether a node has it."""
        counts = zip(domain.fewest, self.counts, domain.most, strict=True)
        return all(low <= n <= high for low, n, high in counts) and all(
            low <= self.aggregates[s] <= high for s, (low, high) in domain.aggregates.items()
        )


def wide_copies() -> Relaxation:
    """Two components on two accelerators each; three pools, of which two are of one type."""
    shape = {"accelerator": "A", "accelerator_count": 4, "vcpus": 8, "memory_gib": 8}
    wide = {"copies": MOST, "accelerators": 2, "shared": True, "accelerator_memory_gib": 2}
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": {**shape, "price_per_hour": 3e-6}, "u": {**shape, "price_per_hour": 5e-6}},
        pools=[{"name": f"{t}{z}", "instance_type": t, "zone": z} for t, z in ("ta", "ub", "tb")],
        components=[{"name": name, **wide} for name in ("c", "d")],
    )
    return relax(compile_fleet(problem))


@dataclass
class Boxes:
    """What a solve of each node says of the plans in it: a mixture of two of them, and a bound that may be too low."""

    rng: random.Random
    plans: list[Made]
    groups: tuple[tuple[int, ...], ...]
    solved: int = 0
    patience: float = 0.9
    prices: list[tuple[Prices, NodeDomain]] = field(default_factory=list)

    def solve(self, domain: NodeDomain, _: Budget) -> Relaxed | None:
        """Now and then there is no time."""
        pools = len(domain.most) - len(self.groups)
        assert all(low <= high for low, high in zip(domain.fewest, domain.most, strict=True))
        assert all(low <= high for low, high in domain.aggregates.values())
        for g, group in enumerate(self.groups):
            assert sum(domain.fewest[p] for p in group) <= domain.most[pools + g]
            assert sum(domain.most[p] for p in group) >= domain.fewest[pools + g]
        if self.rng.random() > self.patience:
            return None
        self.solved += 1
        here = [plan for plan in self.plans if plan.is_in(domain)]
        if not here:
            return Relaxed(NONE, (), feasible=False)
        a, b = self.rng.choice(here), self.rng.choice(here)
        slack = self.rng.randint(0, 9) if len(here) > 1 else 0
        if len(here) > 1:
            b = self.rng.choice([plan for plan in here if plan != a])
        counts = tuple(0.37 * x + 0.63 * y for x, y in zip(a.counts, b.counts, strict=True))
        aggregates = tuple(0.37 * x + 0.63 * y for x, y in zip(a.aggregates, b.aggregates, strict=True))
        prices = Prices([], [])
        self.prices.append((prices, domain))
        return Relaxed(
            min(plan.cost for plan in here) - slack, counts, feasible=True, aggregates=aggregates, prices=prices
        )

    def enumerate_node(self, domain: NodeDomain, relaxed: Relaxed, _: Budget) -> Relaxed | None:
        """At times the bound is all that it can be, by an engine's word."""
        here = [plan for plan in self.plans if plan.is_in(domain)]
        if self.rng.random() < 0.7 or not here:
            return None
        bound = min(plan.cost for plan in here)
        return Relaxed(bound, relaxed.counts, feasible=True, aggregates=relaxed.aggregates, verdict=WORD)


def leaf_of(plan: Made, case: NodeCase, pools: int) -> NodeCase:
    """Where a plan ends up in the tree."""
    while case.splits:
        for (subject, at_most), above in zip(case.splits, case.above, strict=True):
            if (plan.aggregates if subject.copies else plan.counts)[subject.number] > at_most:
                assert above is not None
                assert above.around is case
                case = above
                break
        else:
            assert case.below is not None
            assert case.below.around is case
            case = case.below
        assert plan.is_in(case.domain)
    return case


@one_by_one(range(60))
def test_no_plan_is_lost_and_none_costs_less_than_the_bound(seed: int) -> None:
    """Branching and excluding to the very end: the cheapest plans are met one after the other."""
    rng = random.Random(seed)
    relaxation = wide_copies()
    prices, groups = [pool.price for pool in relaxation.fleet.pools], groups_of(relaxation.fleet)
    assert groups == ((0, 2),)
    assert len(relaxation.aggregates) >= 2
    plans: set[Made] = set()
    for _ in range(rng.randint(1, 14)):
        machines = [rng.randint(0, MOST) for _ in prices]
        counts = (*machines, *(sum(machines[p] for p in group) for group in groups))
        aggregates = tuple(rng.randint(0, MOST) for _ in relaxation.aggregates)
        plans.add(Made(counts, aggregates, sum(n * price for n, price in zip(machines, prices, strict=True))))
    domains = Boxes(rng, sorted(plans), groups)
    root = NodeDomain((0,) * (len(prices) + 1), (*(MOST,) * len(prices), 2 * MOST))
    relaxed = None
    while relaxed is None:
        relaxed = domains.solve(root, Budget())
    domains.solved = 0
    tree = Tree(domains.solve, domains.enumerate_node, relaxation, groups, root, relaxed)
    left, excluded = domains.plans, 0
    for _ in range(5_000):
        before = tree.bound
        if tree.done and tree.mix:
            assert before in {plan.cost for plan in plans}  # and again, where copies told two nodes apart
            assert tree.machines == tree.mix
            limits = dict(enumerate(tree.mix))
            assert sum(n * price for n, price in zip(tree.mix, prices, strict=True)) == before
            if tree.exclude(limits, WORD, Budget()):
                excluded += 1
                left = [plan for plan in left if any(plan.counts[k] > n for k, n in limits.items())]
        elif tree.done:
            break
        else:
            tree.step(Budget())
        assert tree.nodes <= domains.solved
        assert tree.exhausted or tree.bound >= before
        assert tree.bound <= min((plan.cost for plan in left), default=NONE)
    assert tree.done
    assert not left
    assert tree.bound in (0, NONE)
    assert excluded
    for plan in plans:
        leaf = leaf_of(plan, tree.root, len(prices))
        assert leaf.verdict is WORD or leaf.rent <= plan.cost
        for case in leaf.chain():
            assert case.rent <= plan.cost
            known = [domain for prices, domain in domains.prices if prices is case.prices]
            assert known == ([case.domain] if case.verdict is None else known)


def test_nodes_are_enumerated_now_and_then_and_where_they_cannot_be_branched_on() -> None:
    """Listing patterns takes as long as ten nodes, so it waits for so many; a whole solution does not wait."""
    relaxation = wide_copies()
    pools, groups = len(relaxation.fleet.pools), groups_of(relaxation.fleet)
    whole, asked, branched = (0.0,) * (pools + 1), [], []

    def solve(domain: NodeDomain, _: Budget) -> Relaxed:
        """All below a dozen branches are whole."""
        branched.append(domain)
        counts = whole if len(branched) > 24 else (*(n + 0.5 for n in domain.fewest[:pools]), 1.0)
        return Relaxed(len(branched), counts, feasible=True, aggregates=(0.0,) * len(relaxation.aggregates))

    def enumerate_node(_: NodeDomain, relaxed: Relaxed, __: Budget) -> Relaxed:
        asked.append((len(branched), relaxed.counts == whole))
        return relaxed

    root = NodeDomain((0,) * (pools + 1), (10**6,) * (pools + 1))
    tree = Tree(solve, enumerate_node, relaxation, groups, root, solve(root, Budget()))
    while not tree.done:
        tree.step(Budget())
    begun = [nodes - 1 for nodes, is_whole in asked if not is_whole]
    assert begun[0] == 0
    assert all(nodes >= 10 * k for k, nodes in enumerate(begun))
    assert any(is_whole for _, is_whole in asked)


def test_a_tree_is_exhausted_once_its_last_mix_is_left_out() -> None:
    """Not while that is all there is: a node that waits to be branched on, or one that has been closed, is left."""
    relaxation = wide_copies()
    pools, groups = len(relaxation.fleet.pools), groups_of(relaxation.fleet)
    root = NodeDomain((0,) * (pools + 1), (1,) * (pools + 1))
    whole = Relaxed(7, (1.0,) * (pools + 1), feasible=True, aggregates=(0.0,) * len(relaxation.aggregates))
    tree = Tree(lambda *_: whole, lambda *_: None, relaxation, groups, root, whole)
    assert not tree.exhausted
    while not tree.done:
        tree.step(Budget())
    assert (tree.mix, tree.bound, tree.exhausted) == ((1,) * pools, 7, False)
    assert tree.exclude(dict.fromkeys(range(pools), 1), WORD, Budget())
    assert (tree.mix, tree.bound, tree.exhausted) == ((), 0, True)


def test_copies_that_take_nothing_weigh_nothing() -> None:
    """They may be branched on, and no price is at stake."""
    shape = {"accelerator": "A", "accelerator_count": 4, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": shape},
        pools=[{"name": "a", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 2, "accelerators": 2, "shared": True}],
    )
    relaxation = relax(compile_fleet(problem))
    assert relaxation.aggregates
    relaxed = Relaxed(0, (1.0,), feasible=True, aggregates=(1.5,) * len(relaxation.aggregates))
    tree = Tree(lambda *_: relaxed, lambda *_: None, relaxation, (), NodeDomain((0,), (2,)), relaxed)
    assert tree.step(Budget())
    assert tree.root.splits[0][1] == 1


def test_whole_is_whole_to_a_millionth() -> None:
    assert is_whole([1, 2.0000005, 2.9999995])
    assert is_whole([])
    assert not is_whole([1, 2.00001])
    assert not is_whole([1.99999])
