"""What the README shows is what the program prints."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console

import placement
from placement.cli.endings import Code
from placement.report.tables import Report

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_demos_figures_are_todays() -> None:
    """Layouts of equal cost may differ from run to run; the money, the proof, the comparison and the sizes may not."""
    problem = placement.read(ROOT / "instances" / "codegen-after.yaml")
    stream = io.StringIO()
    Console(file=stream, width=100).print(Report(problem, placement.solve(problem)))

    shown = figures(README)
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
        assert f"| `{name}` | {solver.summary} | {'yes' if solver.proves else 'no'} |" in README


def test_every_exit_code_is_explained() -> None:
    """And no other."""
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert codes == {int(code) for code in Code}


def test_links_lead_somewhere() -> None:
    """Relative links, in the README and between the pages."""
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
