"""Whatever a name holds, it forges no line, hides nothing and gives a terminal no orders; nothing is lost of it either.

Every command is given a problem and a plan in which all names are hostile.
"""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import printable
from tests.cli.test_solve import run
from tests.corpus import first

if TYPE_CHECKING:
    from pathlib import Path

# An end of line and what would follow it, an order to the terminal, a turn of direction, what takes no room.
BAD = "\nFORGED: fine\r\x1b[2J\u202e\u200b\u2028\x85\U000e0041"


def bad(name: str) -> str:
    """A hostile name that can be told from others."""
    return f"{name}{BAD}{name}"


def problem(**changes: Any) -> dict[str, Any]:
    """Accelerators, types, pools, zones, components, options, groups and machines with such names."""
    gpu, kind, pool, zone = bad("gpu"), bad("type"), bad("pool"), bad("zone")
    chat = {
        "name": bad("chat"), "copies": 3, "zones": [zone, bad("nowhere")],
        "options": [
            {"name": bad("one"), "accelerator_memory_gib": 20, "shared": True, "on": [gpu]},
            {"name": bad("two"), "accelerators": 2, "accelerator_memory_gib": 10},
        ],
    }  # fmt: skip
    rank = {"name": bad("rank"), "copies": 30, "min_copies": 1, "avoid": [f"group:{bad('group')}"]}
    document = {
        "format": "placement/v1",
        "name": bad("problem"),
        "accelerators": {gpu: {"memory_gib": 48}},
        "instance_types": {
            kind: {"accelerator": gpu, "accelerator_count": 4, "vcpus": 8, "memory_gib": 64, "price_per_hour": 2}
        },
        "pools": [
            {"name": pool, "instance_type": kind, "zone": zone, "max_instances": 3},
            {"name": bad("other"), "instance_type": kind, "zone": bad("elsewhere"), "max_instances": 2},
        ],
        "components": [chat, rank, {"name": bad("third"), "copies": 1, "groups": [bad("group")]}],
        "instances": [
            {"id": bad("i-1"), "pool": pool, "state": "draining"},
            {"id": bad("i-2"), "pool": pool, "state": "cordoned"},
        ],
        "placements": [
            {"component": bad("chat"), "instance": bad("i-1"), "option": bad("one")},
            {"component": bad("chat"), "instance": bad("i-2"), "accelerators": [0]},
        ],
    }
    return {**document, **changes}


def check(said: str) -> None:
    """Nothing unseen but ends of lines, and none of those from a name."""
    unseen = {letter for letter in said if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert unseen <= {"\n"}, [hex(ord(letter)) for letter in unseen]
    assert not [line for line in said.splitlines() if line.lstrip().startswith("FORGED")]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The problem, a plan of it, and one that breaks rules of every family."""
    tmp_path = tmp_path_factory.mktemp("names")
    (tmp_path / "p.json").write_text(json.dumps(problem()))
    done = run("solve", tmp_path / "p.json", "--solver", "greedy", "--work", "1", "--output", tmp_path / "plan.json")
    assert done.exit_code == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    rows = [{**row, "accelerators": [0]} for row in plan["assignments"][:-1]]
    rows += [{**rows[0], "component": bad("unknown")}, {**rows[0], "instance": bad("i-9")}, {**rows[0], "option": 7}]
    machines = [*plan["instances"], {"id": bad("i-1"), "pool": bad("no pool"), "new": False}]
    broken = {**plan, "problem": bad("another"), "assignments": rows, "instances": machines}
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    return tmp_path


@pytest.mark.parametrize("columns", first([40, 80, 160]))
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["solve", "p.json", "--solver", "greedy", "--work", "1", "--output", "out.json"], 0),
        (["solve", "p.json", "--solver", "greedy", "--work", "1", "--output", "out.json", "--full"], 0),
        (["info", "p.json"], 0),
        (["verify", "p.json", "plan.json"], 0),
        (["verify", "p.json", "broken.json"], 1),
        (["bound", "p.json", "plan.json"], 0),
        (["bound", "p.json", "broken.json"], 2),
    ],
)
def test_no_name_is_taken_for_anything_else(
    files: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], code: int, columns: int
) -> None:
    """Tables, lists of rules, bounds, warnings."""
    monkeypatch.chdir(files)
    monkeypatch.setenv("COLUMNS", str(columns))

    done = run(*command)

    assert done.exit_code == code, done.output
    check(done.output)


@pytest.mark.slow
def test_names_are_shown_whole(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Escaped, and not left out."""
    monkeypatch.setenv("COLUMNS", "600")
    tables = run("solve", files / "p.json", "--solver", "greedy", "--work", "1", "--output", files / "out.json").stdout
    shown = "".join(tables.split())

    for name in ("chat", "rank", "third", "i-1", "one"):
        assert "".join(printable(bad(name)).split()) in shown


@pytest.mark.usefixtures("few_exchanges")
@pytest.mark.parametrize(
    "changes",
    [
        {"components": [{"name": bad("giant"), "copies": 1, "accelerator_memory_gib": 500}], "placements": []},
        {"components": [{"name": bad("many"), "copies": 99}], "placements": []},
        {"components": [], "placements": [{"component": bad("chatt"), "instance": bad("i-3")}]},
        {"components": [{"name": bad("a"), "copies": 1, bad("key"): 1, "avoid": [bad("b")], "on": [bad("x")]}]},
        {"instance_types": {bad("t"): {"vcpus": -1, "memory_gib": bad("m"), "price_per_hour": 1}}},
        {bad("section"): 1},
    ],
)
def test_nor_in_what_is_wrong(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Reasons for there being no plan, faults, nearest names."""
    (tmp_path / "p.json").write_text(json.dumps(problem(**changes)))

    for command in (
        ["solve", "--solver", "ffd"],
        ["solve", "--work", "1", "--output", str(tmp_path / "o")],
        ["info"],
        ["bound"],
    ):
        check(run(command[0], tmp_path / "p.json", *command[1:]).stderr)
        check(run(command[0], tmp_path / "p.json", *command[1:], "--full").stderr)
