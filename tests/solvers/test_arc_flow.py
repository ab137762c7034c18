"""The arc-flow program: its graph against brute force, its grid, its translations, and what it finds at home."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import placement
from placement import Problem, Status
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Seat, evaluate
from placement.direct.milp.check import broken_rule
from placement.engines.highs import load_lp
from placement.local_search.completion import Completion
from placement.solvers.arc_flow.balance import Balance, Host
from placement.solvers.arc_flow.blocks import blocks_of, share_out
from placement.solvers.arc_flow.decode import decode
from placement.solvers.arc_flow.encode import encode
from placement.solvers.arc_flow.graph import SPLIT, FlowGraph, Size
from placement.solvers.arc_flow.grid import Grids
from placement.solvers.arc_flow.program import FlowProgram
from placement.solving.budget import Budget
from placement.solving.incumbent import Track
from tests import referee, strategies
from tests.heuristics import fleets
from tests.solvers import arc_fleets

if TYPE_CHECKING:
    from collections import Counter

    from numpy.typing import NDArray

    from placement.compiled.packing import Packing

SEEDS = range(50)


def reachable(graph: FlowGraph, accelerators: int) -> set[tuple[int, ...]]:
    """Every multiset of sizes that the arcs can put on one machine, by walking all of them."""
    leaving: dict[int, list[int]] = {}
    for arc, tail in enumerate(graph.tails.tolist()):
        leaving.setdefault(tail, []).append(arc)
    heads: dict[int, list[int]] = {}
    for arc, head in zip(graph.head_arcs.tolist(), graph.heads.tolist(), strict=True):
        heads.setdefault(arc, []).append(head)
    memo: dict[int, set[tuple[int, ...]]] = {}

    def contents(node: int) -> set[tuple[int, ...]]:
        if node not in memo:
            found: set[tuple[int, ...]] = {()}
            for arc in leaving.get(node, []):
                kind = int(graph.kinds[arc])
                own = () if kind == SPLIT else (kind,)
                below = [contents(head) for head in heads.get(arc, [])]
                found |= {tuple(sorted(sum(parts, own))) for parts in itertools.product(*below)}
            memo[node] = found
        return memo[node]

    return contents(graph.entry[accelerators])


def packable(accelerators: int, capacity: int, items: list[Size]) -> bool:
    """Whether copies fit on aligned blocks, every choice of block tried."""
    heights = [0] * accelerators

    def place(rest: list[Size]) -> bool:
        if not rest:
            return True
        size = rest[0]
        for first in range(0, accelerators, size.accelerators):
            block = range(first, first + size.accelerators)
            if all(heights[k] + size.weight <= capacity for k in block):
                for k in block:
                    heights[k] += size.weight
                if place(rest[1:]):
                    return True
                for k in block:
                    heights[k] -= size.weight
        return False

    return place(items)


@given(
    capacity=st.integers(3, 8),
    sizes=st.sets(st.tuples(st.sampled_from([1, 2, 4]), st.integers(1, 8)), min_size=1, max_size=3),
    copies=st.integers(1, 2),
)
def test_the_graph_holds_exactly_what_fits(capacity: int, sizes: set[tuple[int, int]], copies: int) -> None:
    """On one machine, the flow can carry a content if and only if it can be packed on aligned blocks."""
    wanted = {Size(g, min(w, capacity)): copies for g, w in sorted(sizes)}
    graph = FlowGraph({4}, capacity, wanted)
    walked = reachable(graph, 4)
    for counts in itertools.product(range(copies + 1), repeat=len(wanted)):
        items = sorted(
            (size for size, n in zip(graph.sizes, counts, strict=True) for _ in range(n)), key=lambda s: (-s[0], -s[1])
        )
        key = tuple(sorted(s for s, n in enumerate(counts) for _ in range(n)))
        assert (key in walked) == packable(4, capacity, items), (items, capacity)


@pytest.mark.parametrize("accelerators", [1, 3, 5, 6, 8])
def test_arcs_conserve_accelerators(accelerators: int) -> None:
    """An arc's parts are as many accelerators as its tail, for counts that are no powers of two as well."""
    sizes = {Size(g, w): 3 for g, w in ((1, 2), (2, 3), (3, 2), (5, 4)) if g <= accelerators}
    graph = FlowGraph({accelerators}, 10, sizes)
    for arc, tail in enumerate(graph.tails.tolist()):
        node = graph.nodes[tail]
        pieces = graph.pieces(node, int(graph.kinds[arc]))
        assert sum(piece.accelerators for piece in pieces) == node.accelerators
        mine = graph.heads[graph.head_arcs == arc].tolist()
        assert sorted(mine) == sorted(piece.node for piece in pieces if piece.node is not None)
        assert all(head > tail for head in mine)


def random_fleets(**knobs: bool) -> list[tuple[Problem, Fleet]]:
    """Tight random fleets with every rule in play, those alone that may rent something."""
    found = []
    for seed in SEEDS:
        problem = Problem(**strategies.random_problem(random.Random(seed), **knobs))
        fleet = compile_fleet(problem)
        if blocks_of(fleet).blocks:
            found.append((problem, fleet))
    return found


def test_what_fits_on_the_grid_fits_in_mib() -> None:
    """Weights are never below the need, nor capacities above the room, nor shares lost."""
    for _, fleet in random_fleets():
        blocks = blocks_of(fleet)
        for most in (10, 200, 10_000):
            for kind, grid in zip(blocks.kinds, Grids(blocks).within(most), strict=True):
                for block in kind:
                    memory = block.shape.memory_mib
                    for way in block.ways:
                        size = grid.size(way.option)
                        if size is None:
                            continue
                        # n copies of this size on one accelerator fit in MiB, and so does any mix: sums of ceilings
                        assert size.weight * max(1, memory) >= min(way.option.memory_mib, memory) * grid.capacity * (
                            1 - 1e-9
                        )
                        if grid.shares_inside and way.option.shared:
                            assert size.weight * 1000 >= way.option.share * grid.capacity


def solve_program(fleet: Fleet, most_arcs: int = 2_000) -> tuple[FlowProgram, NDArray[np.float64]] | None:
    """The program and a solution of it."""
    blocks = blocks_of(fleet)
    program = FlowProgram(blocks, Grids(blocks).within(most_arcs))
    solver = load_lp(program.to_lp(program.prices(), {}), mip_max_nodes=50, mip_rel_gap=0.01)
    solver.run()
    if solver.getInfo().primal_solution_status != 2:
        return None
    return program, np.array(solver.getSolution().col_value)


def test_decoded_machines_keep_their_rules_and_completion_all() -> None:
    """Accelerators and hosts of decoded machines are never overfull; completed plans keep every rule."""
    decoded_copies, complete = 0, 0
    for _, fleet in random_fleets(state=False):
        solved = solve_program(fleet)
        if solved is None:
            continue
        packing, count = decode(*solved), solved[0].placed(solved[1])
        for machine in packing.machines:
            assert_holds(fleet, machine.pool, machine.seats)
        decoded_copies += sum(len(machine.seats) for machine in packing.machines)
        budget = Budget(threads=1)
        plan = Completion(fleet, 0).run(packing, count, budget, Track(fleet, budget))
        if plan is not None:
            assert broken_rule(fleet, plan) == ""
            complete += 1
    assert decoded_copies > 90
    assert complete > 25


def assert_holds(fleet: Fleet, p: int, seats: tuple[Seat, ...]) -> None:
    """The machine's host and the memory of its accelerators."""
    shape = fleet.pools[p].shape
    height = [0] * shape.accelerators
    vcpus = memory = 0
    for c, o, accelerators in seats:
        option = fleet.components[c].options[o]
        assert p in option.pools
        assert len(set(accelerators)) == option.accelerators
        vcpus, memory = vcpus + option.vcpus, memory + option.host_mib
        for k in accelerators:
            height[k] += option.memory_mib if option.shared else shape.memory_mib
    assert vcpus <= shape.vcpus
    assert memory <= shape.host_mib
    assert max(height, default=0) <= shape.memory_mib


def test_a_plan_is_a_start_for_the_engine() -> None:
    """What is encoded keeps every row, rents what the plan rents or more, and decodes to all of its copies."""
    document = arc_fleets.home(12, 1)
    fleet = compile_fleet(Problem(**document))
    packing = plan_of(fleet, document)
    program = FlowProgram(blocks_of(fleet), Grids(blocks_of(fleet)).within(5_000))
    values = encode(program, packing)
    assert values is not None
    assert program.keeps_rows(values)
    assert values @ program.prices() * 1e6 >= evaluate(fleet, packing).ticks * (1 - 1e-9)
    copies = count_of(decode(program, values))
    wanted = count_of(packing)
    assert sum(copies.values()) >= 0.95 * sum(wanted.values())
    assert all(copies[key] <= wanted[key] for key in copies)


def plan_of(fleet: Fleet, document: dict[str, object]) -> Packing:
    """Best fit's packing."""
    packing = placement.solve(Problem(**document), "best-fit", work=1, threads=1).packing
    assert packing is not None
    return packing


def count_of(packing: Packing) -> Counter[tuple[int, int]]:
    """Copies by component and option."""
    from collections import Counter

    return Counter(seat[:2] for _, seat in packing.seats())


def test_broken_values_are_no_start() -> None:
    """The check of a start sees a missing machine and a missing copy."""
    document = arc_fleets.home(6, 2)
    fleet = compile_fleet(Problem(**document))
    program = FlowProgram(blocks_of(fleet), Grids(blocks_of(fleet)).within(5_000))
    values = encode(program, plan_of(fleet, document))
    assert values is not None
    for columns in (list(program.machines.values()), [c.column for c in program.copies]):
        used = [column for column in columns if values[column] > 0]
        broken = values.copy()
        broken[used[0]] -= 1
        assert not program.keeps_rows(broken)


def test_pools_alike_are_one_block_and_accelerators_alike_one_kind() -> None:
    """Zones part blocks only when a rule speaks of zones; machines of 8 and of 1 accelerator share a flow."""
    plain = fleets.fleet_of([fleets.component("a", 4, 20)])
    blocks = blocks_of(plain)
    assert [len(supply.pools) for supply in blocks.supplies] == [3, 3]
    assert [len(kind) for kind in blocks.kinds] == [2]
    spread = fleets.fleet_of([fleets.component("a", 4, 20, spread={"max_skew": 1})])
    assert [len(kind) for kind in blocks_of(spread).kinds] == [2, 2, 2]


def test_dedicated_components_have_machines_of_their_own() -> None:
    """A dedicated component is packed beside nobody, although the flow sees no single machine."""
    components = [fleets.component("a", 5, 20, dedicated=True), fleets.component("b", 5, 20)]
    document = fleets.document(components)
    result = placement.solve(Problem(**document), "arc-flow", work=50, threads=1)
    assert result.packing is not None
    assert broken_rule(compile_fleet(Problem(**document)), result.packing) == ""


def test_machines_are_shared_out_within_quotas() -> None:
    """Pools that are paid for anyway come first; no pool gets more than its quota."""
    document = fleets.document([fleets.component("a", 4, 20)])
    for pool, limits in zip(document["pools"], ((0, 1), (0, 9), (2, 5), (0, 9), (0, 9), (0, 9)), strict=True):
        pool["min_instances"], pool["max_instances"] = limits
    fleet = compile_fleet(Problem(**document))
    blocks = blocks_of(fleet)
    supply = blocks.supplies[blocks.supply_of[0]]
    assert supply.fewest == 2
    assert supply.most == 15
    assert share_out(blocks, supply, 2) == [2, 2]
    assert sorted(share_out(blocks, supply, 9)) == [0, *[2] * 5, *[4] * 3]
    assert len(share_out(blocks, supply, 99)) == 15


def test_exchanges_relieve_an_overloaded_host() -> None:
    """Hungry copies on one machine and modest ones on another change places until both hosts hold."""
    rows = [
        {**fleets.component("hungry", 8, 20), "vcpus": 20},
        {**fleets.component("modest", 8, 20), "vcpus": 1},
    ]
    fleet = fleets.fleet_of(rows)
    shape = fleet.pools[0].shape
    hosts = [Host(0, shape, seats=[Seat(c, 0, (k,)) for k in range(8)]) for c in (0, 1)]
    balance = Balance(fleet, hosts, seed=0)
    assert balance.run(50)
    assert balance.exchanges >= 1
    for host in hosts:
        assert len(host.seats) == 8
        assert_holds(fleet, 0, tuple(host.seats))


def test_a_finer_grid_is_taken_where_it_pays() -> None:
    """Four needs of 20.4 GiB do not stand on 80 GiB; three and one of 18.7 do, on a grid fine enough to see it."""
    fleet = fleets.fleet_of([fleets.component("a", 6, 20.4), fleets.component("b", 2, 18.7)])
    coarse, fine = (Grids(blocks_of(fleet)).within(most)[0] for most in (1, 5_000))
    assert coarse.arcs <= fine.arcs
    assert fine.loss < coarse.loss
    size = [fine.size(component.options[0]) for component in fleet.components]
    assert size[0] is not None
    assert size[1] is not None
    assert 3 * size[0].weight + size[1].weight <= fine.capacity


def test_hosts_of_bin_packing_are_proven() -> None:
    """Few distinct needs and one type: the fewest machines, with proof, in a handful of nodes."""
    document = arc_fleets.hosts(40, 400, 1)
    result = placement.solve(Problem(**document), "arc-flow", time_limit=None, work=50, threads=1)
    assert result.status is Status.OPTIMAL
    assert result.packing is not None
    broken, _ = referee.referee_check(document, result.to_document())
    assert broken == []


def test_at_home_it_is_close_to_the_bound() -> None:
    """Twelve types and multi-accelerator copies: in one node much closer to the bound than best fit is."""
    document = arc_fleets.home(8, 1)
    result = placement.solve(Problem(**document), "arc-flow", time_limit=None, work=1, threads=1)
    plain = placement.solve(Problem(**document), "best-fit", work=1, threads=1)
    assert result.cost is not None
    assert result.bound is not None
    assert plain.cost is not None
    assert result.cost - result.bound < 0.5 * (plain.cost - result.bound)


def test_optional_copies_of_the_flow_are_not_given_up() -> None:
    """What the flow places of optional copies stands in the completed plan, rented for if need be."""
    rows = [{**fleets.component("a", 9, 60), "min_copies": 2}, fleets.component("b", 3, 15)]
    fleet = fleets.fleet_of(rows)
    solved = solve_program(fleet)
    assert solved is not None
    program, values = solved
    placed = program.placed(values)
    placed[0] = 9  # more than the flow has machines for
    budget = Budget(threads=1)
    plan = Completion(fleet, 0).run(decode(program, values), placed, budget, Track(fleet, budget))
    assert plan is not None
    assert evaluate(fleet, plan).left_out == (0,)


def test_running_machines_stand_still_and_every_rule_holds() -> None:
    """With running machines the program packs the rest; whatever it offers keeps every rule and costs no more."""
    solved = 0
    for seed in range(500, 514):
        document = strategies.random_problem(random.Random(seed), state=True)
        before = placement.solve(Problem(**document), "best-fit", work=2, threads=1)
        after = placement.solve(Problem(**document), "arc-flow", work=5, threads=1)
        if before.packing is None or after.packing is None:
            continue
        broken, _ = referee.referee_check(document, after.to_document())
        assert broken == []
        solved += 1
    assert solved > 4


def test_exchanges_need_room_on_the_accelerators() -> None:
    """The only copies whose exchange would relieve the host do not fit where the others stand: nothing moves."""
    rows = [
        {**fleets.component("hungry", 8, 20), "vcpus": 7},
        {**fleets.component("tall", 8, 60), "vcpus": 6, "memory_gib": 120},
        {**fleets.component("modest", 8, 70), "vcpus": 1},
        {"name": "filler", "copies": 1, "accelerators": 0, "memory_gib": 1020},
    ]
    fleet = fleets.fleet_of(rows)
    full = [Seat(c, 0, (k,)) for c in (0, 1) for k in range(8)]
    free = [*(Seat(2, 0, (k,)) for k in range(8)), Seat(3, 0, ())]
    balance = Balance(fleet, [Host(0, fleet.pools[0].shape, seats=seats) for seats in (full, free)], seed=0)
    assert not balance.run(50)
    assert balance.exchanges == 0


def test_what_no_exchange_can_save_is_taken_off() -> None:
    """Hosts that suffice in sum but not one by one: the decoded machines hold, and a copy is out."""
    rows = [{**fleets.component("a", 3, 40), "vcpus": 7}, {**fleets.component("b", 1, 40), "vcpus": 3}]
    fleet = fleets.fleet_of(rows)
    solved = solve_program(fleet)
    assert solved is not None
    packing = decode(*solved)
    assert len(packing.machines) == 2
    for machine in packing.machines:
        assert_holds(fleet, machine.pool, machine.seats)
    assert sum(count_of(packing).values()) == 3


def test_grids_stop_with_the_budget() -> None:
    """Each kind gets its coarsest grid when time is out, a finer one later, and no graph twice."""
    _, fleet = max(random_fleets(), key=lambda pair: len(pair[1].components))
    kinds = len(blocks_of(fleet).kinds)
    looks: list[int] = []

    def third() -> bool:
        looks.append(len(looks))
        return len(looks) > 2

    hurried, patient = Grids(blocks_of(fleet)), Grids(blocks_of(fleet))
    first = hurried.within(5_000, lambda: True)
    assert len(first) == kinds
    assert sum(grid.arcs for grid in first) <= sum(grid.arcs for grid in patient.within(5_000))
    hurried.within(5_000, third)
    assert len(looks) <= kinds + 2
    assert [grid.unit for grid in hurried.within(5_000)] == [grid.unit for grid in patient.within(5_000)]
    assert all(one is two for one, two in zip(hurried.within(5_000), hurried.within(5_000), strict=True))


class _Clock:
    """A budget that is over after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def __call__(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def test_decoding_heeds_the_budget() -> None:
    """Stopped after n looks at the clock, no more than n copies stand."""
    document = arc_fleets.home(12, 1)
    fleet = compile_fleet(Problem(**document))
    program = FlowProgram(blocks_of(fleet), Grids(blocks_of(fleet)).within(5_000))
    values = encode(program, plan_of(fleet, document))
    assert values is not None
    whole = sum(len(machine.seats) for machine in decode(program, values).machines)
    for looks in (0, 1, whole // 2):
        clock = _Clock(looks)
        stopped = decode(program, values, 0, clock)
        assert sum(len(machine.seats) for machine in stopped.machines) <= looks
        assert clock.looks >= -4 * len(program.blocks.kinds)
