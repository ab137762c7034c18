"""The arguments that may prove a bound, from the cheapest on, each as the tree of a certificate.

What the solve's own pattern bounds know comes first. Where that does not reach the claim, inequalities of all nodes are
added up (`covering`), then a pattern bound is made anew, by prices alone, whose leaves an engine may decide, then one
with fleet mixes decided one by one; at last the word of the engine that proved it, on all of the problem.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from placement.bounds.infeasible import culprit
from placement.bounds.moves import least_move_ticks
from placement.certificates.cliques import CliquePrices, clique_cuts
from placement.certificates.covering import cover
from placement.certificates.names import CertificateNames, Document
from placement.certificates.nodes import Nodes
from placement.certificates.reasons import AnyPrices, Reason, Reasons
from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.packing import Packing, evaluate
from placement.direct.slots import direct_terms, most_new_machines
from placement.direct.standard_form import to_standard_form
from placement.errors import SolverBugError
from placement.patterns.bound import PatternBound
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import UNIT, Cut, Prices
from placement.patterns.counts.bound import CountBound
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.history import NodeCase
from placement.patterns.multiplicity import Multiplicity
from placement.patterns.running.kept_copies import KeptCopiesBound
from placement.solvers.column_generation.combinatorial_benders import CombinatorialBenders
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

NAME = "certificate"
_MOST_TERMS = 100_000  # of a program that is written out
_ENGINES = {"cp-sat": "CP-SAT", "milp": "HiGHS"}  # by the name of the solver whose word counts
_TIME = SCHEDULE.certificate.again
_MOST_NODES = 10_000  # of its tree
_MOST_DECIDED = 300  # leaves that an engine is asked about
_ALL_RULES = "all rules of the problem"


class ArgumentSearch:
    """The arguments for one claim: that no plan within `given` costs fewer than `target` ticks (infinite: no plan)."""

    def __init__(self, fleet: Fleet, budget: Budget, seed: int, given: tuple[int, ...] | None, target: float) -> None:
        """O(components x options x pools); `given` as in `Incumbent.raise_bound`."""
        self._fleet, self._budget, self._seed, self._given, self._target = fleet, budget, seed, given, target
        self._relaxation, self._groups = relax(fleet, given), groups_of(fleet)
        self._domain = any_domain(fleet, self._groups)
        self.names = CertificateNames(self._relaxation, self._groups)
        self._clique_cuts: list[tuple[Cut, CliquePrices]] | None = None
        self._others: list[tuple[Cut, Prices]] = []
        self._reasons = Reasons(self._relaxation, self._groups, Multiplicity(self._relaxation))

    def strongest(
        self,
        known: Iterable[PatternBound],
        incumbent: Packing | None,
        by: str,
        counted: Sequence[CountBound] = (),
        prices: Sequence[Prices] = (),
    ) -> Nodes:
        """The tree that proves most; the first that proves the claim without an engine.

        `known`: pattern bounds of the solve, of this fleet.
        `incumbent`: the best plan, which bounds what is of interest.
        `by`: the solver that proved the claim.
        `counted`: count programs of the solve, of this fleet.
        `prices`: others that are known, of fleets that differ in what machines cost alone.
        Raises SolverBugError: the incumbent costs less than what prices prove, or a plan found on the way less than
        what an engine did.
        """
        best: Nodes | None = None
        most = math.inf if incumbent is None else evaluate(self._fleet, incumbent).ticks
        self._others = [(self._reasons.cut(one, self._domain), one) for one in [one.alone() for one in prices]]
        for nodes in self._attempts(known, incumbent, by, counted):
            if nodes.proven > most:
                raise SolverBugError(f"prices prove {nodes.proven} ticks, and a plan costs {most}")
            if nodes.believed > most:  # the plan disproves an engine's word, which is not taken
                continue
            if best is None or (nodes.believed, nodes.proven) > (best.believed, best.proven):
                best = nodes
            if nodes.proven >= self._target:
                break
        return best or self._of_what_is_paid()

    def _attempts(
        self, known: Iterable[PatternBound], incumbent: Packing | None, by: str, counted: Sequence[CountBound]
    ) -> Iterator[Nodes]:
        if math.isinf(self._target):
            yield from self._by_counting()
        here = [bound for bound in known if bound.given == self._given]
        for bound in sorted(here, key=lambda bound: -bound.ticks):
            yield from self._of_bound(bound)
        if self._others:
            yield from self._together([], _TIME.of(self._budget))
        prices = [cut.prices for bound in here for cut in bound.cuts if cut.prices is not None]
        for counting in counted:
            yield from self._of_counts(counting, prices)
        is_counted = any(counting.given == self._given and counting.ticks >= self._target for counting in counted)
        by_price = not self._fleet.commitments  # what engines are asked of patterns knows machines at one price each
        for engines in (False, True) if by_price else (False,):
            if not self._budget.over() and not (is_counted and engines):
                yield from self._anew(incumbent, engines=engines, more=prices)
        if is_counted:  # once more, beside better prices
            for counting in counted:
                yield from self._of_counts(counting, prices)
            return
        yield from self._by_engine(by)

    def _by_counting(self) -> Iterator[Nodes]:
        """One component or pool shows that there is no plan."""
        found = culprit(self._fleet)
        if found is not None:
            nodes = self._empty()
            what = "component" if isinstance(found, FleetComponent) else "pool"
            nodes.add_leaf({"leaf": "counting", what: found.name}, math.inf)
            yield nodes

    def _of_bound(self, bound: PatternBound) -> Iterator[Nodes]:
        """What a pattern bound knows: of the state that runs, of its tree, of all its inequalities together."""
        if bound.kept_copies is not None and bound.kept_copies.prices is not None:
            yield from self._of_running(bound.kept_copies)
        root = bound.root or NodeCase(self._domain)
        nodes = self._empty()
        cuts: list[tuple[Cut, AnyPrices]] = [
            (cut, self._reasons.counted(cut.prices, ())) for cut in bound.cuts if cut.prices is not None
        ]
        of_root = [prices for _, prices in cuts if isinstance(prices, Prices)]
        if not nodes.add_tree(
            root, self._is_enough, lambda case: self._reason(case, of_root), self._target, self._budget
        ):
            return
        yield nodes
        if nodes.proven < self._target:
            yield from self._together(cuts, self._budget)

    def _together(self, cuts: Sequence[tuple[Cut, AnyPrices]], budget: Budget) -> Iterator[Nodes]:
        """All inequalities that are known, added up."""
        every: list[tuple[Cut, AnyPrices]] = [*self._others, *cuts, *self._cliques()]
        found = cover(self._reasons, every, self._domain, self._target, budget)
        if found is not None:
            nodes = self._empty()
            nodes.add_tree(found.root, lambda case: False, lambda case: found.reasons[id(case)], self._target)
            nodes.weak.clear()  # no nodes of the bound's tree, of which an engine may be asked
            yield nodes

    def _of_counts(self, counting: CountBound, prices: Sequence[Prices]) -> Iterator[Nodes]:
        """The word of an engine on a count program, beside what prices prove without it."""
        verdict = counting.verdict
        if verdict is None or counting.given != self._given:
            return
        known = [self._reasons.counted(one, ()) for one in prices]
        reason = self._reasons.best(known, self._domain, self._target, scaled=True)
        nodes = self._empty()
        nodes.add_reason(reason, self._target, verdict)
        yield nodes

    def _cliques(self) -> list[tuple[Cut, CliquePrices]]:
        """Inequalities of components that never share a machine; found once."""
        if self._clique_cuts is None:
            self._clique_cuts = list(clique_cuts(self._fleet, self._domain, self._budget))
        return self._clique_cuts

    def _is_enough(self, case: NodeCase) -> bool:
        """Whether prices of a case, or of one around it, are known to prove the claim there."""
        return any(self._reasons.ticks(Fraction(one.rent * UNIT)) >= self._target for one in case.chain())

    def _reason(self, case: NodeCase, of_root: Sequence[Prices]) -> Reason:
        """What prices prove of a case: those that prove most of it or of a case around it, then its own."""
        chain = [one for one in case.chain() if one.prices is not None]
        ordered = sorted(chain, key=lambda one: -one.rent)[:1] + chain[:1]
        prices = [one.prices for one in ordered if one.prices is not None]
        found = self._reasons.best(prices, case.domain, self._target)
        if case.around is None and found.ticks < self._target:  # the root, whose bound is that of a covering
            found = self._reasons.best([*prices, *of_root], case.domain, self._target, scaled=True)
        return found

    def _of_running(self, kept: KeptCopiesBound) -> Iterator[Nodes]:
        """Prices and rewards for copies that are kept, in the nodes of a tree of their own."""
        nodes = self._empty()
        if nodes.add_tree(kept.root, self._keeps_enough, _reason_of_kept, self._target, self._budget):
            nodes.weak.clear()  # no nodes of the bound's tree, of which an engine may be asked
            yield nodes

    def _keeps_enough(self, case: NodeCase) -> bool:
        return _reason_of_kept(case).ticks >= self._target

    def _anew(self, incumbent: Packing | None, *, engines: bool, more: list[Prices]) -> Iterator[Nodes]:
        """A pattern bound made for the certificate alone: by prices; with engines, fleet mixes one by one, too.

        Its prices are added to `more`.
        """
        ticks = 0 if incumbent is None else evaluate(self._fleet, incumbent).ticks
        gap = max(0.0, 1 - self._target / ticks) if ticks else 0.0
        solve = Solve.of(self._fleet, _TIME.of(self._budget).share(gap=gap), self._seed, incumbent)
        bound = PatternBound(solve, self._given, engines=engines)
        bound.run(nodes=_MOST_NODES)
        if engines and bound.ticks < self._target:
            CombinatorialBenders(solve, bound, NAME).run(_TIME.of(self._budget))
        more += [cut.prices for cut in bound.cuts if cut.prices is not None]
        if solve.incumbent.faults:
            raise SolverBugError(str(solve.incumbent.faults[0]))
        tree = self._empty()
        for nodes in self._of_bound(bound):
            yield nodes
            tree = nodes if nodes.weak else tree
        if not engines and not self._fleet.commitments and self._decide_leaves(bound, tree):
            yield from self._of_bound(bound)

    def _decide_leaves(self, bound: PatternBound, nodes: Nodes) -> bool:
        """Ask an engine about leaves that prices do not decide, where all patterns can be listed; all decided?"""
        budget = _TIME.of(self._budget)
        for case, reason in nodes.weak if len(nodes.weak) <= _MOST_DECIDED else ():
            prices = reason.use[0][0] if reason.use else None
            if budget.over() or not isinstance(prices, Prices) or not self._fleet.tick_price:
                return False
            rent = (int(reason.ticks) - least_move_ticks(self._fleet)) // self._fleet.tick_price
            case.verdict = bound.enumerate_patterns(case.domain, rent, prices, budget)
            if case.verdict is None or case.verdict.ticks < self._target:
                return False
        return bool(nodes.weak)

    def add_word(self, nodes: Nodes, by: str) -> None:
        """Where one leaf proves too little, the word of the engine that proved the claim, beside what prices prove."""
        (leaf, *others), words = nodes.nodes, list(self._by_engine(by))
        if words and not others and "use" in leaf and "infeasible" not in leaf:
            beside = {key: value for key, value in leaf.items() if key in ("use", "rules")}
            nodes.nodes[:] = [{**words[0].nodes[0], **beside}]
            nodes.believed = words[0].believed

    def _by_engine(self, by: str) -> Iterator[Nodes]:
        """The word of the engine that proved it, on the direct model of the whole problem."""
        engine = _ENGINES.get(by)
        ticks = None if math.isinf(self._target) else int(self._target)
        if engine is None or direct_terms(self._fleet, most_new_machines(self._fleet, ticks)) > _MOST_TERMS:
            return
        program = to_standard_form(self._fleet, None if ticks is None else ticks - 1, self._given or ())
        if program is None:
            return
        leaf: Document = {"leaf": "engine", "engine": engine, "says": "infeasible", "about": _ALL_RULES}
        if ticks is not None:
            cost = Fraction(ticks, self._fleet.tick_move)
            leaf |= {"at_least": [cost.numerator, cost.denominator], "about": f"{_ALL_RULES}, for plans that cost less"}
        nodes = self._empty()
        nodes.add_leaf({**leaf, "program": program}, self._target, engine=True)
        yield nodes

    def _of_what_is_paid(self) -> Nodes:
        """Machines that any plan pays for, and moves that none avoids: what holds without any search."""
        nodes = self._empty()
        nodes.add_reason(self._reasons.best((), self._domain, self._target), self._target)
        return nodes

    def _empty(self) -> Nodes:
        return Nodes(self.names, self._fleet.tick_move)


def _reason_of_kept(case: NodeCase) -> Reason:
    """The prices that prove most of a node with what runs: its own, or those of one around it."""
    best = max((one for one in case.chain() if one.prices is not None), key=lambda one: one.rent)
    return Reason(best.rent, (), running=best.prices)
