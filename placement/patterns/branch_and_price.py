"""Branch and price: whole machines, and whole copies on several accelerators, by best-first branching on their counts.

In the LP only machines have a cost, and it uses fractions of them. It also splits copies on several accelerators
(*wide* copies): half of one stands in each of two gaps, or one stands twice on half as many accelerators. The latter
can't happen where a component may have one copy on a machine, as then no accelerator holds two.

A node limits the machine counts. Its bound is the certificate of its LP's prices over all counts in the node, so
patterns that were never generated are covered. Machines of one type are nearly alike in all pools, and the LP can shift
them between zones at no cost. So a branch on the count of one pool changes nothing, while a branch on the count of all
of them does (branching on aggregated variables: Vanderbeck 2011, *Branching in branch-and-price: a generic scheme*,
Math. Prog. 130).

A node may also be enumerated (`enumeration.nodes`), which knows of whole copies and whole accelerators. That takes many
times as long as branching. So a node that can be branched on is enumerated only when enough nodes were solved since the
last; one that can't always is, as nothing else tightens it.
"""

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from placement.compiled.fleet import Fleet
from placement.patterns.certificate import Groups, NodeDomain, Prices
from placement.patterns.formulation import Relaxation, volumes
from placement.patterns.history import EngineVerdict, NodeCase, Subject
from placement.patterns.modes import Mode
from placement.patterns.parameters import PatternBoundParameters as _PARAMS
from placement.solving.budget import Budget

WHOLE = 1e-6  # a count so near a whole number is whole


def groups_of(fleet: Fleet) -> tuple[tuple[int, ...], ...]:
    """Pools of one instance type, then those of one type and price, as spot pools are; where there are several."""
    found: dict[tuple[str, int | None], list[int]] = {}
    for pool in fleet.pools:
        found.setdefault((pool.instance_type, None), []).append(pool.index)
    for pool in fleet.pools:
        found.setdefault((pool.instance_type, pool.price), []).append(pool.index)
    return tuple(dict.fromkeys(tuple(group) for group in found.values() if len(group) > 1))


def is_whole(counts: Sequence[float]) -> bool:
    """Whether all counts are whole numbers, to rounding."""
    return all(abs(n - round(n)) <= WHOLE for n in counts)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """What solving one node gives.

    `bound` is proven, micro-dollars per hour, by `prices`, or by an engine's `verdict`; with what runs it is ticks.
    `counts` are machines per pool and group in the solution (none when there is none), `aggregates` copies per sum of
    the relaxation; `repeated` of each sum how many of its copies, about, are saved by patterns with more of them than
    there are; `feasible` says whether these hold everything that the relaxation asks for.
    """

    bound: int
    counts: tuple[float, ...]
    feasible: bool
    aggregates: tuple[float, ...] = ()
    repeated: tuple[float, ...] = ()
    prices: Prices | None = None
    verdict: EngineVerdict | None = None


class _Node(NamedTuple):
    bound: int
    order: int
    case: NodeCase
    relaxed: Relaxed
    enumerated: bool = False  # or not to be decided so

    @property
    def domain(self) -> NodeDomain:
        return self.case.domain


class Branch(NamedTuple):
    """A split of a node: at most so many of the subject, or more."""

    subject: Subject
    at_most: int
    parts: tuple[NodeDomain, ...]


class Tree:
    """The open nodes. `bound` holds for every plan whenever the search is stopped."""

    def __init__(
        self,
        solve: Callable[[NodeDomain, Budget], Relaxed | None],
        enumerate_node: Callable[[NodeDomain, Relaxed, Budget], Relaxed | None],
        relaxation: Relaxation,
        groups: Groups,
        root: NodeDomain,
        relaxed: Relaxed,
    ) -> None:
        """`solve` bounds a node (None: out of time); `relaxed` is what it says of the `root`.

        `enumerate_node` tries to tighten a node's bound by enumeration, given what is known of it; None when it cannot.
        """
        fleet = relaxation.fleet
        self._solve = solve
        self._enumerate_node = enumerate_node
        self._copies = [
            fleet.components[relaxation.modes[modes[0]].component].copies for modes in relaxation.aggregates
        ]
        self._weights = [min(_part(fleet, relaxation.modes[w]) for w in modes) for modes in relaxation.aggregates]
        self._pools = len(fleet.pools)
        self._groups = groups
        prices = [pool.price for pool in fleet.pools]
        self._prices = (*prices, *(min(prices[p] for p in group) for group in groups))
        self.root = NodeCase(root, prices=relaxed.prices, rent=relaxed.bound)
        self._open = [_Node(relaxed.bound, 0, self.root, relaxed)]
        self._closed: list[_Node] = []  # nodes that can't be branched on
        self._met: tuple[int, ...] = ()  # whole counts met that hold everything
        self.nodes = 0
        self._enumerations = 0  # of nodes

    @property
    def bound(self) -> int:
        """The least bound of plans that were not left out, in the unit of `solve`; 0 when all were."""
        return min((nodes[0].bound for nodes in (self._open, self._closed) if nodes), default=0)

    @property
    def exhausted(self) -> bool:
        """Whether no node is left: all machine counts were left out."""
        return not self._open and not self._closed

    @property
    def done(self) -> bool:
        """Whether more branching can't raise the bound."""
        return not self._open or bool(self._closed and self._open[0].bound >= self._closed[0].bound)

    @property
    def machines(self) -> tuple[int, ...]:
        """The cheapest whole counts, per pool, met so far that hold everything; none: ()."""
        return (self._mix(self._closed[0]) if self._closed else ()) or self._met

    @property
    def mix(self) -> tuple[int, ...]:
        """Those of the node with the least bound, when more branching can't raise that; else ()."""
        return self._mix(self._closed[0]) if self.done and self._closed else ()

    def exclude(self, limits: Mapping[int, int], verdict: EngineVerdict, budget: Budget) -> bool:
        """Leave out all counts within these limits, `mix` among them; False: no time for that.

        Limits are on counts of pools and groups, by index. The rest of the mix's node falls into nodes with more
        machines of one pool or group, and no more of those before it.
        """
        node = self._closed[0]
        most = list(node.domain.most)
        splits, parts = [], []
        for k, n in limits.items():
            if n < most[k]:
                fewest = list(node.domain.fewest)
                fewest[k] = max(fewest[k], n + 1)
                splits.append((Subject(copies=False, number=k), n))
                parts.append(replace(node.domain, fewest=tuple(fewest), most=tuple(most)))
            most[k] = min(most[k], n)
        found = self._solved(node, parts, budget)
        if found is None:
            return False
        heapq.heappop(self._closed)
        self._met = ()
        node.case.splits, node.case.above = splits, self._push(found)
        if splits:
            node.case.below = NodeCase(replace(node.domain, most=tuple(most)), node.case, verdict=verdict)
        else:
            node.case.verdict = verdict
        return True

    def step(self, budget: Budget) -> bool:
        """Enumerate the node with the least bound or branch on it; False when time is up (the node then stays open)."""
        node = self._open[0]
        branch = self._branch(node)
        # Enumeration takes no more than its part of what was done, so far, but where nothing else is left.
        may_enumerate = branch is None or self._enumerations * _PARAMS.nodes_of_program <= self.nodes
        if not node.enumerated and may_enumerate:
            node = self._enumerate(node, budget)
            if node is not self._open[0]:
                return True
            branch = self._branch(node)
        if branch is None:
            heapq.heappush(self._closed, heapq.heappop(self._open))
            return True
        children = self._solved(node, branch.parts, budget)
        if children is None:
            return False
        heapq.heappop(self._open)
        below, above = self._push(children)
        node.case.splits, node.case.above, node.case.below = [(branch.subject, branch.at_most)], [above], below
        return True

    def _enumerate(self, node: _Node, budget: Budget) -> _Node:
        """The node with the least bound, tightened if that can be, in its place; it is not enumerated again."""
        relaxed = self._enumerate_node(node.domain, node.relaxed, budget)
        bound = node.bound if relaxed is None else max(node.bound, relaxed.bound)
        self._enumerations += relaxed is not None
        node.case.verdict = None if relaxed is None else relaxed.verdict
        tightened = _Node(bound, node.order, node.case, relaxed or node.relaxed, enumerated=True)
        heapq.heapreplace(self._open, tightened)
        return tightened

    def _push(self, nodes: Sequence[_Node | None]) -> list[NodeCase | None]:
        """Open some nodes; their cases, None where a part is empty."""
        for node in nodes:
            if node is not None:
                heapq.heappush(self._open, node)
        return [None if node is None else node.case for node in nodes]

    def _solved(self, node: _Node, domains: Sequence[NodeDomain], budget: Budget) -> list[_Node | None] | None:
        """Parts of a node, each with its bound, None for empty ones; None when the time is up."""
        found: list[_Node | None] = []
        for domain in domains:
            if self._is_empty(domain):
                found.append(None)
                continue
            relaxed = self._solve(domain, budget)
            if relaxed is None:
                return None
            self.nodes += 1
            case = NodeCase(domain, node.case, relaxed.prices, relaxed.bound)
            found.append(_Node(max(node.bound, relaxed.bound), self.nodes, case, relaxed))
        return found

    def _mix(self, node: _Node) -> tuple[int, ...]:
        """The whole counts of a node that hold everything, if there are such."""
        return tuple(round(n) for n in node.relaxed.counts[: self._pools]) if node.relaxed.feasible else ()

    def _is_empty(self, domain: NodeDomain) -> bool:
        """Whether a range is empty, or the limits of some group's pools rule out those of the group."""
        return any(low > high for low, high in domain.aggregates.values()) or any(
            sum(domain.most[p] for p in group) < domain.fewest[self._pools + g]
            or sum(domain.fewest[p] for p in group) > domain.most[self._pools + g]
            for g, group in enumerate(self._groups)
        )

    def _branch(self, node: _Node) -> Branch | None:
        """Two nodes that together hold all plans of the node's; None when machines and sums of copies are whole.

        Branched on is the count whose rounding is worth most, be it of machines or of copies: a wide copy takes a large
        part of a machine, and half of one is what the LP likes.
        """
        counts, aggregates = node.relaxed.counts, node.relaxed.aggregates
        k = self._fractional(counts)
        if k is None and node.relaxed.feasible and not self._met:
            self._met = self._mix(node)
        gain = {s: copies * self._weights[s] for s, copies in enumerate(node.relaxed.repeated) if copies > WHOLE}
        gain |= {s: apart(n) * self._weights[s] for s, n in enumerate(aggregates) if apart(n) > WHOLE}
        s = max(gain, key=lambda s: (gain[s], -s), default=None)
        if s is not None and (k is None or gain[s] > apart(counts[k]) * self._prices[k]):
            return self._branch_on_copies(node.domain, s, aggregates[s])
        return None if k is None else branch_on_machines(node.domain, k, counts[k])

    def _fractional(self, counts: tuple[float, ...]) -> int | None:
        """The count of machines whose rounding is worth most, rather of a group than of a pool; None: all are whole."""
        broken = [k for k, n in enumerate(counts) if apart(n) > WHOLE]
        return max(broken, key=lambda k: (round(apart(counts[k]) * self._prices[k]), k), default=None)

    def _branch_on_copies(self, domain: NodeDomain, s: int, copies: float) -> Branch:
        """The node with at most, and with more copies in sum s than `copies` rounded down."""
        low, high = domain.aggregates.get(s, (0, self._copies[s]))
        below = math.floor(copies + WHOLE)
        limits = ((low, min(high, below)), (max(low, below + 1), high))
        parts = tuple(replace(domain, aggregates={**domain.aggregates, s: limit}) for limit in limits)
        return Branch(Subject(copies=True, number=s), below, parts)


def apart(count: float) -> float:
    """How far a count is from a whole number."""
    return abs(count - round(count))


def branch_on_machines(domain: NodeDomain, k: int, count: float) -> Branch:
    """The node with count k at most, and above, what `count` is rounded down to."""
    below = math.floor(count)
    fewest, most = list(domain.fewest), list(domain.most)
    fewest[k], most[k] = below + 1, below
    parts = (replace(domain, most=tuple(most)), replace(domain, fewest=tuple(fewest)))
    return Branch(Subject(copies=False, number=k), below, parts)


def _part(fleet: Fleet, mode: Mode) -> float:
    """About what one copy costs: the largest part that it takes of what a machine has, in micro-dollars per hour."""
    parts = [amount / have for amount, have in zip(mode.usage, volumes(fleet, mode.pool), strict=True) if amount]
    return fleet.pools[mode.pool].price * max(parts, default=0.0)
