"""Names of types and pools by what their nodes are, so that neither their order nor other nodes change a name.

A name has the instance type, the group of nodes on its platform, how accelerators are cut, and those labels, resources
and taints that pods can be told apart by; a pool's also has the zone and how it is paid for. Where nodes of one name
are no one type or pool, most of them keep it. The name of the others tells what these have more or less, or their
room: such a name may become another one when the nodes that keep the short one go.
"""

import re
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from placement.catalogue.names import free_name
from placement.catalogue.readers.kubernetes import RESOURCES
from placement.catalogue.rows import whole
from placement.grouping import grouped
from placement.integrations.kubernetes.machines import NodeMachine
from placement.integrations.kubernetes.naming import is_of_platform
from placement.units import MIB_PER_GIB, MILLI

_CUT = re.compile(r"-(MIG-.+|shared-\d+)$", re.ASCII)  # how the name of an accelerator ends that is cut or shared


@dataclass(frozen=True)
class TellingFacts:
    """What rules tell nodes apart by: labels, resources that pods ask for, nodes that rules name.

    Of `domains`, labels by which pods are spread, it is whether a node has them.
    """

    labels: Sequence[str]
    domains: Sequence[str]
    resources: Sequence[str]
    named: Set[str]


@dataclass(frozen=True)
class NodesToName:
    """Nodes that get a name together, in two parts: their facts stand between these.

    `comes` are the owners of pods that come with each of them; `room` is the least that they leave: CPU in
    thousandths, MiB.
    """

    nodes: Sequence[NodeMachine]
    start: str
    end: str
    comes: Sequence[str]
    room: tuple[int, int]

    def name(self, words: Iterable[str]) -> str:
        return " ".join(dict.fromkeys((self.start, *words))) + self.end

    @property
    def first_node(self) -> str:
        return min(node.name for node in self.nodes)

    def in_common(self, fact: Callable[[NodeMachine], Iterable[str]]) -> list[str]:
        """The facts that hold of all nodes, sorted."""
        return sorted(set.intersection(*(set(fact(node)) for node in self.nodes)))


def names_of(rows: Sequence[NodesToName], facts: TellingFacts) -> list[str]:
    """A name for each, no two alike. O(nodes x facts)."""
    words = [_words(row, facts) for row in rows]
    alike = grouped((row.name(words[index]), index) for index, row in enumerate(rows))
    found = [""] * len(rows)
    taken = {*alike}
    for short, members in alike.items():
        first, *others = sorted(members, key=lambda i: (-len(rows[i].nodes), rows[i].room, rows[i].first_node))
        found[first] = short
        for index in others:
            longer = (rows[index].name((*words[index], *more)) for more in _more(rows[index], rows[first], facts))
            name = next((each for each in longer if each not in taken), None) or free_name(short, taken)
            found[index] = name
            taken.add(name)
    return found


def _words(row: NodesToName, facts: TellingFacts) -> list[str]:
    """What is in the name of such nodes in any case."""
    cut = _CUT.search(row.nodes[0].held.accelerator)
    own = [key for key in facts.labels if not is_of_platform(key)]
    return [
        *row.in_common(lambda node: {node.name} & facts.named),
        *([cut[1]] if cut else []),
        *row.in_common(lambda node: _labels(node, own)),
        *row.in_common(lambda node: (name for name in facts.resources if node.other.get(name))),
        # Some taints tell no more than that there are accelerators.
        *row.in_common(lambda n: (_told(t.key, t.value) for t in n.taints if not t.is_wish and t.key not in RESOURCES)),
    ]


def _more(row: NodesToName, other: NodesToName, facts: TellingFacts) -> Iterable[Sequence[str]]:
    """What may stand behind: more and more of what the others have not, or have; then the room, then a node."""
    here, there = _all_facts(row, facts), _all_facts(other, facts)
    differing = [*(fact for fact in here if fact not in there)]
    differing += [f"without {fact}" for fact in there if fact not in here]
    yield from (differing[: most + 1] for most in range(len(differing)))
    cpu, memory = row.room
    yield [f"{whole(cpu / MILLI)}cpu-{whole(memory / MIB_PER_GIB)}gib"]
    yield [row.first_node]


def _all_facts(row: NodesToName, facts: TellingFacts) -> list[str]:
    """What nodes have in common, also what the platform says of them."""
    return [
        *row.in_common(lambda node: filter(None, [node.group[1]])),
        *row.in_common(lambda node: (f"{_told(t.key, t.value)}:{t.effect}" for t in node.taints if not t.is_wish)),
        *row.in_common(lambda node: _labels(node, facts.labels)),
        *row.in_common(lambda node: (key for key in facts.domains if key in node.labels)),
        *row.in_common(lambda node: [f"{node.held.count}x{node.held.accelerator}"]),
        *row.in_common(lambda node: [node.held.manager]),
        *row.comes,
    ]


def _labels(node: NodeMachine, keys: Iterable[str]) -> Iterable[str]:
    return (_told(key, node.labels[key]) for key in keys if key in node.labels)


def _told(key: str, value: str) -> str:
    return f"{key}={value}" if value else key
