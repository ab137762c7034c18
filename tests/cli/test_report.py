"""`placement report` and `solve --report`: what is written where, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from placement.cli import drawing
from tests.cli.test_solve import run, written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A problem and a plan of it, in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)
    problem, plan = written(tmp_path), tmp_path / "plan.json"
    assert run("solve", problem, "--solver", "ffd", "--output", plan, "--quiet").exit_code == 0
    return problem, plan


def test_the_page_has_the_name_of_the_plan(files: tuple[Path, Path], tmp_path: Path) -> None:
    """It is written into this folder, and said where."""
    done = run("report", *files)

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "plan.html: the report\n")
    assert (tmp_path / "plan.html").read_text("utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("option", ["--html", "--output", "-o"])
def test_the_page_under_a_name(files: tuple[Path, Path], tmp_path: Path, option: str) -> None:
    """Also by the option that all other commands have for what they write."""
    done = run("report", *files, option, "out.html")

    assert (done.exit_code, done.stderr) == (0, "out.html: the report\n")
    assert (tmp_path / "out.html").exists()


def test_pictures_alone(files: tuple[Path, Path], tmp_path: Path) -> None:
    """With --picture and without --html there is no page."""
    done = run("report", *files, "--picture", "map.svg", "--theme", "dark")

    assert (done.exit_code, done.stderr) == (0, "map.svg: the map\n")
    assert "<svg" in (tmp_path / "map.svg").read_text("utf-8")
    assert not (tmp_path / "plan.html").exists()


def test_a_theme_that_there_is_not_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Also where no picture is asked for, which alone has it."""
    done = run("report", *files, "--theme", "blue")

    assert (done.exit_code, done.stderr) == (2, 'placement: no theme "blue"; known: light, dark\n')
    assert not (tmp_path / "plan.html").exists()


def test_the_page_on_standard_output(files: tuple[Path, Path]) -> None:
    """Nothing else is said there."""
    done = run("report", *files, "--html", "-")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("<!doctype html>")
    assert done.stdout.endswith("</html>\n")


def test_the_browser_is_told_to_open_it(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of the file; where no browser is found, that is said."""
    opened: list[str] = []

    def refuse(address: str) -> bool:
        opened.append(address)
        return False

    monkeypatch.setattr("webbrowser.open", refuse)

    done = run("report", *files, "--open")

    assert done.exit_code == 0
    assert opened[0].startswith("file:///")
    assert "no browser was found; open plan.html yourself" in done.stderr
    assert "--open needs a file" in run("report", *files, "--html", "-", "--open").stderr


def test_what_is_read_is_not_written_over(files: tuple[Path, Path]) -> None:
    """Neither document, by any option; nor two things to one file."""
    problem, plan = files
    before = plan.read_bytes()

    for target in files:
        done = run("report", *files, "--html", target)
        assert (done.exit_code, "which would be lost" in done.stderr) == (2, True)
        assert run("solve", problem, "--solver", "ffd", "--hint", plan, "--report", target).exit_code == 2
    assert run("report", *files, "--html", "x.svg", "--picture", "x.svg").exit_code == 2
    assert run("report", *files, "--html", "no/such/folder.html").exit_code == 2
    assert plan.read_bytes() == before


def test_a_plan_that_breaks_a_rule_gets_no_page(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Exit code 2, the rule, and where all of them are listed."""
    problem, plan = files
    document = json.loads(plan.read_text())
    document["assignments"].pop()
    plan.write_text(json.dumps(document))

    done = run("report", problem, plan)

    assert done.exit_code == 2
    assert f"{plan} at $.assignments: breaks a rule" in done.stderr
    assert not (tmp_path / "plan.html").exists()


def test_solve_draws_its_plan(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Beside the plan; also when there is none, with the reason."""
    problem, plan = files
    assert run("solve", problem, "--solver", "ffd", "-q", "-o", plan, "--report", "page.html").exit_code == 0
    assert "How the solve went" in (tmp_path / "page.html").read_text("utf-8")

    tight = written(tmp_path, pools=[{"name": "a", "instance_type": "g6e.2xlarge", "zone": "z", "max_instances": 1}])
    assert run("solve", tight, "-q", "-o", plan, "--report", "page.html").exit_code == 3
    assert "There is no plan, and that is proven" in (tmp_path / "page.html").read_text("utf-8")
    assert run("solve", problem, "--report", "-").exit_code == 2


def test_only_one_document_on_standard_input() -> None:
    """As in `verify`."""
    assert run("report", "-", "-", stdin="{}").exit_code == 2


def test_a_page_of_a_plan_from_a_pipe_has_a_name() -> None:
    """It is told by no file."""
    assert drawing.page_name(None, "-", wanted=True) == "plan.html"
    assert drawing.page_name(None, "a/b.c.json", wanted=True) == "b.c.html"


def test_show(files: tuple[Path, Path]) -> None:
    """A plan on the terminal, with its problem and without."""
    problem, plan = files

    assert "3 copies on 2 machines" in run("show", plan).stdout
    assert "AAA" in run("show", plan, "--problem", problem).stdout
    assert run("show", "-", "--problem", "-", stdin="{}").exit_code == 2
    assert run("show", "no-such-plan.json").exit_code == 2
