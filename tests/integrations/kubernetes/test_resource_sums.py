"""Resources that no rule counts, summed over components: an import tells where they may fall short, an export where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import placement
from placement.integrations.kubernetes import ExportWishes, export_kubernetes, import_kubernetes
from tests.integrations.kubernetes.clusters import Json, daemon, node, pod, write

if TYPE_CHECKING:
    from pathlib import Path

EFA = "vpc.amazonaws.com/efa"
PLACE = f" status.allocatable.{EFA}: ignored: "


def _asks(name: str, owner: str, amount: int, on: str | None = "n1", **more: Any) -> Json:
    return pod(name, on, owner, cpu="1", memory="1Gi", limits={EFA: str(amount)}, **more)


def _told(path: Path, *objects: Json) -> str:
    """What an import says of the resource."""
    found = import_kubernetes([write(path / "cluster.json", *objects)])
    return "\n".join(str(note) for note in found.notes if EFA in note.place)


def _has(amount: int, name: str = "n1", **more: Any) -> Json:
    return node(name, allocatable={EFA: str(amount)}, **more)


def test_what_components_ask_for_together_is_told_where_it_is_more_than_a_node_has(tmp_path: Path) -> None:
    """Each alone has enough: 2 and 3 of four adapters."""
    pods = [_asks("a", "a", 2), _asks("b", "b", 3, None)]
    told = "a node has 4, and a plan may put copies on one that ask for 5: no rule adds up what several components ask"
    assert PLACE + told in _told(tmp_path, _has(4), *pods)
    assert _told(tmp_path, _has(5), *pods) == ""
    assert _told(tmp_path, _has(4), pods[0]) == ""
    assert _told(tmp_path, _has(4), node("n2"), *pods).count(PLACE) == 1  # n2 has none, and takes no copy of them


def test_scratch_space_and_huge_pages_of_several_components_are_added_up(tmp_path: Path) -> None:
    """Each of them alone has room; a note said so at every pod, whether or not they have room together."""

    def told(disk: str, pages: str) -> list[str]:
        room = {"ephemeral-storage": disk, "hugepages-2Mi": pages}
        asks = [{"ephemeral-storage": "60Gi"}, {"ephemeral-storage": "50Gi", "hugepages-2Mi": "2Gi"}]
        pods = [pod(name, "n1", name, cpu="1", limits=each) for name, each in zip("ab", asks, strict=True)]
        found = import_kubernetes([write(tmp_path / "c.json", node("n1", allocatable=room), *pods)])
        return [note.reason for note in found.notes if "ephemeral" in note.place or "hugepages" in note.place]

    assert told("110Gi", "2Gi") == []
    (short,) = told("100Gi", "2Gi")
    assert short.startswith("a node has 100 GiB, and a plan may put copies on one that ask for 110 GiB: no rule adds")


def test_a_copy_stands_where_its_scratch_space_is(tmp_path: Path) -> None:
    """Of two nodes that differ in their disks alone, one is too small; a node that tells none gives what is asked."""
    disks = [node(name, allocatable={"ephemeral-storage": size}) for name, size in (("n1", "100Gi"), ("n2", "20Gi"))]
    own = pod("a", "n1", "a", cpu="1", limits={"ephemeral-storage": "60Gi"})
    found = import_kubernetes([write(tmp_path / "c.json", *disks, own)]).problem
    (kind,) = found.components[0].modes[0].instance_types or ("",)
    assert {row.instance_type for row in found.pools} > {kind}
    untold = import_kubernetes([write(tmp_path / "u.json", node("n1"), node("n2"), own)]).problem
    assert len(untold.instance_types) == 1


def test_pods_that_come_with_a_node_are_added(tmp_path: Path) -> None:
    """Of five adapters an agent has one."""
    rows = [_has(5), daemon("n1", limits={EFA: "1"}), _asks("a", "a", 2), _asks("b", "b", 3, None)]
    assert "a node has 5, of which pods that come with it ask for 1, and a plan may" in _told(tmp_path, *rows)
    assert _told(tmp_path, *rows[:3]) == ""


def test_no_more_is_told_than_has_room_by_what_is_counted(tmp_path: Path) -> None:
    """Four accelerators: of six copies those stand there that ask for most. With two accelerators each, two do."""
    pods = [_asks(f"{name}{k}", name, amount, None, gpus=1) for name, amount in (("a", 3), ("b", 1)) for k in range(3)]
    assert "that ask for 10:" in _told(tmp_path, _has(9), *pods)
    assert _told(tmp_path, _has(10), *pods) == ""
    pods = [_asks(f"{name}{k}", name, 2, None, gpus=2) for name in "ab" for k in range(3)]
    assert "that ask for 4:" in _told(tmp_path, _has(3), *pods)
    assert _told(tmp_path, _has(4), *pods) == ""


def test_the_poorest_node_of_a_type_is_counted(tmp_path: Path) -> None:
    """The rule of one component is by the richest."""
    pods = [_asks("a", "a", 2), _asks("b", "b", 2, None)]
    assert "a node has 3, and" in _told(tmp_path, _has(4), _has(3, "n2"), *pods)


def test_an_export_tells_machines_where_the_plan_asks_for_more_than_there_is(tmp_path: Path) -> None:
    """The scheduler would leave a pod pending, and nothing said so."""
    rows = [_has(5), _has(5, "n2"), daemon("n1", limits={EFA: "1"}), daemon("n2", limits={EFA: "1"})]
    rows += [_asks("a", "a", 2), _asks("b", "b", 3, "n2")]
    source = write(tmp_path / "c.json", *rows)
    problem = import_kubernetes([source]).problem
    pool = problem.pools[0].name

    def told(*machines: str) -> list[str]:
        copies = [
            {"component": f"shop/{name}", "instance": machine} for name, machine in zip("ab", machines, strict=True)
        ]
        stays = [{"id": name, "pool": pool} for name in dict.fromkeys(machines)]
        plan = placement.Plan(instances=stays, assignments=copies)
        assert placement.verify(problem, plan).ok
        notes = export_kubernetes(problem, plan, ExportWishes(cluster=(source,))).notes
        return [str(note) for note in notes if EFA in note.reason]

    assert told("n1", "n2") == []
    (said,) = told("n1", "n1")
    begins = f"pool {pool}: inexact: a node has 4 {EFA} for copies, and those of the plan ask for more on n1 (5)"
    assert said.startswith(begins)
    (said,) = told("g/new-1", "g/new-1")  # a new machine is like those of its pool
    assert "on g/new-1 (5)" in said
