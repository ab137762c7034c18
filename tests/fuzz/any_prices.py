"""Any prices on a problem that is enumerated: what they prove is true, by the package and by the checker.

A solve comes to prices of its own alone. Here they are drawn, half of the time the same for all that is alike: then
sums come out even, and a bound that is too high by one machine shows.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from placement import check_certificate
from placement.check_certificate import NO_PLAN, Leaf, Refused, check
from placement.compiled.fleet import compile_fleet
from placement.documents import Problem
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import certify
from placement.patterns.formulation import relax
from tests import brute
from tests.certificates.writing import (
    certificate,
    prices_of,
    random_clique,
    random_prices,
    random_tree,
    rules_of,
    withins,
)
from tests.fuzz.judges import Fault, signature
from tests.fuzz.runs import describe
from tests.fuzz.scenarios import MOST_STEPS, ScenarioRun
from tests.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.check_certificate import Proof
    from placement.patterns.certificate import Prices
    from placement.patterns.formulation import Relaxation
    from tests.brute import Survey
    from tests.fuzz.families import Draw
    from tests.fuzz.paths import Path
    from tests.reading import Doc

_TIMES = 4  # prices drawn, for each limit on copies left out
_LEAF: Doc = {"leaf": "prices", "use": [[0, 1, 1]]}


def run_any_prices(path: Path, doc: Doc, draw: Draw) -> ScenarioRun:
    """Draw prices, rules' prices and trees of a problem, and hold what they prove against all plans."""
    del path
    if brute.size(doc) > MOST_STEPS:
        return ScenarioRun("not asked", False, [])
    try:
        return ScenarioRun("proved", True, list(_faults(doc, draw, brute.survey(doc))))
    except Exception as error:
        told = describe(error)
        return ScenarioRun("raised", True, [Fault(f"raised {signature(told)}", told)])


def _faults(doc: Doc, draw: Draw, survey: Survey) -> Iterator[Fault]:
    fleet, checked = compile_fleet(Problem(**doc)), check_certificate.Problem(doc)
    for given, within in withins(fleet, survey.best):
        relaxation, groups = relax(fleet, given), groups_of(fleet)
        written: list[Doc] = []
        for _ in range(_TIMES):
            prices = random_prices(draw, relaxation, groups)
            if draw.chance(50):
                make_alike(relaxation, prices)
            written.append(prices_of(relaxation, prices, groups))
            if survey.best is not None:
                yield from _of_plan(doc, survey.best.plan, checked, relaxation, prices, written[-1], within)
            dearest = 1 + max((pool.price for pool in fleet.pools), default=0)
            leaf = {**_LEAF, "rules": rules_of(draw, doc, dearest)}
            made = certificate(doc, written[-1:], [leaf], {"cost": [0, 1]}, within)
            yield from _of_proof("prices", checked, made, survey, within)
        three = [random_clique(draw, doc), *written[:2]] if doc["components"] else []
        if three:
            made = certificate(doc, three, random_tree(draw, doc, [1, 2]), {"cost": [0, 1]}, within)
            made["rules"] = rules_of(draw, doc, dearest)
            yield from _of_proof("a tree", checked, made, survey, within)


def make_alike(relaxation: Relaxation, prices: Prices) -> None:
    """The same price for the same need, and for an accelerator, on all machines."""
    same: dict[object, int] = {}
    for device_class in relaxation.device_classes:
        q = device_class.index
        prices.capacity[q] = same.setdefault("own", prices.capacity[q])
        for i, item in enumerate(device_class.items):
            prices.coverage[q][i] = same.setdefault(item, prices.coverage[q][i])
    for p, r in prices.volume:
        prices.volume[p, r] = same.setdefault(("volume", r), prices.volume[p, r])


def _of_plan(
    doc: Doc,
    plan: Doc,
    checked: check_certificate.Problem,
    relaxation: Relaxation,
    prices: Prices,
    written: Doc,
    within: Doc,
) -> Iterator[Fault]:
    """Whether the machines of the best plan are worth what its copies are."""
    reading, used = Reading(doc), Counter(row["pool"] for row in plan["instances"])
    paid = {name: max(used[name], pool.get("min_instances", 0)) for name, pool in reading.pools.items()}
    ends = {
        s: (0, relaxation.fleet.components[relaxation.modes[relaxation.aggregates[s][0]].component].copies)
        for s in prices.aggregates
    }
    slack = certify(relaxation, prices, aggregates=ends).slack(tuple(paid[p.name] for p in relaxation.fleet.pools))
    if slack < 0:
        yield Fault("an inequality of the package breaks a plan", f"by {-slack}, of machines {paid}")
    try:
        worth, least = check_certificate.Prices(written, checked).inequality(
            Leaf(checked, {}, {int(level): n for level, n in within.items()})
        )
    except Refused:
        return
    if sum(worth[name] * n for name, n in paid.items()) < least:
        yield Fault("an inequality of the checker breaks a plan", f"{worth} are to be {least}, of machines {paid}")


def _of_proof(what: str, checked: check_certificate.Problem, made: Doc, survey: Survey, within: Doc) -> Iterator[Fault]:
    """Whether what a certificate proves is true; one that is refused proves nothing."""
    try:
        proof: Proof = check(checked, made)[0]
    except Refused:
        return
    least = survey.least_cost(tuple(within[str(p)] for p in survey.priorities) if within else None)
    if least is not None and proof.checked == NO_PLAN:
        yield Fault(f"{what} deny a plan", f"leaving out at most {within}, one costs {least}")
    elif least is not None and proof.checked > least + 0.5:
        yield Fault(f"{what} prove too much", f"{proof.checked}; a plan costs {least}, leaving out at most {within}")
