"""What the README and the guide show is what the program prints."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

import placement
from docs.images import draw
from placement.cli.endings import Code
from placement.report.tables import Report
from tests.corpus import first

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
INSTALL, SOLVERS, COMMANDS = (
    (ROOT / "docs" / page).read_text("utf-8")
    for page in ("start/install.md", "guide/choosing-a-solver.md", "guide/command-line.md")
)


@pytest.mark.slow
def test_the_demos_figures_are_todays() -> None:
    """Layouts of equal cost may differ from run to run; the money, the proof, the comparison and the sizes may not."""
    problem = placement.read(ROOT / "instances" / "codegen-after.yaml")
    stream = io.StringIO()
    Console(file=stream, width=100).print(Report(problem, placement.solve(problem)))

    shown = figures(INSTALL)
    assert shown["price"] == "$123.29 an hour, $90,002 a month (730 hours)"
    assert shown == figures(stream.getvalue())


def figures(text: str) -> dict[str, str]:
    """The lines of the totals that depend on the problem alone."""
    found = {}
    for name in ("price", "compared"):
        match = re.search(rf"^{name} +(.*(?:\n {{8,}}\S.*)*)", text, re.MULTILINE)
        assert match is not None, name
        found[name] = " ".join(match[1].split())
    found["proof"] = "optimal" if re.search(r"^proof +optimal: no plan costs less", text, re.MULTILINE) else "none"
    return found


def test_every_solver_stands_in_its_table() -> None:
    """With the registry's own words."""
    for name, solver in placement.SOLVERS.items():
        assert f"| `{name}` | {solver.summary} | {'yes' if solver.proves else 'no'} |" in SOLVERS


def test_every_exit_code_is_explained() -> None:
    """And no other."""
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", COMMANDS, re.MULTILINE)}

    assert codes == {int(code) for code in Code}


def test_links_lead_somewhere() -> None:
    """Relative links, in the README and between the pages."""
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_is_short() -> None:
    """Everything else has a page."""
    assert README.count("\n") <= 90


def test_the_picture_is_drawn_from_the_plans_beside_it() -> None:
    """And says what the README says; the plans keep every rule, or nothing is drawn."""
    for name, drawing in draw.pictures().items():
        assert (ROOT / "docs" / "images" / name).read_text("utf-8") == drawing
        assert "<title>Before: 27 machines, $681.75 an hour. After: 3 machines, $123.29 an hour.</title>" in drawing
        assert name in README


@pytest.mark.parametrize("step", first(range(1, 6), 2))
def test_the_tutorials_files_print_what_it_shows(step: int) -> None:
    """Run as a reader runs them; the page shows the file itself, and each line that it prints."""
    name = f"step{step}.py"
    command = [sys.executable, str(ROOT / "docs" / "start" / "tutorial" / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    page = (ROOT / "docs" / "start" / "tutorial.md").read_text("utf-8")

    assert f"```text\n$ python docs/start/tutorial/{name}\n{done.stdout}```" in page
    assert f"```{{literalinclude}} tutorial/{name}\n" in page
