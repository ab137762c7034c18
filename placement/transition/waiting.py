"""Who waits for whom: the digraph of the copies that have to start, and the circle that blocks them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from placement.documents.transition import BlockedMove
from placement.errors import printable
from placement.transition.moment import Moment, Sites

if TYPE_CHECKING:
    from collections.abc import Iterable

    import networkx as nx

    from placement.transition.batches import Stuck
    from placement.transition.difference import Stand

_SPREAD = ("max_skew", "min_zones", "")  # what keeps a copy from starting though it fits; "" is no rule of its own
_NODES = 60  # of a strongly connected component, from which shortest circles are looked for


def waits(sites: Sites, moment: Moment, arriving: Iterable[Stand], leaving: Iterable[Stand]) -> nx.DiGraph[Stand]:
    """The digraph of waits at a moment: copies that have to start, and an edge to each copy that has to start before.

    A copy waits for those that have to leave its machine before it fits; each of these leaves once another copy of its
    component runs. An edge has `leaving`, the copy that is in the way, and `because`, the rule. O(copies squared per
    machine).
    """
    import networkx as nx

    graph: nx.DiGraph[Stand] = nx.DiGraph()
    leaving = list(leaving)
    of_component: dict[str, list[Stand]] = defaultdict(list)
    for stand in arriving:
        of_component[stand.component].append(stand)
        graph.add_node(stand)
    for stand in list(graph):
        because = moment.why_not(stand)
        for other in _in_way(sites, moment, stand, leaving):
            for successor in of_component[other.component]:
                graph.add_edge(stand, successor, leaving=other, because=because)
    return graph


def _in_way(sites: Sites, moment: Moment, stand: Stand, leaving: list[Stand]) -> list[Stand]:
    """Copies that have to go before another one can start, as few as may be; none where it could start."""
    closed = stand.instance not in moment.open
    if closed and not moment.may_open(sites.pool_of[stand.instance]):
        pool = sites.pool_of[stand.instance]
        return [other for other in leaving if sites.pool_of[other.instance] == pool]
    if moment.fits(stand):
        return []
    there = [other for other in leaving if other.instance == stand.instance]
    for other in there:
        moment.stop(other)
    needed = []
    if moment.fits(stand):
        for other in there:
            moment.start(other)
            if not moment.fits(stand):
                moment.stop(other)
                needed.append(other)
        for other in needed:
            moment.start(other)
        return needed
    for other in there:
        moment.start(other)
    return there


def circle(graph: nx.DiGraph[Stand]) -> list[Stand]:
    """A shortest circle of waits among those looked at; empty when there is none."""
    import networkx as nx

    best: list[Stand] = []
    for group in nx.strongly_connected_components(graph):
        for node in sorted(group)[:_NODES]:
            for successor in graph.successors(node):
                if successor in group:
                    path = nx.shortest_path(graph.subgraph(group), successor, node)
                    if not best or len(path) < len(best):
                        best = path
    return best


def blocked_by(sites: Sites, stuck: Stuck | None) -> tuple[BlockedMove, ...]:
    """The links of the circle where an attempt got stuck; without a circle every copy that waits for another."""
    if stuck is None:
        return ()
    moment = Moment(sites, stuck.machines, stuck.present)
    graph = waits(sites, moment, stuck.arriving, stuck.leaving)
    nodes = circle(graph)
    links = [(stand, stand.component, moment.why_not(stand)) for stand in stuck.arriving[:20]]
    if nodes:
        edges = [(stand, graph.edges[stand, then]) for stand, then in zip(nodes, [*nodes[1:], nodes[0]], strict=True)]
        links = [(stand, edge["leaving"].component, edge["because"]) for stand, edge in edges]
    return tuple(
        BlockedMove(component=stand.component, instance=stand.instance, waits_for=other, because=because)
        for stand, other, because in links
    )


def in_words(links: tuple[BlockedMove, ...]) -> str:
    """A circle as a sentence."""
    parts = []
    for link in links:
        if link.component == link.waits_for and link.because in _SPREAD:
            before = f"while its other copies stay in their zones ({link.because})" if link.because else "yet"
            parts.append(f"{printable(link.component)} can't start on {printable(link.instance)} {before}")
            continue
        other = "another copy of it" if link.component == link.waits_for else printable(link.waits_for)
        parts.append(
            f"{printable(link.component)} can't start on {printable(link.instance)} before {other} has left it"
            f" ({link.because})"
        )
    return "; ".join(parts)
