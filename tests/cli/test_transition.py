"""`placement transition`: what is shown, written and refused."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import pytest

from placement.cli.answers import write_outputs
from placement.cli.stops import Stops
from placement.documents import write_document
from placement.documents.read import read_transition
from placement.errors import DocumentError
from placement.report.still import cut
from tests.cli.test_solve import run
from tests.transition.small import fleet, plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from placement.cli.answers import Output

EVIL = "a`|<b>*"
FREE = [{"name": "p", "instance_type": "m", "zone": "z"}]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two copies that are to change places, one of them of a component with a nasty name."""
    monkeypatch.chdir(tmp_path)
    problem, target = tmp_path / "fleet.json", tmp_path / "plan.json"
    write_document(fleet([(EVIL, "i-1", 0), ("b", "i-2", 0)], FREE, name="swap").to_document(), problem)
    write_document(plan([(EVIL, "i-2", 0), ("b", "i-1", 0)]).to_document(), target)
    return problem, target


def test_a_table_of_steps_and_what_they_come_to(files: tuple[Path, Path]) -> None:
    """Names stand as they are."""
    done = run("transition", *files)

    assert done.exit_code == 0
    assert "open machine p/temp-1 of pool p, for this transition only" in done.stdout
    assert f"start {EVIL}" in done.stdout
    assert "2 moves in 3 batches, 7 min 0 s" in done.stdout
    assert "stop for good" not in done.stdout
    assert "\nall copies serve at every moment" in done.stdout


def test_the_document_can_be_read_again(files: tuple[Path, Path], tmp_path: Path) -> None:
    """As JSON on stdout, and as YAML in a file."""
    done = run("transition", *files, "--format", "json", "--output", "steps.yaml")
    again = read_transition(tmp_path / "steps.yaml")
    document = json.loads(done.stdout)

    assert document["format"] == "placement-transition/v1"
    assert document == again.to_document()
    assert [step["action"] for step in document["steps"]][:4] == ["open", "start", "wait", "stop"]


def test_a_stop_while_steps_are_written_costs_none(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks for the best order so far, which is just being handed out; the command ended with 130 without a table."""

    def stopped(outputs: Sequence[Output]) -> None:
        write_outputs(outputs)
        stops.hear(signal.SIGINT)

    stops = Stops()
    monkeypatch.setattr("placement.cli.answers.STOPS", stops)
    monkeypatch.setattr("placement.cli.answers.write_outputs", stopped)
    done = run("transition", *files, "--output", "steps.json")
    assert (done.exit_code, "2 moves in 3 batches" in done.stdout) == (0, True)


def test_a_checklist_in_markdown(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Names are code: nothing in them is Markdown or HTML."""
    done = run("transition", *files, "--format", "markdown", "--output", "steps.md")

    assert done.stdout == (tmp_path / "steps.md").read_text("utf-8")
    assert done.stdout.startswith("# Transition of swap\n\n- 2 moves in 3 batches")
    assert "## Batch 1, 0:00 to 2:20" in done.stdout
    assert "- [ ] start ``a`|<b>*`` on `i-2` GPU 0" in done.stdout


@pytest.mark.parametrize(
    ("options", "start"),
    [((), "{"), (("--format", "json"), "{"), (("--format", "markdown"), "# Tr"), (("--format", "table"), "batch ")],
)
def test_standard_output_carries_the_format_that_is_asked_for(
    files: tuple[Path, Path], options: tuple[str, ...], start: str
) -> None:
    """Also where `--output -` names it; JSON where no format is asked for."""
    assert run("transition", *files, "--output", "-", *options).stdout.startswith(start)


def test_an_allowance_and_times_from_the_command_line(files: tuple[Path, Path]) -> None:
    """Of one component; a name may hold anything."""
    done = run(
        *("transition", *files, "--max-unavailable", f"{EVIL}=1", "--startup", "b=100", "--drain", "7"),
        *("--format", "json", "--temporary", "0"),
    )
    document = json.loads(done.stdout)

    assert document["unavailable"] == {EVIL: 1}
    assert document["temporary_hours"] == 0
    assert document["duration_seconds"] == 7 + 100 + 7 + 42


def test_a_circle_that_blocks_ends_with_3(files: tuple[Path, Path], tmp_path: Path) -> None:
    """It is named, and the ways out."""
    done = run("transition", *files, "--temporary", "0")

    assert done.exit_code == 3
    told = " ".join(done.stdout.split())
    drawn = run("transition", *files, "--temporary", "0", "--picture", "steps.svg")
    assert (drawn.exit_code, drawn.stderr) == (3, "steps.svg: not drawn, as there are no steps\n")
    assert not (tmp_path / "steps.svg").exists()
    assert told.count("no safe order exists") == 1
    assert told.startswith("no safe order exists: proven b can't start on i-1 before")
    assert "Proven for all orders in which no copy is missing at any moment, without temporary machines," in told
    assert "allow temporary machines" in told


def test_a_gantt_chart(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Its text is text, whatever stands in names."""
    done = run("transition", *files, "--picture", "steps.svg")
    svg = (tmp_path / "steps.svg").read_text("utf-8")

    assert done.stderr.endswith("steps.svg: the steps over time\n")
    assert svg.startswith("<svg")
    assert "a`|&lt;b&gt;*" in svg
    assert "<b>" not in svg
    for x, line in re.findall(r'<text x="([0-9.]+)"(?![^>]*text-anchor)[^>]*>([^<]*)</text>', svg):
        assert not line.endswith("\N{HORIZONTAL ELLIPSIS}"), line
        assert float(x) + 6.7 * len(line) <= 940, f"{line} goes beyond the edge"
    assert "waits until all are ready</text>" in svg
    assert "a picture is .svg or .png" in run("transition", *files, "--picture", "steps.gif").stderr
    assert cut("g6e-small-us-east-1a/new-12", 150, middle=True).endswith("1a/new-12")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--max-unavailable", "c=1"], '--max-unavailable: no component "c" in {problem}; known: a`|<b>*, b'),
        (["--startup", "c=1"], '--startup: no component "c" in {problem}; known: a`|<b>*, b'),
        (["--max-unavailable", "b=1", "--max-unavailable", "b=2"], 'component "b" is given a value twice'),
        (["--max-unavailable", "1", "--max-unavailable", "2"], "all components are given a value twice"),
        (["--max-unavailable", "x"], "--max-unavailable must be a whole number of copies, or a percentage such as 25%"),
        (
            ["--max-unavailable", "150%"],
            "placement: --max-unavailable must be a whole number of copies, or a percentage",
        ),
        (["--output", "s.txt"], "--output s.txt: the suffix says what is written, and must be .json, .yaml, .yml, .md"),
        (["--startup", "b=soon"], "must be a whole number of seconds"),
        (["--open", "99999999999"], "--open"),
        (["--drain", "99999999999"], "--drain"),
        (["--format", "jsn"], '--format: no "jsn"; did you mean "json"?'),
        (["--output", "plan.json"], "plan.json"),
    ],
)
def test_what_can_not_be_meant_is_refused(files: tuple[Path, Path], options: list[str], told: str) -> None:
    """With the value and the way out, and exit code 2."""
    done = run("transition", *files, *options)

    assert done.exit_code == 2
    assert told.replace("{problem}", str(files[0])) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_that_can_not_be_reached_is_named(files: tuple[Path, Path]) -> None:
    """By its file: of another problem as `verify` has it, against a rule, or without a plan."""
    problem, target = files
    document = json.loads(target.read_text())
    write_document(document | {"problem": "other"}, target)
    assert run("verify", *files).exit_code == 1
    other = run("transition", *files)
    write_document(document | {"assignments": document["assignments"][:1]}, target)
    short = run("transition", *files)
    write_document({"format": "placement-plan/v1", "status": "infeasible"}, target)
    none = run("transition", *files)

    assert (other.exit_code, short.exit_code, none.exit_code) == (2, 2, 2)
    assert other.stderr == (
        f'placement: {target} at $.problem: is a plan of the problem "other", this is "swap"; give it with its own '
        "problem, or change its `problem` where that was renamed\n"
    )
    assert f"placement: {target} at $.assignments: breaks a rule of the problem: b: " in short.stderr
    assert f"placement: {target} at $.status: is infeasible, and places nothing" in none.stderr
    assert (
        "placement: standard input at $.assignments: breaks a rule"
        in run("transition", problem, "-", stdin=json.dumps(document | {"assignments": []})).stderr
    )


@pytest.mark.parametrize(
    ("name", "start"), [("steps", "{"), ("steps.json", "{"), ("steps.YML", "format"), ("a.md", "#")]
)
def test_the_suffix_says_what_is_written(files: tuple[Path, Path], tmp_path: Path, name: str, start: str) -> None:
    """Without one it is JSON."""
    assert run("transition", *files, "--output", name).exit_code == 0
    assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_another_document_is_no_transition(files: tuple[Path, Path]) -> None:
    """Its format is named."""
    with pytest.raises(DocumentError, match=r"\$\.format: this is a problem; a transition is wanted"):
        read_transition(files[0])


def test_the_schema_of_transitions() -> None:
    """An editor can check one."""
    schema = json.loads(run("schema", "transition").stdout)

    assert schema["title"] == "placement-transition/v1"
    assert "steps" in schema["properties"]


def test_the_report_has_the_steps_over_time(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Where a transition is given, and only one to this plan."""
    assert run("transition", *files, "--output", "steps.json").exit_code == 0
    done = run("report", *files, "--transition", "steps.json", "--html", "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")

    assert done.exit_code == 0
    assert "The way there" in page
    assert "a`|&lt;b&gt;*" in page
    assert "open machine p/temp-1 of pool p" in page
    document = json.loads((tmp_path / "steps.json").read_text("utf-8"))
    document["steps"] = [step for step in document["steps"] if step["action"] != "start"]
    write_document(document, tmp_path / "broken.json")
    broken = run("report", *files, "--transition", "broken.json", "--html", "other.html")
    assert broken.exit_code == 2
    assert "broken.json at $.steps: is none from this problem to this plan" in broken.stderr
