"""The checker believes nothing: what it proves is never above the optimum, whatever a certificate says."""

from __future__ import annotations

import copy
import itertools
import json
import math
import random
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem, check_certificate, documents
from placement.bounds.moves import least_moves
from placement.check_certificate import MALFORMED, NO_PLAN, Refused, check
from placement.compiled.fleet import compile_fleet
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import FINE, SCALE, capacity_values, certify
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.running.seat_contents import by_place, fill_seats
from placement.patterns.running.state import RunningState
from placement.recheck_program import Program, ask_cp_sat, recheck
from tests import brute
from tests.certificates.cases import CASES, machine, problem
from tests.certificates.writing import certificate, prices_of, random_clique, random_prices, random_tree, withins
from tests.corpus import first, seeds
from tests.strategies import random_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.check_certificate import Proof
    from placement.compiled.fleet import Fleet

Doc = dict[str, Any]
SCRIPT = Path(check_certificate.__file__)
MOVES = (0.01, 0.5, 2, 5, 20, 100, 1e5)  # dollars a move


def proof_of(document: Doc, made: Doc) -> Proof:
    """What a certificate proves of a problem."""
    return check(check_certificate.Problem(document), made)[0]


def refused(document: Doc, made: Doc) -> bool:
    """Whether a certificate is refused."""
    try:
        return bool(proof_of(document, made).weak)
    except MALFORMED:
        return True


# Certificates made by hand


@pytest.mark.parametrize("name", CASES)
def test_a_certificate_proves_the_optimum_and_not_a_micro_dollar_more(name: str) -> None:
    document, _, optimum = case = CASES[name]
    proof = proof_of(document, case.claiming(optimum))
    assert not proof.weak
    assert proof.checked == (NO_PLAN if optimum is None else optimum)
    if optimum is not None:
        assert refused(document, case.claiming(optimum + 1))
        assert refused(document, case.claiming(None))


@pytest.mark.parametrize("name", sorted(set(CASES) - {"within"}))
def test_the_optimum_of_a_case_is_that_of_brute_force(name: str) -> None:
    best = brute.cheapest(CASES[name].problem)
    assert (None if best is None else best.account.cost) == CASES[name].optimum


def test_components_that_may_share_a_machine_are_no_clique() -> None:
    """Every pair is looked at."""
    case = CASES["cliques"]
    for row in range(4):
        document = copy.deepcopy(case.problem)
        for key in ("avoid", "dedicated"):
            document["components"][row].pop(key, None)
        if document != case.problem:
            with pytest.raises(Refused, match="may share a machine"):
                proof_of(document, case.claiming(7_000_000))
    named = copy.deepcopy(case.problem)
    named["components"][3]["name"] = "group:g"  # a name that looks like a group is none
    made = case.claiming(7_000_000)
    made["prices"] = [{"clique": [["n", 1], ["group:g", 1]]}]
    named["components"][1]["avoid"], named["components"][3]["avoid"] = ["group:g"], []
    with pytest.raises(Refused, match="may share a machine"):
        proof_of(named, made)


def test_fewer_copies_left_out_is_a_tree_of_its_own() -> None:
    """With room for two of three, no plan leaves out none; which the tree for 0 says, and that for 1 can't."""
    case = CASES["within"]
    document = copy.deepcopy(case.problem)
    document["pools"][0]["max_instances"] = 2
    tree = {"nodes": [{"leaf": "prices", "use": [[0, 1, 1]], "infeasible": True}]}
    for limit, good in ((0, True), (1, False)):
        made = {**case.claiming(2_000_000), "left_out": [{"within": {"0": limit}, **tree}]}
        proofs = check(check_certificate.Problem(document), made)
        assert not proofs[0].weak
        assert (not proofs[1].weak) is good
        assert (proofs[1].checked == NO_PLAN) is good


def test_a_reward_shared_by_two_accelerators_is_rounded_up() -> None:
    """A move of 500,001 micro-dollars and a machine are cheapest; half a reward rounded down would claim one more."""
    wide = {"accelerators": 2, "accelerator_memory_gib": 2, "shared": True}
    running: Doc = {"instances": [{"id": i, "pool": "a"} for i in ("i", "j")]}
    running |= {"placements": [{"component": "m", "instance": i, "accelerators": [0, 1]} for i in ("i", "j")]}
    running |= {"objective": {"move_cost": 0.500001}}
    document = problem("halves", {"a": machine(2)}, [{"name": "m", "copies": 2, **wide}], **running)
    node = {"leaf": "running", "prices": 0, "rewards": [["m", 500_001]]}
    prices = {"accelerators": [{"pools": ["a"], "copies": [[[2048, 0, 0, 0], 375_000]]}]}
    made = {**CASES["running"].claiming(2_500_000), "problem": "halves", "prices": [prices], "nodes": [node]}
    best = brute.cheapest(document)
    assert best is not None
    assert best.account.cost == 2_500_001
    assert proof_of(document, made).checked == 2_500_000


# Whatever the prices


def drawn(seed: int, *, running: bool = False) -> tuple[Doc, Fleet, brute.Best | None] | None:
    """A random problem with its optimum, if that is soon found; with `running`, one where moves cost anything."""
    rng = random.Random(seed)
    document = random_problem(rng)
    if brute.too_big(document, 200_000) or (running and not document.get("placements")):
        return None
    if running:
        document["objective"] = {"move_cost": rng.choice(MOVES), "horizon_hours": rng.choice((0.25, 1, 1.7, 24))}
        if rng.random() < 0.8:
            for row in document["components"]:
                row.pop("move_cost", None)
    return document, compile_fleet(Problem(**document)), brute.cheapest(document)


def test_the_problem_is_compiled_as_the_package_does() -> None:
    """Written anew, and yet the same: modes, copies, zones, machines, moves."""
    for seed in range(150):
        document = random_problem(random.Random(seed))
        fleet, compiled = compile_fleet(Problem(**document)), check_certificate.Problem(document)
        moves = compiled.moves
        for c, n in zip(fleet.components, least_moves(fleet), strict=True):
            mine = compiled.components[c.name]
            modes = {(o.index, fleet.pools[p].name) for o in c.options for p in o.pools}
            assert (mine.copies, mine.required, moves[c.name], set(mine.mode_of)) == (c.copies, c.required, n, modes)
            assert len(mine.zones) == len(c.eligible_zones)
        for pool in fleet.pools:
            low, high = compiled.ranges[pool.name]
            assert low == fleet.fewest(pool.index)
            assert pool.max_instances is None or high <= pool.max_instances


@seeds(range(300), 20)
def test_no_prices_prove_more_than_the_optimum_nor_less_than_the_package(seeds: range) -> None:
    proven = tight = 0
    for seed in seeds:
        case = drawn(seed)
        if case is None:
            continue
        document, fleet, best = case
        compiled, rng = check_certificate.Problem(document), random.Random(seed)
        for given, within in withins(fleet, best):
            relaxation, groups = relax(fleet, given), groups_of(fleet)
            for _ in range(3):
                prices = random_prices(rng, relaxation, groups)
                made = certificate(document, [prices_of(relaxation, prices, groups)], [LEAF], {"cost": [0, 1]}, within)
                ends = {
                    s: (0, fleet.components[relaxation.modes[relaxation.aggregates[s][0]].component].copies)
                    for s in prices.aggregates
                }
                cut = certify(relaxation, prices, aggregates=ends)
                mine = check_certificate.Prices(made["prices"][0], compiled)
                limits = {int(level): n for level, n in within.items()}
                dual_value, least = mine.inequality(check_certificate.Leaf(compiled, {}, limits))
                assert all(dual_value[p.name] <= w for p, w in zip(fleet.pools, cut.coefficients, strict=True)), seed
                assert least >= cut.least or tuple(dual_value.values()) != cut.coefficients, seed
                proof = check(compiled, made)[0]
                if best is not None:
                    assert round(proof.checked) <= best.account.cost, seed
                    proven += proof.checked > 0
                    tight += round(proof.checked) == best.account.cost
    assert proven > 150 * len(seeds) / 300
    assert tight > 50 * len(seeds) / 300


LEAF: Doc = {"leaf": "prices", "use": [[0, 1, 1]]}


@seeds(range(20_000, 20_500), 120)
def test_no_prices_and_rewards_prove_more_than_the_optimum_with_what_runs(seeds: range) -> None:
    proven = tight = 0
    for seed in seeds:
        case = drawn(seed, running=True)
        if case is None or case[2] is None:
            continue
        document, fleet, best = case
        assert best is not None
        compiled, rng = check_certificate.Problem(document), random.Random(seed)
        for given, within in withins(fleet, best):
            relaxation = relax(fleet, given)
            running_state = RunningState(relaxation)
            prices = random_prices(rng, relaxation, ())
            prices.aggregates = {}
            rewards = [
                math.floor(rng.choice((0, rng.random(), 1)) * math.floor(m * SCALE)) for m in running_state.money
            ]
            named = [[c.name, r * FINE] for c, r in zip(fleet.components, rewards, strict=True)]
            node = {"leaf": "running", "prices": 0, "rewards": named}
            made = certificate(document, [prices_of(relaxation, prices)], [node], {"cost": [0, 1]}, within)
            proof = check(compiled, made)[0]
            assert round(proof.checked) <= best.account.cost, seed
            proven += proof.checked > 0
            tight += round(proof.checked) == best.account.cost
            # Of the table's 64 bits.
            if max((abs(price) for row in prices.coverage for price in row), default=0) < 2**58:
                capacity = capacity_values(relaxation, prices)
                seats, _ = fill_seats(running_state, prices, by_place(fleet, rewards), capacity)
                prices.rewards = rewards
                bound = running_state.bound(prices, capacity, seats, any_domain(fleet))
                exact = fleet.tick_price * bound / fleet.tick_move
                assert proof.checked >= exact, seed  # all of it: a cost is a multiple of what rents and moves are
    assert proven > 100 * len(seeds) / 500
    assert tight > 8 * len(seeds) / 500


@seeds(range(100, 500), 200)
def test_no_tree_proves_more_than_the_optimum(seeds: range) -> None:
    """A plan is in some leaf, and no leaf says more than is true of its plans."""
    proven = impossible = 0
    for seed in seeds:
        case = drawn(seed)
        if case is None:
            continue
        document, fleet, best = case
        compiled, rng = check_certificate.Problem(document), random.Random(seed)
        for given, within in withins(fleet, best):
            relaxation, groups = relax(fleet, given), groups_of(fleet)
            prices = [prices_of(relaxation, random_prices(rng, relaxation, groups), groups) for _ in range(2)]
            prices.insert(rng.randint(0, 2), random_clique(rng, document))
            nodes = random_tree(rng, document, [k for k, row in enumerate(prices) if "clique" not in row])
            made = certificate(document, prices, nodes, {"cost": [0, 1]}, within)
            proof = check(compiled, made)[0]
            impossible += proof.checked == NO_PLAN
            if best is not None:
                assert proof.checked != NO_PLAN, seed
                assert round(proof.checked) <= best.account.cost, seed
                proven += proof.checked > 0
    assert proven > len(seeds) // 7
    assert impossible > len(seeds) // 400


@seeds(range(20_000, 20_500), 100)
def test_no_tree_with_what_runs_proves_more_than_the_optimum(seeds: range) -> None:
    """A plan is in some leaf, and no leaf says more than is true of its plans, machines that run among them."""
    proven = branched = 0
    for seed in seeds:
        case = drawn(seed, running=True)
        if case is None or case[2] is None:
            continue
        document, fleet, best = case
        assert best is not None
        compiled, rng = check_certificate.Problem(document), random.Random(seed)
        for given, within in withins(fleet, best):
            relaxation, groups = relax(fleet, given), groups_of(fleet)
            prices = [prices_of(relaxation, random_prices(rng, relaxation, groups), groups) for _ in range(3)]
            most = {
                c.name: math.floor(m * SCALE) * FINE
                for c, m in zip(fleet.components, RunningState(relaxation).money, strict=True)
            }
            nodes = random_tree(rng, document, [0, 1, 2], most)
            made = certificate(document, prices, nodes, {"cost": [0, 1]}, within)
            proof = check(compiled, made)[0]
            assert round(proof.checked) <= best.account.cost, seed
            proven += proof.checked > 0
            branched += len(nodes) > 1 and proof.checked > 0
    assert proven > len(seeds) / 8
    assert branched > len(seeds) / 20


# Damage


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in a document."""
    if path:
        yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a path."""
    for key in path:
        document = document[key]
    return document


def changed(document: Doc, path: tuple[Any, ...], value: Any) -> Doc:
    """A copy with something else at a path; `...` drops the key. What is not on the way there is shared."""
    copied = here = copy.copy(document)
    *above, last = path
    for key in above:
        here[key] = copy.copy(here[key])
        here = here[key]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return copied


def damages(made: Doc) -> Iterator[Doc]:
    """Every number one more, one less and far off; every key dropped; every row doubled; leaves swapped."""
    for path in places(made):
        value = at(made, path)
        if type(value) is int and path[0] not in ("claim", "within"):
            for other in (value - 1, value + 1, -value, 2 * value, value * 10**30, 0):
                yield changed(made, path, other)
        if path[0] in ("prices", "nodes"):
            yield changed(made, path, ...)
        if path[0] == "prices" and isinstance(value, list) and value:
            yield changed(made, path, [*value, value[0]])
    leaves = [k for k, node in enumerate(made["nodes"]) if "leaf" in node]
    for k, other in itertools.combinations(leaves, 2):
        yield changed(changed(made, ("nodes", k), made["nodes"][other]), ("nodes", other), made["nodes"][k])


@pytest.mark.parametrize("name", first(CASES, 6))
def test_damage_never_proves_more_than_the_optimum(name: str) -> None:
    """Whatever is changed in a certificate that claims too much by a micro-dollar, it is refused."""
    document, _, optimum = case = CASES[name]
    if optimum is None:
        document = {
            **document,
            "components": [{**row, "copies": 1, "accelerators": 1} for row in document["components"]],
        }
        for row in document["components"]:
            row.pop("min_available_on_zone_loss", None)
    weaker = 0
    for made in damages(case.claiming(None if optimum is None else optimum + 1)):
        assert refused(document, made), made
        made["claim"] = case.claiming(optimum)["claim"]
        weaker += refused(document, made)
    assert weaker > 3


@seeds(range(30), 8)
def test_damage_to_what_the_library_writes_proves_nothing_false(seeds: range) -> None:
    """Certificates of random problems, changed at random places: what is checked then is never above the optimum."""
    looked_at = weaker = 0
    for seed in seeds:
        case = drawn(seed)
        if case is None or case[2] is None:
            continue
        document, _, best = case
        assert best is not None
        result = placement.solve(Problem(**document), work=1, time_limit=None, certificate=True)
        made = json.loads(json.dumps(placement.certify(result, time_limit=None).document))
        compiled = check_certificate.Problem(document)
        whole = check(compiled, made)[0].checked
        changes = list(damages(made))
        for changed_one in random.Random(seed).sample(changes, min(40, len(changes))):
            try:
                checked = check(compiled, changed_one)[0].checked
            except MALFORMED:
                continue
            looked_at += 1
            weaker += checked < whole
            assert checked != NO_PLAN, seed
            assert round(checked) <= best.account.cost, seed
    assert looked_at > 250 * len(seeds) / 30
    assert weaker > 50 * len(seeds) / 30


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("one class", ("prices", 0, "accelerators", 0, "copies", 0, 1)),
        ("machines", ("nodes", 0, "at_most")),
        ("machines", ("nodes", 1, "use", 0, 0)),
        ("copies", ("nodes", 0, "at_most")),
        ("copies", ("prices", 0, "copies", 0, 1)),
        ("repeated", ("nodes", 0, "at_most")),
        ("sets", ("nodes", 0, "at_most")),
        ("sets", ("prices", 1, "machines", 0, 1)),
        ("running", ("nodes", 0, "rewards", 0, 1)),
        ("within", ("within", "0")),
        ("demand", ("prices", 0, "accelerators", 0, "copies", 0, 0, 0)),
        ("dedicated", ("prices", 0, "accelerators", 0, "own")),
        ("zones", ("prices", 0, "accelerators", 1, "copies", 0, 1)),
    ],
)
def test_a_number_that_matters_can_not_be_changed(name: str, path: tuple[Any, ...]) -> None:
    """Of these numbers one step in one direction at least costs the proof; rounding up of rents forgives some."""
    document, _, optimum = case = CASES[name]
    made = case.claiming(optimum)
    value = at(made, path)
    wrong = [value + step for step in (1, -1, HALF, -HALF) if refused(document, changed(made, path, value + step))]
    assert wrong


HALF = 500_000
STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**70, -(10**50), 0.5, 1.0, 1e300, float("nan"), float("inf")),
    *("", "a", "m", "0", "\u202e\x1b[2J", [], [[]], [1, 1], [[1, 1, 1]], {}, {"a": 1}, [None] * 3),
    *([["m", 1]], [0, 0], [[0, 1, 0]], [[0.0, 1, 1]], [[True, 1, 1]]),
)


@pytest.mark.parametrize("name", first(CASES, 3))
def test_any_value_anywhere_gives_a_sentence(name: str) -> None:
    """No other error than a refusal comes out of a document, whatever stands in it; and nothing false is proven."""
    document, _, optimum = case = CASES[name]
    made = case.claiming(None if optimum is None else optimum + 1)
    compiled = check_certificate.Problem(document)
    refusals = []
    for path, value in itertools.product(places(made), STRANGE):
        try:
            proof = check(compiled, changed(made, path, value))[0]
            assert proof.weak or optimum is None or path[0] in ("claim", "within")
        except MALFORMED as error:
            refusals.append(str(error))
    assert len(refusals) > 100
    for path, value in itertools.product(places(document), STRANGE):
        try:
            check(check_certificate.Problem(changed(document, path, value)), made)
        except MALFORMED as error:
            refusals.append(str(error))
    assert all(sentence.isprintable() for sentence in refusals)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"budget": 3}, "keys not covered: .'budget'"),
        ({"format": "placement/v2"}, "placement/v1"),
    ],
)
def test_problems_that_are_not_covered_are_refused(change: Doc, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        check_certificate.Problem({**CASES["one class"].problem, **change})


@pytest.mark.parametrize(
    ("rows", "demand", "copies"),
    [
        ({"min_copies": 0}, 0, 0),
        ({"min_copies": 0, "min_available_on_zone_loss": 2}, 0, 0),
        ({}, Fraction(1, 4), 1),
        ({"min_copies": 2}, Fraction(1, 4), 2),
    ],
)
def test_a_demand_within_the_hair_asks_for_no_copy(rows: Doc, demand: Fraction, copies: int) -> None:
    line = {"name": "m", "demand": 1e-9, "throughput": 0.25, "accelerators": 0, **rows}
    component = check_certificate.Problem({**CASES["one class"].problem, "components": [line]}).components["m"]
    assert (component.demand, component.copies) == (demand, copies)


@pytest.mark.parametrize(("pinned", "demand", "copies"), [(False, 0, 0), (True, 1, 5)])
def test_a_demand_within_the_hair_of_copies_that_run(*, pinned: bool, demand: int, copies: int) -> None:
    """A pinned copy stays, and a floor may ask for others."""
    case = CASES["running"].problem
    line = {"name": "m", "demand": 1e-9, "throughput": 1, "min_copies": 0, "min_available_on_zone_loss": 2}
    rows = [{**row, "pinned": pinned} for row in case["placements"]]
    component = check_certificate.Problem({**case, "components": [line], "placements": rows}).components["m"]
    assert (component.demand, component.copies) == (Fraction(demand), copies)


def test_what_only_restricts_is_allowed() -> None:
    """`limits`, `max_moves` and loss floors leave fewer plans, so bounds hold without them."""
    document = {**CASES["one class"].problem, "limits": [{"name": "x", "pools": ["a"], "max_instances": 9}]}
    document["objective"] = {"max_moves": 3}
    assert not refused(document, CASES["one class"].claiming(3_000_000))


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        ([], "no nodes"),
        ([{"leaf": "empty"}, {"leaf": "empty"}], "node 1 can't be followed: it is the child of no node"),
        ([{"split": {"machines": ["a"]}, "at_most": 1, "below": 0, "above": 1}, {"leaf": "empty"}], "0 is no node"),
        ([{"split": {"machines": ["a"]}, "at_most": 1, "below": 1, "above": 1}, {"leaf": "empty"}], "1 is no node"),
        ([{"split": {"machines": ["a", "a"]}, "at_most": 1, "below": 1, "above": 2}], "each but once"),
        ([{"split": {"machines": ["x"]}, "at_most": 1, "below": 1, "above": 2}], "no pool 'x'"),
        (
            [{"split": {"time": ["x"]}, "at_most": 1, "below": 1, "above": 2}],
            "can't be followed: KeyError.'time'",
        ),
        ([{"split": {"machines": ["a"]}, "at_most": 1.0, "below": 1, "above": 2}], "1.0 should be a whole number"),
        ([{"leaf": "magic"}], "no reason is called 'magic'"),
        ([{"leaf": "prices", "use": [[0, 0, 1]]}], "0 should be a whole number, at least 1"),
        ([{"leaf": "prices", "use": [[0, 1, 0]]}], "0 should be a whole number, at least 1"),
        ([{"leaf": "prices", "use": [[0, True, 1]]}], "True should be a whole number"),
        ([{"leaf": "prices", "use": [[7, 1, 1]]}], "index out of range"),
    ],
)
def test_what_is_no_tree_is_refused(nodes: list[Doc], sentence: str) -> None:
    case = CASES["one class"]
    with pytest.raises(Refused, match=sentence):
        proof_of(case.problem, {**case.claiming(1), "nodes": nodes})


# An engine's word


def program(*bounds: str, side: int = 5) -> str:
    """2 x + 4 y = side, in free MPS."""
    rows = ["NAME p", "ROWS", " N free", " E r", "COLUMNS", " M 'MARKER' 'INTORG'", " x r 2", " y r 4"]
    ends = [
        "RHS",
        f" rhs r {side}",
        "BOUNDS",
        *(bounds or (" UP b x 9", " LO b x 0", " UP b y 9", " LO b y 0")),
        "ENDATA",
    ]
    return "\n".join([*rows, " M 'MARKER' 'INTEND'", *ends])


def told(engine: str = "CP-SAT 9.15", text: str | None = None, **more: Any) -> Doc:
    """A certificate that rests on an engine's word."""
    leaf: Doc = {
        "leaf": "engine",
        "engine": engine,
        "says": "infeasible",
        "program": text or program(),
        "about": "a plan",
    }
    leaf["at_least"] = [3_000_000, 1]
    return {**CASES["one class"].claiming(3_000_000), "nodes": [{**leaf, **more}]}


def run(tmp_path: Path, made: Any, *flags: str, plan: Doc | None = None, script: Path = SCRIPT) -> tuple[int, str]:
    """The command on files: exit status, and all that it says."""
    documents = {"problem.json": CASES["one class"].problem, "certificate.json": made}
    documents |= {} if plan is None else {"plan.json": plan}
    for name, document in documents.items():
        (tmp_path / name).write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    files = [str(tmp_path / name) for name in documents]
    done = subprocess.run([sys.executable, str(script), *files, *flags], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_an_engines_word_is_told_apart(tmp_path: Path) -> None:
    code, said = run(tmp_path, told())
    assert code == 0
    assert "checked without any engine: 0.000000 dollars" in said
    assert "with the word of engines: 3.000000 dollars" in said
    assert "1 engine" in said
    code, said = run(tmp_path, told(), "--strict")
    assert code == 1
    assert "node 0 rests on the word of one engine" in said


def test_a_word_below_the_claim_is_not_enough(tmp_path: Path) -> None:
    assert run(tmp_path, told(at_least=[2_999_999, 1]))[0] == 1
    assert run(tmp_path, told(at_least=[3_000_000, 1]))[0] == 0


@pytest.mark.parametrize("engine", ["CP-SAT 9.15", "HiGHS 1.12"])
def test_another_engine_is_asked(tmp_path: Path, engine: str) -> None:
    code, said = run(tmp_path, told(engine), "--recheck", "--strict")
    assert (code, f"confirmed: {'HiGHS' if engine.startswith('CP') else 'CP-SAT'}" in said) == (0, True)
    assert "Copyright" not in said
    code, said = run(tmp_path, told(engine, program(side=6)), "--recheck")
    assert (code, "contradicted" in said) == (1, True)


@pytest.mark.parametrize("engine", ["CP-SAT 9.15", "HiGHS 1.12"])
@pytest.mark.parametrize(
    "text",
    [
        program(" UP b x 9"),  # a column without ends
        program().replace(" 4", " 4.5"),
        program().replace("RHS", "RANGES"),
        program(side=10**40),  # which no engine holds
        "x",
    ],
)
def test_what_no_engine_can_be_asked_is_not_decided(engine: str, text: str) -> None:
    assert recheck(engine, text).startswith("not decided: ")


def test_bug_columns_that_are_alike_do_not_end_the_recheck() -> None:
    """OR-Tools 9.15 aborts in its presolve of these rows, where `a` and `b` are alike, unless told not to."""
    sum_of_a_b = ("E", 0, {"a": 1, "b": 1, "y": -1, "z": -1})
    alike = [("L", 3, {"x": 1, each: 3}) for each in "ab"]
    asked = Program(
        {**dict.fromkeys("xyz", (0, 2)), **dict.fromkeys("ab", (0, 1))},
        [sum_of_a_b, *alike, ("E", 2, dict.fromkeys("xyz", 1))],
    )
    found = ask_cp_sat(asked)
    assert found
    assert asked.kept(found)


# The command


def test_the_command_in_a_process(tmp_path: Path) -> None:
    good = CASES["one class"].claiming(3_000_000)
    assert run(tmp_path, good)[0] == 0
    code, said = run(tmp_path, CASES["one class"].claiming(3_000_001))
    assert code == 1
    assert "node 0 (prices) proves 3.000000 dollars, which is less than the claim" in said
    assert run(tmp_path, "{}")[1].endswith("refused: there is no key 'format'\n")
    for text in ("", "{", "[" * 100_000, '{"a": 1, "a": 2}', "1" * 5000):
        code, said = run(tmp_path, text)
        assert (code, "can not be read" in said) == (2, True)
    assert run(tmp_path, good, "--what")[0] == 2
    assert run(tmp_path, [])[0] == 1


def test_a_plan_is_held_beside_the_bound(tmp_path: Path) -> None:
    good = CASES["one class"].claiming(3_000_000)
    rows = [{"component": "m"}] * 5
    assert "no plan is cheaper" in run(tmp_path, good, plan={"cost": 3, "assignments": rows})[1]
    assert "a gap of 25.0000%" in run(tmp_path, good, plan={"cost": 4, "assignments": rows})[1]
    code, said = run(tmp_path, good, plan={"cost": 2, "assignments": rows})
    assert (code, "is below that of any plan" in said) == (1, True)
    code, said = run(tmp_path, good, plan={"status": "infeasible", "assignments": []})
    assert (code, said.splitlines()[-1]) == (0, "the file holds no plan")
    for plan in ({"cost": "3"}, {"cost": 3}, {"cost": 3, "assignments": [3]}, {"cost": -3, "assignments": []}):
        assert run(tmp_path, good, plan=plan)[0] == 1


def test_the_command_as_a_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its exit status for two files or three, with and without flags."""
    rows = [{"component": "m"}] * 5
    documents = {
        "problem": CASES["one class"].problem,
        "good": CASES["one class"].claiming(3_000_000),
        "bad": CASES["one class"].claiming(3_000_001),
        "word": told(),
        "same": {"cost": 3, "assignments": rows},
        "dearer": {"cost": 4, "assignments": rows},
        "cheaper": {"cost": 2, "assignments": rows},
        "none": {"status": "infeasible", "assignments": []},
        "odd": {"cost": -3, "assignments": []},
    }
    for name, document in documents.items():
        (tmp_path / name).write_text(json.dumps(document), "utf-8")

    def said(*words: str) -> tuple[int, str]:
        arguments = [word if word.startswith("--") else str(tmp_path / word) for word in words]
        return check_certificate.main(arguments), capsys.readouterr().out

    assert said("problem", "good")[0] == said("problem", "good", "--strict")[0] == 0
    assert said("problem", "bad")[0] == 1
    assert (said("problem", "word")[0], said("problem", "word", "--strict")[0]) == (0, 1)
    for plan, code, sentence in (
        ("same", 0, "the plan costs 3.000000 dollars: no plan is cheaper"),
        ("dearer", 0, "the plan costs 4.000000 dollars: a gap of 25.0000%"),
        ("cheaper", 1, "the plan's cost of 2.000000 dollars is below that of any plan"),
        ("none", 0, "the file holds no plan"),
        ("odd", 1, "refused"),
        ("absent", 2, "can not be read"),
    ):
        status, text = said("problem", "good", plan)
        assert (status, sentence in text) == (code, True)
    for words in ((), ("problem",), ("problem", "good", "same", "same"), ("problem", "good", "--what")):
        status, text = said(*words)
        assert (status, text.strip()) == (2, (check_certificate.__doc__ or "").strip())


def test_the_script_works_alone(tmp_path: Path) -> None:
    """Copied anywhere, it needs nothing of the package."""
    alone = tmp_path / "elsewhere.py"
    alone.write_text(SCRIPT.read_text("utf-8"), "utf-8")
    assert run(tmp_path, CASES["one class"].claiming(3_000_000), script=alone)[0] == 0


def test_a_fine_grid_takes_no_time() -> None:
    """Tables stay small, whatever unit a certificate asks for."""
    document = problem("fine", {"a": machine(1)}, CASES["one class"].problem["components"])
    made = {**CASES["one class"].claiming(3_000_000), "problem": "fine"}
    for grid in ([[0, 1, 10**40]], [[d, 1, 10**9] for d in range(4)], [[0, 1, 1]] * 10**5, []):
        proof = proof_of(document, changed(made, ("prices", 0, "accelerators", 0, "grid"), grid))
        assert Fraction(proof.checked) == (3_000_000 if grid else 0)


def test_the_small_certificate_of_the_page(tmp_path: Path) -> None:
    """The page's command says what the page says that it says."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "maths" / "certificates.md").read_text("utf-8")
    document, made = (json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "fleet.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "cert.json").write_text(json.dumps(made), "utf-8")
    (tmp_path / "plan.json").write_text(json.dumps({"cost": 3, "assignments": [{"component": "m"}] * 5}), "utf-8")
    command = [sys.executable, str(SCRIPT), "fleet.json", "cert.json", "plan.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    said = page.split("check_certificate fleet.json cert.json plan.json\n")[1].split("```")[0]
    assert done.stdout.strip() == said.strip()


def test_every_key_of_a_problem_is_known_or_refused_on_purpose() -> None:
    """A key that the documents get must be thought about: does it allow plans, or make them cheaper?"""
    rows = (documents.Problem, documents.Accelerator, documents.InstanceType, documents.Reserved, documents.Pool)
    others = (documents.Component, documents.Option, documents.Spread, documents.Instance, documents.Placement)
    keys = {key for row in (*rows, *others, documents.Objective) for key in row.model_fields}
    assert not keys - set(check_certificate.KEYS)
