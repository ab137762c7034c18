"""From a finished solve to its certificate: what is claimed, by the strongest argument that was found.

A certificate may claim less than the solve: then the rest has no argument that can be written down here.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from placement.certificates.names import PRICE_UNIT, Document
from placement.certificates.nodes import Nodes, shift
from placement.certificates.rules import priced_rules
from placement.certificates.search import ArgumentSearch
from placement.compiled.fleet import Fleet
from placement.compiled.packing import optional_copies
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import Prices
from placement.patterns.counts.bound import CountBound
from placement.patterns.group_bound import linear_bounds, needs_group_bound
from placement.patterns.left_out import LeftOutBound
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE
from placement.units import count, money

FORMAT = "placement-certificate/v1"
_TIME = SCHEDULE.certificate.claim


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and what it proves.

    Attributes
    ----------
    document : the certificate, `placement-certificate/v1`.
    claim : micro-dollars that no plan costs less than; None: that there is no plan.
    proven : what of that rests on no engine's word; None: all of it, that there is no plan.
    certain : whether it rests on no engine's word that no plan leaves out fewer optional copies.
    complete : whether all that the solve claimed is in it.
    """

    document: Document
    claim: Fraction | None
    proven: Fraction | None
    certain: bool
    complete: bool

    @property
    def leaves(self) -> Counter[str]:
        """How many leaves there are of each reason."""
        trees = [self.document["nodes"], *(part["nodes"] for part in self.document.get("left_out", ()))]
        return Counter(node["leaf"] for nodes in trees for node in nodes if "leaf" in node)

    def __str__(self) -> str:
        leaves = self.leaves
        engines = leaves.pop("engine", 0)
        reasons = [
            f"by {reason} ({count(n, 'leaf', 'leaves')})" for reason, n in sorted(leaves.items()) if reason != "empty"
        ]
        parts = [_claim(self.claim), *reasons]
        if engines:
            parts.append(f"{count(engines, 'leaf', 'leaves')} on an engine's word")
            without = [] if self.certain else ["nothing is known of how many optional copies can be placed"]
            if self.claim != self.proven:
                without.insert(0, _claim(self.proven))
            return f"{', '.join(parts)}; without that word {' and '.join(without)}"
        return ", ".join(parts)


def _claim(cost: Fraction | None) -> str:
    return "no plan exists" if cost is None else f"no plan costs less than {money(math.floor(cost), down=True)}"


def write_certificate(solve: Solve, *, infeasible_by: str | None) -> Certificate:
    """The certificate of what a solve has found, as far as its budget reaches.

    `solve`: one that has ended, within a budget of its own for what is still to be done.
    `infeasible_by`: the solver that proved that there is no plan; None where none did.
    """
    fleet, incumbent, given = solve.fleet, solve.incumbent, solve.left_out
    target = math.inf if infeasible_by is not None else incumbent.ticks_bound or 0
    by = infeasible_by or incumbent.bound_by
    found, rules = _argument(solve, target, by)
    document: Document = {"format": FORMAT, "problem": fleet.problem.name}
    claim, proven = (_cost(fleet, ticks) for ticks in (found.believed, found.proven))
    document["claim"] = {"infeasible": True} if claim is None else {"cost": [claim.numerator, claim.denominator]}
    if given is not None:
        document["within"] = found.names.within(given)
    if rules:
        document["rules"] = rules
    document |= {"unit": PRICE_UNIT, "prices": found.prices, "nodes": found.nodes}
    complete, certain = found.believed >= target, True
    for level, fewer in _fewer_left_out(fleet, given or (), incumbent.left_out_bound()):
        search = ArgumentSearch(fleet, _TIME.of(solve.budget), solve.seed, fewer, math.inf)
        found = search.strongest((), None, incumbent.left_out_by[level], prices=_prices_of_levels(solve))
        if math.isinf(found.believed):
            shift(found.nodes, len(document["prices"]))
            document["prices"] += found.prices
            document.setdefault("left_out", []).append({"within": search.names.within(fewer), "nodes": found.nodes})
        complete = complete and math.isinf(found.believed)
        certain = certain and math.isinf(found.proven)
    return Certificate(document, claim, proven, certain, complete)


def _argument(solve: Solve, target: float, by: str) -> tuple[Nodes, Document]:
    """The strongest argument, and the prices of rules that all of it is at; none where each leaf has its own.

    Limits and commitments are in the leaves. What moves cost, and what runs now beside commitments, is known at prices
    of the rules alone, which are the same for all leaves.
    """
    budget = _TIME.of(solve.budget)
    found = None if _needs_prices_of_all(solve.fleet, by_leaf=False) else _in_leaves(solve, target, by, budget)
    if found is None or (found.believed < target and _needs_prices_of_all(solve.fleet, by_leaf=True)):
        at_prices, rules = _at_prices(solve, target, by, budget)
        if found is None or at_prices.believed > found.believed:
            return at_prices, rules
    return found, {}


def _needs_prices_of_all(fleet: Fleet, *, by_leaf: bool) -> bool:
    """Whether prices of rules that hold for all leaves may prove more than those of each leaf, or all that there is."""
    if not needs_group_bound(fleet) or not any(fleet.running):
        return False
    return by_leaf or not (fleet.limits or fleet.commitments)


def _in_leaves(solve: Solve, target: float, by: str, budget: Budget) -> Nodes:
    """Limits and commitments as each leaf has them; the limit on moves is not used."""
    evidence, fleet = solve.incumbent.evidence, solve.fleet
    search = ArgumentSearch(fleet, budget, solve.seed, solve.left_out, target)
    known = [one for one in evidence if isinstance(one, PatternBound) and one.fleet is fleet]
    counted = [one for one in evidence if isinstance(one, CountBound) and one.relaxation.fleet is fleet]
    # Of the same items: a bound from before there was a plan knows the copies alone that must be placed.
    alike = [one.patterns for one in linear_bounds(solve) if (one.patterns.given is None) == (solve.left_out is None)]
    prices = [cut.prices for patterns in alike for cut in patterns.cuts if cut.prices]
    return search.strongest(known, solve.packing, by, list(dict.fromkeys(counted)), prices)


def _at_prices(solve: Solve, target: float, by: str, budget: Budget) -> tuple[Nodes, Document]:
    """The fleet at one price for each rule."""
    rules = priced_rules(solve.within(budget))
    search = ArgumentSearch(rules.fleet, budget, solve.seed, solve.left_out, target + rules.less)
    found = search.strongest(rules.known, solve.packing, "")  # an engine knows the whole, not the fleet at these prices
    found.take_off(rules.less)
    if found.believed < target:
        ArgumentSearch(solve.fleet, budget, solve.seed, solve.left_out, target).add_word(found, by)
    return found, rules.document


def _prices_of_levels(solve: Solve) -> list[Prices]:
    """Prices that bound what is left out at some level."""
    known = [one for one in solve.incumbent.evidence if isinstance(one, LeftOutBound)]
    return [one.prices for one in known if one.relaxation.fleet is solve.fleet and one.prices is not None]


def _fewer_left_out(
    fleet: Fleet, given: tuple[int, ...], proven: tuple[int, ...]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Limits on what is left out within which there is no plan, as far as that was proven: one fewer at each level.

    The last are of the first level at which some plan may leave out fewer than the best one.
    """
    most = optional_copies(fleet)
    for level, (n, least) in enumerate(zip(given, proven, strict=False)):
        if least:
            yield level, (*given[:level], least - 1, *most[level + 1 :])
        if n != least:
            return


def _cost(fleet: Fleet, ticks: float) -> Fraction | None:
    return None if math.isinf(ticks) else Fraction(int(ticks), fleet.tick_move)
