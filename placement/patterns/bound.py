"""The pattern bound: prices by column generation, then whole machines by branching on their counts.

1. Solve the LP by column generation (Gilmore and Gomory 1961). Prices of any round are a bound, so it rises as they get
   better.
2. Branch on machine counts and on counts of wide copies (`branch_and_price`), generating columns in every node. When it
   ends, the bound is that of whole machines and whole wide copies over all patterns.
3. Find the cheapest machine counts that keep the cuts of all nodes, and add cuts while these counts can't hold all
   copies.

Where copies run and moves cost something, the LP is solved once more after step 1, with the machines that run and the
copies that they may keep (`running`), and has a tree of its own before that of step 2, which knows nothing of them. The
greater bound counts.

Whatever stops it, the last bound stands.
"""

import math
from collections.abc import Callable
from functools import partial

from placement.bounds.cutoff import cutoff_below
from placement.bounds.infeasible import why_infeasible
from placement.bounds.instant import raise_instant_bounds
from placement.bounds.moves import least_move_ticks
from placement.compiled.packing import Packing
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.patterns.benders import MixSeparation
from placement.patterns.branch_and_price import Relaxed, Tree, groups_of, is_whole
from placement.patterns.certificate import Cut, NodeDomain, Prices, certify, domain_bound
from placement.patterns.columns import PatternColumns
from placement.patterns.counts.bound import TOO_FEW, raise_count_bound
from placement.patterns.covering import CoveringMix, any_domain, cheapest_mix
from placement.patterns.enumeration.nodes import NodeEnumeration
from placement.patterns.formulation import RELAXES, RELAXES_BRANCHED, RELAXES_BY_MIX, RELAXES_KEPT, Relaxation, relax
from placement.patterns.history import EngineVerdict, NodeCase
from placement.patterns.left_out import LeftOutBound, raise_left_out_bounds
from placement.patterns.master import Pattern, PatternProgram, PatternSolution
from placement.patterns.one_place import begin_in_one_place
from placement.patterns.parameters import PatternBoundParameters as _PARAMS
from placement.patterns.parameters import RootParameters
from placement.patterns.root import RootPrices
from placement.patterns.running.kept_copies import KeptCopiesBound
from placement.patterns.running.state import RunningState
from placement.patterns.size import TOO_LARGE, may_build
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE
from placement.units import MICRO

Stats = dict[str, int | float | str]

NAME = "patterns"
NAME_KEPT = "patterns-keeping"
BOUND = "bound"
TOO_SMALL = "no machine counts within the quotas and limits can hold the copies as their rules ask"
_NOISE = 1e-6  # dollars an hour: a dual value this near to nothing may have either sign
_TIME = SCHEDULE.column_generation.bound


def raise_bounds(solve: Solve, *, hint: Packing | None = None) -> Outcome:
    """Bounds alone, cheapest first, for the plan `hint` or for any plan."""
    return after_instant_bounds(solve, hint, partial(_raise_pattern_bound, hint=hint))


def after_instant_bounds(
    solve: Solve, hint: Packing | None, raise_more: Callable[[Solve, Stats], str | None]
) -> Outcome:
    """Bounds that need no relaxation, then those of `raise_more`, which says why there is no plan where that shows."""
    budget = solve.budget
    stats: Stats = {}
    if hint is not None:
        solve.incumbent.offer(hint, "given")
    reason = why_infeasible(solve.fleet, budget)
    if reason is not None and hint is None:
        return Outcome(BOUND, Stop.PROVED, infeasible=True, reason=reason)
    raise_instant_bounds(solve)
    if not may_build(solve.fleet, budget):
        return Outcome(BOUND, Stop.TIME, reason=TOO_LARGE)
    raise_left_out_bounds(_TIME.left_out.within(solve))
    reason = raise_more(solve, stats)
    if reason is not None and hint is None:
        return Outcome(BOUND, Stop.PROVED, infeasible=True, reason=reason, stats=stats)
    if budget.over():
        return Outcome(BOUND, Stop.INTERRUPTED if budget.interrupted else Stop.TIME, stats=stats)
    return Outcome(BOUND, Stop.PROVED if solve.incumbent.proved else Stop.DONE, stats=stats)


def _raise_pattern_bound(solve: Solve, stats: Stats, hint: Packing | None) -> str | None:
    left_out = solve.left_out
    patterns = PatternBound(solve, left_out)
    if solve.fleet.has_demand:
        *_, counting = raise_count_bound(solve, patterns.relaxation)
        if counting.infeasible and left_out is None and hint is None:
            return TOO_FEW
    patterns.run()
    stats.update(columns=len(patterns.patterns), rounds=patterns.rounds)
    stats.update(nodes=patterns.nodes, programs=patterns.programs)
    return TOO_SMALL if patterns.infeasible and left_out is None else None


class _News:
    """When a bound last rose enough to be news."""

    def __init__(self, budget: Budget, patience: float) -> None:
        self._budget, self._patience = budget, patience
        self._bound, self._since = 0, budget.clock()

    def late(self, bound: int) -> bool:
        """Whether the last news are longer ago than the patience lasts."""
        if bound > self._bound * _PARAMS.rise:
            self._bound, self._since = bound, self._budget.clock()
        return self._budget.clock() - self._since > self._patience


class PatternBound:
    """The bound of one fleet while it grows. `cuts` and `cheap_machines` are of use to whoever looks for a plan.

    So is `machine_values`, by pool what a machine is worth at the prices of the root, or its price where that is more:
    empty when there was no time to solve its LP.
    """

    def __init__(self, solve: Solve, given: tuple[int, ...] | None = None, *, engines: bool = True) -> None:
        """Build the relaxation; `given` as in `Incumbent.raise_bound`. Without `engines` all is proven by prices."""
        fleet = solve.fleet
        self._solve, self._incumbent = solve, solve.incumbent
        self.fleet = fleet
        self.relaxation: Relaxation = relax(fleet, given)
        self.cuts: list[Cut] = []
        self._machines: tuple[int, ...] | None = None
        self.bound = 0  # micro-dollars per hour of all machines
        self._moves = least_move_ticks(fleet)
        self.cutoff: int | None = None  # ticks, of plans in the machine counts that were left out
        self.kept_copies: KeptCopiesBound | None = None  # where what runs now has a say
        self.infeasible = False
        self._node_rounds = 0
        self._engines = engines
        self.given = given
        self.machine_values: list[float] = []
        self.nodes = 0
        self.groups = groups_of(fleet)
        self.tree: Tree | None = None
        self._relaxes = RELAXES
        self._program = PatternProgram(self.relaxation, self.groups, rules=True, joined=True)
        self._columns = PatternColumns(self.relaxation, self._program, solve.seed)
        self._enumeration = NodeEnumeration(self.relaxation, self.groups, self._columns.multiplicity)
        self._root_prices = RootPrices(self.relaxation, self._program, self._columns, self.groups)

    @property
    def ticks(self) -> int:
        """No plan within `given` costs fewer: machines, and the moves that no plan avoids.

        Machine counts that were left out hold no plan below the cutoff of then: of dearer ones nothing is said.
        """
        ticks = self.fleet.tick_price * self.bound + self._moves
        if self.cutoff is not None:
            ticks = self.cutoff if self.tree is not None and self.tree.exhausted else min(ticks, self.cutoff)
        return ticks if self.kept_copies is None else max(ticks, self.kept_copies.ticks)

    @property
    def rounds(self) -> int:
        """Of column generation, at the root and in the nodes of the tree."""
        return self._root_prices.rounds + self._node_rounds

    @property
    def prices(self) -> Prices | None:
        """The best of the root so far."""
        return self._root_prices.prices

    @property
    def lacks(self) -> float:
        """By which part of the root's LP value its best prices prove less; infinite before it is solved."""
        return self._root_prices.lacks

    @property
    def patterns(self) -> list[Pattern]:
        """All that were generated so far."""
        return list(self._program.patterns)

    def add_patterns(self, packing: Packing | None, times: int) -> None:
        """More patterns: those of a plan, and so many of each device class at the prices of the root, of some items."""
        if packing is not None:
            self._columns.add_packing(packing)
        if self.prices is not None:
            self._columns.add_some(self.prices, times)

    def useful_patterns(self) -> list[Pattern]:
        """Those that may stand in a cheap plan: worth nearly as much as their accelerator at the root's last duals.

        Others were found at prices far from these, or in nodes of the tree; in the LPs of a dive they take time, a
        quarter of it where there are most, and lead away from what is cheap. Items alone are kept. The prices of the
        best bound would not do: before the root has converged they are far from what its own columns are worth.

        Where accelerators are worth nothing, as there are more than host memory or vCPUs are for, so are patterns.
        """
        duals = self._root_prices.duals
        if duals is None:
            return self.patterns
        items, capacity = duals.items, self._program.rows.capacity
        least = [(1 - _PARAMS.useful) * duals.rows[row] - _NOISE for row in capacity]
        return [
            (q, pattern)
            for q, pattern in self.patterns
            if len(pattern) == 1 or sum(items[q][i] * times for i, times in pattern) >= least[q]
        ]

    def cheap_machines(self) -> tuple[int, ...]:
        """Cheap machine counts that hold all that the relaxation asks for, or at least keep every cut found.

        A search for them, where the tree has met none; () where it has none in time.
        """
        if self._machines is None:
            mix = self._cheapest_mix(self._solve.budget, ENGINE_PARAMETERS.integer_program.gap)
            self._machines = () if mix is None else mix.machines
        return self._machines

    def run(self, nodes: int | None = None, patience: float = math.inf, *, packing_follows: bool = False) -> None:
        """Raise the bound until it can't be raised, `nodes` are done or the budget is over; report it meanwhile.

        Unless the best plan is near the bound, branching ends too after `patience` seconds without news
        (`Budget.clock`), and where packing follows, after its part of the time.
        """
        budget, nodes = self._solve.budget, _PARAMS.nodes if nodes is None else nodes
        domain = any_domain(self.fleet, self.groups)
        root = self._root(domain)
        if root is None or self.infeasible:
            return
        duals = self._root_prices.duals
        if duals is not None and not budget.over():
            values = self._program.dual_values(duals).machines
            self.machine_values = [max(w, p.price / MICRO) for w, p in zip(values, self.fleet.pools, strict=True)]
        self.tree = self._tree(domain, root)
        left = _TIME.tree.of(budget) if packing_follows else budget
        kept = None if self.kept_copies is None else self.kept_copies.tree
        if kept is not None:
            self._grow(kept, _TIME.kept_tree.of(left), nodes, patience)
        self._grow(self.tree, left, nodes, patience)
        if self._is_near():  # packing could gain next to nothing: what is left is a proof
            self._grow(self.tree, budget, nodes, math.inf)
        if kept is not None and self._is_near_kept():
            self._grow(kept, budget, nodes, math.inf)
        self._separate_mixes(left)

    def go_on_while(self, waiting: Callable[[], bool], budget: Budget) -> None:
        """Go on with the linear program at the root, where time ended it, as long as there is nothing else to do.

        `waiting` says whether that is so, and is asked a few times a second. The tree begins anew from what is found.
        """
        domain, root = any_domain(self.fleet, self.groups), self._root_prices
        relaxed: Relaxed | None = None
        while not (root.converged or self.infeasible) and waiting():
            part = budget.share(seconds=_PARAMS.meanwhile)
            relaxed = self._converge(domain, part) or relaxed
            if not part.over() or budget.over():  # it can't go on, or has no time
                break
        if relaxed is None:
            return
        self.tree = self._tree(domain, relaxed)
        kept = self.kept_copies
        if kept is not None and kept.tree is None and self.prices is not None:
            kept.try_prices(self.prices)
            self._incumbent.raise_bound(self.ticks, NAME_KEPT, self.given, RELAXES_KEPT)

    def _tree(self, domain: NodeDomain, root: Relaxed) -> Tree:
        enumerate_node = self._enumerate if self._engines else lambda *_: None
        return Tree(self._branch, enumerate_node, self.relaxation, self.groups, domain, root)

    def _root(self, domain: NodeDomain) -> Relaxed | None:
        """The linear programs without branching, as if nothing ran and then with what runs; None when out of time."""
        budget, packing = self._solve.budget, self._solve.packing
        for known in self._incumbent.evidence:
            if isinstance(known, LeftOutBound) and known.relaxation.fleet is self.fleet:
                self._program.add_patterns(known.patterns)
        self._incumbent.evidence.append(self)
        if packing is not None:
            self._columns.add_packing(packing)
        running_state = self._running_state()
        dear = running_state is not None and self._is_dear(running_state)
        root = self._converge(domain, _TIME.root.of(budget) if dear else budget)
        if root is not None and running_state is not None and not self.infeasible:
            self._keep(running_state, domain, budget)
        return root

    def running_prices(self) -> Prices | None:
        """The prices that prove most of what runs now, or of new machines where moves are cheap, without branching.

        None when there was no time. Bounds are raised meanwhile.
        """
        self._root(any_domain(self.fleet, self.groups))
        kept = self.kept_copies
        return self.prices if kept is None or kept.prices is None else kept.prices

    def root_prices(self) -> Prices | None:
        """The best prices of the linear program at the root, without any branching; None when there was no time."""
        self._converge(any_domain(self.fleet, self.groups), self._solve.budget)
        return self.prices

    def resume(self, budget: Budget, nodes: int | None = None) -> None:
        """Go on with the tree, if it was begun, until there are so many nodes more or another budget is over."""
        if self.tree is not None:
            more = _PARAMS.nodes if nodes is None else nodes
            self._grow(self.tree, budget, self._work(self.tree) + more, math.inf)

    @property
    def root(self) -> NodeCase | None:
        """How the bound came about: all nodes of the tree and their reasons; None when it was not begun."""
        return None if self.tree is None else self.tree.root

    @property
    def mix(self) -> tuple[int, ...]:
        """Machine counts, per pool, of the tree's cheapest node, which costs the bound; () while it is not at its end.

        They may cost a little more or less themselves, where a node's bound is not that of its own solution.
        """
        return () if self.tree is None else self.tree.mix

    def _grow(self, tree: Tree, budget: Budget, nodes: int, patience: float) -> None:
        solve, news = self._solve.within(budget), _News(budget, patience)
        while not (tree.done or solve.ended) and self._work(tree) < nodes and tree.step(budget):
            self._follow(tree)
            if news.late(self.ticks):
                break
        self._follow(tree)

    def _follow(self, tree: Tree) -> None:
        """Raise the bound to that of a tree; where that of machines ends it is the cutoff, if plans were left out."""
        if tree is not self.tree:
            self._incumbent.raise_bound(self.ticks, NAME_KEPT, self.given, RELAXES_BRANCHED)
            return
        self.nodes, self._machines = tree.nodes, tree.machines or None
        self._raise(tree.bound)
        if tree.exhausted:
            self._incumbent.raise_bound(self.ticks, NAME, self.given, self._relaxes)

    def say_nothing_from(self, ticks: int) -> None:
        """Some plans of so many ticks or more were left out: the bound says no more than that."""
        self.cutoff = ticks if self.cutoff is None else min(ticks, self.cutoff)
        self._relaxes = RELAXES_BY_MIX

    def _running_state(self) -> RunningState | None:
        """What runs now, if moving it costs something."""
        if not self.fleet.places or not self.fleet.tick_price:  # nothing to keep, or machines are not paid for
            return None
        if self.fleet.commitments:  # a machine that runs has no price of its own
            return None
        running_state = RunningState(self.relaxation)
        return running_state if running_state.stake else None

    def _is_dear(self, running_state: RunningState) -> bool:
        """Whether moving all that runs would cost a good part of what the machines that run do."""
        running = sum(self.fleet.pools[instance.pool].price for instance in self.fleet.instances)
        return running_state.stake > _PARAMS.stake * running

    def _keep(self, running_state: RunningState, domain: NodeDomain, budget: Budget) -> None:
        """Raise the bound by what moves cost: at once by the prices of the root, then by those of an LP."""
        self.kept_copies = KeptCopiesBound(running_state, self.groups, domain)
        if self.prices is not None:
            self.kept_copies.try_prices(self.prices)
        self._incumbent.raise_bound(self.ticks, NAME_KEPT, self.given, RELAXES_KEPT)
        self.kept_copies.run(_TIME.kept_copies.of(budget), self.patterns, self._solve.seed)
        self._incumbent.raise_bound(self.ticks, NAME_KEPT, self.given, RELAXES_KEPT)

    def _separate_mixes(self, budget: Budget) -> None:
        """Raise the bound to that of mixes that keep all cuts, each of which lacks machines and so is a cut more."""
        separation: MixSeparation | None = None  # an LP more, which most fleets with zones do not need
        for _ in range(_PARAMS.mixes):
            if self._solve.within(budget).ended:
                return
            mix = self._cheapest_mix(budget, 0.0)
            if mix is None:
                self.infeasible = True
                return
            if mix.bound < self.bound:  # the tree knows of whole copies, too
                return
            self._raise(mix.bound)
            separation = separation or MixSeparation(self.relaxation, self.patterns)
            cut = separation.separate(mix.machines, budget, _PARAMS.node_rounds) if mix.machines else None
            if cut is None:
                return
            self.cuts.append(cut)

    def _cheapest_mix(self, budget: Budget, gap: float) -> CoveringMix | None:
        seconds, effort = budget.left(), _PARAMS.mix_effort
        return cheapest_mix(self.fleet, self.cuts, gap=gap, seconds=seconds, effort=effort, seed=self._solve.seed)

    def _raise(self, bound: int) -> None:
        if bound > self.bound:
            self.bound = bound
            self._incumbent.raise_bound(self.ticks, NAME, self.given, self._relaxes)

    def _converge(self, domain: NodeDomain, budget: Budget) -> Relaxed | None:
        """Column generation at the root; adds the cut of the best prices. None when it can't go on.

        The bound is raised as prices get better.
        """
        root = self._root_prices
        self._program.set_domain(domain)
        self._columns.allow(domain.aggregates)  # after a tree, those of its last node would be no patterns of all plans
        if root.best is None:
            first = _TIME.one_place.of(budget)
            begin_in_one_place(root, domain, first, packing=self._solve.packing, seed=self._solve.seed)
        root.run(domain, budget, raised=self._raise_by_news)
        self.infeasible = self.infeasible or root.infeasible
        if root.cut is None:
            return None
        if root.cut not in self.cuts:
            self.cuts.append(root.cut)
        if self.infeasible:
            return None
        self._raise(root.bound)
        return None if root.solution is None else self._relaxed(root.solution, root.bound, root.prices)

    def _raise_by_news(self, bound: int) -> None:
        if bound > self.bound * _PARAMS.news:
            self._raise(bound)

    def _branch(self, domain: NodeDomain, budget: Budget) -> Relaxed | None:
        """Column generation in one node of the tree, from the columns that are there; None when out of time."""
        self._program.set_domain(domain)
        self._columns.allow(domain.aggregates)
        best, best_prices, solution = 0, None, None
        for _ in range(_PARAMS.node_rounds):
            solution = self._program.solve(budget.left())
            if budget.over():
                return None
            if solution is None:
                return Relaxed(best, (), feasible=False, prices=best_prices)
            self._node_rounds += 1
            duals, value = solution.duals(), solution.value * MICRO
            prices = self._program.prices(duals)
            found, capacity = self._columns.price(prices, duals, extra=0)
            local = certify(self.relaxation, prices, capacity, domain.aggregates)
            bound = domain_bound(self.fleet, local, self.groups, prices, domain)
            if best_prices is None or bound > best:
                best, best_prices = bound, prices
            near = RootParameters.enough if is_whole(solution.counts) and not domain.aggregates else _PARAMS.near
            if (not found or value <= best * (1 + near)) and not self._program.raise_penalty(solution):
                break
        if best_prices is not None and len(self.cuts) < _PARAMS.cuts:
            self.cuts.append(certify(self.relaxation, best_prices))  # without the node's limits
        return None if solution is None else self._relaxed(solution, best, best_prices)

    def _work(self, tree: Tree) -> int:
        """What was done, in nodes of the tree."""
        return tree.nodes + _PARAMS.nodes_of_program * self.programs

    @property
    def programs(self) -> int:
        """Nodes for which all patterns within their gap were listed."""
        return self._enumeration.programs

    def enumerate_patterns(self, domain: NodeDomain, rent: int, prices: Prices, budget: Budget) -> EngineVerdict | None:
        """The word of an engine on a node where prices prove `rent` micro-dollars per hour; None when it has none."""
        relaxed = self._enumerate(domain, Relaxed(rent, (), feasible=True, prices=prices), budget)
        return None if relaxed is None else relaxed.verdict

    def _enumerate(self, domain: NodeDomain, relaxed: Relaxed, budget: Budget) -> Relaxed | None:
        """Tighten a node using every pattern that an improving plan can contain; None when it cannot.

        Nor where machines are committed: reduced costs and the program take each at its own price.
        """
        most_rent = self._most_rent()
        if most_rent is None:
            return None
        self._columns.allow(domain.aggregates)
        return self._enumeration.enumerate_node(domain, relaxed, self._columns.knapsacks, most_rent, budget)

    def _most_rent(self) -> int | None:
        """What the machines of a better plan may cost; None where that is not known."""
        value = None if self.fleet.commitments else self._solve.value
        cutoff = None if value is None else cutoff_below(self.fleet, value, self.given)
        return None if cutoff is None else cutoff.rent

    def _is_near(self) -> bool:
        """Whether no plan is cheaper by what would count as news of the bound."""
        most_rent = self._most_rent()
        return most_rent is not None and most_rent <= self.bound * _PARAMS.rise

    def _is_near_kept(self) -> bool:
        """The same of machines and moves together."""
        value = self._solve.value
        return value is not None and value.left_out == (self.given or ()) and value.ticks <= self.ticks * _PARAMS.rise

    def _relaxed(self, solution: PatternSolution, bound: int, prices: Prices | None) -> Relaxed:
        """What a solution says, with a bound for its node."""
        aggregates = tuple(solution.aggregates)
        repeated = self._columns.multiplicity.repeated(aggregates, self._columns.most, solution.patterns)
        return Relaxed(bound, tuple(solution.counts), not solution.uses_artificials, aggregates, repeated, prices)
