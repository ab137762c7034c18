"""Indexed pods answer as looking at all of them does, and an import compares no more than its cluster is large."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.integrations.kubernetes import import_kubernetes
from placement.integrations.kubernetes.naming import HOSTNAME
from placement.integrations.kubernetes.neighbours import HostPort
from placement.integrations.kubernetes.selectors import NodeRules, Requirement, Selector
from placement.integrations.kubernetes.standing import Population, PortUse
from tests.integrations.kubernetes.clusters import apart, budget, daemon, node, pod, spread, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


KEYS, VALUES, SPACES = st.sampled_from("abc"), st.sampled_from(["1", "2", ""]), st.sampled_from(["x", "y", "z"])
REQUIREMENTS = st.builds(
    Requirement,
    KEYS,
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    st.lists(VALUES, max_size=3).map(tuple),
)
SELECTORS = st.builds(Selector, st.lists(REQUIREMENTS, max_size=3).map(tuple))
MEMBERS = st.lists(st.tuples(st.integers(0, 5), SPACES, st.dictionaries(KEYS, VALUES)), max_size=12)
ADDRESSES = st.sampled_from(["", "10.0.0.1", "10.0.0.2"])
PORTS = st.lists(st.builds(HostPort, st.sampled_from(["TCP", "UDP"]), st.integers(1, 2), ADDRESSES), max_size=3)


@given(MEMBERS, st.lists(st.tuples(SELECTORS, st.none() | st.sets(SPACES)), max_size=4))
def test_a_rule_takes_whom_it_would_take_one_by_one(members: Any, questions: Any) -> None:
    """By any operators, in some namespaces or all, asked twice."""
    found = Population(members)
    for selector, spaces in [*questions, *questions]:
        one_by_one = {
            member
            for member, space, labels in members
            if (spaces is None or space in spaces) and selector.takes(labels)
        }
        assert list(found.taken(selector, spaces)) == sorted(one_by_one)
    assert list(found.taken(None, None)) == []


@given(st.lists(st.tuples(st.integers(0, 5), PORTS), max_size=8), PORTS)
def test_ports_clash_as_they_do_one_by_one(members: Any, ports: Any) -> None:
    """By number, protocol and address."""
    one_by_one = {m for m, held in members for mine in ports for theirs in held if mine.clashes(theirs)}

    assert PortUse(members).clashing(ports) == sorted(one_by_one)


def many_owners(count: int) -> list[Any]:
    """Owners with anti-affinity, constraints of spread, ports of the host, names of nodes and budgets of their own."""
    nodes = max(4, count // 8)
    found: list[Any] = []
    for k in range(nodes):
        found += [node(f"n{k}", zone=f"us-east-1{'ab'[k % 2]}"), daemon(f"n{k}")]
    for k in range(count):
        one = pod(f"a{k}-0", f"n{k // 8 % nodes}", f"a{k}", cpu="1", memory="1Gi")
        one["spec"]["affinity"] = apart(HOSTNAME, f"a{k ^ (k % 4)}")
        if k % 8 == 1:
            one["spec"]["topologySpreadConstraints"] = [spread("topology.kubernetes.io/zone", f"a{k}")]
        if k % 5 == 0:
            one["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 20_000 + k}]
        if k % 8 == 0:
            one["spec"]["nodeSelector"] = {HOSTNAME: f"n{k // 8 % nodes}"}
        found += [one, budget(f"b{k}", f"a{k}", maxUnavailable=1)]
    return found


COMPARED = ((Selector, "takes"), (Requirement, "takes"), (NodeRules, "takes"), (HostPort, "clashes"))


def comparisons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, count: int) -> Counter[str]:
    """How often an import holds one thing against another."""
    calls: Counter[str] = Counter()

    def counted(name: str, real: Callable[..., bool]) -> Callable[..., bool]:
        def asked(*arguments: Any) -> bool:
            calls[name] += 1
            return real(*arguments)

        return asked

    with monkeypatch.context() as patch:
        for kind, method in COMPARED:
            patch.setattr(kind, method, counted(f"{kind.__name__}.{method}", getattr(kind, method)))
        import_kubernetes([write(tmp_path / f"{count}.json", *many_owners(count))])
    return calls


@pytest.mark.slow
def test_twice_as_many_owners_are_twice_as_much_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Counted in comparisons of selectors, rules of nodes and ports: some per owner, and none with all the others."""
    few, many = (comparisons(monkeypatch, tmp_path, count) for count in (160, 640))

    assert few["Selector.takes"] > 160
    for name, calls in many.items():
        assert calls <= 6 * few[name], (name, few[name], calls)
    assert sum(many.values()) < 40 * 640, many
