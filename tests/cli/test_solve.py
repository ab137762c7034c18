"""`placement solve`, in this process: what goes where, exit codes, faults in words."""

from __future__ import annotations

import errno
import json
import os
import re
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

import placement
from placement.cli.app import app
from placement.cli.endings import Code
from placement.cli.solve import read_settings
from placement.compiled.packing import Packing
from placement.errors import SolverBugError, UsageError
from placement.heuristics import solve_greedy
from placement.referee import verify
from placement.solving.result import Event, Outcome, Result, Status, Stop

ROOT = Path(__file__).resolve().parents[2]
CODEGEN = str(ROOT / "instances" / "codegen-after.yaml")
TINY = {
    "format": "placement/v1",
    "name": "tiny",
    "accelerators": {"L40S": {"memory_gib": 48}},
    "instance_types": {
        "g6e.2xlarge": {
            "accelerator": "L40S",
            "accelerator_count": 1,
            "vcpus": 8,
            "memory_gib": 64,
            "price_per_hour": 2.24,
        }
    },
    "pools": [{"name": "a", "instance_type": "g6e.2xlarge", "zone": "us-east-1a"}],
    "components": [{"name": "chat-8b", "copies": 3, "accelerator_memory_gib": 20, "shared": True}],
}


class Run(NamedTuple):
    """What a command did."""

    exit_code: int
    stdout: str
    stderr: str
    exception: BaseException | None

    @property
    def output(self) -> str:
        """All it said."""
        return self.stdout + self.stderr


def run(*arguments: str | Path, stdin: str | None = None) -> Run:
    """The command line with these arguments; neither stream is a terminal."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    return Run(done.exit_code, done.stdout, done.stderr, done.exception)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A file with a problem that any solver solves: two machines for three copies."""
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(TINY))
    return path


def written(folder: Path, **changes: Any) -> Path:
    """A file with the tiny problem, changed."""
    path = folder / "changed.json"
    path.write_text(json.dumps({**TINY, **changes}))
    return path


def test_stdout_that_is_no_terminal_carries_json_alone(tiny: Path) -> None:
    """A pipe gets the plan and nothing else; no one watches, so stderr stays empty."""
    done = run("solve", tiny)

    assert done.exit_code == 0
    plan = placement.Plan(**json.loads(done.stdout))
    assert verify(placement.read(tiny), plan).ok
    assert plan.status == "optimal"
    assert plan.price_per_hour == 4.48
    assert done.stderr == ""


def test_output_dash_is_json_on_stdout(tiny: Path) -> None:
    """The same, said outright."""
    assert json.loads(run("solve", tiny, "--output", "-").stdout)["status"] == "optimal"


@pytest.mark.parametrize("name", ["plan.json", "plan.yaml"])
def test_output_to_a_file_leaves_tables_on_stdout(tiny: Path, tmp_path: Path, name: str) -> None:
    """The plan goes to the file, in the form of its suffix; a person reads tables."""
    target = tmp_path / name

    done = run("solve", tiny, "--output", target)

    assert done.exit_code == 0
    plan = placement.read_plan(target)
    assert verify(placement.read(tiny), plan).ok
    assert re.search(r"chat-8b x2", done.stdout)
    assert "$4.48 an hour, $3,270 a month (730 hours)" in done.stdout
    assert "optimal: no plan costs less" in done.stdout
    assert "{" not in done.stdout


def test_another_suffix_is_json_as_the_help_says(tiny: Path, tmp_path: Path) -> None:
    """A file of `mktemp` has a suffix that says nothing."""
    target = tmp_path / "plan.txt"

    assert run("solve", tiny, "--output", target).exit_code == 0
    assert json.loads(target.read_text("utf-8"))["status"] == "optimal"
    said = " ".join(run("solve", "--help").stdout.replace("│", " ").split())
    assert "YAML if its name ends in .yaml or .yml, else JSON" in said


def test_a_terminal_gets_tables_and_progress(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a person at both ends: tables on stdout, no JSON anywhere."""
    monkeypatch.setattr("placement.cli.streams.is_terminal", lambda stream: True)

    done = run("solve", tiny)

    assert "$4.48 an hour" in done.stdout
    assert '"format"' not in done.stdout


def test_tables_go_to_a_watched_stderr_when_stdout_is_piped(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``placement solve FILE | jq`` at a terminal: JSON to jq, tables to the person."""
    monkeypatch.setattr("placement.cli.streams.is_terminal", lambda stream: stream == "stderr")

    done = run("solve", tiny)

    assert json.loads(done.stdout)["status"] == "optimal"
    assert "$4.48 an hour" in done.stderr


def test_quiet_says_nothing(tiny: Path, tmp_path: Path) -> None:
    """Only the plan."""
    done = run("solve", tiny, "--quiet", "--output", tmp_path / "plan.json")

    assert (done.exit_code, done.output) == (0, "")
    assert (tmp_path / "plan.json").exists()


def test_verbose_logs_each_plan_and_bound(tiny: Path) -> None:
    """One line an event on stderr, the JSON on stdout untouched."""
    done = run("solve", tiny, "--verbose")

    assert json.loads(done.stdout)["status"] == "optimal"
    lines = done.stderr.splitlines()
    assert lines
    assert all(re.fullmatch(r" *\d+\.\d\d s  cost \S+  bound \S+  gap .+  by .+", line) for line in lines), lines


@pytest.mark.slow
def test_a_problem_may_come_on_stdin() -> None:
    """A dash is standard input, JSON or YAML."""
    assert run("solve", "-", stdin=json.dumps(TINY)).exit_code == 0
    assert run("solve", "-", stdin=Path(CODEGEN).read_text()).exit_code == 0


@pytest.mark.parametrize("solver", sorted(placement.SOLVERS))
def test_every_solver_can_be_named(tiny: Path, solver: str) -> None:
    """The registry and the command line agree."""
    done = run("solve", tiny, "--solver", solver, "--time-limit", "30")

    assert json.loads(done.stdout)["solver"] == solver
    if solver == "demand":  # there is none in it
        assert (done.exit_code, "no component has a demand" in done.stderr) == (Code.NOTHING_FOUND, True)
    else:
        assert done.exit_code == 0, done.output


@pytest.mark.slow
def test_same_seed_and_work_give_the_same_plan() -> None:
    """Limits of work make runs repeatable."""
    plans = [
        json.loads(run("solve", CODEGEN, "--solver", "greedy", "--seed", "7", "--work", "2").stdout) for _ in range(2)
    ]

    assert plans[0]["assignments"] == plans[1]["assignments"]
    assert plans[0]["seed"] == 7


# --- Exit codes


def test_proven_infeasible_is_3(tmp_path: Path) -> None:
    """The news is a plan document with the reason, and a line for a person."""
    giant = written(tmp_path, components=[{"name": "giant", "copies": 1, "accelerator_memory_gib": 500}])

    done = run("solve", giant)

    assert done.exit_code == 3
    document = json.loads(done.stdout)
    assert (document["status"], document["assignments"]) == ("infeasible", [])
    assert "giant" in document["reason"]
    assert done.stderr.startswith("placement: infeasible (auto): giant")


def result_of(status: Status, stop: Stop) -> Result:
    """What the planner says when it has found nothing."""
    plan = placement.Plan(status=status.value, stop=stop.value, solver="auto", seconds=1.0)
    return Result(plan, None, status, stop, None, None, ())


def test_nothing_found_in_time_is_4(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No plan, no proof."""
    monkeypatch.setattr("placement.planner.solve", lambda *_, **__: result_of(Status.UNKNOWN, Stop.TIME))

    done = run("solve", tiny)

    assert done.exit_code == 4
    assert json.loads(done.stdout)["status"] == "unknown"
    assert "no plan found" in done.stderr


def test_a_solvers_bug_is_owned_up_to(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 70, what to send, no traceback, no plan."""

    def buggy(*_: Any, **__: Any) -> Result:
        raise SolverBugError("the plan of greedy breaks 1 rules: chat-8b")

    monkeypatch.setattr("placement.planner.solve", buggy)

    done = run("solve", tiny, "--output", tmp_path / "plan.json")

    assert done.exit_code == 70
    assert "a bug in this program" in done.stderr
    assert "breaks 1 rules: chat-8b" in done.stderr
    assert f"placement {placement.__version__}, Python 3." in done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "plan.json").exists()


def test_an_unforeseen_error_is_a_bug_too(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback unless it is asked for."""

    def crash(*_: Any, **__: Any) -> Result:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("placement.planner.solve", crash)

    done = run("solve", tiny)
    assert done.exit_code == 70
    assert re.search(r"ZeroDivisionError: division by zero \(test_solve\.py, line \d+\)", done.stderr)
    assert "Traceback" not in done.output

    monkeypatch.setenv("PLACEMENT_DEBUG", "1")
    assert isinstance(run("solve", tiny).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("can't start new thread"), OSError(errno.ENOMEM, "Cannot allocate memory")],
)
def test_memory_that_runs_out_is_no_bug(tiny: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Exit 71: how much was used, and what to do."""

    def hungry(*_: Any, **__: Any) -> Result:
        raise error

    monkeypatch.setattr("placement.planner.solve", hungry)

    done = run("solve", tiny)

    assert (done.exit_code, done.stdout) == (71, "")
    assert re.match(r"placement: memory ran out.*: this process used up to \d+\.\d GiB", done.stderr)
    assert "--threads 1" in done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("loading", [False, True])
def test_an_interrupt_before_the_search_is_130(tiny: Path, monkeypatch: pytest.MonkeyPatch, loading: bool) -> None:
    """Nothing to keep yet: one line, and the code that shells use. An engine tells of it as an error of its own."""

    def interrupt(_: Any) -> Any:
        if loading:
            raise ImportError("initialization failed") from KeyboardInterrupt()
        raise KeyboardInterrupt

    monkeypatch.setattr("placement.documents.read_problem", interrupt)

    done = run("solve", tiny)

    assert (done.exit_code, done.stderr) == (130, "placement: interrupted\n")


# --- Bad input is 2, in words


def test_the_plan_never_replaces_the_problem(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before the search, whatever name leads to the file, standard output too; a hint may be replaced."""
    before = tiny.read_text()
    (tiny.parent / "link.json").symlink_to(tiny.name)
    for output in (tiny, tiny.parent / "link.json"):
        done = run("solve", tiny, "--output", output)
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"--output {output} is the same file as the problem" in done.stderr
    assert tiny.read_text() == before

    plan = tiny.parent / "plan.json"
    assert run("solve", tiny, "--output", plan).exit_code == 0
    assert run("solve", tiny, "--hint", plan, "--output", plan).exit_code == 0


def test_of_very_many_faults_the_first_are_told(tmp_path: Path) -> None:
    """And how many there are; ``--full`` lists each."""
    path = written(tmp_path, components=[{}] * 300)

    short, full = run("solve", path), run("solve", path, "--full")

    assert (short.exit_code, full.exit_code) == (2, 2)
    *lines, last = short.stderr.splitlines()
    assert len(lines) == 20
    faults = len(full.stderr.splitlines()) - 1
    assert faults >= 300
    assert last == f"{path}: {faults} faults, {faults - 20} of them not listed; --full lists each"


def test_all_faults_of_a_document_are_told(tmp_path: Path) -> None:
    """One line a fault: file, place, rule, value; then how many."""
    pools = [
        {"name": "a", "instance_type": "g6e.2xlarge", "zone": "z", "max_instance": 3},
        {"name": "b", "instance_type": "g6e", "zone": "z"},
    ]
    path = written(tmp_path, pools=pools, name=7)

    done = run("solve", path)

    assert (done.exit_code, done.stdout) == (2, "")
    *lines, last = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path} at $.") for line in lines)
    assert any("$.name: must be text, got 7" in line for line in lines)
    assert any('max_instance: unknown key; did you mean "max_instances"?' in line for line in lines)
    assert any("names no instance type of this problem" in line and 'got "g6e"' in line for line in lines)
    assert last == f"{path}: 3 faults"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.json"], "nowhere.json: can't be read: No such file or directory"),
        ([CODEGEN, "--solver", "cpsat"], 'placement: no solver "cpsat"; did you mean "cp-sat"?'),
        ([CODEGEN, "--solver", "milp", "--set", "milp.engin=cbc"], 'has no option engin; did you mean "engine"?'),
        ([CODEGEN, "--set", "milp.engine=cbc"], "the solver that runs is auto; add --solver milp"),
        (
            [CODEGEN, "--solver", "greedy", "--set", "restarts=many"],
            "restarts must be a whole number, in digits, got many",
        ),
        ([CODEGEN, "--set", "auto.direct_terms=1e3"], "must be a whole number, in digits, got 1e3"),
        ([CODEGEN, "--set", "engine"], "write SOLVER.OPTION=VALUE"),
        ([CODEGEN, "--output", "nowhere/plan.json", "--solver", "greedy", "--work", "1"], "can't be written"),
    ],
)
def test_wrong_arguments_are_told_in_a_line(arguments: list[str], words: str) -> None:
    """Exit 2 and one line that says what to do."""
    done = run("solve", *arguments)

    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="how long a name may be is as on Unix here")
@pytest.mark.parametrize(
    "arguments",
    [
        ["solve", "LONG"],
        ["solve", CODEGEN, "--output", "LONG"],
        ["size", "LONG"],
        ["profile", "import", "LONG"],
        ["catalogue", "export", "ml.p5.48xlarge", "--output", "LONG"],
    ],
    ids=["solve", "output", "size", "profile", "catalogue"],
)
def test_a_name_that_no_file_can_have_is_bad_input(arguments: list[str]) -> None:
    """Text in the place of a file's name, say: exit 2 and a line, not a bug of ours."""
    done = run(*("x" * 5000 if word == "LONG" else word for word in arguments))

    assert done.exit_code == 2
    assert "File name too long" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--time-limit", "-1"], ["--gap", "2"], ["--seed", "x"], ["--nonsense"], []])
def test_usage_errors_are_2_as_well(arguments: list[str]) -> None:
    """What the argument parser refuses."""
    files = [CODEGEN] if arguments else []

    assert run("solve", *files, *arguments).exit_code == 2


def test_a_read_only_target_costs_no_search(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a plan can't be written, that is said before the search, not after it."""

    def solve(*_: Any, **__: Any) -> Result:
        raise AssertionError("searched in vain")

    monkeypatch.setattr("placement.planner.solve", solve)

    done = run("solve", tiny, "--output", tmp_path / "nowhere" / "plan.json")

    assert done.exit_code == 2
    assert "nowhere" in done.stderr


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_an_answer_that_can_not_be_written_is_kept(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """The disk fills up during the search: the plan goes to the temporary folder, and the error says where."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    target = tmp_path / f"plan{suffix}"
    replace = Path.replace

    def full(self: Path, to: Path) -> Path:
        if Path(to) == target:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", full)

    done = run("solve", tiny, "--solver", "greedy", "--output", target)

    (kept,) = (tmp_path / "temporary").iterdir()
    assert done.exit_code == 2
    assert done.stderr.endswith(f"can't be written: No space left on device; the answer is kept in {kept}\n")
    assert kept.suffix == suffix
    assert verify(placement.read(tiny), placement.read_plan(kept)).ok
    assert not target.exists()


def test_a_bug_in_the_page_costs_no_plan(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is owned up to, with neither file where it was asked for; the plan is in the temporary folder."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))

    def planted(*_: object) -> str:
        raise ValueError("planted")

    monkeypatch.setattr("placement.report.page.page.render", planted)

    done = run("solve", tiny, "--solver", "greedy", "--output", tmp_path / "plan.json", "--report", tmp_path / "p.html")

    (kept,) = (tmp_path / "temporary").iterdir()
    assert done.exit_code == 70
    assert f"Nothing was written where it was asked for; the answer is kept in {kept}. Please" in done.stderr
    assert "No plan was written" not in done.stderr
    assert "ValueError: planted" in done.stderr
    assert verify(placement.read(tiny), placement.read_plan(kept)).ok
    assert not (tmp_path / "plan.json").exists()


def test_a_bug_in_the_tables_does_not_deny_the_plan(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan was written before them."""

    def planted(*_: object, **__: object) -> str:
        raise ValueError("planted")

    monkeypatch.setattr("placement.cli.solve._report", planted)

    done = run("solve", tiny, "--solver", "greedy", "--output", tmp_path / "plan.json")

    assert done.exit_code == 70
    assert "The answer was written before that. Please report it" in done.stderr
    assert verify(placement.read(tiny), placement.read_plan(tmp_path / "plan.json")).ok


def test_an_answer_that_can_be_kept_nowhere_is_told_as_before(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The temporary folder is full too: the error is that of the file that was asked for."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))

    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)

    done = run("solve", tiny, "--solver", "greedy", "--output", tmp_path / "plan.json")

    assert done.exit_code == 2
    assert done.stderr.endswith("plan.json: can't be written: No space left on device\n")
    assert list((tmp_path / "temporary").iterdir()) == []


# --- Settings


def test_settings_reach_the_solver(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--set`` with and without the solver's name, as the type of the default."""
    seen: list[Any] = []

    @wraps(solve_greedy)
    def solve(context: Any, *, options: Any) -> Outcome:
        seen.append(options)
        context.incumbent.offer(Packing(()), "test")
        return Outcome("greedy", Stop.STUCK, infeasible=False)

    monkeypatch.setattr("placement.heuristics.solve_greedy", solve)
    done = run(
        "solve", written(tiny.parent, components=[{"name": "chat-8b", "copies": 0}]), "--solver", "greedy",
        "--set", "greedy.restarts=3", "--set", "rounds=10",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    (options,) = seen
    assert (options.restarts, options.rounds) == (3, 10)


@pytest.mark.parametrize("text", ["restarts", "=3", "greedy.=3", ".restarts=3"])
def test_settings_of_another_form_are_refused(text: str) -> None:
    """The form is said."""
    with pytest.raises(UsageError, match=r"write SOLVER\.OPTION=VALUE"):
        read_settings("greedy", [text])


def test_a_setting_given_twice_is_refused() -> None:
    """Rather than one of them silently winning."""
    with pytest.raises(UsageError, match="rounds is set twice"):
        read_settings("greedy", ["rounds=1", "greedy.rounds=2"])


# --- Progress


def test_the_live_line_tells_cost_bound_gap_and_finder() -> None:
    """And fits into a narrow terminal."""
    from placement.cli.progress import Watch

    watch = Watch()
    assert "looking for a first plan" in watch.line(100).plain
    watch.hear(Event(0.1, None, 80_000_000, "volume"))
    assert "bound $80.00" in watch.line(100).plain
    watch.hear(Event(0.2, 100_000_000, 80_000_000, "greedy"))
    watch.hear(Event(0.3, 100_000_000, 90_000_000, "cp-sat"))

    line = watch.line(100).plain
    assert re.search(r"^\d+\.\d\d s  cost \$100\.00 by greedy  bound \$90\.00  gap 10\.00%  Ctrl-C", line)
    assert len(watch.line(78).plain) <= 78


def test_the_live_line_tells_copies_left_out_before_the_cost(capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that places more may cost more, and that of the money alone looked like a search that got worse."""
    from placement.cli.progress import Watch, logged

    watch = Watch()
    event = Event(0.2, 100_000_000, 80_000_000, "greedy", {1: 2, 0: 11}, {1: 1, 0: 0})
    watch.hear(event)
    logged(event)

    told = "left out 13, 2 of priority 1 (at least 1)  cost $100.00"
    assert f" s  {told} by greedy" in watch.line(100).plain
    assert f" s  {told}  bound $80.00" in capsys.readouterr().err
    watch.hear(Event(0.3, 110_000_000, 80_000_000, "greedy", {1: 1, 0: 11}, {1: 1, 0: 11}))
    assert "left out 12 (proven)  cost $110.00" in watch.line(100).plain


def test_names_give_the_terminal_no_orders(tmp_path: Path) -> None:
    """A name may hold an escape sequence: it is shown as a picture, in tables as in what went wrong."""
    problem, plan = tmp_path / "sly.json", tmp_path / "plan.json"
    sly = json.dumps(TINY).replace("chat-8b", r"m\u001b[2J")
    problem.write_text(sly, encoding="utf-8")
    tables = run("solve", problem, "--solver", "ffd", "--output", plan, "--full")
    document = json.loads(plan.read_text(encoding="utf-8"))
    plan.write_text(json.dumps(document | {"assignments": []}), encoding="utf-8")
    missed = run("verify", problem, plan)
    problem.write_text(sly.replace('"shared"', r'"sh\u001bred"'), encoding="utf-8")
    faults = run("solve", problem)

    assert (tables.exit_code, missed.exit_code, faults.exit_code) == (0, 1, 2)
    for said in (tables, missed, faults):
        assert "\x1b" not in said.output
    assert "m␛[2J" in tables.output
    assert "m␛[2J" in missed.output
