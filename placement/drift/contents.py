"""What machines hold, whether two of them hold the same, and which of two sides are one where names do not tell.

They hold the same by accelerator, or up to the numbers of accelerators.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

_MOST_PAIRS = 200_000  # machines of one pool times machines, beyond which those that differ are paired in order


class HeldCopy(NamedTuple):
    """A copy on a machine; accelerators ascending, None where they are not known."""

    component: str
    option: int
    accelerators: tuple[int, ...] | None

    @property
    def kind(self) -> Kind:
        """Accelerators aside."""
        return self.component, self.option


Kind = tuple[str, int]
Held = Counter[HeldCopy]  # copies of one machine


class NotShared(NamedTuple):
    """What two contents do not have in common: kinds on one side only, and those on other accelerators."""

    goes: Counter[Kind]
    comes: Counter[Kind]
    rearranged: Counter[Kind]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.goes or self.comes or self.rearranged)


def kinds(held: Mapping[HeldCopy, int]) -> Counter[Kind]:
    found: Counter[Kind] = Counter()
    for copy, count in held.items():
        found[copy.kind] += count
    return found


def apart_by_number(before: Held, after: Held) -> NotShared:
    """Compare two contents of one machine, whose accelerators are known by their numbers.

    A copy of unknown accelerators is where any copy of its kind is that no known one is paired with.
    """
    exact = before & after
    here, there = before - exact, after - exact
    left, new = kinds(here), kinds(there)
    common = left & new
    loose = kinds({copy: n for copy, n in (*here.items(), *there.items()) if copy.accelerators is None})
    return NotShared(left - common, new - common, common - loose)


def apart_by_content(before: Held, after: Held) -> NotShared:
    """Compare two contents of machines whose accelerators may be renumbered."""
    left, new = kinds(before), kinds(after)
    unknown = any(copy.accelerators is None for copy in (*before, *after))
    if left != new or unknown or equal_up_to_numbers(before, after):
        return NotShared(left - new, new - left, Counter())
    return NotShared(Counter(), Counter(), _regrouped(before, after))


def equal_up_to_numbers(before: Held, after: Held) -> bool:
    """Whether a renumbering of accelerators makes the one content the other.

    O(copies log copies) where what stands on each accelerator tells it; else isomorphism of the graph of copies and
    accelerators (VF2++, Jüttner and Madarász 2018, https://doi.org/10.1016/j.dam.2018.02.018).
    """
    if before == after:
        return True
    if signature(before) != signature(after) or kinds(before) != kinds(after):
        return False
    if not any(len(copy.accelerators or ()) > 1 for copy in before):
        return True  # each accelerator is its own list of copies, and the lists are equal
    import networkx as nx

    return bool(nx.vf2pp_is_isomorphic(_graph(before), _graph(after), node_label="label"))


def signature(held: Held) -> tuple[object, ...]:
    """What equal contents have in common: kinds on each accelerator, and copies without any."""
    lists = sorted(tuple(sorted(kinds.items())) for kinds in _by_accelerator(held).values())
    none = sorted((copy.kind, count) for copy, count in held.items() if not copy.accelerators)
    return tuple(lists), tuple(none)


def _by_accelerator(held: Held) -> dict[int, Counter[Kind]]:
    on: dict[int, Counter[Kind]] = defaultdict(Counter)
    for copy, count in held.items():
        for k in copy.accelerators or ():
            on[k][copy.kind] += count
    return on


def _graph(held: Held) -> Any:
    """Copies and accelerators as nodes, an edge where a copy stands."""
    import networkx as nx

    graph: Any = nx.Graph()
    for c, copy in enumerate(sorted(held.elements(), key=repr)):
        graph.add_node(("copy", c), label=repr(copy.kind))
        for k in copy.accelerators or ():
            graph.add_node(("accelerator", k), label="accelerator")
            graph.add_edge(("copy", c), ("accelerator", k))
    return graph


def _regrouped(before: Held, after: Held) -> Counter[Kind]:
    """Kinds that stand beside others than before."""
    here, there = _company(before), _company(after)
    found = {kind for kind in here.keys() | there.keys() if here.get(kind) != there.get(kind)}
    counts = kinds(before)
    return Counter({kind: counts[kind] for kind in found or set(counts)})


def _company(held: Held) -> dict[Kind, Counter[object]]:
    on = _by_accelerator(held)
    found: dict[Kind, Counter[object]] = defaultdict(Counter)
    for copy, count in held.items():
        beside = tuple(sorted(tuple(sorted(on[k].items())) for k in copy.accelerators or ()))
        found[copy.kind][beside] += count
    return found


def held_by_machine(rows: Iterable[tuple[str, HeldCopy]]) -> dict[str, Held]:
    found: dict[str, Held] = defaultdict(Counter)
    for machine, copy in rows:
        found[machine][copy] += 1
    return found


def pair(before: Mapping[str, Held], after: Mapping[str, Held]) -> dict[str, str]:
    """Pair machines of one pool whose names do not count: first those that hold the same, then the most alike.

    Gives names of `before` by those of `after`; as many pairs as the smaller side has machines.

    O(copies log copies) for equal ones. Of the others the pairs with most copies in common come first, equal names
    before different ones, then in order: each pair is the best of those left, which need not be the best of all pairs
    together.
    """
    found: dict[str, str] = {}
    kinds: dict[object, list[str]] = defaultdict(list)
    for name, held in before.items():
        kinds[signature(held)].append(name)
    left = []
    for name in sorted(after, key=lambda name: (name not in before, name)):
        partner = _equal(name, after[name], kinds[signature(after[name])], before)
        if partner is None:
            left.append(name)
        else:
            found[name] = partner
    return found | _most_alike(set(before) - set(found.values()), left, before, after)


def _equal(name: str, held: Held, candidates: list[str], before: Mapping[str, Held]) -> str | None:
    """A machine that holds the same, taken off the candidates; one of the same name rather than another."""
    ranked = sorted(range(len(candidates)), key=lambda k: candidates[k] != name) if name in candidates else ()
    for k in ranked or range(len(candidates)):
        if equal_up_to_numbers(before[candidates[k]], held):
            return candidates.pop(k)
    return None


def _most_alike(
    free: Collection[str], left: Collection[str], before: Mapping[str, Held], after: Mapping[str, Held]
) -> dict[str, str]:
    found: dict[str, str] = {}
    if len(free) * len(left) <= _MOST_PAIRS:
        ranked = sorted(
            (-shared, old != new, old, new)
            for old in free
            for new in left
            if (shared := (kinds(before[old]) & kinds(after[new])).total())
        )
        taken: set[str] = set()
        for _, _, old, new in ranked:
            if new not in found and old not in taken:
                found[new] = old
                taken.add(old)
    others, rest = {*free} - {*found.values()}, {*left} - {*found}
    found.update((name, name) for name in others & rest)
    found.update(zip(sorted(rest - others), sorted(others - rest), strict=False))
    return found
