"""How the benchmark package hangs together with the rest, and what the documents say of it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from placement_bench.cli import app
from placement_bench.peers import PEERS
from placement_bench.rows import FAILURES, Asked, Row
from tests.source import nodes

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "benchmarks" / "placement_bench"
PAGE = (ROOT / "docs" / "benchmarks" / "benchmarking.md").read_text("utf-8")
COMMANDS = ("list", "run", "report", "compare", "fetch")
DRIVERS = {"packing"}  # drivers import it as a neighbour, in an interpreter of their own
OF_PEERS = {"highspy", "packingsolver", "pyscipopt", "pyvpsolver", "rebalancer"}


def imports_of(path: Path) -> set[str]:
    """The top names of all that a file imports."""
    found = set()
    for node in nodes(path.read_text("utf-8")):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module).partition(".")[0])
    return found


@pytest.mark.slow
def test_the_library_knows_nothing_of_the_benchmarks() -> None:
    """It is used from outside."""
    assert [path for path in (ROOT / "placement").rglob("*.py") if "placement_bench" in imports_of(path)] == []


def test_every_import_is_declared() -> None:
    """In the package's dependencies, or in an extra that the command names when it is missing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    rows = [*project["dependencies"], *extras["bench"], *extras["compiled"], *extras["distributed"]]
    declared = {re.split(r"[<>=!~;\[ ]", row)[0] for row in rows} | {"markupsafe"}  # jinja2's own interface
    used = set.union(*(imports_of(path) for path in PACKAGE.rglob("*.py")))

    assert used - sys.stdlib_module_names - {"placement", "placement_bench"} - DRIVERS - OF_PEERS <= declared


def test_drivers_need_nothing_of_ours() -> None:
    """Their interpreters have the standard library and the peer."""
    for path in [PACKAGE / "peers" / "packing.py", *(peer.driver for peer in PEERS.values())]:
        assert imports_of(path) <= sys.stdlib_module_names | DRIVERS | OF_PEERS


def test_every_field_of_a_row_is_documented() -> None:
    """In the table of docs/benchmarks/benchmarking.md; so is every way to fail."""
    names = [*Row.model_fields, *Asked.model_fields, *FAILURES]

    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_every_peer_is_documented() -> None:
    """With its package."""
    assert [peer.name for peer in PEERS.values() if f"| `{peer.name}` | `{peer.package}`" not in PAGE] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """Which names its options."""
    done = CliRunner().invoke(app, [command, "--help"])

    assert done.exit_code == 0
    assert "Usage" in done.stdout


def test_options_on_the_page_are_there() -> None:
    """Of `run`, each in the table of the page."""
    table = re.findall(r"^\| (`-.*?) \|", PAGE, re.MULTILINE)
    named = set(re.findall(r"--[a-z-]+", " ".join(table)))
    shown = set(re.findall(r"--[a-z-]+", CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).stdout))

    assert named <= shown
    assert shown - named - {"--help", "--peer", "--peer-python", "--data", "--quick", "--slow", "--store"} == set()
