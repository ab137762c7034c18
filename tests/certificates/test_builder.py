"""Certificates that the library writes: the checker accepts each, and none claims more than the optimum."""

from __future__ import annotations

import itertools
import json
import random
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import highspy
import pytest
from typer.testing import CliRunner

import placement
from placement import check_certificate
from placement.certificates.covering import cover
from placement.certificates.reasons import Reasons
from placement.cli.app import app
from placement.compiled.fleet import compile_fleet
from placement.direct.standard_form import to_standard_form
from placement.engines.highs import EngineError, load_lp
from placement.engines.mps import MpsRow, to_mps
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import UNIT, Cut, Prices
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.multiplicity import Multiplicity
from placement.solving.budget import Budget
from tests import brute
from tests.corpus import seeds
from tests.fuzz.examine import faults_of
from tests.strategies import random_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from placement.certificates import Certificate
    from placement.certificates.covering import Cover
    from placement.solving.result import Result

Doc = dict[str, Any]
CODEGEN = "instances/codegen-after.yaml"


def certified(document: Doc, solver: str = "auto") -> tuple[Result, Certificate]:
    """A problem solved with fixed work, and its certificate."""
    result = placement.solve(placement.Problem(**document), solver, work=1, time_limit=None, certificate=True)
    return result, placement.certify(result, time_limit=None)


def proofs_of(document: Doc, certificate: Certificate) -> list[check_certificate.Proof]:
    """What the checker says of a certificate, once it was written and read."""
    return check_certificate.check(check_certificate.Problem(document), json.loads(json.dumps(certificate.document)))


def small_problems(seeds: range) -> Iterator[tuple[Doc, brute.Best | None]]:
    """Random problems with their optima."""
    for seed in seeds:
        document = random_problem(random.Random(seed))
        if not brute.too_big(document, 100_000):
            yield document, brute.cheapest(document)


@pytest.mark.parametrize("solver", ["auto", "column-generation", "cp-sat"])
@seeds(range(40), 3)
def test_the_checker_accepts_what_is_written_and_it_claims_no_more_than_is_true(seeds: range, solver: str) -> None:
    """Random problems against brute force: plans, levels, what runs, and none at all."""
    complete = 0
    for document, best in small_problems(seeds):
        result, certificate = certified(document, solver)
        proof, *levels = proofs_of(document, certificate)
        assert not proof.weak, document["name"]
        assert not any(level.weak for level in levels)
        if best is None:
            assert (certificate.claim is None) or result.status is placement.Status.UNKNOWN
            continue
        assert certificate.claim is not None
        assert proof.checked <= proof.told
        if result.status is placement.Status.OPTIMAL and certificate.complete:
            complete += 1
            assert round(certificate.claim) == result.cost == best.account.cost
            assert len(levels) == sum(n > 0 for n in best.left_out.values())
    assert complete >= len(seeds) / 2


@seeds(range(40), 4)
def test_most_proofs_of_small_problems_rest_on_no_engine(seeds: range) -> None:
    """Prices and counting are enough for most of them."""
    engines = total = 0
    for document, _ in small_problems(seeds):
        result, certificate = certified(document)
        if result.status in (placement.Status.OPTIMAL, placement.Status.INFEASIBLE):
            total += 1
            engines += certificate.leaves["engine"] > 0
    assert total >= 30 * len(seeds) / 40
    assert engines <= total / 4


@pytest.mark.slow
def test_codegen_is_proven_by_prices_alone() -> None:
    """The problem of the README: three machines, and no engine's word for it."""
    problem = placement.read(CODEGEN)
    result = placement.solve(problem, time_limit=None, certificate=True)
    certificate = placement.certify(result, time_limit=None)
    assert certificate.claim == certificate.proven == 123_290_000
    assert set(certificate.leaves) <= {"prices", "empty"}
    (proof,) = proofs_of(problem.to_document(), certificate)
    assert proof.checked == 123_290_000
    assert str(certificate).startswith("no plan costs less than $123.29, by prices (")


def test_copies_that_serve_a_demand_and_must_outlive_a_pool_are_proven_by_prices() -> None:
    """Prices of those elsewhere are written down too: without them spot alone would do, for three dollars."""
    document: Doc = {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 40}},
        "instance_types": {
            "t": {"accelerator": "A", "accelerator_count": 4, "vcpus": 32, "memory_gib": 256, "price_per_hour": 10}
        },
        "pools": [
            {"name": "spot", "instance_type": "t", "zone": "z", "price_per_hour": 1},
            {"name": "on-demand", "instance_type": "t", "zone": "z"},
        ],
        "components": [{"name": "c", "demand": 12, "throughput": 1, "min_available_on_pool_loss": 5, "on": ["A"]}],
    }
    result, certificate = certified(document)
    assert result.cost == certificate.proven == 22_000_000
    (proof,) = proofs_of(document, certificate)
    assert proof.checked == 22_000_000


def test_a_bound_of_someone_elses_plan_has_a_certificate_too() -> None:
    """The plan need not be optimal: the bound is what is proven."""
    problem = placement.read(CODEGEN)
    plan = placement.solve(problem, "ffd").plan
    result = placement.bound(problem, plan, time_limit=None, certificate=True)
    certificate = placement.certify(result, time_limit=None)
    assert certificate.complete
    (proof,) = proofs_of(problem.to_document(), certificate)
    assert not proof.weak
    assert round(proof.checked) == result.bound


def test_a_search_without_time_has_a_certificate_too() -> None:
    """It was refused as one that was never asked for."""
    problem = placement.read(CODEGEN)
    result = placement.solve(problem, time_limit=0, certificate=True)
    assert proofs_of(problem.to_document(), placement.certify(result, time_limit=0))


def test_a_result_must_keep_what_a_certificate_needs() -> None:
    """Nothing is kept unasked."""
    result = placement.solve(placement.read(CODEGEN), "ffd")
    with pytest.raises(placement.UsageError, match="certificate=True"):
        placement.certify(result)
    with pytest.raises(placement.UsageError, match="result must be"):
        placement.certify("result")  # type: ignore[arg-type]


# Engines' programs


def verdict(program: str, folder: Path) -> highspy.HighsModelStatus:
    """What HiGHS says of a program."""
    file = folder / "program.mps"
    file.write_text(program)
    solver = load_lp(highspy.HighsLp())
    assert solver.readModel(str(file)) == highspy.HighsStatus.kOk
    solver.run()
    return solver.getModelStatus()


def test_the_program_for_an_engine_has_a_solution_from_the_optimum_on(tmp_path: Path) -> None:
    """The direct model, written down: at the optimum there is a plan, below it none."""
    tried = 0
    for document, best in small_problems(range(60, 110)):
        if best is None or tried == 15:
            continue
        fleet = compile_fleet(placement.Problem(**document))
        given = tuple(best.left_out.values())
        ticks = round(Fraction(best.account.cost) * fleet.tick_move)
        programs = [to_standard_form(fleet, n, given) for n in (ticks + fleet.tick_move, ticks - fleet.tick_move)]
        if None in programs or ticks - fleet.tick_move < 0:
            continue
        tried += 1
        there, none = (verdict(program, tmp_path) for program in programs if program is not None)
        assert there == highspy.HighsModelStatus.kOptimal
        assert none == highspy.HighsModelStatus.kInfeasible
    assert tried == 15


def test_mps_is_read_as_it_was_meant(tmp_path: Path) -> None:
    """Ranges of columns, equations, rows of two sides, and numbers of many digits."""
    large = 2**40 + 1
    rows = [
        MpsRow(large, None, {0: large}),
        MpsRow(3, 4, {1: 2, 2: 1}),
        MpsRow(4, 4, {1: 1, 2: 1}),
        MpsRow(None, 9, {}),
    ]
    text = to_mps("small", [(0, 2 * large), (-2, 7), (0, 3)], rows)
    assert str(large) in text
    solver = load_lp(highspy.HighsLp())
    file = tmp_path / "small.mps"
    file.write_text(text)
    assert solver.readModel(str(file)) == highspy.HighsStatus.kOk
    lp = solver.getLp()
    assert list(lp.col_lower_) == [0, -2, 0]
    assert list(lp.col_upper_) == [2 * large, 7, 3]
    assert all(device_class == highspy.HighsVarType.kInteger for device_class in lp.integrality_)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible  # 2 x1 + x2 <= 4, x1 + x2 = 4, x2 <= 3


# Several inequalities at once


reached: list[float] = []  # what trees proved, the last one at the end


def covered(
    prices: list[int], cuts: list[tuple[list[int], int]], most: int, enough: int, commitments: Sequence[Doc] = ()
) -> Cover | None:
    """A covering tree over made-up inequalities on machines of as many pools as there are prices; None if too weak."""
    document: Doc = {
        "format": "placement/v1",
        "name": "covering",
        "instance_types": {
            f"t{p}": {"vcpus": 8, "memory_gib": 8, "price_per_hour": price / 1e6} for p, price in enumerate(prices)
        },
        "pools": [
            {"name": f"p{p}", "instance_type": f"t{p // 2}", "price_per_hour": price / 1e6, "zone": f"z{p % 2}"}
            | {"max_instances": most}
            for p, price in enumerate(prices)
        ],
        "components": [{"name": "c", "copies": 100, "accelerators": 0, "vcpus": 1}],
        "commitments": list(commitments),
    }
    fleet = compile_fleet(placement.Problem(**document))
    relaxation, groups = relax(fleet), groups_of(fleet)
    given = [(Cut(tuple(w * UNIT for w in dual_value), least * UNIT), Prices([], [])) for dual_value, least in cuts]
    reasons = Reasons(relaxation, groups, Multiplicity(relaxation))
    found = cover(reasons, given, any_domain(fleet, groups), enough, Budget())
    if found is not None:
        reached.append(found.ticks)
    return None if found is None or found.ticks < enough else found


def test_covering_proves_the_cheapest_whole_counts_and_no_more() -> None:
    """Against enumeration: the optimum is proven, and one more has no tree."""
    rng = random.Random(7)
    for _ in range(60):
        pools, most = rng.randint(2, 4), rng.randint(1, 4)
        prices = [rng.randint(1, 60) for _ in range(pools)]
        cuts = [([rng.randint(0, 9) for _ in range(pools)], rng.randint(1, 25)) for _ in range(rng.randint(1, 4))]
        costs = [
            sum(n * price for n, price in zip(counts, prices, strict=True))
            for counts in itertools.product(range(most + 1), repeat=pools)
            if all(sum(n * w for n, w in zip(counts, dual_value, strict=True)) >= least for dual_value, least in cuts)
        ]
        if not costs:
            assert covered(prices, cuts, most, 10**9) is not None  # no counts at all: any claim holds
            continue
        found = covered(prices, cuts, most, min(costs))
        assert found is not None
        assert not any(subject.copies for subject, _ in found.root.splits)
        assert covered(prices, cuts, most, min(costs) + 1) is None
        assert reached[-1] == min(costs)  # as much as there is


def test_covering_takes_off_what_each_of_several_commitments_pays() -> None:
    """Against enumeration: two free machines of two pools, and dollars of a third and of a fourth."""
    rng = random.Random(11)
    for _ in range(12):
        prices, dollars = [rng.randint(10, 60) for _ in range(4)], [rng.randint(10, 90) for _ in range(2)]
        cuts = [([rng.randint(2, 9) for _ in range(4)], rng.randint(12, 24)) for _ in range(2)]
        rows = [{"name": f"d{p}", "pools": [f"p{p}"], "price_per_hour": x / 1e6} for p, x in enumerate(dollars, 2)]
        rows.insert(rng.randint(0, 2), {"name": "free", "pools": ["p0", "p1"], "instances": 2})

        def cost(counts: tuple[int, ...], prices: list[int] = prices, dollars: list[int] = dollars) -> int:
            rented = sorted([prices[0]] * counts[0] + [prices[1]] * counts[1])[:-2]
            rows = zip(counts[2:], prices[2:], dollars, strict=True)
            return sum(rented) + sum(max(0, n * price - paid) for n, price, paid in rows)

        least = min(
            cost(counts)
            for counts in itertools.product(range(4), repeat=4)
            if all(sum(n * w for n, w in zip(counts, dual_value, strict=True)) >= least for dual_value, least in cuts)
        )
        assert covered(prices, cuts, 3, least, rows) is not None
        assert covered(prices, cuts, 3, least + 1, rows) is None


def test_covering_without_time_is_what_its_root_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of each of two: 2.5 machines at 20, which are three whole ones with time to split."""
    cuts = [([2, 1], 5)]
    assert covered([20, 20], cuts, 9, 60) is not None
    monkeypatch.setattr(Budget, "over", lambda _: True)
    assert covered([20, 20], cuts, 9, 60) is not None  # prices are whole twenties: rounded up
    assert covered([20, 21], cuts, 9, 60) is None
    assert reached[-1] == 50


def test_covering_passes_over_what_asks_for_nothing_and_gives_up_without_an_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An inequality that is always kept has no part in it."""
    assert covered([10], [([1], 0)], 2, 0) is not None  # no row at all
    assert reached[-1] == 0
    cuts = [([1, 1], 0), ([1, 1], 3)]
    assert covered([10, 20], cuts, 2, 40) is not None
    assert covered([10, 20], cuts, 2, 41) is None

    def fail(_: object) -> None:
        raise EngineError("Solve error")

    for outcome in (fail, lambda _: highspy.HighsModelStatus.kUnknown):
        monkeypatch.setattr("placement.engines.highs.run", outcome)
        assert covered([10, 20], cuts, 2, 40) is None
        assert covered([10, 20], cuts, 2, 1) is None


# The command


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and all that is printed."""
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_the_command_writes_a_certificate_beside_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Problem, plan and certificate as files; the checker takes them from there."""
    problem, plan, file = (str(tmp_path / name) for name in ("problem.json", "plan.json", "certificate.json"))
    placement.write(placement.read(CODEGEN).to_document(), problem)
    code, said = run("solve", problem, "--output", plan, "--certificate", file, "--time-limit", "600")
    assert code == 0
    assert "certificate: no plan costs less than $123.29, by prices" in said
    assert check_certificate.main([problem, file, plan]) == 0
    assert "123.290000" in capsys.readouterr().out
    assert run("bound", problem, plan, "--certificate", file)[0] == 0
    assert check_certificate.main([problem, file, plan]) == 0


@pytest.mark.parametrize("command", ["solve", "bound"])
def test_a_certificate_is_not_written_over_the_problem(command: str, tmp_path: Path) -> None:
    """Bad input, and the file stays."""
    file = tmp_path / "problem.json"
    placement.write(placement.read(CODEGEN).to_document(), file)
    before = file.read_bytes()
    code, said = run(command, str(file), "--certificate", str(file))
    assert code == 2
    assert "--certificate" in said
    assert file.read_bytes() == before


# Cliques


def test_components_that_never_share_a_machine_are_proven_by_prices_of_their_machines() -> None:
    """Forty components that avoid each other, one copy each; and a problem whose quota is too small for three."""
    document: Doc = {
        "format": "placement/v1",
        "name": "cliques",
        "accelerators": {"A": {"memory_gib": 80}},
        "instance_types": {
            "t": {"accelerator": "A", "accelerator_count": 8, "vcpus": 96, "memory_gib": 1000, "price_per_hour": 3.5}
        },
        "pools": [{"name": "p", "instance_type": "t", "zone": "z"}],
        "components": [
            {"name": f"c{k}", "copies": 1, "shared": True, "groups": ["g"], "avoid": ["group:g"]} for k in range(40)
        ],
    }
    result, certificate = certified(document)
    assert result.status is placement.Status.OPTIMAL
    assert certificate.claim == certificate.proven == 40 * 3_500_000
    assert not proofs_of(document, certificate)[0].weak
    document["pools"][0]["max_instances"] = 39
    result, certificate = certified(document)
    assert result.status is placement.Status.INFEASIBLE
    assert certificate.claim is None
    assert proofs_of(document, certificate)[0].checked == check_certificate.NO_PLAN


def test_prices_of_copies_that_a_node_does_not_limit_are_left_out() -> None:
    """A branch on copies leaves them a price, which counts only where their number has limits (found by fuzzing)."""
    machine = {"accelerator": "A", "accelerator_count": 3, "vcpus": 4, "memory_gib": 48, "price_per_hour": 0}
    wide = {"name": "c0", "accelerators": 3, "shared": True, "copies": 3, "min_available_on_zone_loss": 1}
    served = {"name": "c2", "accelerators": 2, "shared": True, "accelerator_share": 1, "throughput": 3, "demand": 6}
    document: Doc = {
        "format": "placement/v1",
        "name": "aggregates",
        "accelerators": {"A": {"memory_gib": 16}},
        "instance_types": {"t": machine},
        "pools": [
            {"name": "free", "instance_type": "t", "zone": "z0"},
            {"name": "spare", "instance_type": "t", "zone": "z1", "price_per_hour": 5.67},
        ],
        "components": [wide, {**served, "spread": {"max_skew": 1}}],
    }
    result, certificate = certified(document)
    assert result.cost == certificate.claim == 5_670_000
    assert not proofs_of(document, certificate)[0].weak


@pytest.mark.slow
def test_a_demand_is_rounded_as_all_throughputs_allow() -> None:
    """513 copies are needed, not 512.03: sums of throughput are multiples of what all throughputs are multiples of."""
    machine = {"vcpus": 0, "memory_gib": 0, "accelerator_count": 1}
    document = {
        "format": "placement/v1",
        "accelerators": {"S": {"memory_gib": 1}, "L": {"memory_gib": 1}},
        "instance_types": {
            "s": {**machine, "price_per_hour": 9, "accelerator": "S"},
            "l": {**machine, "price_per_hour": 2, "accelerator": "L"},
        },
        "pools": [
            {"name": "s-b", "instance_type": "s", "zone": "b"},
            {"name": "l-b", "instance_type": "l", "zone": "b"},
        ],
        "components": [{"name": "m", "throughput": 394531250000000, "demand": 2.0201e17}],
    }
    assert faults_of("certificate-bound", document, "1600:80872:certificate-bound") == []
