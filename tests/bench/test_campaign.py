"""A campaign loses nothing and repeats nothing, however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from placement_bench.cli import app
from placement_bench.rows import RUNS, read_rows
from tests.bench.toy import LOG

ROOT = Path(__file__).resolve().parents[2]
RUN = ["run", "--set", "toy", "--case", "good-[1-5]", "--solver", "toy", "--out"]


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "placement_bench", *map(str, words)]


def environment(log: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'benchmarks'}{os.pathsep}{ROOT}", LOG: str(log)}


def waited(what: Path, lines: int, process: subprocess.Popen[bytes]) -> None:
    """Until a file has so many lines; fails if the process ends first."""
    while not what.exists() or what.read_bytes().count(b"\n") < lines:
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no kill -9 there")
def test_a_killed_campaign_goes_on_where_it_was(tmp_path: Path) -> None:
    """Kill -9 in the middle of a run, with a torn line for good measure; then resume."""
    out, log = tmp_path / "out", tmp_path / "log"
    process = subprocess.Popen(command(*RUN, out), cwd=ROOT, env=environment(log), stderr=subprocess.DEVNULL)
    waited(out / RUNS, 3, process)
    process.kill()
    process.wait()
    kept = (out / RUNS).read_bytes()
    begun = Counter(line.split()[0] for line in log.read_text().splitlines())
    with (out / RUNS).open("ab") as file:
        file.write(b'{"asked":{"set":"toy","case":"go')

    done = subprocess.run(command(*RUN, out, "--resume"), cwd=ROOT, env=environment(log), check=False)

    assert done.returncode == 0
    assert (out / RUNS).read_bytes().startswith(kept)
    rows = read_rows(out)
    assert sorted(row.asked.case for row in rows) == [f"good-{n}" for n in range(1, 6)]
    assert all(row.solved for row in rows)
    ended = {json.loads(line)["asked"]["case"] for line in kept.splitlines()}
    again = Counter(line.split()[0] for line in log.read_text().splitlines())
    assert {name for name in again if again[name] > 1} <= set(begun) - ended  # only what the kill broke off


@pytest.mark.skipif(os.name == "nt", reason="no kill -9 there")
def test_a_killed_campaign_leaves_nothing_running(tmp_path: Path) -> None:
    """Its worker, in a run that would never end, is gone soon after."""
    out, log = tmp_path / "out", tmp_path / "log"
    words = ["run", "--set", "toy", "--case", "hangs", "--solver", "toy", "--out", str(out)]
    process = subprocess.Popen(command(*words), cwd=ROOT, env=environment(log), stderr=subprocess.DEVNULL)
    waited(log, 1, process)
    worker = int(log.read_text().split()[1])
    process.kill()
    process.wait()

    while alive(worker):  # the test's own time limit is what fails it
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self/stat").exists()
    return state not in "ZX"


@pytest.mark.skipif(os.name == "nt", reason="another kind of interrupt there")
def test_ctrl_c_ends_a_campaign_and_keeps_what_ended(tmp_path: Path) -> None:
    """Exit code 130, and no row of the run that was under way."""
    out, log = tmp_path / "out", tmp_path / "log"
    words = ["run", "--set", "toy", "--case", "good-1", "--case", "hangs", "--solver", "toy", "--out", str(out)]
    process = subprocess.Popen(
        command(*words, "--jobs", "2"), cwd=ROOT, env=environment(log), stderr=subprocess.PIPE, start_new_session=True
    )
    waited(out / RUNS, 1, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()

    assert process.returncode == 130
    assert b"--resume goes on" in err
    assert [row.asked.case for row in read_rows(out)] == ["good-1"]


def test_a_case_that_dies_is_not_the_end(tmp_path: Path) -> None:
    """The others are run, and the exit code says that something failed."""
    words = ["run", "--set", "toy", "--case", "dies", "--case", "breaks", "--case", "good-1", "--solver", "toy"]
    done = CliRunner().invoke(app, [*words, "--jobs", "2", "--out", str(tmp_path)])

    assert done.exit_code == 1
    found = {row.asked.case: (row.status, bool(row.faults)) for row in read_rows(tmp_path)}
    assert found == {"dies": ("crash", False), "breaks": ("optimal", True), "good-1": ("optimal", False)}
    assert "3/3" in done.stderr
    assert "2 failed or faulty" in done.stderr


def test_a_finished_campaign_has_nothing_to_resume(tmp_path: Path) -> None:
    """The file stays as it is."""
    words = ["run", "--set", "toy", "--case", "good-1", "--solver", "toy", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, words).exit_code == 0
    before = (tmp_path / RUNS).read_bytes()

    assert CliRunner().invoke(app, words).exit_code == 2
    assert CliRunner().invoke(app, [*words, "--resume"]).exit_code == 0
    assert (tmp_path / RUNS).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "--set is needed"),
        (["run", "--set", "toyy"], 'no set "toyy"; did you mean "toy"?'),
        (["run", "--set", "toy", "--solver", "toi"], 'no solver "toi" runs on toy; did you mean "toy"?'),
        (["run", "--set", "toy", "--case", "bad*", "--solver", "toy"], 'no case is called "bad*"'),
        (["run", "--set", "toy", "--solver", "toy", "--data", "/nowhere"], "/nowhere is no folder"),
        (["run", "--set", "toy", "--solver", "toy", "--seed", "one"], "a seed is a whole number"),
        (["run", "--set", "toy", "--solver", "toy", "--option", "x=1"], "SOLVER.NAME=VALUE"),
        (["run", "--set", "toy", "--solver", "toy", "--option", "milp.engine=q"], 'given for "milp", which is not to'),
        (["run", "--set", "toy", "--solver", "toy", "--executor", "ray"], 'no executor "ray"'),
        (["run", "--set", "toy", "--solver", "toy", "--executor", "dask"], "needs --scheduler"),
        (["run", "--set", "toy", "--peer", "gurobi"], 'no peer "gurobi"'),
        (["run", "--set", "toy", "--peer", "scip"], "--peer-python scip=PATH"),
        (["run", "--set", "toy", "--peer", "scip", "--peer-python", "scip=/nowhere"], "is no file"),
        (["run", "--set", "toy", "--solver", "toy", "--jobs", "0"], "jobs"),
        (["list", "toyy"], 'no set "toyy"'),
        (["report", "/nowhere"], "can't be read"),
        (["compare", "/nowhere", "/nowhere"], "can't be read"),
        (["report", "x" * 300], "can't be read or written: File name too long"),
    ],
)
def test_bad_input_is_told_in_words(words: list[str], message: str, tmp_path: Path) -> None:
    """On standard error, with exit code 2 and nothing written."""
    where = ["--out", str(tmp_path / "out")] if words[0] == "run" else []
    done = CliRunner().invoke(app, [*words, *where])

    assert done.exit_code == 2
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a Linux thing")
def test_output_that_takes_no_more_ends_a_command_in_words(tmp_path: Path) -> None:
    """A reader who has seen enough: 141, quietly. A full disk: bad input."""
    words, known = command("list"), environment(tmp_path / LOG)
    read, write = os.pipe()
    os.close(read)
    left = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, cwd=ROOT, env=known, check=False)
    os.close(write)
    assert (left.returncode, left.stderr) == (141, b"")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, env=known, check=False)
    assert done.returncode == 2
    assert done.stderr == b"placement-bench: standard output can't be written: No space left on device\n"


def test_list_has_sets_and_cases() -> None:
    """With the number of cases, and the best values known."""
    assert re.search(r"^toy +15 cases", CliRunner().invoke(app, ["list"]).stdout, re.MULTILINE)
    assert "good-1" in CliRunner().invoke(app, ["list", "toy"]).stdout
    assert "10 optimal" in CliRunner().invoke(app, ["list", "toy"]).stdout
