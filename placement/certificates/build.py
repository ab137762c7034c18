"""From a finished solve to its certificate: the cheapest argument that proves what was claimed.

What the solve's own pattern bounds know is written down first. Where that does not reach the claim, inequalities of all
boxes are added up (`covering`), then a pattern bound is made anew with fleet mixes decided one by one; what then still
rests on an engine alone is said so, with the program that the engine decided. A certificate may claim less than the
solve: then the rest has no argument that can be written down here.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from placement.bounds.infeasible import culprit
from placement.bounds.moves import least_move_ticks
from placement.bounds.patterns.bound import PatternBound
from placement.bounds.patterns.certificate import FINE
from placement.bounds.patterns.history import Case
from placement.bounds.patterns.mix import any_box
from placement.bounds.patterns.relaxation import relax
from placement.bounds.patterns.stacking import Stacking
from placement.bounds.patterns.tree import groups_of
from placement.certificates.covering import cover
from placement.certificates.names import PRICE_UNIT, Names
from placement.certificates.nodes import Nodes
from placement.certificates.reasons import Reasons
from placement.exact.milp.standard_form import to_standard_form
from placement.exact.mix_by_mix import MixByMix
from placement.exact.slots import direct_terms, most_new_machines
from placement.fleet import Component
from placement.track import Track
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.bounds.patterns.certificate import Cut, Prices
    from placement.budget import Budget
    from placement.certificates.reasons import Reason
    from placement.fleet import Fleet

    Document = dict[str, Any]

FORMAT = "placement-certificate/v1"
NAME = "certificate"
_MOST_TERMS = 100_000  # of a program that is written out
_ENGINES = {"cp-sat": "CP-SAT", "milp": "HiGHS"}  # by the name of the solver whose word counts
_SHARE = 0.5  # of the time left, for each pattern bound that is made anew, and for what engines decide then
_MOST_NODES = 10_000  # of its tree
_MOST_DECIDED = 300  # leaves that an engine is asked about


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and what it proves.

    Attributes
    ----------
    document : the certificate, `placement-certificate/v1`.
    claim : micro-dollars that no plan costs less than; None: that there is no plan.
    proven : what of that rests on no engine's word; None: all of it, that there is no plan.
    complete : whether `claim` is all that the solve claimed.
    """

    document: Document
    claim: Fraction | None
    proven: Fraction | None
    complete: bool

    @property
    def leaves(self) -> Counter[str]:
        """How many leaves there are of each reason."""
        return Counter(node["leaf"] for node in self.document["nodes"] if "leaf" in node)

    def __str__(self) -> str:
        """One line for a person."""
        leaves = self.leaves
        engines = leaves.pop("engine", 0)
        reasons = ", ".join(f"by {reason} ({_count(n)})" for reason, n in sorted(leaves.items()) if reason != "empty")
        word = f"{_count(engines)} on an engine's word" if engines else ""
        said = ", ".join(part for part in (reasons, word) if part)
        line = f"{_claim(self.claim)}, {said}" if said else _claim(self.claim)
        return f"{line}; without that word: {_claim(self.proven)}" if engines else line


def _claim(cost: Fraction | None) -> str:
    return "no plan exists" if cost is None else f"no plan costs less than ${float(cost / MICRO):,.2f}"


def _count(leaves: int) -> str:
    return f"{leaves} leaf" if leaves == 1 else f"{leaves} leaves"


def certify_track(fleet: Fleet, track: Track, *, infeasible: bool, budget: Budget, seed: int = 0) -> Certificate:
    """The certificate of what a track holds at the end of a solve, as far as the budget reaches.

    Parameters
    ----------
    infeasible : whether the solve said that there is no plan.
    """
    search = _Search(fleet, track, budget, seed, math.inf if infeasible else track.ticks_bound or 0)
    best = max(search.attempts(), key=lambda nodes: (nodes.believed, nodes.proven))
    return search.write(best)


class _Search:
    """The arguments that may prove a claim, `target` ticks (infinite: no plan), one after the other."""

    def __init__(self, fleet: Fleet, track: Track, budget: Budget, seed: int, target: float) -> None:
        self._fleet, self._track, self._budget, self._seed, self._target = fleet, track, budget, seed, target
        best = track.best
        self._given = best[1].left_out if best is not None and fleet.levels else None
        relaxation, groups = relax(fleet, self._given), groups_of(fleet)
        self._relaxation, self._groups = relaxation, groups
        self._names = Names(relaxation, groups)
        self._reasons = Reasons(relaxation, groups, Stacking(relaxation))

    def attempts(self) -> Iterator[Nodes]:
        """The tree of each argument, until one proves the claim without an engine."""
        for nodes in self._all():
            yield nodes
            if nodes.proven >= self._target:
                return

    def _all(self) -> Iterator[Nodes]:
        if math.isinf(self._target):
            yield from self._by_counting()
        known = [one for one in self._track.evidence if isinstance(one, PatternBound)]
        known = [one for one in known if one.fleet is self._fleet and one.given == self._given]
        for bound in sorted(known, key=lambda one: -one.ticks):
            yield from self._of_bound(bound)
        for engines in (False, True):
            if not self._budget.over():
                yield from self._anew(engines=engines)
        yield from self._by_engine()
        yield self._of_what_is_paid()

    def _by_counting(self) -> Iterator[Nodes]:
        """One component or pool shows that there is no plan."""
        found = culprit(self._fleet)
        if found is not None:
            nodes = self._empty()
            what = "component" if isinstance(found, Component) else "pool"
            nodes.add_leaf({"leaf": "counting", what: found.name}, math.inf)
            yield nodes

    def _of_bound(self, bound: PatternBound) -> Iterator[Nodes]:
        """What a pattern bound knows: of the state that runs, of its tree, of all its inequalities together."""
        box = any_box(self._fleet, self._groups)
        if bound.keeping is not None and bound.keeping.proof is not None:
            yield self._of_running(*bound.keeping.proof, bound.keeping.bound)
        root = bound.root or Case(box)
        nodes = self._empty()
        cuts = [cut for cut in bound.cuts if cut.prices is not None]
        nodes.add_tree(root, lambda case: self._reason(case, cuts), self._target)
        yield nodes
        if nodes.proven < self._target and len(cuts) > 1:
            found = cover(self._relaxation, self._groups, cuts, box, self._target, self._reasons, self._budget)
            if found is not None:
                nodes = self._empty()
                nodes.add_tree(found.root, lambda case: found.reasons[id(case)], self._target)
                yield nodes

    def _reason(self, case: Case, cuts: Sequence[Cut]) -> Reason:
        """What prices prove of a case: its own, or those of cases around it; of the root all others, too."""
        chain: list[Prices] = []
        around: Case | None = case
        while around is not None:
            if around.prices is not None:
                chain.append(around.prices)
            around = around.around
        if case.around is None:
            chain += [cut.prices for cut in cuts if cut.prices is not None]
        return self._reasons.best(chain, case.box, self._target)

    def _of_running(self, prices: Prices, rewards: Sequence[int], bound: Fraction) -> Nodes:
        """Prices and rewards for copies that are kept, at the root."""
        nodes = self._empty()
        components = self._fleet.components
        leaf = {
            "leaf": "running",
            "prices": nodes.number_of(prices),
            "rewards": [[components[c].name, reward * FINE] for c, reward in enumerate(rewards) if reward],
        }
        nodes.add_leaf(leaf, math.ceil(self._fleet.tick_price * bound))
        return nodes

    def _anew(self, *, engines: bool) -> Iterator[Nodes]:
        """A pattern bound made for the certificate alone: by prices; with engines, fleet mixes one by one, too."""
        best, budget = self._track.best, self._budget.share(_SHARE)
        if best is not None and not math.isinf(self._target) and best[1].ticks:
            budget.gap = max(0.0, 1 - self._target / best[1].ticks)
        track = Track(self._fleet, budget)
        if best is not None:
            track.offer(best[0], NAME)
        bound = PatternBound(self._fleet, budget, self._given, self._seed, engines=engines)
        bound.run(track, nodes=_MOST_NODES)
        if engines and bound.ticks < self._target:
            MixByMix(self._fleet, track, bound, self._seed, NAME).run(self._budget.share(_SHARE))
        nodes = Nodes(self._names, self._fleet.tick_move)
        for nodes in self._of_bound(bound):
            yield nodes
        if not engines and self._decide_leaves(bound, nodes, track):
            yield from self._of_bound(bound)

    def _decide_leaves(self, bound: PatternBound, nodes: Nodes, track: Track) -> bool:
        """Ask an engine about leaves that prices do not decide, where all patterns can be listed; all decided?"""
        budget = self._budget.share(_SHARE)
        for case, reason in nodes.weak if len(nodes.weak) <= _MOST_DECIDED else ():
            if budget.over() or not reason.use:
                return False
            rent = (int(reason.ticks) - least_move_ticks(self._fleet)) // self._fleet.tick_price
            case.verdict = bound.enumerate_patterns(case.box, rent, reason.use[0][0], track, budget)
            if case.verdict is None or case.verdict.ticks < self._target:
                return False
        return bool(nodes.weak)

    def _by_engine(self) -> Iterator[Nodes]:
        """The word of the engine that proved it, on the direct model of the whole problem."""
        engine = _ENGINES.get(self._track.bound_by)
        if engine is None or math.isinf(self._target):
            return
        ticks = int(self._target)
        if direct_terms(self._fleet, most_new_machines(self._fleet, ticks)) > _MOST_TERMS:
            return
        program = to_standard_form(self._fleet, ticks - 1, self._given or ())
        if program is None:
            return
        nodes = self._empty()
        cost = Fraction(ticks, self._fleet.tick_move)
        leaf = {
            "leaf": "engine",
            "engine": engine,
            "says": "infeasible",
            "at_least": [cost.numerator, cost.denominator],
            "about": "all rules of the problem, for plans that cost less than that",
            "program": program,
        }
        nodes.add_leaf(leaf, ticks, engine=True)
        yield nodes

    def _of_what_is_paid(self) -> Nodes:
        """Machines that any plan pays for, and moves that none avoids: what holds without any search."""
        nodes = self._empty()
        box = any_box(self._fleet, self._groups)
        nodes.add_tree(Case(box), lambda case: self._reasons.best((), case.box, self._target), self._target)
        return nodes

    def _empty(self) -> Nodes:
        return Nodes(self._names, self._fleet.tick_move)

    def write(self, nodes: Nodes) -> Certificate:
        """The document with the strongest claim that the tree supports."""
        claim, proven = (self._cost(ticks) for ticks in (nodes.believed, nodes.proven))
        document: Document = {"format": FORMAT, "problem": self._fleet.problem.name}
        document["claim"] = {"infeasible": True} if claim is None else {"cost": [claim.numerator, claim.denominator]}
        if self._given is not None:
            document["within"] = self._names.within(self._given)
        document |= {"unit": PRICE_UNIT, "prices": nodes.prices, "nodes": nodes.nodes}
        return Certificate(document, claim, proven, complete=nodes.believed >= self._target)

    def _cost(self, ticks: float) -> Fraction | None:
        return None if math.isinf(ticks) else Fraction(int(ticks), self._fleet.tick_move)
