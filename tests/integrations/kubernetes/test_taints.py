"""Taints: who stands them by number, and what they tell of a node that is ready all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from placement.integrations.kubernetes import import_kubernetes
from placement.integrations.kubernetes.selectors import Taint, Toleration
from tests.integrations.kubernetes.clusters import Json, node, pod, write

if TYPE_CHECKING:
    from pathlib import Path

    from placement.integrations.imported import Imported


def read(tmp_path: Path, taints: list[Json], tolerations: list[Json]) -> tuple[Imported, list[str]]:
    """A node with taints and one without, and a pod with tolerations on the first."""
    row = pod("a-0", "n1", "a")
    row["spec"]["tolerations"] = tolerations
    found = import_kubernetes([write(tmp_path / "c.json", node("n1", taints=taints), node("n2"), row)])
    return found, [str(note) for note in found.notes]


@pytest.mark.parametrize(
    ("operator", "bound", "held", "stands"),
    [
        ("Gt", "900", "950", True),
        ("Gt", "950", "950", False),
        ("Lt", "0", "-3", True),
        ("Lt", "-3", "0", False),
        ("Gt", "9", "10", True),  # as numbers, not as words
        ("Gt", "0", "high", False),
        ("Gt", "0", "01", False),  # no number to Kubernetes either
        ("Gt", "0", "9223372036854775808", False),  # more than 64 bits
    ],
)
def test_numbers_are_compared(operator: str, bound: str, held: str, stands: bool) -> None:
    """The taint's value against the toleration's."""
    assert Toleration("sla", operator, bound, "").tolerates(Taint("sla", held, "NoSchedule")) is stands
    assert not Toleration("sla", operator, bound, "NoExecute").tolerates(Taint("sla", held, "NoSchedule"))


def test_a_comparison_is_a_rule_and_is_told(tmp_path: Path) -> None:
    """What stands the taint may be there; that the cluster must know the operator is told. A key of Kubernetes' own
    domain is no state."""
    sla = {"key": "node.kubernetes.io/sla", "value": "950", "effect": "NoSchedule"}
    above = {"key": "node.kubernetes.io/sla", "operator": "Gt", "value": "900"}
    found, notes = read(tmp_path, [sla], [above])
    assert not any("broken" in note for note in notes)
    assert found.problem.components[0].modes[0].instance_types is None
    place = "Deployment shop/a tolerations[node.kubernetes.io/sla] Gt 900: assumed"
    assert any(note.startswith(place) and "TaintTolerationComparisonOperators" in note for note in notes)

    for changed in ({**above, "operator": "Lt"}, {**above, "value": "950"}):
        _, notes = read(tmp_path, [sla], [changed])
        assert any("broken" in note for note in notes), changed


def test_a_taint_that_is_no_number_is_told(tmp_path: Path) -> None:
    """No comparison stands it, in Kubernetes and here."""
    _, notes = read(tmp_path, [{"key": "sla", "value": "high", "effect": "NoSchedule"}], [{**ABOVE, "key": "sla"}])
    assert any("broken" in note for note in notes)
    assert any(note.startswith("Node n1 taint sla=high: ignored: is no whole number") for note in notes)


ABOVE = {"operator": "Gt", "value": "0", "effect": "NoSchedule"}


@pytest.mark.parametrize("problem", ["disk-pressure", "memory-pressure", "pid-pressure", "network-unavailable"])
def test_a_node_in_trouble_takes_no_more_copies(tmp_path: Path, problem: str) -> None:
    """It is ready, but the scheduler puts nothing there."""
    key = f"node.kubernetes.io/{problem}"
    found, notes = read(tmp_path, [{"key": key, "effect": "NoSchedule"}], [])
    assert [row.state for row in found.problem.instances] == ["cordoned", "active"]
    assert any(note.startswith(f"Node n1 taint {key}: assumed: NoSchedule: taken as cordoned") for note in notes)


def test_what_is_unreachable_or_out_of_service(tmp_path: Path) -> None:
    """The first is told; the second must be left."""
    found, notes = read(tmp_path, [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}], [])
    assert found.problem.instances[0].state == "cordoned"
    assert any("Node n1 taint node.kubernetes.io/unreachable: assumed: NoExecute" in note for note in notes)

    found, _ = read(tmp_path, [{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}], [])
    assert found.problem.instances[0].state == "draining"


def test_a_wish_to_keep_off_is_told(tmp_path: Path) -> None:
    """PreferNoSchedule keeps nothing off."""
    found, notes = read(tmp_path, [{"key": "team", "effect": "PreferNoSchedule"}], [])
    assert "taint team: ignored: PreferNoSchedule is a wish, no rule" in notes
    assert found.problem.instances[0].state == "active"
